//! `#[derive(Marshal)]`: types whose native form is another one.
//!
//! Facts first ([`options`], [`structure`]), then emission: a structure gets a native twin ([`twin`])
//! and conversions member by member ([`structure`]), an enumeration and a set of flags travel as their
//! integer and are checked on the way back ([`crate::number`]), an
//! enumeration with data becomes a tag and a union ([`tagged`]).

mod options;
mod structure;
mod tagged;
mod twin;

use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields};

use crate::number;
use crate::repr::Repr;
use options::Options;

/// Expands the derive, or says at which token it cannot.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    let mut parameters = input.generics.params.iter();
    if let Some(parameter) = parameters.find(|p| !matches!(p, syn::GenericParam::Lifetime(_))) {
        return Err(Error::new(
            parameter.span(),
            "Marshal cannot be derived for a generic type: its native form would not be one type",
        ));
    }
    let options = Options::of(&input.attrs)?;
    match &input.data {
        Data::Struct(data) => match (&options.flags, &data.fields) {
            (Some(flags), fields) => number::flags(input, fields, flags),
            (None, Fields::Named(fields)) => structure::expand(input, fields, &options),
            (None, _) => Err(Error::new(
                input.ident.span(),
                "Marshal needs a structure with named members, or `#[native(flags = ...)]` on a newtype of an integer",
            )),
        },
        Data::Enum(data) if tagged::has_data(data) => tagged::expand(input, data, &options),
        Data::Enum(data) => {
            options.refuse_all("an enumeration")?;
            let int = number::representation(input, &Repr::of(input)?, data)?;
            Ok(number::enumeration(input, &int, data))
        }
        Data::Union(data) => Err(Error::new(
            data.union_token.span,
            "Marshal cannot know which member of a union is meant: derive `NativeType` with `#[repr(C)]`, and read the member that a tag names",
        )),
    }
}
