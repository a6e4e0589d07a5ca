//! Rust types that have a native form of their own: what may stand in a native signature as it is.
//!
//! Two facts about such a type matter. Its [layout](NativeType::layout) is what a call plan is
//! computed from. Its [passing](NativeType::PASSING) is a constant, so that code generated for one
//! Rust signature can find the next free argument register at compile time and compute no plan at
//! all; types whose way depends on the whole signature say [`Passing::ByPlan`].
//!
//! ```
//! use pinvoke::native::NativeType;
//!
//! #[derive(Clone, Copy, NativeType)]
//! #[repr(C)]
//! struct Point {
//!     x: f64,
//!     y: f64,
//!     tag: [u8; 8],
//! }
//! assert_eq!(Point::layout().size, 24);
//! ```
//!
//! Invariant of every implementation: `layout()` has the size and alignment of the Rust type, and
//! `extern` functions take the Rust type where a C compiler takes the C type of that layout.
#![allow(unsafe_code, reason = "implementing NativeType is a promise about memory")]

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use pinvoke_abi::layout::Layout;
use pinvoke_abi::target::Target;
pub use pinvoke_macros::NativeType;

/// The address of native code. Never null.
///
/// In a native signature, `Option<CodePtr>` is the function pointer that may be null.
///
/// ```
/// use core::ffi::c_int;
/// use pinvoke::library::Library;
/// use pinvoke::native::CodePtr;
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let code: CodePtr = c.entry_point("abs")?.code();
/// // SAFETY: `int abs(int)`, and `c` keeps the library loaded.
/// let abs = unsafe { core::mem::transmute::<CodePtr, extern "C" fn(c_int) -> c_int>(code) };
/// assert_eq!(abs(-5), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct CodePtr(NonNull<c_void>);

// SAFETY: a CodePtr is an address; nothing is reached through it without an unsafe call.
unsafe impl Send for CodePtr {}
// SAFETY: as for Send.
unsafe impl Sync for CodePtr {}

impl CodePtr {
    /// Wraps an address; `None` if it is null. Whether code stands there is for the caller to know.
    ///
    /// ```
    /// use pinvoke::native::CodePtr;
    ///
    /// extern "C" fn answer() -> i32 {
    ///     42
    /// }
    /// assert!(CodePtr::new(answer as *const _).is_some());
    /// assert_eq!(CodePtr::new(core::ptr::null()), None);
    /// ```
    #[must_use]
    #[inline]
    pub const fn new(address: *const c_void) -> Option<CodePtr> {
        match NonNull::new(address.cast_mut()) {
            Some(address) => Some(CodePtr(address)),
            None => None,
        }
    }

    /// Wraps an address that is not null.
    ///
    /// ```
    /// use pinvoke::native::CodePtr;
    ///
    /// extern "C" fn routine() {}
    ///
    /// // SAFETY: functions are not null.
    /// let code = unsafe { CodePtr::new_unchecked(routine as *const _) };
    /// assert_eq!(Some(code), CodePtr::new(routine as *const _));
    /// ```
    ///
    /// # Safety
    /// It is not.
    #[must_use]
    #[inline]
    pub const unsafe fn new_unchecked(address: *const c_void) -> CodePtr {
        // SAFETY: the caller's promise.
        CodePtr(unsafe { NonNull::new_unchecked(address.cast_mut()) })
    }

    /// The address of a function.
    pub(crate) fn of_function(function: *const c_void) -> CodePtr {
        match CodePtr::new(function) {
            Some(code) => code,
            None => unreachable!("functions do not stand at address 0"),
        }
    }

    /// The address.
    ///
    /// ```
    /// use pinvoke::native::CodePtr;
    ///
    /// extern "C" fn answer() -> i32 {
    ///     42
    /// }
    /// let code = CodePtr::new(answer as *const _).expect("functions are not null");
    /// // For a debugger, or a C function that takes a `void *`:
    /// assert_eq!(code.as_ptr(), answer as *const _);
    /// ```
    #[must_use]
    pub const fn as_ptr(self) -> *const c_void {
        self.0.as_ptr()
    }

