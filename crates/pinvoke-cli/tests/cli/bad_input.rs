//! What a person can get wrong, each with the exit status and the words that help.

use std::os::unix::process::CommandExt;

use crate::native_library::{directory, path, point_declaration};
use crate::{FTW, QSORT, Run, call, command, run};

#[test]
fn unknown_library() {
    call(["no_such_library", "int f(void)"]).bad_with(
        3,
        &["cannot load the library 'no_such_library'", "libno_such_library.so", "tried, in this order"],
    );
}

#[test]
fn text_file_as_library() {
    let file = directory("text").join("libtext.so");
    std::fs::write(&file, "not a library\n").unwrap();
    call([file.to_str().unwrap(), "int f(void)"]).bad_with(3, &["libtext.so", "text file", "not a library"]);
}

#[test]
fn library_of_another_machine() {
    // The library itself with the machine in its ELF header (offset 18) changed to AArch64 (183), or x86-64 (62).
    let (machine, name) = if cfg!(target_arch = "aarch64") { (62_u16, "x86-64") } else { (183, "AArch64") };
    let mut bytes = std::fs::read(path()).unwrap();
    bytes[18..20].copy_from_slice(&machine.to_le_bytes());
    let file = directory("arch").join("libother.so");
    std::fs::write(&file, bytes).unwrap();
    call([file.to_str().unwrap(), "int f(void)"]).bad_with(3, &["libother.so", name]);
}

#[test]
fn missing_entry_point() {
    call(["libz", "const char *zlibVersio(void)"])
        .bad_with(3, &["no entry point", "did you mean zlibVersion"]);
    run(["get", "libc", "int no_such_variable_at_all"]).bad_with(3, &["no entry point"]);
}

#[test]
fn wrong_number_of_arguments() {
    call(["libm", "double pow(double x, double y)", "2"])
        .bad_with(5, &["'pow' takes 2 arguments, 1 given", "missing: y"]);
    call(["libm", "double pow(double x, double y)", "2", "3", "4"])
        .bad_with(5, &["takes 2 arguments, 3 given"]);
    call(["libc", "int printf(const char *format, ...)"]).bad_with(5, &["takes 1 argument or more, 0 given"]);
}

#[test]
fn wrong_type_of_argument() {
    call(["libc", "int abs(int n)", "1.5"]).bad_with(5, &["parameter 1 'n'", "1.5"]);
    call(["libc", "int abs(int n)", "\"x\""]).bad_with(5, &["parameter 1 'n'"]);
    call(["libc", QSORT, "5", "3", "4", "|a, b| a - b"]).bad_with(5, &["the number 5 is no pointer", "&5"]);
    let scale = "struct { float x, y; } scale(struct v { float x, y; } v, float by)";
    call([path(), scale, "{x: 1, z: 2}", "2"]).bad_with(5, &["'struct v' has no member 'z'", "x, y"]);
    call(["libc", QSORT, "[1, \"x\"]", "2", "4", "|a, b| a - b"]).bad_with(5, &["element [1]"]);
}

#[test]
fn integer_that_does_not_fit() {
    call(["libc", "int abs(int n)", "3000000000"]).bad_with(5, &["3000000000 does not fit", "2147483647"]);
    call(["libc", "unsigned sleep(unsigned n)", "-1"]).bad_with(5, &["-1 does not fit"]);
    call(["libc", "int abs(int n)", "340282366920938463463374607431768211456"])
        .bad_with(5, &["does not fit 128 bits", "^"]);
}

#[test]
fn malformed_literals_have_a_caret() {
    call(["libc", QSORT, "[5,3,9", "3", "4", "|a, b| a - b"])
        .bad_with(5, &["expected ',' or ']', found the end", "argument 1 'base':1:7", "^"]);
    call(["libc", "int abs(int n)", "0xzz"]).bad_with(5, &["'z' is no hexadecimal digit"]);
    call(["libc", "int abs(int n)", "NO_SUCH_CONSTANT"]).bad_with(5, &["NO_SUCH_CONSTANT", "--include"]);
}

#[test]
fn text_with_an_inner_null() {
    call(["libc", "size_t strlen(const char *s)", "\"a\\0b\""])
        .bad_with(5, &["parameter 1 's'", "null character"]);
}

