//! Callbacks called by code that gcc compiled: values of every class, in both conventions, and the
//! callbacks of the C library.
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "every call is to code in this file or to a C function used as its manual says"
)]
#![allow(clippy::unwrap_used, reason = "in helpers of tests as in tests")]

mod support;
#[cfg(unix)]
#[path = "upcall_c/unix.rs"]
mod unix;

use core::ffi::{c_int, c_void};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::OnceLock;

use pinvoke::native::{CodePtr, NativeType};
use pinvoke::upcall::{Declaration, DynamicCallback, ThreadRule, WithoutUserData, function, resume_after};
use pinvoke_abi::layout::{Layout, StructBuilder};
use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::Target;

use support::CLibrary;

/// As gcc spells those that are tested.
#[cfg(target_arch = "x86_64")]
const CONVENTIONS: [&str; 2] = ["sysv_abi", "ms_abi"];
/// As gcc spells those that are tested; of the others, see `x86.rs`.
#[cfg(target_arch = "x86")]
const CONVENTIONS: [&str; 2] = ["cdecl", "stdcall"];
/// There is but one: an attribute that says nothing of it.
#[cfg(any(target_arch = "aarch64", target_arch = "riscv64"))]
const CONVENTIONS: [&str; 1] = ["noinline"];

macro_rules! types {
    ($([$($attr:meta)?] $kind:tt $name:ident ($c:literal) { $($field:ident: $type:ty),* } = [$($value:expr),*];)*) => {
        $(
            #[derive(Clone, Copy, NativeType)]
            #[repr(C)]
            $(#[$attr])?
            $kind $name { $($field: $type),* }
        )*

        /// `call_T_conv(f, v)` calls `f(-7, v, 2.5, v, 200)` and `last_T_conv` puts the value behind
        /// seven integers and nine doubles, so that nothing of it can be in a register.
        fn c_source() -> String {
            let mut c = String::from(BEYOND_RUST);
            for (name, definition) in [$((stringify!($name), $c)),*] {
                c += &format!("typedef {definition} {name};\n");
                for conv in CONVENTIONS {
                    c += &format!(
                        "typedef {name} (__attribute__(({conv})) *call_{name}_{conv}_f)(int32_t, {name}, double, {name}, uint8_t);
                         __attribute__(({conv})) {name} call_{name}_{conv}(call_{name}_{conv}_f f, {name} v) {{
                             return f(-7, v, 2.5, v, 200);
                         }}
                         typedef {name} (__attribute__(({conv})) *last_{name}_{conv}_f)(
                             int64_t, double, int64_t, double, int64_t, double, int64_t, double, int64_t, {name}, int8_t);
                         __attribute__(({conv})) {name} last_{name}_{conv}(last_{name}_{conv}_f f, {name} v) {{
                             return f(1, 2.0, 3, 4.0, 5, 6.0, 7, 8.0, 9, v, -10);
                         }}\n"
                    );
                }
            }
            c
        }

        $(
            #[test]
            #[allow(non_snake_case, reason = "named after the type")]
            fn $name() {
                $(
                    let value: $name = $value;
                    check::<$name>(stringify!($name), value);
                )*
            }
        )*
    };
}

types! {
    [] struct I8x3 ("struct { int8_t a[3]; }") { a: [i8; 3] } = [I8x3 { a: [1, -2, 3] }];
    [] struct I32x2 ("struct { int32_t a, b; }") { a: i32, b: i32 } = [I32x2 { a: -1, b: 7 }];
    [] struct I64x2 ("struct { int64_t a, b; }") { a: i64, b: i64 } = [I64x2 { a: i64::MIN, b: 7 }];
    [] struct I64x3 ("struct { int64_t a[3]; }") { a: [i64; 3] } = [I64x3 { a: [1, -2, 3] }];
    [] struct F32x2 ("struct { float a, b; }") { a: f32, b: f32 } = [F32x2 { a: 1.5, b: -2.5 }];
    [] struct F32x3 ("struct { float a, b, c; }") { a: f32, b: f32, c: f32 } = [F32x3 { a: 1.5, b: -2.5, c: 3.5 }];
    [] struct F64x2 ("struct { double a, b; }") { a: f64, b: f64 } = [F64x2 { a: 1.5, b: -2.5 }];
    [] struct F64I32 ("struct { double a; int32_t b; }") { a: f64, b: i32 } = [F64I32 { a: 1.5, b: -2 }];
    [] struct I32F64 ("struct { int32_t a; double b; }") { a: i32, b: f64 } = [I32F64 { a: 1, b: -2.5 }];
    [] struct F32I32F32 ("struct { float a; int32_t b; float c; }") { a: f32, b: i32, c: f32 }
        = [F32I32F32 { a: 0.5, b: 9, c: -0.5 }];
    [] struct Nested ("struct { F32x2 a; I8x3 b; }") { a: F32x2, b: I8x3 }
        = [Nested { a: F32x2 { a: 4.0, b: 5.0 }, b: I8x3 { a: [9, 8, 7] } }];
    [repr(packed)] struct Packed ("struct __attribute__((packed)) { int8_t a; int64_t b; }") { a: i8, b: i64 }
        = [Packed { a: -1, b: 0x0123_4567_89ab_cdef }];
    [repr(align(16))] struct Aligned ("struct __attribute__((aligned(16))) { int32_t a; }") { a: i32 } = [Aligned { a: 77 }];
    [] union Either ("union { double a; int64_t b; }") { a: f64, b: i64 } = [Either { b: -5 }, Either { a: 2.5 }];
    [] union Floats ("union { double a; float b; }") { a: f64, b: f32 } = [Floats { a: 2.5 }];
    [] struct Pointers ("struct { void *a; int (*b)(int); }") { a: *mut c_void, b: Option<extern "C" fn(c_int) -> c_int> }
        = [Pointers { a: core::ptr::without_provenance_mut(0x1234), b: None }];
    [] struct Wide ("struct { int8_t a[17]; }") { a: [i8; 17] }
        = [Wide { a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, -17] }];
}

