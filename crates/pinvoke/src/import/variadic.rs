//! Variable arguments: `fn printf(format: &str, ...) -> i32`.
//!
//! What stands for the dots is a tuple, `printf("%d %s\n", (5, "cats"))`, whose members are converted
//! like any argument and then promoted as C does: `float` to `double`, integers narrower than `int` to
//! `int` (C11 6.5.2.2). rustc makes the call, so that the rules of the platform hold: the number of
//! vector registers on System V, the stack on Apple's AArch64.

use crate::marshal::{IntoNative, MarshalError};
use crate::native::{CodePtr, NativeType};

/// A native type that may stand for the dots of a variadic function.
///
/// # Safety
/// `Promoted` is what C's default argument promotions make of the type.
pub unsafe trait Promote: NativeType {
    /// What travels.
    type Promoted: NativeType;
    /// The promoted value.
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

/// Tuples of up to 12 arguments that can stand for the dots, in the form `M`.
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
    fn state() -> Self::State;
    /// The promoted native values.
    ///
    /// # Errors
    /// An argument has no native form.
    fn into_native(self, state: &mut Self::State) -> Result<Self::Native, MarshalError>;
    /// Takes over what the function changed, as for [`IntoNative::copy_back`].
    ///
    /// # Errors
    /// What the function wrote is not a value of the type.
    fn copy_back(state: &mut Self::State) -> Result<(), MarshalError>;
}

/// Native values that stand for the dots, in a call with these named arguments and this result: any, for
/// up to six named arguments.
pub trait VariadicCall<Named, R> {
    /// Calls.
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
            #[inline]
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
