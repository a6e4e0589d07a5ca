//! Builds the functions to call as shared libraries: a call must cross into another image, as it does
//! in real use.

use std::path::PathBuf;
use std::process::Command;

fn main() {
    // With vectorised stores gcc sends `mirror` through memory, and that stall would hide the call.
    let work = shared(&mut compiler(false), "work.c", &["-fno-tree-slp-vectorize"]);
    println!("cargo::rustc-env=WORK_LIBRARY={}", work.expect("work.c is C").display());
    let notify = shared(&mut compiler(false), "notify.c", &[]);
    println!("cargo::rustc-env=NOTIFY_LIBRARY={}", notify.expect("notify.c is C").display());
    let include = ["-I../crates/callback-object-sys/include"];
    let plugin = shared(&mut compiler(false), "plugin.c", &include);
    println!("cargo::rustc-env=PLUGIN_LIBRARY={}", plugin.expect("plugin.c is C").display());
    // Measured where its headers are installed.
    let boost = shared(&mut compiler(true), "boost.cpp", &[]).unwrap_or_default();
    println!("cargo::rustc-env=BOOST_LIBRARY={}", boost.display());
}

fn compiler(cpp: bool) -> Command {
    cc::Build::new().cpp(cpp).opt_level(2).get_compiler().to_command()
}

/// Compiles `native/{source}`; none if the compiler refuses.
fn shared(compiler: &mut Command, source: &str, flags: &[&str]) -> Option<PathBuf> {
    println!("cargo::rerun-if-changed=native/{source}");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let out = out.join(format!("lib{source}.so"));
    let status = compiler
        .args(flags)
        .args(["-shared", "-fPIC"])
        .arg(format!("native/{source}"))
        .arg("-o")
        .arg(&out)
        .stderr(std::process::Stdio::null())
        .status();
    status.is_ok_and(|s| s.success()).then_some(out)
}