/// Types that Rust has no name for: the C side compares.
const BEYOND_RUST: &str = r#"
#include <stdint.h>
#include <complex.h>
#define BEYOND(name, type, value) \
    int beyond_##name(type (*f)(int32_t, type, double, type)) { \
        volatile type v = (value); \
        type r = f(-7, v, 2.5, v); \
        return r == v; \
    }
typedef long double ld;
typedef _Complex float cf;
typedef _Complex double cd;
typedef _Complex long double cld;
#ifdef __SIZEOF_INT128__
typedef __int128 i128;
BEYOND(i128, i128, ((i128)-5 << 64) | 77)
#endif
typedef struct { long double value; } boxed_ld;
BEYOND(ld, ld, 1.0L / 3)
BEYOND(cf, cf, 1.5f - 2.5f * I)
BEYOND(cd, cd, 1.0 / 3 + 0.25 * I)
BEYOND(cld, cld, 1.0L / 3 - 0.25L * I)
int beyond_boxed_ld(boxed_ld (*f)(int32_t, boxed_ld, double, boxed_ld)) {
    volatile long double v = 1.0L / 3;
    boxed_ld b = { v };
    return f(-7, b, 2.5, b).value == v;
}
"#;

#[test]
fn long_double_complex_and_128_bits_come_in_and_go_out() {
    let long_double = Layout::long_double(Target::HOST);
    let mut boxed = StructBuilder::new(Target::HOST);
    boxed.field(long_double.clone(), None).unwrap();
    let layouts = [
        ("ld", long_double.clone()),
        ("cf", Layout::complex(&Layout::float(Target::HOST, 4))),
        ("cd", Layout::complex(&Layout::float(Target::HOST, 8))),
        ("cld", Layout::complex(&long_double)),
        #[cfg(target_pointer_width = "64")]
        ("i128", Layout::int(Target::HOST, 16, true)),
        ("boxed_ld", boxed.finish(None).unwrap()),
    ];
    for (name, layout) in layouts {
        let params = vec![i32::layout(), layout.clone(), f64::layout(), layout.clone()];
        let signature = Signature::new(Target::HOST, params, layout);
        let echo = DynamicCallback::new(
            &signature,
            name,
            |args| {
                assert_eq!(args.arg(0), (-7_i32).to_ne_bytes());
                assert_eq!(args.arg(2), 2.5_f64.to_ne_bytes());
                let value = args.arg(3).to_vec();
                args.ret().copy_from_slice(&value);
            },
            ThreadRule::OwnThread,
        )
        .unwrap();
        let equal: unsafe extern "C" fn(CodePtr) -> c_int =
            unsafe { core::mem::transmute(c_function(&format!("beyond_{name}"))) };
        assert_eq!(resume_after(|| unsafe { equal(echo.code()) }), 1, "{name}");
    }
}

