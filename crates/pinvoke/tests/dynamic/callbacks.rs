//! Handlers called by native code, and native functions that come back.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};

use pinvoke::downcall::{Arg, CallError, DowncallOptions};
use pinvoke::value::{CallbackArgs, Handler, HandlerError, Value, View};

use crate::harness::{Native, callback, changes, int, structure, v};

fn handler(run: impl Fn(&CallbackArgs<'_>) -> Result<Value, HandlerError> + 'static) -> Handler {
    Handler::new(run)
}

#[test]
fn numbers_of_every_kind() {
    let native = Native::compiled();
    let seen = Rc::new(RefCell::new(String::new()));
    let log = seen.clone();
    let record = callback(move |args| {
        let values = (0..args.len())
            .map(|i| Ok(args.value(i)?.to_string()))
            .collect::<Result<Vec<_>, HandlerError>>()?;
        *log.borrow_mut() = values.join(" ");
        Ok(Value::Float(0.75))
    });
    assert_eq!(native.ret("call_mixed", &[record]), Value::Float(0.75));
    assert_eq!(*seen.borrow(), "'q' -2 1.5 2.25 1099511627776 true 0.5");
}

#[test]
fn structures_in_and_out() {
    let native = Native::compiled();
    let swap = callback(|args| {
        let p = args.view(0);
        Ok(structure([("x", p.field("y")?.read()?), ("y", p.field("x")?.read()?)]))
    });
    let point = structure([("x", 1.into()), ("y", 2.into())]);
    assert_eq!(native.ret("call_point", &[swap, v(point)]).to_string(), "{x: 2.0, y: 1.0}");
    let big = structure([("a", 40.into()), ("c", 2.into())]);
    let sum = callback(|args| {
        Ok((int(&args.value(0)?.field("a").cloned().unwrap()) + int(&args.view(0).field("c")?.read()?))
            .into())
    });
    assert_eq!(native.ret("call_big", &[sum, v(big)]), Value::Int(42));
}

#[test]
fn texts_in_and_out() {
    let native = Native::compiled();
    let twice = callback(|args| match args.value(0)? {
        Value::Text(t) => Ok(Value::Text(t.repeat(2))),
        other => Err(format!("a text expected, not {other}").into()),
    });
    assert_eq!(native.ret("call_text", &[twice, v("abc")]), Value::Int(6));
    let null = callback(|_| Ok(Value::Null));
    assert_eq!(native.ret("call_text", &[null, v("abc")]), Value::Int(999));
}

#[test]
fn enumerations_and_unions() {
    let native = Native::compiled();
    let next = callback(|args| {
        assert_eq!(args.name(0), Some("c"));
        assert_eq!(args.view(1).field("d")?.read()?, Value::Float(1.5));
        Ok(match args.value(0)? {
            Value::Enum { name, .. } if &*name == "RED" => "GREEN".into(),
            _ => "RED".into(),
        })
    });
    assert_eq!(native.ret("call_color", &[next, v("RED")]).to_string(), "GREEN (5)");
}

#[test]
fn what_pointers_lead_to() {
    let native = Native::compiled();
    let look = callback(|args| {
        let n = int(&args.value(0)?).try_into().unwrap();
        assert_eq!(args.view(1).elements(n)?.to_string(), "[4, 5, 6]");
        assert_eq!(args.view(1).index(2)?.read()?, Value::Int(6));
        assert_eq!(args.view(1).index(2)?.path(), "items[2]");
        assert_eq!(args.view(2).until_null()?.to_string(), r#"["a", "b"]"#);
        assert_eq!(args.view(1).bytes(4)?, 4_i32.to_ne_bytes());
        Ok(Value::Void)
    });
    assert_eq!(native.call("call_list", &[look]).unwrap().callbacks, 1);
}

#[test]
fn native_memory_is_written_through_views() {
    let native = Native::compiled();
    let fill = callback(|args| {
        let room = int(&args.value(1)?);
        assert!(args.view(2).is_null()?);
        args.view(0).write_bytes(b"written")?;
        args.view(0).index(0)?.write(&Value::Char('W'))?;
        assert_eq!(room, 64);
        Ok(Value::Int(7))
    });
    let outcome = native.call("call_fill", &[fill, Arg::Out(Some(80)), v(80)]).unwrap();
    assert_eq!(changes(&outcome), [("out", "\"7:Written\"".to_owned())]);
    let rename = callback(|args| {
        args.view(0).field("value")?.write(&Value::Int(8))?;
        args.view(0).field("next")?.write(&Value::Null)?;
        Ok(Value::Void)
    });
    let node = structure([("value", 1.into())]);
    let outcome = native.call("call_rename", &[rename, v(node)]).unwrap();
    assert_eq!(changes(&outcome), [("n", "{value: 8, next: null}".to_owned())]);
}

#[test]
fn a_view_ends_with_its_invocation() {
    let native = Native::compiled();
    let kept: Rc<RefCell<Option<View>>> = Rc::default();
    let store = kept.clone();
    let keep = callback(move |args| {
        *store.borrow_mut() = Some(args.view(0).field("name")?);
        Ok(Value::Void)
    });
    native.call("call_person", &[keep]).unwrap();
    let late = kept.borrow().as_ref().unwrap().read().unwrap_err();
    assert_eq!(
        late.to_string(),
        "p->name: used after the callback returned; its arguments are valid during the invocation only"
    );
}

#[test]
fn mistakes_in_a_view_name_the_place() {
    let native = Native::compiled();
    let messages = Rc::new(RefCell::new(Vec::new()));
    let log = messages.clone();
    let probe = callback(move |args| {
        let p = args.view(0);
        let note =
            |r: Result<View, pinvoke::value::ViewError>| log.borrow_mut().push(r.unwrap_err().to_string());
        note(p.field("nmae"));
        note(p.field("name")?.field("x"));
        note(p.field("age")?.deref());
        note(p.field("age")?.index(0));
        let refused = p.field("age")?.write(&Value::Int(1 << 40)).unwrap_err().to_string();
        log.borrow_mut().push(refused);
        let refused = p.field("name")?.write(&"text".into()).unwrap_err().to_string();
        log.borrow_mut().push(refused);
        Ok(Value::Void)
    });
    native.call("call_person", &[probe]).unwrap();
    assert_eq!(
        *messages.borrow(),
        [
            "p: it has no member 'nmae'; did you mean 'name'?",
            "p->name: 'char *' has no members",
            "p->age: 'int' is no pointer",
            "p->age: 'int' has no elements",
            "p->age: 1099511627776 does not fit the place of type 'int' (-2147483648 to 2147483647)",
            "p->name: the place of type 'char *': nothing here could own the memory it needs",
        ]
    );
}

#[test]
fn callbacks_are_counted() {
    let native = Native::compiled();
    let outcome =
        native.call("call_many", &[callback(|args| args.value(0).map_err(Into::into)), v(5)]).unwrap();
    assert_eq!((outcome.ret, outcome.callbacks), (Value::Int(10), 5));
}

#[test]
fn a_failing_handler_stops_and_is_reported_with_the_outcome() {
    let native = Native::compiled();
    let runs = Rc::new(Cell::new(0));
    let count = runs.clone();
    let fail = move |args: &CallbackArgs<'_>| {
        count.set(count.get() + 1);
        if int(&args.value(0)?) == 2 { Err("two is too much".into()) } else { Ok(Value::Int(1)) }
    };
    let error = native.call("call_many", &[callback(fail), v(5)]).unwrap_err();
    assert_eq!(error.to_string(), "the callback for parameter 1 'fn' failed in its invocation number 3");
    let CallError::Callback(failure) = &error else { panic!("{error:?}") };
    assert_eq!(failure.cause.to_string(), "two is too much");
    assert_eq!(error.source().unwrap().to_string(), "two is too much");
    // 1 + 1, then zero without running the handler again.
    assert_eq!((&failure.outcome.ret, failure.outcome.callbacks, runs.get()), (&Value::Int(2), 5, 3));
}

#[test]
fn what_native_code_gets_on_errors_can_be_chosen() {
    let native = Native::compiled();
    let fail = handler(|_| Err("never".into())).returning_on_error(Value::Int(-7));
    let error = native.call("call_many", &[v(fail), v(3)]).unwrap_err();
    assert_eq!(error.outcome().unwrap().ret, Value::Int(-21));
    let unfit = handler(|_| Ok(Value::Void)).returning_on_error(Value::Int(1 << 40));
    assert_eq!(
        native.refusal("call_many", &[v(unfit), v(3)]),
        "1099511627776 does not fit the value to return on errors of parameter 1 'fn' of type 'int' (-2147483648 \
         to 2147483647)"
    );
}

#[test]
fn a_handler_that_returns_the_wrong_shape_is_reported() {
    let native = Native::compiled();
    let cause = |value: Value| {
        let error = native.call("call_int", &[callback(move |_| Ok(value.clone())), v(1), v(2)]).unwrap_err();
        error.source().unwrap().to_string()
    };
    let place = "the result of the callback for parameter 1 'fn' of type 'int'";
    assert_eq!(cause("three".into()), format!("{place} takes an integer, not text (\"three\")"));
    assert_eq!(cause(Value::Void), format!("{place} takes an integer, not nothing"));
    assert_eq!(cause(Value::Float(0.5)), format!("{place}: 0.5 is not a whole number that it can hold"));
    assert_eq!(
        cause(Value::Int(1 << 31)),
        "2147483648 does not fit the result of the callback for parameter 1 'fn' of type 'int' (-2147483648 to \
         2147483647)"
    );
}

#[test]
fn a_panic_goes_on_after_the_call() {
    let native = Native::compiled();
    let panics = callback(|_| panic!("in the handler"));
    let caught =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| native.call("call_many", &[panics, v(3)])));
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"in the handler"));
    // Nothing of it is left for the next call.
    assert_eq!(native.ret("call_many", &[callback(|_| Ok(1.into())), v(3)]), Value::Int(3));
}

