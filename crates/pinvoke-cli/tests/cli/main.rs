//! The command, run as a person runs it. Expected values come from the C library, the file system, the
//! compiler's own `offsetof`, or the text of the prototype; never from an earlier run.
//!
//! The C compiler is needed for the test library; everything else runs without one.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod bad_input;
mod callbacks;
mod calls;
mod isolation;
mod native_library;
mod output;
mod pictures;
mod then;

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

/// What a run of the command left.
struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(output: &Output) -> Run {
        Run {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Standard output of a run that succeeded and complained about nothing.
    #[track_caller]
    fn good(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "stdout: {}", self.stdout);
        self.stdout
    }

    /// Standard error of a run that ended with `status` and printed no result.
    #[track_caller]
    fn bad(self, status: i32) -> String {
        assert_eq!((self.status, self.stdout.as_str()), (Some(status), ""), "stderr: {}", self.stderr);
        self.stderr
    }

    /// As [`Run::bad`], and standard error has all these words.
    #[track_caller]
    fn bad_with(self, status: i32, words: &[&str]) {
        let text = self.bad(status);
        for word in words {
            assert!(text.contains(word), "no {word:?} in:\n{text}");
        }
    }

    /// Standard output of a run that succeeded, as JSON.
    #[track_caller]
    fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", self.stdout, self.stderr))
    }
}

/// The command, ready to get arguments. Nothing from the environment of the test changes what it does.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinvoke"));
    command.env_remove("CC").env_remove("LD_LIBRARY_PATH").env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn run<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Run {
    Run::of(&command().args(args).output().unwrap())
}

/// `pinvoke call ARGS`.
fn call<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Run {
    let args: Vec<_> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
    run([OsStr::new("call").to_owned()].into_iter().chain(args))
}

const QSORT: &str = "void qsort(int *base, size_t n, size_t size, int (*cmp)(const int *, const int *))";
const FTW: &str =
    "int ftw(const char *dir, int (*fn)(const char *path, const struct stat *sb, int flag), int nopenfd)";
