//! What a declared function returns, and what of that is failure.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, GenericArgument, PathArguments, ReturnType, Signature, Type};

use super::declaration::is_named;
use super::options::Options;

/// The form of a result, told by how the type is written.
pub(crate) enum ResultForm {
    /// The value; whatever else goes wrong is a panic.
    Plain(Type),
    /// `Result<T, E>`: failure as the declaration defines it, and whatever goes wrong.
    Checked { value: Type, whole: Box<Type> },
    /// `(T, LastError)`: both, as they came.
    WithError(Type),
    /// `Option<T>` of an optional import: `None` if there is no such function.
    Optional { value: Type, whole: Box<Type> },
}

/// What the native function returns, and when that is failure.
pub(crate) enum Failure {
    /// Never, by itself.
    Never,
    /// If `FromNative::is_failure` of the declared value says so.
    Usual,
    /// If this policy says so.
    Policy(TokenStream),
    /// As [`Failure::Policy`]; the native result tells nothing else.
    UnitPolicy(TokenStream),
    /// If the `HRESULT` says so; the declared value comes through a last parameter.
    Hresult,
}

impl ResultForm {
    pub(crate) fn parse(signature: &Signature, options: &Options) -> Result<ResultForm, Error> {
        let ReturnType::Type(_, ty) = &signature.output else {
            return match options.optional {
                true => Err(Error::new(signature.ident.span(), OPTION_WANTED)),
                false => Ok(ResultForm::Plain(syn::parse_quote!(()))),
            };
        };
        if options.optional {
            return match first_argument(ty).filter(|_| is_named(ty, "Option")) {
                Some(value) => Ok(ResultForm::Optional { value, whole: ty.clone() }),
                None => Err(Error::new_spanned(ty, OPTION_WANTED)),
            };
        }
        if let Type::Tuple(tuple) = &**ty
            && let [value, error] = &tuple.elems.iter().collect::<Vec<_>>()[..]
            && is_named(error, "LastError")
        {
            if !options.set_last_error {
                return Err(Error::new_spanned(
                    error,
                    "add `set_last_error` to the options: without it no error is captured",
                ));
            }
            return Ok(ResultForm::WithError((*value).clone()));
        }
        if is_named(ty, "Result") {
            let value = first_argument(ty).ok_or_else(|| {
                Error::new_spanned(ty, "write the type of the value: `Result<T, LastError>`")
            })?;
            return Ok(ResultForm::Checked { value, whole: ty.clone() });
        }
        Ok(ResultForm::Plain((**ty).clone()))
    }

    /// The value of the result, in Rust.
    pub(crate) fn value(&self) -> &Type {
        match self {
            ResultForm::Plain(value)
            | ResultForm::WithError(value)
            | ResultForm::Checked { value, .. }
            | ResultForm::Optional { value, .. } => value,
        }
    }

    /// The type that the Rust function returns.
    pub(crate) fn declared(&self) -> TokenStream {
        match self {
            ResultForm::Plain(value) => quote!(#value),
            ResultForm::Checked { whole, .. } | ResultForm::Optional { whole, .. } => quote!(#whole),
            ResultForm::WithError(value) => quote!((#value, ::pinvoke::LastError)),
        }
    }

    /// When the function has failed.
    pub(crate) fn failure(&self, policy: Option<&Type>, options: &Options) -> Result<Failure, Error> {
        let ResultForm::Checked { value, .. } = self else {
            if let Some(policy) = policy {
                return Err(Error::new_spanned(
                    policy,
                    "a failure needs a place: return `Result<T, pinvoke::Error>`",
                ));
            }
            return Ok(Failure::Never);
        };
        let is_unit = matches!(value, Type::Tuple(tuple) if tuple.elems.is_empty());
        Ok(match policy {
            Some(policy) if is_unit => Failure::UnitPolicy(quote!(#policy)),
            Some(policy) => Failure::Policy(quote!(#policy)),
            None if !options.preserve_sig => Failure::Hresult,
            None if !options.set_last_error => Failure::Never,
            None if is_unit && options.convention.value() == "system" => {
                Failure::UnitPolicy(quote!(::pinvoke::returns::False))
            }
            None if is_unit => Failure::UnitPolicy(quote!(::pinvoke::returns::MinusOne)),
            None => Failure::Usual,
        })
    }
}

const OPTION_WANTED: &str = "an optional import returns `Option<T>`: `None` if there is no such function";

/// `T` of `Path<T, ..>`.
fn first_argument(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    arguments.args.iter().find_map(|a| match a {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    })
}
