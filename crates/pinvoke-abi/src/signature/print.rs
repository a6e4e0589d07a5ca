//! Writes the compact notation.
//!
//! A structure is written in the fewest words that read back as itself: the members are laid out
//! again with each kind of packing, and what does not come out right is stated. The packing that
//! needs the fewest statements is chosen.

use core::fmt;

use crate::layout::{Field, Kind, Layout, StructBuilder};
use crate::target::Target;

use super::{CallConv, Signature};

/// As the compact notation spells it.
impl fmt::Display for CallConv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallConv::C => "cdecl",
            CallConv::System => "system",
            CallConv::SysV64 => "sysv64",
            CallConv::Win64 => "win64",
            CallConv::Stdcall => "stdcall",
            CallConv::Fastcall => "fastcall",
            CallConv::Thiscall => "thiscall",
        })
    }
}

/// The compact notation; [`Signature::parse`] for the same target reads it back.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.conv)?;
        let mut separator = "";
        for (index, param) in self.params.iter().enumerate() {
            if self.variadic_from == Some(index) {
                write!(f, "{separator}...")?;
                separator = ",";
            }
            write!(f, "{separator}{}", Notation { layout: param, target: self.target })?;
            separator = ",";
        }
        if self.variadic_from.is_some_and(|from| from >= self.params.len()) {
            write!(f, "{separator}...")?;
        }
        f.write_str(")")?;
        if self.ret.kind != Kind::Void {
            write!(f, "->{}", Notation { layout: &self.ret, target: self.target })?;
        }
        Ok(())
    }
}

/// The compact notation by the rules of the host; see [`Layout::notation`] for other targets.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.notation(Target::HOST).fmt(f)
    }
}

/// The compact notation, as [`Display`](fmt::Display).
impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Layout {
    /// The compact notation by the rules of `target`; [`Layout::parse`] for it reads it back.
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    /// let t = Target::X86_64_LINUX;
    /// let layout = Layout::parse(t, "{ i8, i32 } packed")?;
    /// assert_eq!(layout.notation(t).to_string(), "{i8,i32}packed");
    /// # Ok::<(), pinvoke_abi::signature::NotationError>(())
    /// ```
    pub fn notation(&self, target: Target) -> impl fmt::Display {
        Notation { layout: self, target }
    }
}

struct Notation<'a> {
    layout: &'a Layout,
    target: Target,
}

impl fmt::Display for Notation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Notation { layout, target } = *self;
        let bits = layout.size.saturating_mul(8);
        let natural = match &layout.kind {
            Kind::Void => {
                f.write_str("void")?;
                1
            }
            Kind::Int { signed } => {
                write!(f, "{}{bits}", if *signed { 'i' } else { 'u' })?;
                target.scalar_align(layout.size)
            }
            Kind::Bool => {
                f.write_str("bool")?;
                1
            }
            Kind::Float => {
                write!(f, "f{bits}")?;
                target.scalar_align(layout.size)
            }
            Kind::X87 => {
                f.write_str("f80")?;
                if layout.size == 12 { 4 } else { 16 }
            }
            Kind::Complex { x87: true } => {
                f.write_str("c80")?;
                if layout.size == 24 { 4 } else { 16 }
            }
            Kind::Complex { x87: false } => {
                write!(f, "c{}", bits / 2)?;
                target.scalar_align(layout.size / 2)
            }
            Kind::Vector { element, count } => {
                write!(f, "<{};{count}>", Notation { layout: element, target })?;
                target.vector_align(layout.size)
            }
            Kind::Pointer => {
                f.write_str("ptr")?;
                target.pointer_size()
            }
            Kind::Array { element, count } => {
                write!(f, "[{}", Notation { layout: element, target })?;
                match count {
                    0 => f.write_str("]")?,
                    _ => write!(f, ";{count}]")?,
                }
                element.align
            }
            Kind::Struct { fields } => return aggregate(f, layout, fields, false, target),
            Kind::Union { fields } => return aggregate(f, layout, fields, true, target),
        };
        if layout.align == natural { Ok(()) } else { write!(f, " align({})", layout.align) }
    }
}

