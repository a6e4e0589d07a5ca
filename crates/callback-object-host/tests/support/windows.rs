//! What `cargo xtask platform windows` has built before it runs these tests, where no compiler runs.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::OnceLock;

use super::Made;

fn fixtures() -> PathBuf {
    let folder = std::env::var_os("PINVOKE_WINDOWS_FIXTURES");
    folder.expect("set by `cargo xtask platform windows`, which runs these tests").into()
}

/// The library, under the name that drivers ask the loader for.
pub(crate) fn library() -> PathBuf {
    fixtures().join("callback_object.dll")
}

/// A folder for what this test writes.
pub(crate) fn scratch() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path()
}

/// What `tests/c/<name>` was made into, with these flags.
pub(crate) fn compile(name: &str, made: Made, flags: &[&str]) -> PathBuf {
    let mut file = Path::new(name).file_stem().unwrap().to_str().unwrap().to_owned();
    for flag in flags {
        let words = flag.split(|c: char| !c.is_ascii_alphanumeric());
        file.extend(words.filter(|word| !word.is_empty()).map(|word| format!("_{word}")));
    }
    fixtures().join(file + if made == Made::Driver { ".dll" } else { ".exe" })
}

/// An example of this crate that is a library.
pub(crate) fn example(name: &str) -> PathBuf {
    fixtures().join(format!("{name}.dll"))
}

/// `STATUS_STACK_BUFFER_OVERRUN`, the code of every fast failure; or 3, of the C library.
pub(super) fn is_abort(status: ExitStatus) -> bool {
    matches!(status.code().map(i32::cast_unsigned), Some(0xC000_0409 | 3))
}

#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetModuleHandleW(name: *const u16) -> *const std::ffi::c_void;
}

/// Whether an image is loaded in this process.
#[allow(unsafe_code, reason = "asks the loader")]
pub(crate) fn is_mapped(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    // SAFETY: the name ends with 0.
    unsafe { !GetModuleHandleW(name.as_ptr()).is_null() }
}
