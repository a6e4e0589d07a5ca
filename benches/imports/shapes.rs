//! Imports of every blittable shape, next to calls through pointers, and the capture of `errno`.
//!
//! What an import is held to is a pointer in memory: a program that looks a function up keeps its address in a
//! variable that all threads read, and loads it for every call. That a loop keeps it in a register is what only
//! a loop that calls nothing else can do; it is a row of its own.

use std::ffi::c_void;
use std::hint::black_box;

use libffi::middle::{Arg, Cif, CodePtr as FfiPtr, Ret, Type, arg};
use pinvoke_bench::{Effort, Goal, Work, instructions, measure, table};

use crate::declared::{
    add2, by_hand, checked, compared, fails, mirror, mix8, noop, same, shapes, sum12, turn,
};
use crate::hidden::Hidden as _;
use crate::native::{Add2, Block, Bytes, Fails, Mirror, Mix8, Noop, Point, Same, Sum12, Turn, function};

/// What an import may cost, in time and in instructions.
const GOAL: f64 = 1.02;

/// Measures one shape: the same arguments through every way of calling.
macro_rules! shape {
    ($effort:expr, $title:literal, $name:literal as $ty:ty, $import:ident($($value:expr),*), [$($ffi:expr),*] -> $ffi_ret:expr) => {{
        let direct = function!($name as $ty);
        let address = direct as *const c_void;
        // SAFETY: the library has no initialisers.
        let library = unsafe { libloading::Library::new(env!("WORK_LIBRARY")) }.expect("it loads");
        // SAFETY: the type is the function's.
        let symbol: libloading::Symbol<'_, $ty> = unsafe { library.get($name.to_bytes_with_nul()) }.expect("it is there");
        let cif = Cif::new([$($ffi),*] as [Type; shape!(@count $($ffi),*)], $ffi_ret);
        let [in_memory, import] = compared!($import($($value),*));
        let mut contenders = vec![
            in_memory,
            import,
            ("through a pointer in a register", Box::new(|n: u64| for _ in 0..n {
                // SAFETY: the type is the function's.
                black_box(&unsafe { direct($(($value).hidden()),*) });
            }) as Work<'_>),
            ("libloading", Box::new(|n: u64| for _ in 0..n {
                // SAFETY: the type is the function's.
                black_box(&unsafe { symbol($(($value).hidden()),*) });
            })),
            ("libffi", Box::new(move |n: u64| {
                let mut result = [0_u128; 2];
                for _ in 0..n {
                    // SAFETY: the arguments and the result have the types given to the Cif.
                    unsafe { cif.call_return_into(FfiPtr::from_ptr(address), &[$(arg(&($value).hidden())),*] as &[Arg], Ret::new(&mut result)) };
                    black_box(result.as_ptr());
                }
            })),
        ];
        let counted = counted(&mut contenders);
        let rows = measure($effort, contenders);
        table(concat!("import: ", $title), &rows, &[("import", Goal::Ratio(GOAL))]) + &counted
    }};
    (@count $($e:expr),*) => { <[()]>::len(&[$(shape!(@unit $e)),*]) };
    (@unit $e:expr) => { () };
}

/// The instructions of the first three contenders.
fn counted(contenders: &mut [(&str, Work<'_>)]) -> String {
    let [(_, in_memory), (_, import), (_, in_register), ..] = contenders else {
        unreachable!("there are five")
    };
    let (Some(in_memory), Some(import), Some(in_register)) =
        (instructions(in_memory), instructions(import), instructions(in_register))
    else {
        return "\nInstructions cannot be counted here.\n".to_owned();
    };
    let met = if import <= in_memory * GOAL { "✓" } else { "✗" };
    format!(
        "\nInstructions of one call, with its loop: {in_memory:.1} through a pointer in memory, {import:.1} by the import, {in_register:.1} through a pointer in a register; goal: ≤ {GOAL:.2} × {met}\n"
    )
}

fn long() -> Type {
    Type::i64()
}

fn point() -> Type {
    Type::structure([Type::f64(), Type::f64()])
}

fn block() -> Type {
    Type::structure([Type::i64(), Type::i64(), Type::i64()])
}

fn bytes() -> Type {
    Type::structure(std::iter::repeat_n(Type::u8(), 24))
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    by_hand::find();
    macro_rules! measured {
        ($($shape:tt)*) => { shape!(effort, $($shape)*) };
    }
    let mut tables: Vec<String> = shapes!(measured);
    tables.push(last_error(effort));
    tables
}

fn last_error(effort: Effort) -> String {
    let direct = function!(c"fails" as Fails);
    let rows = measure(
        effort,
        vec![
            (
                "through a pointer and one read of errno",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: the type is the function's.
                        let result = unsafe { direct(7_i32.hidden()) };
                        // SAFETY: gives this thread's errno.
                        let errno = unsafe { libc::__errno_location() };
                        // SAFETY: as above.
                        black_box((result, unsafe { *errno }));
                    }
                }) as Work<'_>,
            ),
            (
                "import that captures",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: declared as it is.
                        black_box(unsafe { fails(7_i32.hidden()) });
                    }
                }),
            ),
            (
                "import that returns a Result",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: declared as it is.
                        let _ = black_box(unsafe { checked(7_i32.hidden()) });
                    }
                }),
            ),
        ],
    );
    table("import: `errno` captured", &rows, &[("import that captures", Goal::Ratio(1.10))])
}
