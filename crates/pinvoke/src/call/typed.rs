//! Typed calls: a run-time signature checked once against Rust types, then a plain function pointer.
//!
//! Where the program knows the types and only the *declaration* arrives at run time (a header, a
//! database, a plug-in's description), nothing need be interpreted per call. [`typed`] compares the two
//! once, value by value, and hands out the pointer in the type that rustc calls natively:
//!
//! ```
//! use pinvoke::call::{capture, typed};
//! use pinvoke::native::{CodePtr, NativeType};
//! use pinvoke_abi::signature::Signature;
//! use pinvoke_abi::target::Target;
//!
//! // What a declaration says at run time: int abs(int).
//! let signature = Signature::new(Target::HOST, vec![i32::layout()], i32::layout());
//! let target = CodePtr::new(libc::abs as *const _).expect("functions are not null");
//!
//! let abs = typed::<unsafe extern "C" fn(i32) -> i32>(&signature, target)?;
//! // SAFETY: abs(3) may be called with any int but the smallest.
//! let (result, error) = capture(|| unsafe { abs(-5) });
//! assert_eq!((result, error.is_none()), (5, true));
//!
//! let wrong = typed::<unsafe extern "C" fn(f64) -> i32>(&signature, target).unwrap_err();
//! assert_eq!(
//!     wrong.to_string(),
//!     "the Rust function type does not agree with the signature: \
//!      argument 1 is i32 (4 bytes) in the signature and f64 (8 bytes) in Rust"
//! );
//! # Ok::<(), pinvoke::call::SignatureMismatch>(())
//! ```
//!
//! # What agrees
//! Scalars agree if kind, size and signedness are the same, vectors if they are of one size and of the same
//! floating-point numbers or of integers, of whatever width; a pointer agrees with a pointer to anything.
//! Structures and unions agree member by member, without regard to names. Where the declaration has
//! bit-fields, for which Rust has no members, size and alignment must agree and the whole must travel the
//! same way; so must a `_Complex` and the structure of two floats that stands for it. Finally the call
//! plans of both sides are compared: if any value would travel differently after all, that is a mismatch.
//!
//! A variadic Rust type (`unsafe extern "C" fn(*const c_char, ...) -> i32`) agrees with any variadic
//! signature whose named parameters agree. What is passed behind them, rustc checks for the default
//! promotions, and only the function knows the rest.

use core::any::type_name;
use core::fmt;
use core::mem;

use pinvoke_abi::layout::{Field, Kind, Layout};
use pinvoke_abi::plan::{CallPlan, PlanError, Which};
use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::Target;

use crate::last_error::{ErrnoCell, LastError};
use crate::native::derive_support::VECTORS_BY_PLAN;
use crate::native::{CodePtr, NativeType};

/// Calls, and tells what the call left in `errno`: cleared before, read right after.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::call::capture;
/// // SAFETY: the path is a C string.
/// let (fd, error) = capture(|| unsafe { libc::open(c"/no/such/file".as_ptr(), 0) });
/// assert_eq!((fd, error.name()), (-1, Some("ENOENT")));
/// # }
/// ```
#[inline]
pub fn capture<R>(call: impl FnOnce() -> R) -> (R, LastError) {
    let errno = ErrnoCell::of_this_thread();
    errno.set(LastError::NONE);
    let result = call();
    (result, errno.get())
}

/// The function at `target` as a Rust function pointer, if its type agrees with `signature`.
///
/// Whether the signature is that of the function is for the caller to know, when calling it.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::typed;
/// use pinvoke::library::Library;
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let signature: Signature = "(i32)->i32".parse()?; // from a description that came at run time
/// let toupper = typed::<unsafe extern "C" fn(i32) -> i32>(&signature, c.entry_point("toupper")?.code())?;
/// // SAFETY: the signature is that of C.
/// assert_eq!(unsafe { toupper(i32::from(b'x')) }, i32::from(b'X'));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SignatureMismatch`] with every difference.
pub fn typed<F: UnsafeNativeFn>(signature: &Signature, target: CodePtr) -> Result<F, SignatureMismatch> {
    check::<F>(signature)?;
    // SAFETY: calling an unsafe function pointer is for its caller to justify.
    Ok(unsafe { F::from_code(target) })
}

