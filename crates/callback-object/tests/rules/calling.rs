//! What a notification does.

use std::ffi::c_void;
use std::sync::{Arc, Mutex};

use callback_object::{Attributes, CallbackObject, Fence};

/// Both ways to run down, so that every rule is tested under each.
const FENCES: [Fence; 2] = [Fence::Asymmetric, Fence::Portable];

fn object(fence: Fence) -> CallbackObject {
    CallbackObject::unnamed(Attributes::new().fence(fence))
}

fn pointer(number: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(number)
}

#[test]
fn rule_01_routines_are_called_in_order_of_registration() {
    for fence in FENCES {
        for count in [1, 2, 10, 1000] {
            let object = object(fence);
            let called = Arc::new(Mutex::new(Vec::new()));
            let registrations: Vec<_> = (0..count)
                .map(|i| {
                    let called = Arc::clone(&called);
                    object.register(move |_, _| called.lock().unwrap().push(i)).unwrap()
                })
                .collect();
            object.notify(pointer(0), pointer(0)).unwrap();
            assert_eq!(*called.lock().unwrap(), (0..count).collect::<Vec<_>>());
            drop(registrations);
            object.notify(pointer(0), pointer(0)).unwrap();
            assert_eq!(called.lock().unwrap().len(), count);
        }
    }
}
