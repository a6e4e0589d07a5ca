//! What is known about marshalling before any value exists: which family converts a declared type, what
//! it accepts, in which directions, and who owns the memory.
//!
//! A prototype says `const char *path`, a caller says `"/tmp"`. Between the two stands a *marshaller*.
//! This module holds the facts, one row per family ([`Marshaller::facts`]), and applies them to a
//! function type: [`MarshalPlan::new`] gives one [`MarshalStep`] per parameter and one for the result.
//! The behaviour, which touches memory, lives in the runtime, one file per family; nothing here depends
//! on a value, and plans for any target can be computed on any host.
//!
//! The plan of `int stat(const char *path, struct stat *sb)`:
//!
//! | position | marshaller | direction |
//! |---|---|---|
//! | result | `Integer` | out |
//! | parameter 0 | `Text` | in |
//! | parameter 1 | `Elements` | in and out |

use std::fmt;

use pinvoke_abi::layout::Kind;
use pinvoke_abi::target::LongDouble;

use crate::types::{FunctionType, TypeId, TypeKind, TypeTable};

/// A family of types that are converted alike.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::marshaller::Marshaller;
///
/// let unit = Unit::new(Target::X86_64_LINUX);
/// let family = |text| unit.type_named(text).map(|(types, id)| Marshaller::of(&types, id));
/// assert_eq!(family("const char *")?, Marshaller::Text);
/// assert_eq!(family("struct stat *")?, Marshaller::Elements);
/// assert_eq!(family("FILE *")?, Marshaller::Handle); // only the library knows what is in it
///
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Marshaller {
    /// `void` as a result.
    Void,
    /// `_Bool`.
    Bool,
    /// Integers, characters by value included.
    Integer,
    /// Enumerations.
    Enumeration,
    /// `float`, `double`, `long double`.
    Float,
    /// `_Complex`.
    Complex,
    /// `__m128`, `float32x4_t`, `__attribute__((vector_size(16)))`.
    Vector,
    /// `char *`: a string that ends with a null character.
    Text,
    /// `wchar_t *`, `char16_t *`, `char32_t *`: the same in wide units.
    WideText,
    /// `void *`: bytes of any meaning, or an address.
    Bytes,
    /// A pointer to a type that is never defined: `FILE *`. An address that only the library understands.
    Handle,
    /// A pointer to values of a known type: one of them, or several in a row.
    Elements,
    /// An array in place, as a member or an element.
    Array,
    /// A structure in place.
    Structure,
    /// A union in place.
    Union,
    /// A pointer to a function.
    Callback,
}

/// What travels in the argument register or stack word.
///
/// ```
/// use pinvoke_decl::marshaller::{Marshaller, Native};
///
/// assert_eq!(Marshaller::Integer.facts().native, Native::Value);
/// assert_eq!(Marshaller::Text.facts().native, Native::Address);
/// assert_eq!(Marshaller::Void.facts().native, Native::Nothing);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Native {
    /// Nothing.
    Nothing,
    /// The value itself.
    Value,
    /// The address of memory that holds it.
    Address,
}

/// Which way a value is copied.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::marshaller::{Direction, MarshalPlan};
///
/// let function =
///     Unit::new(Target::X86_64_LINUX).parse_prototype("void add(int *sum, const int *summand)")?;
/// let plan = MarshalPlan::new(&function.types, &function.ty).expect("both can be passed");
/// // What is not const may come back changed.
/// assert_eq!(plan.params()[0].direction, Direction::InOut);
/// assert_eq!(plan.params()[1].direction, Direction::In);
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To native code, before the call.
    In,
    /// From native code, after the call.
    Out,
    /// Both.
    InOut,
}

