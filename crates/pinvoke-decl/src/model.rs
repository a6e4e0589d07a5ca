//! The declaration model: facts as written, before any name is looked up.
//!
//! A declared type is a base (`int`, `size_t`, `struct stat { … }`) and a list of derivations applied
//! to it one after the other, the one nearest to the base first:
//! `int (*fn[3])(void)` is `int`, function, pointer, array of 3.
//!
//! Constant expressions are kept in postfix order. Neither evaluating nor dropping one recurses, so a
//! sum of a million terms is as harmless as it is pointless.

use std::sync::Arc;

use pinvoke_abi::signature::CallConv;

use crate::span::{Source, Span};

/// A name and where it was written.
#[derive(Clone, Debug)]
pub struct Name {
    /// The name.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// A type that keywords name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the C types")]
pub enum Keyworded {
    Void,
    Bool,
    Char,
    SignedChar,
    UnsignedChar,
    Short,
    UnsignedShort,
    Int,
    UnsignedInt,
    Long,
    UnsignedLong,
    LongLong,
    UnsignedLongLong,
    Int128,
    UnsignedInt128,
    Float,
    Double,
    LongDouble,
    /// `_Float64x`: the extended type above `double`.
    Float64x,
    /// `_Float128`, `__float128`.
    Float128,
    ComplexFloat,
    ComplexDouble,
    ComplexLongDouble,
    ComplexFloat64x,
    ComplexFloat128,
}

/// `struct` or `union` or `enum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the C keywords")]
pub enum TagKind {
    Struct,
    Union,
    Enum,
}

impl TagKind {
    /// The keyword.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            TagKind::Struct => "struct",
            TagKind::Union => "union",
            TagKind::Enum => "enum",
        }
    }
}

/// What a type is derived from.
#[derive(Clone, Debug)]
pub enum Base {
    /// Keywords.
    Keyworded(Keyworded),
    /// A name that ought to be a typedef's.
    Named(Name),
    /// `struct stat` without a body.
    Tag {
        /// Which keyword.
        kind: TagKind,
        /// The tag.
        name: Name,
    },
    /// A structure or union with a body.
    Record(Arc<RecordFact>),
    /// An enumeration with a body.
    Enum(Arc<EnumFact>),
    /// `typeof(type)`.
    Typeof(Box<TypeFact>),
    /// A type that is C and that this crate does not handle; the words say which.
    Unsupported(Arc<str>),
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct TypeFact {
    /// What it is derived from.
    pub base: Base,
    /// Whether the base is `const`.
    pub is_const: bool,
    /// `__attribute__((mode(..)))`: the machine mode that replaces the size of the base.
    pub mode: Option<Mode>,
    /// Derivations, the one nearest to the base first.
    pub derivations: Vec<Derivation>,
    /// The specifiers; the declarator is not included.
    pub span: Span,
}

/// A machine mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An integer of so many bytes.
    Int(u8),
    /// An integer as wide as a pointer.
    Pointer,
    /// A floating type.
    Float(Keyworded),
}

/// One step from a type to a derived one.
#[derive(Clone, Debug)]
pub enum Derivation {
    /// A pointer to it.
    Pointer {
        /// Whether the pointer itself is `const`.
        is_const: bool,
    },
    /// An array of it.
    Array {
        /// Number of elements.
        len: ArrayLen,
        /// The brackets.
        span: Span,
    },
    /// A function that returns it.
    Function(Arc<FunctionFact>),
}

/// The number of elements as written.
#[derive(Clone, Debug)]
pub enum ArrayLen {
    /// `[]`, or something that only a parameter may say (`[*]`, `[.n]`).
    Unknown,
    /// An expression.
    Expr(Expr),
}

/// A parameter list and what is around it.
#[derive(Clone, Debug)]
pub struct FunctionFact {
    /// The convention stated.
    pub conv: CallConv,
    /// Parameters.
    pub params: Vec<ParamFact>,
    /// Whether it ends in `...`.
    pub variadic: bool,
    /// `()`: says nothing about parameters.
    pub unspecified: bool,
    /// The parentheses.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct ParamFact {
    /// Its name.
    pub name: Option<Name>,
    /// Its type before adjustment.
    pub ty: TypeFact,
    /// All of it.
    pub span: Span,
}

/// `__attribute__((aligned))`, `aligned(n)`, `_Alignas(n)`, `_Alignas(type)`.
#[derive(Clone, Debug)]
pub enum Alignment {
    /// `aligned` without a number: the largest the target has.
    Largest,
    /// A number of bytes.
    Expr(Expr),
    /// That of a type.
    Type(Box<TypeFact>),
}

