//! Variable arguments: `fn printf(format: &str, ...) -> i32`.
//!
//! What stands for the dots is a tuple, `printf("%d %s\n", (5, "cats"))`, whose members are converted
//! like any argument and then promoted as C does: `float` to `double`, integers narrower than `int` to
//! `int` (C11 6.5.2.2). rustc makes the call, so that the rules of the platform hold: the number of
//! vector registers on System V, the stack on Apple's AArch64.
//!
//! A result that Rust's functions return elsewhere than C's is refused when the call is compiled. On Linux
//! x86-64 and i686 that is a `long double`; on AArch64 and RISC-V both return it alike, and this compiles:
//!
//! ```compile_fail,ignore-aarch64,ignore-riscv64,E0080
//! # use pinvoke::{dll_import, value::LongDouble};
//! #[dll_import("libsums")]
//! unsafe extern "C" {
//!     fn total(count: i32, ...) -> LongDouble;
//! }
//! unsafe { total(2, (1, 2)) };
//! ```

use crate::marshal::{Bool8, Bool32, IntoNative, MarshalError, VariantBool};
use crate::native::{CodePtr, NativeType};

/// A native type that may stand for the dots of a variadic function.
///
/// ```
/// use pinvoke::import::variadic::Promote;
///
/// // What `printf("%f %d", x, c)` reads are a double and an int.
/// fn sizes<T: Promote>(_: T) -> (usize, usize) {
///     (size_of::<T>(), size_of::<T::Promoted>())
/// }
/// assert_eq!((sizes(1.5_f32), sizes(b'c')), ((4, 8), (1, 4)));
/// assert_eq!(sizes(1_u32), (4, 4));
/// ```
///
/// # Safety
/// `Promoted` is what C's default argument promotions make of the type.
pub unsafe trait Promote: NativeType {
    /// What travels.
    type Promoted: NativeType;
    /// The promoted value.
    ///
    /// ```
    /// use pinvoke::import::variadic::Promote;
    ///
    /// assert_eq!(1.5_f32.promote(), 1.5_f64);
    /// assert_eq!((-3_i16).promote(), -3_i32);
    /// assert_eq!(200_u8.promote(), 200_i32);
    /// assert_eq!(u32::MAX.promote(), u32::MAX); // not narrower than int
    /// ```
    fn promote(self) -> Self::Promoted;
}

macro_rules! promote {
    ($($type:ty => $promoted:ty),* $(,)?) => { $(
        // SAFETY: C's integer promotions and float to double.
        unsafe impl Promote for $type {
            type Promoted = $promoted;
            #[inline]
            fn promote(self) -> $promoted {
                self.into()
            }
        }
    )* };
    (same $([$($generic:ident)*] $type:ty),* $(,)?) => { $(
        // SAFETY: not narrower than `int` and not `float`: there is nothing to promote.
        unsafe impl<$($generic),*> Promote for $type {
            type Promoted = $type;
            #[inline]
            fn promote(self) -> $type {
                self
            }
        }
    )* };
}

promote!(i8 => i32, u8 => i32, i16 => i32, u16 => i32, bool => i32, f32 => f64);
promote!(same [] i32, [] u32, [] i64, [] u64, [] isize, [] usize, [] i128, [] u128, [] f64);
promote!(same [T] *const T, [T] *mut T, [] Option<CodePtr>);

macro_rules! promote_booleans {
    ($($type:ty),*) => { $(
        // SAFETY: an integer, no wider than `int`.
        unsafe impl Promote for $type {
            type Promoted = i32;
            #[inline]
            fn promote(self) -> i32 {
                self.get().into()
            }
        }
    )* };
}

// What `bool` is in native code, as the form says.
promote_booleans!(Bool8, Bool32, VariantBool);

