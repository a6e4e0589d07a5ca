//! `#[callback]`: a type alias of a function pointer becomes a type of callbacks.
//!
//! ```text
//! #[callback] pub type Visit = unsafe extern "C" fn(path: &str, stat: &Stat, flag: i32) -> i32;
//! ```
//!
//! becomes a structure `Visit` of size 0, of which there are only references, to code; its constructors
//! take closures of the Rust types and register wrappers of the native types.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{
    Attribute, Error, Expr, ExprBinary, ExprLit, Generics, ItemType, Lit, LitStr, NamedArg, ReturnType, Type,
    TypeFnPtr,
};

use super::converter::place;
use super::declaration::{Function, Kind, Parameter, is_named};
use super::form;
use super::function;
use super::options::Options;
use super::prototype::{Index, Input, Length, Policy, Prototype, UserData, check_lengths};
use super::result::{Failure, ResultForm};
use super::returns::Returns;
use super::wrapper::argument;

/// Expands the attribute, or says at which tokens it cannot.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> Result<TokenStream, Error> {
    let item: ItemType = syn::parse2(item).map_err(|e| {
        Error::new(
            e.span(),
            "a callback type is declared so: `type Name = unsafe extern \"C\" fn(..) -> ..;`",
        )
    })?;
    CallbackType::parse(options, item)?.emit()
}

/// The facts.
struct CallbackType {
    item: ItemType,
    attributes: Vec<Attribute>,
    function: TypeFnPtr,
    prototype: Prototype,
    policy: Policy,
    options: Options,
}

impl CallbackType {
    fn parse(tokens: TokenStream, item: ItemType) -> Result<CallbackType, Error> {
        let Type::FnPtr(function) = (*item.ty).clone() else {
            return Err(Error::new_spanned(
                &item.ty,
                "a callback type is a function pointer: `unsafe extern \"C\" fn(..) -> ..`",
            ));
        };
        if !item.generics.params.is_empty() {
            return Err(Error::new_spanned(&item.generics, "a callback type has no generic parameters"));
        }
        if let Some(variadic) = &function.variadic {
            return Err(Error::new_spanned(
                variadic,
                "a callback takes a fixed list of arguments: declare those that native code passes",
            ));
        }
        let Some(abi) = &function.abi else {
            return Err(Error::new_spanned(
                function.fn_token,
                "write `unsafe extern \"C\" fn`: native code calls by a convention of its own",
            ));
        };
        let convention = abi.name.clone().unwrap_or_else(|| LitStr::new("C", abi.extern_token.span));
        let options = Options::of_callback(tokens, convention)?;
        let mut policy = Policy::default();
        let mut attributes = Vec::new();
        for attribute in &item.attrs {
            if !policy.read(attribute)? {
                attributes.push(attribute.clone());
            }
        }
        let prototype = prototype(&function, &options)?;
        Ok(CallbackType { item, attributes, function, prototype, policy, options })
    }

    fn emit(&self) -> Result<TokenStream, Error> {
        let CallbackType { item, attributes, prototype, policy, options, .. } = self;
        let (visibility, name) = (&item.vis, &item.ident);
        let text = name.to_string();
        let declaration = policy.declaration(&text, &prototype.output);
        let upcall = prototype.upcall(&options.convention);
        let plain = prototype.function_pointer(&options.convention);
        let natives = prototype.named_natives();
        let registrations = self.registrations();
        let by_itself = self.by_itself();
        let call = if options.callable { Some(self.call()?) } else { None };
        Ok(quote! {
            #natives

            #(#attributes)*
            #[repr(transparent)]
            #[allow(missing_debug_implementations, reason = "there are no values of it, only code")]
            #visibility struct #name {
                _code: [::core::primitive::u8; 0],
            }

            // SAFETY: bytes, of which there are none.
            #[allow(unsafe_code, reason = "expanded from a declaration")]
            unsafe impl ::pinvoke::marshal::callback::CallbackType for #name {
                type Prototype = #upcall;
                const NAME: &'static ::core::primitive::str = #text;
            }

            impl ::pinvoke::upcall::Declared<#plain> for #name {
                const DECLARATION: ::pinvoke::upcall::Declaration<#plain> = #declaration;
            }

