//! What the command writes: text for people in colours, JSON for programs, or nothing.

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

use crate::cli::{Color, Global};
use crate::failure::Failure;

/// The exit status of a command whose output was closed by its reader: that of a program killed by
/// SIGPIPE, as a shell shows it.
const CLOSED: u8 = 141;

/// Names of things: types, registers, fields.
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
/// Headings of tables.
pub(crate) const HEADING: Style = Style::new().bold();
/// What is there but matters less: padding, paths.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Success.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Failure.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// `text` in a style; the styles are removed again where the output has no colours.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Where results and failures go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    json: bool,
    quiet: bool,
}

impl Terminal {
    /// The output that the options ask for.
    pub(crate) fn new(global: &Global) -> Terminal {
        let choice = match global.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        Terminal { json: global.json, quiet: global.quiet }
    }

    /// Whether standard output is for one JSON document and nothing else.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Shows a result: `text` for people or `json` for programs.
    pub(crate) fn result(self, text: &str, json: impl FnOnce() -> serde_json::Value) -> ExitCode {
        if self.json {
            self.print(&format!("{:#}\n", json()))
        } else if self.quiet {
            ExitCode::SUCCESS
        } else {
            self.print(text)
        }
    }

    /// Writes to standard output, whatever the options say.
    pub(crate) fn print(self, text: &str) -> ExitCode {
        let mut out = anstream::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(CLOSED),
            Err(error) => self.failure(&Failure::system("write to standard output", &error)),
        }
    }

    /// Says something that is no result to people.
    pub(crate) fn remark(self, text: &str) {
        if !self.json && !self.quiet {
            // Nobody is left to tell if this fails.
            let _ = anstream::stderr().write_all(format!("{}\n", styled(DIM, text)).as_bytes());
        }
    }

    /// Shows a failure; gives the exit status that goes with it.
    pub(crate) fn failure(self, failure: &Failure) -> ExitCode {
        let status = ExitCode::from(failure.kind.status());
        if self.json {
            let error = serde_json::to_value(failure).unwrap_or_default();
            let _ = self.print(&format!("{:#}\n", serde_json::json!({ "error": error })));
        } else {
            // Also when quiet: a death is never silent. Nobody is left to tell if this fails.
            let _ = anstream::stderr().write_all(text(failure).as_bytes());
        }
        status
    }

    /// The status for output that nobody reads.
    pub(crate) fn closed() -> ExitCode {
        ExitCode::from(CLOSED)
    }
}

fn text(failure: &Failure) -> String {
    // A message that comes with an excerpt of the text at fault has its own "error:".
    let mut text = match failure.message.strip_prefix("error: ") {
        Some(message) => format!("{}: {message}\n", styled(BAD, "error")),
        None => format!("{}: {}\n", styled(BAD, "error"), failure.message),
    };
    for (label, paragraphs) in [("note", &failure.more.notes), ("help", &failure.more.help)] {
        for paragraph in paragraphs {
            let indented = paragraph.trim_end().replace('\n', "\n        ");
            text.push_str(&format!("  {}: {indented}\n", styled(HEADING, label)));
        }
    }
    text
}
