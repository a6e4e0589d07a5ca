//! What a declaration can say: names, results, failure, variables, variable arguments.

use pinvoke::marshal::{Bool32, VariantBool};
use pinvoke::native::NativeType;
use pinvoke::returns::{Code, Null};
use pinvoke::{Error, LastError, dll_import};

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Div {
    quot: i32,
    rem: i32,
}

#[dll_import("libc", set_last_error, imports = LIBC)]
unsafe extern "C" {
    safe fn getpid() -> i32;
    safe fn close(fd: i32) -> Result<i32, LastError>;
    safe fn strlen(text: &str) -> usize;
    safe fn div(n: i32, d: i32) -> Div;
    #[dll_import(entry_point = "abs", set_last_error = false)]
    safe fn absolute(n: i32) -> i32;
    fn qsort(base: *mut i32, n: usize, size: usize, compare: impl FnMut(&i32, &i32) -> i32);
    safe fn open(path: &str, flags: i32) -> Result<i32, LastError>;
    safe fn chdir(path: &str) -> (i32, LastError);
    safe fn rmdir(path: &str) -> Result<(), std::io::Error>;
    fn opendir(path: &str) -> Result<*mut core::ffi::c_void, Error>;
    #[fails(Null)]
    fn fopen(path: &str, mode: &str) -> Result<*mut u8, Error>;
    #[fails(Code)]
    safe fn posix_fallocate(fd: i32, offset: isize, len: isize) -> Result<(), Error>;
    safe fn frexp(x: f64, exponent: &mut i32) -> f64;
    #[dll_import(optional)]
    safe fn toupper(c: i32) -> Option<i32>;
    #[dll_import(optional)]
    safe fn no_such_function(c: i32) -> Option<i32>;
    fn snprintf(buffer: *mut u8, size: usize, format: &str, ...) -> i32;
    fn sscanf(text: &str, format: &str, values: ...) -> i32;
    static environ: *const *const core::ffi::c_char;
    static mut optind: i32;
    #[dll_import(entry_point = "no_such_variable")]
    static missing: i32;
    async safe fn usleep(microseconds: u32) -> i32;
}

#[test]
fn scalars_structures_and_text() {
    assert_eq!(getpid() as u32, std::process::id());
    assert_eq!(strlen("grüße"), 7);
    let d = div(7, 2);
    assert_eq!((d.quot, d.rem), (3, 1));
    assert_eq!(absolute(-3), 3);
    let mut exponent = 0;
    assert_eq!((frexp(8.0, &mut exponent), exponent), (0.5, 4));
}

#[test]
fn a_closure_that_captures() {
    let mut calls = 0;
    let mut numbers = [5, 3, 9];
    unsafe {
        qsort(numbers.as_mut_ptr(), 3, 4, |a, b| {
            calls += 1;
            a - b
        });
    }
    assert_eq!(numbers, [3, 5, 9]);
    assert!(calls >= 2);
}

#[test]
fn failure_as_the_type_or_the_policy_says() {
    assert_eq!(close(-7).unwrap_err(), LastError(libc::EBADF));
    assert_eq!(open("/no/such/file", 0).unwrap_err().name(), Some("ENOENT"));
    assert_eq!(chdir("/no/such").1.name(), Some("ENOENT"));
    assert_eq!(rmdir("/no/such").unwrap_err().kind(), std::io::ErrorKind::NotFound);
    let error = unsafe { opendir("/no/such") }.unwrap_err();
    assert_eq!(error.to_string(), "errno 2 ENOENT, No such file or directory");
    assert!(matches!(unsafe { fopen("/no/such", "r") }, Err(Error::Last(LastError(libc::ENOENT)))));
    // Returned, and not in errno.
    assert!(matches!(posix_fallocate(-1, 0, 1), Err(Error::Last(LastError(libc::EBADF)))));
}

#[test]
fn an_inner_nul_is_refused_before_the_call() {
    assert_eq!(open("a\0b", 0).unwrap_err(), LastError(libc::EINVAL));
    let report = pinvoke::error::take_report().unwrap().to_string();
    assert_eq!(
        report,
        "cannot convert argument `path` of `open`: the text has a NUL character at byte 1, and C would end it there"
    );
    let panic = std::panic::catch_unwind(|| strlen("a\0b")).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("argument `text` of `strlen`"));
}

#[test]
fn a_value_without_place_for_the_error_leaves_it_with_the_thread() {
    #[dll_import("libc", set_last_error)]
    unsafe extern "C" {
        safe fn close(fd: i32) -> i32;
        safe fn getppid() -> i32;
    }
    assert_eq!((close(-1), LastError::of_last_import()), (-1, LastError(libc::EBADF)));
    // A call that sets nothing leaves 0, not yesterday's error.
    assert!(getppid() > 0);
    assert_eq!(LastError::of_last_import(), LastError::NONE);
}

#[test]
fn optional_imports_are_none_when_missing() {
    assert_eq!(toupper(i32::from(b'a')), Some(i32::from(b'A')));
    assert_eq!(no_such_function(1), None);
}

