//! The function that stands where an import will be called, until the import is bound.
//!
//! It has the native signature, so that a call is a load and an indirect call whether the import is bound or
//! not: the first one comes here, binds the import, and goes on to the function, as lazy binding does in an
//! executable. What it cannot bind is a panic with the full report, which unwinds to the caller. The panic names the
//! declaration's line and not the caller's: to be told of that would cost every call an instruction.
//!
//! Not every signature has one. An error needs a place that a native result has not; types that are generic
//! have no one signature; and where an argument owns something, the import is bound before anything is
//! converted, so that nothing is given away to a function that is not there. The last is a question of types,
//! so it is asked of the compiler: `is_direct` is the constant with its answer.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::visit::{self, Visit};
use syn::{Attribute, GenericParam, LitStr, Type};

use super::callee::Callee;
use super::converter::{Converter, place, place_of_variable};
use super::declaration::{Function, Kind, with_static_lifetimes};
use super::function::{calls_back, native_result, returned_by_plan};
use super::import_of;
use super::options::Options;
use super::result::ResultForm;
use super::returns;

/// What the binder of one function is made of.
pub(super) struct Binder<'a> {
    function: &'a Function,
    /// The declared convention, in its form that unwinds.
    convention: LitStr,
    parameters: Vec<Passed>,
}

/// A parameter of the native function.
struct Passed {
    native: TokenStream,
    place: Span,
    /// Whether what it owns needs to be dropped, which it must not: an expression for each type.
    owners: Vec<TokenStream>,
}

