//! Notification, registration and names, next to what a program would use instead.
//!
//! `cargo bench -p pinvoke-bench --bench notify` prints Markdown; `-- --smoke` runs everything once,
//! briefly; further words select the parts to run.

mod c_interface;
mod clock;
mod foreign;
mod native;
mod peers;
mod walk;
mod writers;

use pinvoke_bench::Part;

const PARTS: &[Part] = &[
    ("walk", walk::report),
    ("threads", walk::report_pairs),
    ("writers", writers::report),
    ("c", c_interface::report),
];

fn main() {
    pinvoke_bench::run(PARTS);
}
