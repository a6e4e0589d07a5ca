//! What stands in `#[native(...)]` of a type, and in `#[marshal(...)]` and `#[offset(...)]` of a member.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, ExprPath, Field, Ident, Lit, LitInt, Meta, Token, Type};

use crate::dll_import::options::CharSet;

/// `#[native(...)]`.
pub(crate) struct Options {
    char_set: CharSet,
    boolean: Option<ExprPath>,
    /// A cap of every alignment.
    pub(crate) pack: Option<LitInt>,
    /// The whole size, in bytes.
    pub(crate) size: Option<Expr>,
    /// Members say where they stand.
    pub(crate) explicit: bool,
    /// The bits that are known.
    pub(crate) flags: Option<Expr>,
    given: Vec<Ident>,
}

impl Options {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Options, Error> {
        let mut options = Options {
            char_set: CharSet::Ansi,
            boolean: None,
            pack: None,
            size: None,
            explicit: false,
            flags: None,
            given: Vec::new(),
        };
        for attribute in attributes.iter().filter(|a| a.path().is_ident("native")) {
            for entry in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
                options.set(&entry)?;
            }
        }
        if let (Some(flags), true) = (&options.flags, options.given.len() > 1) {
            return Err(Error::new(flags.span(), "`flags` stands alone: a set of flags is one integer"));
        }
        Ok(options)
    }

    fn set(&mut self, entry: &Meta) -> Result<(), Error> {
        let name = entry.path().require_ident()?.clone();
        if self.given.contains(&name) {
            return Err(Error::new(name.span(), "this is said twice"));
        }
        match name.to_string().as_str() {
            "char_set" => self.char_set = CharSet::parse(path(entry)?.path.require_ident()?)?,
            "bool" => self.boolean = Some(path(entry)?),
            "pack" => self.pack = Some(pack(entry)?),
            "size" => self.size = Some(value(entry)?),
            "explicit" => {
                entry.require_path_only()?;
                self.explicit = true;
            }
            "flags" => self.flags = Some(value(entry)?),
            _ => {
                return Err(Error::new(
                    name.span(),
                    "unknown option: there are `char_set`, `bool`, `pack`, `size`, `explicit` and `flags`",
                ));
            }
        }
        self.given.push(name);
        Ok(())
    }

    /// Refuses what only a structure has.
    pub(crate) fn refuse_all(&self, what: &str) -> Result<(), Error> {
        match self.given.first() {
            Some(name) => {
                Err(Error::new(name.span(), format!("`{name}` is for structures, and this is {what}")))
            }
            None => Ok(()),
        }
    }

    /// Refuses what says how members are laid out.
    pub(crate) fn refuse_layout(&self, what: &str) -> Result<(), Error> {
        match self.given.iter().find(|name| *name != "char_set" && *name != "bool") {
            Some(name) => {
                Err(Error::new(name.span(), format!("`{name}` is for structures, and this is {what}")))
            }
            None => Ok(()),
        }
    }

    /// The form of members that say none.
    fn form(&self) -> TokenStream {
        let set = self.char_set.form();
        match &self.boolean {
            Some(boolean) => quote!(::pinvoke::marshal::Booleans<#set, #boolean>),
            None => set,
        }
    }
}

fn value(entry: &Meta) -> Result<Expr, Error> {
    Ok(entry.require_name_value()?.value.clone())
}

fn path(entry: &Meta) -> Result<ExprPath, Error> {
    match value(entry)? {
        Expr::Path(path) => Ok(path),
        other => Err(Error::new_spanned(other, "a name is expected here")),
    }
}

fn pack(entry: &Meta) -> Result<LitInt, Error> {
    const WANTED: &str = "a power of two from 1 to 128 is expected here";
    match value(entry)? {
        Expr::Lit(ExprLit { lit: Lit::Int(cap), .. }) => {
            let number: u32 = cap.base10_parse()?;
            if number.is_power_of_two() && number <= 128 {
                Ok(cap)
            } else {
                Err(Error::new(cap.span(), WANTED))
            }
        }
        other => Err(Error::new_spanned(other, WANTED)),
    }
}

/// What the attributes of a member say.
pub(crate) struct Placed {
    pub(crate) form: TokenStream,
    /// Room that native code fills.
    pub(crate) buffer: Option<Buffer>,
    pub(crate) offset: Option<LitInt>,
}

impl Placed {
    pub(crate) fn of(field: &Field, options: &Options) -> Result<Placed, Error> {
        let mut form: Option<Form> = None;
        let mut offset = None;
        for attribute in &field.attrs {
            let is_again = if attribute.path().is_ident("marshal") {
                form.replace(attribute.parse_args()?).is_some()
            } else if attribute.path().is_ident("offset") {
                if !options.explicit {
                    return Err(Error::new_spanned(
                        attribute,
                        "members have offsets in an explicit layout only: write `#[native(explicit)]` before the structure",
                    ));
                }
                offset.replace(attribute.parse_args::<LitInt>()?).is_some()
            } else {
                false
            };
            if is_again {
                return Err(Error::new_spanned(
                    attribute,
                    "this is said twice: a member has one form and one place",
                ));
            }
        }
        if options.explicit && offset.is_none() {
            let span = field.ident.as_ref().map_or_else(Span::call_site, Ident::span);
            return Err(Error::new(
                span,
                "in an explicit layout each member has a place: write `#[offset(0)]`",
            ));
        }
        let of_the_structure = options.form();
        let emitted = form.as_ref().map_or_else(|| of_the_structure.clone(), |f| f.emit(&of_the_structure));
        let buffer = match form {
            Some(Form::Buffer(buffer)) => Some(buffer),
            _ => None,
        };
        Ok(Placed { form: emitted, buffer, offset })
    }
}

