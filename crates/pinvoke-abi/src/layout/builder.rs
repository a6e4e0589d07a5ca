//! Members one behind the other: offsets, padding and bit-fields by the rules of a target.
//!
//! Two families of compilers disagree about bit-fields:
//!
//! * *System V* (psABI 3.1.2 and its relatives; gcc calls it "PCC"): the next field takes the next
//!   free bits, even of a byte that a field of another type has begun, unless it would cross a
//!   boundary of its own type. `packed` and `#pragma pack` switch that exception off. Width 0 moves
//!   on to the next boundary of its type. Unnamed fields do not align the structure, except under
//!   AAPCS64.
//! * *Microsoft*: fields share a unit only while the *size* of their type stays the same and the bits
//!   suffice; a unit occupies its whole size. Width 0 ends a run and means nothing elsewhere.
//!
//! Worked example: `struct { char a : 4; int b : 10; short c; }` on Linux puts `b` at bit 4 and `c` at
//! byte 2, 4 bytes in all; on Windows `b` begins its own `int` at byte 4 and `c` lies at byte 8, 12
//! bytes in all.
//!
//! `packed` and `#pragma pack(1)` are not the same: a member's own `aligned` attribute wins against
//! the first and loses against the second.

use std::sync::Arc;

use super::walk;
use super::{BitRange, Field, Kind, Layout, LayoutError, MAX_SIZE, align_up, check_align};
use crate::target::{Arch, BitFieldRule, Os, Target};

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
    rule: BitFieldRule,
    union: bool,
    /// Set by `#pragma pack(n)`: no member is aligned more strictly.
    pack: Option<u64>,
    /// Set by `packed`: members are aligned to 1 unless they say otherwise.
    packed: bool,
    fields: Vec<Field>,
    at: Progress,
}

/// How far the layout has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    members: usize,
    /// First free bit; stays 0 in a union.
    cursor: u64,
    /// End of the member that ends last, in bytes.
    end: u64,
    align: u64,
    /// The strictest alignment that a member states itself.
    stated: u64,
    /// Under the Microsoft rule, the unit that bit-fields are being put into.
    run: Option<Run>,
}

/// A storage unit of the Microsoft rule that the last bit-field has left open.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Size of the declared type in bits.
    unit: u64,
    /// Bits that are still free.
    remaining: u64,
}

impl StructBuilder {
    /// A structure for `target`.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Layout, StructBuilder};
    /// use pinvoke_abi::target::Target;
    ///
    /// // struct { int a; double b; } on 32-bit Linux
    /// let target = Target::X86_LINUX;
    /// let mut builder = StructBuilder::new(target);
    /// builder.field(Layout::int(target, 4, true), None)?;
    /// builder.field(Layout::float(target, 8), None)?;
    /// assert_eq!(builder.finish(None)?.size, 12);
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    #[must_use]
    pub fn new(target: Target) -> StructBuilder {
        StructBuilder {
            target,
            rule: target.bit_fields(),
            union: false,
            pack: None,
            packed: false,
            fields: Vec::new(),
            at: Progress { members: 0, cursor: 0, end: 0, align: 1, stated: 1, run: None },
        }
    }

    /// A union for `target`.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Layout, StructBuilder};
    /// use pinvoke_abi::target::Target;
    ///
    /// // union { short s; double d; }
    /// let target = Target::X86_64_LINUX;
    /// let mut builder = StructBuilder::new_union(target);
    /// builder.field(Layout::int(target, 2, true), None)?;
    /// builder.field(Layout::float(target, 8), None)?;
    /// let layout = builder.finish(None)?;
    /// assert_eq!((layout.size, layout.align), (8, 8));
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    #[must_use]
    pub fn new_union(target: Target) -> StructBuilder {
        StructBuilder { union: true, ..StructBuilder::new(target) }
    }

