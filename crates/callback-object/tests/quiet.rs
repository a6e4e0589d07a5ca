//! What a notification does not do: allocate, ask the system, or leave memory behind. Rule 15.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

use callback_object::{Attributes, CallbackObject, Fence, irql, prepare_thread, register_raw, revoke_raw};

/// Counts what is asked for and what is in use.
struct Counting;

thread_local! {
    /// Of this thread: the test runner's own threads allocate when they like.
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
}

static IN_USE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.set(REQUESTS.get() + 1);
        IN_USE.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test at a time: the counters are the process's.
static ALONE: Mutex<()> = Mutex::new(());

const FENCES: [Fence; 2] = [Fence::Asymmetric, Fence::Portable];

fn object(fence: Fence) -> CallbackObject {
    CallbackObject::unnamed(Attributes::new().fence(fence))
}

fn notify(object: &CallbackObject) {
    object.notify(std::ptr::null_mut(), std::ptr::null_mut()).unwrap();
}

#[test]
fn rule_15_notifying_allocates_nothing() {
    let _alone = ALONE.lock();
    for fence in FENCES {
        let (outer, inner) = (object(fence), object(fence));
        let reference = inner.reference();
        let registrations: Vec<_> = (0..10)
            .map(|_| {
                let inner = reference.clone();
                outer.register(move |_, _| inner.notify(0 as _, 0 as _).unwrap()).unwrap()
            })
            .chain((0..10).map(|_| inner.register(|_, _| {}).unwrap()))
            .collect();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                prepare_thread(2);
                let before = REQUESTS.get();
                for level in [irql::PASSIVE, irql::APC, irql::DISPATCH] {
                    let raised = irql::raise(level).unwrap();
                    // At first often enough for the thread to leave its fence out.
                    let often = if level == irql::PASSIVE { 1200 } else { 100 };
                    (0..often).for_each(|_| notify(&outer));
                    drop(raised);
                }
                assert_eq!(REQUESTS.get(), before);
            });
        });
        drop(registrations);
    }
}

/// From now on any system call kills this process, but the one that ends it. A filter, for the strict mode of seccomp
/// cannot be had where there is a filter already. Whether the system does so.
#[cfg(target_os = "linux")]
fn forbid_system_calls() -> bool {
    let step = |code, jump, k| libc::sock_filter { code, jt: jump, jf: 0, k };
    let (load, jump_if_equal, ret) = (0x20, 0x15, 0x06);
    let number = u32::try_from(libc::SYS_exit_group).unwrap();
    let mut steps = [
        step(load, 0, 0), // the number is the first word
        step(jump_if_equal, 1, number),
        step(ret, 0, libc::SECCOMP_RET_KILL_PROCESS),
        step(ret, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 4, filter: steps.as_mut_ptr() };
    // SAFETY: takes integers.
    let bounded = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } == 0;
    // SAFETY: the program and its steps live until this returns.
    bounded
        && unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) } == 0
}

#[cfg(target_os = "linux")]
#[test]
fn rule_15_notifying_asks_nothing_of_the_system() {
    let _alone = ALONE.lock();
    for fence in FENCES {
        let object = object(fence);
        let registrations: Vec<_> = (0..10).map(|_| object.register(|_, _| {}).unwrap()).collect();
        notify(&object);
        // SAFETY: the child calls nothing that could wait for another thread.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let forbidden = forbid_system_calls();
            (0..2000).for_each(|_| notify(&object));
            // SAFETY: ends this child only.
            unsafe { libc::syscall(libc::SYS_exit_group, if forbidden { 7 } else { 8 }) };
        }
        let mut status = 0;
        // SAFETY: a child of this process, which ends by itself or is killed.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7, "{fence:?}: {status:#x}");
        drop(registrations);
    }
}

#[test]
fn a_registration_takes_at_most_64_bytes() {
    unsafe extern "system-unwind" fn nothing(
        _: *mut std::ffi::c_void,
        _: *mut std::ffi::c_void,
        _: *mut std::ffi::c_void,
    ) {
    }
    const COUNT: usize = 100_000;
    let _alone = ALONE.lock();
    let object = object(Fence::Asymmetric);
    let before = IN_USE.load(Ordering::Relaxed);
    for _ in 0..COUNT {
        // SAFETY: the routine takes any pointers.
        unsafe { register_raw(&object, nothing, std::ptr::null_mut(), None) }.unwrap();
    }
    let each = (IN_USE.load(Ordering::Relaxed) - before).cast_unsigned() as f64 / COUNT as f64;
    println!("{each:.1} bytes per registration");
    assert!((24.0..=64.0).contains(&each), "{each:.1} bytes");
    assert_eq!(revoke_raw(|r| r.object.is_same(&object)).unwrap(), COUNT);
    assert_eq!(object.registered(), 0);
}