/// As [`typed`], for function pointers that safe code may call.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::typed_safe;
/// use pinvoke::library::Library;
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let isdigit = c.entry_point("isdigit")?.code();
/// // SAFETY: isdigit has this signature; a byte is among the values it takes.
/// let isdigit =
///     unsafe { typed_safe::<extern "C" fn(i32) -> i32>(&"(i32)->i32".parse::<Signature>()?, isdigit) }?;
/// assert!(isdigit(i32::from(b'7')) != 0 && isdigit(i32::from(b'x')) == 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SignatureMismatch`] with every difference.
///
/// # Safety
/// `target` is a function of type `F` that may be called at any time, from any thread, with any values.
pub unsafe fn typed_safe<F: NativeFn>(
    signature: &Signature,
    target: CodePtr,
) -> Result<F, SignatureMismatch> {
    check::<F>(signature)?;
    // SAFETY: the caller's promise.
    Ok(unsafe { F::from_code(target) })
}

/// Compares the function type `F` with a signature.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::check;
///
/// // Does the plug-in's description fit what this program was compiled for?
/// let described: Signature = "({f64,f64},i32)->f64".parse()?;
/// #[derive(Clone, Copy, pinvoke::native::NativeType)]
/// #[repr(C)]
/// struct Point {
///     x: f64,
///     y: f64,
/// }
/// assert!(check::<extern "C" fn(Point, i32) -> f64>(&described).is_ok());
/// assert!(check::<extern "C" fn(Point, i32) -> f32>(&described).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SignatureMismatch`] with every difference.
pub fn check<F: NativeFn>(signature: &Signature) -> Result<(), SignatureMismatch> {
    let rust = F::shape();
    let differences = differences(signature, &rust);
    if differences.is_empty() { Ok(()) } else { Err(SignatureMismatch { differences }) }
}

/// A function type of Rust in native terms.
///
/// ```
/// use pinvoke::call::NativeFn;
///
/// let shape = <extern "C" fn(i32, f64) -> u8 as NativeFn>::shape();
/// assert!(format!("{shape:?}").contains("f64")); // for people; `check` compares it
/// ```
#[derive(Clone, Debug)]
pub struct FnShape {
    conv: CallConv,
    params: Vec<Value>,
    ret: Value,
    variadic: bool,
}

/// One value of a function type: how it lies in memory and what Rust calls it.
#[derive(Clone, Debug)]
struct Value {
    layout: Layout,
    name: &'static str,
}

impl Value {
    fn of<T: NativeType>() -> Value {
        Value { layout: T::layout(), name: type_name::<T>() }
    }
}

/// A function pointer type whose arguments and result are [`NativeType`]s.
///
/// Implemented for `extern fn` types, safe and unsafe, of the conventions `"C"`, `"C-unwind"`,
/// `"system"`, `"sysv64"` and `"win64"` (on 32-bit x86 `"stdcall"`, `"fastcall"` and `"thiscall"` instead) with up to 12
/// arguments, and variadic ones of `"C"`.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::{NativeFn, SignatureMismatch, check};
///
/// /// A table of functions that are given by descriptions.
/// struct Table<F> {
///     functions: Vec<F>,
/// }
///
/// impl<F: NativeFn> Table<F> {
///     fn accepts(&self, described: &Signature) -> Result<(), SignatureMismatch> {
///         check::<F>(described)
///     }
/// }
///
/// let table = Table::<extern "C" fn(i32) -> i32> { functions: Vec::new() };
/// assert!(table.accepts(&"(i32)->i32".parse()?).is_ok());
/// assert!(table.accepts(&"(ptr)->i32".parse()?).is_err());
/// # let _ = table.functions;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Safety
/// The type is a function pointer, and `shape` is its signature.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a native function pointer type",
    note = "write `unsafe extern \"C\" fn(A, B, ..) -> R` with up to 12 arguments that implement `NativeType`"
)]
pub unsafe trait NativeFn: Copy {
    /// Convention, arguments and result.
    ///
    /// ```
    /// use pinvoke::call::NativeFn;
    ///
    /// fn describe<F: NativeFn>() -> String {
    ///     format!("{:?}", F::shape())
    /// }
    /// assert!(describe::<unsafe extern "C" fn(*const i8, ...) -> i32>().contains("variadic: true"));
    /// ```
    fn shape() -> FnShape;

    /// The function at an address.
    ///
    /// ```
    /// use pinvoke::call::NativeFn;
    /// use pinvoke::native::CodePtr;
    ///
    /// extern "C" fn double(x: i32) -> i32 {
    ///     2 * x
    /// }
    ///
    /// let code = CodePtr::new(double as *const _).expect("functions are not null");
    /// // SAFETY: the function above.
    /// let function = unsafe { <extern "C" fn(i32) -> i32 as NativeFn>::from_code(code) };
    /// assert_eq!(function(21), 42);
    /// ```
    ///
    /// # Safety
    /// If `Self` is a safe function pointer, the code is a function of this type that may be called at
    /// any time.
    unsafe fn from_code(code: CodePtr) -> Self;
}

