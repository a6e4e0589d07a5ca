//! Macros of `pinvoke`; use them through that crate.
#![forbid(unsafe_code)]

mod dll_import;
mod handle;
mod marshal;
mod native_type;
mod number;
mod repr;
mod ungroup;

use proc_macro::TokenStream;
use syn::{DeriveInput, Error};
use ungroup::ungroup;

/// Implements `NativeType` for a `#[repr(C)]` structure or union, for a `#[repr(transparent)]` newtype
/// of a native type, or for an enumeration with a primitive representation.
///
/// Members are native types, arrays of them, and other derived types. Size and offsets are those
/// of rustc and are checked at compile time against C's rules.
///
/// Refused, each with an error at the offending token: structures without a representation, generic types,
/// types without members, enumerations whose variants carry data or that have no primitive
/// representation.
///
/// ```
/// use pinvoke::native::NativeType;
///
/// /// `div_t`
/// #[derive(Clone, Copy, Debug, PartialEq, NativeType)]
/// #[repr(C)]
/// struct Div {
///     quotient: i32,
///     remainder: i32,
/// }
/// assert_eq!(Div::layout().size, 8);
///
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     fn div(number: i32, by: i32) -> Div;
/// }
/// // SAFETY: the divisor is not 0.
/// assert_eq!(unsafe { div(17, 5) }, Div { quotient: 3, remainder: 2 });
/// # }
/// ```
#[proc_macro_derive(NativeType)]
pub fn derive_native_type(input: TokenStream) -> TokenStream {
    derive(input, native_type::expand)
}

/// Makes a newtype of a raw handle its owner, which closes it when dropped:
/// `#[handle(close = function, invalid = value)]`.
///
/// The documentation of `pinvoke::marshal::handle` has the rules.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Handle;
///
/// /// A file descriptor.
/// #[derive(Debug, Handle)]
/// #[handle(close = close, invalid = -1)]
/// struct Descriptor(i32);
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     safe fn dup(descriptor: &Descriptor) -> Result<Descriptor, pinvoke::LastError>;
///     safe fn socket(domain: i32, kind: i32, protocol: i32) -> Result<Descriptor, pinvoke::LastError>;
///     fn close(descriptor: i32) -> i32;
/// }
/// let socket = socket(1, 1, 0)?;
/// let second = dup(&socket)?;
/// assert_ne!(second.as_raw(), socket.as_raw());
/// // Both are closed here.
/// # }
/// # Ok::<(), pinvoke::LastError>(())
/// ```
#[proc_macro_derive(Handle, attributes(handle))]
pub fn derive_handle(input: TokenStream) -> TokenStream {
    derive(input, handle::expand)
}

/// Makes a structure, an enumeration, a tagged union or a set of flags a value of native functions, in a
/// native form of its own.
///
/// The documentation of `pinvoke::marshal::structure` has the attributes and what follows from them.
///
/// ```
/// use pinvoke::marshal::{Bool32, Marshal};
/// use pinvoke::native::{Structure, offset_of};
///
/// /// `struct person { char name[10]; BOOL alive; unsigned char age; }`
/// #[derive(Marshal)]
/// struct Person {
///     #[marshal(fixed(10))]
///     name: String,
///     #[marshal(Bool32)]
///     alive: bool,
///     age: u8,
/// }
/// assert_eq!((Person::SIZE, offset_of::<Person>("alive")), (20, 12));
///
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     safe fn memchr(person: &Person, byte: i32, size: usize) -> *const u8;
/// }
/// let person = Person { name: "Ada".into(), alive: true, age: 36 };
/// assert!(!memchr(&person, 36, 17).is_null());
/// # }
/// ```
#[proc_macro_derive(Marshal, attributes(native, marshal, offset))]
pub fn derive_marshal(input: TokenStream) -> TokenStream {
    derive(input, marshal::expand)
}

/// Declares native functions that are found, loaded and bound when they are first called.
///
/// The documentation of `pinvoke::import` has the options, the forms of parameters and results, and
/// what is refused.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::{LastError, dll_import};
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     safe fn getpid() -> i32;
///     safe fn rmdir(path: &str) -> Result<i32, LastError>;
/// }
/// assert_eq!(getpid().cast_unsigned(), std::process::id());
/// assert_eq!(rmdir("/no/such/directory").unwrap_err().name(), Some("ENOENT"));
/// # }
/// ```
#[proc_macro_attribute]
pub fn dll_import(options: TokenStream, block: TokenStream) -> TokenStream {
    dll_import::expand(ungroup(options.into()), ungroup(block.into()))
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

/// Declares a type of callbacks: native functions made of closures, that may outlive a call.
///
/// The documentation of `pinvoke::callback` has the forms and the rules.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::{Function, callback, dll_import};
///
/// #[callback]
/// type Order = unsafe extern "C" fn(a: &i32, b: &i32) -> i32;
///
/// #[dll_import("libc", calls_back)]
/// unsafe extern "C" {
///     fn qsort(numbers: &mut [i32], #[len_of(numbers)] count: usize, size: usize, order: Function<'_, Order>);
/// }
/// let mut comparisons = 0;
/// let mut compare = |a: &i32, b: &i32| {
///     comparisons += 1;
///     a.cmp(b) as i32
/// };
/// let order = Order::scoped(&mut compare)?;
/// let mut numbers = [5, 3, 9];
/// // SAFETY: an element has four bytes.
/// unsafe { qsort(&mut numbers, 4, order.function()) };
/// drop(order);
/// assert_eq!(numbers, [3, 5, 9]);
/// assert!(comparisons >= 2);
/// # }
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[proc_macro_attribute]
pub fn callback(options: TokenStream, item: TokenStream) -> TokenStream {
    dll_import::callback_type::expand(ungroup(options.into()), ungroup(item.into()))
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

fn derive(
    input: TokenStream,
    expand: fn(&DeriveInput) -> Result<proc_macro2::TokenStream, Error>,
) -> TokenStream {
    let input = syn::parse2(ungroup(input.into()));
    input.and_then(|input| expand(&input)).unwrap_or_else(Error::into_compile_error).into()
}
