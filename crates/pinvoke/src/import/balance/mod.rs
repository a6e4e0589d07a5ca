//! Whether a call that rustc makes leaves the stack as its declaration says, on 32-bit x86.
//!
//! There `stdcall`, `fastcall` and `thiscall` functions remove their arguments from the stack when they return and `cdecl`
//! functions leave them to the caller. A function that is declared with a convention that is not its own returns into a
//! caller whose stack pointer is wrong, and that goes on until it crashes somewhere else. So what the macro writes reads
//! the stack pointer before a call and behind it, which takes six instructions; if they differ, the function is reported
//! and the process aborted. Elsewhere nothing shows at the stack, and nothing is compiled.

#[cfg(target_arch = "x86")]
mod report;
#[cfg(target_arch = "x86")]
mod x86;

#[cfg(target_arch = "x86")]
pub use self::report::{Declared, Described};
#[cfg(target_arch = "x86")]
pub use self::x86::Mark;

/// Whether functions declared `extern "system"` remove their arguments from the stack.
#[cfg(target_arch = "x86")]
const SYSTEM_IS_STDCALL: bool = cfg!(windows);

/// Evaluates a call, with the stack compared before and behind it: what is called (an expression of
/// `Described`), the convention as it is declared, the call.
#[cfg(target_arch = "x86")]
#[doc(hidden)]
#[macro_export]
macro_rules! __balanced {
    ($function:expr, $convention:literal, $call:expr) => {{
        enum __Declared {}
        impl $crate::import::balance::Declared for __Declared {
            const CONVENTION: &'static ::core::primitive::str = $convention;
            fn function() -> $crate::import::balance::Described {
                $function
            }
        }
        let mark = $crate::import::balance::Mark::new();
        let returned = $call;
        mark.check::<__Declared>();
        returned
    }};
}

/// Evaluates a call: no stack shows there what has been called.
#[cfg(not(target_arch = "x86"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __balanced {
    ($function:expr, $convention:literal, $call:expr) => {
        $call
    };
}

pub use __balanced as balanced;
