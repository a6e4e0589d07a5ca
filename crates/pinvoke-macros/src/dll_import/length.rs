//! Counts: parameters that carry the length of another one, and lengths that are computed.
//!
//! A parameter with `#[len_of(x)]` or `#[capacity_of(x)]` is one of the native function only. By value it is
//! filled in; behind `&mut` native code also writes to it, and what it writes is how much of `x` is valid.
//! `len_of(return)` counts the result. Some count bytes: `#[len_of(x, bytes)]`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{BinOp, Error, Expr, ExprLit, Lit, Token, Type};

use super::converter::{Converter, place_of_variable};
use super::declaration::{Function, Kind, is_named};
use super::prototype::only_argument;

/// What stands in `#[len_of(...)]` and `#[capacity_of(...)]`: whose count it is, and of what.
pub(crate) struct CountOf {
    pub(crate) of: Counted,
    pub(crate) in_bytes: bool,
}

impl Parse for CountOf {
    fn parse(input: ParseStream<'_>) -> Result<CountOf, Error> {
        Ok(CountOf { of: input.parse()?, in_bytes: in_bytes(input)? })
    }
}

/// `, bytes` behind a name.
pub(crate) fn in_bytes(input: ParseStream<'_>) -> Result<bool, Error> {
    if input.is_empty() {
        return Ok(false);
    }
    input.parse::<Token![,]>()?;
    let word: Ident = input.parse()?;
    if word != "bytes" {
        return Err(Error::new(
            word.span(),
            "elements and units are counted, or `bytes`: write `#[len_of(x)]` or `#[len_of(x, bytes)]`",
        ));
    }
    Ok(true)
}

/// Whose count it is.
#[derive(Clone)]
pub(crate) enum Counted {
    Parameter(Ident),
    Return(Token![return]),
}

impl Parse for Counted {
    fn parse(input: ParseStream<'_>) -> Result<Counted, Error> {
        if input.peek(Token![return]) {
            return Ok(Counted::Return(input.parse()?));
        }
        Ok(Counted::Parameter(input.parse()?))
    }
}

/// A parameter that carries a count.
pub(crate) struct Count {
    pub(crate) of: Counted,
    /// The room of a buffer, and not how much is in it.
    pub(crate) is_capacity: bool,
    /// Of bytes, and not of elements.
    pub(crate) in_bytes: bool,
    /// Native code writes to it.
    pub(crate) by_reference: bool,
    /// The integer.
    pub(crate) ty: Type,
}

impl Count {
    pub(crate) fn new(of: CountOf, is_capacity: bool, ty: &Type) -> Result<Count, Error> {
        let CountOf { of, in_bytes } = of;
        let (by_reference, ty) = match ty {
            Type::Reference(reference) if reference.mutability.is_some() => (true, (*reference.elem).clone()),
            other => (false, other.clone()),
        };
        if let (Counted::Return(token), false) = (&of, by_reference) {
            return Err(Error::new(
                token.span(),
                "native code has to write the length of the result: make this a `&mut` count, or write `#[returns(len = ...)]` before the function",
            ));
        }
        Ok(Count { of, is_capacity, in_bytes, by_reference, ty })
    }

    /// Refuses counts of what has none.
    pub(crate) fn check(&self, function: &Function) -> Result<(), Error> {
        let Counted::Parameter(of) = &self.of else { return Ok(()) };
        let Some(owner) = function.parameters.iter().find(|p| p.name == *of) else {
            return Err(Error::new(of.span(), format!("there is no parameter `{of}`")));
        };
        match &owner.kind {
            Kind::Lent { is_buffer: true, .. } => Ok(()),
            _ if self.is_capacity => Err(Error::new(
                of.span(),
                format!(
                    "only buffers have a capacity: write `#[buffer]` before `{of}`, or `#[len_of({of})]` here"
                ),
            )),
            Kind::Lent { .. } if self.in_bytes => Err(Error::new(
                of.span(),
                format!("native code replaces `{of}`: what it tells is a number of elements"),
            )),
            Kind::Lent { .. } => Ok(()),
            Kind::Value { .. } if self.by_reference => Err(Error::new(
                of.span(),
                format!(
                    "`{of}` cannot change its length: make it a `#[buffer]`, or leave the count a parameter of its own"
                ),
            )),
            Kind::Value { .. } => Ok(()),
            Kind::Closure(_) | Kind::Variadic | Kind::UserData { .. } | Kind::Count(_) => {
                Err(Error::new(of.span(), format!("`{of}` has no length")))
            }
        }
    }

