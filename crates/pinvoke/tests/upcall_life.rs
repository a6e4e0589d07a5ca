//! The life of callbacks: panics, threads, drops, late calls, and where their code comes from.
//!
//! What ends the process is tried in a child: this program again, with one test selected and a
//! variable that tells it to go through with it.
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "every call is to code in this file or to a C function used as its manual says"
)]
#![allow(clippy::unwrap_used, reason = "in helpers of tests as in tests")]

#[path = "support/child.rs"]
mod child;
#[cfg(target_os = "linux")]
#[path = "upcall_life/linux.rs"]
mod linux;

use core::ffi::c_int;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use pinvoke::native::NativeType;
use pinvoke::upcall::{
    Callback, Declaration, DynamicCallback, OnPanic, OnWrongThread, ThreadRule, function, resume_after,
};
use pinvoke_abi::signature::Signature;
use pinvoke_abi::target::Target;

use child::{aborts_saying, child, is_child};

type Unary = unsafe extern "C" fn(c_int) -> c_int;
const UNARY: Declaration<Unary> = Declaration::with_fallback("unary", -1);

/// Native code that is none of ours: calls back through a pointer.
fn native(f: Unary, n: c_int) -> c_int {
    unsafe { std::hint::black_box(f)(n) }
}

fn succeeds(test: &str) {
    let output = child(test);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {error}", output.status);
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    match panic.downcast_ref::<String>() {
        Some(text) => text,
        None => panic.downcast_ref::<&str>().unwrap(),
    }
}

#[test]
fn a_panic_goes_on_behind_the_native_call() {
    #[derive(Debug, PartialEq)]
    struct Payload(i32);
    let mut runs = 0;
    let mut closure = |n: c_int| -> c_int {
        runs += 1;
        std::panic::panic_any(Payload(n))
    };
    let callback = UNARY.scoped(&mut closure).unwrap();
    let f = callback.function();
    let mut results = Vec::new();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        resume_after(|| {
            results.push(native(f, 5));
            // A panic is pending: this one does not run.
            results.push(native(f, 6));
        });
        unreachable!("the panic resumes before this");
    }));
    assert_eq!(*panic.unwrap_err().downcast::<Payload>().unwrap(), Payload(5));
    assert_eq!(results, [-1, -1]);
    // The next outer call starts afresh.
    let panic = catch_unwind(AssertUnwindSafe(|| resume_after(|| native(f, 7))));
    assert_eq!(*panic.unwrap_err().downcast::<Payload>().unwrap(), Payload(7));
    drop(callback);
    assert_eq!(runs, 2);
}

#[test]
fn a_panic_in_a_callback_in_a_call_in_a_callback_goes_out_level_by_level() {
    let trail = Cell::new(0);
    let mut inner = |n: c_int| -> c_int {
        trail.set(trail.get() * 10 + 2);
        panic!("inner {n}")
    };
    let inner = UNARY.scoped(&mut inner).unwrap();
    let f = inner.function();
    let mut outer = |n: c_int| -> c_int {
        trail.set(trail.get() * 10 + 1);
        let result = resume_after(|| native(f, n + 1));
        trail.set(999);
        result
    };
    let outer = UNARY.scoped(&mut outer).unwrap();
    let g = outer.function();
    let native_result = Cell::new(0);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        resume_after(|| native_result.set(native(g, 1)));
    }));
    assert_eq!(message(&*panic.unwrap_err()), "inner 2");
    assert_eq!(trail.get(), 12, "outer did not go on");
    assert_eq!(native_result.get(), -1, "native code saw the fallback value");
}

#[test]
fn a_callback_may_catch_what_it_calls() {
    let mut inner = |_: c_int| -> c_int { panic!("caught inside") };
    let inner = UNARY.scoped(&mut inner).unwrap();
    let f = inner.function();
    let mut outer = |n: c_int| -> c_int {
        let panic = catch_unwind(AssertUnwindSafe(|| resume_after(|| native(f, n)))).unwrap_err();
        c_int::try_from(message(&*panic).len()).unwrap()
    };
    let outer = UNARY.scoped(&mut outer).unwrap();
    assert_eq!(resume_after(|| native(outer.function(), 1)), 13);
}

#[test]
fn a_panic_around_the_native_call_wins() {
    let mut closure = |_: c_int| -> c_int { panic!("of the callback") };
    let callback = UNARY.scoped(&mut closure).unwrap();
    let f = callback.function();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        resume_after(|| {
            native(f, 1);
            panic!("of the caller")
        })
    }));
    let panic: Box<dyn std::any::Any + Send> = match panic {
        Ok(()) => panic!("a panic was lost"),
        Err(panic) => panic,
    };
    assert_eq!(message(&*panic), "of the caller");
    // Nothing is left behind.
    let mut closure = |n: c_int| -> c_int { n + 1 };
    let callback = UNARY.scoped(&mut closure).unwrap();
    assert_eq!(resume_after(|| native(callback.function(), 1)), 2);
}

