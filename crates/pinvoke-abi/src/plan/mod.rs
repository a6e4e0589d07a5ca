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
//! use pinvoke_abi::layout::Layout;
//! use pinvoke_abi::plan::CallPlan;
//! use pinvoke_abi::signature::Signature;
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
///
/// ```
/// use pinvoke_abi::plan::{Abi, CallPlan, Compiler, X86Conv};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// let abi =
///     |target| CallPlan::new(&Signature::parse(target, "stdcall(i32)").unwrap()).map(|plan| plan.abi());
/// assert_eq!(abi(Target::X86_WINDOWS)?, Abi::X86(X86Conv::Stdcall, Compiler::Msvc));
/// // Everywhere but on 32-bit x86 the word is ignored.
/// assert_eq!(abi(Target::AARCH64_WINDOWS)?, Abi::WindowsArm64);
/// # Ok::<(), pinvoke_abi::plan::PlanError>(())
/// ```
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
    /// 64-bit RISC-V with floating point numbers of up to 64 bits in registers: LP64D, as on Linux.
    RiscvLp64d,
    /// A convention of 32-bit x86, as a compiler has it.
    X86(X86Conv, Compiler),
}

/// A convention of 32-bit x86.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// let plan = |text| CallPlan::new(&Signature::parse(Target::X86_WINDOWS, text).unwrap());
/// let stack = |text| plan(text).map(|plan| (plan.stack(), plan.popped()));
/// assert_eq!(stack("cdecl(i32,i32,i32)")?, (12, 0));
/// assert_eq!(stack("stdcall(i32,i32,i32)")?, (12, 12));
/// assert_eq!(stack("fastcall(i32,i32,i32)")?, (4, 4));
/// assert_eq!(stack("thiscall(i32,i32,i32)")?, (8, 8));
/// # Ok::<(), pinvoke_abi::plan::PlanError>(())
/// ```
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
///
/// ```
/// use pinvoke_abi::plan::{CallPlan, RetPlan};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// // A function that returns struct { int quot, rem; }: in two registers or through memory?
/// let in_memory = |target| {
///     let plan = CallPlan::new(&Signature::parse(target, "(i32,i32)->{i32,i32}").unwrap()).unwrap();
///     matches!(plan.ret(), RetPlan::Indirect { .. })
/// };
/// assert!(in_memory(Target::X86_LINUX)); // Compiler::Gcc
/// assert!(!in_memory(Target::X86_WINDOWS)); // Compiler::Msvc
/// ```
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
    ///
    /// ```
    /// use pinvoke_abi::plan::Abi;
    ///
    /// assert_eq!((Abi::SysV64.stack_pointer(), Abi::AppleArm64.stack_pointer()), ("rsp", "sp"));
    /// ```
    #[must_use]
    pub const fn stack_pointer(self) -> &'static str {
        match self {
            Abi::SysV64 | Abi::Win64 => "rsp",
            Abi::Aapcs64 | Abi::AppleArm64 | Abi::WindowsArm64 | Abi::RiscvLp64d => "sp",
            Abi::X86(..) => "esp",
        }
    }

    /// Size of an address in bytes.
    ///
    /// ```
    /// use pinvoke_abi::plan::{Abi, Compiler, X86Conv};
    ///
    /// assert_eq!((Abi::Win64.word(), Abi::X86(X86Conv::Cdecl, Compiler::Gcc).word()), (8, 4));
    /// ```
    #[must_use]
    pub const fn word(self) -> u32 {
        self.descriptor().word
    }
}

/// Where a piece of a value travels.
///
/// ```
/// use pinvoke_abi::plan::{ArgPlan, CallPlan, Location};
/// use pinvoke_abi::reg::{Gpr, Reg};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// // The seventh integer is the first on the stack.
/// let plan = CallPlan::new(&Signature::parse(Target::X86_64_LINUX, "(i64,i64,i64,i64,i64,i64,i64)")?)?;
/// let at = |index: usize| match &plan.args()[index] {
///     ArgPlan::Direct(pieces) => pieces[0].at,
///     ArgPlan::ByReference { at, .. } => *at,
/// };
/// assert_eq!((at(5), at(6)), (Location::Reg(Reg::Int(Gpr::R9)), Location::Stack(0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// In a register, from its lowest byte.
    Reg(Reg),
    /// In memory at this byte offset from the first stack argument, i.e. from the stack pointer as it
    /// stands immediately before the call instruction.
    Stack(u32),
}

