//! What a person reads when a declaration is wrong: where, what was expected, what to do.

use pinvoke_abi::target::Target;
use pinvoke_decl::{Severity, Unit};

/// The rendered findings about a pasted prototype, in order.
fn findings(prototype: &str) -> String {
    let mut unit = Unit::new(Target::X86_64_LINUX);
    let all = match unit.parse_prototype(prototype) {
        Ok(_) => unit.notes().to_vec(),
        Err(problems) => problems,
    };
    all.iter().map(pinvoke_decl::Diagnostic::render).collect()
}

/// First lines of the findings about a text.
fn messages(text: &str) -> Vec<String> {
    let mut unit = Unit::new(Target::X86_64_LINUX);
    unit.parse("text", text).iter().map(|d| format!("{}: {}", d.severity, d.message)).collect()
}

#[track_caller]
fn shows(prototype: &str, expected: &str) {
    assert_eq!(findings(prototype), expected.trim_start_matches('\n'));
}

#[test]
fn a_missing_comma_is_pointed_at() {
    shows(
        "int ftw(const char *dirpath, int (*fn)(const char *fpath, int typeflag) int nopenfd);",
        "
error: expected ',' or ')' after parameter 2 ('fn'), found 'int'
 --> prototype:1:73
  |
1 | int ftw(const char *dirpath, int (*fn)(const char *fpath, int typeflag) int nopenfd);
  |                                                                         ^^^
",
    );
}

#[test]
fn a_misspelt_type_is_suggested() {
    shows(
        "BOOL f(Uint32 t)",
        "
error: unknown type name 'Uint32' of parameter 1 ('t')
 --> prototype:1:8
  |
1 | BOOL f(Uint32 t)
  |        ^^^^^^
  = help: did you mean 'uint32_t'?
",
    );
}

#[test]
fn an_unknown_name_behind_a_pointer_is_only_noted() {
    shows(
        "int f(Widget *w, struct gadget *g)",
        "
note: 'Widget' is not declared; behind a pointer it is taken as opaque
 --> prototype:1:7
  |
1 | int f(Widget *w, struct gadget *g)
  |       ^^^^^^
note: 'struct gadget' is not defined; behind a pointer it is taken as opaque
 --> prototype:1:25
  |
1 | int f(Widget *w, struct gadget *g)
  |                         ^^^^^^
",
    );
}

#[test]
fn an_unknown_name_by_value_names_the_parameter() {
    shows(
        "int f(int a, struct stta s)",
        "
error: parameter 2 ('s') has the incomplete type 'struct stta'
 --> prototype:1:14
  |
1 | int f(int a, struct stta s)
  |              ^^^^^^^^^^^^^
  = help: did you mean 'struct stat'?
",
    );
    shows(
        "void f(void (*done)(Outcome s))",
        "
error: unknown type name 'Outcome' of parameter 1 ('s') of parameter 1 ('done')
 --> prototype:1:21
  |
1 | void f(void (*done)(Outcome s))
  |                     ^^^^^^^
",
    );
}

#[test]
fn a_forgotten_keyword_is_suggested() {
    shows(
        "int f(stat s)",
        "
error: unknown type name 'stat' of parameter 1 ('s')
 --> prototype:1:7
  |
1 | int f(stat s)
  |       ^^^^
  = help: did you mean 'struct stat'?
",
    );
}

#[test]
fn tabs_and_wide_characters_keep_the_caret_in_place() {
    // The tab ends in column 4; each of the two characters fills two columns.
    shows(
        "int\tf(日本 x)",
        "
error: unknown type name '日本' of parameter 1 ('x')
 --> prototype:1:7
  |
1 | int f(日本 x)
  |       ^^^^
",
    );
}

#[test]
fn long_lines_are_cut_around_the_caret() {
    let prototype = format!("int f({}Wrong w)", "int, ".repeat(100));
    let shown = findings(&prototype);
    let lines: Vec<_> = shown.lines().collect();
    assert!(lines[3].chars().count() < 120, "{shown}");
    let caret = lines[4].find('^').expect("a caret");
    assert_eq!(&lines[3][caret..caret + 5], "Wrong", "{shown}");
}

#[test]
fn conflicts_point_at_both() {
    let mut unit = Unit::new(Target::X86_64_LINUX);
    assert!(unit.parse("a.h", "int f(long);\n").is_empty());
    assert!(unit.parse("b.h", "int f(long x); extern int f(long);").is_empty());
    let problems = unit.parse("c.h", "\nint f(int);");
    assert_eq!(
        problems[0].render(),
        "error: 'f' was declared differently before
 --> c.h:2:5
  |
2 | int f(int);
  |     ^
  = note: the earlier declaration
 --> a.h:1:5
  |
1 | int f(long);
  |     ^
"
    );
    // The first declaration counts.
    assert_eq!(unit.function("f").expect("declared").to_string(), "int f(long)");
    // A pasted prototype is what its author wants.
    assert_eq!(unit.parse_prototype("int f(short)").expect("usable").to_string(), "int f(short)");
    assert_eq!(unit.notes()[0].severity, Severity::Warning);
}

#[test]
fn several_errors_are_reported_at_once() {
    assert_eq!(
        messages(
            "int f(int a b);\nstruct s { int x int y; char *; double z };\nwrong g(void);\nint ok(void);\nint h(;"
        ),
        [
            "error: expected ',' or ')' after parameter 1 ('a'), found 'b'",
            "error: expected ';' after member 'x', found 'int'",
            "error: expected a name in the declaration, found ';'",
            "error: expected ';' after member 'z', found '}'",
            "error: unknown type name 'wrong' of the result of 'g'",
            "error: expected a type for parameter 1, found ';'",
        ]
    );
    let mut unit = Unit::new(Target::X86_64_LINUX);
    unit.parse("text", "int f(int a b);\nint ok(void);");
    assert!(unit.function("ok").is_ok(), "what is right is declared");
}

