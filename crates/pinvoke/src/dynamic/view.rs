//! Reading and writing through [`View`]s: the marshallers applied to native memory in place.
#![allow(unsafe_code, reason = "reads and writes native memory that a view stands for")]

use std::sync::Arc;

use pinvoke_decl::types::{TypeId, TypeKind};

use super::frame::{Frame, Shape};
use super::reader::{Reader, Trust};
use super::structure;
use crate::value::{CONST, Pointer, Value, View, ViewError};

/// Longest text read through a view, in bytes.
const MAX_TEXT: usize = 16 << 20;

impl Pointer {
    /// What it leads to, as a place in native memory; `None` if it is null or leads to nothing of a known
    /// size.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::value::{Pointer, TypeRef, Value};
    ///
    /// let (types, int) = Unit::new(Target::HOST).type_named("int").unwrap();
    /// let number = 42_i32;
    /// let pointer = Pointer::typed((&raw const number).expose_provenance(), TypeRef::new(&types, int));
    /// // SAFETY: an int stands there as long as the view is used.
    /// let view = unsafe { pointer.view() }.expect("neither null nor of unknown type");
    /// assert_eq!(view.read()?, Value::Int(42));
    /// // SAFETY: nothing is known of what it leads to, so nothing is looked at.
    /// assert!(unsafe { Pointer::new(pointer.address()).view() }.is_none());
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    ///
    /// # Safety
    /// As [`View::new`]: a value of the pointee's type stands there as long as the view is used.
    #[must_use]
    pub unsafe fn view(&self) -> Option<View> {
        let pointee = self.pointee().cloned().filter(|p| p.size().is_some())?;
        let path = format!("*{:#x}", self.address()).into();
        // SAFETY: promised by the caller.
        (self.address() != 0).then(|| unsafe { View::named(pointee, self.address(), path, None) })
    }

    /// The `count` elements that it leads to, as a [`Value::Array`].
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::value::{Pointer, TypeRef, Value};
    ///
    /// let (types, double) = Unit::new(Target::HOST).type_named("double").unwrap();
    /// let samples = [0.5, 1.5, 2.5];
    /// let pointer = Pointer::typed(samples.as_ptr().expose_provenance(), TypeRef::new(&types, double));
    /// // SAFETY: three doubles stand there.
    /// assert_eq!(unsafe { pointer.elements(3) }?, Value::from(vec![0.5, 1.5, 2.5]));
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    ///
    /// # Errors
    /// If it is null, leads to nothing of a known size, or the memory cannot be read.
    ///
    /// # Safety
    /// As [`View::new`], for `count` values of the pointee's type.
    pub unsafe fn elements(&self, count: u64) -> Result<Value, ViewError> {
        // SAFETY: promised by the caller.
        match unsafe { self.view() } {
            Some(first) => first.elements_from_here(count),
            None => {
                let what = if self.address() == 0 { "is null" } else { "leads to nothing of a known size" };
                Err(ViewError { path: self.to_string().into(), what: what.to_owned() })
            }
        }
    }
}

