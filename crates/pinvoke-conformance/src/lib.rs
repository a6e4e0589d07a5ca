//! Conformance of calls and callbacks with the C compilers of the machine.
//!
//! The ABI documents leave cases open, and a plan that is right in the tests of its author may still
//! be wrong. So the judge is what people really link against: code made by gcc and by clang. Random
//! prototypes (every scalar, structures, unions, arrays, bit-fields, packed and aligned types, both
//! conventions, variable arguments) become C callees that check every byte they receive and C callers
//! that check every byte they get back, and each is called through every way that the runtime has:
//!
//! ```text
//!   seed, index ──► prototype ──► C text ──► gcc, clang ──► callee ◄── PreparedCall, thunk and stub
//!                       │            │                      caller ──► DynamicCallback
//!                       │            └──► front end ──► signature ┐
//!                       └──► layouts ────────────────► signature ─┴─ must be equal, and equal to
//!                                                                    sizeof and offsetof
//! ```
//!
//! - `generate` chooses, `model` is what was chosen, `c_text` and `layouts` are derived from it.
//! - A wrong plan can crash: `child` is one batch in a process of its own, `run` is the parent.
//! - `shrink` makes a failing prototype minimal; seed, number and path reproduce it.
//! - The compilers are also run against each other. Where they disagree nobody can agree with both:
//!   each such case is an entry of `known`, with its reason and a witness that is checked.

use std::time::Duration;

mod block;
mod c_text;
mod child;
mod compiler;
mod convention;
mod engine;
mod facts;
mod generate;
mod job;
mod known;
mod layouts;
mod machine;
mod model;
mod native;
mod random;
mod run;
mod shrink;
mod values;

pub use compiler::Compiler;
pub use machine::named;
pub use pinvoke::call::Tier;
pub use run::{Failure, Options, Summary, check_known, run};

/// Runs one batch in this process, as the parent asked with these arguments.
///
/// # Errors
/// If the arguments are not the parent's, or the batch cannot be compiled or loaded.
pub fn run_batch(arguments: &[String]) -> Result<(), String> {
    let job = job::Job::parse(arguments).ok_or("not the arguments of a batch")?;
    child::limit_time(Duration::from_secs(120));
    child::run(&job)
}
