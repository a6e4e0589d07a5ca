//! Front ends: text of one language to [facts](crate::model). Parsing never fails; it returns what it
//! understood and diagnostics for the rest.

pub(crate) mod c;
