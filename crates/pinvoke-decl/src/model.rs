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
///
/// ```
/// use pinvoke_decl::model::Name;
/// use pinvoke_decl::span::Span;
///
/// let name = Name { text: "size".into(), span: Span { start: 4, end: 8 } };
/// assert_eq!(name.text.len(), (name.span.end - name.span.start) as usize);
/// ```
#[derive(Clone, Debug)]
pub struct Name {
    /// The name.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// A type that keywords name.
///
/// ```
/// use pinvoke_decl::model::{Base, Keyworded};
///
/// // However it is written: `unsigned long`, `long unsigned int`.
/// let base = Base::Keyworded(Keyworded::UnsignedLong);
/// assert!(matches!(base, Base::Keyworded(Keyworded::UnsignedLong)));
/// ```
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
///
/// ```
/// use pinvoke_decl::model::{Base, Name, TagKind};
/// use pinvoke_decl::span::Span;
///
/// // struct stat
/// let base = Base::Tag { kind: TagKind::Struct, name: Name { text: "stat".into(), span: Span::default() } };
/// let Base::Tag { kind, name } = base else { unreachable!("that is what it is") };
/// assert_eq!(format!("{} {}", kind.keyword(), name.text), "struct stat");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the C keywords")]
pub enum TagKind {
    Struct,
    Union,
    Enum,
}

impl TagKind {
    /// The keyword.
    ///
    /// ```
    /// use pinvoke_decl::model::TagKind;
    ///
    /// assert_eq!(
    ///     [TagKind::Struct, TagKind::Union, TagKind::Enum].map(TagKind::keyword),
    ///     ["struct", "union", "enum"]
    /// );
    /// ```
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
///
/// ```
/// use pinvoke_decl::model::{Base, Keyworded};
///
/// /// Whether a base says by itself what it is, before any name is looked up.
/// fn is_settled(base: &Base) -> bool {
///     match base {
///         Base::Keyworded(_) | Base::Record(_) | Base::Enum(_) => true,
///         Base::Typeof(inner) | Base::Atomic(inner) => is_settled(&inner.base),
///         Base::Vector(vector) => is_settled(&vector.element.base),
///         Base::Named(_) | Base::Tag { .. } | Base::Unsupported(_) => false,
///     }
/// }
/// assert!(is_settled(&Base::Keyworded(Keyworded::Int)));
/// assert!(!is_settled(&Base::Unsupported("_Decimal64".into())));
/// ```
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
    /// `_Atomic(type)`, or `_Atomic` beside the type.
    Atomic(Box<TypeFact>),
    /// `type __attribute__((vector_size(n)))` and its like.
    Vector(Box<VectorFact>),
    /// A type that is C and that this crate does not handle; the words say which.
    Unsupported(Arc<str>),
}

/// A vector type as written.
///
/// ```
/// use pinvoke_decl::model::{Base, Expr, Keyworded, Op, TypeFact, VectorFact, VectorLen};
/// use pinvoke_decl::span::Span;
///
/// // `float __attribute__((vector_size(16)))`
/// let span = Span::default();
/// let base = Base::Keyworded(Keyworded::Float);
/// let element = TypeFact { base, is_const: false, mode: None, derivations: Vec::new(), span };
/// let sixteen = Expr { ops: vec![(Op::Int { value: 16, ty: Keyworded::Int }, span)], span };
/// let vector = VectorFact { element, len: VectorLen::Bytes(sixteen) };
/// assert!(matches!(Base::Vector(vector.into()), Base::Vector(_)));
/// ```
#[derive(Clone, Debug)]
pub struct VectorFact {
    /// What it is a vector of.
    pub element: TypeFact,
    /// How long it is.
    pub len: VectorLen,
}

/// How long a vector is said to be.
///
/// ```
/// use pinvoke_decl::model::{Expr, Keyworded, Op, VectorLen};
/// use pinvoke_decl::span::Span;
///
/// // `float __attribute__((vector_size(16)))` and `float __attribute__((ext_vector_type(4)))` are one type.
/// let span = Span::default();
/// let number = |value| Expr { ops: vec![(Op::Int { value, ty: Keyworded::Int }, span)], span };
/// let (gnu, clang) = (VectorLen::Bytes(number(16)), VectorLen::Elements(number(4)));
/// assert!(matches!((gnu, clang), (VectorLen::Bytes(_), VectorLen::Elements(_))));
/// ```
#[derive(Clone, Debug)]
pub enum VectorLen {
    /// `vector_size(n)`.
    Bytes(Expr),
    /// `ext_vector_type(n)`, `neon_vector_type(n)`.
    Elements(Expr),
}

/// A type as written.
///
/// ```
/// use pinvoke_decl::model::{ArrayLen, Base, Derivation, Keyworded, TypeFact};
/// use pinvoke_decl::span::Span;
///
/// // `const char *names[]`: from the base outwards, a pointer to it and an array of those.
/// let names = TypeFact {
///     base: Base::Keyworded(Keyworded::Char),
///     is_const: true,
///     mode: None,
///     derivations: vec![
///         Derivation::Pointer { is_const: false },
///         Derivation::Array { len: ArrayLen::Unknown, span: Span::default() },
///     ],
///     span: Span { start: 0, end: 10 },
/// };
/// assert!(matches!(names.derivations.last(), Some(Derivation::Array { .. })));
/// ```
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
///
/// ```
/// use pinvoke_decl::model::{Keyworded, Mode};
///
/// /// What stands between the parentheses of `__attribute__((mode(..)))`.
/// fn mode(word: &str) -> Option<Mode> {
///     match word.trim_matches('_') {
///         "QI" => Some(Mode::Int(1)),
///         "DI" => Some(Mode::Int(8)),
///         "pointer" => Some(Mode::Pointer),
///         "DF" => Some(Mode::Float(Keyworded::Double)),
///         _ => None,
///     }
/// }
/// assert_eq!((mode("__DI__"), mode("pointer")), (Some(Mode::Int(8)), Some(Mode::Pointer)));
/// ```
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
///
/// ```
/// use pinvoke_decl::model::Derivation;
///
/// // `char *const *`: a pointer that is const, and one to it that is not.
/// let derivations = [Derivation::Pointer { is_const: true }, Derivation::Pointer { is_const: false }];
/// let constant = derivations.map(|step| matches!(step, Derivation::Pointer { is_const: true }));
/// assert_eq!(constant, [true, false]);
/// ```
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
///
/// ```
/// use pinvoke_decl::model::{ArrayLen, Expr, Keyworded, Op};
/// use pinvoke_decl::span::Span;
///
/// // [16] and []
/// let span = Span { start: 1, end: 3 };
/// let sixteen = Expr { ops: vec![(Op::Int { value: 16, ty: Keyworded::Int }, span)], span };
/// let known = [ArrayLen::Expr(sixteen), ArrayLen::Unknown].map(|len| matches!(len, ArrayLen::Expr(_)));
/// assert_eq!(known, [true, false]);
/// ```
#[derive(Clone, Debug)]
pub enum ArrayLen {
    /// `[]`, or something that only a parameter may say (`[*]`, `[.n]`).
    Unknown,
    /// An expression.
    Expr(Expr),
}

/// A parameter list and what is around it.
///
/// ```
/// use pinvoke_abi::signature::CallConv;
/// use pinvoke_decl::model::FunctionFact;
/// use pinvoke_decl::span::Span;
///
/// // `()` says nothing about parameters, `(void)` says that there are none.
/// let old = FunctionFact {
///     conv: CallConv::C,
///     params: Vec::new(),
///     variadic: false,
///     unspecified: true,
///     span: Span { start: 5, end: 7 },
/// };
/// let void = FunctionFact { unspecified: false, span: Span { start: 5, end: 11 }, ..old.clone() };
/// assert_eq!((old.params.len(), void.params.len()), (0, 0));
/// ```
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
///
/// ```
/// use pinvoke_decl::model::{ArrayLen, Base, Derivation, Keyworded, Name, ParamFact, TypeFact};
/// use pinvoke_decl::span::Span;
///
/// // `int v[]` is an array here still; resolving makes a pointer of it.
/// let (name, brackets) = (Span { start: 4, end: 5 }, Span { start: 5, end: 7 });
/// let param = ParamFact {
///     name: Some(Name { text: "v".into(), span: name }),
///     ty: TypeFact {
///         base: Base::Keyworded(Keyworded::Int),
///         is_const: false,
///         mode: None,
///         derivations: vec![Derivation::Array { len: ArrayLen::Unknown, span: brackets }],
///         span: Span { start: 0, end: 3 },
///     },
///     span: Span { start: 0, end: 7 },
/// };
/// assert_eq!(param.ty.span.to(brackets), param.span);
/// ```
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
///
/// ```
/// use pinvoke_decl::model::{Alignment, Expr, Keyworded, Op};
/// use pinvoke_decl::span::Span;
///
/// // __attribute__((aligned(64), aligned))
/// let span = Span { start: 23, end: 25 };
/// let number = Expr { ops: vec![(Op::Int { value: 64, ty: Keyworded::Int }, span)], span };
/// let aligned = [Alignment::Expr(number), Alignment::Largest];
/// assert!(matches!(&aligned[0], Alignment::Expr(expr) if expr.ops.len() == 1));
/// ```
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
///
/// ```
/// use pinvoke_decl::model::{Base, RecordFact, TagKind};
///
/// /// `struct stat { … }` as messages name it.
/// fn title(base: &Base) -> Option<String> {
///     let Base::Record(record) = base else { return None };
///     let RecordFact { kind, tag, .. } = &**record;
///     Some(format!("{} {}", kind.keyword(), tag.as_ref().map_or("{...}", |tag| &tag.text)))
/// }
/// assert_eq!(title(&Base::Unsupported("_Decimal64".into())), None);
/// assert_eq!(TagKind::Union.keyword(), "union");
/// ```
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
///
/// ```
/// use pinvoke_abi::target::{BitFieldRule, Target};
/// use pinvoke_decl::model::BitRule;
///
/// /// The rule for a structure: its attribute, else what its target does.
/// fn rule(stated: Option<BitRule>, target: Target) -> BitFieldRule {
///     match stated {
///         Some(BitRule::Microsoft) => BitFieldRule::Microsoft,
///         Some(BitRule::SystemV) => BitFieldRule::SystemV,
///         None => target.bit_fields(),
///     }
/// }
/// assert_eq!(rule(Some(BitRule::Microsoft), Target::X86_64_LINUX), BitFieldRule::Microsoft);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitRule {
    /// `ms_struct`.
    Microsoft,
    /// `gcc_struct`.
    SystemV,
}