/// Tuples of up to 12 arguments that can stand for the dots, in the form `M`.
///
/// What `...` in a declaration takes:
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     fn snprintf(
///         #[buffer(32)] text: &mut String,
///         #[capacity_of(text)] size: usize,
///         format: &str,
///         ...
///     ) -> i32;
/// }
///
/// let mut text = String::new();
/// // SAFETY: the format fits the arguments: an int, a text and a double.
/// let length = unsafe { snprintf(&mut text, "%d %s, %.1f", (3, "cats", 0.5_f32)) };
/// assert_eq!((length, &*text), (11, "3 cats, 0.5"));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand for the variable arguments of a native function",
    note = "write a tuple of up to 12 arguments: `()`, `(5,)`, `(5, \"cats\")`"
)]
pub trait VariadicArguments<M: ?Sized>: Sized {
    /// What travels.
    type Native;
    /// What has to live until the call is over.
    type State;
    /// Room for the conversion.
    ///
    /// ```
    /// use pinvoke::import::variadic::VariadicArguments;
    /// use pinvoke::marshal::Utf8;
    ///
    /// type Arguments = (i32, &'static str);
    /// // One room for each member of the tuple; the text's is where its copy will stand.
    /// let mut state = <Arguments as VariadicArguments<Utf8>>::state();
    /// let _native = <Arguments as VariadicArguments<Utf8>>::into_native((5, "cats"), &mut state)?;
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn state() -> Self::State;
    /// The promoted native values.
    ///
    /// ```
    /// use pinvoke::import::variadic::VariadicArguments;
    /// use pinvoke::marshal::Utf8;
    ///
    /// fn natives<A: VariadicArguments<Utf8>>(
    ///     arguments: A,
    /// ) -> Result<A::Native, pinvoke::marshal::MarshalError> {
    ///     arguments.into_native(&mut A::state())
    /// }
    /// // Converted and promoted: a float travels as a double, a bool as an int.
    /// assert_eq!(natives((1.5_f32, true, 7_i64))?, (1.5_f64, 1_i32, 7_i64));
    /// assert!(natives(("cut\0short",)).is_err());
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    ///
    /// # Errors
    /// An argument has no native form.
    fn into_native(self, state: &mut Self::State) -> Result<Self::Native, MarshalError>;
    /// Takes over what the function changed, as for [`IntoNative::copy_back`].
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc")]
    /// unsafe extern "C" {
    ///     fn sscanf(text: &str, format: &str, ...) -> i32;
    /// }
    ///
    /// let (mut width, mut height) = (0, 0);
    /// // SAFETY: the format wants two places for an int.
    /// let read = unsafe { sscanf("640x480", "%dx%d", (&mut width, &mut height)) };
    /// // What the function wrote has been taken over:
    /// assert_eq!((read, width, height), (2, 640, 480));
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the function wrote is not a value of the type.
    fn copy_back(state: &mut Self::State) -> Result<(), MarshalError>;
}

/// Native values that stand for the dots, in a call with these named arguments and this result: any, for
/// up to six named arguments.
///
/// The form of a call in one trait, for code that is written for any number of arguments:
///
/// ```
/// # #[cfg(unix)] {
/// use std::ffi::{CStr, c_char};
///
/// use pinvoke::import::variadic::VariadicCall;
/// use pinvoke::native::CodePtr;
///
/// /// # Safety
/// /// The format fits the arguments, and the text that it makes fits 32 bytes.
/// unsafe fn format<A>(format: &CStr, arguments: A) -> String
/// where
///     A: VariadicCall<(*mut c_char, usize, *const c_char), i32>,
/// {
///     let mut text = [0; 32];
///     let snprintf = CodePtr::new(libc::snprintf as *const _).expect("functions are not null");
///     // SAFETY: snprintf has these named parameters and this result; the rest is promised.
///     unsafe { arguments.call(snprintf, (text.as_mut_ptr(), text.len(), format.as_ptr())) };
///     // SAFETY: snprintf has ended the text.
///     unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned()
/// }
///
/// // SAFETY: an int and a double.
/// assert_eq!(unsafe { format(c"%d, %.1f", (5, 0.5)) }, "5, 0.5");
/// # }
/// ```
pub trait VariadicCall<Named, R> {
    /// Calls.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::import::variadic::VariadicCall;
    /// use pinvoke::native::CodePtr;
    ///
    /// let snprintf = CodePtr::new(libc::snprintf as *const _).expect("functions are not null");
    /// let mut text = [0_u8; 16];
    /// let named = (text.as_mut_ptr(), text.len(), c"%d %s".as_ptr());
    /// // SAFETY: the named parameters and the result are snprintf's; the format fits an int and a C string.
    /// let length: i32 = unsafe { (5, c"cats".as_ptr()).call(snprintf, named) };
    /// assert_eq!((length, &text[..6]), (6, &b"5 cats"[..]));
    /// # }
    /// ```
    ///
    /// # Safety
    /// A variadic `extern "C"` function with these named parameters and this result stands there, and
    /// takes these values.
    unsafe fn call(self, code: CodePtr, named: Named) -> R;
}

