//! Paths into the trait that converts a type, with the type's place in the source.
//!
//! A type that has no conversion is for the compiler to report, at the path that needs it: every token of such a path
//! stands where the type was written, so that the error does too.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

/// `<Type as Trait>`.
pub(super) struct Converter {
    path: TokenStream,
    span: Span,
}

impl Converter {
    /// What makes the type an argument.
    pub(super) fn into_native(ty: &(impl ToTokens + Spanned), form: &TokenStream) -> Converter {
        let span = ty.span();
        Converter { path: quote_spanned!(span=> <#ty as ::pinvoke::marshal::IntoNative<#form>>), span }
    }

    /// What lends the type to native code.
    pub(super) fn lend(ty: &(impl ToTokens + Spanned), form: &TokenStream) -> Converter {
        let span = ty.span();
        Converter { path: quote_spanned!(span=> <#ty as ::pinvoke::marshal::Lend<#form>>), span }
    }

    /// What tells the length of the type.
    pub(super) fn length(ty: &(impl ToTokens + Spanned), form: &TokenStream) -> Converter {
        let span = ty.span();
        Converter { path: quote_spanned!(span=> <#ty as ::pinvoke::marshal::Length<#form>>), span }
    }

    /// What makes the type of a result.
    pub(super) fn from_native(ty: &(impl ToTokens + Spanned), form: &TokenStream) -> Converter {
        let span = ty.span();
        Converter { path: quote_spanned!(span=> <#ty as ::pinvoke::marshal::FromNative<#form>>), span }
    }

    /// What makes the type of an address and a count.
    pub(super) fn from_counted(ty: &(impl ToTokens + Spanned), form: &TokenStream) -> Converter {
        let span = ty.span();
        Converter { path: quote_spanned!(span=> <#ty as ::pinvoke::marshal::FromCounted<'_, #form>>), span }
    }

    /// What makes the type of a callback's argument.
    pub(super) fn received(ty: &(impl ToTokens + Spanned), form: &TokenStream) -> Converter {
        let span = ty.span();
        let path = quote_spanned!(span=> <#ty as ::pinvoke::marshal::callback::Received<'_, #form>>);
        Converter { path, span }
    }

    /// What lets a callback look at its argument.
    pub(super) fn seen(ty: &(impl ToTokens + Spanned), form: &TokenStream) -> Converter {
        let span = ty.span();
        let path = quote_spanned!(span=> <#ty as ::pinvoke::marshal::callback::Seen<'_, #form>>);
        Converter { path, span }
    }

    /// What lets a callback change its argument.
    pub(super) fn changed(ty: &(impl ToTokens + Spanned), form: &TokenStream) -> Converter {
        let span = ty.span();
        let path = quote_spanned!(span=> <#ty as ::pinvoke::marshal::callback::Changed<'_, #form>>);
        Converter { path, span }
    }

    /// What makes the tuple an argument that stands for the dots.
    pub(super) fn variadic(form: &TokenStream) -> Converter {
        let path = quote!(<__Arguments as ::pinvoke::import::variadic::VariadicArguments<#form>>);
        Converter { path, span: Span::call_site() }
    }

    /// `<Type as Trait>::item`.
    pub(super) fn item(&self, item: &str) -> TokenStream {
        let (path, item) = (&self.path, Ident::new(item, self.span));
        quote_spanned!(self.span=> #path::#item)
    }

    /// `<Type as Trait>::function(arguments)`.
    pub(super) fn call(&self, function: &str, arguments: &TokenStream) -> TokenStream {
        let function = self.item(function);
        quote_spanned!(self.span=> #function(#arguments))
    }
}

/// Where something was written. For paths from the root and for items, which mean the same wherever they stand.
pub(super) fn place(written: &impl Spanned) -> Span {
    written.span()
}

/// Where something was written, for a variable of the macro's: it is the same one wherever it stands.
pub(super) fn place_of_variable(written: &impl Spanned) -> Span {
    written.span().resolved_at(Span::call_site())
}
