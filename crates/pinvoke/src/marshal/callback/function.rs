//! Named types of callbacks: native functions as values, and registrations that outlive a call.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use pinvoke_abi::layout::Layout;

use crate::marshal::{CharSet, Element, FromNative, IntoNative, MarshalError};
use crate::native::{CodePtr, NativeType, Passing};
use crate::upcall::{
    Callback, Identity, Leaked, OwnThread, Prototype, WithUserData, WithoutUserData, lookup,
};

/// A type of native function, declared by [`callback`](crate::callback). A value of it is code: there
/// are only references to it, as a [`Function`].
///
/// # Safety
/// The type has size 0 and alignment 1.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no callback type",
    note = "declare one: `#[pinvoke::callback] pub type {Self} = unsafe extern \"C\" fn(..) -> ..;`"
)]
pub unsafe trait CallbackType: Sized + 'static {
    /// What travels: the function pointer, and where its user data stands.
    type Prototype: Prototype;
    /// The name, for reports.
    const NAME: &'static str;
}

/// A native function of a declared type, valid for `'a`: a pointer that is not null, as a parameter, a
/// result, an element or a member. `Option<Function<'_, C>>` is the one that may be null.
///
/// It comes from a registration ([`Registered::function`]), from a closure that captures nothing
/// (`C::function`), or from native code. Whether two are the same function is told by their address; a
/// function of ours that went through native code is still the same, and
/// [`identity`](Function::identity) knows its registration. If its type is declared `callable`, it can be
/// called: `function.call(..)`.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::{Function, callback, dll_import};
///
/// #[callback(callable)]
/// type Handler = unsafe extern "C" fn(signal: i32);
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     fn signal(number: i32, handler: Option<Function<'static, Handler>>) -> Option<Function<'static, Handler>>;
/// }
///
/// let ignore = Handler::function(|_| {});
/// // SAFETY: the handler does nothing.
/// let before = unsafe { signal(12, Some(ignore)) };
/// assert_eq!(before, None);
/// // SAFETY: as above.
/// let back = unsafe { signal(12, None) }.expect("there is one now");
/// assert_eq!(back, ignore);
/// // SAFETY: as above.
/// unsafe { back.call(12) };
/// # }
/// ```
#[repr(transparent)]
pub struct Function<'a, C: CallbackType>(&'a C);

impl<'a, C: CallbackType> Function<'a, C> {
    /// The function at an address.
    ///
    /// # Safety
    /// A function of this type stands there for `'a`.
    ///
    /// ```
    /// use pinvoke::{Function, callback};
    ///
    /// #[callback(callable)]
    /// type Unary = unsafe extern "C" fn(n: i32) -> i32;
    ///
    /// let code = Unary::function(|n| -n).code(); // as native code hands it over
    /// // SAFETY: a function of this type, which lives for ever.
    /// let function: Function<'static, Unary> = unsafe { Function::from_code(code) };
    /// // SAFETY: as above.
    /// assert_eq!(unsafe { function.call(7) }, -7);
    /// ```
    #[must_use]
    #[inline]
    pub unsafe fn from_code(code: CodePtr) -> Function<'a, C> {
        // SAFETY: not null; a callback type has size 0, so nothing is read through the reference.
        Function(unsafe { &*code.as_ptr().cast::<C>() })
    }

    /// Its address.
    ///
    /// ```
    /// use pinvoke::callback;
    ///
    /// #[callback(callable)]
    /// type Unary = unsafe extern "C" fn(n: i32) -> i32;
    ///
    /// let function = Unary::function(|n| -n);
    /// assert_ne!(function.code().addr(), 0);
    /// ```
    #[must_use]
    #[inline]
    pub fn code(self) -> CodePtr {
        CodePtr::of_function(core::ptr::from_ref(self.0).cast())
    }

    /// The registration of ours that it belongs to, if there is one and it is alive.
    ///
    /// ```
    /// use pinvoke::callback;
    ///
    /// #[callback(callable)]
    /// type Unary = unsafe extern "C" fn(n: i32) -> i32;
    ///
    /// let registration = Unary::owned(|n| -n)?;
    /// assert_eq!(registration.function().identity(), Some(registration.identity()));
    /// assert_eq!(Unary::function(|n| -n).identity(), None, "a function of its own");
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn identity(self) -> Option<Identity> {
        lookup(self.code())
    }
}

impl<C: CallbackType> Deref for Function<'_, C> {
    type Target = C;
    #[inline]
    fn deref(&self) -> &C {
        self.0
    }
}

impl<C: CallbackType> Clone for Function<'_, C> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: CallbackType> Copy for Function<'_, C> {}

impl<C: CallbackType> PartialEq for Function<'_, C> {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl<C: CallbackType> Eq for Function<'_, C> {}

