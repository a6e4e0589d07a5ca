//! The `pinvoke` command: native functions called from the command line.
//!
//! The way of a call: [`cli`] parses the command line; [`isolate`] starts a worker with the same command
//! line; there [`commands::call`] reads the declarations ([`sources`]), the arguments ([`literal`]) and the
//! callback expressions ([`callback`]), finds the function and calls it ([`native`]); the [`report`] comes
//! back and is shown ([`terminal`]).
#![deny(unsafe_code)]

mod callback;
mod cli;
mod commands;
mod constants;
mod demangle;
mod excerpt;
mod failure;
mod isolate;
mod literal;
mod manual;
mod native;
mod report;
mod sources;
mod table;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use cli::{Cli, Command};
use commands::{call, explain, exports, get, layout, probe};
use failure::{Failure, Kind};
use isolate::{supervisor, worker};
use report::{Report, Shown};
use terminal::Terminal;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let cli = match cli::parse(args.iter().cloned()) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let terminal = Terminal::new(&cli.global);
    match cli.global.worker {
        Some(fd) => match worker::start(fd) {
            Ok(()) => worker::finish(work(&cli)),
            Err(failure) => terminal.failure(&failure),
        },
        None => command(terminal, &cli, &args[1..]),
    }
}

/// Clap's own errors, help and version, with nothing said where nobody reads it.
fn usage(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Terminal::closed(),
        _ => u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from),
    }
}

fn command(terminal: Terminal, cli: &Cli, args: &[OsString]) -> ExitCode {
    match &cli.command {
        Command::Call(call) if call.no_isolate => {
            worker::start_here(terminal);
            worker::finish(work(cli))
        }
        Command::Call(call) => isolated(terminal, args, call.timeout),
        Command::Get(_) | Command::Exports(_) => isolated(terminal, args, None),
        Command::Probe(probe) => match probe.os {
            Some(os) => shown(terminal, Ok(probe::elsewhere(probe, os))),
            None => isolated(terminal, args, None),
        },
        Command::Layout(layout) => shown(terminal, layout::run(layout)),
        Command::Explain(explain) => shown(terminal, explain::run(explain)),
        Command::Completions { shell } => terminal.print(&manual::completions(*shell)),
        Command::Man { command } => match manual::page(command.as_deref()) {
            Ok(page) => terminal.print(&page),
            Err(failure) => terminal.failure(&failure),
        },
    }
}

fn shown(terminal: Terminal, result: Result<Shown, Failure>) -> ExitCode {
    report::show(terminal, result.map(Report::Rendered))
}

fn isolated(terminal: Terminal, args: &[OsString], timeout: Option<Duration>) -> ExitCode {
    match supervisor::run(args, timeout, terminal.is_json()) {
        Ok(Some(report)) => report::show(terminal, Ok(report)),
        Ok(None) => Terminal::closed(),
        Err(failure) => terminal.failure(&failure),
    }
}

/// What a worker does.
fn work(cli: &Cli) -> Result<Report, Failure> {
    match &cli.command {
        Command::Call(call) => call::run(call),
        Command::Get(get) => get::run(get),
        Command::Probe(probe) => probe::run(probe),
        Command::Exports(exports) => exports::run(exports),
        Command::Layout(_) | Command::Explain(_) | Command::Completions { .. } | Command::Man { .. } => {
            Err(Failure::new(Kind::Usage, "this command needs no worker process"))
        }
    }
}
