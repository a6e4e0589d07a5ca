//! Libraries, entry points and exports, on real libraries that the system's C compiler builds.
#![cfg(target_os = "linux")]

mod entry_points;
mod loading;
mod workshop;
