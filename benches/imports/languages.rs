//! The same work from the languages whose calls of native functions set the measure, where they are
//! installed: LuaJIT, which compiles them, and Mono, which runs .NET's platform invoke.
//!
//! Each runs in a process of its own and takes its own time, round by round.

use std::ffi::{CStr, c_int, c_long};
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use pinvoke::dll_import;
use pinvoke_bench::{Effort, Row, Work, measure, per_call, table};

use crate::hidden::Hidden as _;
use crate::native::{Add2, Length, function};

#[dll_import("work")]
unsafe extern "C" {
    safe fn add2(a: c_int, b: c_int) -> c_int;
    safe fn length(text: &str) -> usize;
    safe fn repeat(f: impl FnMut(c_int, c_int) -> c_int, n: c_long) -> c_long;
}

const TEXT: &CStr = c"sixteen bytes ok";

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let peers = [("LuaJIT", luajit(effort)), ("Mono", mono(effort))];
    let (direct_add, direct_length) = (function!(c"add2" as Add2), function!(c"length" as Length));
    let call: Vec<(&str, Work<'_>)> = vec![
        (
            "through a pointer",
            Box::new(|n| {
                for _ in 0..n {
                    // SAFETY: the type is the function's.
                    black_box(unsafe { direct_add(3.hidden(), 4.hidden()) });
                }
            }),
        ),
        (
            "import",
            Box::new(|n| {
                for _ in 0..n {
                    black_box(add2(3.hidden(), 4.hidden()));
                }
            }),
        ),
    ];
    let text: Vec<(&str, Work<'_>)> = vec![
        (
            "through a pointer, text ready",
            Box::new(|n| {
                for _ in 0..n {
                    // SAFETY: a NUL-terminated text.
                    black_box(unsafe { direct_length(black_box(TEXT.as_ptr())) });
                }
            }),
        ),
        (
            "import, `&str`",
            Box::new(|n| {
                let text = TEXT.to_str().expect("ASCII");
                for _ in 0..n {
                    black_box(length(black_box(text)));
                }
            }),
        ),
    ];
    let callback: Vec<(&str, Work<'_>)> = vec![(
        "closure of an import",
        per_call(|n| {
            let mut calls = 0;
            let sum = repeat(
                |a, b| {
                    calls += 1;
                    a + b
                },
                n,
            );
            sum + calls
        }),
    )];
    [
        ("a call with two integers", "call", call),
        ("a call with a text of 16 bytes", "text", text),
        ("a callback, per invocation", "callback", callback),
    ]
    .into_iter()
    .map(|(title, work, own)| {
        let mut rows = measure(effort, own);
        for (language, figures) in &peers {
            rows.extend(figures.as_ref().and_then(|figures| row(language, figures, work, &rows[0])));
        }
        table(&format!("Other languages: {title}"), &rows, &[])
    })
    .collect()
}

/// The row of a language, of what its process has printed: a work and nanoseconds in each line.
fn row(language: &str, figures: &str, work: &str, first: &Row) -> Option<Row> {
    let rounds: Vec<f64> = figures
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(name, _)| *name == work)
        .filter_map(|(_, nanoseconds)| nanoseconds.trim().parse().ok())
        .collect();
    (!rounds.is_empty()).then(|| Row::beside(language, rounds, first))
}

fn source(name: &str) -> String {
    format!("{}/imports/languages/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a command prints; nothing if it is not installed.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    if !output.status.success() {
        eprintln!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    String::from_utf8(output.stdout).ok()
}

fn rounds_and_sample(effort: Effort) -> [String; 2] {
    [effort.rounds.to_string(), (effort.sample.as_secs_f64() * 1e3).to_string()]
}

fn luajit(effort: Effort) -> Option<String> {
    output(
        Command::new("luajit")
            .arg(source("calls.lua"))
            .arg(env!("WORK_LIBRARY"))
            .args(rounds_and_sample(effort)),
    )
}

fn mono(effort: Effort) -> Option<String> {
    let library = Path::new(env!("WORK_LIBRARY"));
    let program = library.with_file_name("Calls.exe");
    output(
        Command::new("mcs")
            .arg("-optimize")
            .arg(format!("-out:{}", program.display()))
            .arg(source("Calls.cs")),
    )?;
    let directory = library.parent()?;
    output(
        Command::new("mono").env("LD_LIBRARY_PATH", directory).arg(program).args(rounds_and_sample(effort)),
    )
}
