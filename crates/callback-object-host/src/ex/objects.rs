//! Creating and opening objects, references to them, what protects them.
//!
//! # Safety
//!
//! Pointers come from C; each function says in `callback-object-sys` what they must lead to. NULL is checked,
//! objects are looked up.
#![allow(unsafe_code, non_snake_case, reason = "functions of the C interface")]

use std::ffi::c_void;
use std::fmt;
use std::ptr::{self, NonNull};

use callback_object::irql::{self, Irql};
use callback_object::report::{self, Report};
use callback_object::{
    Attributes, CallbackObject, Directory, Disposition, Lock, Object, PanicPolicy, Status,
};
use callback_object_sys::{
    BOOLEAN, LONG_PTR, NTSTATUS, PCALLBACK_OBJECT, PCBO_ACCESS_HOOK, PCSTR, POBJECT_ATTRIBUTES, PVOID,
    STATUS_SUCCESS, ULONG, UNICODE_STRING,
};

use super::attributes::{Flags, Request};
use super::routines::set_last;
use super::{ntstatus, outcome};
use crate::objects;

pub(crate) unsafe extern "system" fn ExCreateCallback(
    object: *mut PCALLBACK_OBJECT,
    attributes: POBJECT_ATTRIBUTES,
    create: BOOLEAN,
    multiple: BOOLEAN,
) -> NTSTATUS {
    if attributes.is_null() && create != 0 && !object.is_null() {
        // Without attributes there is no name.
        return ntstatus(Status::UNSUCCESSFUL);
    }
    // SAFETY: as the caller promises.
    let request = unsafe { Request::read(attributes) };
    // SAFETY: as the caller promises.
    unsafe { answer(object, request, create, multiple) }
}

pub(crate) unsafe extern "system" fn CboCreateCallback(
    object: *mut PCALLBACK_OBJECT,
    name: PCSTR,
    attributes: ULONG,
    create: BOOLEAN,
    multiple: BOOLEAN,
) -> NTSTATUS {
    // SAFETY: as the caller promises.
    let request = unsafe { Request::from_utf8(name, attributes) };
    // SAFETY: as the caller promises.
    unsafe { answer(object, request, create, multiple) }
}

/// # Safety
/// The pointer is NULL or there is room for an object.
unsafe fn answer(
    object: *mut PCALLBACK_OBJECT,
    request: Result<Request, Status>,
    create: BOOLEAN,
    multiple: BOOLEAN,
) -> NTSTATUS {
    let Some(object) = NonNull::new(object) else { return ntstatus(Status::INVALID_PARAMETER) };
    match request.and_then(|request| obtain(request, create != 0, multiple != 0)) {
        Ok(token) => {
            // SAFETY: not NULL, so there is room for an object.
            unsafe { object.write(ptr::without_provenance_mut(token)) };
            STATUS_SUCCESS
        }
        Err(status) => ntstatus(status),
    }
}

/// Opens or creates; the token, with a reference for C.
fn obtain(request: Request, create: bool, multiple: bool) -> Result<usize, Status> {
    let Request { name, flags, security } = request;
    let Some(name) = name else {
        // "Unnamed callback objects are not permitted"; a name is also what is opened.
        return Err(if create { Status::UNSUCCESSFUL } else { Status::OBJECT_PATH_SYNTAX_BAD });
    };
    let attributes = attributes(flags, multiple, security.as_deref());
    let directory = Directory::global();
    let (object, disposition) = if create {
        directory.open_or_create(name, attributes)?
    } else {
        (directory.open(name, attributes)?, Disposition::Opened)
    };
    if disposition == Disposition::Opened {
        admit(&object, flags)?;
    }
    if disposition == Disposition::Created && !flags.permanent() {
        report::send(&Report::NameGone { object: object.name() });
    }
    // The handle goes, and with it the name of a temporary object: a pointer is not a handle.
    objects::hand_out(object.reference()).ok_or_else(|| {
        if disposition == Disposition::Created {
            // Nobody is told of it, so nothing is left of it. The level was low enough to create it.
            let _ = object.make_temporary();
        }
        Status::INSUFFICIENT_RESOURCES
    })
}

fn attributes(flags: Flags, multiple: bool, security: Option<&[u8]>) -> Attributes {
    let mut attributes = Attributes::new().panics(PanicPolicy::Abort);
    if flags.case_insensitive() {
        attributes = attributes.case_insensitive();
    }
    if flags.permanent() {
        attributes = attributes.permanent();
    }
    if !multiple {
        attributes = attributes.single();
    }
    match security {
        Some(descriptor) => attributes.security_descriptor(descriptor),
        None => attributes,
    }
}

