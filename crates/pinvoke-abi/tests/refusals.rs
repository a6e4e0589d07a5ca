//! What cannot be planned, and what is said about it.

use std::sync::Arc;

use pinvoke_abi::layout::{BitRange, Field, Kind, Layout, LayoutError, MAX_SIZE, StructBuilder};
use pinvoke_abi::plan::{CallPlan, MAX_ARGS, MAX_STACK, PlanError, Which};
use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::{Os, Target};

const LINUX: Target = Target::X86_64_LINUX;

fn int() -> Layout {
    Layout::int(LINUX, 4, true)
}

fn plan(params: Vec<Layout>, ret: Layout) -> Result<CallPlan, PlanError> {
    CallPlan::new(&Signature::new(LINUX, params, ret))
}

fn refusal(params: Vec<Layout>, ret: Layout) -> String {
    plan(params, ret).expect_err("there is no such plan").to_string()
}

fn bytes(size: u64) -> Layout {
    Layout::parse(LINUX, &format!("{{[u8;{size}]}}")).expect("a small type")
}

fn structure(size: u64, align: u64, fields: Vec<Field>) -> Layout {
    Layout { size, align, kind: Kind::Struct { fields: fields.into() } }
}

fn member(offset: u64, layout: Layout) -> Field {
    Field { offset, layout, bits: None }
}

#[test]
fn conventions_that_are_not_known() {
    for (target, conv, message) in [
        (Target::X86_LINUX, CallConv::SysV64, "calling convention `sysv64` is not supported on x86-linux"),
        (
            Target::AARCH64_LINUX,
            CallConv::Win64,
            "calling convention `win64` is not supported on aarch64-linux",
        ),
        (
            Target::RISCV64_LINUX,
            CallConv::SysV64,
            "calling convention `sysv64` is not supported on riscv64-linux",
        ),
        (
            Target { os: Os::MacOs, ..Target::RISCV64_LINUX },
            CallConv::C,
            "calling convention `cdecl` is not supported on riscv64-macos",
        ),
    ] {
        let signature = Signature { conv, ..Signature::new(target, vec![], Layout::void()) };
        assert_eq!(CallPlan::new(&signature).unwrap_err().to_string(), message);
    }
}

#[test]
fn numbers_of_arguments() {
    assert!(plan(vec![int(); 1000], int()).is_ok());
    assert!(plan(vec![bytes(0); MAX_ARGS], int()).is_ok());
    assert_eq!(
        refusal(vec![bytes(0); MAX_ARGS + 1], int()),
        "65536 arguments are more than the 65535 that one call can take"
    );
    let variadic = Signature { variadic_from: Some(3), ..Signature::new(LINUX, vec![int(); 2], int()) };
    assert_eq!(
        CallPlan::new(&variadic).unwrap_err().to_string(),
        "variable arguments begin behind argument 3, but there are only 2"
    );
}

#[test]
fn sizes() {
    let limit = u64::from(MAX_STACK);
    let largest = plan(vec![bytes(limit)], int()).unwrap();
    assert_eq!(largest.stack(), MAX_STACK);
    assert_eq!(
        refusal(vec![int(), bytes(limit - 8), int(), bytes(17)], int()),
        "argument 4 does not fit the 1048576 bytes of stack that one call can take"
    );
    assert_eq!(
        refusal(vec![bytes(1 << 40)], int()),
        "argument 1 has 1099511627776 bytes aligned to 1; values of more than 1073741824 bytes are not \
         passed, pass a pointer"
    );
    assert_eq!(
        plan(vec![], bytes(MAX_SIZE)),
        Err(PlanError::ValueTooLarge { which: Which::Result, size: MAX_SIZE, align: 1 })
    );
    // Only a reference travels under Microsoft x64.
    let by_reference =
        Signature { conv: CallConv::Win64, ..Signature::new(LINUX, vec![bytes(limit * 4)], int()) };
    assert_eq!(CallPlan::new(&by_reference).unwrap().stack(), 32);
    // An alignment that leads beyond the stack.
    let aligned = bytes(32).with_min_align(1 << 28).unwrap();
    assert_eq!(plan(vec![bytes(32), aligned], int()), Err(PlanError::StackTooLarge(Which::Argument(1))));
    let beyond = Layout { align: 1 << 40, ..bytes(32) };
    assert!(matches!(plan(vec![beyond], int()), Err(PlanError::ValueTooLarge { .. })));
}

