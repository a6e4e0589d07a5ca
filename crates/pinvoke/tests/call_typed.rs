//! Run-time signatures checked against Rust function types, and the calls that follow.
#![cfg(any(target_os = "linux", windows))]
#![allow(unsafe_code, reason = "calls native code")]

mod support;

use std::ffi::{CStr, c_char, c_void};

use pinvoke::call::{Difference, NativeFn, capture, check, typed, typed_safe};
use pinvoke::native::{CodePtr, NativeType};
use pinvoke_abi::signature::Signature;

use support::CLibrary;

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Named {
    id: i32,
    name: [u8; 8],
    at: Point,
}

/// A function type of the other convention of this machine, where it has one.
#[cfg(all(target_arch = "x86_64", not(windows)))]
macro_rules! other {
    (($($arg:ty),*) $(-> $ret:ty)?) => { unsafe extern "win64" fn($($arg),*) $(-> $ret)? };
}
#[cfg(all(target_arch = "x86_64", windows))]
macro_rules! other {
    (($($arg:ty),*) $(-> $ret:ty)?) => { unsafe extern "sysv64" fn($($arg),*) $(-> $ret)? };
}
#[cfg(target_arch = "x86")]
macro_rules! other {
    (($($arg:ty),*) $(-> $ret:ty)?) => { unsafe extern "stdcall" fn($($arg),*) $(-> $ret)? };
}

/// What it is called in the notation, and how C is told.
#[cfg(target_arch = "x86_64")]
const OTHER: &str = if cfg!(windows) { "sysv64" } else { "win64" };
#[cfg(target_arch = "x86_64")]
const OPTIONS: &[&str] = &["-O1", if cfg!(windows) { "-DOTHER=sysv_abi" } else { "-DOTHER=ms_abi" }];
#[cfg(target_arch = "x86")]
const OTHER: &str = "stdcall";
#[cfg(target_arch = "x86")]
const OPTIONS: &[&str] = &["-O1", "-DOTHER=stdcall"];
#[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
const OPTIONS: &[&str] = &["-O1"];

/// `size_t`.
const SIZE: &str = if cfg!(target_pointer_width = "64") { "u64" } else { "u32" };

fn signature(notation: &str) -> Signature {
    notation.parse().unwrap_or_else(|e| panic!("{notation}: {e}"))
}

fn agrees<F: NativeFn>(notation: &str) -> bool {
    check::<F>(&signature(notation)).is_ok()
}

fn message<F: NativeFn>(notation: &str) -> String {
    let text = check::<F>(&signature(notation)).expect_err("a mismatch").to_string();
    let prefix = "the Rust function type does not agree with the signature: ";
    text.strip_prefix(prefix).expect("every message begins so").to_owned()
}

#[test]
fn checked_functions_are_called_as_they_are() {
    let library = CLibrary::compile(
        "typed",
        "typedef struct { double x, y; } point;
         point mirror(point p, int times) { point r = { -p.x * times, -p.y }; return r; }
         #ifdef OTHER
         __attribute__((OTHER)) double other(int a, double b, short c, double d, int e) { return a + b * 2 + c * 4 + d * 8 + e * 16; }
         #endif
         int last(const char *s, void **end) { *end = (void *)s; return s[0]; }",
        OPTIONS,
    );
    type Mirror = unsafe extern "C" fn(Point, i32) -> Point;
    let mirror =
        typed::<Mirror>(&signature("cdecl({f64,f64},i32)->{f64,f64}"), library.code("mirror")).unwrap();
    // SAFETY: the function above.
    assert_eq!(unsafe { mirror(Point { x: 1.5, y: 2.0 }, 2) }, Point { x: -3.0, y: -2.0 });

    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    {
        let other = signature(&format!("{OTHER}(i32,f64,i16,f64,i32)->f64"));
        let other = typed::<other!((i32, f64, i16, f64, i32) -> f64)>(&other, library.code("other")).unwrap();
        // SAFETY: the function above.
        assert_eq!(unsafe { other(1, 2.0, 3, 4.0, 5) }, 1.0 + 4.0 + 12.0 + 32.0 + 80.0);
    }

    type Last = unsafe extern "C" fn(*const c_char, *mut *mut c_void) -> i32;
    let last = typed::<Last>(&signature("cdecl(ptr,ptr)->i32"), library.code("last")).unwrap();
    let mut end = std::ptr::null_mut();
    // SAFETY: the function above, with a string and a place.
    assert_eq!(unsafe { last(c"A".as_ptr(), &raw mut end) }, 65);
    assert!(!end.is_null());

    // SAFETY: `abs` may be called with any number but the smallest, and never is.
    let abs = unsafe {
        typed_safe::<extern "C" fn(i32) -> i32>(&signature("cdecl(i32)->i32"), code(libc::abs as *const ()))
    };
    assert_eq!(abs.unwrap()(-3), 3);
}