#[test]
fn errors_in_headers_point_into_the_header() {
    let mut unit = Unit::new(Target::X86_64_LINUX);
    let problems = unit
        .parse("all.i", "# 1 \"top.c\"\n# 33 \"inner.h\" 1\nint a;\nint b c;\n# 2 \"top.c\" 2\nint d e;\n");
    let places: Vec<_> = problems.iter().map(|p| p.source.place(p.span.start)).collect();
    assert_eq!((&*places[0].file, places[0].line, places[0].column), ("inner.h", 34, 7));
    assert_eq!((&*places[1].file, places[1].line, places[1].column), ("top.c", 2, 7));
}

#[test]
fn impossible_types() {
    for (text, expected) in [
        ("struct s { struct s x; };", "'struct s' contains itself"),
        ("struct a { struct b { struct a x; } y; };", "'struct b' contains itself"),
        ("union u { union u x[2]; };", "'union u' contains itself"),
        ("struct s { int a; int a; };", "there are two members 'a'"),
        ("struct s { int a : 33; };", "member 'a': a bit-field of 33 bits does not fit its type of 32 bits"),
        ("struct s { int a : -1; };", "member 'a' has a width of -1 bits"),
        ("struct s { double a : 3; };", "member 'a' is a bit-field of type 'double', which is no integer"),
        ("struct s { int a : 0; };", "member 'a' has no bits; only an unnamed one may have none"),
        ("struct s { int a[]; int b; };", "member 'a' has no size and is not the last one"),
        ("struct s { int f(void); };", "member 'f' is a function; a pointer to one is meant"),
        ("struct s { void v; };", "member 'v' has the incomplete type 'void'"),
        ("struct s { struct t x; };", "member 'x' has the incomplete type 'struct t'"),
        ("typedef int big[1ull << 62][8];", "the array typedef 'big': the type is larger than"),
        ("int f(void)[3];", "'f' returns an array or a function; C functions return neither"),
        ("typedef a b; typedef b a;", "typedef 'b' is defined by itself"),
        ("int f(void x);", "parameter 1 ('x') has type 'void'"),
        ("int x[1 / 0];", "division by zero"),
        ("int x[2147483647 + 1];", "this overflows 'int'"),
        ("int x[1 << 40];", "a shift by 40 in a type of 32 bits"),
        ("int x[*p];", "pointers and addresses are not integer constants"),
        ("int x[N];", "'N' is not a known constant"),
        ("int x[-1];", "the array 'x' has -1 elements"),
        ("enum e { A = B, B };", "'B' is used before its value is known"),
        ("_Alignas(3) int x; struct s { _Alignas(3) int x; };", "alignment 3 is not a power of two"),
        ("unsigned signed x;", "a type cannot be both 'signed' and 'unsigned'"),
        ("int f(int, ..., int);", "expected ')' after '...', found ','"),
        ("int f(int &x);", "references ('&') are C++; write a pointer ('*')"),
        ("std::string f(void);", "expected a name in the declaration, found '::'"),
        ("struct s x; enum s { A };", "'struct s' was declared as 'enum'"),
        ("enum e { A = 1 }; enum e { A = 2 };", "'enum e' was defined differently before"),
        ("struct s { int x; }; struct s { long x; };", "'struct s' was defined differently before"),
        ("int x = \"", "this string is never closed"),
        ("enum { A, A };", "the constant 'A' is defined twice"),
        ("enum { A }; enum { A = 2 };", "the constant 'A' is defined twice"),
        ("int x; /* ", "this comment is never closed by '*/'"),
        (
            "typedef float v __attribute__((vector_size(12))); v f(void);",
            "the vector typedef 'v': a vector has 2, 4, 8 or so on to 64 bytes, not 12",
        ),
        (
            "typedef double v __attribute__((vector_size(12)));",
            "the vector typedef 'v' has 12 bytes, which are no number of 'double'",
        ),
        (
            "struct s { int x; }; typedef struct s v __attribute__((vector_size(16)));",
            "the vector typedef 'v': the elements of a vector must be integers, `float` or `double`",
        ),
        ("typedef _Bool v __attribute__((ext_vector_type(8)));", "the elements of a vector must be integers"),
        ("typedef float v __attribute__((vector_size(N)));", "'N'"),
        ("typedef float v __attribute__((mode(V4SF))); v f(void);", "machine mode 'V4SF' is not supported"),
        ("_Float16 f(void);", "a 16-bit floating type is not supported"),
        ("int __attribute__((vectorcall)) f(void);", "the calling convention 'vectorcall' is not supported"),
        ("hello, world", "expected"),
    ] {
        let found = messages(text);
        assert!(found.iter().any(|m| m.starts_with("error: ") && m.contains(expected)), "{text}\n{found:#?}");
    }
}

#[test]
fn a_text_without_a_prototype_says_what_one_looks_like() {
    for (text, expected) in [
        ("", "expected a function prototype"),
        ("/* nothing */", "expected a function prototype"),
        ("int x;", "expected a function, found the variable 'x'"),
        ("int f(void); int g(void);", "expected one prototype, found a second one"),
    ] {
        let mut unit = Unit::new(Target::X86_64_LINUX);
        let problems = unit.parse_prototype(text).expect_err(text);
        assert_eq!(problems.last().expect("one").message, expected);
    }
}