/// How a piece narrower than its location is widened, by the side that writes it: to 32 bits at
/// least, as C compilers do, and to the whole register on RISC-V. The side that reads it must not rely on that.
///
/// ```
/// use pinvoke_abi::plan::{ArgPlan, CallPlan, Extend};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// let plan = CallPlan::new(&Signature::parse(Target::X86_64_LINUX, "(u8,i16,i32)")?)?;
/// let extends: Vec<Extend> = plan
///     .args()
///     .iter()
///     .map(|arg| match arg {
///         ArgPlan::Direct(pieces) => pieces[0].extend,
///         ArgPlan::ByReference { .. } => Extend::None,
///     })
///     .collect();
/// assert_eq!(extends, [Extend::Zero, Extend::Sign, Extend::None]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extend {
    /// The other bytes are unspecified.
    None,
    /// With zeros.
    Zero,
    /// With copies of the sign bit.
    Sign,
    /// With ones, so that a `float` read as a `double` is no number: RISC-V's *NaN-boxing*.
    Ones,
}

impl Extend {
    /// The extension of an integer type.
    ///
    /// ```
    /// use pinvoke_abi::plan::Extend;
    ///
    /// assert_eq!((Extend::of(true), Extend::of(false)), (Extend::Sign, Extend::Zero));
    /// ```
    #[must_use]
    pub const fn of(signed: bool) -> Extend {
        if signed { Extend::Sign } else { Extend::Zero }
    }
}