#[test]
fn a_panic_inside_a_callback_inside_a_call_inside_a_callback() {
    let native = Rc::new(Native::compiled());
    let inner_native = native.clone();
    let outer_saw = Rc::new(Cell::new(false));
    let saw = outer_saw.clone();
    let outer = callback(move |_| {
        let panics = callback(|_| panic!("innermost"));
        let call = std::panic::AssertUnwindSafe(|| inner_native.call("call_many", &[panics, v(1)]));
        let payload = std::panic::catch_unwind(call).unwrap_err();
        saw.set(payload.downcast_ref::<&str>() == Some(&"innermost"));
        std::panic::resume_unwind(payload)
    });
    let call = std::panic::AssertUnwindSafe(|| native.call("call_many", &[outer, v(2)]));
    let payload = std::panic::catch_unwind(call).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"innermost"));
    assert!(outer_saw.get());
}

#[test]
fn an_error_of_an_inner_call_is_the_inner_calls() {
    let native = Rc::new(Native::compiled());
    let inner_native = native.clone();
    let outer = callback(move |_| {
        let error = inner_native.call("call_many", &[callback(|_| Err("inner".into())), v(1)]).unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "inner");
        Ok(Value::Int(4))
    });
    assert_eq!(native.ret("call_many", &[outer, v(1)]), Value::Int(4));
}

