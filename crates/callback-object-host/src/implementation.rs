//! One implementation for all images of the process.
//!
//! The kernel has one object namespace because there is one kernel. A process can get two without noticing:
//! a host in Rust has this crate in its own image, and a driver in C is linked with the shared library
//! `callback_object`, which has the crate once more. So:
//!
//! - In the shared library every exported function first asks which implementation is the active one. It is
//!   the library's own, in programs that have no other (a host in C, Python, the `pinvoke` command).
//! - A host in Rust keeps its own and makes the library *forward*: [`share`](crate::share()) loads the
//!   library, for all to see, and hands it the interface, a table with the addresses of the host's
//!   functions. From then on the library's functions are jumps. The host's Rust interface and the drivers'
//!   C interface see the same objects, and nothing but the library's file has to be found.
//! - That is decided once. A library that has handed out an object of its own does not change sides.
//! - A driver that has an implementation inside, because it was linked with the crate instead of the
//!   library, is recognised when it is loaded: the name `CboImplementation` in it leads to something else.
//!   It is refused.
//! - A driver that is linked with neither, and exports `CboReceiveFunctions` instead, is handed the interface.
//!
//! # Safety
//!
//! The address of an interface is that of a static of an image that stays loaded: the host's, or this one.
#![allow(unsafe_code, reason = "the interface is a table of C functions")]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use callback_object::report;
use callback_object_sys::{CBO_FUNCTIONS, PVOID};

use crate::module::{Handle, Module, Place, global_symbol};

/// How every interface begins.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) size: u32,
    pub(crate) revision: u32,
}

/// Null until the first use; then the interface that this image's exported functions lead to.
static ACTIVE: AtomicPtr<Header> = AtomicPtr::new(std::ptr::null_mut());

/// The beginning of the interface to which the exported functions lead, if that has been decided.
#[inline]
pub(crate) fn active() -> Option<&'static Header> {
    // SAFETY: null, or the address of the interface of an image that stays loaded.
    unsafe { ACTIVE.load(Ordering::Acquire).as_ref() }
}

/// Makes an interface the active one unless there is one; the active one.
pub(crate) fn decide(interface: &'static Header) -> &'static Header {
    let wanted = std::ptr::from_ref(interface).cast_mut();
    let null = std::ptr::null_mut();
    match ACTIVE.compare_exchange(null, wanted, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            report::set_describer(|address| Place::of(address).to_string());
            interface
        }
        // SAFETY: it is the address of the interface of an image that stays loaded.
        Err(active) => unsafe { &*active },
    }
}

/// The functions of the process's implementation, if that has been decided.
pub(crate) fn functions() -> Option<NonNull<CBO_FUNCTIONS>> {
    // An interface begins with its header, and has the shape of the table: `interface.rs` sees to both.
    NonNull::new(ACTIVE.load(Ordering::Acquire).cast())
}

/// What `CboImplementation` returns in this image; NULL if nothing has been decided.
pub(crate) fn identity() -> PVOID {
    ACTIVE.load(Ordering::Acquire).cast()
}

type Identity = unsafe extern "system" fn() -> PVOID;

/// The shared library whose names everybody sees, for the rest of the process: drivers are bound to it.
static VISIBLE: Mutex<Option<Handle>> = Mutex::new(None);

/// Keeps the shared library.
pub(crate) fn keep_visible(library: Handle) {
    *VISIBLE.lock().unwrap_or_else(PoisonError::into_inner) = Some(library);
}

/// Sees to it that drivers find the functions: in this image if it is the shared library, else in the one
/// that was shared.
pub(crate) fn make_visible() -> Result<(), String> {
    if leads_here(global_symbol(c"CboImplementation")) {
        return Ok(());
    }
    let own = Module::containing(make_visible as *const () as usize);
    if let Some(own) = own.filter(|own| !own.is_program()) {
        // Loaded already: this only makes its names visible.
        // SAFETY: no initialiser runs in an image that is loaded.
        let handle = unsafe { Handle::open(own.path(), true) }.map_err(|error| error.to_string())?;
        keep_visible(handle);
        if leads_here(global_symbol(c"CboImplementation")) {
            return Ok(());
        }
    }
    Err("it would not find the functions of callback objects: share the implementation first".to_owned())
}

/// Whether a `CboImplementation` is that of this implementation, or leads to it.
fn leads_here(function: Option<NonNull<std::ffi::c_void>>) -> bool {
    let Some(function) = function else { return false };
    // SAFETY: whoever exports the name promises that it is this function.
    let function = unsafe { std::mem::transmute::<NonNull<_>, Identity>(function) };
    // SAFETY: it takes nothing and returns an address.
    let theirs = unsafe { function() };
    !theirs.is_null() && theirs == identity()
}

/// Whether an image and those it depends on use this implementation: if not, the images of both.
pub(crate) fn check(image: &Handle) -> Result<(), (String, String)> {
    let Some(theirs) = image.symbol(c"CboImplementation") else { return Ok(()) };
    if leads_here(Some(theirs)) {
        return Ok(());
    }
    let name = |address: usize| Module::containing(address).map_or_else(|| "?".to_owned(), |m| m.name());
    Err((name(identity().addr()), name(theirs.addr().get())))
}
