//! Why a call cannot be planned.

use core::fmt;

use crate::layout::Layout;
use crate::layout::walk::Malformed;
use crate::signature::CallConv;
use crate::target::Target;

use super::{MAX_ARGS, MAX_STACK, MAX_VALUE};

/// One value of a call.
///
/// ```
/// use pinvoke_abi::plan::{CallPlan, PlanError, Which};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// let plan = CallPlan::new(&Signature::parse(Target::X86_64_LINUX, "(i32,[i32;4])")?);
/// assert_eq!(plan.unwrap_err(), PlanError::BareArray(Which::Argument(1)));
/// assert_eq!(Which::Argument(1).to_string(), "argument 2"); // people count from 1
///
/// # Ok::<(), pinvoke_abi::signature::NotationError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// An argument, counted from 0.
    Argument(usize),
    /// The result.
    Result,
}

/// Why a call cannot be planned.
///
/// ```
/// use pinvoke_abi::layout::Layout;
/// use pinvoke_abi::plan::{CallPlan, PlanError, Which};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// let t = Target::X86_64_LINUX;
/// let refused = |params| CallPlan::new(&Signature::new(t, params, Layout::void())).unwrap_err();
/// assert_eq!(refused(vec![Layout::void()]), PlanError::VoidArgument(Which::Argument(0)));
/// let huge = Layout::parse(t, "{[i64;1000000]}")?;
/// assert_eq!(refused(vec![huge]), PlanError::StackTooLarge(Which::Argument(0)));
/// # Ok::<(), pinvoke_abi::signature::NotationError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// No rule set is known for this convention on this target.
    UnsupportedConvention {
        /// Convention as declared.
        conv: CallConv,
        /// The machine.
        target: Target,
    },
    /// More than [`MAX_ARGS`] arguments.
    TooManyArguments(usize),
    /// The variable arguments begin behind the last argument.
    VariadicBeyondEnd {
        /// Where they are said to begin.
        from: usize,
        /// Number of arguments.
        params: usize,
    },
    /// `void` as an argument.
    VoidArgument(Which),
    /// An array that is not a member of a structure: C passes the address of its first element.
    BareArray(Which),
    /// The value is larger, or more strictly aligned, than [`MAX_VALUE`].
    ValueTooLarge {
        /// The value.
        which: Which,
        /// Its size in bytes.
        size: u64,
        /// Its alignment in bytes.
        align: u64,
    },
    /// The stack arguments up to this one take more than [`MAX_STACK`] bytes.
    StackTooLarge(Which),
    /// The layout contradicts itself: a scalar of a size it cannot have, or a member outside.
    MalformedLayout(Which),
    /// A number that the machine does not have: an x87 `long double` on AArch64, a bare 128-bit integer
    /// on 32-bit x86.
    ForeignType(Which),
    /// A vector that does not travel by value under this convention, or of which no text and no two compilers say
    /// how.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let error = CallPlan::new(&Signature::parse(Target::X86_64_LINUX, "(<i8;4>)")?).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "argument 1 is or contains a vector of fewer than 8 bytes, of which no text says how it is passed; \
    ///      declare a pointer to it and pass its address"
    /// );
    /// # Ok::<(), pinvoke_abi::signature::NotationError>(())
    /// ```
    Vector {
        /// Which value is or contains it.
        which: Which,
        /// What is the matter with it.
        why: &'static str,
    },
    /// The layout is nested too deeply or has too many members for a value this small.
    TooComplex(Which),
    /// The rules of this crate produced a plan that does not hold; please report it.
    Defect(&'static str),
}

impl PlanError {
    pub(crate) fn too_large(which: Which, layout: &Layout) -> PlanError {
        PlanError::ValueTooLarge { which, size: layout.size, align: layout.align }
    }

    pub(crate) fn malformed(which: Which, malformed: Malformed) -> PlanError {
        match malformed {
            Malformed::TooComplex => PlanError::TooComplex(which),
            Malformed::Foreign => PlanError::ForeignType(which),
            Malformed::Vector(why) => PlanError::Vector { which, why },
            Malformed::BadScalar | Malformed::Outside => PlanError::MalformedLayout(which),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Which::Argument(index) => write!(f, "argument {}", index + 1),
            Which::Result => f.write_str("the result"),
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::UnsupportedConvention { conv, target } => {
                write!(f, "calling convention `{conv}` is not supported on {target}")
            }
            PlanError::TooManyArguments(count) => {
                write!(f, "{count} arguments are more than the {MAX_ARGS} that one call can take")
            }
            PlanError::VariadicBeyondEnd { from, params } => {
                write!(f, "variable arguments begin behind argument {from}, but there are only {params}")
            }
            PlanError::VoidArgument(which) => write!(f, "{which} is void; only a result can be"),
            PlanError::BareArray(which) => {
                write!(f, "{which} is an array; pass a pointer to it, or a structure that contains it")
            }
            PlanError::ValueTooLarge { which, size, align } => write!(
                f,
                "{which} has {size} bytes aligned to {align}; values of more than {MAX_VALUE} bytes are \
                 not passed, pass a pointer"
            ),
            PlanError::StackTooLarge(which) => {
                write!(f, "{which} does not fit the {MAX_STACK} bytes of stack that one call can take")
            }
            PlanError::MalformedLayout(which) => write!(f, "the layout of {which} contradicts itself"),
            PlanError::ForeignType(which) => {
                write!(f, "{which} is of a type that compilers for this machine do not have")
            }
            PlanError::Vector { which, why } => write!(
                f,
                "{which} is or contains a vector {why}; declare a pointer to it and pass its address"
            ),
            PlanError::TooComplex(which) => {
                write!(f, "the layout of {which} is nested too deeply or has too many members")
            }
            PlanError::Defect(what) => write!(f, "the call plan does not hold: {what}"),
        }
    }
}

impl core::error::Error for PlanError {}
