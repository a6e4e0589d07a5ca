//! Values of C types, as a host language, a script or a person hands them over at run time.
//!
//! The declared type rules, not the value: a [`Value`] is only what was written (`5`, `"text"`,
//! `{x: 1.5}`), and the marshallers convert it to whatever the prototype says at that position, or refuse
//! with the reason. In the other direction the declared type decides which value native memory becomes.
//!
//! | declared type | values accepted | value produced |
//! |---|---|---|
//! | `_Bool` | `Bool`, `Int` 0 or 1 | `Bool` |
//! | integers, `char` | `Int`, `Uint`, `Bool`, `Char`, integral `Float`, each range-checked | `Int`, `Uint` above `i128::MAX`; plain `char` and wide ones: `Char` if printable, else `Int` |
//! | `enum` | name as `Text`, `Enum`, `Int` | `Enum` where a constant has the value, else `Int` |
//! | `float`, `double` | `Float`, `Int` exactly representable | `Float` |
//! | `long double` | `LongDouble`, `Float`, `Int` | `LongDouble` (`Float` where it is a `double`) |
//! | `_Complex` | `Complex`, `Float`, `Int` | `Complex` |
//! | `__m128`, `float32x4_t`, `vector_size(16)` | `Array` of its numbers, those not given being 0; `Bytes` | `Array` |
//! | `char *`, `wchar_t *`, `char16_t *`, `char32_t *` | `Text`, `Bytes`, `Array`, `Null`, `Pointer` | `Text`, `Bytes` or `Array` if it is not valid Unicode, `Null` |
//! | `void *` | `Text`, `Bytes`, `Null`, `Pointer`, address as `Int` | `Pointer`, `Null` |
//! | `T *` | `Array` of T, one T as `Struct`, `Bytes`, `Null`, `Pointer` | `Pointer`, `Null`; out parameters: the T or an `Array` |
//! | `char **` | `Array` of `Text`, `Null`, `Pointer` | `Pointer`; a [`View`] reads the texts |
//! | structures | `Struct`, `Array` by position | `Struct` |
//! | unions | `Struct` with one member | `Struct` of all members |
//! | pointers to functions | `Callback`, `Function`, `Null`, `Pointer` | `Function`, `Null` |

mod handler;
mod long_double;
mod pointer;
mod show;
mod thread_bound;
mod type_ref;
mod view;

use std::sync::Arc;

pub use handler::{CallbackArgs, Handler, HandlerError};
pub use long_double::{LongDouble, ParseLongDoubleError};
pub use pointer::{FunctionPtr, Pointer};
pub use type_ref::TypeRef;
pub(crate) use view::{CONST, Scope};
pub use view::{View, ViewError};

/// A value of some C type.
///
/// `Display` writes it as the literal that a person would type: `[3, 5, 9]`, `{x: 1.5, y: 2}`, `"text"`,
/// `'a'`, `null`, `0x7f12a0`.
///
/// ```
/// use pinvoke::value::Value;
///
/// assert_eq!(Value::from(vec![3, 5, 9]).to_string(), "[3, 5, 9]");
/// assert_eq!(Value::from("text").to_string(), "\"text\"");
/// let point = Value::Struct(vec![("x".into(), 1.5.into()), ("y".into(), 2.into())]);
/// assert_eq!(point.to_string(), "{x: 1.5, y: 2}");
/// assert_eq!(Value::from(u64::MAX), Value::Int(18_446_744_073_709_551_615));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// No value: the result of a `void` function.
    Void,
    /// The null pointer.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any integer.
    Int(i128),
    /// An integer that only an unsigned 128-bit type holds. Values read from native memory use it above
    /// [`i128::MAX`] only.
    Uint(u128),
    /// A character; as an integer, its code point.
    Char(char),
    /// An enumeration constant by name.
    Enum {
        /// The constant.
        name: Arc<str>,
        /// Its value.
        number: i128,
    },
    /// A `float` or `double`.
    Float(f64),
    /// A `long double` that is wider than a `double`.
    LongDouble(LongDouble),
    /// A complex number: real and imaginary part. Parts wider than `double` are rounded.
    Complex(f64, f64),
    /// Text, without the terminating null.
    Text(String),
    /// Bytes as they are: buffers, and text that is not valid UTF-8.
    Bytes(Vec<u8>),
    /// Elements of an array.
    Array(Vec<Value>),
    /// Members of a structure or union by name; those of anonymous members stand in the outer list.
    Struct(Vec<(Arc<str>, Value)>),
    /// An address of data.
    Pointer(Pointer),
    /// A native function.
    Function(FunctionPtr),
    /// A function of ours that native code is to call.
    Callback(Handler),
}