/// How an aggregate can be written.
struct Spelling {
    packing: Packing,
    /// For each member, whether its offset must be stated.
    stated: Vec<bool>,
    align: Option<u64>,
    size: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Packing {
    Natural,
    Packed,
    Pack(u64),
}

impl Spelling {
    fn cost(&self) -> usize {
        self.stated.iter().filter(|stated| **stated).count()
            + usize::from(self.packing != Packing::Natural)
            + usize::from(self.align.is_some())
            + usize::from(self.size.is_some())
    }
}

fn aggregate(
    f: &mut fmt::Formatter<'_>,
    layout: &Layout,
    fields: &[Field],
    union: bool,
    target: Target,
) -> fmt::Result {
    const PACKINGS: [Packing; 5] =
        [Packing::Natural, Packing::Packed, Packing::Pack(2), Packing::Pack(4), Packing::Pack(8)];
    let natural = spell(layout, fields, union, target, Packing::Natural);
    let spelling = match natural.cost() {
        0 => natural,
        _ => PACKINGS
            .iter()
            .map(|packing| spell(layout, fields, union, target, *packing))
            .min_by_key(Spelling::cost)
            .unwrap_or(natural),
    };
    f.write_str("{")?;
    for (index, (field, stated)) in fields.iter().zip(&spelling.stated).enumerate() {
        if index > 0 {
            f.write_str(if union { "|" } else { "," })?;
        }
        write!(f, "{}", Notation { layout: &field.layout, target })?;
        if let Some(bits) = field.bits {
            write!(f, ":{}", bits.width)?;
        }
        match (*stated, field.bits) {
            (false, _) => {}
            (true, None) => write!(f, "@{}", field.offset)?,
            (true, Some(bits)) => write!(f, "@{}.{}", field.offset, bits.start)?,
        }
    }
    f.write_str(if union && fields.len() < 2 { "|}" } else { "}" })?;
    match spelling.packing {
        Packing::Natural => {}
        Packing::Packed => f.write_str("packed")?,
        Packing::Pack(n) => write!(f, "packed({n})")?,
    }
    if let Some(align) = spelling.align {
        let separator = if spelling.packing == Packing::Packed { " " } else { "" };
        write!(f, "{separator}align({align})")?;
    }
    if let Some(size) = spelling.size {
        let separator =
            if spelling.packing == Packing::Packed && spelling.align.is_none() { " " } else { "" };
        write!(f, "{separator}size({size})")?;
    }
    Ok(())
}

/// Lays the members out again and notes what comes out differently.
fn spell(layout: &Layout, fields: &[Field], union: bool, target: Target, packing: Packing) -> Spelling {
    let start = || {
        let mut builder = if union { StructBuilder::new_union(target) } else { StructBuilder::new(target) };
        match packing {
            Packing::Natural => {}
            Packing::Packed => drop(builder.packed(true)),
            // Constants above, all of them powers of two.
            Packing::Pack(n) => drop(builder.pack(n)),
        }
        builder
    };
    let mut builder = start();
    let mut stated = Vec::with_capacity(fields.len());
    for field in fields {
        let before = builder.checkpoint();
        let placed = place(&mut builder, field, false);
        let agrees = placed
            && builder.last().is_some_and(|last| last.offset == field.offset && last.bits == field.bits);
        if !agrees {
            builder.restore(before);
            place(&mut builder, field, true);
        }
        stated.push(!agrees);
    }
    let align_stated = (builder.align() != layout.align).then_some(layout.align);
    let rebuilt = builder.finish(align_stated);
    let size_stated = rebuilt.map_or(true, |rebuilt| rebuilt.size != layout.size).then_some(layout.size);
    Spelling { packing, stated, align: align_stated, size: size_stated }
}

/// Adds a member, by the rules or where it is; says whether that was possible.
fn place(builder: &mut StructBuilder, field: &Field, stated: bool) -> bool {
    let layout = field.layout.clone();
    match (field.bits, stated) {
        (None, false) => builder.field(layout, None).is_ok(),
        (None, true) => builder.field_at(layout, field.offset).is_ok(),
        (Some(bits), false) => builder.bit_field(layout, bits.width, true).is_ok(),
        (Some(bits), true) => builder.bit_field_at(layout, field.offset, bits).is_ok(),
    }
}
