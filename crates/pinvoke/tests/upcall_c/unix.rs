//! Callbacks of functions that only Unix has: with user data, for the tree of files, for signals.

use core::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pinvoke::upcall::{Declaration, UserDataFirst, UserDataLast};

use super::by_value;

unsafe extern "C" {
    fn qsort_r(
        base: *mut c_void,
        count: usize,
        size: usize,
        compare: unsafe extern "C" fn(*const c_void, *const c_void, *mut c_void) -> c_int,
        user: *mut c_void,
    );
    fn ftw(
        dir: *const c_char,
        each: unsafe extern "C" fn(*const c_char, *const libc::stat, c_int) -> c_int,
        open: c_int,
    ) -> c_int;
}

#[test]
fn user_data_carries_a_closure_without_a_thunk() {
    type CompareWith = unsafe extern "C" fn(*const c_void, *const c_void, *mut c_void) -> c_int;
    const COMPARE_WITH: Declaration<UserDataLast<CompareWith>> = Declaration::new("compare with");
    let mut numbers: Vec<i32> = (0..100).rev().collect();
    let mut calls = 0;
    let mut compare = |a: *const c_void, b: *const c_void| -> c_int {
        calls += 1;
        by_value(a, b)
    };
    let callback = COMPARE_WITH.scoped(&mut compare).unwrap();
    unsafe { qsort_r(numbers.as_mut_ptr().cast(), 100, 4, callback.function(), callback.user_data()) };
    drop(callback);
    assert!(numbers.is_sorted() && calls >= 99);

    type Start = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
    const START: Declaration<UserDataFirst<Start>> = Declaration::new("start routine");
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let start = START
        .leak_anywhere(move || -> *mut c_void {
            count.fetch_add(1, Ordering::Relaxed);
            core::ptr::without_provenance_mut(99)
        })
        .unwrap();
    // Threads that Rust knows nothing of.
    let threads: Vec<libc::pthread_t> = (0..4)
        .map(|_| unsafe {
            let mut thread = core::mem::zeroed();
            let start_routine: extern "C" fn(*mut c_void) -> *mut c_void =
                core::mem::transmute(start.function());
            assert_eq!(
                libc::pthread_create(&raw mut thread, core::ptr::null(), start_routine, start.user_data()),
                0
            );
            thread
        })
        .collect();
    for thread in threads {
        let mut result = core::ptr::null_mut();
        assert_eq!(unsafe { libc::pthread_join(thread, &raw mut result) }, 0);
        assert_eq!(result.addr(), 99);
    }
    assert_eq!(seen.load(Ordering::Relaxed), 4);
}

#[test]
fn ftw_walks_with_a_closure() {
    type Each = unsafe extern "C" fn(*const c_char, *const libc::stat, c_int) -> c_int;
    const EACH: Declaration<Each> = Declaration::new("fn");
    let directory = std::env::temp_dir().join(format!("pinvoke-ftw-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("inner")).unwrap();
    std::fs::write(directory.join("inner/file"), [0; 321]).unwrap();
    let mut entries = Vec::new();
    let mut each = |path: *const c_char, stat: *const libc::stat, flag: c_int| -> c_int {
        let path = unsafe { CStr::from_ptr(path) }.to_str().unwrap().to_owned();
        entries.push((path, unsafe { (*stat).st_size }, flag));
        0
    };
    let callback = EACH.scoped(&mut each).unwrap();
    let root = std::ffi::CString::new(directory.to_str().unwrap()).unwrap();
    assert_eq!(unsafe { ftw(root.as_ptr(), callback.function(), 8) }, 0);
    drop(callback);
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(entries.len(), 3);
    let file = entries.iter().find(|(path, ..)| path.ends_with("inner/file")).unwrap();
    assert_eq!(file.1, 321);
}

#[test]
fn a_signal_handler_may_be_a_callback() {
    type OnSignal = unsafe extern "C" fn(c_int);
    const ON_SIGNAL: Declaration<OnSignal> = Declaration::new("signal handler");
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let handler = ON_SIGNAL
        .leak_anywhere(move |signal: c_int| {
            count.store(signal as usize, Ordering::Relaxed);
        })
        .unwrap();
    unsafe {
        libc::signal(libc::SIGUSR2, handler.code().addr());
        libc::raise(libc::SIGUSR2);
    }
    assert_eq!(seen.load(Ordering::Relaxed), libc::SIGUSR2 as usize);
}
