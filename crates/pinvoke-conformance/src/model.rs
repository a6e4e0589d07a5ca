//! The signatures that are tested, as data: what the generator makes, the shrinker cuts down and
//! the C text and the layouts are both derived from.

use pinvoke_abi::layout::Layout;
use pinvoke_abi::target::Arch;

use crate::convention::Convention;
use crate::machine::target;

/// A scalar C type. Several spellings of one layout are several scalars, for the front end's sake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Char,
    SChar,
    UChar,
    Short,
    UShort,
    Int,
    UInt,
    Long,
    ULong,
    LongLong,
    ULongLong,
    Int8,
    UInt16,
    UInt32,
    SizeT,
    Int128,
    UInt128,
    Bool,
    EnumUnsigned,
    EnumSigned,
    Float,
    Double,
    LongDouble,
    ComplexFloat,
    ComplexDouble,
    ComplexLongDouble,
    Pointer,
    ConstCharPointer,
    FunctionPointer,
    VectorFloat2,
    VectorFloat4,
    VectorLong2,
    VectorUChar8,
    VectorShort8,
}

/// What a scalar is apart from its spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Int { size: u64, signed: bool },
    Bool,
    Float { size: u64 },
    LongDouble,
    Complex { part: u64 },
    ComplexLongDouble,
    Pointer,
    Vector { element: Element, count: u64 },
}

/// What a vector is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    Int { size: u64, signed: bool },
    Float,
}

impl Element {
    pub(crate) fn layout(self) -> Layout {
        match self {
            Element::Int { size, signed } => Layout::int(target(), size, signed),
            Element::Float => Layout::float(target(), 4),
        }
    }
}

/// Whether vectors travel by value on the machine that is tested.
fn has_vectors() -> bool {
    matches!(target().arch, Arch::X86_64 | Arch::Aarch64)
}

impl Scalar {
    pub(crate) const ALL: [Scalar; 34] = [
        Scalar::Char,
        Scalar::SChar,
        Scalar::UChar,
        Scalar::Short,
        Scalar::UShort,
        Scalar::Int,
        Scalar::UInt,
        Scalar::Long,
        Scalar::ULong,
        Scalar::LongLong,
        Scalar::ULongLong,
        Scalar::Int8,
        Scalar::UInt16,
        Scalar::UInt32,
        Scalar::SizeT,
        Scalar::Int128,
        Scalar::UInt128,
        Scalar::Bool,
        Scalar::EnumUnsigned,
        Scalar::EnumSigned,
        Scalar::Float,
        Scalar::Double,
        Scalar::LongDouble,
        Scalar::ComplexFloat,
        Scalar::ComplexDouble,
        Scalar::ComplexLongDouble,
        Scalar::Pointer,
        Scalar::ConstCharPointer,
        Scalar::FunctionPointer,
        Scalar::VectorFloat2,
        Scalar::VectorFloat4,
        Scalar::VectorLong2,
        Scalar::VectorUChar8,
        Scalar::VectorShort8,
    ];

