//! Emitters: resolved types back to text.

mod c;

pub use c::DisplayType;