/// A [`NativeFn`] that only `unsafe` code may call.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::{UnsafeNativeFn, typed};
/// use pinvoke::library::Library;
///
/// /// Whoever calls what comes out answers for the call, so that this may be safe.
/// fn bind<F: UnsafeNativeFn>(library: &Library, name: &str, signature: &str) -> Option<F> {
///     typed(&signature.parse::<Signature>().ok()?, library.entry_point(name).ok()?.code()).ok()
/// }
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// assert!(bind::<unsafe extern "C" fn(i32) -> i32>(&c, "abs", "(i32)->i32").is_some());
/// assert!(bind::<unsafe extern "C" fn(i64) -> i32>(&c, "abs", "(i32)->i32").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Safety
/// The type is an `unsafe` function pointer.
pub unsafe trait UnsafeNativeFn: NativeFn {}

macro_rules! native_fn {
    ($($arg:ident)*) => {
        native_fn!(@both "C", C, $($arg)*);
        native_fn!(@both "C-unwind", C, $($arg)*);
        native_fn!(@both "system", System, $($arg)*);
        #[cfg(target_arch = "x86_64")]
        native_fn!(@both "sysv64", SysV64, $($arg)*);
        #[cfg(target_arch = "x86_64")]
        native_fn!(@both "win64", Win64, $($arg)*);
        #[cfg(target_arch = "x86")]
        native_fn!(@both "stdcall", Stdcall, $($arg)*);
        #[cfg(target_arch = "x86")]
        native_fn!(@both "fastcall", Fastcall, $($arg)*);
        #[cfg(target_arch = "x86")]
        native_fn!(@both "thiscall", Thiscall, $($arg)*);
    };
    (@both $abi:literal, $conv:ident, $($arg:ident)*) => {
        native_fn!(@one [extern $abi fn($($arg),*) -> R], $conv, false, $($arg)*);
        native_fn!(@one [unsafe extern $abi fn($($arg),*) -> R], $conv, false, $($arg)*);
        // SAFETY: an unsafe function pointer.
        unsafe impl<$($arg: NativeType,)* R: NativeType> UnsafeNativeFn
            for unsafe extern $abi fn($($arg),*) -> R {}
    };
    (@variadic $($arg:ident)*) => {
        native_fn!(@one [unsafe extern "C" fn($($arg,)* ...) -> R], C, true, $($arg)*);
        // SAFETY: an unsafe function pointer.
        unsafe impl<$($arg: NativeType,)* R: NativeType> UnsafeNativeFn
            for unsafe extern "C" fn($($arg,)* ...) -> R {}
    };
    (@one [$($function:tt)*], $conv:ident, $variadic:literal, $($arg:ident)*) => {
        // SAFETY: a function pointer; the shape repeats its type.
        unsafe impl<$($arg: NativeType,)* R: NativeType> NativeFn for $($function)* {
            fn shape() -> FnShape {
                FnShape {
                    conv: CallConv::$conv,
                    params: vec![$(Value::of::<$arg>()),*],
                    ret: Value::of::<R>(),
                    variadic: $variadic,
                }
            }

            unsafe fn from_code(code: CodePtr) -> Self {
                // SAFETY: a code pointer is an address and not null, which is all that a function
                // pointer must be; what is called through it is the caller's promise.
                unsafe { mem::transmute::<CodePtr, Self>(code) }
            }
        }
    };
}

native_fn!();
native_fn!(A);
native_fn!(A B);
native_fn!(A B C);
native_fn!(A B C D);
native_fn!(A B C D E);
native_fn!(A B C D E F);
native_fn!(A B C D E F G);
native_fn!(A B C D E F G H);
native_fn!(A B C D E F G H I);
native_fn!(A B C D E F G H I J);
native_fn!(A B C D E F G H I J K);
native_fn!(A B C D E F G H I J K L);
native_fn!(@variadic A);
native_fn!(@variadic A B);
native_fn!(@variadic A B C);
native_fn!(@variadic A B C D);
native_fn!(@variadic A B C D E);
native_fn!(@variadic A B C D E F);

/// A Rust function type and a signature that do not agree.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::check;
///
/// let mismatch = check::<extern "C" fn(f32) -> i32>(&"(f64)->u32".parse::<Signature>()?).unwrap_err();
/// assert_eq!(
///     mismatch.to_string(),
///     "the Rust function type does not agree with the signature: \
///      argument 1 is f64 (8 bytes) in the signature and f32 (4 bytes) in Rust; \
///      the result is u32 (4 bytes) in the signature and i32 (4 bytes) in Rust"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureMismatch {
    differences: Vec<Difference>,
}