    /// The address as a number.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// # #[cfg(target_os = "linux")] {
    /// let c = Library::open("libc")?;
    /// // Where the function is in its file, as `nm` shows it.
    /// let code = c.entry_point("abs")?.code();
    /// let bias = c.load_bias().expect("loaded from a file");
    /// assert!(code.addr() > bias);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn addr(self) -> usize {
        self.0.as_ptr().addr()
    }
}

/// How a value of one type travels as an argument, as far as the type alone tells.
///
/// ```
/// use core::ffi::c_int;
/// use pinvoke::native::{NativeType, Passing};
///
/// #[derive(Clone, Copy, NativeType)]
/// #[repr(C)]
/// struct Div {
///     quotient: c_int,
///     remainder: c_int,
/// }
/// assert_eq!(<*const u8>::PASSING, Passing::Int);
/// assert_eq!(f64::PASSING, Passing::Vec);
/// assert_eq!(Div::PASSING, Passing::ByPlan);
/// assert_eq!(<()>::PASSING, Passing::Nothing);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Passing {
    /// In one integer register while there are any, in every ABI.
    Int,
    /// In one vector register while there are any, in every ABI.
    Vec,
    /// The call plan must say: structures, unions, 128-bit integers.
    ByPlan,
    /// Not at all: `()`, as a result.
    Nothing,
}

/// A Rust type that native code takes and returns as it is.
///
/// Derive it for `#[repr(C)]` structures and unions, for `#[repr(transparent)]` newtypes, and for
/// enumerations with a primitive representation. Native code works on the values themselves: in an
/// enumeration or a `bool` that is a member of a structure it must leave declared values only. Where that
/// is not certain, derive [`Marshal`](crate::marshal::structure) instead, which reads the numbers and
/// checks them; alone, as arguments, results and behind references, both are checked in any case.
///
/// # Safety
/// - `layout()` has the size, the alignment and the scalars of the type, on [`Target::HOST`];
/// - an `extern` function passes the type as a C compiler passes the C type of that layout, which
///   is what `PASSING` says in short;
/// - if `ZEROABLE`, a value whose bytes are all zero is valid.
///
/// ```
/// # #[cfg(unix)] {
/// use core::ffi::c_int;
/// use pinvoke::dll_import;
/// use pinvoke::native::NativeType;
///
/// /// `div_t`
/// #[derive(Clone, Copy, Debug, PartialEq, NativeType)]
/// #[repr(C)]
/// struct Div {
///     quotient: c_int,
///     remainder: c_int,
/// }
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     fn div(number: c_int, by: c_int) -> Div;
/// }
/// // SAFETY: the divisor is not 0.
/// assert_eq!(unsafe { div(17, 5) }, Div { quotient: 3, remainder: 2 });
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no native form",
    note = "native types are integers, floats, `bool`, raw pointers, `Option` of a function pointer, and types with `#[derive(NativeType)]`"
)]
pub unsafe trait NativeType: Copy {
    /// How the type travels.
    const PASSING: Passing;
    /// Whether all bytes zero is a value of the type.
    const ZEROABLE: bool;
    /// Whether C returns the type in a place that no `extern` function of Rust returns anything in, so
    /// that calls of a declared import which does are made by a plan, and those of a callback come in through
    /// one. `long double` is such a type.
    const RETURNED_BY_PLAN: bool = false;
    /// Whether rustc passes the type as an argument otherwise than C, so that a declared import which takes it is
    /// called by a plan: structures of vectors on AArch64 and 32-bit x86.
    const PASSED_BY_PLAN: bool = false;
    /// Whether it is or holds a vector of the processor.
    const HAS_VECTORS: bool = false;
    /// Size, alignment and scalars, on the machine this was compiled for.
    ///
    /// ```
    /// use core::ffi::c_long;
    /// use pinvoke::native::NativeType;
    ///
    /// #[derive(Clone, Copy, NativeType)]
    /// #[repr(C)]
    /// struct Interval {
    ///     seconds: c_long,
    ///     unit: u8,
    /// }
    /// let layout = Interval::layout();
    /// assert_eq!((layout.size, layout.align), (2 * size_of::<c_long>() as u64, align_of::<c_long>() as u64));
    /// ```
    fn layout() -> Layout;
}

