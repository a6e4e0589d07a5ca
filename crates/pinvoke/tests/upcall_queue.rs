//! Callbacks that run on the thread of a queue, invoked by threads that Rust did not start.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every call is to a callback that the test keeps alive"
)]
#![allow(clippy::unwrap_used, reason = "in helpers of tests as in tests")]

use core::ffi::c_int;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pinvoke::upcall::{Declaration, Queue, resume_after};

type Unary = unsafe extern "C" fn(c_int) -> c_int;
const UNARY: Declaration<Unary> = Declaration::with_fallback("unary", -1);

/// Long enough for a machine with other things to do; what is waited for arrives at once.
const LONG: Duration = Duration::from_secs(30);

/// Invokes `f` on another thread; its result comes through the channel.
fn elsewhere(f: Unary, n: c_int) -> mpsc::Receiver<c_int> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(unsafe { f(n) }));
    receive
}

#[test]
fn a_foreign_thread_waits_for_the_result_of_the_owner() {
    let queue = Queue::new();
    let threads: Rc<RefCell<Vec<ThreadId>>> = Rc::default();
    let seen = threads.clone();
    let callback = UNARY
        .queued(&queue, move |n: c_int| -> c_int {
            seen.borrow_mut().push(thread::current().id());
            n * 2
        })
        .unwrap();
    let result = elsewhere(callback.function(), 21);
    assert_eq!(queue.run_within(LONG), 1);
    assert_eq!(result.recv().unwrap(), 42);
    // On the owner's own thread nothing waits.
    assert_eq!(unsafe { callback.function()(4) }, 8);
    assert_eq!(queue.run_pending(), 0);
    assert_eq!(*threads.borrow(), [thread::current().id(); 2]);
}

#[test]
fn a_posted_callback_answers_at_once_and_runs_in_order() {
    let queue = Queue::new();
    let seen: Rc<RefCell<Vec<c_int>>> = Rc::default();
    let list = seen.clone();
    let callback = UNARY
        .posted(&queue, move |n: c_int| -> c_int {
            list.borrow_mut().push(n);
            n
        })
        .unwrap();
    let f = callback.function();
    let results = thread::spawn(move || (0..5).map(|n| unsafe { f(n) }).collect::<Vec<_>>()).join().unwrap();
    assert_eq!(results, [-1; 5]);
    assert!(seen.borrow().is_empty());
    assert_eq!(queue.run_pending(), 5);
    assert_eq!(*seen.borrow(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_panic_goes_on_in_the_owner_and_the_caller_gets_the_fallback() {
    let queue = Queue::new();
    let callback = UNARY.queued(&queue, |n: c_int| -> c_int { panic!("job {n}") }).unwrap();
    let result = elsewhere(callback.function(), 3);
    let panic = catch_unwind(AssertUnwindSafe(|| queue.run_within(LONG))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "job 3");
    assert_eq!(result.recv().unwrap(), -1);
    // Invoked by the owner itself, it is a callback like any other.
    let f = callback.function();
    let panic = catch_unwind(|| resume_after(|| unsafe { f(4) })).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "job 4");
}

#[test]
fn who_waits_is_answered_when_the_queue_goes() {
    let queue = Queue::new();
    let callback = UNARY.queued(&queue, |n: c_int| -> c_int { n }).unwrap();
    let result = elsewhere(callback.function(), 3);
    while format!("{queue:?}") != "Queue { waiting: 1 }" {
        thread::yield_now();
    }
    drop(queue);
    assert_eq!(result.recv().unwrap(), -1);
    assert_eq!(elsewhere(callback.function(), 3).recv().unwrap(), -1);
}

#[test]
fn a_closure_is_dropped_at_home() {
    struct Witness(ThreadId, Arc<AtomicBool>);
    impl Drop for Witness {
        fn drop(&mut self) {
            assert_eq!(thread::current().id(), self.0);
            self.1.store(true, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let queue = Queue::new();
    let witness = Witness(thread::current().id(), dropped.clone());
    let callback = UNARY
        .queued(&queue, move |n: c_int| -> c_int {
            let _ = &witness;
            n
        })
        .unwrap();
    thread::spawn(move || drop(callback)).join().unwrap();
    assert!(!dropped.load(Ordering::SeqCst));
    assert_eq!(queue.run_pending(), 1);
    assert!(dropped.load(Ordering::SeqCst));
}
