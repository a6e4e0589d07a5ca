//! Notification, registration and names, next to what a program would use instead.
//!
//! `cargo bench -p pinvoke-bench --bench notify` prints Markdown; `-- --smoke` runs everything once,
//! briefly; further words select the parts to run.

mod c_interface;
mod foreign;
mod native;
mod peers;
mod walk;
mod writers;

use pinvoke_bench::Effort;

type Part = (&'static str, fn(Effort) -> Vec<String>);

const PARTS: &[Part] = &[
    ("walk", walk::report),
    ("threads", walk::report_pairs),
    ("writers", writers::report),
    ("c", c_interface::report),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    // Under `cargo test` the harness is run without `--bench`.
    let smoke = arguments.iter().any(|a| a == "--smoke") || !std::env::args().any(|a| a == "--bench");
    let wanted: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    for (peer, missing) in
        [("GLib", foreign::GSignal::new().is_none()), ("Boost", foreign::Boost::new().is_none())]
    {
        if missing {
            println!("{peer} is not installed: skipped.\n");
        }
    }
    let effort = if smoke { Effort::SMOKE } else { Effort::FULL };
    for (name, report) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            for table in report(effort) {
                println!("{table}");
            }
        }
    }
}
