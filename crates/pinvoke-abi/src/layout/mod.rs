//! Size, alignment and shape of a value in memory.
//!
//! A [`Layout`] is what a calling convention may look at: sizes, offsets and the kind of every
//! scalar inside. It knows no names; those belong to the declaration.
//!
//! Scalars come from constructors, aggregates from [`StructBuilder`] and [`Layout::union`], which
//! apply the rules of a [`Target`]: natural alignment, `packed`, `aligned`, bit-fields.

pub(crate) mod walk;

use std::fmt;
use std::sync::Arc;

use crate::target::{BitFieldRule, LongDouble, Target};

/// The largest size of a type, in bytes: objects above it cannot be indexed with `isize`.
pub const MAX_SIZE: u64 = i64::MAX as u64;

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
    let up = offset.checked_add(align - 1).ok_or(LayoutError::TooLarge)? & !(align - 1);
    if up > MAX_SIZE { Err(LayoutError::TooLarge) } else { Ok(up) }
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

/// Lays out a structure or union member by member.
///
/// ```
/// use pinvoke_abi::layout::{Layout, StructBuilder};
/// use pinvoke_abi::target::Target;
/// let t = Target::X86_64_LINUX;
/// let mut b = StructBuilder::new(t);
/// b.field(Layout::int(t, 1, true), None)?;
/// b.field(Layout::float(t, 8), None)?;
/// let s = b.finish(None)?;
/// assert_eq!((s.size, s.align), (16, 8));
/// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
/// ```
#[derive(Debug)]
pub struct StructBuilder {
    target: Target,
    union: bool,
    pack: Option<u64>,
    fields: Vec<Field>,
    /// End of what is laid out so far, in bits.
    bit_end: u64,
    align: u64,
    /// Largest end of any union member, in bytes.
    union_end: u64,
    /// The open storage unit under the Microsoft rule: its size in bits and its first bit.
    unit: Option<(u64, u64)>,
}

impl StructBuilder {
    /// A structure for `target`.
    #[must_use]
    pub fn new(target: Target) -> StructBuilder {
        StructBuilder {
            target,
            union: false,
            pack: None,
            fields: Vec::new(),
            bit_end: 0,
            align: 1,
            union_end: 0,
            unit: None,
        }
    }

    /// A union for `target`.
    #[must_use]
    pub fn new_union(target: Target) -> StructBuilder {
        StructBuilder { union: true, ..StructBuilder::new(target) }
    }

    /// Caps the alignment of the members that follow: `packed` is 1, `#pragma pack(n)` is n.
    ///
    /// # Errors
    /// [`LayoutError::BadAlignment`].
    pub fn pack(&mut self, align: u64) -> Result<&mut StructBuilder, LayoutError> {
        self.pack = Some(check_align(align)?);
        Ok(self)
    }

    /// Adds a member; `aligned` is its `__attribute__((aligned))` or `_Alignas`. Returns its index.
    ///
    /// # Errors
    /// [`LayoutError::TooLarge`], [`LayoutError::BadAlignment`].
    pub fn field(&mut self, layout: Layout, aligned: Option<u64>) -> Result<usize, LayoutError> {
        self.unit = None;
        let mut align = layout.align;
        if let Some(pack) = self.pack {
            align = align.min(pack);
        }
        if let Some(a) = aligned {
            align = align.max(check_align(a)?);
        }
        let end = self.bit_end.div_ceil(8);
        let offset = if self.union { 0 } else { align_up(end, align)? };
        let new_end =
            offset.checked_add(layout.size).filter(|e| *e <= MAX_SIZE / 8).ok_or(LayoutError::TooLarge)?;
        self.align = self.align.max(align);
        self.bit_end = new_end * 8;
        self.union_end = self.union_end.max(new_end);
        self.fields.push(Field { offset, layout, bits: None });
        Ok(self.fields.len() - 1)
    }

    /// Adds a bit-field of `width` bits; width 0 closes the current unit and adds no member.
    /// `named` is false for unnamed fields, which on some targets do not align the structure.
    ///
    /// # Errors
    /// [`LayoutError::BitFieldType`], [`LayoutError::BitFieldWidth`], [`LayoutError::TooLarge`].
    pub fn bit_field(
        &mut self,
        layout: Layout,
        width: u32,
        named: bool,
    ) -> Result<Option<usize>, LayoutError> {
        let limit = match layout.kind {
            Kind::Int { .. } => layout.size * 8,
            Kind::Bool => 1,
            _ => return Err(LayoutError::BitFieldType),
        };
        if u64::from(width) > limit {
            return Err(LayoutError::BitFieldWidth { width, limit });
        }
        match self.target.bit_fields() {
            BitFieldRule::SystemV => self.bit_field_sysv(layout, width, named),
            BitFieldRule::Microsoft => self.bit_field_ms(layout, width),
        }
    }

