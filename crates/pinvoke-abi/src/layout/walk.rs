//! The scalars inside a layout, whatever the nesting: what classification and verification look at.

use super::{BitRange, Kind, Layout};

/// Structures, unions and arrays inside each other, at most.
pub(crate) const MAX_DEPTH: u32 = 200;

/// Scalars visited in one walk, at most. Unions of unions have exponentially many.
const MAX_VISITS: u32 = 1 << 16;

/// Something inside a layout that is not made of members.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar<'a> {
    /// First byte, counted from the start of the outermost value.
    pub(crate) offset: u64,
    /// Layout of the declared type.
    pub(crate) layout: &'a Layout,
    /// Set for a bit-field, counted from the lowest bit of the byte at `offset`.
    pub(crate) bits: Option<BitRange>,
    /// Whether it is directly a member of a union.
    pub(crate) in_union: bool,
    /// Set if it would be inside the first element of an array that has none: where the array lies. It
    /// has no bytes then, but an ABI may ask whether it is aligned.
    pub(crate) absent: Option<u64>,
}

/// Why a walk ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Nested deeper than [`MAX_DEPTH`] or more than [`MAX_VISITS`] scalars.
    TooComplex,
    /// A scalar of a size that its kind does not have, or an alignment that is no power of two.
    BadScalar,
    /// A member that reaches beyond the end of its aggregate.
    Outside,
    /// A scalar that the machine does not have.
    Foreign,
    /// A vector that does not travel by value, and why.
    Vector(&'static str),
}

/// Calls `visit` for every scalar of `layout`, in declaration order.
///
/// Every scalar that is reported has a size that its kind allows and, unless it is absent, lies inside
/// `layout`.
pub(crate) fn scalars<'a>(layout: &'a Layout, visit: &mut dyn FnMut(Scalar<'a>)) -> Result<(), Malformed> {
    let mut left = MAX_VISITS;
    let place = Place { offset: 0, limit: layout.size, in_union: false, absent: None };
    walk(layout, place, MAX_DEPTH, &mut left, visit)
}

/// Where a part lies.
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    /// End of the aggregate around it.
    limit: u64,
    in_union: bool,
    absent: Option<u64>,
}

fn walk<'a>(
    layout: &'a Layout,
    place: Place,
    depth: u32,
    left: &mut u32,
    visit: &mut dyn FnMut(Scalar<'a>),
) -> Result<(), Malformed> {
    let Place { offset, limit, in_union, absent } = place;
    if depth == 0 || *left == 0 {
        return Err(Malformed::TooComplex);
    }
    *left -= 1;
    if offset.checked_add(layout.size).is_none_or(|end| end > limit) {
        return Err(Malformed::Outside);
    }
    match &layout.kind {
        Kind::Array { element, count } => {
            if element.size.checked_mul(*count) != Some(layout.size) {
                return Err(Malformed::Outside);
            }
            let absent = if *count == 0 { absent.or(Some(offset)) } else { absent };
            // Of what is not there or has no size, one element tells as much as all.
            let visited = if absent.is_some() || element.size == 0 { 1 } else { *count };
            let limit = if absent.is_some() { u64::MAX } else { limit };
            for i in 0..visited {
                let place = Place { offset: offset + i * element.size, limit, in_union: false, absent };
                walk(element, place, depth - 1, left, visit)?;
            }
            Ok(())
        }
        Kind::Struct { fields } | Kind::Union { fields } => {
            let limit = offset + layout.size;
            let in_union = matches!(layout.kind, Kind::Union { .. });
            for field in fields.iter() {
                let at = offset.checked_add(field.offset).ok_or(Malformed::Outside)?;
                match field.bits {
                    None => {
                        let place = Place { offset: at, limit, in_union, absent };
                        walk(&field.layout, place, depth - 1, left, visit)?;
                    }
                    Some(bits) => {
                        *left = left.checked_sub(1).ok_or(Malformed::TooComplex)?;
                        let last = (u64::from(bits.start) + u64::from(bits.width)).div_ceil(8);
                        if bits.start > 7 || bits.width == 0 || at.checked_add(last).is_none_or(|e| e > limit)
                        {
                            return Err(Malformed::Outside);
                        }
                        visit(Scalar {
                            offset: at,
                            layout: &field.layout,
                            bits: Some(bits),
                            in_union,
                            absent,
                        });
                    }
                }
            }
            Ok(())
        }
        Kind::Void => Ok(()),
        _ => {
            check_scalar(layout)?;
            visit(Scalar { offset, layout, bits: None, in_union, absent });
            Ok(())
        }
    }
}

/// Whether the size and alignment of a scalar are possible for its kind. Aggregates pass.
pub(crate) fn check_scalar(layout: &Layout) -> Result<(), Malformed> {
    let size = layout.size;
    let possible = match &layout.kind {
        Kind::Void | Kind::Array { .. } | Kind::Struct { .. } | Kind::Union { .. } => true,
        Kind::Int { .. } => matches!(size, 1 | 2 | 4 | 8 | 16),
        Kind::Bool => size == 1,
        Kind::Float => matches!(size, 4 | 8 | 16),
        Kind::X87 => matches!(size, 12 | 16),
        Kind::Complex { x87: false } => matches!(size, 8 | 16 | 32),
        Kind::Complex { x87: true } => matches!(size, 24 | 32),
        Kind::Vector { element, count } => {
            let number = matches!((&element.kind, element.size), (Kind::Int { .. } | Kind::Float, 1..=16));
            number && size.is_power_of_two() && element.size.checked_mul(*count) == Some(size)
        }
        Kind::Pointer => matches!(size, 4 | 8),
    };
    if possible && layout.align.is_power_of_two() { Ok(()) } else { Err(Malformed::BadScalar) }
}