/// A member of a structure or union.
///
/// ```
/// use pinvoke_decl::model::{Base, Expr, Keyworded, MemberFact, Op, TypeFact};
/// use pinvoke_decl::span::Span;
///
/// // `unsigned : 0;` has no name, and ends a unit of bit-fields.
/// let span = Span { start: 11, end: 12 };
/// let member = MemberFact {
///     name: None,
///     ty: TypeFact {
///         base: Base::Keyworded(Keyworded::UnsignedInt),
///         is_const: false,
///         mode: None,
///         derivations: Vec::new(),
///         span: Span { start: 0, end: 8 },
///     },
///     bits: Some(Expr { ops: vec![(Op::Int { value: 0, ty: Keyworded::Int }, span)], span }),
///     aligned: Vec::new(),
///     packed: false,
///     span: Span { start: 0, end: 12 },
/// };
/// assert!(member.name.is_none() && member.bits.is_some());
/// ```
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
///
/// ```
/// use pinvoke_decl::model::EnumFact;
///
/// /// Constants whose value nobody has written.
/// fn counted(fact: &EnumFact) -> impl Iterator<Item = &str> {
///     fact.constants.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| &*name.text)
/// }
/// # let _ = |fact: &EnumFact| counted(fact).count();
/// ```
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
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::model::DeclarationKind;
///
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// unit.parse("x.h", "typedef int number; extern number count; number next(void);");
/// let kinds: Vec<_> = unit.last_declared().map(|declared| declared.kind).collect();
/// assert_eq!(kinds, [DeclarationKind::Typedef, DeclarationKind::Variable, DeclarationKind::Function]);
/// ```
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
///
/// ```
/// use pinvoke_decl::model::{Declaration, DeclarationKind};
///
/// /// The name to look up in a library, if there is anything to look up.
/// fn symbol(declaration: &Declaration) -> Option<&str> {
///     let own = Some(&*declaration.name.text);
///     match declaration.kind {
///         DeclarationKind::Typedef => None,
///         DeclarationKind::Function | DeclarationKind::Variable => {
///             declaration.entry_point.as_deref().or(own)
///         }
///     }
/// }
/// # let _ = |declaration: &Declaration| symbol(declaration).is_some();
/// ```
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
///
/// ```
/// use pinvoke_decl::model::{Binary, Expr, Keyworded, Op};
/// use pinvoke_decl::span::Span;
///
/// // `1 << 4`: the operands first.
/// let (one, four) = (Span { start: 0, end: 1 }, Span { start: 5, end: 6 });
/// let int = |value| Op::Int { value, ty: Keyworded::Int };
/// let span = one.to(four);
/// let expr = Expr { ops: vec![(int(1), one), (int(4), four), (Op::Binary(Binary::ShiftLeft), span)], span };
/// assert!(matches!(expr.ops.last(), Some((Op::Binary(Binary::ShiftLeft), _))));
/// ```
#[derive(Clone, Debug)]
pub struct Expr {
    /// Operations; each takes its operands from, and leaves its result on, a stack.
    pub ops: Vec<(Op, Span)>,
    /// All of it.
    pub span: Span,
}