/// Who frees native memory made for a value, unless the caller states otherwise.
///
/// ```
/// use pinvoke_decl::marshaller::{Marshaller, Ownership};
///
/// assert_eq!(Marshaller::Text.facts().ownership, Ownership::Call); // a copy, freed after the call
/// assert_eq!(Marshaller::Handle.facts().ownership, Ownership::Library); // what fopen gives, fclose takes
/// assert_eq!(Marshaller::Float.facts().ownership, Ownership::NoMemory);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ownership {
    /// There is none.
    NoMemory,
    /// Made for the call and freed after it; what the callee hands out is borrowed and only read.
    Call,
    /// Neither made nor freed here.
    Library,
}

/// The row of facts about one [`Marshaller`].
///
/// ```
/// use pinvoke_decl::marshaller::Marshaller;
///
/// // A table for people, with a row for each family:
/// for family in Marshaller::ALL {
///     let facts = family.facts();
///     println!("| {} | {} | {} |", facts.name, facts.types, facts.accepts);
/// }
/// assert_eq!(Marshaller::Bool.facts().accepts, "true, false, 0 or 1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The family in a word or two, for messages and tables.
    pub name: &'static str,
    /// The C types it stands for.
    pub types: &'static str,
    /// What a caller may give, completing "takes ...".
    pub accepts: &'static str,
    /// What travels.
    pub native: Native,
    /// Every direction it may be used in. A callback's arguments are `Out`, its result is `In`.
    pub directions: &'static [Direction],
    /// Who owns its memory by default.
    pub ownership: Ownership,
}

impl Marshaller {
    /// All families.
    pub const ALL: [Marshaller; 16] = [
        Marshaller::Void,
        Marshaller::Bool,
        Marshaller::Integer,
        Marshaller::Enumeration,
        Marshaller::Float,
        Marshaller::Complex,
        Marshaller::Vector,
        Marshaller::Text,
        Marshaller::WideText,
        Marshaller::Bytes,
        Marshaller::Handle,
        Marshaller::Elements,
        Marshaller::Array,
        Marshaller::Structure,
        Marshaller::Union,
        Marshaller::Callback,
    ];

    /// The family that converts a type.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    /// use pinvoke_decl::marshaller::Marshaller;
    ///
    /// let function =
    ///     Unit::new(Target::X86_64_LINUX).parse_prototype("void on_exit(void (*run)(int), wchar_t *name)")?;
    /// let families: Vec<_> =
    ///     function.ty.params.iter().map(|param| Marshaller::of(&function.types, param.ty)).collect();
    /// assert_eq!(families, [Marshaller::Callback, Marshaller::WideText]);
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    ///
    /// # Panics
    /// If `id` belongs to another table.
    #[must_use]
    pub fn of(types: &TypeTable, id: TypeId) -> Marshaller {
        match &types.get(id).kind {
            // Functions and opaque types have no values of their own: only a pointer to them is passed.
            TypeKind::Void | TypeKind::Function(_) | TypeKind::Opaque { .. } => Marshaller::Void,
            TypeKind::Bool => Marshaller::Bool,
            TypeKind::Char | TypeKind::WideChar | TypeKind::Int { .. } => Marshaller::Integer,
            TypeKind::Enum(_) => Marshaller::Enumeration,
            TypeKind::Float => Marshaller::Float,
            TypeKind::Complex => Marshaller::Complex,
            TypeKind::Vector { .. } => Marshaller::Vector,
            TypeKind::Array { .. } => Marshaller::Array,
            TypeKind::Struct(_) => Marshaller::Structure,
            TypeKind::Union(_) => Marshaller::Union,
            TypeKind::Pointer { to } => match &types.get(*to).kind {
                TypeKind::Char => Marshaller::Text,
                TypeKind::WideChar => Marshaller::WideText,
                TypeKind::Void => Marshaller::Bytes,
                TypeKind::Opaque { .. } => Marshaller::Handle,
                TypeKind::Function(_) => Marshaller::Callback,
                _ if types.get(*to).layout.is_none() => Marshaller::Handle,
                _ => Marshaller::Elements,
            },
        }
    }

