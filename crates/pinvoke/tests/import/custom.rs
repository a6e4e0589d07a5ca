//! Types of the program with a marshaller of its own: state for the length of the call, and clean-up in any case.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use pinvoke::marshal::{FromNative, IntoNative, MarshalError, Reason};
use pinvoke::{Error, dll_import};

use crate::compiled;

thread_local!(static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });

fn log(text: &str) {
    LOG.with_borrow_mut(|log| log.push(text.to_owned()));
}

/// An integer that native code gets by its address, in the state; the state tells when it ends.
struct Traced(&'static str, i32);

#[derive(Default)]
struct TracedState {
    name: &'static str,
    number: i32,
}

impl Drop for TracedState {
    fn drop(&mut self) {
        log(&format!("end {}", self.name));
    }
}

impl<M: ?Sized> IntoNative<M> for Traced {
    type Native = *const i32;
    type State = TracedState;

    fn state() -> TracedState {
        TracedState::default()
    }

    fn into_native(self, state: &mut TracedState) -> Result<*const i32, MarshalError> {
        (state.name, state.number) = (self.0, self.1);
        if self.1 < 0 {
            return Err(Reason::OutOfRange { value: self.1.to_string(), of: "Traced" }.into());
        }
        log(&format!("begin {}", self.0));
        Ok(&raw const state.number)
    }

    fn copy_back(state: &mut TracedState) -> Result<(), MarshalError> {
        log(&format!("back {}", state.name));
        Ok(())
    }
}

/// A sum that is refused if it is odd.
#[derive(Debug, PartialEq)]
struct Even(i32);

impl<M: ?Sized> FromNative<M> for Even {
    type Native = i32;

    unsafe fn from_native(native: i32) -> Result<Even, MarshalError> {
        if native % 2 == 0 {
            Ok(Even(native))
        } else {
            Err(Reason::OutOfRange { value: native.to_string(), of: "Even" }.into())
        }
    }
}

#[dll_import("custom", search = [directory!()])]
unsafe extern "C" {
    safe fn add(a: Traced, b: Traced) -> Result<Even, Error>;
    #[dll_import(entry_point = "add")]
    safe fn add_or_panic(a: Traced, b: Traced) -> Even;
    safe fn add_and_call(a: Traced, b: Traced, f: impl FnMut(i32)) -> i32;
    #[dll_import(entry_point = "no_such_function")]
    safe fn missing(a: Traced) -> Even;
}

fn library() {
    static COMPILED: Once = Once::new();
    COMPILED.call_once(|| compiled::compile("custom"));
    LOG.take();
}

const CALLED: [&str; 6] = ["begin a", "begin b", "back a", "back b", "end b", "end a"];

#[test]
fn the_state_lives_as_long_as_the_call() {
    library();
    assert_eq!(add(Traced("a", 4), Traced("b", 2)).unwrap(), Even(6));
    assert_eq!(LOG.take(), CALLED);
    assert_eq!(add_or_panic(Traced("a", 4), Traced("b", 2)), Even(6));
    assert_eq!(LOG.take(), CALLED);
}

#[test]
fn the_state_ends_whatever_fails() {
    library();
    // A later argument: there is no call, and nothing comes back.
    let error = add(Traced("a", 4), Traced("b", -2)).unwrap_err().to_string();
    assert_eq!(error, "cannot convert argument `b` of `add`: the value -2 is none of Traced");
    assert_eq!(LOG.take(), ["begin a", "end b", "end a"]);
    assert!(catch_unwind(|| add_or_panic(Traced("a", 4), Traced("b", -2))).is_err());
    assert_eq!(LOG.take(), ["begin a", "end b", "end a"]);
    // The result.
    let error = add(Traced("a", 4), Traced("b", 1)).unwrap_err().to_string();
    assert_eq!(error, "cannot convert the result of `add`: the value 5 is none of Even");
    assert_eq!(LOG.take(), CALLED);
    assert!(catch_unwind(|| add_or_panic(Traced("a", 4), Traced("b", 1))).is_err());
    assert_eq!(LOG.take(), CALLED);
    // A panic in a callback.
    let panic = catch_unwind(AssertUnwindSafe(|| {
        add_and_call(Traced("a", 1), Traced("b", 2), |sum| panic!("sum {sum}"))
    }));
    assert_eq!(panic.unwrap_err().downcast_ref::<String>().unwrap(), "sum 3");
    let log = LOG.take();
    assert_eq!(log[..2], ["begin a", "begin b"]);
    assert_eq!(log[log.len() - 2..], ["end b", "end a"]);
    // The function itself: nothing was converted yet.
    assert!(catch_unwind(|| missing(Traced("a", 1))).is_err());
    assert_eq!(LOG.take(), [""; 0]);
}
