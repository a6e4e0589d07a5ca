//! UTF-8 to UTF-16 and back, into memory that is there already.

use std::hint::black_box;

use pinvoke::transcode::{append_utf8, append_utf16};
use pinvoke_bench::{Effort, Goal, Work, measure, table};
use widestring::U16String;

use crate::samples::{ascii, cjk, mixed};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A sample, and the nanoseconds that are the goal there and back.
type Case = (&'static str, String, Option<f64>, Option<f64>);

fn cases() -> Vec<Case> {
    vec![
        ("16 bytes", ascii(16), None, None),
        ("1 KiB of ASCII", ascii(KIB), None, None),
        ("1 MiB of ASCII", ascii(MIB), Some(38_000.0), Some(60_000.0)),
        ("1 KiB of mixed scripts", mixed(KIB), None, None),
        ("1 MiB of mixed scripts", mixed(MIB), Some(360_000.0), Some(300_000.0)),
        ("1 MiB of Han and kana", cjk(MIB), None, None),
    ]
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    cases().iter().flat_map(|case| [there(effort, case), back(effort, case)]).collect()
}

fn goals(goal: Option<f64>) -> Vec<(&'static str, Goal)> {
    goal.map(|goal| ("pinvoke", Goal::Nanoseconds(goal))).into_iter().collect()
}

fn there(effort: Effort, (name, text, goal, _): &Case) -> String {
    let mut by_std = Vec::with_capacity(text.len() + 64);
    let mut by_pinvoke: Vec<u16> = Vec::with_capacity(text.len() + 64);
    let rows = measure(
        effort,
        vec![
            (
                "std",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        by_std.clear();
                        by_std.extend(black_box(text.as_str()).encode_utf16());
                        black_box(&by_std);
                    }
                }) as Work<'_>,
            ),
            (
                "widestring",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        black_box(U16String::from_str(black_box(text.as_str())));
                    }
                }),
            ),
            (
                "pinvoke",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        by_pinvoke.clear();
                        append_utf16(black_box(text), &mut by_pinvoke);
                        black_box(&by_pinvoke);
                    }
                }),
            ),
        ],
    );
    table(&format!("UTF-8 to UTF-16, {name}"), &rows, &goals(*goal))
}

fn back(effort: Effort, (name, text, _, goal): &Case) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut by_std = String::with_capacity(3 * units.len() + 64);
    let mut by_pinvoke = String::with_capacity(3 * units.len() + 64);
    let rows = measure(
        effort,
        vec![
            (
                "std",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        by_std.clear();
                        let characters = char::decode_utf16(black_box(&units).iter().copied());
                        by_std.extend(characters.map(|c| c.expect("it was text")));
                        black_box(&by_std);
                    }
                }) as Work<'_>,
            ),
            (
                "std, `from_utf16`",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        black_box(String::from_utf16(black_box(&units)).expect("it was text"));
                    }
                }),
            ),
            (
                "pinvoke",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        by_pinvoke.clear();
                        append_utf8(black_box(&units), &mut by_pinvoke).expect("it was text");
                        black_box(&by_pinvoke);
                    }
                }),
            ),
        ],
    );
    table(&format!("UTF-16 to UTF-8, {name}"), &rows, &goals(*goal))
}
