//! Closures whose arguments and results each have a form of their own.

use std::time::Duration;

use pinvoke::marshal::{
    Ansi, Bool32, FromNative, Given, IntoNative, MarshalError, Out, Owned, Utf8, Utf16, Utf32, VariantBool,
};
use pinvoke::{Error, Function, callback, dll_import};

use crate::native_callbacks::library;

/// A form of this program: a count of milliseconds.
enum Millis {}

impl FromNative<Millis> for Duration {
    type Native = i32;
    unsafe fn from_native(native: i32) -> Result<Duration, MarshalError> {
        u64::try_from(native).map(Duration::from_millis).map_err(MarshalError::custom)
    }
}

impl IntoNative<Millis> for Duration {
    type Native = i32;
    type State = ();
    fn state() {}
    fn into_native(self, (): &mut ()) -> Result<i32, MarshalError> {
        self.as_millis().try_into().map_err(MarshalError::custom)
    }
}

/// The same as a named type.
#[callback(char_set = Utf32)]
type Formed = unsafe extern "C" fn(
    ansi: As<&str, Ansi>,
    utf16: As<String, Utf16>,
    utf32: &str,
    bool32: As<bool, Bool32>,
    #[marshal(VariantBool)] variant: bool,
    unit: As<char, Utf16>,
    time: As<Duration, Millis>,
) -> As<bool, VariantBool>;

/// Called by this side too.
#[callback(callable)]
type Later =
    extern "C" fn(time: As<Duration, Millis>, #[marshal(Bool32)] twice: bool) -> As<Duration, Millis>;

// Nothing of it is what the block says.
#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf8, exact_spelling)]
unsafe extern "C" {
    fn formed(
        f: impl FnMut(
            As<&str, Ansi>,
            As<&str, Utf16>,
            As<Option<&str>, Utf32>,
            As<bool, Bool32>,
            As<bool, VariantBool>,
            As<char, Utf16>,
            As<Duration, Millis>,
        ) -> As<bool, VariantBool>,
    ) -> Result<i32, Error>;
    #[dll_import(entry_point = "formed")]
    fn formed_by_name(f: Function<'_, Formed>) -> i32;
    fn formed_elements(
        f: impl FnMut(
            UserData,
            i32,
            As<Counted<&str, 0>, Utf16>,
            As<Counted<&[String], 0>, Utf16>,
            As<Counted<&mut [bool], 0>, Bool32>,
        ),
        user: UserData,
    ) -> i32;
    fn formed_answers(
        f: Option<
            impl FnMut(
                As<Out<'_, String>, Owned<Utf8, pinvoke::marshal::Free>>,
                As<&mut bool, VariantBool>,
                Option<As<&str, Utf16>>,
            ) -> As<Duration, Millis>,
        >,
    ) -> Result<i32, Error>;
    fn formed_text(f: impl Fn() -> As<Given<String>, Utf16> + Send + Sync) -> i32;
}

#[test]
fn each_argument_of_a_closure_has_its_own_form() {
    library();
    let answers = [true, false].map(|answer| {
        let result = unsafe {
            formed(|ansi, utf16, utf32, bool32, variant, unit, time| {
                assert_eq!((ansi, utf16, utf32), ("ASCII", "gü", Some("😀")));
                // Of the 256, one byte would be false.
                assert_eq!((bool32, variant, unit), (true, true, '€'));
                assert_eq!(time, Duration::from_millis(1500));
                answer
            })
        };
        result.unwrap()
    });
    assert_eq!(answers, [-1, 0], "VARIANT_TRUE, VARIANT_FALSE");
}

#[test]
fn the_form_of_a_named_callback_stands_in_its_types_too() {
    library();
    let function = Formed::function(|ansi, utf16, utf32, bool32, variant, unit, time| {
        assert_eq!((ansi, utf16.as_str(), utf32, unit), ("ASCII", "gü", "😀", '€'));
        bool32 && variant && time.as_millis() == 1500
    });
    assert_eq!(unsafe { formed_by_name(function) }, -1);

    let later = Later::function(|time, twice| if twice { time * 2 } else { time });
    assert_eq!(later.call(Duration::from_millis(30), true), Duration::from_millis(60));
}

#[test]
fn elements_have_the_form_of_their_argument() {
    library();
    let flags = unsafe {
        formed_elements(|n, units, texts, flags| {
            assert_eq!((n, units), (2, "😀"));
            assert_eq!(texts, ["a😀", ""]);
            assert_eq!(flags, [false, true]);
            flags.reverse();
        })
    };
    assert_eq!(flags, 10, "1, 0: written back as four bytes each");
}

#[test]
fn answers_and_results_have_their_own_form() {
    library();
    let seen = unsafe {
        formed_answers(Some(|text: Out<'_, String>, flag: &mut bool, none: Option<&str>| {
            assert!(*flag && none.is_none());
            *text.0 = "four".to_owned();
            Duration::from_millis(7)
        }))
    };
    assert_eq!(seen.unwrap(), 700 - 10 + 4, "VARIANT_TRUE where a 1 was");
    assert_eq!(unsafe { formed_text(|| Given::new("gü😀".to_owned())) }, 4);
}

#[test]
fn what_has_no_such_form_is_an_error_of_the_call() {
    library();
    let error = unsafe {
        formed_answers(Some(|_: Out<'_, String>, _: &mut bool, _: Option<&str>| Duration::from_secs(1 << 40)))
    };
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("cannot convert the result of `f of formed_answers`"), "{error}");
}