    /// What is known about the family.
    ///
    /// ```
    /// use pinvoke_decl::marshaller::{Direction, Marshaller};
    ///
    /// let facts = Marshaller::Callback.facts();
    /// assert_eq!(facts.types, "a pointer to a function");
    /// // A value has no memory that could be changed, so it goes one way or the other.
    /// assert!(!facts.directions.contains(&Direction::InOut));
    /// ```
    #[must_use]
    pub const fn facts(self) -> Facts {
        use Direction::{In, InOut, Out};
        const ALL: &[Direction] = &[In, Out, InOut];
        const BY_VALUE: &[Direction] = &[In, Out];
        let (name, types, accepts, native, directions, ownership) = match self {
            Marshaller::Void => ("nothing", "void", "nothing", Native::Nothing, ALL, Ownership::NoMemory),
            Marshaller::Bool => {
                ("boolean", "_Bool", "true, false, 0 or 1", Native::Value, BY_VALUE, Ownership::NoMemory)
            }
            Marshaller::Integer => (
                "integer",
                "char to __int128, size_t, wchar_t",
                "an integer or a character",
                Native::Value,
                BY_VALUE,
                Ownership::NoMemory,
            ),
            Marshaller::Enumeration => (
                "enumeration",
                "enum",
                "the name of a constant or an integer",
                Native::Value,
                BY_VALUE,
                Ownership::NoMemory,
            ),
            Marshaller::Float => (
                "floating point",
                "float, double, long double",
                "a number",
                Native::Value,
                BY_VALUE,
                Ownership::NoMemory,
            ),
            Marshaller::Complex => (
                "complex",
                "float, double, long double _Complex",
                "a number or a complex number",
                Native::Value,
                BY_VALUE,
                Ownership::NoMemory,
            ),
            Marshaller::Vector => (
                "vector",
                "__m128, float32x4_t, vector_size",
                "an array of its numbers",
                Native::Value,
                BY_VALUE,
                Ownership::NoMemory,
            ),
            Marshaller::Text => (
                "text",
                "char *",
                "text, bytes, an array of characters, null, an address or a buffer (out[N])",
                Native::Address,
                ALL,
                Ownership::Call,
            ),
            Marshaller::WideText => (
                "wide text",
                "wchar_t *, char16_t *, char32_t *",
                "text, an array of characters, null, an address or a buffer (out[N])",
                Native::Address,
                ALL,
                Ownership::Call,
            ),
            Marshaller::Bytes => (
                "bytes",
                "void *",
                "text, bytes, null, an address, a function, a value with a stated type or a buffer (out[N])",
                Native::Address,
                ALL,
                Ownership::Call,
            ),
            Marshaller::Handle => (
                "handle",
                "a pointer to a type without a definition",
                "null or an address that the library gave out",
                Native::Address,
                BY_VALUE,
                Ownership::Library,
            ),
            Marshaller::Elements => (
                "elements",
                "T *",
                "an array, a structure, null, an address or a buffer (out, out[N])",
                Native::Address,
                ALL,
                Ownership::Call,
            ),
            Marshaller::Array => (
                "array",
                "T[N] in place",
                "an array (or text and bytes for characters)",
                Native::Value,
                BY_VALUE,
                Ownership::NoMemory,
            ),
            Marshaller::Structure => (
                "structure",
                "struct",
                "a structure {member: value, ...}",
                Native::Value,
                BY_VALUE,
                Ownership::NoMemory,
            ),
            Marshaller::Union => (
                "union",
                "union",
                "a union with one member {member: value}",
                Native::Value,
                BY_VALUE,
                Ownership::NoMemory,
            ),
            Marshaller::Callback => (
                "callback",
                "a pointer to a function",
                "a callback, a native function, null or an address",
                Native::Address,
                BY_VALUE,
                Ownership::Call,
            ),
        };
        Facts { name, types, accepts, native, directions, ownership }
    }
}

