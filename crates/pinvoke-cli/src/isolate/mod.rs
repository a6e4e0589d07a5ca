//! The native call in a process of its own.
//!
//! Native code that is called with a wrong prototype, or is simply wrong, may crash, end the process or
//! never return. The command therefore starts itself again as a *worker* with the same arguments, and
//! waits. They share one file without a name ([`native::shared_file`](crate::native::shared_file)):
//!
//! ```text
//!    0  Flight: what the worker is doing, and what killed it (mapped by both)
//! 4096  Description: function, arguments, callbacks, as JSON, written before the call
//!    .  Report: what came of it, as JSON, written after
//! ```
//!
//! Standard input, output and error are the command's own, so what the native code prints appears where it
//! should. The worker writes its report and ends; if there is none, the command tells from the flight
//! record and the exit status what has happened, in [`verdict`].

pub(crate) mod supervisor;
pub(crate) mod verdict;
pub(crate) mod worker;

use std::path::Path;

use pinvoke::library::exports::ExportKind;
use serde::{Deserialize, Serialize};

use crate::demangle::demangle;

/// What the command needs to know to explain a death. Written before the call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Description {
    /// The function.
    pub(crate) function: String,
    /// Its prototype, in C.
    pub(crate) prototype: String,
    /// The file it was found in.
    pub(crate) library: String,
    /// The arguments as written, with the names of their parameters.
    pub(crate) arguments: Vec<(String, String)>,
    /// Where code stands in the worker: start, end, offset in the file, file.
    #[serde(default)]
    pub(crate) code: Vec<(u64, u64, u64, String)>,
}

impl Description {
    /// The call as one line: `strlen(s = null)`.
    pub(crate) fn call(&self) -> String {
        let arguments: Vec<String> =
            self.arguments.iter().map(|(name, text)| format!("{name} = {text}")).collect();
        format!("{}({})", self.function, arguments.join(", "))
    }

    /// The function that an instruction belongs to, as far as its file exports it, and the file.
    pub(crate) fn place(&self, instruction: u64) -> Option<String> {
        let (start, _, offset, file) =
            self.code.iter().find(|(start, end, ..)| (*start..*end).contains(&instruction))?;
        let at = instruction - start + offset;
        let exports = pinvoke::library::exports::read(Path::new(file)).unwrap_or_default();
        // Offsets in the file and addresses differ by the same distance in a whole segment; most linkers
        // keep it zero for code. Where they do not, no function is named.
        let inside = exports.iter().find(|e| e.size > 0 && (e.address..e.address + e.size).contains(&at));
        // Files of Windows do not say how long a function is: the last one that begins before.
        let inside = inside.or_else(|| {
            let unsized_code =
                exports.iter().filter(|e| e.ordinal.is_some() && e.kind == ExportKind::Function);
            unsized_code.filter(|e| e.address <= at).max_by_key(|e| e.address)
        });
        Some(match inside {
            Some(export) => {
                format!("{} in {file}", demangle(&export.name).unwrap_or_else(|| export.name.clone()))
            }
            None => format!("{file}, offset {at:#x}"),
        })
    }

    /// The name of a parameter, by its index.
    pub(crate) fn parameter(&self, index: u32) -> &str {
        self.arguments.get(index as usize).map_or("?", |(name, _)| name)
    }
}
