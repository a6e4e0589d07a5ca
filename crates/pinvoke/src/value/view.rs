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
//!
//! Here is what a view is; how it reads and writes stands with the marshallers.
#![allow(unsafe_code, reason = "a view is made of a promise about memory")]

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pinvoke_abi::layout::BitRange;
use pinvoke_decl::types::TypeId;

use super::TypeRef;

pub(crate) const CONST: &str = "it is const";

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
    pub(crate) ty: TypeRef,
    pub(crate) address: usize,
    pub(crate) bits: Option<BitRange>,
    /// Why it may not be written, if so.
    pub(crate) constant: Option<&'static str>,
    /// How it was reached: `sb->st_size`.
    path: Arc<str>,
    /// Until when it may be used; `None` for as long as [`View::new`] was promised.
    scope: Option<Arc<AtomicBool>>,
}

/// Why native memory was not read or written.
///
/// ```
/// # use pinvoke::abi::target::Target;
/// # use pinvoke::decl::Unit;
/// use pinvoke::value::{TypeRef, Value, View};
///
/// # let unit = Unit::new(Target::HOST);
/// let (types, id) = unit.type_named("const int").unwrap();
/// let mut number = 1;
/// // SAFETY: an int stands there, and outlives the view.
/// let view = unsafe { View::new(TypeRef::new(&types, id), (&raw mut number).cast()) };
/// let error = view.write(&Value::Int(2)).unwrap_err();
/// assert_eq!(error.to_string(), "value: it is const ('const int')");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what}")]
pub struct ViewError {
    pub(crate) path: Arc<str>,
    pub(crate) what: String,
}

impl View {
    /// The place at `address`.
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, Value, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, id) = unit.type_named("unsigned char").unwrap();
    /// let mut byte = 200_u8;
    /// // SAFETY: such a byte stands there, and outlives the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), (&raw mut byte).cast()) };
    /// assert_eq!(view.read()?, Value::Int(200));
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
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
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, Value, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// // What a comparison function of `qsort` is handed as `const void *`:
    /// let ((types, untyped), (ints, int)) =
    ///     (unit.type_named("const void *").unwrap(), unit.type_named("const int *").unwrap());
    /// let element = 17;
    /// let mut pointer = &raw const element;
    /// // SAFETY: a pointer stands there; what it leads to, nobody has said.
    /// let view = unsafe { View::new(TypeRef::new(&types, untyped), (&raw mut pointer).cast()) };
    /// // SAFETY: it leads to an int.
    /// let view = unsafe { view.cast(TypeRef::new(&ints, int)) };
    /// assert_eq!(view.deref()?.read()?, Value::Int(17));
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    ///
    /// # Safety
    /// As [`View::new`], for the new type.
    #[must_use]
    pub unsafe fn cast(&self, ty: TypeRef) -> View {
        View { ty, bits: None, ..self.clone() }
    }

    /// The declared type of what stands there.
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, View};
    ///
    /// # let mut unit = Unit::new(Target::HOST);
    /// unit.parse("x.h", "struct point { double x, y; };");
    /// let (types, id) = unit.type_named("struct point").unwrap();
    /// let mut point = [0.0; 2];
    /// // SAFETY: two doubles stand there, and outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), point.as_mut_ptr().cast()) };
    /// assert_eq!(view.field("y")?.type_ref().to_string(), "double");
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    #[must_use]
    pub fn type_ref(&self) -> &TypeRef {
        &self.ty
    }

    /// Where it stands.
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, View};
    ///
    /// # let unit = Unit::new(Target::HOST);
    /// let (types, id) = unit.type_named("int[4]").unwrap();
    /// let mut numbers = [0_i32; 4];
    /// // SAFETY: four ints stand there, and outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), numbers.as_mut_ptr().cast()) };
    /// assert_eq!(view.index(3)?.address() - view.address(), 12);
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    #[must_use]
    pub fn address(&self) -> usize {
        self.address
    }

    /// How it was reached, for messages: `sb->st_size`.
    ///
    /// ```
    /// # use pinvoke::abi::target::Target;
    /// # use pinvoke::decl::Unit;
    /// use pinvoke::value::{TypeRef, View};
    ///
    /// # let mut unit = Unit::new(Target::HOST);
    /// unit.parse("x.h", "struct point { double x, y; };");
    /// let (types, id) = unit.type_named("struct point[2]").unwrap();
    /// let mut points = [0.0; 4];
    /// // SAFETY: four doubles stand there, and outlive the view.
    /// let view = unsafe { View::new(TypeRef::new(&types, id), points.as_mut_ptr().cast()) };
    /// assert_eq!(view.index(1)?.field("y")?.path(), "value[1].y");
    /// # Ok::<(), pinvoke::value::ViewError>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn error(&self, what: impl Into<String>) -> ViewError {
        ViewError { path: self.path.clone(), what: what.into() }
    }

    /// Refuses a view whose callback has returned.
    pub(crate) fn check_alive(&self) -> Result<(), ViewError> {
        match &self.scope {
            Some(alive) if !alive.load(Ordering::Acquire) => Err(self.error(
                "used after the callback returned; its arguments are valid during the invocation only",
            )),
            _ => Ok(()),
        }
    }

    /// Another place within reach of this one.
    pub(crate) fn at(&self, id: TypeId, address: usize, path: String) -> View {
        let ty = self.ty.sibling(id);
        let constant = self.constant.or(ty.get().is_const.then_some(CONST));
        View { ty, address, bits: None, constant, path: path.into(), scope: self.scope.clone() }
    }
}
