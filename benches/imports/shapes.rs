//! Imports of every blittable shape, next to a call through a pointer, and the capture of `errno`.

use std::ffi::{c_int, c_void};
use std::hint::black_box;

use libffi::middle::{Arg, Cif, CodePtr as FfiPtr, Ret, Type, arg};
use pinvoke::{LastError, dll_import};
use pinvoke_bench::{Effort, Goal, Work, instructions, measure, table};

use crate::hidden::Hidden as _;
use crate::native::{Add2, Block, Bytes, Fails, Mirror, Mix8, Noop, Point, Same, Sum12, Turn, function};

#[dll_import("work")]
unsafe extern "C" {
    fn noop();
    fn add2(a: c_int, b: c_int) -> c_int;
    fn mix8(a: c_int, b: f64, c: i64, d: f32, e: i16, f: f64, g: *mut c_void, h: u8) -> f64;
    fn sum12(
        a: i64,
        b: i64,
        c: i64,
        d: i64,
        e: i64,
        f: i64,
        g: i64,
        h: i64,
        i: i64,
        j: i64,
        k: i64,
        l: i64,
    ) -> i64;
    fn mirror(p: Point) -> Point;
    fn turn(b: Block) -> Block;
    fn same(b: Bytes) -> Bytes;
    #[dll_import(set_last_error)]
    fn fails(code: c_int) -> (c_int, LastError);
    #[dll_import(set_last_error, entry_point = "fails")]
    fn checked(code: c_int) -> Result<c_int, LastError>;
}

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
        let mut contenders = vec![
            ("through a pointer", Box::new(|n: u64| for _ in 0..n {
                // SAFETY: the type is the function's.
                black_box(&unsafe { direct($(($value).hidden()),*) });
            }) as Work<'_>),
            ("import", Box::new(|n: u64| for _ in 0..n {
                // SAFETY: declared as it is.
                black_box(&unsafe { $import($(($value).hidden()),*) });
            })),
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
        table(concat!("import: ", $title), &rows, &[("import", Goal::Ratio(1.02))]) + &counted
    }};
    (@count $($e:expr),*) => { <[()]>::len(&[$(shape!(@unit $e)),*]) };
    (@unit $e:expr) => { () };
}

/// What an import adds to a call: the pointer is loaded, tested, and a branch is not taken.
const ADDED: f64 = 3.0;

/// The instructions of a call through a pointer and of the import, the first two contenders.
fn counted(contenders: &mut [(&str, Work<'_>)]) -> String {
    let [(_, direct), (_, import), ..] = contenders else { unreachable!("there are four") };
    let (Some(direct), Some(import)) = (instructions(direct), instructions(import)) else {
        return "\nInstructions cannot be counted here.\n".to_owned();
    };
    let met = if import <= direct + ADDED { "✓" } else { "✗" };
    format!(
        "\nInstructions of one call, with its loop: {direct:.1} through a pointer, {import:.1} by the import; goal: {ADDED} more {met}\n"
    )
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let p = std::ptr::null_mut::<c_void>();
    let point = || Type::structure([Type::f64(), Type::f64()]);
    let block = || Type::structure([Type::i64(), Type::i64(), Type::i64()]);
    let bytes = || Type::structure(std::iter::repeat_n(Type::u8(), 24));
    let long = Type::i64;
    vec![
        shape!(effort, "nothing", c"noop" as Noop, noop(), [] -> Type::void()),
        shape!(effort, "two integers", c"add2" as Add2, add2(3, 4), [Type::i32(), Type::i32()] -> Type::i32()),
        shape!(effort, "eight mixed", c"mix8" as Mix8, mix8(1, 2.0, 3_i64, 4.0_f32, 5_i16, 6.0, p, 7_u8),
            [Type::i32(), Type::f64(), Type::i64(), Type::f32(), Type::i16(), Type::f64(), Type::pointer(), Type::u8()] -> Type::f64()),
        shape!(effort, "twelve integers", c"sum12" as Sum12, sum12(1_i64, 2_i64, 3_i64, 4_i64, 5_i64, 6_i64, 7_i64, 8_i64, 9_i64, 10_i64, 11_i64, 12_i64),
            [long(), long(), long(), long(), long(), long(), long(), long(), long(), long(), long(), long()] -> long()),
        shape!(effort, "16-byte structure in and out", c"mirror" as Mirror, mirror(Point { x: 1.0, y: 2.0 }), [point()] -> point()),
        shape!(effort, "structure of three longs in and out", c"turn" as Turn, turn(Block { a: 1, b: 2, c: 3 }), [block()] -> block()),
        shape!(effort, "structure of 24 bytes in and out", c"same" as Same, same(Bytes { b: [1; 24] }), [bytes()] -> bytes()),
        last_error(effort),
    ]
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
