//! Registering and unregistering under notifications, with contexts that are poisoned the moment
//! unregistering returns. The negative control runs the same with the fences left out, and with what the processor may
//! do then done every time, and must fail:
//! `cargo test -p callback-object --features negative-control --test stress`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use callback_object::{Attributes, CallbackObject, Fence, register_raw, unregister_raw};

/// What a churned routine is registered with.
#[derive(Default)]
struct Context {
    gone: AtomicBool,
}

static CALLS: AtomicUsize = AtomicUsize::new(0);
static LATE: AtomicUsize = AtomicUsize::new(0);

/// Counts a call that begins or runs after unregistering has returned.
unsafe extern "system-unwind" fn churned(context: *mut c_void, _: *mut c_void, _: *mut c_void) {
    // SAFETY: contexts live until the end of the test.
    let context = unsafe { &*context.cast_const().cast::<Context>() };
    let late = (0..20).any(|_| context.gone.load(Ordering::Relaxed));
    LATE.fetch_add(usize::from(late), Ordering::Relaxed);
    CALLS.fetch_add(1, Ordering::Relaxed);
}

/// Lines that all notifiers write, so that what a notifier writes next waits in its store buffer.
static CONTENDED: [Line; 16] = [const { Line(AtomicU64::new(0)) }; 16];

#[repr(align(128))]
struct Line(AtomicU64);

unsafe extern "system-unwind" fn delays(_: *mut c_void, _: *mut c_void, _: *mut c_void) {
    for line in &CONTENDED {
        line.0.store(1, Ordering::Relaxed);
    }
}

/// Registers and unregisters `pairs` times while two threads notify, and on until they have called something,
/// which takes a while where there are more threads than processors; or until something late was seen. Returns
/// the late calls.
fn churn(fence: Fence, pairs: usize, give_up: Duration) -> usize {
    LATE.store(0, Ordering::Relaxed);
    CALLS.store(0, Ordering::Relaxed);
    let object = CallbackObject::unnamed(Attributes::new().fence(fence));
    // SAFETY: the routine takes any pointers.
    unsafe { register_raw(&object, delays, std::ptr::null_mut(), None) }.unwrap();
    let over = AtomicBool::new(false);
    let start = Instant::now();
    let mut contexts: Vec<Box<Context>> = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    object.notify(std::ptr::null_mut(), std::ptr::null_mut()).unwrap();
                }
            });
        }
        for pair in 0.. {
            if pair >= pairs && CALLS.load(Ordering::Relaxed) != 0 {
                break;
            }
            let context = Box::<Context>::default();
            let address = std::ptr::from_ref(&*context).cast_mut().cast();
            // SAFETY: the context lives until the notifiers have ended.
            let handle = unsafe { register_raw(&object, churned, address, None) }.unwrap();
            for line in &CONTENDED {
                line.0.store(2, Ordering::Relaxed);
            }
            unregister_raw(handle).unwrap();
            context.gone.store(true, Ordering::Relaxed);
            contexts.push(context);
            if LATE.load(Ordering::Relaxed) != 0 || start.elapsed() > give_up {
                break;
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    println!("{fence:?}: {} pairs, {} calls", contexts.len(), CALLS.load(Ordering::Relaxed));
    LATE.load(Ordering::Relaxed)
}

/// One at a time: the counters are shared.
#[test]
fn no_routine_runs_after_unregistering_returned() {
    for fence in [Fence::Asymmetric, Fence::Portable] {
        assert_eq!(churn(fence, 30_000, Duration::from_secs(10)), 0, "{fence:?}");
        assert!(CALLS.load(Ordering::Relaxed) > 0, "nothing was tried");
    }
    #[cfg(feature = "negative-control")]
    assert_ne!(
        churn(Fence::Missing, usize::MAX, Duration::from_secs(60)),
        0,
        "the stress test finds nothing even where there is something to find"
    );
}
