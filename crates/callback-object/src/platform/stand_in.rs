//! The word of a thread that has not set one: the address of memory that no thread owns.
//!
//! Not null, so that whoever follows the word needs no test of its own: what it finds there is all ones, which
//! says *occupied* wherever it looks.

use core::sync::atomic::AtomicU64;

/// Bytes that may be read at [`no_word`], all atomically.
pub(crate) const STAND_IN: usize = 256;

#[repr(align(128))]
struct Nobody([AtomicU64; STAND_IN / 8]);

static NOBODY: Nobody = Nobody([const { AtomicU64::new(u64::MAX) }; STAND_IN / 8]);

/// The word at first.
#[inline(always)]
pub(crate) const fn no_word() -> *const () {
    NOBODY.0.as_ptr().cast()
}
