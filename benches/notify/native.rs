//! The routine that is called, in a library of its own.

use std::ffi::{CStr, CString, c_void};
use std::sync::OnceLock;

use callback_object::Routine;

/// Loads a library for good.
pub(crate) fn open(path: &str) -> Option<Library> {
    let path = CString::new(path).ok()?;
    // SAFETY: a null-terminated path; loading these libraries runs no code that could interfere.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    (!handle.is_null()).then_some(Library(handle))
}

/// A loaded library.
pub(crate) struct Library(*mut c_void);

impl Library {
    /// The function of that name.
    ///
    /// # Safety
    /// `F` is its function pointer type.
    pub(crate) unsafe fn function<F: Copy>(&self, name: &CStr) -> F {
        // SAFETY: the library is loaded, the name null-terminated.
        let address = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!address.is_null(), "no {name:?}");
        assert_eq!(size_of::<F>(), size_of::<*mut c_void>());
        // SAFETY: a function pointer of the type the caller promises.
        unsafe { std::mem::transmute_copy::<*mut c_void, F>(&address) }
    }
}

/// A routine with its context.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Pair {
    pub(crate) routine: Routine,
    pub(crate) context: *mut c_void,
}

// SAFETY: the routine ignores its context.
unsafe impl Send for Pair {}
// SAFETY: as above.
unsafe impl Sync for Pair {}

impl Pair {
    /// The routine that does nothing.
    pub(crate) fn nothing() -> Pair {
        static ROUTINE: OnceLock<Routine> = OnceLock::new();
        let routine = *ROUTINE.get_or_init(|| {
            let library = open(env!("NOTIFY_LIBRARY")).expect("build.rs built it");
            // SAFETY: its type in native/notify.c.
            unsafe { library.function(c"routine") }
        });
        Pair { routine, context: std::ptr::null_mut() }
    }

    pub(crate) fn call(self, argument1: *mut c_void, argument2: *mut c_void) {
        // SAFETY: the routine takes anything.
        unsafe { (self.routine)(self.context, argument1, argument2) }
    }
}
