//! Marshal plans of prototypes.

use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;
use pinvoke_decl::marshaller::{Direction, MarshalPlan, MarshalStep, Marshaller, Position};

fn plan(prototype: &str) -> MarshalPlan {
    let mut unit = Unit::new(Target::X86_64_LINUX);
    let function = unit.parse_prototype(prototype).unwrap_or_else(|d| panic!("{prototype}: {d:?}"));
    MarshalPlan::new(&function.types, &function.ty).unwrap_or_else(|e| panic!("{prototype}: {e}"))
}

fn shown(step: &MarshalStep) -> String {
    let direction = match step.direction {
        Direction::In => "in",
        Direction::Out => "out",
        Direction::InOut => "in and out",
    };
    let count = step.count.map_or(String::new(), |n| format!(" x {n}"));
    format!("{} {direction}{count}", step.marshaller.facts().name)
}

fn check(prototype: &str, ret: &str, params: &[&str]) {
    let plan = plan(prototype);
    assert_eq!(shown(plan.ret()), ret, "{prototype}");
    let shown: Vec<String> = plan.params().iter().map(shown).collect();
    assert_eq!(shown, params, "{prototype}");
}

#[test]
fn every_type_finds_its_family() {
    check(
        "void f(_Bool a, char b, size_t c, wchar_t d)",
        "nothing out",
        &["boolean in", "integer in", "integer in", "integer in"],
    );
    check(
        "enum { A } f(float a, long double b, double _Complex c)",
        "enumeration out",
        &["floating point in", "floating point in", "complex in"],
    );
    check(
        "__m128 f(__m128i a, float b __attribute__((vector_size(8))))",
        "vector out",
        &["vector in", "vector in"],
    );
    check(
        "struct { int x; } f(union { int i; } u, void (*fn)(void), FILE *file)",
        "structure out",
        &["union in", "callback in", "handle in"],
    );
}

#[test]
fn constant_memory_is_not_copied_back() {
    check(
        "char *f(const char *a, char *b, const wchar_t *c, char16_t *d)",
        "text out",
        &["text in", "text in and out", "wide text in", "wide text in and out"],
    );
    check(
        "void *f(const void *a, void *b, const int *c, int *d)",
        "bytes out",
        &["bytes in", "bytes in and out", "elements in", "elements in and out"],
    );
}

#[test]
fn what_a_constant_pointer_leads_to_may_be_written() {
    check(
        "ssize_t f(const struct iovec *vectors, const char *const *names, char *const *args)",
        "integer out",
        &["elements in and out", "elements in", "elements in and out"],
    );
    // A structure that points to itself comes to an end.
    check("void f(const struct node { const struct node *next; } *list)", "nothing out", &["elements in"]);
}

#[test]
fn declared_lengths_are_kept() {
    check(
        "int f(int fds[2], double m[3][4], char name[16], int n[])",
        "integer out",
        &[
            "elements in and out x 2",
            "elements in and out x 3",
            "text in and out x 16",
            "elements in and out",
        ],
    );
}

#[test]
fn incomplete_types_stand_behind_pointers_only() {
    check("struct nowhere *f(struct nowhere *s)", "handle out", &["handle in"]);
    let plan = plan("int f(int a, int b)");
    assert_eq!(plan.ret().position, Position::Result);
    assert_eq!(plan.params()[1].position, Position::Parameter(1));
}

#[test]
fn binary128_has_no_marshaller() {
    // Where it is not `long double`.
    let mut unit = Unit::new(Target::X86_64_LINUX);
    let function = unit.parse_prototype("int f(int a, __float128 b)").unwrap();
    let refused = MarshalPlan::new(&function.types, &function.ty).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "parameter 2 is a 128-bit floating-point number, which no marshaller converts"
    );
}

#[test]
fn facts_have_a_row_for_every_family() {
    for marshaller in Marshaller::ALL {
        let facts = marshaller.facts();
        assert!(!facts.name.is_empty() && !facts.types.is_empty() && !facts.accepts.is_empty());
        assert!(!facts.directions.is_empty(), "{}", facts.name);
    }
}
