//! The name of a thread as Windows has it: its description.
//!
//! Asked for in reports only, so the function is looked up then: the first versions of Windows 10 have it in another
//! library, earlier ones nowhere.
#![allow(unsafe_code, reason = "the system is asked for the name of the thread")]

use core::ptr::{null_mut, slice_from_raw_parts};

use windows_sys::Win32::Foundation::{HANDLE, LocalFree};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Threading::GetCurrentThread;
use windows_sys::w;

type GetThreadDescription = unsafe extern "system" fn(HANDLE, *mut *mut u16) -> i32;

/// The name that the operating system has for this thread.
pub(super) fn of_this_thread() -> Option<String> {
    // SAFETY: the name is constant and ends with NUL. The library is part of every process.
    let kernel = unsafe { GetModuleHandleW(w!("kernel32.dll")) };
    // SAFETY: a library that stays, or null, which is refused; the name ends with NUL.
    let function = unsafe { GetProcAddress(kernel, c"GetThreadDescription".as_ptr().cast()) }?;
    // SAFETY: this is the documented type of the function.
    let describe = unsafe {
        core::mem::transmute::<unsafe extern "system" fn() -> isize, GetThreadDescription>(function)
    };
    let mut text = null_mut();
    // SAFETY: takes nothing and returns the constant that stands for the calling thread.
    let thread = unsafe { GetCurrentThread() };
    // SAFETY: stores a pointer to a text that ends with NUL, and that is the caller's to free, unless it fails.
    let result = unsafe { describe(thread, &raw mut text) };
    if result < 0 || text.is_null() {
        return None;
    }
    let mut length = 0;
    // SAFETY: within the text up to its NUL.
    while unsafe { *text.wrapping_add(length) } != 0 {
        length += 1;
    }
    // SAFETY: so many units were looked at just now, and nobody else has the text.
    let units = unsafe { &*slice_from_raw_parts(text, length) };
    let name = String::from_utf16_lossy(units);
    // SAFETY: documented to be freed by this function, and not used any more.
    unsafe { LocalFree(text.cast()) };
    (!name.is_empty()).then_some(name)
}
