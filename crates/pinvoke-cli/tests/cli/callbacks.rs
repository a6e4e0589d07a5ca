//! Callback expressions.

use crate::native_library::{path, point_declaration};
use crate::{QSORT, call};

const WALK: &str = "int walk(int n, int (*each)(struct point *p, int i))";

#[test]
fn members_are_read_and_written() {
    // `in` is a word of the language, so that member is written as an index.
    let each = "|p, i| { p.x += 1; p.flags = i; p[\"in\"].a = p[\"in\"].b * 2; print(`${p.name} ${p.y} ${p.flags}`); i }";
    let text = call([path(), WALK, "3", each, "--decl", point_declaration()]).good();
    assert_eq!(text, "abc 2 0\nabc 2 1\nabc 2 2\nx=4.5 y=2 flags=2 a=16\n3\n");
}

#[test]
fn variables_live_through_all_invocations() {
    let each = "let sum = 0; |p, i| { sum += i; state.sum = sum; state.sum }";
    let text = call([path(), WALK, "4", each, "--decl", point_declaration()]).good();
    // 0 + 1 + 3 + 6.
    assert!(text.ends_with("\n10\n"), "{text}");
}

#[test]
fn pointers_stand_for_what_they_point_at() {
    for each in [
        "|a, b| a - b",
        "|a, b| if a < b { -1 } else { 1 }",
        "|a, b| a[0] - b[0]",
        "|a, b| a.value - b.value",
        "|a, b| (a + 0.5) > b",
    ] {
        assert_eq!(call(["libc", QSORT, "[5, 3, 9]", "3", "4", each]).good(), "base = [3, 5, 9]\n", "{each}");
    }
}

#[test]
fn untyped_pointers_are_cast() {
    let qsort = "void qsort(void *base, size_t n, size_t size, int (*cmp)(const void *, const void *))";
    for each in ["|a, b| a.cast(\"int *\") - b.cast(\"int *\")", "|a, b| a.cast(\"int\") - b.cast(\"int\")"] {
        assert_eq!(
            call(["libc", qsort, "(int *)[5, 3, 9]", "3", "4", each]).good(),
            "base = [3, 5, 9]\n",
            "{each}"
        );
    }
}

#[test]
fn texts_are_compared_as_texts() {
    let qsort =
        "void qsort(const char **base, size_t n, size_t size, int (*cmp)(const char **, const char **))";
    let each = "|a, b| if a < b { -1 } else { 1 }";
    let size = size_of::<*const u8>().to_string();
    let text = call(["libc", qsort, "[\"pear\", \"apple\", \"fig\"]", "3", &size, each]).good();
    assert_eq!(text, "base = [\"apple\", \"fig\", \"pear\"]\n");
}

#[test]
fn native_functions_are_callable() {
    let with = "int with_operation(int (*each)(int (*op)(int, int), int n), int n)";
    assert_eq!(call([path(), with, "|op, n| op.call(n, 2) * 10", "5"]).good(), "70\n");
}

#[test]
fn functions_of_the_library_are_callbacks_too() {
    assert_eq!(call([path(), "int call_in_call(int depth, int (*each)(int))", "5", "abs"]).good(), "6\n");
    assert_eq!(call([path(), "int call_in_call(int depth, int (*each)(int))", "5", "&abs"]).good(), "6\n");
    assert_eq!(call([path(), "int call_in_call(int depth, int (*each)(int))", "0", "null"]).good(), "0\n");
}

#[test]
fn structures_by_value_go_both_ways() {
    let with = "struct vec { float x, y; }; struct vec with_vec(struct vec (*each)(struct vec v))";
    let text = call([path(), with, "|v| #{ x: v.x * 10, y: v.y + 0.5 }"]).good();
    assert_eq!(text, "{x: 10.0, y: 2.5}\n");
}

#[test]
fn buffers_are_written_by_index() {
    let fill = "int fill(char *buffer, int size, int (*read)(char *buffer, int size))";
    let each = "|b, n| { b[0] = 'h'; b[1] = 105; b[2] = 0; n }";
    assert_eq!(call([path(), fill, "out[16]", "16", each]).good(), "16\nbuffer = \"hi\"\n");
}

#[test]
fn invocations_are_counted() {
    let json = call(["libc", QSORT, "[2, 1]", "2", "4", "|a, b| a - b", "--json"]).json();
    assert_eq!(
        (&json["callbacks"], &json["changed"]["base"]),
        (&serde_json::json!(1), &serde_json::json!([1, 2]))
    );
}

#[test]
fn another_thread_is_refused_by_name() {
    let result = call([path(), "int on_another_thread(void (*each)(int n))", "|n| print(n)"]);
    assert_eq!((result.status, result.stdout.as_str()), (Some(6), ""), "{}", result.stderr);
    assert!(result.stderr.contains("each") && result.stderr.contains("thread"), "{}", result.stderr);
}

#[test]
fn callbacks_are_members_of_structures() {
    let run = "struct table { int (*f)(int); int n; }; int run_table(const struct table *t)";
    assert_eq!(call([path(), run, "{f: |n| n * 10, n: 4}"]).good(), "40\n");
    call([path(), run, "{f: |n| n *, n: 4}"]).bad_with(5, &["does not parse", "argument 1 't'", "^"]);
    call([path(), run, "{f: |n| 0, n: |n| 0}"]).bad_with(5, &["pointer to a function"]);
}
