//! C code, compiled and loaded.

use std::ffi::{CString, c_void};
use std::path::PathBuf;
use std::process::Command;

use pinvoke::native::CodePtr;

/// A shared library compiled from C for one test. Stays loaded.
pub(crate) struct CLibrary {
    handle: *mut c_void,
}

// SAFETY: the handle is only looked up in, which dlsym allows from any thread.
unsafe impl Send for CLibrary {}
// SAFETY: as for Send.
unsafe impl Sync for CLibrary {}

impl CLibrary {
    /// Compiles with the system's C compiler.
    pub(crate) fn compile(name: &str, text: &str, options: &[&str]) -> CLibrary {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let base = directory.join(format!("{name}-{}", std::process::id()));
        let (source, object) = (base.with_extension("c"), base.with_extension("so"));
        std::fs::write(&source, text).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
        let status = Command::new("cc")
            .args(options)
            .args(["-shared", "-fPIC", "-o"])
            .args([&object, &source])
            .status()
            .unwrap_or_else(|e| panic!("cc: {e}"));
        assert!(status.success(), "cc fails on {}", source.display());
        let path = CString::new(object.as_os_str().as_encoded_bytes()).expect("no NUL in a path");
        // SAFETY: a library without initialisers.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null(), "{} does not load", object.display());
        std::fs::remove_file(&object).unwrap_or_else(|e| panic!("{}: {e}", object.display()));
        std::fs::remove_file(&source).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
        CLibrary { handle }
    }

    pub(crate) fn address(&self, name: &str) -> *mut c_void {
        let c_name = CString::new(name).expect("no NUL in a name");
        // SAFETY: a loaded library and a C string.
        let address = unsafe { libc::dlsym(self.handle, c_name.as_ptr()) };
        assert!(!address.is_null(), "{name} is not in the library");
        address
    }

    pub(crate) fn code(&self, name: &str) -> CodePtr {
        CodePtr::new(self.address(name)).expect("checked above")
    }
}
