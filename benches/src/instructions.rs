//! How many instructions a piece of work takes, counted one by one.
//!
//! Processors count instructions too, but virtual machines mostly refuse to tell. A child process that
//! its parent steps through (`ptrace`) gives the exact number everywhere.

use std::ffi::c_int;
use std::ptr::null_mut;

use crate::Work;

/// How often the work runs in the measured child: the difference of two is free of what is around it.
const RUNS: [u64; 2] = [4, 20];

/// Instructions of one piece of work; none where processes may not be traced.
pub fn instructions(work: &mut Work<'_>) -> Option<f64> {
    // Whatever happens the first time only has happened then.
    work(1);
    let [few, many] = RUNS.map(|n| steps(work, n));
    Some((many?.checked_sub(few?)?) as f64 / (RUNS[1] - RUNS[0]) as f64)
}

/// Instructions of a child process that does the work so many times.
fn steps(work: &mut Work<'_>, n: u64) -> Option<u64> {
    // SAFETY: the child does its work and ends; it takes no lock that another thread could hold.
    let child = unsafe { libc::fork() };
    match child {
        -1 => None,
        0 => {
            // SAFETY: no memory is involved.
            unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<u8>(), null_mut::<u8>()) };
            // SAFETY: stops this process until its parent goes on.
            unsafe { libc::raise(libc::SIGSTOP) };
            work(n);
            // SAFETY: ends the child, without what the parent would do at its end.
            unsafe { libc::_exit(0) }
        }
        child => {
            let mut steps = 0;
            while is_stopped(child)? {
                // SAFETY: our child, which is stopped.
                let stepped = unsafe {
                    libc::ptrace(libc::PTRACE_SINGLESTEP, child, null_mut::<u8>(), null_mut::<u8>())
                };
                if stepped != 0 {
                    // SAFETY: our child.
                    unsafe { libc::kill(child, libc::SIGKILL) };
                    is_stopped(child);
                    return None;
                }
                steps += 1;
            }
            Some(steps)
        }
    }
}

/// Waits for the child; none if it did not end well.
fn is_stopped(child: c_int) -> Option<bool> {
    let mut status = 0;
    // SAFETY: our child, and a place for its status.
    if unsafe { libc::waitpid(child, &raw mut status, 0) } != child {
        return None;
    }
    if libc::WIFSTOPPED(status) {
        return Some(true);
    }
    (libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0).then_some(false)
}
