//! Typed places in native memory, read and written by name.
//!
//! A [`View`] is what a callback gets for each of its arguments, and what a caller makes of a pointer that a
//! call returned: an address, the declared type of what stands there, and for how long it may be touched.
//! `sb.st_size` in a script is `view.field("st_size")?.read()?`: pointers on the way are followed.
//!
//! The arguments of a callback die with its invocation. Their views share a token that ends with it; a view
//! that a script kept in a variable answers with an error from then on.
//!
//! # Safety
//! Reading and writing rely on one promise, given to [`View::new`] or, for callbacks, to
//! [`Downcall::call`](crate::downcall::Downcall::call): what the types say about the memory is true while
//! the view may be used.
#![allow(unsafe_code, reason = "reads and writes native memory by declared type")]

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pinvoke_abi::layout::BitRange;
use pinvoke_decl::types::{TypeId, TypeKind};

use super::{Pointer, TypeRef, Value};
use crate::marshal::{self, Frame, Reader, Shape, Trust, structure};

const CONST: &str = "it is const";

/// Longest text read through a view, in bytes.
const MAX_TEXT: usize = 16 << 20;

/// Ends together with the invocation of a callback.
#[derive(Debug)]
pub(crate) struct Scope(Arc<AtomicBool>);

impl Scope {
    pub(crate) fn new() -> Scope {
        Scope(Arc::new(AtomicBool::new(true)))
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A place of a declared type in native memory.
///
/// ```
/// use pinvoke::value::{TypeRef, Value, View};
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let mut unit = Unit::new(Target::HOST);
/// unit.parse("example", "struct point { double x, y; };");
/// let (types, point) = unit.type_named("struct point").unwrap();
/// let mut native = [1.5, 2.0];
/// // SAFETY: two doubles stand there, and outlive the view.
/// let view = unsafe { View::new(TypeRef::new(&types, point), native.as_mut_ptr().cast()) };
/// assert_eq!(view.field("y")?.read()?, Value::Float(2.0));
/// assert_eq!(view.read()?.to_string(), "{x: 1.5, y: 2.0}");
/// # Ok::<(), pinvoke::value::ViewError>(())
/// ```
#[derive(Clone, Debug)]
pub struct View {
    ty: TypeRef,
    address: usize,
    bits: Option<BitRange>,
    /// Why it may not be written, if so.
    constant: Option<&'static str>,
    /// How it was reached: `sb->st_size`.
    path: Arc<str>,
    /// Until when it may be used; `None` for as long as [`View::new`] was promised.
    scope: Option<Arc<AtomicBool>>,
}

/// Why native memory was not read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what}")]
pub struct ViewError {
    path: Arc<str>,
    what: String,
}

impl ViewError {
    pub(crate) fn of_pointer(pointer: &Pointer) -> ViewError {
        let what = if pointer.address() == 0 { "is null" } else { "leads to nothing of a known size" };
        ViewError { path: pointer.to_string().into(), what: what.to_owned() }
    }
}

impl View {
    /// The place at `address`.
    ///
    /// # Safety
    /// A value of type `ty` stands at `address` for as long as the view and every view made from it is used,
    /// it may be written unless it is `const`, and the pointers in it are null or lead to what their types
    /// say.
    #[must_use]
    pub unsafe fn new(ty: TypeRef, address: *mut c_void) -> View {
        // SAFETY: promised by the caller.
        unsafe { View::named(ty, address.expose_provenance(), "value".into(), None) }
    }

    /// The place at `address`, called `path` in messages, to be used within `scope` only.
    ///
    /// # Safety
    /// As [`View::new`], within the scope.
    pub(crate) unsafe fn named(ty: TypeRef, address: usize, path: Arc<str>, scope: Option<&Scope>) -> View {
        let constant = ty.get().is_const.then_some(CONST);
        View { ty, address, bits: None, constant, path, scope: scope.map(|s| s.0.clone()) }
    }

    /// The place of an argument, which native code does not look at again.
    ///
    /// # Safety
    /// As [`View::new`], within the scope.
    pub(crate) unsafe fn argument(ty: TypeRef, address: usize, path: Arc<str>, scope: &Scope) -> View {
        // SAFETY: promised by the caller.
        let view = unsafe { View::named(ty, address, path, Some(scope)) };
        View { constant: Some("it is an argument by value"), ..view }
    }

    /// The same place taken for another type: what a `const void *` really points at is known to the
    /// caller alone.
    ///
    /// # Safety
    /// As [`View::new`], for the new type.
    #[must_use]
    pub unsafe fn cast(&self, ty: TypeRef) -> View {
        View { ty, bits: None, ..self.clone() }
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

    fn error(&self, what: impl Into<String>) -> ViewError {
        ViewError { path: self.path.clone(), what: what.into() }
    }

    /// Refuses a view whose callback has returned.
    fn check_alive(&self) -> Result<(), ViewError> {
        match &self.scope {
            Some(alive) if !alive.load(Ordering::Acquire) => Err(self.error(
                "used after the callback returned; its arguments are valid during the invocation only",
            )),
            _ => Ok(()),
        }
    }

    /// Another place within reach of this one.
    fn at(&self, id: TypeId, address: usize, path: String) -> View {
        let ty = self.ty.sibling(id);
        let constant = self.constant.or(ty.get().is_const.then_some(CONST));
        View { ty, address, bits: None, constant, path: path.into(), scope: self.scope.clone() }
    }

    /// `len` bytes at `address`, which lies within reach of this place.
    fn load(&self, address: usize, len: usize) -> Result<Vec<u8>, ViewError> {
        self.check_alive()?;
        let mut bytes =
            marshal::zeros(len).ok_or_else(|| self.error(format!("no memory for {len} bytes")))?;
        // SAFETY: the promise of the view covers what its type reaches.
        if unsafe { marshal::copy_from(address, &mut bytes) } {
            Ok(bytes)
        } else {
            Err(self.error(format!("the memory at {address:#x} cannot be read")))
        }
    }

    /// The bytes of the place itself.
    fn raw(&self) -> Result<Vec<u8>, ViewError> {
        let len = match self.bits {
            Some(bits) => (bits.start + bits.width).div_ceil(8) as usize,
            None => self.size()?,
        };
        self.load(self.address, len)
    }

    fn size(&self) -> Result<usize, ViewError> {
        match self.ty.size() {
            Some(_) => Ok(marshal::size_of(self.ty.table(), self.ty.id())),
            None => Err(self.error(format!("nothing is known about what '{}' holds", self.ty))),
        }
    }

    /// The address that the pointer at this place holds.
    fn held(&self) -> Result<usize, ViewError> {
        let mut word = [0; size_of::<usize>()];
        let raw = self.raw()?;
        let len = raw.len().min(word.len());
        word[..len].copy_from_slice(&raw[..len]);
        Ok(usize::from_le_bytes(word))
    }

    fn reader(&self) -> Reader<'static> {
        // SAFETY: the promise of the view.
        unsafe { Trust::new(MAX_TEXT) }.reader()
    }

    /// The value that stands there, by the rules of [`Value`]: text behind `char *`, the members of a
    /// structure, the elements of an array of known length; other pointers as [`Value::Pointer`].
    ///
    /// # Errors
    /// If the type has no values, the memory cannot be read, or the view is used after the callback it
    /// belongs to has returned.
    pub fn read(&self) -> Result<Value, ViewError> {
        let raw = self.raw()?;
        Ok(marshal::read(&self.reader(), self.ty.table(), self.ty.id(), self.bits, &raw))
    }

    /// Replaces the value that stands there. Text fits arrays of characters; a pointer takes null, an
    /// address or a native function, since nothing could own the memory for anything else.
    ///
    /// # Errors
    /// If the value does not fit the type, the place is `const`, or the view is used too late.
    pub fn write(&self, value: &Value) -> Result<(), ViewError> {
        if let Some(reason) = self.constant {
            return Err(self.error(format!("{reason} ('{}')", self.ty)));
        }
        // Bits next to a bit-field stay; everything else starts from zero, as in a new object.
        let mut bytes = self.raw()?;
        if self.bits.is_none() {
            bytes.fill(0);
        }
        let mut frame = Frame::without_memory("nothing here could own the memory it needs");
        marshal::write(&mut frame, self.ty.table(), self.ty.id(), value, self.bits, &mut bytes)
            .map_err(|m| self.error(m.at("the place")))?;
        // SAFETY: the promise of the view; it is not const.
        unsafe { marshal::copy_to(self.address, &bytes) };
        Ok(())
    }

    /// Copies `bytes` to the memory that the pointer at this place leads to, from its first byte on, or
    /// into the place itself if it is an array: for callbacks that are handed a buffer to fill.
    ///
    /// # Errors
    /// If it is no pointer or array, is null or `const`, or the array is shorter.
    pub fn write_bytes(&self, bytes: &[u8]) -> Result<(), ViewError> {
        let (address, constant, room) = match self.ty.kind() {
            TypeKind::Pointer { to } => {
                (self.non_null()?, self.ty.sibling(*to).get().is_const.then_some(CONST), None)
            }
            _ => (self.address, self.constant, Some(self.size()?)),
        };
        if let Some(reason) = constant {
            return Err(self.error(format!("{reason} ('{}')", self.ty)));
        }
        if let Some(room) = room.filter(|room| *room < bytes.len()) {
            return Err(self.error(format!("{} bytes given, {room} is all it holds", bytes.len())));
        }
        self.check_alive()?;
        // SAFETY: the promise of the view; the length is what the caller of a buffer callback knows.
        unsafe { marshal::copy_to(address, bytes) };
        Ok(())
    }

    fn non_null(&self) -> Result<usize, ViewError> {
        match self.held()? {
            0 => Err(self.error("is null")),
            address => Ok(address),
        }
    }

    /// The structure or union here or behind the pointer here.
    fn aggregate(&self) -> Result<View, ViewError> {
        match self.ty.kind() {
            TypeKind::Pointer { .. } => self.deref(),
            _ => Ok(self.clone()),
        }
    }

    /// The member of this name. Pointers to structures are followed.
    ///
    /// # Errors
    /// If it is no structure or has no such member, with the nearest name; if the pointer is null.
    pub fn field(&self, name: &str) -> Result<View, ViewError> {
        let arrow = if matches!(self.ty.kind(), TypeKind::Pointer { .. }) { "->" } else { "." };
        let base = self.aggregate()?;
        let types = base.ty.table();
        let record = structure::record(types, base.ty.id())
            .ok_or_else(|| self.error(format!("'{}' has no members", self.ty)))?;
        let member = structure::member(types, record, name)
            .ok_or_else(|| self.error(structure::no_member(types, record, name)))?;
        let address = base.address.wrapping_add(member.offset);
        let view = base.at(member.ty, address, format!("{}{arrow}{name}", self.path));
        Ok(View { bits: member.bits, ..view })
    }

    /// The element at this index of an array, or behind a pointer as in C.
    ///
    /// # Errors
    /// If it has no elements, or the index lies outside an array of known length.
    pub fn index(&self, index: i64) -> Result<View, ViewError> {
        let path = format!("{}[{index}]", self.path);
        let (element, start, len) = self.sequence()?;
        if index < 0 && len.is_some() || len.is_some_and(|n| index.cast_unsigned() >= n) {
            let len = len.unwrap_or(0);
            return Err(self.error(format!("index {index} is outside its {len} elements")));
        }
        let size = marshal::size_of(self.ty.table(), element);
        let offset = isize::try_from(index).ok().and_then(|i| i.checked_mul(size.cast_signed()));
        let offset =
            offset.ok_or_else(|| self.error(format!("index {index} is outside the address space")))?;
        let view = self.at(element, start.wrapping_add_signed(offset), path);
        // What a constant pointer leads to is as constant as its own type says.
        let constant = if len.is_some() { view.constant } else { view.ty.get().is_const.then_some(CONST) };
        Ok(View { constant, ..view })
    }

    /// Element type, first address and length of an array or of what a pointer leads to.
    fn sequence(&self) -> Result<(TypeId, usize, Option<u64>), ViewError> {
        match self.ty.kind() {
            TypeKind::Array { element, len } => Ok((*element, self.address, *len)),
            TypeKind::Pointer { to } => {
                let element = self.ty.sibling(*to);
                if element.size().is_none() || matches!(element.kind(), TypeKind::Void) {
                    return Err(self.error(format!("nothing is known about what '{}' points at", self.ty)));
                }
                Ok((*to, self.non_null()?, None))
            }
            _ => Err(self.error(format!("'{}' has no elements", self.ty))),
        }
    }

    /// What the pointer at this place points at.
    ///
    /// # Errors
    /// If it is no pointer, is null, or points at something without values.
    pub fn deref(&self) -> Result<View, ViewError> {
        match self.ty.kind() {
            TypeKind::Pointer { to } => {
                let (_, address, _) = self.sequence()?;
                let view = self.at(*to, address, format!("*{}", self.path));
                Ok(View { constant: view.ty.get().is_const.then_some(CONST), ..view })
            }
            _ => Err(self.error(format!("'{}' is no pointer", self.ty))),
        }
    }

    /// The text that a `char *`, `wchar_t *`, array of characters or pointer to bytes leads to:
    /// [`Value::Text`], or the raw units where it is not valid Unicode.
    ///
    /// # Errors
    /// If it holds no characters.
    pub fn text(&self) -> Result<Value, ViewError> {
        match self.ty.kind() {
            TypeKind::Pointer { to } => {
                let address = self.held()?;
                let raw_bytes = matches!(self.ty.sibling(*to).kind(), TypeKind::Void)
                    || marshal::size_of(self.ty.table(), *to) == 1;
                let is_text = matches!(self.ty.sibling(*to).kind(), TypeKind::Char | TypeKind::WideChar);
                if !raw_bytes && !is_text {
                    return Err(self.error(format!("'{}' does not point at characters", self.ty)));
                }
                Ok(marshal::read_text(&self.reader(), self.ty.table(), *to, address))
            }
            TypeKind::Array { element, .. } if marshal::size_of(self.ty.table(), *element) <= 4 => {
                let raw = self.raw()?;
                Ok(marshal::read_memory(&self.reader(), self.ty.table(), *element, Shape::Text, &raw))
            }
            _ => Err(self.error(format!("'{}' holds no characters", self.ty))),
        }
    }

    /// `len` bytes from the address that the pointer holds, or of the place itself if it is no pointer.
    ///
    /// # Errors
    /// If the pointer is null, or the place has fewer bytes.
    pub fn bytes(&self, len: usize) -> Result<Vec<u8>, ViewError> {
        match self.ty.kind() {
            TypeKind::Pointer { .. } => self.load(self.non_null()?, len),
            _ if len > self.size()? => Err(self.error(format!("it has {} bytes, not {len}", self.size()?))),
            _ => self.load(self.address, len),
        }
    }

    /// `count` elements behind a pointer or of an array, as a [`Value::Array`].
    ///
    /// # Errors
    /// If it has no elements, the pointer is null, or the array is shorter.
    pub fn elements(&self, count: u64) -> Result<Value, ViewError> {
        let (element, start, len) = self.sequence()?;
        if let Some(len) = len.filter(|len| *len < count) {
            return Err(self.error(format!("it has {len} elements, not {count}")));
        }
        self.load_elements(element, start, count)
    }

    /// This place and those behind it, as an array of `count`.
    pub(crate) fn elements_from_here(&self, count: u64) -> Result<Value, ViewError> {
        self.load_elements(self.ty.id(), self.address, count)
    }

    fn load_elements(&self, element: TypeId, start: usize, count: u64) -> Result<Value, ViewError> {
        let size = marshal::size_of(self.ty.table(), element);
        let bytes = usize::try_from(count).ok().and_then(|n| n.checked_mul(size));
        let bytes = bytes.ok_or_else(|| self.error(format!("{count} elements exceed the address space")))?;
        let raw = self.load(start, bytes)?;
        Ok(marshal::read_memory(&self.reader(), self.ty.table(), element, Shape::Many(count), &raw))
    }

    /// The elements behind a pointer to pointers up to the null one (`char **environ`), as a
    /// [`Value::Array`].
    ///
    /// # Errors
    /// If its elements are not pointers, or it is null.
    pub fn until_null(&self) -> Result<Value, ViewError> {
        let (element, _, len) = self.sequence()?;
        if !matches!(self.ty.sibling(element).kind(), TypeKind::Pointer { .. }) {
            return Err(self.error(format!("the elements of '{}' are no pointers", self.ty)));
        }
        let mut items = Vec::new();
        for i in 0..len.map_or(i64::MAX, |n| i64::try_from(n).unwrap_or(i64::MAX)) {
            match self.index(i)?.read()? {
                Value::Null => break,
                item => items.push(item),
            }
        }
        Ok(Value::Array(items))
    }

    /// Whether it is a pointer and null.
    ///
    /// # Errors
    /// If the place cannot be read.
    pub fn is_null(&self) -> Result<bool, ViewError> {
        Ok(matches!(self.ty.kind(), TypeKind::Pointer { .. }) && self.held()? == 0)
    }

    /// Names of the members, those of anonymous members included; empty if it is no structure, union or
    /// pointer to one.
    #[must_use]
    pub fn field_names(&self) -> Vec<Arc<str>> {
        let ty = self.ty.pointee().unwrap_or_else(|| self.ty.clone());
        structure::record(ty.table(), ty.id()).map_or_else(Vec::new, |r| structure::names(ty.table(), r))
    }
}
