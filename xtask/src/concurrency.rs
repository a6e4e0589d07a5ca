//! What the tests of one run cannot show about threads: every interleaving (loom), and a stress test that is
//! known to notice what it looks for. The sanitizers are in [`super::sanitize`].

use anyhow::Result;

use crate::run::{Tally, cargo, test_step};

/// Loom, the stress test with its negative control, and callback objects on a platform of the test's own.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    let mut loom = cargo(&["test", "--locked", "--release", "-p", "callback-object", "--test", "loom"]);
    // Apart from everything else, which these flags would make cargo build anew.
    loom.env("RUSTFLAGS", "--cfg loom").env("CARGO_TARGET_DIR", "target/loom");
    test_step("loom", &mut loom, tally)?;
    let stress = ["test", "--locked", "--release", "-p", "callback-object", "--test", "stress"];
    let mut stress = cargo(&[&stress[..], &["--features", "negative-control"]].concat());
    test_step("stress with its negative control", &mut stress, tally)?;
    let embedded =
        ["test", "--locked", "-p", "callback-object", "--no-default-features", "--test", "embedded"];
    test_step("without the standard library", &mut cargo(&embedded), tally)
}
