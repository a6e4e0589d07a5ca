//! The compact notation: what it means, and what is said about text that is none.

use pinvoke_abi::layout::{BitRange, Kind, Layout};
use pinvoke_abi::plan::CallPlan;
use pinvoke_abi::signature::{CallConv, Problem, Signature};
use pinvoke_abi::target::Target;

const LINUX: Target = Target::X86_64_LINUX;

fn layout(text: &str) -> Layout {
    Layout::parse(LINUX, text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// Sizes and alignments as gcc gives them for the same types.
#[test]
fn sizes_and_alignments() {
    for (text, size, align) in [
        ("i8", 1, 1),
        ("u128", 16, 16),
        ("f80", 16, 16),
        ("c80", 32, 16),
        ("ptr", 8, 8),
        ("void", 0, 1),
        ("i32 align(16)", 4, 16),
        ("[i16;5]", 10, 2),
        ("[i16]", 0, 2),
        ("{}", 0, 1),
        ("{|}", 0, 1),
        ("{i8,i32}", 8, 4),
        ("{ i8 , i32 }", 8, 4),
        ("{i8,i32}packed", 5, 1),
        ("{i8,i32} packed ( 2 )", 6, 2),
        ("{i8,i32}packed align(4)", 8, 4),
        ("{i8|f64}", 8, 8),
        ("{f64|}", 8, 8),
        ("{u32:3,u32:29,u8}", 8, 4),
        ("{u32:3,u32:0,u8:1}", 8, 4),
        ("{u8,_u32:3}", 2, 1),
        ("{i8@7}", 8, 1),
        ("{i8}size(64)", 64, 1),
        ("{{i8,i16},[{i32};2],f32}", 16, 4),
    ] {
        let layout = layout(text);
        assert_eq!((layout.size, layout.align), (size, align), "{text}");
    }
}

#[test]
fn bit_fields_and_offsets() {
    let layout = layout("{u32:3,u32:4,u64@16,u16:5@30.6}");
    let Kind::Struct { fields } = &layout.kind else { panic!("{layout} is no structure") };
    assert_eq!((fields[1].offset, fields[1].bits), (0, Some(BitRange { start: 3, width: 4 })));
    assert_eq!((fields[2].offset, fields[2].bits), (16, None));
    assert_eq!((fields[3].offset, fields[3].bits), (30, Some(BitRange { start: 6, width: 5 })));
    assert_eq!((layout.size, layout.align), (32, 8));
}

#[test]
fn signatures() {
    let s = Signature::parse(LINUX, "win64(i32, ptr, ..., f64) -> {i8, i8}").unwrap();
    assert_eq!((s.conv, s.params.len(), s.variadic_from, s.ret.size), (CallConv::Win64, 3, Some(2), 2));
    let s = Signature::parse(LINUX, "()").unwrap();
    assert_eq!((s.conv, s.params.len(), s.variadic_from), (CallConv::C, 0, None));
    assert_eq!(s.ret, Layout::void());
    let s = Signature::parse(LINUX, "(ptr,...)").unwrap();
    assert_eq!(s.variadic_from, Some(1));
    assert_eq!(Signature::parse(LINUX, "(...)").unwrap().variadic_from, Some(0));
    let long = Signature::parse(Target::X86_LINUX, "(i64,{i8,i64})").unwrap();
    assert_eq!(long.params[1].size, 12, "i386 aligns 8 bytes to 4");
}

#[test]
fn errors_say_where_and_what() {
    for (text, message) in [
        (
            "",
            "at byte 0: expected `(` or a calling convention (cdecl, system, sysv64, win64, stdcall, fastcall, thiscall), found the end",
        ),
        (
            "pascal()",
            "at byte 0: expected `(` or a calling convention (cdecl, system, sysv64, win64, stdcall, fastcall, thiscall), found `pascal`",
        ),
        ("cdecl", "at byte 5: expected `(`, found the end"),
        ("(", "at byte 1: expected a type, found the end"),
        ("(i32", "at byte 4: expected `,` or `)`, found the end"),
        ("(i33)", "at byte 1: expected a type, found `i33`"),
        ("(i32 x)", "at byte 5: expected `align(n)`, found `x`"),
        ("(i32,)", "at byte 5: expected a type, found `)`"),
        ("(i32) i32", "at byte 6: expected the end, found `i32`"),
        ("(void)", "at byte 1: expected an argument type, or `()` for no arguments, found `void`"),
        ("(...,i8,...)", "at byte 8: `...` stands twice"),
        ("({i8)", "at byte 4: expected `,`, `|` or `}`, found `)`"),
        ("({i8,i8|i8})", "at byte 7: expected `,` or `}`, found `|`"),
        ("({i8|i8,i8})", "at byte 7: expected `|` or `}`, found `,`"),
        ("([i8;])", "at byte 5: expected a number, found `]`"),
        ("([i8;99999999999999999999])", "at byte 5: the number is too large"),
        ("([i64;2305843009213693952])", "at byte 1: the type is larger than 1152921504606846976 bytes"),
        ("({i8@1152921504606846976})", "at byte 2: the type is larger than 1152921504606846976 bytes"),
        ("({f32:3})", "at byte 2: a bit-field must have an integer type"),
        ("({u8:9})", "at byte 2: a bit-field of 9 bits does not fit its type of 8 bits"),
        ("({u8:4294967296})", "at byte 5: the number is too large"),
        ("({_u8})", "at byte 5: expected `:` and a width behind an unnamed bit-field, found `}`"),
        ("({u8:1@0})", "at byte 8: expected `.` and the bit within the byte, found `}`"),
        ("({u8:1@0.8})", "at byte 9: expected a bit from 0 to 7, found `8`"),
        ("({i8}packed(3))", "at byte 5: alignment 3 is not a power of two from 1 to 268435456"),
        ("(i8 align(0))", "at byte 4: alignment 0 is not a power of two from 1 to 268435456"),
        (
            "({i64}size(4))",
            "at byte 6: size 4 is not between the 8 bytes of the members and 1152921504606846976",
        ),
        ("(i32)->é", "at byte 7: expected a type, found `é`"),
    ] {
        let error = Signature::parse(LINUX, text).unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
    }
    let error = Signature::parse(Target::AARCH64_LINUX, "(f80)").unwrap_err();
    assert_eq!(error.to_string(), "at byte 1: aarch64-linux has no `f80`");
}

#[test]
fn depth_is_limited() {
    for (open, close) in [("{", "}"), ("[", ";1]"), ("{i8|", "}")] {
        let nested = |n: usize| format!("({}i8{})", open.repeat(n), close.repeat(n));
        let deepest = Signature::parse(LINUX, &nested(199)).unwrap();
        assert_eq!(Signature::parse(LINUX, &deepest.to_string()), Ok(deepest.clone()));
        if open != "[" {
            CallPlan::new(&deepest).unwrap();
        }
        for n in [200, 10_000, 1_000_000] {
            let error = Signature::parse(LINUX, &nested(n)).unwrap_err();
            assert_eq!(error.problem, Problem::TooDeep);
            // The type inside the 200th opening.
            assert_eq!(error.position, 1 + 199 * open.len() + 1);
        }
    }
}
