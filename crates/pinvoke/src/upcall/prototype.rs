//! Function pointer types that callbacks can have, and the way their calls come in.
//!
//! A thunk hands its slot over in a register, as if the function had one pointer parameter more at
//! the end. Which register that is follows from the parameters before it:
//!
//! | | System V | Microsoft x64 |
//! |---|---|---|
//! | `f(i32, f64)` | `rsi`: the second integer register | `r8`: the third position |
//! | `f(i32, i32, i32, i32, i32, i32)` | none | none |
//! | `f(Struct)` | whatever the plan of `f(Struct, *mut ())` says | `rdx` |
//!
//! Where the type of the parameters alone decides, that is a constant. Where a structure is
//! involved, the plan of the longer signature is asked once per type of function. Where no register
//! is free, calls take the way through `entry_*` and the frame.
//!
//! Where the C function has a user-data parameter, none of this is needed: the slot's address *is*
//! the user data, and the function pointer is the shim itself.

use core::ffi::c_void;

use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::Target;

use super::machine::{Dispatch, Flavour, NUMBERS_APART, Order};
use crate::native::{CodePtr, NativeType, Passing};

/// How calls of a function type come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Through a thunk of this flavour, straight to the shim.
    #[doc(hidden)]
    Thunk(ThunkFlavour),
    /// No register is free: through the frame.
    Frame,
    /// The plan must say which.
    ByPlan,
    /// The shim is called itself, with its slot as user data.
    UserData,
}

/// The flavour of a thunk, opaque outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThunkFlavour(pub(crate) Flavour);

/// A type of function pointer that a callback can have: `unsafe extern "C" fn(A, B, ..) -> R` (also
/// `"system"`, `"sysv64"` and `"win64"`; on 32-bit x86 `"stdcall"`, `"fastcall"` and `"thiscall"`) of up to 12 [native types](NativeType), or such a type in
/// [`UserDataFirst`] or [`UserDataLast`].
///
/// # Safety
/// Implemented here only; the types, the signature and the route say the same.
///
/// ```
/// use pinvoke::upcall::{Declaration, Prototype, UserDataFirst};
///
/// /// Of whatever type it is.
/// fn describe<P: Prototype>(declaration: &Declaration<P>) -> String {
///     format!("{} takes {}", declaration.name(), P::signature().params.len())
/// }
/// const COMPARE: Declaration<unsafe extern "C" fn(i32, i32) -> i32> = Declaration::new("compare");
/// type Done = unsafe extern "system" fn(*mut core::ffi::c_void);
/// const DONE: Declaration<UserDataFirst<Done>> = Declaration::new("done");
///
/// assert_eq!(describe(&COMPARE), "compare takes 2");
/// assert_eq!(describe(&DONE), "done takes 1");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function pointer that a callback can have",
    note = "write `unsafe extern \"C\" fn(..) -> R` with up to 12 native types"
)]
pub unsafe trait Prototype {
    /// The result.
    type Ret: NativeType;
    /// The function pointer that native code is given.
    type Function: Copy;
    /// The function pointer of a callback that never ends.
    type Forever: Copy;
    /// Whether a function of Rust takes and returns these types where C does.
    #[doc(hidden)]
    const BY_RUST: bool;
    /// How calls come in.
    #[doc(hidden)]
    const ROUTE: Route;
    /// Layouts of the parameters and of the result.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::Prototype;
    ///
    /// let typed = <unsafe extern "C" fn(*mut u8, f64) -> i32>::signature();
    /// let written: Signature = "(ptr,f64)->i32".parse()?;
    /// assert_eq!((typed.params, typed.ret), (written.params, written.ret));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn signature() -> Signature;
    /// # Safety
    /// Code of this type stands there.
    #[doc(hidden)]
    unsafe fn function(code: CodePtr) -> Self::Function;
    /// # Safety
    /// Code of this type stands there for ever.
    #[doc(hidden)]
    unsafe fn forever(code: CodePtr) -> Self::Forever;
}

/// Marks the function pointer type of an API that hands a `void *` of the caller to the callback as
/// its *first* argument; the closure does not see it.
///
/// ```
/// use core::ffi::{c_char, c_int, c_void};
/// use pinvoke::upcall::{Declaration, UserDataFirst};
/// // int (*callback)(void *user, int columns, char **values, char **names)
/// type Row = unsafe extern "C" fn(*mut c_void, c_int, *mut *mut c_char, *mut *mut c_char) -> c_int;
/// const ROW: Declaration<UserDataFirst<Row>> = Declaration::new("row");
/// let mut rows = 0;
/// let mut count = |_: c_int, _: *mut *mut c_char, _: *mut *mut c_char| -> c_int { rows += 1; 0 };
/// let callback = ROW.scoped(&mut count)?;
/// let (function, user_data): (Row, *mut c_void) = (callback.function(), callback.user_data());
/// # let null = core::ptr::null_mut;
/// # unsafe { function(user_data, 0, null(), null()) };
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[derive(Debug)]
pub struct UserDataFirst<S>(core::marker::PhantomData<S>);

