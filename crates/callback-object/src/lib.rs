//! Named callback objects, as drivers have them in the Windows kernel, for user-space programs.
//!
//! One component creates `\Callback\TcpConnection`. Others, which know only the name and what its two
//! arguments mean, open it and register a routine. Whenever the creator notifies, they are called: in the
//! order in which they registered, in the notifier's thread, at its IRQL. They leave at any moment, also
//! from inside their routine, and once they have left nobody calls them.
//!
//! ```
//! use std::sync::atomic::{AtomicUsize, Ordering};
//! use callback_object::{Attributes, Directory};
//! # static BYTES: AtomicUsize = AtomicUsize::new(0);
//! let directory = Directory::global();
//!
//! // One component defines what there is to hear about …
//! let connections = directory.create_typed::<String, usize>(r"\Callback\TcpConnection", Attributes::new())?;
//!
//! // … another knows its name. The closure is gone when the registration is dropped.
//! let theirs = directory.open_typed::<String, usize>(r"\Callback\TcpConnection", Attributes::new())?;
//! let registration = theirs.register(|peer, bytes| {
//!     println!("{peer}: {bytes} bytes");
//! #   BYTES.fetch_add(*bytes, Ordering::Relaxed);
//! })?;
//!
//! connections.notify(&"192.0.2.1".to_string(), &1500)?;
//! drop(registration);
//! connections.notify(&"192.0.2.2".to_string(), &40)?;
//! # assert_eq!(BYTES.load(Ordering::Relaxed), 1500);
//! # Ok::<(), callback_object::Error>(())
//! ```
//!
//! Drivers in C, C++ or Rust with a standard library of its own use the same objects through the C library
//! of the crate `callback-object-host`.
//!
//! | to do | see |
//! |---|---|
//! | create, open, list names | [`Directory`], [`Attributes`] |
//! | register a closure | [`ObjectReference::register`], [`Registration`] |
//! | register a C function | [`register_raw`], [`unregister_raw`], [`revoke_raw`] |
//! | notify | [`ObjectReference::notify`], [`TypedObject::notify`] |
//! | publish system-defined objects | [`HostToken`] |
//! | keep to the kernel's levels | [`irql`] |
//! | hear of misuse | [`report`] |
//!
//! # The rules
//!
//! What is promised, as numbered in the tests (`tests/rules`, where one test or more carries the number of
//! each). *W* marks what the Windows documentation says; the rest it leaves open.
//!
//! | | rule |
//! |--:|---|
//! | 1 | Routines are called in order of registration. *W* |
//! | 2 | Context and arguments arrive bit for bit, null included. *W* |
//! | 3 | An object for a single routine takes one at a time; of racing registrations one wins. *W* |
//! | 4 | Whether it is for one is settled by its creator; who opens it later is not asked. *W* |
//! | 5 | The same routine may be registered twice; it is called twice. |
//! | 6 | A routine registered during a notification is not called by it. One registered before it is. |
//! | 7 | A routine unregistered before its turn is not called. |
//! | 8 | Unregistering returns when no other thread is inside the routine and none will enter. |
//! | 9 | It does not wait for other routines, however slow. |
//! | 10 | A routine may unregister itself; its running call finishes, then its closure is freed. |
//! | 11 | Routines that would wait for each other do not: one gets [`Status::POSSIBLE_DEADLOCK`], and its removal completes later. In C a function without a status ends the process instead. |
//! | 12 | A routine may notify, to any depth. |
//! | 13 | Threads may notify at once, one object too; their walks are not ordered. |
//! | 14 | A routine runs at the notifier's IRQL. One that returns at another is reported, the level restored. *W* |
//! | 15 | Notifying never blocks, allocates or asks the system, after a thread's first time. |
//! | 16 | Notifying no object does nothing (C). |
//! | 17 | Registering no routine fails (C). |
//! | 18 | Objects without a name come from a constructor of their own; the directory refuses them. *W* |
//! | 19 | Missing and malformed names get the statuses of Windows. *W* |
//! | 20 | Opening or creating is one step: of racing creators one creates, all get the same object. *W* |
//! | 21 | A name that is something else is [`Status::OBJECT_TYPE_MISMATCH`]. |
//! | 22 | The names of system-defined objects are reserved for the host, which alone notifies them. *W* |
//! | 23 | Case counts unless asked; then units are compared by pairs, one to one. *W* |
//! | 24 | A temporary object's name lives as long as a handle. Through C there is no handle: use permanent ones. *W* |
//! | 25 | A permanent object stays, with its name, until it is made temporary. *W* |
//! | 26 | A registration keeps its object alive. *W* |
//! | 27 | At DISPATCH_LEVEL nothing is created, registered or unregistered: [`Status::INVALID_DEVICE_STATE`]. *W* |
//! | 28 | Objects are created up to APC_LEVEL; strictly at PASSIVE_LEVEL if wanted. *W*, twice |
//! | 29 | A handle that is used again or was made up is found out. |
//! | 30 | A panic runs the remaining routines first; then it goes on in the notifier, or is counted, or aborts: [`PanicPolicy`]. |
//! | 31 | An exception of another language ends the process with a message; it never crosses this crate. |
//! | 32 | A thread that ends inside a routine is reported and counts as returned. |
//! | 33 | In the child of a fork other threads are inside nothing and hold nothing: it may notify, register, unregister, create and open. See [below](#in-the-child-of-a-fork). |
//! | 34 | An image stays loaded while it has registrations (the host). |
//! | 35 | Security descriptors are stored and shown; a hook may decide. *W* |
//!
//! # How it works
//!
//! A notification writes to its own thread's cache lines only, and once it has begun reads one list that
//! nobody changes but by adding to its end: `object/walk.rs`, `object/list.rs`. Unregistering marks the
//! entry dead and looks at the threads' slots: `rundown/mod.rs`. What it costs is in
//! `docs/performance.md`.
//!
//! # In the child of a fork
//!
//! A routine may fork, and so may a program whose threads are just registering, unregistering, creating and opening:
//! `fork` waits until none of them is in the middle of that, which takes some instructions. In the child
//! - everything of this crate can be used, by the thread that forked and by those that it starts;
//! - whoever was waiting for a routine is not there; what it was to do afterwards, such as freeing a closure, is not
//!   done, so that its memory stays in use;
//! - what is not of this crate is as everywhere in the child of a process with threads: what other threads held stays
//!   held, be it a lock that a routine takes or that of standard error, to which reports go. POSIX allows such a child no
//!   more than `exec` needs; that it can allocate memory is a courtesy of the C library.
//!
//! `vfork` and a bare `clone` system call tell nobody: after them nothing of this may be used.
//!
//! # Without the standard library
//!
//! Without the feature `std` the crate needs `alloc` only, and a `Platform`: a word per thread and a way to
//! sleep on a word. The rules stay but for 30 (panics are not caught); `platform/embedded.rs` says what
//! else changes.
//!
//! # Limits
//!
//! - Callbacks are for one process.
//! - Notifying from a signal handler is not supported: the handler may interrupt a notification half-way.
//! - A routine left by `longjmp` stays entered; unregistering it then waits for ever, and says so.
//! - On systems other than Linux and Windows only [`Fence::Portable`] is available. Linux is tested, and Windows
//!   under Wine.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod attributes;
mod directory;
pub mod irql;
mod label;
mod name;
mod object;
mod platform;
mod policy;
pub mod report;
mod rundown;
mod status;
mod sync;
mod typed;

pub use attributes::Attributes;
pub use directory::{AccessHook, Directory, Disposition, HostToken, RESERVED};
pub use name::{MAX_UNITS, Name, upcase};
pub use object::{
    CallbackObject, Front, Handle, Object, ObjectReference, RawRegistration, Registration, RegistrationEntry,
    Removed, Routine, prepare_thread, raw_registrations, register_raw, report_panic, revoke_raw,
    unregister_raw,
};
/// For implementations of other interfaces, of which nobody else must hold a lock in the child of a fork either.
#[cfg(all(feature = "std", not(loom)))]
#[doc(hidden)]
pub use platform::{Guard, Lock};
#[cfg(all(not(feature = "std"), not(loom)))]
pub use platform::{Platform, set_platform, thread_ends};
pub use policy::PanicPolicy;
pub use rundown::Fence;
pub use status::{Error, Status};
pub use typed::TypedObject;
