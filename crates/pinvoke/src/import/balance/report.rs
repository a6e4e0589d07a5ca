//! Last words about a function that left the stack otherwise than its declaration says.

use core::fmt;
use std::io::Write as _;

use super::SYSTEM_IS_STDCALL;
use super::x86::{KEPT, SEAL};
use crate::import::Import;

/// What a declaration says of a call; a type, since a call that went wrong has no other value that can be relied on.
pub trait Declared {
    /// The convention as it stands behind `extern`.
    const CONVENTION: &'static str;
    /// What was called.
    fn function() -> Described;
}

/// A function that was called.
#[derive(Debug)]
pub enum Described {
    /// A declared import.
    Import(&'static Import),
    /// A function of the callback type of this name.
    OfType(&'static str),
}

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Described::Import(import) => {
                write!(f, "the function `{}` of the library {:?}", import.name(), import.library().name())
            }
            Described::OfType(name) => write!(f, "a function of the type `{name}`"),
        }
    }
}

/// Bytes that a call may have removed or left; more are no imbalance but what was read in the place of a mark.
const MOST: u32 = 1 << 16;

/// Reports and aborts. `lower` is the [mark](super::Mark) less `after`, the stack pointer behind the call, if the mark
/// could be read there.
pub(super) extern "C" fn report<D: Declared>(lower: i32, after: *const u32) -> ! {
    let removed = Some(lower.wrapping_neg()).filter(|removed| is_imbalance(*removed));
    let removed = removed.or_else(|| search(after));
    let mut line = Vec::new();
    // Writing to a Vec does not fail, and one write to stderr keeps threads from mixing lines.
    let _ =
        writeln!(line, "pinvoke: {}", Report { function: D::function(), convention: D::CONVENTION, removed });
    let _ = std::io::stderr().write_all(&line);
    std::process::abort()
}

fn is_imbalance(removed: i32) -> bool {
    removed != 0 && removed % 4 == 0 && removed.unsigned_abs() <= MOST
}

/// Looks for the mark near the stack pointer, in whose frame it is if it was in no register; says how many bytes were
/// removed since. Marks of other calls lie about too, but farther away: those of callers above this one's frame, those
/// of calls that are over below it.
fn search(after: *const u32) -> Option<i32> {
    let words = (KEPT / 4).cast_signed();
    let marks = (-words..words).filter_map(|i| {
        let place = after.wrapping_offset(i);
        // SAFETY: below, the report leaves memory alone; above are the frames of callers, which take more than this.
        let word = unsafe { place.read_volatile() };
        let mark = word as usize ^ SEAL;
        // A frame lies above its stack pointer.
        (mark <= place.addr()).then_some(after.addr().wrapping_sub(mark).cast_signed())
    });
    let marks = marks.filter_map(|removed| i32::try_from(removed).ok());
    marks.filter(|removed| is_imbalance(*removed)).min_by_key(|removed| removed.unsigned_abs())
}

/// What is said.
struct Report {
    function: Described,
    convention: &'static str,
    /// Bytes that the call removed more than it should have, negative if fewer; `None` if that is not known.
    removed: Option<i32>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { function, convention, removed } = self;
        write!(f, "{function}, declared `extern \"{convention}\"`, ")?;
        let bytes = removed.map(i32::unsigned_abs);
        match (removed.map(|removed| removed > 0), bytes) {
            (Some(true), Some(bytes)) => {
                write!(f, "has removed {bytes} bytes from the stack that it should have left")?
            }
            (Some(false), Some(bytes)) => {
                write!(f, "has left {bytes} bytes on the stack that it should have removed")?
            }
            _ => write!(f, "has removed other than its arguments from the stack")?,
        }
        let advice = match (removes_arguments(convention), removed.map(|removed| removed > 0)) {
            (false, Some(true)) => {
                "probably it is a stdcall function (`WINAPI`): declare it `extern \"stdcall\"`, or `extern \"system\"`, \
                 which is stdcall on 32-bit Windows"
            }
            (true, Some(false)) => {
                "probably it is a cdecl function: declare it `extern \"C\"`; or it has fewer arguments than are declared"
            }
            (true, Some(true)) => "it has more arguments than are declared",
            _ => "its convention, its arguments or its result are declared wrong",
        };
        write!(f, ": {advice}; its caller's stack is lost, and the process is aborted")
    }
}

/// Whether functions of a convention remove their arguments.
fn removes_arguments(convention: &str) -> bool {
    match convention.trim_end_matches("-unwind") {
        "stdcall" | "fastcall" | "thiscall" => true,
        "system" => SYSTEM_IS_STDCALL,
        _ => false,
    }
}
