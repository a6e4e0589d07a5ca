//! Size, alignment and shape of a value in memory.
//!
//! A [`Layout`] is what a calling convention may look at: sizes, offsets and the kind of every
//! scalar inside. It knows no names; those belong to the declaration.
//!
//! Scalars come from constructors, aggregates from [`StructBuilder`], which
//! applies the rules of a [`Target`]: natural alignment, `packed`, `aligned`, bit-fields.

mod builder;
pub(crate) mod walk;

pub use self::builder::StructBuilder;

use std::fmt;
use std::sync::Arc;

use crate::target::{LongDouble, Target};

/// The largest size of a type, in bytes: positions inside it can still be counted in bits.
pub const MAX_SIZE: u64 = 1 << 60;

/// The largest vector, in bytes: that of AVX-512.
pub const MAX_VECTOR: u64 = 64;

/// Size, alignment and shape of a type on one target.
///
/// ```
/// use pinvoke_abi::layout::{Kind, Layout};
/// use pinvoke_abi::target::Target;
///
/// // struct { char tag; double value; }
/// let layout = Layout::parse(Target::X86_64_LINUX, "{i8,f64}")?;
/// assert_eq!((layout.size, layout.align), (16, 8));
/// let Kind::Struct { fields } = &layout.kind else { unreachable!("it is a structure") };
/// assert_eq!(fields[1].offset, 8);
/// # Ok::<(), pinvoke_abi::signature::NotationError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Size in bytes, padding included.
    pub size: u64,
    /// Alignment in bytes, a power of two; 1 for `void`.
    pub align: u64,
    /// What the bytes mean.
    pub kind: Kind,
}

/// What the bytes of a value mean to a calling convention.
///
/// ```
/// use pinvoke_abi::layout::{Kind, Layout};
/// use pinvoke_abi::target::Target;
///
/// /// Whether a value has an address in it, so that it means nothing to another process.
/// fn has_pointer(layout: &Layout) -> bool {
///     match &layout.kind {
///         Kind::Pointer => true,
///         Kind::Array { element, .. } => has_pointer(element),
///         Kind::Struct { fields } | Kind::Union { fields } => {
///             fields.iter().any(|field| has_pointer(&field.layout))
///         }
///         _ => false,
///     }
/// }
///
/// let parse = |text| Layout::parse(Target::X86_64_LINUX, text);
/// assert!(has_pointer(&parse("{i32,[{i64|ptr};2]}")?));
/// assert!(!has_pointer(&parse("{i32,[f64;3]}")?));
/// # Ok::<(), pinvoke_abi::signature::NotationError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No value.
    Void,
    /// An integer of 1, 2, 4, 8 or 16 bytes.
    Int {
        /// Whether it is sign-extended when widened.
        signed: bool,
    },
    /// C `_Bool`: one byte that holds 0 or 1.
    Bool,
    /// IEEE binary32 (4 bytes), binary64 (8) or binary128 (16).
    Float,
    /// x87 extended precision: 10 bytes of value in 12 or 16 bytes of storage.
    X87,
    /// Real and imaginary part, each of this kind (`Float` or `X87`) and of half the size.
    Complex {
        /// Whether the parts are x87 values.
        x87: bool,
    },
    /// Numbers side by side in one register: `__m128`, `float32x4_t`, `__attribute__((vector_size(n)))`.
    Vector {
        /// Layout of one number, an integer or a floating-point number.
        element: Arc<Layout>,
        /// How many there are.
        count: u64,
    },
    /// An address of data or code.
    Pointer,
    /// `count` elements, one behind the other. A flexible array member has `count` 0.
    Array {
        /// Layout of one element.
        element: Arc<Layout>,
        /// Number of elements.
        count: u64,
    },
    /// Members one behind the other.
    Struct {
        /// Members in declaration order, zero-width bit-fields left out.
        fields: Arc<[Field]>,
    },
    /// Members all at the start, or at explicit offsets that may overlap.
    Union {
        /// Members in declaration order.
        fields: Arc<[Field]>,
    },
}

