//! rustc as the other side: functions that it compiles with `extern "win64"` and `extern "sysv64"`
//! are called by prepared calls, and calls that it compiles reach callbacks.
//!
//! Each line of the table below is a signature with the values that travel; it becomes a test of
//! both directions, through the thunk and through a stub.
#![cfg(target_arch = "x86_64")]
#![allow(unsafe_code, reason = "calls functions through prepared calls and callbacks by their address")]

use std::cell::RefCell;
use std::mem::size_of;
use std::rc::Rc;

use pinvoke::call::{PreparedCall, Tier};
use pinvoke::native::{CodePtr, NativeType};
use pinvoke::upcall::{DynamicCallback, ThreadRule, UpcallArgs};
use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::Target;

macro_rules! structs {
    ($($name:ident { $($field:ident: $ty:ty),* })*) => { $(
        #[derive(Clone, Copy, Debug, PartialEq, NativeType)]
        #[repr(C)]
        struct $name { $($field: $ty),* }
    )* };
}

structs! {
    One { a: u8 }
    Three { a: [u8; 3] }
    Four { a: u16, b: u8 }
    Five { a: u32, b: u8 }
    Eight { a: i32, b: i32 }
    Pair { a: i64, b: i64 }
    Triple { a: i64, b: i64, c: i64 }
    Big { a: [u64; 9], b: i8 }
    OneFloat { a: f32 }
    OneDouble { a: f64 }
    Floats { a: f32, b: f32 }
    ThreeFloats { a: f32, b: f32, c: f32 }
    FourFloats { a: [f32; 4] }
    Doubles { a: f64, b: f64 }
    Mixed { a: f64, b: i32 }
    MixedLow { a: i32, b: f32, c: f64 }
    Nested { a: OneFloat, b: Eight, c: u8 }
    Pointers { a: *const u8, b: usize }
    Bools { a: bool, b: bool, c: i16 }
    Tail { a: [i32; 3] }
}

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
union Either {
    a: f64,
    b: i64,
}

impl PartialEq for Either {
    fn eq(&self, other: &Either) -> bool {
        // SAFETY: every bit pattern of 8 bytes is an i64.
        let ours = unsafe { self.b };
        // SAFETY: as above.
        let theirs = unsafe { other.b };
        ours == theirs
    }
}

impl std::fmt::Debug for Either {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // SAFETY: every bit pattern of 8 bytes is an i64.
        write!(f, "Either({:#x})", unsafe { self.b })
    }
}

thread_local! {
    /// What the function under call has found wrong.
    static WRONG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) {
    if got != want {
        WRONG.with_borrow_mut(|wrong| wrong.push(format!("{what}: {got:x?} instead of {want:x?}")));
    }
}

fn all_well(direction: &str) {
    let wrong = WRONG.take();
    assert!(wrong.is_empty(), "{direction}: {}", wrong.join("; "));
}

/// Reads a value out of bytes that may be aligned to less.
fn read<T: NativeType>(bytes: &[u8]) -> T {
    assert_eq!(bytes.len(), size_of::<T>());
    // SAFETY: as many bytes as a `T` has, which the other side wrote as one.
    unsafe { bytes.as_ptr().cast::<T>().read_unaligned() }
}

fn write<T: NativeType>(bytes: &mut [u8], value: T) {
    assert!(bytes.len() >= size_of::<T>());
    // SAFETY: there is room for a `T`.
    unsafe { bytes.as_mut_ptr().cast::<T>().write_unaligned(value) };
}

fn bytes_of(memory: &mut [u128]) -> &mut [u8] {
    let size = size_of_val(memory);
    // SAFETY: the same memory, all of it initialised.
    unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr().cast(), size) }
}