/// The bytes that carry the value: padding may differ.
fn bytes<T>(value: &T) -> Vec<u8> {
    let bytes =
        unsafe { core::slice::from_raw_parts(core::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) };
    let mut bytes = bytes.to_vec();
    let name = core::any::type_name::<T>();
    let padding: &[usize] = match name.rsplit("::").next() {
        Some("F64I32") if align_of::<f64>() == 8 => &[12, 13, 14, 15],
        Some("I32F64") if align_of::<f64>() == 8 => &[4, 5, 6, 7],
        Some("Nested") => &[11],
        Some("Aligned") => &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        _ => &[],
    };
    for at in padding {
        bytes[*at] = 0;
    }
    bytes
}

fn c_function(name: &str) -> *mut c_void {
    static LIBRARY: OnceLock<CLibrary> = OnceLock::new();
    LIBRARY.get_or_init(|| CLibrary::compile("upcall", &c_source(), &["-O1", "-w"])).address(name)
}

/// A declaration that is never given back. Not inlined, so that a leak checker sees who it was.
#[inline(never)]
fn kept<T>(declaration: T) -> &'static T {
    Box::leak(Box::new(declaration))
}

/// Passes `value` from C to closures and handlers, typed and dynamic, and back.
fn check<T: NativeType + 'static>(name: &'static str, value: T) {
    macro_rules! convention {
        ($conv:literal, $callconv:ident, $suffix:literal) => {{
            type Call<T> = unsafe extern $conv fn(i32, T, f64, T, u8) -> T;
            type Last<T> =
                unsafe extern $conv fn(i64, f64, i64, f64, i64, f64, i64, f64, i64, T, i8) -> T;
            let call: unsafe extern $conv fn(CodePtr, T) -> T =
                unsafe { core::mem::transmute(c_function(&format!("call_{name}_{}", $suffix))) };
            let last: unsafe extern $conv fn(CodePtr, T) -> T =
                unsafe { core::mem::transmute(c_function(&format!("last_{name}_{}", $suffix))) };
            let run = |call: unsafe extern $conv fn(CodePtr, T) -> T, code: CodePtr| {
                let result = resume_after(|| unsafe { call(code, value) });
                assert_eq!(bytes(&result), bytes(&value), "{name} {}", $suffix);
            };

            let declaration: &'static Declaration<Call<T>> =
                kept(Declaration::with_fallback(name, value));
            let mut closure = |a: i32, v: T, b: f64, w: T, c: u8| -> T {
                assert_eq!((a, b, c), (-7, 2.5, 200));
                assert_eq!(bytes(&v), bytes(&w));
                w
            };
            run(call, declaration.scoped(&mut closure).unwrap().code());

            let declaration: &'static Declaration<Last<T>> =
                kept(Declaration::with_fallback(name, value));
            let mut closure =
                |a: i64, b: f64, c: i64, d: f64, e: i64, f: f64, g: i64, h: f64, i: i64, v: T, j: i8| -> T {
                    assert_eq!((a, b, c, d, e), (1, 2.0, 3, 4.0, 5));
                    assert_eq!((f, g, h, i, j), (6.0, 7, 8.0, 9, -10));
                    v
                };
            run(last, declaration.scoped(&mut closure).unwrap().code());

            let echo = |params, at: usize| {
                let signature = Signature {
                    conv: CallConv::$callconv,
                    ..Signature::new(Target::HOST, params, T::layout())
                };
                DynamicCallback::new(
                    &signature,
                    name,
                    move |args| {
                        let v = args.arg(at).to_vec();
                        args.ret().copy_from_slice(&v);
                    },
                    ThreadRule::OwnThread,
                )
                .unwrap()
            };
            let (i, f, t) = (i64::layout(), f64::layout(), T::layout());
            let params = vec![i32::layout(), t.clone(), f.clone(), t.clone(), u8::layout()];
            run(call, echo(params.clone(), 1).code());
            run(call, echo(params, 3).code());
            let mut params: Vec<_> = (0..9).map(|n| if n % 2 == 0 { i.clone() } else { f.clone() }).collect();
            params.extend([t, i8::layout()]);
            run(last, echo(params, 9).code());
        }};
    }
    #[cfg(target_arch = "x86_64")]
    {
        convention!("sysv64", SysV64, "sysv_abi");
        convention!("win64", Win64, "ms_abi");
    }
    #[cfg(target_arch = "x86")]
    {
        convention!("C", C, "cdecl");
        convention!("stdcall", Stdcall, "stdcall");
    }
    #[cfg(any(target_arch = "aarch64", target_arch = "riscv64"))]
    convention!("C", C, "noinline");
}

