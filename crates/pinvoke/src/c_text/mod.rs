//! `&str` as a NUL-terminated `char *` for the length of a call, without the heap.
//!
//! C wants a NUL behind the text and none inside it. Both come from one pass: the bytes are copied
//! into a buffer on the stack while a vector minimum remembers whether any of them was zero. Texts
//! longer than the buffer go to the heap; nothing else does.
//!
//! ```
//! use pinvoke::c_text::with_c_str;
//! # unsafe extern "C" { fn strlen(s: *const core::ffi::c_char) -> usize; }
//! // SAFETY: the pointer is to a NUL-terminated string that lives while the closure runs.
//! let n = with_c_str("grüße", |s| unsafe { strlen(s) })?;
//! assert_eq!(n, 7);
//! let e = with_c_str("a\0b", |_| ()).unwrap_err();
//! assert_eq!(e.to_string(), "the text has a NUL character at byte 1, and C would end it there");
//! # Ok::<(), pinvoke::c_text::InteriorNul>(())
//! ```

#![allow(unsafe_code, reason = "copies into uninitialised stack memory and hands out its address")]

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
mod copy_any;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod copy_x64;

use core::ffi::c_char;
use core::mem::MaybeUninit;

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
use copy_any::{ROOM, terminated};
#[cfg(all(target_arch = "x86_64", not(miri)))]
use copy_x64::{ROOM, terminated};

/// Texts of up to this many bytes are passed from the stack.
pub const STACK_LIMIT: usize = 1024;

/// A text that C would see cut short.
///
/// ```
/// use pinvoke::c_text::{InteriorNul, with_c_str};
///
/// let error = with_c_str("etc\0passwd", |_| ()).unwrap_err();
/// assert_eq!(error, InteriorNul { position: 3 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text has a NUL character at byte {position}, and C would end it there")]
pub struct InteriorNul {
    /// Byte offset of the first NUL.
    pub position: usize,
}

impl InteriorNul {
    #[cold]
    pub(crate) fn find(text: impl AsRef<[u8]>) -> InteriorNul {
        let text = text.as_ref();
        InteriorNul { position: text.iter().position(|b| *b == 0).unwrap_or(text.len()) }
    }
}

/// Calls `f` with the address of a NUL-terminated copy of `text`, valid until `f` returns.
///
/// Up to [`STACK_LIMIT`] bytes nothing is allocated. The native side may write to the copy, within
/// the length of the text; the change is lost.
///
/// # Errors
/// [`InteriorNul`] if the text contains a NUL; `f` is not called then.
///
/// ```
/// use pinvoke::c_text::with_c_str;
///
/// // SAFETY: the text is there while the closure runs.
/// let number = with_c_str("42 apples", |text| unsafe { libc::atoi(text) })?;
/// assert_eq!(number, 42);
/// assert!(with_c_str("4\02", |_| unreachable!("not called")).is_err());
/// # Ok::<(), pinvoke::c_text::InteriorNul>(())
/// ```
#[inline]
pub fn with_c_str<R>(text: &str, f: impl FnOnce(*const c_char) -> R) -> Result<R, InteriorNul> {
    if text.len() > STACK_LIMIT {
        return with_heap(text, f);
    }
    let mut buffer = Stack::new();
    let start = buffer.0.as_mut_ptr().cast::<u8>();
    // SAFETY: the buffer has room behind the longest text that comes here.
    let clean = unsafe { terminated(text.as_bytes(), start) };
    if clean { Ok(f(start.cast_const().cast())) } else { Err(InteriorNul::find(text)) }
}

/// Room for one text that has to outlive the function that converts it: as [`with_c_str`] without the
/// closure.
///
/// ```
/// use pinvoke::c_text::CText;
/// # unsafe extern "C" { fn strlen(s: *const core::ffi::c_char) -> usize; }
/// let mut room = CText::new();
/// let text = room.terminate("grüße")?;
/// // SAFETY: `room` is there, and holds a NUL-terminated string.
/// assert_eq!(unsafe { strlen(text) }, 7);
/// # Ok::<(), pinvoke::c_text::InteriorNul>(())
/// ```
#[derive(Debug)]
pub struct CText {
    stack: Stack,
    heap: Vec<u8>,
}

impl CText {
    /// Room that holds nothing yet. Nothing is allocated or initialised.
    ///
    /// ```
    /// use pinvoke::c_text::CText;
    ///
    /// let mut room = CText::new();
    /// // The same room for one text after the other.
    /// for (text, number) in [("7", 7), ("-12", -12)] {
    ///     let text = room.terminate(text)?;
    ///     // SAFETY: the room is there, and the text is in it.
    ///     assert_eq!(unsafe { libc::atoi(text) }, number);
    /// }
    /// # Ok::<(), pinvoke::c_text::InteriorNul>(())
    /// ```
    #[inline]
    #[must_use]
    pub const fn new() -> CText {
        CText { stack: Stack::new(), heap: Vec::new() }
    }

