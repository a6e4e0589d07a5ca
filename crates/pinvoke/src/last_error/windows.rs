//! The last error of Windows: a number of the thread, in the thread's own block of the system.
#![allow(unsafe_code, reason = "the last error is asked of the system")]

use core::ptr::{null, null_mut};

use windows_sys::Win32::Foundation as codes;
use windows_sys::Win32::Foundation::{GetLastError, SetLastError};
use windows_sys::Win32::System::Diagnostics::Debug::{
    FORMAT_MESSAGE_FROM_SYSTEM, FORMAT_MESSAGE_IGNORE_INSERTS, FormatMessageW,
};

use super::LastError;

/// What a code is called in messages.
pub(super) const WORD: &str = "error";

/// A library is missing.
pub(super) const LIBRARY_MISSING: i32 = codes::ERROR_MOD_NOT_FOUND.cast_signed();
/// An entry point is missing.
pub(super) const ENTRY_POINT_MISSING: i32 = codes::ERROR_PROC_NOT_FOUND.cast_signed();
/// A value cannot be converted.
pub(super) const INVALID_VALUE: i32 = codes::ERROR_INVALID_PARAMETER.cast_signed();

/// The code as messages show it: codes have no sign.
pub(super) fn shown(code: i32) -> u32 {
    code.cast_unsigned()
}

/// `FORMAT_MESSAGE_MAX_WIDTH_MASK`: no line breaks in the text.
const ONE_LINE: u32 = 0xFF;

/// The text in the language of the user, without the line break and the full stop at its end.
pub(super) fn message(code: i32) -> String {
    let mut buffer = [0_u16; 1024];
    let flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | ONE_LINE;

    // The length is that of an array of 1024.
    let capacity = 1024;
    // SAFETY: writes at most `capacity` units to the buffer; without inserts no arguments are read.
    let length = unsafe {
        FormatMessageW(flags, null(), code.cast_unsigned(), 0, buffer.as_mut_ptr(), capacity, null_mut())
    };
    let text = buffer.get(..length as usize).unwrap_or_default();
    let text = String::from_utf16_lossy(text);
    match text.trim_end().trim_end_matches('.') {
        "" => format!("Unknown error {}", shown(code)),
        text => text.to_owned(),
    }
}

/// The way to the calling thread's last error, for clearing and reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrnoCell(());

impl ErrnoCell {
    #[inline]
    pub(crate) fn of_this_thread() -> ErrnoCell {
        ErrnoCell(())
    }

    #[inline]
    pub(crate) fn get(self) -> LastError {
        // SAFETY: reads a number of this thread.
        LastError(unsafe { GetLastError() }.cast_signed())
    }

    #[inline]
    pub(crate) fn set(self, value: LastError) {
        // SAFETY: sets a number of this thread.
        unsafe { SetLastError(value.0.cast_unsigned()) }
    }
}

/// The last error that native code and a closure leave each other, out of reach of what a callback looks up for itself
/// between the two: variables of a thread are slots of the system in programs that GNU's tools link, and `TlsGetValue`
/// clears the last error (its documentation, "Return value").
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sheltered(LastError);

impl Sheltered {
    #[inline(always)]
    pub(crate) fn now() -> Sheltered {
        Sheltered(ErrnoCell(()).get())
    }

    #[inline(always)]
    pub(crate) fn put_back(self) {
        ErrnoCell(()).set(self.0);
    }
}

