//! Prepared calls into functions compiled by a C compiler, in both tiers and both conventions.
//!
//! For every signature of a broad list a callee is generated in C. It sees its arguments as bytes: it
//! copies them, padding left out, to a buffer that the test reads, and returns bytes that the test gave
//! it. The record and the result buffer are full of graffiti where no value lies. So what is compared is
//! bytes against bytes that travelled through the code of another compiler.
#![cfg(any(target_os = "linux", windows))]
#![allow(unsafe_code, reason = "calls native code")]

mod support;

use std::fmt::Write as _;

use pinvoke::call::PreparedCall;
use pinvoke_abi::signature::Signature;

use support::{Block, CLibrary};

/// A type: its C spelling, the compact notation, and the bytes that carry meaning.
struct Type {
    c: &'static str,
    notation: &'static str,
    meaning: &'static [(usize, usize)],
}

const fn t(c: &'static str, notation: &'static str, meaning: &'static [(usize, usize)]) -> Type {
    Type { c, notation, meaning }
}

/// The conventions of this machine.
#[cfg(target_arch = "x86_64")]
const CONVENTIONS: &[&str] = &["sysv64", "win64"];
#[cfg(any(target_arch = "aarch64", target_arch = "riscv64"))]
const CONVENTIONS: &[&str] = &["cdecl"];
/// Not those with registers: GNU C and Microsoft disagree about which values use them up. `x86.rs` has them, and random
/// signatures.
#[cfg(target_arch = "x86")]
const CONVENTIONS: &[&str] = &["cdecl", "stdcall"];

/// `long double` of this machine: how it is written, the structure of one, how many bytes count.
#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
const LONG_DOUBLE: (&str, &str, &[(usize, usize)]) = ("f80", "{f80}", &[(0, 10)]);
#[cfg(any(target_arch = "aarch64", target_arch = "riscv64"))]
const LONG_DOUBLE: (&str, &str, &[(usize, usize)]) = ("f128", "{f128}", &[(0, 16)]);

/// Bytes of a pointer.
const POINTER: usize = size_of::<*const u8>();
/// Where a `double` lies behind an `int`.
const DOUBLE_BEHIND_INT: usize = 4_usize.next_multiple_of(align_of::<f64>());

const TYPES: &[Type] = &[
    t("signed char", "i8", &[(0, 1)]),
    t("unsigned char", "u8", &[(0, 1)]),
    t("short", "i16", &[(0, 2)]),
    t("unsigned short", "u16", &[(0, 2)]),
    t("int", "i32", &[(0, 4)]),
    t("unsigned", "u32", &[(0, 4)]),
    t("long long", "i64", &[(0, 8)]),
    t("void *", "ptr", &[(0, POINTER)]),
    t("float", "f32", &[(0, 4)]),
    t("double", "f64", &[(0, 8)]),
    t("long double", LONG_DOUBLE.0, LONG_DOUBLE.2),
    #[cfg(target_pointer_width = "64")]
    t("__int128", "i128", &[(0, 16)]),
    t("_Complex float", "c32", &[(0, 8)]),
    t("_Complex double", "c64", &[(0, 16)]),
    t("struct bytes3", "{[u8;3]}", &[(0, 3)]),
    t("struct bytes5", "{[u8;5]}", &[(0, 5)]),
    t("struct bytes7", "{[u8;7]}", &[(0, 7)]),
    t("struct bytes8", "{[u8;8]}", &[(0, 8)]),
    t("struct bytes11", "{[u8;11]}", &[(0, 11)]),
    t("struct bytes17", "{[u8;17]}", &[(0, 17)]),
    t("struct bytes100", "{[u8;100]}", &[(0, 100)]),
    t("struct bytes301", "{[u8;301]}", &[(0, 301)]),
    t("struct bytes4096", "{[u8;4096]}", &[(0, 4096)]),
    t("struct bytes65536", "{[u8;65536]}", &[(0, 65536)]),
    t("struct int_double", "{i32,f64}", &[(0, 4), (DOUBLE_BEHIND_INT, 8)]),
    t("struct floats3", "{f32,f32,f32}", &[(0, 12)]),
    t("struct floats4", "{f32,f32,f32,f32}", &[(0, 16)]),
    t("struct double_char", "{f64,i8}", &[(0, 9)]),
    t("struct longs2", "{i64,i64}", &[(0, 16)]),
    t("struct longs3", "{i64,i64,i64}", &[(0, 24)]),
    t("struct mixed", "{i8,f32,f64,i16}", &[(0, 1), (4, 4), (8, 8), (16, 2)]),
    t("union number", "{i64|f64|[u8;12]}", &[(0, 12)]),
    t("struct long_double", LONG_DOUBLE.1, LONG_DOUBLE.2),
    t("struct long_doubles", "{f128,f128,f128}", &[(0, 48)]),
    t("struct doubles4", "{[f64;4]}", &[(0, 32)]),
    t("struct aligned", "{i32 align(32)}", &[(0, 4)]),
];

