//! Typed places in native memory, read and written by name.
//!
//! A [`View`] is what a callback gets for each of its arguments, and what a caller makes of a pointer that a
//! call returned: an address, the declared type of what stands there, and for how long it may be touched.
//! `sb.st_size` in a script is `view.field("st_size")?.read()?`: pointers on the way are followed.
#![allow(unsafe_code, reason = "reads and writes native memory by declared type")]

use std::ffi::c_void;
use std::sync::Arc;

use super::{TypeRef, Value};

/// A place of a declared type in native memory.
#[derive(Clone, Debug)]
pub struct View {
    ty: TypeRef,
    address: usize,
    /// How it was reached: `sb->st_size`.
    path: Arc<str>,
}

/// Why native memory was not read or written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct ViewError {
    path: Arc<str>,
    what: String,
}

impl ViewError {
    pub(crate) fn new(path: &Arc<str>, what: impl Into<String>) -> ViewError {
        ViewError { path: path.clone(), what: what.into() }
    }
}

impl View {
    /// The place at `address`.
    ///
    /// # Safety
    /// A value of type `ty` stands at `address` for as long as the view and every view made from it is used,
    /// and the pointers in it are null or point at what their types say.
    #[must_use]
    pub unsafe fn new(ty: TypeRef, address: *mut c_void) -> View {
        View { ty, address: address.expose_provenance(), path: "*".into() }
    }

    /// The declared type of what stands there.
    #[must_use]
    pub fn type_ref(&self) -> &TypeRef {
        &self.ty
    }

    /// Where it stands.
    #[must_use]
    pub fn address(&self) -> usize {
        self.address
    }

    /// How it was reached, for messages: `sb->st_size`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    fn later<T>(&self) -> Result<T, ViewError> {
        Err(ViewError::new(&self.path, "not there yet"))
    }

    /// The value that stands there, by the rules of [`Value`]: text behind `char *`, the members of a
    /// structure, the elements of an array of known length; other pointers as [`Value::Pointer`].
    ///
    /// # Errors
    /// If the type has no values, or the view is used after the callback it belongs to has returned.
    pub fn read(&self) -> Result<Value, ViewError> {
        self.later()
    }

    /// Replaces the value that stands there.
    ///
    /// # Errors
    /// If the value does not fit the type, the place is `const`, or the view is used too late.
    pub fn write(&self, value: &Value) -> Result<(), ViewError> {
        let _ = value;
        self.later()
    }

    /// The member of this name. Pointers to structures are followed.
    ///
    /// # Errors
    /// If it is no structure or has no such member, with the nearest name; if the pointer is null.
    pub fn field(&self, name: &str) -> Result<View, ViewError> {
        let _ = name;
        self.later()
    }

    /// The element at this index of an array, or behind a pointer as in C.
    ///
    /// # Errors
    /// If it has no elements, or the index lies outside an array of known length.
    pub fn index(&self, index: i64) -> Result<View, ViewError> {
        let _ = index;
        self.later()
    }

    /// What the pointer at this place points at.
    ///
    /// # Errors
    /// If it is no pointer, is null, or points at something without values.
    pub fn deref(&self) -> Result<View, ViewError> {
        self.later()
    }

    /// The text that a `char *`, `wchar_t *` or array of characters holds: [`Value::Text`], or the raw units
    /// where it is not valid Unicode.
    ///
    /// # Errors
    /// If it holds no characters.
    pub fn text(&self) -> Result<Value, ViewError> {
        self.later()
    }

    /// `len` bytes from the address that the pointer holds, or of the place itself if it is no pointer.
    ///
    /// # Errors
    /// If the pointer is null.
    pub fn bytes(&self, len: usize) -> Result<Vec<u8>, ViewError> {
        let _ = len;
        self.later()
    }

    /// `count` elements behind a pointer or of an array, as a [`Value::Array`].
    ///
    /// # Errors
    /// If it has no elements, or the pointer is null.
    pub fn elements(&self, count: u64) -> Result<Value, ViewError> {
        let _ = count;
        self.later()
    }

    /// The elements behind a pointer to pointers up to the null one (`char **environ`), as a
    /// [`Value::Array`].
    ///
    /// # Errors
    /// If its elements are not pointers, or it is null.
    pub fn until_null(&self) -> Result<Value, ViewError> {
        self.later()
    }

    /// Whether it is a pointer and null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        false
    }

    /// Names of the members, those of anonymous members included; empty if it is no structure, union or
    /// pointer to one.
    #[must_use]
    pub fn field_names(&self) -> Vec<Arc<str>> {
        Vec::new()
    }
}
