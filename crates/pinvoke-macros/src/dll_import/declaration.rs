//! What a declared function says: facts, before anything is emitted.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, Error, FnArg, ForeignItemFn, Generics, Ident, Lifetime, Pat, Safety, Token, Type, Variadic,
    Visibility,
};

use super::callback::{Closure, closure_type};
use super::options::Options;
use super::result::{Failure, ResultForm};

/// One function of the block.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) is_unsafe: bool,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) result: ResultForm,
    pub(crate) failure: Failure,
    /// Runs on a thread of its own.
    pub(crate) is_async: bool,
    pub(crate) options: Options,
}

/// One parameter of the native function.
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) kind: Kind,
}

/// What a parameter is.
pub(crate) enum Kind {
    /// A value that some `IntoNative<form>` converts.
    Value { ty: Box<Type>, form: TokenStream },
    /// A closure: the function calls it back.
    Closure(Box<Closure>),
    /// The tuple that stands for `...`; the last parameter.
    Variadic,
    /// The `void *` that the function hands to its callback; no parameter of the Rust function. Which
    /// callback, if that is said.
    UserData { of: Option<Ident> },
}

impl Function {
    /// Reads a declaration.
    pub(crate) fn parse(item: &ForeignItemFn, block: &Options) -> Result<Function, Error> {
        let signature = &item.sig;
        let mut options = block.clone();
        let mut attributes = Vec::new();
        let mut policy: Option<Type> = None;
        for attribute in &item.attrs {
            if attribute.path().is_ident("dll_import") {
                options = block.of_function(attribute.parse_args()?)?;
            } else if attribute.path().is_ident("fails") {
                policy = Some(attribute.parse_args()?);
            } else {
                attributes.push(attribute.clone());
            }
        }
        let mut parameters = Vec::new();
        for input in &signature.inputs {
            parameters.push(Parameter::parse(input, &options)?);
        }
        if let Some(variadic) = &signature.variadic {
            parameters.push(Parameter::variadic(variadic)?);
        }
        let is_async = signature.asyncness.is_some();
        if is_async {
            parameters.iter().try_for_each(Parameter::must_own)?;
        }
        let result = ResultForm::parse(signature, &options)?;
        if !options.preserve_sig && !matches!(result, ResultForm::Checked { .. }) {
            return Err(Error::new(
                signature.ident.span(),
                "without `preserve_sig` a failing HRESULT is an error: return `Result<T, pinvoke::Error>`",
            ));
        }
        let failure = result.failure(policy.as_ref(), &options)?;
        Ok(Function {
            attributes,
            visibility: item.vis.clone(),
            is_unsafe: !matches!(signature.safety, Safety::Safe(_)),
            name: signature.ident.clone(),
            generics: signature.generics.clone(),
            parameters,
            result,
            failure,
            is_async,
            options,
        })
    }
}

impl Function {
    /// Whether it ends in `...`.
    pub(crate) fn is_variadic(&self) -> bool {
        self.parameters.iter().any(|p| matches!(p.kind, Kind::Variadic))
    }
}

impl Parameter {
    fn variadic(dots: &Variadic) -> Result<Parameter, Error> {
        let name = match &dots.pat {
            None => Ident::new("arguments", dots.dots.spans[0]),
            Some((pattern, _)) => match &**pattern {
                Pat::Ident(pattern) => pattern.ident.clone(),
                other => return Err(Error::new_spanned(other, "give the arguments a name")),
            },
        };
        Ok(Parameter { name, kind: Kind::Variadic })
    }

    /// Refuses what a call on another thread could not keep alive.
    fn must_own(&self) -> Result<(), Error> {
        match &self.kind {
            Kind::Value { ty, .. } => match &**ty {
                Type::Reference(reference)
                    if reference.lifetime.as_ref().is_none_or(|l| l.ident != "static") =>
                {
                    Err(Error::new_spanned(
                        reference,
                        "an `async` import owns its arguments, so that they live as long as the call: write `String`, `Vec<T>`, `Box<T>` or `&'static T`",
                    ))
                }
                _ => Ok(()),
            },
            Kind::Variadic => {
                Err(Error::new(self.name.span(), "variable arguments and `async` do not go together"))
            }
            Kind::Closure(_) | Kind::UserData { .. } => Ok(()),
        }
    }

    fn parse(input: &FnArg, options: &Options) -> Result<Parameter, Error> {
        let FnArg::Typed(argument) = input else {
            return Err(Error::new_spanned(input, "a native function has no `self`"));
        };
        let Pat::Ident(pattern) = &*argument.pat else {
            return Err(Error::new_spanned(&argument.pat, "give the parameter a name"));
        };
        let name = pattern.ident.clone();
        if let Some(bounds) = closure_type(&argument.ty) {
            let closure = Closure::parse(&argument.ty, bounds, &argument.attrs, options)?;
            return Ok(Parameter { name, kind: Kind::Closure(Box::new(closure)) });
        }
        if is_named(&argument.ty, "UserData") {
            return Ok(Parameter { name, kind: Kind::UserData { of: owner_of_data(&argument.attrs)? } });
        }
        let mut form = options.form();
        for attribute in &argument.attrs {
            if attribute.path().is_ident("marshal") {
                let marker: Type = attribute.parse_args()?;
                form = quote!(#marker);
            } else {
                return Err(Error::new_spanned(
                    attribute,
                    "unknown attribute of a parameter: there is `#[marshal(...)]`",
                ));
            }
        }
        Ok(Parameter { name, kind: Kind::Value { ty: argument.ty.clone(), form } })
    }
}

/// The callback of `#[user_data_of(name)]`.
fn owner_of_data(attributes: &[Attribute]) -> Result<Option<Ident>, Error> {
    match attributes {
        [] => Ok(None),
        [attribute] if attribute.path().is_ident("user_data_of") => attribute.parse_args().map(Some),
        [attribute, ..] => {
            Err(Error::new_spanned(attribute, "user data has one attribute: `#[user_data_of(callback)]`"))
        }
    }
}

/// Whether a type is a path that ends in this name.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == name))
}

/// The type with `'static` for every lifetime: what it takes to name a trait's associated type where no
/// lifetime is in scope.
pub(crate) fn with_static_lifetimes(ty: &Type) -> Type {
    struct Static;
    impl VisitMut for Static {
        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            reference.lifetime = Some(Lifetime::new("'static", reference.and_token.span));
            syn::visit_mut::visit_type_reference_mut(self, reference);
        }
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            *lifetime = Lifetime::new("'static", lifetime.span());
        }
    }
    let mut ty = ty.clone();
    Static.visit_type_mut(&mut ty);
    ty
}

/// `unsafe`, if the function is.
pub(crate) fn unsafety(is_unsafe: bool) -> Option<Token![unsafe]> {
    is_unsafe.then(Default::default)
}