    /// `#pragma pack(n)`: caps the alignment of the members that follow, their own `aligned`
    /// attributes included.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Layout, LayoutError, StructBuilder};
    /// use pinvoke_abi::target::Target;
    ///
    /// let target = Target::X86_64_WINDOWS;
    /// let mut builder = StructBuilder::new(target);
    /// builder.pack(2)?; // #pragma pack(2)
    /// builder.field(Layout::int(target, 1, true), None)?;
    /// builder.field(Layout::int(target, 4, true), None)?;
    /// let layout = builder.finish(None)?;
    /// assert_eq!((layout.size, layout.align), (6, 2));
    /// assert!(matches!(StructBuilder::new(target).pack(3), Err(LayoutError::BadAlignment(3))));
    /// # Ok::<(), LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError::BadAlignment`].
    pub fn pack(&mut self, align: u64) -> Result<&mut StructBuilder, LayoutError> {
        let align = check_align(align)?;
        // Microsoft's compiler takes no notice of more than an address is aligned to, which vectors show.
        let ignored = self.target.os == Os::WindowsMsvc && align > self.target.pointer_size();
        self.pack = if ignored { None } else { Some(align) };
        Ok(self)
    }

    /// `__attribute__((packed))` for the members that follow: alignment 1 for those that do not state
    /// one of their own.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Layout, StructBuilder};
    /// use pinvoke_abi::target::Target;
    ///
    /// // struct { char kind; int value; } __attribute__((packed))
    /// let target = Target::X86_64_LINUX;
    /// let mut builder = StructBuilder::new(target);
    /// builder.packed(true);
    /// builder.field(Layout::int(target, 1, true), None)?;
    /// builder.field(Layout::int(target, 4, true), None)?;
    /// let layout = builder.finish(None)?;
    /// assert_eq!((layout.size, layout.align), (5, 1));
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    pub fn packed(&mut self, packed: bool) -> &mut StructBuilder {
        self.packed = packed;
        self
    }

    /// Another compiler's bit-fields for the whole structure, before its first member:
    /// `__attribute__((ms_struct))` and `gcc_struct`.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Layout, StructBuilder};
    /// use pinvoke_abi::target::{BitFieldRule, Target};
    ///
    /// // struct { char kind : 4; int value : 4; } __attribute__((ms_struct)), on Linux
    /// let target = Target::X86_64_LINUX;
    /// let mut builder = StructBuilder::new(target);
    /// builder.bit_fields(BitFieldRule::Microsoft);
    /// builder.bit_field(Layout::int(target, 1, true), 4, true)?;
    /// builder.bit_field(Layout::int(target, 4, true), 4, true)?;
    /// assert_eq!(builder.finish(None)?.size, 8); // 4 without the attribute
    ///
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    pub fn bit_fields(&mut self, rule: BitFieldRule) -> &mut StructBuilder {
        self.rule = rule;
        self
    }

