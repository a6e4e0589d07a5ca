//! `&str` as `char *`.

use std::ffi::CString;
use std::hint::black_box;

use pinvoke::c_text::with_c_str;
use pinvoke_bench::{Effort, Goal, measure, table};

use crate::native::{Length, function};

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let length = function!(c"length" as Length);
    [(16, 9.0), (1024, 22.0)]
        .into_iter()
        .map(|(size, goal)| {
            let text = "x".repeat(size);
            let ready = CString::new(text.clone()).expect("no NUL in it");
            let rows = measure(
                effort,
                vec![
                    (
                        "direct, text ready",
                        Box::new(|n: u64| {
                            for _ in 0..n {
                                // SAFETY: a NUL-terminated string.
                                black_box(unsafe { length(black_box(ready.as_ptr())) });
                            }
                        }),
                    ),
                    (
                        "with_c_str",
                        Box::new(|n: u64| {
                            for _ in 0..n {
                                // SAFETY: a NUL-terminated string.
                                let r = with_c_str(black_box(&text), |s| unsafe { length(s) });
                                black_box(r.expect("no NUL in it"));
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
            let goals = [("with_c_str", Goal::Nanoseconds(goal)), ("with_c_str", Goal::Ratio(2.8))];
            table(&format!("`&str` of {size} bytes as `char *`"), &rows, &goals)
        })
        .collect()
}
