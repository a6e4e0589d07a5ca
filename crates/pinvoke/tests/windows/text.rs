//! 8-bit text is that of the active code page, in both directions and without best fit.

use pinvoke::marshal::{Bool32, Utf8};
use pinvoke::{Error, dll_import};

#[dll_import("kernel32", exact_spelling, bool = Bool32)]
unsafe extern "system" {
    safe fn GetACP() -> u32;
    safe fn lstrlenA(text: &str) -> i32;
    #[dll_import(entry_point = "lstrlenA")]
    safe fn length(text: &str) -> Result<i32, Error>;
    #[dll_import(entry_point = "lstrlenA")]
    safe fn length_in_utf8(#[marshal(Utf8)] text: &str) -> i32;
    safe fn SetEnvironmentVariableA(name: &str, value: &str) -> bool;
    fn GetEnvironmentVariableA(name: &str, #[buffer(64)] value: &mut String, size: u32) -> u32;
}

#[dll_import("user32", exact_spelling)]
unsafe extern "system" {
    /// What stands behind the first character.
    #[returns(borrowed)]
    fn CharNextA(text: &core::ffi::CStr) -> String;
    #[returns(borrowed)]
    #[dll_import(entry_point = "CharNextA")]
    fn look_at_next(text: &core::ffi::CStr) -> Result<&'static str, Error>;
}

#[test]
fn text_is_in_the_active_code_page() {
    // That of Western Europe, which is what Wine has.
    assert_eq!(GetACP(), 1252);
    assert_eq!((lstrlenA("Grüße"), lstrlenA("12 €"), lstrlenA("")), (5, 4, 0));
    assert_eq!(length_in_utf8("Grüße"), 7);
    // What the 8-bit function was given, the system has as UTF-16, and so the other way round.
    assert!(SetEnvironmentVariableA("PINVOKE_ANSI", "Grüße für 12 €"));
    assert_eq!(std::env::var("PINVOKE_ANSI").unwrap(), "Grüße für 12 €");
    let mut value = String::new();
    assert_eq!(unsafe { GetEnvironmentVariableA("PINVOKE_ANSI", &mut value, 64) }, 14);
    assert_eq!(value, "Grüße für 12 €");
    assert_eq!(unsafe { CharNextA(c"-\xDF\x80") }, "ß€");
}

#[test]
fn what_the_code_page_does_not_have_is_refused() {
    // Windows would fit `8` to the first and `?` to the others.
    for (text, at) in [("∞", 0), ("12 Ω", 3), ("你好", 0), ("👋", 0)] {
        let error = length(text).unwrap_err();
        let error = format!(
            "{error}: {}",
            std::error::Error::source(&error).map_or(String::new(), ToString::to_string)
        );
        let c = text[at..].chars().next().unwrap();
        assert!(error.contains(&format!("code page 1252 has no {c:?}")), "{error}");
        assert!(error.contains(&format!("at byte {at}")), "{error}");
    }
    let error = length("ü\0ü").unwrap_err();
    let text = format!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string));
    assert!(text.contains("NUL character at byte 2"), "{text}");
}

#[test]
fn a_look_is_possible_at_ascii_only() {
    assert_eq!(unsafe { look_at_next(c"-abc") }.unwrap(), "abc");
    let error = unsafe { look_at_next(c"-\xFC") }.unwrap_err();
    let text = format!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string));
    assert!(text.contains("declare `String` or `Cow<str>`"), "{text}");
}