/// The form of a member.
enum Form {
    /// `#[marshal(SomeForm)]`.
    Type(Type),
    /// `#[marshal(fixed(16))]`, `#[marshal(truncated(16))]`: the name of the form's type, and the size.
    Sized(&'static str, Expr, Option<Type>),
    /// `#[marshal(array)]`.
    Array,
    /// `#[marshal(owned)]`, `#[marshal(owned(SomeOwner))]`.
    Owned(Option<Type>),
    /// `#[marshal(buffer(n))]`.
    Buffer(Buffer),
}

/// `buffer(n)`, `buffer(n, len = m)`, `buffer(n, bytes)`.
pub(crate) struct Buffer {
    pub(crate) room: Size,
    pub(crate) used: Option<Size>,
    /// Both sizes are in bytes, and not in units or elements.
    pub(crate) in_bytes: bool,
}

/// A number, or the member that has it.
pub(crate) enum Size {
    Constant(LitInt),
    Member(Ident),
}

impl Parse for Size {
    fn parse(input: ParseStream<'_>) -> Result<Size, Error> {
        if input.peek(LitInt) {
            return Ok(Size::Constant(input.parse()?));
        }
        let name = input.parse::<Ident>();
        name.map(Size::Member).map_err(|e| {
            Error::new(e.span(), "a number is expected here, or the name of the member that has it")
        })
    }
}

impl Parse for Buffer {
    fn parse(input: ParseStream<'_>) -> Result<Buffer, Error> {
        let mut buffer = Buffer { room: input.parse()?, used: None, in_bytes: false };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            let word: Ident = input.parse()?;
            let is_again = if word == "len" {
                input.parse::<Token![=]>()?;
                buffer.used.replace(input.parse()?).is_some()
            } else if word == "bytes" {
                core::mem::replace(&mut buffer.in_bytes, true)
            } else {
                return Err(Error::new(
                    word.span(),
                    "write `buffer(n, len = m)`: room, and what is valid of it; `buffer(n, bytes)` if both are counted in bytes",
                ));
            };
            if is_again {
                return Err(Error::new(word.span(), "this is said twice"));
            }
        }
        Ok(buffer)
    }
}

impl Parse for Form {
    fn parse(input: ParseStream<'_>) -> Result<Form, Error> {
        let word: Option<Ident> = input.fork().parse().ok();
        let form = match word.as_ref().map(Ident::to_string).as_deref() {
            Some("fixed") => Form::sized("Fixed", input)?,
            Some("truncated") => Form::sized("Truncated", input)?,
            Some("buffer") => {
                let word: Ident = input.parse()?;
                if !input.peek(syn::token::Paren) {
                    return Err(Error::new(
                        word.span(),
                        "say how much room there is: `buffer(260)`, or `buffer(n)` with the member that has it",
                    ));
                }
                Form::Buffer(parenthesized(input)?.parse()?)
            }
            Some("array") => {
                input.parse::<Ident>()?;
                Form::Array
            }
            Some("owned") => {
                input.parse::<Ident>()?;
                let owner = input.peek(syn::token::Paren).then(|| parenthesized(input)?.parse());
                Form::Owned(owner.transpose()?)
            }
            _ => Form::Type(input.parse()?),
        };
        if !input.is_empty() {
            return Err(input
                .error("one form is expected: `fixed(16)`, `array`, `owned`, or a type such as `Bool32`"));
        }
        Ok(form)
    }
}

fn parenthesized<'a>(input: ParseStream<'a>) -> Result<syn::parse::ParseBuffer<'a>, Error> {
    let content;
    syn::parenthesized!(content in input);
    Ok(content)
}

impl Form {
    fn sized(form: &'static str, input: ParseStream<'_>) -> Result<Form, Error> {
        let word: Ident = input.parse()?;
        if !input.peek(syn::token::Paren) {
            return Err(Error::new(word.span(), format!("say how many units or elements: `{word}(128)`")));
        }
        let content = parenthesized(input)?;
        let size: Expr = content.parse()?;
        if let Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) = &size
            && number.base10_parse::<u64>().is_ok_and(|n| n == 0)
        {
            return Err(Error::new(
                number.span(),
                "a member of a fixed size has at least one unit or element",
            ));
        }
        let set = if content.is_empty() {
            None
        } else {
            content.parse::<Token![,]>()?;
            Some(content.parse()?)
        };
        Ok(Form::Sized(form, size, set))
    }

    fn emit(&self, default: &TokenStream) -> TokenStream {
        match self {
            Form::Type(form) => quote!(#form),
            Form::Sized(name, size, set) => {
                let name = Ident::new(name, Span::call_site());
                let set = set.as_ref().map_or_else(|| default.clone(), |s| quote!(#s));
                quote!(::pinvoke::marshal::#name<{ #size }, #set>)
            }
            Form::Array => quote!(::pinvoke::marshal::Array<#default>),
            Form::Buffer(_) => quote!(::pinvoke::marshal::Room<#default>),
            Form::Owned(owner) => {
                let owner = owner.as_ref().map_or_else(|| quote!(::pinvoke::marshal::Free), |o| quote!(#o));
                quote!(::pinvoke::marshal::Owned<#default, #owner>)
            }
        }
    }
}
