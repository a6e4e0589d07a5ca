//! Macros of `pinvoke`; use them through that crate.
#![forbid(unsafe_code)]

mod dll_import;
mod handle;
mod marshal;
mod native_type;
mod number;
mod repr;

use proc_macro::TokenStream;

/// Implements `NativeType` for a `#[repr(C)]` structure or union, for a `#[repr(transparent)]` newtype
/// of a native type, or for an enumeration with a primitive representation.
///
/// Members are native types, arrays of them, and other derived types. Size and offsets are those
/// of rustc and are checked at compile time against C's rules.
///
/// Refused, each with an error at the offending token: structures without a representation, generic types,
/// types without members, enumerations whose variants carry data or that have no primitive
/// representation.
#[proc_macro_derive(NativeType)]
pub fn derive_native_type(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    native_type::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a newtype of a raw handle its owner, which closes it when dropped:
/// `#[handle(close = function, invalid = value)]`.
///
/// The documentation of `pinvoke::marshal::handle` has the rules.
#[proc_macro_derive(Handle, attributes(handle))]
pub fn derive_handle(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    handle::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a structure, an enumeration, a tagged union or a set of flags a value of native functions, in a
/// native form of its own.
///
/// The documentation of `pinvoke::marshal::structure` has the attributes and what follows from them.
#[proc_macro_derive(Marshal, attributes(native, marshal, offset))]
pub fn derive_marshal(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    marshal::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Declares native functions that are found, loaded and bound when they are first called.
///
/// The documentation of `pinvoke::import` has the options, the forms of parameters and results, and
/// what is refused.
#[proc_macro_attribute]
pub fn dll_import(options: TokenStream, block: TokenStream) -> TokenStream {
    dll_import::expand(options.into(), block.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Declares a type of callbacks: native functions made of closures, that may outlive a call.
///
/// The documentation of `pinvoke::callback` has the forms and the rules.
#[proc_macro_attribute]
pub fn callback(options: TokenStream, item: TokenStream) -> TokenStream {
    dll_import::callback_type::expand(options.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
