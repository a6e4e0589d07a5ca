//! `layout`, `explain`, `exports` and `probe`.

use std::process::Command;

use crate::native_library::{directory, path};
use crate::run;

/// Size, alignment and (name, offset, size) of the members of a type, as the C compiler has them.
fn compiler(header: &str, ty: &str, members: &[&str]) -> Vec<u64> {
    let directory = directory("offsets");
    let (source, program) = (directory.join("o.c"), directory.join("o"));
    let mut text = format!(
        "#define _GNU_SOURCE\n#include <stddef.h>\n#include <stdio.h>\n#include <{header}>\nint main(void) {{\n"
    );
    text.push_str(&format!("printf(\"%zu %zu\", sizeof({ty}), _Alignof({ty}));\n"));
    for member in members {
        text.push_str(&format!(
            "printf(\" %zu %zu\", offsetof({ty}, {member}), sizeof((({ty} *)0)->{member}));\n"
        ));
    }
    std::fs::write(&source, text + "}\n").unwrap();
    assert!(Command::new("cc").arg("-o").arg(&program).arg(&source).status().unwrap().success());
    let output = Command::new(&program).output().unwrap().stdout;
    String::from_utf8(output).unwrap().split(' ').map(|n| n.parse().unwrap()).collect()
}

#[test]
fn layouts_are_the_compiler_s() {
    let members = ["st_dev", "st_ino", "st_mode", "st_size", "st_mtim"];
    let expected = compiler("sys/stat.h", "struct stat", &members);
    for extra in [&[][..], &["--include", "sys/stat.h"]] {
        let json = run(["layout", "struct stat", "--json"].iter().chain(extra)).json();
        let mut found = vec![json["size"].as_u64().unwrap(), json["align"].as_u64().unwrap()];
        for name in members {
            let member = json["members"].as_array().unwrap().iter().find(|m| m["name"] == *name).unwrap();
            found.extend([member["offset"].as_u64().unwrap(), member["size"].as_u64().unwrap()]);
        }
        assert_eq!(found, expected, "{extra:?}");
    }
}

#[test]
fn files_count_more_than_headers_and_headers_more_than_the_table() {
    let directory = directory("order");
    let (own, on_top) = (directory.join("own.h"), directory.join("on_top.h"));
    std::fs::write(&own, "struct stat { char c; short only; };\n#define O_RDONLY 7\n").unwrap();
    std::fs::write(&on_top, "struct both { struct flock lock; struct only_in_the_header { int x; } y; };")
        .unwrap();
    let (own, on_top) = (own.to_str().unwrap(), on_top.to_str().unwrap());
    for extra in [&[][..], &["--include", "sys/stat.h", "--include", "fcntl.h"]] {
        let json = run(["layout", "struct stat", "--json", "--decl", own].iter().chain(extra)).json();
        assert_eq!(json["size"], 4, "{extra:?}");
        let args = ["call", "libc", "int abs(int)", "O_RDONLY", "--decl", own];
        assert_eq!(run(args.iter().chain(extra)).good(), "7\n", "{extra:?}");
    }
    // A file may build on what a header declares.
    let json = run(["layout", "struct both", "--json", "--decl", on_top, "--include", "fcntl.h"]).json();
    let flock = compiler("fcntl.h", "struct flock", &[]);
    assert_eq!(json["members"][1]["offset"].as_u64(), Some(flock[0]));
}

