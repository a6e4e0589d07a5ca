//! Names and attributes as C passes them, checked and taken apart.
//!
//! # Safety
//!
//! Pointers come from C. Whoever passes one vouches that it is NULL or leads to what its type says; what
//! stands there is not trusted.
#![allow(unsafe_code, reason = "structures of the C interface")]

use std::ffi::CStr;
use std::ptr::NonNull;
use std::sync::Arc;

use callback_object::{Name, Status};
use callback_object_sys::{
    OBJ_CASE_INSENSITIVE, OBJ_OPENLINK, OBJ_PERMANENT, OBJ_VALID_ATTRIBUTES, OBJECT_ATTRIBUTES, PCSTR,
    PCUNICODE_STRING, POBJECT_ATTRIBUTES, ULONG,
};

use crate::security;

/// What a caller asks for, with its name still unchecked.
#[derive(Debug)]
pub(crate) struct Request {
    /// `None`: the object is to have no name.
    pub(crate) name: Option<Name<'static>>,
    pub(crate) flags: Flags,
    pub(crate) security: Option<Arc<[u8]>>,
}

/// The `OBJ_*` bits of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(ULONG);

impl Flags {
    /// # Errors
    /// Bits that the documentation does not define, or that no callback object can have (`OBJ_OPENLINK`,
    /// the type's invalid attribute).
    pub(crate) fn new(bits: ULONG) -> Result<Flags, Status> {
        if bits & (!OBJ_VALID_ATTRIBUTES | OBJ_OPENLINK) == 0 {
            Ok(Flags(bits))
        } else {
            Err(Status::INVALID_PARAMETER)
        }
    }

    pub(crate) fn bits(self) -> ULONG {
        self.0
    }

    pub(crate) fn case_insensitive(self) -> bool {
        self.0 & OBJ_CASE_INSENSITIVE != 0
    }

    pub(crate) fn permanent(self) -> bool {
        self.0 & OBJ_PERMANENT != 0
    }
}

impl Request {
    /// # Errors
    /// - `STATUS_INVALID_PARAMETER`: attributes NULL, of another length, or with undefined bits.
    /// - `STATUS_INVALID_HANDLE`: there is a root directory, and there are no handles to directories.
    /// - `STATUS_OBJECT_NAME_INVALID`: the name has an odd number of bytes, or no buffer.
    ///
    /// # Safety
    /// The pointer is NULL or leads to attributes; so do the pointers in them.
    pub(crate) unsafe fn read(attributes: POBJECT_ATTRIBUTES) -> Result<Request, Status> {
        let attributes = NonNull::new(attributes).ok_or(Status::INVALID_PARAMETER)?;
        // The rest is read only when the length says that it is there.
        // SAFETY: not NULL, so it leads to attributes, which begin with their length.
        let length = unsafe { attributes.cast::<ULONG>().read_unaligned() };
        if usize::try_from(length) != Ok(size_of::<OBJECT_ATTRIBUTES>()) {
            return Err(Status::INVALID_PARAMETER);
        }
        // SAFETY: not NULL, and of the right length.
        let attributes = unsafe { attributes.read_unaligned() };
        let flags = Flags::new(attributes.Attributes)?;
        if !attributes.RootDirectory.is_null() {
            return Err(Status::INVALID_HANDLE);
        }
        // SAFETY: NULL or a counted string, as the caller promises.
        let name = unsafe { counted(attributes.ObjectName) }?;
        let security = NonNull::new(attributes.SecurityDescriptor);
        let security = security
            // SAFETY: not NULL, so it leads to a descriptor.
            .map(|descriptor| unsafe { security::copy(descriptor) }.ok_or(Status::INVALID_PARAMETER))
            .transpose()?;
        Ok(Request { name, flags, security })
    }

    /// A request with a name in UTF-8.
    ///
    /// # Errors
    /// As for [`read`](Request::read); a name that is not UTF-8 is `STATUS_OBJECT_NAME_INVALID`.
    ///
    /// # Safety
    /// The name is NULL or ends with 0.
    pub(crate) unsafe fn from_utf8(name: PCSTR, flags: ULONG) -> Result<Request, Status> {
        let flags = Flags::new(flags)?;
        if name.is_null() {
            return Ok(Request { name: None, flags, security: None });
        }
        // SAFETY: not NULL, so it ends with 0.
        let text = unsafe { CStr::from_ptr(name) }.to_str().map_err(|_| Status::OBJECT_NAME_INVALID)?;
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_ne_bytes).collect();
        let name = if bytes.is_empty() { None } else { Some(Name::from_bytes(&bytes)?) };
        Ok(Request { name, flags, security: None })
    }
}

/// The name in a counted string; `None` if there is no string or nothing in it.
///
/// # Safety
/// The pointer is NULL or leads to a counted string, whose buffer is NULL or has as many bytes as it says.
unsafe fn counted(string: PCUNICODE_STRING) -> Result<Option<Name<'static>>, Status> {
    if string.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL.
    let string = unsafe { string.read_unaligned() };
    if string.Length == 0 {
        return Ok(None);
    }
    if string.Buffer.is_null() {
        return Err(Status::OBJECT_NAME_INVALID);
    }
    // SAFETY: the buffer has as many bytes as the string says.
    let bytes = unsafe { std::slice::from_raw_parts(string.Buffer.cast::<u8>(), usize::from(string.Length)) };
    Name::from_bytes(bytes).map(Some)
}
