//! Machine registers by name.

use core::fmt;

/// An x86-64 general-purpose register, by its hardware number.
///
/// ```
/// use pinvoke_abi::reg::Gpr;
///
/// assert_eq!(Gpr::R9.to_string(), "r9");
/// // The number is the one that instructions have.
/// assert_eq!((Gpr::Rdi as u8, Gpr::R9 as u8), (7, 9));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the registers")]
pub enum Gpr {
    Rax = 0,
    Rcx = 1,
    Rdx = 2,
    Rbx = 3,
    Rsp = 4,
    Rbp = 5,
    Rsi = 6,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
    R10 = 10,
    R11 = 11,
    R12 = 12,
    R13 = 13,
    R14 = 14,
    R15 = 15,
}

/// A register that can carry an argument or a result.
///
/// ```
/// use pinvoke_abi::reg::{Gpr, Reg};
///
/// let names = [Reg::Int(Gpr::Rdi), Reg::Int32(Gpr::Rax), Reg::Vec(3), Reg::X87(0), Reg::X(0), Reg::V(7)];
/// assert_eq!(names.map(|reg| reg.to_string()), ["rdi", "eax", "xmm3", "st(0)", "x0", "v7"]);
/// assert_eq!([Reg::A(0), Reg::Fa(7)].map(|reg| reg.to_string()), ["a0", "fa7"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reg {
    /// A general-purpose register of x86-64, 8 bytes.
    Int(Gpr),
    /// A general-purpose register of 32-bit x86, 4 bytes: the low half of that of x86-64.
    Int32(Gpr),
    /// `xmmN`, 16 bytes.
    Vec(u8),
    /// `st(N)`, an x87 register of 10 bytes.
    X87(u8),
    /// `xN`, a general-purpose register of AArch64, 8 bytes.
    X(u8),
    /// `vN`, a SIMD and floating-point register of AArch64, 16 bytes.
    V(u8),
    /// `aN`, a general-purpose register of RISC-V that carries arguments, 8 bytes: `x10` and those that follow.
    A(u8),
    /// `faN`, a floating-point register of RISC-V that carries arguments, 8 bytes: `f10` and those that follow.
    Fa(u8),
}

/// The kind of a register.
///
/// ```
/// use pinvoke_abi::plan::{ArgPlan, CallPlan, Location};
/// use pinvoke_abi::reg::Bank;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// // struct { double d; int i; } travels in one register of each kind.
/// let plan = CallPlan::new(&Signature::parse(Target::X86_64_LINUX, "({f64,i32})")?)?;
/// let ArgPlan::Direct(pieces) = &plan.args()[0] else { unreachable!("16 bytes travel in registers") };
/// let banks: Vec<Bank> = pieces
///     .iter()
///     .filter_map(|piece| match piece.at {
///         Location::Reg(reg) => Some(reg.bank()),
///         Location::Stack(_) => None,
///     })
///     .collect();
/// assert_eq!(banks, [Bank::Vec, Bank::Int]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bank {
    /// General-purpose registers: integers and addresses.
    Int,
    /// Vector and floating-point registers: `float`, `double` and what is made of them.
    Vec,
    /// x87 registers.
    X87,
}

impl Reg {
    /// The kind of register.
    ///
    /// ```
    /// use pinvoke_abi::reg::{Bank, Gpr, Reg};
    ///
    /// // The same question for every architecture:
    /// assert_eq!((Reg::Int(Gpr::Rax).bank(), Reg::X(0).bank()), (Bank::Int, Bank::Int));
    /// assert_eq!((Reg::Vec(0).bank(), Reg::V(0).bank()), (Bank::Vec, Bank::Vec));
    /// ```
    #[must_use]
    pub const fn bank(self) -> Bank {
        match self {
            Reg::Int(_) | Reg::Int32(_) | Reg::X(_) | Reg::A(_) => Bank::Int,
            Reg::Vec(_) | Reg::V(_) | Reg::Fa(_) => Bank::Vec,
            Reg::X87(_) => Bank::X87,
        }
    }

    /// How many bytes it holds.
    ///
    /// ```
    /// use pinvoke_abi::reg::{Gpr, Reg};
    ///
    /// assert_eq!((Reg::Int(Gpr::Rax).bytes(), Reg::Int32(Gpr::Rax).bytes()), (8, 4));
    /// assert_eq!((Reg::Vec(0).bytes(), Reg::X87(0).bytes()), (16, 10));
    /// ```
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Reg::Int32(_) => 4,
            Reg::Int(_) | Reg::X(_) | Reg::A(_) | Reg::Fa(_) => 8,
            Reg::X87(_) => 10,
            Reg::Vec(_) | Reg::V(_) => 16,
        }
    }
}

impl fmt::Display for Gpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 16] = [
            "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
            "r14", "r15",
        ];
        f.write_str(NAMES[*self as usize])
    }
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES_32: [&str; 16] = [
            "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d",
            "r13d", "r14d", "r15d",
        ];
        match self {
            Reg::Int(r) => write!(f, "{r}"),
            Reg::Int32(r) => f.write_str(NAMES_32[*r as usize]),
            Reg::Vec(n) => write!(f, "xmm{n}"),
            Reg::X87(n) => write!(f, "st({n})"),
            Reg::X(n) => write!(f, "x{n}"),
            Reg::V(n) => write!(f, "v{n}"),
            Reg::A(n) => write!(f, "a{n}"),
            Reg::Fa(n) => write!(f, "fa{n}"),
        }
    }
}