/// As [`UserDataFirst`], for a `void *` that comes as the *last* argument.
///
/// ```
/// use core::ffi::{c_int, c_void};
/// use pinvoke::upcall::{Declaration, UserDataLast};
///
/// // int (*visit)(int key, void *user)
/// type Visit = unsafe extern "C" fn(c_int, *mut c_void) -> c_int;
/// const VISIT: Declaration<UserDataLast<Visit>> = Declaration::new("visit");
///
/// let mut sum = 0;
/// let mut add = |key: c_int| -> c_int {
///     sum += key;
///     sum
/// };
/// let callback = VISIT.scoped(&mut add)?;
/// let (visit, user): (Visit, *mut c_void) = (callback.function(), callback.user_data());
/// // SAFETY: the callback is alive, and the data is its own.
/// assert_eq!(unsafe { (visit(3, user), visit(4, user)) }, (3, 7));
/// drop(callback);
/// assert_eq!(sum, 7);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[derive(Debug)]
pub struct UserDataLast<S>(core::marker::PhantomData<S>);

/// Prototypes with user data.
///
/// ```
/// use core::ffi::c_void;
/// use pinvoke::upcall::{Callback, Declaration, UserDataLast, WithUserData};
///
/// /// The two arguments that a C function wants, whichever place the second has in its calls.
/// fn arguments<P: WithUserData, T>(callback: &Callback<'_, P, T>) -> (P::Function, *mut c_void) {
///     (callback.function(), callback.user_data())
/// }
/// type Visit = unsafe extern "C" fn(i32, *mut c_void) -> i32;
/// const VISIT: Declaration<UserDataLast<Visit>> = Declaration::new("visit");
///
/// let callback = VISIT.owned(|key: i32| -key)?;
/// let (visit, user) = arguments(&callback);
/// // SAFETY: the callback is alive, and the data is its own.
/// assert_eq!(unsafe { visit(7, user) }, -7);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub trait WithUserData: Prototype {}
impl<S> WithUserData for UserDataFirst<S> where UserDataFirst<S>: Prototype {}
impl<S> WithUserData for UserDataLast<S> where UserDataLast<S>: Prototype {}

/// Prototypes without.
///
/// ```
/// use pinvoke::upcall::{Callback, Declaration, WithoutUserData, lookup};
///
/// /// Whether native code handed back this very callback.
/// fn is_the_same<P: WithoutUserData, T>(callback: &Callback<'_, P, T>, given: P) -> bool {
///     // SAFETY: function pointers of every prototype are as large as an address, and not null.
///     let code = unsafe { core::mem::transmute_copy(&given) };
///     lookup(code) == Some(callback.identity())
/// }
/// type Unary = unsafe extern "C" fn(i32) -> i32;
/// const UNARY: Declaration<Unary> = Declaration::new("unary");
///
/// let (one, other) = (UNARY.owned(|n: i32| n)?, UNARY.owned(|n: i32| -n)?);
/// assert!(is_the_same(&one, one.function()));
/// assert!(!is_the_same(&one, other.function()));
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub trait WithoutUserData: Prototype<Function = Self> + Copy {}
impl<S: Prototype<Function = S> + Copy> WithoutUserData for S {}

/// Where a closure's entry points are.
#[derive(Clone, Copy, Debug)]
pub struct EntryPoints {
    /// The function that takes the slot as an additional argument.
    pub(crate) shim: *const (),
    /// The function that takes slot and frame; none where the shim is called itself.
    pub(crate) dispatch: Option<Dispatch>,
}

/// How arguments take registers in a convention on this machine.
const fn order(conv: CallConv) -> Order {
    match conv.abi(Target::HOST) {
        Some(abi) => Flavour::order(abi),
        None => panic!("a function pointer type of Rust has a convention of this machine"),
    }
}

/// How calls of a function with these parameters come in.
pub(crate) const fn route(conv: CallConv, by_rust: bool, ret: Passing, params: &[Passing]) -> Route {
    if !by_rust {
        return Route::ByPlan;
    }
    let order = order(conv);
    let (mut ints, mut numbers) = (0, 0);
    let mut by_plan = matches!(ret, Passing::ByPlan);
    let mut index = 0;
    while index < params.len() {
        match params[index] {
            Passing::Int => ints += 1,
            Passing::Vec => {
                numbers += 1;
                if let Some(apart) = NUMBERS_APART
                    && numbers > apart
                {
                    ints += 1;
                }
            }
            Passing::ByPlan => by_plan |= matches!(order, Order::ForIntegers(_)),
            Passing::Nothing => panic!("`()` is a result and not a parameter"),
        }
        index += 1;
    }
    let (registers, used) = match order {
        Order::OneForEach(registers) => (registers, params.len()),
        Order::ForIntegers(registers) => (registers, ints),
    };
    if by_plan {
        Route::ByPlan
    } else if used < registers.len() {
        Route::Thunk(ThunkFlavour(registers[used]))
    } else {
        Route::Frame
    }
}

/// How calls of a function that takes user data come in: by the shim itself, unless C wants the result where no
/// function of Rust returns one, or passes an argument so. Then there is a thunk, and nobody looks at the user data.
pub(crate) const fn route_with_user_data(by_rust: bool) -> Route {
    if by_rust { Route::UserData } else { Route::ByPlan }
}

/// The signature of a function with these layouts.
pub(crate) fn signature(
    conv: CallConv,
    params: Vec<pinvoke_abi::layout::Layout>,
    ret: pinvoke_abi::layout::Layout,
) -> Signature {
    Signature { conv, ..Signature::new(Target::HOST, params, ret) }
}

/// The type of the parameter that carries user data.
pub(crate) type UserData = *mut c_void;
