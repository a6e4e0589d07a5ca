//! The data of one thunk: whom it calls, for whom, and what became of it.
//!
//! A slot is one cache line and is never unmapped, so that a native call that comes too late still
//! finds it. Its life is a cycle:
//!
//! ```text
//!   unused ──► live ──► [dropped while running] ──► dead, resting ──► live (next generation) …
//! ```
//!
//! Invariants, relied on by the thunks, the shims and the table:
//!
//! 1. Native code reads `target` only. All other fields are for the code behind it, which receives
//!    the slot's own address; so there is no moment at which a thunk pairs the context of one
//!    callback with the code of another. `target` is written last when a callback comes to life and
//!    first when it dies.
//! 2. While `gate` counts an invocation, `context` stays valid: whoever drops the callback
//!    meanwhile leaves that to the last invocation, or waits for it. `declaration` is static.
//! 3. The fields are atomics because threads race on them when native code calls too late, or from
//!    a thread where it must not; relaxed loads and stores are plain moves.
//! 4. All zero is an unused slot.

use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

use super::gate::{self, Owner};
use super::machine::{Dispatch, Flavour};
use super::plan::UpcallPlan;
use super::policy::{OnPanic, OnWrongThread};
use crate::native::CodePtr;

/// The data of one thunk. The first field is the one that thunk code jumps through.
#[repr(C, align(64))]
#[derive(Debug)]
pub(crate) struct Slot {
    target: AtomicPtr<()>,
    /// For targets that are an `entry_*`: where that leads.
    dispatch: AtomicPtr<()>,
    /// For the same: what it goes by.
    pub(super) plan: AtomicPtr<UpcallPlan>,
    /// The closure; in a dead slot, the next one that rests.
    context: AtomicPtr<()>,
    declaration: AtomicPtr<Header>,
    /// Who may call and how many do; see [`super::gate`].
    gate: AtomicU64,
    generation: AtomicU32,
    /// Bytes from the thunk's code to the slot, which one 32-bit displacement reaches.
    code_distance: AtomicI32,
    flavour: AtomicU8,
    /// In which strand of the table the thunk rests; for the table, as the next.
    strand: AtomicU8,
    /// When it began to rest.
    resting_since: AtomicU32,
}

/// What every declaration of a callback begins with.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) name: &'static str,
    pub(crate) on_panic: OnPanic,
    pub(crate) on_wrong_thread: OnWrongThread,
}

/// How to dispatch a call that came in through `entry_*`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) dispatch: Dispatch,
    pub(crate) plan: &'static UpcallPlan,
}

/// What a slot becomes when a callback comes to life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occupant {
    pub(crate) target: *const (),
    /// For targets that are an `entry_*`.
    pub(crate) form: Option<Form>,
    pub(crate) context: *mut (),
    /// Of a static declaration, with the right to read all of it.
    pub(crate) declaration: *const Header,
    pub(crate) owner: Owner,
}

impl Slot {
    /// Where `entry_*` finds the dispatch function.
    pub(crate) const DISPATCH_OFFSET: usize = offset_of!(Slot, dispatch);

    /// A slot whose thunk nobody has seen.
    pub(crate) const fn unused() -> Slot {
        Slot {
            target: AtomicPtr::new(null_mut()),
            dispatch: AtomicPtr::new(null_mut()),
            plan: AtomicPtr::new(null_mut()),
            context: AtomicPtr::new(null_mut()),
            declaration: AtomicPtr::new(null_mut()),
            gate: AtomicU64::new(0),
            generation: AtomicU32::new(0),
            code_distance: AtomicI32::new(0),
            flavour: AtomicU8::new(0),
            strand: AtomicU8::new(0),
            resting_since: AtomicU32::new(0),
        }
    }

    /// Notes which thunk this slot belongs to; once, before anybody gets it.
    pub(crate) fn set_thunk(&self, flavour: Flavour, code: *const u8) {
        let distance = core::ptr::from_ref(self).addr().wrapping_sub(code.addr()).cast_signed();
        let Ok(distance) = i32::try_from(distance) else {
            unreachable!("the thunk's code reaches the slot with a 32-bit displacement")
        };
        self.code_distance.store(distance, Ordering::Relaxed);
        self.flavour.store(flavour as u8, Ordering::Relaxed);
    }

