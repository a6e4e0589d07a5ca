//! `As<T, Form>`: the native form of one argument or of the result of a callback.
//!
//! `impl FnMut(..) -> ..` takes no attributes, and nor does the result of a function pointer, so that the form
//! stands in the type: the closure sees `T`, native code sees what the form makes of it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit::{Visit, visit_type_path};
use syn::{Error, GenericArgument, PathArguments, Type, TypePath};

use super::converter::place;
use super::declaration::is_named;
use super::prototype::only_argument;

const WANTED: &str = "write `As<T, Form>`: the type that the closure sees, and its native form";

/// The type as the closure sees it, and the form that it states.
pub(crate) fn stated(ty: &Type) -> Result<(Type, Option<TokenStream>), Error> {
    let found = match only_argument(ty, "Option").filter(|inner| is_named(inner, "As")) {
        Some(inner) => {
            let (inner, form) = parts(inner)?;
            (syn::parse_quote_spanned!(place(ty)=> ::core::option::Option<#inner>), Some(quote!(#form)))
        }
        None if is_named(ty, "As") => {
            let (inner, form) = parts(ty)?;
            (inner.clone(), Some(quote!(#form)))
        }
        None => (ty.clone(), None),
    };
    match inner(&found.0) {
        Some(nested) => Err(Error::new_spanned(
            nested,
            "`As<T, Form>` stands around a whole argument or result, `Counted` and `Out` included",
        )),
        None => Ok(found),
    }
}

/// `T` and `Form`.
fn parts(ty: &Type) -> Result<(&Type, &Type), Error> {
    if let Type::Path(path) = ty
        && let Some(PathArguments::AngleBracketed(arguments)) =
            path.path.segments.last().map(|s| &s.arguments)
        && let mut arguments = arguments.args.iter()
        && let (Some(GenericArgument::Type(ty)), Some(GenericArgument::Type(form)), None) =
            (arguments.next(), arguments.next(), arguments.next())
    {
        return Ok((ty, form));
    }
    Err(Error::new_spanned(ty, WANTED))
}

/// An `As` within a type.
fn inner(ty: &Type) -> Option<TypePath> {
    struct Inner(Option<TypePath>);
    impl Visit<'_> for Inner {
        fn visit_type_path(&mut self, path: &TypePath) {
            if path.path.segments.last().is_some_and(|s| s.ident == "As") {
                self.0 = Some(path.clone());
            }
            visit_type_path(self, path);
        }
    }
    let mut found = Inner(None);
    found.visit_type(ty);
    found.0
}