/// One member of a structure or union.
///
/// ```
/// use pinvoke_abi::layout::{Kind, Layout};
/// use pinvoke_abi::target::Target;
///
/// let Kind::Struct { fields } = Layout::parse(Target::X86_64_LINUX, "{i8,i32,u16:3}")?.kind else {
///     unreachable!("it is a structure")
/// };
/// let offsets: Vec<u64> = fields.iter().map(|field| field.offset).collect();
/// assert_eq!(offsets, [0, 4, 8]);
/// assert!(fields[1].bits.is_none() && fields[2].bits.is_some());
/// # Ok::<(), pinvoke_abi::signature::NotationError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Offset in bytes. For a bit-field, of the byte that holds its lowest bit.
    pub offset: u64,
    /// Layout of the declared type.
    pub layout: Layout,
    /// Set for a bit-field.
    pub bits: Option<BitRange>,
}

/// Where a bit-field lies, counted from the lowest bit of the byte at its [`Field::offset`].
///
/// ```
/// use pinvoke_abi::layout::{BitRange, Kind, Layout};
/// use pinvoke_abi::target::Target;
///
/// // struct { unsigned version : 4, header : 4, length : 16; }
/// let Kind::Struct { fields } = Layout::parse(Target::X86_64_LINUX, "{u32:4,u32:4,u32:16}")?.kind else {
///     unreachable!("it is a structure")
/// };
/// let (header, length) = (&fields[1], &fields[2]);
/// assert_eq!((header.offset, header.bits), (0, Some(BitRange { start: 4, width: 4 })));
/// assert_eq!((length.offset, length.bits), (1, Some(BitRange { start: 0, width: 16 })));
/// # Ok::<(), pinvoke_abi::signature::NotationError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BitRange {
    /// First bit, 0 to 7.
    pub start: u32,
    /// Number of bits, at least 1.
    pub width: u32,
}

/// Why a layout cannot be made.
///
/// ```
/// use pinvoke_abi::layout::{Layout, LayoutError};
/// use pinvoke_abi::target::Target;
///
/// let page = Layout::int(Target::X86_64_LINUX, 1, false);
/// assert_eq!(Layout::array(page.clone(), u64::MAX), Err(LayoutError::TooLarge));
/// assert_eq!(page.clone().with_min_align(24), Err(LayoutError::BadAlignment(24)));
/// let error = LayoutError::BitFieldWidth { width: 40, limit: 32 };
/// assert_eq!(error.to_string(), "a bit-field of 40 bits does not fit its type of 32 bits");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayoutError {
    /// The size would exceed [`MAX_SIZE`].
    TooLarge,
    /// An alignment that is not a power of two, or above 2^28.
    BadAlignment(u64),
    /// A bit-field on a type that is not an integer, `_Bool` or enumeration.
    BitFieldType,
    /// A bit-field wider than its type.
    BitFieldWidth {
        /// Bits asked for.
        width: u32,
        /// Bits its type has.
        limit: u64,
    },
    /// A vector of something that is no integer and no floating-point number of 1 to 16 bytes.
    VectorElement,
    /// A vector of so many bytes, which no compiler has: they are powers of two up to [`MAX_VECTOR`].
    VectorSize(u64),
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LayoutError::TooLarge => write!(f, "the type is larger than {MAX_SIZE} bytes"),
            LayoutError::BadAlignment(a) => {
                write!(f, "alignment {a} is not a power of two from 1 to 268435456")
            }
            LayoutError::BitFieldType => f.write_str("a bit-field must have an integer type"),
            LayoutError::BitFieldWidth { width, limit } => {
                write!(f, "a bit-field of {width} bits does not fit its type of {limit} bits")
            }
            LayoutError::VectorElement => {
                f.write_str("the elements of a vector must be integers, `float` or `double`")
            }
            LayoutError::VectorSize(size) => {
                write!(f, "a vector has 2, 4, 8 or so on to {MAX_VECTOR} bytes, not {size}")
            }
        }
    }
}

impl std::error::Error for LayoutError {}

const MAX_ALIGN: u64 = 1 << 28;

fn align_up(offset: u64, align: u64) -> Result<u64, LayoutError> {
    offset.checked_next_multiple_of(align).ok_or(LayoutError::TooLarge)
}

fn check_align(align: u64) -> Result<u64, LayoutError> {
    if align.is_power_of_two() && align <= MAX_ALIGN {
        Ok(align)
    } else {
        Err(LayoutError::BadAlignment(align))
    }
}