impl<C: CallbackType> core::hash::Hash for Function<'_, C> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.code().hash(state);
    }
}

impl<C: CallbackType> fmt::Debug for Function<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.identity() {
            Some(identity) => fmt::Debug::fmt(&identity, f),
            None => f.debug_tuple(C::NAME).field(&self.code().as_ptr()).finish(),
        }
    }
}

// SAFETY: an address, not null; `Function` is transparent over a reference to a type of known size.
unsafe impl<C: CallbackType> NativeType for Function<'_, C> {
    const PASSING: Passing = Passing::Int;
    const ZEROABLE: bool = false;
    fn layout() -> Layout {
        CodePtr::layout()
    }
}

// SAFETY: an address; `None` is null, as for every option of a reference.
unsafe impl<C: CallbackType> NativeType for Option<Function<'_, C>> {
    const PASSING: Passing = Passing::Int;
    const ZEROABLE: bool = true;
    fn layout() -> Layout {
        CodePtr::layout()
    }
}

impl<M: CharSet, C: CallbackType> IntoNative<M> for Function<'_, C> {
    type Native = Option<CodePtr>;
    type State = ();
    #[inline]
    fn state() {}
    #[inline]
    fn into_native(self, (): &mut ()) -> Result<Option<CodePtr>, MarshalError> {
        Ok(Some(self.code()))
    }
}

impl<M: CharSet, C: CallbackType> FromNative<M> for Function<'_, C> {
    type Native = Option<CodePtr>;
    #[inline]
    unsafe fn from_native(native: Option<CodePtr>) -> Result<Self, MarshalError> {
        // SAFETY: the caller's promise.
        native.map(|code| unsafe { Function::from_code(code) }).ok_or_else(MarshalError::null)
    }
    fn is_failure(native: &Option<CodePtr>) -> bool {
        native.is_none()
    }
}

// SAFETY: not in place, for native code may leave null.
unsafe impl<M: CharSet, C: CallbackType> Element<M> for Function<'_, C> {
    type Native = Option<CodePtr>;
    type Guard = ();
    const IN_PLACE: bool = false;
    #[inline]
    fn to_native(&self) -> Result<(Option<CodePtr>, ()), MarshalError> {
        Ok((Some(self.code()), ()))
    }
    #[inline]
    unsafe fn from_element(native: &Option<CodePtr>) -> Result<Self, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { <Self as FromNative<M>>::from_native(*native) }
    }
}

/// A live registration of a closure as a native function of type `C`; dropping it ends it.
///
/// Made by the constructors of a [`callback`](crate::callback) type, which say whether it owns the
/// closure and where that may run. Keep it until native code has forgotten the function: a call that
/// comes later ends the process with a report that names `C`, and never reaches the closure. The
/// thread of an [`OwnThread`] registration is the one that made it; the compiler keeps it there.
///
/// ```
/// use pinvoke::{Registered, callback};
///
/// #[callback(callable)]
/// type Notify = unsafe extern "C" fn(event: i32) -> i32;
///
/// struct Listener {
///     registration: Registered<'static, Notify>,
/// }
///
/// let mut count = 0;
/// let registration = Notify::owned(move |event| {
///     count += event;
///     count
/// })?;
/// let listener = Listener { registration };
/// let function = listener.registration.function();
/// // SAFETY: the registration is alive.
/// assert_eq!(unsafe { (function.call(3), function.call(4)) }, (3, 7));
/// assert_eq!(function.identity(), Some(listener.registration.identity()));
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub struct Registered<'a, C: CallbackType, T = OwnThread> {
    callback: Callback<'a, C::Prototype, T>,
}

impl<'a, C: CallbackType, T> Registered<'a, C, T> {
    #[doc(hidden)]
    #[inline]
    pub fn new(callback: Callback<'a, C::Prototype, T>) -> Self {
        Registered { callback }
    }

    /// The function, for native code.
    ///
    /// ```
    /// use pinvoke::callback;
    ///
    /// #[callback(callable)]
    /// type Unary = unsafe extern "C" fn(n: i32) -> i32;
    ///
    /// let offset = 10;
    /// let registration = Unary::owned(move |n| n + offset)?;
    /// // SAFETY: the registration is alive.
    /// assert_eq!(unsafe { registration.function().call(7) }, 17);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn function(&self) -> Function<'_, C> {
        // SAFETY: a shim or thunk of this prototype, alive as long as `self` is borrowed.
        unsafe { Function::from_code(self.callback.code()) }
    }
}

