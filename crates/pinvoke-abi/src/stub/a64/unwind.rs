//! How an unwinder passes a stub: DWARF call frame information that is true for all of them.
//!
//! An exception meets a stub only at the instruction behind its call, and every stub that calls has the same frame
//! there: `x29` points to 32 bytes, which begin with the caller's `x29` and `x30`. So one description serves a whole
//! block of stubs, whatever will be written there later.
//!
//! The format is that of the section `.eh_frame` (Linux Standard Base Core, 10.6); operations are those of DWARF 5,
//! 6.4.2; register numbers those of *DWARF for the Arm 64-bit Architecture*, 4.1.

use super::FRAME;

/// Numbers of registers.
const FP: u8 = 29;
const LR: u8 = 30;

const NOP: u8 = 0;
const CFA_IS: u8 = 0x0C;
/// `OFFSET + n` says where register n is saved, in words counted down from the caller's stack pointer.
const OFFSET: u8 = 0x80;

/// The content of a section `.eh_frame` that describes the stubs in `len` bytes from `start`, as an
/// unwinder takes it at run time.
///
/// ```
/// use pinvoke_abi::stub::a64::eh_frame;
///
/// // For a block of 4096 bytes, to be given to the program's unwinder before the first stub is written.
/// let section = eh_frame(0x7f00_0000_0000, 4096);
/// let length = u32::from_le_bytes(section[..4].try_into()?); // of the common entry behind it
/// assert!(section.len() > 4 + length as usize);
/// assert_eq!(section[section.len() - 4..], [0; 4]); // the end of the section
///
/// # Ok::<(), std::array::TryFromSliceError>(())
/// ```
#[must_use]
pub fn eh_frame(start: u64, len: u64) -> Vec<u8> {
    let mut section = Vec::with_capacity(96);
    entry(&mut section, |section| {
        // The common entry: version 1; pointers as they are; factors of code and data offsets (4 and -8); the
        // column of the return address; the length of the pointer encoding and the encoding.
        section.extend([0, 0, 0, 0, 1, b'z', b'R', 0, 4, 0x78, LR, 1, 0]);
        section.extend([CFA_IS, FP, FRAME]);
        section.extend([OFFSET + FP, FRAME / 8]);
        section.extend([OFFSET + LR, FRAME / 8 - 1]);
    });
    entry(&mut section, |section| {
        // How far back the common entry is; the range; no further data.
        let back = u32::try_from(section.len()).unwrap_or(0);
        section.extend(back.to_le_bytes());
        section.extend(start.to_le_bytes());
        section.extend(len.to_le_bytes());
        section.push(0);
    });
    // An entry without length is the end.
    section.extend([0; 4]);
    section
}

/// Appends an entry: its length, its content, and what makes it a multiple of 8 bytes.
fn entry(section: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let start = section.len();
    section.extend([0; 4]);
    content(section);
    let end = start + (section.len() - start).next_multiple_of(8);
    section.resize(end, NOP);
    let len = u32::try_from(end - start - 4).unwrap_or(0);
    if let Some(place) = section.get_mut(start..start + 4) {
        place.copy_from_slice(&len.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_follow_each_other_to_the_end() {
        let section = eh_frame(0x1234_5678_9ABC, 0x1_0000);
        let word = |at: usize| u32::from_le_bytes(section[at..at + 4].try_into().unwrap()) as usize;
        let second = 4 + word(0);
        assert_eq!((second % 8, word(4)), (0, 0));
        assert_eq!(word(second + 4), second + 4, "leads back to the first entry");
        assert_eq!(section[second + 8..second + 16], 0x1234_5678_9ABC_u64.to_le_bytes());
        let end = second + 4 + word(second);
        assert_eq!((word(end), section.len()), (0, end + 4));
    }
}
