//! Objects as C holds them: a [token](crate::token) per object, and the references taken through C.
//!
//! All references that C has taken to one object are one reference of ours and a count. The last one given
//! back makes the token invalid. A notification in another thread may have looked the object up just before;
//! what it finds is the object's [front](callback_object::Front), which outlives the object.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::ffi::c_void;
use std::hash::BuildHasherDefault;
use std::num::NonZeroUsize;

use callback_object::{Error, Front, Guard, Lock, Object, ObjectReference, Status};

use crate::token::{OBJECT, Table};

static TABLE: Table<Front> = Table::new(OBJECT, Front::nowhere);

static HELD: Lock<Held> = Lock::new(Held {
    objects: HashMap::with_hasher(BuildHasherDefault::new()),
    tokens: HashMap::with_hasher(BuildHasherDefault::new()),
});

/// By numbers that this process makes, so that nobody can choose those that collide.
type Numbered<T> = HashMap<usize, T, BuildHasherDefault<DefaultHasher>>;

/// The objects that C holds.
#[derive(Debug)]
struct Held {
    objects: Numbered<Counted>,
    /// By the address of the object.
    tokens: Numbered<NonZeroUsize>,
}

#[derive(Debug)]
struct Counted {
    object: ObjectReference,
    references: isize,
}

fn held() -> Guard<'static, Held> {
    HELD.lock()
}

fn address(object: &ObjectReference) -> usize {
    std::ptr::from_ref::<Object>(object).addr()
}

/// One more reference for C: the token of the object. None if C holds as many objects as there can be tokens.
pub(crate) fn hand_out(object: ObjectReference) -> Option<usize> {
    let held = &mut *held();
    let token = match held.tokens.entry(address(&object)) {
        Entry::Occupied(known) => *known.get(),
        Entry::Vacant(new) => *new.insert(TABLE.insert(|token| object.publish(token))?),
    };
    let counted = held.objects.entry(token.get()).or_insert(Counted { object, references: 0 });
    counted.references += 1;
    Some(token.get())
}

/// The object of a token, with a reference of its own.
pub(crate) fn get(token: usize) -> Option<ObjectReference> {
    held().objects.get(&token).map(|counted| counted.object.clone())
}

/// One more reference; the number there are then.
pub(crate) fn reference(token: usize) -> Option<isize> {
    let mut held = held();
    let counted = held.objects.get_mut(&token)?;
    counted.references += 1;
    Some(counted.references)
}

/// One reference less; the number that is left.
pub(crate) fn dereference(token: usize) -> Option<isize> {
    let (last, left) = {
        let held = &mut *held();
        let Entry::Occupied(mut known) = held.objects.entry(token) else { return None };
        known.get_mut().references -= 1;
        let left = known.get().references;
        if left > 0 {
            return Some(left);
        }
        let last = known.remove().object;
        if let Some(token) = held.tokens.remove(&address(&last)) {
            last.withdraw();
            TABLE.give_back(token);
        }
        (last, left)
    };
    // Possibly the last reference of all, so not under the lock.
    drop(last);
    Some(left)
}

/// Notifies the object of a token; lock-free.
#[inline(always)]
pub(crate) fn notify(token: usize, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
    TABLE.at(token).notify(token, argument1, argument2)
}

/// What is wrong with a pointer that is not a token of an object.
pub(crate) fn invalid(token: usize) -> Status {
    if token == 0 { Status::INVALID_PARAMETER } else { Status::INVALID_HANDLE }
}
