//! `#[dll_import]`: from an `extern` block to functions that bind themselves.
//!
//! Three stages, each of its own: *facts* (what the tokens say: [`options`], [`declaration`]),
//! *emission* (one Rust function for each declared one: [`function`], [`callback`]), and nothing
//! between them that looks a type up. Which native form a type has is the business of the traits in
//! `pinvoke::marshal`, so that aliases and foreign types are as good as any.

mod callback;
mod declaration;
mod function;
mod options;
mod result;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, ForeignItem, Ident, ItemForeignMod};

use declaration::Function;
use options::Options;

/// Collects errors, so that all of them are reported at once.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn keep<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|e| self.add(e)).ok()
    }

    fn finish(self) -> Result<(), Error> {
        self.0.map_or(Ok(()), Err)
    }
}

/// Expands the attribute, or says at which tokens it cannot.
pub(crate) fn expand(options: TokenStream, block: TokenStream) -> Result<TokenStream, Error> {
    let block: ItemForeignMod = syn::parse2(block)?;
    let options = Options::of_block(options, &block)?;
    let mut errors = Errors::default();
    let mut functions = Vec::new();
    for item in &block.items {
        match item {
            ForeignItem::Fn(item) => {
                functions.extend(errors.keep(Function::parse(item, &options)));
            }
            other => errors.add(Error::new_spanned(other, "only functions can be imported")),
        }
    }
    let Some(first) = functions.first() else {
        errors.finish()?;
        return Ok(TokenStream::new());
    };
    let library = format_ident!("__PINVOKE_LIBRARY_OF_{}", first.name);
    let emitted: Vec<TokenStream> =
        functions.iter().filter_map(|f| errors.keep(function::emit(f, &library))).collect();
    errors.finish()?;
    let statics = library_static(&library, &options);
    Ok(quote!(#statics #(#emitted)*))
}

fn library_static(name: &Ident, options: &Options) -> TokenStream {
    let library = &options.library;
    let directories = &options.search;
    quote! {
        #[doc(hidden)]
        #[allow(non_upper_case_globals, reason = "named after a function")]
        static #name: ::pinvoke::import::ImportLibrary =
            ::pinvoke::import::ImportLibrary::new(#library, &[#(#directories),*]);
    }
}