    /// System V psABI 3.1.2, "Bit-Fields": allocated right to left, never crossing a boundary of
    /// the declared type unless packed; unnamed ones do not affect the alignment of the structure.
    fn bit_field_sysv(
        &mut self,
        layout: Layout,
        width: u32,
        named: bool,
    ) -> Result<Option<usize>, LayoutError> {
        let unit = layout.size * 8;
        let natural = layout.align;
        let align = self.pack.map_or(natural, |p| natural.min(p));
        if self.union {
            self.bit_end = 0;
        }
        if width == 0 {
            self.bit_end = align_up(self.bit_end, natural * 8)?;
            return Ok(None);
        }
        let width64 = u64::from(width);
        let crosses = self.bit_end / unit != (self.bit_end + width64 - 1) / unit;
        if self.pack.is_none() && crosses {
            self.bit_end = align_up(self.bit_end, natural * 8)?;
        }
        let start = self.bit_end;
        self.bit_end += width64;
        if self.bit_end / 8 > MAX_SIZE / 8 {
            return Err(LayoutError::TooLarge);
        }
        if named {
            self.align = self.align.max(align);
        }
        self.push_bits(layout, start, width)
    }

    /// Microsoft: a bit-field joins the open unit if its declared size is the same and the bits
    /// still fit; else a new, aligned unit is opened that occupies its whole declared size.
    fn bit_field_ms(&mut self, layout: Layout, width: u32) -> Result<Option<usize>, LayoutError> {
        let unit = layout.size * 8;
        let align = self.pack.map_or(layout.align, |p| layout.align.min(p));
        if width == 0 {
            // Only a zero-width field directly behind a bit-field counts.
            if self.unit.take().is_some() && !self.union {
                self.bit_end = align_up(self.bit_end, align * 8)?;
                self.align = self.align.max(align);
            }
            return Ok(None);
        }
        let width64 = u64::from(width);
        let used =
            self.fields.last().and_then(|f| f.bits.map(|b| f.offset * 8 + u64::from(b.start + b.width)));
        let start = match (self.unit, used) {
            (Some((size, first)), Some(used))
                if !self.union && size == unit && used + width64 <= first + unit =>
            {
                used
            }
            _ => {
                let end = if self.union { 0 } else { self.bit_end };
                let first = align_up(end.div_ceil(8), align)? * 8;
                self.unit = Some((unit, first));
                self.bit_end = first + unit;
                first
            }
        };
        self.align = self.align.max(align);
        self.union_end = self.union_end.max(layout.size);
        self.push_bits(layout, start, width)
    }

    fn push_bits(&mut self, layout: Layout, start: u64, width: u32) -> Result<Option<usize>, LayoutError> {
        self.union_end = self.union_end.max((start + u64::from(width)).div_ceil(8));
        let bit = u32::try_from(start % 8).map_err(|_| LayoutError::TooLarge)?;
        self.fields.push(Field { offset: start / 8, layout, bits: Some(BitRange { start: bit, width }) });
        Ok(Some(self.fields.len() - 1))
    }

    /// Closes the aggregate; `aligned` is the attribute on the type itself.
    ///
    /// # Errors
    /// [`LayoutError::TooLarge`], [`LayoutError::BadAlignment`].
    pub fn finish(self, aligned: Option<u64>) -> Result<Layout, LayoutError> {
        let align = match aligned {
            Some(a) => self.align.max(check_align(a)?),
            None => self.align,
        };
        let end = if self.union { self.union_end } else { self.bit_end.div_ceil(8) };
        let size = align_up(end, align)?;
        let fields: Arc<[Field]> = self.fields.into();
        let kind = if self.union { Kind::Union { fields } } else { Kind::Struct { fields } };
        Ok(Layout { size, align, kind })
    }
}

/// The compact notation of [`crate::signature`], e.g. `{i32,f64}`.
impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({}, align {})", self.kind, self.size, self.align)
    }
}
