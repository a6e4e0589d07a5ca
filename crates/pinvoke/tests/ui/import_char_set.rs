//! `&str` of a character set that is not UTF-8: nothing is there that it could look at.
use core::ffi::c_char;

use pinvoke::dll_import;
use pinvoke::marshal::{CharSet, MarshalError};

/// ISO 8859-1.
enum Latin1 {}

impl CharSet for Latin1 {
    type Unit = c_char;
    type Bool = pinvoke::marshal::Bool8;
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

#[dll_import("libc")]
unsafe extern "C" {
    #[returns(borrowed, Latin1)]
    fn result() -> &'static str;
    #[dll_import(char_set = Unicode)]
    #[returns(borrowed)]
    fn wide() -> &'static str;
    #[returns(borrowed, Latin1)]
    fn converted() -> String;
}

#[pinvoke::callback]
type Visit = unsafe extern "C" fn(#[marshal(Latin1)] text: &str);

fn main() {}
