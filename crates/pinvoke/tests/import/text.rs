//! Text in every encoding, in every direction, under every owner; the other side is `text.c`.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::sync::LazyLock;

use pinvoke::marshal::{AnsiBStr, BStr, Given, Reason, U16CStr, U32CStr, Utf16, Utf32, WideChars};
use pinvoke::{Error, dll_import};

use crate::compiled;

static LIBRARY: LazyLock<()> = LazyLock::new(|| compiled::compile("text"));

/// Runs with the library there, and checks that every counted block was freed.
fn balanced(test: impl FnOnce()) {
    LazyLock::force(&LIBRARY);
    let before = counted_live();
    test();
    assert_eq!(counted_live(), before, "blocks that were not freed");
}

fn reason(result: Result<impl std::fmt::Debug, Error>) -> String {
    result.unwrap_err().to_string()
}

#[dll_import("text", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    fn counted_free(memory: *mut u8);
    fn counted_alloc(bytes: usize) -> *mut u8;
    safe fn counted_live() -> i64;

    safe fn length8(text: &str) -> Result<i64, Error>;
    #[dll_import(entry_point = "length8")]
    safe fn length_of_string(text: String) -> i64;
    #[dll_import(entry_point = "length8")]
    safe fn length_of_box(text: Box<str>) -> i64;
    #[dll_import(entry_point = "length8")]
    safe fn length_of_cow(text: Cow<'_, str>) -> i64;
    #[dll_import(entry_point = "length8")]
    safe fn length_of_option(text: Option<&str>) -> i64;
    #[dll_import(entry_point = "length8")]
    safe fn length_of_optional_string(text: Option<String>) -> i64;
    #[dll_import(entry_point = "length8")]
    safe fn length_of_c_str(text: &CStr) -> i64;
    #[dll_import(entry_point = "length8")]
    safe fn length_of_c_string(text: CString) -> i64;
    #[dll_import(entry_point = "length8")]
    safe fn length_of_optional_c_str(text: Option<&CStr>) -> i64;

    #[dll_import(entry_point = "same8")]
    safe fn same<'a>(text: &'a CStr) -> &'a str;
    #[dll_import(entry_point = "borrowed8")]
    safe fn borrowed_str(which: i32) -> Result<&'static str, Error>;
    #[dll_import(entry_point = "borrowed8")]
    #[returns(borrowed)]
    safe fn borrowed_string(which: i32) -> Result<String, Error>;
    #[dll_import(entry_point = "borrowed8")]
    #[returns(borrowed)]
    safe fn borrowed_option(which: i32) -> Result<Option<String>, Error>;
    #[dll_import(entry_point = "borrowed8")]
    #[returns(borrowed)]
    safe fn borrowed_box(which: i32) -> Box<str>;
    #[dll_import(entry_point = "borrowed8")]
    #[returns(borrowed)]
    safe fn borrowed_c_string(which: i32) -> Result<CString, Error>;
    #[dll_import(entry_point = "borrowed8")]
    safe fn borrowed_c_str(which: i32) -> Option<&'static CStr>;

    #[returns(free_with = counted_free)]
    safe fn owned8(text: &str) -> String;
    #[dll_import(entry_point = "owned8")]
    #[returns(free_with = counted_free)]
    safe fn owned_option(text: Option<&str>) -> Option<Box<str>>;
    #[dll_import(entry_point = "owned8")]
    #[returns(free_with = counted_free)]
    safe fn owned_null(text: Option<&str>) -> Result<String, Error>;
    #[returns(free_with = counted_free)]
    safe fn invalid8() -> Result<String, Error>;
    #[returns(free)]
    safe fn malloced8(text: &str) -> String;
    #[dll_import(entry_point = "malloced8")]
    #[returns(co_task_mem_free)]
    safe fn task_memory8(text: &str) -> String;

    safe fn out8(#[returns(free_with = counted_free)] text: &mut Option<String>, which: i32);
    safe fn out_borrowed8(#[returns(borrowed)] text: &mut Option<String>);
    safe fn replace8(#[returns(free_with = counted_free, alloc_with = counted_alloc)] text: &mut String);
    #[dll_import(entry_point = "replace8")]
    safe fn replace_option(
        #[returns(free_with = counted_free, alloc_with = counted_alloc)] text: &mut Option<String>,
    );
    #[dll_import(entry_point = "replace8")]
    safe fn replace_unallocated(
        #[returns(free_with = counted_free)] text: &mut Option<String>,
    ) -> Result<(), Error>;
    safe fn keep8(
        #[returns(free_with = counted_free, alloc_with = counted_alloc)] text: &mut String,
        second: &str,
    ) -> Result<(), Error>;
    safe fn make_null8(
        #[returns(free_with = counted_free, alloc_with = counted_alloc)] text: &mut String,
    ) -> Result<(), Error>;

    #[returns(borrowed)]
    safe fn with_length8(#[len_of(return)] length: &mut i32, which: i32) -> Result<String, Error>;
    #[dll_import(entry_point = "with_length8")]
    #[returns(len = which)]
    safe fn part_of_static(length: &mut i32, which: i32) -> Result<&'static str, Error>;

    safe fn length_of_free_me(text: Given<&str>) -> i64;
    #[dll_import(entry_point = "length_of_free_me")]
    safe fn give_two(text: Given<Option<String>>, second: &str) -> Result<i64, Error>;
    safe fn counted8(text: &str, #[len_of(text)] n: i32) -> i64;
    safe fn counted16(#[marshal(Utf16)] text: &str, #[len_of(text)] n: u8) -> Result<i64, Error>;
}

#[dll_import("text", search = [directory!()], char_set = Unicode, exact_spelling)]
unsafe extern "C" {
    #[dll_import(entry_point = "counted_free")]
    fn free16(memory: *mut u8);
    #[dll_import(entry_point = "counted_alloc")]
    fn alloc16(bytes: usize) -> *mut u8;

    safe fn length16(text: &str) -> Result<i64, Error>;
    #[dll_import(entry_point = "length16")]
    safe fn length_of_option16(text: Option<String>) -> i64;
    #[dll_import(entry_point = "length16")]
    safe fn length_of_units16(text: &U16CStr) -> i64;
    safe fn unit16(text: &str, at: i32) -> u32;
    safe fn length32(#[marshal(Utf32)] text: &str) -> i64;
    #[dll_import(entry_point = "length32")]
    safe fn length_of_units32(text: Option<&U32CStr>) -> i64;
    safe fn length_wide(#[marshal(WideChars)] text: &str) -> i64;

    #[returns(borrowed)]
    safe fn borrowed16(which: i32) -> Result<String, Error>;
    #[dll_import(entry_point = "borrowed16")]
    #[returns(borrowed)]
    safe fn borrowed_option16(which: i32) -> Result<Option<String>, Error>;
    #[dll_import(entry_point = "borrowed16")]
    safe fn borrowed_units16(which: i32) -> &'static U16CStr;
    #[returns(borrowed, Utf32)]
    safe fn borrowed32(which: i32) -> Result<String, Error>;
    #[returns(borrowed, WideChars)]
    safe fn borrowed_wide() -> String;
    #[returns(free_with = free16)]
    safe fn owned16(text: &str) -> String;
    #[returns(free_with = free16)]
    safe fn bad16() -> Result<String, Error>;
    safe fn replace16(#[returns(free_with = free16, alloc_with = alloc16)] text: &mut String);

    safe fn bstr_bytes(#[marshal(BStr)] text: Option<&str>) -> i64;
    #[returns(sys_free_string)]
    safe fn bstr_make(with_nul: i32) -> String;
    #[returns(sys_free_string)]
    safe fn bstr_broken() -> Result<String, Error>;
    safe fn bstr_out(#[returns(sys_free_string)] text: &mut Option<String>);
    safe fn ansi_bstr_bytes(#[marshal(AnsiBStr)] text: &str) -> i64;

    safe fn append16(#[buffer] buffer: &mut String, #[capacity_of(buffer)] capacity: u32);
    safe fn bad_buffer16(
        #[buffer(8)] buffer: &mut String,
        #[capacity_of(buffer)] capacity: u32,
    ) -> Result<(), Error>;
    #[dll_import(char_set = Utf32)]
    safe fn append32(#[buffer(6)] buffer: &mut String, #[capacity_of(buffer)] capacity: u32);

    fn tell16(f: impl FnMut(Option<String>), which: i32);
    fn ask16(f: impl FnMut(i32) -> Given<String>) -> i64;
}

#[test]
fn text_goes_in_as_utf8() {
    balanced(|| {
        for text in ["", "a", "grüße", &"x".repeat(5000), "日本😀"] {
            let n = i64::try_from(text.len()).unwrap();
            assert_eq!(length8(text).unwrap(), n);
            assert_eq!(length_of_string(text.to_owned()), n);
            assert_eq!(length_of_box(text.into()), n);
            assert_eq!(length_of_cow(text.into()), n);
            assert_eq!(length_of_option(Some(text)), n);
            assert_eq!(length_of_optional_string(Some(text.to_owned())), n);
            assert_eq!(counted8(text,), n);
            let c = CString::new(text).unwrap();
            assert_eq!(length_of_c_str(&c), n);
            assert_eq!(length_of_optional_c_str(Some(&c)), n);
            assert_eq!(length_of_c_string(c), n);
        }
        assert_eq!(length_of_option(None), -1);
        assert_eq!(length_of_optional_string(None), -1);
        assert_eq!(length_of_optional_c_str(None), -1);
        assert_eq!(
            reason(length8("ab\0c")),
            "cannot convert argument `text` of `length8`: the text has a NUL character at byte 2, and C would end it there"
        );
    });
}

#[test]
fn text_goes_in_as_wide_units() {
    balanced(|| {
        for text in ["", "a", "grüße", &"x".repeat(5000), "日本😀", &"😀ü".repeat(300)] {
            let n = i64::try_from(text.encode_utf16().count()).unwrap();
            assert_eq!(length16(text).unwrap(), n);
            assert_eq!(length_of_option16(Some(text.to_owned())), n);
            for (at, unit) in text.encode_utf16().enumerate() {
                assert_eq!(unit16(text, i32::try_from(at).unwrap()), u32::from(unit));
            }
            let points = i64::try_from(text.chars().count()).unwrap();
            assert_eq!(length32(text), points);
            // `wchar_t` has 2 bytes on Windows.
            assert_eq!(length_wide(text), if cfg!(windows) { n } else { points });
        }
        assert_eq!(length_of_option16(None), -1);
        for text in ["\0", "abc\0", &format!("{}\0{}", "x".repeat(700), "ü".repeat(20))] {
            let position = text.find('\0').unwrap();
            let error = length16(text).unwrap_err().to_string();
            assert!(
                error.ends_with(&format!("NUL character at byte {position}, and C would end it there")),
                "{error}"
            );
        }
        assert_eq!(counted16("ü😀").unwrap(), 3);
        assert_eq!(
            reason(counted16(&"x".repeat(256))),
            "cannot convert argument `n` of `counted16`: the count 256 is too large for u8"
        );
    });
}

#[test]
fn native_text_passes_through() {
    balanced(|| {
        assert_eq!(same(c"here"), "here");
        let units = U16CStr::from_units_with_nul(&[0xD800, 7, 0]).unwrap();
        assert_eq!(length_of_units16(units), 2);
        let units = U32CStr::from_units_with_nul(&[1, 2, 3, 0]).unwrap();
        assert_eq!(length_of_units32(Some(units)), 3);
        assert_eq!(length_of_units32(None), -1);
        assert_eq!(borrowed_units16(2).units(), [0x61, 0xD800, 0x62]);
        assert_eq!(
            U16CStr::from_units_with_nul(&[1, 2]).unwrap_err().to_string(),
            "there is no NUL at the end"
        );
        assert_eq!(
            U16CStr::from_units_with_nul(&[1, 0, 2, 0]).unwrap_err().to_string(),
            "there is a NUL at index 1, before the last unit"
        );
    });
}

#[test]
fn borrowed_text_is_copied_or_looked_at() {
    balanced(|| {
        assert_eq!(borrowed_str(0).unwrap(), "grüße");
        assert_eq!(borrowed_string(0).unwrap(), "grüße");
        assert_eq!(borrowed_option(0).unwrap().as_deref(), Some("grüße"));
        assert_eq!(borrowed_option(1).unwrap(), None);
        assert_eq!(&*borrowed_box(3), "");
        assert_eq!(borrowed_c_string(2).unwrap().as_c_str(), c"a\xffz");
        assert_eq!(borrowed_c_str(2), Some(c"a\xffz"));
        assert_eq!(borrowed_c_str(1), None);
        let null = "it is null; declare it as an `Option` if it may be";
        assert_eq!(reason(borrowed_str(1)), format!("cannot convert the result of `borrowed_str`: {null}"));
        assert_eq!(
            reason(borrowed_string(1)),
            format!("cannot convert the result of `borrowed_string`: {null}")
        );
        let invalid = "the text is not UTF-8: the first wrong unit is at index 1";
        for error in [reason(borrowed_str(2)), reason(borrowed_string(2)), reason(borrowed_option(2))] {
            assert!(error.ends_with(invalid), "{error}");
        }

        assert_eq!(borrowed16(0).unwrap(), "grüße 日😀");
        assert_eq!(borrowed_option16(1).unwrap(), None);
        assert_eq!(borrowed32(0).unwrap(), "日😀");
        assert_eq!(borrowed_wide(), "wide 😀");
        for (which, position) in [(2, 1), (3, 0), (4, 2)] {
            let Error::Marshal(error) = borrowed16(which).unwrap_err() else { panic!() };
            assert!(
                matches!(error.reason(), Reason::NotUnicode { encoding: "UTF-16", position: p } if *p == position),
                "{error}"
            );
        }
        for (which, position) in [(2, 1), (3, 2)] {
            let error = reason(borrowed32(which));
            assert!(
                error.ends_with(&format!("not UTF-32: the first wrong unit is at index {position}")),
                "{error}"
            );
        }
    });
}

#[test]
fn owned_text_is_freed_once() {
    balanced(|| {
        assert_eq!(owned8("grüße"), "grüße");
        assert_eq!(owned_option(Some("x")).as_deref(), Some("x"));
        assert_eq!(owned_option(None), None);
        assert!(reason(owned_null(None)).ends_with("it is null; declare it as an `Option` if it may be"));
        // Freed, though it is no text.
        assert!(reason(invalid8()).ends_with("not UTF-8: the first wrong unit is at index 2"));
        assert_eq!(malloced8("grüße"), "grüße");
        assert_eq!(task_memory8("grüße"), "grüße");
        assert_eq!(owned16("grüße 😀"), "grüße 😀");
        assert!(reason(bad16()).ends_with("not UTF-16: the first wrong unit is at index 0"));
    });
}

#[test]
fn text_comes_out_of_parameters() {
    balanced(|| {
        let mut text = Some("before".to_owned());
        out_borrowed8(&mut text);
        assert_eq!(text.as_deref(), Some("static"));

        let mut text = None;
        out8(&mut text, 1);
        assert_eq!(text.as_deref(), Some("from C"));
        text = None;
        out8(&mut text, 0);
        assert_eq!(text, None);

        let mut text = "grüße".to_owned();
        replace8(&mut text);
        replace8(&mut text);
        assert_eq!(text, "grüße!!");
        let mut text = None;
        replace_option(&mut text);
        assert_eq!(text.as_deref(), Some("nothing!"));
        let mut text = "grüße😀".to_owned();
        replace16(&mut text);
        assert_eq!(text, "grüße😀!");

        let mut text = None;
        replace_unallocated(&mut text).unwrap();
        assert_eq!(text.as_deref(), Some("nothing!"));
        assert_eq!(
            reason(replace_unallocated(&mut text)),
            "cannot convert argument `text` of `replace_unallocated`: `counted_free` has no memory for a text: declare `alloc_with`, start with `None`, or take `Out<String>` if the function does not look at it"
        );
    });
}

#[test]
fn what_was_allocated_is_freed_also_on_failure() {
    balanced(|| {
        let mut text = "kept".to_owned();
        keep8(&mut text, "ok").unwrap();
        assert_eq!(text, "kept");
        // The second argument has no native form: the function is not called.
        assert!(reason(keep8(&mut text, "a\0")).contains("argument `second` of `keep8`"));
        assert_eq!(text, "kept");
        assert!(
            reason(make_null8(&mut text)).ends_with("it is null; declare it as an `Option` if it may be")
        );
        assert_eq!(text, "kept");
    });
}

#[test]
fn text_with_a_length_needs_no_nul() {
    balanced(|| {
        assert_eq!(with_length8(4).unwrap(), "abcd");
        assert_eq!(with_length8(0).unwrap(), "");
        assert_eq!(
            reason(with_length8(-1)),
            "cannot convert the result of `with_length8`: the count -1 is negative"
        );
        let mut ignored = 0;
        assert_eq!(part_of_static(&mut ignored, 3).unwrap(), "abc");
    });
}

#[test]
fn text_is_given_away() {
    balanced(|| {
        assert_eq!(length_of_free_me(Given::new("grüße")), 7);
        assert_eq!(give_two(Given::new(None), "x").unwrap(), -1);
        // Not handed over, and freed here: the sanitizer sees it otherwise.
        assert!(give_two(Given::new(Some("left".to_owned())), "a\0").is_err());
    });
}

#[test]
fn bstrs_have_their_length_in_front() {
    balanced(|| {
        assert_eq!(bstr_bytes(Some("")), 0);
        assert_eq!(bstr_bytes(Some("aü😀")), 8);
        // A NUL inside is whole.
        assert_eq!(bstr_bytes(Some("a\0b")), 6);
        assert_eq!(bstr_bytes(None), -1);
        assert_eq!(bstr_make(0), "a");
        assert_eq!(bstr_make(1), "a\0b€");
        assert!(reason(bstr_broken()).ends_with("the count 1 bytes is no whole number of units"));
        let mut text = Some("before".to_owned());
        bstr_out(&mut text);
        assert_eq!(text.as_deref(), Some("a\0b€"));
        // In UTF-8, and in the code page of Western Europe.
        assert_eq!(ansi_bstr_bytes("grüße"), if cfg!(windows) { 5 } else { 7 });
    });
}

#[dll_import("text", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    safe fn fill8(
        #[buffer] buffer: &mut String,
        #[capacity_of(buffer)] capacity: i32,
        text: &str,
    ) -> Result<i32, Error>;
    #[dll_import(entry_point = "fill8")]
    #[returns(len_of(buffer))]
    safe fn fill_and_tell(
        #[buffer(16)] buffer: &mut String,
        #[capacity_of(buffer)] capacity: i32,
        text: &str,
    ) -> i32;
    safe fn fill_whole8(
        #[buffer(5)] buffer: &mut String,
        #[capacity_of(buffer)] capacity: u64,
    ) -> Result<(), Error>;
    safe fn fill_nothing8(#[buffer] buffer: &mut String, #[capacity_of(buffer)] capacity: u64);
    safe fn shout8(#[buffer] buffer: &mut String, #[capacity_of(buffer)] capacity: u8) -> Result<(), Error>;
    safe fn sized8(
        #[buffer(8)] buffer: &mut String,
        #[capacity_of(buffer)] size: &mut u32,
        back: u32,
    ) -> Result<bool, Error>;
    safe fn written8(
        #[buffer(8)] buffer: &mut String,
        #[capacity_of(buffer)] capacity: i32,
        #[len_of(buffer)] written: &mut i32,
        back: i32,
    ) -> Result<(), Error>;
    safe fn fixed8(#[buffer(6)] buffer: &mut String);
    #[returns(len_of(data))]
    safe fn bytes_back(
        #[buffer] data: &mut Vec<u8>,
        #[capacity_of(data)] capacity: u64,
        back: i64,
    ) -> Result<i64, Error>;
}

#[test]
fn buffers_are_filled_up_to_the_nul() {
    balanced(|| {
        let mut text = String::with_capacity(8);
        let room = i32::try_from(text.capacity()).unwrap();
        assert_eq!(fill8(&mut text, "grüße").unwrap(), 7);
        assert_eq!((text.as_str(), i32::try_from(text.capacity()).unwrap()), ("grüße", room));
        fill_nothing8(&mut text);
        assert_eq!(text, "grüße");
        assert_eq!(fill8(&mut text, "longer than eight").unwrap(), -1);
        assert_eq!(fill_and_tell(&mut text, "short"), 5);
        assert_eq!(text, "short");
        assert_eq!(fill_and_tell(&mut text, "longer than sixteen"), -1);
        assert_eq!(text, "");

        let mut text = "abc".to_owned();
        text.reserve_exact(2);
        shout8(&mut text).unwrap();
        assert!(text == "abc" || text == "abc++");
        let mut text = "abc".to_owned();
        text.reserve_exact(20);
        shout8(&mut text).unwrap();
        assert_eq!(text, "abc++");
        let mut large = String::with_capacity(300);
        assert!(reason(shout8(&mut large)).contains("is too large for u8"));

        let mut text = String::new();
        fixed8(&mut text);
        assert_eq!(text, "fixed");
        assert_eq!(
            reason(fill_whole8(&mut text)),
            "cannot convert argument `buffer` of `fill_whole8`: the function left no NUL within the 5 units of the buffer"
        );
        let mut text = "too long for it".to_owned();
        assert_eq!(
            reason(fill_whole8(&mut text)),
            "cannot convert argument `buffer` of `fill_whole8`: the count 15 is larger than the buffer of 5 elements"
        );
        let mut text = "a\0".to_owned();
        assert!(reason(fill_whole8(&mut text)).contains("NUL character at byte 1"));
        fill_nothing8(&mut String::new());
    });
}

#[test]
fn native_code_tells_how_much_is_in_a_buffer() {
    balanced(|| {
        let mut text = String::new();
        assert!(sized8(&mut text, 6).unwrap());
        assert_eq!(text, "abcdef");
        assert!(sized8(&mut text, 3).unwrap());
        assert_eq!(text, "abc");
        assert_eq!(
            reason(sized8(&mut text, 9)),
            "cannot convert argument `buffer` of `sized8`: the count 9 is larger than the buffer of 8 elements"
        );
        written8(&mut text, 2).unwrap();
        assert_eq!(text, "ab");
        written8(&mut text, 8).unwrap();
        assert_eq!(text, "abcdef");
        assert_eq!(
            reason(written8(&mut text, -1)),
            "cannot convert argument `buffer` of `written8`: the count -1 is negative"
        );
        assert!(reason(written8(&mut text, i32::MAX)).contains("larger than the buffer of 8 elements"));

        let mut bytes = Vec::with_capacity(10);
        assert_eq!(bytes_back(&mut bytes, 4).unwrap(), 4);
        assert_eq!(bytes, [0, 1, 2, 3]);
        assert_eq!(bytes_back(&mut bytes, -1).unwrap(), -1);
        assert!(bytes.is_empty());
        assert!(
            reason(bytes_back(&mut bytes, 11))
                .contains("the count 11 is larger than the buffer of 10 elements")
        );
    });
}

#[test]
fn wide_buffers_count_units() {
    balanced(|| {
        let mut text = "ü😀".to_owned();
        text.reserve_exact(10);
        append16(&mut text);
        assert_eq!(text, "ü😀++");
        append32(&mut text);
        assert_eq!(text, "ü😀++😀");
        append32(&mut text);
        assert_eq!(text, "ü😀++😀");
        assert!(reason(bad_buffer16(&mut text)).ends_with("not UTF-16: the first wrong unit is at index 1"));
    });
}

#[dll_import("text", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    fn tell8(f: impl FnMut(&str), which: i32);
    #[dll_import(entry_point = "tell8")]
    fn tell_option(f: impl FnMut(Option<String>), which: i32);
    #[dll_import(entry_point = "tell8")]
    fn tell_cow(f: impl FnMut(Option<Cow<'_, str>>), which: i32);
    fn ask8(f: impl FnMut(i32) -> Given<Option<String>>) -> i64;
    #[returns(free)]
    safe fn TestStringAsResult() -> String;
}

#[cfg(unix)]
mod paths {
    use super::*;
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::{Path, PathBuf};

    #[dll_import("text", search = [directory!()], char_set = Utf8)]
    unsafe extern "C" {
        #[dll_import(entry_point = "counted_free")]
        fn free_path(memory: *mut u8);
        #[dll_import(entry_point = "length8")]
        safe fn length_of_path(path: &Path) -> Result<i64, Error>;
        #[dll_import(entry_point = "length8")]
        safe fn length_of_os_string(text: Option<OsString>) -> i64;
        #[dll_import(entry_point = "borrowed8")]
        #[returns(borrowed)]
        safe fn borrowed_path(which: i32) -> Option<PathBuf>;
        #[dll_import(entry_point = "borrowed8")]
        safe fn borrowed_os_str(which: i32) -> &'static OsStr;
        #[dll_import(entry_point = "owned8")]
        #[returns(free_with = free_path)]
        safe fn owned_path(path: &OsStr) -> PathBuf;
        #[dll_import(entry_point = "tell8")]
        fn tell_path(f: impl FnMut(&Path), which: i32);
    }

    #[test]
    fn are_any_bytes() {
        balanced(|| {
            let bytes = OsStr::from_bytes(b"a\xffz");
            assert_eq!(length_of_path(Path::new(bytes)).unwrap(), 3);
            assert!(reason(length_of_path(Path::new("a\0"))).contains("NUL character at byte 1"));
            assert_eq!(length_of_os_string(Some(bytes.to_owned())), 3);
            assert_eq!(length_of_os_string(None), -1);
            assert_eq!(borrowed_path(2).as_deref(), Some(Path::new(bytes)));
            assert_eq!(borrowed_path(1), None);
            assert_eq!(borrowed_os_str(2), bytes);
            assert_eq!(owned_path(bytes), Path::new(bytes));
            let mut heard = PathBuf::new();
            unsafe { tell_path(|path| heard = path.to_owned(), 2) };
            assert_eq!(heard, Path::new(bytes));
        });
    }
}

#[test]
fn callbacks_get_and_give_text() {
    balanced(|| {
        let mut heard = Vec::new();
        // SAFETY: as declared, as below.
        unsafe { tell8(|text| heard.push(text.to_owned()), 0) };
        assert_eq!(heard, ["grüße"]);
        let mut heard = Vec::new();
        unsafe { tell_option(|text| heard.push(text), 0) };
        unsafe { tell_option(|text| heard.push(text), 1) };
        unsafe { tell_cow(|text| heard.push(text.map(Cow::into_owned)), 3) };
        unsafe { tell16(|text| heard.push(text), 0) };
        unsafe { tell16(|text| heard.push(text), 1) };
        let heard: Vec<_> = heard.iter().map(Option::as_deref).collect();
        assert_eq!(heard, [Some("grüße"), None, Some(""), Some("grüße 日😀"), None]);
        assert_eq!(unsafe { ask8(|n| Given::new(Some("x".repeat(n as usize)))) }, 7);
        assert_eq!(unsafe { ask8(|_| Given::new(None)) }, -1);
        assert_eq!(unsafe { ask16(|n| Given::new("😀".repeat(n as usize))) }, 14);
        assert_eq!(TestStringAsResult(), "This is return value");
    });
}
