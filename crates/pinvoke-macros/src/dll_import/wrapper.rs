//! The native side of a closure: a closure of native types around one of Rust types.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::LitStr;

use super::converter::{Converter, place, place_of_variable};
use super::options::function_type;
use super::prototype::{Index, Input, Length, Prototype, UserData};

impl Prototype {
    /// The types of the native arguments, without user data.
    pub(crate) fn natives(&self) -> Vec<TokenStream> {
        self.inputs.iter().map(Input::native).collect()
    }

    /// The variable of a native argument, where its type was written.
    pub(crate) fn native_parameter(&self, i: usize) -> Ident {
        let mut native = native(i);
        native.set_span(place_of_variable(&self.inputs[i].ty));
        native
    }

    /// The type of the native result.
    pub(crate) fn native_output(&self) -> TokenStream {
        let (output, form) = (&self.output, &self.output_form);
        Converter::into_native(output, form).item("Native")
    }

    /// Items that name every native type, each where it was written: what has none is reported there first.
    pub(crate) fn named_natives(&self) -> TokenStream {
        let inputs = self.inputs.iter().map(|input| (place(&input.ty), input.native()));
        let natives = inputs.chain([(place(&self.output), self.native_output())]).map(|(place, native)| {
            quote_spanned! {place=>
                #[allow(clippy::all, clippy::pedantic, clippy::restriction, reason = "expanded from a declaration")]
                const _: ::core::option::Option<#native> = ::core::option::Option::None;
            }
        });
        quote!(#(#natives)*)
    }

    /// The `Prototype` of `pinvoke::upcall`.
    pub(crate) fn upcall(&self, convention: &LitStr) -> TokenStream {
        let plain = self.function_pointer(convention);
        match self.user_data {
            UserData::None => plain,
            UserData::First => quote!(::pinvoke::upcall::UserDataFirst<#plain>),
            UserData::Last => quote!(::pinvoke::upcall::UserDataLast<#plain>),
        }
    }

    /// The function pointer itself, user data included.
    pub(crate) fn function_pointer(&self, convention: &LitStr) -> TokenStream {
        let natives = self.with_user_data(self.natives(), &quote!(*mut ::core::ffi::c_void));
        let output = self.native_output();
        function_type(&callback_convention(convention), &quote!((#(#natives),*) -> #output))
    }

    /// A list with something for the user data at its place.
    pub(crate) fn with_user_data(
        &self,
        mut list: Vec<TokenStream>,
        user_data: &TokenStream,
    ) -> Vec<TokenStream> {
        match self.user_data {
            UserData::None => {}
            UserData::First => list.insert(0, user_data.clone()),
            UserData::Last => list.push(user_data.clone()),
        }
        list
    }

    /// The closure that native code enters: converts the arguments, runs `callee`, converts its result.
    /// What has no conversion, `declaration` (an expression) refuses.
    pub(crate) fn wrapper(
        &self,
        callee: &TokenStream,
        declaration: &TokenStream,
        name: &str,
        keeps_last_error: bool,
    ) -> TokenStream {
        let parameters: Vec<TokenStream> = self
            .natives()
            .iter()
            .enumerate()
            .map(|(i, ty)| {
                let native = self.native_parameter(i);
                quote!(#native: #ty)
            })
            .collect();
        let body = self.wrapper_body(callee, declaration, name, keeps_last_error);
        let output = self.native_output();
        quote!(move |#(#parameters),*| -> #output { #body })
    }

    /// What stands in [`Prototype::wrapper`].
    pub(crate) fn wrapper_body(
        &self,
        callee: &TokenStream,
        declaration: &TokenStream,
        name: &str,
        keeps_last_error: bool,
    ) -> TokenStream {
        let keep = keeps_last_error
            .then(|| quote!(let __last_error = ::pinvoke::marshal::callback::KeptLastError::now();));
        let arguments = self.arguments(declaration, name);
        let values = (0..self.inputs.len()).map(argument);
        let write_back = self.write_back(declaration, name);
        let (output, form) = (&self.output, &self.output_form);
        let answer = Ident::new("__answer", place(output));
        let result = {
            quote_spanned!(place(output)=> ::pinvoke::marshal::callback::result::<#output, #form>(#answer))
        };
        quote! {
            #keep
            #arguments
            let #answer = #callee(#(#values),*);
            #write_back
            match #result {
                ::core::result::Result::Ok(native) => native,
                ::core::result::Result::Err(error) => {
                    return ::pinvoke::marshal::callback::refuse(&#declaration, error, #name, "");
                }
            }
        }
    }

    /// Statements that give native code the elements that the closure has changed.
    fn write_back(&self, declaration: &TokenStream, name: &str) -> TokenStream {
        let counted = self.inputs.iter().enumerate().filter(|(_, i)| i.length.is_some() || i.is_changed());
        let write_back = counted.map(|(i, input)| {
            let (native, storage, label) = (native(i), storage(i), &input.label);
            let (ty, form) = (&input.ty, &input.form);
            let converter = match input.length {
                Some(_) => Converter::from_counted(ty, form),
                None => Converter::changed(ty, form),
            };
            let write_back = converter.call("write_back", &quote!(#native, &mut #storage));
            quote! {
                // SAFETY: native code's elements are there as long as the callback runs, as declared.
                if let ::core::result::Result::Err(error) = unsafe {
                    #write_back
                } {
                    return ::pinvoke::marshal::callback::refuse(&#declaration, error, #name, #label);
                }
            }
        });
        quote!(#(#write_back)*)
    }

    /// Statements that convert each native argument `__native{i}` to `__argument{i}`.
    pub(crate) fn arguments(&self, declaration: &TokenStream, name: &str) -> TokenStream {
        let arguments = self.inputs.iter().enumerate().map(|(i, input)| {
            let (argument, label) = (argument(i), &input.label);
            let storage = storage(i);
            let value = convert(input, i);
            quote! {
                let mut #storage = ::core::default::Default::default();
                let #argument = match #value {
                    ::core::result::Result::Ok(value) => value,
                    ::core::result::Result::Err(error) => {
                        return ::pinvoke::marshal::callback::refuse(&#declaration, error, #name, #label);
                    }
                };
            }
        });
        quote!(#(#arguments)*)
    }
}

/// The convention of a callback's type: that of the declaration where there are thunks of it. Others are the
/// convention of C by another name, and so is what is said about unwinding.
fn callback_convention(convention: &LitStr) -> LitStr {
    let text = convention.value();
    let name = match text.strip_suffix("-unwind").unwrap_or(&text) {
        known @ ("system" | "sysv64" | "win64" | "stdcall" | "fastcall" | "thiscall") => known,
        _ => "C",
    };
    LitStr::new(name, convention.span())
}

pub(crate) fn native(i: usize) -> Ident {
    format_ident!("__native{i}")
}

pub(crate) fn argument(i: usize) -> Ident {
    format_ident!("__argument{i}")
}

fn storage(i: usize) -> Ident {
    format_ident!("__storage{i}")
}

/// A `Result` of the converted argument.
fn convert(input: &Input, i: usize) -> TokenStream {
    let (native, storage, ty, form) = (native(i), storage(i), &input.ty, &input.form);
    match &input.length {
        None => {
            let receive = if input.is_changed() {
                Converter::changed(ty, form)
            } else if input.is_seen() {
                Converter::seen(ty, form)
            } else {
                Converter::received(ty, form)
            };
            let receive = receive.call("receive", &quote!(#native, &mut #storage));
            quote! {
                // SAFETY: native code calls back as the declaration says.
                unsafe { #receive }
            }
        }
        Some(length) => {
            let count = count(length);
            let from_counted = Converter::from_counted(ty, form)
                .call("from_counted", &quote!(#native, count, &mut #storage));
            quote! {
                #count.and_then(|count| {
                    // SAFETY: native code calls back as the declaration says: so many elements are there.
                    unsafe {
                        #from_counted
                    }
                })
            }
        }
    }
}

/// A `Result` of a number of elements.
fn count(length: &Length) -> TokenStream {
    let more = &length.more;
    match length.argument {
        Some(Index { index, span }) => {
            let mut native = native(index);
            native.set_span(span.resolved_at(Span::call_site()));
            quote! {
                // SAFETY: native code calls back as the declaration says.
                unsafe { ::pinvoke::marshal::count(#native, #more) }
            }
        }
        None => {
            quote!(::core::result::Result::<::core::primitive::usize, ::pinvoke::marshal::MarshalError>::Ok(#more))
        }
    }
}
