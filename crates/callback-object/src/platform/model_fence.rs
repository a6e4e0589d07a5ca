//! The heavy fence, modelled: a thread that is between two steps of a walk is interrupted there and passes a full
//! fence; whoever asked for it goes on when all have.
//!
//! The model decides at which step: where it lets the other thread run. The book-keeping is no part of the model:
//! no order comes of it.
//!
//! A thread that is not in a walk is not awaited, for it may be blocked: it passes a fence when it leaves a walk, and
//! makes up for what it missed when it begins one. The system does that for threads that run on no processor.

use std::sync::{Mutex, PoisonError};
use std::vec::Vec;

use loom::thread::ThreadId;

use crate::sync::full_fence;

/// Whether this is a model of the program, which tries everything and so must not try anything often.
pub(crate) const IS_MODEL: bool = true;

#[derive(Default)]
struct Book {
    /// Heavy fences so far.
    requests: u64,
    threads: Vec<Thread>,
}

/// A thread that has been in a walk.
struct Thread {
    id: ThreadId,
    is_walking: bool,
    /// The heavy fences it has followed.
    followed: u64,
}

loom::lazy_static! {
    /// Of one execution of the model; a lock, for what is shared must have one.
    static ref BOOK: Mutex<Book> = Mutex::new(Book::default());
}

fn book<T>(look: impl FnOnce(&mut Book) -> T) -> T {
    look(&mut BOOK.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Book {
    fn this_thread(&mut self) -> &mut Thread {
        let id = loom::thread::current().id();
        let at = self.threads.iter().position(|thread| thread.id == id).unwrap_or_else(|| {
            self.threads.push(Thread { id, is_walking: false, followed: 0 });
            self.threads.len() - 1
        });
        &mut self.threads[at]
    }
}

/// Follows all requests so far.
fn follow() {
    let requests = book(|book| book.requests);
    full_fence();
    book(|book| book.this_thread().followed = requests);
}

/// Whether [`fence_others`] works.
pub(crate) fn fences_others() -> bool {
    true
}

/// Has all other threads pass a full fence.
pub(crate) fn fence_others() {
    last_step();
    full_fence();
    let request = book(|book| {
        book.requests += 1;
        book.requests
    });
    let is_awaited = |thread: &Thread| thread.is_walking && thread.followed < request;
    while book(|book| book.threads.iter().any(is_awaited)) {
        loom::thread::yield_now();
    }
    full_fence();
}

/// Between two steps of a walk.
pub(crate) fn step() {
    let is_behind = book(|book| {
        let requests = book.requests;
        let own = book.this_thread();
        own.is_walking = true;
        own.followed != requests
    });
    if is_behind {
        follow();
    }
}

/// After the last step for now: what follows may block, or is not of a walk.
pub(crate) fn last_step() {
    if book(|book| book.this_thread().is_walking) {
        follow();
        book(|book| book.this_thread().is_walking = false);
    }
}
