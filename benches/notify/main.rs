//! Notification, registration and names, next to what a program would use instead.
//!
//! `cargo bench -p pinvoke-bench --bench notify` prints Markdown; `-- --smoke` runs everything once,
//! briefly; further words select the parts to run.

mod c_interface;
mod clock;
mod foreign;
mod names;
mod native;
mod peers;
mod walk;
mod writers;

use pinvoke_bench::Part;

const PARTS: &[Part] = &[
    ("walk", walk::report),
    ("threads", walk::report_pairs),
    ("writers", writers::report),
    ("names", names::report),
    ("c", c_interface::report),
];

fn main() {
    let in_library = std::env::args().any(|argument| argument == c_interface::IN_LIBRARY);
    pinvoke_bench::run(if in_library { c_interface::LIBRARY_PARTS } else { PARTS });
}
