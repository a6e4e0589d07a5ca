//! The differences between ABIs as named rules.

use crate::reg::Reg;

use super::Classify;

/// One ABI, as data.
#[derive(Debug)]
pub(crate) struct AbiDescriptor {
    /// Integer registers that carry arguments, in order.
    pub(crate) int_args: &'static [Reg],
    /// Vector registers that carry arguments, in order.
    pub(crate) vec_args: &'static [Reg],
    /// Integer registers that carry results, in order.
    pub(crate) int_rets: &'static [Reg],
    /// Vector registers that carry results, in order.
    pub(crate) vec_rets: &'static [Reg],
    /// x87 registers that carry results, in order. None carries an argument.
    pub(crate) x87_rets: &'static [Reg],
    /// Size of an address, and what stack slots are counted in, in bytes.
    pub(crate) word: u32,
    pub(crate) slots: Slots,
    pub(crate) exhausted: Exhausted,
    pub(crate) pairs: Pairs,
    pub(crate) stack: StackArgs,
    pub(crate) narrow: Narrow,
    pub(crate) indirect_return: IndirectReturn,
    pub(crate) variadic: Variadic,
    pub(crate) cleanup: Cleanup,
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
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slots {
    /// Each bank is counted by itself. A value that does not find a register for *every* part takes
    /// none and goes to the stack.
    PerBank,
    /// The n-th argument takes the n-th register of its bank, and the n-th of the others stays
    /// unused; one argument never takes two. The stack continues the count.
    Positional,
    /// Each bank is counted by itself. A value that does not find a vector register and an integer register for every
    /// part that wants one is classified otherwise, into integers alone; of those, what no register is left for lies
    /// on the stack, be it half of the value.
    IntegersElse {
        /// How it is classified then.
        classify: Classify,
    },
}

/// What follows when a value has not found registers of its bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exhausted {
    /// Later, smaller values may still find one.
    StaysOpen,
    /// The bank is closed: all later values go to the stack.
    Closes,
}

/// Which two integer registers a value aligned to 16 may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// Any two neighbours.
    Any,
    /// An even one and the next, by the alignment that members have.
    EvenByMembers,
    /// An even one and the next, by the alignment of the type as declared.
    EvenByType,
    /// Any two neighbours but for a variable argument: that takes an even one and the next, by the alignment of its
    /// type.
    EvenIfVariable,
}

/// How arguments lie on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StackArgs {
    /// At their own alignment, at least a word, and rounded up to words.
    Aligned,
    /// At a word or, where the members of the type are aligned to 16 or more, at 16; rounded up to
    /// words.
    WordOrSixteen,
    /// At their own alignment, at least a word and at most 16, and rounded up to words.
    AlignedToSixteen,
    /// Scalars and homogeneous aggregates at their natural alignment and in their natural size,
    /// others at a multiple of words.
    Natural,
    /// At the next word, and rounded up to words; only a value that contains a 16-byte floating point
    /// number is aligned as it is.
    Words,
    /// One word each, whatever they are; slots of register arguments exist as well.
    Slots,
}

/// Who widens what is narrower than its register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Narrow {
    /// The side that writes them.
    WriterWidens,
    /// The side that reads them; the other bytes are unspecified.
    ReaderWidens,
}

/// How the address of memory for the result travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndirectReturn {
    /// In front of the first argument, as if it were one; handed back in this register, if any.
    FirstArgument {
        /// Where the callee leaves the address.
        returned: Option<Reg>,
    },
    /// In front of the first argument on the stack, even where registers are left.
    FirstOnStack {
        /// Where the callee leaves the address.
        returned: Reg,
    },
    /// In a register of its own; the callee need not preserve it nor hand it back.
    OwnRegister(Reg),
}

/// What a call with variable arguments does differently.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Variadic {
    /// Nothing.
    Alike,
    /// The number of vector registers used is announced (in `al`).
    CountVectors,
    /// Vector registers are copied to the integer registers of their positions. Only the variable
    /// arguments need it; like MSVC and clang, and unlike gcc, we do it for the named ones too,
    /// which serves a callee of either opinion.
    MirrorVectors,
    /// Variable arguments lie on the stack, in whole words, whatever registers are left.
    OnStack,
    /// Variable arguments, and no others, are classified otherwise.
    Otherwise {
        /// How they are classified.
        classify: Classify,
    },
    /// All arguments, the named ones too, are classified otherwise and laid on an imaginary stack,
    /// whose first words then travel in the integer registers.
    ImaginaryStack {
        /// How they are classified.
        classify: Classify,
    },
}

impl Variadic {
    /// How an argument is classified if not like one of a fixed list. `from` is the first variable argument.
    pub(crate) fn classify(self, argument: usize, from: Option<usize>) -> Option<Classify> {
        match (self, from) {
            (Variadic::ImaginaryStack { classify }, Some(_)) => Some(classify),
            (Variadic::Otherwise { classify }, Some(from)) if argument >= from => Some(classify),
            _ => None,
        }
    }
}

/// Who removes the stack arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cleanup {
    /// The caller.
    Caller,
    /// The caller, except for the address of memory for the result, which the callee removes.
    CallerButAddress,
    /// The callee.
    Callee,
}
