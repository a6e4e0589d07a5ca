//! `pthread_create` runs a closure on a thread of the C library's making.

use std::ffi::c_void;
use std::ptr::{null, without_provenance_mut};
use std::sync::atomic::{AtomicUsize, Ordering};

use pinvoke::{Function, callback, dll_import};

/// What a thread runs. The closure is found by the user data, so that there is no thunk.
#[callback]
type Main = unsafe extern "C" fn(UserData) -> *mut c_void;

#[cfg_attr(not(target_vendor = "apple"), dll_import("libc"))]
#[cfg_attr(target_vendor = "apple", dll_import("libSystem.dylib"))]
unsafe extern "C" {
    fn pthread_create(
        id: &mut usize,
        attributes: *const c_void,
        main: Function<'_, Main>,
        data: *mut c_void,
    ) -> i32;
    fn pthread_join(id: usize, result: &mut usize) -> i32;
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let next = AtomicUsize::new(1);
    let work = || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        println!("thread {number}: {:?}", std::thread::current().id());
        without_provenance_mut(number)
    };
    // It borrows: the registration has to end before `next` does, and the compiler knows.
    let registered = Main::scoped_anywhere(&work)?;
    let mut threads = [0; 4];
    for id in &mut threads {
        // SAFETY: the registration lives until the thread has been joined.
        let error = unsafe { pthread_create(id, null(), registered.function(), registered.user_data()) };
        assert_eq!(error, 0);
    }
    let mut sum = 0;
    for id in threads {
        let mut result = 0;
        // SAFETY: a thread that nobody else joins.
        assert_eq!(unsafe { pthread_join(id, &mut result) }, 0);
        sum += result;
    }
    println!("the threads returned {sum} in all");
    assert_eq!(sum, 1 + 2 + 3 + 4);
    Ok(())
}
