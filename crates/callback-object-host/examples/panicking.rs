//! A driver in Rust whose routine panics: a test loads it and sees where the panic ends.

use callback_object_driver::{Attributes, CallbackObject, Driver, Registration, Status, driver};

struct Panicking {
    _routine: Registration,
}

impl Driver for Panicking {
    fn load(_name: &str) -> Result<Panicking, Status> {
        // The image's own hook, in its own standard library: it prints nothing.
        std::panic::set_hook(Box::new(|_| {}));
        let object = CallbackObject::open_or_create("\\Callback\\Panicking", Attributes::new())?;
        let routine = object.register(|_, _| panic!("the driver has run out of ideas"))?;
        Ok(Panicking { _routine: routine })
    }
}

driver!(Panicking);