/// A run of bytes of one value and the place where it travels.
///
/// ```
/// use pinvoke_abi::plan::{ArgPlan, CallPlan, Location};
/// use pinvoke_abi::reg::{Gpr, Reg};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// // A variable double travels twice on Windows: who reads it may not know what it is.
/// let plan = CallPlan::new(&Signature::parse(Target::X86_64_WINDOWS, "(ptr,...,f64)")?)?;
/// let ArgPlan::Direct(pieces) = &plan.args()[1] else {
///     unreachable!("8 bytes are not passed by reference")
/// };
/// assert_eq!((pieces[0].offset, pieces[0].width), (0, 8));
/// assert_eq!(pieces[0].at, Location::Reg(Reg::Vec(1)));
/// assert_eq!(pieces[0].mirror, Some(Reg::Int(Gpr::Rdx)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use pinvoke_abi::plan::{ArgPlan, CallPlan};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// // A structure of 24 bytes, three ways: copied to the stack, as an address, as an address.
/// let by_reference = |target| {
///     let plan = CallPlan::new(&Signature::parse(target, "({i64,i64,i64})").unwrap()).unwrap();
///     matches!(plan.args()[0], ArgPlan::ByReference { .. })
/// };
/// assert!(!by_reference(Target::X86_64_LINUX));
/// assert!(by_reference(Target::X86_64_WINDOWS) && by_reference(Target::AARCH64_LINUX));
/// ```
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
///
/// ```
/// use pinvoke_abi::plan::{CallPlan, RetPlan};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// let ret = |text| CallPlan::new(&Signature::parse(Target::X86_64_LINUX, text).unwrap()).unwrap().ret().clone();
/// assert_eq!(ret("()"), RetPlan::Void);
/// assert!(matches!(ret("()->{i64,f64}"), RetPlan::Direct(pieces) if pieces.len() == 2)); // rax and xmm0
/// assert!(matches!(ret("()->{i64,i64,i64}"), RetPlan::Indirect { returned: Some(_), .. }));
/// ```
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
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// // How a call travels on machines that are not at hand:
/// let travels =
///     |target| CallPlan::new(&Signature::parse(target, "(i32,f64)->i32").unwrap()).unwrap().to_string();
/// assert!(travels(Target::X86_64_LINUX).contains("2: 0..8 in xmm0"));
/// assert!(travels(Target::X86_64_WINDOWS).contains("2: 0..8 in xmm1"));
/// assert!(travels(Target::X86_LINUX).contains("2: 0..8 at [esp+4]"));
/// ```
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
    ///
    /// ```
    /// use pinvoke_abi::plan::{Abi, CallPlan};
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let plan = CallPlan::new(&Signature::parse(Target::AARCH64_MACOS, "(i32)->i32")?)?;
    /// assert_eq!(plan.abi(), Abi::AppleArm64);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn abi(&self) -> Abi {
        self.abi
    }

    /// One entry per argument, left to right.
    ///
    /// ```
    /// use pinvoke_abi::plan::{ArgPlan, CallPlan};
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// // A structure of two floats is one register, one of three is two.
    /// let plan = CallPlan::new(&Signature::parse(Target::X86_64_LINUX, "({f32,f32},{f32,f32,f32})")?)?;
    /// let pieces: Vec<usize> = plan
    ///     .args()
    ///     .iter()
    ///     .map(|arg| match arg {
    ///         ArgPlan::Direct(pieces) => pieces.len(),
    ///         ArgPlan::ByReference { .. } => 1,
    ///     })
    ///     .collect();
    /// assert_eq!(pieces, [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn args(&self) -> &[ArgPlan] {
        &self.args
    }

    /// Size of each argument in bytes, left to right.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let plan = CallPlan::new(&Signature::parse(Target::X86_LINUX, "(i8,{i32,f64},ptr)")?)?;
    /// assert_eq!(plan.arg_sizes(), [1, 12, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn arg_sizes(&self) -> &[u32] {
        &self.arg_sizes
    }

    /// The result.
    ///
    /// ```
    /// use pinvoke_abi::plan::{CallPlan, Location, RetPlan};
    /// use pinvoke_abi::reg::{Gpr, Reg};
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// // Windows returns three ints through memory whose address comes first, and moves the arguments on.
    /// let plan = CallPlan::new(&Signature::parse(Target::X86_64_WINDOWS, "(i32)->{i32,i32,i32}")?)?;
    /// let RetPlan::Indirect { pointer, .. } = plan.ret() else { unreachable!("12 bytes are too many") };
    /// assert_eq!(*pointer, Location::Reg(Reg::Int(Gpr::Rcx)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ret(&self) -> &RetPlan {
        &self.ret
    }

    /// Size of the result in bytes.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let size =
    ///     |text| CallPlan::new(&Signature::parse(Target::X86_64_LINUX, text).unwrap()).unwrap().ret_size();
    /// assert_eq!((size("()"), size("()->{i8,i16}"), size("()->f80")), (0, 4, 16));
    /// ```
    #[must_use]
    pub fn ret_size(&self) -> u32 {
        self.ret_size
    }

    /// Bytes of outgoing stack that the caller provides below the return address, a multiple of 16 (of
    /// 4 on 32-bit Windows); the shadow space of Microsoft x64 is included.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let stack = |target| CallPlan::new(&Signature::parse(target, "(i32,i32)").unwrap()).unwrap().stack();
    /// assert_eq!(stack(Target::X86_64_LINUX), 0);
    /// assert_eq!(stack(Target::X86_64_WINDOWS), 32); // the shadow space
    /// assert_eq!(stack(Target::X86_WINDOWS), 8);
    /// ```
    #[must_use]
    pub fn stack(&self) -> u32 {
        self.stack
    }

    /// Alignment that the first stack argument must have, in bytes: 16 (4 on 32-bit Windows), or more
    /// where an over-aligned value travels on the stack.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let align = |target, text| CallPlan::new(&Signature::parse(target, text).unwrap()).unwrap().stack_align();
    /// assert_eq!(align(Target::X86_64_LINUX, "({i64} align(64))"), 64);
    /// assert_eq!(align(Target::X86_WINDOWS, "(i32)"), 4);
    /// ```
    #[must_use]
    pub fn stack_align(&self) -> u32 {
        self.stack_align
    }

    /// Bytes of outgoing stack that the callee removes when it returns; the rest is the caller's to
    /// remove. 0 but for 32-bit x86.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// // The N of the decorated name `_Name@N`.
    /// let plan = CallPlan::new(&Signature::parse(Target::X86_WINDOWS, "stdcall(ptr,f64)")?)?;
    /// assert_eq!(plan.popped(), 12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn popped(&self) -> u32 {
        self.popped
    }

    /// Number of vector registers that carry arguments, where the convention wants it announced
    /// (`al` in a System V variadic call).
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let announced =
    ///     |target, text| CallPlan::new(&Signature::parse(target, text).unwrap()).unwrap().vector_regs();
    /// assert_eq!(announced(Target::X86_64_LINUX, "(ptr,...,f64,i32,f64)"), Some(2));
    /// assert_eq!(announced(Target::X86_64_LINUX, "(ptr,f64)"), None); // not variadic
    /// assert_eq!(announced(Target::X86_64_WINDOWS, "(ptr,...,f64)"), None);
    /// ```
    #[must_use]
    pub fn vector_regs(&self) -> Option<u8> {
        self.vector_regs
    }
}
