//! A character set of the program's own: text is what the set makes of it, in every place.

use core::ffi::c_char;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::LazyLock;

use pinvoke::marshal::{Bool8, CharSet, Marshal, MarshalError};
use pinvoke::{Error, Function, callback, dll_import};

use crate::compiled;

static LIBRARY: LazyLock<()> = LazyLock::new(|| compiled::compile("char_set"));

/// ISO 8859-1: a byte is the character of that number.
enum Latin1 {}

impl CharSet for Latin1 {
    type Unit = c_char;
    type Bool = Bool8;
    type Buffer = Vec<c_char>;
    const NAME: &'static str = "Latin-1";

    fn buffer() -> Vec<c_char> {
        Vec::new()
    }

    fn encode(text: &str, units: &mut Vec<c_char>) -> Result<(), MarshalError> {
        for c in text.chars() {
            units.push(c_char::from_ne_bytes([u8::try_from(c).map_err(MarshalError::custom)?]));
        }
        Ok(())
    }

    fn terminate(text: &str, buffer: &mut Vec<c_char>) -> Result<*const c_char, MarshalError> {
        Self::encode(text, buffer)?;
        buffer.push(0);
        Ok(buffer.as_ptr())
    }

    fn decode(units: &[c_char]) -> Result<String, MarshalError> {
        Ok(units.iter().flat_map(|unit| unit.to_ne_bytes()).map(char::from).collect())
    }
}

#[derive(Debug, Marshal)]
struct Lent<'a> {
    #[marshal(Latin1)]
    name: &'a str,
    length: i32,
}

#[derive(Debug, Marshal)]
struct Named {
    #[marshal(Latin1)]
    name: String,
    length: i32,
}

#[callback]
type Told = unsafe extern "C" fn(#[marshal(Latin1)] text: String);

#[callback]
type Part = unsafe extern "C" fn(
    #[len(n)]
    #[marshal(Latin1)]
    text: &str,
    n: i32,
);

#[dll_import("char_set", search = [directory!()])]
unsafe extern "C" {
    #[returns(borrowed, Latin1)]
    safe fn latin_text() -> String;
    #[dll_import(entry_point = "latin_text")]
    #[returns(borrowed, Latin1)]
    safe fn latin_cow() -> Cow<'static, str>;
    safe fn latin_sum(#[marshal(Latin1)] text: &str, #[len_of(text)] n: i32) -> Result<i32, Error>;
    safe fn latin_measure(named: &mut Lent<'_>) -> i32;
    safe fn latin_replace(named: &mut Named);
    #[dll_import(calls_back)]
    fn latin_tell(told: Function<'_, Told>);
    #[dll_import(calls_back)]
    fn latin_part(part: Function<'_, Part>);
}

thread_local!(static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });

#[test]
fn text_is_what_the_set_of_the_program_makes_of_it() {
    LazyLock::force(&LIBRARY);
    assert_eq!(latin_text(), "grüße");
    assert_eq!(latin_cow(), "grüße");
    // As UTF-8 this would be the two bytes C3 A9.
    assert_eq!(latin_sum("é").unwrap(), 0xe9);
    let error = latin_sum("日").unwrap_err().to_string();
    assert!(error.contains("argument `text` of `latin_sum`"), "{error}");
    let mut lent = Lent { name: "été", length: 0 };
    assert_eq!(latin_measure(&mut lent), 3);
    assert_eq!((lent.name, lent.length), ("été", 3));
    let mut named = Named { name: "été".to_owned(), length: 0 };
    latin_replace(&mut named);
    assert_eq!((named.name.as_str(), named.length), ("äh", 0));
}

#[test]
fn arguments_of_callbacks_are_converted_by_the_set() {
    LazyLock::force(&LIBRARY);
    // SAFETY: the functions call what they are given, and keep nothing.
    unsafe { latin_tell(Told::function(|text| HEARD.with_borrow_mut(|heard| heard.push(text)))) };
    // SAFETY: as above.
    unsafe {
        latin_part(Part::function(|text, _| HEARD.with_borrow_mut(|heard| heard.push(text.to_owned()))))
    };
    assert_eq!(HEARD.take(), ["été", "été"]);
}
