//! `without-executable-memory PROGRAM ARGUMENTS…`: runs a program, and whatever it starts, where the system
//! refuses executable memory. Cargo runs the tests by it: see `cargo xtask refused`.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: without-executable-memory PROGRAM [ARGUMENT]...");
        return ExitCode::FAILURE;
    };
    if let Err(error) = pinvoke_sandbox::refuse_executable_memory() {
        eprintln!("the system takes no seccomp filter: {error}");
        return ExitCode::FAILURE;
    }
    let error = Command::new(&program).args(arguments).exec();
    eprintln!("cannot run {}: {error}", program.display());
    ExitCode::FAILURE
}