fn code(function: *const ()) -> CodePtr {
    CodePtr::new(function.cast()).expect("functions are not null")
}

#[test]
fn variadic_functions_take_more_than_is_checked() {
    type Print = unsafe extern "C" fn(*mut c_char, usize, *const c_char, ...) -> i32;
    let declared = signature(&format!("cdecl(ptr,{SIZE},ptr,...,f64,i32)->i32"));
    let print = typed::<Print>(&declared, code(libc::snprintf as *const ())).unwrap();
    let mut text = [0_u8; 64];
    let to = text.as_mut_ptr().cast();
    // SAFETY: the format fits the arguments and the text the buffer.
    let length = unsafe { print(to, 64, c"%.1f %d %s".as_ptr(), 2.5_f64, 7_i32, c"seven".as_ptr()) };
    assert_eq!((length, CStr::from_bytes_until_nul(&text).unwrap()), (11, c"2.5 7 seven"));

    assert_eq!(
        message::<Print>(&format!("cdecl(ptr,{SIZE},ptr)->i32")),
        "the Rust type is variadic and the signature is not"
    );
    assert!(agrees::<Print>(&format!("cdecl(ptr,{SIZE},ptr,...)->i32")));
    type Fixed = unsafe extern "C" fn(*mut c_char, usize, *const c_char) -> i32;
    assert_eq!(
        message::<Fixed>(&format!("cdecl(ptr,{SIZE},ptr,...,i32)->i32")),
        "the signature is variadic and the Rust type is not"
    );
}

#[test]
fn errno_comes_with_the_result() {
    type Open = unsafe extern "C" fn(*const c_char, i32, ...) -> i32;
    let open = typed::<Open>(&signature("cdecl(ptr,i32,...)->i32"), code(libc::open as *const ())).unwrap();
    // SAFETY: a path, and no flag that asks for a mode.
    let (fd, error) = capture(|| unsafe { open(c"/no/such/file".as_ptr(), libc::O_RDONLY) });
    assert_eq!(fd, -1);
    #[cfg(unix)]
    assert_eq!(error.to_string(), "errno 2 ENOENT, No such file or directory");
    // Microsoft's library leaves what the system told it.
    #[cfg(windows)]
    assert_eq!(error.name(), Some("ERROR_PATH_NOT_FOUND"));
    type Abs = unsafe extern "C" fn(i32) -> i32;
    let abs = typed::<Abs>(&signature("cdecl(i32)->i32"), code(libc::abs as *const ())).unwrap();
    // SAFETY: any number but the smallest. The error of the call before is not reported again.
    assert_eq!(capture(|| unsafe { abs(-1) }), (1, pinvoke::last_error::LastError::NONE));
}

