//! Makes stubs known to the unwinder of Windows, so that exceptions, panics and debuggers pass them.
//!
//! A stub with a frame is followed by its `UNWIND_INFO` (see [`unwind_info`]), and the system is told of both by
//! `RtlAddFunctionTable`, in a table of one entry which stays as long as the stub: for the life of the process.

use core::ptr::NonNull;

use pinvoke_abi::stub::x64::unwind_info;
use windows_sys::Win32::System::Diagnostics::Debug::{
    IMAGE_RUNTIME_FUNCTION_ENTRY, IMAGE_RUNTIME_FUNCTION_ENTRY_0, RtlAddFunctionTable,
};

/// Whether stubs can be described.
pub(crate) fn is_offered() -> bool {
    true
}

/// A stub, and behind it what describes it.
pub(super) struct Described {
    pub(super) bytes: Vec<u8>,
    /// Where the code ends and where the description begins, if there is one.
    frame: Option<(u32, u32)>,
}

/// Appends the description to a stub that needs one.
pub(super) fn with_description(code: &[u8]) -> Described {
    let mut bytes = code.to_vec();
    let frame = unwind_info(code).and_then(|info| {
        bytes.resize(code.len().next_multiple_of(4), 0xCC);
        let ends = u32::try_from(code.len()).ok()?;
        let begins = u32::try_from(bytes.len()).ok()?;
        bytes.extend(info);
        Some((ends, begins))
    });
    Described { bytes, frame }
}

impl Described {
    /// Tells the system that it lies at `place`, for as long as the process lives.
    pub(super) fn announce(&self, place: NonNull<u8>) {
        let Some((ends, begins)) = self.frame else { return };
        let entry = IMAGE_RUNTIME_FUNCTION_ENTRY {
            BeginAddress: 0,
            EndAddress: ends,
            Anonymous: IMAGE_RUNTIME_FUNCTION_ENTRY_0 { UnwindInfoAddress: begins },
        };
        let table: &'static IMAGE_RUNTIME_FUNCTION_ENTRY = Box::leak(Box::new(entry));
        // SAFETY: the table stays; what its offsets from `place` lead to was written there and stays as well.
        let told = unsafe { RtlAddFunctionTable(table, 1, place.as_ptr().addr() as u64) };
        debug_assert!(told, "the system takes a table of one entry");
    }
}
