//! Structures made up at random, laid out as C compilers lay them out: bit-fields of every type, packed
//! and aligned members, `#pragma pack`, nesting, unions, on every target a compiler here knows.
#![cfg(target_os = "linux")]

mod oracle;

use std::fmt::Write as _;

use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;

/// A reproducible source of choices (splitmix64).
struct Choices(u64);

impl Choices {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[usize::try_from(self.below(all.len() as u64)).expect("an index")]
    }
}

const TYPES: &[&str] = &[
    "char",
    "short",
    "int",
    "long",
    "long long",
    "float",
    "double",
    "long double",
    "void *",
    "_Bool",
    "double _Complex",
    "int16_t",
    "char16_t",
    "enum e",
];
const BIT_TYPES: &[(&str, u64)] = &[
    ("char", 8),
    ("unsigned short", 16),
    ("int", 32),
    ("unsigned", 32),
    ("long long", 64),
    ("_Bool", 1),
    ("enum e", 32),
];

/// Which means of changing a layout are used.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only one machine asks about Windows"))]
enum Means {
    /// `#pragma pack` and GNU attributes together.
    All,
    /// `#pragma pack` alone: what Windows headers use.
    Pragma,
    /// The same without bit-fields. MinGW places those in unions by a rule of its own.
    PragmaWithoutBits,
}

/// `count` structures, each of which may use the earlier ones.
fn structures(seed: u64, count: usize, means: Means) -> String {
    let mut choices = Choices(seed);
    let mut text = String::from("enum e { E0, E1 = 5 };\n");
    for index in 0..count {
        let pack = choices
            .one_in(6)
            .then(|| ["1", "2", "4", "8"][usize::try_from(choices.below(4)).expect("index")]);
        let packed = choices.one_in(6) && means == Means::All;
        if let Some(pack) = pack {
            _ = writeln!(text, "#pragma pack(push, {pack})");
        }
        let keyword = if choices.one_in(5) { "union" } else { "struct" };
        _ = writeln!(text, "typedef {keyword} t{index} {{");
        let members = 1 + choices.below(6);
        for member in 0..members {
            let array = if choices.one_in(4) { format!("[{}]", 1 + choices.below(5)) } else { String::new() };
            let aligned = if choices.one_in(8) && means == Means::All {
                format!(" __attribute__((aligned({})))", 1 << choices.below(6))
            } else {
                String::new()
            };
            match choices.below(8) {
                0..=2 if means != Means::PragmaWithoutBits => {
                    let (ty, limit) =
                        BIT_TYPES[usize::try_from(choices.below(BIT_TYPES.len() as u64)).expect("index")];
                    if choices.one_in(6) {
                        let width = if choices.one_in(3) { 0 } else { 1 + choices.below(limit) };
                        _ = writeln!(text, "    {ty} : {width};");
                    } else {
                        _ = writeln!(text, "    {ty} m{member} : {};", 1 + choices.below(limit));
                    }
                }
                3 if index > 0 => {
                    _ = writeln!(text, "    t{} m{member}{array}{aligned};", choices.below(index as u64));
                }
                4 if choices.one_in(3) => {
                    let (a, b) = (choices.of(TYPES), choices.of(TYPES));
                    _ = writeln!(
                        text,
                        "    struct {{ {a} a{member}; union {{ {b} b{member}; char c{member}[3]; }}; }};"
                    );
                }
                _ => {
                    let packed = if choices.one_in(10) && means == Means::All {
                        " __attribute__((packed))"
                    } else {
                        ""
                    };
                    _ = writeln!(text, "    {} m{member}{array}{packed}{aligned};", choices.of(TYPES));
                }
            }
        }
        let mut attributes = String::new();
        if packed {
            attributes.push_str(" __attribute__((packed))");
        }
        if choices.one_in(8) && means == Means::All {
            _ = write!(attributes, " __attribute__((aligned({})))", 1 << choices.below(6));
        }
        _ = writeln!(text, "}}{attributes} t{index};");
        if pack.is_some() {
            text.push_str("#pragma pack(pop)\n");
        }
    }
    text
}

