//! Declared imports of the system's own libraries, and of libraries made for the purpose.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "each test calls one declared function with the values beside it"
)]

/// Where declarations search, as the option wants it.
macro_rules! directory {
    () => {
        crate::compiled::DIRECTORY
    };
}

mod arrays;
#[cfg(target_arch = "x86")]
mod balance;
mod binder;
mod callbacks;
mod char_set;
mod closure_forms;
mod compiled;
mod custom;
#[cfg(not(windows))]
mod declaration;
mod handles;
mod life;
mod locations;
mod long_double;
mod memory;
mod native_callbacks;
mod registrations;
mod scalars;
mod structures;
mod text;
mod through;
mod vectors;
mod wide;