#[test]
fn a_native_function_in_a_callback_is_callable() {
    let native = Native::compiled();
    let outer = callback(|args| {
        let Value::Function(inner) = args.value(0)? else { return Err("a function expected".into()) };
        let inner = inner.downcall(DowncallOptions::default()).map_err(HandlerError::new)?;
        // SAFETY: the library passed it as `int (*)(int)`.
        let outcome = unsafe { inner.call(&[Arg::Value(args.value(1)?)]) }.map_err(HandlerError::new)?;
        Ok(outcome.ret)
    });
    assert_eq!(native.ret("call_nested", &[outer, v(14)]), Value::Int(42));
}

#[test]
fn a_returned_function_is_callable() {
    let native = Native::compiled();
    let Value::Function(times) = native.ret("choose", &[Arg::Value(Value::Char('*'))]) else { panic!() };
    let downcall = times.downcall(DowncallOptions::default()).unwrap();
    // SAFETY: the library returned it as an operation on two ints.
    assert_eq!(unsafe { downcall.call(&[v(6), v(7)]) }.unwrap().ret, Value::Int(42));
    // SAFETY: refused before anything is called.
    let wrong = unsafe { downcall.call(&[v(6)]) }.unwrap_err();
    assert!(wrong.to_string().contains("takes 2 arguments, 1 given"), "{wrong}");
    assert_eq!(native.ret("choose", &[Arg::Value(Value::Char('?'))]), Value::Null);
    // And may be passed on as it is.
    let called = native.ret("call_int", &[Arg::Value(Value::Function(times)), v(5), v(5)]);
    assert_eq!(called, Value::Int(25));
}