const DEFINITIONS: &str = "
#include <string.h>
#if defined __x86_64__ || defined __i386__
#define QUAD __float128
#else
#define QUAD long double
#endif
struct bytes3 { unsigned char b[3]; }; struct bytes5 { unsigned char b[5]; };
struct bytes7 { unsigned char b[7]; }; struct bytes8 { unsigned char b[8]; };
struct bytes11 { unsigned char b[11]; }; struct bytes17 { unsigned char b[17]; };
struct bytes100 { unsigned char b[100]; }; struct bytes301 { unsigned char b[301]; };
struct bytes4096 { unsigned char b[4096]; }; struct bytes65536 { unsigned char b[65536]; };
struct int_double { int a; double b; }; struct floats3 { float a, b, c; };
struct floats4 { float a, b, c, d; }; struct double_char { double a; signed char b; };
struct longs2 { long long a, b; }; struct longs3 { long long a, b, c; };
struct mixed { signed char a; float b; double c; short d; };
union number { long long a; double b; unsigned char c[12]; };
struct long_double { long double a; }; struct long_doubles { QUAD a, b, c; };
struct doubles4 { double a[4]; };
struct aligned { _Alignas(32) int a; };
unsigned char seen[1 << 18]; unsigned char give[1 << 17]; unsigned long misaligned;
/* Below the frame pointer's place lie as many bytes as pushed: the return address and the caller's frame pointer. */
#define CHECK_STACK() (misaligned |= ((unsigned long)__builtin_frame_address(0) + 2 * sizeof(void *)) & 15)
";

/// Deterministic pseudo-random numbers (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// A call: its convention and the indices of its types.
struct Case {
    conv: &'static str,
    args: Vec<usize>,
    ret: Option<usize>,
}

impl Case {
    fn notation(&self) -> String {
        let args: Vec<&str> = self.args.iter().map(|i| TYPES[*i].notation).collect();
        let ret = self.ret.map_or(String::new(), |i| format!("->{}", TYPES[i].notation));
        format!("{}({}){ret}", self.conv, args.join(","))
    }

    /// The callee. Arguments are stored one behind the other, as they are in memory.
    fn c(&self, name: usize) -> String {
        let attribute = match self.conv {
            "win64" => "__attribute__((ms_abi))",
            "sysv64" => "__attribute__((sysv_abi))",
            "stdcall" => "__attribute__((stdcall))",
            _ => "",
        };
        let ret = self.ret.map_or("void", |i| TYPES[i].c);
        let params: Vec<String> =
            self.args.iter().enumerate().map(|(i, a)| format!("{} a{i}", TYPES[*a].c)).collect();
        let params = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
        let mut text =
            format!("{attribute} {ret} f{name}({params}) {{ unsigned char *to = seen; CHECK_STACK();\n");
        for i in 0..self.args.len() {
            writeln!(text, "  memcpy(to, &a{i}, sizeof a{i}); to += sizeof a{i};").expect("a string");
        }
        if let Some(i) = self.ret {
            writeln!(text, "  {} r; memcpy(&r, give, sizeof r); return r;", TYPES[i].c).expect("a string");
        }
        text + "}\n"
    }
}

fn cases() -> Vec<Case> {
    let mut random = Random(2026);
    let mut cases = Vec::new();
    for conv in CONVENTIONS.iter().copied() {
        cases.push(Case { conv, args: vec![], ret: None });
        for i in 0..TYPES.len() {
            // Each alone, behind two others, and behind all registers; each as a result.
            cases.push(Case { conv, args: vec![i], ret: Some(i) });
            cases.push(Case { conv, args: vec![4, 9, i, 0], ret: Some(i) });
            let mut many = vec![6, 9, 6, 9, 6, 9, 6, 9, 6, 9, 6, 9, 9, 9];
            many.extend([i, 1, i]);
            cases.push(Case { conv, args: many, ret: Some(8) });
        }
        for _ in 0..150 {
            let count = random.below(14);
            let args = (0..count).map(|_| random.below(TYPES.len())).collect();
            let ret = Some(random.below(TYPES.len() + 1)).filter(|i| *i < TYPES.len());
            cases.push(Case { conv, args, ret });
        }
        cases.push(Case { conv, args: vec![4; 200], ret: Some(4) });
        cases.push(Case { conv, args: (0..120).map(|i| i % 10).collect(), ret: Some(9) });
    }
    cases
}

