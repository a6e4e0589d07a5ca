//! Enumerations and sets of flags: integers that are checked when they come from native code.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{DataEnum, DeriveInput, Error, Expr, Fields, Ident};

use crate::repr::Repr;

const REPR_INT_WANTED: &str = "a primitive representation is needed, such as `#[repr(i32)]`: C chooses the type of an enumeration by its values";

/// The integer of an enumeration.
pub(crate) fn representation(
    input: &DeriveInput,
    repr: &Repr,
    data: &DataEnum,
) -> Result<TokenStream, Error> {
    if let Some(variant) = data.variants.iter().find(|v| !matches!(v.fields, Fields::Unit)) {
        return Err(Error::new(
            variant.span(),
            "an enumeration has no data in C: derive `Marshal` instead, which makes a tag and a union of it",
        ));
    }
    let Some(int) = &repr.int else {
        return Err(Error::new(input.ident.span(), REPR_INT_WANTED));
    };
    if data.variants.is_empty() {
        return Err(Error::new(input.ident.span(), "at least one variant is needed"));
    }
    Ok(quote!(::core::primitive::#int))
}

/// The conversions of an enumeration without data.
pub(crate) fn enumeration(input: &DeriveInput, int: &TokenStream, data: &DataEnum) -> TokenStream {
    let name = &input.ident;
    let variants: Vec<&Ident> = data.variants.iter().map(|v| &v.ident).collect();
    let from = quote! {
        match native {
            #(native if native == #name::#variants as #int => ::core::result::Result::Ok(#name::#variants),)*
            _ => ::core::result::Result::Err(::pinvoke::marshal::undeclared(native, ::core::stringify!(#name))),
        }
    };
    // Through a reference, for an enumeration need not be `Copy`.
    let to = quote! {
        match value {
            #(#name::#variants => #name::#variants as #int,)*
        }
    };
    converted(name, int, &to, &from)
}

/// The conversions of a newtype of an integer with known bits.
pub(crate) fn flags(input: &DeriveInput, fields: &Fields, known: &Expr) -> Result<TokenStream, Error> {
    let name = &input.ident;
    let mut members = fields.iter();
    let (Some(member), None) = (members.next(), members.next()) else {
        return Err(Error::new(
            name.span(),
            "a set of flags is a newtype of an integer: `struct Access(u32);`",
        ));
    };
    let int = &member.ty;
    let (get, make) = match &member.ident {
        Some(member) => (quote!(value.#member), quote!(#name { #member: native })),
        None => (quote!(value.0), quote!(#name(native))),
    };
    let from = quote! {{
        let unknown = native & !(#known);
        if unknown == 0 {
            ::core::result::Result::Ok(#make)
        } else {
            ::core::result::Result::Err(::pinvoke::marshal::undeclared(
                ::std::format!("{native:#x} (unknown bits {unknown:#x})"),
                ::core::stringify!(#name),
            ))
        }
    }};
    Ok(converted(name, &quote!(#int), &get, &from))
}

/// A type that travels as an integer; `to` makes it of `value`, a reference, `from` the type of `native`.
fn converted(name: &Ident, int: &TokenStream, to: &TokenStream, from: &TokenStream) -> TokenStream {
    let result = quote!(::core::result::Result);
    let error = quote!(::pinvoke::marshal::MarshalError);
    quote! {
        #[automatically_derived]
        impl<__M: ::pinvoke::marshal::CharSet> ::pinvoke::marshal::IntoNative<__M> for #name {
            type Native = #int;
            type State = ();
            #[inline]
            fn state() {}
            #[inline]
            fn into_native(self, (): &mut ()) -> #result<#int, #error> {
                let value = &self;
                #result::Ok(#to)
            }
        }

        #[automatically_derived]
        #[allow(unsafe_code, reason = "expanded from a declaration")]
        impl<__M: ::pinvoke::marshal::CharSet> ::pinvoke::marshal::FromNative<__M> for #name {
            type Native = #int;
            #[inline]
            unsafe fn from_native(native: #int) -> #result<Self, #error> {
                #from
            }
            #[inline]
            fn is_failure(native: &#int) -> ::core::primitive::bool {
                <#int as ::pinvoke::marshal::FromNative<__M>>::is_failure(native)
            }
        }

        // SAFETY: never in place: native code may leave any number.
        #[automatically_derived]
        #[allow(unsafe_code, reason = "expanded from a declaration")]
        unsafe impl<__M: ::pinvoke::marshal::CharSet> ::pinvoke::marshal::Element<__M> for #name {
            type Native = #int;
            type Guard = ();
            const IN_PLACE: ::core::primitive::bool = false;
            #[inline]
            fn to_native(&self) -> #result<(#int, ()), #error> {
                let value = self;
                #result::Ok((#to, ()))
            }
            #[inline]
            unsafe fn from_element(native: &#int) -> #result<Self, #error> {
                let native = *native;
                #from
            }
        }
    }
}
