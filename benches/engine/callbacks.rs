//! Upcalls: what native code pays to call a Rust closure, and what such a callback costs to make.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::hint::black_box;

use libffi::low;
use libffi::middle::{Cif, Closure, Type};
use pinvoke::upcall::{Declaration, DynamicDeclaration, UpcallArgs, UserDataLast, function as bare};
use pinvoke_abi::signature::Signature;
use pinvoke_bench::{Effort, Goal, Work, measure, per_call, table};

use crate::native::{Callback, CallbackWith, Repeat, RepeatWith, function};

const ADD: Declaration<Callback> = Declaration::new("add");
static ADD_STATIC: Declaration<Callback> = ADD;
static ADD_WITH: Declaration<UserDataLast<CallbackWith>> = Declaration::new("add with user data");

extern "C" fn handwritten(a: c_int, b: c_int) -> c_int {
    a.wrapping_add(b)
}

extern "C" fn handwritten_with(a: c_int, b: c_int, data: *mut c_void) -> c_int {
    // SAFETY: the caller passes the address of a Cell<c_int>.
    let offset = unsafe { &*data.cast::<Cell<c_int>>() };
    a.wrapping_add(b).wrapping_add(offset.get())
}

/// libffi's handler: reads its arguments from the array, adds, stores a widened result.
unsafe extern "C" fn libffi_add(
    _: &low::ffi_cif,
    result: &mut u64,
    args: *const *const c_void,
    offset: &c_int,
) {
    // SAFETY: two pointers to int, as the Cif says.
    let first = unsafe { args.read() };
    // SAFETY: as above.
    let a = unsafe { *first.cast::<c_int>() };
    // SAFETY: as above.
    let second = unsafe { args.add(1) };
    // SAFETY: as above.
    let second = unsafe { second.read() };
    // SAFETY: as above.
    let b = unsafe { *second.cast::<c_int>() };
    *result = i64::from(a.wrapping_add(b).wrapping_add(*offset)).cast_unsigned();
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    vec![invocation(effort), with_user_data(effort), creation(effort)]
}

fn invocation(effort: Effort) -> String {
    let repeat = function!(c"repeat" as Repeat);
    let offset = Cell::new(1);
    let mut closure = |a: c_int, b: c_int| a.wrapping_add(b).wrapping_add(offset.get());
    let scoped = ADD_STATIC.scoped(&mut closure).expect("a thunk is free");
    let owned_offset = black_box(1);
    let owned = ADD_STATIC
        .owned_anywhere(move |a: c_int, b: c_int| a.wrapping_add(b).wrapping_add(owned_offset))
        .expect("a thunk is free");
    let leaked = ADD_STATIC
        .leak_anywhere(move |a: c_int, b: c_int| a.wrapping_add(b).wrapping_add(owned_offset))
        .expect("a thunk is free");
    let captureless = bare::<Callback, _>(|a: c_int, b: c_int| a.wrapping_add(b));
    let signature: Signature = "cdecl(i32,i32)->i32".parse().expect("a signature");
    let declaration = DynamicDeclaration::new(&signature, "add").expect("it can be declared");
    let handler = move |call: &mut UpcallArgs<'_>| {
        let int = |index| c_int::from_ne_bytes(call.bytes(index));
        let sum = int(0).wrapping_add(int(1)).wrapping_add(owned_offset);
        call.answer(sum.to_ne_bytes());
    };
    let dynamic = declaration.callback(handler).expect("a thunk is free");
    let dynamic_anywhere = declaration.callback_anywhere(handler).expect("a thunk is free");
    // SAFETY: the signature is that of `repeat`'s parameter.
    let dynamic_function = unsafe { std::mem::transmute::<*const c_void, Callback>(dynamic.code().as_ptr()) };
    // SAFETY: as above.
    let anywhere_function =
        unsafe { std::mem::transmute::<*const c_void, Callback>(dynamic_anywhere.code().as_ptr()) };
    let libffi_offset = 1;
    let libffi = Closure::new(Cif::new([Type::i32(), Type::i32()], Type::i32()), libffi_add, &libffi_offset);
    // SAFETY: the Cif is that of `repeat`'s parameter.
    let libffi_function: Callback = *unsafe { libffi.instantiate_code_ptr() };
    let call = |f: Callback| {
        per_call(move |n| {
            // SAFETY: `repeat` calls a function of its type.
            unsafe { repeat(f, n) }
        })
    };
    let rows = measure(
        effort,
        vec![
            ("hand-written extern \"C\" function", call(handwritten)),
            ("closure, scoped", call(scoped.function())),
            ("closure, owned, any thread", call(owned.function())),
            ("closure, leaked, any thread", call(leaked.function())),
            ("closure that captures nothing", call(captureless)),
            ("signature known only at run time", call(dynamic_function)),
            ("signature known only at run time, any thread", call(anywhere_function)),
            ("libffi closure", call(libffi_function)),
        ],
    );
    table(
        "callback without user data, per call",
        &rows,
        &[
            ("closure, scoped", Goal::Ratio(1.15)),
            ("closure, owned, any thread", Goal::Ratio(1.15)),
            ("closure, leaked, any thread", Goal::Ratio(1.15)),
            ("closure that captures nothing", Goal::Ratio(1.02)),
            ("signature known only at run time", Goal::FasterThan("libffi closure", 2.0)),
        ],
    )
}

