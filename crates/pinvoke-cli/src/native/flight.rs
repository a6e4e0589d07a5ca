//! Memory shared between the command and its worker, like an aircraft's flight recorder.
//!
//! The worker stores in it what it is about to do, and its signal handler what killed it. The memory outlives
//! the worker, whatever ends it, so nothing has to be sent in time.
#![allow(unsafe_code, reason = "refers to memory that two processes share")]

use std::fs::File;
use std::io;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};

use super::system;

/// How far the worker has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Phase {
    /// Reading declarations and arguments.
    Preparing = 0,
    /// Loading the library, which runs its initialisers.
    Loading = 1,
    /// In the function.
    Calling = 2,
    /// Reading what the function left behind.
    Collecting = 3,
    /// The report is complete.
    Reported = 4,
}

impl Phase {
    const ALL: [Phase; 5] =
        [Phase::Preparing, Phase::Loading, Phase::Calling, Phase::Collecting, Phase::Reported];
}

/// What the worker is doing, and what killed it. Lives in shared memory; all zeros at first.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Flight {
    phase: AtomicU32,
    /// The parameter, from 1, whose callback runs; 0 for none.
    callback: AtomicU32,
    /// Which invocation of it, from 1.
    invocation: AtomicU64,
    signal: AtomicI32,
    code: AtomicI32,
    address: AtomicU64,
    stack: AtomicU64,
    instruction: AtomicU64,
    /// Bytes of the description of the call and, behind it, of the report.
    described: AtomicU64,
    reported: AtomicU64,
}

/// A fatal signal, or on Windows an exception that nobody handles, as the handler saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// Its number.
    pub(crate) signal: i32,
    /// `si_code`; of an access violation the kind of access.
    pub(crate) code: i32,
    /// `si_addr`, if the signal has one; what was accessed.
    pub(crate) address: Option<u64>,
    /// The stack pointer; 0 where it is not known.
    pub(crate) stack: u64,
    /// The instruction that was being executed; 0 where it is not known.
    pub(crate) instruction: u64,
}

impl Flight {
    /// Where the description starts in the file behind the shared memory.
    pub(crate) const DATA: u64 = 4096;

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u32, SeqCst);
    }

    pub(crate) fn phase(&self) -> Phase {
        let phase = self.phase.load(SeqCst);
        Phase::ALL.into_iter().find(|p| *p as u32 == phase).unwrap_or(Phase::Preparing)
    }

    /// Says that a callback runs; gives back what ran before, for [`Flight::resume`].
    pub(crate) fn enter_callback(&self, parameter: u32, invocation: u64) -> (u32, u64) {
        (self.callback.swap(parameter + 1, SeqCst), self.invocation.swap(invocation, SeqCst))
    }

    /// Says that a callback has ended.
    pub(crate) fn resume(&self, before: (u32, u64)) {
        self.callback.store(before.0, SeqCst);
        self.invocation.store(before.1, SeqCst);
    }

    /// The parameter, from 0, whose callback runs, and which invocation of it, from 1.
    pub(crate) fn callback(&self) -> Option<(u32, u64)> {
        let parameter = self.callback.load(SeqCst).checked_sub(1)?;
        Some((parameter, self.invocation.load(SeqCst)))
    }

    pub(crate) fn set_described(&self, bytes: u64) {
        self.described.store(bytes, SeqCst);
    }

    pub(crate) fn described(&self) -> u64 {
        self.described.load(SeqCst)
    }

    pub(crate) fn set_reported(&self, bytes: u64) {
        self.reported.store(bytes, SeqCst);
        self.enter(Phase::Reported);
    }

    pub(crate) fn reported(&self) -> u64 {
        self.reported.load(SeqCst)
    }

    /// Stores a fatal signal. Called by a signal handler: plain stores and nothing else.
    pub(super) fn record(&self, fault: Fault) {
        self.code.store(fault.code, Relaxed);
        self.address.store(fault.address.unwrap_or(0), Relaxed);
        self.stack.store(fault.stack, Relaxed);
        self.instruction.store(fault.instruction, Relaxed);
        self.signal.store(fault.signal, SeqCst);
    }

    /// The signal that the handler saw, if any.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let signal = self.signal.load(SeqCst);
        let code = self.code.load(SeqCst);
        let addressed = system::has_address(signal, code);
        (signal != 0).then(|| Fault {
            signal,
            code,
            address: addressed.then(|| self.address.load(SeqCst)),
            stack: self.stack.load(SeqCst),
            instruction: self.instruction.load(SeqCst),
        })
    }

    /// Maps the shared memory behind `file`, for the rest of the process.
    pub(crate) fn map(file: &File) -> io::Result<&'static Flight> {
        if file.metadata()?.len() < Flight::DATA {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a flight recorder"));
        }
        let memory = system::map(file, size_of::<Flight>())?;
        // SAFETY: the mapping is page-aligned, as large as a `Flight`, never unmapped, and every field is
        // an atomic that all bit patterns are valid for, so that other processes may write to it.
        Ok(unsafe { &*memory.cast::<Flight>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flight_is_shared_through_its_file() {
        is_shared(&system::shared_file().unwrap());
        #[cfg(unix)]
        {
            let file = system::unnamed_file().unwrap();
            file.set_len(Flight::DATA).unwrap();
            is_shared(&file);
        }
    }

    fn is_shared(file: &File) {
        let here = Flight::map(file).unwrap();
        let there = Flight::map(file).unwrap();
        here.enter(Phase::Calling);
        let before = here.enter_callback(2, 7);
        assert_eq!((there.phase(), there.callback()), (Phase::Calling, Some((2, 7))));
        here.resume(before);
        assert_eq!(there.callback(), None);
        assert!(there.fault().is_none());
    }

    #[test]
    fn other_files_are_refused() {
        let empty = std::env::temp_dir().join(format!("pinvoke-empty-{}", std::process::id()));
        let file = File::create(&empty).unwrap();
        std::fs::remove_file(empty).unwrap();
        assert!(Flight::map(&file).is_err());
        assert!(system::inherited_file(0).is_err());
        assert!(system::inherited_file(987_654).is_err());
    }
}
