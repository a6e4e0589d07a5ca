//! What stands in `#[dll_import(...)]`, for a block and for one function of it.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Expr, ExprLit, Ident, ItemForeignMod, Lit, LitBool, LitStr, Token, bracketed};

/// The character set of a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CharSet {
    Ansi,
    Utf8,
    Utf16,
    Utf32,
    Auto,
}

impl CharSet {
    fn parse(name: &Ident) -> Result<CharSet, Error> {
        Ok(match name.to_string().as_str() {
            "Ansi" => CharSet::Ansi,
            "Utf8" => CharSet::Utf8,
            "Unicode" | "Utf16" => CharSet::Utf16,
            "Utf32" => CharSet::Utf32,
            "Auto" => CharSet::Auto,
            _ => {
                return Err(Error::new(
                    name.span(),
                    "unknown character set: write `Ansi`, `Utf8`, `Unicode`, `Utf32` or `Auto`",
                ));
            }
        })
    }

    /// The type that stands for it in `IntoNative<M>`.
    pub(crate) fn form(self) -> TokenStream {
        match self {
            CharSet::Ansi => quote!(::pinvoke::marshal::Ansi),
            CharSet::Utf8 => quote!(::pinvoke::marshal::Utf8),
            CharSet::Utf16 => quote!(::pinvoke::marshal::Utf16),
            CharSet::Utf32 => quote!(::pinvoke::marshal::Utf32),
            CharSet::Auto => quote!(::pinvoke::marshal::Auto),
        }
    }

    /// What it says about the spelling of entry points.
    pub(crate) fn spelling(self) -> TokenStream {
        match self {
            CharSet::Ansi | CharSet::Utf8 | CharSet::Utf32 => quote!(::pinvoke::entry_point::CharSet::Ansi),
            CharSet::Utf16 => quote!(::pinvoke::entry_point::CharSet::Unicode),
            CharSet::Auto => quote!(::pinvoke::entry_point::CharSet::Auto),
        }
    }
}

/// Options in force for a function: those of its block, and its own on top.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) library: LitStr,
    pub(crate) search: Vec<Expr>,
    pub(crate) entry_point: Option<LitStr>,
    pub(crate) char_set: CharSet,
    pub(crate) exact_spelling: bool,
    pub(crate) set_last_error: bool,
    /// The string behind `extern`.
    pub(crate) convention: LitStr,
}

impl Options {
    /// The options of a block.
    pub(crate) fn of_block(tokens: TokenStream, block: &ItemForeignMod) -> Result<Options, Error> {
        if block.unsafety.is_none() {
            return Err(Error::new_spanned(
                &block.abi,
                "write `unsafe extern`: nothing but its declaration says how to call a native function",
            ));
        }
        let convention =
            block.abi.name.clone().unwrap_or_else(|| LitStr::new("C", block.abi.extern_token.span));
        let mut options = Options {
            library: LitStr::new("", Span::call_site()),
            search: Vec::new(),
            entry_point: None,
            char_set: CharSet::Ansi,
            exact_spelling: false,
            set_last_error: false,
            convention,
        };
        let entries = parse_entries(tokens)?;
        for entry in &entries {
            match entry {
                Entry::Library(name) if name.value().is_empty() => {
                    return Err(Error::new(name.span(), "the library needs a name"));
                }
                Entry::Library(name) => options.library = name.clone(),
                Entry::Named(name, Value::None | Value::Expr(_) | Value::List(_))
                    if name == "entry_point" =>
                {
                    return Err(Error::new(
                        name.span(),
                        "`entry_point` belongs to one function: write `#[dll_import(entry_point = \"...\")]` before it",
                    ));
                }
                Entry::Named(name, value) => options.set(name, value)?,
            }
        }
        if options.library.value().is_empty() {
            return Err(Error::new(Span::call_site(), "name the library first: `#[dll_import(\"libc\")]`"));
        }
        Ok(options)
    }

