//! The word of a thread: a plain thread-local cell without a destructor, so that reading it is a load, in a shared
//! library after a call that finds it.

use core::cell::Cell;

use super::stand_in::no_word;

std::thread_local! {
    static WORD: Cell<*const ()> = const { Cell::new(no_word()) };
}

#[inline]
pub(crate) fn thread_word() -> *const () {
    WORD.get()
}

pub(crate) fn set_thread_word(word: *const ()) {
    WORD.set(word);
}
