//! The C compiler, for libraries that tests write as they run.

use std::path::{Path, PathBuf};

/// Where libraries of tests are built: Wine has the file system of the machine that builds as its drive `Z:`.
pub(crate) fn folder() -> PathBuf {
    let folder = env!("CARGO_TARGET_TMPDIR");
    if cfg!(windows) && folder.starts_with('/') { format!("Z:{folder}").into() } else { folder.into() }
}

/// Makes a library of C source files, with more arguments for the compiler.
#[cfg(unix)]
#[track_caller]
pub(crate) fn compile(library: &Path, source: &Path, arguments: &[&str]) {
    let output = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([library, source])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("the C compiler does not start: {error}"));
    assert!(
        output.status.success(),
        "cc fails on {}: {}",
        source.display(),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Makes a library of C source files, with more arguments for the compiler, which `cargo xtask platform` runs for whoever
/// asks: Wine could start it, but not wait for it.
#[cfg(windows)]
#[track_caller]
pub(crate) fn compile(library: &Path, source: &Path, arguments: &[&str]) {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream};

    /// As the compiler knows the file.
    fn native(path: &Path) -> String {
        let path = path.to_str().expect("folders of builds are text").replace('\\', "/");
        path.strip_prefix("Z:").map(str::to_owned).unwrap_or(path)
    }
    let address =
        std::env::var("PINVOKE_COMPILER").expect("set by `cargo xtask platform`, which runs these tests");
    let (library, from) = (native(library), native(source));
    let own = ["-shared", "-static", "-Wl,--kill-at", "-o", &library, &from];
    let request: String = own.iter().chain(arguments).flat_map(|argument| [argument, "\0"]).collect();
    let mut answer = String::new();
    let heard = TcpStream::connect(address).and_then(|mut compiler| {
        compiler.write_all(request.as_bytes())?;
        compiler.shutdown(Shutdown::Write)?;
        compiler.read_to_string(&mut answer)
    });
    heard.unwrap_or_else(|error| panic!("the C compiler does not answer: {error}"));
    assert_eq!(answer, "compiled", "on {}", source.display());
}
