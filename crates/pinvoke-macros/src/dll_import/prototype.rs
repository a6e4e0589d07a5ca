//! What a callback says about its arguments and its result: facts, shared by closure parameters and
//! callback types.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, GenericArgument, Ident, Lit, PathArguments, Type};

use super::converter::place;
use super::declaration::{is_named, with_static_lifetimes};

/// Where native code finds the user data of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserData {
    /// There is none: the callback needs a thunk.
    None,
    First,
    Last,
}

impl UserData {
    /// The place of the user data among arguments; there may be one, first or last.
    pub(crate) fn among<'a>(
        types: impl Iterator<Item = &'a Type>,
        whole: &dyn ToTokens,
    ) -> Result<UserData, Error> {
        let is_user_data: Vec<bool> = types.map(|ty| is_named(ty, "UserData")).collect();
        let places: Vec<usize> = (0..is_user_data.len()).filter(|i| is_user_data[*i]).collect();
        match places[..] {
            [] => Ok(UserData::None),
            [0] => Ok(UserData::First),
            [place] if place + 1 == is_user_data.len() => Ok(UserData::Last),
            _ => Err(Error::new_spanned(
                whole,
                "`UserData` is the first or the last argument of a callback, once; as `*mut c_void` it is an argument like any other",
            )),
        }
    }
}

/// Arguments without user data, and the result.
pub(crate) struct Prototype {
    pub(crate) inputs: Vec<Input>,
    pub(crate) output: Type,
    pub(crate) output_form: TokenStream,
    pub(crate) user_data: UserData,
}

/// One argument.
pub(crate) struct Input {
    /// As the closure sees it.
    pub(crate) ty: Type,
    pub(crate) form: TokenStream,
    /// How messages call it.
    pub(crate) label: String,
    /// How many elements it has, if native code says so elsewhere.
    pub(crate) length: Option<Length>,
}

/// A number of elements: an argument's value, a constant, or both.
#[derive(Clone)]
pub(crate) struct Length {
    pub(crate) argument: Option<Index>,
    pub(crate) more: Expr,
}

/// Which argument, counted from 0 and without user data.
#[derive(Clone, Copy)]
pub(crate) struct Index {
    pub(crate) index: usize,
    pub(crate) span: Span,
}

impl Input {
    /// Whether the closure changes one value where native code has it.
    pub(crate) fn is_changed(&self) -> bool {
        let ty = only_argument(&self.ty, "Option").unwrap_or(&self.ty);
        match ty {
            Type::Reference(reference) => {
                reference.mutability.is_some() && !matches!(*reference.elem, Type::Slice(_))
            }
            ty => is_named(ty, "Out"),
        }
    }

    /// Whether the closure looks at one value, or text, where native code has it.
    pub(crate) fn is_seen(&self) -> bool {
        let ty = only_argument(&self.ty, "Option").unwrap_or(&self.ty);
        matches!(ty, Type::Reference(reference) if reference.mutability.is_none())
    }

