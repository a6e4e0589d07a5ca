//! What is wrong with a declaration, and where.
//!
//! A [`Diagnostic`] carries its source with it, so that it can be shown long after the text was read:
//!
//! ```text
//! error: unknown type name 'Uint32' of parameter 1
//!  --> prototype:1:8
//!   |
//! 1 | BOOL f(Uint32 t);
//!   |        ^^^^^^
//!   = help: did you mean 'uint32_t'?
//! ```

use std::fmt::{self, Write as _};
use std::sync::Arc;

use unicode_width::UnicodeWidthChar;

use crate::span::{Source, Span};

/// How bad it is.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::{Severity, Unit};
///
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// unit.parse_prototype("int f(int n)")?;
/// // Another prototype of the same function is suspicious, and counts.
/// let second = unit.parse_prototype("int f(long n)")?;
/// assert_eq!(unit.notes()[0].severity, Severity::Warning);
/// assert_eq!(second.to_string(), "int f(long n)");
/// assert!(Severity::Error > Severity::Warning);
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Suspicious; the declaration is usable.
    Warning,
    /// The declaration cannot be used.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// A second place that matters to a [`Diagnostic`].
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let findings = Unit::new(Target::X86_64_LINUX).parse("two.h", "int g(void);\nint g(int);");
/// let related = &findings[0].related[0];
/// assert_eq!(related.message, "the earlier declaration");
/// assert_eq!(related.source.place(related.span.start).line, 1);
/// ```
#[derive(Clone, Debug)]
pub struct Related {
    /// What is there.
    pub message: String,
    /// The text it is in.
    pub source: Arc<Source>,
    /// Where.
    pub span: Span,
}

/// One finding about a declaration. `Display` shows it with the line it points at.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let findings = Unit::new(Target::X86_64_LINUX).parse_prototype("int f(Uint32 t)").unwrap_err();
/// let finding = &findings[0];
/// assert_eq!(finding.message, "unknown type name 'Uint32' of parameter 1 ('t')");
/// assert_eq!(finding.help.as_deref(), Some("did you mean 'uint32_t'?"));
/// // The text is at hand for whoever shows it in another way:
/// assert_eq!(finding.source.slice(finding.span), "Uint32");
/// ```
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// The text it is in.
    pub source: Arc<Source>,
    /// Where.
    pub span: Span,
    /// Words beside the caret.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that matter.
    pub related: Vec<Related>,
}

impl Diagnostic {
    /// A finding without label, help or related places.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    /// use pinvoke_decl::diagnostic::{Diagnostic, Severity};
    ///
    /// // A finding of one's own, about a text that has been read:
    /// let theirs = Unit::new(Target::X86_64_LINUX).parse("x.h", "int f(Uint32 t);").remove(0);
    /// let ours = Diagnostic::new(Severity::Note, &theirs.source, theirs.span, "this type is the program's");
    /// assert!(ours.to_string().starts_with("note: this type is the program's\n --> x.h:1:7\n"));
    /// ```
    #[must_use]
    pub fn new(
        severity: Severity,
        source: &Arc<Source>,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            severity,
            message: message.into(),
            source: Arc::clone(source),
            span,
            label: None,
            help: None,
            related: Vec::new(),
        }
    }

    pub(crate) fn error(source: &Arc<Source>, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, source, span, message)
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn related(
        mut self,
        source: &Arc<Source>,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        self.related.push(Related { message: message.into(), source: Arc::clone(source), span });
        self
    }

    /// Whether the declaration cannot be used.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::{Diagnostic, Unit};
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// let findings = unit.parse("x.h", "int good(void); int bad(nothing n);");
    /// assert!(findings.iter().any(Diagnostic::is_error));
    /// assert!(unit.function("good").is_ok()); // what could be understood is declared
    /// ```
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The finding as several lines of text, each ended by a line break.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let findings = Unit::new(Target::X86_64_LINUX).evaluate("1 / 0").unwrap_err();
    /// assert_eq!(
    ///     findings[0].render(),
    ///     "\
    /// error: division by zero
    ///  --> expression:1:3
    ///   |
    /// 1 | 1 / 0
    ///   |   ^
    /// "
    /// );
    /// ```
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = format!("{}: {}\n", self.severity, self.message);
        let mut gutter = excerpt(&mut out, &self.source, self.span, self.label.as_deref());
        for related in &self.related {
            _ = writeln!(out, "{:gutter$} = note: {}", "", related.message);
            gutter = gutter.max(excerpt(&mut out, &related.source, related.span, None));
        }
        if let Some(help) = &self.help {
            _ = writeln!(out, "{:gutter$} = help: {help}", "");
        }
        out
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render().trim_end())
    }
}

impl std::error::Error for Diagnostic {}

/// Columns of a source line that are shown; a longer line is cut around the caret.
const WIDTH: usize = 100;
/// Columns kept in front of the caret in a line that is cut.
const BEFORE: usize = 60;

