//! A closure as a parameter: `impl FnMut(&str, i32) -> i32`.
//!
//! The native function takes a function pointer; behind it stands a callback of `pinvoke::upcall` that
//! borrows a wrapper of the closure for the length of the call. The wrapper has the native types,
//! converts the arguments, runs the closure and converts its result. What the bounds say decides the
//! rules: `FnMut` runs on the calling thread, one invocation at a time; `Fn` may be entered again while
//! it runs; `Fn + Sync` runs on every thread. `Fn + Send + Sync` needs no thunk if it captures nothing.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Attribute, Error, Ident, ParenthesizedGenericArguments, PathArguments, ReturnType, TraitBound, Type,
    TypeImplTrait, TypeParamBound,
};

use super::converter::place;
use super::declaration::{Kind, Parameter, is_named};
use super::form;
use super::options::Options;
use super::prototype::{Input, Policy, Prototype, UserData, check_lengths, counted, only_argument};

/// Who may run the closure, and how often at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Exclusive,
    Reentrant,
    /// On every thread; `by_itself` if it may be a function of its own.
    Anywhere {
        by_itself: bool,
    },
}

/// The facts about a closure parameter.
pub(crate) struct Closure {
    /// The type in the Rust signature.
    pub(crate) ty: Type,
    pub(crate) prototype: Prototype,
    is_optional: bool,
    rule: Rule,
    policy: Policy,
}

/// The closure of `impl Fn..(..)` or `Option<impl Fn..(..)>`.
pub(crate) fn closure_type(ty: &Type) -> Option<&TypeImplTrait> {
    match only_argument(ty, "Option").unwrap_or(ty) {
        Type::ImplTrait(bounds) => Some(bounds),
        _ => None,
    }
}