    /// The code that native code is given.
    #[inline]
    pub(crate) fn code(&self) -> CodePtr {
        let distance = self.code_distance.load(Ordering::Relaxed) as isize;
        let code = core::ptr::from_ref(self).cast::<c_void>().wrapping_byte_offset(-distance);
        CodePtr::of_function(code)
    }

    /// The flavour of its thunk.
    #[inline]
    pub(crate) fn flavour(&self) -> Flavour {
        Flavour::ALL[usize::from(self.flavour.load(Ordering::Relaxed))]
    }

    /// Brings a callback to life.
    #[inline]
    pub(crate) fn occupy(&self, occupant: Occupant) {
        // Nobody looks for the form of a target that is no entry.
        if let Some(Form { dispatch, plan }) = occupant.form {
            self.dispatch.store(dispatch as *mut (), Ordering::Relaxed);
            self.plan.store(core::ptr::from_ref(plan).cast_mut(), Ordering::Relaxed);
        }
        self.context.store(occupant.context, Ordering::Relaxed);
        self.declaration.store(occupant.declaration.cast_mut(), Ordering::Relaxed);
        self.generation.store(self.generation().wrapping_add(1).max(1), Ordering::Relaxed);
        self.gate.store(occupant.owner.key(), Ordering::Relaxed);
        self.target.store(occupant.target.cast_mut(), Ordering::Release);
    }

    /// Lets later calls through the thunk end in a report. Those past it, and those on their way, find the
    /// gate closed.
    #[inline]
    pub(crate) fn die(&self) {
        self.target.store(self.flavour().dead().cast_mut(), Ordering::Release);
    }

    #[inline]
    pub(crate) fn context(&self) -> *mut () {
        self.context.load(Ordering::Relaxed)
    }

    /// The plan of an occupant with a form.
    ///
    /// # Safety
    /// The slot is occupied, with a form.
    #[inline]
    pub(crate) unsafe fn plan(&self) -> &'static UpcallPlan {
        let plan = self.plan.load(Ordering::Relaxed);
        // SAFETY: the caller vouches that a `&'static UpcallPlan` was stored.
        unsafe { &*plan }
    }

    #[inline]
    pub(crate) fn declaration(&self) -> *const Header {
        self.declaration.load(Ordering::Relaxed)
    }

    /// The declaration of the callback; of a dead one too, until the slot is occupied again.
    pub(crate) fn header(&self) -> Header {
        let declaration = self.declaration();
        if declaration.is_null() {
            return Header { name: "?", on_panic: OnPanic::Abort, on_wrong_thread: OnWrongThread::Abort };
        }
        // SAFETY: only addresses of static declarations are stored.
        unsafe { *declaration }
    }

    #[inline]
    pub(crate) fn generation(&self) -> u32 {
        self.generation.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn gate(&self) -> &AtomicU64 {
        &self.gate
    }

    /// Whether a callback lives here.
    pub(crate) fn is_live(&self) -> bool {
        self.generation() != 0 && self.gate.load(Ordering::Acquire) & gate::DROPPED == 0
    }

    /// The next slot that rests behind this one; for the table, under its lock, as what follows.
    pub(crate) fn next_resting(&self) -> *const Slot {
        self.context().cast::<Slot>().cast_const()
    }

    pub(crate) fn set_next_resting(&self, next: *const Slot) {
        self.context.store(next.cast_mut().cast(), Ordering::Relaxed);
    }

    /// Begins to rest, with nobody behind it.
    #[inline]
    pub(crate) fn rest(&self, now: u32) {
        self.set_next_resting(null());
        self.resting_since.store(now, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn resting_since(&self) -> u32 {
        self.resting_since.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn strand(&self) -> u8 {
        self.strand.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set_strand(&self, strand: u8) {
        self.strand.store(strand, Ordering::Relaxed);
    }
}

const _: () = assert!(size_of::<Slot>() == 64 && offset_of!(Slot, target) == 0);
