//! What has happened to a worker that left no report.

#[cfg(unix)]
#[path = "signals.rs"]
mod fate;
#[cfg(windows)]
#[path = "exceptions.rs"]
mod fate;

use std::process::ExitStatus;
use std::time::Duration;

use super::Description;
use crate::failure::{Failure, Kind};
use crate::native::{Flight, Phase};
use fate::{FACT, FACT_NUMBER, cause, code, explain, is_crash, name_of};

/// How the worker ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// By itself or by a signal.
    Status(ExitStatus),
    /// It was killed after this time.
    Timeout(Duration),
}

/// The failure to show.
pub(crate) fn verdict(ending: Ending, flight: &Flight, description: &Description) -> Failure {
    let failure = match ending {
        Ending::Timeout(time) => {
            let seconds = time.as_secs_f64();
            let what = format!("{} did not return within {seconds} s", subject(flight, description));
            Failure::new(Kind::Timeout, what).fact("seconds", seconds)
        }
        Ending::Status(status) => match cause(status) {
            Some(signal) => crash(signal, flight, description),
            None => exited(status.code().unwrap_or(0), flight, description),
        },
    };
    circumstances(failure, flight, description)
}

/// Who is to blame: the function, or the initialisers of its library.
fn subject(flight: &Flight, description: &Description) -> String {
    match flight.phase() {
        Phase::Preparing => "reading the declarations and arguments".to_owned(),
        Phase::Loading => "loading the library".to_owned(),
        Phase::Calling | Phase::Collecting | Phase::Reported => description.function.clone(),
    }
}

fn crash(signal: i32, flight: &Flight, description: &Description) -> Failure {
    let (name, meaning) = name_of(signal);
    let subject = subject(flight, description);
    let message = match flight.phase() {
        Phase::Collecting => format!("reading what {subject} left behind crashed: {name}, {meaning}"),
        _ if is_crash(signal) => format!("{subject} crashed: {name}, {meaning}"),
        _ => format!("{subject} was ended by {name}: {meaning}"),
    };
    let mut failure = Failure::new(Kind::Crash, message).fact(FACT, name).fact(FACT_NUMBER, code(signal));
    // A record of another signal belongs to a fault that the native code has survived.
    let Some(fault) = flight.fault().filter(|fault| fault.signal == signal) else {
        return failure;
    };
    if let Some(address) = fault.address {
        failure = failure.fact("address", format!("{address:#x}"));
    }
    if let Some(note) = explain(fault) {
        failure = failure.note(note);
    }
    match description.place(fault.instruction) {
        Some(place) => failure.note(format!("at {place}")).fact("place", place),
        None => failure,
    }
}

fn exited(status: i32, flight: &Flight, description: &Description) -> Failure {
    if flight.phase() == Phase::Preparing {
        let message = format!("the worker process ended with exit status {status} before the call");
        return Failure::new(Kind::System, message);
    }
    let message = format!("{} ended the process with exit status {status}", subject(flight, description));
    Failure::new(Kind::Exited, message).fact("status", status)
}

fn circumstances(mut failure: Failure, flight: &Flight, description: &Description) -> Failure {
    if description.function.is_empty() {
        return failure;
    }
    failure = failure.note(format!("in the call {}", description.call()));
    failure = failure.fact("function", description.function.clone()).fact("call", description.call());
    if let Some((parameter, invocation)) = flight.callback() {
        let name = description.parameter(parameter);
        failure = failure
            .note(format!("inside the callback given for '{name}', invocation {invocation}"))
            .fact("callback", name)
            .fact("invocation", invocation);
    }
    failure = failure.note(format!("declared as {}", description.prototype));
    if failure.kind == Kind::Crash {
        failure = failure.help("check the prototype and the arguments against the function's documentation");
    }
    failure
}
