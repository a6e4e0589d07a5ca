//! Prepared calls into functions compiled by rustc in every convention of C on this machine, in all tiers.
#![cfg(unix)]
#![allow(unsafe_code, reason = "calls native code")]

mod support;

use pinvoke::call::PreparedCall;
use pinvoke::native::{CodePtr, NativeField, NativeType, Passing};
use pinvoke_abi::layout::{Field, Kind, Layout};
use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::Target;

use support::Block;

/// The call in both tiers.
fn tiers(signature: &Signature) -> Vec<PreparedCall> {
    support::tiers().iter().map(|t| PreparedCall::with_tier(signature, *t).expect("both tiers")).collect()
}

trait Args {
    fn layouts() -> Vec<Layout>;
    fn store(self, call: &PreparedCall, record: *mut u8);
}

macro_rules! args {
    ($($arg:ident $index:tt)*) => {
        impl<$($arg: NativeType),*> Args for ($($arg,)*) {
            fn layouts() -> Vec<Layout> {
                vec![$($arg::layout()),*]
            }
            fn store(self, _call: &PreparedCall, _record: *mut u8) {
                $(
                    // SAFETY: the record has room for each argument at its offset.
                    let place = unsafe { _record.add(_call.arg_offset($index)) };
                    // SAFETY: as above, and the offset is aligned.
                    unsafe { place.cast::<$arg>().write(self.$index) };
                )*
            }
        }
    };
}
args!();
args!(A 0);
args!(A 0 B 1);
args!(A 0 B 1 C 2);
args!(A 0 B 1 C 2 D 3);
args!(A 0 B 1 C 2 D 3 E 4);
args!(A 0 B 1 C 2 D 3 E 4 F 5);
args!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
args!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
args!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
args!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
args!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10);
args!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);

