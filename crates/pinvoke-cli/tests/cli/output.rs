//! How results are shown, and to whom.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::native_library::path;
use crate::{FTW, QSORT, call, command, run};

#[test]
fn json_is_one_document() {
    let json =
        call(["libc", "int open(const char *path, int flags, ...)", "/no/such/file", "0", "--json"]).json();
    assert_eq!(json["result"], -1);
    assert_eq!(json["last_error"]["code"], 2);
    assert_eq!(json["last_error"]["name"], "ENOENT");
    assert_eq!(json["entry_point"], "open");
    assert!(json["library"].as_str().unwrap().contains("libc.so"));
    let json = call(["libc", QSORT, "[3, 1, 2]", "3", "4", "|a, b| { print(a); a - b }", "--json"]);
    assert!(!json.stderr.is_empty(), "what callbacks print goes elsewhere");
    let json = json.json();
    assert_eq!((&json["result"], &json["changed"]["base"]), (&().into(), &serde_json::json!([1, 2, 3])));
    assert!(json["callbacks"].as_u64().unwrap() >= 2);
    let error = call(["libc", "int f(void", "--json"]);
    assert_eq!(error.status, Some(4));
    let error = error.json();
    assert_eq!(error["error"]["kind"], "declaration");
    assert_eq!(error["error"]["facts"]["diagnostics"][0]["column"], 11);
}

#[test]
fn quiet_prints_no_results() {
    let result = call(["libc", "int puts(const char *s)", "hi", "--quiet"]);
    assert_eq!((result.status, result.stdout.as_str()), (Some(0), "hi\n"));
    let result = call(["libc", "size_t strlen(const char *s)", "null", "--quiet"]);
    assert_eq!((result.status, result.stdout.as_str()), (Some(7), ""));
    assert!(result.stderr.contains("strlen crashed"), "a death is never silent: {}", result.stderr);
    let result = call(["libc", "int f(struct unknown *p)", "null", "--entry", "abs", "--quiet"]);
    assert_eq!((result.status, result.stdout.as_str(), result.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn void_prints_nothing() {
    assert_eq!(call(["libc", "void tzset(void)"]).good(), "");
}

#[test]
fn native_output_comes_before_the_result() {
    assert_eq!(call([path(), "void hello(int n)", "2"]).good(), "hello\nhello\n");
    assert_eq!(call(["libc", "int puts(const char *s)", "hi"]).good(), "hi\n3\n");
}

#[test]
fn colours_only_where_wanted() {
    let plain = run(["layout", "struct timespec", "--color", "never"]).good();
    assert!(!plain.contains('\x1b'));
    assert!(!run(["layout", "struct timespec"]).good().contains('\x1b'));
    assert!(run(["layout", "struct timespec", "--color", "always"]).good().contains("\x1b["));
}

/// Reads one line and closes the pipe; gives the status and what was complained about.
fn first_line(args: &[&str]) -> (String, Option<i32>, String) {
    let mut child = command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let output = child.wait_with_output().unwrap();
    (line, output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_closed_pipe_ends_everything_quietly() {
    let each = "|path, sb, flag| { print(path); 0 }";
    for args in [
        &["call", path(), "void hello(int n)", "1000000"][..],
        &["call", "libc", FTW, "/usr", each, "16"],
        &["call", "libc", FTW, "/usr", each, "16", "--no-isolate"],
        &["exports", "libc"],
    ] {
        let (line, status, complaint) = first_line(args);
        assert!(!line.is_empty());
        // The last command may have written everything before the pipe was closed.
        assert!(matches!(status, Some(141 | 0)), "{args:?}: {status:?}");
        assert_eq!(complaint, "", "{args:?}");
    }
    assert_eq!(first_line(&["call", path(), "void hello(int n)", "1000000"]).1, Some(141));
}

#[test]
fn help_names_every_exit_status() {
    let help = run(["--help"]).good();
    for status in (0..=9).chain([141]) {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{status}  "))), "{status}");
    }
    for command in ["call", "get", "exports", "probe", "layout", "explain", "completions", "man"] {
        assert!(help.contains(&format!("  {command}")), "{command}");
    }
    assert!(run(["call", "--help"]).good().contains("Examples:"));
}

#[test]
fn completions_and_man_pages() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(run(["completions", shell]).good().contains("pinvoke"), "{shell}");
    }
    let page = run(["man"]).good();
    assert!(
        page.contains(".TH pinvoke 1") && page.contains(".SH EXAMPLES") && page.contains(".SH EXIT STATUS"),
        "{page}"
    );
    let page = run(["man", "call"]).good();
    assert!(page.contains("\\-\\-timeout") && page.contains(".SH CALLBACKS"), "{page}");
    // Nothing that starts like a request is one by accident.
    assert!(page.lines().filter(|line| line.starts_with('.')).all(|line| {
        let request: String = line[1..].chars().take_while(|c| c.is_alphanumeric()).collect();
        ["ie", "el", "TH", "SH", "TP", "RS", "RE", "IP", "br", "nf", "fi"].contains(&request.as_str())
    }));
}

#[test]
fn what_the_prototype_leaves_open_is_said() {
    let result = call(["libc", "int f(struct unknown *p)", "null", "--entry", "abs"]);
    assert_eq!((result.status, result.stdout.as_str()), (Some(0), "0\n"));
    assert!(
        result.stderr.contains("struct unknown") && result.stderr.contains("opaque"),
        "{}",
        result.stderr
    );
}

#[test]
fn the_readme_has_the_same_exit_statuses() {
    let readme = include_str!("../../README.md").replace('`', "");
    let help = run(["--help"]).good();
    let lines = help
        .lines()
        .skip_while(|line| !line.starts_with("Exit status"))
        .skip(1)
        .take_while(|line| !line.is_empty());
    let mut count = 0;
    for line in lines {
        let (status, meaning) = line.trim().split_once("  ").unwrap();
        assert!(readme.contains(&format!("| {status} | {meaning} |")), "{line}");
        count += 1;
    }
    assert_eq!(count, 11);
}
