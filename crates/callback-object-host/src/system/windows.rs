//! The thread that observes the system and notifies, on Windows: a window that nobody sees gets what the system
//! tells all windows.
//!
//! | message | object |
//! |---|---|
//! | `WM_TIMECHANGE` | `\Callback\SetSystemTime` |
//! | `WM_POWERBROADCAST` with `PBT_APMPOWERSTATUSCHANGE` | `\Callback\PowerState`, if the supply is another |
//!
//! No program is told of processors that are added, so `\Callback\ProcessorAdd` exists and is never notified.
//!
//! # Safety
//!
//! The window belongs to the thread of this file, which alone reads its messages; what the window procedure
//! needs is on that thread's stack as long as there is a window.
#![allow(unsafe_code, reason = "windows are a C interface")]

use std::cell::{Cell, RefCell};
use std::io;
use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use callback_object::HostToken;
use windows_sys::Win32::Foundation::{ERROR_CLASS_ALREADY_EXISTS, HWND, LPARAM, LRESULT, WPARAM};
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleW;
use windows_sys::Win32::System::Power::{GetSystemPowerStatus, SYSTEM_POWER_STATUS};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DefWindowProcW, DestroyWindow, DispatchMessageW, GetMessageW, MSG,
    PBT_APMPOWERSTATUSCHANGE, PostMessageW, PostQuitMessage, RegisterClassW, WM_CLOSE, WM_DESTROY,
    WM_POWERBROADCAST, WM_TIMECHANGE, WNDCLASSW,
};

use super::notifier::Notifier;
use super::{PublishError, Veto};

/// The name of the window's class, and by which it is found.
const CLASS: &str = "callback-object-system";

/// Publishes the events of the system until it is dropped.
///
/// ```
/// use callback_object::{Attributes, Directory};
/// use callback_object_host::system::{Publisher, Veto, host};
///
/// match Publisher::start(host()?, Veto::Report) {
///     Ok(publisher) => {
///         // Whoever wants to know of the clock registers now, and hears of it until the publisher goes.
///         let clock = Directory::global().open(r"\Callback\SetSystemTime", Attributes::new())?;
///         let _registration = clock.register(|_, _| println!("the clock has been set"))?;
///         drop(publisher);
///     }
///     Err(refused) => println!("{refused}"), // a container may see no events
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Publisher {
    window: usize,
    thread: Option<JoinHandle<()>>,
}

thread_local! {
    /// What the window procedure of this thread works with.
    static OBSERVED: RefCell<Option<Notifier>> = const { RefCell::new(None) };
    static ON_MAINS: Cell<bool> = const { Cell::new(true) };
}

impl Publisher {
    /// Creates the three objects and begins to observe the system. What happens after this call has returned
    /// is notified.
    ///
    /// ```
    /// use callback_object::Directory;
    /// use callback_object_host::system::{Publisher, Veto, host};
    ///
    /// let host = host()?;
    /// if let Ok(_publisher) = Publisher::start(host, Veto::Report) {
    ///     assert!(Directory::global().names().contains(&r"\Callback\PowerState".to_owned()));
    /// }
    /// # Ok::<(), callback_object_host::system::PublishError>(())
    /// ```
    ///
    /// # Errors
    /// The objects cannot be created in the host's directory, or the system refuses a window.
    pub fn start(host: Arc<HostToken>, veto: Veto) -> Result<Publisher, PublishError> {
        let notifier = Notifier::new(host, veto)?;
        let (tell, told) = channel();
        let system = |what| move |source| PublishError::System { what, source };
        let thread = thread::Builder::new()
            .name(CLASS.to_owned())
            .spawn(move || observe(notifier, &tell))
            .map_err(system("the system, for want of a thread"))?;
        let window = told.recv().unwrap_or_else(|_| Err(io::Error::other("its thread has ended")));
        Ok(Publisher {
            window: window.map_err(system("the system, for want of a window"))?,
            thread: Some(thread),
        })
    }
}

impl Drop for Publisher {
    /// Waits for a notification under way, unless it is a routine of that very notification that stops this.
    fn drop(&mut self) {
        // SAFETY: a message without pointers; if the window is gone it is refused.
        unsafe { PostMessageW(std::ptr::without_provenance_mut(self.window), WM_CLOSE, 0, 0) };
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn observe(notifier: Notifier, tell: &Sender<io::Result<usize>>) {
    OBSERVED.set(Some(notifier));
    ON_MAINS.set(on_mains());
    let window = match window() {
        Ok(window) => window,
        Err(error) => {
            let _ = tell.send(Err(error));
            return;
        }
    };
    let _ = tell.send(Ok(window.addr()));
    let mut message = MSG::default();
    // SAFETY: room for a message; 0 is the end, and -1 an error that there is nothing to do about.
    while unsafe { GetMessageW(&raw mut message, null_mut(), 0, 0) } > 0 {
        // SAFETY: the message just received.
        unsafe { DispatchMessageW(&raw const message) };
    }
    OBSERVED.take();
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// A window without parent, which gets what is broadcast, and which is never shown.
fn window() -> io::Result<HWND> {
    let class = wide(CLASS);
    // SAFETY: no name means the program.
    let program = unsafe { GetModuleHandleW(null()) };
    let description = WNDCLASSW {
        lpfnWndProc: Some(procedure),
        hInstance: program,
        lpszClassName: class.as_ptr(),
        ..WNDCLASSW::default()
    };
    // SAFETY: the name ends with 0; the procedure is code of this image, which the thread keeps.
    if unsafe { RegisterClassW(&raw const description) } == 0 {
        let error = io::Error::last_os_error();
        if error.raw_os_error().map(i32::cast_unsigned) != Some(ERROR_CLASS_ALREADY_EXISTS) {
            return Err(error);
        }
    }
    // SAFETY: the class is there; no parent, no menu, no parameter.
    let window = unsafe {
        CreateWindowExW(
            0,
            class.as_ptr(),
            class.as_ptr(),
            0,
            0,
            0,
            0,
            0,
            null_mut(),
            null_mut(),
            program,
            null(),
        )
    };
    if window.is_null() { Err(io::Error::last_os_error()) } else { Ok(window) }
}

unsafe extern "system" fn procedure(window: HWND, message: u32, wide: WPARAM, long: LPARAM) -> LRESULT {
    match message {
        WM_TIMECHANGE => OBSERVED.with_borrow(|notifier| {
            if let Some(notifier) = notifier {
                notifier.time_set();
            }
        }),
        WM_POWERBROADCAST if u32::try_from(wide) == Ok(PBT_APMPOWERSTATUSCHANGE) => {
            let now = on_mains();
            if ON_MAINS.replace(now) != now {
                OBSERVED.with_borrow(|notifier| {
                    if let Some(notifier) = notifier {
                        notifier.power_changed(now);
                    }
                });
            }
        }
        WM_CLOSE => {
            // SAFETY: the window of this thread.
            unsafe { DestroyWindow(window) };
            return 0;
        }
        // SAFETY: ends the loop of this thread.
        WM_DESTROY => unsafe { PostQuitMessage(0) },
        _ => {}
    }
    // SAFETY: what this procedure was called with.
    unsafe { DefWindowProcW(window, message, wide, long) }
}

/// Whether the system runs on mains; a system that does not know has no battery.
fn on_mains() -> bool {
    let mut status = SYSTEM_POWER_STATUS::default();
    // SAFETY: room for the answer.
    let known = unsafe { GetSystemPowerStatus(&raw mut status) };
    known == 0 || status.ACLineStatus != 0
}
