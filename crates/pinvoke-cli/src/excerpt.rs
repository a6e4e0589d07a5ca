//! The line of a text that an error is in, with a caret below the place.
//!
//! ```text
//!   --> argument 3 'n':1:2
//!   |
//! 1 | [5, 3, x9]
//!   |        ^^
//! ```

use std::fmt::Write as _;
use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of a line that are shown; a longer line is cut around the caret.
const WIDTH: usize = 100;

/// Shows the bytes `span` of `text`, which is called `name`.
pub(crate) fn excerpt(name: &str, text: &str, span: Range<usize>) -> String {
    let start = floor(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let number = text[..start].matches('\n').count() + 1;
    let column = text[line_start..start].chars().count() + 1;
    let end = floor(text, span.end).clamp(start, line_end);

    // Not more than half the width before the caret, so that what follows is seen as well.
    let first = text[line_start..start]
        .char_indices()
        .rev()
        .nth(WIDTH / 2)
        .map_or(line_start, |(at, _)| line_start + at);
    let before = show(&text[first..start]);
    let marked = show(&text[start..end]);
    let lead = if first > line_start { "..." } else { "" };
    let shown: String = show(&text[first..line_end]);
    let line: String = shown.chars().take(WIDTH).collect();
    let tail = if line.len() < shown.len() { "..." } else { "" };

    let gutter = number.to_string().len();
    let indent = lead.width() + before.width();
    let carets = marked.width().clamp(1, WIDTH.saturating_sub(before.width()).max(1));
    let mut out = String::new();
    let _ = writeln!(out, "{:gutter$}--> {name}:{number}:{column}", "");
    let _ = writeln!(out, "{:gutter$} |", "");
    let _ = writeln!(out, "{number} | {lead}{line}{tail}");
    let _ = write!(out, "{:gutter$} | {:indent$}{}", "", "", "^".repeat(carets));
    out
}

/// The byte at the start of the character that `at` is in.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The text as it can stand on one line: one column for what has none.
fn show(text: &str) -> String {
    text.chars().map(|c| if c.width().unwrap_or(0) == 0 { ' ' } else { c }).collect()
}

/// The byte at which line `line`, column `column` (both from 1) of `text` starts.
pub(crate) fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or("");
    start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_place() {
        assert_eq!(
            excerpt("argument 1", "[5, x9]", 4..6),
            " --> argument 1:1:5\n  |\n1 | [5, x9]\n  |     ^^"
        );
        // A wide character takes two columns, the second line has number 2.
        assert_eq!(excerpt("a", "x\n名 y", 6..7), " --> a:2:3\n  |\n2 | 名 y\n  |    ^");
        assert_eq!(excerpt("a", "", 0..0), " --> a:1:1\n  |\n1 | \n  | ^");
    }

    #[test]
    fn long_lines_are_cut_and_no_span_panics() {
        let text = "é".repeat(500);
        let shown = excerpt("a", &text, 600..601);
        assert!(shown.lines().all(|line| line.width() < 120), "{shown}");
        for at in 0..text.len() {
            excerpt("a", &text, at..at + 3);
        }
        excerpt("a", "abc", 10..20);
    }

    #[test]
    fn places_become_offsets() {
        assert_eq!(offset("ab\ncé d", 2, 3), 6);
        assert_eq!(offset("ab", 1, 9), 2);
        assert_eq!(offset("ab", 7, 1), 2);
    }
}