#[test]
fn our_own_callback_keeps_its_identity() {
    let native = Native::compiled();
    let ours = handler(|_| Ok(Value::Int(1))).kept();
    let Value::Function(returned) = native.ret("echo_operation", &[v(ours.clone())]) else { panic!() };
    assert_eq!(returned.handler(), Some(ours));
    let Value::Function(theirs) = native.ret("choose", &[Arg::Value(Value::Char('+'))]) else { panic!() };
    assert_eq!(theirs.handler(), None);
    // A callback that ended with its call is nobody any more.
    let Value::Function(ended) = native.ret("echo_operation", &[callback(|_| Ok(Value::Int(1)))]) else {
        panic!()
    };
    assert_eq!(ended.handler(), None);
}

#[test]
fn a_structure_of_functions() {
    let native = Native::compiled();
    let vtable = structure([
        (
            "add",
            Value::Callback(handler(|args| Ok((int(&args.value(0)?) + int(&args.value(1)?) + 100).into()))),
        ),
        ("half", Value::Callback(handler(|_| Ok(Value::Float(9.0))))),
    ]);
    let outcome = native.call("use_vtable", &[v(vtable), v(1), v(2)]).unwrap();
    assert_eq!((outcome.ret, outcome.callbacks), (Value::Int(112), 2));
    let theirs = native.ret("default_vtable", &[]);
    let Some(Value::Function(half)) = theirs.field("half") else { panic!("{theirs:?}") };
    let half = half.downcall(DowncallOptions::default()).unwrap();
    // SAFETY: the library stored it as `double (*)(double)`.
    assert_eq!(unsafe { half.call(&[v(3)]) }.unwrap().ret, Value::Float(1.5));
    assert_eq!(native.ret("use_vtable", &[Arg::Value(theirs), v(1), v(2)]), Value::Int(4));
}

#[test]
fn kept_callbacks_outlive_the_call() {
    let native = Native::compiled();
    let runs = Rc::new(Cell::new(0));
    let count = runs.clone();
    let kept = handler(move |args| {
        count.set(count.get() + 1);
        match int(&args.value(0)?) {
            0 => Err("zero".into()),
            n => Ok(Value::Int(n * 10)),
        }
    })
    .kept();
    assert_eq!(native.call("remember", &[v(kept.clone())]).unwrap().callbacks, 0);
    let outcome = native.call("recall", &[v(4)]).unwrap();
    assert_eq!((outcome.ret, outcome.callbacks, runs.get()), (Value::Int(40), 1, 1));
    // Its errors belong to the call during which it ran.
    let error = native.call("recall", &[v(0)]).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "zero");
    assert_eq!(native.ret("recall", &[v(1)]), Value::Int(10));

    // Called by native code outside of any call of ours, it keeps them.
    let recall = native.library.entry_point("recall").unwrap().code().as_ptr();
    // SAFETY: this is the type of `recall`.
    let recall: extern "C" fn(i32) -> i32 = unsafe { std::mem::transmute(recall) };
    assert_eq!((recall(5), recall(0), recall(6)), (50, 0, 60));
    let errors: Vec<_> = kept.take_errors().iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["zero"]);
    assert!(kept.take_errors().is_empty());
}

#[test]
fn shared_handlers_run_on_the_calling_thread() {
    static SUM: AtomicI64 = AtomicI64::new(0);
    let native = Native::compiled();
    let home = std::thread::current().id();
    let shared = Handler::shared(move |args| {
        assert_ne!(std::thread::current().id(), home);
        SUM.fetch_add(1, Ordering::Relaxed);
        Ok(Value::Int(int(&args.value(0)?) * 2))
    });
    let outcome = native.call("call_on_thread", &[v(shared), v(21)]).unwrap();
    assert_eq!((outcome.ret, outcome.callbacks, SUM.load(Ordering::Relaxed)), (Value::Int(42), 1, 1));
}

#[test]
fn a_handler_of_one_thread_is_not_run_on_another() {
    let native = Native::compiled();
    let local = handler(|_| Ok(Value::Int(1))).returning_on_error(Value::Int(-1));
    let error = native.call("call_on_thread", &[v(local), v(21)]).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert_eq!(cause, "the callback was called on another thread than the one that made it");
    assert_eq!(error.outcome().unwrap().ret, Value::Int(-1));
}

