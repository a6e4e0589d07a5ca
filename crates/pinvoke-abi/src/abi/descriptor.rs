//! The differences between ABIs as named rules.

use crate::reg::Gpr;

use super::Classify;

/// One ABI, as data.
#[derive(Debug)]
pub(crate) struct AbiDescriptor {
    /// Integer registers that carry arguments, in order.
    pub(crate) int_args: &'static [Gpr],
    /// Vector registers that carry arguments, in order.
    pub(crate) vec_args: &'static [u8],
    /// Integer registers that carry results, in order.
    pub(crate) int_rets: &'static [Gpr],
    /// Vector registers that carry results, in order.
    pub(crate) vec_rets: &'static [u8],
    /// x87 registers that carry results, in order. None carries an argument.
    pub(crate) x87_rets: &'static [u8],
    pub(crate) slots: Slots,
    pub(crate) stack: StackArgs,
    pub(crate) indirect_return: IndirectReturn,
    pub(crate) variadic: Variadic,
    /// Bytes at the bottom of the argument area that belong to the callee.
    pub(crate) shadow: u32,
    /// Alignment of the stack pointer immediately before the call instruction, in bytes.
    pub(crate) stack_align: u32,
    /// Alignment that the copy behind a reference has at least, in bytes.
    pub(crate) reference_align: u32,
    pub(crate) classify: Classify,
    pub(crate) classify_result: Classify,
}

/// How arguments take registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slots {
    /// Each bank is counted by itself. A value that does not find a register for *every* part takes
    /// none and goes to the stack; later, smaller values may still find one.
    PerBank,
    /// The n-th argument takes the n-th register of its bank, and the n-th of the others stays
    /// unused; one argument never takes two. The stack continues the count.
    Positional,
}

/// How arguments lie on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StackArgs {
    /// At their own alignment, at least 8, and rounded up to 8.
    Aligned,
    /// 8 bytes each, whatever they are; slots of register arguments exist as well.
    Slots,
}

/// How the address of memory for the result travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndirectReturn {
    /// In front of the first argument, as if it were one; handed back in this register.
    FirstArgument {
        /// Where the callee leaves the address.
        returned: Gpr,
    },
}

/// What a call with variable arguments does differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variadic {
    /// The number of vector registers used is announced (in `al`).
    CountVectors,
    /// Vector registers are copied to the integer registers of their positions. Only the variable
    /// arguments need it; like MSVC and clang, and unlike gcc, we do it for the named ones too,
    /// which serves a callee of either opinion.
    MirrorVectors,
}