/// Calls `callee` in both tiers; `put` writes the arguments, `check` looks at the result.
fn downcalls(
    signature: &Signature,
    callee: CodePtr,
    put: impl Fn(&PreparedCall, &mut [u8]),
    check: impl Fn(&[u8]),
) {
    for tier in [Tier::Thunk, Tier::Stub] {
        let call =
            PreparedCall::with_tier(signature, tier).expect("a signature of this machine can be prepared");
        assert_eq!(call.tier(), tier);
        assert!(call.record_align() <= 16 && call.ret_align() <= 16);
        let mut record = vec![0xa5a5_a5a5_a5a5_a5a5_a5a5_a5a5_a5a5_a5a5_u128; call.record_size() / 16 + 1];
        let mut ret = vec![0x5a5a_5a5a_5a5a_5a5a_5a5a_5a5a_5a5a_5a5a_u128; call.ret_size() / 16 + 2];
        put(&call, bytes_of(&mut record));
        let (record, out) = (bytes_of(&mut record).as_mut_ptr(), bytes_of(&mut ret).as_mut_ptr());
        // SAFETY: the callee has this signature; both blocks are as large as the call says and aligned
        // to 16; all arguments are written.
        unsafe { call.invoke(callee, record, out) };
        all_well(&format!("{tier:?}"));
        let ret = bytes_of(&mut ret);
        check(&ret[..call.ret_size()]);
        assert!(ret[call.ret_size()..].iter().all(|b| *b == 0x5a), "{tier:?}: bytes behind the result");
    }
}

macro_rules! pairs {
    ($($name:ident: $abi:literal $conv:ident ($($a:ident: $A:ty = $v:expr),*) -> $R:ty = $r:expr;)*) => { $(
        #[test]
        fn $name() {
            extern $abi fn callee($($a: $A),*) -> $R {
                $(expect(stringify!($a), &$a, &$v);)*
                $r
            }
            let signature = Signature {
                target: Target::HOST,
                conv: CallConv::$conv,
                params: vec![$(<$A>::layout()),*],
                ret: <$R>::layout(),
                variadic_from: None,
            };
            let code = CodePtr::new((callee as *const ()).cast()).unwrap();
            downcalls(
                &signature,
                code,
                |_call, _record| {
                    let mut _i = 0;
                    $(write::<$A>(&mut _record[_call.arg_offset(_i)..], $v); _i += 1;)*
                },
                |ret| assert_eq!(read::<$R>(ret), $r),
            );
            let called = Rc::new(RefCell::new(false));
            let seen = Rc::clone(&called);
            let handler = move |args: &mut UpcallArgs<'_>| {
                let mut _i = 0;
                $(expect(stringify!($a), &read::<$A>(args.arg(_i)), &$v); _i += 1;)*
                write::<$R>(args.ret(), $r);
                *seen.borrow_mut() = true;
            };
            let callback =
                DynamicCallback::new(&signature, stringify!($name), handler, ThreadRule::OwnThread).unwrap();
            // SAFETY: the callback was made for this type.
            let function: extern $abi fn($($A),*) -> $R = unsafe { std::mem::transmute(callback.code()) };
            let result = function($($v),*);
            assert!(called.take(), "the callback was not called");
            all_well("callback");
            assert_eq!(result, $r);
        }
    )* };
}

const BIG: Big = Big { a: [1, 2, 3, 4, 5, 6, 7, 8, 0xfedc_ba98_7654_3210], b: -9 };
const POINTERS: Pointers = Pointers { a: std::ptr::without_provenance(0x1122_3344_5566_7788), b: 0x99aa };

