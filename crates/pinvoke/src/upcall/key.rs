//! What threads are called by those who compare it at every upcall.
//!
//! ```text
//!    63        62       61 ........ 26   25 ... 0
//!      0    | pending |  the thread    |    0
//! ```
//!
//! *Pending* is set while a panic of the thread waits for the outer native call to return. Bits 0 to 25
//! and 63 are for [`super::gate`], which is thereby never equal to a thread that must not pass.

/// Set while a panic is pending.
pub(crate) const PENDING: u64 = 1 << 62;
/// One thread more.
pub(crate) const THREAD: u64 = 1 << 26;
/// In place of a thread: every one. Threads without a key have 0, which is nobody's.
pub(crate) const ANY: u64 = THREAD;
/// The key of the first thread.
pub(crate) const FIRST: u64 = ANY + THREAD;

/// The number of a thread, counted from 1 in the order in which threads met a callback.
pub(crate) fn number(key: u64) -> u64 {
    (key & !PENDING) / THREAD - ANY / THREAD
}
