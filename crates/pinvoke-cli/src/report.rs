//! What a command has found out, for people and for programs.
//!
//! A report crosses from the worker to the command, so it is plain data: values are text and JSON already,
//! because the addresses in them mean nothing outside the worker.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::failure::Failure;
use crate::terminal::{NAME, Terminal, styled};

/// A value, shown twice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// As the literal that a person would write.
    pub(crate) text: String,
    /// For programs.
    pub(crate) json: serde_json::Value,
}

/// What came of the work of a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// Functions were called, in this order; at least one.
    Calls(Vec<CallReport>),
    /// A variable was read.
    Get(GetReport),
    /// Something else, rendered.
    Rendered(Shown),
}

/// What a call left behind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CallReport {
    /// The library as loaded.
    pub(crate) library: String,
    /// The name looked up.
    pub(crate) entry_point: String,
    /// The prototype in C.
    pub(crate) prototype: String,
    /// Its result; `None` for `void`.
    pub(crate) result: Option<Shown>,
    /// The error it left, if any.
    pub(crate) last_error: Option<ErrorCode>,
    /// Arguments that it changed, by name.
    pub(crate) changed: Vec<(String, Shown)>,
    /// How often it called back.
    pub(crate) callbacks: u64,
    /// Findings about the prototype that are no errors.
    pub(crate) notes: Vec<String>,
}

/// `errno` after a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ErrorCode {
    /// The number.
    pub(crate) code: i32,
    /// The constant's name.
    pub(crate) name: Option<String>,
    /// What the system says about it.
    pub(crate) message: String,
    /// As one line.
    pub(crate) line: String,
    /// Whether the result says that the call failed. Successful calls leave all kinds of numbers.
    pub(crate) failed: bool,
}

/// A variable's value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GetReport {
    /// The library as loaded.
    pub(crate) library: String,
    /// The name looked up.
    pub(crate) entry_point: String,
    /// The declaration in C.
    pub(crate) declaration: String,
    /// Where it stands.
    pub(crate) address: String,
    /// What it holds.
    pub(crate) value: Shown,
}

/// Shows what came of the work.
pub(crate) fn show(terminal: Terminal, result: Result<Report, Failure>) -> ExitCode {
    match result {
        Err(failure) => terminal.failure(&failure),
        Ok(Report::Rendered(shown)) => terminal.result(&shown.text, || shown.json.clone()),
        Ok(Report::Get(get)) => terminal.result(&format!("{}\n", get.value.text), || {
            json!({
                "value": get.value.json,
                "library": get.library,
                "entry_point": get.entry_point,
                "declaration": get.declaration,
                "address": get.address,
            })
        }),
        Ok(Report::Calls(calls)) => {
            let text: String = calls.iter().map(CallReport::text).collect();
            let status = terminal.result(&text, || match calls.as_slice() {
                [call] => call.json(),
                calls => json!({ "calls": calls.iter().map(CallReport::json).collect::<Vec<_>>() }),
            });
            for note in calls.iter().flat_map(|call| &call.notes) {
                terminal.remark(note);
            }
            status
        }
    }
}

impl CallReport {
    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(result) = &self.result {
            let _ = writeln!(text, "{}", result.text);
        }
        for (name, value) in &self.changed {
            let _ = writeln!(text, "{} = {}", styled(NAME, name), value.text);
        }
        if let Some(error) = self.last_error.as_ref().filter(|error| error.failed) {
            let _ = writeln!(text, "{}", error.line);
        }
        text
    }

    fn json(&self) -> serde_json::Value {
        let changed: serde_json::Map<String, serde_json::Value> =
            self.changed.iter().map(|(name, value)| (name.clone(), value.json.clone())).collect();
        json!({
            "result": self.result.as_ref().map(|shown| &shown.json),
            "last_error": self.last_error.as_ref().map(|e| json!({
                "code": e.code, "name": e.name, "message": e.message, "failed": e.failed,
            })),
            "changed": changed,
            "callbacks": self.callbacks,
            "library": self.library,
            "entry_point": self.entry_point,
            "prototype": self.prototype,
            "notes": self.notes,
        })
    }
}
