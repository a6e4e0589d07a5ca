//! Developer tasks: `cargo xtask test` checks everything, `cargo xtask bless` renews expected files.
#![forbid(unsafe_code)]

mod examples;
mod run;
mod system;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Developer tasks of the pinvoke workspace.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Installs what the tests need (Debian), then checks format, lints, docs, tests and examples.
    Test,
    /// Rewrites the expected files of snapshot tests from what the code prints now; review the diff.
    Bless,
    /// Compares at least 20,000 random signatures with gcc and clang.
    Conformance {
        /// Number of signatures.
        #[arg(long, default_value_t = 20_000)]
        count: u64,
        /// Seed of the first signature.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Runs the benchmarks and prints their table.
    Bench,
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Test => run::test(),
        Task::Bless => run::bless(),
        Task::Conformance { count, seed } => run::conformance(count, seed),
        Task::Bench => run::bench(),
    }
}
