//! What a declared function says: facts, before anything is emitted.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, Error, Expr, FnArg, ForeignItemFn, Generics, Ident, Lifetime, Pat, Safety, Token, Type,
    Variadic, Visibility,
};

use super::callback::{Closure, closure_type};
use super::length::{Count, CountOf, Counted};
use super::newcomers;
use super::options::Options;
use super::result::{Failure, ResultForm};
use super::returns::{self, Returns};

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
    /// Whose the result is, and how long.
    pub(crate) returns: Returns,
    /// Runs on a thread of its own.
    pub(crate) is_async: bool,
    pub(crate) options: Options,
}

/// One parameter of the native function.
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) kind: Kind,
    /// Whose is what native code puts there.
    pub(crate) returns: Option<Returns>,
}

/// What a parameter is.
pub(crate) enum Kind {
    /// A value that some `IntoNative<form>` converts.
    Value { ty: Box<Type>, form: TokenStream, is_null_terminated: bool },
    /// Room that native code fills, or an array that it replaces: some `Lend<form>`.
    Lent { ty: Box<Type>, form: TokenStream, room: Option<Box<Expr>>, is_buffer: bool },
    /// The count of another parameter or of the result; no parameter of the Rust function.
    Count(Box<Count>),
    /// A closure: the function calls it back.
    Closure(Box<Closure>),
    /// The tuple that stands for `...`; the last parameter.
    Variadic,
    /// The `void *` that the function hands to its callback; no parameter of the Rust function. Which
    /// callback, if that is said.
    UserData { of: Option<Ident> },
}

impl Kind {
    /// A value that `IntoNative<form>` converts as it is.
    pub(crate) fn value(ty: Type, form: TokenStream) -> Kind {
        Kind::Value { ty: Box::new(ty), form, is_null_terminated: false }
    }
}

