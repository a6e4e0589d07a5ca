//! Whether the walks of a thread begin with a full fence.
//!
//! The fence is what lets others unregister without asking the system, and it is what a short notification
//! spends most of its time on. Which of the two happens more often, nobody knows beforehand; so a thread finds
//! out. At first its walks begin with the fence. When a good many have, and nobody minded, it leaves the fence
//! out from then on, until somebody *recalls* it: asks the system to fence everybody once, after which all
//! threads begin with the fence again.
//!
//! ```text
//!            own thread, after WALKS walks, with a full fence
//!   FENCED ──────────────────────────────────────────────────► UNFENCED
//!     ▲                                                            │
//!     └──────────────── RECALLED ◄─────────────────────────────────┘
//!        when the system has        under the lock of recalls
//!        fenced everybody
//!
//! walk                                     recall
//!   H1  slot.list = object.list              H5  dead, or replaced, is what is to be seen
//!   H2  light fence                          H6  full fence
//!   H3  habit is UNFENCED? then go on        H7  every habit is FENCED? then done
//!   H4  full fence                           H8  RECALLED; heavy fence; FENCED
//! ```
//!
//! After a recall, whoever looks at the slots sees every walk that might not have seen H5:
//! - A walk that found UNFENCED at H3 before the heavy fence had done H1 by then, so H1 is seen.
//! - A walk that looks later finds another word, and fences itself: either it sees H5, or its H1 is seen.
//! - The word becomes UNFENCED with a full fence. If H7 did not see that, whatever follows it sees H5.
//! - A habit that H7 finds to be FENCED again because another recall ends just then is no worse: the heavy
//!   fence of that one came after every walk that found UNFENCED.
//!
//! So the system is asked once for [`WALKS`] walks of a thread at most, however much is unregistered.

use crate::platform;
use crate::sync::{AtomicU32, Ordering};

const UNFENCED: u32 = 0;
const RECALLED: u32 = 1;
const FENCED: u32 = 2;

/// Walks with a fence, one after the other, that are worth about as much as asking the system once.
pub(super) const WALKS: u32 = if platform::IS_MODEL { 1 } else { 1024 };

/// The habit of one thread.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Habit {
    word: AtomicU32,
    /// Walks since the last recall.
    walks: AtomicU32,
}

impl Habit {
    pub(super) fn new() -> Habit {
        Habit { word: AtomicU32::new(FENCED), walks: AtomicU32::new(0) }
    }

    /// H3, which must come after H1 and H2. 0 if the walk may go on without a fence.
    #[inline(always)]
    pub(super) fn asks_for_fence(&self) -> usize {
        self.word.load(Ordering::Relaxed) as usize
    }

    /// The thread of this habit is about to begin a walk with a fence.
    pub(super) fn count_fenced_walk(&self) {
        if self.word.load(Ordering::Relaxed) != FENCED {
            return;
        }
        let walks = self.walks.load(Ordering::Relaxed) + 1;
        if walks < WALKS {
            self.walks.store(walks, Ordering::Relaxed);
        } else {
            self.walks.store(0, Ordering::Relaxed);
            // Nobody else changes the word FENCED.
            crate::sync::store_u32_then_fence(&self.word, UNFENCED);
        }
    }

    /// H7.
    pub(super) fn is_fenced(&self) -> bool {
        self.word.load(Ordering::SeqCst) == FENCED
    }

    /// The first half of H8.
    pub(super) fn begin_recall(&self) {
        // It may be the thread's own end that comes first.
        let _ = self.word.compare_exchange(UNFENCED, RECALLED, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// The other half.
    pub(super) fn end_recall(&self) {
        let _ = self.word.compare_exchange(RECALLED, FENCED, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// The thread is no more, and neither is whoever was about to recall it: this is the child of a fork.
    pub(super) fn forget(&self) {
        self.word.store(FENCED, Ordering::SeqCst);
    }

    /// The thread ends, after its last walk.
    pub(super) fn end(&self) {
        let _ = self.word.compare_exchange(UNFENCED, FENCED, Ordering::SeqCst, Ordering::SeqCst);
        self.walks.store(0, Ordering::Relaxed);
    }
}
