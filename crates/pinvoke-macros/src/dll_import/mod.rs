//! `#[dll_import]`: from an `extern` block to functions that bind themselves.
//!
//! Three stages, each of its own: *facts* (what the tokens say: [`options`], [`declaration`]),
//! *emission* (one Rust function for each declared one: [`function`], [`callback`], [`binder`]), and nothing
//! between them that looks a type up. Which native form a type has is the business of the traits in
//! `pinvoke::marshal`, so that aliases and foreign types are as good as any.

mod binder;
mod callback;
pub(crate) mod callback_type;
mod callee;
mod converter;
pub(crate) mod declaration;
mod decoration;
mod form;
mod function;
mod global;
mod length;
mod newcomers;
pub(crate) mod options;
mod prototype;
mod result;
mod returns;
mod table;
mod wrapper;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, ForeignItem, Ident, ItemForeignMod};

use declaration::Function;
use global::Global;
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
    let block: ItemForeignMod = syn::parse2(block).map_err(|error| {
        Error::new(
            error.span(),
            format!("{error}: the attribute stands before a block, `unsafe extern \"C\" {{ .. }}`"),
        )
    })?;
    let options = Options::of_block(options, &block)?;
    let mut errors = Errors::default();
    let mut imports = Vec::new();
    for item in &block.items {
        match item {
            ForeignItem::Fn(item) => {
                imports.extend(
                    errors.keep(Function::parse(item, &options)).map(|f| Import::Function(Box::new(f))),
                );
            }
            ForeignItem::Static(item) => {
                imports
                    .extend(errors.keep(Global::parse(item, &options)).map(|g| Import::Global(Box::new(g))));
            }
            other => errors.add(Error::new_spanned(other, "only functions and variables can be imported")),
        }
    }
    let names: Vec<&Ident> = imports.iter().map(Import::name).collect();
    for import in &imports {
        if let Import::Function(function) = import {
            errors.keep(returns::check_owners(function, &names));
        }
    }
    let Some(first) = imports.first() else {
        errors.finish()?;
        return Ok(TokenStream::new());
    };
    let library = format_ident!("__PINVOKE_LIBRARY_OF_{}", first.name());
    let emitted: Vec<TokenStream> = imports.iter().filter_map(|i| errors.keep(i.emit(&library))).collect();
    errors.finish()?;
    let statics = table::emit(&library, &options, &imports);
    Ok(quote!(#statics #(#emitted)*))
}

/// One item of the block.
enum Import {
    Function(Box<Function>),
    Global(Box<Global>),
}

impl Import {
    fn name(&self) -> &Ident {
        match self {
            Import::Function(function) => &function.name,
            Import::Global(global) => &global.name,
        }
    }

    /// The static `Import` behind it.
    fn import(&self) -> Ident {
        import_of(self.name())
    }

    fn emit(&self, library: &Ident) -> Result<TokenStream, Error> {
        match self {
            Import::Function(function) => function::emit(function, library),
            Import::Global(global) => global::emit(global, library),
        }
    }
}

/// The name of the static `Import` behind an item.
fn import_of(name: &Ident) -> Ident {
    format_ident!("__PINVOKE_IMPORT_{}", name)
}

/// The static `Import` behind an item. Compilers may decorate its name; `refine` are statements about the variable
/// `import`.
fn import_static(
    name: &Ident,
    options: &Options,
    library: &Ident,
    decoration: Option<TokenStream>,
    refine: Option<TokenStream>,
) -> Result<TokenStream, Error> {
    let import = import_of(name);
    let entry_point = match &options.entry_point {
        Some(entry_point) => (entry_point.value(), entry_point.span()),
        None => (name.to_string().trim_start_matches("r#").to_owned(), name.span()),
    };
    let c_name = std::ffi::CString::new(entry_point.0)
        .map_err(|_| Error::new(entry_point.1, "the name of an entry point has no NUL character"))?;
    if c_name.is_empty() {
        return Err(Error::new(entry_point.1, "an entry point needs a name"));
    }
    let c_name = proc_macro2::Literal::c_string(&c_name);
    // Of the item's own, if it says so.
    let own_name = options.has_own_library.then(|| format_ident!("__PINVOKE_OWN_LIBRARY_OF_{}", name));
    let own_library = own_name.as_ref().map(|library| table::library(library, options));
    let library = own_name.as_ref().unwrap_or(library);
    let spelling = options.char_set.spelling();
    let exact = options.exact_spelling;
    let decoration = decoration.unwrap_or_else(|| quote!(decoration: ::core::option::Option::None,));
    Ok(quote! {
        #own_library
        #[doc(hidden)]
        #[allow(non_upper_case_globals, reason = "named after the item")]
        static #import: ::pinvoke::import::Import = {
            let import = ::pinvoke::import::Import::new(&#library, #c_name).with_options(
                ::pinvoke::entry_point::EntryPointOptions {
                    char_set: #spelling,
                    exact_spelling: #exact,
                    #decoration
                },
            );
            #refine
            import
        };
    })
}