#[test]
fn a_pending_panic_waits_for_its_own_outer_call() {
    // A plain function of somebody else, called by the same native code, calls out itself.
    extern "C" fn plain(n: c_int) -> c_int {
        resume_after(|| n + 1)
    }
    let mut closure = |_: c_int| -> c_int { panic!("pending") };
    let callback = UNARY.scoped(&mut closure).unwrap();
    let f = callback.function();
    let seen = Cell::new(0);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        resume_after(|| {
            native(f, 1);
            seen.set(native(plain, 4));
            assert_eq!(native(f, 1), -1);
        });
    }));
    assert_eq!(seen.get(), 5, "the inner call did not take the panic");
    assert_eq!(message(&*panic.unwrap_err()), "pending");
}

#[test]
fn a_bare_function_and_a_handler_contain_panics_too() {
    let bare = function::<Unary, _>(|n: c_int| -> c_int { panic!("bare {n}") });
    let panic = catch_unwind(|| resume_after(|| native(bare, 3))).unwrap_err();
    assert_eq!(message(&*panic), "bare 3");

    let signature = Signature::new(Target::HOST, vec![i32::layout()], i32::layout());
    let handler =
        DynamicCallback::new(&signature, "h", |_| panic!("handler"), ThreadRule::OwnThread).unwrap();
    let f: Unary = unsafe { core::mem::transmute(handler.code()) };
    let panic = catch_unwind(AssertUnwindSafe(|| resume_after(|| native(f, 3)))).unwrap_err();
    assert_eq!(message(&*panic), "handler");
}

#[test]
fn an_exclusive_closure_is_not_entered_twice() {
    let own: Cell<Option<Unary>> = Cell::new(None);
    let entered = Cell::new(0);
    let mut closure = |n: c_int| -> c_int {
        entered.set(entered.get() + 1);
        match own.get() {
            Some(f) if n == 0 => resume_after(|| native(f, 1)),
            _ => n,
        }
    };
    let callback = UNARY.scoped(&mut closure).unwrap();
    own.set(Some(callback.function()));
    let panic =
        catch_unwind(AssertUnwindSafe(|| resume_after(|| native(callback.function(), 0)))).unwrap_err();
    assert!(message(&*panic).contains("`unary` was invoked while it was running"), "{}", message(&*panic));
    assert_eq!(entered.get(), 1);

    // What is `Fn` may be declared reentrant.
    let own: Cell<Option<Unary>> = Cell::new(None);
    let closure = |n: c_int| -> c_int {
        match own.get() {
            Some(f) if n < 5 => 1 + native(f, n + 1),
            _ => 0,
        }
    };
    let callback = UNARY.scoped_reentrant(&closure).unwrap();
    own.set(Some(callback.function()));
    assert_eq!(native(callback.function(), 0), 5);
}

#[test]
fn foreign_threads_get_the_fallback_where_declared() {
    const LENIENT: Declaration<Unary> = Declaration::with_fallback("lenient", -2)
        .on_wrong_thread(OnWrongThread::Return)
        .on_panic(OnPanic::Return);
    let mut closure = |n: c_int| -> c_int { n };
    let callback = LENIENT.scoped(&mut closure).unwrap();
    let f = callback.function();
    assert_eq!(std::thread::spawn(move || native(f, 1)).join().unwrap(), -2);
    assert_eq!(native(f, 1), 1);
    // A panic where nobody waits for it.
    let anywhere = LENIENT.owned_anywhere(|_: c_int| -> c_int { panic!("seen by the hook only") }).unwrap();
    let f = anywhere.function();
    assert_eq!(std::thread::spawn(move || native(f, 1)).join().unwrap(), -2);
}

#[test]
fn a_panic_without_outer_call_aborts_and_names_the_callback() {
    if !is_child() {
        return aborts_saying(
            "a_panic_without_outer_call_aborts_and_names_the_callback",
            &["what the closure said", "callback `unary` (generation 1) panicked", "resume_after"],
        );
    }
    let callback = UNARY.owned_anywhere(|_: c_int| -> c_int { panic!("what the closure said") }).unwrap();
    let f = callback.function();
    let _ = std::thread::spawn(move || native(f, 1)).join();
}

#[test]
fn a_declared_abort_aborts() {
    const STRICT: Declaration<Unary> = Declaration::new("strict").on_panic(OnPanic::Abort);
    if !is_child() {
        return aborts_saying("a_declared_abort_aborts", &["callback `strict`", "declared to abort"]);
    }
    let mut closure = |_: c_int| -> c_int { panic!() };
    let callback = STRICT.scoped(&mut closure).unwrap();
    resume_after(|| native(callback.function(), 1));
}

