//! GLib: timeouts, idle work and a thread, all of them closures run by the library's main loop.
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "a few calls in a row have one proof")]

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::atomic::{AtomicI32, Ordering};

use pinvoke::marshal::Bool32;
use pinvoke::{Function, callback, dll_import};

/// `GSourceFunc`: work of the loop, that wants to be called again or not.
#[callback(bool = Bool32)]
type Source = unsafe extern "C" fn(UserData) -> bool;

/// `GThreadFunc`
#[callback]
type Thread = unsafe extern "C" fn(UserData) -> *mut c_void;

#[dll_import("glib-2.0", bool = Bool32)]
unsafe extern "C" {
    safe fn g_main_loop_new(context: Option<&mut u8>, is_running: bool) -> *mut c_void;
    /// Runs until somebody quits; panics of the closures come out here.
    #[dll_import(calls_back)]
    fn g_main_loop_run(main_loop: *mut c_void);
    fn g_main_loop_quit(main_loop: *mut c_void);
    fn g_main_loop_unref(main_loop: *mut c_void);
    fn g_timeout_add(milliseconds: u32, work: Function<'_, Source>, data: *mut c_void) -> u32;
    fn g_idle_add(work: Function<'_, Source>, data: *mut c_void) -> u32;
    fn g_thread_new(name: &str, main: Function<'_, Thread>, data: *mut c_void) -> *mut c_void;
    fn g_thread_join(thread: *mut c_void) -> *mut c_void;
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let main_loop = g_main_loop_new(None, false);

    // Closures of this thread: they share what is not `Send`.
    let ticks = Rc::new(Cell::new(0));
    let seen = ticks.clone();
    let tick = Source::owned(move || {
        seen.set(seen.get() + 1);
        println!("tick {}", seen.get());
        if seen.get() == 3 {
            // SAFETY: the loop lives until the end of `main`.
            unsafe { g_main_loop_quit(main_loop) };
        }
        seen.get() < 3
    })?;
    let idle_calls = Rc::new(Cell::new(0));
    let seen = idle_calls.clone();
    let idle = Source::owned(move || {
        seen.set(seen.get() + 1);
        false
    })?;

    // A closure for a thread: it borrows what is `Sync`.
    let sum = AtomicI32::new(0);
    let work = || {
        for n in 1..=100 {
            sum.fetch_add(n, Ordering::Relaxed);
        }
        null_mut()
    };
    let worker = Thread::scoped_anywhere(&work)?;

    // SAFETY: the registrations outlive the loop and the thread.
    unsafe {
        g_timeout_add(5, tick.function(), tick.user_data());
        g_idle_add(idle.function(), idle.user_data());
        let thread = g_thread_new("worker", worker.function(), worker.user_data());
        g_main_loop_run(main_loop);
        g_thread_join(thread);
        g_main_loop_unref(main_loop);
    }
    println!(
        "{} ticks, {} idle calls, the thread's sum is {}",
        ticks.get(),
        idle_calls.get(),
        sum.load(Ordering::Relaxed)
    );
    assert_eq!((ticks.get(), idle_calls.get(), sum.load(Ordering::Relaxed)), (3, 1, 5050));
    Ok(())
}
