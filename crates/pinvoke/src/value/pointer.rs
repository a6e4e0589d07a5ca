//! Addresses that native code handed out: of data, and of functions.

use std::fmt;
use std::sync::Arc;

use pinvoke_decl::types::{FunctionType, TypeKind};

use super::TypeRef;
use crate::native::CodePtr;

/// An address of data. It may be null, dangling or a number that merely looks like an address (an opaque
/// handle): holding it is harmless, only a [`View`](super::View) made from it touches the memory.
#[derive(Clone, Debug)]
pub struct Pointer {
    address: usize,
    pointee: Option<TypeRef>,
}

impl Pointer {
    /// An address whose pointee is not known.
    #[must_use]
    pub fn new(address: usize) -> Pointer {
        Pointer { address, pointee: None }
    }

    /// An address of a value of this type.
    #[must_use]
    pub fn typed(address: usize, pointee: TypeRef) -> Pointer {
        Pointer { address, pointee: Some(pointee) }
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> usize {
        self.address
    }

    /// What the declaration says it points at.
    #[must_use]
    pub fn pointee(&self) -> Option<&TypeRef> {
        self.pointee.as_ref()
    }
}

/// Equal if the addresses are, whatever the types.
impl PartialEq for Pointer {
    fn eq(&self, other: &Pointer) -> bool {
        self.address == other.address
    }
}

impl Eq for Pointer {}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.address)
    }
}

/// A native function with the type under which it was met: a returned `void (*)(int)`, a member of a
/// structure of function pointers, an argument of a callback.
#[derive(Clone)]
pub struct FunctionPtr {
    code: CodePtr,
    ty: TypeRef,
    name: Arc<str>,
}

impl FunctionPtr {
    /// The function at `code`, taken to be of type `ty`; `None` if that is no function type.
    #[must_use]
    pub fn new(code: CodePtr, ty: TypeRef, name: Arc<str>) -> Option<FunctionPtr> {
        matches!(ty.kind(), TypeKind::Function(_)).then_some(FunctionPtr { code, ty, name })
    }

    /// Its address.
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.code
    }

    /// Its declared type.
    ///
    /// # Panics
    /// Never: the type of a `FunctionPtr` is a function type.
    #[must_use]
    pub fn function_type(&self) -> &FunctionType {
        match self.ty.kind() {
            TypeKind::Function(f) => f,
            other => unreachable!("a function pointer of type {other:?}"),
        }
    }

    /// Its declared type with the table that holds it.
    #[must_use]
    pub fn type_ref(&self) -> &TypeRef {
        &self.ty
    }

    /// A name for messages: where the pointer was met (`result of 'signal'`).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for FunctionPtr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionPtr").field("code", &self.code).field("name", &self.name).finish()
    }
}

/// Equal if the addresses are.
impl PartialEq for FunctionPtr {
    fn eq(&self, other: &FunctionPtr) -> bool {
        self.code == other.code
    }
}

impl Eq for FunctionPtr {}
