//! Snapshots of plans: `tests/plans/<abi>.txt`.
//!
//! An entry is a comment that names its source, the signature behind `>`, and the plan. Set
//! `PINVOKE_BLESS=1` to write the plans anew; a signature without a plan gets one. The target is
//! x86-64 Linux unless a line `# target …` says otherwise; it holds until the next such line.

use std::fmt::Write as _;
use std::path::PathBuf;

use pinvoke_abi::plan::CallPlan;
use pinvoke_abi::signature::Signature;
use pinvoke_abi::target::Target;

const TARGETS: [Target; 11] = [
    Target::X86_64_LINUX,
    Target::X86_64_MACOS,
    Target::X86_64_WINDOWS,
    Target::X86_64_WINDOWS_GNU,
    Target::AARCH64_LINUX,
    Target::AARCH64_MACOS,
    Target::AARCH64_WINDOWS,
    Target::X86_LINUX,
    Target::X86_WINDOWS,
    Target::X86_WINDOWS_GNU,
    Target::RISCV64_LINUX,
];

fn plan(target: Target, text: &str) -> String {
    let signature = Signature::parse(target, text).unwrap_or_else(|e| panic!("{text}: {e}"));
    match CallPlan::new(&signature) {
        Ok(plan) => plan.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

fn check(abi: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/plans").join(format!("{abi}.txt"));
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut target = Target::X86_64_LINUX;
    let mut actual = String::new();
    let mut signatures = 0;
    for line in expected.lines() {
        if let Some(name) = line.strip_prefix("# target ") {
            let known = TARGETS.iter().find(|t| t.to_string() == name);
            target = *known.unwrap_or_else(|| panic!("{}: unknown target {name}", path.display()));
        }
        if let Some(text) = line.strip_prefix("> ") {
            signatures += 1;
            let _ = writeln!(actual, "{line}\n{}", plan(target, text));
        } else if line.is_empty() || line.starts_with('#') {
            let _ = writeln!(actual, "{line}");
        }
    }
    assert!(signatures > 20, "{} holds only {signatures} signatures", path.display());
    if std::env::var_os("PINVOKE_BLESS").is_some() {
        std::fs::write(&path, actual).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        return;
    }
    for (number, (is, was)) in actual.lines().zip(expected.lines()).enumerate() {
        assert_eq!(is, was, "{}:{}", path.display(), number + 1);
    }
    assert_eq!(actual.lines().count(), expected.lines().count(), "{}", path.display());
}

#[test]
fn sysv64() {
    check("sysv64");
}

#[test]
fn win64() {
    check("win64");
}

#[test]
fn aapcs64() {
    check("aapcs64");
}

#[test]
fn riscv64() {
    check("riscv64");
}

#[test]
fn x86() {
    check("x86");
}