#[test]
fn churn_leaves_no_memory_behind() {
    let _alone = ALONE.lock();
    for fence in FENCES {
        let object = object(fence);
        let kept: Vec<_> = (0..100).map(|_| object.register(|_, _| {}).unwrap()).collect();
        let over = AtomicBool::new(false);
        let mut in_use = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    notify(&object);
                }
            });
            for _ in 0..6 {
                for i in 0..5_000 {
                    let text = format!("{i}");
                    let registration = object.register(move |_, _| _ = &text).unwrap();
                    drop(registration);
                }
                in_use.push(IN_USE.load(Ordering::Relaxed));
            }
            over.store(true, Ordering::Relaxed);
        });
        // A compaction more or less, and what the notifier still reads.
        let growth = in_use[5] - in_use[0];
        assert!(growth.abs() < 64 * 1024, "{fence:?}: {in_use:?}");
        drop(kept);
    }
}

/// The object that threads notify when their thread-local values are gone already.
static LAST_WORDS: std::sync::OnceLock<CallbackObject> = std::sync::OnceLock::new();

/// Has a thread notify at its very end, by what is told of that last.
#[cfg(unix)]
mod last_words {
    use std::ffi::c_void;
    use std::sync::OnceLock;

    /// The destructors of what C calls keys run after those of thread-local values.
    static KEY: OnceLock<libc::pthread_key_t> = OnceLock::new();

    pub(super) fn ask_for_them() {
        let key = KEY.get_or_init(|| {
            let mut key = 0;
            // SAFETY: room for a key, and a destructor that takes anything.
            assert_eq!(unsafe { libc::pthread_key_create(&raw mut key, Some(say)) }, 0);
            key
        });
        // SAFETY: the key was created; what it leads to is not looked at.
        assert_eq!(unsafe { libc::pthread_setspecific(*key, (&raw const KEY).cast()) }, 0);
    }

    unsafe extern "C" fn say(_: *mut c_void) {
        super::say_last_words();
    }
}

#[cfg(windows)]
mod last_words {
    use std::ffi::c_void;
    use std::sync::atomic::{AtomicBool, Ordering};

    type Told = extern "system" fn(image: *mut c_void, reason: u32, reserved: *mut c_void);

    /// The functions in these sections are told in the order of their names; those of the standard library, which
    /// destroy thread-local values, stand before this one.
    // SAFETY: a pointer to a function as the section holds them.
    #[unsafe(link_section = ".CRT$XLY")]
    #[used]
    static TOLD: Told = told;

    /// For the next thread that ends, which is the one that asks: `thread_local!` does not last so long.
    static ASKED: AtomicBool = AtomicBool::new(false);

    pub(super) fn ask_for_them() {
        std::hint::black_box(&TOLD);
        ASKED.store(true, Ordering::SeqCst);
    }

    extern "system" fn told(_: *mut c_void, reason: u32, _: *mut c_void) {
        // `DLL_THREAD_DETACH`.
        if reason == 3 && ASKED.swap(false, Ordering::SeqCst) {
            super::say_last_words();
        }
    }
}

/// Notifies, at a level that takes a slot as well.
fn say_last_words() {
    let object = LAST_WORDS.get().unwrap();
    notify(object);
    let raised = irql::raise(irql::DISPATCH).unwrap();
    notify(object);
    assert_eq!(irql::current(), irql::DISPATCH);
    drop(raised);
    assert_eq!(irql::current(), irql::PASSIVE);
}

#[test]
fn rule_32_threads_that_notify_as_they_end_leave_nothing_behind() {
    let _alone = ALONE.lock();
    static CALLS: AtomicIsize = AtomicIsize::new(0);
    let object = LAST_WORDS.get_or_init(|| object(Fence::Asymmetric));
    let registration = object.register(|_, _| _ = CALLS.fetch_add(1, Ordering::Relaxed)).unwrap();
    let threads = |count: isize| {
        for i in 0..count {
            let thread = std::thread::spawn(move || {
                if i % 2 == 0 {
                    notify(LAST_WORDS.get().unwrap());
                }
                last_words::ask_for_them();
            });
            thread.join().unwrap();
        }
        IN_USE.load(Ordering::Relaxed)
    };
    let before = threads(20);
    let growth = threads(400) - before;
    assert_eq!(CALLS.swap(0, Ordering::Relaxed), 2 * 420 + 210);
    assert!(growth < 8 * 1024, "{growth} bytes for 400 threads");
    drop(registration);
}
