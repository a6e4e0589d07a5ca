//! The few instructions that no compiler writes for us, one directory per architecture.
#![allow(unsafe_code, reason = "machine code: the way out to native code")]

#[cfg(target_arch = "aarch64")]
mod a64;
#[cfg(target_arch = "aarch64")]
pub(crate) use a64::*;
#[cfg(target_arch = "riscv64")]
mod r64;
#[cfg(target_arch = "riscv64")]
pub(crate) use r64::*;
#[cfg(target_arch = "x86_64")]
mod x64;
#[cfg(target_arch = "x86_64")]
pub(crate) use x64::*;
#[cfg(target_arch = "x86")]
mod x86;
#[cfg(target_arch = "x86")]
pub(crate) use x86::*;