impl Closure {
    pub(crate) fn parse(
        ty: &Type,
        written: &TypeImplTrait,
        attributes: &[Attribute],
        options: &Options,
    ) -> Result<Closure, Error> {
        let mut policy = Policy::default();
        for attribute in attributes {
            if !policy.read(attribute)? {
                return Err(Error::new_spanned(
                    attribute,
                    "unknown attribute of a callback: there are `#[fallback(..)]`, `#[on_panic(..)]`, `#[on_wrong_thread(..)]` and `#[set_last_error]`",
                ));
            }
        }
        let mut bounds = written.clone();
        let has = |name: &str| {
            written.bounds.iter().any(|b| matches!(b, TypeParamBound::Trait(t) if t.path.is_ident(name)))
        };
        let function = bounds.bounds.iter_mut().find_map(|b| match b {
            TypeParamBound::Trait(bound) => function_bound(bound),
            _ => None,
        });
        let Some((kind, arguments)) = function else {
            return Err(Error::new_spanned(
                written,
                "a callback is a closure: write `impl FnMut(..) -> ..` or `impl Fn(..) -> .. + Sync`",
            ));
        };
        let prototype = prototype(arguments, options)?;
        let rule = match kind.to_string().as_str() {
            "FnMut" => Rule::Exclusive,
            "Fn" if has("Sync") => {
                Rule::Anywhere { by_itself: has("Send") && prototype.user_data == UserData::None }
            }
            "Fn" => Rule::Reentrant,
            _ => {
                return Err(Error::new(
                    kind.span(),
                    "native code may call a callback any number of times: write `FnMut`",
                ));
            }
        };
        let is_optional = !matches!(ty, Type::ImplTrait(_));
        let ty = if is_optional {
            syn::parse_quote!(::core::option::Option<#bounds>)
        } else {
            Type::ImplTrait(bounds)
        };
        Ok(Closure { ty, prototype, is_optional, rule, policy })
    }

    pub(crate) fn has_user_data(&self) -> bool {
        self.prototype.user_data != UserData::None
    }

    /// The function pointer, for native code.
    pub(crate) fn native(&self, parameter: &Ident) -> TokenStream {
        let callback = callback_variable(parameter);
        if self.is_optional {
            quote!(#callback.as_ref().map(|callback| callback.function()))
        } else {
            quote!(#callback.function())
        }
    }

    /// The user data that goes with it.
    pub(crate) fn native_user_data(&self, parameter: &Ident) -> TokenStream {
        let callback = callback_variable(parameter);
        if self.is_optional {
            quote!(#callback.as_ref().map_or(::core::ptr::null_mut(), |callback| callback.user_data()))
        } else {
            quote!(#callback.user_data())
        }
    }
}

fn callback_variable(parameter: &Ident) -> Ident {
    format_ident!("__callback_{parameter}")
}

fn function_bound(bound: &mut TraitBound) -> Option<(Ident, &mut ParenthesizedGenericArguments)> {
    let last = bound.path.segments.last_mut()?;
    let name = last.ident.clone();
    match &mut last.arguments {
        PathArguments::Parenthesized(arguments) => Some((name, arguments)),
        _ => None,
    }
}

/// Reads the arguments, and leaves of them what the closure sees.
fn prototype(arguments: &mut ParenthesizedGenericArguments, options: &Options) -> Result<Prototype, Error> {
    let user_data = UserData::among(arguments.inputs.iter().map(|a| &a.ty), &arguments.inputs)?;
    arguments.inputs = arguments.inputs.iter().filter(|a| !is_named(&a.ty, "UserData")).cloned().collect();
    let mut inputs = Vec::new();
    for (index, argument) in arguments.inputs.iter_mut().enumerate() {
        let (ty, form) = form::stated(&argument.ty)?;
        argument.ty = ty;
        let length = counted(&argument.ty)?.map(|(slice, length)| {
            argument.ty = slice;
            length
        });
        let form = form.unwrap_or_else(|| options.form());
        inputs.push(Input { ty: argument.ty.clone(), form, label: index.to_string(), length });
    }
    check_lengths(&inputs, "with `Counted<&[T], I>`, where argument I has the count")?;
    let (output, form) = match &mut arguments.output {
        // Where something is to be said of it, that is said of the arguments.
        ReturnType::Default => (syn::parse_quote_spanned!(place(&arguments.inputs)=> ()), None),
        ReturnType::Type(_, ty) => {
            let (output, form) = form::stated(ty)?;
            **ty = output.clone();
            (output, form)
        }
    };
    let output_form = form.unwrap_or_else(|| options.form());
    Ok(Prototype { inputs, output, output_form, user_data })
}

/// The statements that make a callback of a closure, which is in the variable `parameter`.
pub(crate) fn emit(
    closure: &Closure,
    parameter: &Ident,
    function: &Ident,
    options: &Options,
    fail: &TokenStream,
) -> TokenStream {
    let function = function.to_string();
    let value = parameter.to_string();
    let display = format!("{value} of {function}");
    let declaration = format_ident!("__DECLARATION_{parameter}");
    let wrapped = format_ident!("__closure_{parameter}");
    let callback = callback_variable(parameter);
    let prototype = closure.prototype.upcall(&options.convention);
    let declared = closure.policy.declaration(&display, &closure.prototype.output);
    let declared_type = format_ident!("__Declared_{parameter}");
    let (mutable, borrowed, constructor) = match closure.rule {
        Rule::Exclusive => (Some(quote!(mut)), quote!(&mut), quote!(#declaration.scoped)),
        Rule::Reentrant => (None, quote!(&), quote!(#declaration.scoped_reentrant)),
        Rule::Anywhere { by_itself: false } => (None, quote!(&), quote!(#declaration.scoped_anywhere)),
        Rule::Anywhere { by_itself: true } => {
            (None, quote!(&), quote!(::pinvoke::upcall::for_call::<#declared_type, _, _>))
        }
    };
    let by_itself = closure.rule == (Rule::Anywhere { by_itself: true });
    let first = by_itself.then(|| quote!(&#declaration,));
    let by_itself = by_itself.then(|| {
        quote! {
            #[allow(non_camel_case_types, reason = "named after a parameter")]
            enum #declared_type {}
            impl ::pinvoke::upcall::Declared<#prototype> for #declared_type {
                const DECLARATION: ::pinvoke::upcall::Declaration<#prototype> = #declaration;
            }
        }
    });
    // An import that captures the last error answers for its own only.
    let keeps_last_error = options.set_last_error && !closure.policy.sets_last_error;
    let wrapper =
        closure.prototype.wrapper(&quote!(#parameter), &quote!(#declaration), &display, keeps_last_error);
    let failure = quote! {
        {
            let error = ::pinvoke::marshal::MarshalError::from(::pinvoke::marshal::Reason::from(error));
            let error = ::pinvoke::Error::from(error.at(#function, #value));
            #fail
        }
    };
    let make = if closure.is_optional {
        quote! {
            let #mutable #wrapped = match #parameter {
                ::core::option::Option::Some(#mutable #parameter) => ::core::option::Option::Some(#wrapper),
                ::core::option::Option::None => ::core::option::Option::None,
            };
            let #callback = match #borrowed #wrapped {
                ::core::option::Option::Some(closure) => match #constructor(#first closure) {
                    ::core::result::Result::Ok(callback) => ::core::option::Option::Some(callback),
                    ::core::result::Result::Err(error) => #failure
                },
                ::core::option::Option::None => ::core::option::Option::None,
            };
        }
    } else {
        quote! {
            let #mutable #parameter = #parameter;
            let #mutable #wrapped = #wrapper;
            let #callback = match #constructor(#first #borrowed #wrapped) {
                ::core::result::Result::Ok(callback) => callback,
                ::core::result::Result::Err(error) => #failure
            };
        }
    };
    quote! {
        #[allow(non_upper_case_globals, reason = "named after a parameter")]
        const #declaration: ::pinvoke::upcall::Declaration<#prototype> = #declared;
        #by_itself
        #make
    }
}

/// Stops where a callback could not run its closure. Unless the function failed, the result is taken over
/// and dropped, so that what it owns is freed.
pub(crate) fn refused(take: &TokenStream, has_failed: &TokenStream, fail: &TokenStream) -> TokenStream {
    quote! {
        if let ::core::option::Option::Some(reason) = __refused {
            if !#has_failed {
                // SAFETY: the function returned it, as declared.
                ::core::mem::drop(unsafe { #take });
            }
            let error = ::pinvoke::Error::from(::pinvoke::marshal::callback::refusal(reason));
            #fail
        }
    }
}

/// The callback that a `UserData` parameter belongs to.
pub(crate) fn owner_of_data<'a>(
    parameter: &Ident,
    of: Option<&Ident>,
    all: &'a [Parameter],
) -> Result<(&'a Ident, &'a Closure), Error> {
    let mut owners = all.iter().filter_map(|p| match &p.kind {
        Kind::Closure(closure) if closure.has_user_data() => Some((&p.name, &**closure)),
        _ => None,
    });
    if let Some(of) = of {
        return owners.find(|(name, _)| *name == of).ok_or_else(|| {
            Error::new(of.span(), format!("no parameter `{of}` is a closure that takes `UserData`"))
        });
    }
    match (owners.next(), owners.next()) {
        (Some(owner), None) => Ok(owner),
        (Some(_), Some(_)) => Err(Error::new(
            parameter.span(),
            "several callbacks take `UserData`: say whose this is, with `#[user_data_of(callback)]`",
        )),
        (None, _) => Err(Error::new(
            parameter.span(),
            "`UserData` is for a callback that takes `UserData` as well, before or behind its other arguments",
        )),
    }
}

/// A callback that takes user data needs a parameter through which the function gets it.
pub(crate) fn check_data(all: &[Parameter]) -> Result<(), Error> {
    for parameter in all {
        let Kind::Closure(closure) = &parameter.kind else { continue };
        let is_given = |p: &Parameter| match &p.kind {
            Kind::UserData { of } => of.as_ref().is_none_or(|of| *of == parameter.name),
            _ => false,
        };
        if closure.has_user_data() && !all.iter().any(is_given) {
            return Err(Error::new(
                parameter.name.span(),
                "this callback takes `UserData`: the function needs a parameter `UserData` through which it gets it",
            ));
        }
    }
    Ok(())
}
