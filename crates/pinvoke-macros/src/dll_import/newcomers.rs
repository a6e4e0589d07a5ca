//! What those write who come from Rust alone, or from .NET: refused with what to write instead.
//!
//! The compiler refuses these types as well, for want of a conversion; it cannot say which of the many that there are
//! was meant.

use syn::visit::{self, Visit};
use syn::{Error, Type, TypeParamBound};

/// A parameter of a type that has an obvious counterpart.
pub(super) fn check_parameter(ty: &Type) -> Result<(), Error> {
    if let Type::Array(array) = ty {
        return Err(Error::new_spanned(
            array,
            "C passes the address of an array: write `&[T; N]`, or `&mut [T; N]` if it is changed",
        ));
    }
    check(ty)
}

/// The same for a result.
pub(super) fn check_result(ty: &Type) -> Result<(), Error> {
    if let Type::Array(array) = ty {
        return Err(Error::new_spanned(
            array,
            "C returns no array: write `&'static [T; N]` for its address, or a structure that has it as a member",
        ));
    }
    check(ty)
}

fn check(ty: &Type) -> Result<(), Error> {
    match ty {
        Type::Slice(slice) => {
            return Err(Error::new_spanned(
                slice,
                "elements stand behind a reference: write `&[T]` or `&mut [T]`",
            ));
        }
        Type::Path(path) if path.path.is_ident("str") => {
            return Err(Error::new_spanned(path, "text stands behind a reference: write `&str`"));
        }
        _ => {}
    }
    struct Closures(Option<Error>);
    impl Visit<'_> for Closures {
        fn visit_type_trait_object(&mut self, object: &syn::TypeTraitObject) {
            let is_closure = |bound: &TypeParamBound| match bound {
                TypeParamBound::Trait(bound) => bound
                    .path
                    .segments
                    .last()
                    .is_some_and(|s| ["Fn", "FnMut", "FnOnce"].iter().any(|f| s.ident == f)),
                _ => false,
            };
            if object.bounds.iter().any(is_closure) {
                self.0.get_or_insert(Error::new_spanned(
                    object,
                    "native code takes an address: write `impl FnMut(..) -> ..` for a closure that lives as long as the call, and `Function<'_, T>` of a `#[callback]` type for one that may outlive it",
                ));
            }
        }
        fn visit_type_fn_ptr(&mut self, function: &syn::TypeFnPtr) {
            if function.abi.is_none() {
                self.0.get_or_insert(Error::new_spanned(
                    function.fn_token,
                    "native code calls by a convention of its own: write `unsafe extern \"C\" fn(..) -> ..`, or `impl FnMut(..) -> ..` for a closure",
                ));
            }
            visit::visit_type_fn_ptr(self, function);
        }
    }
    let mut closures = Closures(None);
    closures.visit_type(ty);
    closures.0.map_or(Ok(()), Err)
}

/// What a field of .NET's attributes is called here.
pub(super) fn option_of_dotnet(name: &str) -> Option<&'static str> {
    Some(match name {
        "SetLastError" => "it is called `set_last_error` here",
        "EntryPoint" => "it is called `entry_point` here, before one function",
        "CharSet" | "StringMarshalling" => "it is called `char_set` here: `char_set = Unicode`",
        "ExactSpelling" => "it is called `exact_spelling` here",
        "PreserveSig" => "it is called `preserve_sig` here",
        "CallingConvention" => {
            "it is called `convention` here: `convention = StdCall`; or write it behind `extern`"
        }
        "DefaultDllImportSearchPaths" | "DllImportSearchPath" => {
            "it is called `search` here: `search = [AssemblyDirectory]`"
        }
        "BestFitMapping" | "ThrowOnUnmappableChar" => {
            "leave it out: a character that the encoding does not have is an error, without best fit"
        }
        _ => return None,
    })
}