/// One operation of an [`Expr`].
///
/// ```
/// use pinvoke_decl::model::{Op, Unary};
///
/// /// By how much an operation makes the stack grow.
/// fn growth(op: &Op) -> i32 {
///     match op {
///         Op::Cast(_) | Op::Unary(_) => 0,
///         Op::Binary(_) => -1,
///         Op::Conditional => -2,
///         _ => 1,
///     }
/// }
/// // sizeof "abc" ? -1 : 2, in postfix order
/// let ops = [Op::Size(4), Op::Size(1), Op::Unary(Unary::Minus), Op::Size(2), Op::Conditional];
/// assert_eq!(ops.iter().map(growth).sum::<i32>(), 1); // the value
/// ```
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
///
/// ```
/// use pinvoke_decl::model::{Designator, Expr, Keyworded, Name, Op};
/// use pinvoke_decl::span::Span;
///
/// // offsetof(struct sigaction, sa_mask.__val[1])
/// let name = |text: &str| Designator::Member(Name { text: text.into(), span: Span::default() });
/// let span = Span::default();
/// let one = Expr { ops: vec![(Op::Int { value: 1, ty: Keyworded::Int }, span)], span };
/// let path = [name("sa_mask"), name("__val"), Designator::Index(one)];
/// assert_eq!(path.iter().filter(|step| matches!(step, Designator::Member(_))).count(), 2);
/// ```
#[derive(Clone, Debug)]
pub enum Designator {
    /// `.name`.
    Member(Name),
    /// `[index]`.
    Index(Expr),
}

/// A prefix operator.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::model::Unary;
///
/// let unit = Unit::new(Target::X86_64_LINUX);
/// let text = |operator: Unary| match operator {
///     Unary::Plus => "+",
///     Unary::Minus => "-",
///     Unary::Complement => "~",
///     Unary::Not => "!",
/// };
/// let of_five = |operator| unit.evaluate(&format!("{}5", text(operator)));
/// assert_eq!((of_five(Unary::Complement)?, of_five(Unary::Not)?), (-6, 0));
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the operators")]
pub enum Unary {
    Plus,
    Minus,
    Complement,
    Not,
}

/// An infix operator.
///
/// ```
/// use pinvoke_decl::model::Binary;
///
/// /// Whether the second operand may go unevaluated.
/// fn is_lazy(operator: Binary) -> bool {
///     matches!(operator, Binary::And | Binary::Or)
/// }
/// assert!(is_lazy(Binary::And) && !is_lazy(Binary::BitAnd));
/// ```
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
