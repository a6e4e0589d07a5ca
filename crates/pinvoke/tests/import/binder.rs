//! First calls: an import that calls through its binder is bound by it, and the function gets what was passed.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use pinvoke::dll_import;
use pinvoke::marshal::Handle;
use pinvoke::native::NativeType;

use crate::compiled;

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Pair {
    a: f64,
    b: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Mixed {
    n: i64,
    x: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Block {
    a: i64,
    b: i64,
    c: i64,
}

fn compile() {
    static COMPILED: Once = Once::new();
    COMPILED.call_once(|| compiled::compile("binder"));
}

#[test]
fn a_first_call_passes_what_every_later_one_does() {
    #[dll_import("binder", search = [directory!()], unload, imports = BINDER)]
    unsafe extern "C" {
        safe fn nothing(seen: &mut i32);
        safe fn twelve(
            a: i64,
            b: i64,
            c: i64,
            d: i64,
            e: i64,
            f: i64,
            g: i64,
            h: i64,
            i: i64,
            j: i64,
            k: i64,
            l: i64,
        ) -> i64;
        safe fn mix(a: i32, b: f64, c: i8, d: f32, e: u16, f: f64, g: &i32, h: bool) -> f64;
        safe fn swap(p: Pair) -> Pair;
        safe fn raise(m: Mixed) -> Mixed;
        safe fn turn(by: i32, b: Block) -> Block;
        safe fn narrow(x: f32, n: u8) -> f32;
        safe fn apply(f: Option<unsafe extern "C" fn(i32) -> i32>, n: i32) -> i32;
        safe fn total(numbers: &[i32], #[len_of(numbers)] count: usize) -> i64;
    }
    unsafe extern "C" fn double(n: i32) -> i32 {
        2 * n
    }
    compile();
    // The second turn begins with the binders that unloading has put back.
    for _ in 0..2 {
        for _ in 0..2 {
            let mut seen = 0;
            nothing(&mut seen);
            assert_eq!(seen, 1);
            assert_eq!(twelve(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 650);
            assert_eq!(mix(1, 0.5, -1, 0.25, 2, 3.0, &10, true), 106.0);
            assert_eq!(swap(Pair { a: 1.0, b: 2.0 }), Pair { a: 2.0, b: 1.0 });
            assert_eq!(raise(Mixed { n: 4, x: 1.5 }), Mixed { n: 5, x: 3.0 });
            assert_eq!(turn(1, Block { a: 1, b: 2, c: 3 }), Block { a: 2, b: 3, c: 1 });
            assert_eq!(narrow(1.0, 4), 0.25);
            assert_eq!(apply(Some(double), 21), 42);
            assert_eq!(total(&[1, 2, 3],), 6);
        }
        assert!(unsafe { BINDER.unload() }.unwrap().was_loaded);
    }
}

#[test]
fn a_binder_binds_once_and_for_everybody() {
    #[dll_import("binder", search = [directory!()], imports = LATER)]
    unsafe extern "C" {
        safe fn later(n: i32) -> i32;
        #[dll_import(entry_point = "later")]
        safe fn never_called(n: i32) -> i32;
    }
    compile();
    assert_eq!(later(1), 2);
    let code = LATER.later.code().unwrap();
    // Not the address of what stood there before, and the same for who asks by another way.
    assert_eq!(LATER.never_called.code().unwrap(), code);
    assert_eq!(LATER.later.code().unwrap(), code);
    assert_eq!(later(2), 3);
}

#[test]
fn what_cannot_be_bound_is_a_panic_of_the_caller_every_time() {
    #[cfg_attr(windows, dll_import("msvcrt", imports = GONE))]
    #[cfg_attr(not(windows), dll_import("libc", imports = GONE))]
    unsafe extern "C" {
        safe fn no_such_scalar(n: i32) -> f64;
        safe fn no_such_structure(b: Block) -> Block;
        #[dll_import(convention = Winapi)]
        safe fn no_such_system(n: i64);
        #[dll_import(convention = StdCall)]
        safe fn no_such_stdcall(a: i32, b: i64, c: i8) -> i32;
        #[dll_import(convention = FastCall)]
        safe fn no_such_fastcall(a: i32, b: i32, c: i32) -> Pair;
        #[dll_import(convention = ThisCall)]
        safe fn no_such_thiscall(this: *mut u8, b: f32) -> i32;
        #[dll_import(set_last_error)]
        safe fn no_such_errno(n: i32) -> (i32, pinvoke::LastError);
    }
    const C: &str = if cfg!(windows) { "msvcrt" } else { "libc" };
    /// Counts that the frames between a call and who catches its panic are left in order.
    struct Left<'a>(&'a Cell<u32>);
    impl Drop for Left<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let left = Cell::new(0);
    let missing = |name: &str, call: &dyn Fn()| {
        for _ in 0..2 {
            let before = left.get();
            let panic = catch_unwind(AssertUnwindSafe(|| {
                let _left = Left(&left);
                call();
            }));
            let panic = panic.unwrap_err();
            let report = panic.downcast_ref::<String>().unwrap();
            assert!(
                report.starts_with(&format!("cannot bind `{name}` of the library \"{C}\": ")),
                "{report}"
            );
            assert_eq!(left.get(), before + 1);
        }
    };
    let block = Block { a: 1, b: 2, c: 3 };
    missing("no_such_scalar", &|| _ = no_such_scalar(1));
    missing("no_such_structure", &|| _ = no_such_structure(block));
    missing("no_such_system", &|| no_such_system(1));
    missing("no_such_stdcall", &|| _ = no_such_stdcall(1, 2, 3));
    missing("no_such_fastcall", &|| _ = no_such_fastcall(1, 2, 3));
    missing("no_such_thiscall", &|| _ = no_such_thiscall(std::ptr::null_mut(), 1.0));
    missing("no_such_errno", &|| _ = no_such_errno(1));
    assert!(!GONE.no_such_scalar.is_available());
    assert_eq!(GONE.bind_all().unwrap_err().errors().len(), 7);
}

thread_local!(static CLOSED: Cell<u32> = const { Cell::new(0) });

#[derive(Debug, Handle)]
#[handle(close = count_closed, invalid = -1)]
struct Counted(i32);

unsafe fn count_closed(_: i32) {
    CLOSED.set(CLOSED.get() + 1);
}

#[test]
fn nothing_is_given_away_to_a_function_that_is_not_there() {
    #[dll_import("binder", search = [directory!()])]
    unsafe extern "C" {
        safe fn no_such_owner(given: Counted) -> i32;
        #[dll_import(entry_point = "no_such_owner")]
        safe fn no_such_maybe(given: Option<Counted>) -> i32;
    }
    assert!(catch_unwind(|| no_such_owner(Counted(1))).is_err());
    assert_eq!(CLOSED.get(), 1);
    assert!(catch_unwind(|| no_such_maybe(Some(Counted(1)))).is_err());
    assert_eq!(CLOSED.get(), 2);
}

/// Of Windows: `the_last_error_comes_with_its_name_and_text`, among the tests of that system.
#[cfg(not(windows))]
#[test]
fn the_first_call_captures_the_error_of_the_function() {
    #[dll_import("libc", set_last_error)]
    unsafe extern "C" {
        safe fn close(fd: i32) -> (i32, pinvoke::LastError);
    }
    use pinvoke::LastError;
    LastError(libc::EMLINK).set_current();
    assert_eq!(close(-7), (-1, LastError(libc::EBADF)));
}

#[test]
fn an_import_that_is_not_compiled_needs_none_of_its_types() {
    #[cfg_attr(windows, dll_import("msvcrt"))]
    #[cfg_attr(not(windows), dll_import("libc"))]
    #[allow(dead_code, reason = "one of them is not there")]
    unsafe extern "C" {
        #[cfg(any())]
        fn elsewhere(of: NoSuchType) -> NoSuchType;
        #[cfg(not(any()))]
        safe fn labs(n: core::ffi::c_long) -> core::ffi::c_long;
    }
    assert_eq!(labs(-3), 3);
}

#[test]
fn types_that_mean_something_only_where_they_stand() {
    #[dll_import("binder", search = [directory!()])]
    unsafe extern "C" {
        #[dll_import(entry_point = "total")]
        fn of_lifetime<'a>(numbers: &'a [i32; 2], count: usize) -> i64;
        #[dll_import(entry_point = "total")]
        fn of_type<T: NativeType>(numbers: *const T, count: usize) -> i64;
    }
    compile();
    assert_eq!(unsafe { of_lifetime(&[3, 4], 2) }, 7);
    assert_eq!(unsafe { of_type([3, 4, 5].as_ptr(), 3) }, 12);
}
