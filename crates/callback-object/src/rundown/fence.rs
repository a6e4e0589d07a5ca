//! The two halves of a fence.

use crate::platform;
use crate::sync::{AtomicU64, Ordering, compiler_fence, full_fence, store_then_fence};

/// How notifiers and those who unregister see each other's steps.
///
/// ```
/// use callback_object::{Attributes, CallbackObject, Fence};
///
/// // For a program in which routines come and go all the time, and notifications are few.
/// let object = CallbackObject::unnamed(Attributes::new().fence(Fence::Portable));
/// assert_eq!(object.fence_in_use(), Fence::Portable);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fence {
    /// No fence in a thread that notifies often; unregistering asks the system to fence the other threads, if
    /// one of them has notified often and nobody has unregistered since, or is in a long walk of the same
    /// object. Where the system cannot, objects use [`Fence::Portable`].
    Asymmetric,
    /// A full fence per call of a routine; unregistering never asks the system.
    Portable,
    /// None: to see the stress test fail.
    #[cfg(feature = "negative-control")]
    #[doc(hidden)]
    Missing,
}

impl Default for Fence {
    /// [`Fence::Asymmetric`]; `docs/performance.md` has the measurement that decided.
    fn default() -> Fence {
        Fence::Asymmetric
    }
}

impl Fence {
    /// This fence if the system offers it, else the portable one.
    ///
    /// ```
    /// use callback_object::Fence;
    ///
    /// assert_eq!(Fence::Portable.available(), Fence::Portable); // everywhere
    /// if Fence::Asymmetric.available() == Fence::Portable {
    ///     println!("this system cannot fence other threads");
    /// }
    /// ```
    #[must_use]
    pub fn available(self) -> Fence {
        match self {
            Fence::Asymmetric if !platform::fences_others() => Fence::Portable,
            fence => fence,
        }
    }

    pub(crate) fn is_asymmetric(self) -> bool {
        self == Fence::Asymmetric
    }

    /// Whether notifiers fence themselves at every routine.
    pub(crate) fn needs_light_fence(self) -> bool {
        self == Fence::Portable
    }

    /// The side of whoever unregisters.
    pub(crate) fn heavy(self) {
        match self {
            Fence::Asymmetric => platform::fence_others(),
            Fence::Portable => full_fence(),
            #[cfg(feature = "negative-control")]
            Fence::Missing => {}
        }
    }
}

/// The notifier's side.
pub(crate) trait LightFence {
    /// Stores a word and fences it against what is loaded next.
    fn publish(place: &AtomicU64, word: u64);
}

/// Orders the compiler only: the heavy side fences the processor.
pub(crate) struct CompilerOnly;

impl LightFence for CompilerOnly {
    #[inline(always)]
    fn publish(place: &AtomicU64, word: u64) {
        platform::step();
        place.store(word, Ordering::Release);
        compiler_fence(Ordering::SeqCst);
        platform::step();
    }
}

/// Orders the processor.
pub(crate) struct Full;

impl LightFence for Full {
    #[inline(always)]
    fn publish(place: &AtomicU64, word: u64) {
        store_then_fence(place, word);
    }
}

/// Nothing is ordered, and the store stays in the processor's store buffer while the routine runs: it may, and on most
/// days it does not for long enough to be noticed.
#[cfg(feature = "negative-control")]
pub(crate) struct Delayed;

#[cfg(feature = "negative-control")]
impl LightFence for Delayed {
    fn publish(_place: &AtomicU64, _word: u64) {}
}
