//! What `#[repr(...)]` says of a type.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, Ident, LitInt, Meta, Token};

/// What `#[repr(...)]` says.
#[derive(Default)]
pub(crate) struct Repr {
    pub(crate) c: bool,
    pub(crate) transparent: Option<Span>,
    /// `packed` is 1.
    pub(crate) packed: Option<TokenStream>,
    pub(crate) int: Option<Ident>,
}

impl Repr {
    pub(crate) fn of(input: &DeriveInput) -> Result<Repr, Error> {
        let mut repr = Repr::default();
        for attribute in input.attrs.iter().filter(|a| a.path().is_ident("repr")) {
            let entries = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
            for entry in entries {
                repr.add(&entry)?;
            }
        }
        Ok(repr)
    }

    fn add(&mut self, entry: &Meta) -> Result<(), Error> {
        let Some(word) = entry.path().get_ident() else {
            return Err(Error::new(entry.span(), "unknown representation"));
        };
        match word.to_string().as_str() {
            "C" => self.c = true,
            "transparent" => self.transparent = Some(word.span()),
            "packed" => {
                self.packed = Some(match entry {
                    Meta::List(list) => {
                        let cap: LitInt = list.parse_args()?;
                        quote!(#cap)
                    }
                    _ => quote!(1),
                });
            }
            // `align` raises the alignment of the whole type, which `align_of` then tells.
            "align" => {}
            "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "isize" | "usize" => {
                self.int = Some(word.clone());
            }
            _ => return Err(Error::new(word.span(), "this representation has no native form")),
        }
        Ok(())
    }
}
