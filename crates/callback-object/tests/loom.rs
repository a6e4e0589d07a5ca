//! Every interleaving, and every order that memory allows, of small programs over the portable fence; and over
//! the asymmetric one, the heavy side of which interrupts a walk of the model between any two of its steps
//! (`src/platform/model_fence.rs`). A thread of the model leaves out its fence from its second walk on.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p callback-object --test loom --release`. What is read in a routine
//! is written after unregistering: loom reports it as a race if nothing orders the two. A wake-up that is
//! lost is a deadlock of the model.
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;
use std::ptr::null_mut;
use std::sync::Arc;

use callback_object::{Attributes, CallbackObject, Fence, Registration, Status};
use loom::cell::UnsafeCell;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// All interleavings with so many involuntary switches between threads.
fn model(preemptions: usize, program: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    builder.check(program);
}

fn object() -> CallbackObject {
    CallbackObject::unnamed(Attributes::new().fence(Fence::Portable))
}

/// An object with the asymmetric fence.
fn asymmetric() -> CallbackObject {
    let object = CallbackObject::unnamed(Attributes::new().fence(Fence::Asymmetric));
    assert_eq!(object.fence_in_use(), Fence::Asymmetric);
    object
}

fn notify(object: &CallbackObject) {
    object.notify(null_mut(), null_mut()).unwrap();
}

/// What a routine reads and what is overwritten when it is gone.
#[derive(Clone)]
struct Context(Arc<UnsafeCell<usize>>);

// SAFETY: that accesses are ordered is what the model checks.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    fn new() -> Context {
        Context(Arc::new(UnsafeCell::new(1)))
    }

    fn read(&self) {
        // SAFETY: loom reports what races with this.
        assert_eq!(self.0.with(|value| unsafe { *value }), 1, "the routine runs after it was unregistered");
    }

    fn poison(&self) {
        // SAFETY: as above.
        self.0.with_mut(|value| unsafe { *value = 2 });
    }
}

fn register(object: &CallbackObject, context: &Context) -> Registration {
    let context = context.clone();
    object.register(move |_, _| context.read()).unwrap()
}

#[test]
fn no_call_after_unregistering() {
    model(3, || {
        let object = object();
        let context = Context::new();
        let registration = register(&object, &context);
        let notifier = thread::spawn({
            let object = object.clone();
            move || notify(&object)
        });
        registration.unregister().unwrap();
        context.poison();
        notifier.join().unwrap();
    });
}

#[test]
fn two_notifiers_and_a_wake_up() {
    model(3, || {
        let object = object();
        let context = Context::new();
        let registration = register(&object, &context);
        let notifiers = [(); 2].map(|()| {
            let object = object.clone();
            thread::spawn(move || notify(&object))
        });
        registration.unregister().unwrap();
        context.poison();
        notifiers.into_iter().for_each(|n| n.join().unwrap());
    });
}

#[test]
fn a_walk_goes_on_while_the_list_is_replaced() {
    model(3, || {
        let object = object();
        let contexts = [Context::new(), Context::new(), Context::new()];
        let [first, second, third] = contexts.each_ref().map(|c| register(&object, c));
        let notifier = thread::spawn({
            let object = object.clone();
            move || notify(&object)
        });
        // In the model a list is replaced when more are dead than alive.
        drop(first);
        contexts[0].poison();
        drop(second);
        contexts[1].poison();
        let fourth = register(&object, &contexts[2]);
        drop(third);
        drop(fourth);
        contexts[2].poison();
        notifier.join().unwrap();
    });
}

#[test]
fn a_registered_routine_is_called() {
    model(3, || {
        let object = object();
        let registered = Arc::new(AtomicUsize::new(0));
        let calls = Arc::new(AtomicUsize::new(0));
        let notifier = thread::spawn({
            let (object, registered, calls) = (object.clone(), Arc::clone(&registered), Arc::clone(&calls));
            move || {
                let before = registered.load(Ordering::Acquire);
                notify(&object);
                assert!(calls.load(Ordering::Relaxed) >= before);
            }
        });
        let theirs = Arc::clone(&calls);
        let routine = move |_, _| _ = theirs.fetch_add(1, Ordering::Relaxed);
        let registration = object.register(routine).unwrap();
        registered.store(1, Ordering::Release);
        notifier.join().unwrap();
        drop(registration);
    });
}

/// A place for a registration that a routine takes.
type Cell = Arc<Mutex<Option<Registration>>>;

fn take(cell: &Cell) -> Option<Registration> {
    cell.lock().unwrap().take()
}

#[test]
fn a_routine_unregisters_itself_in_one_of_two_threads() {
    model(3, || {
        let object = object();
        let cell: Cell = Arc::new(Mutex::new(None));
        let context = Context::new();
        let routine = {
            let (cell, context) = (Arc::clone(&cell), context.clone());
            move |_, _| {
                context.read();
                if let Some(own) = take(&cell) {
                    own.unregister().unwrap();
                }
            }
        };
        *cell.lock().unwrap() = Some(object.register(routine).unwrap());
        let notifier = thread::spawn({
            let object = object.clone();
            move || notify(&object)
        });
        notify(&object);
        notifier.join().unwrap();
        assert_eq!(object.registered(), 0);
        // Both the registration's closure and its copy of the context are gone.
        context.poison();
        assert_eq!(Arc::strong_count(&context.0), 1);
    });
}

