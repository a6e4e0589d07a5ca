//! What the exception codes mean that end a worker on Windows.
//!
//! An exception that nobody handles ends the process with its code as the exit status. A program may choose such a
//! status itself, so only codes with a name are taken for that. Source: `ntstatus.h`, and "Structured exception
//! handling" in Microsoft's documentation.

use std::process::ExitStatus;

use crate::native::Fault;

/// What a program is told it by.
pub(super) const FACT: &str = "exception";
pub(super) const FACT_NUMBER: &str = "exception_code";

const ACCESS_VIOLATION: u32 = 0xC000_0005;
const IN_PAGE_ERROR: u32 = 0xC000_0006;
const STACK_OVERFLOW: u32 = 0xC000_00FD;
const CONTROL_C: u32 = 0xC000_013A;

const NAMES: &[(u32, &str, &str)] = &[
    (ACCESS_VIOLATION, "EXCEPTION_ACCESS_VIOLATION", "invalid memory access"),
    (IN_PAGE_ERROR, "EXCEPTION_IN_PAGE_ERROR", "memory whose content cannot be read from its file"),
    (0xC000_001D, "EXCEPTION_ILLEGAL_INSTRUCTION", "illegal instruction"),
    (0xC000_008C, "EXCEPTION_ARRAY_BOUNDS_EXCEEDED", "an index out of range"),
    (0xC000_008E, "EXCEPTION_FLT_DIVIDE_BY_ZERO", "floating-point division by zero"),
    (0xC000_0094, "EXCEPTION_INT_DIVIDE_BY_ZERO", "integer division by zero"),
    (0xC000_0095, "EXCEPTION_INT_OVERFLOW", "integer overflow"),
    (0xC000_0096, "EXCEPTION_PRIV_INSTRUCTION", "an instruction that programs may not execute"),
    (STACK_OVERFLOW, "EXCEPTION_STACK_OVERFLOW", "the stack has overflowed"),
    (0xC000_0135, "STATUS_DLL_NOT_FOUND", "a library that the program needs is missing"),
    (CONTROL_C, "STATUS_CONTROL_C_EXIT", "interrupted"),
    (0xC000_0374, "STATUS_HEAP_CORRUPTION", "the heap is corrupted"),
    (0xC000_0409, "STATUS_STACK_BUFFER_OVERRUN", "the code gave up (a fast failure, or a panic)"),
    (0xC000_0420, "STATUS_ASSERTION_FAILURE", "a failed assertion"),
    (0x8000_0002, "EXCEPTION_DATATYPE_MISALIGNMENT", "a misaligned access"),
    (0x8000_0003, "EXCEPTION_BREAKPOINT", "breakpoint"),
    (0x2047_4343, "STATUS_GCC_THROW", "an exception of C++ (GCC) that nobody catches"),
    (0xE06D_7363, "EXCEPTION_MSVC", "an exception of C++ that nobody catches"),
];

fn known(exception: i32) -> Option<&'static (u32, &'static str, &'static str)> {
    NAMES.iter().find(|(code, ..)| *code == exception.cast_unsigned())
}

/// The exception that ended a process, if one did.
pub(super) fn cause(status: ExitStatus) -> Option<i32> {
    status.code().filter(|code| known(*code).is_some())
}

/// The number that people know it by.
pub(super) fn code(exception: i32) -> u32 {
    exception.cast_unsigned()
}

/// Whether the native code has crashed, and was not ended from outside.
pub(super) fn is_crash(exception: i32) -> bool {
    exception.cast_unsigned() != CONTROL_C
}

/// The name of an exception and what it means.
pub(super) fn name_of(exception: i32) -> (String, &'static str) {
    match known(exception) {
        Some((_, name, meaning)) => ((*name).to_owned(), meaning),
        None => (format!("exception {exception:#x}"), "killed by an exception"),
    }
}

/// What the address of a fault tells.
pub(super) fn explain(fault: Fault) -> Option<String> {
    /// Nothing is ever mapped there, so that null and small offsets from it fault.
    const NULL_PAGE: u64 = 64 << 10;
    if fault.signal.cast_unsigned() == STACK_OVERFLOW {
        return Some("endless recursion, or a huge local variable".to_owned());
    }
    let address = fault.address?;
    let how = match fault.code {
        0 => "read from",
        1 => "written to",
        8 => "executed",
        _ => "used",
    };
    let kind = match address {
        ..NULL_PAGE => "the null pointer, or a member of a structure behind it",
        // The processor does not tell an address beyond the 47 bits that a program may use.
        u64::MAX => "not an address that a program can have",
        _ if fault.stack != 0 && address.abs_diff(fault.stack) < NULL_PAGE => {
            "the stack has overflowed (endless recursion, or a huge local variable)"
        }
        _ => "nothing that may be used so is there (a number taken for a pointer, or memory already freed)",
    };
    Some(format!("faulting address {address:#x}, {how}: {kind}"))
}

#[cfg(test)]
mod tests {
    use std::os::windows::process::ExitStatusExt;

    use super::*;

    #[test]
    fn addresses_tell_their_story() {
        let fault = |signal: u32, code, address| Fault {
            signal: signal.cast_signed(),
            code,
            address: (signal == ACCESS_VIOLATION).then_some(address),
            stack: 0x7fff_0000,
            instruction: 0,
        };
        for (fault, words) in [
            (fault(ACCESS_VIOLATION, 0, 0x18), "read from: the null pointer"),
            (fault(ACCESS_VIOLATION, 1, u64::MAX), "not an address"),
            (fault(ACCESS_VIOLATION, 8, 0xdead_beef), "executed: nothing"),
            (fault(STACK_OVERFLOW, 0, 0), "endless recursion"),
        ] {
            let note = explain(fault).unwrap();
            assert!(note.contains(words), "{fault:?}: {note}");
        }
        assert_eq!(explain(fault(0xC000_0094, 0, 0)), None);
    }

    #[test]
    fn a_status_without_a_name_is_the_program_s_own() {
        assert_eq!(cause(ExitStatus::from_raw(u32::MAX)), None);
        assert_eq!(cause(ExitStatus::from_raw(3)), None);
        assert_eq!(cause(ExitStatus::from_raw(ACCESS_VIOLATION)), Some(ACCESS_VIOLATION.cast_signed()));
    }
}
