//! Windows: a closure as window procedure, a timer, a message box that is found, read and answered.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use pinvoke::marshal::Bool32;
use pinvoke::native::NativeType;
use pinvoke::upcall::Declaration;
use pinvoke::{Error, dll_import};

type Window = isize;
type Procedure = unsafe extern "system" fn(Window, u32, usize, isize) -> isize;
type TimerProcedure = unsafe extern "system" fn(Window, u32, usize, u32);

/// `WNDCLASSW`.
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Class {
    style: u32,
    procedure: Option<Procedure>,
    class_bytes: i32,
    window_bytes: i32,
    instance: isize,
    icon: isize,
    cursor: isize,
    background: isize,
    menu: *const u16,
    name: *const u16,
}

/// `MSG`.
#[derive(Clone, Copy, Default, NativeType)]
#[repr(C)]
struct Message {
    window: Window,
    message: u32,
    w: usize,
    l: isize,
    time: u32,
    x: i32,
    y: i32,
}

#[dll_import("user32", char_set = Unicode, set_last_error, bool = Bool32)]
unsafe extern "system" {
    safe fn MessageBox(owner: Window, text: &str, caption: &str, kind: u32) -> Result<i32, Error>;
    safe fn EnumWindows(visit: impl FnMut(Window, isize) -> bool, parameter: isize) -> Result<(), Error>;
    safe fn FindWindow(class: Option<&str>, title: &str) -> Window;
    safe fn FindWindowEx(parent: Window, after: Window, class: &str, title: Option<&str>) -> Window;
    safe fn GetWindowText(
        window: Window,
        #[buffer(256)] text: &mut String,
        #[capacity_of(text)] capacity: i32,
    ) -> i32;
    safe fn PostMessage(window: Window, message: u32, w: usize, l: isize) -> Result<(), Error>;

    safe fn RegisterClass(class: &Class) -> u16;
    fn CreateWindowEx(
        style_ex: u32,
        class: &str,
        title: &str,
        style: u32,
        x: i32,
        y: i32,
        width: i32,
        height: i32,
        parent: Window,
        menu: isize,
        instance: isize,
        parameter: usize,
    ) -> Window;
    #[dll_import(calls_back)]
    safe fn SendMessage(window: Window, message: u32, w: usize, l: isize) -> isize;
    #[dll_import(calls_back)]
    safe fn DestroyWindow(window: Window) -> Result<(), Error>;
    safe fn DefWindowProc(window: Window, message: u32, w: usize, l: isize) -> isize;
    fn SetTimer(window: Window, id: usize, milliseconds: u32, procedure: Option<TimerProcedure>) -> usize;
    safe fn KillTimer(window: Window, id: usize) -> Result<(), Error>;
    safe fn GetMessage(message: &mut Message, window: Window, first: u32, last: u32) -> i32;
    #[dll_import(calls_back)]
    safe fn DispatchMessage(message: &Message) -> isize;
}

const OK: i32 = 1;
const WM_COMMAND: u32 = 0x111;
const WM_DESTROY: u32 = 2;
const WM_USER: u32 = 0x400;

/// Wine takes its time for the first window of a new prefix.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_message_box_is_found_read_back_and_answered() {
    const TEXT: &str = "Grüße, 你好, 👋";
    const CAPTION: &str = "pinvoke – Ωμέγα";
    let other = thread::spawn(|| {
        let deadline = Instant::now() + PATIENCE;
        let (mut found, mut text) = (0, String::new());
        while text.is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
            found = FindWindow(None, CAPTION);
            text = text_in(found);
        }
        let mut seen = Vec::new();
        let listed = EnumWindows(
            |window, parameter| {
                assert_eq!(parameter, 11);
                seen.push(window);
                true
            },
            11,
        );
        // Answered before anything can fail: nobody else would.
        let posted = PostMessage(found, WM_COMMAND, 1, 0);
        (found, text, listed, seen, posted)
    });
    assert_eq!(MessageBox(0, TEXT, CAPTION, 0).unwrap(), OK);
    let (found, text, listed, seen, posted) = other.join().unwrap();
    assert_eq!(text, TEXT);
    listed.unwrap();
    posted.unwrap();
    assert!(seen.contains(&found), "{found:#x} is not among {seen:x?}");
}

/// The text of a box: that of the label which has one. The other holds the icon.
fn text_in(window: Window) -> String {
    let (mut label, mut text) = (0, String::new());
    while window != 0 && text.is_empty() {
        label = FindWindowEx(window, label, "Static", None);
        if label == 0 {
            break;
        }
        GetWindowText(label, &mut text);
    }
    text
}

fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

#[test]
fn a_closure_is_a_window_procedure() {
    const PROCEDURE: Declaration<Procedure> = Declaration::new("window procedure");
    let met = Rc::new(RefCell::new(Vec::new()));
    let met_by_procedure = Rc::clone(&met);
    let mut procedure = move |window: Window, message: u32, w: usize, l: isize| -> isize {
        met_by_procedure.borrow_mut().push(message);
        match message {
            WM_USER => isize::try_from(w).unwrap() + l,
            m if m == WM_USER + 1 => panic!("not this one"),
            _ => {
                // Back into the system and perhaps into this closure: do not hold on to anything.
                DefWindowProc(window, message, w, l)
            }
        }
    };
    let callback = PROCEDURE.scoped(&mut procedure).unwrap();
    let name = utf16("pinvoke test class");
    let class = Class {
        style: 0,
        procedure: Some(callback.function()),
        class_bytes: 0,
        window_bytes: 0,
        instance: 0,
        icon: 0,
        cursor: 0,
        background: 0,
        menu: std::ptr::null(),
        name: name.as_ptr(),
    };
    assert_ne!(RegisterClass(&class), 0);
    // A window for messages only.
    let window = unsafe { CreateWindowEx(0, "pinvoke test class", "t", 0, 0, 0, 0, 0, -3, 0, 0, 0) };
    assert_ne!(window, 0);
    assert_eq!(SendMessage(window, WM_USER, 40, 2), 42);
    let panic = std::panic::catch_unwind(|| SendMessage(window, WM_USER + 1, 0, 0)).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"not this one"));
    DestroyWindow(window).unwrap();
    assert!(met.borrow().contains(&WM_USER) && met.borrow().contains(&WM_DESTROY), "{:x?}", met.borrow());
}

#[test]
fn a_closure_is_a_timer_procedure() {
    const TIMER: Declaration<TimerProcedure> = Declaration::new("timer");
    let fired = RefCell::new(Vec::new());
    let mut procedure = |_window: Window, message: u32, id: usize, _time: u32| {
        fired.borrow_mut().push((message, id));
    };
    let callback = TIMER.scoped(&mut procedure).unwrap();
    let id = unsafe { SetTimer(0, 0, 10, Some(callback.function())) };
    assert_ne!(id, 0);
    let deadline = Instant::now() + PATIENCE;
    while fired.borrow().len() < 3 && Instant::now() < deadline {
        let mut message = Message::default();
        assert_eq!(GetMessage(&mut message, 0, 0, 0), 1);
        DispatchMessage(&message);
    }
    KillTimer(0, id).unwrap();
    // WM_TIMER
    assert_eq!(fired.borrow()[..3], [(0x113, id); 3]);
}