macro_rules! arguments {
    ($($A:ident $a:ident)*) => {
        #[allow(non_snake_case, clippy::unused_unit, reason = "one macro for every number of arguments")]
        impl<M: ?Sized, $($A: IntoNative<M, Native: Promote>),*> VariadicArguments<M> for ($($A,)*) {
            type Native = ($(<$A::Native as Promote>::Promoted,)*);
            type State = ($($A::State,)*);

            #[inline]
            fn state() -> Self::State {
                ($($A::state(),)*)
            }

            #[inline]
            fn into_native(self, state: &mut Self::State) -> Result<Self::Native, MarshalError> {
                let ($($a,)*) = self;
                let ($($A,)*) = state;
                Ok(($($a.into_native($A)?.promote(),)*))
            }

            #[inline]
            fn copy_back(state: &mut Self::State) -> Result<(), MarshalError> {
                let ($($A,)*) = state;
                $($A::copy_back($A)?;)*
                Ok(())
            }
        }
        calls!([F0 f0] [$($A $a)*]);
        calls!([F0 f0 F1 f1] [$($A $a)*]);
        calls!([F0 f0 F1 f1 F2 f2] [$($A $a)*]);
        calls!([F0 f0 F1 f1 F2 f2 F3 f3] [$($A $a)*]);
        calls!([F0 f0 F1 f1 F2 f2 F3 f3 F4 f4] [$($A $a)*]);
        calls!([F0 f0 F1 f1 F2 f2 F3 f3 F4 f4 F5 f5] [$($A $a)*]);
    };
}

macro_rules! calls {
    ([$($F:ident $f:ident)*] [$($A:ident $a:ident)*]) => {
        impl<$($F,)* $($A,)* R> VariadicCall<($($F,)*), R> for ($($A,)*) {
            // Into its caller, which looks at the stack before and behind it.
            #[allow(clippy::inline_always, reason = "as the comment says")]
            #[inline(always)]
            unsafe fn call(self, code: CodePtr, named: ($($F,)*)) -> R {
                let ($($f,)*) = named;
                let ($($a,)*) = self;
                // SAFETY: a code pointer is an address and not null, as a function pointer is.
                let function = unsafe {
                    core::mem::transmute::<CodePtr, unsafe extern "C" fn($($F,)* ...) -> R>(code)
                };
                // SAFETY: the caller's promise.
                unsafe { function($($f,)* $($a),*) }
            }
        }
    };
}

arguments!();
arguments!(A0 a0);
arguments!(A0 a0 A1 a1);
arguments!(A0 a0 A1 a1 A2 a2);
arguments!(A0 a0 A1 a1 A2 a2 A3 a3);
arguments!(A0 a0 A1 a1 A2 a2 A3 a3 A4 a4);
arguments!(A0 a0 A1 a1 A2 a2 A3 a3 A4 a4 A5 a5);
arguments!(A0 a0 A1 a1 A2 a2 A3 a3 A4 a4 A5 a5 A6 a6);
arguments!(A0 a0 A1 a1 A2 a2 A3 a3 A4 a4 A5 a5 A6 a6 A7 a7);
arguments!(A0 a0 A1 a1 A2 a2 A3 a3 A4 a4 A5 a5 A6 a6 A7 a7 A8 a8);
arguments!(A0 a0 A1 a1 A2 a2 A3 a3 A4 a4 A5 a5 A6 a6 A7 a7 A8 a8 A9 a9);
arguments!(A0 a0 A1 a1 A2 a2 A3 a3 A4 a4 A5 a5 A6 a6 A7 a7 A8 a8 A9 a9 A10 a10);
arguments!(A0 a0 A1 a1 A2 a2 A3 a3 A4 a4 A5 a5 A6 a6 A7 a7 A8 a8 A9 a9 A10 a10 A11 a11);