fn with_user_data(effort: Effort) -> String {
    let repeat = function!(c"repeat_with" as RepeatWith);
    let offset = Cell::new(1);
    let mut closure = |a: c_int, b: c_int| a.wrapping_add(b).wrapping_add(offset.get());
    let scoped = ADD_WITH.scoped(&mut closure).expect("it needs no thunk");
    let data = Cell::new(1);
    let call = |f: CallbackWith, data: *mut c_void| {
        per_call(move |n| {
            // SAFETY: `repeat_with` calls a function of its type with the data that belongs to it.
            unsafe { repeat(f, data, n) }
        })
    };
    let rows = measure(
        effort,
        vec![
            ("hand-written extern \"C\" function", call(handwritten_with, data.as_ptr().cast())),
            ("closure, scoped", call(scoped.function(), scoped.user_data())),
        ],
    );
    table("callback with user data, per call", &rows, &[("closure, scoped", Goal::Ratio(1.02))])
}

fn creation(effort: Effort) -> String {
    let signature: Signature = "cdecl(i32,i32)->i32".parse().expect("a signature");
    let declaration = DynamicDeclaration::new(&signature, "add").expect("it can be declared");
    let rows = measure(
        effort,
        vec![
            (
                "libffi closure",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let offset = 1;
                        let cif = Cif::new([Type::i32(), Type::i32()], Type::i32());
                        black_box(Closure::new(cif, libffi_add, &offset).code_ptr());
                    }
                }) as Work<'_>,
            ),
            (
                "closure, scoped",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let offset = black_box(1);
                        let mut closure = |a: c_int, b: c_int| a.wrapping_add(b).wrapping_add(offset);
                        let callback = ADD_STATIC.scoped(&mut closure).expect("a thunk is free");
                        black_box(callback.function());
                    }
                }),
            ),
            (
                "closure, owned",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let offset = black_box(1);
                        let callback = ADD_STATIC
                            .owned(move |a: c_int, b: c_int| a.wrapping_add(b).wrapping_add(offset))
                            .expect("a thunk is free");
                        black_box(callback.function());
                    }
                }),
            ),
            (
                "signature known only at run time",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let offset = black_box(1_i32);
                        let callback = declaration
                            .callback(move |call: &mut UpcallArgs<'_>| {
                                call.answer(offset.to_ne_bytes());
                            })
                            .expect("a thunk is free");
                        black_box(callback.code());
                    }
                }),
            ),
        ],
    );
    table("callback created and dropped", &rows, &[("closure, scoped", Goal::Nanoseconds(15.0))])
}