/// What may be a member of a structure with `#[derive(NativeType)]`: native types and arrays of
/// such members. C passes no array by value, so an array is a member only.
///
/// # Safety
/// As for [`NativeType`], but for the passing.
///
/// ```
/// use pinvoke::native::{NativeField, NativeType};
///
/// fn bytes_of_member<T: NativeField>() -> u64 {
///     T::field_layout().size
/// }
/// assert_eq!(bytes_of_member::<[[f32; 3]; 2]>(), 24);
///
/// #[derive(Clone, Copy, NativeType)]
/// #[repr(C)]
/// struct Triangle {
///     corners: [[f32; 2]; 3],
/// }
/// assert_eq!(Triangle::layout().size, 24);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a member of a native type",
    note = "members are native types (see `NativeType`) and arrays of them",
    note = "behind a reference that native code gives stands a native type, too: what derives `Marshal` comes as `Box<T>`, a copy"
)]
pub unsafe trait NativeField: Copy {
    /// Whether all bytes zero is a value of the type.
    const FIELD_ZEROABLE: bool;
    /// [`NativeType::RETURNED_BY_PLAN`] of the members: a structure of nothing but a `long double` is returned
    /// where that is.
    const FIELD_RETURNED_BY_PLAN: bool = false;
    /// [`NativeType::HAS_VECTORS`] of the members.
    const FIELD_HAS_VECTORS: bool = false;
    /// What a reference to such a member is as an argument: its address, and for a handle its value.
    type Shared: NativeType;
    /// Size, alignment and scalars.
    ///
    /// ```
    /// use pinvoke::abi::layout::Kind;
    /// use pinvoke::native::NativeField;
    ///
    /// let layout = <[u16; 5]>::field_layout();
    /// assert_eq!((layout.size, layout.align), (10, 2));
    /// assert!(matches!(layout.kind, Kind::Array { count: 5, .. }));
    /// ```
    fn field_layout() -> Layout;
    /// The argument for the member at an address.
    ///
    /// # Safety
    /// A value stands there.
    ///
    /// ```
    /// use pinvoke::native::NativeField;
    ///
    /// let number = 5_i32;
    /// // SAFETY: a number stands there.
    /// let argument: *const i32 = unsafe { NativeField::shared(&raw const number) };
    /// assert_eq!(argument, &raw const number);
    /// ```
    unsafe fn shared(place: *const Self) -> Self::Shared;
}

// SAFETY: the obligations are a subset of those of NativeType.
unsafe impl<T: NativeType> NativeField for T {
    const FIELD_ZEROABLE: bool = T::ZEROABLE;
    const FIELD_RETURNED_BY_PLAN: bool = T::RETURNED_BY_PLAN;
    const FIELD_HAS_VECTORS: bool = T::HAS_VECTORS;
    type Shared = *const T;
    fn field_layout() -> Layout {
        T::layout()
    }
    #[inline]
    unsafe fn shared(place: *const T) -> *const T {
        place
    }
}

// SAFETY: an array is its elements in a row, in Rust as in C.
unsafe impl<T: NativeField, const N: usize> NativeField for [T; N] {
    const FIELD_ZEROABLE: bool = T::FIELD_ZEROABLE;
    const FIELD_RETURNED_BY_PLAN: bool = T::FIELD_RETURNED_BY_PLAN;
    const FIELD_HAS_VECTORS: bool = T::FIELD_HAS_VECTORS;
    type Shared = *const [T; N];
    #[inline]
    unsafe fn shared(place: *const [T; N]) -> *const [T; N] {
        place
    }
    fn field_layout() -> Layout {
        let element = T::field_layout();
        let size = size_of::<Self>() as u64;
        let align = element.align;
        let kind = pinvoke_abi::layout::Kind::Array { element: element.into(), count: N as u64 };
        Layout { size, align, kind }
    }
}

