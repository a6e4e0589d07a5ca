//! What stands in `#[dll_import(...)]`, for a block and for one function of it.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Expr, ExprLit, Ident, ItemForeignMod, Lit, LitBool, LitStr, Token, Visibility, bracketed};

use super::newcomers;

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
    pub(crate) fn parse(name: &Ident) -> Result<CharSet, Error> {
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
    /// An item of the block says another library than the block, or another way to search for it.
    pub(crate) has_own_library: bool,
    /// Directories to search first.
    pub(crate) directories: Vec<Expr>,
    /// `DllImportSearchPath` names; the usual places if there are none.
    pub(crate) places: Vec<Ident>,
    /// The static that holds all imports of the block.
    pub(crate) table: Option<(Visibility, Ident)>,
    pub(crate) unload: bool,
    pub(crate) entry_point: Option<LitStr>,
    pub(crate) char_set: CharSet,
    pub(crate) exact_spelling: bool,
    pub(crate) set_last_error: bool,
    /// False: the native result is an `HRESULT`, the declared one comes through a last parameter.
    pub(crate) preserve_sig: bool,
    /// A missing function is `None`.
    pub(crate) optional: bool,
    /// The function invokes callbacks that were registered before.
    pub(crate) calls_back: bool,
    /// Of a callback type: functions of it can be called.
    pub(crate) callable: bool,
    /// The string behind `extern`.
    pub(crate) convention: LitStr,
    /// What a `bool` is, if not C's.
    pub(crate) boolean: Option<Box<Expr>>,
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
        let mut options = Options::new(convention);
        let entries = parse_entries(tokens)?;
        for entry in &entries {
            match entry {
                Entry::Library(name) => options.set_library(name)?,
                Entry::Table(visibility, name) => options.table = Some((visibility.clone(), name.clone())),
                Entry::Named(name, Value::None | Value::Expr(_) | Value::List(_))
                    if name == "entry_point" =>
                {
                    return Err(Error::new(
                        name.span(),
                        "`entry_point` belongs to one function: write `#[dll_import(entry_point = \"...\")]` before it",
                    ));
                }
                Entry::Named(name, value) if name == "unload" => options.unload = value.flag(name)?,
                Entry::Named(name, value) => options.set(name, value)?,
            }
        }
        if options.library.value().is_empty() {
            return Err(Error::new(Span::call_site(), "name the library first: `#[dll_import(\"libc\")]`"));
        }
        Ok(options)
    }

    fn new(convention: LitStr) -> Options {
        Options {
            library: LitStr::new("", Span::call_site()),
            has_own_library: false,
            directories: Vec::new(),
            places: Vec::new(),
            table: None,
            unload: false,
            entry_point: None,
            char_set: CharSet::Ansi,
            exact_spelling: false,
            set_last_error: false,
            preserve_sig: true,
            optional: false,
            calls_back: false,
            callable: false,
            convention,
            boolean: None,
        }
    }

    /// The options of a callback type.
    pub(crate) fn of_callback(tokens: TokenStream, convention: LitStr) -> Result<Options, Error> {
        let mut options = Options::new(convention);
        for entry in parse_entries(tokens)? {
            match entry {
                Entry::Named(name, value) if name == "callable" => options.callable = value.flag(&name)?,
                Entry::Named(name, value) if name == "char_set" || name == "bool" => {
                    options.set(&name, &value)?;
                }
                Entry::Named(name, _) | Entry::Table(_, name) => {
                    return Err(Error::new(
                        name.span(),
                        "unknown option: there are `char_set`, `bool` and `callable`",
                    ));
                }
                Entry::Library(name) => {
                    return Err(Error::new(name.span(), "a callback type belongs to no library"));
                }
            }
        }
        Ok(options)
    }

    /// Whether the convention is one of 32-bit x86, which elsewhere means the convention of C.
    pub(crate) fn is_x86_convention(&self) -> bool {
        is_x86_convention(&self.convention)
    }

    /// The options of a function of the block.
    pub(crate) fn of_function(&self, tokens: TokenStream) -> Result<Options, Error> {
        let mut options = self.clone();
        for entry in parse_entries(tokens)? {
            match entry {
                Entry::Library(name) => {
                    self.must_stay(name.span())?;
                    options.set_library(&name)?;
                    options.has_own_library = true;
                }
                Entry::Table(_, name) => return Err(of_the_block(&name)),
                Entry::Named(name, _) if name == "unload" => return Err(of_the_block(&name)),
                Entry::Named(name, value) => {
                    if name == "search" {
                        self.must_stay(name.span())?;
                        options.has_own_library = true;
                    }
                    options.set(&name, &value)?;
                }
            }
        }
        Ok(options)
    }

    /// Refuses another library in a block whose library is given back.
    fn must_stay(&self, span: Span) -> Result<(), Error> {
        if self.unload {
            return Err(Error::new(
                span,
                "the library of a block with `unload` is given back as a whole: put the function into a block of its own",
            ));
        }
        Ok(())
    }

    fn set_library(&mut self, name: &LitStr) -> Result<(), Error> {
        if name.value().is_empty() {
            return Err(Error::new(name.span(), "the library needs a name"));
        }
        self.library = name.clone();
        Ok(())
    }

    fn set_search(&mut self, name: &Ident, value: &Value) -> Result<(), Error> {
        (self.places, self.directories) = (Vec::new(), Vec::new());
        for entry in value.list(name)? {
            match &entry {
                Expr::Path(path) => self.places.push(place(path.path.require_ident()?)?),
                _ => self.directories.push(entry),
            }
        }
        Ok(())
    }

    /// The type that stands for the form of all values in `IntoNative<M>`.
    pub(crate) fn form(&self) -> TokenStream {
        let set = self.char_set.form();
        match &self.boolean {
            Some(boolean) => quote!(::pinvoke::marshal::Booleans<#set, #boolean>),
            None => set,
        }
    }

    fn set(&mut self, name: &Ident, value: &Value) -> Result<(), Error> {
        match name.to_string().as_str() {
            "entry_point" => self.entry_point = Some(value.string(name)?),
            "char_set" => self.char_set = CharSet::parse(&value.ident(name)?)?,
            "exact_spelling" => self.exact_spelling = value.flag(name)?,
            "set_last_error" => self.set_last_error = value.flag(name)?,
            "calls_back" => self.calls_back = value.flag(name)?,
            "convention" => self.convention = convention(name, value)?,
            "preserve_sig" => self.preserve_sig = value.flag(name)?,
            "optional" => self.optional = value.flag(name)?,
            "bool" => self.boolean = Some(value.path(name)?),
            "search" => self.set_search(name, value)?,
            other => {
                if let Some(here) = newcomers::option_of_dotnet(other) {
                    return Err(Error::new(name.span(), here));
                }
                if matches!(value, Value::None) && self.library.value().is_empty() {
                    return Err(Error::new(name.span(), format!("the library is a string: `\"{other}\"`")));
                }
                return Err(Error::new(
                    name.span(),
                    "unknown option: there are `entry_point`, `char_set`, `exact_spelling`, `set_last_error`, `preserve_sig`, `calls_back`, `optional`, `bool`, `convention` and `search`, and for a block `imports` and `unload`",
                ));
            }
        }
        Ok(())
    }
}