#[test]
fn derived_layouts_are_those_of_gcc() {
    // The size goes into the values' bytes above; offsets are checked by the derive. What is left
    // is that a layout says what its type says.
    fn same<T: NativeType>() {
        assert_eq!(T::layout().size, size_of::<T>() as u64);
        assert_eq!(T::layout().align, align_of::<T>() as u64);
    }
    same::<Packed>();
    same::<Aligned>();
    same::<Nested>();
    same::<Either>();
    assert_eq!(Packed::layout().size, 9);
    assert_eq!(Aligned::layout().align, 16);
}

type Compare = unsafe extern "C" fn(*const c_void, *const c_void) -> c_int;
const COMPARE: Declaration<Compare> = Declaration::new("compare");

fn by_value(a: *const c_void, b: *const c_void) -> c_int {
    unsafe { *a.cast::<i32>() - *b.cast::<i32>() }
}

unsafe extern "C" {
    fn bsearch(
        key: *const c_void,
        base: *const c_void,
        count: usize,
        size: usize,
        compare: Option<unsafe extern "C" fn(*const c_void, *const c_void) -> c_int>,
    ) -> *mut c_void;
}

#[test]
fn qsort_and_bsearch_compare_with_closures() {
    let mut numbers: Vec<i32> = (0..1000).map(|i| i * 7919 % 1000).collect();
    let mut comparisons = 0;
    let mut compare = |a: *const c_void, b: *const c_void| -> c_int {
        comparisons += 1;
        by_value(a, b)
    };
    let callback = COMPARE.scoped(&mut compare).unwrap();
    unsafe { libc::qsort(numbers.as_mut_ptr().cast(), 1000, 4, Some(callback.function())) };
    let expected: Vec<i32> = (0..1000).collect();
    assert_eq!(numbers, expected);
    let found = unsafe {
        bsearch(core::ptr::from_ref(&421).cast(), numbers.as_ptr().cast(), 1000, 4, Some(callback.function()))
    };
    assert_eq!(found.addr(), (&raw const numbers[421]).addr());
    drop(callback);
    assert!(comparisons > 1000);

    let mut numbers = [3, 1, 2];
    let bare: extern "C" fn(*const c_void, *const c_void) -> c_int =
        function::<Compare, _>(|a: *const c_void, b: *const c_void| -> c_int { by_value(b, a) });
    unsafe { libc::qsort(numbers.as_mut_ptr().cast(), 3, 4, Some(bare)) };
    assert_eq!(numbers, [3, 2, 1]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn microsoft_callers_keep_their_registers() {
    // A dynamic callback: between its caller and the handler there is no function of rustc's that
    // keeps these registers, only the entry.
    let four = Signature {
        conv: CallConv::Win64,
        ..Signature::new(Target::HOST, vec![i32::layout(); 4], i32::layout())
    };
    let sum = |args: &mut pinvoke::upcall::UpcallArgs<'_>| {
        // What System V allows and Microsoft does not.
        unsafe {
            core::arch::asm!(
                "mov rdi, 0", "mov rsi, 0",
                "pcmpeqd xmm6, xmm6", "pcmpeqd xmm7, xmm7", "pcmpeqd xmm8, xmm8", "pcmpeqd xmm9, xmm9",
                "pcmpeqd xmm10, xmm10", "pcmpeqd xmm11, xmm11", "pcmpeqd xmm12, xmm12",
                "pcmpeqd xmm13, xmm13", "pcmpeqd xmm14, xmm14", "pcmpeqd xmm15, xmm15",
                out("rdi") _, out("rsi") _, out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _,
                out("xmm10") _, out("xmm11") _, out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
            );
        }
        let int = |i| i32::from_ne_bytes(args.arg(i).try_into().unwrap());
        let sum = int(0) + 10 * int(1) + 100 * int(2) + 1000 * int(3);
        args.ret().copy_from_slice(&sum.to_ne_bytes());
    };
    let callback = DynamicCallback::new(&four, "four", sum, ThreadRule::OwnThread).unwrap();
    let target = callback.code().as_ptr();
    let result: i32;
    let (rdi, rsi, xmm6, xmm15): (u64, u64, u64, u64);
    unsafe {
        core::arch::asm!(
            "sub rsp, 32",
            "call {target}",
            "add rsp, 32",
            "movq rcx, xmm6",
            "movq rdx, xmm15",
            target = in(reg) target,
            in("r8") 3, in("r9") 4,
            inout("rcx") 1_u64 => xmm6, inout("rdx") 2_u64 => xmm15,
            inout("rdi") 0x1111_u64 => rdi, inout("rsi") 0x2222_u64 => rsi,
            inout("xmm6") f64::from_bits(0x6666) => _, inout("xmm15") f64::from_bits(0x1515) => _,
            out("eax") result, out("r10") _, out("r11") _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
        );
    }
    assert_eq!(result, 4321);
    assert_eq!((rdi, rsi, xmm6, xmm15), (0x1111, 0x2222, 0x6666, 0x1515));
}

#[test]
fn integer_registers_may_all_be_taken() {
    type Eight = unsafe extern "C" fn(i64, i64, i64, i64, i64, i64, i8, f32) -> f64;
    const EIGHT: Declaration<Eight> = Declaration::new("eight");
    let mut sum = |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i8, h: f32| -> f64 {
        (a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * i64::from(g)) as f64 + f64::from(h)
    };
    let callback = EIGHT.scoped(&mut sum).unwrap();
    let eight = callback.function();
    assert_eq!(unsafe { eight(1, 2, 3, 4, 5, 6, -7, 0.5) }, (1 + 4 + 9 + 16 + 25 + 36 - 49) as f64 + 0.5);
}

#[test]
fn a_callback_that_owns_its_closure_may_drop_itself() {
    type Tick = unsafe extern "C" fn() -> c_int;
    const TICK: Declaration<Tick> = Declaration::new("tick");
    fn known<P: WithoutUserData>(callback: &pinvoke::upcall::Callback<'_, P>) -> bool {
        pinvoke::upcall::lookup(callback.code()) == Some(callback.identity())
    }
    let owner: Rc<RefCell<Option<pinvoke::upcall::Callback<'static, Tick>>>> = Rc::default();
    let alive = Rc::new(Cell::new(true));
    struct Witness(Rc<Cell<bool>>);
    impl Drop for Witness {
        fn drop(&mut self) {
            self.0.set(false);
        }
    }
    let witness = Witness(alive.clone());
    let (handle, watch) = (owner.clone(), alive.clone());
    let callback = TICK
        .owned(move || -> c_int {
            let _ = &witness;
            drop(handle.borrow_mut().take());
            c_int::from(watch.get())
        })
        .unwrap();
    assert!(known(&callback));
    let tick = callback.function();
    *owner.borrow_mut() = Some(callback);
    assert_eq!(unsafe { tick() }, 1, "the closure lives while it runs");
    assert!(!alive.get(), "and no longer");
}