    /// What native code passes, as a type.
    pub(crate) fn native(&self) -> TokenStream {
        let (ty, form) = (with_static_lifetimes(&self.ty), &self.form);
        match &self.length {
            None if self.is_changed() => {
                quote_spanned!(place(&ty)=> <#ty as ::pinvoke::marshal::callback::Changed<'static, #form>>::Native)
            }
            None if self.is_seen() => {
                quote_spanned!(place(&ty)=> <#ty as ::pinvoke::marshal::callback::Seen<'static, #form>>::Native)
            }
            None => {
                quote_spanned!(place(&ty)=> <#ty as ::pinvoke::marshal::callback::Received<'static, #form>>::Native)
            }
            Some(_) => {
                quote_spanned!(place(&ty)=> <#ty as ::pinvoke::marshal::FromCounted<'static, #form>>::Native)
            }
        }
    }
}

/// `T` of `Name<T>`.
pub(crate) fn only_argument<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    if !is_named(ty, name) {
        return None;
    }
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// `Counted<&[T], I>` or `Counted<&[T], I, C>`, also within `Option`: the slice and its length.
pub(crate) fn counted(ty: &Type) -> Result<Option<(Type, Length)>, Error> {
    if let Some(inner) = only_argument(ty, "Option") {
        let found = counted(inner)?;
        return Ok(found.map(|(slice, length)| {
            (syn::parse_quote_spanned!(place(ty)=> ::core::option::Option<#slice>), length)
        }));
    }
    if !is_named(ty, "Counted") {
        return Ok(None);
    }
    let wrong = || {
        Error::new_spanned(
            ty,
            "write `Counted<&[T], I>`, where I is the index of the argument that has the count, or `Counted<&[T], I, C>` for C more than that",
        )
    };
    let Type::Path(path) = ty else { return Err(wrong()) };
    let Some(PathArguments::AngleBracketed(arguments)) = path.path.segments.last().map(|s| &s.arguments)
    else {
        return Err(wrong());
    };
    let mut arguments = arguments.args.iter();
    let (Some(GenericArgument::Type(slice)), Some(GenericArgument::Const(index)), more) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err(wrong());
    };
    let index = Index { index: integer(index).ok_or_else(wrong)?, span: index.span() };
    let more = match more {
        None => syn::parse_quote!(0),
        Some(GenericArgument::Const(more)) => more.clone(),
        Some(_) => return Err(wrong()),
    };
    Ok(Some((slice.clone(), Length { argument: Some(index), more })))
}

fn integer(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        _ => None,
    }
}

/// Several elements have a count, and indices of counts are those of arguments. `how` says how a count is
/// written.
pub(crate) fn check_lengths(inputs: &[Input], how: &str) -> Result<(), Error> {
    for (place, input) in inputs.iter().enumerate() {
        if input.length.is_none() && is_slice(&input.ty) {
            return Err(Error::new_spanned(
                &input.ty,
                format!("native code passes an address: say how many elements there are, {how}"),
            ));
        }
        let Some(Length { argument: Some(Index { index, span }), .. }) = &input.length else { continue };
        if *index == place {
            return Err(Error::new(
                *span,
                "this is the argument itself; arguments are counted from 0, without `UserData`",
            ));
        }
        if *index >= inputs.len() {
            return Err(Error::new(
                *span,
                format!(
                    "there is no argument {index}: there are {}, counted from 0, without `UserData`",
                    inputs.len()
                ),
            ));
        }
    }
    Ok(())
}

/// `&[T]`, `&mut [T]`, or the `Option` of one.
fn is_slice(ty: &Type) -> bool {
    match only_argument(ty, "Option").unwrap_or(ty) {
        Type::Reference(reference) => matches!(*reference.elem, Type::Slice(_)),
        _ => false,
    }
}

/// What happens when a closure cannot answer, and to whom `errno` belongs.
#[derive(Default)]
pub(crate) struct Policy {
    pub(crate) fallback: Option<Expr>,
    on_panic: Option<Ident>,
    on_wrong_thread: Option<Ident>,
    /// The closure sets the last error for native code.
    pub(crate) sets_last_error: bool,
}

impl Policy {
    /// Takes an attribute in; false if it is none of these.
    pub(crate) fn read(&mut self, attribute: &Attribute) -> Result<bool, Error> {
        let path = attribute.path();
        if path.is_ident("fallback") {
            self.fallback = Some(attribute.parse_args()?);
        } else if path.is_ident("on_panic") {
            self.on_panic =
                Some(one_of(attribute, &[("resume", "Resume"), ("return", "Return"), ("abort", "Abort")])?);
        } else if path.is_ident("on_wrong_thread") {
            self.on_wrong_thread = Some(one_of(attribute, &[("abort", "Abort"), ("return", "Return")])?);
        } else if path.is_ident("set_last_error") {
            attribute.meta.require_path_only()?;
            self.sets_last_error = true;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// A constant expression: the declaration of a callback with this result.
    pub(crate) fn declaration(&self, name: &str, output: &Type) -> TokenStream {
        let new = match &self.fallback {
            None => {
                let span = output.span();
                let output = with_static_lifetimes(output);
                quote_spanned!(span=> {
                    #[allow(unused_imports, reason = "needed for types that are no native types")]
                    use ::pinvoke::marshal::callback::MayBeZero as _;
                    ::core::assert!(
                        ::pinvoke::marshal::callback::ZeroOf::<#output>::IS_VALUE,
                        "zero is not a value of the result type: say what native code gets instead of an answer, with #[fallback(..)]"
                    );
                    ::pinvoke::upcall::Declaration::new(#name)
                })
            }
            Some(fallback) => quote!(::pinvoke::upcall::Declaration::with_fallback(#name, #fallback)),
        };
        let on_panic = self.on_panic.as_ref().map(|p| quote!(.on_panic(::pinvoke::upcall::OnPanic::#p)));
        let on_wrong_thread = self
            .on_wrong_thread
            .as_ref()
            .map(|p| quote!(.on_wrong_thread(::pinvoke::upcall::OnWrongThread::#p)));
        quote!(#new #on_panic #on_wrong_thread)
    }
}

/// The variant that an attribute names.
fn one_of(attribute: &Attribute, choices: &[(&str, &str)]) -> Result<Ident, Error> {
    let name: Ident = attribute.parse_args_with(Ident::parse_any)?;
    let written = name.to_string();
    match choices.iter().find(|(choice, _)| *choice == written) {
        Some((_, variant)) => Ok(Ident::new(variant, name.span())),
        None => {
            let choices: Vec<String> = choices.iter().map(|(choice, _)| format!("`{choice}`")).collect();
            Err(Error::new(name.span(), format!("write {}", choices.join(" or "))))
        }
    }
}