/// Bytes for a value of `size` bytes, different for each seed. An x87 value must be a valid one to
/// survive a load and a store: integer bit set, exponent in the middle.
fn value(notation: &str, size: usize, seed: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        (0..size).map(|i| u8::try_from((i * 7 + seed * 31 + 1) % 251).expect("below 251")).collect();
    if notation.contains("f80") {
        bytes[7] |= 0x80;
        bytes[8] = 0x03;
        bytes[9] = 0x40;
    }
    bytes
}

fn meaningful(t: &Type, bytes: &[u8]) -> Vec<u8> {
    t.meaning.iter().flat_map(|(from, len)| bytes[*from..from + len].to_vec()).collect()
}

#[test]
fn callees_of_a_c_compiler_see_every_byte_in_both_tiers() {
    let cases = cases();
    let mut text = DEFINITIONS.to_owned();
    for (i, case) in cases.iter().enumerate() {
        text += &case.c(i);
    }
    let library = CLibrary::compile("call_c", &text, &["-O1", "-w", "-Wno-psabi"]);
    let seen = library.address("seen").cast::<u8>();
    let give = library.address("give").cast::<u8>();
    let misaligned = library.address("misaligned").cast::<core::ffi::c_ulong>();
    for (number, case) in cases.iter().enumerate() {
        let notation = case.notation();
        let signature: Signature = notation.parse().unwrap_or_else(|e| panic!("{notation}: {e}"));
        let mut results = Vec::new();
        for &tier in support::tiers() {
            let call =
                PreparedCall::with_tier(&signature, tier).unwrap_or_else(|e| panic!("{notation}: {e}"));
            assert_eq!(call.tier(), tier);
            let record = Block::new(call.record_size(), call.record_align(), 0xA5);
            let ret = Block::new(call.ret_size().next_multiple_of(16), call.ret_align(), 0x5A);
            let mut expected = Vec::new();
            for (i, arg) in case.args.iter().enumerate() {
                let size = usize::try_from(signature.params[i].size).unwrap();
                let bytes = value(TYPES[*arg].notation, size, i + number);
                record.write(call.arg_offset(i), &bytes);
                expected.push((arg, bytes));
            }
            let result = case.ret.map(|i| (i, value(TYPES[i].notation, call.ret_size(), number)));
            if let Some((_, bytes)) = &result {
                // SAFETY: `give` has room for the largest type.
                unsafe { give.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            }
            // SAFETY: the callee was generated for this signature; the buffers are the call's.
            unsafe { call.invoke(library.code(&format!("f{number}")), record.at(), ret.at()) };
            let mut from = 0;
            for (i, (arg, bytes)) in expected.iter().enumerate() {
                // SAFETY: within `seen`, which has room for the arguments of any case.
                let stored = unsafe { seen.add(from) };
                // SAFETY: the callee has stored its arguments there.
                let got = unsafe { std::slice::from_raw_parts(stored, bytes.len()) };
                let (got, want) = (meaningful(&TYPES[**arg], got), meaningful(&TYPES[**arg], bytes));
                assert!(
                    got == want,
                    "{notation}, {tier:?}: argument {} is {got:x?} instead of {want:x?}",
                    i + 1
                );
                from += bytes.len();
            }
            // SAFETY: a number of the library.
            assert_eq!(unsafe { *misaligned }, 0, "{notation}, {tier:?}: the stack is misaligned");
            if let Some((i, bytes)) = &result {
                let got = ret.read(0, bytes.len());
                let (got, want) = (meaningful(&TYPES[*i], &got), meaningful(&TYPES[*i], bytes));
                assert!(got == want, "{notation}, {tier:?}: the result is {got:x?} instead of {want:x?}");
                results.push(got);
            }
            let tail = ret.read(call.ret_size(), ret.size() - call.ret_size());
            assert!(
                tail.iter().all(|b| *b == 0x5A),
                "{notation}, {tier:?}: bytes behind the result are written"
            );
        }
        if let [thunk, stub] = &results[..] {
            assert!(thunk == stub, "{notation}: thunk and stub differ");
        }
    }
}

// On AArch64 it is the reader who widens (AAPCS64 6.8.2).
#[cfg(target_arch = "x86_64")]
#[test]
fn small_integers_arrive_extended_to_32_bits() {
    // Compilers widen on the caller's side and some rely on it: a callee that looks at the register.
    let library = CLibrary::compile(
        "call_c_extend",
        "int s8(int x) { return x; } unsigned u8(unsigned x) { return x; }
         int s16(int x) { return x; } unsigned u16(unsigned x) { return x; }",
        &["-O1"],
    );
    for (name, notation, bytes, expected) in [
        ("s8", "cdecl(i8)->i32", &[0x80][..], 0xFFFF_FF80_u32),
        ("u8", "cdecl(u8)->i32", &[0x80], 0x80),
        ("s16", "cdecl(i16)->i32", &[0x01, 0x80], 0xFFFF_8001),
        ("u16", "cdecl(u16)->i32", &[0x01, 0x80], 0x8001),
        ("u8", "cdecl(bool)->i32", &[1], 1),
    ] {
        let signature: Signature = notation.parse().unwrap();
        for &tier in support::tiers() {
            let call = PreparedCall::with_tier(&signature, tier).unwrap();
            let record = Block::new(16, 16, 0xA5);
            let ret = Block::new(16, 16, 0);
            record.write(0, bytes);
            // SAFETY: a function of one integer; the caller's widening is what is tested.
            unsafe { call.invoke(library.code(name), record.at(), ret.at()) };
            assert_eq!(ret.read(0, 4), expected.to_le_bytes(), "{notation} {tier:?}");
        }
    }
}

#[test]
fn variable_arguments_are_found_where_va_arg_looks() {
    let library = CLibrary::compile(
        "call_c_variadic",
        "#include <stdarg.h>
         #define BODY(LIST, START, ARG, END) \\
             LIST list; double sum = 0; START(list, kinds); \\
             for (int i = 1; *kinds; kinds++, i++) switch (*kinds) { \\
                 case 'i': sum += i * ARG(list, int); break; \\
                 case 'l': sum += i * (double)ARG(list, long long); break; \\
                 case 'd': sum += i * ARG(list, double); break; \\
                 case 's': sum += i * ARG(list, struct pair).b; break; } \\
             END(list); return sum;
         struct pair { long long a; double b; };
         double own(const char *kinds, ...) { BODY(va_list, va_start, va_arg, va_end) }
         #ifdef __x86_64__
         __attribute__((ms_abi)) double ms(const char *kinds, ...)
         { BODY(__builtin_ms_va_list, __builtin_ms_va_start, __builtin_va_arg, __builtin_ms_va_end) }
         #endif",
        &["-O1"],
    );
    for (conv, name, kinds) in [
        ("cdecl", "own", c"idldididsddddsilsddd"),
        ("cdecl", "own", c"iiiiiiiiii"),
        ("win64", "ms", c"dididlddil"),
        ("win64", "ms", c"idd"),
    ] {
        if conv != "cdecl" && !CONVENTIONS.contains(&conv) {
            continue;
        }
        let mut notation = format!("{conv}(ptr,...");
        let mut values = Vec::new();
        let mut expected = 0.0;
        for (i, kind) in (1_i32..).zip(kinds.to_bytes()) {
            let number = f64::from(i) * 2.5;
            let (spelled, bytes, value) = match kind {
                b'i' => ("i32", (i * -3).to_le_bytes().to_vec(), f64::from(i * -3)),
                b'l' => ("i64", i64::from(i * 5).to_le_bytes().to_vec(), f64::from(i * 5)),
                b'd' => ("f64", number.to_le_bytes().to_vec(), number),
                _ => ("{i64,f64}", [[0xA5; 8], number.to_le_bytes()].concat(), number),
            };
            notation = format!("{notation},{spelled}");
            values.push(bytes);
            expected += f64::from(i) * value;
        }
        let signature: Signature = format!("{notation})->f64").parse().unwrap();
        for &tier in support::tiers() {
            let call = PreparedCall::with_tier(&signature, tier).unwrap();
            let record = Block::new(call.record_size(), call.record_align(), 0xA5);
            let ret = Block::new(16, 16, 0);
            record.write(0, &kinds.as_ptr().addr().to_le_bytes());
            for (i, bytes) in values.iter().enumerate() {
                record.write(call.arg_offset(i + 1), bytes);
            }
            // SAFETY: the functions above, told what they get.
            unsafe { call.invoke(library.code(name), record.at(), ret.at()) };
            assert_eq!(ret.read(0, 8), expected.to_le_bytes(), "{signature} {tier:?}");
        }
    }
}