/// A structure or union whose native members are known by name: what derives [`NativeType`], or
/// [`Marshal`](crate::marshal::Marshal), whose native twin is described then.
///
/// ```
/// use pinvoke::marshal::{Bool32, Marshal};
/// use pinvoke::native::{Structure, offset_of};
///
/// #[derive(Marshal)]
/// struct Person {
///     #[marshal(fixed(10))]
///     name: String,
///     #[marshal(Bool32)]
///     alive: bool,
///     age: u8,
/// }
/// assert_eq!((Person::SIZE, Person::ALIGN), (20, 4));
/// const AGE: usize = offset_of::<Person>("age");
/// assert_eq!((offset_of::<Person>("alive"), AGE), (12, 16));
/// ```
pub trait Structure {
    /// Size in bytes, padding included.
    const SIZE: usize;
    /// Alignment in bytes.
    const ALIGN: usize;
    /// The members in the order of their declaration.
    const MEMBERS: &'static [Member];
}

/// A member of a [`Structure`].
///
/// ```
/// use pinvoke::native::{Member, NativeType, Structure};
///
/// #[derive(Clone, Copy, NativeType)]
/// #[repr(C)]
/// struct Color {
///     alpha: u8,
///     rgb: [u16; 3],
/// }
/// assert_eq!(Color::MEMBERS[1], Member { name: "rgb", offset: 2, size: 6 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name; of a tuple structure, its number.
    pub name: &'static str,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// Its size in bytes.
    pub size: usize,
}

/// The offset of a member in the native form, as .NET's `Marshal.OffsetOf`; in a constant, a wrong name
/// fails the build.
///
/// # Panics
/// If there is no such member.
///
/// ```
/// use pinvoke::marshal::Marshal;
/// use pinvoke::native::offset_of;
///
/// #[derive(Marshal)]
/// #[native(pack = 1)]
/// struct Header {
///     magic: u16,
///     size: u32,
/// }
/// const SIZE: usize = offset_of::<Header>("size");
/// assert_eq!(SIZE, 2);
/// assert!(std::panic::catch_unwind(|| offset_of::<Header>("length")).is_err());
/// ```
#[must_use]
pub const fn offset_of<T: Structure>(member: &str) -> usize {
    let mut index = 0;
    while index < T::MEMBERS.len() {
        if is_same(T::MEMBERS[index].name, member) {
            return T::MEMBERS[index].offset;
        }
        index += 1;
    }
    panic!("the structure has no such member")
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

/// A member of an explicit layout: `4 * FLOATS + BYTES` bytes of padding, then the value.
///
/// ```
/// use pinvoke::native::At;
///
/// // What `#[native(explicit)]` makes of `#[offset(6)] flags: u16`.
/// type Flags = At<u16, 1, 2>;
/// assert_eq!(core::mem::offset_of!(Flags, value), 6);
/// assert_eq!((size_of::<Flags>(), align_of::<Flags>()), (8, 1));
/// ```
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct At<T, const FLOATS: usize, const BYTES: usize> {
    floats: [f32; FLOATS],
    bytes: [u8; BYTES],
    /// The member.
    pub value: T,
}

impl<T, const FLOATS: usize, const BYTES: usize> core::fmt::Debug for At<T, FLOATS, BYTES> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("At").field("offset", &(4 * FLOATS + BYTES)).finish_non_exhaustive()
    }
}

macro_rules! scalar {
    ($($type:ty: $passing:ident, $zeroable:literal, $layout:expr;)*) => { $(
        // SAFETY: a scalar of C with the same size, the same alignment (asserted) and, in every
        // ABI, the same register class.
        unsafe impl NativeType for $type {
            const PASSING: Passing = {
                // A layout cannot be compared whole here; that of the primitive target rules can.
                assert!(align_of::<$type>() as u64 == Target::HOST.scalar_align(size_of::<$type>() as u64));
                Passing::$passing
            };
            const ZEROABLE: bool = $zeroable;
            fn layout() -> Layout {
                $layout
            }
        }
    )* };
}

