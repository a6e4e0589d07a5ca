//! The command on Windows, against the system's own libraries; run under Wine by `cargo xtask platform windows`.
#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Status, standard output, standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinvoke"));
    let output = command.args(args).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn good(args: &[&str]) -> String {
    let (status, stdout, stderr) = run(args);
    assert_eq!((status, stderr.as_str()), (0, ""), "{stdout}");
    stdout
}

#[track_caller]
fn bad(args: &[&str], expected: i32, words: &[&str]) {
    let (status, stdout, stderr) = run(args);
    assert_eq!((status, stdout.as_str()), (expected, ""), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "no {word:?} in:\n{stderr}");
    }
}

fn fixture(name: &str) -> String {
    let folder = std::env::var_os("PINVOKE_WINDOWS_FIXTURES").expect("set by `cargo xtask platform windows`");
    PathBuf::from(folder).join(name).to_str().unwrap().to_owned()
}

const QSORT: &str = "void qsort(int *base, size_t n, size_t size, int (*cmp)(const int *, const int *))";

#[test]
fn calls_of_the_system() {
    let process: u32 =
        good(&["call", "kernel32", "uint32_t WINAPI GetCurrentProcessId(void)"]).trim().parse().unwrap();
    assert!(process > 0);
    assert_eq!(good(&["call", "msvcrt", "double pow(double, double)", "2", "10"]), "1024.0\n");
    // Text is UTF-16 where the type says so, and the name gets its W by the rules of the library.
    assert_eq!(good(&["call", "kernel32", "int WINAPI lstrlenW(const wchar_t *text)", "Grüße 👋"]), "8\n");
    assert_eq!(
        good(&["call", "user32", "wchar_t *WINAPI CharUpperW(wchar_t *text)", "größe"]),
        "\"GRÖßE\"\ntext = \"GRÖßE\"\n"
    );
    // By its documented number.
    assert_eq!(good(&["call", "ws2_32", "uint16_t WINAPI htons(uint16_t n)", "0x1234"]), "13330\n");
    let open = "void *WINAPI CreateFileW(const wchar_t *path, uint32_t access, uint32_t share, void *security, \
                uint32_t creation, uint32_t flags, void *template)";
    let text = good(&[
        "call",
        "kernel32",
        open,
        "C:\\no\\such",
        "GENERIC_READ",
        "0",
        "null",
        "OPEN_EXISTING",
        "0",
        "null",
    ]);
    assert!(text.contains("error 3 ERROR_PATH_NOT_FOUND"), "{text}");
}

#[test]
fn expressions_are_called_back() {
    assert_eq!(good(&["call", "msvcrt", QSORT, "[5,3,9]", "3", "4", "|a, b| a - b"]), "base = [3, 5, 9]\n");
    // Every window of this session, of which there may be none.
    let windows =
        "int WINAPI EnumWindows(int (CALLBACK *each)(void *window, intptr_t parameter), intptr_t parameter)";
    assert_eq!(good(&["call", "user32", windows, "|window, parameter| 1", "0"]), "1\n");
    let languages =
        "int WINAPI EnumSystemLocalesW(int (CALLBACK *each)(const wchar_t *locale), uint32_t flags)";
    let text = good(&["call", "kernel32", languages, "|locale| { print(locale); 1 }", "1"]);
    // English (United States) is always there.
    assert!(text.lines().any(|line| line == "00000409"), "{text}");
    bad(&["call", "msvcrt", QSORT, "[2,1]", "2", "4", "|a, b| throw 1"], 6, &["it threw: 1"]);
}

#[test]
fn exceptions_are_reported() {
    let strlen = "size_t strlen(const char *s)";
    bad(
        &["call", "msvcrt", strlen, "null"],
        7,
        &[
            "strlen crashed: EXCEPTION_ACCESS_VIOLATION",
            "faulting address 0x0, read from: the null pointer",
            "msvcrt.dll",
            "strlen(s = null)",
        ],
    );
    let memset = "void *memset(void *s, int c, size_t n)";
    bad(
        &["call", "msvcrt", memset, "0xdead0000", "1", "8"],
        7,
        &["faulting address 0xdead0000, written to", "nothing that may be used so is there"],
    );
    let raise = "void WINAPI RaiseException(uint32_t code, uint32_t flags, uint32_t count, const uintptr_t *arguments)";
    bad(
        &["call", "kernel32", raise, "0xC0000094", "0", "0", "null"],
        7,
        &["RaiseException crashed: EXCEPTION_INT_DIVIDE_BY_ZERO, integer division by zero"],
    );
    let (status, json, _) = run(&["call", "msvcrt", strlen, "null", "--json"]);
    let error = &serde_json::from_str::<serde_json::Value>(&json).unwrap()["error"];
    assert_eq!(
        (status, &error["facts"]["exception"], &error["facts"]["exception_code"], &error["facts"]["address"]),
        (7, &"EXCEPTION_ACCESS_VIOLATION".into(), &0xC000_0005_u32.into(), &"0x0".into())
    );
    let calls = "int calls_and_catches(int (*each)(int n), int n)";
    bad(&["call", &fixture("exceptions.dll"), calls, "|n| throw `no ${n}`", "5"], 6, &["no 5"]);
}

#[test]
fn the_function_of_a_fault_is_named() {
    bad(
        &["call", &fixture("exceptions.dll"), "int reads_address_16(int n)", "0"],
        7,
        &["faulting address 0x10", "at reads_address_16 in ", "exceptions.dll"],
    );
}