#[test]
fn values_that_c_does_not_pass() {
    assert_eq!(refusal(vec![int(), Layout::void()], int()), "argument 2 is void; only a result can be");
    let array = Layout::array(int(), 4).unwrap();
    assert_eq!(
        refusal(vec![array.clone()], int()),
        "argument 1 is an array; pass a pointer to it, or a structure that contains it"
    );
    assert_eq!(
        refusal(vec![], array),
        "the result is an array; pass a pointer to it, or a structure that contains it"
    );
}

fn vector(size: u64, element: Layout, count: u64) -> Layout {
    Layout { size, align: 16, kind: Kind::Vector { element: Arc::new(element), count } }
}

/// What compilers pass in more than one way, or as the processor allows, is not passed by value.
#[test]
fn vectors_that_have_no_one_way() {
    let refusal = |target, text: &str| match CallPlan::new(&Signature::parse(target, text).unwrap()) {
        Err(error) => error.to_string(),
        Ok(plan) => panic!("{text}: {plan}"),
    };
    for (target, text, expected) in [
        (
            LINUX,
            "(i32,<f64;1>)",
            "argument 2 is or contains a vector of one `double`, which gcc passes in memory and clang in a register",
        ),
        (
            LINUX,
            "({<i16;2>,i32})",
            "argument 1 is or contains a vector of fewer than 8 bytes, of which no text says how it is passed",
        ),
        (
            LINUX,
            "()-><f32;8>",
            "the result is or contains a vector of more than 16 bytes, for which the processor may have no registers",
        ),
        (
            LINUX,
            "({[{<i64;8>};1]})",
            "argument 1 is or contains a vector of more than 16 bytes, for which the processor may have no registers",
        ),
        (
            Target::X86_64_WINDOWS,
            "()-><f64;4>",
            "the result is or contains a vector of more than 16 bytes, which returns in a register that the \
             processor may not have",
        ),
        (
            Target::AARCH64_LINUX,
            "(<i8;2>)",
            "argument 1 is or contains a vector of fewer than 8 bytes, of which no text says how it is passed",
        ),
        (
            Target::AARCH64_WINDOWS,
            "(i32,...,<f32;4>)",
            "argument 2 is or contains a vector in a call with variable arguments, of which Microsoft's text does not \
             say how it is passed",
        ),
        (
            Target::X86_64_MACOS,
            "(i32,{<i64;1>})",
            "argument 2 is or contains a vector of one integer, which compilers for macOS pass as an integer",
        ),
        (
            Target::X86_WINDOWS,
            "(<f32;4>)",
            "argument 1 is or contains a vector that compilers for 32-bit x86 pass by the instruction set they may use",
        ),
    ] {
        let advice = "; declare a pointer to it and pass its address";
        assert_eq!(refusal(target, text), format!("{expected}{advice}"), "{text}");
    }
}

/// The fields of a layout are open; nonsense in them must not get through, nor panic.
#[test]
fn layouts_that_contradict_themselves() {
    let bits = |start, width| Some(BitRange { start, width });
    for layout in [
        Layout { size: 3, ..int() },
        Layout { size: 0, ..int() },
        Layout { align: 0, ..int() },
        Layout { align: 3, ..int() },
        Layout { size: 5, align: 4, kind: Kind::Float },
        Layout { size: 8, align: 8, kind: Kind::X87 },
        Layout { size: 2, align: 1, kind: Kind::Bool },
        Layout { size: 16, align: 8, kind: Kind::Pointer },
        vector(16, int(), 3),
        vector(16, int(), u64::MAX),
        vector(4, Layout { size: 1, ..Layout::bool() }, 4),
        vector(0, int(), 0),
        structure(8, 0, vec![]),
        structure(4, 4, vec![member(1, int())]),
        structure(4, 4, vec![member(u64::MAX, int())]),
        structure(8, 4, vec![member(0, Layout { size: 3, ..int() })]),
        structure(8, 8, vec![Field { offset: 7, layout: int(), bits: bits(3, 6) }]),
        structure(8, 8, vec![Field { offset: 0, layout: int(), bits: bits(8, 1) }]),
        structure(8, 8, vec![Field { offset: 0, layout: int(), bits: bits(0, 0) }]),
        structure(8, 8, vec![Field { offset: 0, layout: int(), bits: bits(7, u32::MAX) }]),
        structure(
            8,
            8,
            vec![member(
                0,
                Layout { size: 8, align: 4, kind: Kind::Array { element: Arc::new(int()), count: u64::MAX } },
            )],
        ),
    ] {
        for target in [LINUX, Target::RISCV64_LINUX] {
            let plan = |params, ret| CallPlan::new(&Signature::new(target, params, ret));
            let params = vec![layout.clone()];
            assert_eq!(plan(params, int()), Err(PlanError::MalformedLayout(Which::Argument(0))), "{layout}");
            assert_eq!(plan(vec![], layout.clone()), Err(PlanError::MalformedLayout(Which::Result)));
        }
    }
    assert_eq!(
        refusal(vec![Layout { size: 3, ..int() }], int()),
        "the layout of argument 1 contradicts itself"
    );
}