#[test]
fn variable_arguments_are_promoted() {
    let mut buffer = [0_u8; 64];
    let n = unsafe {
        snprintf(buffer.as_mut_ptr(), 64, "%d %s %.2f %c %ld", (5_i8, "cats", 1.5_f32, b'x', -1_i64))
    };
    assert_eq!(&buffer[..n as usize], b"5 cats 1.50 x -1");
    let n = unsafe { snprintf(buffer.as_mut_ptr(), 64, "none", ()) };
    assert_eq!(&buffer[..n as usize], b"none");
    let booleans = (true, false, VariantBool::from(true), Bool32::from(true));
    let n = unsafe { snprintf(buffer.as_mut_ptr(), 64, "%d %d %d %d", booleans) };
    assert_eq!(&buffer[..n as usize], b"1 0 -1 1");
    let (mut a, mut b) = (0_i32, 0.0_f64);
    assert_eq!(unsafe { sscanf("17 2.5", "%d %lf", (&mut a, &mut b)) }, 2);
    assert_eq!((a, b), (17, 2.5));
    let error = std::panic::catch_unwind(|| unsafe { sscanf("", "%s", ("in\0ner",)) }).unwrap_err();
    assert!(error.downcast_ref::<String>().unwrap().contains("argument `values` of `sscanf`"));
}

#[test]
fn variables_are_read_and_written() {
    unsafe {
        assert!(!environ.read().unwrap().is_null());
        optind.write(41).unwrap();
        assert_eq!(optind.read().unwrap(), 41);
        let error = missing.read().unwrap_err().to_string();
        assert!(error.starts_with("cannot bind `no_such_variable` of the library \"libc\": "), "{error}");
    }
}

#[test]
fn a_table_binds_all_and_reports_all() {
    assert!(LIBC.getpid.is_available());
    assert!(!LIBC.no_such_function.is_available());
    let report = LIBC.bind_all().unwrap_err();
    let names: Vec<_> = report.errors().iter().map(|e| e.import()).collect();
    assert_eq!(names, ["no_such_function", "no_such_variable"]);
    assert!(report.to_string().starts_with("2 of 21 imports cannot be bound\n"), "{report}");
}

#[test]
fn missing_libraries_and_entry_points() {
    #[dll_import("no-such-library", imports = NOTHING)]
    unsafe extern "C" {
        safe fn with_result(n: i32) -> Result<i32, Error>;
        safe fn without(n: i32) -> i32;
        safe fn short() -> Result<i32, LastError>;
        safe fn binding() -> Result<(), pinvoke::import::BindError>;
    }
    let error = with_result(1).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Bind(_)));
    assert!(
        text.starts_with(
            "cannot bind `with_result` of the library \"no-such-library\": cannot load the library"
        ),
        "{text}"
    );
    assert!(text.contains("libno-such-library.so"), "every attempt: {text}");
    let panic = std::panic::catch_unwind(|| without(1)).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("libno-such-library.so"));
    assert_eq!(short().unwrap_err().name(), Some("ELIBACC"));
    assert!(binding().is_err());
    // The whole library is one error, not one for each function.
    let report = NOTHING.bind_all().unwrap_err();
    assert_eq!(report.errors().len(), 1);
    assert!(
        report
            .to_string()
            .starts_with("imports cannot be bound\ncannot load the library \"no-such-library\"")
    );
}

#[test]
fn an_item_may_have_a_library_and_a_search_path_of_its_own() {
    #[dll_import("no-such-library", imports = MIXED)]
    unsafe extern "C" {
        #[dll_import("libm")]
        safe fn floor(x: f64) -> f64;
        #[dll_import("libc", search = SafeDirectories)]
        static optopt: i32;
        // The block's name, which is found nowhere, or there; and the same beside the program only.
        #[dll_import("mixed", search = [directory!()], entry_point = "text_given")]
        safe fn elsewhere() -> Result<i32, Error>;
        #[dll_import("libc", search = AssemblyDirectory)]
        safe fn getpid() -> Result<i32, Error>;
        safe fn missing() -> i32;
    }
    assert_eq!(floor(2.7), 2.0);
    assert!(unsafe { optopt.read() }.is_ok());
    let error = elsewhere().unwrap_err().to_string();
    assert!(error.contains(concat!(env!("CARGO_TARGET_TMPDIR"), "/libmixed.so")), "{error}");
    assert!(getpid().is_err(), "the C library is not beside the program");
    assert!(MIXED.floor.try_bind().is_ok());
    let report = MIXED.bind_all().unwrap_err();
    let libraries: Vec<_> = report.errors().iter().map(|e| e.library()).collect();
    assert_eq!(libraries, ["no-such-library", "mixed", "libc"]);
}

#[test]
fn off_thread_calls_are_joined_or_awaited() {
    assert_eq!(usleep(10).join(), 0);
    let mut sleep = std::pin::pin!(usleep(1000));
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    loop {
        if let std::task::Poll::Ready(result) = sleep.as_mut().poll(&mut context) {
            assert_eq!(result, 0);
            break;
        }
        std::thread::yield_now();
    }
}

#[cfg(not(target_arch = "x86"))]
#[test]
fn conventions_by_their_dotnet_names() {
    #[dll_import("libc")]
    unsafe extern "stdcall" {
        safe fn labs(n: i64) -> i64;
        #[dll_import(convention = Cdecl)]
        safe fn llabs(n: i64) -> i64;
        #[dll_import(convention = ThisCall)]
        safe fn abs(n: i32) -> i32;
        #[dll_import(convention = Winapi)]
        safe fn toascii(c: i32) -> i32;
    }
    // Away from 32-bit x86 all of them are the convention of C.
    assert_eq!((labs(-2), llabs(-3), abs(-4), toascii(0x141)), (2, 3, 4, 0x41));
}