macro_rules! from_int {
    ($($t:ty),*) => {$(
        impl From<$t> for Value {
            fn from(v: $t) -> Value {
                Value::Int(v.into())
            }
        }
    )*};
}
from_int!(i8, i16, i32, i64, i128, u8, u16, u32, u64);

impl From<u128> for Value {
    fn from(v: u128) -> Value {
        i128::try_from(v).map_or(Value::Uint(v), Value::Int)
    }
}

impl From<usize> for Value {
    fn from(v: usize) -> Value {
        Value::Int(v as i128)
    }
}

impl From<isize> for Value {
    fn from(v: isize) -> Value {
        Value::Int(v as i128)
    }
}

impl From<char> for Value {
    fn from(v: char) -> Value {
        Value::Char(v)
    }
}

impl From<f32> for Value {
    fn from(v: f32) -> Value {
        Value::Float(v.into())
    }
}

impl From<LongDouble> for Value {
    fn from(v: LongDouble) -> Value {
        Value::LongDouble(v)
    }
}

impl From<bool> for Value {
    fn from(v: bool) -> Value {
        Value::Bool(v)
    }
}

impl From<f64> for Value {
    fn from(v: f64) -> Value {
        Value::Float(v)
    }
}

impl From<&str> for Value {
    fn from(v: &str) -> Value {
        Value::Text(v.to_owned())
    }
}

impl From<String> for Value {
    fn from(v: String) -> Value {
        Value::Text(v)
    }
}

impl From<Handler> for Value {
    fn from(v: Handler) -> Value {
        Value::Callback(v)
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(v: Vec<V>) -> Value {
        Value::Array(v.into_iter().map(Into::into).collect())
    }
}

impl Value {
    /// The member of this name, if this is a structure that has it.
    ///
    /// ```
    /// use pinvoke::value::Value;
    ///
    /// // As a call of `div(17, 5)` returns it, a structure `div_t`:
    /// let quotient = Value::Struct(vec![("quot".into(), 3.into()), ("rem".into(), 2.into())]);
    /// assert_eq!(quotient.field("rem"), Some(&Value::Int(2)));
    /// assert_eq!(quotient.field("remainder"), None);
    /// assert_eq!(Value::Int(3).field("quot"), None);
    /// ```
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Struct(fields) => fields.iter().find(|(n, _)| &**n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The word for this kind of value in a message: `an integer`, `text`.
    ///
    /// ```
    /// use pinvoke::value::Value;
    ///
    /// let given = Value::from("12");
    /// assert_eq!(format!("expected an integer, not {}", given.noun()), "expected an integer, not text");
    /// assert_eq!(Value::Array(vec![]).noun(), "an array");
    /// ```
    #[must_use]
    pub fn noun(&self) -> &'static str {
        match self {
            Value::Void => "nothing",
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Uint(_) => "an integer",
            Value::Char(_) => "a character",
            Value::Enum { .. } => "an enumeration constant",
            Value::Float(_) => "a floating-point number",
            Value::LongDouble(_) => "a long double",
            Value::Complex(..) => "a complex number",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::Array(_) => "an array",
            Value::Struct(_) => "a structure",
            Value::Pointer(_) => "an address",
            Value::Function(_) => "a native function",
            Value::Callback(_) => "a callback",
        }
    }
}
