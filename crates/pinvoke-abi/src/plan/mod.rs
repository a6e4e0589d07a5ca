//! Where every byte of a call goes.
//!
//! A [`CallPlan`] is computed once from a [`Signature`](crate::signature::Signature) and then
//! executed any number of times: by copying pieces between an argument record and a frame image, or
//! by a stub generated from it. Upcalls read the same plan in the other direction.
//!
//! A plan exists only verified: [`CallPlan::new`] classifies, assigns and then checks the result
//! against rules that know nothing of how it came about (`planner::verify`).
//!
//! ```
//! use pinvoke_abi::plan::CallPlan;
//! use pinvoke_abi::signature::Signature;
//! use pinvoke_abi::layout::Layout;
//! use pinvoke_abi::target::Target;
//! let t = Target::X86_64_LINUX;
//! let int = Layout::int(t, 4, true);
//! let plan = CallPlan::new(&Signature::new(t, vec![int.clone(), Layout::float(t, 8)], int))?;
//! assert_eq!((plan.args().len(), plan.stack()), (2, 0));
//! # Ok::<(), pinvoke_abi::plan::PlanError>(())
//! ```

mod error;
mod pieces;
mod print;

pub use self::error::{PlanError, Which};
pub use self::pieces::{MAX_PIECES, Pieces};

use crate::reg::Reg;

/// The largest stack area that a call may take, in bytes. A thread's guard page protects against
/// little more; larger values are passed by pointer by everybody.
pub const MAX_STACK: u32 = 1 << 20;

/// The largest number of arguments. C17 5.2.4.1 promises 127.
pub const MAX_ARGS: usize = 65_535;

/// The largest value that is passed or returned, in bytes.
pub const MAX_VALUE: u32 = 1 << 30;

/// The rule set a convention resolves to on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abi {
    /// System V AMD64.
    SysV64,
    /// Microsoft x64.
    Win64,
    /// The 64-bit procedure call standard of Arm, as on Linux.
    Aapcs64,
    /// Apple's variant of it.
    AppleArm64,
    /// Microsoft's variant of it.
    WindowsArm64,
    /// A convention of 32-bit x86, as a compiler has it.
    X86(X86Conv, Compiler),
}

/// A convention of 32-bit x86.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum X86Conv {
    /// Everything on the stack; the caller removes it.
    Cdecl,
    /// Everything on the stack; the callee removes it.
    Stdcall,
    /// Two integers in registers; the callee removes the rest.
    Fastcall,
    /// One integer in a register; the callee removes the rest.
    Thiscall,
}

/// Compilers for 32-bit x86: they return structures in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compiler {
    /// gcc and clang on Linux.
    Gcc,
    /// Microsoft's, and clang in its place.
    Msvc,
    /// gcc and clang for MinGW.
    MinGw,
}

impl Abi {
    /// How assemblers call the stack pointer.
    #[must_use]
    pub const fn stack_pointer(self) -> &'static str {
        match self {
            Abi::SysV64 | Abi::Win64 => "rsp",
            Abi::Aapcs64 | Abi::AppleArm64 | Abi::WindowsArm64 => "sp",
            Abi::X86(..) => "esp",
        }
    }

    /// Size of an address in bytes.
    #[must_use]
    pub const fn word(self) -> u32 {
        self.descriptor().word
    }
}

/// Where a piece of a value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// In a register, from its lowest byte.
    Reg(Reg),
    /// In memory at this byte offset from the first stack argument, i.e. from the stack pointer as it
    /// stands immediately before the call instruction.
    Stack(u32),
}

/// How a piece narrower than its location is widened, by the side that writes it: to 32 bits at
/// least, as C compilers do. The side that reads it must not rely on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extend {
    /// The other bytes are unspecified.
    None,
    /// With zeros.
    Zero,
    /// With copies of the sign bit.
    Sign,
}

impl Extend {
    /// The extension of an integer type.
    #[must_use]
    pub const fn of(signed: bool) -> Extend {
        if signed { Extend::Sign } else { Extend::Zero }
    }
}

/// A run of bytes of one value and the place where it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    /// First byte within the value.
    pub offset: u32,
    /// Number of bytes: at most as many as the register has, any number on the stack. 10 bytes in an
    /// x87 register are what it holds; 4 or 8 are the `float` or `double` that it holds converted.
    pub width: u32,
    /// How the rest of the location is filled.
    pub extend: Extend,
    /// Where the bytes travel.
    pub at: Location,
    /// A second register that carries the same bytes (Microsoft x64 variable floating arguments).
    pub mirror: Option<Reg>,
}

/// How one argument travels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ArgPlan {
    /// The value itself in pieces, by ascending offset; none at all for a value without bytes.
    /// Padding between the pieces may be left out.
    Direct(Pieces),
    /// The address of a copy that the caller makes and the callee may change.
    ByReference {
        /// Where the address travels: a word in an integer register or on the stack.
        at: Location,
        /// Alignment that the copy must have, in bytes.
        align: u32,
    },
}

/// How the result travels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RetPlan {
    /// There is none, or it has no bytes.
    Void,
    /// In registers, by ascending offset.
    Direct(Pieces),
    /// In memory that the caller provides.
    Indirect {
        /// Where the caller puts the address.
        pointer: Location,
        /// Where the callee hands the address back; `None` if it does not.
        returned: Option<Reg>,
    },
}

/// Where every byte of a call goes. Exists only verified.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallPlan {
    pub(crate) abi: Abi,
    pub(crate) args: Vec<ArgPlan>,
    pub(crate) ret: RetPlan,
    pub(crate) arg_sizes: Vec<u32>,
    pub(crate) ret_size: u32,
    pub(crate) stack: u32,
    pub(crate) stack_align: u32,
    pub(crate) popped: u32,
    pub(crate) vector_regs: Option<u8>,
}

impl CallPlan {
    /// The rule set that was applied.
    #[must_use]
    pub fn abi(&self) -> Abi {
        self.abi
    }

    /// One entry per argument, left to right.
    #[must_use]
    pub fn args(&self) -> &[ArgPlan] {
        &self.args
    }

    /// Size of each argument in bytes, left to right.
    #[must_use]
    pub fn arg_sizes(&self) -> &[u32] {
        &self.arg_sizes
    }

    /// The result.
    #[must_use]
    pub fn ret(&self) -> &RetPlan {
        &self.ret
    }

    /// Size of the result in bytes.
    #[must_use]
    pub fn ret_size(&self) -> u32 {
        self.ret_size
    }

    /// Bytes of outgoing stack that the caller provides below the return address, a multiple of 16 (of
    /// 4 on 32-bit Windows); the shadow space of Microsoft x64 is included.
    #[must_use]
    pub fn stack(&self) -> u32 {
        self.stack
    }

    /// Alignment that the first stack argument must have, in bytes: 16 (4 on 32-bit Windows), or more
    /// where an over-aligned value travels on the stack.
    #[must_use]
    pub fn stack_align(&self) -> u32 {
        self.stack_align
    }

    /// Bytes of outgoing stack that the callee removes when it returns; the rest is the caller's to
    /// remove. 0 but for 32-bit x86.
    #[must_use]
    pub fn popped(&self) -> u32 {
        self.popped
    }

    /// Number of vector registers that carry arguments, where the convention wants it announced
    /// (`al` in a System V variadic call).
    #[must_use]
    pub fn vector_regs(&self) -> Option<u8> {
        self.vector_regs
    }
}