/// A union of two unions of two unions …: a few lines of text, 2^60 members.
#[test]
fn layouts_with_too_many_members() {
    let mut layout = int();
    for _ in 0..60 {
        let mut union = StructBuilder::new_union(LINUX);
        union.field(layout.clone(), None).unwrap();
        union.field(layout, None).unwrap();
        layout = union.finish(None).unwrap();
    }
    assert_eq!(
        refusal(vec![layout], int()),
        "the layout of argument 1 is nested too deeply or has too many members"
    );
    let mut layout = int();
    for _ in 0..300 {
        let mut outer = StructBuilder::new(LINUX);
        outer.field(layout, None).unwrap();
        layout = outer.finish(None).unwrap();
    }
    for target in [LINUX, Target::RISCV64_LINUX] {
        let plan = CallPlan::new(&Signature::new(target, vec![layout.clone()], int()));
        assert_eq!(plan, Err(PlanError::TooComplex(Which::Argument(0))));
    }
}

/// What travels as an address, or in memory, may have any number of members.
#[test]
fn large_values_are_not_looked_into() {
    for target in [LINUX, Target::RISCV64_LINUX, Target::AARCH64_LINUX] {
        let large = Layout::parse(target, "{f32,[u8;100000]}").expect("a type");
        assert!(CallPlan::new(&Signature::new(target, vec![large.clone()], large)).is_ok(), "{target}");
    }
}

#[test]
fn layouts_that_cannot_be_built() {
    let mut b = StructBuilder::new(LINUX);
    assert_eq!(b.pack(3).unwrap_err(), LayoutError::BadAlignment(3));
    assert_eq!(b.field(int(), Some(0)), Err(LayoutError::BadAlignment(0)));
    assert_eq!(b.field(Layout { align: 0, ..int() }, None), Err(LayoutError::BadAlignment(0)));
    assert_eq!(b.field(Layout { size: u64::MAX, ..int() }, None), Err(LayoutError::TooLarge));
    assert_eq!(b.field_at(int(), u64::MAX), Err(LayoutError::TooLarge));
    assert_eq!(b.bit_field(Layout::float(LINUX, 4), 3, true), Err(LayoutError::BitFieldType));
    assert_eq!(b.bit_field(Layout { align: 0, ..int() }, 3, true), Err(LayoutError::BitFieldType));
    assert_eq!(b.bit_field(int(), 33, true), Err(LayoutError::BitFieldWidth { width: 33, limit: 32 }));
    assert_eq!(b.bit_field(Layout::bool(), 2, true), Err(LayoutError::BitFieldWidth { width: 2, limit: 1 }));
    let far = BitRange { start: 7, width: 1 };
    assert_eq!(b.bit_field_at(int(), u64::MAX, far), Err(LayoutError::TooLarge));
    b.field(bytes(MAX_SIZE), None).unwrap();
    assert_eq!(b.field(int(), None), Err(LayoutError::TooLarge));
    assert_eq!(b.bit_field(int(), 1, true), Err(LayoutError::TooLarge));
    assert_eq!(Layout::array(int(), MAX_SIZE), Err(LayoutError::TooLarge));
}
