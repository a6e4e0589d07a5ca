//! Where panics of imports say that they come from.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use pinvoke::{callback, dll_import};

thread_local!(static LAST: Cell<Option<(String, u32)>> = const { Cell::new(None) });

/// The line of this file that a panic names.
fn line_of_panic(run: impl FnOnce()) -> u32 {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            LAST.set(panic.location().map(|location| (location.file().to_owned(), location.line())));
            previous(panic);
        }));
    });
    catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    let (file, line) = LAST.take().unwrap();
    assert!(file.ends_with("locations.rs"), "{file}");
    line
}

const DECLARED: u32 = line!();
#[dll_import("no-such-library")]
unsafe extern "C" {
    /// No more than a call through a pointer: nothing tells whoever stands there until it is bound who calls.
    safe fn add(a: i32, b: i32) -> i32; // here
    safe fn print(text: &str) -> i32;
    safe fn sort(compare: impl FnMut(i32, i32) -> i32) -> i32;
}

#[cfg_attr(windows, dll_import("msvcrt"))]
#[cfg_attr(not(windows), dll_import("libc"))]
unsafe extern "C" {
    safe fn strlen(text: &str) -> usize;
}

#[callback(callable)]
type Length = extern "C" fn(text: &str) -> usize;

#[test]
fn panics_of_imports_name_the_line_of_the_call() {
    // Of what cannot be bound:
    assert_eq!(line_of_panic(|| _ = print("text")), line!());
    assert_eq!(line_of_panic(|| _ = sort(|a, b| a - b)), line!());
    // Of what cannot be converted:
    assert_eq!(line_of_panic(|| _ = strlen("in\0ner")), line!());
    let length = Length::function(str::len);
    assert_eq!(line_of_panic(|| _ = length.call("in\0ner")), line!());
}

#[test]
fn panics_of_imports_that_are_no_more_than_a_call_name_their_declaration() {
    assert_eq!(line_of_panic(|| _ = add(1, 2)), DECLARED + 4);
}
