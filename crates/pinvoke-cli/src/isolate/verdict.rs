//! What has happened to a worker that left no report.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use super::Description;
use crate::failure::{Failure, Kind};
use crate::native::{self, Fault, Flight, Phase};

/// How the worker ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// By itself or by a signal.
    Status(ExitStatus),
    /// It was killed after this time.
    Timeout(Duration),
}

/// The failure to show.
pub(crate) fn verdict(ending: Ending, flight: &Flight, description: &Description) -> Failure {
    let failure = match ending {
        Ending::Timeout(time) => {
            let seconds = time.as_secs_f64();
            let what = format!("{} did not return within {seconds} s", subject(flight, description));
            Failure::new(Kind::Timeout, what).fact("seconds", seconds)
        }
        Ending::Status(status) => match status.signal() {
            Some(signal) => crash(signal, flight, description),
            None => exited(status.code().unwrap_or(0), flight, description),
        },
    };
    circumstances(failure, flight, description)
}

/// Who is to blame: the function, or the initialisers of its library.
fn subject(flight: &Flight, description: &Description) -> String {
    match flight.phase() {
        Phase::Preparing => "reading the declarations and arguments".to_owned(),
        Phase::Loading => "loading the library".to_owned(),
        Phase::Calling | Phase::Collecting | Phase::Reported => description.function.clone(),
    }
}

fn crash(signal: i32, flight: &Flight, description: &Description) -> Failure {
    let (name, meaning) = signal_name(signal);
    let subject = subject(flight, description);
    let message = match flight.phase() {
        Phase::Collecting => format!("reading what {subject} left behind crashed: {name}, {meaning}"),
        _ if native::FATAL.contains(&signal) => format!("{subject} crashed: {name}, {meaning}"),
        _ => format!("{subject} was ended by {name}: {meaning}"),
    };
    let mut failure = Failure::new(Kind::Crash, message).fact("signal", name).fact("signal_number", signal);
    // A record of another signal belongs to a fault that the native code has survived.
    let Some(fault) = flight.fault().filter(|fault| fault.signal == signal) else {
        return failure;
    };
    if let Some(address) = fault.address {
        failure = failure.fact("address", format!("{address:#x}"));
    }
    if let Some(note) = explain(fault) {
        failure = failure.note(note);
    }
    match description.place(fault.instruction) {
        Some(place) => failure.note(format!("at {place}")).fact("place", place),
        None => failure,
    }
}

/// What the address of a fault tells.
fn explain(fault: Fault) -> Option<String> {
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

fn exited(status: i32, flight: &Flight, description: &Description) -> Failure {
    if flight.phase() == Phase::Preparing {
        let message = format!("the worker process ended with exit status {status} before the call");
        return Failure::new(Kind::System, message);
    }
    let message = format!("{} ended the process with exit status {status}", subject(flight, description));
    Failure::new(Kind::Exited, message).fact("status", status)
}

fn circumstances(mut failure: Failure, flight: &Flight, description: &Description) -> Failure {
    if description.function.is_empty() {
        return failure;
    }
    failure = failure.note(format!("in the call {}", description.call()));
    failure = failure.fact("function", description.function.clone()).fact("call", description.call());
    if let Some((parameter, invocation)) = flight.callback() {
        let name = description.parameter(parameter);
        failure = failure
            .note(format!("inside the callback given for '{name}', invocation {invocation}"))
            .fact("callback", name)
            .fact("invocation", invocation);
    }
    failure = failure.note(format!("declared as {}", description.prototype));
    if failure.kind == Kind::Crash {
        failure = failure.help("check the prototype and the arguments against the function's documentation");
    }
    failure
}

/// The name of a signal and what it means.
fn signal_name(signal: i32) -> (String, &'static str) {
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
