//! The few instructions that no compiler writes for us, one directory per architecture.
#![allow(unsafe_code, reason = "machine code: the ways out to native code and back in")]

#[cfg(target_arch = "x86_64")]
mod x64;
#[cfg(target_arch = "x86_64")]
pub(crate) use x64::*;
