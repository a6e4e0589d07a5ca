//! How an unwinder passes a stub: DWARF call frame information that is true for all of them.
//!
//! An exception meets a stub only at the instruction behind its call. What stands there tells the two
//! kinds of frames apart, and how large the frame is:
//!
//! ```text
//!   48 81 C4 n n n n     add rsp, n     our caller's stack pointer was rsp + n + 8, rbp is the caller's
//!   C9                   leave          it was rbp + 16, and the caller's rbp is at [rbp]
//!   …59                  pop rcx        behind either: 8 more
//! ```
//!
//! DWARF can say that, since its expressions may read memory, and also the code that is being returned
//! to. So one description serves a whole block of stubs, whatever will be written there later.
//!
//! The format is that of the section `.eh_frame` (Linux Standard Base Core, 10.6); operations and rules
//! are those of DWARF 5, 2.5.1 and 6.4.2; register numbers those of the System V psABI, figure 3.36.

/// Numbers of registers. The return address has one as well.
const RBP: u8 = 6;
const RSP: u8 = 7;
const RIP: u8 = 16;

// Operations of expressions; `BREG + n` pushes register n plus a number.
const DEREF: u8 = 0x06;
const CONST1U: u8 = 0x08;
const PLUS: u8 = 0x22;
const BRA: u8 = 0x28;
const EQ: u8 = 0x29;
const NE: u8 = 0x2E;
const SHL: u8 = 0x24;
const LIT3: u8 = 0x33;
const SKIP: u8 = 0x2F;
const BREG: u8 = 0x70;
const DEREF_SIZE: u8 = 0x94;

// Rules; `OFFSET + n` says where register n is saved, counted down from the caller's stack pointer.
const NOP: u8 = 0;
const CFA_IS: u8 = 0x0F;
const VALUE_IS: u8 = 0x16;
const OFFSET: u8 = 0x80;

const LEAVE: u8 = 0xC9;
const POP_RCX: u8 = 0x59;

/// The stack pointer of the caller before it called the stub.
#[rustfmt::skip]
const CALLERS_RSP: [u8; 34] = [
    BREG + RIP, 0, DEREF_SIZE, 1, CONST1U, LEAVE, EQ, BRA, 12, 0,
    // rsp + 8 + the number in the last 4 bytes of `add rsp`; what comes behind it
    BREG + RSP, 8, BREG + RIP, 3, DEREF_SIZE, 4, PLUS, BREG + RIP, 7, SKIP, 4, 0,
    // `leave`: rbp + 16; what comes behind it
    BREG + RBP, 16, BREG + RIP, 1,
    // 8 more if that is `pop rcx`
    DEREF_SIZE, 1, CONST1U, POP_RCX, EQ, LIT3, SHL, PLUS,
];

/// The frame pointer of the caller: what `rbp` is, or for `leave` what it points to.
#[rustfmt::skip]
const CALLERS_RBP: [u8; 13] = [
    BREG + RBP, 0, BREG + RIP, 0, DEREF_SIZE, 1, CONST1U, LEAVE, NE, BRA, 1, 0,
    DEREF,
];

/// The content of a section `.eh_frame` that describes the stubs in `len` bytes from `start`, as an
/// unwinder takes it at run time.
///
/// ```
/// use pinvoke_abi::stub::x64::eh_frame;
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
    let mut section = Vec::with_capacity(128);
    entry(&mut section, |section| {
        // The common entry: version 1; pointers as they are; factors of code and data offsets; the
        // column of the return address; the length of the pointer encoding and the encoding.
        section.extend([0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, RIP, 1, 0]);
        section.push(CFA_IS);
        section.push(length(CALLERS_RSP.len()));
        section.extend(CALLERS_RSP);
        section.extend([OFFSET + RIP, 1]);
        section.extend([VALUE_IS, RBP, length(CALLERS_RBP.len())]);
        section.extend(CALLERS_RBP);
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

/// A length below 128 is one byte.
fn length(n: usize) -> u8 {
    u8::try_from(n).unwrap_or(0)
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
        // The jumps land on the instruction that their comments say.
        assert_eq!(CALLERS_RSP[10 + usize::from(CALLERS_RSP[8])], BREG + RBP);
        assert_eq!(CALLERS_RSP[22 + usize::from(CALLERS_RSP[20])], DEREF_SIZE);
        assert_eq!(CALLERS_RBP[12], DEREF);
    }
}