impl<C: CallbackType, T> Registered<'static, C, T> {
    /// Lets the registration live for ever.
    ///
    /// ```
    /// use pinvoke::callback;
    ///
    /// #[callback(callable)]
    /// type Unary = unsafe extern "C" fn(n: i32) -> i32;
    ///
    /// let offset = 10;
    /// let function = Unary::owned(move |n| n + offset)?.leak().function();
    /// // SAFETY: on the thread of the registration.
    /// assert_eq!(unsafe { function.call(7) }, 17);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn leak(self) -> LeakedRegistration<C> {
        LeakedRegistration { leaked: self.callback.leak(), code: PhantomData }
    }
}

impl<C: CallbackType<Prototype: WithUserData>, T> Registered<'_, C, T> {
    /// The user data that goes with the function.
    #[must_use]
    #[inline]
    pub fn user_data(&self) -> *mut c_void {
        self.callback.user_data()
    }
}

impl<C: CallbackType<Prototype: WithoutUserData>, T> Registered<'_, C, T> {
    /// Which registration this is; [`Function::identity`] of its function, wherever it comes from.
    ///
    /// ```
    /// use pinvoke::callback;
    ///
    /// #[callback(callable)]
    /// type Unary = unsafe extern "C" fn(n: i32) -> i32;
    ///
    /// let registration = Unary::owned(|n| -n)?;
    /// assert_eq!(registration.identity().name(), "Unary");
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.callback.identity()
    }
}

impl<C: CallbackType, T> fmt::Debug for Registered<'_, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registered").field(&self.callback).finish()
    }
}

/// A registration that lives for ever: made by `leak` and `leak_anywhere` of a
/// [`callback`](crate::callback) type, or by [`Registered::leak`].
///
/// ```
/// use pinvoke::callback;
///
/// #[callback(callable)]
/// type Unary = unsafe extern "C" fn(n: i32) -> i32;
///
/// let offset = 10;
/// let leaked = Unary::leak_anywhere(move |n| n + offset)?;
/// let elsewhere = std::thread::spawn(move || {
///     // SAFETY: it lives for ever, and runs on every thread.
///     unsafe { leaked.function().call(7) }
/// });
/// assert_eq!(elsewhere.join().ok(), Some(17));
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub struct LeakedRegistration<C: CallbackType> {
    leaked: Leaked<C::Prototype>,
    code: PhantomData<fn() -> C>,
}

impl<C: CallbackType> LeakedRegistration<C> {
    #[doc(hidden)]
    pub fn new(leaked: Leaked<C::Prototype>) -> Self {
        LeakedRegistration { leaked, code: PhantomData }
    }

    /// The function, for native code.
    ///
    /// ```
    /// use pinvoke::callback;
    ///
    /// #[callback(callable)]
    /// type Unary = unsafe extern "C" fn(n: i32) -> i32;
    ///
    /// let offset = 10;
    /// let leaked = Unary::leak(move |n| n + offset)?;
    /// // SAFETY: on the thread of the registration.
    /// assert_eq!(unsafe { leaked.function().call(7) }, 17);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn function(&self) -> Function<'static, C> {
        // SAFETY: of this prototype, and never given back.
        unsafe { Function::from_code(self.leaked.code()) }
    }
}

impl<C: CallbackType<Prototype: WithUserData>> LeakedRegistration<C> {
    /// The user data that goes with the function.
    #[must_use]
    pub fn user_data(&self) -> *mut c_void {
        self.leaked.user_data()
    }
}

impl<C: CallbackType> Clone for LeakedRegistration<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: CallbackType> Copy for LeakedRegistration<C> {}

impl<C: CallbackType> fmt::Debug for LeakedRegistration<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.leaked.fmt(f)
    }
}

/// The address that a reference to a callback type is.
#[doc(hidden)]
#[inline]
pub fn code_of<C: CallbackType>(code: &C) -> CodePtr {
    Function(code).code()
}

/// An argument of a posted callback on its way to another thread.
#[doc(hidden)]
#[derive(Debug)]
pub struct Sendable<T>(T);

// SAFETY: made of values that are `Send`, on the word of whoever made it.
unsafe impl<T> Send for Sendable<T> {}

impl<T> Sendable<T> {
    /// # Safety
    /// `T` is `Send`.
    #[inline]
    pub unsafe fn new(value: T) -> Sendable<T> {
        Sendable(value)
    }

    #[inline]
    pub fn unpack(self) -> T {
        self.0
    }
}

/// Tells whether a type is `Send`, where that is no bound: by an inherent constant, which exists only for
/// types that are, and otherwise by that of [`MaySend`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Sends<T>(PhantomData<T>);

impl<T: Send> Sends<T> {
    /// It is.
    pub const ANSWER: bool = true;
}

/// What is not `Send`.
#[doc(hidden)]
pub trait MaySend {
    /// It is not.
    const ANSWER: bool = false;
}

impl<T> MaySend for Sends<T> {}
