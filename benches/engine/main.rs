//! Calls, callbacks, text and a real workload, each next to its peers.
//!
//! `cargo bench -p pinvoke-bench` prints Markdown; `-- --smoke` runs everything once, briefly, to see
//! that it works; further words select the parts to run.

mod callbacks;
mod calls;
mod files;
mod hidden;
mod native;
mod text;

use pinvoke_bench::Effort;

type Part = (&'static str, fn(Effort) -> Vec<String>);

const PARTS: &[Part] = &[
    ("calls", calls::report),
    ("callbacks", callbacks::report),
    ("text", text::report),
    ("files", files::report),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    // Under `cargo test` the harness is run without `--bench`.
    let smoke = arguments.iter().any(|a| a == "--smoke") || !std::env::args().any(|a| a == "--bench");
    let wanted: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    let effort = if smoke { Effort::SMOKE } else { Effort::FULL };
    for (name, report) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            for table in report(effort) {
                println!("{table}");
            }
        }
    }
}
