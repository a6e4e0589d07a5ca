//! The compilers of this machine, and what they make.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::{Made, run_built, stderr};

/// Where cargo has built this test and the shared library: target/<profile>/deps.
fn deps() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_path_buf()
}

/// The shared library that cargo has built with this test; a copy, for cargo may build it anew meanwhile.
pub(crate) fn library() -> PathBuf {
    static COPY: OnceLock<PathBuf> = OnceLock::new();
    COPY.get_or_init(|| {
        let copy = scratch().join("libcallback_object_host.so");
        std::fs::copy(deps().join("libcallback_object_host.so"), &copy).unwrap();
        copy
    })
    .clone()
}

/// The folder with `callback_object.h`.
pub(crate) fn include() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../callback-object-sys/include")
}

pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(name)
}

/// A folder for what this test builds; the next run of the test finds it and builds anew.
pub(crate) fn scratch() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test.file_stem().unwrap());
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    })
}

/// Whether a program was ended by `abort`.
pub(super) fn is_abort(status: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(6)
}

/// Whether an image is loaded in this process.
pub(crate) fn is_mapped(path: &Path) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.contains(path.file_name().unwrap().to_str().unwrap())
}

/// Compiles `tests/c/<name>` and links it with the shared library.
pub(crate) fn compile(name: &str, made: Made, flags: &[&str]) -> PathBuf {
    compile_file(&source(name), made, flags)
}

/// Compiles a file and links it with the shared library.
pub(crate) fn compile_file(source: &Path, made: Made, flags: &[&str]) -> PathBuf {
    let cpp = source.extension().is_some_and(|e| e == "cpp");
    let extension = if made == Made::Driver { "so" } else { "out" };
    // Every call makes a file of its own: a driver is an image, and an image has one set of variables.
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let stem = source.file_stem().unwrap().to_str().unwrap();
    let target = scratch().join(format!("{stem}_{number}.{extension}"));
    let mut command = Command::new(if cpp { "g++" } else { "gcc" });
    command
        .arg(if cpp { "-std=c++17" } else { "-std=gnu11" })
        .args(["-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-fvisibility=hidden"])
        // Compilers for RISC-V describe frames of C only if asked to. A thread that ends unwinds them.
        .arg("-funwind-tables")
        .args(if made == Made::Driver { &["-fPIC", "-shared"][..] } else { &[] })
        .args(flags)
        .arg("-I")
        .arg(include())
        .arg(source)
        .arg("-o")
        .arg(&target)
        .arg(library())
        .arg(format!("-Wl,-rpath,{}", rpath().display()));
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(output.status.success(), "{}: {}", source.display(), String::from_utf8_lossy(&output.stderr));
    target
}

/// A folder with the library under the name that programs ask the loader for.
pub(crate) fn rpath() -> PathBuf {
    static LINKED: OnceLock<PathBuf> = OnceLock::new();
    LINKED
        .get_or_init(|| {
            let folder = scratch().join("lib");
            std::fs::create_dir_all(&folder).unwrap();
            for name in ["libcallback_object.so.0", "libcallback_object.so"] {
                std::os::unix::fs::symlink(library(), folder.join(name)).unwrap();
            }
            folder
        })
        .clone()
}

/// An example of this crate that is a library. Cargo builds examples with the tests, but not if a single test
/// is asked for; then, or if it is older than its source, it is built here.
pub(crate) fn example(name: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    library();
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let built = deps().join(format!("../examples/lib{name}.so"));
    let modified = |path: &Path| path.metadata().and_then(|m| m.modified()).ok();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.rs"));
    if modified(&built) < modified(&source) {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--locked", "-p", "callback-object-host", "--example", name]);
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        if deps().parent().unwrap().ends_with("release") {
            build.arg("--release");
        }
        let output = run_built(&mut build);
        assert!(output.status.success(), "{build:?}: {}", stderr(&output));
    }
    built
}
