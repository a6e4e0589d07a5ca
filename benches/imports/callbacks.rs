//! Closure arguments: what it costs to make one for a call, and to enter it.

use std::cell::Cell;
use std::ffi::{c_int, c_long, c_void};
use std::hint::black_box;

use libffi::low;
use libffi::middle::{Cif, Closure, Type};
use pinvoke::{Function, callback, dll_import};
use pinvoke_bench::{Effort, Goal, Work, measure, per_call, table};

use crate::native::{Callback, CallbackWith, Repeat, RepeatWith, function};

#[callback]
type Add = unsafe extern "C" fn(c_int, c_int) -> c_int;

#[dll_import("work")]
unsafe extern "C" {
    fn repeat(f: impl FnMut(c_int, c_int) -> c_int, n: c_long) -> c_long;
    #[dll_import(entry_point = "repeat")]
    fn repeat_anywhere(f: impl Fn(c_int, c_int) -> c_int + Send + Sync, n: c_long) -> c_long;
    #[dll_import(entry_point = "repeat", set_last_error)]
    fn repeat_capturing(f: impl FnMut(c_int, c_int) -> c_int, n: c_long) -> c_long;
    #[dll_import(entry_point = "repeat", calls_back)]
    fn repeat_registered(f: Function<'_, Add>, n: c_long) -> c_long;
    fn repeat_with(f: impl FnMut(c_int, c_int, UserData) -> c_int, data: UserData, n: c_long) -> c_long;
}

extern "C" fn handwritten(a: c_int, b: c_int) -> c_int {
    a.wrapping_add(b)
}

extern "C" fn handwritten_with(a: c_int, b: c_int, data: *mut c_void) -> c_int {
    // SAFETY: the caller passes the address of a Cell<c_int>.
    let offset = unsafe { &*data.cast::<Cell<c_int>>() };
    a.wrapping_add(b).wrapping_add(offset.get())
}

unsafe extern "C" fn libffi_add(
    _: &low::ffi_cif,
    result: &mut u64,
    args: *const *const c_void,
    offset: &c_int,
) {
    // SAFETY: two pointers to int, as the Cif says.
    let arguments = unsafe { args.cast::<[*const c_int; 2]>().read() };
    // SAFETY: as above.
    let a = unsafe { *arguments[0] };
    // SAFETY: as above.
    let b = unsafe { *arguments[1] };
    *result = i64::from(a.wrapping_add(b).wrapping_add(*offset)).cast_unsigned();
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    vec![invocation(effort), with_user_data(effort), set_up(effort)]
}

fn invocation(effort: Effort) -> String {
    let direct = function!(c"repeat" as Repeat);
    let offset = Cell::new(1);
    let add = |a: c_int, b: c_int| a.wrapping_add(b).wrapping_add(offset.get());
    let mut registered = add;
    let registered = Add::scoped(&mut registered).expect("a thunk is free");
    let libffi_offset = 1;
    let libffi = Closure::new(Cif::new([Type::i32(), Type::i32()], Type::i32()), libffi_add, &libffi_offset);
    // SAFETY: the Cif is that of `repeat`'s parameter.
    let libffi_function: Callback = *unsafe { libffi.instantiate_code_ptr() };
    let rows = measure(
        effort,
        vec![
            (
                "hand-written extern \"C\" function",
                // SAFETY: `repeat` calls a function of its type.
                per_call(|n| unsafe { direct(handwritten, n) }),
            ),
            // SAFETY: declared as it is.
            ("closure argument", per_call(|n| unsafe { repeat(add, n) })),
            (
                "closure argument, last error kept",
                // SAFETY: declared as it is.
                per_call(|n| unsafe { repeat_capturing(add, n) }),
            ),
            (
                "closure argument that captures nothing",
                // SAFETY: declared as it is.
                per_call(|n| unsafe { repeat_anywhere(|a, b| a.wrapping_add(b), n) }),
            ),
            (
                "registration",
                // SAFETY: declared as it is.
                per_call(|n| unsafe { repeat_registered(registered.function(), n) }),
            ),
            // SAFETY: `repeat` calls a function of its type.
            ("libffi closure", per_call(|n| unsafe { direct(libffi_function, n) })),
        ],
    );
    table(
        "closure of an import, per invocation",
        &rows,
        &[
            ("closure argument", Goal::Ratio(1.15)),
            ("closure argument that captures nothing", Goal::Ratio(1.02)),
        ],
    )
}

fn with_user_data(effort: Effort) -> String {
    let direct = function!(c"repeat_with" as RepeatWith);
    let data = Cell::new(1);
    let add = |a: c_int, b: c_int| a.wrapping_add(b).wrapping_add(data.get());
    let handwritten: CallbackWith = handwritten_with;
    let rows = measure(
        effort,
        vec![
            (
                "hand-written extern \"C\" function",
                // SAFETY: `repeat_with` calls a function of its type with the data that belongs to it.
                per_call(|n| unsafe { direct(handwritten, data.as_ptr().cast(), n) }),
            ),
            // SAFETY: declared as it is.
            ("closure argument", per_call(|n| unsafe { repeat_with(add, n) })),
        ],
    );
    table(
        "closure of an import with user data, per invocation",
        &rows,
        &[("closure argument", Goal::Ratio(1.02))],
    )
}

fn set_up(effort: Effort) -> String {
    let direct = function!(c"repeat" as Repeat);
    let offset = Cell::new(1);
    let rows = measure(
        effort,
        vec![
            (
                "call with a hand-written function",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: `repeat` does nothing 0 times.
                        black_box(unsafe { direct(handwritten, black_box(0)) });
                    }
                }) as Work<'_>,
            ),
            (
                "import with a closure argument",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: as above.
                        black_box(unsafe { repeat(|a, b| a + b + offset.get(), black_box(0)) });
                    }
                }),
            ),
            (
                "import with one that captures nothing",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: as above.
                        black_box(unsafe { repeat_anywhere(|a, b| a + b, black_box(0)) });
                    }
                }),
            ),
            (
                "libffi closure, and the call",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let libffi_offset = 1;
                        let cif = Cif::new([Type::i32(), Type::i32()], Type::i32());
                        let closure = Closure::new(cif, libffi_add, &libffi_offset);
                        // SAFETY: the Cif is that of `repeat`'s parameter.
                        let function: Callback = *unsafe { closure.instantiate_code_ptr() };
                        // SAFETY: as above.
                        black_box(unsafe { direct(function, black_box(0)) });
                    }
                }),
            ),
        ],
    );
    table(
        "closure argument set up, with its call",
        &rows,
        &[("import with a closure argument", Goal::Nanoseconds(20.0))],
    )
}
