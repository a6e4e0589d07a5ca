//! `#[derive(Handle)]`: a newtype that owns a handle and closes it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Expr, Fields, Meta, Token, Type};

/// What `#[handle(...)]` says.
struct Options {
    close: Expr,
    invalid: Vec<Expr>,
}

impl Options {
    fn of(input: &DeriveInput, raw: &Type) -> Result<Options, Error> {
        let (mut close, mut invalid) = (None, Vec::new());
        for attribute in input.attrs.iter().filter(|a| a.path().is_ident("handle")) {
            for entry in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
                let value = entry.require_name_value()?.value.clone();
                if entry.path().is_ident("close") && close.is_none() {
                    close = Some(value);
                } else if entry.path().is_ident("invalid") && invalid.is_empty() {
                    invalid = match value {
                        Expr::Array(list) => list.elems.into_iter().collect(),
                        one => vec![one],
                    };
                } else {
                    return Err(Error::new(
                        entry.path().span(),
                        "once each, there are `close = function` and `invalid = value`",
                    ));
                }
            }
        }
        let close = close.ok_or_else(|| {
            Error::new(
                input.ident.span(),
                "name the function that closes the handle: `#[handle(close = ...)]`",
            )
        })?;
        if invalid.is_empty() {
            if !matches!(raw, Type::Ptr(_)) {
                return Err(Error::new(
                    raw.span(),
                    "say which value is no handle: `#[handle(close = ..., invalid = -1)]`; of a pointer it is null",
                ));
            }
            invalid.push(syn::parse_quote!(<#raw as ::pinvoke::marshal::Null>::NULL));
        }
        Ok(Options { close, invalid })
    }
}

/// Expands the derive, or says at which token it cannot.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    const WANTED: &str = "Handle needs a newtype of the raw handle: `struct Database(*mut c_void);`";
    let name = &input.ident;
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new(parameter.span(), "Handle cannot be derived for a generic type"));
    }
    let Data::Struct(data) = &input.data else { return Err(Error::new(name.span(), WANTED)) };
    let mut fields = data.fields.iter();
    let (Some(field), None, Fields::Unnamed(_)) = (fields.next(), fields.next(), &data.fields) else {
        return Err(Error::new(name.span(), WANTED));
    };
    let raw = &field.ty;
    let Options { close, invalid } = Options::of(input, raw)?;
    let first = invalid.first();
    let label = name.to_string();
    Ok(quote! {
        // SAFETY: the declared function closes handles of this kind.
        #[automatically_derived]
        #[allow(unsafe_code, unused_unsafe, clippy::all, clippy::pedantic, clippy::restriction, reason = "expanded from a declaration")]
        unsafe impl ::pinvoke::marshal::HandleKind for #name {
            type Raw = #raw;
            const INVALID: #raw = #first;
            const NAME: &'static ::core::primitive::str = #label;
            #[inline]
            fn is_valid(raw: #raw) -> ::core::primitive::bool {
                true #(&& raw != #invalid)*
            }
            unsafe fn close(raw: #raw) {
                // SAFETY: the caller's promise.
                let _ = unsafe { #close(raw) };
            }
        }

        // SAFETY: the field is the handle, and Drop closes it.
        #[automatically_derived]
        #[allow(unsafe_code, reason = "expanded from a declaration")]
        unsafe impl ::pinvoke::marshal::Handle for #name {
            type Kind = #name;
            #[inline]
            unsafe fn from_valid(raw: #raw) -> Self {
                #name(raw)
            }
            #[inline]
            fn as_raw(&self) -> #raw {
                self.0
            }
        }

        #[automatically_derived]
        #[allow(unsafe_code, reason = "expanded from a declaration")]
        impl ::core::ops::Drop for #name {
            fn drop(&mut self) {
                // SAFETY: valid and owned by this, which ends.
                unsafe { <Self as ::pinvoke::marshal::HandleKind>::close(self.0) };
            }
        }

        ::pinvoke::handle_value!([] #name, #name);
    })
}