/// A structure or union with its members.
#[derive(Debug)]
pub struct RecordFact {
    /// `struct` or `union`.
    pub kind: TagKind,
    /// Its tag.
    pub tag: Option<Name>,
    /// Members, unnamed ones included.
    pub members: Vec<MemberFact>,
    /// `__attribute__((packed))`.
    pub packed: bool,
    /// Alignment attributes on the type.
    pub aligned: Vec<Alignment>,
    /// `#pragma pack(n)` in force.
    pub pack: Option<u64>,
    /// `__attribute__((transparent_union))`.
    pub transparent: bool,
    /// `ms_struct` or `gcc_struct`, if stated.
    pub bit_rule: Option<BitRule>,
    /// A part of the body was not understood and has been reported.
    pub broken: bool,
    /// The text it is in.
    pub source: Arc<Source>,
    /// Keyword and tag.
    pub span: Span,
}

/// A bit-field layout asked for by attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitRule {
    /// `ms_struct`.
    Microsoft,
    /// `gcc_struct`.
    SystemV,
}

/// A member of a structure or union.
#[derive(Clone, Debug)]
pub struct MemberFact {
    /// Its name.
    pub name: Option<Name>,
    /// Its type.
    pub ty: TypeFact,
    /// Width of a bit-field.
    pub bits: Option<Expr>,
    /// Alignment attributes on the member.
    pub aligned: Vec<Alignment>,
    /// `packed` on the member.
    pub packed: bool,
    /// Where it is.
    pub span: Span,
}

/// An enumeration with its constants.
#[derive(Debug)]
pub struct EnumFact {
    /// Its tag.
    pub tag: Option<Name>,
    /// Names and, where written, values.
    pub constants: Vec<(Name, Option<Expr>)>,
    /// `enum e : type`.
    pub underlying: Option<TypeFact>,
    /// `__attribute__((packed))`.
    pub packed: bool,
    /// The text it is in.
    pub source: Arc<Source>,
    /// Keyword and tag.
    pub span: Span,
}

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeclarationKind {
    /// A name for a type.
    Typedef,
    /// A function.
    Function,
    /// A variable.
    Variable,
}

/// A declaration of one name.
#[derive(Debug)]
pub struct Declaration {
    /// What it declares.
    pub kind: DeclarationKind,
    /// The name.
    pub name: Name,
    /// Its type.
    pub ty: TypeFact,
    /// `__asm__("name")`.
    pub entry_point: Option<Arc<str>>,
    /// Alignment attributes.
    pub aligned: Vec<Alignment>,
    /// `transparent_union` on a typedef.
    pub transparent: bool,
    /// The text it is in.
    pub source: Arc<Source>,
}

/// A constant expression in postfix order.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Operations; each takes its operands from, and leaves its result on, a stack.
    pub ops: Vec<(Op, Span)>,
    /// All of it.
    pub span: Span,
}

/// One operation of an [`Expr`].
#[derive(Clone, Debug)]
pub enum Op {
    /// An integer or character constant.
    Int {
        /// Its value.
        value: i128,
        /// Its type.
        ty: Keyworded,
    },
    /// Something that has no integer value; evaluating it is an error with these words.
    NotInteger(&'static str),
    /// An enumeration constant or object-like macro.
    Name(Arc<str>),
    /// `sizeof(type)`.
    SizeOf(Box<TypeFact>),
    /// `_Alignof(type)`.
    AlignOf(Box<TypeFact>),
    /// `sizeof "text"` and the like: a size known at once.
    Size(u64),
    /// `offsetof(type, member.member[index])`.
    OffsetOf(Box<TypeFact>, Vec<Designator>),
    /// `(type)operand`.
    Cast(Box<TypeFact>),
    /// Takes one operand.
    Unary(Unary),
    /// Takes two.
    Binary(Binary),
    /// Takes condition, first and second choice.
    Conditional,
}

/// A step of an `offsetof` designator.
#[derive(Clone, Debug)]
pub enum Designator {
    /// `.name`.
    Member(Name),
    /// `[index]`.
    Index(Expr),
}

/// A prefix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the operators")]
pub enum Unary {
    Plus,
    Minus,
    Complement,
    Not,
}

/// An infix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the operators")]
pub enum Binary {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    ShiftLeft,
    ShiftRight,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
    Equal,
    NotEqual,
    BitAnd,
    BitXor,
    BitOr,
    And,
    Or,
}
