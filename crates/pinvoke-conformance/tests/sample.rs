//! A fixed sample of the random signatures, small enough for every run of the tests. The full run is
//! `cargo run --release -p pinvoke-conformance`.

use std::path::Path;

use pinvoke_abi::target::Target;
use pinvoke_conformance::{Options, check_known, run};

fn options(count: u64) -> Options {
    let mut options = Options::new(Path::new(env!("CARGO_BIN_EXE_conformance")), 1, count);
    // If an emulator runs this test, then as cargo was told to; what the test starts wants it, too.
    let runner = match options.target {
        Target::AARCH64_LINUX => std::env::var("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER"),
        Target::RISCV64_LINUX => std::env::var("CARGO_TARGET_RISCV64GC_UNKNOWN_LINUX_GNU_RUNNER"),
        _ => Ok(String::new()),
    };
    options.runner = runner.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    options
}

#[test]
fn calls_and_callbacks_agree_with_gcc_and_clang() {
    let options = options(300);
    let tiers = options.tiers.len() as u64;
    let summary = run(&options).unwrap_or_else(|e| panic!("{e}"));
    assert!(summary.failures.is_empty(), "\n{summary}");
    assert_eq!(summary.signatures, 300, "\n{summary}");
    // Every signature is called in every tier and from both compilers, but for the few that the
    // compilers disagree about.
    assert!(summary.downcalls > 550 * tiers, "\n{summary}");
    // On RISC-V without those that pass variable arguments: a callback that takes as many fixed ones finds them elsewhere.
    let upcalls = if cfg!(target_arch = "riscv64") { 480 } else { 550 };
    assert!(summary.upcalls > upcalls, "\n{summary}");
}

// A machine with one convention has none to confuse it with.
#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
#[test]
fn a_wrong_convention_is_found_and_shrunk() {
    let mut options = options(60);
    options.wrong_convention = true;
    options.max_failures = 1;
    let summary = run(&options).unwrap_or_else(|e| panic!("{e}"));
    let [failure] = &summary.failures[..] else { panic!("nothing found:\n{summary}") };
    // Whatever was generated, one parameter or a result is enough to tell the conventions apart.
    let parameters = failure.minimal.lines().find(|l| l.contains("callee_")).map(|l| l.matches(" a").count());
    assert!(parameters.is_some_and(|n| n <= 1), "\n{failure}");
    assert!(failure.again.contains("--shrink"), "\n{failure}");
}

#[test]
fn known_disagreements_of_the_compilers_still_are() {
    check_known(&options(0)).unwrap_or_else(|e| panic!("{e}"));
}
