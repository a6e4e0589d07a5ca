//! UTF-16 and UTF-32.

use core::fmt;
use core::mem::MaybeUninit;

use super::{CharSet, Unit};
use crate::c_text::InteriorNul;
use crate::marshal::length::{enough_memory, make_room};
use crate::marshal::{MarshalError, Reason, Utf16, Utf32};
use crate::transcode::{self, SLACK};

/// Texts of up to this many bytes are passed from the stack.
const STACK_LIMIT: usize = 512;

/// Room for one text of wide units; nothing is allocated or initialised before it is used.
#[repr(align(32))]
#[doc(hidden)]
pub struct WideRoom<U> {
    stack: [MaybeUninit<U>; STACK_LIMIT + SLACK],
    heap: Vec<U>,
}

impl<U: Unit> WideRoom<U> {
    #[inline]
    const fn new() -> WideRoom<U> {
        WideRoom { stack: [const { MaybeUninit::uninit() }; STACK_LIMIT + SLACK], heap: Vec::new() }
    }

    /// Room for a text of so many bytes, its NUL and the slack.
    #[inline]
    fn start(&mut self, bytes: usize) -> Result<*mut U, MarshalError> {
        if bytes <= STACK_LIMIT {
            return Ok(self.stack.as_mut_ptr().cast());
        }
        make_room(&mut self.heap, bytes + SLACK)?;
        Ok(self.heap.as_mut_ptr())
    }
}

impl<U> fmt::Debug for WideRoom<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WideRoom")
    }
}

macro_rules! wide {
    ($set:ty, $unit:ty, $name:literal, $encode:ident, $decode:ident, $length:expr) => {
        impl CharSet for $set {
            type Unit = $unit;
            type Bool = crate::marshal::Bool8;
            type Buffer = WideRoom<$unit>;
            const NAME: &'static str = $name;

            #[inline]
            fn buffer() -> WideRoom<$unit> {
                WideRoom::new()
            }

            fn encode(text: &str, units: &mut Vec<$unit>) -> Result<(), MarshalError> {
                make_room(units, text.len() + SLACK)?;
                // SAFETY: the capacity is at least the length.
                let end = unsafe { units.as_mut_ptr().add(units.len()) };
                // SAFETY: there is room for a unit per byte and the slack.
                let encoded = unsafe { transcode::$encode(text, end) };
                // SAFETY: so many more were written.
                unsafe { units.set_len(units.len() + encoded.units) };
                Ok(())
            }

            #[inline]
            fn terminate(text: &str, buffer: &mut WideRoom<$unit>) -> Result<*const $unit, MarshalError> {
                let start = buffer.start(text.len())?;
                // SAFETY: there is room for a unit per byte and the slack.
                let encoded = unsafe { transcode::$encode(text, start) };
                if encoded.has_nul {
                    return Err(InteriorNul::find(text).into());
                }
                // SAFETY: at most a unit per byte was written, and there is room for more.
                let end = unsafe { start.add(encoded.units) };
                // SAFETY: as above.
                unsafe { end.write(0) };
                Ok(start)
            }

            fn decode(units: &[$unit]) -> Result<String, MarshalError> {
                // At most three bytes for each unit of 16 bits, and four for one of 32.
                enough_memory::<[u8; 4]>(units.len())?;
                transcode::$decode(units)
                    .map_err(|position| Reason::NotUnicode { encoding: $name, position }.into())
            }

            fn units_of(text: &str) -> usize {
                $length(text)
            }
        }
    };
}

wide!(Utf16, u16, "UTF-16", utf16_of, text_of_utf16, |t: &str| t.encode_utf16().count());
wide!(Utf32, u32, "UTF-32", utf32_of, text_of_utf32, |t: &str| t.chars().count());
