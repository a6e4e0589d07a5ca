//! The machine that is tested.
//!
//! It may be another than the one that generates and compiles: only the calls themselves need it, and those are made
//! by a program of its own, behind an emulator where one is needed. A process is about one machine.

use std::sync::OnceLock;

use pinvoke_abi::target::Target;

static TESTED: OnceLock<Target> = OnceLock::new();

/// The machine that this process is about: the one it runs on, unless [`choose`] was told of another before.
pub(crate) fn target() -> Target {
    *TESTED.get_or_init(|| Target::HOST)
}

/// Makes this process about a machine.
pub(crate) fn choose(target: Target) -> Result<(), String> {
    let chosen = *TESTED.get_or_init(|| target);
    if chosen == target {
        return Ok(());
    }
    Err(format!("this process is about {chosen} and cannot be about {target} as well"))
}

/// Machines by the names that Rust has for them.
pub(crate) const NAMES: [(&str, Target); 6] = [
    ("x86_64-unknown-linux-gnu", Target::X86_64_LINUX),
    ("i686-unknown-linux-gnu", Target::X86_LINUX),
    ("aarch64-unknown-linux-gnu", Target::AARCH64_LINUX),
    ("riscv64gc-unknown-linux-gnu", Target::RISCV64_LINUX),
    ("x86_64-pc-windows-gnu", Target::X86_64_WINDOWS_GNU),
    ("i686-pc-windows-gnu", Target::X86_WINDOWS_GNU),
];

/// The machine of that name.
///
/// # Errors
/// If there are no C compilers for it here; names those that there are.
pub fn named(name: &str) -> Result<Target, String> {
    let found = NAMES.iter().find(|(n, _)| *n == name);
    found.map(|(_, target)| *target).ok_or_else(|| {
        let names: Vec<&str> = NAMES.iter().map(|(n, _)| *n).collect();
        format!("no C compilers are known for {name:?}, only for {}", names.join(", "))
    })
}
