//! A driver in Rust, with its own copy of the standard library. It registers closures of which one
//! unregisters the other from inside a notification, and itself.

use std::collections::BTreeSet;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

use callback_object_driver::{CallbackObject, Driver, Registration, Status, driver};

/// Connections that are open, as far as this driver has been told.
type Open = Arc<Mutex<BTreeSet<usize>>>;

struct Audit {
    _routines: Vec<Registration>,
    _short_lived: Arc<Mutex<Vec<Registration>>>,
}

/// One notification.
fn follow(open: &Open, connection: *mut c_void, state: *mut c_void) {
    let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
    if state.is_null() {
        open.remove(&connection.addr())
    } else {
        open.insert(connection.addr())
    };
}

impl Driver for Audit {
    fn load(_name: &str) -> Result<Audit, Status> {
        let object = CallbackObject::open("\\Callback\\TcpConnectionCallback")?;
        let open = Open::default();
        let follower = object.register(move |connection, state| follow(&open, connection, state))?;

        // Two routines of which the first to be called at PASSIVE_LEVEL takes both away, itself included.
        let short_lived: Arc<Mutex<Vec<Registration>>> = Arc::default();
        for _ in 0..2 {
            let all = Arc::downgrade(&short_lived);
            let routine = object.register(move |_, state| {
                let Some(all) = all.upgrade().filter(|_| !state.is_null()) else { return };
                // Unregistered when the lock is free again.
                let taken = std::mem::take(&mut *all.lock().unwrap_or_else(PoisonError::into_inner));
                drop(taken);
            })?;
            short_lived.lock().unwrap_or_else(PoisonError::into_inner).push(routine);
        }
        Ok(Audit { _routines: vec![follower], _short_lived: short_lived })
    }
}

driver!(Audit);
