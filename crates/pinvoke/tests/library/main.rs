//! Libraries, entry points and exports, on real libraries that the system's C compiler builds.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed, in its helpers too")]

mod entry_points;
mod loading;
mod workshop;
