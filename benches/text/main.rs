//! Text on its way to native code and back, next to std, `CString` and widestring.
//!
//! `cargo bench -p pinvoke-bench --bench text` prints Markdown; `-- --smoke` runs everything once,
//! briefly; further words select the parts to run.

#[path = "../engine/native.rs"]
#[allow(dead_code, reason = "shared with the other benchmarks")]
mod native;

mod calls;
mod samples;
mod transcoding;

use pinvoke::library::Library;
use pinvoke_bench::Effort;

type Part = (&'static str, fn(Effort) -> Vec<String>);

const PARTS: &[Part] = &[("transcoding", transcoding::report), ("calls", calls::report)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    // Under `cargo test` the harness is run without `--bench`.
    let smoke = arguments.iter().any(|a| a == "--smoke") || !std::env::args().any(|a| a == "--bench");
    let wanted: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    let effort = if smoke { Effort::SMOKE } else { Effort::FULL };
    let found = pinvoke::import::set_resolver(|name| {
        (name == "work").then(|| Library::load_exact(env!("WORK_LIBRARY")).ok()).flatten()
    });
    found.expect("there is no other resolver");
    for (name, report) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            for table in report(effort) {
                println!("{table}");
            }
        }
    }
}