const TYPEDEFS: &str = "typedef short int16_t; typedef unsigned short char16_t;\n";

fn questions(target: Target, text: &str) -> oracle::Questions {
    let mut unit = Unit::new(target);
    let problems = unit.parse("structures.h", text);
    assert!(problems.is_empty(), "{}", problems[0]);
    let mut questions = oracle::Questions::default();
    for name in unit.type_names().iter().filter(|n| n.starts_with('t')) {
        questions.ask(&unit, name, &|_| false);
    }
    questions
}

#[test]
fn this_machine() {
    for seed in 0..4 {
        let text = structures(seed, 250, Means::All);
        let questions = questions(Target::HOST, &format!("{TYPEDEFS}{text}"));
        assert!(questions.members > 500);
        questions.compare(&format!("{TYPEDEFS}{text}"), &[]);
    }
}

/// Numbers that are changed by one instruction, and pointers to them.
const ATOMIC: &str = "typedef _Atomic long long t0;
typedef struct { char c; _Atomic(long long) a; char d; t0 b; } t1;
typedef struct { char c; _Atomic long long *p; char d; _Atomic(double) z; } t2;
typedef struct { char c; long _Atomic l; char d; const _Atomic char e; _Atomic(float _Complex) f; } t3;
typedef struct { char c; struct { char c; t0 a; } s[2]; } t4;
";

#[test]
fn atomic_members() {
    let questions = questions(Target::HOST, ATOMIC);
    assert!(questions.members >= 15, "{}", questions.members);
    questions.compare(ATOMIC, &[]);
}

/// The same compilers say the same of other machines wherever they are asked.
#[cfg(target_arch = "x86_64")]
mod elsewhere {
    use super::*;

    #[track_caller]
    fn statically(target: Target, compiler: &str, flags: &[&str], means: Means) {
        for seed in 10..13 {
            let text = format!("{TYPEDEFS}{}", structures(seed, 250, means));
            questions(target, &text).compare_statically(compiler, &text, flags);
        }
    }

    #[test]
    fn x86_linux() {
        statically(Target::X86_LINUX, "gcc", &["-m32"], Means::All);
        statically(Target::X86_LINUX, "clang", &["-target", "i686-linux-gnu"], Means::All);
    }

    #[test]
    fn atomic_members_of_x86() {
        questions(Target::X86_LINUX, ATOMIC).compare_statically("gcc", ATOMIC, &["-m32"]);
        let flags = ["-target", "i686-linux-gnu"];
        questions(Target::X86_LINUX, ATOMIC).compare_statically("clang", ATOMIC, &flags);
    }

    #[test]
    fn aarch64_linux() {
        statically(Target::AARCH64_LINUX, "clang", &["-target", "aarch64-linux-gnu"], Means::All);
    }

    #[test]
    fn macos() {
        statically(Target::AARCH64_MACOS, "clang", &["-target", "arm64-apple-macos12"], Means::All);
        statically(Target::X86_64_MACOS, "clang", &["-target", "x86_64-apple-macos12"], Means::All);
    }

    #[test]
    fn windows() {
        statically(
            Target::X86_64_WINDOWS,
            "clang",
            &["-target", "x86_64-pc-windows-msvc", "-fms-extensions"],
            Means::Pragma,
        );
        statically(
            Target::X86_64_WINDOWS_GNU,
            "clang",
            &["-target", "x86_64-w64-mingw32"],
            Means::PragmaWithoutBits,
        );
        statically(
            Target::X86_WINDOWS,
            "clang",
            &["-target", "i686-pc-windows-msvc", "-fms-extensions"],
            Means::Pragma,
        );
    }

    #[test]
    fn riscv64_linux() {
        statically(Target::RISCV64_LINUX, "clang", &["-target", "riscv64-linux-gnu"], Means::All);
    }
}
