//! What a block has as a whole: its library, and the static that holds all imports.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use super::Import;
use super::options::Options;

/// The library, and the table if the block names one.
pub(super) fn emit(name: &Ident, options: &Options, imports: &[Import]) -> TokenStream {
    let library = library(name, options);
    let table = table(name, options, imports);
    quote!(#library #table)
}

/// The static that is a library, with a name of its own.
pub(super) fn library(library: &Ident, options: &Options) -> TokenStream {
    let name = &options.library;
    let directories = &options.directories;
    let search = search(&options.places);
    quote! {
        #[doc(hidden)]
        #[allow(non_upper_case_globals, reason = "named after an item of the block")]
        static #library: ::pinvoke::import::ImportLibrary =
            ::pinvoke::import::ImportLibrary::new(#name, &[#(#directories),*]) #search;
    }
}

fn search(places: &[Ident]) -> TokenStream {
    const ALL: [&str; 6] = [
        "assembly_directory",
        "use_dll_directory_for_dependencies",
        "application_directory",
        "user_directories",
        "system32",
        "safe_directories",
    ];
    if places.is_empty() {
        return TokenStream::new();
    }
    let fields = ALL.map(|field| format_ident!("{field}"));
    let named = ALL.map(|field| places.iter().any(|place| place == field));
    quote! {
        .with_search(::pinvoke::library::probe::SearchPath::Only(
            ::pinvoke::library::probe::SearchPlaces { #(#fields: #named),* }
        ))
    }
}

fn table(library: &Ident, options: &Options, imports: &[Import]) -> TokenStream {
    let Some((visibility, name)) = &options.table else { return TokenStream::new() };
    let members: Vec<&Ident> = imports.iter().map(Import::name).collect();
    let statics: Vec<Ident> = imports.iter().map(Import::import).collect();
    let ty = format_ident!("__PinvokeImports_{name}");
    let doc = format!("The imports of `{}`.", options.library.value());
    let unloadable = options.unload;
    quote! {
        #[doc = #doc]
        #[derive(Debug)]
        #[allow(non_camel_case_types, non_snake_case, reason = "members are named after imports")]
        #visibility struct #ty {
            table: ::pinvoke::import::ImportTable,
            #(
                /// One import.
                #visibility #members: &'static ::pinvoke::import::Import,
            )*
        }

        impl ::core::ops::Deref for #ty {
            type Target = ::pinvoke::import::ImportTable;
            fn deref(&self) -> &::pinvoke::import::ImportTable {
                &self.table
            }
        }

        #[doc = #doc]
        #[allow(non_upper_case_globals, reason = "the block names it")]
        #visibility static #name: #ty = #ty {
            table: ::pinvoke::import::ImportTable::new(&#library, &[#(&#statics),*], #unloadable),
            #(#members: &#statics,)*
        };
    }
}
