//! One declared function as a Rust function: bind, marshal, invoke, unmarshal.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Error;

use super::callback;
use super::declaration::{Function, Kind, Parameter, unsafety};
use super::options::Options;
use super::result::ResultForm;

/// The import and the function.
pub(crate) fn emit(function: &Function, library: &Ident) -> Result<TokenStream, Error> {
    let import = format_ident!("__PINVOKE_IMPORT_{}", function.name);
    let import_static = import_static(&import, function, library)?;
    let signature = signature(function);
    let attributes = &function.attributes;
    let body = body(function, &import)?;
    Ok(quote! {
        #import_static
        #(#attributes)*
        #[inline]
        #[allow(unsafe_code, clippy::all, clippy::pedantic, clippy::restriction, reason = "expanded from a declaration")]
        #signature {
            #body
        }
    })
}

fn import_static(import: &Ident, function: &Function, library: &Ident) -> Result<TokenStream, Error> {
    let options = &function.options;
    let entry_point = match &options.entry_point {
        Some(name) => (name.value(), name.span()),
        None => (function.name.to_string().trim_start_matches("r#").to_owned(), function.name.span()),
    };
    let c_name = std::ffi::CString::new(entry_point.0)
        .map_err(|_| Error::new(entry_point.1, "the name of an entry point has no NUL character"))?;
    if c_name.is_empty() {
        return Err(Error::new(entry_point.1, "an entry point needs a name"));
    }
    let c_name = proc_macro2::Literal::c_string(&c_name);
    let spelling = options.char_set.spelling();
    let exact = options.exact_spelling;
    Ok(quote! {
        #[doc(hidden)]
        #[allow(non_upper_case_globals, reason = "named after a function")]
        static #import: ::pinvoke::import::Import = ::pinvoke::import::Import::new(&#library, #c_name)
            .with_options(::pinvoke::entry_point::EntryPointOptions {
                char_set: #spelling,
                exact_spelling: #exact,
                stdcall_bytes: ::core::option::Option::None,
            });
    })
}

