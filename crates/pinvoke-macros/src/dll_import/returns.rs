//! `#[returns(...)]`: whose is what native code hands over, and how much of it is there.
//!
//! Before a function it is about the result, before a parameter about what native code puts there. A type
//! cannot tell who frees a text, so types that hold a copy have to say it; that is checked here by the
//! names of the types, and is a help only: what a type can do is the business of its traits.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, GenericArgument, PathArguments, Token, Type, parenthesized};

use super::declaration::{Function, Kind, is_named};
use super::import_of;
use super::length::{self, Length};
use super::options::function_type;

/// Who frees what native code hands over.
#[derive(Clone)]
pub(crate) enum Owner {
    /// Native code, at some time.
    Borrowed(Span),
    /// An owner that the runtime knows.
    Known(Span, TokenStream),
    /// `SysFreeString`.
    Bstr(Span),
    /// Functions of the block.
    Named { free: Ident, allocate: Option<Ident> },
}

impl Owner {
    pub(crate) fn span(&self) -> Span {
        match self {
            Owner::Borrowed(span) | Owner::Known(span, _) | Owner::Bstr(span) => *span,
            Owner::Named { free, .. } => free.span(),
        }
    }
}

/// What stands in the attribute.
#[derive(Clone, Default)]
pub(crate) struct Returns {
    pub(crate) owner: Option<Owner>,
    form: Option<Box<Type>>,
    pub(crate) len: Option<Length>,
    /// The result is the length of this buffer.
    pub(crate) len_of: Option<LenOf>,
}

/// `len_of(buffer)`, `len_of(buffer, bytes)`.
#[derive(Clone)]
pub(crate) struct LenOf {
    pub(crate) name: Ident,
    pub(crate) in_bytes: bool,
}

enum Entry {
    Owner(Owner),
    AllocateWith(Ident),
    Len(Length),
    LenOf(LenOf),
    Form(Box<Type>),
}

const ENTRIES: &str = "there are `borrowed`, `free`, `co_task_mem_free`, `sys_free_string`, `free_with = f`, `alloc_with = f`, `len = n`, `len_of(buffer)` and types of forms";

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Entry, Error> {
        let fork = input.fork();
        let Ok(word) = fork.call(Ident::parse_any) else { return Ok(Entry::Form(input.parse()?)) };
        let is_type =
            fork.peek(Token![::]) || fork.peek(Token![<]) || word.to_string().starts_with(char::is_uppercase);
        if is_type {
            return Ok(Entry::Form(input.parse()?));
        }
        input.call(Ident::parse_any)?;
        let span = word.span();
        Ok(match word.to_string().as_str() {
            "borrowed" => Entry::Owner(Owner::Borrowed(span)),
            "free" => Entry::Owner(Owner::Known(span, quote!(::pinvoke::marshal::Free))),
            "co_task_mem_free" => Entry::Owner(Owner::Known(span, quote!(::pinvoke::marshal::CoTaskMem))),
            "sys_free_string" => Entry::Owner(Owner::Bstr(span)),
            "free_with" => {
                input.parse::<Token![=]>()?;
                Entry::Owner(Owner::Named { free: input.parse()?, allocate: None })
            }
            "alloc_with" => {
                input.parse::<Token![=]>()?;
                Entry::AllocateWith(input.parse()?)
            }
            "len" => {
                input.parse::<Token![=]>()?;
                Entry::Len(input.parse()?)
            }
            "len_of" => {
                let content;
                parenthesized!(content in input);
                Entry::LenOf(LenOf { name: content.parse()?, in_bytes: length::in_bytes(&content)? })
            }
            _ => return Err(Error::new(span, format!("unknown word: {ENTRIES}"))),
        })
    }
}

