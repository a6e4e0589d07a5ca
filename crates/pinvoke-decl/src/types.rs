//! Resolved types: what a declared type is on one target, with its names and its layout.
//!
//! Types live in a [`TypeTable`] and refer to each other by [`TypeId`], so that
//! `struct node { struct node *next; }` needs no special case.

use std::sync::Arc;

use pinvoke_abi::layout::{BitRange, Layout};
use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::Target;

/// A type in a [`TypeTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(crate) u32);

/// One resolved type.
#[derive(Clone, Debug)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// Size, alignment and shape; `None` for functions and incomplete types, which exist only behind
    /// a pointer.
    pub layout: Option<Layout>,
    /// The name under which the declaration mentions it, if it is a typedef's (`size_t`).
    pub alias: Option<Arc<str>>,
    /// Whether it is `const`.
    pub is_const: bool,
    /// The keywords of an arithmetic type or `void` (`unsigned long`), which its size does not tell:
    /// `long` and `long long` may look the same.
    pub keywords: Option<&'static str>,
}

/// What a type is. Typedefs and qualifiers are already looked through.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `void`.
    Void,
    /// `_Bool`.
    Bool,
    /// Plain `char`: 1 byte, text where it stands behind a pointer.
    Char,
    /// `wchar_t`, `char16_t` or `char32_t`: one code unit of wide text.
    WideChar,
    /// Any other integer.
    Int {
        /// Whether it is signed.
        signed: bool,
    },
    /// `float`, `double` or `long double`: the layout tells which.
    Float,
    /// `_Complex`.
    Complex,
    /// An enumeration.
    Enum(Enumeration),
    /// A pointer to data or, if the pointee is a [`TypeKind::Function`], to code.
    Pointer {
        /// What it points at.
        to: TypeId,
    },
    /// An array; `len` is `None` for a flexible or incomplete one.
    Array {
        /// Element type.
        element: TypeId,
        /// Number of elements.
        len: Option<u64>,
    },
    /// A structure.
    Struct(Record),
    /// A union.
    Union(Record),
    /// A function.
    Function(FunctionType),
    /// A name without a definition: `FILE`, `struct foo` never defined.
    Opaque {
        /// The name as written, with its keyword (`struct foo`) if it has one.
        name: Arc<str>,
    },
}

/// A resolved enumeration.
#[derive(Clone, Debug)]
pub struct Enumeration {
    /// Its tag.
    pub tag: Option<Arc<str>>,
    /// Whether its integer type is signed.
    pub signed: bool,
    /// Names and values in declaration order.
    pub constants: Vec<(Arc<str>, i128)>,
}

/// A resolved structure or union.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its tag.
    pub tag: Option<Arc<str>>,
    /// Members in declaration order; unnamed bit-fields are left out.
    pub fields: Vec<RecordField>,
}

/// A member of a [`Record`].
#[derive(Clone, Debug)]
pub struct RecordField {
    /// Its name; `None` for an anonymous structure or union, whose members belong to the outer one.
    pub name: Option<Arc<str>>,
    /// Its type.
    pub ty: TypeId,
    /// Byte offset; for a bit-field, of the byte that holds its lowest bit.
    pub offset: u64,
    /// Set for a bit-field, counted from the lowest bit of that byte.
    pub bits: Option<BitRange>,
}

/// A resolved function type.
#[derive(Clone, Debug)]
pub struct FunctionType {
    /// Convention as declared.
    pub conv: CallConv,
    /// Parameters, arrays and functions already adjusted to pointers.
    pub params: Vec<Parameter>,
    /// Result.
    pub ret: TypeId,
    /// Whether it ends in `...`.
    pub variadic: bool,
}

/// A parameter of a [`FunctionType`].
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, if it was given one.
    pub name: Option<Arc<str>>,
    /// Its type after adjustment.
    pub ty: TypeId,
    /// The number of elements, if it was declared as an array of known length (`int v[4]`).
    pub declared_len: Option<u64>,
}

/// All types of a set of declarations on one target. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TypeTable {
    pub(crate) target: Target,
    pub(crate) types: Arc<Vec<Type>>,
}

impl TypeTable {
    /// The machine it was resolved for.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// The type behind an id of this table.
    ///
    /// # Panics
    /// If the id belongs to another table.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }
}

/// A variable of a library.
#[derive(Clone, Debug)]
pub struct ResolvedVariable {
    /// Name as declared.
    pub name: Arc<str>,
    /// Name to look up, if the declaration states another (`__asm__("name")`).
    pub entry_point: Option<Arc<str>>,
    /// Its type.
    pub ty: TypeId,
    /// The table its type lives in.
    pub types: TypeTable,
}

/// A function, ready to be planned and called.
#[derive(Clone, Debug)]
pub struct ResolvedFunction {
    /// Name as declared.
    pub name: Arc<str>,
    /// Name to look up, if the declaration states another (`__asm__("name")`).
    pub entry_point: Option<Arc<str>>,
    /// Its type.
    pub ty: FunctionType,
    /// The table its types live in.
    pub types: TypeTable,
}

impl ResolvedFunction {
    /// The signature of a call with these additional variable arguments, already promoted.
    ///
    /// # Panics
    /// If a parameter or the result has no layout; `resolve` never returns such a function.
    #[must_use]
    pub fn signature(&self, variable: &[Layout]) -> Signature {
        self.ty.signature(&self.types, variable)
    }
}

impl FunctionType {
    /// The signature of a call with these additional variable arguments, already promoted.
    ///
    /// # Panics
    /// If a parameter or the result has no layout; `resolve` never returns such a function.
    #[must_use]
    pub fn signature(&self, types: &TypeTable, variable: &[Layout]) -> Signature {
        let layout = |id: TypeId| types.get(id).layout.clone().expect("a resolved parameter has a layout");
        Signature {
            target: types.target,
            conv: self.conv,
            params: self.params.iter().map(|p| layout(p.ty)).chain(variable.iter().cloned()).collect(),
            ret: layout(self.ret),
            variadic_from: self.variadic.then_some(self.params.len()),
        }
    }
}
