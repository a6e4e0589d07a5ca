//! C code, compiled and loaded.

use std::ffi::c_void;
use std::path::PathBuf;

use pinvoke::library::Library;
use pinvoke::native::CodePtr;

use super::compiler;

/// A shared library compiled from C for one test.
pub(crate) struct CLibrary {
    // Unloaded before its file is removed, which Windows keeps as long as it is loaded.
    library: Library,
    _file: File,
}

/// Removed when this is dropped.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        // On Unix it is gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl CLibrary {
    /// Compiles with the system's C compiler.
    pub(crate) fn compile(name: &str, text: &str, options: &[&str]) -> CLibrary {
        let base = compiler::folder().join(format!("{name}-{}", std::process::id()));
        let (source, object) =
            (base.with_extension("c"), base.with_extension(std::env::consts::DLL_EXTENSION));
        std::fs::write(&source, text).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
        compiler::compile(&object, &source, options);
        let library = Library::load_exact(&object).unwrap_or_else(|error| panic!("{error}"));
        std::fs::remove_file(&source).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
        if cfg!(unix) {
            std::fs::remove_file(&object).unwrap_or_else(|e| panic!("{}: {e}", object.display()));
        }
        CLibrary { library, _file: File(object) }
    }

    pub(crate) fn address(&self, name: &str) -> *mut c_void {
        self.library.entry_point(name).unwrap_or_else(|error| panic!("{error}")).data()
    }

    pub(crate) fn code(&self, name: &str) -> CodePtr {
        CodePtr::new(self.address(name)).expect("entry points are not null")
    }
}