scalar! {
    i8: Int, true, Layout::int(Target::HOST, 1, true);
    u8: Int, true, Layout::int(Target::HOST, 1, false);
    i16: Int, true, Layout::int(Target::HOST, 2, true);
    u16: Int, true, Layout::int(Target::HOST, 2, false);
    i32: Int, true, Layout::int(Target::HOST, 4, true);
    u32: Int, true, Layout::int(Target::HOST, 4, false);
    i64: Int, true, Layout::int(Target::HOST, 8, true);
    u64: Int, true, Layout::int(Target::HOST, 8, false);
    i128: ByPlan, true, Layout::int(Target::HOST, 16, true);
    u128: ByPlan, true, Layout::int(Target::HOST, 16, false);
    isize: Int, true, Layout::int(Target::HOST, size_of::<isize>() as u64, true);
    usize: Int, true, Layout::int(Target::HOST, size_of::<usize>() as u64, false);
    bool: Int, true, Layout::bool();
    f32: Vec, true, Layout::float(Target::HOST, 4);
    f64: Vec, true, Layout::float(Target::HOST, 8);
    CodePtr: Int, false, Layout::pointer(Target::HOST);
    Option<CodePtr>: Int, true, Layout::pointer(Target::HOST);
}

// SAFETY: no bytes; `extern fn() -> ()` is C's `void f(void)`.
unsafe impl NativeType for () {
    const PASSING: Passing = Passing::Nothing;
    const ZEROABLE: bool = true;
    fn layout() -> Layout {
        Layout::void()
    }
}

// SAFETY: transparent around a native type; any bytes will do, zeros as well.
unsafe impl<T: NativeType> NativeType for MaybeUninit<T> {
    const PASSING: Passing = T::PASSING;
    const ZEROABLE: bool = true;
    const RETURNED_BY_PLAN: bool = T::RETURNED_BY_PLAN;
    const PASSED_BY_PLAN: bool = T::PASSED_BY_PLAN;
    const HAS_VECTORS: bool = T::HAS_VECTORS;
    fn layout() -> Layout {
        T::layout()
    }
}

crate::native_value!(@for [T: NativeType,] MaybeUninit<T>, |_| false);

macro_rules! pointer {
    ($($type:ty),*) => { $(
        // SAFETY: an address; null is all zero. `T: Sized`, so that the pointer is thin.
        unsafe impl<T> NativeType for $type {
            const PASSING: Passing = Passing::Int;
            const ZEROABLE: bool = true;
            fn layout() -> Layout {
                Layout::pointer(Target::HOST)
            }
        }
    )* };
}

pointer!(*const T, *mut T, Option<NonNull<T>>);

macro_rules! function_pointer {
    ($($arg:ident)*) => {
        function_pointer!(@ [extern "C" fn] $($arg)*);
        function_pointer!(@ [extern "system" fn] $($arg)*);
        function_pointer!(@ [unsafe extern "system" fn] $($arg)*);
        function_pointer!(@ [unsafe extern "C" fn] $($arg)*);
        #[cfg(target_arch = "x86_64")]
        function_pointer!(@ [extern "sysv64" fn] $($arg)*);
        #[cfg(target_arch = "x86_64")]
        function_pointer!(@ [unsafe extern "sysv64" fn] $($arg)*);
        #[cfg(target_arch = "x86_64")]
        function_pointer!(@ [extern "win64" fn] $($arg)*);
        #[cfg(target_arch = "x86_64")]
        function_pointer!(@ [unsafe extern "win64" fn] $($arg)*);
        #[cfg(target_arch = "x86")]
        function_pointer!(@ [extern "stdcall" fn] $($arg)*);
        #[cfg(target_arch = "x86")]
        function_pointer!(@ [unsafe extern "stdcall" fn] $($arg)*);
        #[cfg(target_arch = "x86")]
        function_pointer!(@ [extern "fastcall" fn] $($arg)*);
        #[cfg(target_arch = "x86")]
        function_pointer!(@ [unsafe extern "fastcall" fn] $($arg)*);
        #[cfg(target_arch = "x86")]
        function_pointer!(@ [extern "thiscall" fn] $($arg)*);
        #[cfg(target_arch = "x86")]
        function_pointer!(@ [unsafe extern "thiscall" fn] $($arg)*);
    };
    (@ [$($function:tt)*] $($arg:ident)*) => {
        crate::nullable_value!([$($arg,)* R,] $($function)*($($arg),*) -> R);
        // SAFETY: C's function pointer, and never null.
        unsafe impl<$($arg,)* R> NativeType for $($function)*($($arg),*) -> R {
            const PASSING: Passing = Passing::Int;
            const ZEROABLE: bool = false;
            fn layout() -> Layout {
                Layout::pointer(Target::HOST)
            }
        }
        // SAFETY: C's function pointer: the guaranteed null-pointer optimisation makes `None` null.
        unsafe impl<$($arg,)* R> NativeType for Option<$($function)*($($arg),*) -> R> {
            const PASSING: Passing = Passing::Int;
            const ZEROABLE: bool = true;
            fn layout() -> Layout {
                Layout::pointer(Target::HOST)
            }
        }
    };
}

