//! A closure as a parameter: `impl FnMut(&str, i32) -> i32`.
//!
//! The native function takes a function pointer; behind it stands a callback of `pinvoke::upcall` that
//! borrows a wrapper of the closure for the length of the call. The wrapper has the native types,
//! converts the arguments, runs the closure and converts its result. What the bounds say decides the
//! rules: `FnMut` runs on the calling thread, one invocation at a time; `Fn` may be entered again while
//! it runs; `Fn + Sync` runs on every thread.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Error, Ident, ParenthesizedGenericArguments, PathArguments, ReturnType, TraitBound, Type, TypeImplTrait,
    TypeParamBound,
};

use super::declaration::{is_named, with_static_lifetimes};
use super::options::Options;

/// Where native code finds the user data of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserData {
    /// There is none: the callback needs a thunk.
    None,
    First,
    Last,
}

/// Who may run the closure, and how often at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Exclusive,
    Reentrant,
    Anywhere,
}

/// The facts about a closure parameter.
pub(crate) struct Closure {
    /// The bounds without the user data.
    pub(crate) bounds: TypeImplTrait,
    inputs: Vec<Type>,
    output: Type,
    pub(crate) user_data: UserData,
    rule: Rule,
}

impl Closure {
    pub(crate) fn parse(written: &TypeImplTrait) -> Result<Closure, Error> {
        let mut bounds = written.clone();
        let is_sync =
            bounds.bounds.iter().any(|b| matches!(b, TypeParamBound::Trait(t) if t.path.is_ident("Sync")));
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
        let rule = match kind.to_string().as_str() {
            "FnMut" => Rule::Exclusive,
            "Fn" if is_sync => Rule::Anywhere,
            "Fn" => Rule::Reentrant,
            _ => {
                return Err(Error::new(
                    kind.span(),
                    "native code may call a callback any number of times: write `FnMut`",
                ));
            }
        };
        let user_data = user_data(arguments)?;
        let inputs = arguments.inputs.iter().map(|a| a.ty.clone()).collect();
        let output = match &arguments.output {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, ty) => (**ty).clone(),
        };
        Ok(Closure { bounds, inputs, output, user_data, rule })
    }
}

fn function_bound(bound: &mut TraitBound) -> Option<(Ident, &mut ParenthesizedGenericArguments)> {
    let last = bound.path.segments.last_mut()?;
    let name = last.ident.clone();
    match &mut last.arguments {
        PathArguments::Parenthesized(arguments) => Some((name, arguments)),
        _ => None,
    }
}

/// Takes the user data out of the parameters.
fn user_data(arguments: &mut ParenthesizedGenericArguments) -> Result<UserData, Error> {
    let places: Vec<usize> = (0..arguments.inputs.len())
        .filter(|i| arguments.inputs.get(*i).is_some_and(|a| is_named(&a.ty, "UserData")))
        .collect();
    let last = arguments.inputs.len().saturating_sub(1);
    let place = match places[..] {
        [] => return Ok(UserData::None),
        [0] => UserData::First,
        [place] if place == last => UserData::Last,
        _ => {
            return Err(Error::new_spanned(
                &arguments.inputs,
                "`UserData` is the first or the last argument of a callback, once; as `*mut c_void` it is an argument like any other",
            ));
        }
    };
    let kept = arguments.inputs.iter().filter(|a| !is_named(&a.ty, "UserData")).cloned().collect();
    arguments.inputs = kept;
    Ok(place)
}

/// Names of the variables of one closure parameter.
pub(crate) struct Names {
    pub(crate) callback: Ident,
}

impl Names {
    pub(crate) fn of(parameter: &Ident) -> Names {
        Names { callback: format_ident!("__callback_{parameter}") }
    }
}

/// The statements that make `closure`, a variable, a callback.
pub(crate) fn emit(
    closure: &Closure,
    parameter: &Ident,
    function: &Ident,
    options: &Options,
    fail: &TokenStream,
) -> TokenStream {
    let form = options.form();
    let convention = &options.convention;
    let natives: Vec<TokenStream> = closure
        .inputs
        .iter()
        .map(|ty| {
            let ty = with_static_lifetimes(ty);
            quote!(<#ty as ::pinvoke::marshal::FromNative<#form>>::Native)
        })
        .collect();
    let output = &closure.output;
    let native_output = quote!(<#output as ::pinvoke::marshal::IntoNative<#form>>::Native);
    let user = quote!(*mut ::core::ffi::c_void);
    let prototype = match closure.user_data {
        UserData::None => quote!(unsafe extern #convention fn(#(#natives),*) -> #native_output),
        UserData::First => {
            quote!(::pinvoke::upcall::UserDataFirst<unsafe extern #convention fn(#user #(, #natives)*) -> #native_output>)
        }
        UserData::Last => {
            quote!(::pinvoke::upcall::UserDataLast<unsafe extern #convention fn(#(#natives,)* #user) -> #native_output>)
        }
    };
    let names: Vec<Ident> = (0..closure.inputs.len()).map(|i| format_ident!("__argument{i}")).collect();
    let inputs = &closure.inputs;
    let function = function.to_string();
    let value = parameter.to_string();
    let display = format!("{value} of {function}");
    let constructor = match closure.rule {
        Rule::Exclusive => quote!(scoped(&mut __closure)),
        Rule::Reentrant => quote!(scoped_reentrant(&__closure)),
        Rule::Anywhere => quote!(scoped_anywhere(&__closure)),
    };
    let mutable = (closure.rule == Rule::Exclusive).then(|| quote!(mut));
    let callback = Names::of(parameter).callback;
    quote! {
        let #mutable #parameter = #parameter;
        let #mutable __closure = move |#(#names: #natives),*| -> #native_output {
            ::pinvoke::marshal::callback::result::<#output, #form>(
                #parameter(#(
                    // SAFETY: native code calls back as the declaration says.
                    unsafe { ::pinvoke::marshal::callback::argument::<#inputs, #form>(#names, #display) }
                ),*),
                #display,
            )
        };
        const __DECLARATION: ::pinvoke::upcall::Declaration<#prototype> =
            ::pinvoke::upcall::Declaration::new(#display);
        let #callback = match __DECLARATION.#constructor {
            ::core::result::Result::Ok(callback) => callback,
            ::core::result::Result::Err(error) => {
                let error = ::pinvoke::marshal::MarshalError::from(::pinvoke::marshal::Reason::from(error));
                let error = ::pinvoke::Error::from(error.at(#function, #value));
                #fail
            }
        };
    }
}