#[test]
fn a_call_after_the_drop_is_reported() {
    if !is_child() {
        return aborts_saying(
            "a_call_after_the_drop_is_reported",
            &["callback `unary` (generation 1) was invoked after it was dropped"],
        );
    }
    let callback = UNARY.owned(|n: c_int| -> c_int { n }).unwrap();
    let f = callback.function();
    drop(callback);
    native(f, 1);
}

#[test]
fn a_late_call_of_a_dynamic_callback_is_reported() {
    if !is_child() {
        return aborts_saying(
            "a_late_call_of_a_dynamic_callback_is_reported",
            &["callback `on_event` (generation 1) was invoked after it was dropped"],
        );
    }
    let signature = Signature::new(Target::HOST, vec![i32::layout()], i32::layout());
    let callback =
        DynamicCallback::new(&signature, &String::from("on_event"), |_| {}, ThreadRule::OwnThread).unwrap();
    let f: Unary = unsafe { core::mem::transmute(callback.code()) };
    drop(callback);
    native(f, 1);
}

#[test]
fn a_late_call_past_the_thunk_is_reported() {
    type User = unsafe extern "C" fn(*mut core::ffi::c_void) -> c_int;
    const USER: Declaration<pinvoke::upcall::UserDataFirst<User>> = Declaration::new("with user data");
    if !is_child() {
        return aborts_saying(
            "a_late_call_past_the_thunk_is_reported",
            &["callback `with user data` (generation 1) was invoked after it was dropped"],
        );
    }
    let callback = USER.owned(|| -> c_int { 1 }).unwrap();
    let (f, user) = (callback.function(), callback.user_data());
    drop(callback);
    unsafe { f(user) };
}

#[test]
fn a_call_on_the_wrong_thread_is_reported() {
    if !is_child() {
        return aborts_saying(
            "a_call_on_the_wrong_thread_is_reported",
            &["callback `unary`", "was invoked on thread #2 `stranger`", "belongs to thread #1"],
        );
    }
    let callback = UNARY.owned(|n: c_int| -> c_int { n }).unwrap();
    let f = callback.function();
    let _ = std::thread::Builder::new().name("stranger".into()).spawn(move || native(f, 1)).unwrap().join();
}

