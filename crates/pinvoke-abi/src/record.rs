//! The argument record: one memory block in which the values of a call wait.
//!
//! A caller writes every argument at its offset, both executors of a plan read them there, and a copy
//! that travels by reference *is* its place in the record, so nothing is copied twice and nothing is
//! allocated per call. The offsets depend on the layouts alone and are fixed for the life of a plan:
//!
//! ```text
//! cdecl({i8,f64}, i32, f32)          record of 32 bytes, aligned to 16
//! ┌───────────────────────────┬───────────┬───────────┐
//! │ 0: the structure, 16 bytes│ 16: i32 ··│ 24: f32 ··│     · = never meaningful
//! └───────────────────────────┴───────────┴───────────┘
//! ```
//!
//! Invariants that the executors rely on:
//! * every value begins at a multiple of its own alignment and of 8;
//! * the whole 8-byte words that a value touches belong to it alone, so a value of 3 or 12 bytes may be
//!   read in whole words;
//! * the block begins at a multiple of [`align`](ArgumentRecord::align), at least 16, and its size is a
//!   multiple of 16.

use std::fmt;

use crate::plan::{ArgPlan, CallPlan};
use crate::signature::Signature;

/// The largest record, in bytes: every offset into it fits the displacement of an x86 instruction.
pub const MAX_RECORD: u64 = i32::MAX as u64;

/// Offsets of all arguments in the memory block they are handed over in.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::record::ArgumentRecord;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// let signature = Signature::parse(Target::X86_64_LINUX, "({i8,f64},i32,f32)")?;
/// let record = ArgumentRecord::new(&signature, &CallPlan::new(&signature)?)?;
/// assert_eq!((record.offsets(), record.size()), (&[0, 16, 24][..], 32));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArgumentRecord {
    offsets: Box<[u32]>,
    size: u32,
    align: u32,
    ret_size: u32,
    ret_align: u32,
}

/// The values of a call do not fit one record.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::record::{ArgumentRecord, RecordTooLarge};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// // On Windows such structures travel as addresses of copies, which have to wait somewhere.
/// let huge = "{[i64;134217728]}"; // a GiB
/// let signature = Signature::parse(Target::X86_64_WINDOWS, &format!("({huge},{huge})"))?;
/// let error = ArgumentRecord::new(&signature, &CallPlan::new(&signature)?).unwrap_err();
/// assert_eq!(error, RecordTooLarge { argument: Some(1) });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordTooLarge {
    /// The first argument that does not fit, counted from 0; `None` if it is the result.
    pub argument: Option<usize>,
}

impl fmt::Display for RecordTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.argument {
            Some(i) => write!(
                f,
                "argument {} does not fit: the arguments of one call may take {MAX_RECORD} bytes together",
                i + 1
            ),
            None => write!(f, "the result is larger than {MAX_RECORD} bytes"),
        }
    }
}

impl std::error::Error for RecordTooLarge {}

impl ArgumentRecord {
    /// Places the arguments of `signature`, left to right.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::record::ArgumentRecord;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// // A copy that travels by reference is its place in the record, aligned as the convention wants it.
    /// let place = |target| {
    ///     let signature = Signature::parse(target, "(i32,{i64,i64,i64},i8)").unwrap();
    ///     ArgumentRecord::new(&signature, &CallPlan::new(&signature).unwrap()).unwrap().offsets().to_vec()
    /// };
    /// assert_eq!(place(Target::X86_64_LINUX), [0, 8, 32]); // no reference: copied to the stack
    /// assert_eq!(place(Target::X86_64_WINDOWS), [0, 16, 40]);
    /// ```
    ///
    /// # Errors
    /// [`RecordTooLarge`] if the record or the result exceeds [`MAX_RECORD`].
    pub fn new(signature: &Signature, plan: &CallPlan) -> Result<ArgumentRecord, RecordTooLarge> {
        let mut end = 0_u64;
        let mut align = 16_u64;
        let mut offsets = Vec::with_capacity(signature.params.len());
        for (index, (layout, arg)) in signature.params.iter().zip(plan.args()).enumerate() {
            let too_large = RecordTooLarge { argument: Some(index) };
            let mut own = layout.align.max(8);
            if let ArgPlan::ByReference { align, .. } = arg {
                own = own.max(u64::from(*align));
            }
            align = align.max(own);
            let offset = end.checked_next_multiple_of(own).ok_or(too_large)?;
            end = offset
                .checked_add(layout.size)
                .and_then(|e| e.checked_next_multiple_of(16))
                .filter(|e| *e <= MAX_RECORD)
                .map(|_| (offset + layout.size).next_multiple_of(8))
                .ok_or(too_large)?;
            offsets.push(u32::try_from(offset).map_err(|_| too_large)?);
        }
        let result = RecordTooLarge { argument: None };
        if signature.ret.size > MAX_RECORD - 16 {
            return Err(result);
        }
        let whole = |n: u64| u32::try_from(n).map_err(|_| result);
        Ok(ArgumentRecord {
            offsets: offsets.into(),
            size: whole(end.next_multiple_of(16))?,
            align: whole(align)?,
            ret_size: whole(signature.ret.size)?,
            ret_align: whole(signature.ret.align.max(16))?,
        })
    }

