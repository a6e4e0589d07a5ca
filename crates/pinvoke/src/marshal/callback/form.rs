//! The native form of one argument of a closure, or of its result.

use core::marker::PhantomData;

/// An argument or the result of a callback in the native form `M`: the closure gets, or returns, a `T`.
///
/// Rust takes attributes neither within `impl FnMut(..)` nor before a result, so what `#[marshal(M)]` says of a
/// parameter is said here by the type. `M` is a character set, a kind of `bool`, a form with an owner, or a
/// [form of your own](crate::marshal#which-form); without `As`, the block's options decide. `As` stands around the
/// whole argument, [`Counted`](crate::marshal::Counted) and [`Out`](crate::marshal::Out) included;
/// `Option<As<T, M>>` is `As<Option<T>, M>`. The declaration alone reads it: there are no values of it.
///
/// ```
/// use pinvoke::callback;
/// use pinvoke::marshal::{Bool32, Utf16, VariantBool};
///
/// // Closures of imports take it just so: `ask: impl FnMut(As<&str, Utf16>, As<bool, Bool32>) -> As<bool, VariantBool>`.
/// #[callback(callable)]
/// type Ask = extern "C" fn(title: As<&str, Utf16>, is_new: As<bool, Bool32>) -> As<bool, VariantBool>;
///
/// let ask = Ask::function(|title, is_new| is_new && title == "grün");
/// assert!(ask.call("grün", true) && !ask.call("grün", false)); // as native code would, by UTF-16
/// ```
#[derive(Debug)]
pub struct As<T, M: ?Sized>(PhantomData<T>, PhantomData<M>);
