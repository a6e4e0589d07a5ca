//! What a call looks like before any ABI is applied: convention, parameters, result.
//!
//! Signatures and layouts have a compact notation, for tests, logs and command lines:
//!
//! | notation | means |
//! |---|---|
//! | `cdecl(i32,f64)->ptr` | convention, arguments, result; `cdecl` may be left out, no `->` is no result |
//! | `(ptr,...,i32,f64)->i32` | `...` stands where the variable arguments begin |
//! | `i8` … `i128`, `u8` … `u128`, `bool` | integers |
//! | `f32`, `f64`, `f80`, `f128` | floating point; `f80` is the x87 `long double` |
//! | `c32`, `c64`, `c80`, `c128` | `_Complex` of those |
//! | `<f32;4>`, `<i64;2>` | a vector: `__m128`, `float32x4_t`, `__attribute__((vector_size(16)))` |
//! | `ptr`, `void` | a pointer; no value |
//! | `[i32;4]`, `[i32]` | an array; a flexible array |
//! | `{i8,f64}` | a structure, `{}` an empty one |
//! | <code>{i32\|f64}</code> | a union, <code>{i32\|}</code> of one member, <code>{\|}</code> an empty one |
//! | `{u32:3,u32:29}` | bit-fields; `:0` ends a unit, `_u32:5` is unnamed |
//! | `{…}packed`, `{…}packed(2)` | `__attribute__((packed))`, `#pragma pack(2)` |
//! | `T align(16)` | the type, aligned to 16 |
//! | `{i32,i32@6}size(16)` | a member at byte 6; a size larger than members and alignment need |
//! | `{u32:3@4.5}` | a bit-field at bit 5 of byte 4 |
//!
//! Blanks between the parts are ignored. What [`Display`](core::fmt::Display) writes reads back as
//! the same value: offsets, alignments and sizes are written only where the rules of the target do
//! not give them.
//!
//! ```
//! use pinvoke_abi::signature::Signature;
//! let signature: Signature = "cdecl(i32,f64,{i8,f32},...,i32)->i64".parse()?;
//! assert_eq!(signature.params[2].size, 8);
//! assert_eq!(signature.variadic_from, Some(3));
//! assert_eq!(signature.to_string(), "cdecl(i32,f64,{i8,f32},...,i32)->i64");
//! # Ok::<(), pinvoke_abi::signature::NotationError>(())
//! ```

mod parse;
mod print;

pub use self::parse::{NotationError, Problem};

use crate::layout::{Kind, Layout};
use crate::target::Target;

impl Layout {
    /// Reads one type in the compact notation of [`crate::signature`], laid out for `target`;
    /// [`FromStr`](core::str::FromStr) does so for the host.
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::target::Target;
    ///
    /// let sockaddr = Layout::parse(Target::X86_64_LINUX, "{u16,[i8;14]}")?;
    /// assert_eq!((sockaddr.size, sockaddr.align), (16, 2));
    /// assert!(Layout::parse(Target::X86_64_LINUX, "{u16,[i8;14}").is_err());
    /// # Ok::<(), pinvoke_abi::signature::NotationError>(())
    /// ```
    ///
    /// # Errors
    /// [`NotationError`] with the position and what was expected there.
    pub fn parse(target: Target, text: &str) -> Result<Layout, NotationError> {
        parse::layout(target, text)
    }
}

/// The calling convention that a declaration states.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::signature::{CallConv, Signature};
/// use pinvoke_abi::target::Target;
///
/// // A function of the Windows API, which removes its two arguments from the stack of 32-bit Windows itself.
/// let mut signature = Signature::parse(Target::X86_WINDOWS, "(i32,i32)->i32")?;
/// signature.conv = CallConv::System;
/// assert_eq!(CallPlan::new(&signature)?.popped(), 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallConv {
    /// The platform's C convention.
    C,
    /// `stdcall` on 32-bit Windows, the C convention elsewhere; what the Windows API uses.
    System,
    /// System V x86-64, whatever the platform (`__attribute__((sysv_abi))`).
    SysV64,
    /// Microsoft x64, whatever the platform (`__attribute__((ms_abi))`).
    Win64,
    /// 32-bit x86: the callee pops its arguments.
    Stdcall,
    /// 32-bit x86: two arguments in registers.
    Fastcall,
    /// 32-bit x86: `this` in `ecx`.
    Thiscall,
}

