//! Disagreements on Windows x86-64, between MinGW's compilers: some of those on 32-bit x86.

use super::a64::{UNNAMED_BIT_FIELDS, unnamed_bits};
use super::x64::has_half_vector;
use super::x86::{BIT_FIELDS_LAID_OUT, EMPTY_RESULT};
use super::{Known, Role};
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
    Known {
        name: "vector of 8 bytes",
        reason: "Microsoft's text and gcc pass and return it as an integer; clang passes its address and returns it in \
                 xmm0",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: has_half_vector,
        witness: || Prototype {
            convention: Convention::Default,
            params: vec![Ty::Scalar(Scalar::VectorFloat2)],
            ret: None,
            variadic_from: None,
        },
    },
    EMPTY_RESULT,
    BIT_FIELDS_LAID_OUT,
];