#[test]
fn null_where_the_type_forbids_it() {
    call(["libc", "int abs(int n)", "null"]).bad_with(5, &["parameter 1 'n'", "null"]);
    let scale = "struct { float x, y; } scale(struct { float x, y; } v, float by)";
    call([path(), scale, "null", "2"]).bad_with(5, &["parameter 1 'v'", "null"]);
}

#[test]
fn callback_that_does_not_parse() {
    call(["libc", QSORT, "[5,3,9]", "3", "4", "|a, b| a -"])
        .bad_with(5, &["does not parse", "callback 'cmp':1:11", "^"]);
    call(["libc", QSORT, "[5,3,9]", "3", "4", "|a, b| a - c"]).bad_with(5, &["c", "callback 'cmp':1:12"]);
    call(["libc", QSORT, "[5,3,9]", "3", "4", "{ 1 }"]).bad_with(5, &["expected a closure"]);
    let deep = format!("|a, b| {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    call(["libc", QSORT, "[5,3,9]", "3", "4", &deep]).bad_with(5, &["does not parse"]);
}

#[test]
fn callback_that_throws() {
    let words = ["the callback given for 'cmp' failed in invocation 1", "it threw: too hard", "^"];
    call(["libc", QSORT, "[5,3,9]", "3", "4", "|a, b| throw \"too hard\""]).bad_with(6, &words);
    let words = ["in invocation 1", "no member 'st_sizes'", "called with path = \"/\""];
    call(["libc", FTW, "/", "|path, sb, flag| sb.st_sizes", "1"]).bad_with(6, &words);
    call(["libc", QSORT, "[5,3,9]", "3", "4", "|a, b| a / 0"]).bad_with(6, &["division by zero"]);
    call(["libc", QSORT, "[5,3,9]", "3", "4", "fn f(n) { f(n + 1) } |a, b| f(0)"])
        .bad_with(6, &["Stack overflow"]);
}

#[test]
fn callback_of_the_wrong_shape() {
    let words = ["takes 1 parameter, native code passes 2 arguments", "begin it with |a, b|"];
    call(["libc", QSORT, "[5,3,9]", "3", "4", "|a| 0"]).bad_with(5, &words);
    let words = ["takes 4 parameters, native code passes 3 arguments", "|path, sb, flag|"];
    call(["libc", FTW, "/", "|a, b, c, d| 0", "1"]).bad_with(5, &words);
    call(["libc", QSORT, "[5,3,9]", "3", "4", "|a, b| \"text\""])
        .bad_with(6, &["type string", "'int' is expected"]);
    call(["libc", QSORT, "[5,3,9]", "3", "4", "|a, b| ()"]).bad_with(6, &["gives nothing"]);
    call(["libc", QSORT, "[5,3,9]", "3", "4", "|a, b| 3_000_000_000"]).bad_with(6, &["does not fit"]);
}

#[test]
fn constant_memory_is_not_written() {
    let walk = "int walk(int n, int (*each)(const struct point *p, int i))";
    call([path(), walk, "1", "|p, i| { p.x = 1; 0 }", "--decl", point_declaration()])
        .bad_with(6, &["it is const"]);
    call([path(), walk, "1", "|p, i| p.x"]).bad_with(6, &["struct point", "not defined"]);
}

#[test]
fn prototype_that_is_not_c() {
    for (text, words) in [
        ("hello world", ["unknown type name 'hello'", "^"]),
        ("int f(void", ["found the end of the text", "^"]),
        ("", ["expected", "^"]),
        ("int x", ["expected a function", "^"]),
        ("pid_t getpid(void); pid_t getppid(void)", ["second", "^"]),
    ] {
        call(["libc", text]).bad_with(4, &words);
    }
    call(["libc", "getpid"]).bad_with(4, &["is a name, not a prototype", "--include"]);
    run(["get", "libc", "int f(void)"]).bad_with(4, &["is a function, not a variable"]);
}

#[test]
fn structure_that_contains_itself() {
    call(["libc", "struct s { struct s x; }; int f(struct s a)", "1"])
        .bad_with(4, &["'struct s' contains itself"]);
    run(["layout", "struct s { struct s x; }"]).bad_with(4, &["contains itself"]);
}

#[test]
fn sizes_that_overflow() {
    let struct_text = "struct { char a[0x7fffffffffffffff]; char b[0x7fffffffffffffff]; }";
    run(["layout", struct_text]).bad_with(4, &["larger than"]);
    call(["libc", "int memcmp(void *a, void *b, size_t n)", "out[0xffffffffffffffff]", "null", "0"])
        .bad_with(5, &["parameter 1 'a'"]);
}

#[test]
fn declarations_ten_thousand_deep() {
    let pointers = format!("int f(int {}p)", "*".repeat(10_000));
    let parentheses = format!("int f(int {}p{})", "(".repeat(10_000), ")".repeat(10_000));
    let structures = format!("{}int x;{} int f(int a)", "struct { ".repeat(10_000), "} s;".repeat(10_000));
    let functions = format!("int f({}void{})", "int (*p)(".repeat(10_000), ")".repeat(10_000));
    for text in [pointers, parentheses, structures, functions] {
        let result = call(["libc", &text, "1"]);
        // Whatever is said, it is said: no signal, no silence.
        assert!(matches!(result.status, Some(3..=5)), "{:?}: {}", result.status, result.stderr);
        assert!(result.stderr.contains("error"), "{}", result.stderr);
    }
    call(["libc", "int abs(int n)", &"[".repeat(10_000)]).bad_with(5, &["nested more than"]);
}

#[test]
fn preprocessor_that_is_missing_or_refuses() {
    let program = env!("CARGO_BIN_EXE_pinvoke");
    let mut without = std::process::Command::new(program);
    without.env_clear().env("PATH", "/nowhere").args(["call", "libc", "getpid", "--include", "unistd.h"]);
    Run::of(&without.output().unwrap())
        .bad_with(4, &["needs a C preprocessor, and there is none", "cc, gcc, clang"]);
    call(["libc", "getpid", "--include", "no/such/header.h"]).bad_with(4, &["no/such/header.h"]);
    call(["libc", "getpid", "--decl", "/no/such/file.h"]).bad_with(1, &["/no/such/file.h", "No such file"]);
    run(["layout", "int", "--include", "stdio.h", "--target", "x86_64-windows"]).bad_with(2, &["--decl"]);
}

#[test]
fn the_examples_need_no_compiler() {
    let program = env!("CARGO_BIN_EXE_pinvoke");
    let mut without = std::process::Command::new(program);
    without.env_clear().args([
        "call",
        "libc",
        FTW,
        "/dev/null",
        "|path, sb, flag| { print(sb.st_size); 0 }",
        "1",
    ]);
    assert_eq!(Run::of(&without.output().unwrap()).good(), "0\n0\n");
}

#[test]
fn command_lines_that_make_no_sense() {
    run(["call"]).bad_with(2, &["LIBRARY"]);
    run(["call", "--bogus", "libc", "int f(void)"]).bad_with(2, &["--bogus"]);
    run(["frobnicate"]).bad_with(2, &["frobnicate"]);
    run(["call", "libc", "int f(void)", "--timeout", "-1"]).bad_with(2, &["greater than zero"]);
    run(["call", "libc", "int f(void)", "--timeout", "x"]).bad_with(2, &["number of seconds"]);
    run(["layout", "int", "--target", "pdp11"]).bad_with(2, &["x86_64-linux"]);
    run(["man", "frobnicate"]).bad_with(2, &["there is no command 'frobnicate'"]);
    run(["--worker=99", "call", "libc", "int f(void)"]).bad_with(1, &["become a worker process"]);
}

/// Where executable memory is refused the thunk does the call, and a stub that was asked for is an error.
#[test]
fn executable_memory_refused() {
    let refused = |args: &[&str]| {
        let mut command = command();
        command.args(args);
        // SAFETY: `prctl` and `seccomp` are system calls; nothing else happens between fork and exec.
        #[expect(unsafe_code, reason = "limits the process under test")]
        unsafe {
            command.pre_exec(pinvoke_sandbox::refuse_executable_memory)
        };
        Run::of(&command.output().unwrap())
    };
    let divide = "int divide(int, int)";
    // Callbacks need no executable memory of their own either.
    assert_eq!(
        refused(&["call", "libc", QSORT, "[2,1]", "2", "4", "|a, b| a - b"]).good(),
        "base = [1, 2]\n"
    );
    assert_eq!(refused(&["call", path(), divide, "7", "2"]).good(), "3\n");
    let reason = if cfg!(target_arch = "x86") { "no stubs are made" } else { "executable memory" };
    refused(&["call", path(), divide, "7", "2", "--tier", "stub"]).bad_with(1, &[reason]);
}
