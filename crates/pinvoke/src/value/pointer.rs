//! Addresses that native code handed out: of data, and of functions.

use std::fmt;
use std::sync::Arc;

use pinvoke_decl::types::{FunctionType, TypeKind};

use super::TypeRef;
use crate::native::CodePtr;

/// An address of data. It may be null, dangling or a number that merely looks like an address (an opaque
/// handle): holding it is harmless, only a [`View`](super::View) made from it touches the memory.
///
/// ```
/// use pinvoke::value::{Pointer, Value};
///
/// // A handle that only a library understands is kept and handed back as it is.
/// let handle = Value::Pointer(Pointer::new(0x7f12a0));
/// assert_eq!(handle.to_string(), "0x7f12a0");
/// ```
#[derive(Clone, Debug)]
pub struct Pointer {
    address: usize,
    pointee: Option<TypeRef>,
}

impl Pointer {
    /// An address whose pointee is not known.
    ///
    /// ```
    /// use pinvoke::value::Pointer;
    ///
    /// let pointer = Pointer::new(0x1000);
    /// assert!(pointer.pointee().is_none());
    /// ```
    #[must_use]
    pub fn new(address: usize) -> Pointer {
        Pointer { address, pointee: None }
    }

    /// An address of a value of this type.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::value::{Pointer, TypeRef};
    ///
    /// let (types, int) = Unit::new(Target::HOST).type_named("int").unwrap();
    /// let pointer = Pointer::typed(0x1000, TypeRef::new(&types, int));
    /// assert_eq!(pointer.pointee().map(ToString::to_string), Some("int".to_owned()));
    /// assert_eq!(pointer, Pointer::new(0x1000)); // the address counts
    /// ```
    #[must_use]
    pub fn typed(address: usize, pointee: TypeRef) -> Pointer {
        Pointer { address, pointee: Some(pointee) }
    }

    /// The address.
    ///
    /// ```
    /// use pinvoke::value::Pointer;
    ///
    /// let byte = 1_u8;
    /// assert_eq!(Pointer::new((&raw const byte).addr()).address(), (&raw const byte).addr());
    /// ```
    #[must_use]
    pub fn address(&self) -> usize {
        self.address
    }

    /// What the declaration says it points at.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::library::Library;
    /// use pinvoke::value::Value;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let malloc = Unit::new(Target::HOST).parse_prototype("int *malloc(size_t size)").unwrap();
    /// let malloc = Downcall::new(&malloc, &c.entry_point("malloc")?, DowncallOptions::default())?;
    /// // SAFETY: malloc with a result that is told to be of ints; nobody reads them.
    /// let Value::Pointer(numbers) = unsafe { malloc.call(&[64.into()]) }?.ret else { unreachable!("64 bytes") };
    /// assert_eq!(numbers.pointee().map(ToString::to_string), Some("int".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pointee(&self) -> Option<&TypeRef> {
        self.pointee.as_ref()
    }
}

/// Equal if the addresses are, whatever the types.
impl PartialEq for Pointer {
    fn eq(&self, other: &Pointer) -> bool {
        self.address == other.address
    }
}

impl Eq for Pointer {}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.address)
    }
}

/// A native function with the type under which it was met: a returned `void (*)(int)`, a member of a
/// structure of function pointers, an argument of a callback.
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::decl::Unit;
/// use pinvoke::library::Library;
/// use pinvoke::value::{FunctionPtr, TypeRef, Value};
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let (types, id) = Unit::new(Target::HOST).type_named("int(int)").unwrap();
/// let abs = FunctionPtr::new(c.entry_point("abs")?.code(), TypeRef::new(&types, id), "abs".into());
/// // For a parameter `int (*f)(int)`:
/// let argument = Value::Function(abs.expect("it is a function type"));
/// assert_eq!(argument.noun(), "a native function");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FunctionPtr {
    code: CodePtr,
    ty: TypeRef,
    name: Arc<str>,
}

