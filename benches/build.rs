//! Builds the functions to call as a shared library: a call must cross into another image, as it
//! does in real use.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=native/work.c");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("libwork.so");
    let status = cc::Build::new()
        .opt_level(2)
        .get_compiler()
        .to_command()
        // With it gcc sends `mirror` through memory, and that stall would hide the call.
        .arg("-fno-tree-slp-vectorize")
        .args(["-shared", "-fPIC", "native/work.c", "-o"])
        .arg(&out)
        .status()
        .expect("the C compiler starts");
    assert!(status.success(), "the C compiler ended with {status}");
    println!("cargo::rustc-env=WORK_LIBRARY={}", out.display());
}