            // Now, and not when the first closure is registered.
            const _: () = {
                let _ = <#name as ::pinvoke::upcall::Declared<#plain>>::DECLARATION;
            };

            #[allow(unsafe_code, dead_code, clippy::all, clippy::pedantic, clippy::restriction, reason = "expanded from a declaration")]
            impl #name {
                const __DECLARATION: ::pinvoke::upcall::Declaration<#upcall> = #declaration;

                #registrations
                #by_itself
                #call
            }
        })
    }

    /// `FnMut(..) -> ..` or `Fn(..) -> ..`, as Rust sees it.
    fn bound(&self, kind: &str) -> TokenStream {
        let kind = Ident::new(kind, proc_macro2::Span::call_site());
        let inputs = self.prototype.inputs.iter().map(|i| &i.ty);
        let output = &self.prototype.output;
        quote!(#kind(#(#inputs),*) -> #output)
    }

    fn wrapper(&self, callee: &TokenStream, refuser: &TokenStream) -> TokenStream {
        let name = self.item.ident.to_string();
        self.prototype.wrapper(callee, refuser, &name, !self.policy.sets_last_error)
    }

    fn registrations(&self) -> TokenStream {
        let declaration = quote!(Self::__DECLARATION);
        let (fn_mut, fn_) = (self.bound("FnMut"), self.bound("Fn"));
        let owned = self.wrapper(&quote!(closure), &declaration);
        let borrowed = self.wrapper(&quote!((*closure)), &declaration);
        let queued = self.wrapper(&quote!(closure), &quote!(::pinvoke::marshal::callback::Panicking));
        let posted = self.posted();
        let registered = quote!(::pinvoke::Registered);
        let error = quote!(::pinvoke::upcall::CallbackError);
        let everywhere = quote!(::pinvoke::upcall::Everywhere);
        let result = quote!(::core::result::Result);
        let new = quote!(.map(::pinvoke::Registered::new));
        quote! {
            /// Registers a closure that is borrowed. It runs on this thread, one invocation at a time.
            pub fn scoped<'a, F: #fn_mut>(closure: &'a mut F) -> #result<#registered<'a, Self>, #error> {
                #declaration.owned(#borrowed)#new
            }

            /// Registers a closure that is borrowed and may be entered again while it runs, on this thread.
            pub fn scoped_reentrant<'a, F: #fn_>(closure: &'a F) -> #result<#registered<'a, Self>, #error> {
                #declaration.owned_reentrant(#borrowed)#new
            }

            /// Registers a closure that is borrowed and runs on whichever thread invokes it. Dropping the
            /// registration waits for other threads; its own closure must not do that.
            pub fn scoped_anywhere<'a, F: #fn_ + ::core::marker::Sync>(
                closure: &'a F,
            ) -> #result<#registered<'a, Self, #everywhere>, #error> {
                #declaration.owned_anywhere_for(#borrowed)#new
            }

            /// Registers a closure. It runs on this thread, one invocation at a time.
            pub fn owned<F: #fn_mut + 'static>(mut closure: F) -> #result<#registered<'static, Self>, #error> {
                #declaration.owned(#owned)#new
            }

            /// Registers a closure that may be entered again while it runs, on this thread.
            pub fn owned_reentrant<F: #fn_ + 'static>(
                closure: F,
            ) -> #result<#registered<'static, Self>, #error> {
                #declaration.owned_reentrant(#owned)#new
            }

            /// Registers a closure that runs on whichever thread invokes it.
            pub fn owned_anywhere<F: #fn_ + ::core::marker::Send + ::core::marker::Sync + 'static>(
                closure: F,
            ) -> #result<#registered<'static, Self, #everywhere>, #error> {
                #declaration.owned_anywhere(#owned)#new
            }

            /// Registers a closure for ever. It runs on this thread, one invocation at a time.
            pub fn leak<F: #fn_mut + 'static>(
                mut closure: F,
            ) -> #result<::pinvoke::marshal::callback::LeakedRegistration<Self>, #error> {
                #declaration.leak(#owned).map(::pinvoke::marshal::callback::LeakedRegistration::new)
            }

            /// Registers a closure for ever, for every thread.
            pub fn leak_anywhere<F: #fn_ + ::core::marker::Send + ::core::marker::Sync + 'static>(
                closure: F,
            ) -> #result<::pinvoke::marshal::callback::LeakedRegistration<Self>, #error> {
                #declaration.leak_anywhere(#owned).map(::pinvoke::marshal::callback::LeakedRegistration::new)
            }

            /// Registers a closure that runs on the queue's thread, whichever invokes it; that one waits.
            pub fn queued<F: #fn_mut + 'static>(
                queue: &::pinvoke::upcall::Queue,
                mut closure: F,
            ) -> #result<#registered<'static, Self, #everywhere>, #error> {
                #declaration.queued(queue, #queued)#new
            }

            /// Registers a closure that runs on the queue's thread at some time; whichever thread invokes it
            /// gets the fallback value at once. Arguments have to be owned and `Send`.
            pub fn posted<F: #fn_mut + 'static>(
                queue: &::pinvoke::upcall::Queue,
                closure: F,
            ) -> #result<#registered<'static, Self, #everywhere>, #error> {
                #posted
            }
        }
    }

    fn posted(&self) -> TokenStream {
        let name = self.item.ident.to_string();
        if let Some(input) = self.prototype.inputs.iter().find(|i| borrows(&i.ty)) {
            let message = format!(
                "argument `{}` of `{name}` is borrowed, and a posted callback runs when native code has gone on: declare an owned type, such as `String`",
                input.label
            );
            return quote! {
                const { ::core::assert!(::core::mem::size_of::<F>() == ::core::primitive::usize::MAX, #message) };
                let _ = (queue, closure);
                ::core::unreachable!()
            };
        }
        let natives = self.prototype.natives();
        let parameters = natives.iter().enumerate().map(|(i, ty)| {
            let native = self.prototype.native_parameter(i);
            quote!(#native: #ty)
        });
        let output = self.prototype.native_output();
        let declaration = quote!(Self::__DECLARATION);
        let arguments = self.prototype.arguments(&declaration, &name);
        let names: Vec<Ident> = (0..natives.len()).map(argument).collect();
        let keep = (!self.policy.sets_last_error)
            .then(|| quote!(let __last_error = ::pinvoke::marshal::callback::KeptLastError::now();));
        let checks = self.prototype.inputs.iter().map(|input| {
            let (ty, label) = (&input.ty, &input.label);
            let message = format!(
                "argument `{label}` of `{name}` is not `Send`, and a posted callback runs on another thread"
            );
            quote! {
                const {
                    ::core::assert!(
                        ::pinvoke::marshal::callback::Sends::<#ty>::ANSWER
                            || ::core::mem::size_of::<F>() == ::core::primitive::usize::MAX,
                        #message
                    )
                };
            }
        });
        quote! {
            #[allow(unused_imports, reason = "needed for types that are not `Send`")]
            use ::pinvoke::marshal::callback::MaySend as _;
            #(#checks)*
            let home = ::std::sync::Arc::new(queue.home(closure));
            #declaration.owned_anywhere(move |#(#parameters),*| -> #output {
                #keep
                #arguments
                // SAFETY: checked above.
                #(let #names = unsafe { ::pinvoke::marshal::callback::Sendable::new(#names) };)*
                home.post(move |closure: &mut F| {
                    #(let #names = #names;)*
                    closure(#(#names.unpack()),*);
                });
                #declaration.fallback()
            }).map(::pinvoke::Registered::new)
        }
    }

    /// A closure without captures as a function.
    fn by_itself(&self) -> TokenStream {
        let fn_ = self.bound("Fn");
        let plain = self.prototype.function_pointer(&self.options.convention);
        let declaration = quote!(<Self as ::pinvoke::upcall::Declared<#plain>>::DECLARATION);
        let name = self.item.ident.to_string();
        let parameters: Vec<TokenStream> = self
            .prototype
            .natives()
            .iter()
            .enumerate()
            .map(|(i, ty)| {
                let native = self.prototype.native_parameter(i);
                quote!(#native: #ty)
            })
            .collect();
        let parameters = self.prototype.with_user_data(parameters, &quote!(_: *mut ::core::ffi::c_void));
        let output = self.prototype.native_output();
        let body =
            self.prototype.wrapper_body(&quote!(closure), &declaration, &name, !self.policy.sets_last_error);
        quote! {
            /// A closure that captures nothing, as a function that lives for ever and runs on every thread;
            /// user data is ignored.
            pub fn function<F: #fn_ + ::core::marker::Send + ::core::marker::Sync + 'static>(
                closure: F,
            ) -> ::pinvoke::Function<'static, Self> {
                const {
                    ::core::assert!(
                        ::core::mem::size_of::<F>() == 0,
                        "this closure captures values: register it, with `owned` or one of its sisters"
                    )
                };
                let code = ::pinvoke::upcall::declared_function::<Self, #plain, _>(
                    move |#(#parameters),*| -> #output { #body }
                );
                // SAFETY: a function of this prototype, for ever.
                unsafe { ::pinvoke::Function::from_code(code) }
            }
        }
    }

    /// The method that calls a function of this type.
    fn call(&self) -> Result<TokenStream, Error> {
        let parameters: Vec<Parameter> = self
            .function
            .inputs
            .iter()
            .enumerate()
            .map(|(i, a)| parameter(i, a, &self.options))
            .collect::<Result<_, _>>()?;
        let result = ResultForm::Plain(self.prototype.output.clone());
        let form = &self.prototype.output_form;
        let facts = Function {
            attributes: Vec::new(),
            visibility: syn::parse_quote!(pub),
            is_unsafe: self.function.unsafety.is_some(),
            name: format_ident!("call"),
            generics: Generics::default(),
            parameters,
            result,
            failure: Failure::Never,
            returns: Returns::in_form(syn::parse_quote!(#form)),
            is_async: false,
            options: Options { calls_back: true, ..self.options.clone() },
        };
        function::method(&facts, &self.item.ident)
    }
}

/// An argument of a call.
fn parameter(index: usize, argument: &NamedArg, options: &Options) -> Result<Parameter, Error> {
    let name = match &argument.name {
        Some((name, _)) if name != "_" => name.clone(),
        _ => format_ident!("argument{index}"),
    };
    if is_named(&argument.ty, "UserData") {
        let form = options.form();
        return Ok(Parameter {
            name,
            kind: Kind::value(syn::parse_quote!(*mut ::core::ffi::c_void), form),
            returns: None,
        });
    }
    let argument = Argument::parse(argument, options, &[])?;
    Ok(Parameter { name, kind: Kind::value(argument.ty, argument.form), returns: None })
}

fn prototype(function: &TypeFnPtr, options: &Options) -> Result<Prototype, Error> {
    let user_data = UserData::among(function.inputs.iter().map(|a| &a.ty), &function.inputs)?;
    let arguments: Vec<&NamedArg> = function.inputs.iter().filter(|a| !is_named(&a.ty, "UserData")).collect();
    let names: Vec<Option<&Ident>> =
        arguments.iter().map(|a| a.name.as_ref().map(|(name, _)| name)).collect();
    let mut inputs = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        let Argument { ty, form, length } = Argument::parse(argument, options, &names)?;
        let label = names[index].map_or_else(|| index.to_string(), Ident::to_string);
        inputs.push(Input { ty, form, label, length });
    }
    check_lengths(&inputs, "with `#[len(n)]`")?;
    let (output, form) = match &function.output {
        // Where something is to be said of it, that is said of the arguments.
        ReturnType::Default => (syn::parse_quote_spanned!(place(&function.inputs)=> ()), None),
        ReturnType::Type(_, ty) => form::stated(ty)?,
    };
    if is_named(&output, "Result") {
        return Err(Error::new_spanned(
            output,
            "native code knows no `Result`: return what it takes for a failure",
        ));
    }
    let output_form = form.unwrap_or_else(|| options.form());
    Ok(Prototype { inputs, output, output_form, user_data })
}

/// What is said of an argument.
struct Argument {
    ty: Type,
    form: TokenStream,
    length: Option<Length>,
}

impl Argument {
    fn parse(argument: &NamedArg, options: &Options, names: &[Option<&Ident>]) -> Result<Argument, Error> {
        let (ty, mut form) = form::stated(&argument.ty)?;
        let mut length = None;
        for attribute in &argument.attrs {
            if attribute.path().is_ident("marshal") {
                let marker: Type = attribute.parse_args()?;
                if form.replace(quote!(#marker)).is_some() {
                    return Err(Error::new_spanned(attribute, "the form of this argument is said twice"));
                }
            } else if attribute.path().is_ident("len") {
                // For calls the length goes beside the slice, as the caller gives it.
                let expr: Expr = attribute.parse_args()?;
                length = if names.is_empty() { None } else { Some(parse_length(&expr, names)?) };
            } else {
                return Err(Error::new_spanned(
                    attribute,
                    "unknown attribute of an argument: there are `#[len(..)]` and `#[marshal(..)]`",
                ));
            }
        }
        Ok(Argument { ty, form: form.unwrap_or_else(|| options.form()), length })
    }
}

/// `n`, `4`, `4 + n` or `n + 4`.
fn parse_length(expr: &Expr, names: &[Option<&Ident>]) -> Result<Length, Error> {
    let wrong =
        || Error::new_spanned(expr, "a length is an argument, a constant, or the sum of both: `4 + n`");
    let index = |expr: &Expr| match expr {
        Expr::Path(path) => {
            let name = path.path.get_ident()?;
            let index = names.iter().position(|n| n.is_some_and(|n| n == name))?;
            Some(Index { index, span: expr.span() })
        }
        _ => None,
    };
    let constant = |expr: &Expr| match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(_), .. }) => Some(expr.clone()),
        _ => None,
    };
    if let Expr::Binary(ExprBinary { left, op: syn::BinOp::Add(_), right, .. }) = expr {
        let both = [(left, right), (right, left)];
        let found = both.into_iter().find_map(|(i, c)| Some((index(i)?, constant(c)?)));
        let (argument, more) = found.ok_or_else(wrong)?;
        return Ok(Length { argument: Some(argument), more });
    }
    if let Some(argument) = index(expr) {
        return Ok(Length { argument: Some(argument), more: syn::parse_quote!(0) });
    }
    let more = constant(expr).ok_or_else(wrong)?;
    Ok(Length { argument: None, more })
}

/// Whether a type says that it borrows.
fn borrows(ty: &Type) -> bool {
    struct Borrows(bool);
    impl Visit<'_> for Borrows {
        fn visit_type_reference(&mut self, _: &syn::TypeReference) {
            self.0 = true;
        }
        fn visit_lifetime(&mut self, _: &syn::Lifetime) {
            self.0 = true;
        }
    }
    let mut found = Borrows(false);
    found.visit_type(ty);
    found.0
}
