//! What several tests of native calls share: C code compiled and loaded, and memory full of graffiti.
#![allow(dead_code, reason = "each test uses a part")]

use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{CString, c_void};
use std::path::PathBuf;
use std::process::Command;

use pinvoke::call::Tier;
use pinvoke::native::CodePtr;

/// The ways to call that this process has. `cargo xtask refused` runs the tests where no stub can be made, and
/// says so, and 32-bit x86 has none; everywhere else a test that finds no stub fails.
pub(crate) fn tiers() -> &'static [Tier] {
    if cfg!(target_arch = "x86") || std::env::var_os("PINVOKE_TEST_REFUSED").is_some() {
        &[Tier::Thunk]
    } else {
        &[Tier::Thunk, Tier::Stub]
    }
}

/// The fastest of [`tiers`].
pub(crate) fn fastest() -> Tier {
    tiers().last().copied().expect("there is one")
}

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

/// Memory of one call, filled with one byte.
pub(crate) struct Block {
    at: *mut u8,
    memory: Layout,
}

impl Block {
    pub(crate) fn new(size: usize, align: usize, graffiti: u8) -> Block {
        let memory = Layout::from_size_align(size.max(16), align).expect("a power of two");
        // SAFETY: the size is not zero.
        let at = unsafe { alloc(memory) };
        assert!(!at.is_null());
        // SAFETY: just allocated with this size.
        unsafe { at.write_bytes(graffiti, memory.size()) };
        Block { at, memory }
    }

    pub(crate) fn at(&self) -> *mut u8 {
        self.at
    }

    pub(crate) fn size(&self) -> usize {
        self.memory.size()
    }

    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.memory.size());
        // SAFETY: in bounds.
        let to = unsafe { self.at.add(offset) };
        // SAFETY: in bounds.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    pub(crate) fn read(&self, offset: usize, len: usize) -> Vec<u8> {
        assert!(offset + len <= self.memory.size());
        // SAFETY: in bounds.
        let from = unsafe { self.at.add(offset) };
        // SAFETY: in bounds, and all bytes are initialised.
        unsafe { std::slice::from_raw_parts(from, len) }.to_vec()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.at, self.memory) };
    }
}
