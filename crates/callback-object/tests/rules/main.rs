//! The rules of the crate, one test or more for each; the numbers are those of the table in its
//! documentation.

mod calling;
