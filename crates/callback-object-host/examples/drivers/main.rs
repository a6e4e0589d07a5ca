//! A host and three drivers, in C, in C++ and in Rust.
//!
//! The C driver defines `\Callback\TcpConnectionCallback` and notifies it from two threads. The others know
//! only that name and what the arguments mean: their routines register, unregister themselves and each other
//! while they are being called. The host registers a closure, unloads the C++ driver in the middle of it all,
//! and goes on; at the end nothing is left.
//!
//! ```text
//! cargo run -p callback-object-host --example drivers
//! ```

mod build;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use callback_object::{Attributes, Directory};
use callback_object_host::module::Place;
use callback_object_host::{Driver, Leftovers, Unloaded, share};

const OBJECT: &str = "\\Callback\\TcpConnectionCallback";

fn main() -> Result<(), Box<dyn Error>> {
    let built = build::drivers()?;
    // The drivers are linked with the shared library; from here on it leads to this program's own objects.
    share(&built.library)?;

    // SAFETY: these are the drivers of this example.
    let [connection, monitor, audit] = built.drivers.each_ref().map(|path| unsafe { Driver::load(path) });
    let (connection, monitor, audit) = (connection?, monitor?, audit?);

    let object = Directory::global().open(OBJECT, Attributes::new().case_insensitive())?;
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let registration = object.register(move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
    })?;

    wait_for(&seen, 1000)?;
    println!("{OBJECT} has these routines:");
    for entry in object.registrations() {
        println!("  {}", Place::of(entry.routine));
    }

    let unloaded = monitor.unload(Leftovers::Revoke).map_err(|(_, error)| error)?;
    println!("the C++ driver was unloaded in flight: {}", shown(&unloaded));
    wait_for(&seen, 1000)?;

    let unloaded = audit.unload(Leftovers::Revoke).map_err(|(_, error)| error)?;
    println!("the Rust driver was unloaded in flight: {}", shown(&unloaded));
    wait_for(&seen, 1000)?;

    registration.unregister()?;
    let unloaded = connection.unload(Leftovers::Revoke).map_err(|(_, error)| error)?;
    println!("the C driver was unloaded: {}", shown(&unloaded));
    println!("{} notifications reached the host", seen.load(Ordering::Relaxed));
    assert_eq!(object.registered(), 0, "every routine has been unregistered");
    Ok(())
}

/// Waits until so many more notifications have been seen.
fn wait_for(seen: &AtomicUsize, more: usize) -> Result<(), Box<dyn Error>> {
    let (wanted, start) = (seen.load(Ordering::Relaxed) + more, Instant::now());
    while seen.load(Ordering::Relaxed) < wanted {
        if start.elapsed() > Duration::from_secs(30) {
            return Err(
                format!("only {} of {wanted} notifications came", seen.load(Ordering::Relaxed)).into()
            );
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn shown(unloaded: &Unloaded) -> String {
    match unloaded {
        Unloaded::Now { leftovers, still_mapped } => format!(
            "{} routines left, the image is {}",
            leftovers.len(),
            if *still_mapped { "kept by the loader" } else { "gone" }
        ),
        Unloaded::Deferred { leftovers } => {
            format!("{} routines left, the image goes when its routine returns", leftovers.len())
        }
    }
}