    /// A NUL-terminated copy of `text`, valid until the room is used again, moved or dropped.
    ///
    /// # Errors
    /// [`InteriorNul`] if the text contains a NUL.
    ///
    /// ```
    /// use pinvoke::c_text::{CText, InteriorNul, STACK_LIMIT};
    ///
    /// let mut room = CText::new();
    /// let long = "x".repeat(2 * STACK_LIMIT); // on the heap
    /// // SAFETY: the room is there, and the text is in it.
    /// assert_eq!(unsafe { libc::strlen(room.terminate(&long)?) }, 2 * STACK_LIMIT);
    /// assert_eq!(room.terminate("a\0b"), Err(InteriorNul { position: 1 }));
    /// # Ok::<(), pinvoke::c_text::InteriorNul>(())
    /// ```
    #[inline]
    pub fn terminate(&mut self, text: &str) -> Result<*const c_char, InteriorNul> {
        self.terminate_bytes(text.as_bytes())
    }

    /// As [`Self::terminate`], for text in whatever encoding native code wants.
    ///
    /// # Errors
    /// [`InteriorNul`] if the text contains a NUL.
    ///
    /// ```
    /// use pinvoke::c_text::CText;
    ///
    /// let mut room = CText::new();
    /// let latin1 = b"gr\xfc\xdfe";
    /// // SAFETY: the room is there, and the text is in it.
    /// assert_eq!(unsafe { libc::strlen(room.terminate_bytes(latin1)?) }, 5);
    /// # Ok::<(), pinvoke::c_text::InteriorNul>(())
    /// ```
    #[inline]
    pub fn terminate_bytes(&mut self, text: &[u8]) -> Result<*const c_char, InteriorNul> {
        let start = if text.len() <= STACK_LIMIT {
            self.stack.0.as_mut_ptr().cast::<u8>()
        } else {
            self.heap = Vec::with_capacity(text.len() + ROOM);
            self.heap.as_mut_ptr()
        };
        // SAFETY: either has room for the text and behind it.
        let clean = unsafe { terminated(text, start) };
        if clean { Ok(start.cast_const().cast()) } else { Err(InteriorNul::find(text)) }
    }
}

impl Default for CText {
    fn default() -> CText {
        CText::new()
    }
}

/// Room for a short text. Aligned, so that such a text does not straddle a cache line.
#[derive(Debug)]
#[repr(align(32))]
struct Stack([MaybeUninit<u8>; STACK_LIMIT + ROOM]);

impl Stack {
    #[inline]
    const fn new() -> Stack {
        Stack([const { MaybeUninit::uninit() }; STACK_LIMIT + ROOM])
    }
}

#[cold]
#[inline(never)]
fn with_heap<R>(text: &str, f: impl FnOnce(*const c_char) -> R) -> Result<R, InteriorNul> {
    let mut buffer = Vec::<u8>::with_capacity(text.len() + ROOM);
    let start = buffer.spare_capacity_mut().as_mut_ptr().cast::<u8>();
    // SAFETY: the vector has room for the text and behind it.
    let clean = unsafe { terminated(text.as_bytes(), start) };
    if clean { Ok(f(start.cast_const().cast())) } else { Err(InteriorNul::find(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::{CStr, CString};

    fn round_trip(text: &str) -> Result<Vec<u8>, InteriorNul> {
        // SAFETY: the pointer is to a NUL-terminated string while the closure runs.
        with_c_str(text, |p| unsafe { CStr::from_ptr(p) }.to_bytes_with_nul().to_vec())
    }

    #[test]
    fn equals_c_string_at_every_length() {
        let text: String = ('!'..'~').cycle().take(3000).collect();
        for n in (0..300).chain(1000..1100).chain([2047, 2048, 2999]) {
            let want = CString::new(&text[..n]).unwrap().into_bytes_with_nul();
            assert_eq!(round_trip(&text[..n]).unwrap(), want, "{n} bytes");
        }
    }

    #[test]
    fn finds_a_nul_at_every_position() {
        for n in (1..140).chain([1023, 1024, 1025, 1500]) {
            for at in (0..n).step_by(if n > 200 { 37 } else { 1 }).chain([n - 1]) {
                let mut text = vec![b'x'; n];
                text[at] = 0;
                let text = String::from_utf8(text).unwrap();
                assert_eq!(round_trip(&text), Err(InteriorNul { position: at }), "{n} bytes, NUL at {at}");
            }
        }
    }

    #[test]
    fn bytes_above_127_are_not_nul() {
        let text = "\u{80}ü\u{10ffff}日".repeat(200);
        assert_eq!(round_trip(&text).unwrap().len(), text.len() + 1);
    }
}
