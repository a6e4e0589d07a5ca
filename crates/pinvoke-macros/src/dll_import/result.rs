//! What a declared function returns.

use syn::{Error, GenericArgument, PathArguments, ReturnType, Type};

use super::declaration::is_named;

/// The form of a result, told by how the type is written.
pub(crate) enum ResultForm {
    /// The value; whatever else goes wrong is a panic.
    Plain(Type),
    /// `Result<T, E>`: failure as the declaration defines it, and whatever goes wrong.
    Checked { value: Type, whole: Box<Type> },
    /// `(T, LastError)`: both, as they came.
    WithError(Type),
}

impl ResultForm {
    pub(crate) fn parse(output: &ReturnType) -> Result<ResultForm, Error> {
        let ReturnType::Type(_, ty) = output else {
            return Ok(ResultForm::Plain(syn::parse_quote!(())));
        };
        if let Type::Tuple(tuple) = &**ty
            && let [value, error] = &tuple.elems.iter().collect::<Vec<_>>()[..]
            && is_named(error, "LastError")
        {
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

    /// The value that native code returns, in Rust.
    pub(crate) fn value(&self) -> &Type {
        match self {
            ResultForm::Plain(value) | ResultForm::WithError(value) | ResultForm::Checked { value, .. } => {
                value
            }
        }
    }
}

/// `T` of `Path<T, ..>`.
fn first_argument(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    arguments.args.iter().find_map(|a| match a {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    })
}