impl Parse for Returns {
    fn parse(input: ParseStream<'_>) -> Result<Returns, Error> {
        if input.is_empty() {
            return Err(Error::new(Span::call_site(), format!("say what: {ENTRIES}")));
        }
        let mut returns = Returns::default();
        let mut allocate = None;
        for entry in Punctuated::<Entry, Token![,]>::parse_terminated(input)? {
            match entry {
                Entry::Owner(owner) => match &returns.owner {
                    None => returns.owner = Some(owner),
                    Some(_) => {
                        return Err(Error::new(owner.span(), "there is one owner: this is the second"));
                    }
                },
                Entry::AllocateWith(name) => allocate = Some(name),
                Entry::Len(len) => returns.len = Some(len),
                Entry::LenOf(of) => returns.len_of = Some(of),
                Entry::Form(ty) => returns.form = Some(ty),
            }
        }
        match (&mut returns.owner, allocate) {
            (_, None) => {}
            (Some(Owner::Named { allocate, .. }), Some(name)) => *allocate = Some(name),
            (_, Some(name)) => {
                return Err(Error::new(name.span(), "`alloc_with` goes with `free_with = f`"));
            }
        }
        Ok(returns)
    }
}

impl Returns {
    /// A result in this form.
    pub(crate) fn in_form(form: Type) -> Returns {
        Returns { form: Some(Box::new(form)), ..Returns::default() }
    }