#[test]
fn what_runs_is_freed_by_its_last_invocation() {
    struct Witness(Arc<AtomicBool>);
    impl Drop for Witness {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let freed = Arc::new(AtomicBool::new(false));
    let inside = Arc::new(Barrier::new(2));
    let go_on = Arc::new(Barrier::new(2));
    let witness = Witness(freed.clone());
    let callback = {
        let (inside, go_on, freed) = (inside.clone(), go_on.clone(), freed.clone());
        UNARY
            .owned_anywhere(move |n: c_int| -> c_int {
                let _ = &witness;
                inside.wait();
                go_on.wait();
                assert!(!freed.load(Ordering::SeqCst), "freed while it runs");
                n + 1
            })
            .unwrap()
    };
    let f = callback.function();
    let thread = std::thread::spawn(move || native(f, 1));
    inside.wait();
    drop(callback);
    assert!(!freed.load(Ordering::SeqCst));
    go_on.wait();
    assert_eq!(thread.join().unwrap(), 2);
    assert!(freed.load(Ordering::SeqCst));
}

#[test]
fn ending_a_borrow_waits_for_other_threads() {
    let running = AtomicBool::new(false);
    let inside = Barrier::new(2);
    let closure = |n: c_int| -> c_int {
        running.store(true, Ordering::SeqCst);
        inside.wait();
        std::thread::sleep(Duration::from_millis(50));
        running.store(false, Ordering::SeqCst);
        n
    };
    let callback = UNARY.scoped_anywhere(&closure).unwrap();
    let f = callback.function();
    std::thread::scope(|scope| {
        scope.spawn(move || native(f, 1));
        inside.wait();
        drop(callback);
        assert!(!running.load(Ordering::SeqCst));
    });
}

#[test]
fn what_runs_everywhere_goes_everywhere() {
    fn sent<T: Send + Sync>(_: &T) {}
    sent(&UNARY.owned_anywhere(|n: c_int| -> c_int { n }).unwrap());
    sent(&UNARY.leak_anywhere(|n: c_int| -> c_int { n }).unwrap());
}

#[test]
fn a_thunk_rests_while_32_others_were_dropped_behind_it() {
    if !is_child() {
        return succeeds("a_thunk_rests_while_32_others_were_dropped_behind_it");
    }
    let make = || UNARY.owned(|n: c_int| -> c_int { n }).unwrap();
    let mut callbacks: Vec<_> = (0..288).map(|_| make()).collect();
    let codes: Vec<_> = callbacks.iter().map(Callback::code).collect();
    callbacks.drain(..32);
    let other = make();
    assert!(!codes.contains(&other.code()), "one more is dropped first");
    callbacks.remove(0);
    let again = make();
    assert_eq!(again.code(), codes[0], "the one that rested longest");
    assert_eq!(again.identity().generation(), 2);
}

/// On 32-bit x86 all lead to the same entry.
#[test]
#[cfg(not(target_arch = "x86"))]
fn a_thunk_leads_where_it_led_before_as_long_as_there_are_others() {
    use pinvoke::native::CodePtr;
    use std::collections::HashSet;
    if !is_child() {
        return succeeds("a_thunk_leads_where_it_led_before_as_long_as_there_are_others");
    }
    let mut codes: [HashSet<CodePtr>; 4] = Default::default();
    for n in 0..500 {
        codes[0].insert(UNARY.owned(move |m: c_int| -> c_int { m + n }).unwrap().code());
        codes[1].insert(UNARY.owned(move |m: c_int| -> c_int { m - n }).unwrap().code());
        codes[2].insert(UNARY.owned(move |m: c_int| -> c_int { m * n }).unwrap().code());
        codes[3].insert(UNARY.owned(|m: c_int| -> c_int { -m }).unwrap().code());
    }
    // Two closures of four may share a strand by chance, which is a matter of their addresses.
    let pairs = (0..4).flat_map(|i| (0..i).map(move |j| (i, j)));
    assert!(pairs.filter(|&(i, j)| codes[i].is_disjoint(&codes[j])).count() >= 3);
    let used: HashSet<_> = codes.into_iter().flatten().collect();
    assert!(used.len() < 60, "{}", used.len());
    // Here there are none, but what rests is preferred to new memory.
    let all: Vec<_> = (0..288).map(|_| UNARY.owned(|m: c_int| -> c_int { -m }).unwrap()).collect();
    let used: HashSet<_> = all.iter().map(Callback::code).chain(used).collect();
    drop(all);
    let callback = UNARY.owned(|m: c_int| -> c_int { m * 2 }).unwrap();
    assert!(used.contains(&callback.code()));
    assert_eq!(native(callback.function(), 4), 8);
}

/// Where every function has a section of its own, which MinGW's targets do without.
#[cfg(not(windows))]
#[test]
fn what_native_code_enters_begins_with_a_line_of_the_cache() {
    // Enough that all would hardly do so by chance.
    let codes = [
        function::<Unary, _>(|n: c_int| -> c_int { n + 1 }) as usize,
        function::<Unary, _>(|n: c_int| -> c_int { n + 2 }) as usize,
        function::<Unary, _>(|n: c_int| -> c_int { n + 3 }) as usize,
        function::<Unary, _>(|n: c_int| -> c_int { n + 4 }) as usize,
    ];
    assert!(codes.iter().all(|code| code.is_multiple_of(64)), "{codes:x?}");
}

#[test]
fn threads_make_and_drop_callbacks_at_the_same_time() {
    let sum = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let sum = &sum;
            scope.spawn(move || {
                let mut kept = Vec::new();
                for i in 0..5_000 {
                    let callback = UNARY.owned(move |n: c_int| -> c_int { n + i + thread }).unwrap();
                    assert_eq!(native(callback.function(), 1), 1 + i + thread);
                    if i % 3 == 0 {
                        kept.push((i, callback));
                    }
                    if i % 1000 == 999 {
                        for (i, callback) in kept.drain(..) {
                            assert_eq!(native(callback.function(), 2), 2 + i + thread);
                            sum.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    assert_eq!(sum.load(Ordering::Relaxed), 8 * 1667);
}

/// Windows puts the views of files where it likes.
#[cfg(not(windows))]
#[test]
fn thunks_lie_near_the_program() {
    let function = native as *const () as usize;
    let callbacks: Vec<_> =
        (0..1000).map(|i| UNARY.owned(move |n: c_int| -> c_int { n + i }).unwrap()).collect();
    for callback in callbacks {
        assert!(callback.code().addr().abs_diff(function) < 1 << 31);
    }
}

/// More than the pool has: the program's own file is mapped for them.
#[cfg(windows)]
#[test]
fn ten_thousand_callbacks_live_at_once() {
    const COUNT: i32 = 10_000;
    for _ in 0..2 {
        let callbacks: Vec<Callback<'static, Unary>> =
            (0..COUNT).map(|i| UNARY.owned(move |n: c_int| -> c_int { n + i }).unwrap()).collect();
        for (i, callback) in (0..).zip(&callbacks) {
            assert_eq!(native(callback.function(), 1), i + 1);
        }
        let some = &callbacks[7_777];
        assert_eq!(pinvoke::upcall::lookup(some.code()), Some(some.identity()));
        let codes: std::collections::HashSet<usize> = callbacks.iter().map(|c| c.code().addr()).collect();
        assert_eq!(codes.len(), COUNT as usize);
    }
}