#[test]
fn every_difference_is_listed() {
    type F = unsafe extern "C" fn(f64, u32, *const u8, Point, i8) -> f32;
    assert!(agrees::<F>("cdecl(f64,u32,ptr,{f64,f64},i8)->f32"));
    assert_eq!(
        message::<F>("cdecl(i32,i32,i64,{f64,i64},u8)->f64"),
        format!(
            "argument 1 is i32 (4 bytes) in the signature and f64 (8 bytes) in Rust; \
             argument 2 is i32 (4 bytes) in the signature and u32 (4 bytes) in Rust; \
             argument 3 is i64 (8 bytes) in the signature and *const u8 ({} bytes) in Rust; \
             argument 4 is a structure (16 bytes) in the signature and call_typed::Point (16 bytes) in Rust, \
             with other members or alignment; \
             argument 5 is u8 (1 byte) in the signature and i8 (1 byte) in Rust; \
             the result is f64 (8 bytes) in the signature and f32 (4 bytes) in Rust",
            size_of::<usize>()
        )
    );
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    assert_eq!(
        message::<other!((i32))>("cdecl(i32,i32)->i32"),
        format!(
            "the convention is cdecl in the signature and {OTHER} in Rust; \
             there are 2 arguments in the signature and 1 in Rust; \
             the result is i32 (4 bytes) in the signature and () (0 bytes) in Rust"
        )
    );
    let error = check::<F>(&signature("cdecl(f64,u32,ptr,{f64,f64})->f32")).unwrap_err();
    assert_eq!(error.differences(), [Difference::ArgumentCount { signature: 4, rust: 5 }]);
}

#[test]
fn conventions_agree_by_their_rules_not_their_names() {
    type System = unsafe extern "system" fn(i32) -> i32;
    let stdcall = cfg!(all(windows, target_arch = "x86"));
    assert_eq!(agrees::<System>("cdecl(i32)->i32"), !stdcall);
    #[cfg(all(target_arch = "x86_64", not(windows)))]
    {
        type Sysv = unsafe extern "sysv64" fn(i32) -> i32;
        assert!(agrees::<Sysv>("cdecl(i32)->i32") && agrees::<System>("sysv64(i32)->i32"));
        assert!(!agrees::<Sysv>("win64(i32)->i32"));
    }
    #[cfg(all(target_arch = "x86_64", windows))]
    {
        type Win = unsafe extern "win64" fn(i32) -> i32;
        assert!(agrees::<Win>("cdecl(i32)->i32") && agrees::<System>("win64(i32)->i32"));
        assert!(!agrees::<Win>("sysv64(i32)->i32"));
    }
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    {
        let other = format!("{OTHER}(i32)->i32");
        assert!(!agrees::<other!((i32) -> i32)>("cdecl(i32)->i32"));
        assert!(agrees::<other!((i32) -> i32)>(&other));
        assert_eq!(agrees::<System>(&other), stdcall);
    }
}

#[test]
fn structures_agree_by_their_members() {
    type F = unsafe extern "C" fn(Named);
    assert!(agrees::<F>("cdecl({i32,[u8;8],{f64,f64}})"));
    assert!(!agrees::<F>("cdecl({i32,[u8;8],f64,f64})"), "members of members are not members");
    assert!(!agrees::<F>("cdecl({i32,[i8;8],{f64,f64}})"));
    assert!(!agrees::<F>("cdecl({i32,[u8;7],{f64,f64}})"));
    // Bit-fields have no counterpart in Rust: size, alignment and passing must do.
    #[derive(Clone, Copy, NativeType)]
    #[repr(C)]
    struct Flags {
        bits: u32,
    }
    assert!(agrees::<unsafe extern "C" fn(Flags)>("cdecl({u32:3,u32:29})"));
    assert!(!agrees::<unsafe extern "C" fn(Flags)>("cdecl({u64:3,u64:40})"));
    // Complex numbers stand for two floats; an integer in their place would travel elsewhere.
    assert!(agrees::<unsafe extern "C" fn(Point) -> Point>("cdecl(c64)->c64"));
    #[derive(Clone, Copy, NativeType)]
    #[repr(C)]
    struct Integers {
        a: i64,
        b: i64,
    }
    assert!(!agrees::<unsafe extern "C" fn(Integers)>("cdecl(c64)"));
}