impl Binder<'_> {
    /// The binder of a function whose signature as it is written has one.
    pub(super) fn of(function: &Function) -> Option<Binder<'_>> {
        let is_generic = function.generics.params.iter().any(|p| !matches!(p, GenericParam::Lifetime(_)));
        let has_error = !matches!(function.result, ResultForm::Plain(_) | ResultForm::WithError(_));
        if is_generic || has_error || calls_back(function) || function.has_counted_result() {
            return None;
        }
        if !can_be_named(function.result.value()) || returns::has_owners(function) {
            return None;
        }
        let convention = unwinding(&function.options.convention)?;
        let parameters = function.parameters.iter().map(|p| passed(&p.kind)).collect::<Option<_>>()?;
        Some(Binder { function, convention, parameters })
    }

    /// The constant that says whether calls go through the binder.
    pub(super) fn is_direct(&self) -> Ident {
        is_direct(&self.function.name)
    }

    /// A statement that calls code of this signature through a pointer, which it declares.
    pub(super) fn pointer(&self) -> TokenStream {
        of_target(&self.function.options, &self.convention, |convention| {
            let blanks = self.parameters.iter().map(|_| quote!(_));
            quote! {
                // SAFETY: code pointers and function pointers are one address.
                let __function = unsafe {
                    ::core::mem::transmute::<::pinvoke::native::CodePtr, unsafe extern #convention fn(#(#blanks),*) -> _>(__code)
                };
            }
        })
    }

    /// A statement that puts the binder into the import.
    pub(super) fn install(&self) -> TokenStream {
        let cfg = cfg(&self.function.attributes);
        let (is_direct, mut binder) = (self.is_direct(), binder(&self.function.name));
        binder.set_span(self.function.name.span());
        let address = quote_spanned!(place(&self.function.name)=> #binder as *const ::core::ffi::c_void);
        quote! {
            #(#cfg)*
            let import = if #is_direct {
                // SAFETY: it has the native signature, as the declaration has it.
                unsafe { import.bound_by(#address) }
            } else {
                import
            };
        }
    }

    /// The constant and the function.
    pub(super) fn items(&self) -> TokenStream {
        let name = &self.function.name;
        let (is_direct, binder, import) = (self.is_direct(), binder(name), import_of(name));
        let cfg = cfg(&self.function.attributes);
        let owners = self.parameters.iter().flat_map(|p| &p.owners);
        let natives: Vec<&TokenStream> = self.parameters.iter().map(|p| &p.native).collect();
        let name_of = |(i, p): (usize, &Passed)| format_ident!("__argument{i}", span = p.place);
        let names: Vec<Ident> = self.parameters.iter().enumerate().map(name_of).collect();
        let returns = static_result(self.function);
        let returned_by_plan = returned_by_plan(self.function, &returns);
        let pointer = self.pointer();
        let call = Callee::import(&import, None).balanced(self.function, &quote!(__function(#(#names),*)));
        // A panic names the line of the declaration: native code and what stands for it know no caller.
        let bind = quote_spanned!(name.span()=> code_or_panic());
        let function = of_target(&self.function.options, &self.convention, |convention| {
            quote! {
                #(#cfg)*
                #[cold]
                #[allow(unsafe_code, non_snake_case, improper_ctypes_definitions, clippy::all, clippy::pedantic, clippy::restriction, reason = "expanded from a declaration")]
                unsafe extern #convention fn #binder(#(#names: #natives),*) -> #returns {
                    let __code = #import.#bind;
                    #pointer
                    // SAFETY: the caller's promise, for the function that the import is bound to now.
                    unsafe { #call }
                }
            }
        });
        quote! {
            #(#cfg)*
            #[allow(non_upper_case_globals, clippy::all, clippy::pedantic, clippy::restriction, reason = "named after the item")]
            const #is_direct: ::core::primitive::bool =
                !#returned_by_plan
                #(&& !<#natives as ::pinvoke::native::NativeType>::PASSED_BY_PLAN)*
                #(&& !#owners)*;
            #function
        }
    }
}

fn is_direct(name: &Ident) -> Ident {
    format_ident!("__PINVOKE_IS_DIRECT_{name}")
}

fn binder(name: &Ident) -> Ident {
    format_ident!("__pinvoke_binder_{name}")
}

/// The native form of a parameter, if it can be named outside of the function.
fn passed(kind: &Kind) -> Option<Passed> {
    match kind {
        Kind::Value { ty, form, is_null_terminated: false } if can_be_named(ty) => {
            let ty = with_static_lifetimes(ty);
            let converter = Converter::into_native(&ty, form);
            Some(Passed {
                native: converter.item("Native"),
                place: place_of_variable(&ty),
                owners: vec![drops(&ty, &quote!(#ty)), drops(&ty, &converter.item("State"))],
            })
        }
        Kind::Count(count) => {
            let ty = &count.ty;
            let native = if count.by_reference { quote!(*mut #ty) } else { quote!(#ty) };
            Some(Passed { native, place: place_of_variable(ty), owners: Vec::new() })
        }
        Kind::Value { .. }
        | Kind::Lent { .. }
        | Kind::Closure(_)
        | Kind::Variadic
        | Kind::UserData { .. } => None,
    }
}

/// Whether a type needs to be dropped, said where it was written.
fn drops(written: &Type, ty: &TokenStream) -> TokenStream {
    quote_spanned!(place(written)=> ::core::mem::needs_drop::<#ty>())
}

fn static_result(function: &Function) -> TokenStream {
    native_result(function, &with_static_lifetimes(function.result.value()))
}

/// Whether the type means the same where no lifetime is in scope, once its own are `'static`.
pub(super) fn can_be_named(ty: &Type) -> bool {
    struct Names(bool);
    impl Visit<'_> for Names {
        fn visit_type_impl_trait(&mut self, _: &syn::TypeImplTrait) {
            self.0 = false;
        }
        fn visit_bound_lifetimes(&mut self, _: &syn::BoundLifetimes) {
            self.0 = false;
        }
        fn visit_type_fn_ptr(&mut self, function: &syn::TypeFnPtr) {
            // An elided lifetime of an argument is one that the pointer binds.
            self.0 &= !mentions_lifetimes(function);
            visit::visit_type_fn_ptr(self, function);
        }
        fn visit_type_never(&mut self, _: &syn::TypeNever) {
            self.0 = false;
        }
    }
    let mut names = Names(true);
    names.visit_type(ty);
    names.0
}

fn mentions_lifetimes(function: &syn::TypeFnPtr) -> bool {
    struct Lifetimes(bool);
    impl Visit<'_> for Lifetimes {
        fn visit_type_reference(&mut self, _: &syn::TypeReference) {
            self.0 = true;
        }
        fn visit_lifetime(&mut self, _: &syn::Lifetime) {
            self.0 = true;
        }
    }
    let mut lifetimes = Lifetimes(false);
    visit::visit_type_fn_ptr(&mut lifetimes, function);
    lifetimes.0
}

/// The form of a convention that a panic may pass, if Rust has one.
fn unwinding(convention: &LitStr) -> Option<LitStr> {
    const PLAIN: [&str; 9] =
        ["C", "cdecl", "stdcall", "fastcall", "thiscall", "system", "sysv64", "win64", "aapcs"];
    let name = convention.value();
    if PLAIN.contains(&name.as_str()) {
        return Some(LitStr::new(&format!("{name}-unwind"), convention.span()));
    }
    name.ends_with("-unwind").then(|| convention.clone())
}

/// Something that names a convention; twice, if the convention is one of 32-bit x86 only.
fn of_target(options: &Options, convention: &LitStr, make: impl Fn(&LitStr) -> TokenStream) -> TokenStream {
    let declared = make(convention);
    if !options.is_x86_convention() {
        return declared;
    }
    let of_c = make(&LitStr::new("C-unwind", convention.span()));
    quote! {
        #[cfg(target_arch = "x86")]
        #declared
        #[cfg(not(target_arch = "x86"))]
        #of_c
    }
}

/// The conditions under which the function is there at all.
pub(super) fn cfg(attributes: &[Attribute]) -> Vec<&Attribute> {
    attributes.iter().filter(|a| a.path().is_ident("cfg")).collect()
}