    /// The options of a function of the block.
    pub(crate) fn of_function(&self, tokens: TokenStream) -> Result<Options, Error> {
        let mut options = self.clone();
        for entry in parse_entries(tokens)? {
            match entry {
                Entry::Library(name) => {
                    return Err(Error::new(
                        name.span(),
                        "the library belongs to the whole block: put the function into a block of its own",
                    ));
                }
                Entry::Named(name, value) => options.set(&name, &value)?,
            }
        }
        Ok(options)
    }

    fn set(&mut self, name: &Ident, value: &Value) -> Result<(), Error> {
        match name.to_string().as_str() {
            "entry_point" => self.entry_point = Some(value.string(name)?),
            "char_set" => self.char_set = CharSet::parse(&value.ident(name)?)?,
            "exact_spelling" => self.exact_spelling = value.flag(name)?,
            "set_last_error" => self.set_last_error = value.flag(name)?,
            "convention" => self.convention = value.string(name)?,
            "search" => self.search = value.list(name)?,
            _ => {
                return Err(Error::new(
                    name.span(),
                    "unknown option: there are `entry_point`, `char_set`, `exact_spelling`, `set_last_error`, `convention` and `search`",
                ));
            }
        }
        Ok(())
    }
}

enum Entry {
    Library(LitStr),
    Named(Ident, Value),
}

enum Value {
    /// The name alone.
    None,
    Expr(Box<Expr>),
    List(Vec<Expr>),
}

impl Value {
    fn string(&self, name: &Ident) -> Result<LitStr, Error> {
        match self {
            Value::Expr(e) => match &**e {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
                other => Err(Error::new_spanned(other, "a string is expected here")),
            },
            _ => Err(Error::new(name.span(), format!("write `{name} = \"...\"`"))),
        }
    }

    fn ident(&self, name: &Ident) -> Result<Ident, Error> {
        match self {
            Value::Expr(e) => match &**e {
                Expr::Path(path) => path.path.require_ident().cloned(),
                other => Err(Error::new_spanned(other, "a name is expected here")),
            },
            _ => Err(Error::new(name.span(), format!("write `{name} = ...`"))),
        }
    }

    fn flag(&self, name: &Ident) -> Result<bool, Error> {
        match self {
            Value::None => Ok(true),
            Value::Expr(e) => match &**e {
                Expr::Lit(ExprLit { lit: Lit::Bool(LitBool { value, .. }), .. }) => Ok(*value),
                other => Err(Error::new_spanned(other, "`true` or `false` is expected here")),
            },
            Value::List(_) => Err(Error::new(name.span(), format!("write `{name}` or `{name} = false`"))),
        }
    }

    fn list(&self, name: &Ident) -> Result<Vec<Expr>, Error> {
        match self {
            Value::List(list) => Ok(list.clone()),
            Value::Expr(one) => Ok(vec![(**one).clone()]),
            Value::None => Err(Error::new(name.span(), format!("write `{name} = [\"...\"]`"))),
        }
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Entry, Error> {
        if input.peek(LitStr) {
            return Ok(Entry::Library(input.parse()?));
        }
        let name: Ident = input.parse()?;
        if !input.peek(Token![=]) {
            return Ok(Entry::Named(name, Value::None));
        }
        input.parse::<Token![=]>()?;
        if input.peek(syn::token::Bracket) {
            let content;
            bracketed!(content in input);
            let list = content.parse_terminated(Expr::parse, Token![,])?;
            return Ok(Entry::Named(name, Value::List(list.into_iter().collect())));
        }
        Ok(Entry::Named(name, Value::Expr(Box::new(input.parse()?))))
    }
}

fn parse_entries(tokens: TokenStream) -> Result<Vec<Entry>, Error> {
    let entries = syn::punctuated::Punctuated::<Entry, Token![,]>::parse_terminated.parse2(tokens)?;
    let mut seen: Vec<String> = Vec::new();
    for entry in &entries {
        let (key, span) = match entry {
            Entry::Library(name) => (String::new(), name.span()),
            Entry::Named(name, _) => (name.to_string(), name.span()),
        };
        if seen.contains(&key) {
            return Err(Error::new(span, "this is said twice"));
        }
        seen.push(key);
    }
    Ok(entries.into_iter().collect())
}