#[test]
fn two_routines_that_remove_each_other_both_return() {
    model(3, || {
        let objects = [object(), object()];
        let cells: [Cell; 2] = [Arc::new(Mutex::new(None)), Arc::new(Mutex::new(None))];
        let contexts = [Context::new(), Context::new()];
        for i in 0..2 {
            let (other, context) = (Arc::clone(&cells[1 - i]), contexts[i].clone());
            let routine = move |_, _| {
                if let Some(other) = take(&other) {
                    let _ = other.unregister();
                }
                context.read();
            };
            *cells[i].lock().unwrap() = Some(objects[i].register(routine).unwrap());
        }
        let notifier = thread::spawn({
            let object = objects[0].clone();
            move || notify(&object)
        });
        notify(&objects[1]);
        notifier.join().unwrap();
        for i in 0..2 {
            drop(take(&cells[i]));
            assert_eq!(objects[i].registered(), 0);
            contexts[i].poison();
            assert_eq!(Arc::strong_count(&contexts[i].0), 1);
        }
    });
}

#[test]
fn the_object_goes_while_it_is_walked() {
    model(3, || {
        let object = object();
        let context = Context::new();
        let registration = register(&object, &context);
        let notifier = thread::spawn({
            let object = object.clone();
            move || {
                notify(&object);
                drop(object);
            }
        });
        drop(registration);
        drop(object);
        notifier.join().unwrap();
        context.poison();
    });
}

#[test]
fn the_object_goes_while_it_is_looked_up() {
    model(3, || {
        let key = 8;
        let first = object();
        let front = first.publish(NonZeroUsize::new(key).unwrap());
        let context = Context::new();
        let registration = register(&first, &context);
        let notifier = thread::spawn(move || match front.notify(key, null_mut(), null_mut()) {
            Ok(()) => {}
            Err(error) => assert_eq!(error.status(), Status::INVALID_HANDLE),
        });
        drop(registration);
        context.poison();
        first.withdraw();
        drop(first);
        // The next object has the same front. Nobody notifies it.
        let second = object();
        let registration = second.register(|_, _| panic!("another object was notified")).unwrap();
        assert!(std::ptr::eq(second.publish(NonZeroUsize::new(key + 1).unwrap()), front));
        notifier.join().unwrap();
        drop(registration);
    });
}

/// Notifies once with a fence, and once more without.
fn notify_from_habit(object: &CallbackObject) {
    notify(object);
    notify(object);
}

#[test]
fn a_walk_without_a_fence_calls_nothing_that_was_unregistered() {
    model(3, || {
        let object = asymmetric();
        let context = Context::new();
        let registration = register(&object, &context);
        let notifier = thread::spawn({
            let object = object.clone();
            move || notify_from_habit(&object)
        });
        registration.unregister().unwrap();
        context.poison();
        notifier.join().unwrap();
    });
}

#[test]
fn one_recall_is_enough_for_all_who_unregister() {
    model(2, || {
        let object = asymmetric();
        let pairs = [Context::new(), Context::new()].map(|context| (register(&object, &context), context));
        let notifier = thread::spawn({
            let object = object.clone();
            move || notify_from_habit(&object)
        });
        let unregister = |registration: Registration, context: Context| {
            registration.unregister().unwrap();
            context.poison();
        };
        let [(mine, my_context), (theirs, their_context)] = pairs;
        let other = thread::spawn(move || unregister(theirs, their_context));
        unregister(mine, my_context);
        other.join().unwrap();
        notifier.join().unwrap();
    });
}

#[test]
fn a_walk_without_a_fence_goes_on_while_the_list_is_replaced() {
    model(2, || {
        let object = asymmetric();
        let contexts = [Context::new(), Context::new(), Context::new()];
        let [first, second, third] = contexts.each_ref().map(|c| register(&object, c));
        let notifier = thread::spawn({
            let object = object.clone();
            move || notify_from_habit(&object)
        });
        // Who is called first goes last, when the fence is back.
        for (registration, context) in [first, second, third].into_iter().zip(contexts).rev() {
            drop(registration);
            context.poison();
        }
        notifier.join().unwrap();
    });
}

#[test]
fn a_habit_is_taken_up_again_after_a_recall() {
    model(2, || {
        let object = asymmetric();
        let context = Context::new();
        let registration = register(&object, &context);
        let notifier = thread::spawn({
            let object = object.clone();
            move || {
                notify_from_habit(&object);
                notify_from_habit(&object);
            }
        });
        drop(object.register(|_, _| {}).unwrap());
        registration.unregister().unwrap();
        context.poison();
        notifier.join().unwrap();
    });
}

#[test]
fn the_object_goes_while_it_is_looked_up_from_habit() {
    model(3, || {
        let key = 8;
        let [other, first] = [asymmetric(), asymmetric()];
        other.register(|_, _| {}).unwrap().leak();
        let front = first.publish(NonZeroUsize::new(key).unwrap());
        let context = Context::new();
        let registration = register(&first, &context);
        let notifier = thread::spawn(move || {
            notify(&other);
            match front.notify(key, null_mut(), null_mut()) {
                Ok(()) => {}
                Err(error) => assert_eq!(error.status(), Status::INVALID_HANDLE),
            }
        });
        drop(registration);
        context.poison();
        first.withdraw();
        drop(first);
        notifier.join().unwrap();
    });
}
