//! `#[derive(NativeType)]`: what it says of a type, and what it and the callbacks refuse.

use pinvoke::native::{NativeType, Passing};
use pinvoke_abi::layout::{Kind, Layout};
use pinvoke_abi::target::Target;

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Inner {
    tag: u8,
    values: [[i16; 2]; 3],
}

#[derive(Clone, Copy, NativeType)]
#[repr(C, packed(2))]
struct Outer(u8, Inner, f64);

#[derive(Clone, Copy, NativeType)]
#[repr(C, align(32))]
union Either {
    number: u64,
    parts: [u8; 11],
}

#[derive(Clone, Copy, NativeType)]
#[repr(i16)]
enum Level {
    Low = 3,
    High = -1,
}

#[derive(Clone, Copy, NativeType)]
#[repr(u32)]
enum Switch {
    Off,
    On,
}

fn offsets(layout: &Layout) -> Vec<u64> {
    match &layout.kind {
        Kind::Struct { fields } | Kind::Union { fields } => fields.iter().map(|f| f.offset).collect(),
        _ => Vec::new(),
    }
}

/// Sizes and offsets as gcc has them, `-m64`:
/// `struct inner { uint8_t tag; int16_t values[3][2]; }`, and so on.
#[test]
fn layouts_are_those_of_c() {
    let inner = Inner::layout();
    assert_eq!((inner.size, inner.align, offsets(&inner)), (14, 2, vec![0, 2]));
    let outer = Outer::layout();
    assert_eq!((outer.size, outer.align, offsets(&outer)), (24, 2, vec![0, 2, 16]));
    let either = Either::layout();
    assert_eq!((either.size, either.align, offsets(&either)), (32, 32, vec![0, 0]));
    assert!(matches!(either.kind, Kind::Union { .. }));
    assert_eq!(Level::layout(), Layout::int(Target::HOST, 2, true));
    assert_eq!(Switch::layout(), Layout::int(Target::HOST, 4, false));
}

#[test]
fn passing_and_zero_follow_from_the_members() {
    const { assert!(matches!(Inner::PASSING, Passing::ByPlan)) };
    const { assert!(matches!(Level::PASSING, Passing::Int)) };
    const { assert!(Inner::ZEROABLE && Outer::ZEROABLE && Either::ZEROABLE) };
    const { assert!(Switch::ZEROABLE && !Level::ZEROABLE) };
    let _ = (Level::Low, Level::High, Switch::Off, Switch::On);
}

#[test]
#[cfg_attr(windows, ignore = "runs cargo, which an emulator has not; rustc says the same on every system")]
fn what_cannot_be_native_is_refused() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