fn signature(function: &Function) -> TokenStream {
    let Function { visibility, name, generics, is_unsafe, .. } = function;
    let unsafety = unsafety(*is_unsafe);
    let parameters = function.parameters.iter().filter_map(|p| {
        let name = &p.name;
        match &p.kind {
            Kind::Value { ty, .. } => Some(quote!(#name: #ty)),
            Kind::Closure(closure) => {
                let bounds = &closure.bounds;
                Some(quote!(#name: #bounds))
            }
            Kind::UserData => None,
        }
    });
    let result = match &function.result {
        ResultForm::Plain(value) => quote!(#value),
        ResultForm::Checked { whole, .. } => quote!(#whole),
        ResultForm::WithError(value) => quote!((#value, ::pinvoke::LastError)),
    };
    let where_clause = &generics.where_clause;
    quote!(#visibility #unsafety fn #name #generics(#(#parameters),*) -> #result #where_clause)
}

/// The variables of one parameter.
struct Stage {
    state: Ident,
    native: TokenStream,
}

fn stage(parameter: &Parameter, owner_of_data: Option<&Ident>) -> Result<Stage, Error> {
    let name = &parameter.name;
    let state = format_ident!("__state_{name}");
    let native = match &parameter.kind {
        Kind::Value { .. } => {
            let native = format_ident!("__native_{name}");
            quote!(#native)
        }
        Kind::Closure(_) => {
            let callback = callback::Names::of(name).callback;
            quote!(#callback.function())
        }
        Kind::UserData => match owner_of_data {
            Some(owner) => {
                let callback = callback::Names::of(owner).callback;
                quote!(#callback.user_data())
            }
            None => {
                return Err(Error::new(
                    name.span(),
                    "`UserData` is for a callback that takes `UserData` as well, before or behind its other arguments",
                ));
            }
        },
    };
    Ok(Stage { state, native })
}

fn body(function: &Function, import: &Ident) -> Result<TokenStream, Error> {
    let Function { name, options, parameters, .. } = function;
    let fail = match &function.result {
        ResultForm::Checked { .. } => {
            quote!(return ::core::result::Result::Err(::core::convert::From::from(error)))
        }
        ResultForm::Plain(_) | ResultForm::WithError(_) => quote!(#import.fail(&error)),
    };
    let owner = parameters.iter().find_map(|p| match &p.kind {
        Kind::Closure(c) if c.user_data != callback::UserData::None => Some(&p.name),
        _ => None,
    });
    let stages: Vec<Stage> = parameters.iter().map(|p| stage(p, owner)).collect::<Result<_, _>>()?;
    let marshal = parameters.iter().zip(&stages).map(|(p, s)| marshal(p, s, name, options, &fail));
    let hand_over = parameters.iter().zip(&stages).filter_map(|(p, s)| hand_over(p, s));
    let copy_back = parameters.iter().zip(&stages).filter_map(|(p, s)| copy_back(p, s, name));
    let invoke = invoke(function, &stages);
    let unmarshal = unmarshal(function, &fail);
    Ok(quote! {
        let __code = match #import.code() {
            ::core::result::Result::Ok(code) => code,
            ::core::result::Result::Err(error) => {
                let error = ::pinvoke::Error::from(error);
                #fail
            }
        };
        #(#marshal)*
        #(#hand_over)*
        #invoke
        let mut __changed: ::core::option::Option<::pinvoke::marshal::MarshalError> = ::core::option::Option::None;
        #(#copy_back)*
        #unmarshal
    })
}

fn marshal(
    parameter: &Parameter,
    stage: &Stage,
    function: &Ident,
    options: &Options,
    fail: &TokenStream,
) -> TokenStream {
    let name = &parameter.name;
    match &parameter.kind {
        Kind::Value { ty, form } => {
            let Stage { state, native } = stage;
            let (function, value) = (function.to_string(), name.to_string());
            quote! {
                let mut #state = <#ty as ::pinvoke::marshal::IntoNative<#form>>::state();
                let #native = match <#ty as ::pinvoke::marshal::IntoNative<#form>>::into_native(#name, &mut #state) {
                    ::core::result::Result::Ok(native) => native,
                    ::core::result::Result::Err(error) => {
                        let error = ::pinvoke::Error::from(error.at(#function, #value));
                        #fail
                    }
                };
            }
        }
        Kind::Closure(closure) => callback::emit(closure, name, function, options, fail),
        Kind::UserData => TokenStream::new(),
    }
}

fn hand_over(parameter: &Parameter, stage: &Stage) -> Option<TokenStream> {
    let Kind::Value { ty, form } = &parameter.kind else { return None };
    let state = &stage.state;
    Some(quote!(<#ty as ::pinvoke::marshal::IntoNative<#form>>::hand_over(&mut #state);))
}

fn copy_back(parameter: &Parameter, stage: &Stage, function: &Ident) -> Option<TokenStream> {
    let Kind::Value { ty, form } = &parameter.kind else { return None };
    let state = &stage.state;
    let (function, value) = (function.to_string(), parameter.name.to_string());
    Some(quote! {
        if let ::core::result::Result::Err(error) =
            <#ty as ::pinvoke::marshal::IntoNative<#form>>::copy_back(&mut #state)
        {
            __changed.get_or_insert(error.at(#function, #value));
        }
    })
}

fn invoke(function: &Function, stages: &[Stage]) -> TokenStream {
    let convention = &function.options.convention;
    let blanks = stages.iter().map(|_| quote!(_));
    let natives = stages.iter().map(|s| &s.native);
    let value = function.result.value();
    let form = function.options.char_set.form();
    let call = quote! {
        // SAFETY: the declaration says that this function stands there, and the caller that it may be
        // called with these values.
        unsafe { __function(#(#natives),*) }
    };
    let captured = if function.options.set_last_error {
        quote!(::pinvoke::call::capture(|| #call))
    } else {
        quote!((#call, ::pinvoke::LastError::NONE))
    };
    let calls_back = function.parameters.iter().any(|p| matches!(p.kind, Kind::Closure(_)));
    let invoked = if calls_back { quote!(::pinvoke::upcall::resume_after(|| #captured)) } else { captured };
    quote! {
        // SAFETY: code pointers and function pointers are one address.
        let __function = unsafe {
            ::core::mem::transmute::<::pinvoke::native::CodePtr, unsafe extern #convention fn(#(#blanks),*) -> _>(__code)
        };
        let (__returned, __last): (<#value as ::pinvoke::marshal::FromNative<#form>>::Native, _) = #invoked;
    }
}

fn unmarshal(function: &Function, fail: &TokenStream) -> TokenStream {
    let value = function.result.value();
    let form = function.options.char_set.form();
    let name = function.name.to_string();
    let from = quote!(<#value as ::pinvoke::marshal::FromNative<#form>>);
    // The result becomes an owner first: if anything else fails, it is dropped and not lost.
    let convert = quote! {
        // SAFETY: the function returned it, as declared.
        let __value = unsafe { #from::from_native(__returned) };
        let __value = match (__value, __changed) {
            (::core::result::Result::Ok(value), ::core::option::Option::None) => value,
            (::core::result::Result::Err(error), _) => {
                let error = ::pinvoke::Error::from(error.at(#name, ""));
                #fail
            }
            (_, ::core::option::Option::Some(error)) => {
                let error = ::pinvoke::Error::from(error);
                #fail
            }
        };
    };
    match &function.result {
        ResultForm::Plain(_) => quote! { let _ = __last; #convert __value },
        ResultForm::WithError(_) => quote! { #convert (__value, __last) },
        ResultForm::Checked { .. } if function.options.set_last_error => quote! {
            if #from::is_failure(&__returned) {
                return ::core::result::Result::Err(::core::convert::From::from(::pinvoke::Error::Last(__last)));
            }
            #convert
            ::core::result::Result::Ok(__value)
        },
        ResultForm::Checked { .. } => quote! {
            let _ = __last;
            #convert
            ::core::result::Result::Ok(__value)
        },
    }
}
