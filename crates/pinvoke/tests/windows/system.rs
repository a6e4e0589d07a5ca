//! Functions of the system that fill structures, fail with a code, enumerate, sort.

use std::cell::Cell;
use std::time::SystemTime;

use pinvoke::marshal::Bool32;
use pinvoke::native::NativeType;
use pinvoke::{Error, LastError, dll_import};

#[derive(Clone, Copy, Debug, Default, NativeType)]
#[repr(C)]
struct Moment {
    year: u16,
    month: u16,
    day_of_week: u16,
    day: u16,
    hour: u16,
    minute: u16,
    second: u16,
    milliseconds: u16,
}

#[dll_import("kernel32", char_set = Unicode, set_last_error, bool = Bool32)]
unsafe extern "system" {
    safe fn GetSystemTime(now: &mut Moment);
    safe fn SystemTimeToFileTime(moment: &Moment, ticks: &mut u64) -> Result<(), Error>;
    fn CreateFile(
        path: &str,
        access: u32,
        share: u32,
        security: *const u8,
        creation: u32,
        flags: u32,
        template: isize,
    ) -> Result<isize, LastError>;
    safe fn GetTickCount() -> u32;
    fn EnumResourceNames(
        module: isize,
        kind: usize,
        visit: impl FnMut(isize, usize, usize, isize) -> bool,
        parameter: isize,
    ) -> Result<(), Error>;
    fn FindResource(module: isize, name: usize, kind: usize) -> isize;
    safe fn LoadLibrary(name: &str) -> Result<isize, Error>;
    safe fn SetLastError(code: u32);
    safe fn lstrlen(text: &str) -> i32;
}

#[dll_import("msvcrt")]
unsafe extern "C" {
    fn qsort(base: *mut i32, count: usize, size: usize, compare: impl FnMut(&i32, &i32) -> i32);
    safe fn sqrt(x: f64) -> f64;
}

#[dll_import("ws2_32")]
unsafe extern "system" {
    /// `htons`, by its documented number.
    #[dll_import(entry_point = "#9")]
    safe fn network_order(n: u16) -> u16;
}

#[test]
fn a_structure_is_filled() {
    let mut now = Moment::default();
    GetSystemTime(&mut now);
    let mut ticks = 0;
    SystemTimeToFileTime(&now, &mut ticks).unwrap();
    // From 1601 to 1970, in steps of 100 ns.
    let unix = (ticks - 116_444_736_000_000_000) / 10_000_000;
    let expected = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert!(expected.abs_diff(unix) <= 2, "{now:?}");
}

#[test]
fn the_last_error_comes_with_its_name_and_text() {
    let open = |path: &str| unsafe { CreateFile(path, 0x8000_0000, 1, std::ptr::null(), 3, 0, 0) };
    let error = open("C:\\no\\such\\folder\\file.txt").unwrap_err();
    assert_eq!((error.0, error.name()), (3, Some("ERROR_PATH_NOT_FOUND")));
    let text = error.to_string();
    assert!(
        text.starts_with("error 3 ERROR_PATH_NOT_FOUND, ") && text.to_lowercase().contains("path"),
        "{text}"
    );
    // Cleared before the call: a function that reports nothing leaves nothing.
    SetLastError(0xDEAD);
    GetTickCount();
    assert_eq!(LastError::of_last_import(), LastError::NONE);
}

#[test]
fn text_is_utf16() {
    assert_eq!(lstrlen("Grüße, 👋"), 9);
}

#[test]
fn entry_points_may_be_numbers() {
    assert_eq!(network_order(0x1234), 0x3412);
}

#[test]
fn the_c_library_sorts_with_a_closure() {
    let mut numbers: Vec<i32> = (0..1000).map(|n| n * 7919 % 1000).collect();
    let calls = Cell::new(0);
    unsafe {
        qsort(numbers.as_mut_ptr(), numbers.len(), 4, |a, b| {
            calls.set(calls.get() + 1);
            a.cmp(b) as i32
        });
    }
    assert!(numbers.iter().copied().eq(0..1000));
    assert!(calls.get() > 1000);
    assert_eq!(sqrt(2.25), 1.5);
}

#[test]
fn a_panic_passes_the_native_frames() {
    let mut numbers = [3, 1, 2];
    let sort = || unsafe { qsort(numbers.as_mut_ptr(), 3, 4, |_, _| -> i32 { panic!("cannot compare") }) };
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(sort)).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"cannot compare"));
}

/// `RT_GROUP_ICON`.
const ICONS: usize = 14;

#[test]
fn resources_are_enumerated() {
    let shell = LoadLibrary("shell32").unwrap();
    let mut names = Vec::new();
    unsafe {
        EnumResourceNames(
            shell,
            ICONS,
            |module, kind, name, parameter| {
                assert_eq!((module, kind, parameter), (shell, ICONS, 7));
                names.push(name);
                true
            },
            7,
        )
    }
    .unwrap();
    assert!(!names.is_empty());
    for name in names.into_iter().filter(|name| *name < 0x1_0000) {
        assert_ne!(unsafe { FindResource(shell, name, ICONS) }, 0, "resource {name}");
    }
}

#[test]
fn foreign_threads_enter_a_shared_closure() {
    use std::sync::mpsc::channel;
    let (send, receive) = channel();
    let mut id = 0;
    // The closure outlives the call only if the thread does: it waits for the answer.
    let start = move |n: usize| -> u32 {
        send.send((n, std::thread::current().id())).unwrap();
        7
    };
    let declaration: &'static pinvoke::upcall::Declaration<unsafe extern "system" fn(usize) -> u32> =
        Box::leak(Box::new(pinvoke::upcall::Declaration::new("thread")));
    let callback = declaration.owned_anywhere(start).unwrap();
    let function = callback.function();
    let thread = unsafe { StartThread(std::ptr::null(), 0, function, 42, 0, &mut id) };
    let (n, other) = receive.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
    assert_eq!(n, 42);
    assert_ne!(other, std::thread::current().id());
    assert_eq!(WaitForSingleObject(thread, 30_000), 0);
    let mut code = 0;
    assert!(GetExitCodeThread(thread, &mut code));
    assert_eq!(code, 7);
}

#[dll_import("kernel32", bool = Bool32)]
unsafe extern "system" {
    #[dll_import(entry_point = "CreateThread")]
    fn StartThread(
        security: *const u8,
        stack: usize,
        start: unsafe extern "system" fn(usize) -> u32,
        parameter: usize,
        flags: u32,
        id: &mut u32,
    ) -> isize;
    safe fn WaitForSingleObject(object: isize, milliseconds: u32) -> u32;
    safe fn GetExitCodeThread(thread: isize, code: &mut u32) -> bool;
}
