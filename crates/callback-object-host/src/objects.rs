//! Objects as C holds them: a [token](crate::token) per object, and the references taken through C.
//!
//! All references that C has taken to one object are one reference of ours and a count. The last one given
//! back makes the token invalid. A notification in another thread may have looked the object up just before;
//! so our reference is [retired](callback_object::retire): dropped when no notification that may have seen it
//! is on its way.
//!
//! # Safety
//!
//! The table holds addresses of objects to which this module holds a reference: they come from
//! `ObjectReference::into_raw` and go back through `from_raw` once, by whoever takes the token out of the
//! table.
#![allow(unsafe_code, reason = "references travel as raw pointers")]

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

use callback_object::{Error, Object, ObjectReference, Status, notify_found, retire};

use crate::token::{OBJECT, Table};

static TABLE: Table<Object> = Table::new(OBJECT);

/// By the address of the object: its token and the number of references that C holds.
static HELD: Mutex<Option<HashMap<usize, Held>>> = Mutex::new(None);

#[derive(Clone, Copy, Debug)]
struct Held {
    token: usize,
    references: isize,
}

fn held() -> MutexGuard<'static, Option<HashMap<usize, Held>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One more reference for C: the token of the object.
pub(crate) fn hand_out(object: ObjectReference) -> usize {
    let mut held = held();
    let held = held.get_or_insert_default();
    let address = std::ptr::from_ref::<Object>(&object).addr();
    if let Some(known) = held.get_mut(&address) {
        known.references += 1;
        return known.token;
    }
    let token = TABLE.insert(object.into_raw().cast_mut());
    held.insert(address, Held { token, references: 1 });
    token
}

/// The object of a token, with a reference of its own.
pub(crate) fn get(token: usize) -> Option<ObjectReference> {
    // Nothing is taken out of the table while this is locked.
    let _held = held();
    // SAFETY: the table's reference keeps the object, and the table does not give it up meanwhile.
    TABLE.peek(token).map(|object| unsafe { ObjectReference::clone_raw(object) })
}

/// One more reference; the number there are then.
pub(crate) fn reference(token: usize) -> Option<isize> {
    let mut held = held();
    let object = TABLE.peek(token)?;
    let known = held.as_mut()?.get_mut(&object.addr())?;
    known.references += 1;
    Some(known.references)
}

/// One reference less; the number that is left.
pub(crate) fn dereference(token: usize) -> Option<isize> {
    let (object, left) = {
        let mut held = held();
        let objects = held.as_mut()?;
        let address = TABLE.peek(token)?.addr();
        let known = objects.get_mut(&address)?;
        known.references -= 1;
        let left = known.references;
        if left > 0 {
            return Some(left);
        }
        objects.remove(&address);
        (TABLE.take(token)?, left)
    };
    // SAFETY: it came from `into_raw`, and whoever takes it out of the table owns it.
    retire(unsafe { ObjectReference::from_raw(object) });
    Some(left)
}

/// Notifies the object of a token; lock-free.
#[inline(always)]
pub(crate) fn notify(token: usize, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
    let place = TABLE.at(token);
    let find = || place?.peek(token).map(<*mut Object>::cast_const);
    // SAFETY: what the table holds is taken out before it is retired.
    unsafe { notify_found(find, argument1, argument2) }
}

/// What is wrong with a pointer that is not a token of an object.
pub(crate) fn invalid(token: usize) -> Status {
    if token == 0 { Status::INVALID_PARAMETER } else { Status::INVALID_HANDLE }
}