    /// The type that stands for the form.
    pub(crate) fn form(&self, of_the_declaration: &TokenStream) -> TokenStream {
        let form = match &self.form {
            Some(form) => quote!(#form),
            None => of_the_declaration.clone(),
        };
        match &self.owner {
            None | Some(Owner::Borrowed(_)) => form,
            Some(Owner::Known(_, owner)) => quote!(::pinvoke::marshal::Owned<#form, #owner>),
            Some(Owner::Bstr(_)) => {
                let form = if self.form.is_some() { form } else { quote!(::pinvoke::marshal::BStr) };
                quote!(::pinvoke::marshal::Owned<#form, ::pinvoke::marshal::SysString>)
            }
            Some(Owner::Named { free, .. }) => {
                let owner = owner_of(free);
                quote!(::pinvoke::marshal::Owned<#form, #owner>)
            }
        }
    }

    /// Of an array that native code replaces: an owner in any case.
    pub(crate) fn replaced_form(&self, of_the_declaration: &TokenStream) -> TokenStream {
        match &self.owner {
            None | Some(Owner::Borrowed(_)) => {
                let form = self.form(of_the_declaration);
                quote!(::pinvoke::marshal::Owned<#form, ::pinvoke::marshal::Nobody>)
            }
            Some(_) => self.form(of_the_declaration),
        }
    }

    pub(crate) fn states_owner(&self) -> bool {
        self.owner.is_some() || self.form.is_some()
    }
}

/// The type of an owner that is a function of the block.
fn owner_of(free: &Ident) -> Ident {
    format_ident!("__PinvokeOwner_{free}")
}

/// The owners that a function names.
fn named(function: &Function) -> Vec<(&Ident, Option<&Ident>)> {
    let of_parameters = function.parameters.iter().filter_map(|p| p.returns.as_ref());
    let mut owners: Vec<(&Ident, Option<&Ident>)> = Vec::new();
    for returns in of_parameters.chain([&function.returns]) {
        if let Some(Owner::Named { free, allocate }) = &returns.owner {
            match owners.iter_mut().find(|(f, _)| *f == free) {
                Some((_, known)) => *known = known.or(allocate.as_ref()),
                None => owners.push((free, allocate.as_ref())),
            }
        }
    }
    owners
}

/// Whether forms of the function mention owners that have their names inside of it.
pub(super) fn has_owners(function: &Function) -> bool {
    !named(function).is_empty()
}

/// Refuses owners that are no function of the block.
pub(crate) fn check_owners(function: &Function, names: &[&Ident]) -> Result<(), Error> {
    for (free, allocate) in named(function) {
        for name in [Some(free), allocate].into_iter().flatten() {
            if !names.contains(&name) {
                return Err(Error::new(
                    name.span(),
                    format!(
                        "there is no function `{name}` in this block: declare it here, so that it comes from the same library"
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// The owners that are functions of the block, as types; they are bound before the call is made.
pub(crate) fn owners(function: &Function, fail: &TokenStream) -> TokenStream {
    let of = |rest: &TokenStream| function_type(&function.options.convention, rest);
    let free_type = of(&quote!((*mut ::core::ffi::c_void)));
    let allocate_type = of(&quote!((::core::primitive::usize) -> *mut ::core::ffi::c_void));
    let owners = named(function).into_iter().map(|(free, allocate)| {
        let (owner, import, name) = (owner_of(free), import_of(free), free.to_string());
        let bound = [Some(free), allocate].into_iter().flatten().map(import_of);
        let allocate = allocate.map(|allocate| {
            let import = import_of(allocate);
            quote! {
                fn allocate(bytes: ::core::primitive::usize) -> *mut ::core::ffi::c_void {
                    let code = #import.code_or_panic();
                    // SAFETY: the declaration says that this function allocates memory.
                    let allocate = unsafe {
                        ::core::mem::transmute::<::pinvoke::native::CodePtr, #allocate_type>(code)
                    };
                    // SAFETY: as above.
                    unsafe { allocate(bytes) }
                }
            }
        });
        quote! {
            #[allow(non_camel_case_types, reason = "named after a function")]
            enum #owner {}
            // SAFETY: the declaration says that this function frees what the other one returns.
            unsafe impl ::pinvoke::marshal::Owner for #owner {
                const NAME: &'static ::core::primitive::str = #name;
                unsafe fn free(memory: *mut ::core::ffi::c_void) {
                    let code = #import.code_or_panic();
                    // SAFETY: as above.
                    let free = unsafe {
                        ::core::mem::transmute::<::pinvoke::native::CodePtr, #free_type>(code)
                    };
                    // SAFETY: the caller's promise.
                    unsafe { free(memory) }
                }
                #allocate
            }
            // What cannot be freed is not asked for.
            #(if let ::core::result::Result::Err(error) = #bound.code_in_call() {
                let error = ::pinvoke::Error::from(error);
                #fail
            })*
        }
    });
    quote!(#(#owners)*)
}

/// `T` of `Option<T>`, or the type itself.
fn without_option(ty: &Type) -> &Type {
    inside(ty, "Option").unwrap_or(ty)
}

/// `T` of `Name<'_, T>`.
fn inside<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|s| s.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|a| match a {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Whether the type is `Box` of what a predicate says.
fn is_box_of(ty: &Type, is: impl Fn(&Type) -> bool) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last().filter(|s| s.ident == "Box") else { return false };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
    arguments.args.iter().any(|a| matches!(a, GenericArgument::Type(ty) if is(ty)))
}

fn is_text(ty: &Type) -> bool {
    ["String", "CString", "OsString", "PathBuf", "Cow"].iter().any(|name| is_named(ty, name))
        || is_box_of(ty, |t| is_named(t, "str"))
}

fn is_collection(ty: &Type) -> bool {
    is_named(ty, "Vec") || is_box_of(ty, |t| matches!(t, Type::Slice(_)))
}

fn is_slice(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if matches!(&*reference.elem, Type::Slice(_)))
}

/// Checks that a result says whose it is, and how long.
pub(crate) fn check_result(function: &Function, has_length: bool) -> Result<(), Error> {
    let returns = &function.returns;
    let value = without_option(function.result.value());
    if let Type::Reference(reference) = value {
        if reference.lifetime.is_none() {
            return Err(Error::new_spanned(
                value,
                "a returned reference says how long it lives: write `&'static`, a lifetime that an argument has, or return an owned type with `#[returns(borrowed)]` or `#[returns(free)]`",
            ));
        }
        if let Some(owner @ (Owner::Known(..) | Owner::Bstr(_) | Owner::Named { .. })) = &returns.owner {
            return Err(Error::new(
                owner.span(),
                "what a reference looks at cannot be freed: return `String` or `Vec<T>`, which copy",
            ));
        }
    }
    if (is_collection(value) || is_slice(value)) && !has_length {
        return Err(Error::new_spanned(
            value,
            "how many elements are there? write `#[returns(len = n)]` before the function, where `n` is a number or a parameter, or `#[len_of(return)]` before the parameter that native code writes the count to",
        ));
    }
    if (is_text(value) || is_collection(value)) && !returns.states_owner() {
        return Err(Error::new_spanned(
            value,
            "who owns what is returned? write `#[returns(borrowed)]` before the function if native code keeps it, `#[returns(free)]` or `#[returns(free_with = f)]` if it is to be freed",
        ));
    }
    Ok(())
}

/// Checks that a parameter says whose is what native code puts there.
pub(crate) fn check_parameter(ty: &Type, returns: Option<&Returns>) -> Result<(), Error> {
    let (target, is_read_only) = match without_option(ty) {
        Type::Reference(reference) => (without_option(&reference.elem), reference.mutability.is_none()),
        out => match inside(out, "Out") {
            Some(target) => (without_option(target), false),
            None => return Ok(()),
        },
    };
    if is_read_only {
        let better = match target {
            _ if is_named(target, "String") || is_box_of(target, |t| is_named(t, "str")) => "`&str`",
            _ if is_collection(target) => "`&[T]`",
            _ => return Ok(()),
        };
        return Err(Error::new_spanned(
            ty,
            format!(
                "this would be a pointer to a pointer: write {better}, or `&mut` for what native code replaces"
            ),
        ));
    }
    if returns.is_some_and(Returns::states_owner) {
        return Ok(());
    }
    if is_text(target) {
        return Err(Error::new_spanned(
            ty,
            "who owns the text that native code puts here? write `#[returns(borrowed)]`, `#[returns(free)]` or `#[returns(free_with = f)]` before the parameter, or `#[buffer]` if native code writes into a buffer",
        ));
    }
    if is_collection(target) {
        return Err(Error::new_spanned(
            ty,
            "write `&mut [T]` for elements that are changed where they are, `#[buffer]` before a `&mut Vec<T>` that native code fills, or `#[returns(free, len = n)]` before one that it replaces",
        ));
    }
    if let Type::Slice(slice) = target
        && is_text(without_option(&slice.elem))
    {
        return Err(Error::new_spanned(
            ty,
            "who owns the texts that native code puts here? write `#[returns(borrowed)]` or `#[returns(free)]` before the parameter",
        ));
    }
    Ok(())
}

/// `#[buffer]`, `#[buffer(N)]`.
pub(crate) fn buffer(attribute: &syn::Attribute) -> Result<Option<Expr>, Error> {
    match &attribute.meta {
        syn::Meta::Path(_) => Ok(None),
        _ => attribute.parse_args().map(Some),
    }
}

/// Whether some count says how much of a buffer of elements is there.
pub(crate) fn check_buffer(ty: &Type, has_length: bool) -> Result<(), Error> {
    let Type::Reference(reference) = without_option(ty) else {
        return Err(Error::new_spanned(
            ty,
            "a buffer is a `&mut String` or a `&mut Vec<T>`, or the `Option` of one",
        ));
    };
    if is_collection(&reference.elem) && !has_length {
        return Err(Error::new_spanned(
            ty,
            "how much of it will be there? write `#[len_of(...)]` or `#[capacity_of(...)]` before a `&mut` count that native code writes to, or `#[returns(len_of(...))]` before the function",
        ));
    }
    Ok(())
}

/// The parameter that is a buffer of this name, or an error at the name.
pub(crate) fn check_len_of(function: &Function) -> Result<(), Error> {
    let Some(LenOf { name, .. }) = &function.returns.len_of else { return Ok(()) };
    match function.parameters.iter().find(|p| p.name == *name).map(|p| &p.kind) {
        Some(Kind::Lent { .. }) => Ok(()),
        Some(_) => {
            Err(Error::new(name.span(), format!("`{name}` is no buffer: write `#[buffer]` before it")))
        }
        None => Err(Error::new(name.span(), format!("there is no parameter `{name}`"))),
    }
}
