//! Builds the drivers, as their authors would: each with the compiler of its language.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What has been built.
pub(crate) struct Built {
    /// The shared library `callback_object`.
    pub(crate) library: PathBuf,
    /// In C, in C++, in Rust.
    pub(crate) drivers: [PathBuf; 3],
}

pub(crate) fn drivers() -> Result<Built, Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // This program is target/<profile>/examples/drivers; the library is built with it.
    let program = env::current_exe()?;
    let examples = program.parent().ok_or("a program is in a folder")?;
    let profile = examples.parent().ok_or("examples are in a folder")?;
    let library = profile.join("deps/libcallback_object_host.so");

    let folder = profile.join("drivers");
    std::fs::create_dir_all(&folder)?;
    let compile = |compiler: &str, standard: &str, source: &str| -> Result<PathBuf, Box<dyn Error>> {
        let driver = folder.join(Path::new(source).with_extension("so"));
        // Two runs of this program may build at the same time.
        let unfinished = driver.with_extension(std::process::id().to_string());
        run(Command::new(compiler)
            .args([
                standard,
                "-O2",
                "-g",
                "-Wall",
                "-Wextra",
                "-fPIC",
                "-shared",
                "-fvisibility=hidden",
                "-pthread",
            ])
            .arg("-I")
            .arg(here.join("../callback-object-sys/include"))
            .arg(here.join("examples/drivers").join(source))
            .arg("-o")
            .arg(&unfinished)
            .arg(&library))?;
        std::fs::rename(&unfinished, &driver)?;
        Ok(driver)
    };
    let c = compile("cc", "-std=c11", "connection.c")?;
    let cpp = compile("c++", "-std=c++17", "monitor.cpp")?;

    let rust = examples.join("libaudit.so");
    if !rust.exists() {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "-p", "callback-object-host", "--example", "audit"]).current_dir(here);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        run(&mut build)?;
    }
    Ok(Built { library, drivers: [c, cpp, rust] })
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status().map_err(|error| format!("{command:?} does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
