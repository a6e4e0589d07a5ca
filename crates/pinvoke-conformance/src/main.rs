//! `conformance`: random signatures against the C compilers of this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use pinvoke_conformance::{Compiler, Options, Tier};

/// Random signatures, called in both directions, against gcc and clang.
#[derive(Parser)]
struct Arguments {
    /// Number of signatures.
    #[arg(long, default_value_t = 20_000)]
    count: u64,
    /// The first signature, to go on where another run ended.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Where all choices come from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The machine that is tested, as Rust calls it [default: this one].
    #[arg(long, requires = "child")]
    target: Option<String>,
    /// With --target: this program, built for that machine; it makes the calls.
    #[arg(long, requires = "target")]
    child: Option<PathBuf>,
    /// With --child: what runs that program, such as an emulator; once more for each of its arguments.
    #[arg(long, value_name = "WORD", allow_hyphen_values = true, requires = "child")]
    runner: Vec<String>,
    /// The other side.
    #[arg(long, value_enum, default_value_t = Against::Both)]
    compiler: Against,
    /// How downcalls are made.
    #[arg(long, value_enum, default_value_t = Through::Both)]
    tier: Through,
    /// Only this signature, at every optimisation level.
    #[arg(long)]
    only: Option<u64>,
    /// With --only: the way to a smaller variant, as printed with a failure.
    #[arg(long, value_delimiter = ',', requires = "only")]
    shrink: Vec<usize>,
    /// Stop after this many failures.
    #[arg(long, default_value_t = 5)]
    max_failures: usize,
    /// Print failures as generated, without shrinking them.
    #[arg(long)]
    as_is: bool,
    /// Batches at the same time [default: number of processors].
    #[arg(long)]
    jobs: Option<usize>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Against {
    Gcc,
    Clang,
    Both,
}

#[derive(Clone, Copy, ValueEnum)]
enum Through {
    Thunk,
    Stub,
    Both,
}

fn main() -> ExitCode {
    let all: Vec<String> = std::env::args().collect();
    let outcome = match all.get(1).map(String::as_str) {
        Some("batch") => pinvoke_conformance::run_batch(&all[2..]).map(|()| true),
        _ => run(Arguments::parse()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("conformance: {e}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Result<bool, String> {
    let (seed, count) = (arguments.seed, arguments.count);
    let mut options = match (&arguments.target, &arguments.child) {
        (Some(target), Some(child)) => {
            Options::for_target(pinvoke_conformance::named(target)?, child, seed, count)
        }
        _ => {
            let this = std::env::current_exe().map_err(|e| format!("cannot find this program: {e}"))?;
            Options::new(&this, seed, count)
        }
    };
    options.runner = arguments.runner;
    options.first = arguments.first;
    options.only = arguments.only;
    options.progress = arguments.only.is_none();
    options.as_is = arguments.as_is;
    options.shrink = arguments.shrink;
    options.max_failures = arguments.max_failures;
    options.jobs = arguments.jobs.unwrap_or(options.jobs);
    match arguments.tier {
        Through::Thunk => options.tiers = vec![Tier::Thunk],
        Through::Stub => options.tiers = vec![Tier::Stub],
        Through::Both => {}
    }
    options.compilers = match arguments.compiler {
        Against::Gcc => vec![Compiler::Gcc],
        Against::Clang => vec![Compiler::Clang],
        Against::Both => vec![Compiler::Gcc, Compiler::Clang],
    };
    let summary = pinvoke_conformance::run(&options)?;
    println!("{summary}");
    if options.only.is_none() {
        pinvoke_conformance::check_known(&options)?;
    }
    Ok(summary.failures.is_empty())
}
