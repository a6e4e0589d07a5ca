//! A driver that links with no library, and a host that has none: the driver is handed the functions as a table.

#![allow(unsafe_code, clippy::unwrap_used, reason = "loads a driver; a test fails by panicking")]

mod support;

use std::ptr::null_mut;

use callback_object::{Attributes, Directory};
use callback_object_host::{Driver, Leftovers, LoadError, Unloaded, provide};
use support::{Made, compile, is_mapped};

/// One test, for a process decides once whose implementation it uses.
#[test]
fn a_driver_is_handed_the_functions() {
    let path = compile("unlinked.c", Made::Driver, &["-Wl,--as-needed"]);
    let image = std::fs::read(&path).unwrap();
    for library in ["libcallback_object.", "callback_object.dll"] {
        let mut parts = image.windows(library.len());
        assert!(!parts.any(|bytes| bytes == library.as_bytes()), "it is linked with {library}");
    }

    // SAFETY: the driver of this test.
    let load = || unsafe { Driver::load(&path) };
    let error = load().unwrap_err();
    assert!(matches!(error, LoadError::Image { .. }), "{error:?}");
    assert!(error.to_string().contains("`provide` them first"), "{error}");
    assert!(!is_mapped(&path));

    provide();
    let driver = load().unwrap();
    let object = Directory::global().open(r"\Callback\Unlinked", Attributes::new()).unwrap();
    let mut calls = 0;
    for _ in 0..2 {
        object.notify(null_mut(), (&raw mut calls).cast()).unwrap();
    }
    assert_eq!(calls, 2);
    let unloaded = driver.unload(Leftovers::Refuse).unwrap();
    assert_eq!(unloaded, Unloaded::Now { leftovers: vec![], still_mapped: false });
    assert_eq!((object.registered(), is_mapped(&path)), (0, false));
}