impl Function {
    /// Reads a declaration.
    pub(crate) fn parse(item: &ForeignItemFn, block: &Options) -> Result<Function, Error> {
        let signature = &item.sig;
        let mut options = block.clone();
        let mut attributes = Vec::new();
        let mut policy: Option<Type> = None;
        let mut returns = None;
        for attribute in &item.attrs {
            if attribute.path().is_ident("dll_import") {
                options = block.of_function(attribute.parse_args()?)?;
            } else if attribute.path().is_ident("fails") {
                policy = Some(attribute.parse_args()?);
            } else if attribute.path().is_ident("returns") {
                if returns.replace(attribute.parse_args::<Returns>()?).is_some() {
                    return Err(Error::new_spanned(attribute, "this is said twice: join them with a comma"));
                }
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
        newcomers::check_result(result.value())?;
        let failure = result.failure(policy.as_ref(), &options)?;
        let mut function = Function {
            attributes,
            visibility: item.vis.clone(),
            is_unsafe: !matches!(signature.safety, Safety::Safe(_)),
            name: signature.ident.clone(),
            generics: signature.generics.clone(),
            parameters,
            result,
            failure,
            returns: returns.unwrap_or_default(),
            is_async,
            options,
        };
        function.lend_replaced();
        function.check()?;
        Ok(function)
    }
}

impl Function {
    /// Makes parameters whose length native code tells ones that lend.
    fn lend_replaced(&mut self) {
        let form = self.options.form();
        let counted: Vec<Ident> = self.parameters.iter().filter_map(Parameter::written_length_of).collect();
        for parameter in &mut self.parameters {
            let Some(returns) = &parameter.returns else { continue };
            if let Kind::Value { ty, .. } = &parameter.kind
                && (returns.len.is_some() || counted.contains(&parameter.name))
            {
                let (ty, form) = (ty.clone(), returns.replaced_form(&form));
                parameter.kind = Kind::Lent { ty, form, room: None, is_buffer: false };
            }
        }
    }

    /// Whether native code tells the length of a parameter.
    fn tells_length_of(&self, name: &Ident) -> bool {
        self.returns.len_of.as_ref().is_some_and(|of| of.name == *name)
            || self.parameters.iter().filter_map(Parameter::written_length_of).any(|of| of == *name)
    }

    /// Refuses what contradicts itself or leaves something unsaid.
    fn check(&self) -> Result<(), Error> {
        for parameter in &self.parameters {
            match &parameter.kind {
                Kind::Lent { ty, is_buffer: true, .. } => {
                    returns::check_buffer(ty, self.tells_length_of(&parameter.name))?;
                }
                Kind::Count(count) => count.check(self)?,
                _ => {}
            }
        }
        returns::check_len_of(self)?;
        returns::check_result(self, self.has_counted_result())
    }

    /// Whether the result is made of an address and a count.
    pub(crate) fn has_counted_result(&self) -> bool {
        let counts_result =
            |p: &Parameter| matches!(&p.kind, Kind::Count(count) if matches!(count.of, Counted::Return(_)));
        self.returns.len.is_some() || self.parameters.iter().any(counts_result)
    }

    /// The form of the result.
    pub(crate) fn result_form(&self) -> TokenStream {
        self.returns.form(&self.options.form())
    }

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
        Ok(Parameter { name, kind: Kind::Variadic, returns: None })
    }

    /// Refuses what a call on another thread could not keep alive.
    fn must_own(&self) -> Result<(), Error> {
        match &self.kind {
            Kind::Value { ty, .. } | Kind::Lent { ty, .. } => match &**ty {
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
            Kind::Closure(_) | Kind::UserData { .. } | Kind::Count(_) => Ok(()),
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
            return Ok(Parameter { name, kind: Kind::Closure(Box::new(closure)), returns: None });
        }
        if is_named(&argument.ty, "UserData") {
            let kind = Kind::UserData { of: owner_of_data(&argument.attrs)? };
            return Ok(Parameter { name, kind, returns: None });
        }
        let attributes = Attributes::parse(&argument.attrs)?;
        if attributes.form.is_none() {
            newcomers::check_parameter(&argument.ty)?;
        }
        attributes.parameter(name, &argument.ty, options)
    }

    /// The parameter whose length native code writes here.
    fn written_length_of(&self) -> Option<Ident> {
        match &self.kind {
            Kind::Count(count) if count.by_reference => match &count.of {
                Counted::Parameter(of) => Some(of.clone()),
                Counted::Return(_) => None,
            },
            _ => None,
        }
    }
}

/// What stands before a parameter of a value.
#[derive(Default)]
struct Attributes<'a> {
    form: Option<Type>,
    returns: Option<Returns>,
    /// Its room, if that is fixed.
    buffer: Option<Option<Expr>>,
    /// Of whom, and whether of its capacity.
    count: Option<(CountOf, bool)>,
    is_null_terminated: bool,
    last: Option<&'a Attribute>,
}

const PARAMETER_ATTRIBUTES: &str = "unknown attribute of a parameter: there are `#[marshal(...)]`, `#[returns(...)]`, `#[buffer]`, `#[len_of(...)]`, `#[capacity_of(...)]` and `#[null_terminated]`";

impl<'a> Attributes<'a> {
    fn parse(attributes: &'a [Attribute]) -> Result<Attributes<'a>, Error> {
        let mut all = Attributes::default();
        for attribute in attributes {
            let path = attribute.path();
            let is_new = if path.is_ident("marshal") {
                all.form.replace(attribute.parse_args()?).is_none()
            } else if path.is_ident("returns") {
                all.returns.replace(attribute.parse_args()?).is_none()
            } else if path.is_ident("buffer") {
                all.buffer.replace(returns::buffer(attribute)?).is_none()
            } else if path.is_ident("len_of") {
                all.count.replace((attribute.parse_args()?, false)).is_none()
            } else if path.is_ident("capacity_of") {
                all.count.replace((attribute.parse_args()?, true)).is_none()
            } else if path.is_ident("null_terminated") {
                attribute.meta.require_path_only()?;
                !core::mem::replace(&mut all.is_null_terminated, true)
            } else {
                return Err(Error::new_spanned(attribute, PARAMETER_ATTRIBUTES));
            };
            if !is_new {
                return Err(Error::new_spanned(attribute, "this is said twice"));
            }
            all.last = Some(attribute);
        }
        all.check()?;
        Ok(all)
    }

    /// Refuses attributes that contradict each other, at the last of them.
    fn check(&self) -> Result<(), Error> {
        let Some(last) = self.last else { return Ok(()) };
        let conflict = |message: &str| Err(Error::new_spanned(last, message));
        if self.count.is_some()
            && (self.form.is_some()
                || self.returns.is_some()
                || self.buffer.is_some()
                || self.is_null_terminated)
        {
            return conflict("a count is an integer and nothing else");
        }
        if self.buffer.is_some() && self.returns.is_some() {
            return conflict(
                "native code fills a `#[buffer]` of this side, or puts an address of its own there: it cannot do both",
            );
        }
        if self.form.is_some() && self.returns.is_some() {
            return conflict("write the form into `#[returns(...)]`, next to the owner");
        }
        if self.is_null_terminated && (self.buffer.is_some() || self.returns.is_some()) {
            return conflict("`#[null_terminated]` is for slices that native code reads");
        }
        Ok(())
    }

    fn parameter(self, name: Ident, ty: &Type, options: &Options) -> Result<Parameter, Error> {
        if let Some(Returns { len_of: Some(of), .. }) = &self.returns {
            return Err(Error::new(of.name.span(), "write `#[len_of(...)]` before the parameter"));
        }
        let of_the_declaration = options.form();
        let (own_form, returns) = (self.form.is_some(), self.returns);
        let form = match (&self.form, &returns) {
            (Some(form), _) => quote!(#form),
            (None, Some(returns)) => returns.form(&of_the_declaration),
            (None, None) => of_the_declaration,
        };
        let ty = Box::new(ty.clone());
        let kind = match (self.count, self.buffer) {
            (Some((of, is_capacity)), _) => Kind::Count(Box::new(Count::new(of, is_capacity, &ty)?)),
            (None, Some(room)) => Kind::Lent { ty, form, room: room.map(Box::new), is_buffer: true },
            (None, None) => {
                if !own_form {
                    returns::check_parameter(&ty, returns.as_ref())?;
                }
                Kind::Value { ty, form, is_null_terminated: self.is_null_terminated }
            }
        };
        Ok(Parameter { name, kind, returns })
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