/// One call: layouts of the arguments and of the result.
///
/// A variadic function has one signature per list of variable arguments; `variadic_from` says where
/// they begin, and their layouts are those after the default argument promotions (C17 6.5.2.2).
///
/// ```
/// use pinvoke_abi::layout::Layout;
/// use pinvoke_abi::signature::{CallConv, Signature};
/// use pinvoke_abi::target::Target;
///
/// // printf("%d %f", …): one signature for one list of variable arguments.
/// let target = Target::X86_64_LINUX;
/// let (pointer, int, double) =
///     (Layout::pointer(target), Layout::int(target, 4, true), Layout::float(target, 8));
/// let printf = Signature {
///     target,
///     conv: CallConv::C,
///     params: vec![pointer, int.clone(), double],
///     ret: int,
///     variadic_from: Some(1),
/// };
/// assert_eq!(printf.to_string(), "cdecl(ptr,...,i32,f64)->i32");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The machine whose layouts these are.
    pub target: Target,
    /// Convention as declared.
    pub conv: CallConv,
    /// Layouts of all arguments, left to right.
    pub params: Vec<Layout>,
    /// Layout of the result; [`Layout::void`] for none.
    pub ret: Layout,
    /// Index of the first variable argument, if the function is variadic.
    pub variadic_from: Option<usize>,
}

impl Signature {
    /// A signature in the C convention of `target`.
    ///
    /// ```
    /// use pinvoke_abi::layout::Layout;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// // double ldexp(double, int);
    /// let target = Target::AARCH64_LINUX;
    /// let double = Layout::float(target, 8);
    /// let ldexp = Signature::new(target, vec![double.clone(), Layout::int(target, 4, true)], double);
    /// assert_eq!(ldexp, Signature::parse(target, "(f64,i32)->f64")?);
    /// # Ok::<(), pinvoke_abi::signature::NotationError>(())
    /// ```
    #[must_use]
    pub fn new(target: Target, params: Vec<Layout>, ret: Layout) -> Signature {
        Signature { target, conv: CallConv::C, params, ret, variadic_from: None }
    }

    /// Reads the compact notation with the layouts of `target`; [`FromStr`](core::str::FromStr) does
    /// so for the host.
    ///
    /// ```
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let signature = Signature::parse(Target::X86_WINDOWS, "stdcall(ptr,u32)->i32")?;
    /// assert_eq!(signature.params[0].size, 4);
    /// // The mistake, and where it stands:
    /// let error = Signature::parse(Target::X86_WINDOWS, "stdcall(ptr,u33)->i32").unwrap_err();
    /// assert_eq!(error.to_string(), "at byte 12: expected a type, found `u33`");
    /// # Ok::<(), pinvoke_abi::signature::NotationError>(())
    /// ```
    ///
    /// # Errors
    /// [`NotationError`] with the position and what was expected there.
    pub fn parse(target: Target, text: &str) -> Result<Signature, NotationError> {
        parse::signature(target, text)
    }
}

/// What a variable argument of this type becomes by the default argument promotions (C17 6.5.2.2):
/// `float` becomes `double`, integers narrower than `int` and `_Bool` become `int`. All others stay.
///
/// ```
/// use pinvoke_abi::layout::Layout;
/// use pinvoke_abi::signature::promote;
/// use pinvoke_abi::target::Target;
/// let t = Target::X86_64_LINUX;
/// assert_eq!(promote(&Layout::float(t, 4), t), Layout::float(t, 8));
/// assert_eq!(promote(&Layout::int(t, 2, false), t), Layout::int(t, 4, true));
/// ```
#[must_use]
pub fn promote(layout: &Layout, target: Target) -> Layout {
    match layout.kind {
        Kind::Float if layout.size == 4 => Layout::float(target, 8),
        Kind::Bool => Layout::int(target, 4, true),
        // Every value of a narrower type, unsigned ones included, fits a 32-bit int.
        Kind::Int { .. } if layout.size < 4 => Layout::int(target, 4, true),
        _ => layout.clone(),
    }
}