impl Layout {
    /// `void`: no bytes.
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// // void exit(int);
    /// let target = Target::X86_64_LINUX;
    /// let exit = Signature::new(target, vec![Layout::int(target, 4, true)], Layout::void());
    /// assert_eq!(exit.to_string(), "cdecl(i32)");
    /// ```
    #[must_use]
    pub const fn void() -> Layout {
        Layout { size: 0, align: 1, kind: Kind::Void }
    }

    /// An integer of `size` bytes (1, 2, 4, 8 or 16).
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    ///
    /// let long = |target: Target| Layout::int(target, target.long_size(), true);
    /// assert_eq!((long(Target::X86_64_LINUX).size, long(Target::X86_64_WINDOWS).size), (8, 4));
    /// // The alignment is that inside a structure, which is less than the size here:
    /// assert_eq!(Layout::int(Target::X86_LINUX, 8, false).align, 4);
    /// ```
    #[must_use]
    pub const fn int(target: Target, size: u64, signed: bool) -> Layout {
        Layout { size, align: target.scalar_align(size), kind: Kind::Int { signed } }
    }

    /// C `_Bool`.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Kind, Layout};
    ///
    /// // No integer: whoever reads it must look at all of its byte, and never sees 2.
    /// assert_eq!((Layout::bool().size, Layout::bool().kind), (1, Kind::Bool));
    /// ```
    #[must_use]
    pub const fn bool() -> Layout {
        Layout { size: 1, align: 1, kind: Kind::Bool }
    }

    /// `float` (4) or `double` (8).
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    ///
    /// let target = Target::AARCH64_LINUX;
    /// assert_eq!(Layout::float(target, 4).to_string(), "f32");
    /// assert_eq!((Layout::float(target, 8).size, Layout::float(target, 8).align), (8, 8));
    /// ```
    #[must_use]
    pub const fn float(target: Target, size: u64) -> Layout {
        Layout { size, align: target.scalar_align(size), kind: Kind::Float }
    }

    /// `long double`.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Kind, Layout};
    /// use pinvoke_abi::target::Target;
    ///
    /// let linux = Layout::long_double(Target::X86_64_LINUX);
    /// assert_eq!((linux.size, linux.align, linux.kind), (16, 16, Kind::X87));
    /// assert_eq!(Layout::long_double(Target::X86_64_WINDOWS), Layout::float(Target::X86_64_WINDOWS, 8));
    /// ```
    #[must_use]
    pub const fn long_double(target: Target) -> Layout {
        match target.long_double() {
            LongDouble::Double => Layout::float(target, 8),
            LongDouble::X87 { size, align } => Layout { size, align, kind: Kind::X87 },
            LongDouble::Binary128 => Layout { size: 16, align: 16, kind: Kind::Float },
        }
    }

    /// `_Complex` of a floating type made by [`Layout::float`] or [`Layout::long_double`].
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    ///
    /// // double _Complex
    /// let complex = Layout::complex(&Layout::float(Target::X86_64_LINUX, 8));
    /// assert_eq!((complex.size, complex.align), (16, 8));
    /// ```
    #[must_use]
    pub const fn complex(part: &Layout) -> Layout {
        let x87 = matches!(part.kind, Kind::X87);
        Layout { size: part.size * 2, align: part.align, kind: Kind::Complex { x87 } }
    }

    /// A data or code pointer.
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    ///
    /// assert_eq!(Layout::pointer(Target::X86_64_LINUX).size, 8);
    /// assert_eq!(Layout::pointer(Target::X86_LINUX).size, 4);
    /// ```
    #[must_use]
    pub const fn pointer(target: Target) -> Layout {
        let size = target.pointer_size();
        Layout { size, align: size, kind: Kind::Pointer }
    }

