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
//! `a..b` are bytes of the value. `[rsp+n]` is as the stack stands immediately before the call
//! instruction.

use core::fmt;

use super::{Abi, ArgPlan, CallPlan, Extend, Location, Piece, RetPlan};

impl fmt::Display for Abi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Abi::SysV64 => "sysv64",
            Abi::Win64 => "win64",
        })
    }
}

/// With its preposition: `in rdi`, `at [rsp+8]`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Reg(reg) => write!(f, "in {reg}"),
            Location::Stack(offset) => write!(f, "at [rsp+{offset}]"),
        }
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = u64::from(self.offset) + u64::from(self.width);
        let extend = match self.extend {
            Extend::None => "",
            Extend::Zero => " zero-extended",
            Extend::Sign => " sign-extended",
        };
        write!(f, "{}..{end}{extend} {}", self.offset, self.at)?;
        match self.mirror {
            Some(mirror) => write!(f, " and {mirror}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ArgPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArgPlan::Direct(direct) => pieces(f, direct),
            ArgPlan::ByReference { at, align } => write!(f, "address {at}, of a copy aligned to {align}"),
        }
    }
}

impl fmt::Display for RetPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RetPlan::Void => f.write_str("nothing"),
            RetPlan::Direct(direct) => pieces(f, direct),
            RetPlan::Indirect { pointer, returned } => write!(f, "address {pointer}, returned in {returned}"),
        }
    }
}

fn pieces(f: &mut fmt::Formatter<'_>, pieces: &[Piece]) -> fmt::Result {
    if pieces.is_empty() {
        return f.write_str("nothing");
    }
    for (index, piece) in pieces.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{piece}")?;
    }
    Ok(())
}

/// Several lines without a newline at the end; the format is described in the source of this module.
impl fmt::Display for CallPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, stack {}", self.abi, self.stack)?;
        if self.stack_align != 16 {
            write!(f, " aligned to {}", self.stack_align)?;
        }
        for (index, arg) in self.args.iter().enumerate() {
            write!(f, "\n  {}: {arg}", index + 1)?;
        }
        write!(f, "\n  result: {}", self.ret)?;
        match self.vector_regs {
            Some(count) => write!(f, "\n  al = {count}"),
            None => Ok(()),
        }
    }
}