    /// Offset of argument `index` in bytes; `None` if there is no such argument.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::record::ArgumentRecord;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let signature = Signature::parse(Target::X86_64_LINUX, "(i8,i8)")?;
    /// let record = ArgumentRecord::new(&signature, &CallPlan::new(&signature)?)?;
    /// assert_eq!((record.offset(1), record.offset(2)), (Some(8), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn offset(&self, index: usize) -> Option<u32> {
        self.offsets.get(index).copied()
    }

    /// Offsets of all arguments in bytes, left to right.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::record::ArgumentRecord;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// // Every value has its words to itself, so that it may be read in whole ones.
    /// let signature = Signature::parse(Target::X86_64_LINUX, "({i8,i8,i8},i8,f32)")?;
    /// let record = ArgumentRecord::new(&signature, &CallPlan::new(&signature)?)?;
    /// assert_eq!(record.offsets(), [0, 8, 16]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// Size of the block in bytes, a multiple of 16; 0 without arguments.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::record::ArgumentRecord;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let size = |text| {
    ///     let signature = Signature::parse(Target::X86_64_LINUX, text).unwrap();
    ///     ArgumentRecord::new(&signature, &CallPlan::new(&signature).unwrap()).unwrap().size()
    /// };
    /// assert_eq!((size("()"), size("(i8)"), size("(i8,i8,i8)")), (0, 16, 32));
    /// ```
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Alignment of the block in bytes, at least 16.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::record::ArgumentRecord;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let signature = Signature::parse(Target::X86_64_LINUX, "(i32,{f32} align(32))")?;
    /// let record = ArgumentRecord::new(&signature, &CallPlan::new(&signature)?)?;
    /// assert_eq!((record.align(), record.offsets()), (32, &[0, 32][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn align(&self) -> u32 {
        self.align
    }

    /// Size of the result in bytes. The result buffer is this rounded up to 16 bytes.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::record::ArgumentRecord;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let signature = Signature::parse(Target::X86_64_LINUX, "()->{i32,i32,i32}")?;
    /// let record = ArgumentRecord::new(&signature, &CallPlan::new(&signature)?)?;
    /// assert_eq!(record.ret_size(), 12); // in a buffer of 16
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ret_size(&self) -> u32 {
        self.ret_size
    }

    /// Alignment of the result buffer in bytes, at least 16.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::record::ArgumentRecord;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let align = |text| {
    ///     let signature = Signature::parse(Target::X86_64_LINUX, text).unwrap();
    ///     ArgumentRecord::new(&signature, &CallPlan::new(&signature).unwrap()).unwrap().ret_align()
    /// };
    /// assert_eq!((align("()->i32"), align("()->{i64} align(64)")), (16, 64));
    /// ```
    #[must_use]
    pub fn ret_align(&self) -> u32 {
        self.ret_align
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    fn record(text: &str) -> Result<ArgumentRecord, RecordTooLarge> {
        let signature = Signature::parse(Target::X86_64_LINUX, text).unwrap();
        ArgumentRecord::new(&signature, &CallPlan::new(&signature).unwrap())
    }

    #[test]
    fn places_are_aligned_and_own_their_words() {
        for (text, offsets, size, align) in [
            ("cdecl()", &[][..], 0, 16),
            ("cdecl({i8,f64},i32,f32)", &[0, 16, 24], 32, 16),
            ("cdecl(i8,i128,i8)", &[0, 16, 32], 48, 16),
            ("cdecl({[u8;9]},u8,{},u8)", &[0, 16, 24, 24], 32, 16),
            ("cdecl(i8,{i8 align(64)})", &[0, 64], 128, 64),
            // By reference: the copy is aligned to 16 for the callee.
            ("win64(i8,{[u8;9]})", &[0, 16], 32, 16),
        ] {
            let record = record(text).unwrap();
            assert_eq!((record.offsets(), record.size(), record.align()), (offsets, size, align), "{text}");
        }
    }

    #[test]
    fn the_result_has_its_own_size_and_alignment() {
        let record = record("cdecl()->{i8 align(32)}").unwrap();
        assert_eq!((record.ret_size(), record.ret_align()), (32, 32));
    }

    #[test]
    fn too_much_is_refused_with_the_first_that_does_not_fit() {
        let gigabyte = "{[u8;1000000000]}";
        let error = record(&format!("win64({gigabyte},{gigabyte},{gigabyte})")).unwrap_err();
        assert_eq!(error, RecordTooLarge { argument: Some(2) });
        assert_eq!(
            error.to_string(),
            "argument 3 does not fit: the arguments of one call may take 2147483647 bytes together"
        );
    }
}