/// Calls in every tier; all must give the same.
fn check<A: Args + Copy, R: NativeType + PartialEq + std::fmt::Debug>(
    conv: CallConv,
    target: *const (),
    args: A,
    expected: R,
) {
    let signature = Signature { conv, ..Signature::new(Target::HOST, A::layouts(), R::layout()) };
    for call in tiers(&signature) {
        let record = Block::new(call.record_size(), call.record_align(), 0xA5);
        let ret = Block::new(call.ret_size().next_multiple_of(16) + 32, call.ret_align(), 0xA5);
        args.store(&call, record.at());
        let code = CodePtr::new(target.cast()).expect("functions are not null");
        // SAFETY: the callers of `check` pass functions of this signature.
        unsafe { call.invoke(code, record.at(), ret.at()) };
        // SAFETY: the call has stored its result.
        let got = unsafe { ret.at().cast::<R>().read() };
        assert_eq!(got, expected, "{:?} in {:?}", signature, call.tier());
        let beyond = ret.read(call.ret_size(), ret.size() - call.ret_size());
        assert!(beyond.iter().all(|b| *b == 0xA5), "bytes beyond the result were written: {beyond:x?}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Mixed {
    a: i8,
    b: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Three {
    a: f32,
    b: f32,
    c: f32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Bytes<const N: usize> {
    b: [u8; N],
}

// SAFETY: what the derive expands to where it is not generic.
unsafe impl<const N: usize> NativeType for Bytes<N> {
    const PASSING: Passing = Passing::ByPlan;
    const ZEROABLE: bool = true;
    fn layout() -> Layout {
        let fields = [Field { offset: 0, layout: <[u8; N]>::field_layout(), bits: None }];
        Layout { size: N as u64, align: 1, kind: Kind::Struct { fields: fields.into() } }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Block24 {
    a: i64,
    b: f64,
    c: i64,
}

#[cfg(not(target_arch = "x86"))]
#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C, align(64))]
struct Aligned {
    a: i32,
}

macro_rules! conventions {
    ($test:ident: |$($arg:ident: $type:ty),*| -> $ret:ty $body:block; ($($value:expr),*) => $expected:expr) => {
        #[test]
        fn $test() {
            extern "C" fn c($($arg: $type),*) -> $ret $body
            let expected: $ret = $expected;
            check::<($($type,)*), $ret>(CallConv::C, c as *const (), ($($value,)*), expected);
            #[cfg(target_arch = "x86_64")]
            {
                extern "sysv64" fn sysv($($arg: $type),*) -> $ret $body
                extern "win64" fn win($($arg: $type),*) -> $ret $body
                check::<($($type,)*), $ret>(CallConv::SysV64, sysv as *const (), ($($value,)*), expected);
                check::<($($type,)*), $ret>(CallConv::Win64, win as *const (), ($($value,)*), expected);
            }
            #[cfg(target_arch = "x86")]
            {
                extern "stdcall" fn stdcall($($arg: $type),*) -> $ret $body
                check::<($($type,)*), $ret>(CallConv::Stdcall, stdcall as *const (), ($($value,)*), expected);
            }
        }
    };
}

conventions!(nothing: | | -> () {}; () => ());
conventions!(two_ints: |a: i32, b: i32| -> i32 { a - b }; (5, -7) => 12);
conventions!(narrow_ints: |a: i8, b: u8, c: i16, d: u16, e: i8| -> i64 {
    i64::from(a) + 1000 * i64::from(b) + 1_000_000 * i64::from(c) + 10_000_000_000 * i64::from(d) + i64::from(e)
}; (-1, 255, -2, 65535, -100) => -1 + 255_000 - 2_000_000 + 655_350_000_000_000 - 100);
conventions!(narrow_result: |a: i8| -> i8 { -a }; (100) => -100);
conventions!(bool_result: |a: bool| -> bool { !a }; (true) => false);
conventions!(short_result: |a: u16| -> u16 { a + 1 }; (0xFFFE) => 0xFFFF);
conventions!(float_result: |a: f32| -> f32 { a * 2.0 }; (1.25) => 2.5);
conventions!(eight_mixed: |a: i32, b: f64, c: i64, d: f32, e: u8, f: f64, g: i16, h: f64| -> f64 {
    f64::from(a) + b * 2.0 + c as f64 * 3.0 + f64::from(d) * 4.0 + f64::from(e) * 5.0 + f * 6.0 + f64::from(g) * 7.0 + h * 8.0
}; (1, 2.0, 3, 4.0, 5, 6.0, -7, 8.0) => 1.0 + 4.0 + 9.0 + 16.0 + 25.0 + 36.0 - 49.0 + 64.0);
conventions!(twelve_ints: |a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32, i: i32, j: i32, k: i32, l: i8| -> i64 {
    [a, b, c, d, e, f, g, h, i, j, k, l.into()].iter().fold(0, |s, v| s * 7 + i64::from(*v))
}; (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -12) =>
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -12].iter().fold(0, |s, v| s * 7 + v));
conventions!(twelve_doubles: |a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64, i: f64, j: f64, k: f32, l: f64| -> f64 {
    [a, b, c, d, e, f, g, h, i, j, k.into(), l].iter().fold(0.0, |s, v| s * 3.0 + v)
}; (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0) => (1..=12).fold(0.0, |s, v| s * 3.0 + f64::from(v)));
conventions!(struct_of_doubles: |p: Point, q: Point| -> Point { Point { x: p.x - q.x, y: p.y - q.y } };
    (Point { x: 1.0, y: 2.0 }, Point { x: 10.0, y: 20.0 }) => Point { x: -9.0, y: -18.0 });
conventions!(mixed_struct: |a: i64, m: Mixed| -> Mixed { Mixed { a: m.a - 1, b: m.b + a as f64 } };
    (4, Mixed { a: -1, b: 0.5 }) => Mixed { a: -2, b: 4.5 });
conventions!(three_floats: |t: Three| -> Three { Three { a: t.c, b: t.a, c: t.b } };
    (Three { a: 1.0, b: 2.0, c: 3.0 }) => Three { a: 3.0, b: 1.0, c: 2.0 });
conventions!(bytes_1: |t: Bytes<1>| -> Bytes<1> { t }; (Bytes { b: [7] }) => Bytes { b: [7] });
conventions!(bytes_3: |t: Bytes<3>| -> Bytes<3> { t }; (Bytes { b: [1, 2, 3] }) => Bytes { b: [1, 2, 3] });
conventions!(bytes_5: |a: u8, t: Bytes<5>| -> Bytes<5> { let mut t = t; t.b[4] += a; t }; (9, Bytes { b: [1, 2, 3, 4, 5] }) => Bytes { b: [1, 2, 3, 4, 14] });
conventions!(bytes_6: |t: Bytes<6>| -> Bytes<6> { t }; (Bytes { b: [1, 2, 3, 4, 5, 6] }) => Bytes { b: [1, 2, 3, 4, 5, 6] });
conventions!(bytes_7: |t: Bytes<7>| -> Bytes<7> { t }; (Bytes { b: [1, 2, 3, 4, 5, 6, 7] }) => Bytes { b: [1, 2, 3, 4, 5, 6, 7] });
conventions!(bytes_11: |t: Bytes<11>| -> Bytes<11> { t }; (Bytes { b: *b"abcdefghijk" }) => Bytes { b: *b"abcdefghijk" });
conventions!(bytes_13: |t: Bytes<13>| -> Bytes<13> { t }; (Bytes { b: *b"abcdefghijklm" }) => Bytes { b: *b"abcdefghijklm" });
conventions!(bytes_29_on_the_stack: |a: i32, t: Bytes<29>, b: i32| -> Bytes<29> {
    let mut t = t;
    t.b[28] = u8::try_from(a + b).unwrap();
    t
}; (1, Bytes { b: [3; 29] }, 2) => Bytes { b: [3; 29] });
conventions!(memory_struct: |b: Block24| -> Block24 { Block24 { a: b.c, b: -b.b, c: b.a } };
    (Block24 { a: 1, b: 2.0, c: 3 }) => Block24 { a: 3, b: -2.0, c: 1 });
conventions!(big_struct: |a: u8, t: Bytes<4096>, b: u8| -> Bytes<4096> {
    let mut t = t;
    t.b[0] = a;
    t.b[4095] = b;
    t
}; (4, Bytes { b: [9; 4096] }, 5) => { let mut e = Bytes { b: [9; 4096] }; e.b[0] = 4; e.b[4095] = 5; e });
conventions!(large_struct: |a: u8, t: Bytes<65537>, b: u8| -> u64 {
    u64::from(a) + u64::from(b) + t.b.iter().map(|x| u64::from(*x)).sum::<u64>()
}; (4, Bytes { b: [9; 65537] }, 5) => 9 + 9 * 65537);
// C has no such integers on 32-bit machines.
#[cfg(target_pointer_width = "64")]
conventions!(wide_ints: |a: i32, b: i128, c: u128| -> i128 { b - i128::from(a) + c as i128 };
    (5, -(1_i128 << 100), 7) => -(1_i128 << 100) + 2);
conventions!(split_structs: |a: i64, b: i64, c: i64, d: i64, e: i64, m: Bytes<16>, f: i64, n: Bytes<12>| -> i64 {
    a + b + c + d + e + f * 100 + i64::from(m.b[15]) * 10_000 + i64::from(n.b[11]) * 1_000_000
}; (1, 1, 1, 1, 1, Bytes { b: [2; 16] }, 3, Bytes { b: [4; 12] }) => 5 + 300 + 20_000 + 4_000_000);

// On 32-bit x86 nothing finds the stack aligned.
#[cfg(not(target_arch = "x86"))]
#[test]
fn over_aligned_structs_find_an_aligned_stack() {
    extern "C" fn callee(a: i32, s: Aligned, b: i64, t: Aligned) -> i64 {
        assert_eq!((&raw const s).addr() % 64, 0);
        i64::from(a) + i64::from(s.a) * 10 + b * 100 + i64::from(t.a) * 1000
    }
    for _ in 0..4 {
        check(CallConv::C, callee as *const (), (1_i32, Aligned { a: 2 }, 3_i64, Aligned { a: 4 }), 4321_i64);
    }
}