macro_rules! names {
    ($($name:ident)*) => {
        /// The name of a code, for those that programs meet.
        pub(super) fn name(code: i32) -> Option<&'static str> {
            match code.cast_unsigned() {
                $(codes::$name => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

names! {
    ERROR_INVALID_FUNCTION ERROR_FILE_NOT_FOUND ERROR_PATH_NOT_FOUND ERROR_TOO_MANY_OPEN_FILES
    ERROR_ACCESS_DENIED ERROR_INVALID_HANDLE ERROR_ARENA_TRASHED ERROR_NOT_ENOUGH_MEMORY ERROR_INVALID_BLOCK
    ERROR_BAD_ENVIRONMENT ERROR_BAD_FORMAT ERROR_INVALID_ACCESS ERROR_INVALID_DATA ERROR_OUTOFMEMORY
    ERROR_INVALID_DRIVE ERROR_CURRENT_DIRECTORY ERROR_NOT_SAME_DEVICE ERROR_NO_MORE_FILES ERROR_WRITE_PROTECT
    ERROR_BAD_UNIT ERROR_NOT_READY ERROR_BAD_COMMAND ERROR_CRC ERROR_BAD_LENGTH ERROR_SEEK ERROR_GEN_FAILURE
    ERROR_SHARING_VIOLATION ERROR_LOCK_VIOLATION ERROR_HANDLE_EOF ERROR_HANDLE_DISK_FULL ERROR_NOT_SUPPORTED
    ERROR_BAD_NETPATH ERROR_DEV_NOT_EXIST ERROR_NETWORK_ACCESS_DENIED ERROR_BAD_NET_NAME ERROR_FILE_EXISTS
    ERROR_CANNOT_MAKE ERROR_INVALID_PASSWORD ERROR_INVALID_PARAMETER ERROR_BROKEN_PIPE ERROR_OPEN_FAILED
    ERROR_BUFFER_OVERFLOW ERROR_DISK_FULL ERROR_CALL_NOT_IMPLEMENTED ERROR_SEM_TIMEOUT
    ERROR_INSUFFICIENT_BUFFER ERROR_INVALID_NAME ERROR_MOD_NOT_FOUND ERROR_PROC_NOT_FOUND
    ERROR_WAIT_NO_CHILDREN ERROR_NEGATIVE_SEEK ERROR_DIR_NOT_EMPTY ERROR_PATH_BUSY ERROR_BAD_ARGUMENTS
    ERROR_BAD_PATHNAME ERROR_BUSY ERROR_ALREADY_EXISTS ERROR_INVALID_ORDINAL ERROR_BAD_EXE_FORMAT
    ERROR_EXE_MACHINE_TYPE_MISMATCH ERROR_ENVVAR_NOT_FOUND ERROR_FILENAME_EXCED_RANGE ERROR_BAD_PIPE
    ERROR_PIPE_BUSY ERROR_NO_DATA ERROR_PIPE_NOT_CONNECTED ERROR_MORE_DATA WAIT_TIMEOUT ERROR_NO_MORE_ITEMS
    ERROR_DIRECTORY ERROR_PARTIAL_COPY ERROR_INVALID_ADDRESS ERROR_ARITHMETIC_OVERFLOW ERROR_PIPE_CONNECTED
    ERROR_OPERATION_ABORTED ERROR_IO_INCOMPLETE ERROR_IO_PENDING ERROR_NOACCESS ERROR_STACK_OVERFLOW
    ERROR_INVALID_FLAGS ERROR_UNRECOGNIZED_VOLUME ERROR_FILE_INVALID ERROR_NO_TOKEN ERROR_DLL_INIT_FAILED
    ERROR_NO_UNICODE_TRANSLATION ERROR_NOT_FOUND ERROR_SERVICE_DOES_NOT_EXIST ERROR_CANCELLED
    ERROR_PRIVILEGE_NOT_HELD ERROR_LOGON_FAILURE ERROR_TIMEOUT ERROR_INVALID_WINDOW_HANDLE
    ERROR_INVALID_MENU_HANDLE ERROR_INVALID_CURSOR_HANDLE ERROR_CANNOT_FIND_WND_CLASS
    ERROR_CLASS_ALREADY_EXISTS ERROR_CLASS_DOES_NOT_EXIST ERROR_INVALID_INDEX ERROR_INVALID_THREAD_ID
    ERROR_RESOURCE_DATA_NOT_FOUND ERROR_RESOURCE_TYPE_NOT_FOUND ERROR_RESOURCE_NAME_NOT_FOUND
    ERROR_INVALID_PRINTER_NAME ERROR_UNKNOWN_PRINTER_DRIVER ERROR_PRINTER_NOT_FOUND ERROR_INVALID_IMAGE_HASH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names_and_texts() {
        // winerror.h
        let path_not_found = LastError(3);
        assert_eq!(path_not_found.name(), Some("ERROR_PATH_NOT_FOUND"));
        let text = path_not_found.to_string();
        assert!(text.starts_with("error 3 ERROR_PATH_NOT_FOUND, "), "{text}");
        assert!(path_not_found.message().to_lowercase().contains("path"), "{text}");
        assert!(!text.ends_with(['.', '\n', ' ']), "{text:?}");
        assert_eq!(LastError(-1).message(), "Unknown error 4294967295");
    }

    #[test]
    fn current_is_the_threads_own() {
        let other = std::thread::spawn(LastError::current).join().unwrap();
        assert!(other.is_none());
        // Joining may have left its own.
        LastError(6).set_current();
        assert_eq!(LastError::current(), LastError(6));
        assert_eq!(std::io::Error::from(LastError::current()).raw_os_error(), Some(6));
    }
}
