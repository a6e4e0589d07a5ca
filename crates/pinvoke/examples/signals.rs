//! `signal` and `sigaction`: a closure without captures is a signal handler, and keeps `errno`.

use std::sync::atomic::{AtomicI32, Ordering};

use pinvoke::native::NativeType;
use pinvoke::{Function, LastError, callback, dll_import};

/// Takes a signal. It may run between any two instructions: atomics only, no memory, no locks.
#[callback]
type Handler = unsafe extern "C" fn(signal: i32);

/// `struct sigaction` of Linux.
#[cfg(not(target_vendor = "apple"))]
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Action {
    handler: Option<Function<'static, Handler>>,
    mask: [u64; 16],
    flags: i32,
    restorer: usize,
}

/// `struct sigaction` of macOS.
#[cfg(target_vendor = "apple")]
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Action {
    handler: Option<Function<'static, Handler>>,
    mask: u32,
    flags: i32,
}

const _: () = assert!(size_of::<Action>() == size_of::<libc::sigaction>());

#[cfg_attr(not(target_vendor = "apple"), dll_import("libc", set_last_error))]
#[cfg_attr(target_vendor = "apple", dll_import("libSystem.dylib", set_last_error))]
unsafe extern "C" {
    /// Gives the former handler: none is the system's own way.
    fn signal(number: i32, handler: Option<Function<'static, Handler>>)
    -> Option<Function<'static, Handler>>;
    fn sigaction(number: i32, action: Option<&Action>, old: Option<&mut Action>) -> Result<i32, LastError>;
    #[dll_import(calls_back)]
    safe fn raise(number: i32) -> Result<i32, LastError>;
}

static SEEN: AtomicI32 = AtomicI32::new(0);

fn main() -> Result<(), LastError> {
    let count = Handler::function(|number| {
        SEEN.fetch_add(number, Ordering::Relaxed);
    });
    // SAFETY: the handler touches one atomic number.
    let before = unsafe { signal(libc::SIGUSR1, Some(count)) };
    assert_eq!(before, None);
    raise(libc::SIGUSR1)?;
    println!("after one signal: {}", SEEN.load(Ordering::Relaxed));
    assert_eq!(SEEN.load(Ordering::Relaxed), libc::SIGUSR1);

    // The system gives the same function back.
    let mut old = Action::EMPTY;
    // SAFETY: as above.
    unsafe { sigaction(libc::SIGUSR1, None, Some(&mut old)) }?;
    println!("the handler is {:?}", old.handler);
    assert_eq!(old.handler, Some(count));

    let twice = Handler::function(|number| {
        SEEN.fetch_add(2 * number, Ordering::Relaxed);
    });
    let action = Action { handler: Some(twice), ..Action::EMPTY };
    // SAFETY: as above.
    unsafe { sigaction(libc::SIGUSR1, Some(&action), None) }?;
    raise(libc::SIGUSR1)?;
    println!("after another: {}", SEEN.load(Ordering::Relaxed));
    assert_eq!(SEEN.load(Ordering::Relaxed), 3 * libc::SIGUSR1);

    // SAFETY: SIGKILL cannot be handled; the system says so.
    let refused = unsafe { sigaction(libc::SIGKILL, Some(&action), None) };
    println!("SIGKILL: {}", refused.map_or_else(|e| e.to_string(), |_| "handled".to_owned()));
    assert_eq!(refused, Err(LastError(libc::EINVAL)));
    Ok(())
}

impl Action {
    #[cfg(not(target_vendor = "apple"))]
    const EMPTY: Action = Action { handler: None, mask: [0; 16], flags: 0, restorer: 0 };
    #[cfg(target_vendor = "apple")]
    const EMPTY: Action = Action { handler: None, mask: 0, flags: 0 };
}
