//! What the signals mean that end a worker.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::native::Fault;

/// What a program is told it by.
pub(super) const FACT: &str = "signal";
pub(super) const FACT_NUMBER: &str = "signal_number";

/// The signal that ended a process, if one did.
pub(super) fn cause(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// The number that people know it by.
pub(super) fn code(signal: i32) -> i32 {
    signal
}

/// Whether the native code has crashed, and was not ended from outside.
pub(super) fn is_crash(signal: i32) -> bool {
    crate::native::FATAL.contains(&signal)
}

/// What the address of a fault tells.
pub(super) fn explain(fault: Fault) -> Option<String> {
    /// `si_code` of SIGSEGV: nothing is mapped there.
    const SEGV_MAPERR: i32 = 1;
    /// The page that is never mapped, so that null and small offsets from it fault.
    const NULL_PAGE: u64 = 64 << 10;
    if fault.code <= 0 {
        return (fault.signal != libc::SIGABRT).then(|| "the signal was sent by a process".to_owned());
    }
    let address = fault.address?;
    let kind = match (fault.signal, fault.code) {
        (libc::SIGFPE, 1) => return Some("integer division by zero".to_owned()),
        (libc::SIGFPE | libc::SIGILL, _) => return Some(format!("at the instruction {address:#x}")),
        (libc::SIGSEGV, _) if fault.stack != 0 && address.abs_diff(fault.stack) < NULL_PAGE => {
            "the stack has overflowed (endless recursion, or a huge local variable)"
        }
        // The kernel does not know the address of an access beyond the 47 bits that a program may use.
        (libc::SIGSEGV, code) if code > 2 && address == 0 => "not an address that a program can have",
        (libc::SIGSEGV, _) if address < NULL_PAGE => "the null pointer, or a member of a structure behind it",
        (libc::SIGSEGV, SEGV_MAPERR) => {
            "nothing is there (a number taken for a pointer, or memory already freed)"
        }
        (libc::SIGSEGV, _) => "this memory is not for that (read-only data written, or data executed)",
        _ => "memory that cannot be reached (beyond the end of a mapped file, or misaligned)",
    };
    Some(format!("faulting address {address:#x}: {kind}"))
}

/// The name of a signal and what it means.
pub(super) fn name_of(signal: i32) -> (String, &'static str) {
    let (name, meaning) = match signal {
        libc::SIGSEGV => ("SIGSEGV", "invalid memory access"),
        libc::SIGBUS => ("SIGBUS", "memory access that the hardware refuses"),
        libc::SIGFPE => ("SIGFPE", "arithmetic error"),
        libc::SIGILL => ("SIGILL", "illegal instruction"),
        libc::SIGABRT => ("SIGABRT", "the code gave up (abort, a failed assertion, or a corrupted heap)"),
        libc::SIGTRAP => ("SIGTRAP", "breakpoint"),
        libc::SIGSYS => ("SIGSYS", "forbidden system call"),
        libc::SIGKILL => ("SIGKILL", "killed from outside, perhaps for lack of memory"),
        libc::SIGTERM => ("SIGTERM", "asked to end from outside"),
        libc::SIGINT => ("SIGINT", "interrupted"),
        libc::SIGPIPE => ("SIGPIPE", "written to a pipe that nobody reads"),
        libc::SIGALRM => ("SIGALRM", "an alarm went off"),
        libc::SIGXCPU => ("SIGXCPU", "too much processor time used"),
        libc::SIGHUP => ("SIGHUP", "the terminal was closed"),
        libc::SIGQUIT => ("SIGQUIT", "interrupted"),
        libc::SIGUSR1 => ("SIGUSR1", "user-defined signal"),
        libc::SIGUSR2 => ("SIGUSR2", "user-defined signal"),
        _ => return (format!("signal {signal}"), "killed by a signal"),
    };
    (name.to_owned(), meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(signal: i32, code: i32, address: u64) -> Fault {
        Fault {
            signal,
            code,
            address: (code > 0).then_some(address),
            stack: 0x7fff_0000_0000,
            instruction: 0,
        }
    }

    #[test]
    fn addresses_tell_their_story() {
        for (fault, words) in [
            (fault(libc::SIGSEGV, 1, 0), "null pointer"),
            (fault(libc::SIGSEGV, 1, 0x18), "null pointer"),
            (fault(libc::SIGSEGV, 0x80, 0), "not an address"),
            (fault(libc::SIGSEGV, 1, 0x7ffe_ffff_fff8), "stack has overflowed"),
            (fault(libc::SIGSEGV, 1, 0xdead_beef), "nothing is there"),
            (fault(libc::SIGSEGV, 2, 0x5555_5555_0000), "not for that"),
            (fault(libc::SIGFPE, 1, 0x1000), "division by zero"),
            (fault(libc::SIGSEGV, 0, 0), "sent by a process"),
        ] {
            let note = explain(fault).unwrap();
            assert!(note.contains(words), "{fault:?}: {note}");
        }
        assert_eq!(explain(fault(libc::SIGABRT, -6, 0)), None);
    }
}
