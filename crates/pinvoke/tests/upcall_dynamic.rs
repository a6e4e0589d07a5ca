//! Callbacks of signatures known only at run time, called by rustc's own `extern` calls and by C.
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "every call is to code in this file or to a C function used as its manual says"
)]
#![allow(clippy::unwrap_used, reason = "in helpers of tests as in tests")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use pinvoke::native::NativeType;
use pinvoke::upcall::{CallbackError, DynamicCallback, DynamicDeclaration, ThreadRule, UpcallArgs, lookup};
use pinvoke_abi::layout::Layout;
use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::Target;

fn signature(conv: CallConv, params: Vec<Layout>, ret: Layout) -> Signature {
    Signature { conv, ..Signature::new(Target::HOST, params, ret) }
}

fn get<T: NativeType>(args: &UpcallArgs<'_>, index: usize) -> T {
    let bytes = args.arg(index);
    assert_eq!(bytes.len(), size_of::<T>());
    // The stack of 32-bit x86 aligns nothing any further.
    let align = if cfg!(target_arch = "x86") { align_of::<T>().min(4) } else { align_of::<T>() };
    assert_eq!(bytes.as_ptr().addr() % align, 0, "argument {index} is not aligned");
    unsafe { bytes.as_ptr().cast::<T>().read_unaligned() }
}

