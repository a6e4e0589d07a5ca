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

fn main() {
    let found = pinvoke::import::set_resolver(|name| {
        (name == "work").then(|| Library::load_exact(env!("WORK_LIBRARY")).ok()).flatten()
    });
    found.expect("there is no other resolver");
    pinvoke_bench::run(&[("transcoding", transcoding::report), ("calls", calls::report)]);
}