    /// Adds a member; `aligned` is its `__attribute__((aligned))` or `_Alignas`. Returns its index.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Kind, Layout, StructBuilder};
    /// use pinvoke_abi::target::Target;
    ///
    /// let target = Target::X86_64_LINUX;
    /// let mut builder = StructBuilder::new(target);
    /// assert_eq!(builder.field(Layout::int(target, 4, true), None)?, 0);
    /// assert_eq!(builder.field(Layout::int(target, 4, true), Some(16))?, 1); // _Alignas(16)
    /// let Kind::Struct { fields } = builder.finish(None)?.kind else { unreachable!("it is a structure") };
    /// assert_eq!((fields[0].offset, fields[1].offset), (0, 16));
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError::TooLarge`], [`LayoutError::BadAlignment`].
    pub fn field(&mut self, layout: Layout, aligned: Option<u64>) -> Result<usize, LayoutError> {
        let align = self.member_align(layout.align, aligned)?;
        self.at.stated = self.at.stated.max(aligned.unwrap_or(1));
        self.close_run();
        let start = align_up(self.at.cursor.div_ceil(8), align)?;
        // AAPCS64 asks for the alignment of members, that of attributes included.
        let layout = Layout { align: layout.align.max(aligned.unwrap_or(1)), ..layout };
        self.put(layout, start, align)
    }

    /// Adds a member at a stated offset, in bytes; what follows comes behind it. Members may overlap.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Layout, StructBuilder};
    /// use pinvoke_abi::target::Target;
    ///
    /// // .NET's `LayoutKind.Explicit`: two views of the same bytes, and a flag behind them.
    /// let target = Target::X86_64_WINDOWS;
    /// let mut builder = StructBuilder::new(target);
    /// builder.field_at(Layout::float(target, 8), 0)?;
    /// builder.field_at(Layout::int(target, 8, false), 0)?;
    /// builder.field_at(Layout::bool(), 8)?;
    /// let layout = builder.finish(None)?;
    /// assert_eq!((layout.size, layout.align), (16, 8));
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError::TooLarge`].
    pub fn field_at(&mut self, layout: Layout, offset: u64) -> Result<usize, LayoutError> {
        self.at.run = None;
        let align = self.member_align(layout.align, None)?;
        self.put(layout, offset, align)
    }

    fn put(&mut self, layout: Layout, offset: u64, align: u64) -> Result<usize, LayoutError> {
        let end = offset.checked_add(layout.size).filter(|end| *end <= MAX_SIZE);
        let end = end.ok_or(LayoutError::TooLarge)?;
        if !self.union {
            self.at.cursor = end * 8;
        }
        self.at.end = self.at.end.max(end);
        self.at.align = self.at.align.max(align);
        Ok(self.push(Field { offset, layout, bits: None }))
    }

    /// Adds a bit-field of `width` bits; width 0 closes the current unit and adds no member.
    /// `named` is false for unnamed fields, which on most targets do not align the structure.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Layout, LayoutError, StructBuilder};
    /// use pinvoke_abi::target::Target;
    ///
    /// // struct { unsigned version : 4, header : 4, : 0, length : 16; }
    /// let target = Target::X86_64_LINUX;
    /// let unsigned = Layout::int(target, 4, false);
    /// let mut builder = StructBuilder::new(target);
    /// builder.bit_field(unsigned.clone(), 4, true)?;
    /// builder.bit_field(unsigned.clone(), 4, true)?;
    /// assert_eq!(builder.bit_field(unsigned.clone(), 0, false)?, None); // ends the unit
    /// builder.bit_field(unsigned.clone(), 16, true)?;
    /// assert_eq!(builder.finish(None)?.size, 8);
    /// let too_wide = StructBuilder::new(target).bit_field(unsigned, 33, true);
    /// assert_eq!(too_wide, Err(LayoutError::BitFieldWidth { width: 33, limit: 32 }));
    /// # Ok::<(), LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError::BitFieldType`], [`LayoutError::BitFieldWidth`], [`LayoutError::TooLarge`].
    pub fn bit_field(
        &mut self,
        layout: Layout,
        width: u32,
        named: bool,
    ) -> Result<Option<usize>, LayoutError> {
        self.bit_field_aligned(layout, width, named, None)
    }

    /// The same with an `aligned` attribute of the bit-field.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Kind, Layout, StructBuilder};
    /// use pinvoke_abi::target::Target;
    ///
    /// // struct { int a : 3; int b : 3 __attribute__((aligned(8))); }
    /// let target = Target::X86_64_LINUX;
    /// let int = Layout::int(target, 4, true);
    /// let mut builder = StructBuilder::new(target);
    /// builder.bit_field(int.clone(), 3, true)?;
    /// builder.bit_field_aligned(int, 3, true, Some(8))?;
    /// let Kind::Struct { fields } = builder.finish(None)?.kind else { unreachable!("it is a structure") };
    /// assert_eq!((fields[0].offset, fields[1].offset), (0, 8));
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// As [`StructBuilder::bit_field`], and [`LayoutError::BadAlignment`].
    pub fn bit_field_aligned(
        &mut self,
        layout: Layout,
        width: u32,
        named: bool,
        aligned: Option<u64>,
    ) -> Result<Option<usize>, LayoutError> {
        check_bits(&layout, width)?;
        let stated = aligned.map(check_align).transpose()?.map(|align| self.capped(align));
        let start = match (self.rule, width) {
            (BitFieldRule::SystemV, 0) => return self.end_unit_sysv(&layout),
            (BitFieldRule::Microsoft, 0) => return self.end_run(&layout),
            (BitFieldRule::SystemV, _) => self.bits_sysv(&layout, u64::from(width), named, stated)?,
            (BitFieldRule::Microsoft, _) => self.bits_microsoft(&layout, u64::from(width), stated)?,
        };
        self.put_bits(layout, start, width).map(Some)
    }

    /// Adds a bit-field at a stated place: `bits` counts from the lowest bit of the byte at `offset`.
    ///
    /// ```
    /// use pinvoke_abi::layout::{BitRange, Layout, StructBuilder};
    /// use pinvoke_abi::target::Target;
    ///
    /// // Where debug information says that it lies:
    /// let target = Target::X86_64_LINUX;
    /// let mut builder = StructBuilder::new(target);
    /// builder.bit_field_at(Layout::int(target, 4, false), 4, BitRange { start: 5, width: 3 })?;
    /// assert_eq!(builder.finish(None)?.to_string(), "{u32:3@4.5}");
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// As [`StructBuilder::bit_field`].
    pub fn bit_field_at(
        &mut self,
        layout: Layout,
        offset: u64,
        bits: BitRange,
    ) -> Result<usize, LayoutError> {
        check_bits(&layout, bits.width)?;
        self.at.run = None;
        let start = offset.checked_mul(8).and_then(|bit| bit.checked_add(u64::from(bits.start)));
        let align = self.member_align(layout.align, None)?;
        let index = self.put_bits(layout, start.ok_or(LayoutError::TooLarge)?, bits.width)?;
        self.at.align = self.at.align.max(align);
        Ok(index)
    }

    /// The first bit of a System V bit-field.
    fn bits_sysv(
        &mut self,
        layout: &Layout,
        width: u64,
        named: bool,
        stated: Option<u64>,
    ) -> Result<u64, LayoutError> {
        let unit = layout.align * 8;
        let mut start = match stated {
            Some(align) => align_up(self.at.cursor, align * 8)?,
            None => self.at.cursor,
        };
        // May not span more boundaries of its type than the type itself does.
        let spans = (start % unit + width).div_ceil(unit) > layout.size * 8 / unit;
        if spans && !self.packed && self.pack.is_none() {
            start = align_up(start, unit)?;
        }
        if named || self.unnamed_bits_align() {
            // Here #pragma pack counts even where packed is stronger.
            let align = match self.pack {
                Some(pack) => layout.align.min(pack),
                None if self.packed => 1,
                None => layout.align,
            };
            self.at.align = self.at.align.max(stated.unwrap_or(1)).max(align);
        }
        Ok(start)
    }

    /// System V, width 0: packing does not weaken it.
    fn end_unit_sysv(&mut self, layout: &Layout) -> Result<Option<usize>, LayoutError> {
        if !self.union {
            self.at.cursor = align_up(self.at.cursor, layout.align * 8)?;
        }
        if self.unnamed_bits_align() {
            self.at.align = self.at.align.max(layout.align);
        }
        Ok(None)
    }

    /// AAPCS64 5.9.4: the container's alignment counts whether or not the field has a name. Apple
    /// does not follow it.
    fn unnamed_bits_align(&self) -> bool {
        self.target.arch == Arch::Aarch64 && self.target.os == Os::Linux
    }

    /// The first bit of a Microsoft bit-field.
    fn bits_microsoft(
        &mut self,
        layout: &Layout,
        width: u64,
        stated: Option<u64>,
    ) -> Result<u64, LayoutError> {
        let unit = layout.size * 8;
        let natural = self.member_align(layout.align, None)?;
        let align = natural.max(stated.unwrap_or(1));
        if self.union && self.target.os == Os::WindowsMsvc {
            // Occupies its whole type and yet does not align the union.
            self.at.end = self.at.end.max(layout.size);
            self.at.run = Some(Run { unit, remaining: 0 });
            return Ok(0);
        }
        // An attribute of the bit-field does not align a packed structure, but the bit-field.
        self.at.align = self.at.align.max(if self.packed { natural } else { align });
        if self.union {
            return Ok(0);
        }
        if let Some(run) = self.at.run.as_mut().filter(|run| run.unit == unit && run.remaining >= width) {
            run.remaining -= width;
            return Ok(self.at.cursor);
        }
        self.close_run();
        self.at.run = Some(Run { unit, remaining: unit - width });
        align_up(self.at.cursor.div_ceil(8) * 8, align * 8)
    }

    /// Microsoft, width 0: counts only directly behind a bit-field.
    fn end_run(&mut self, layout: &Layout) -> Result<Option<usize>, LayoutError> {
        if let Some(run) = self.at.run {
            self.close_run();
            if self.union {
                self.at.end = self.at.end.max(layout.size);
                return Ok(None);
            }
            let align = self.capped(layout.align);
            self.at.align = self.at.align.max(align);
            if run.unit != layout.size * 8 {
                let align = self.member_align(layout.align, None)?;
                self.at.cursor = align_up(self.at.cursor, align * 8)?;
            }
        }
        Ok(None)
    }

    /// Uses up what is left of an open unit.
    fn close_run(&mut self) {
        if let Some(run) = self.at.run.take() {
            self.at.cursor += run.remaining;
            self.at.end = self.at.end.max(self.at.cursor.div_ceil(8));
        }
    }

    fn put_bits(&mut self, layout: Layout, start: u64, width: u32) -> Result<usize, LayoutError> {
        let end = start.checked_add(u64::from(width)).filter(|end| end.div_ceil(8) <= MAX_SIZE);
        let end = end.ok_or(LayoutError::TooLarge)?;
        if !self.union {
            self.at.cursor = end;
        }
        self.at.end = self.at.end.max(end.div_ceil(8));
        let first = (start % 8) as u32;
        let bits = Some(BitRange { start: first, width });
        Ok(self.push(Field { offset: start / 8, layout, bits }))
    }

    fn push(&mut self, field: Field) -> usize {
        self.fields.push(field);
        self.at.members = self.fields.len();
        self.at.members - 1
    }

    pub(crate) fn checkpoint(&self) -> Progress {
        self.at
    }

    /// Takes back everything since the checkpoint.
    pub(crate) fn restore(&mut self, checkpoint: Progress) {
        self.at = checkpoint;
        self.fields.truncate(checkpoint.members);
    }

    /// Alignment of a member whose type has `natural` and which states `aligned` itself.
    fn member_align(&self, natural: u64, aligned: Option<u64>) -> Result<u64, LayoutError> {
        let natural = if self.packed { 1 } else { check_align(natural)? };
        let stated = aligned.map_or(Ok(1), check_align)?;
        Ok(match self.target.os {
            // __declspec(align) wins against #pragma pack.
            Os::WindowsMsvc => self.capped(natural).max(stated),
            Os::Linux | Os::MacOs | Os::WindowsGnu => self.capped(natural.max(stated)),
        })
    }

    fn capped(&self, align: u64) -> u64 {
        self.pack.map_or(align, |pack| align.min(pack))
    }

    /// Alignment of the aggregate so far, in bytes.
    pub(crate) fn align(&self) -> u64 {
        self.at.align
    }

    /// The member added last.
    pub(crate) fn last(&self) -> Option<&Field> {
        self.fields.last()
    }

    /// Closes the aggregate; `aligned` is the attribute on the type itself.
    ///
    /// ```
    /// use pinvoke_abi::layout::{Layout, StructBuilder};
    /// use pinvoke_abi::target::Target;
    ///
    /// // struct { char name[5]; } __attribute__((aligned(4)))
    /// let target = Target::X86_64_LINUX;
    /// let mut builder = StructBuilder::new(target);
    /// builder.field(Layout::array(Layout::int(target, 1, true), 5)?, None)?;
    /// let layout = builder.finish(Some(4))?;
    /// assert_eq!((layout.size, layout.align), (8, 4));
    /// # Ok::<(), pinvoke_abi::layout::LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// [`LayoutError::TooLarge`], [`LayoutError::BadAlignment`].
    pub fn finish(mut self, aligned: Option<u64>) -> Result<Layout, LayoutError> {
        self.close_run();
        let align = match aligned {
            Some(a) => self.at.align.max(check_align(a)?),
            None => self.at.align,
        };
        // A zero-width bit-field at the end pads the structure as well.
        let end = self.at.end.max(self.at.cursor.div_ceil(8));
        let mut size = align_up(end, align)?;
        if size == 0 && self.target.os == Os::WindowsMsvc {
            // In C, Microsoft gives an empty structure four bytes, whatever its alignment, or as
            // many as an alignment attribute says.
            size = self.at.stated.max(aligned.unwrap_or(1)).max(4);
        }
        if size > MAX_SIZE {
            return Err(LayoutError::TooLarge);
        }
        let fields: Arc<[Field]> = self.fields.into();
        let kind = if self.union { Kind::Union { fields } } else { Kind::Struct { fields } };
        Ok(Layout { size, align, kind })
    }
}

/// Whether `layout` can have a bit-field of `width` bits.
fn check_bits(layout: &Layout, width: u32) -> Result<(), LayoutError> {
    if walk::check_scalar(layout).is_err() {
        return Err(LayoutError::BitFieldType);
    }
    let limit = match layout.kind {
        Kind::Int { .. } => layout.size * 8,
        Kind::Bool => 1,
        _ => return Err(LayoutError::BitFieldType),
    };
    if u64::from(width) > limit {
        return Err(LayoutError::BitFieldWidth { width, limit });
    }
    Ok(())
}
