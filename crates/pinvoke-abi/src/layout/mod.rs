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

/// Size, alignment and shape of a type on one target.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BitRange {
    /// First bit, 0 to 7.
    pub start: u32,
    /// Number of bits, at least 1.
    pub width: u32,
}

/// Why a layout cannot be made.
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
    #[must_use]
    pub const fn void() -> Layout {
        Layout { size: 0, align: 1, kind: Kind::Void }
    }

    /// An integer of `size` bytes (1, 2, 4, 8 or 16).
    #[must_use]
    pub const fn int(target: Target, size: u64, signed: bool) -> Layout {
        Layout { size, align: target.scalar_align(size), kind: Kind::Int { signed } }
    }

    /// C `_Bool`.
    #[must_use]
    pub const fn bool() -> Layout {
        Layout { size: 1, align: 1, kind: Kind::Bool }
    }

    /// `float` (4) or `double` (8).
    #[must_use]
    pub const fn float(target: Target, size: u64) -> Layout {
        Layout { size, align: target.scalar_align(size), kind: Kind::Float }
    }

    /// `long double`.
    #[must_use]
    pub const fn long_double(target: Target) -> Layout {
        match target.long_double() {
            LongDouble::Double => Layout::float(target, 8),
            LongDouble::X87 { size, align } => Layout { size, align, kind: Kind::X87 },
            LongDouble::Binary128 => Layout { size: 16, align: 16, kind: Kind::Float },
        }
    }

    /// `_Complex` of a floating type made by [`Layout::float`] or [`Layout::long_double`].
    #[must_use]
    pub const fn complex(part: &Layout) -> Layout {
        let x87 = matches!(part.kind, Kind::X87);
        Layout { size: part.size * 2, align: part.align, kind: Kind::Complex { x87 } }
    }

    /// A data or code pointer.
    #[must_use]
    pub const fn pointer(target: Target) -> Layout {
        let size = target.pointer_size();
        Layout { size, align: size, kind: Kind::Pointer }
    }

    /// `count` elements in a row.
    ///
    /// # Errors
    /// [`LayoutError::TooLarge`] if the size overflows.
    pub fn array(element: Layout, count: u64) -> Result<Layout, LayoutError> {
        let size = element.size.checked_mul(count).filter(|s| *s <= MAX_SIZE).ok_or(LayoutError::TooLarge)?;
        Ok(Layout { size, align: element.align, kind: Kind::Array { element: Arc::new(element), count } })
    }

    /// The same layout with at least this alignment, as `__attribute__((aligned(n)))` on a type.
    /// The size stays as it is.
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
            Kind::Int { .. } | Kind::Bool | Kind::Float | Kind::X87 | Kind::Pointer => self.size,
        }
    }

    /// Whether a value of this type has no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Whether this is a structure, union or array.
    #[must_use]
    pub const fn is_aggregate(&self) -> bool {
        matches!(self.kind, Kind::Array { .. } | Kind::Struct { .. } | Kind::Union { .. })
    }
}
