//! Several calls in one process: `--then`.

use std::path::{Path, PathBuf};

use crate::{Run, call, run};

#[test]
fn later_calls_use_what_earlier_ones_left() {
    let duplicate = ["libc", "char *strdup(const char *s)", "hello"];
    let then = ["--then", "size_t strlen(const char *s)", "$1", "--then", "void free(void *p)", "$1"];
    assert_eq!(call(duplicate.into_iter().chain(then)).good(), "\"hello\"\n5\n");
    // What a call has stored, by the name of the parameter; negative numbers as ever.
    let divide =
        ["libc", "int atoi(const char *s)", "42", "--then", "double frexp(double x, int *exponent)", "-8"];
    let then = ["out", "--then", "int abs(int)", "$exponent", "--then", "int abs(int)", "$1"];
    let printed = call(divide.into_iter().chain(then)).good();
    assert_eq!(printed, "42\n-0.5\nexponent = 4\n4\n42\n");
}

#[test]
fn several_calls_are_one_document() {
    let words = ["libc", "int abs(int)", "-3", "--then", "int abs(int)", "$1", "--json"];
    let json = call(words).json();
    let results: Vec<_> = json["calls"].as_array().unwrap().iter().map(|call| &call["result"]).collect();
    assert_eq!(results, [3, 3]);
    // One call is as it was.
    assert_eq!(call(["libc", "int abs(int)", "-3", "--json"]).json()["result"], 3);
}

#[test]
fn all_is_read_before_anything_is_called() {
    let put = ["libc", "int puts(const char *s)", "called"];
    for (then, status, words) in [
        (vec!["int no_such_function(void)"], 3, vec!["no_such_function"]),
        (vec!["int abs(int"], 4, vec!["abs(int"]),
        (vec!["int abs(int)"], 5, vec!["takes 1 argument, 0 given"]),
    ] {
        call(put.into_iter().chain(["--then"]).chain(then)).bad_with(status, &words);
    }
    let text = call(["libc", "int abs(int)", "3", "--then", "int abs(int)", "$exponent"]).bad(5);
    for word in ["argument 1", "no earlier call has left a value '$exponent'", "there are $1"] {
        assert!(text.contains(word), "no {word:?} in:\n{text}");
    }
    call(["libc", "int abs(int)", "3", "--then"]).bad_with(2, &["--then"]);
    // In the first call, and in quotes, it is a text like any other.
    assert_eq!(call(["libc", "size_t strlen(const char *s)", "$1"]).good(), "2\n");
    let quoted = ["libc", "int abs(int)", "3", "--then", "size_t strlen(const char *s)", "\"$1\""];
    assert_eq!(call(quoted).good(), "3\n2\n");
}

/// The shared library of callback objects, which cargo builds with this test.
fn library() -> PathBuf {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    deps.join("libcallback_object_host.so")
}

fn header() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../callback-object-sys/include/callback_object.h")
}

/// Create, register an expression, notify, unregister, notify: the names alone, as the header declares them.
#[test]
fn callback_objects() {
    let (library, header) = (library(), header());
    let first = ["CboCreateCallback", "out", "\\Callback\\Tcp", "OBJ_PERMANENT", "1", "1"];
    let then: [&[&str]; 4] = [
        &[
            "ExRegisterCallback",
            "$CallbackObject",
            "|context, a, b| print(`connection ${a.address}, ${b}`)",
            "null",
        ],
        &["ExNotifyCallback", "$CallbackObject", "0x7", "null"],
        &["CboUnregisterCallback", "$2"],
        &["ExNotifyCallback", "$CallbackObject", "0x8", "null"],
    ];
    let mut words = vec!["call", library.to_str().unwrap(), "--include", header.to_str().unwrap()];
    words.extend(first);
    for step in then {
        words.push("--then");
        words.extend(step);
    }
    let printed = run(words).good();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "connection 7, ", "the routine was called once, while it was registered");
    assert_eq!(lines[1], "0");
    assert!(lines[2].starts_with("CallbackObject = 0x"), "{printed}");
    assert!(lines[3].starts_with("0x"), "{printed}");
    assert_eq!((lines[4], lines.len()), ("0", 5), "{printed}");
}

/// The prototype written out, and a routine that notifies again from inside: the expression runs nested.
#[test]
fn a_routine_written_as_an_expression() {
    let library = library();
    let words = [
        library.to_str().unwrap(),
        "int CboCreateCallback(void **object, const char *name, unsigned flags, char create, char many)",
        "out",
        "\\Callback\\Udp",
        "16",
        "1",
        "1",
        "--then",
        "void *ExRegisterCallback(void *object, void (*routine)(void *context, void *a, void *b), void *context)",
        "$object",
        "|context, a, b| print(`${context.address}: ${a.address}`)",
        "0x2a",
        "--then",
        "void ExNotifyCallback(void *object, void *a, void *b)",
        "$object",
        "0x1",
        "null",
    ];
    let printed: Run = call(words);
    assert!(printed.good().starts_with("42: 1\n"));
}
