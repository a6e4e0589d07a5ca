//! The name that compilers on 32-bit Windows give to a function which removes its own arguments: `_Name@N`.
//!
//! How many bytes they have is a matter of the native types, so that a constant adds them up; on other targets nothing
//! is written.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use super::binder::{can_be_named, cfg};
use super::converter::{Converter, place};
use super::declaration::{Function, Kind, Parameter, with_static_lifetimes};
use super::function::has_out_parameter;

/// The member of `EntryPointOptions`, if the name may be decorated.
pub(super) fn of(function: &Function) -> Option<TokenStream> {
    let convention = function.options.convention.value();
    let constructor = match convention.strip_suffix("-unwind").unwrap_or(&convention) {
        "system" | "stdcall" => quote!(stdcall),
        "fastcall" => quote!(fastcall),
        _ => return None,
    };
    let mut sizes = function.parameters.iter().map(|p| size(p, function)).collect::<Option<Vec<_>>>()?;
    if has_out_parameter(function) {
        sizes.push(address());
    }
    let cfg = cfg(&function.attributes);
    Some(quote! {
        decoration: {
            let decoration: ::core::option::Option<::pinvoke::entry_point::Decoration> =
                ::core::option::Option::None;
            #[cfg(all(windows, target_arch = "x86"))]
            #(#cfg)*
            let decoration = ::core::option::Option::Some(
                ::pinvoke::entry_point::Decoration::#constructor(&[#(#sizes),*])
            );
            decoration
        },
    })
}

fn address() -> TokenStream {
    quote!(::core::mem::size_of::<*const ()>())
}

/// The size of an argument, where it can be said outside of the function.
fn size(parameter: &Parameter, function: &Function) -> Option<TokenStream> {
    match &parameter.kind {
        Kind::Closure(_) | Kind::UserData { .. } | Kind::Value { is_null_terminated: true, .. } => {
            Some(address())
        }
        Kind::Count(count) if count.by_reference => Some(address()),
        Kind::Count(count) => {
            let ty = &count.ty;
            Some(quote!(::core::mem::size_of::<#ty>()))
        }
        Kind::Value { ty, form, .. } if is_known(ty, function) => {
            let ty = with_static_lifetimes(ty);
            let native = Converter::into_native(&ty, form).item("Native");
            Some(quote_spanned!(place(&ty)=> ::core::mem::size_of::<#native>()))
        }
        Kind::Lent { ty, form, .. } if is_known(ty, function) => {
            let ty = with_static_lifetimes(ty);
            let native = Converter::lend(&ty, form).item("Native");
            Some(quote_spanned!(place(&ty)=> ::core::mem::size_of::<#native>()))
        }
        // An address, whatever of.
        Kind::Value { ty, .. } | Kind::Lent { ty, .. }
            if matches!(**ty, Type::Ptr(_) | Type::Reference(_) | Type::FnPtr(_)) =>
        {
            Some(address())
        }
        Kind::Value { .. } | Kind::Lent { .. } | Kind::Variadic => None,
    }
}

/// Whether a constant outside of the function knows the type.
fn is_known(ty: &Type, function: &Function) -> bool {
    can_be_named(ty) && !is_generic(ty, function)
}

/// Whether a type names a parameter of the function.
fn is_generic(ty: &Type, function: &Function) -> bool {
    let parameters: Vec<_> = function.generics.type_params().map(|p| &p.ident).collect();
    let constants: Vec<_> = function.generics.const_params().map(|p| &p.ident).collect();
    fn names(tokens: TokenStream, test: &impl Fn(&proc_macro2::Ident) -> bool) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => test(&ident),
            TokenTree::Group(group) => names(group.stream(), test),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
    }
    names(ty.to_token_stream(), &|ident| parameters.contains(&ident) || constants.contains(&ident))
}