/// Bytes of a source line around the caret that are looked at; lines may be a megabyte long.
const NEAR: usize = 1000;

/// The part of a line around `at`, and where it begins; both ends on character boundaries.
fn near(line: &str, at: usize) -> (usize, &str) {
    let mut from = at.saturating_sub(NEAR);
    while !line.is_char_boundary(from) {
        from += 1;
    }
    let mut to = (at + NEAR).min(line.len());
    while !line.is_char_boundary(to) {
        to -= 1;
    }
    (from, &line[from..to.max(from)])
}

/// Appends place, line and caret; returns the width of the line number.
fn excerpt(out: &mut String, source: &Source, span: Span, label: Option<&str>) -> usize {
    let place = source.place(span.start);
    let gutter = place.line.to_string().len();
    _ = writeln!(out, "{:gutter$}--> {}:{}:{}", "", place.file, place.line, place.column);
    let (line_start, line) = source.line(span.start);
    let caret_from = ((span.start - line_start) as usize).min(line.len());
    let (skipped, line) = near(line, caret_from);
    let caret_from = caret_from - skipped;
    let caret_to = (span.end.saturating_sub(line_start) as usize).saturating_sub(skipped);
    let caret_to = caret_to.min(line.len()).max(caret_from);

    // One cell per column: a wide character fills two, a tab up to the next multiple of four.
    let (mut cells, mut from, mut to) = (Vec::<Option<char>>::new(), None, None);
    for (at, c) in line.char_indices() {
        if at >= caret_from && from.is_none() {
            from = Some(cells.len());
        }
        if at >= caret_to && to.is_none() {
            to = Some(cells.len());
        }
        if c == '\t' {
            let next = (cells.len() / 4 + 1) * 4;
            cells.resize(next, Some(' '));
        } else {
            let shown = if c.is_control() { '\u{fffd}' } else { c };
            // Combining marks take no column of their own and would shift the caret: left out.
            match shown.width().unwrap_or(1) {
                0 => {}
                1 => cells.push(Some(shown)),
                _ => cells.extend([Some(shown), None]),
            }
        }
    }
    let from = from.unwrap_or(cells.len());
    let to = to.unwrap_or(cells.len()).max(from + 1);

    let mut first = 0;
    if cells.len() > WIDTH && from > BEFORE {
        first = from - BEFORE;
        // Do not begin with the second half of a wide character.
        first += usize::from(cells.get(first) == Some(&None));
    }
    let last = cells.len().min(first + WIDTH);
    let lead = if first > 0 { "..." } else { "" };
    let tail = if last < cells.len() { "..." } else { "" };
    let shown: String = cells[first..last].iter().flatten().collect();
    let to = to.min(last.max(from + 1));

    _ = writeln!(out, "{:gutter$} |", "");
    _ = writeln!(out, "{} | {lead}{}{tail}", place.line, shown.trim_end());
    let indent = lead.len() + from - first;
    let carets = "^".repeat(to - from);
    let label = label.map(|l| format!(" {l}")).unwrap_or_default();
    _ = writeln!(out, "{:gutter$} | {:indent$}{carets}{label}", "", "");
    gutter
}

/// The name in `known` that a person most likely meant by `wrong`, if one is close.
///
/// Case and underscores count for little (`Uint32` means `uint32_t`), and a trailing `_t` for nothing.
///
/// ```
/// use pinvoke_decl::diagnostic::closest;
///
/// let known = ["uint32_t", "UINT32", "int32_t"];
/// assert_eq!(closest("Uint32", known.into_iter()), Some("uint32_t"));
/// assert_eq!(closest("wchar_t", known.into_iter()), None);
/// ```
#[must_use]
pub fn closest<'n>(wrong: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    fn fold(name: &str) -> Vec<u8> {
        name.bytes().filter(|b| *b != b'_').map(|b| b.to_ascii_lowercase()).collect()
    }
    if wrong.len() > 64 {
        return None;
    }
    let folded = fold(wrong);
    let limit = match folded.len() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    known
        .filter(|name| name.len().abs_diff(wrong.len()) <= 4 && *name != wrong)
        .filter_map(|name| {
            let whole = edit_distance(&folded, &fold(name), limit);
            let stem = name.strip_suffix("_t").and_then(|n| edit_distance(&folded, &fold(n), limit));
            let distance = whole.into_iter().chain(stem).min()?;
            // `Uint32` is nearer to `uint32_t` than to `UINT32`.
            let case = name.bytes().zip(wrong.bytes()).filter(|(a, b)| a != b).count();
            Some((distance, case, name.len().abs_diff(wrong.len()), name))
        })
        .min()
        .map(|(.., name)| name)
}

/// Edits (insert, delete, replace, swap of neighbours) from `a` to `b`, if at most `limit`.
fn edit_distance(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    Some(last[b.len()]).filter(|d| *d <= limit)
}
