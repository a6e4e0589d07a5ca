//! A plan as text: the snapshot format, and what `explain` shows.
//!
//! ```text
//! win64, stack 48
//!   1: 0..4 in rdx
//!   2: 0..8 in xmm2 and r8
//!   3: address in r9, of a copy aligned to 16
//!   4: 0..1 sign-extended at [rsp+32]
//!   result: address in rcx, returned in rax
//! ```
//! `a..b` are bytes of the value. `[rsp+n]` (`[sp+n]`, `[esp+n]`) is as the stack stands immediately
//! before the call instruction.

use core::fmt;

use super::{Abi, ArgPlan, CallPlan, Compiler, Extend, Location, Piece, RetPlan, X86Conv};

impl fmt::Display for Abi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Abi::SysV64 => f.write_str("sysv64"),
            Abi::Win64 => f.write_str("win64"),
            Abi::Aapcs64 => f.write_str("aapcs64"),
            Abi::AppleArm64 => f.write_str("aapcs64-apple"),
            Abi::WindowsArm64 => f.write_str("aapcs64-windows"),
            Abi::RiscvLp64d => f.write_str("riscv-lp64d"),
            Abi::X86(conv, compiler) => write!(f, "x86-{conv}-{compiler}"),
        }
    }
}

impl fmt::Display for X86Conv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            X86Conv::Cdecl => "cdecl",
            X86Conv::Stdcall => "stdcall",
            X86Conv::Fastcall => "fastcall",
            X86Conv::Thiscall => "thiscall",
        })
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compiler::Gcc => "gcc",
            Compiler::Msvc => "msvc",
            Compiler::MinGw => "mingw",
        })
    }
}

/// Something of a plan, with the name of its stack pointer.
struct On<T>(T, &'static str);

/// With its preposition: `in rdi`, `at [rsp+8]`.
impl fmt::Display for On<Location> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Location::Reg(reg) => write!(f, "in {reg}"),
            Location::Stack(offset) => write!(f, "at [{}+{offset}]", self.1),
        }
    }
}

impl fmt::Display for On<&Piece> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let On(piece, sp) = *self;
        let end = u64::from(piece.offset) + u64::from(piece.width);
        let extend = match piece.extend {
            Extend::None => "",
            Extend::Zero => " zero-extended",
            Extend::Sign => " sign-extended",
            Extend::Ones => " NaN-boxed",
        };
        write!(f, "{}..{end}{extend} {}", piece.offset, On(piece.at, sp))?;
        match piece.mirror {
            Some(mirror) => write!(f, " and {mirror}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for On<&ArgPlan> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let On(arg, sp) = *self;
        match arg {
            ArgPlan::Direct(direct) => On(&direct[..], sp).fmt(f),
            ArgPlan::ByReference { at, align } => {
                write!(f, "address {}, of a copy aligned to {align}", On(*at, sp))
            }
        }
    }
}

impl fmt::Display for On<&RetPlan> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let On(ret, sp) = *self;
        match ret {
            RetPlan::Void => f.write_str("nothing"),
            RetPlan::Direct(direct) => On(&direct[..], sp).fmt(f),
            RetPlan::Indirect { pointer, returned: Some(returned) } => {
                write!(f, "address {}, returned in {returned}", On(*pointer, sp))
            }
            RetPlan::Indirect { pointer, returned: None } => write!(f, "address {}", On(*pointer, sp)),
        }
    }
}

impl fmt::Display for On<&[Piece]> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let On(pieces, sp) = *self;
        if pieces.is_empty() {
            return f.write_str("nothing");
        }
        for (index, piece) in pieces.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", On(piece, sp))?;
        }
        Ok(())
    }
}

/// With its preposition: `in rdi`, `at [sp+8]`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        On(*self, "sp").fmt(f)
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        On(self, "sp").fmt(f)
    }
}

/// Several lines without a newline at the end; the format is described in the source of this module.
impl fmt::Display for CallPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sp = self.abi.stack_pointer();
        write!(f, "{}, stack {}", self.abi, self.stack)?;
        if self.stack_align != self.abi.descriptor().stack_align {
            write!(f, " aligned to {}", self.stack_align)?;
        }
        if self.popped != 0 {
            write!(f, ", of which the callee removes {}", self.popped)?;
        }
        for (index, arg) in self.args.iter().enumerate() {
            write!(f, "\n  {}: {}", index + 1, On(arg, sp))?;
        }
        write!(f, "\n  result: {}", On(&self.ret, sp))?;
        match self.vector_regs {
            Some(count) => write!(f, "\n  al = {count}"),
            None => Ok(()),
        }
    }
}