    /// Its spelling in C. The enumerations and the function pointer are typedefs or tags of
    /// [`crate::c_text::TYPES`].
    pub(crate) fn c_name(self) -> &'static str {
        match self {
            Scalar::Char => "char",
            Scalar::SChar => "signed char",
            Scalar::UChar => "unsigned char",
            Scalar::Short => "short",
            Scalar::UShort => "unsigned short",
            Scalar::Int => "int",
            Scalar::UInt => "unsigned",
            Scalar::Long => "long",
            Scalar::ULong => "unsigned long int",
            Scalar::LongLong => "long long",
            Scalar::ULongLong => "unsigned long long",
            Scalar::Int8 => "int8_t",
            Scalar::UInt16 => "uint16_t",
            Scalar::UInt32 => "uint32_t",
            Scalar::SizeT => "size_t",
            // The widest that there are, where C has no others.
            Scalar::Int128 if target().pointer_size() == 4 => "long long int",
            Scalar::UInt128 if target().pointer_size() == 4 => "unsigned long long int",
            Scalar::Int128 => "__int128",
            Scalar::UInt128 => "unsigned __int128",
            Scalar::Bool => "_Bool",
            Scalar::EnumUnsigned => "enum conf_u",
            Scalar::EnumSigned => "enum conf_s",
            Scalar::Float => "float",
            Scalar::Double => "double",
            Scalar::LongDouble => "long double",
            Scalar::ComplexFloat => "float _Complex",
            Scalar::ComplexDouble => "_Complex double",
            Scalar::ComplexLongDouble => "long double _Complex",
            Scalar::Pointer => "void *",
            Scalar::ConstCharPointer => "const char *",
            Scalar::FunctionPointer => "conf_fn",
            // One of the elements, where vectors are not passed by value.
            Scalar::VectorFloat2 | Scalar::VectorFloat4 if !has_vectors() => "float",
            Scalar::VectorLong2 if !has_vectors() => "signed long long",
            Scalar::VectorUChar8 if !has_vectors() => "uint8_t",
            Scalar::VectorShort8 if !has_vectors() => "int16_t",
            Scalar::VectorFloat2 => "conf_float2",
            Scalar::VectorFloat4 => "conf_float4",
            Scalar::VectorLong2 => "conf_long2",
            Scalar::VectorUChar8 => "conf_uchar8",
            Scalar::VectorShort8 => "conf_short8",
        }
    }

    pub(crate) fn shape(self) -> Shape {
        let int = |size, signed| Shape::Int { size, signed };
        let vector = |element, count| match element {
            _ if has_vectors() => Shape::Vector { element, count },
            Element::Int { size, signed } => Shape::Int { size, signed },
            Element::Float => Shape::Float { size: 4 },
        };
        let ints = |size, signed, count| vector(Element::Int { size, signed }, count);
        match self {
            Scalar::Char => int(1, target().char_signed()),
            Scalar::SChar | Scalar::Int8 => int(1, true),
            Scalar::UChar => int(1, false),
            Scalar::Short => int(2, true),
            Scalar::UShort | Scalar::UInt16 => int(2, false),
            Scalar::Int | Scalar::EnumSigned => int(4, true),
            Scalar::UInt | Scalar::UInt32 | Scalar::EnumUnsigned => int(4, false),
            Scalar::Long => int(target().long_size(), true),
            Scalar::ULong => int(target().long_size(), false),
            Scalar::SizeT => int(target().pointer_size(), false),
            Scalar::LongLong => int(8, true),
            Scalar::ULongLong => int(8, false),
            Scalar::Int128 if target().pointer_size() == 4 => int(8, true),
            Scalar::UInt128 if target().pointer_size() == 4 => int(8, false),
            Scalar::Int128 => int(16, true),
            Scalar::UInt128 => int(16, false),
            Scalar::Bool => Shape::Bool,
            Scalar::Float => Shape::Float { size: 4 },
            Scalar::Double => Shape::Float { size: 8 },
            Scalar::LongDouble => Shape::LongDouble,
            Scalar::ComplexFloat => Shape::Complex { part: 4 },
            Scalar::ComplexDouble => Shape::Complex { part: 8 },
            Scalar::ComplexLongDouble => Shape::ComplexLongDouble,
            Scalar::Pointer | Scalar::ConstCharPointer | Scalar::FunctionPointer => Shape::Pointer,
            Scalar::VectorFloat2 => vector(Element::Float, 2),
            Scalar::VectorFloat4 => vector(Element::Float, 4),
            Scalar::VectorLong2 => ints(8, true, 2),
            Scalar::VectorUChar8 => ints(1, false, 8),
            Scalar::VectorShort8 => ints(2, true, 8),
        }
    }

    pub(crate) fn layout(self) -> Layout {
        match self.shape() {
            Shape::Int { size, signed } => Layout::int(target(), size, signed),
            Shape::Bool => Layout::bool(),
            Shape::Float { size } => Layout::float(target(), size),
            Shape::LongDouble => Layout::long_double(target()),
            Shape::Complex { part } => Layout::complex(&Layout::float(target(), part)),
            Shape::ComplexLongDouble => Layout::complex(&Layout::long_double(target())),
            Shape::Pointer => Layout::pointer(target()),
            Shape::Vector { element, count } => Layout::vector(target(), element.layout(), count)
                .expect("8 and 16 bytes are a vector's sizes"),
        }
    }

    /// Whether the default argument promotions leave it as it is (C17 6.5.2.2).
    pub(crate) fn promoted(self) -> bool {
        match self.shape() {
            Shape::Int { size, .. } => size >= 4,
            Shape::Float { size } => size == 8,
            Shape::Bool => false,
            Shape::LongDouble
            | Shape::Complex { .. }
            | Shape::ComplexLongDouble
            | Shape::Pointer
            | Shape::Vector { .. } => true,
        }
    }

    /// Whether it may be the type of a bit-field.
    pub(crate) fn bit_width(self) -> Option<u32> {
        match self.shape() {
            Shape::Int { size, .. } if size <= 8 => u32::try_from(size * 8).ok(),
            Shape::Bool => Some(1),
            _ => None,
        }
    }
}

/// A type of a parameter, a result or a member.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ty {
    Scalar(Scalar),
    Record(Record),
    /// Only as a member or an element.
    Array(Box<Ty>, u64),
}

/// A structure or union.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) union: bool,
    pub(crate) packed: bool,
    pub(crate) aligned: Option<u64>,
    pub(crate) members: Vec<Member>,
}

/// A member of a [`Record`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) ty: Ty,
    /// Set for a bit-field.
    pub(crate) bits: Option<u32>,
    pub(crate) spelling: Spelling,
    pub(crate) aligned: Option<u64>,
}

/// How a member stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// With a name; a record type is defined before and used by its tag.
    Named,
    /// With a name; a record type is defined in place and has no tag.
    InPlace,
    /// Without a name: an anonymous record, or an unnamed bit-field.
    Unnamed,
}

/// A function type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prototype {
    pub(crate) convention: Convention,
    pub(crate) params: Vec<Ty>,
    /// `None` for `void`.
    pub(crate) ret: Option<Ty>,
    /// The number of parameters before `...`.
    pub(crate) variadic_from: Option<usize>,
}

impl Ty {
    /// Whether this type or anything inside it satisfies `test`.
    pub(crate) fn any(&self, test: &dyn Fn(&Ty) -> bool) -> bool {
        test(self)
            || match self {
                Ty::Scalar(_) => false,
                Ty::Array(element, _) => element.any(test),
                Ty::Record(record) => record.members.iter().any(|m| m.ty.any(test)),
            }
    }
}