fn is_x86_convention(convention: &LitStr) -> bool {
    ["stdcall", "thiscall", "fastcall"].contains(&convention.value().as_str())
}

/// The type of an unsafe function with this convention; `rest` is what follows `fn`.
pub(crate) fn function_type(convention: &LitStr, rest: &TokenStream) -> TokenStream {
    if is_x86_convention(convention) {
        quote!(::pinvoke::x86_function!(#convention fn #rest))
    } else {
        quote!(unsafe extern #convention fn #rest)
    }
}

/// A convention as a string of Rust's, or by its .NET name.
fn convention(name: &Ident, value: &Value) -> Result<LitStr, Error> {
    if let Ok(text) = value.string(name) {
        return Ok(text);
    }
    let word = value.ident(name)?;
    let abi = match word.to_string().as_str() {
        "Winapi" => "system",
        "Cdecl" => "C",
        "StdCall" => "stdcall",
        "ThisCall" => "thiscall",
        "FastCall" => "fastcall",
        _ => {
            return Err(Error::new(
                word.span(),
                "unknown convention: write `Winapi`, `Cdecl`, `StdCall`, `ThisCall`, `FastCall`, or a string as behind `extern`",
            ));
        }
    };
    Ok(LitStr::new(abi, word.span()))
}

fn of_the_block(name: &Ident) -> Error {
    Error::new(name.span(), format!("`{name}` is about the whole block: write it there"))
}

/// A field of `SearchPlaces` for a member of `DllImportSearchPath`.
fn place(name: &Ident) -> Result<Ident, Error> {
    let field = match name.to_string().as_str() {
        "AssemblyDirectory" => "assembly_directory",
        "UseDllDirectoryForDependencies" => "use_dll_directory_for_dependencies",
        "ApplicationDirectory" => "application_directory",
        "UserDirectories" => "user_directories",
        "System32" => "system32",
        "SafeDirectories" => "safe_directories",
        _ => {
            return Err(Error::new(
                name.span(),
                "unknown place: write a directory as a string, or `AssemblyDirectory`, `ApplicationDirectory`, `UserDirectories`, `System32`, `SafeDirectories`, `UseDllDirectoryForDependencies`",
            ));
        }
    };
    Ok(Ident::new(field, name.span()))
}

enum Entry {
    Library(LitStr),
    /// `imports = pub NAME`.
    Table(Visibility, Ident),
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

    fn path(&self, name: &Ident) -> Result<Box<Expr>, Error> {
        match self {
            Value::Expr(e) if matches!(**e, Expr::Path(_)) => Ok(e.clone()),
            _ => Err(Error::new(name.span(), format!("write `{name} = Bool32`: a type"))),
        }
    }

    fn ident(&self, name: &Ident) -> Result<Ident, Error> {
        match self {
            Value::Expr(e) => match &**e {
                Expr::Path(path) => path.path.get_ident().cloned().ok_or_else(|| {
                    let last = path.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
                    Error::new_spanned(path, format!("write the name alone: `{name} = {last}`"))
                }),
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Err(Error::new(
                    text.span(),
                    format!("write the name without quotes: `{name} = {}`", text.value()),
                )),
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
        if name == "imports" {
            return Ok(Entry::Table(input.parse()?, input.parse()?));
        }
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
            Entry::Table(_, name) => ("imports".to_owned(), name.span()),
            Entry::Named(name, _) => (name.to_string(), name.span()),
        };
        if seen.contains(&key) {
            return Err(Error::new(span, "this is said twice"));
        }
        seen.push(key);
    }
    Ok(entries.into_iter().collect())
}