#[test]
fn native_code_finds_its_errno_as_it_was() {
    let native = Native::compiled();
    let disturb = callback(|_| {
        assert!(std::fs::File::open("/no/such/file").is_err());
        Ok(Value::Int(0))
    });
    let outcome = native.call("set_errno", &[disturb, v(75)]).unwrap();
    assert_eq!(outcome.ret, Value::Int(75));
    assert_eq!(outcome.last_error.unwrap().0, 75);
}

#[test]
fn user_data_travels_as_an_address() {
    let native = Native::compiled();
    let add = callback(|args| {
        let Value::Pointer(data) = args.value(0)? else { return Err("an address expected".into()) };
        Ok(Value::Int(i128::try_from(data.address()).unwrap() + int(&args.value(1)?)))
    });
    assert_eq!(native.ret("call_with_data", &[add, v(1000), v(3)]), Value::Int(3003));
}

#[test]
fn callbacks_that_cannot_be() {
    let native = Native::compiled();
    assert_eq!(
        native.refusal("call_many", &[v(3), v(1)]),
        "parameter 1 'fn' of type 'int (*)(int i)' takes a callback, a native function, null or an address, not \
         an integer (3)"
    );
    assert_eq!(
        native.refusal(
            "int call_many(int (*fn)(const char *format, ...), int n)",
            &[callback(|_| Ok(Value::Int(0))), v(1)]
        ),
        "parameter 1 'fn' of type 'int (*)(const char *format, ...)': a callback cannot take variable arguments"
    );
    assert!(native.refusal("sum_longs", &[v(1), callback(|_| Ok(Value::Int(0)))]).contains("must be stated"));
}

#[test]
fn arguments_by_value_are_not_written() {
    let native = Native::compiled();
    let write = callback(|args| {
        let refused = args.view(0).field("x")?.write(&1.into()).unwrap_err();
        assert_eq!(refused.to_string(), "p.x: it is an argument by value ('double')");
        Ok(structure([]))
    });
    assert_eq!(native.ret("call_point", &[write, v(structure([]))]).to_string(), "{x: 0.0, y: 0.0}");
}

#[test]
fn a_callback_may_return_a_callback() {
    let native = Native::compiled();
    let choose = "int call_chosen(int (*(*chooser)(char which))(int a, int b), int a, int b)";
    let chooser = callback(|args| {
        assert_eq!(args.value(0)?, Value::Char('-'));
        Ok(Value::Callback(handler(|args| Ok((int(&args.value(0)?) - int(&args.value(1)?)).into()))))
    });
    let outcome = native.call(choose, &[chooser, v(9), v(4)]).unwrap();
    assert_eq!((outcome.ret, outcome.callbacks), (Value::Int(5), 2));
    let chooser = callback(|_| Ok(Value::Callback(handler(|_| Err("inner".into())))));
    let error = native.call(choose, &[chooser, v(9), v(4)]).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "inner");
}

#[test]
fn calls_and_values_travel_between_threads() {
    fn travels<T: Send + Sync>() {}
    travels::<Value>();
    travels::<View>();
    travels::<Handler>();
    travels::<pinvoke::downcall::Downcall>();
    travels::<pinvoke::downcall::Outcome>();
    travels::<CallError>();

    let native = Native::compiled();
    let downcall = native.downcall("sum_and_add", DowncallOptions::default()).unwrap();
    std::thread::scope(|scope| {
        for n in 0..4_i32 {
            let downcall = &downcall;
            scope.spawn(move || {
                for _ in 0..200 {
                    // SAFETY: the prototype is that of the compiled function.
                    let outcome = unsafe { downcall.call(&[v(vec![n, 1]), v(2)]) }.unwrap();
                    assert_eq!(outcome.ret, Value::from(n + 1));
                }
            });
        }
    });
}

#[test]
fn a_handler_dropped_on_another_thread_is_leaked_not_touched() {
    struct Guard(std::thread::ThreadId);
    impl Drop for Guard {
        fn drop(&mut self) {
            assert_eq!(std::thread::current().id(), self.0);
        }
    }
    let guard = Guard(std::thread::current().id());
    let elsewhere = handler(move |_| {
        let _ = &guard;
        Ok(Value::Null)
    });
    std::thread::spawn(move || drop(elsewhere)).join().unwrap();
}