impl FunctionPtr {
    /// The function at `code`, taken to be of type `ty`; `None` if that is no function type.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{FunctionPtr, TypeRef};
    ///
    /// extern "C" fn double(x: i32) -> i32 {
    ///     2 * x
    /// }
    ///
    /// let unit = Unit::new(Target::HOST);
    /// let function = |text| {
    ///     let (types, id) = unit.type_named(text).unwrap();
    ///     let code = CodePtr::new(double as *const _).expect("functions are not null");
    ///     FunctionPtr::new(code, TypeRef::new(&types, id), "double".into())
    /// };
    /// assert!(function("int(int)").is_some());
    /// assert!(function("int").is_none());
    /// ```
    #[must_use]
    pub fn new(code: CodePtr, ty: TypeRef, name: Arc<str>) -> Option<FunctionPtr> {
        matches!(ty.kind(), TypeKind::Function(_)).then_some(FunctionPtr { code, ty, name })
    }

    /// Its address.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::library::Library;
    /// use pinvoke::value::{FunctionPtr, TypeRef};
    ///
    /// let abs = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?.entry_point("abs")?.code();
    /// let (types, id) = Unit::new(Target::HOST).type_named("int(int)").unwrap();
    /// let function = FunctionPtr::new(abs, TypeRef::new(&types, id), "abs".into()).unwrap();
    /// assert_eq!(function.code(), abs);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.code
    }

    /// Its declared type.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::library::Library;
    /// use pinvoke::value::{FunctionPtr, TypeRef};
    ///
    /// let pow = Library::open(if cfg!(windows) { "msvcrt" } else { "libm.so.6" })?.entry_point("pow")?.code();
    /// let (types, id) = Unit::new(Target::HOST).type_named("double(double, double)").unwrap();
    /// let pow = FunctionPtr::new(pow, TypeRef::new(&types, id), "pow".into()).unwrap();
    /// assert_eq!(pow.function_type().params.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// Never: the type of a `FunctionPtr` is a function type.
    #[must_use]
    pub fn function_type(&self) -> &FunctionType {
        match self.ty.kind() {
            TypeKind::Function(f) => f,
            other => unreachable!("a function pointer of type {other:?}"),
        }
    }

    /// Its declared type with the table that holds it.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::library::Library;
    /// use pinvoke::value::{FunctionPtr, TypeRef};
    ///
    /// let abs = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?.entry_point("abs")?.code();
    /// let (types, id) = Unit::new(Target::HOST).type_named("int(int n)").unwrap();
    /// let abs = FunctionPtr::new(abs, TypeRef::new(&types, id), "abs".into()).unwrap();
    /// assert_eq!(abs.type_ref().to_string(), "int (int n)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn type_ref(&self) -> &TypeRef {
        &self.ty
    }

    /// A name for messages: the one that [`new`](FunctionPtr::new) was given, `function_at_0x5621…` for a function that
    /// native code handed out.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::Value;
    ///
    /// extern "C" fn handler() {}
    /// extern "C" fn current() -> extern "C" fn() {
    ///     handler
    /// }
    ///
    /// let function = Unit::new(Target::HOST).parse_prototype("void (*current(void))(void)").unwrap();
    /// let code = CodePtr::new(current as *const _).expect("functions are not null");
    /// let current = Downcall::at(&function, code, DowncallOptions::default())?;
    /// // SAFETY: that is its prototype.
    /// let Value::Function(handler) = unsafe { current.call(&[]) }?.ret else {
    ///     unreachable!("it is a function")
    /// };
    /// assert_eq!(handler.name(), format!("function_at_{:#x}", handler.code().addr()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for FunctionPtr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionPtr").field("code", &self.code).field("name", &self.name).finish()
    }
}

/// Equal if the addresses are.
impl PartialEq for FunctionPtr {
    fn eq(&self, other: &FunctionPtr) -> bool {
        self.code == other.code
    }
}

impl Eq for FunctionPtr {}
