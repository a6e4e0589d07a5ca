//! Where something stands in a text.
//!
//! A [`Span`] is a pair of byte offsets; a [`Source`] turns them into a file name, a line and a column,
//! following the line markers (`# 33 "/usr/include/stdio.h"`) that a preprocessor leaves behind.

use std::sync::Arc;

/// Bytes `start..end` of a [`Source`].
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let findings = Unit::new(Target::X86_64_LINUX).parse("x.h", "void f(nothing n);");
/// let span = findings[0].span;
/// assert_eq!(&findings[0].source.text()[span.start as usize..span.end as usize], "nothing");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that covers both.
    ///
    /// ```
    /// use pinvoke_decl::span::Span;
    ///
    /// // From a type to the name of the parameter behind it:
    /// let (ty, name) = (Span { start: 6, end: 9 }, Span { start: 10, end: 11 });
    /// assert_eq!(ty.to(name), Span { start: 6, end: 11 });
    /// assert_eq!(name.to(ty), ty.to(name));
    /// ```
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
///
/// ```
/// use std::sync::Arc;
///
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
/// use pinvoke_decl::span::Source;
///
/// let findings = Unit::new(Target::X86_64_LINUX).parse("x.h", "void f(nothing n);\nvoid g(nothing n);");
/// // All findings about one text share it.
/// let source: &Arc<Source> = &findings[0].source;
/// assert!(Arc::ptr_eq(source, &findings[1].source));
/// ```
#[derive(Debug)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
    markers: Vec<LineMarker>,
}

/// A place in a file, as people count.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// // What a preprocessor has put together is shown where it came from.
/// let text = "# 33 \"/usr/include/stdio.h\"\nvoid f(nothing n);";
/// let findings = Unit::new(Target::X86_64_LINUX).parse("all.i", text);
/// let place = findings[0].source.place(findings[0].span.start);
/// assert_eq!((&*place.file, place.line, place.column), ("/usr/include/stdio.h", 33, 8));
/// ```
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
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let findings = Unit::new(Target::X86_64_LINUX).parse_prototype("void f(nothing n)").unwrap_err();
    /// assert_eq!(findings[0].source.name(), "prototype"); // what was no file has a word for its kind
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let findings = Unit::new(Target::X86_64_LINUX).evaluate("1 + x").unwrap_err();
    /// assert_eq!(findings[0].source.text(), "1 + x");
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of `span`; empty if it is not a valid piece of this text.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    /// use pinvoke_decl::span::Span;
    ///
    /// let findings = Unit::new(Target::X86_64_LINUX).parse("x.h", "void f(nothing n);");
    /// let source = &findings[0].source;
    /// assert_eq!(source.slice(findings[0].span), "nothing");
    /// assert_eq!(source.slice(Span { start: 15, end: 1000 }), "");
    /// ```
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// File, line and column of a byte offset.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let findings = Unit::new(Target::X86_64_LINUX).parse("x.h", "/* größer */\n  nothing x;");
    /// let place = findings[0].source.place(findings[0].span.start);
    /// assert_eq!((&*place.file, place.line, place.column), ("x.h", 2, 3));
    /// ```
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
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let findings = Unit::new(Target::X86_64_LINUX).parse("x.h", "int a;\r\nnothing x;\r\nint b;");
    /// let (start, line) = findings[0].source.line(findings[0].span.start);
    /// assert_eq!((start, line), (8, "nothing x;"));
    /// ```
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