impl View {
    /// `len` bytes at `address`, which lies within reach of this place.
    fn load(&self, address: usize, len: usize) -> Result<Vec<u8>, ViewError> {
        self.check_alive()?;
        let mut bytes = super::zeros(len).ok_or_else(|| self.error(format!("no memory for {len} bytes")))?;
        // SAFETY: the promise of the view covers what its type reaches.
        if unsafe { super::copy_from(address, &mut bytes) } {
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
            Some(_) => Ok(super::size_of(self.ty.table(), self.ty.id())),
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
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, Value, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, id) = unit.type_named("struct { char name[8]; short id; }").unwrap();
    /// #[repr(C)]
    /// struct Entry {
    ///     name: [u8; 8],
    ///     id: i16,
    /// }
    /// let mut entry = Entry { name: *b"disk\0\0\0\0", id: 7 };
    /// // SAFETY: such a structure stands there, and outlives the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), (&raw mut entry).cast()) };
    /// assert_eq!(view.read()?.to_string(), r#"{name: "disk", id: 7}"#);
    /// assert_eq!(view.field("name")?.read()?, Value::Text("disk".into()));
    /// # let _ = (entry.name, entry.id);
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    ///
    /// # Errors
    /// If the type has no values, the memory cannot be read, or the view is used after the callback it
    /// belongs to has returned.
    pub fn read(&self) -> Result<Value, ViewError> {
        let raw = self.raw()?;
        Ok(super::read(&self.reader(), self.ty.table(), self.ty.id(), self.bits, &raw))
    }

    /// Replaces the value that stands there. Text fits arrays of characters; a pointer takes null, an
    /// address or a native function, since nothing could own the memory for anything else.
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, Value, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, short) = unit.type_named("short").unwrap();
    /// let mut number = 0_i16;
    /// // SAFETY: a short stands there, and outlives the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, short), (&raw mut number).cast()) };
    /// view.write(&Value::Int(-3))?;
    /// assert!(view.write(&Value::Int(40_000)).is_err()); // too large for a short
    /// assert_eq!(number, -3);
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
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
        super::write(&mut frame, self.ty.table(), self.ty.id(), value, self.bits, &mut bytes)
            .map_err(|m| self.error(m.at("the place")))?;
        // SAFETY: the promise of the view; it is not const.
        unsafe { super::copy_to(self.address, &bytes) };
        Ok(())
    }

    /// Copies `bytes` to the memory that the pointer at this place leads to, from its first byte on, or
    /// into the place itself if it is an array: for callbacks that are handed a buffer to fill.
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, buffer) = unit.type_named("char[8]").unwrap();
    /// let mut memory = [b'.'; 8];
    /// // SAFETY: eight characters stand there, and outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, buffer), memory.as_mut_ptr().cast()) };
    /// view.write_bytes(b"data")?;
    /// assert!(view.write_bytes(b"too much data").is_err());
    /// assert_eq!(&memory, b"data....");
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
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
        unsafe { super::copy_to(address, bytes) };
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
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, Value, View};
    ///
    /// # let mut unit = Unit::new(Target::HOST);
    /// unit.parse("list.h", "struct node { int value; struct node *next; };");
    /// let (types, node) = unit.type_named("struct node").unwrap();
    /// #[repr(C)]
    /// struct Node {
    ///     value: i32,
    ///     next: *const Node,
    /// }
    /// let second = Node { value: 2, next: std::ptr::null() };
    /// let mut first = Node { value: 1, next: &second };
    /// // SAFETY: a node stands there, which leads to another; both outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, node), (&raw mut first).cast()) };
    /// // Pointers on the way are followed:
    /// assert_eq!(view.field("next")?.field("value")?.read()?, Value::Int(2));
    /// assert!(view.field("previous").is_err());
    /// # let _ = (second.value, first.value, first.next, second.next);
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
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
        let mut view = base.at(member.ty, address, format!("{}{arrow}{name}", self.path()));
        view.bits = member.bits;
        Ok(view)
    }

    /// The element at this index of an array, or behind a pointer as in C.
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, Value, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, array) = unit.type_named("int[3]").unwrap();
    /// let mut numbers = [5, 3, 9];
    /// // SAFETY: three ints stand there, and outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, array), numbers.as_mut_ptr().cast()) };
    /// assert_eq!(view.index(2)?.read()?, Value::Int(9));
    /// assert_eq!(view.index(3).unwrap_err().to_string(), "value: index 3 is outside its 3 elements");
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    ///
    /// # Errors
    /// If it has no elements, or the index lies outside an array of known length.
    pub fn index(&self, index: i64) -> Result<View, ViewError> {
        let path = format!("{}[{index}]", self.path());
        let (element, start, len) = self.sequence()?;
        if index < 0 && len.is_some() || len.is_some_and(|n| index.cast_unsigned() >= n) {
            let len = len.unwrap_or(0);
            return Err(self.error(format!("index {index} is outside its {len} elements")));
        }
        let size = super::size_of(self.ty.table(), element);
        let offset = isize::try_from(index).ok().and_then(|i| i.checked_mul(size.cast_signed()));
        let offset =
            offset.ok_or_else(|| self.error(format!("index {index} is outside the address space")))?;
        let mut view = self.at(element, start.wrapping_add_signed(offset), path);
        // What a constant pointer leads to is as constant as its own type says.
        if len.is_none() {
            view.constant = view.ty.get().is_const.then_some(CONST);
        }
        Ok(view)
    }

    /// Element type, first address and length of an array or of what a pointer leads to.
    fn sequence(&self) -> Result<(TypeId, usize, Option<u64>), ViewError> {
        match self.ty.kind() {
            TypeKind::Array { element, len } => Ok((*element, self.address, *len)),
            TypeKind::Vector { element, len } => Ok((*element, self.address, Some(*len))),
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
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, Value, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, id) = unit.type_named("int *").unwrap();
    /// let mut number = 6;
    /// let mut pointer = &raw mut number;
    /// // SAFETY: a pointer to an int stands there; both outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), (&raw mut pointer).cast()) };
    /// view.deref()?.write(&Value::Int(7))?;
    /// assert_eq!(number, 7);
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    ///
    /// # Errors
    /// If it is no pointer, is null, or points at something without values.
    pub fn deref(&self) -> Result<View, ViewError> {
        match self.ty.kind() {
            TypeKind::Pointer { to } => {
                let (_, address, _) = self.sequence()?;
                let mut view = self.at(*to, address, format!("*{}", self.path()));
                view.constant = view.ty.get().is_const.then_some(CONST);
                Ok(view)
            }
            _ => Err(self.error(format!("'{}' is no pointer", self.ty))),
        }
    }

    /// The text that a `char *`, `wchar_t *`, array of characters or pointer to bytes leads to:
    /// [`Value::Text`], or the raw units where it is not valid Unicode.
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, Value, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// // What is declared as bytes may be text all the same.
    /// let (types, id) = unit.type_named("const void *").unwrap();
    /// let mut pointer = c"a message".as_ptr();
    /// // SAFETY: a pointer to a C string stands there; both outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), (&raw mut pointer).cast()) };
    /// assert_eq!(view.text()?, Value::Text("a message".into()));
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    ///
    /// # Errors
    /// If it holds no characters.
    pub fn text(&self) -> Result<Value, ViewError> {
        match self.ty.kind() {
            TypeKind::Pointer { to } => {
                let address = self.held()?;
                let raw_bytes = matches!(self.ty.sibling(*to).kind(), TypeKind::Void)
                    || super::size_of(self.ty.table(), *to) == 1;
                let is_text = matches!(self.ty.sibling(*to).kind(), TypeKind::Char | TypeKind::WideChar);
                if !raw_bytes && !is_text {
                    return Err(self.error(format!("'{}' does not point at characters", self.ty)));
                }
                Ok(super::read_text(&self.reader(), self.ty.table(), *to, address))
            }
            TypeKind::Array { element, .. } if super::size_of(self.ty.table(), *element) <= 4 => {
                let raw = self.raw()?;
                Ok(super::read_memory(&self.reader(), self.ty.table(), *element, Shape::Text, &raw))
            }
            _ => Err(self.error(format!("'{}' holds no characters", self.ty))),
        }
    }

    /// `len` bytes from the address that the pointer holds, or of the place itself if it is no pointer.
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, id) = unit.type_named("const void *").unwrap();
    /// let data = [1_u8, 2, 3, 4];
    /// let mut pointer = data.as_ptr();
    /// // SAFETY: a pointer to four bytes stands there; both outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), (&raw mut pointer).cast()) };
    /// assert_eq!(view.bytes(3)?, [1, 2, 3]); // as many as another argument says
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
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
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, Value, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, id) = unit.type_named("const double *").unwrap();
    /// let samples = [0.5, 1.5];
    /// let mut pointer = samples.as_ptr();
    /// // SAFETY: a pointer to two doubles stands there; both outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), (&raw mut pointer).cast()) };
    /// assert_eq!(view.elements(2)?, Value::from(vec![0.5, 1.5]));
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
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
    fn elements_from_here(&self, count: u64) -> Result<Value, ViewError> {
        self.load_elements(self.ty.id(), self.address, count)
    }

    fn load_elements(&self, element: TypeId, start: usize, count: u64) -> Result<Value, ViewError> {
        let size = super::size_of(self.ty.table(), element);
        let bytes = usize::try_from(count).ok().and_then(|n| n.checked_mul(size));
        let bytes = bytes.ok_or_else(|| self.error(format!("{count} elements exceed the address space")))?;
        let raw = self.load(start, bytes)?;
        Ok(super::read_memory(&self.reader(), self.ty.table(), element, Shape::Many(count), &raw))
    }

    /// The elements behind a pointer to pointers up to the null one (`char **environ`), as a
    /// [`Value::Array`].
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use std::ptr::null;
    ///
    /// use pinvoke::value::{TypeRef, Value, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, id) = unit.type_named("char **").unwrap();
    /// let list = [c"HOME=/".as_ptr(), c"LANG=C".as_ptr(), null()];
    /// let mut environment = list.as_ptr();
    /// // SAFETY: a pointer to C strings stands there, the last of which is null; all outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), (&raw mut environment).cast()) };
    /// assert_eq!(view.until_null()?, Value::from(vec!["HOME=/", "LANG=C"]));
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
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
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, id) = unit.type_named("struct stat *").unwrap();
    /// let mut nowhere = std::ptr::null::<u8>();
    /// // SAFETY: a null pointer stands there, and outlives the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), (&raw mut nowhere).cast()) };
    /// assert!(view.is_null()?);
    /// assert!(view.deref().is_err());
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    ///
    /// # Errors
    /// If the place cannot be read.
    pub fn is_null(&self) -> Result<bool, ViewError> {
        Ok(matches!(self.ty.kind(), TypeKind::Pointer { .. }) && self.held()? == 0)
    }

    /// Names of the members, those of anonymous members included; empty if it is no structure, union or
    /// pointer to one.
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, id) = unit.type_named("struct { int kind; union { int number; double real; }; }").unwrap();
    /// let mut memory = [0_u64; 2];
    /// // SAFETY: so many bytes stand there, and outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), memory.as_mut_ptr().cast()) };
    /// assert!(view.field_names().iter().map(|name| &**name).eq(["kind", "number", "real"]));
    /// ```
    #[must_use]
    pub fn field_names(&self) -> Vec<Arc<str>> {
        let ty = self.ty.pointee().unwrap_or_else(|| self.ty.clone());
        structure::record(ty.table(), ty.id()).map_or_else(Vec::new, |r| structure::names(ty.table(), r))
    }
}
