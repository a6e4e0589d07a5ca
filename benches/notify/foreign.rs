//! GLib's signals and Boost.Signals2, where they are installed.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

use super::native::{Library, Pair, open};
use super::peers::Source;

/// A GLib object with one signal that has one pointer as its argument.
pub(crate) struct GSignal {
    object: *mut c_void,
    signal: c_uint,
    functions: &'static GLib,
}

// SAFETY: GLib's signals are safe to use from any thread.
unsafe impl Send for GSignal {}
// SAFETY: as above.
unsafe impl Sync for GSignal {}

type Callback = unsafe extern "C" fn();

struct GLib {
    emit: unsafe extern "C" fn(*mut c_void, c_uint, c_uint, ...),
    connect: unsafe extern "C" fn(
        *mut c_void,
        *const c_char,
        Callback,
        *mut c_void,
        *mut c_void,
        c_int,
    ) -> c_ulong,
    disconnect: unsafe extern "C" fn(*mut c_void, c_ulong),
    new: unsafe extern "C" fn(usize, *const c_char, ...) -> *mut c_void,
    class: usize,
    signal: c_uint,
}

const G_TYPE_NONE: usize = 1 << 2;
const G_TYPE_POINTER: usize = 17 << 2;
const G_TYPE_OBJECT: usize = 20 << 2;
const G_SIGNAL_RUN_LAST: c_uint = 2;
/// `sizeof(GObjectClass)` and `sizeof(GObject)`.
const SIZES: (c_uint, c_uint) = (136, 24);
const FIRED: &CStr = c"fired";

impl GLib {
    fn get() -> Option<&'static GLib> {
        static GLIB: OnceLock<Option<GLib>> = OnceLock::new();
        GLIB.get_or_init(GLib::load).as_ref()
    }

    fn load() -> Option<GLib> {
        type Register = unsafe extern "C" fn(
            usize,
            *const c_char,
            c_uint,
            *const c_void,
            c_uint,
            *const c_void,
            c_uint,
        ) -> usize;
        type SignalNew = unsafe extern "C" fn(
            *const c_char,
            usize,
            c_uint,
            c_uint,
            *const c_void,
            *const c_void,
            *const c_void,
            usize,
            c_uint,
            ...
        ) -> c_uint;
        let library = open("libgobject-2.0.so.0")?;
        // SAFETY: declared so in gtype.h.
        let register: Register = unsafe { library.function(c"g_type_register_static_simple") };
        // SAFETY: declared so in gsignal.h.
        let signal_new: SignalNew = unsafe { library.function(c"g_signal_new") };
        // SAFETY: an address only.
        let marshal: *const c_void = unsafe { library.function(c"g_cclosure_marshal_VOID__POINTER") };
        // SAFETY: a class without additions, of the sizes of its parent.
        let class = unsafe {
            register(G_TYPE_OBJECT, c"BenchSource".as_ptr(), SIZES.0, null_mut(), SIZES.1, null_mut(), 0)
        };
        // SAFETY: of this library, with its types.
        let new: unsafe extern "C" fn(usize, *const c_char, ...) -> *mut c_void =
            unsafe { library.function(c"g_object_new") };
        // SAFETY: the class above; its class structure must exist before it has signals.
        unsafe { new(class, std::ptr::null()) };
        // SAFETY: a signal with one argument, a pointer, and the marshaller for that.
        let signal = unsafe {
            signal_new(
                FIRED.as_ptr(),
                class,
                G_SIGNAL_RUN_LAST,
                0,
                null_mut(),
                null_mut(),
                marshal,
                G_TYPE_NONE,
                1,
                G_TYPE_POINTER,
            )
        };
        Some(GLib {
            // SAFETY: declared so in gsignal.h.
            emit: unsafe { library.function(c"g_signal_emit") },
            // SAFETY: declared so in gsignal.h.
            connect: unsafe { library.function(c"g_signal_connect_data") },
            // SAFETY: declared so in gsignal.h.
            disconnect: unsafe { library.function(c"g_signal_handler_disconnect") },
            new,
            class,
            signal,
        })
    }
}

impl GSignal {
    /// An object, if GLib is installed.
    pub(crate) fn new() -> Option<GSignal> {
        let functions = GLib::get()?;
        // SAFETY: the class registered above.
        let object = unsafe { (functions.new)(functions.class, std::ptr::null()) };
        Some(GSignal { object, signal: functions.signal, functions })
    }
}

impl Source for GSignal {
    type Ticket = c_ulong;

    fn add(&self, pair: Pair) -> c_ulong {
        // SAFETY: the routine ignores its arguments, so one argument more or less does not matter to it.
        let routine = unsafe { std::mem::transmute::<callback_object::Routine, Callback>(pair.routine) };
        // SAFETY: an object of the class, and its signal.
        unsafe { (self.functions.connect)(self.object, FIRED.as_ptr(), routine, pair.context, null_mut(), 0) }
    }

    fn remove(&self, ticket: c_ulong) {
        // SAFETY: connected before.
        unsafe { (self.functions.disconnect)(self.object, ticket) }
    }

    fn emit(&self, argument1: *mut c_void, _: *mut c_void) {
        // SAFETY: the signal's one argument.
        unsafe { (self.functions.emit)(self.object, self.signal, 0, argument1) }
    }
}

/// A `boost::signals2::signal`.
pub(crate) struct Boost {
    signal: *mut c_void,
    functions: &'static BoostFunctions,
}

// SAFETY: the signal has its own mutex.
unsafe impl Send for Boost {}
// SAFETY: as above.
unsafe impl Sync for Boost {}

struct BoostFunctions {
    make: unsafe extern "C" fn() -> *mut c_void,
    add: unsafe extern "C" fn(*mut c_void, callback_object::Routine, *mut c_void) -> *mut c_void,
    remove: unsafe extern "C" fn(*mut c_void),
    emit: unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void),
}

impl BoostFunctions {
    fn load() -> Option<BoostFunctions> {
        let library: Library = open(env!("BOOST_LIBRARY")).filter(|_| !env!("BOOST_LIBRARY").is_empty())?;
        Some(BoostFunctions {
            // SAFETY: declared so in native/boost.cpp.
            make: unsafe { library.function(c"boost_make") },
            // SAFETY: as above.
            add: unsafe { library.function(c"boost_add") },
            // SAFETY: as above.
            remove: unsafe { library.function(c"boost_remove") },
            // SAFETY: as above.
            emit: unsafe { library.function(c"boost_emit") },
        })
    }
}

impl Boost {
    /// A signal, if Boost's headers were installed when this was built.
    pub(crate) fn new() -> Option<Boost> {
        static BOOST: OnceLock<Option<BoostFunctions>> = OnceLock::new();
        let functions = BOOST.get_or_init(BoostFunctions::load).as_ref()?;
        // SAFETY: makes a new signal.
        Some(Boost { signal: unsafe { (functions.make)() }, functions })
    }
}

impl Source for Boost {
    type Ticket = usize;

    fn add(&self, pair: Pair) -> usize {
        // SAFETY: a signal; the routine takes anything.
        unsafe { (self.functions.add)(self.signal, pair.routine, pair.context) }.expose_provenance()
    }

    fn remove(&self, ticket: usize) {
        // SAFETY: a connection that was made before and is removed once.
        unsafe { (self.functions.remove)(std::ptr::with_exposed_provenance_mut(ticket)) }
    }

    fn emit(&self, argument1: *mut c_void, argument2: *mut c_void) {
        // SAFETY: a signal.
        unsafe { (self.functions.emit)(self.signal, argument1, argument2) }
    }
}
