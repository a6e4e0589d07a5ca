//! Where something stands in a text.
//!
//! A [`Span`] is a pair of byte offsets; a [`Source`] turns them into a file name, a line and a column,
//! following the line markers (`# 33 "/usr/include/stdio.h"`) that a preprocessor leaves behind.

use std::sync::Arc;

/// Bytes `start..end` of a [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A line marker: the text from `offset` on is line `line` of `file`.
#[derive(Clone, Debug)]
pub(crate) struct LineMarker {
    pub(crate) offset: u32,
    pub(crate) file: Arc<str>,
    pub(crate) line: u32,
}

/// A text with a name.
#[derive(Debug)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
    markers: Vec<LineMarker>,
}

/// A place in a file, as people count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The source's name, or the file a line marker names.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Source {
    pub(crate) fn new(name: &str, text: &str, markers: Vec<LineMarker>) -> Source {
        let mut line_starts = vec![0];
        for (at, byte) in text.bytes().enumerate() {
            if byte == b'\n' {
                line_starts.push(offset(at + 1));
            }
        }
        Source { name: name.into(), text: text.into(), line_starts, markers }
    }

    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of `span`; empty if it is not a valid piece of this text.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// File, line and column of a byte offset.
    #[must_use]
    pub fn place(&self, at: u32) -> Place {
        let index = self.line_index(at);
        let start = self.line_starts[index];
        let column = self.slice(Span { start, end: at }).chars().count();
        let marker =
            self.markers.partition_point(|m| m.offset <= at).checked_sub(1).map(|i| &self.markers[i]);
        let (file, line) = match marker {
            None => (&self.name, offset(index) + 1),
            Some(m) => {
                (&m.file, m.line.saturating_add(offset(index.saturating_sub(self.line_index(m.offset)))))
            }
        };
        Place { file: Arc::clone(file), line, column: offset(column) + 1 }
    }

    /// The line around a byte offset, without its line break, and the offset at which it starts.
    #[must_use]
    pub fn line(&self, at: u32) -> (u32, &str) {
        let index = self.line_index(at);
        let start = self.line_starts[index];
        let end = self.line_starts.get(index + 1).copied().unwrap_or(offset(self.text.len()));
        let line = self.slice(Span { start, end });
        (start, line.trim_end_matches(['\n', '\r']))
    }

    fn line_index(&self, at: u32) -> usize {
        self.line_starts.partition_point(|start| *start <= at).saturating_sub(1)
    }
}

/// A byte offset as stored in a [`Span`]. Texts longer than `u32::MAX` are refused before anything is
/// read from them, so that the cast never cuts.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
