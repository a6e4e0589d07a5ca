//! Declared imports of the system's own libraries.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

use pinvoke::native::NativeType;
use pinvoke::{LastError, dll_import};

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Div {
    quot: i32,
    rem: i32,
}

#[dll_import("libc", set_last_error)]
unsafe extern "C" {
    safe fn getpid() -> i32;
    safe fn close(fd: i32) -> Result<i32, LastError>;
    safe fn strlen(text: &str) -> usize;
    safe fn div(n: i32, d: i32) -> Div;
    #[dll_import(entry_point = "abs", set_last_error = false)]
    safe fn absolute(n: i32) -> i32;
    fn qsort(base: *mut i32, n: usize, size: usize, compare: impl FnMut(&i32, &i32) -> i32);
    safe fn open(path: &str, flags: i32) -> Result<i32, LastError>;
    safe fn chdir(path: &str) -> (i32, LastError);
    safe fn frexp(x: f64, exponent: &mut i32) -> f64;
}

#[test]
fn first_calls() {
    assert_eq!(getpid() as u32, std::process::id());
    assert_eq!(close(-7).unwrap_err(), LastError(libc::EBADF));
    assert_eq!(strlen("grüße"), 7);
    let d = div(7, 2);
    assert_eq!((d.quot, d.rem), (3, 1));
    assert_eq!(absolute(-3), 3);
    let mut calls = 0;
    let mut numbers = [5, 3, 9];
    // SAFETY: three elements of four bytes.
    unsafe {
        qsort(numbers.as_mut_ptr(), 3, 4, |a, b| {
            calls += 1;
            a - b
        });
    }
    assert_eq!(numbers, [3, 5, 9]);
    assert!(calls >= 2);
    assert_eq!(open("/no/such/file", 0).unwrap_err().name(), Some("ENOENT"));
    assert_eq!(chdir("/no/such").1.name(), Some("ENOENT"));
    let mut exponent = 0;
    assert_eq!((frexp(8.0, &mut exponent), exponent), (0.5, 4));
}
