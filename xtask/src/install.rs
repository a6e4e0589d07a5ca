//! Puts the C library of callback objects where C programs find it: header, library, pkg-config file.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The name that programs ask the loader for; `build.rs` of callback-object-host gives it to the library.
const SONAME: &str = "libcallback_object.so.0";

/// Installs the library, which is built unless it is given, below a prefix such as `/usr/local`.
pub(crate) fn callback_object(prefix: &Path, library: Option<&Path>) -> Result<()> {
    let built = match library {
        Some(library) => library.to_path_buf(),
        None => build()?,
    };
    let version = env!("CARGO_PKG_VERSION");
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    fs::create_dir_all(&include)?;
    fs::create_dir_all(lib.join("pkgconfig"))?;
    let sources = Path::new("crates/callback-object-sys/include");
    fs::copy(sources.join("callback_object.h"), include.join("callback_object.h"))?;
    // Where only those look who ask for it: others have headers of these names.
    let wdk = include.join("callback_object/wdk");
    fs::create_dir_all(&wdk)?;
    for header in ["wdm.h", "ntddk.h", "ntifs.h"] {
        fs::copy(sources.join("wdk").join(header), wdk.join(header))?;
    }

    let file = format!("libcallback_object.so.{version}");
    // A library that programs use now is replaced, not overwritten.
    let replaced = |name: &str| match fs::remove_file(lib.join(name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    replaced(&file)?;
    fs::copy(&built, lib.join(&file)).with_context(|| format!("{} is missing", built.display()))?;
    for name in [SONAME, "libcallback_object.so"] {
        replaced(name)?;
        symlink(&file, lib.join(name))?;
    }

    let template = fs::read_to_string(sources.join("callback_object.pc.in"))?;
    let text = template.replace("@PREFIX@", &prefix.display().to_string()).replace("@VERSION@", version);
    fs::write(lib.join("pkgconfig/callback_object.pc"), text)?;
    println!("installed callback_object {version} below {}", prefix.display());
    Ok(())
}

fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--release", "--locked", "-p", "callback-object-host", "--lib"]);
    if !build.status().context("cargo does not start")?.success() {
        bail!("the library does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Ok(Path::new(&target).join("release/libcallback_object_host.so"))
}
