//! Disagreements on Windows x86-64, between MinGW's compilers: some of those on 32-bit x86.

use super::Known;
use super::a64::{UNNAMED_BIT_FIELDS, unnamed_bits};
use super::x86::{BIT_FIELDS_LAID_OUT, EMPTY_RESULT};
use crate::compiler::Compiler;
use crate::convention::Convention;
use crate::model::{Prototype, Scalar, Ty};

/// All of them.
pub(crate) const KNOWN: &[Known] = &[
    Known {
        reason: "clang passes nothing for a structure that has no other members; gcc gives it a register while there \
                 is one, but no word on the stack",
        deviates: &[Compiler::Gcc, Compiler::Clang],
        witness: || {
            let mut params = vec![Ty::Scalar(Scalar::Int); 6];
            params[4] = Ty::Record(unnamed_bits());
            Prototype { convention: Convention::Default, params, ret: None, variadic_from: None }
        },
        ..UNNAMED_BIT_FIELDS
    },
    EMPTY_RESULT,
    BIT_FIELDS_LAID_OUT,
];