fn put<T: NativeType>(args: &mut UpcallArgs<'_>, value: T) {
    let ret = args.ret();
    assert_eq!(ret.len(), size_of::<T>());
    unsafe { ret.as_mut_ptr().cast::<T>().write_unaligned(value) };
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Mixed {
    x: f64,
    n: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Big {
    words: [i64; 5],
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Floats {
    a: f32,
    b: f32,
    c: f32,
}

/// 16 bytes of which one register carries all that counts.
#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C, align(16))]
struct Aligned {
    n: i32,
}

macro_rules! echo {
    ($conv:literal, $callconv:ident, $type:ty, $value:expr) => {{
        // Surrounded by other arguments, so that a value lands in the middle of the registers.
        let params = vec![i32::layout(), <$type>::layout(), f64::layout(), <$type>::layout(), u8::layout()];
        let signature = signature(CallConv::$callconv, params, <$type>::layout());
        let callback = DynamicCallback::new(
            &signature,
            "echo",
            |args| {
                assert_eq!(args.len(), 5);
                assert_eq!(get::<i32>(args, 0), -7);
                assert_eq!(get::<f64>(args, 2), 2.5);
                assert_eq!(get::<u8>(args, 4), 200);
                let first = get::<$type>(args, 1);
                assert_eq!(first, get::<$type>(args, 3));
                put(args, first);
            },
            ThreadRule::OwnThread,
        )
        .unwrap();
        type Function = extern $conv fn(i32, $type, f64, $type, u8) -> $type;
        let function: Function = unsafe { std::mem::transmute(callback.code()) };
        let value: $type = $value;
        assert_eq!(function(-7, value, 2.5, value, 200), value);
    }};
}

#[test]
fn values_of_every_class_come_in_and_go_out() {
    #[cfg(target_arch = "x86_64")]
    macro_rules! both {
        ($type:ty, $value:expr) => {
            echo!("sysv64", SysV64, $type, $value);
            echo!("win64", Win64, $type, $value);
        };
    }
    #[cfg(target_arch = "x86")]
    macro_rules! both {
        ($type:ty, $value:expr) => {
            echo!("C", C, $type, $value);
            echo!("stdcall", Stdcall, $type, $value);
        };
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
    macro_rules! both {
        ($type:ty, $value:expr) => {
            echo!("C", C, $type, $value);
        };
    }
    both!(i8, -3);
    both!(u8, 255);
    both!(i16, -30000);
    both!(i32, -70_000);
    both!(u32, u32::MAX);
    both!(i64, i64::MIN);
    both!(bool, true);
    both!(f32, 1.5);
    both!(f64, -0.25);
    both!(*mut u8, std::ptr::without_provenance_mut(0x1234));
    both!(Mixed, Mixed { x: 6.5, n: -9 });
    both!(Aligned, Aligned { n: -11 });
    both!(Floats, Floats { a: 1.0, b: 2.0, c: 3.0 });
    both!(Big, Big { words: [1, -2, 3, -4, 5] });
    #[cfg(any(target_arch = "aarch64", target_arch = "riscv64"))]
    echo!("C", C, i128, i128::MIN + 5);
    #[cfg(target_arch = "x86_64")]
    echo!("sysv64", SysV64, i128, i128::MIN + 5);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_result_may_be_larger_than_the_register_that_carries_it() {
    let signature = signature(CallConv::SysV64, Vec::new(), Aligned::layout());
    let callback =
        DynamicCallback::new(&signature, "padded", |args| put(args, Aligned { n: 5 }), ThreadRule::OwnThread);
    let callback = callback.unwrap();
    let function: extern "sysv64" fn() -> Aligned = unsafe { std::mem::transmute(callback.code()) };
    assert_eq!(function(), Aligned { n: 5 });
}

#[test]
fn arguments_beyond_the_registers_are_found_on_the_stack() {
    macro_rules! convention {
        ($conv:literal, $callconv:ident) => {{
            let params = (0..12).map(|i| if i % 2 == 0 { i64::layout() } else { i8::layout() }).collect();
            let callback = DynamicCallback::new(
                &signature(CallConv::$callconv, params, i64::layout()),
                "sum",
                |args| {
                    let sum = (0..12)
                        .map(|i| if i % 2 == 0 { get::<i64>(args, i) } else { i64::from(get::<i8>(args, i)) })
                        .enumerate()
                        .map(|(i, n)| n * (i as i64 + 1))
                        .sum::<i64>();
                    put(args, sum);
                },
                ThreadRule::OwnThread,
            )
            .unwrap();
            let f: extern $conv fn(i64, i8, i64, i8, i64, i8, i64, i8, i64, i8, i64, i8) -> i64 =
                unsafe { std::mem::transmute(callback.code()) };
            // By position: 1*1 + -2*2 + 3*3 ...
            let expected: i64 = (1..=12).map(|i| if i % 2 == 0 { -i * i } else { i * i }).sum();
            assert_eq!(f(1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12), expected);
        }};
    }
    convention!("C", C);
    #[cfg(target_arch = "x86_64")]
    convention!("sysv64", SysV64);
    #[cfg(target_arch = "x86_64")]
    convention!("win64", Win64);
    #[cfg(target_arch = "x86")]
    convention!("stdcall", Stdcall);
}

// On AArch64 it is the reader who widens (AAPCS64 6.9).
#[cfg(not(target_arch = "aarch64"))]
#[test]
fn narrow_results_are_widened() {
    fn widened<T: NativeType + 'static>(value: T) -> i32 {
        let signature = signature(CallConv::C, vec![], T::layout());
        let callback =
            DynamicCallback::new(&signature, "narrow", move |args| put(args, value), ThreadRule::OwnThread)
                .unwrap();
        // What a compiler sees that looks at all of eax.
        let function: extern "C" fn() -> i32 = unsafe { std::mem::transmute(callback.code()) };
        function()
    }
    assert_eq!(widened(-3_i8), -3);
    assert_eq!(widened(200_u8), 200);
    assert_eq!(widened(-30_000_i16), -30_000);
    assert_eq!(widened(60_000_u16), 60_000);
    assert_eq!(widened(true), 1);
}

#[test]
fn a_callback_is_known_by_its_address_while_it_lives() {
    let signature = signature(CallConv::C, vec![], Layout::void());
    let callback = DynamicCallback::new(&signature, "tick", |_| {}, ThreadRule::OwnThread).unwrap();
    let code = callback.code();
    let identity = lookup(code).unwrap();
    assert_eq!(identity, callback.identity());
    assert_eq!(identity.name(), "tick");
    drop(callback);
    assert_eq!(lookup(code), None);
}

#[test]
fn a_callback_may_be_dropped_by_its_own_handler() {
    struct Witness(Rc<Cell<bool>>);
    impl Drop for Witness {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let freed = Rc::new(Cell::new(false));
    let witness = Witness(freed.clone());
    let own: Rc<RefCell<Option<DynamicCallback>>> = Rc::default();
    let handle = own.clone();
    let watch = freed.clone();
    let signature = signature(CallConv::C, vec![], i32::layout());
    let callback = DynamicCallback::new(
        &signature,
        "once",
        move |args| {
            drop(handle.borrow_mut().take());
            assert!(!watch.get(), "freed while it runs");
            let _ = &witness;
            put(args, 5);
        },
        ThreadRule::OwnThread,
    )
    .unwrap();
    let function: extern "C" fn() -> i32 = unsafe { std::mem::transmute(callback.code()) };
    *own.borrow_mut() = Some(callback);
    assert_eq!(function(), 5);
    assert!(freed.get(), "freed once it returned");
}

#[test]
fn a_fallback_is_returned_on_another_thread() {
    let signature = signature(CallConv::C, vec![i32::layout()], i32::layout());
    let callback = DynamicDeclaration::new(&signature, "own")
        .unwrap()
        .fallback(&(-1_i32).to_ne_bytes())
        .unwrap()
        .on_wrong_thread(pinvoke::upcall::OnWrongThread::Return)
        .unwrap()
        .callback(|args| {
            let n = get::<i32>(args, 0);
            put(args, n + 1);
        })
        .unwrap();
    let function: extern "C" fn(i32) -> i32 = unsafe { std::mem::transmute(callback.code()) };
    assert_eq!(function(1), 2);
    assert_eq!(std::thread::spawn(move || function(1)).join().unwrap(), -1);
}

#[test]
fn what_cannot_be_called_is_refused() {
    let variadic = Signature {
        variadic_from: Some(1),
        ..signature(CallConv::C, vec![i32::layout(), f64::layout()], i32::layout())
    };
    let error = DynamicCallback::new(&variadic, "printf", |_| {}, ThreadRule::OwnThread).unwrap_err();
    assert!(matches!(&error, CallbackError::Variadic { callback } if callback == "printf"), "{error}");

    let stdcall = signature(CallConv::Stdcall, vec![], Layout::void());
    let stdcall = Signature { target: Target::X86_WINDOWS, ..stdcall };
    let error = DynamicCallback::new(&stdcall, "wndproc", |_| {}, ThreadRule::OwnThread).unwrap_err();
    assert!(matches!(error, CallbackError::ForeignTarget { .. }), "{error}");

    let void = signature(CallConv::C, vec![Layout::void()], Layout::void());
    let error = DynamicCallback::new(&void, "f", |_| {}, ThreadRule::OwnThread).unwrap_err();
    assert!(matches!(error, CallbackError::Plan { .. }), "{error}");
}
