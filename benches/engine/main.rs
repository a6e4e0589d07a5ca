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

use pinvoke_bench::Part;

const PARTS: &[Part] = &[
    ("calls", calls::report),
    ("callbacks", callbacks::report),
    ("text", text::report),
    ("files", files::report),
];

fn main() {
    pinvoke_bench::run(PARTS);
}
