//! Built-in declarations: what a person expects to be declared without including anything.
//!
//! They are C texts read by the same front end, chosen by target: type names first, then structures.
//! A text is read once per process and target.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pinvoke_abi::target::{Arch, Os, Target};

use crate::facts::Facts;
use crate::front::c;

/// A text and the name diagnostics give it.
type Text = (&'static str, &'static str);

macro_rules! text {
    ($file:literal) => {
        (concat!("<built-in ", $file, ">"), include_str!(concat!("builtin/", $file)))
    };
}

/// The texts that hold on a target, in order: later ones use the names of earlier ones.
fn texts(target: Target) -> &'static [Text] {
    match (target.os, target.arch) {
        (Os::Linux, Arch::X86_64) => &[
            text!("lp64.h"),
            text!("c.h"),
            text!("linux_types_64.h"),
            text!("linux_x86_64.h"),
            text!("linux_types.h"),
            text!("linux_structs.h"),
            text!("linux_x86_64_structs.h"),
            text!("linux_64_structs.h"),
            text!("windows_types.h"),
            text!("vectors_x86.h"),
            text!("vectors_x86_64.h"),
        ],
        (Os::Linux, Arch::X86) => &[
            text!("ilp32.h"),
            text!("c.h"),
            text!("linux_types_32.h"),
            text!("linux_x86.h"),
            text!("linux_types.h"),
            text!("linux_structs.h"),
            text!("linux_x86_structs.h"),
            text!("windows_types.h"),
            text!("vectors_x86.h"),
        ],
        (Os::Linux, Arch::Aarch64) => &[
            text!("lp64.h"),
            text!("c.h"),
            text!("linux_types_64.h"),
            text!("linux_aarch64.h"),
            text!("linux_types.h"),
            text!("linux_structs.h"),
            text!("linux_generic_structs.h"),
            text!("linux_64_structs.h"),
            text!("windows_types.h"),
            text!("vectors_aarch64.h"),
        ],
        (Os::Linux, Arch::Riscv64) => &[
            text!("lp64.h"),
            text!("c.h"),
            text!("linux_types_64.h"),
            text!("linux_riscv64.h"),
            text!("linux_types.h"),
            text!("linux_structs.h"),
            text!("linux_generic_structs.h"),
            text!("linux_64_structs.h"),
            text!("windows_types.h"),
        ],
        (Os::MacOs, Arch::Aarch64 | Arch::Riscv64) => &[
            text!("lp64.h"),
            text!("c.h"),
            text!("macos_aarch64.h"),
            text!("macos.h"),
            text!("windows_types.h"),
            text!("vectors_aarch64.h"),
        ],
        (Os::MacOs, Arch::X86_64 | Arch::X86) => &[
            text!("lp64.h"),
            text!("c.h"),
            text!("macos_x86_64.h"),
            text!("macos.h"),
            text!("windows_types.h"),
            text!("vectors_x86.h"),
        ],
        (Os::WindowsMsvc | Os::WindowsGnu, Arch::X86) => &[
            text!("ilp32.h"),
            text!("c.h"),
            text!("windows.h"),
            text!("windows_types.h"),
            text!("vectors_x86.h"),
        ],
        (Os::WindowsMsvc | Os::WindowsGnu, Arch::X86_64) => &[
            text!("llp64.h"),
            text!("c.h"),
            text!("windows.h"),
            text!("windows_types.h"),
            text!("vectors_x86.h"),
            text!("vectors_x86_64.h"),
        ],
        (Os::WindowsMsvc | Os::WindowsGnu, Arch::Aarch64 | Arch::Riscv64) => &[
            text!("llp64.h"),
            text!("c.h"),
            text!("windows.h"),
            text!("windows_types.h"),
            text!("vectors_aarch64.h"),
        ],
    }
}

/// The built-in declarations of a target.
pub(crate) fn facts(target: Target) -> Arc<Facts> {
    static READ: OnceLock<Mutex<HashMap<Target, Arc<Facts>>>> = OnceLock::new();
    let read = READ.get_or_init(Mutex::default);
    let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
    let facts = read.entry(target).or_insert_with(|| {
        let mut facts = Facts::default();
        for &(name, text) in texts(target) {
            let problems = c::parse_unit(target, name, text, &mut facts, &[]);
            debug_assert!(problems.is_empty(), "{}", problems[0]);
        }
        Arc::new(facts)
    });
    Arc::clone(facts)
}
