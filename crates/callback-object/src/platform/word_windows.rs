//! The word of a thread, where `thread_local!` does not last as long as the thread: see [`Index`].

use super::index::Index;
use super::stand_in::no_word;

static WORD: Index = Index::new();

#[inline]
pub(crate) fn thread_word() -> *const () {
    let word = WORD.get();
    if word.is_null() { no_word() } else { word.cast() }
}

pub(crate) fn set_thread_word(word: *const ()) {
    let set = WORD.set(word.cast());
    assert!(set, "Windows has no word for threads left (TlsAlloc)");
}