pairs! {
    win64_nothing: "win64" Win64 () -> () = ();
    win64_small_integers: "win64" Win64 (a: i8 = -2, b: u8 = 0xfe, c: i16 = -3, d: u16 = 0xfffd, e: bool = true) -> i8 = -7;
    win64_stack_integers: "win64" Win64 (a: i8 = 1, b: u16 = 2, c: i32 = -3, d: u64 = 4, e: i8 = -5, f: u16 = 0xff06, g: i32 = -7, h: bool = true) -> u16 = 0xffee;
    win64_alternating: "win64" Win64 (a: i32 = 1, b: f64 = 2.5, c: i64 = -3, d: f32 = 4.25, e: f64 = 5.5, f: i32 = 6, g: f32 = 7.75) -> f64 = -8.125;
    win64_floats: "win64" Win64 (a: f32 = 1.5, b: f32 = 2.5, c: f32 = 3.5, d: f32 = 4.5, e: f32 = 5.5) -> f32 = 6.5;
    win64_one: "win64" Win64 (a: One = One { a: 0xf1 }) -> One = One { a: 0x1f };
    win64_three: "win64" Win64 (a: Three = Three { a: [1, 2, 3] }, b: i32 = 4) -> Three = Three { a: [9, 8, 7] };
    win64_four: "win64" Win64 (a: Four = Four { a: 0x1234, b: 0x56 }) -> Four = Four { a: 0xabcd, b: 0xef };
    win64_five: "win64" Win64 (a: Five = Five { a: 0x1234_5678, b: 9 }, b: u8 = 1) -> Five = Five { a: 0x8765_4321, b: 7 };
    win64_eight: "win64" Win64 (a: Eight = Eight { a: -1, b: 2 }, b: Eight = Eight { a: 3, b: -4 }) -> Eight = Eight { a: 5, b: -6 };
    win64_pair: "win64" Win64 (a: Pair = Pair { a: -1, b: 2 }, b: f64 = 0.5) -> Pair = Pair { a: 5, b: -6 };
    win64_triple: "win64" Win64 (a: f32 = 0.5, b: Triple = Triple { a: 1, b: 2, c: -3 }) -> Triple = Triple { a: 4, b: -5, c: 6 };
    win64_big: "win64" Win64 (a: Big = BIG, b: Big = BIG, c: i8 = -1, d: Big = BIG, e: Big = BIG) -> Big = BIG;
    win64_one_float: "win64" Win64 (a: OneFloat = OneFloat { a: 1.5 }, b: f32 = 2.5) -> OneFloat = OneFloat { a: 3.5 };
    win64_one_double: "win64" Win64 (a: f64 = 2.5, b: OneDouble = OneDouble { a: 1.5 }) -> OneDouble = OneDouble { a: 3.5 };
    win64_two_floats: "win64" Win64 (a: Floats = Floats { a: 1.5, b: 2.5 }) -> Floats = Floats { a: 3.5, b: 4.5 };
    win64_doubles: "win64" Win64 (a: Doubles = Doubles { a: 1.5, b: 2.5 }, b: i32 = 3) -> Doubles = Doubles { a: 3.5, b: 4.5 };
    win64_mixed: "win64" Win64 (a: Mixed = Mixed { a: 1.5, b: 2 }, b: Mixed = Mixed { a: 3.5, b: 4 }) -> Mixed = Mixed { a: 5.5, b: 6 };
    win64_union: "win64" Win64 (a: Either = Either { a: 1.5 }, b: Either = Either { b: -2 }) -> Either = Either { a: 3.5 };
    win64_pointers: "win64" Win64 (a: Pointers = POINTERS, b: *mut u8 = std::ptr::without_provenance_mut(0x1234)) -> *const u8 = std::ptr::without_provenance(0x5678);
    win64_structs_on_the_stack: "win64" Win64 (a: i32 = 1, b: i32 = 2, c: i32 = 3, d: i32 = 4, e: Eight = Eight { a: 5, b: 6 }, f: Three = Three { a: [7, 8, 9] }, g: One = One { a: 10 }) -> Bools = Bools { a: true, b: false, c: -3 };
    win64_result_by_pointer_and_stack: "win64" Win64 (a: i64 = 1, b: f64 = 2.5, c: i64 = 3, d: f64 = 4.5, e: i64 = 5) -> Nested = Nested { a: OneFloat { a: 1.5 }, b: Eight { a: 2, b: 3 }, c: 4 };
    win64_wide_integers: "win64" Win64 (a: i128 = -1 << 77, b: i32 = 7, c: u128 = 3 << 99) -> i128 = -5 << 66;
    sysv64_nothing: "sysv64" SysV64 () -> () = ();
    sysv64_small_integers: "sysv64" SysV64 (a: i8 = -2, b: u8 = 0xfe, c: i16 = -3, d: u16 = 0xfffd, e: bool = true) -> i8 = -7;
    sysv64_stack_integers: "sysv64" SysV64 (a: i8 = 1, b: u16 = 2, c: i32 = -3, d: u64 = 4, e: i8 = -5, f: u16 = 0xff06, g: i32 = -7, h: bool = true, i: i8 = -9) -> u16 = 0xffee;
    sysv64_ten_doubles: "sysv64" SysV64 (a: f64 = 1.5, b: f64 = 2.5, c: f64 = 3.5, d: f64 = 4.5, e: f64 = 5.5, f: f64 = 6.5, g: f64 = 7.5, h: f64 = 8.5, i: f64 = 9.5, j: f32 = 10.5) -> f32 = 6.5;
    sysv64_one: "sysv64" SysV64 (a: One = One { a: 0xf1 }) -> One = One { a: 0x1f };
    sysv64_three: "sysv64" SysV64 (a: Three = Three { a: [1, 2, 3] }, b: i32 = 4) -> Three = Three { a: [9, 8, 7] };
    sysv64_five: "sysv64" SysV64 (a: Five = Five { a: 0x1234_5678, b: 9 }, b: u8 = 1) -> Five = Five { a: 0x8765_4321, b: 7 };
    sysv64_pair: "sysv64" SysV64 (a: Pair = Pair { a: -1, b: 2 }, b: f64 = 0.5) -> Pair = Pair { a: 5, b: -6 };
    sysv64_pair_does_not_fit: "sysv64" SysV64 (a: i32 = 1, b: i32 = 2, c: i32 = 3, d: i32 = 4, e: i32 = 5, f: Pair = Pair { a: -6, b: 7 }, g: i32 = 8) -> i32 = 9;
    sysv64_triple: "sysv64" SysV64 (a: f32 = 0.5, b: Triple = Triple { a: 1, b: 2, c: -3 }) -> Triple = Triple { a: 4, b: -5, c: 6 };
    sysv64_big: "sysv64" SysV64 (a: Big = BIG, b: i8 = -1, c: Big = BIG) -> Big = BIG;
    sysv64_two_floats: "sysv64" SysV64 (a: Floats = Floats { a: 1.5, b: 2.5 }) -> Floats = Floats { a: 3.5, b: 4.5 };
    sysv64_three_floats: "sysv64" SysV64 (a: ThreeFloats = ThreeFloats { a: 1.5, b: 2.5, c: 3.5 }) -> ThreeFloats = ThreeFloats { a: 4.5, b: 5.5, c: 6.5 };
    sysv64_four_floats: "sysv64" SysV64 (a: FourFloats = FourFloats { a: [1.5, 2.5, 3.5, 4.5] }) -> FourFloats = FourFloats { a: [5.5, 6.5, 7.5, 8.5] };
    sysv64_doubles: "sysv64" SysV64 (a: Doubles = Doubles { a: 1.5, b: 2.5 }, b: i32 = 3) -> Doubles = Doubles { a: 3.5, b: 4.5 };
    sysv64_mixed: "sysv64" SysV64 (a: Mixed = Mixed { a: 1.5, b: 2 }, b: MixedLow = MixedLow { a: 3, b: 4.5, c: 5.5 }) -> MixedLow = MixedLow { a: 6, b: 7.5, c: 8.5 };
    sysv64_union: "sysv64" SysV64 (a: Either = Either { a: 1.5 }, b: Either = Either { b: -2 }) -> Either = Either { a: 3.5 };
    sysv64_nested: "sysv64" SysV64 (a: Nested = Nested { a: OneFloat { a: 1.5 }, b: Eight { a: 2, b: 3 }, c: 4 }) -> Nested = Nested { a: OneFloat { a: 5.5 }, b: Eight { a: 6, b: 7 }, c: 8 };
    sysv64_tail: "sysv64" SysV64 (a: Tail = Tail { a: [1, -2, 3] }, b: Bools = Bools { a: true, b: false, c: -3 }) -> Tail = Tail { a: [-4, 5, -6] };
    sysv64_wide_integers: "sysv64" SysV64 (a: i128 = -1 << 77, b: i32 = 7, c: u128 = 3 << 99, d: i8 = 1, e: i128 = 9 << 70) -> i128 = -5 << 66;
    sysv64_pointers: "sysv64" SysV64 (a: Pointers = POINTERS, b: *mut u8 = std::ptr::without_provenance_mut(0x1234)) -> Pointers = POINTERS;
}
