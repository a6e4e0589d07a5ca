//! An import takes as many instructions as a call through a pointer in memory: counted, not timed.
//!
//! This package is optimised in every profile, or there would be nothing to count.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

#[path = "../imports/declared.rs"]
#[allow(dead_code, reason = "shared with the benchmark")]
mod declared;
#[path = "../engine/hidden.rs"]
mod hidden;
#[path = "../engine/native.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "shared with the benchmarks")]
mod native;

use std::ffi::c_void;

use declared::{add2, by_hand, compared, mirror, mix8, noop, same, shapes, sum12, turn};
use hidden::Hidden as _;
use native::{Block, Bytes, Point};
use pinvoke::library::Library;
use pinvoke_bench::instructions;

/// What the import of a blittable shape may cost.
const GOAL: f64 = 1.02;

#[test]
fn imports_of_blittable_shapes_are_calls_through_a_pointer_in_memory() {
    let found = pinvoke::import::set_resolver(|name| {
        (name == "work").then(|| Library::load_exact(env!("WORK_LIBRARY")).ok()).flatten()
    });
    found.expect("there is no other resolver");
    by_hand::find();
    macro_rules! counted {
        ($title:literal, $name:literal as $ty:ty, $import:ident($($value:expr),*), $($ffi:tt)*) => {{
            let [(_, mut in_memory), (_, mut import)] = compared!($import($($value),*));
            ($title, instructions(&mut in_memory), instructions(&mut import))
        }};
    }
    let shapes: Vec<(&str, Option<f64>, Option<f64>)> = shapes!(counted);
    for (title, in_memory, import) in shapes {
        // Where processes may not be traced, nothing can be said.
        let (Some(in_memory), Some(import)) = (in_memory, import) else { return };
        println!("{title}: {in_memory} through a pointer in memory, {import} by the import");
        assert!(
            import <= in_memory * GOAL,
            "{title}: {import} instructions, and {in_memory} through a pointer"
        );
    }
}