    /// `count` elements in a row.
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    ///
    /// // char name[65], a member of struct utsname
    /// let name = Layout::array(Layout::int(Target::X86_64_LINUX, 1, true), 65)?;
    /// assert_eq!((name.size, name.align, &*name.to_string()), (65, 1, "[i8;65]"));
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError::TooLarge`] if the size overflows.
    pub fn array(element: Layout, count: u64) -> Result<Layout, LayoutError> {
        let size = element.size.checked_mul(count).filter(|s| *s <= MAX_SIZE).ok_or(LayoutError::TooLarge)?;
        Ok(Layout { size, align: element.align, kind: Kind::Array { element: Arc::new(element), count } })
    }

    /// A vector of `count` numbers, as `__attribute__((vector_size(count * sizeof(element))))` makes one.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Layout, LayoutError};
    /// use pinvoke_abi::target::Target;
    ///
    /// // __m128
    /// let target = Target::X86_64_LINUX;
    /// let float = Layout::float(target, 4);
    /// let vector = Layout::vector(target, float.clone(), 4)?;
    /// assert_eq!((vector.size, vector.align, &*vector.to_string()), (16, 16, "<f32;4>"));
    /// assert_eq!(Layout::vector(target, float, 3), Err(LayoutError::VectorSize(12)));
    /// assert_eq!(Layout::vector(target, Layout::bool(), 16), Err(LayoutError::VectorElement));
    /// # Ok::<(), LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError::VectorElement`], [`LayoutError::VectorSize`].
    pub fn vector(target: Target, element: Layout, count: u64) -> Result<Layout, LayoutError> {
        if !matches!((&element.kind, element.size), (Kind::Int { .. } | Kind::Float, 1 | 2 | 4 | 8 | 16)) {
            return Err(LayoutError::VectorElement);
        }
        let size = element.size.saturating_mul(count);
        if !(2..=MAX_VECTOR).contains(&size) || !size.is_power_of_two() {
            return Err(LayoutError::VectorSize(size));
        }
        // Of the elements nobody asks how they would lie alone.
        let element = Arc::new(Layout { align: target.scalar_align(element.size), ..element });
        Ok(Layout { size, align: target.vector_align(size), kind: Kind::Vector { element, count } })
    }

    /// The same layout with at least this alignment, as `__attribute__((aligned(n)))` on a type.
    /// The size stays as it is.
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    ///
    /// // typedef int aligned __attribute__((aligned(16)));
    /// let int = Layout::int(Target::X86_64_LINUX, 4, true);
    /// let aligned = int.clone().with_min_align(16)?;
    /// assert_eq!((aligned.size, aligned.align), (4, 16));
    /// // It only ever grows:
    /// assert_eq!(int.clone().with_min_align(2)?, int);
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError::BadAlignment`].
    pub fn with_min_align(mut self, align: u64) -> Result<Layout, LayoutError> {
        self.align = self.align.max(check_align(align)?);
        Ok(self)
    }

    /// Alignment that the members of an aggregate have before an attribute of the aggregate itself
    /// raises it (AAPCS64 5.9.1), of a scalar that of its type. A packed structure whose attribute
    /// raises its alignment again cannot be told from one that is aligned by a member.
    pub(crate) fn member_align(&self) -> u64 {
        match &self.kind {
            Kind::Struct { fields } | Kind::Union { fields } => {
                fields.iter().map(|field| field.layout.align).max().unwrap_or(1).min(self.align)
            }
            Kind::Array { element, .. } => element.align,
            Kind::Complex { .. } => self.size / 2,
            Kind::Void => 1,
            Kind::Vector { .. } => self.size.min(16),
            Kind::Int { .. } | Kind::Bool | Kind::Float | Kind::X87 | Kind::Pointer => self.size,
        }
    }

    /// Whether a value of this type has no bytes.
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    ///
    /// assert!(Layout::void().is_empty());
    /// assert!(Layout::parse(Target::X86_64_LINUX, "{}")?.is_empty()); // GNU C has such structures
    /// assert!(!Layout::bool().is_empty());
    /// # Ok::<(), pinvoke_abi::signature::NotationError>(())
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Whether this is a structure, union or array.
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    ///
    /// let target = Target::X86_64_LINUX;
    /// assert!(Layout::parse(target, "{i32}")?.is_aggregate());
    /// // A complex number has two parts, a vector more, and they are scalars all the same.
    /// assert!(!Layout::parse(target, "c64")?.is_aggregate());
    /// assert!(!Layout::parse(target, "<f32;4>")?.is_aggregate());
    /// # Ok::<(), pinvoke_abi::signature::NotationError>(())
    /// ```
    #[must_use]
    pub const fn is_aggregate(&self) -> bool {
        matches!(self.kind, Kind::Array { .. } | Kind::Struct { .. } | Kind::Union { .. })
    }
}