/// Who is asked, and the context for it.
#[derive(Clone, Copy)]
struct AccessHook(PCBO_ACCESS_HOOK, *mut c_void);

// SAFETY: the hook is called from any thread, with the context that came with it.
unsafe impl Send for AccessHook {}

static HOOK: Lock<AccessHook> = Lock::new(AccessHook(None, ptr::null_mut()));

/// Asks the hook whether an object may be had.
fn admit(object: &CallbackObject, flags: Flags) -> Result<(), Status> {
    let AccessHook(hook, context) = *HOOK.lock();
    let Some(hook) = hook else { return Ok(()) };
    let object: &Object = object;
    let mut name = object.name_units().to_vec();
    let length = u16::try_from(name.len() * 2).unwrap_or(u16::MAX - 1);
    let name = UNICODE_STRING { Length: length, MaximumLength: length, Buffer: name.as_mut_ptr() };
    let descriptor =
        object.security_descriptor().map_or(ptr::null_mut(), |bytes| bytes.as_ptr().cast_mut().cast());
    // SAFETY: the hook that the host has set, with its context; name and descriptor outlive the call.
    let status = unsafe { hook(context, &raw const name, descriptor, flags.bits()) };
    if status < 0 { Err(Status::from_bits(status.cast_unsigned())) } else { Ok(()) }
}

pub(crate) unsafe extern "system" fn CboSetAccessHook(hook: PCBO_ACCESS_HOOK, context: PVOID) {
    *HOOK.lock() = AccessHook(hook, context);
}

/// An object by its token, for a report.
struct Named(usize);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match objects::get(self.0) {
            Some(object) => f.write_str(&object.name()),
            None => write!(f, "object {:#x}", self.0),
        }
    }
}

/// Has `answer` say something about the object of a token, up to a level: what it says, or 0.
fn ask(
    operation: &'static str,
    token: usize,
    highest: Irql,
    answer: impl FnOnce(usize) -> Option<Result<isize, Status>>,
) -> LONG_PTR {
    let answered = match irql::check(operation, &Named(token), highest) {
        Ok(()) => answer(token).unwrap_or_else(|| Err(unknown(operation, token))),
        Err(error) => Err(error.status()),
    };
    set_last(answered.map(drop));
    answered.unwrap_or(0)
}

/// Reports what is no object; what is wrong with it.
fn unknown(operation: &str, token: usize) -> Status {
    report::send(&Report::Host {
        text: format!("cannot {operation} object {token:#x}: it is not a callback object, or not any more"),
        bug_check: Some(0x18),
    });
    objects::invalid(token)
}

pub(crate) unsafe extern "system" fn ObReferenceObject(object: PVOID) -> LONG_PTR {
    ask("reference", object.addr(), irql::DISPATCH, |token| objects::reference(token).map(Ok))
}

pub(crate) unsafe extern "system" fn ObDereferenceObject(object: PVOID) -> LONG_PTR {
    ask("dereference", object.addr(), irql::DISPATCH, |token| objects::dereference(token).map(Ok))
}

pub(crate) unsafe extern "system" fn ObMakeTemporaryObject(object: PVOID) {
    // The object itself knows up to which level.
    ask("make temporary", object.addr(), Irql::MAX, |token| {
        objects::get(token).map(|object| object.make_temporary().map(|()| 0).map_err(Status::from))
    });
}

pub(crate) unsafe extern "system" fn CboQuerySecurity(
    object: PVOID,
    buffer: PVOID,
    capacity: ULONG,
    length: *mut ULONG,
) -> NTSTATUS {
    let token = object.addr();
    let query = || {
        let object = objects::get(token).ok_or(objects::invalid(token))?;
        let length = NonNull::new(length).ok_or(Status::INVALID_PARAMETER)?;
        let descriptor = object.security_descriptor().unwrap_or_default();
        let size = ULONG::try_from(descriptor.len()).map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        // SAFETY: not NULL, so there is room for a length.
        unsafe { length.write(size) };
        if let Some(buffer) = NonNull::new(buffer.cast::<u8>()).filter(|_| capacity >= size) {
            // SAFETY: the buffer has room for `capacity` bytes, and is not the object's own.
            unsafe { buffer.copy_from_nonoverlapping(NonNull::from(descriptor).cast(), descriptor.len()) };
        }
        Ok::<(), Status>(())
    };
    outcome(query())
}
