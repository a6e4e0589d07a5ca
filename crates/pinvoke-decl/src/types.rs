//! Resolved types: what a declared type is on one target, with its names and its layout.
//!
//! Types live in a [`TypeTable`] and refer to each other by [`TypeId`], so that
//! `struct node { struct node *next; }` needs no special case.

use std::sync::Arc;

use pinvoke_abi::layout::{BitRange, Layout};
use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::Target;

/// A type in a [`TypeTable`].
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::types::TypeKind;
///
/// // A list that leads to itself needs no end.
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// unit.parse("list.h", "struct node { struct node *next; };");
/// let (types, node) = unit.type_named("struct node")?;
/// let TypeKind::Struct(record) = &types.get(node).kind else { unreachable!("it is a structure") };
/// let TypeKind::Pointer { to } = types.get(record.fields[0].ty).kind else { unreachable!("a pointer") };
/// assert_eq!(types.display(to).to_string(), "struct node");
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(crate) u32);

/// One resolved type.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let (types, id) = Unit::new(Target::X86_64_LINUX).type_named("const size_t")?;
/// let ty = types.get(id);
/// assert_eq!((ty.alias.as_deref(), ty.is_const), (Some("size_t"), true));
/// assert_eq!(ty.layout.as_ref().map(|layout| layout.size), Some(8));
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
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
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::types::{TypeId, TypeKind, TypeTable};
///
/// /// How many numbers a value holds.
/// fn numbers(types: &TypeTable, id: TypeId) -> u64 {
///     match &types.get(id).kind {
///         TypeKind::Int { .. } | TypeKind::Float => 1,
///         TypeKind::Complex => 2,
///         TypeKind::Vector { len, .. } => *len,
///         TypeKind::Array { element, len } => len.unwrap_or(0) * numbers(types, *element),
///         TypeKind::Struct(record) => record.fields.iter().map(|field| numbers(types, field.ty)).sum(),
///         _ => 0,
///     }
/// }
///
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// unit.parse("x.h", "struct sample { int id; double axes[3]; const char *name; };");
/// let (types, sample) = unit.type_named("struct sample")?;
/// assert_eq!(numbers(&types, sample), 4);
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
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
    /// A vector: `__m128`, `float32x4_t`, `__attribute__((vector_size(16)))`.
    Vector {
        /// Element type, an integer or `float` or `double`.
        element: TypeId,
        /// Number of elements.
        len: u64,
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
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::types::TypeKind;
///
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// unit.parse("x.h", "enum colour { RED = 1, GREEN, BLUE = RED << 2 };");
/// let (types, id) = unit.type_named("enum colour")?;
/// let TypeKind::Enum(colour) = &types.get(id).kind else { unreachable!("it is an enumeration") };
/// assert_eq!((colour.tag.as_deref(), colour.signed), (Some("colour"), false));
/// assert_eq!(colour.constants[2], ("BLUE".into(), 4));
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
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
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::types::TypeKind;
///
/// let (types, id) = Unit::new(Target::X86_64_LINUX).type_named("struct timespec")?;
/// let TypeKind::Struct(timespec) = &types.get(id).kind else { unreachable!("it is a structure") };
/// let names: Vec<_> = timespec.fields.iter().filter_map(|field| field.name.as_deref()).collect();
/// assert_eq!(names, ["tv_sec", "tv_nsec"]);
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Record {
    /// Its tag.
    pub tag: Option<Arc<str>>,
    /// Members in declaration order; unnamed bit-fields are left out.
    pub fields: Vec<RecordField>,
}

/// A member of a [`Record`].
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::types::TypeKind;
///
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// unit.parse("x.h", "struct packet { char kind; unsigned flags : 3; union { int number; float real; }; };");
/// let (types, id) = unit.type_named("struct packet")?;
/// let TypeKind::Struct(packet) = &types.get(id).kind else { unreachable!("it is a structure") };
/// let [kind, flags, value] = &packet.fields[..] else { unreachable!("it has three members") };
/// assert_eq!((kind.offset, flags.offset, value.offset), (0, 1, 4));
/// assert_eq!(flags.bits.map(|bits| bits.width), Some(3));
/// assert_eq!(value.name, None); // its members are those of the packet
///
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
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
///
/// ```
/// use pinvoke_abi::signature::CallConv;
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let mut unit = Unit::new(Target::X86_WINDOWS);
/// let function = unit.parse_prototype("int __stdcall send(char data[], int length)")?;
/// assert_eq!((function.ty.conv, function.ty.variadic), (CallConv::Stdcall, false));
/// // An array is passed as its address.
/// assert_eq!(function.types.display(function.ty.params[0].ty).to_string(), "char *");
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
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
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let function =
///     Unit::new(Target::X86_64_LINUX).parse_prototype("void cross(double a[3], const double *)")?;
/// let [first, second] = &function.ty.params[..] else { unreachable!("it has two") };
/// assert_eq!((first.name.as_deref(), first.declared_len), (Some("a"), Some(3)));
/// assert_eq!((second.name.as_deref(), second.declared_len), (None, None));
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
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
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let (types, id) = Unit::new(Target::X86_64_LINUX).type_named("off_t")?;
/// let kept = types.clone(); // shares the types, and needs the unit no more
/// assert_eq!(kept.display(id).to_string(), "off_t");
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TypeTable {
    pub(crate) target: Target,
    pub(crate) types: Arc<Vec<Type>>,
}

impl TypeTable {
    /// The machine it was resolved for.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let (types, _) = Unit::new(Target::AARCH64_MACOS).type_named("long")?;
    /// assert_eq!(types.target(), Target::AARCH64_MACOS);
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// The type behind an id of this table.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let size = |target, name| {
    ///     let (types, id) = Unit::new(target).type_named(name).unwrap();
    ///     types.get(id).layout.as_ref().map(|layout| layout.size)
    /// };
    /// assert_eq!(size(Target::X86_64_LINUX, "struct stat"), Some(144));
    /// assert_eq!(size(Target::X86_64_WINDOWS, "long"), Some(4));
    /// assert_eq!(size(Target::X86_64_LINUX, "FILE"), None); // nobody says what is in it
    /// ```
    ///
    /// # Panics
    /// If the id belongs to another table.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }
}

/// A variable of a library.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// unit.parse("unistd.h", "extern char **environ;");
/// let environ = unit.variable("environ")?;
/// assert_eq!(environ.types.declare(environ.ty, &environ.name).to_string(), "char **environ");
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
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
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// // How glibc renames a function for other standards:
/// unit.parse("stdio.h", "int sscanf(const char *s, const char *format, ...) __asm__(\"__isoc99_sscanf\");");
/// let sscanf = unit.function("sscanf")?;
/// assert_eq!((&*sscanf.name, sscanf.entry_point.as_deref()), ("sscanf", Some("__isoc99_sscanf")));
/// assert!(sscanf.ty.variadic);
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
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
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let target = Target::X86_64_LINUX;
    /// let printf = Unit::new(target).parse_prototype("int printf(const char *format, ...)")?;
    /// let signature = printf.signature(&[Layout::int(target, 4, true), Layout::float(target, 8)]);
    /// assert_eq!(signature.to_string(), "cdecl(ptr,...,i32,f64)->i32");
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
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
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    /// use pinvoke_decl::types::TypeKind;
    ///
    /// // Of a function that has no name: what a pointer leads to.
    /// let (types, id) = Unit::new(Target::X86_64_LINUX).type_named("int (*)(const void *, const void *)")?;
    /// let TypeKind::Pointer { to } = types.get(id).kind else { unreachable!("it is a pointer") };
    /// let TypeKind::Function(compare) = &types.get(to).kind else { unreachable!("to a function") };
    /// assert_eq!(compare.signature(&types, &[]).to_string(), "cdecl(ptr,ptr)->i32");
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
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
