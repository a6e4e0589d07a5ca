//! Whatever the text: no panic, no overflow of the stack, no time that grows faster than the text, and
//! every diagnostic points into it.

use pinvoke_abi::target::Target;
use pinvoke_decl::{Diagnostic, Unit};
use proptest::prelude::*;

const TARGETS: [Target; 4] =
    [Target::X86_64_LINUX, Target::X86_64_WINDOWS, Target::X86_LINUX, Target::AARCH64_MACOS];

/// Asks everything there is to ask about a text.
fn exercise(text: &str, target: Target) -> Vec<Diagnostic> {
    let mut unit = Unit::new(target);
    let problems = unit.parse("text", text);
    for problem in &problems {
        assert!(problem.span.start <= problem.span.end, "{:?}", problem.span);
        // A macro's body is a text of its own.
        let len = problem.source.text().len();
        assert!(problem.span.end as usize <= len, "{:?} of {len}", problem.span);
        assert!(!problem.render().is_empty());
    }
    for function in unit.functions().iter().take(20) {
        assert!(!function.to_string().is_empty());
        _ = unit.function(&function.name).map(|f| f.signature(&[]));
    }
    for name in unit.type_names().iter().take(20) {
        _ = unit.type_named(name);
    }
    _ = unit.evaluate(text);
    _ = unit.type_named(text);
    _ = unit.parse_prototype(text);
    problems
}

/// Runs on a stack of 1 MiB, half of what a thread usually has.
fn exercise_on_small_stack(text: String) -> Vec<String> {
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || exercise(&text, Target::X86_64_LINUX).iter().map(|d| d.message.clone()).collect())
        .expect("a thread")
        .join()
        .expect("no panic")
}

#[track_caller]
fn too_deep(text: String) {
    let messages = exercise_on_small_stack(text);
    assert!(messages.iter().any(|m| m.starts_with("nested too deeply")), "{messages:?}");
}

const DEEP: usize = 10_000;

#[test]
fn deep_parentheses_in_a_declarator() {
    too_deep(format!("int {}x{};", "(".repeat(DEEP), ")".repeat(DEEP)));
    too_deep(format!("int {}x{};", "(*".repeat(DEEP), ")(void)".repeat(DEEP)));
}

#[test]
fn deep_pointers() {
    too_deep(format!("int {}x;", "*".repeat(DEEP)));
}

#[test]
fn deep_arrays() {
    too_deep(format!("int x{};", "[1]".repeat(DEEP)));
}

#[test]
fn deep_structures() {
    too_deep(format!("{} int x; {}", "struct {".repeat(DEEP), "} a;".repeat(DEEP)));
    too_deep(format!("{} int x; {}", "struct s { union {".repeat(DEEP), "}; } a;".repeat(DEEP)));
}

#[test]
fn deep_parameters() {
    too_deep(format!("void f{};", "(int (*g)".repeat(DEEP)));
    too_deep(format!("void f{}{};", "(void g".repeat(DEEP), ")".repeat(DEEP)));
}

#[test]
fn deep_expressions() {
    too_deep(format!("int x[{}1{}];", "(".repeat(DEEP), ")".repeat(DEEP)));
    too_deep(format!("enum {{ A = {}1{} }};", "sizeof(int[".repeat(DEEP), "])".repeat(DEEP)));
    too_deep(format!("enum {{ A = {}1 }};", "1 ? 1 : ".repeat(DEEP)));
    too_deep(format!("enum {{ A = {}1 }};", "(typeof(int[".repeat(DEEP)));
}

#[test]
fn deep_linkage_blocks() {
    too_deep("extern \"C\" {".repeat(DEEP));
}

#[test]
fn structures_in_structures_by_name() {
    let mut text = String::from("struct s0 { int x; };");
    for i in 1..DEEP {
        text.push_str(&format!("struct s{i} {{ struct s{} x; }};", i - 1));
    }
    // Asked from the far end, where nothing is laid out yet.
    text.push_str(&format!("void f(struct s{} x);", DEEP - 1));
    too_deep(text);
}

#[test]
fn typedefs_of_typedefs() {
    let mut text = String::from("typedef int t0;");
    for i in 1..DEEP {
        text.push_str(&format!("typedef t{} t{i};", i - 1));
    }
    // Each is one step from a type already known: nothing is deep here.
    assert_eq!(exercise_on_small_stack(text.clone()), Vec::<String>::new());
    // Backwards, each needs the next.
    let backwards: Vec<_> = text.split_inclusive(';').rev().collect();
    exercise_on_small_stack(backwards.concat());
}

#[test]
fn macros_of_macros() {
    let mut text = String::from("#define M0 1\n");
    for i in 1..DEEP {
        text.push_str(&format!("#define M{i} (M{} + 1)\n", i - 1));
    }
    text.push_str(&format!("enum {{ A = M{} }};", DEEP - 1));
    too_deep(text);
}

#[test]
fn a_list_linked_by_pointers_is_not_deep() {
    let mut text = String::new();
    for i in 0..DEEP {
        text.push_str(&format!("struct s{i} {{ struct s{} *next; int x; }};", i + 1));
    }
    text.push_str("void f(struct s0 *x);");
    assert_eq!(exercise_on_small_stack(text), Vec::<String>::new());
}