/// Where in a call a value stands.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::marshaller::{MarshalPlan, Position};
///
/// let function = Unit::new(Target::X86_64_LINUX).parse_prototype("int abs(int j)")?;
/// let plan = MarshalPlan::new(&function.types, &function.ty).expect("ints can be passed");
/// assert_eq!(plan.ret().position, Position::Result);
/// assert_eq!(plan.params()[0].position, Position::Parameter(0));
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// The result.
    Result,
    /// A named parameter, from 0.
    Parameter(usize),
}

/// How one value of a call is converted.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::marshaller::{MarshalPlan, Marshaller};
///
/// let function = Unit::new(Target::X86_64_LINUX).parse_prototype("int pipe(int fds[2])")?;
/// let plan = MarshalPlan::new(&function.types, &function.ty).expect("both can be passed");
/// let step = &plan.params()[0];
/// assert_eq!((step.marshaller, step.count), (Marshaller::Elements, Some(2)));
/// assert_eq!(function.types.display(step.ty).to_string(), "int *");
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarshalStep {
    /// Which value.
    pub position: Position,
    /// Its declared type.
    pub ty: TypeId,
    /// Its family.
    pub marshaller: Marshaller,
    /// Which way it is copied, unless the argument states otherwise (`out`).
    pub direction: Direction,
    /// Who owns its memory, unless the caller states otherwise.
    pub ownership: Ownership,
    /// Number of elements behind the pointer, where the declaration states it (`int fds[2]`).
    pub count: Option<u64>,
}

/// How every value of a call is converted: the result first, as it is converted first after the call,
/// then the parameters in order.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::marshaller::{MarshalPlan, Marshaller};
///
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// let stat = unit.parse_prototype("int stat(const char *path, struct stat *sb)")?;
/// let plan = MarshalPlan::new(&stat.types, &stat.ty).expect("all of it can be passed");
/// let families: Vec<_> = plan.params().iter().map(|step| step.marshaller).collect();
/// assert_eq!(
///     (plan.ret().marshaller, &*families),
///     (Marshaller::Integer, &[Marshaller::Text, Marshaller::Elements][..])
/// );
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarshalPlan {
    ret: MarshalStep,
    params: Vec<MarshalStep>,
}

/// A type that cannot be passed or returned by value.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::marshaller::{MarshalPlan, Position};
///
/// let function = Unit::new(Target::X86_64_LINUX).parse_prototype("double narrow(__float128 x)")?;
/// let error = MarshalPlan::new(&function.types, &function.ty).unwrap_err();
/// assert_eq!(error.position, Position::Parameter(0));
/// assert_eq!(error.reason, "is a 128-bit floating-point number, which no marshaller converts");
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// Which value.
    pub position: Position,
    /// Why.
    pub reason: &'static str,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Position::Result => write!(f, "the result {}", self.reason),
            Position::Parameter(i) => write!(f, "parameter {} {}", i + 1, self.reason),
        }
    }
}

impl std::error::Error for PlanError {}

