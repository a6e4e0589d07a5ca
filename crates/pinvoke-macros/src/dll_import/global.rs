//! A variable of the library: `static environ: *const *const c_char`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, ForeignItemStatic, StaticMutability, Type, Visibility};

use super::binder::cfg;
use super::options::Options;
use super::{import_of, import_static};

/// The facts about a variable.
pub(super) struct Global {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    pub(super) name: Ident,
    ty: Type,
    is_mut: bool,
    form: TokenStream,
    options: Options,
}

impl Global {
    /// Reads a declaration.
    pub(super) fn parse(item: &ForeignItemStatic, block: &Options) -> Result<Global, Error> {
        let mut options = block.clone();
        let mut attributes = Vec::new();
        let mut form = None;
        for attribute in &item.attrs {
            if attribute.path().is_ident("dll_import") {
                options = block.of_function(attribute.parse_args()?)?;
            } else if attribute.path().is_ident("marshal") {
                let marker: Type = attribute.parse_args()?;
                form = Some(quote!(#marker));
            } else {
                attributes.push(attribute.clone());
            }
        }
        Ok(Global {
            attributes,
            visibility: item.vis.clone(),
            name: item.ident.clone(),
            ty: (*item.ty).clone(),
            is_mut: !matches!(item.mutability, StaticMutability::None),
            form: form.unwrap_or_else(|| options.form()),
            options,
        })
    }
}

/// The import and the static that stands for the variable.
pub(super) fn emit(global: &Global, library: &Ident) -> Result<TokenStream, Error> {
    let Global { attributes, visibility, name, ty, is_mut, form, options } = global;
    let import = import_of(name);
    let import_static = import_static(name, options, library, None, None)?;
    let cfg = cfg(attributes);
    // Said where the variable is declared, and not first where it is used.
    let checked = quote_spanned! {ty.span()=>
        #(#cfg)*
        const _: fn() = ::pinvoke::import::assert_element::<#ty, #form>;
    };
    Ok(quote! {
        #import_static
        #(#attributes)*
        #[allow(non_upper_case_globals, reason = "named as in the library")]
        #visibility static #name: ::pinvoke::import::Global<#ty, #form, #is_mut> =
            ::pinvoke::import::Global::new(&#import);
        #checked
    })
}
