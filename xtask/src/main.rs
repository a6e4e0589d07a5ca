//! Developer tasks: `cargo xtask test` checks everything, `cargo xtask bless` renews expected files.
#![forbid(unsafe_code)]

mod concurrency;
mod conformance;
mod examples;
mod import_library;
mod install;
mod miri;
mod platform;
mod refused;
mod run;
mod sanitize;
mod system;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use conformance::Sample;

/// Developer tasks of the pinvoke workspace.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Installs what the tests need (Debian), then checks format, lints, docs, tests and examples, here and
    /// on the other platforms.
    Test,
    /// Rewrites the expected files of snapshot tests from what the code prints now; review the diff.
    Bless,
    /// Compares random signatures with gcc and clang, called in both directions.
    Conformance {
        /// On which platform [default: this one]; installs what that needs.
        #[arg(long, value_enum)]
        target: Option<platform::Platform>,
        /// Number of signatures [default: 20000, on another platform 3000].
        #[arg(long)]
        count: Option<u64>,
        /// Seed of the first signature.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Builds the C library of callback objects and installs it, with its header and pkg-config file.
    InstallCallbackObject {
        /// Where to: `include` and `lib` are made below.
        #[arg(long, default_value = "/usr/local")]
        prefix: PathBuf,
        /// The library to install, if it has been built already.
        #[arg(long, value_name = "FILE")]
        library: Option<PathBuf>,
    },
    /// Runs the tests where no code can be generated: executable memory refused, and forbidden.
    Refused,
    /// Runs the tests under sanitizers, all of them unless some are named.
    Sanitize {
        /// Which.
        #[arg(value_enum, default_values_t = [sanitize::Sanitizer::Address, sanitize::Sanitizer::Thread])]
        sanitizers: Vec<sanitize::Sanitizer>,
    },
    /// Runs tests of callback objects under Miri.
    Miri,
    /// Runs the benchmarks and prints their table.
    Bench,
    /// Runs the tests of another platform here; installs what that needs.
    Platform {
        /// Which.
        platform: platform::Platform,
        /// Only what every run of the tests has time for: on RISC-V a part, elsewhere all.
        #[arg(long)]
        quick: bool,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Test => run::test(),
        Task::Bless => run::bless(),
        Task::Conformance { target: None, count, seed } => {
            conformance::here(Sample { count: count.unwrap_or(20_000), seed })
        }
        Task::Conformance { target: Some(platform), count, seed } => {
            platform::conformance(platform, Sample { count: count.unwrap_or(3_000), seed })
        }
        Task::InstallCallbackObject { prefix, library } => {
            install::callback_object(&prefix, library.as_deref())
        }
        Task::Refused => run::refused(),
        Task::Sanitize { sanitizers } => sanitize::run(&sanitizers),
        Task::Miri => miri::run(),
        Task::Bench => run::bench(),
        Task::Platform { platform, quick } => {
            run::platform(platform, if quick { platform::Extent::EveryRun } else { platform::Extent::Whole })
        }
    }
}