#[test]
fn ends_and_hangs_are_reported() {
    bad(&["call", "msvcrt", "void exit(int status)", "3"], 8, &["exit ended the process with exit status 3"]);
    bad(
        &["call", "kernel32", "void WINAPI ExitProcess(uint32_t status)", "4000000000"],
        8,
        &["ExitProcess ended the process"],
    );
    let start = Instant::now();
    bad(
        &["call", "kernel32", "void WINAPI Sleep(uint32_t milliseconds)", "600000", "--timeout", "3"],
        9,
        &["Sleep did not return within 3 s", "Sleep(milliseconds = 600000)"],
    );
    // A box that nobody answers, and a program that the native code has started, which ends with it.
    let message_box =
        "int WINAPI MessageBoxW(void *owner, const wchar_t *text, const wchar_t *title, uint32_t type)";
    bad(
        &["call", "user32", message_box, "null", "Grüße", "Attention!", "MB_OK", "--timeout", "4"],
        9,
        &["MessageBoxW did not return within 4 s", "text = Grüße"],
    );
    bad(
        &["call", "msvcrt", "int system(const char *command)", "ping -n 600 127.0.0.1", "--timeout", "5"],
        9,
        &["system did not return"],
    );
    assert!(start.elapsed() < Duration::from_secs(250));
    assert_eq!(good(&["call", "msvcrt", "int abs(int)", "-4", "--no-isolate"]), "4\n");
}

#[test]
fn what_the_native_code_prints_comes_first() {
    assert_eq!(good(&["call", "msvcrt", "int puts(const char *text)", "hello"]), "hello\n0\n");
    let (status, stdout, stderr) = run(&["call", "msvcrt", "int puts(const char *text)", "hello", "--json"]);
    assert_eq!((status, stderr.as_str()), (0, "hello\n"));
    assert!(stdout.starts_with('{'), "{stdout}");
}

#[test]
fn what_is_not_found_lists_every_attempt() {
    bad(
        &["call", "no_such_library", "int f(void)"],
        3,
        &[
            "cannot load the library 'no_such_library'",
            "no_such_library.dll (suffix .dll added",
            "error 126",
            "PATH",
        ],
    );
    bad(&["call", "kernel32", "int NoSuchFunction(void)"], 3, &["NoSuchFunction", "kernel32"]);
    bad(&["call", &fixture("needs.dll"), "int needs(void)"], 3, &["absent.dll"]);
    bad(&["call", &fixture("other.dll"), "int f(void)"], 3, &["wrong architecture"]);
}

#[test]
fn exports_have_numbers_and_forwarders() {
    let text = good(&["exports", &fixture("numbered.dll"), "--all"]);
    assert_eq!(text.lines().collect::<Vec<_>>(), ["#7", "Ticks  #9 -> kernel32.GetTickCount"]);
    let json = good(&["exports", &fixture("numbered.dll"), "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["exports"][1]["forwarded_to"], "kernel32.GetTickCount");
    assert_eq!((&json["exports"][0]["ordinal"], &json["exports"][1]["ordinal"]), (&7.into(), &9.into()));
    let text = good(&["exports", "kernel32", "GetCurrentProcessId"]);
    assert!(text.starts_with("GetCurrentProcessId  #"), "{text}");
}

#[test]
#[cfg(target_arch = "x86")]
fn decorated_names_are_found_and_conventions_checked() {
    let library = fixture("linked.dll");
    assert_eq!(good(&["call", &library, "int __stdcall decorated(int a, int b)", "3", "4"]), "34\n");
    assert_eq!(
        good(&["call", &library, "int __fastcall quick(int a, int b, short c)", "1", "2", "3"]),
        "321\n"
    );
    bad(&["call", &library, "int decorated(int a, int b)", "3", "4"], 3, &["did you mean", "decorated@8"]);
    let words = ["has removed 4 bytes of arguments from the stack", "declared cdecl"];
    bad(&["call", "kernel32", "int lstrlenW(const wchar_t *text)", "x"], 1, &words);
}

#[test]
fn the_order_of_the_search_is_shown() {
    let text = good(&["probe", "user32", "MessageBoxW"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("refused") && lines[0].contains("beside the program"), "{text}");
    assert!(lines[1].contains("loaded") && lines[1].to_lowercase().ends_with("\\user32.dll"), "{text}");
    assert!(lines[3].contains("not tried  user32.dll (suffix .dll added"), "{text}");
    assert!(text.contains("MessageBoxW at 0x"), "{text}");
    // The rules of another system are shown here too.
    assert!(good(&["probe", "m", "--os", "linux"]).contains("libm.so"));
}

#[test]
fn layouts_and_calls_are_those_of_windows() {
    // `long` has 4 bytes and `wchar_t` 2.
    let text = good(&["layout", "struct { char c; long n; wchar_t w; void *p; }"]);
    let expected = match cfg!(target_arch = "x86") {
        true => "struct {...}  16 bytes, alignment 4  x86-windows-gnu",
        false => "struct {...}  24 bytes, alignment 8  x86_64-windows-gnu",
    };
    assert!(text.starts_with(expected), "{text}");
    let text = good(&["explain", "int __fastcall f(int a, double b, int c, double d, int e)"]);
    let places = match cfg!(target_arch = "x86") {
        true => ["ecx", "edx", "[esp+0]", "[esp+8]"],
        false => ["rcx", "xmm1", "r8", "xmm3"],
    };
    for place in places {
        assert!(text.contains(place), "{text}");
    }
    assert!(good(&["completions", "powershell"]).contains("pinvoke"));
}
