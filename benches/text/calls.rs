//! A whole call with a text: converted, and measured by the function.

use std::ffi::{CStr, CString, c_char};
use std::hint::black_box;

use pinvoke_bench::{Effort, Goal, Work, measure, table};
use widestring::U16CString;

use crate::native::{Length, function};
use crate::samples::{ascii, mixed};

type Length16 = unsafe extern "C" fn(*const u16) -> usize;

mod import {
    use std::ffi::CStr;

    use pinvoke::dll_import;

    #[dll_import("work")]
    unsafe extern "C" {
        pub(crate) safe fn length(text: &str) -> usize;
        #[dll_import(entry_point = "length")]
        pub(crate) safe fn length_of_c_str(text: &CStr) -> usize;
        #[dll_import(char_set = Utf16, exact_spelling)]
        pub(crate) safe fn length16(text: &str) -> usize;
        #[returns(borrowed)]
        #[dll_import(entry_point = "same_text")]
        pub(crate) safe fn copied(text: &CStr) -> String;
        #[dll_import(entry_point = "same_text")]
        pub(crate) safe fn looked_at<'a>(text: &'a CStr) -> &'a str;
    }
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    const KIB: usize = 1024;
    let mut tables: Vec<String> = [(16, 9.0), (KIB, 22.0), (KIB * KIB, 35_000.0)]
        .into_iter()
        .map(|(size, goal)| narrow(effort, size, goal))
        .collect();
    tables.push(wide(effort, "16 bytes", &ascii(16), &[("import, `&str`", Goal::Nanoseconds(10.0))]));
    tables.push(wide(effort, "1 KiB of ASCII", &ascii(KIB), &[]));
    tables.push(wide(effort, "1 KiB of mixed scripts", &mixed(KIB), &[]));
    tables.push(results(effort));
    tables
}

/// The function on text that is native already.
fn direct<'a, U>(function: unsafe extern "C" fn(*const U) -> usize, text: &'a [U]) -> Work<'a> {
    Box::new(move |n: u64| {
        for _ in 0..n {
            // SAFETY: a NUL-terminated text.
            black_box(unsafe { function(black_box(text.as_ptr())) });
        }
    })
}

fn narrow(effort: Effort, size: usize, goal: f64) -> String {
    let length = function!(c"length" as Length);
    let text = ascii(size);
    let ready = CString::new(text.clone()).expect("no NUL in it");
    let units: Vec<c_char> = ready.as_bytes_with_nul().iter().map(|b| b.cast_signed()).collect();
    let rows = measure(
        effort,
        vec![
            ("direct, text ready", direct(length, &units)),
            (
                "import, `&CStr`",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // Its address, as above, and its length, which lies beside it.
                        let text = std::ptr::slice_from_raw_parts(
                            black_box(ready.as_ptr()),
                            ready.count_bytes() + 1,
                        );
                        // SAFETY: address and length of a text that is there.
                        let text = unsafe { &*(text as *const CStr) };
                        black_box(import::length_of_c_str(text));
                    }
                }),
            ),
            (
                "import, `&str`",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        black_box(import::length(black_box(&text)));
                    }
                }),
            ),
            (
                "CString::new",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let s = CString::new(black_box(text.as_str())).expect("no NUL in it");
                        // SAFETY: a NUL-terminated string.
                        black_box(unsafe { length(s.as_ptr()) });
                    }
                }),
            ),
        ],
    );
    let goals = [("import, `&CStr`", Goal::Ratio(1.02)), ("import, `&str`", Goal::Nanoseconds(goal))];
    table(&format!("A call with a text of {size} bytes as `char *`"), &rows, &goals)
}

fn wide(effort: Effort, name: &str, text: &str, goals: &[(&str, Goal)]) -> String {
    let length = function!(c"length16" as Length16);
    let ready: Vec<u16> = text.encode_utf16().chain([0]).collect();
    let rows = measure(
        effort,
        vec![
            ("direct, text ready", direct(length, &ready)),
            (
                "import, `&str`",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        black_box(import::length16(black_box(text)));
                    }
                }),
            ),
            (
                "std, `Vec<u16>`",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let s: Vec<u16> = black_box(text).encode_utf16().chain([0]).collect();
                        // SAFETY: a NUL-terminated text.
                        black_box(unsafe { length(s.as_ptr()) });
                    }
                }),
            ),
            (
                "U16CString::from_str",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let s = U16CString::from_str(black_box(text)).expect("no NUL in it");
                        // SAFETY: a NUL-terminated text.
                        black_box(unsafe { length(s.as_ptr()) });
                    }
                }),
            ),
        ],
    );
    table(&format!("A call with a text of {name} as `char16_t *`"), &rows, goals)
}

fn results(effort: Effort) -> String {
    type Same = unsafe extern "C" fn(*const c_char) -> *const c_char;
    let direct = function!(c"same_text" as Same);
    let text = CString::new(ascii(16)).expect("no NUL in it");
    let rows = measure(
        effort,
        vec![
            (
                "CStr::to_str by hand",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: a NUL-terminated text, which it returns.
                        let returned = unsafe { direct(black_box(text.as_ptr())) };
                        // SAFETY: as above.
                        let _ = black_box(unsafe { CStr::from_ptr(returned) }.to_str());
                    }
                }) as Work<'_>,
            ),
            (
                "import, `&str`",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        black_box(import::looked_at(black_box(&text)));
                    }
                }),
            ),
            (
                "import, `String`",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        black_box(import::copied(black_box(&text)));
                    }
                }),
            ),
        ],
    );
    table("A returned text of 16 bytes", &rows, &[])
}