#[test]
fn flat_and_long_is_no_problem() {
    let sum = format!("enum {{ A = {}0 }};", "1 + ".repeat(100_000));
    assert_eq!(exercise_on_small_stack(sum), Vec::<String>::new());
    let prefixes = format!("enum {{ A = {}0 }};", "- ~ ".repeat(100_000));
    assert_eq!(exercise_on_small_stack(prefixes), Vec::<String>::new());
}

/// Time for a text and for ten times the text; generous, to catch quadratic growth only.
#[track_caller]
/// Compares what this thread itself spends: others on the machine may take any share of the time. Caches and clock rates
/// still differ from one moment to the next, so that one good measurement of several is enough.
#[cfg(unix)]
fn linear(unit: &str) {
    use rustix::time::{ClockId, clock_gettime};
    use std::time::Duration;

    let spent = |count: usize| {
        let text = unit.repeat(count);
        let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("not negative");
        let start = now();
        let mut parsed = Unit::new(Target::X86_64_LINUX);
        _ = parsed.parse("text", &text);
        now() - start
    };
    let mut tries = (0..5).map(|_| (spent(2_000), spent(20_000)));
    let is_linear = |(short, long): (Duration, Duration)| long < short.max(Duration::from_millis(5)) * 40;
    assert!(tries.any(is_linear), "{unit:?}: ten times the text takes more than 40 times as long");
}

#[test]
#[cfg(unix)]
fn time_is_linear() {
    for unit in [
        "int f(int x);\n",
        "((((",
        "A(",
        "API(x) API(y) ",
        "{",
        "}",
        "[[",
        "# 1 \"x\"\n",
        "#if 0\n",
        "#pragma pack(push, 1)\n",
        "/*",
        "\"",
        "struct {",
        "struct s { int x; } y; ",
        "int x, ",
        "Unknown x; ",
        "Unknown *x; ",
        "@",
        "enum { A ",
        "enum { A = A + 1, B = A }; ",
        "struct s; ",
        "A, B = A + 1, ",
        "#define X X\n",
        "#define Y 1\n#undef Z\n#ifdef W\n#endif\n",
        "int a[X]; ",
        "\u{301}",
        "typedef x y; ",
    ] {
        linear(unit);
    }
}

/// Pieces of C in any order make better nonsense than bytes do.
fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "int",
        "char",
        "void",
        "unsigned",
        "long",
        "double",
        "_Complex",
        "struct",
        "union",
        "enum",
        "typedef",
        "const",
        "static",
        "s",
        "x",
        "size_t",
        "Foo",
        "WINAPI",
        "_In_",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "*",
        ",",
        ";",
        ":",
        "=",
        "...",
        ".",
        "->",
        "1",
        "0x7fffffffffffffff",
        "'a'",
        "\"s\"",
        "+",
        "-",
        "/",
        "%",
        "<<",
        "?",
        "&&",
        "sizeof",
        "_Alignof",
        "offsetof",
        "__attribute__((packed))",
        "__attribute__((aligned(",
        "__attribute__",
        "_Alignas(",
        "[[",
        "]]",
        "__asm__(\"n\")",
        "\n#define A B\n",
        "\n#pragma pack(1)\n",
        "\n# 7 \"f.h\"\n",
        "/* c */",
        "//",
        "\\\n",
        "struct s { struct s *p; int b : 3; };",
        "struct s {",
        "enum e { A, B = A << 2 };",
        "int (*fn)(int);",
        "typeof(",
        "_Static_assert(1, \"\");",
        "extern \"C\" {",
        "\u{e9}",
        "\u{65e5}",
        "\u{0}",
        "@",
        "'",
        "\"",
    ]);
    prop::collection::vec(fragment, 0..60).prop_map(|parts| parts.join(" "))
}

/// How many there are of each; an emulator is told to be content with fewer, as proptest is told everywhere.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(512)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>(), target in prop::sample::select(TARGETS.to_vec())) {
        exercise(&text, target);
    }

    #[test]
    fn any_fragments(text in fragments(), target in prop::sample::select(TARGETS.to_vec())) {
        exercise(&text, target);
    }

    /// A correct text with pieces cut out, doubled and swapped.
    #[test]
    fn mutated_declarations(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4u8), 1..8),
        target in prop::sample::select(TARGETS.to_vec()),
    ) {
        let mut chars: Vec<char> = include_str!("corpus/traps.h").chars().collect();
        for (from, to, kind) in edits {
            let (a, b) = (from.index(chars.len() + 1), to.index(chars.len() + 1));
            let (a, b) = (a.min(b), a.max(b).min(a.min(b) + 40));
            match kind {
                0 => drop(chars.drain(a..b)),
                1 => {
                    let piece: Vec<char> = chars[a..b].to_vec();
                    chars.splice(a..a, piece);
                }
                2 => chars[a..b].reverse(),
                _ => chars.truncate(b.max(1)),
            }
            if chars.is_empty() {
                break;
            }
        }
        exercise(&chars.into_iter().collect::<String>(), target);
    }
}