    /// The variable behind a reference.
    fn variable(name: &Ident) -> Ident {
        format_ident!("__count_{name}")
    }

    /// The statements that make the native count, once everything else is converted.
    pub(crate) fn marshal(
        &self,
        name: &Ident,
        native: &TokenStream,
        function: &Function,
        fail: &TokenStream,
    ) -> TokenStream {
        let ty = &self.ty;
        let (function_name, value) = (function.name.to_string(), name.to_string());
        let count = match &self.of {
            Counted::Return(_) => quote!(0),
            Counted::Parameter(of) => {
                match function.parameters.iter().find(|p| p.name == *of).map(|p| &p.kind) {
                    // Native code only writes to it, unless it is the capacity.
                    Some(Kind::Lent { is_buffer: true, .. }) if self.by_reference && !self.is_capacity => {
                        quote!(0)
                    }
                    Some(Kind::Lent { ty, form, .. }) => {
                        let state = format_ident!("__state_{of}");
                        let which = if self.is_capacity { "capacity" } else { "length" };
                        Converter::lend(ty, form).call(which, &quote!(&#state))
                    }
                    _ => {
                        let length = length_variable(of);
                        quote!(#length)
                    }
                }
            }
        };
        let counted = match (&self.of, self.in_bytes) {
            (Counted::Parameter(of), true) => {
                let native = format_ident!("__native_{of}", span = of.span());
                quote_spanned! {of.span()=>
                    ::pinvoke::marshal::bytes(#native, #count).and_then(<#ty as ::pinvoke::marshal::Count>::from_count)
                }
            }
            _ => quote_spanned!(ty.span()=> <#ty as ::pinvoke::marshal::Count>::from_count(#count)),
        };
        let converted = quote_spanned! {ty.span()=>
            match #counted {
                ::core::result::Result::Ok(count) => count,
                ::core::result::Result::Err(error) => {
                    let error = ::pinvoke::Error::from(error.at(#function_name, #value));
                    #fail
                }
            }
        };
        if self.by_reference {
            let variable = Count::variable(name);
            quote! {
                let mut #variable: #ty = #converted;
                let #native: *mut #ty = &raw mut #variable;
            }
        } else {
            quote!(let #native: #ty = #converted;)
        }
    }
}

/// The length of a value that another parameter counts, taken before it is converted.
fn length_variable(of: &Ident) -> Ident {
    format_ident!("__length_{of}")
}

/// The statement that takes the length of a parameter, if another one counts it.
pub(crate) fn measure(
    name: &Ident,
    ty: &Type,
    form: &TokenStream,
    function: &Function,
) -> Option<TokenStream> {
    let counted = function.parameters.iter().any(|p| match &p.kind {
        Kind::Count(count) => matches!(&count.of, Counted::Parameter(of) if of == name),
        _ => false,
    });
    let length = length_variable(name);
    counted.then(|| {
        let measured = Converter::length(ty, form).call("length", &quote!(&#name));
        quote!(let #length = #measured;)
    })
}

/// What native code has written about a length, as a `Result<usize, MarshalError>`: of a parameter, or of
/// the result.
pub(crate) fn written(function: &Function, is_it: impl Fn(&Counted) -> bool) -> Option<TokenStream> {
    function.parameters.iter().find_map(|p| match &p.kind {
        Kind::Count(count) if count.by_reference && is_it(&count.of) => {
            let variable = Count::variable(&p.name);
            let written = quote! {
                // SAFETY: it is here.
                unsafe { ::pinvoke::marshal::Count::count(&raw const #variable) }
            };
            Some(match (&count.of, count.in_bytes) {
                (_, false) => written,
                (Counted::Parameter(of), true) => {
                    let native = format_ident!("__native_{of}");
                    quote!(::pinvoke::marshal::elements(#native, #written))
                }
                (Counted::Return(_), true) => quote!(::pinvoke::marshal::elements(__returned, #written)),
            })
        }
        _ => None,
    })
}

/// Numbers and parameters with `+` and `*` between them.
#[derive(Clone)]
pub(crate) struct Length(Expr);

impl Parse for Length {
    fn parse(input: ParseStream<'_>) -> Result<Length, Error> {
        let expression: Expr = input.parse()?;
        check(&expression)?;
        Ok(Length(expression))
    }
}

const EXPECTED: &str = "a length is made of numbers and names of parameters, with `+` and `*` between them";

fn check(expression: &Expr) -> Result<(), Error> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse::<usize>().map(drop),
        Expr::Path(path) if path.path.get_ident().is_some() => Ok(()),
        Expr::Paren(inner) => check(&inner.expr),
        Expr::Binary(binary) if matches!(binary.op, BinOp::Add(_) | BinOp::Mul(_)) => {
            check(&binary.left)?;
            check(&binary.right)
        }
        other => Err(Error::new_spanned(other, EXPECTED)),
    }
}

impl Length {
    /// The length as a `Result<usize, MarshalError>`, after the call.
    ///
    /// # Errors
    /// A name that is no parameter.
    pub(crate) fn emit(&self, function: &Function) -> Result<TokenStream, Error> {
        emit(&self.0, function)
    }
}

fn emit(expression: &Expr, function: &Function) -> Result<TokenStream, Error> {
    match expression {
        Expr::Lit(number) => Ok(quote!(::core::result::Result::Ok(#number))),
        Expr::Paren(inner) => emit(&inner.expr, function),
        Expr::Binary(binary) => {
            let (left, right) = (emit(&binary.left, function)?, emit(&binary.right, function)?);
            Ok(match binary.op {
                BinOp::Mul(_) => quote!(::pinvoke::marshal::product(#left, #right)),
                _ => quote!(::pinvoke::marshal::sum(#left, #right)),
            })
        }
        Expr::Path(path) => {
            let name = path.path.require_ident()?;
            let parameter = function.parameters.iter().find(|p| p.name == *name);
            match parameter.map(|p| &p.kind) {
                Some(Kind::Value { ty, .. }) if is_text_or_array(ty) => Err(no_count(name)),
                Some(Kind::Value { .. } | Kind::Count(_)) => {
                    // One that counts nothing is reported here if the whole call is the macro's.
                    let place = place_of_variable(name);
                    let native = format_ident!("__native_{name}", span = place);
                    Ok(quote_spanned! {place=>
                        // SAFETY: an integer, or the address of one, as declared.
                        unsafe { ::pinvoke::marshal::Count::count(#native) }
                    })
                }
                Some(_) => Err(no_count(name)),
                None => Err(Error::new(name.span(), format!("there is no parameter `{name}`"))),
            }
        }
        other => Err(Error::new_spanned(other, EXPECTED)),
    }
}

fn no_count(name: &Ident) -> Error {
    Error::new(name.span(), format!("`{name}` is no count: a count is an integer, or a reference to one"))
}

/// Whether native code gets an address of something that an integer could stand at, but does not.
fn is_text_or_array(ty: &Type) -> bool {
    let ty = only_argument(ty, "Option").unwrap_or(ty);
    let behind = match ty {
        Type::Reference(reference) => &*reference.elem,
        ty => ty,
    };
    matches!(behind, Type::Slice(_) | Type::Array(_))
        || ["str", "String", "CStr", "CString", "OsStr", "OsString", "Path", "PathBuf", "Cow", "Vec", "Box"]
            .iter()
            .any(|name| is_named(behind, name))
}
