//! What ends a process, tried in one of its own.

use std::process::{Command, Output};

#[cfg(not(windows))]
use pinvoke::value::Handler;
use pinvoke::value::Value;

#[cfg(not(windows))]
use crate::harness::int;
use crate::harness::{Native, callback, v};

/// Runs an ignored test of this file in a new process.
fn child(test: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("process::{test}"), "--ignored", "--nocapture"])
        .output()
        .unwrap()
}

#[test]
#[ignore = "aborts; run by the test below"]
fn child_calls_too_late() {
    let native = Native::compiled();
    native.call("remember", &[callback(|_| Ok(Value::Int(1)))]).unwrap();
    native.call("recall", &[v(1)]).unwrap();
}

#[test]
fn a_callback_called_after_its_call_is_reported_by_name() {
    let output = child("child_calls_too_late");
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(report.contains("callback for parameter 1 'fn' of 'remember'"), "{report}");
}

#[cfg(not(windows))]
#[test]
#[ignore = "ends with output; run by the test below"]
fn child_registers_for_the_end() {
    let last_words = Handler::shared(|_| {
        // Not `println!`, whose buffer is gone as well by now.
        Native::process().ret("int puts(const char *s)", &[v("last words")]);
        Ok(Value::Void)
    });
    let registered = Native::process()
        .ret("int on_exit(void (*fn)(int status, void *data), void *data)", &[v(last_words.kept()), v(0)]);
    assert_eq!(int(&registered), 0);
}

/// `on_exit` is of GNU's C library.
#[cfg(not(windows))]
#[test]
fn a_kept_callback_runs_at_the_end_of_the_process() {
    let output = child("child_registers_for_the_end");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.ends_with("last words\n"), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
}