impl MarshalPlan {
    /// The plan of a function type.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    /// use pinvoke_decl::marshaller::MarshalPlan;
    ///
    /// // For a target that is not at hand, before there is any value:
    /// let mut unit = Unit::new(Target::AARCH64_MACOS);
    /// let function = unit.parse_prototype("ssize_t read(int fd, void *buf, size_t count)")?;
    /// let plan = MarshalPlan::new(&function.types, &function.ty).expect("all of it can be passed");
    /// assert_eq!(plan.params().len(), 3);
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    ///
    /// # Errors
    /// [`PlanError`] for a parameter of type `void`, and for anything without a size by value.
    pub fn new(types: &TypeTable, function: &FunctionType) -> Result<MarshalPlan, PlanError> {
        let step = |position, ty: TypeId, count| {
            let marshaller = Marshaller::of(types, ty);
            let is_result = position == Position::Result;
            let reason = match (&types.get(ty).layout, marshaller) {
                (_, Marshaller::Array) => Some("is an array, which C does not pass by value"),
                (_, Marshaller::Void) if is_result && matches!(types.get(ty).kind, TypeKind::Void) => None,
                (None, _) => Some("has an incomplete type; it can only be passed by address"),
                (_, Marshaller::Void) => Some("has no value"),
                // Unless it is the `long double` of the machine.
                (Some(l), Marshaller::Float)
                    if l.size == 16
                        && matches!(l.kind, Kind::Float)
                        && types.target().long_double() != LongDouble::Binary128 =>
                {
                    Some("is a 128-bit floating-point number, which no marshaller converts")
                }
                (Some(_), _) => None,
            };
            if let Some(reason) = reason {
                return Err(PlanError { position, reason });
            }
            let direction = if is_result { Direction::Out } else { default_direction(types, ty, marshaller) };
            let ownership = marshaller.facts().ownership;
            Ok(MarshalStep { position, ty, marshaller, direction, ownership, count })
        };
        let ret = step(Position::Result, function.ret, None)?;
        let params = function
            .params
            .iter()
            .enumerate()
            .map(|(i, p)| step(Position::Parameter(i), p.ty, p.declared_len))
            .collect::<Result<_, _>>()?;
        Ok(MarshalPlan { ret, params })
    }

    /// The step of the result.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    /// use pinvoke_decl::marshaller::{MarshalPlan, Marshaller};
    ///
    /// let function = Unit::new(Target::X86_64_LINUX).parse_prototype("char *getenv(const char *name)")?;
    /// let plan = MarshalPlan::new(&function.types, &function.ty).expect("texts can be passed");
    /// assert_eq!(plan.ret().marshaller, Marshaller::Text);
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    #[must_use]
    pub fn ret(&self) -> &MarshalStep {
        &self.ret
    }

    /// The steps of the named parameters, in order.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    /// use pinvoke_decl::marshaller::MarshalPlan;
    ///
    /// // Only what is named has a step; what stands for the dots is known when there are values.
    /// let function = Unit::new(Target::X86_64_LINUX).parse_prototype("int printf(const char *format, ...)")?;
    /// let plan = MarshalPlan::new(&function.types, &function.ty).expect("texts can be passed");
    /// assert_eq!(plan.params().len(), 1);
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    #[must_use]
    pub fn params(&self) -> &[MarshalStep] {
        &self.params
    }
}

/// Values travel in; memory behind a pointer is copied back as well unless nothing in it can be written:
/// the pointee is `const`, and so is what its own pointers lead to. `const struct iovec *` leads to buffers
/// that are filled.
fn default_direction(types: &TypeTable, ty: TypeId, marshaller: Marshaller) -> Direction {
    let copied = matches!(
        marshaller,
        Marshaller::Text | Marshaller::WideText | Marshaller::Bytes | Marshaller::Elements
    );
    match &types.get(ty).kind {
        TypeKind::Pointer { to } if copied && (!types.get(*to).is_const || leads_out(types, *to, 0)) => {
            Direction::InOut
        }
        _ => Direction::In,
    }
}

/// Whether a value holds a pointer to data that may be written, by value or behind a constant pointer.
fn leads_out(types: &TypeTable, ty: TypeId, depth: u32) -> bool {
    // Deeper pointers are rare, and structures that contain pointers to themselves end here.
    const MAX_DEPTH: u32 = 8;
    if depth > MAX_DEPTH {
        return false;
    }
    match &types.get(ty).kind {
        TypeKind::Pointer { to } => {
            let data = !matches!(types.get(*to).kind, TypeKind::Function(_) | TypeKind::Opaque { .. });
            data && (!types.get(*to).is_const || leads_out(types, *to, depth + 1))
        }
        TypeKind::Array { element, .. } => leads_out(types, *element, depth + 1),
        TypeKind::Struct(record) | TypeKind::Union(record) => {
            record.fields.iter().any(|f| leads_out(types, f.ty, depth + 1))
        }
        _ => false,
    }
}
