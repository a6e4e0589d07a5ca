//! What a call goes to, and the check of the stack around it.
//!
//! A function of 32-bit x86 whose declaration has another convention than its own leaves the stack pointer elsewhere. The
//! runtime looks at it and reports the function; on other architectures its macro is the call and nothing else.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::binder::Binder;
use super::declaration::Function;

/// What a call goes to.
pub(super) struct Callee<'a> {
    /// It, for a report.
    described: TokenStream,
    /// What may stand in its place.
    pub(super) binder: Option<&'a Binder<'a>>,
}

impl<'a> Callee<'a> {
    /// A declared function.
    pub(super) fn import(import: &Ident, binder: Option<&'a Binder<'a>>) -> Callee<'a> {
        Callee { described: quote!(::pinvoke::import::balance::Described::Import(&#import)), binder }
    }

    /// A function of a callback type, which native code may have handed out.
    pub(super) fn of_type(name: &Ident) -> Callee<'a> {
        let name = name.to_string();
        Callee { described: quote!(::pinvoke::import::balance::Described::OfType(#name)), binder: None }
    }

    /// A call of it by rustc, and the check.
    pub(super) fn balanced(&self, function: &Function, call: &TokenStream) -> TokenStream {
        let (described, convention) = (&self.described, &function.options.convention);
        quote!(::pinvoke::import::balance::balanced!(#described, #convention, #call))
    }
}