impl SignatureMismatch {
    /// Every difference, in the order convention, arguments, result.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::{Difference, check};
    ///
    /// let mismatch = check::<extern "C" fn(i32)>(&"(i32,i32)".parse::<Signature>()?).unwrap_err();
    /// assert_eq!(mismatch.differences(), [Difference::ArgumentCount { signature: 2, rust: 1 }]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }
}

/// One respect in which a Rust function type differs from a signature.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::{Difference, check};
///
/// let printf: Signature = "(ptr,...,i32)->i32".parse()?;
/// let mismatch = check::<unsafe extern "C" fn(*const u8) -> i32>(&printf).unwrap_err();
/// assert!(mismatch.differences().contains(&Difference::Variadic { signature: true }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The signature is for another machine.
    Target(Target),
    /// The two are called by different rules.
    Convention {
        /// Convention of the signature.
        signature: CallConv,
        /// Convention of the Rust type.
        rust: CallConv,
    },
    /// The number of (named) arguments.
    ArgumentCount {
        /// Of the signature.
        signature: usize,
        /// Of the Rust type.
        rust: usize,
    },
    /// Only one of them is variadic.
    Variadic {
        /// Whether it is the signature.
        signature: bool,
    },
    /// A value differs in kind, size or members.
    Type {
        /// Which value.
        which: Which,
        /// What it is in the signature.
        signature: Layout,
        /// Name of the Rust type.
        rust: &'static str,
        /// What that is.
        layout: Layout,
    },
    /// A value has the same bytes, and yet the two sides would pass it differently.
    Passing(Which),
    /// One of the two cannot be called at all.
    Plan(PlanError),
}

impl fmt::Display for SignatureMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the Rust function type does not agree with the signature: ")?;
        for (i, difference) in self.differences.iter().enumerate() {
            write!(f, "{}{difference}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for SignatureMismatch {}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Target(target) => {
                write!(f, "the signature is for {target} and this program for {}", Target::HOST)
            }
            Difference::Convention { signature, rust } => {
                write!(f, "the convention is {signature} in the signature and {rust} in Rust")
            }
            Difference::ArgumentCount { signature, rust } => {
                write!(f, "there are {signature} arguments in the signature and {rust} in Rust")
            }
            Difference::Variadic { signature: true } => {
                f.write_str("the signature is variadic and the Rust type is not")
            }
            Difference::Variadic { signature: false } => {
                f.write_str("the Rust type is variadic and the signature is not")
            }
            Difference::Type { which, signature, rust, layout } => {
                let (native, size) = (Native(signature), Size(layout));
                write!(f, "{which} is {native} in the signature and {rust} {size} in Rust")?;
                if signature.is_aggregate() && layout.is_aggregate() && signature.size == layout.size {
                    f.write_str(", with other members or alignment")?;
                }
                Ok(())
            }
            Difference::Passing(which) => write!(f, "{which} would be passed differently"),
            Difference::Plan(error) => error.fmt(f),
        }
    }
}

/// A layout in words.
struct Native<'a>(&'a Layout);

impl fmt::Display for Native<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.0.kind {
            Kind::Void => return f.write_str("void"),
            // Short in the compact notation.
            Kind::Int { .. }
            | Kind::Bool
            | Kind::Float
            | Kind::X87
            | Kind::Complex { .. }
            | Kind::Vector { .. } => {
                return write!(f, "{} {}", self.0, Size(self.0));
            }
            Kind::Pointer => "a pointer",
            Kind::Array { .. } => "an array",
            Kind::Struct { .. } => "a structure",
            Kind::Union { .. } => "a union",
        };
        write!(f, "{what} {}", Size(self.0))
    }
}

struct Size<'a>(&'a Layout);

impl fmt::Display for Size<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} {})", self.0.size, if self.0.size == 1 { "byte" } else { "bytes" })
    }
}

