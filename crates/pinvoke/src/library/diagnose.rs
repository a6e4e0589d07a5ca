//! What a file that the loader refused turns out to be.

use core::fmt;

/// Something that a look at a refused file shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// It is a directory.
    Directory,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Directory => f.write_str("is a directory"),
        }
    }
}
