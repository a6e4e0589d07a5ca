//! The library of functions to call, and its entry points.

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_void};

/// Two doubles: travels in vector registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, pinvoke::native::NativeType)]
#[repr(C)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Three longs: travels in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, pinvoke::native::NativeType)]
#[repr(C)]
pub(crate) struct Block {
    pub(crate) a: i64,
    pub(crate) b: i64,
    pub(crate) c: i64,
}

/// The size of [`Block`], in single bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, pinvoke::native::NativeType)]
#[repr(C)]
pub(crate) struct Bytes {
    pub(crate) b: [u8; 24],
}

pub(crate) type Noop = unsafe extern "C" fn();
pub(crate) type Add2 = unsafe extern "C" fn(c_int, c_int) -> c_int;
pub(crate) type Mix8 = unsafe extern "C" fn(c_int, f64, c_long, f32, i16, f64, *mut c_void, u8) -> f64;
pub(crate) type Sum12 = unsafe extern "C" fn(
    c_long,
    c_long,
    c_long,
    c_long,
    c_long,
    c_long,
    c_long,
    c_long,
    c_long,
    c_long,
    c_long,
    c_long,
) -> c_long;
pub(crate) type Mirror = unsafe extern "C" fn(Point) -> Point;
pub(crate) type Turn = unsafe extern "C" fn(Block) -> Block;
pub(crate) type Same = unsafe extern "C" fn(Bytes) -> Bytes;
pub(crate) type Fails = unsafe extern "C" fn(c_int) -> c_int;
pub(crate) type Length = unsafe extern "C" fn(*const c_char) -> usize;
pub(crate) type Callback = unsafe extern "C" fn(c_int, c_int) -> c_int;
pub(crate) type CallbackWith = unsafe extern "C" fn(c_int, c_int, *mut c_void) -> c_int;
pub(crate) type Repeat = unsafe extern "C" fn(Callback, c_long) -> c_long;
pub(crate) type RepeatWith = unsafe extern "C" fn(CallbackWith, *mut c_void, c_long) -> c_long;
pub(crate) type FtwTotal = unsafe extern "C" fn(*const c_char) -> i64;
pub(crate) type SortInts = unsafe extern "C" fn(*mut c_int, usize);

/// The address of an entry point of the work library.
pub(crate) fn address(name: &CStr) -> *mut c_void {
    let path = CString::new(env!("WORK_LIBRARY")).expect("a path has no NUL");
    // SAFETY: the library has no initialisers.
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
    assert!(!library.is_null(), "cannot load {}", env!("WORK_LIBRARY"));
    // SAFETY: the handle is valid, the name is NUL-terminated.
    let address = unsafe { libc::dlsym(library, name.as_ptr()) };
    assert!(!address.is_null(), "no {} in the work library", name.to_string_lossy());
    address
}

/// The same, as a function pointer.
macro_rules! function {
    ($name:literal as $ty:ty) => {{
        // SAFETY: the type is that of the C definition in native/work.c.
        unsafe {
            std::mem::transmute::<*mut std::ffi::c_void, $ty>(std::hint::black_box($crate::native::address(
                $name,
            )))
        }
    }};
}
pub(crate) use function;
