//! What the tests of this crate share: the shared library, compilers, and programs that are run.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part; a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Longer than any program of these tests takes, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(60);

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

/// What a C or C++ file is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    Program,
    Driver,
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

/// Longer than cargo takes to build a small program, on a busy machine too.
const BUILD_LIMIT: Duration = Duration::from_secs(600);

/// Runs a program to its end, which has to come.
pub(crate) fn run(command: &mut Command) -> Output {
    run_within(LIMIT, command)
}

/// Has cargo run a program of this workspace, which it may have to build.
pub(crate) fn run_built(command: &mut Command) -> Output {
    run_within(BUILD_LIMIT, command)
}

fn run_within(limit: Duration, command: &mut Command) -> Output {
    // Files, for a pipe that nobody reads meanwhile would stop a program that has much to say.
    let (mut stdout, mut stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().unwrap())
        .stderr(stderr.try_clone().unwrap())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let start = Instant::now();
    let ended = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if start.elapsed() > limit => break None,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let status = ended.unwrap_or_else(|| {
        child.kill().unwrap();
        child.wait().unwrap()
    });
    let output = Output { status, stdout: written(&mut stdout), stderr: written(&mut stderr) };
    assert!(ended.is_some(), "{command:?} did not end: {}", self::stderr(&output));
    output
}

/// What a program has written to a file.
fn written(file: &mut std::fs::File) -> Vec<u8> {
    use std::io::{Read, Seek};
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a program that checks itself; its standard error.
pub(crate) fn passes(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, stderr(&output));
    stderr(&output)
}

/// Runs a program that is to be aborted; its standard error.
pub(crate) fn aborts(command: &mut Command) -> String {
    use std::os::unix::process::ExitStatusExt;
    let output = run(command);
    assert_eq!(output.status.signal(), Some(6), "{command:?}: {}\n{}", output.status, stderr(&output));
    stderr(&output)
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