/// Rows of a table, cells separated by single spaces.
fn rows(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn padding_and_bits_are_drawn() {
    // System V psABI, figure 3.4 and "Bit-Fields": int i : 3 and int k : 7 follow the char without a gap;
    // the double is aligned to 8.
    let picture = |target| {
        run(["layout", "struct { char c; int i : 3; int k : 7; double d; }", "--target", target]).good()
    };
    let text = picture("x86_64-linux");
    let rows = rows(&text);
    for row in
        ["0 1 c char", "1 0..3 i int", "1 3..10 k int", "2 2..8 (padding)", "3 5 (padding)", "8 8 d double"]
    {
        assert!(rows.iter().any(|r| r.ends_with(row)), "no {row:?} in\n{text}");
    }
    // The same as memory: byte 1 and 2 have bits of both fields and of one.
    assert!(
        rows.iter().any(|r| r == "0 a # c . . . . .") && rows.iter().any(|r| r == "8 d d d d d d d d"),
        "{text}"
    );
    assert!(text.starts_with("struct"), "{text}");
    assert!(rows[0].contains("16 bytes, alignment 8"), "{text}");
    // AAPCS64 lays it out alike; the psABI of 32-bit x86 aligns a double to 4.
    assert!(picture("aarch64-linux").contains("16 bytes, alignment 8"));
    assert!(picture("x86-linux").contains("12 bytes, alignment 4"));
}

#[test]
fn unions_overlap_and_structures_nest() {
    let text = run(["layout", "union u { int i; struct { short a, b; } s; char bytes[6]; }"]).good();
    let rows = rows(&text);
    assert!(rows[0].starts_with("union u 8 bytes, alignment 4"), "{text}");
    for row in ["0 4 i int", "0 2 a short", "2 2 b short", "0 6 bytes char[6]"] {
        assert!(rows.iter().any(|r| r.ends_with(row)), "no {row:?} in\n{text}");
    }
}

#[test]
fn other_machines_have_other_layouts() {
    // `long` is 4 bytes on 64-bit Windows (LLP64) and 8 on Linux; MSVC's long double is a double.
    let text = |target| {
        run(["layout", "struct { char c; long l; long double d; }", "--target", target, "--json"]).json()
    };
    let member = |json: &serde_json::Value, i: usize| {
        (json["members"][i]["offset"].as_u64().unwrap(), json["members"][i]["size"].as_u64().unwrap())
    };
    let (linux, windows) = (text("x86_64-linux"), text("x86_64-windows"));
    assert_eq!((member(&linux, 1), member(&linux, 2), &linux["size"]), ((8, 8), (16, 16), &32.into()));
    assert_eq!((member(&windows, 1), member(&windows, 2), &windows["size"]), ((4, 4), (8, 8), &16.into()));
}

#[test]
fn layouts_of_what_has_none() {
    run(["layout", "struct nothing_known"]).bad_with(4, &["struct nothing_known"]);
    run(["layout", "void"]).bad_with(4, &["void has no size"]);
    run(["layout", "int (void)"]).bad_with(4, &["a function has no size"]);
}

#[test]
fn enumerations_are_listed() {
    let rows = rows(&run(["layout", "enum e { A, B = 5, C }"]).good());
    for row in ["0 A", "5 B", "6 C"] {
        assert!(rows.iter().any(|r| r == row), "{rows:?}");
    }
}

/// What a call looks like in both conventions of x86-64, which are shown without being asked for where they are the
/// machine's.
fn explain(prototype: &str, more: &[&str]) -> (String, String) {
    if cfg!(target_arch = "x86_64") {
        let text = run(["explain", prototype].iter().chain(more)).good();
        let (sysv, win) = text.split_once("Microsoft x64").unwrap();
        return (sysv.to_owned(), win.to_owned());
    }
    let on = |target| run(["explain", prototype, "--target", target].iter().chain(more)).good();
    (on("x86_64-linux"), on("x86_64-windows"))
}

#[test]
fn both_conventions_are_explained() {
    let prototype = "double f(int a, double b, const char *c, struct { double x; long n; } d)";
    let (sysv, win) = explain(prototype, &[]);
    // psABI 3.2.3: INTEGER in rdi, rsi, rdx..., SSE in xmm0...; the structure is one SSE and one INTEGER eightbyte.
    for row in
        ["a int 4 rdi", "b double 8 xmm0", "c const char * 8 rsi", "bytes 0..8 in xmm1", "bytes 8..16 in rdx"]
    {
        assert!(rows(&sysv).iter().any(|r| r.contains(row)), "no {row:?} in\n{sysv}");
    }
    // Microsoft: by position, and a structure of 16 bytes by reference.
    for row in ["a int 4 rcx", "b double 8 xmm1", "c const char * 8 r8", "r9, the address of a copy"] {
        assert!(rows(&win).iter().any(|r| r.contains(row)), "no {row:?} in\n{win}");
    }
    assert!(rows(&win).iter().any(|r| r.contains("32 bytes of stack")), "{win}");
}

#[test]
fn variable_arguments_are_explained() {
    let prototype = "int printf(const char *format, ...)";
    let (sysv, win) = explain(prototype, &["--variadic", "float, short, long double"]);
    for row in [
        "float (promoted to double) 8 xmm0",
        "short (promoted to int) 4 rsi",
        "long double 16 [rsp+0]",
        "al = 1",
    ] {
        assert!(rows(&sysv).iter().any(|r| r.contains(row)), "no {row:?} in\n{sysv}");
    }
    assert!(rows(&win).iter().any(|r| r.contains("xmm1 and rdx")), "{win}");
    run(["explain", "int abs(int)", "--variadic", "int"]).bad_with(2, &["takes no variable arguments"]);
}

#[test]
fn an_explanation_for_programs() {
    let json = |target: &[&str]| run(["explain", "long f(char c)", "--json"].iter().chain(target)).json();
    let at = |json: &serde_json::Value| json["plans"][0]["arguments"][0]["pieces"][0]["at"].clone();
    for (target, abi, register, size) in [
        ("x86_64-linux", "sysv64", "rdi", 8),
        ("x86_64-windows", "win64", "rcx", 4),
        ("aarch64-linux", "aapcs64", "x0", 8),
        ("x86-linux", "x86-cdecl-gcc", "[esp+0]", 4),
    ] {
        let json = json(&["--target", target]);
        assert_eq!(json["plans"].as_array().unwrap().len(), 1, "{target}");
        assert_eq!((&json["plans"][0]["abi"], at(&json)), (&abi.into(), register.into()), "{target}");
        assert_eq!(json["plans"][0]["result"]["size"], size, "{target}");
    }
    // Without a target, what this machine has: on x86-64 both conventions.
    let plans = json(&[])["plans"].as_array().unwrap().len();
    assert_eq!(plans, if cfg!(target_arch = "x86_64") { 2 } else { 1 });
    // A convention that is stated is the same everywhere.
    if cfg!(target_arch = "x86_64") {
        let json = run(["explain", "__attribute__((ms_abi)) int f(int c)", "--json"]).json();
        assert_eq!(json["plans"].as_array().unwrap().len(), 1);
        assert_eq!(at(&json), "rcx");
    }
}

#[test]
fn exports_are_what_nm_says() {
    let nm = Command::new("nm").args(["-D", "--defined-only", path()]).output().unwrap();
    let mut expected: Vec<String> = String::from_utf8(nm.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| {
            line.split_whitespace().collect::<Vec<_>>()[..]
                .last()
                .filter(|_| line.contains(" T "))
                .map(|n| (*n).to_owned())
        })
        .collect();
    expected.sort();
    let listed: Vec<String> = run(["exports", path()]).good().lines().map(str::to_owned).collect();
    assert_eq!(listed, expected);
    assert!(listed.contains(&"divide".to_owned()) && !listed.contains(&"counter".to_owned()));
    let all = run(["exports", path(), "--all", "counter"]).good();
    assert!(all.starts_with("counter") && all.contains("data"), "{all}");
    assert_eq!(run(["exports", path(), "hello*"]).good(), "hello\nhello_and_crash\n");
    run(["exports", path(), "no_such_name"])
        .bad_with(3, &["exports no function that matches 'no_such_name'"]);
    run(["exports", "/etc/passwd"]).bad_with(3, &["/etc/passwd"]);
}

#[test]
fn cxx_names_are_readable() {
    let directory = directory("cxx");
    let (source, library) = (directory.join("x.c"), directory.join("libx.so"));
    // A C function with the mangled name of ns::f(int): no C++ compiler needed.
    std::fs::write(&source, "int f(int a) __asm__(\"_ZN2ns1fEi\"); int f(int a) { return a; }").unwrap();
    assert!(
        Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(&source)
            .status()
            .unwrap()
            .success()
    );
    let library = library.to_str().unwrap();
    assert_eq!(run(["exports", library]).good(), "ns::f(int)\n");
    assert_eq!(run(["exports", library, "--mangled"]).good(), "_ZN2ns1fEi\n");
    let json = run(["exports", library, "--json"]).json();
    assert_eq!(
        (&json["exports"][0]["name"], &json["exports"][0]["demangled"]),
        (&"_ZN2ns1fEi".into(), &"ns::f(int)".into())
    );
}

#[test]
fn probing_tells_what_was_tried() {
    let text = run(["probe", "z", "zlibVersion"]).good();
    let steps: Vec<&str> = text.lines().collect();
    assert!(steps[0].contains("refused") && steps[0].contains("z.so"), "{text}");
    assert_eq!(text.matches("loaded").count(), 1, "{text}");
    assert!(text.contains("zlibVersion at 0x"), "{text}");
    let json = run(["probe", "libc", "--json"]).json();
    assert!(json["path"].as_str().unwrap().ends_with("libc.so.6"));
    run(["probe", "no_such_library"]).bad_with(3, &["libno_such_library.so"]);
}

#[test]
fn probing_of_other_systems_is_shown_without_trying() {
    let text = run(["probe", "zlib", "--os", "windows"]).good();
    let files: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    // Windows: the name, then with .dll (NativeLibrary probing).
    assert_eq!(files, ["zlib", "zlib.dll"]);
    let text = run(["probe", "z", "--os", "macos"]).good();
    let files: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(files, ["z.dylib", "libz.dylib", "z", "libz"]);
}

/// A homogeneous aggregate (AAPCS64, C.2), what a stdcall function removes, and a number with an integer (RISC-V).
#[test]
fn calls_of_other_machines() {
    let prototype = "struct p { float x, y, z; } f(struct p a, char b)";
    let json = run(["explain", prototype, "--target", "aarch64-linux", "--json"]).json();
    let plan = &json["plans"][0];
    assert_eq!(plan["abi"], "aapcs64");
    let at = |n: usize| plan["arguments"][0]["pieces"][n]["at"].as_str().unwrap().to_owned();
    assert_eq!([at(0), at(1), at(2)], ["v0", "v1", "v2"]);
    assert_eq!(plan["arguments"][1]["pieces"][0]["at"], "x0");
    let prototype = "struct { int x, y, z; } __stdcall f(char a, long long b)";
    let text = run(["explain", prototype, "--target", "x86-windows"]).good();
    assert!(text.contains("32-bit x86 stdcall, Microsoft"), "{text}");
    assert!(text.contains("16 bytes of stack, of which the callee removes 16"), "{text}");
    let prototype = "struct { float x; int n; } f(unsigned n)";
    let text = run(["explain", prototype, "--target", "riscv64-linux"]).good();
    for part in ["64-bit RISC-V", "a0, sign-extended", "bytes 0..4 in fa0, NaN-boxed", "bytes 4..8 in a0"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