fn differences(signature: &Signature, rust: &FnShape) -> Vec<Difference> {
    if signature.target != Target::HOST {
        return vec![Difference::Target(signature.target)];
    }
    let mut found = Vec::new();
    let named = signature.variadic_from.unwrap_or(signature.params.len());
    let signature_named = signature.params.get(..named).unwrap_or(&signature.params);
    if signature.variadic_from.is_some() != rust.variadic {
        found.push(Difference::Variadic { signature: signature.variadic_from.is_some() });
    }
    if signature_named.len() != rust.params.len() {
        let (signature, rust) = (signature_named.len(), rust.params.len());
        found.push(Difference::ArgumentCount { signature, rust });
    }
    let arguments = signature_named.iter().zip(&rust.params).enumerate();
    let arguments = arguments.map(|(i, (s, r))| (Which::Argument(i), s, r));
    for (which, native, value) in arguments.chain([(Which::Result, &signature.ret, &rust.ret)]) {
        if !agrees(native, &value.layout) {
            found.push(Difference::Type {
                which,
                signature: native.clone(),
                rust: value.name,
                layout: value.layout.clone(),
            });
        }
    }
    passing(signature, signature_named, rust, &mut found);
    found
}

/// Compares conventions, and the way of values that are the same in memory.
fn passing(signature: &Signature, named: &[Layout], rust: &FnShape, found: &mut Vec<Difference>) {
    let as_planned = |conv, params: Vec<Layout>, ret: &Layout| {
        let variadic_from = rust.variadic.then_some(params.len());
        CallPlan::new(&Signature { target: Target::HOST, conv, params, ret: ret.clone(), variadic_from })
    };
    let native = as_planned(signature.conv, named.to_vec(), &signature.ret);
    let layouts = rust.params.iter().map(|v| v.layout.clone()).collect();
    let rust_plan = as_planned(rust.conv, layouts, &rust.ret.layout);
    let (native, rust_plan) = match (native, rust_plan) {
        (Ok(native), Ok(rust)) => (native, rust),
        (native, rust) => {
            found.extend([native.err(), rust.err()].into_iter().flatten().map(Difference::Plan));
            return;
        }
    };
    if native.abi() != rust_plan.abi() {
        found.insert(0, Difference::Convention { signature: signature.conv, rust: rust.conv });
    } else if found.is_empty() {
        let arguments = rust.params.iter().enumerate().map(|(i, v)| (Which::Argument(i), v));
        let otherwise =
            arguments.chain([(Which::Result, &rust.ret)]).filter(|(_, v)| is_otherwise(&v.layout));
        found.extend(otherwise.map(|(which, _)| Difference::Passing(which)));
        let differ = native.args().iter().zip(rust_plan.args()).enumerate().filter(|(_, (a, b))| a != b);
        found.extend(differ.map(|(i, _)| Difference::Passing(Which::Argument(i))));
        if native.ret() != rust_plan.ret() {
            found.push(Difference::Passing(Which::Result));
        }
    }
}

/// Whether rustc passes and returns a value otherwise than C: a structure of vectors, on some machines.
fn is_otherwise(layout: &Layout) -> bool {
    VECTORS_BY_PLAN && layout.is_aggregate() && has_vector(layout)
}

fn has_vector(layout: &Layout) -> bool {
    match &layout.kind {
        Kind::Vector { .. } => true,
        Kind::Array { element, .. } => has_vector(element),
        Kind::Struct { fields } | Kind::Union { fields } => {
            fields.iter().any(|field| has_vector(&field.layout))
        }
        _ => false,
    }
}

/// Whether a value of the signature is, byte for byte, one of the Rust type.
fn agrees(native: &Layout, rust: &Layout) -> bool {
    if native.size != rust.size {
        return false;
    }
    match (&native.kind, &rust.kind) {
        (Kind::Complex { x87: false }, Kind::Struct { fields }) => {
            fields.len() == 2 && fields.iter().all(|f| f.layout.kind == Kind::Float)
        }
        // `__m128i` holds integers of any width.
        (Kind::Vector { element, .. }, Kind::Vector { element: other, .. }) => {
            matches!((&element.kind, &other.kind), (Kind::Int { .. }, Kind::Int { .. })) || element == other
        }
        (Kind::Array { element, count }, Kind::Array { element: other, count: other_count }) => {
            count == other_count && agrees(element, other)
        }
        (Kind::Struct { fields }, Kind::Struct { fields: others })
        | (Kind::Union { fields }, Kind::Union { fields: others }) => {
            native.align == rust.align && members_agree(fields, others)
        }
        (native, rust) => native == rust,
    }
}

fn members_agree(native: &[Field], rust: &[Field]) -> bool {
    if native.iter().any(|f| f.bits.is_some()) {
        return true;
    }
    // Members without bytes (a flexible array at the end) need no counterpart.
    let mut native = native.iter().filter(|f| !f.layout.is_empty());
    let mut rust = rust.iter().filter(|f| !f.layout.is_empty());
    loop {
        match (native.next(), rust.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a.offset == b.offset && agrees(&a.layout, &b.layout) => {}
            _ => return false,
        }
    }
}
