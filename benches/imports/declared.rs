//! The shapes of imports that are measured, and what every import is held to: the same call through a pointer
//! that is in memory, where programs keep the addresses of a library's functions.

use std::ffi::{c_int, c_void};

use pinvoke::{LastError, dll_import};

use crate::native::{Block, Bytes, Point};

#[dll_import("work")]
unsafe extern "C" {
    pub(crate) fn noop();
    pub(crate) fn add2(a: c_int, b: c_int) -> c_int;
    pub(crate) fn mix8(a: c_int, b: f64, c: i64, d: f32, e: i16, f: f64, g: *mut c_void, h: u8) -> f64;
    pub(crate) fn sum12(
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
    pub(crate) fn mirror(p: Point) -> Point;
    pub(crate) fn turn(b: Block) -> Block;
    pub(crate) fn same(b: Bytes) -> Bytes;
    #[dll_import(set_last_error)]
    pub(crate) fn fails(code: c_int) -> (c_int, LastError);
    #[dll_import(set_last_error, entry_point = "fails")]
    pub(crate) fn checked(code: c_int) -> Result<c_int, LastError>;
}

/// The same functions as a program without a macro has them: each looks up once where its function stands, keeps
/// the address in a variable that all threads read, and calls through it.
pub(crate) mod by_hand {
    use std::ffi::{CStr, c_int, c_void};
    use std::sync::atomic::{AtomicPtr, Ordering};

    use crate::native::{Add2, Block, Bytes, Mirror, Mix8, Noop, Point, Same, Sum12, Turn, address};

    macro_rules! functions {
        ($($name:ident($($argument:ident: $ty:ty),*) $(-> $result:ty)?, $pointer:ty, $kept:ident = $symbol:literal;)*) => {
            $(
                static $kept: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

                #[inline(always)]
                #[allow(clippy::too_many_arguments, reason = "as many as the C function has")]
                pub(crate) unsafe fn $name($($argument: $ty),*) $(-> $result)? {
                    // SAFETY: a function of this type is kept there, once `find` has run.
                    let function = unsafe {
                        std::mem::transmute::<*mut c_void, $pointer>($kept.load(Ordering::Acquire))
                    };
                    // SAFETY: the caller's promise.
                    unsafe { function($($argument),*) }
                }
            )*

            /// Looks all of them up.
            pub(crate) fn find() {
                let all: [(&AtomicPtr<c_void>, &CStr); _] = [$((&$kept, $symbol)),*];
                for (kept, symbol) in all {
                    kept.store(address(symbol), Ordering::Release);
                }
            }
        };
    }

    functions! {
        noop(), Noop, NOOP = c"noop";
        add2(a: c_int, b: c_int) -> c_int, Add2, ADD2 = c"add2";
        mix8(a: c_int, b: f64, c: i64, d: f32, e: i16, f: f64, g: *mut c_void, h: u8) -> f64, Mix8, MIX8 = c"mix8";
        sum12(a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, h: i64, i: i64, j: i64, k: i64, l: i64) -> i64, Sum12, SUM12 = c"sum12";
        mirror(p: Point) -> Point, Mirror, MIRROR = c"mirror";
        turn(b: Block) -> Block, Turn, TURN = c"turn";
        same(b: Bytes) -> Bytes, Same, SAME = c"same";
    }
}

/// One shape: its title; name, type and import with arguments; the types of libffi.
macro_rules! shapes {
    ($shape:ident) => {
        vec![
            $shape!("nothing", c"noop" as Noop, noop(), [] -> Type::void()),
            $shape!("two integers", c"add2" as Add2, add2(3, 4), [Type::i32(), Type::i32()] -> Type::i32()),
            $shape!("eight mixed", c"mix8" as Mix8,
                mix8(1, 2.0, 3_i64, 4.0_f32, 5_i16, 6.0, std::ptr::null_mut::<c_void>(), 7_u8),
                [Type::i32(), Type::f64(), Type::i64(), Type::f32(), Type::i16(), Type::f64(), Type::pointer(), Type::u8()]
                    -> Type::f64()),
            $shape!("twelve integers", c"sum12" as Sum12,
                sum12(1_i64, 2_i64, 3_i64, 4_i64, 5_i64, 6_i64, 7_i64, 8_i64, 9_i64, 10_i64, 11_i64, 12_i64),
                [long(), long(), long(), long(), long(), long(), long(), long(), long(), long(), long(), long()] -> long()),
            $shape!("16-byte structure in and out", c"mirror" as Mirror, mirror(Point { x: 1.0, y: 2.0 }),
                [point()] -> point()),
            $shape!("structure of three longs in and out", c"turn" as Turn, turn(Block { a: 1, b: 2, c: 3 }),
                [block()] -> block()),
            $shape!("structure of 24 bytes in and out", c"same" as Same, same(Bytes { b: [1; 24] }),
                [bytes()] -> bytes()),
        ]
    };
}
pub(crate) use shapes;

/// The two calls that are compared: through a pointer in memory, and by the import.
macro_rules! compared {
    ($import:ident($($value:expr),*)) => {
        [
            ("through a pointer in memory", Box::new(|n: u64| for _ in 0..n {
                // SAFETY: its type is the function's.
                std::hint::black_box(&unsafe { $crate::declared::by_hand::$import($(($value).hidden()),*) });
            }) as pinvoke_bench::Work<'_>),
            ("import", Box::new(|n: u64| for _ in 0..n {
                // SAFETY: declared as it is.
                std::hint::black_box(&unsafe { $import($(($value).hidden()),*) });
            })),
        ]
    };
}
pub(crate) use compared;
