//! The C interface called by this project's engine: prototypes that are text, closures as routines.

#![allow(
    unsafe_code,
    clippy::unwrap_used,
    reason = "calls C functions by prototype; a test fails by panicking"
)]

mod support;

use std::sync::{Arc, Mutex};

use pinvoke::abi::target::Target;
use pinvoke::decl::Unit;
use pinvoke::downcall::{Arg, Downcall, DowncallOptions, Outcome};
use pinvoke::library::Library;
use pinvoke::value::{Handler, Value};

/// The types that the prototypes below mention, as the header declares them.
const TYPES: &str = "typedef struct _CALLBACK_OBJECT *PCALLBACK_OBJECT; typedef void *PVOID;
    typedef int NTSTATUS; typedef unsigned int ULONG; typedef unsigned char BOOLEAN;
    typedef void (*PCALLBACK_FUNCTION)(PVOID CallbackContext, PVOID Argument1, PVOID Argument2);";

struct Engine {
    library: Library,
}

impl Engine {
    /// Calls the function that a prototype declares.
    fn call(&self, prototype: &str, args: &[Arg]) -> Outcome {
        let mut unit = Unit::new(Target::HOST);
        let diagnostics = unit.parse("types", TYPES);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let function = unit.parse_prototype(prototype).unwrap();
        let entry = self.library.entry_point(&function.name).unwrap();
        let downcall = Downcall::new(&function, &entry, DowncallOptions::default()).unwrap();
        // SAFETY: the prototypes are those of the header, the arguments what the functions want.
        unsafe { downcall.call(args) }.unwrap()
    }
}

fn address(value: &Value) -> usize {
    match value {
        Value::Pointer(pointer) => pointer.address(),
        Value::Null => 0,
        other => panic!("{other:?} is no address"),
    }
}

#[test]
fn a_closure_is_registered_notified_and_unregistered() {
    let engine = Engine { library: Library::open(support::library().to_str().unwrap()).unwrap() };
    let created = engine.call(
        "NTSTATUS CboCreateCallback(PCALLBACK_OBJECT *object, const char *name, ULONG flags, BOOLEAN create, BOOLEAN many)",
        &[Arg::Out(None), "\\Callback\\Engine".into(), 0x10.into(), 1.into(), 1.into()],
    );
    assert_eq!(created.ret, Value::Int(0));
    let object = Arg::Value(created.changed[0].value.clone());

    let seen = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&seen);
    let routine = Handler::shared(move |args| {
        let values: Vec<usize> =
            (0..3).map(|i| args.view(i).read().map(|v| address(&v))).collect::<Result<_, _>>()?;
        calls.lock().unwrap().push(values);
        Ok(Value::Void)
    });
    let registered = engine.call(
        "PVOID ExRegisterCallback(PCALLBACK_OBJECT object, PCALLBACK_FUNCTION routine, PVOID context)",
        &[object.clone(), Arg::Value(routine.kept().into()), Arg::Value(Value::Int(7))],
    );
    let registration = Arg::Value(registered.ret.clone());
    assert_ne!(address(&registered.ret), 0);

    let notify = || {
        engine.call(
            "void ExNotifyCallback(PVOID object, PVOID a, PVOID b)",
            &[object.clone(), Arg::Value(Value::Int(1)), Arg::Value(Value::Null)],
        )
    };
    notify();
    notify();
    assert_eq!(*seen.lock().unwrap(), [vec![7, 1, 0], vec![7, 1, 0]]);

    let unregister = |expected: i32| {
        let prototype = "NTSTATUS CboUnregisterCallback(PVOID registration)";
        assert_eq!(
            engine.call(prototype, std::slice::from_ref(&registration)).ret,
            Value::Int(expected.into())
        );
    };
    unregister(0);
    notify();
    assert_eq!(seen.lock().unwrap().len(), 2);
    unregister(callback_object_sys::STATUS_INVALID_HANDLE);
}
