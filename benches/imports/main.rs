//! Declared imports next to the same code written by hand, libloading and libffi.
//!
//! `cargo bench -p pinvoke-bench --bench imports` prints Markdown; `-- --smoke` runs everything once,
//! briefly; further words select the parts to run.

#[path = "../engine/hidden.rs"]
mod hidden;
#[path = "../engine/native.rs"]
#[allow(dead_code, reason = "shared with the other benchmark")]
mod native;

mod binding;
mod callbacks;
mod declared;
mod languages;
mod shapes;
mod workloads;

use pinvoke::library::Library;
use pinvoke_bench::Part;

const PARTS: &[Part] = &[
    ("shapes", shapes::report),
    ("binding", binding::report),
    ("callbacks", callbacks::report),
    ("workloads", workloads::report),
    ("languages", languages::report),
];

fn main() {
    let found = pinvoke::import::set_resolver(|name| {
        (name == "work").then(|| Library::load_exact(env!("WORK_LIBRARY")).ok()).flatten()
    });
    found.expect("there is no other resolver");
    pinvoke_bench::run(PARTS);
}