function_pointer!();
function_pointer!(A0);
function_pointer!(A0 A1);
function_pointer!(A0 A1 A2);
function_pointer!(A0 A1 A2 A3);
function_pointer!(A0 A1 A2 A3 A4);
function_pointer!(A0 A1 A2 A3 A4 A5);
function_pointer!(A0 A1 A2 A3 A4 A5 A6);
function_pointer!(A0 A1 A2 A3 A4 A5 A6 A7);
function_pointer!(A0 A1 A2 A3 A4 A5 A6 A7 A8);
function_pointer!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9);
function_pointer!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10);
function_pointer!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11);

/// What `#[derive(NativeType)]` expands to; not part of the API.
#[doc(hidden)]
pub mod derive_support {
    pub use pinvoke_abi::layout::{Field, Kind, Layout};
    use pinvoke_abi::target::Arch;
    pub use pinvoke_abi::target::Target;

    /// Whether rustc passes structures of vectors otherwise than C here, as memory instead of registers (AArch64)
    /// or without their alignment (32-bit x86).
    pub const VECTORS_BY_PLAN: bool = matches!(Target::HOST.arch, Arch::Aarch64 | Arch::X86);

    /// Where C puts a member of alignment `align` behind `end` bytes, with `pack` as the cap.
    #[must_use]
    pub const fn c_offset(end: usize, align: usize, pack: usize) -> usize {
        end.next_multiple_of(c_align(align, pack))
    }

    /// An alignment with `pack` as the cap.
    #[must_use]
    pub const fn c_align(align: usize, pack: usize) -> usize {
        if align < pack { align } else { pack }
    }

    /// The bytes behind members of these sizes and alignments up to a declared size.
    #[must_use]
    pub const fn tail(size: usize, members: &[(usize, usize)], pack: usize) -> usize {
        let (mut end, mut align, mut index) = (0, 1, 0);
        while index < members.len() {
            let (member, natural) = members[index];
            end = c_offset(end, natural, pack) + member;
            let capped = c_align(natural, pack);
            if capped > align {
                align = capped;
            }
            index += 1;
        }
        assert!(end <= size, "the members are larger than the declared size");
        assert!(
            size.is_multiple_of(align),
            "the declared size is not a multiple of the alignment: add `pack`"
        );
        size - end
    }

    /// A member of `layout` at `offset`.
    #[must_use]
    pub fn field(offset: usize, layout: Layout) -> Field {
        Field { offset: offset as u64, layout, bits: None }
    }

    /// A structure or union of this size and alignment.
    #[must_use]
    pub fn aggregate<const N: usize>(size: usize, align: usize, union: bool, fields: [Field; N]) -> Layout {
        let fields = fields.into();
        let kind = if union { Kind::Union { fields } } else { Kind::Struct { fields } };
        Layout { size: size as u64, align: align as u64, kind }
    }
}
