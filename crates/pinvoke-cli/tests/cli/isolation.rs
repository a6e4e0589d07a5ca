//! Native code that crashes, exits or hangs gives a report.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::native_library::path;
use crate::{call, command, run};

#[test]
fn null_dereferenced() {
    let words = ["strlen crashed: SIGSEGV", "faulting address 0x0", "null pointer", "strlen(s = null)"];
    call(["libc", "size_t strlen(const char *s)", "null"]).bad_with(7, &words);
}

#[test]
fn address_of_nothing() {
    let words = [
        "SIGSEGV",
        "faulting address 0xdead0000",
        "nothing is there",
        "memset(s = 0xdead0000, c = 1, n = 8)",
    ];
    call(["libc", "void *memset(void *s, int c, size_t n)", "0xdead0000", "1", "8"]).bad_with(7, &words);
}

#[test]
fn abort_and_what_was_printed_before() {
    let result = call([path(), "void hello_and_crash(void)"]);
    assert_eq!(result.stdout, "before\n");
    assert_eq!(result.status, Some(7));
    assert!(result.stderr.contains("hello_and_crash crashed: SIGABRT"), "{}", result.stderr);
}

// AArch64 divides by zero without a fault: the quotient is 0.
#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
#[test]
fn division_by_zero() {
    call([path(), "int divide(int a, int b)", "1", "0"]).bad_with(
        7,
        &["divide crashed: SIGFPE", "division by zero", "divide(a = 1, b = 0)", "at divide in /"],
    );
}

#[test]
fn stack_overflow() {
    call([path(), "int overflow(int)", "0"])
        .bad_with(7, &["overflow crashed: SIGSEGV", "stack has overflowed"]);
}

#[test]
fn crash_inside_a_callback() {
    let with = "int with_crash(int (*each)(int (*op)(int, int), int n), int n)";
    let words = [
        "with_crash crashed: SIGSEGV",
        "faulting address 0x0",
        "inside the callback given for 'each', invocation 2",
    ];
    call([path(), with, "|op, n| op.call(n, 1)", "5"]).bad_with(7, &words);
}

#[test]
fn facts_of_a_crash_for_programs() {
    let result = call(["libc", "size_t strlen(const char *s)", "null", "--json"]);
    assert_eq!(result.status, Some(7));
    let error = &result.json()["error"];
    assert_eq!(
        (&error["kind"], &error["facts"]["signal"], &error["facts"]["address"]),
        (&"crash".into(), &"SIGSEGV".into(), &"0x0".into())
    );
}

#[test]
fn exit_in_native_code() {
    call(["libc", "void exit(int status)", "3"]).bad_with(8, &["exit ended the process with exit status 3"]);
    call(["libc", "void _exit(int status)", "0"])
        .bad_with(8, &["_exit ended the process with exit status 0"]);
}

#[test]
fn signals_from_outside() {
    call(["libc", "int raise(int sig)", "SIGTERM"]).bad_with(7, &["raise was ended by SIGTERM"]);
}

/// A time limit that suffices to begin a call. An emulator is given more.
fn limit() -> String {
    std::env::var("PINVOKE_TEST_TIME_LIMIT").unwrap_or_else(|_| "0.3".to_owned())
}

#[test]
fn hang_with_a_time_limit() {
    let start = Instant::now();
    let limit = limit();
    call(["libc", "unsigned sleep(unsigned seconds)", "600", "--timeout", &limit])
        .bad_with(9, &[&format!("sleep did not return within {limit} s"), "sleep(seconds = 600)"]);
    assert!(start.elapsed() < Duration::from_secs(300));
}

#[test]
fn hang_inside_a_callback() {
    call([
        path(),
        "int call_in_call(int depth, int (*each)(int depth))",
        "1",
        "|d| { while true {} 0 }",
        "--timeout",
        &limit(),
    ])
    .bad_with(9, &["call_in_call did not return", "inside the callback given for 'each', invocation 1"]);
}

#[test]
fn what_the_native_code_started_ends_with_it() {
    // The shell holds the test's pipes open: `output` returns only once it is gone as well.
    let start = Instant::now();
    call(["libc", "int system(const char *command)", "sleep 600; true", "--timeout", &limit()])
        .bad_with(9, &["system did not return"]);
    assert!(start.elapsed() < Duration::from_secs(300));
}

#[test]
fn fork_reports_once() {
    let text = call(["libc", "pid_t fork(void)"]).good();
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn a_library_that_crashes_while_it_is_loaded() {
    let directory = crate::native_library::directory("initialiser");
    let (source, library) = (directory.join("i.c"), directory.join("libi.so"));
    std::fs::write(&source, "#include <stdlib.h>\n__attribute__((constructor)) void i(void) { abort(); }")
        .unwrap();
    let compiled =
        std::process::Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    assert!(compiled.unwrap().success());
    call([library.to_str().unwrap(), "int f(void)"]).bad_with(7, &["loading the library crashed: SIGABRT"]);
    run(["probe", library.to_str().unwrap()]).bad_with(7, &["loading the library crashed"]);
}

#[test]
fn an_interruption_ends_both_quietly() {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    let mut command = command();
    // A process group of its own stands for the foreground of a terminal.
    command.args(["call", "libc", "unsigned sleep(unsigned seconds)", "600"]).process_group(0);
    // Tests that run in the background are started with interruptions ignored, and so would be the command.
    let heed = || {
        #[expect(unsafe_code, reason = "heeds a signal")]
        // SAFETY: a system call.
        unsafe {
            libc::signal(libc::SIGINT, libc::SIG_DFL)
        };
        Ok(())
    };
    #[expect(unsafe_code, reason = "makes a system call in the child")]
    // SAFETY: `signal` may be called between fork and exec.
    unsafe {
        command.pre_exec(heed)
    };
    let start = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let group = libc::pid_t::try_from(child.id()).unwrap();
    #[expect(unsafe_code, reason = "sends a signal")]
    // SAFETY: the group is that of the child, which has not been waited for.
    unsafe {
        libc::kill(-group, libc::SIGINT)
    };
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.signal(), output.stderr.as_slice()), (Some(libc::SIGINT), &b""[..]));
    assert!(start.elapsed() < Duration::from_secs(300));
}

#[test]
fn standard_input_is_the_function_s() {
    let mut child = command()
        .args(["call", "libc", "int getchar(void)"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"A").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"65\n");
}

#[test]
fn without_isolation_the_call_is_the_command_s_own() {
    assert_eq!(call(["libc", "int abs(int)", "-4", "--no-isolate"]).good(), "4\n");
    let child = command()
        .args(["call", "libc", "pid_t getpid(void)", "--no-isolate"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    assert_eq!(child.wait_with_output().unwrap().stdout, format!("{id}\n").as_bytes());
    // A failing callback still ends the call with its own status.
    call(["libc", crate::QSORT, "[2,1]", "2", "4", "|a, b| throw 1", "--no-isolate"])
        .bad_with(6, &["it threw: 1"]);
}
