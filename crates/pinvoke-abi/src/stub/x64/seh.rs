//! How the unwinder of Windows passes a stub: the `UNWIND_INFO` that belongs to its code.
//!
//! Windows asks for a description per function, of the instructions that change the stack on the way in. A
//! stub has these ways in (see [`super`]), which its first bytes tell apart:
//!
//! ```text
//!   sub rsp, n                          an allocation of n bytes
//!   lea rcx, [rsp-n]; …; mov rsp, rcx   the same, page by page
//!   push rbp; mov rbp, rsp              a saved register, then the frame register
//!   push rdx; push rbp; mov rbp, rsp    the same above 8 bytes
//! ```
//!
//! All other stubs are leaf functions, which need no description. The loop of the second way is not
//! described instruction by instruction: nothing unwinds from there but an overflow of the stack.
//!
//! Behind its call a stub that stores a result is not described: it touches nothing there that could fault.
//!
//! Source: "x64 exception handling" in the documentation of Microsoft C++, `UNWIND_INFO` and `UNWIND_CODE`.

/// Operations of unwind codes.
const PUSH_NONVOLATILE: u8 = 0;
const ALLOCATE_LARGE: u8 = 1;
const ALLOCATE_SMALL: u8 = 2;
const SET_FRAME_REGISTER: u8 = 3;

const RBP: u8 = 5;
/// Bytes of the landing instruction that every stub begins with.
const LANDING: usize = 4;
/// Bytes of the way in page by page.
const PAGE_BY_PAGE: usize = 28;

/// The `UNWIND_INFO` of a stub; `None` if it is a leaf function. It has to lie at a multiple of 4 bytes.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::record::ArgumentRecord;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::x64::{Assembler, encode, unwind_info};
/// use pinvoke_abi::target::Target;
///
/// let info = |target, text| {
///     let signature = Signature::parse(target, text).unwrap();
///     let plan = CallPlan::new(&signature).unwrap();
///     let mut code = Assembler::new();
///     encode(&plan, &ArgumentRecord::new(&signature, &plan).unwrap(), &mut code).unwrap();
///     unwind_info(code.code())
/// };
/// let frame = info(Target::X86_64_WINDOWS, "(i32)->i32").expect("it has a frame");
/// assert_eq!((frame[0], frame.len() % 4), (1, 0)); // version 1, without flags
/// assert_eq!(info(Target::X86_64_LINUX, "(i32)->i32"), None); // it jumps
/// ```
#[must_use]
pub fn unwind_info(stub: &[u8]) -> Option<Vec<u8>> {
    match stub.get(LANDING..)? {
        [0x48, 0x83, 0xEC, n, ..] => Some(allocation(LANDING + 4, u32::from(*n))),
        [0x48, 0x81, 0xEC, a, b, c, d, ..] => {
            Some(allocation(LANDING + 7, u32::from_le_bytes([*a, *b, *c, *d])))
        }
        [0x48, 0x8D, 0x8C, 0x24, a, b, c, d, ..] => {
            let below = i32::from_le_bytes([*a, *b, *c, *d]);
            Some(allocation(LANDING + PAGE_BY_PAGE, below.unsigned_abs()))
        }
        [0x55, 0x48, 0x89, 0xE5, ..] => {
            // The latest instruction comes first.
            let codes = [code(8, SET_FRAME_REGISTER, 0), code(5, PUSH_NONVOLATILE, RBP)];
            Some(info(8, RBP, &codes.concat()))
        }
        [0x52, 0x55, 0x48, 0x89, 0xE5, ..] => {
            let codes =
                [code(9, SET_FRAME_REGISTER, 0), code(6, PUSH_NONVOLATILE, RBP), code(5, ALLOCATE_SMALL, 0)];
            Some(info(9, RBP, &codes.concat()))
        }
        _ => None,
    }
}

/// The description of a function that allocates `bytes` by an instruction which ends at `end`.
fn allocation(end: usize, bytes: u32) -> Vec<u8> {
    let end = u8::try_from(end).unwrap_or(u8::MAX);
    let words = bytes / 8;
    let codes = match (u8::try_from(words.wrapping_sub(1)), u16::try_from(words)) {
        (Ok(short @ 0..16), _) => code(end, ALLOCATE_SMALL, short).to_vec(),
        (_, Ok(words)) => [code(end, ALLOCATE_LARGE, 0), words.to_le_bytes()].concat(),
        (_, Err(_)) => [&code(end, ALLOCATE_LARGE, 1)[..], &bytes.to_le_bytes()].concat(),
    };
    info(end, 0, &codes)
}

fn code(end: u8, operation: u8, operand: u8) -> [u8; 2] {
    [end, operand << 4 | operation]
}

/// Version 1, no handler; then the codes, which are made an even number of words.
fn info(prologue: u8, frame_register: u8, codes: &[u8]) -> Vec<u8> {
    let count = u8::try_from(codes.len() / 2).unwrap_or(0);
    let mut info = vec![1, prologue, count, frame_register];
    info.extend_from_slice(codes);
    info.resize(info.len().next_multiple_of(4), 0);
    info
}

#[cfg(test)]
mod tests {
    use super::unwind_info;
    use crate::plan::CallPlan;
    use crate::record::ArgumentRecord;
    use crate::signature::Signature;
    use crate::stub::x64::{Assembler, encode};
    use crate::target::Target;

    #[track_caller]
    fn check(signature: &str, expected: Option<&[u8]>) {
        let signature = Signature::parse(Target::X86_64_WINDOWS, signature).unwrap();
        let plan = CallPlan::new(&signature).unwrap();
        let mut out = Assembler::new();
        let record = ArgumentRecord::new(&signature, &plan).unwrap();
        encode(&plan, &record, &mut out).unwrap();
        assert_eq!(unwind_info(out.code()).as_deref(), expected, "{signature}");
    }

    #[test]
    fn of_every_way_in() {
        // Written by hand from the documentation: small allocations are (n / 8 - 1) << 4 | 2.
        check("sysv64(i32)", None);
        check("win64()", Some(&[1, 8, 1, 0, 8, 0x42, 0, 0]));
        // Between the arguments and the return address stands one more word, and the stack is aligned:
        // 14 words of arguments make 120 bytes, 15 and 16 make 136.
        check("sysv64({[i64;14]})", Some(&[1, 8, 1, 0, 8, 0xE2, 0, 0]));
        check("sysv64({[i64;15]})", Some(&[1, 11, 2, 0, 11, 0x01, 17, 0]));
        check("sysv64({[i64;16]})", Some(&[1, 11, 2, 0, 11, 0x01, 17, 0]));
        // 8,008 bytes, page by page.
        check("sysv64({[i64;1000]})", Some(&[1, 32, 2, 0, 32, 0x01, 0xE9, 0x03]));
        // 1,048,584 bytes: 0x10_0008.
        check("sysv64({[i64;131072]})", Some(&[1, 32, 3, 0, 32, 0x11, 0x08, 0, 0x10, 0, 0, 0]));
        check("sysv64({i64}align(64))", Some(&[1, 8, 2, 5, 8, 0x03, 5, 0x50]));
        check("sysv64({i64}align(64))->f80", Some(&[1, 9, 3, 5, 9, 0x03, 6, 0x50, 5, 0x02, 0, 0]));
    }
}
