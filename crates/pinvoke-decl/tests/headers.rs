//! Real headers: no diagnostics, and every structure laid out as the C compiler lays it out.
#![cfg(target_os = "linux")]

mod oracle;

use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;
use pinvoke_decl::diagnostic::Diagnostic;

/// On 32-bit x86 a few functions of glibc, which macros of its headers call, take an argument in a register by a
/// convention of GNU's own. They are refused, and nothing else is.
fn without_regparm(problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let regparm =
        |problem: &Diagnostic| cfg!(target_arch = "x86") && problem.to_string().contains("'regparm'");
    problems.into_iter().filter(|problem| !regparm(problem)).collect()
}

fn has_regparm(function: &str) -> bool {
    cfg!(target_arch = "x86") && function.starts_with("__pthread_")
}

/// Preprocesses, parses and compares; returns how many functions, records and members there were.
#[track_caller]
fn check(headers: &[&str]) {
    let includes: String = headers.iter().map(|h| format!("#include <{h}>\n")).collect();
    let text = oracle::preprocess(&includes, &[]);
    let mut unit = Unit::new(Target::HOST);
    let problems = without_regparm(unit.parse(headers[0], &text));
    let shown: Vec<_> = problems.iter().take(10).map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{} diagnostics in {headers:?}:\n{}", problems.len(), shown.join("\n"));

    let declared = unit.function_names().count();
    let functions = unit.functions();
    assert_eq!(functions.len(), declared, "every function of {headers:?} can be called");

    let mut questions = oracle::Questions::default();
    for name in unit.type_names() {
        questions.ask(&unit, &name, &|_| false);
    }
    // What we understood, written as C again, is the same declaration to gcc and to us.
    let mut again = text.clone();
    for function in functions.iter().filter(|function| !has_regparm(&function.name)) {
        again.push_str(&format!("\nextern {function};"));
    }
    oracle::accepts(&again).expect("gcc sees the same declarations");

    println!(
        "{headers:?}: {declared} functions, {} records, {} members",
        questions.records, questions.members
    );
    questions.compare(&text, &[]);
}

#[test]
fn sys_stat() {
    check(&["sys/stat.h"]);
}

#[test]
fn ftw() {
    check(&["ftw.h"]);
}

#[test]
fn stdlib() {
    check(&["stdlib.h"]);
}

#[test]
fn stdio() {
    check(&["stdio.h"]);
}

#[test]
fn dirent() {
    check(&["dirent.h"]);
}

#[test]
fn time() {
    check(&["time.h"]);
}

#[test]
fn pthread() {
    check(&["pthread.h"]);
}

#[test]
fn zlib() {
    check(&["zlib.h"]);
}

#[test]
fn sqlite3() {
    check(&["sqlite3.h"]);
}

#[test]
fn network() {
    check(&[
        "sys/socket.h",
        "netdb.h",
        "netinet/in.h",
        "netinet/tcp.h",
        "arpa/inet.h",
        "net/if.h",
        "ifaddrs.h",
        "sys/un.h",
    ]);
}

#[test]
fn signals_and_processes() {
    check(&[
        "signal.h",
        "sys/wait.h",
        "ucontext.h",
        "sched.h",
        "spawn.h",
        "sys/resource.h",
        "sys/ptrace.h",
        "sys/times.h",
        "setjmp.h",
    ]);
}

#[test]
fn files_and_terminals() {
    check(&[
        "fcntl.h",
        "unistd.h",
        "termios.h",
        "poll.h",
        "sys/epoll.h",
        "sys/ioctl.h",
        "sys/mman.h",
        "sys/statvfs.h",
        "sys/vfs.h",
        "sys/uio.h",
        "glob.h",
        "utime.h",
        "sys/inotify.h",
        "sys/signalfd.h",
        "sys/sendfile.h",
    ]);
}

#[test]
fn language() {
    check(&[
        "math.h",
        "complex.h",
        "wchar.h",
        "wctype.h",
        "fenv.h",
        "tgmath.h",
        "inttypes.h",
        "locale.h",
        "uchar.h",
        "string.h",
        "stdatomic.h",
        "threads.h",
        "ctype.h",
        "errno.h",
    ]);
}

#[test]
fn services() {
    check(&[
        "dlfcn.h",
        "link.h",
        "regex.h",
        "search.h",
        "pwd.h",
        "grp.h",
        "shadow.h",
        "getopt.h",
        "sys/utsname.h",
        "sys/sysinfo.h",
        "sys/timex.h",
        "malloc.h",
        "semaphore.h",
        "mqueue.h",
        "aio.h",
        "wordexp.h",
        "iconv.h",
        "langinfo.h",
        "syslog.h",
        "argp.h",
        "obstack.h",
        "fts.h",
        "mntent.h",
        "resolv.h",
        "elf.h",
    ]);
}

/// Macros and enumeration constants of headers have the values that gcc gives them.
const ALL_ONES: [&str; 6] =
    ["LC_GLOBAL_LOCALE", "MAP_FAILED", "PTHREAD_CANCELED", "RTLD_NEXT", "SIG_ERR", "SQLITE_TRANSIENT"];

#[test]
fn constants() {
    let headers = [
        "fcntl.h",
        "unistd.h",
        "sys/stat.h",
        "sys/mman.h",
        "sys/socket.h",
        "netinet/in.h",
        "netdb.h",
        "signal.h",
        "errno.h",
        "limits.h",
        "stdint.h",
        "poll.h",
        "sys/epoll.h",
        "termios.h",
        "time.h",
        "pthread.h",
        "ftw.h",
        "dlfcn.h",
        "locale.h",
        "sys/resource.h",
        "sys/wait.h",
        "regex.h",
        "glob.h",
        "stdlib.h",
        "stdio.h",
        "zlib.h",
        "sqlite3.h",
    ];
    let includes: String = headers.iter().map(|h| format!("#include <{h}>\n")).collect();
    let text = oracle::preprocess(&includes, &["-dD"]);
    let mut unit = Unit::new(Target::HOST);
    let problems = without_regparm(unit.parse("headers", &text));
    assert!(problems.is_empty(), "{}", problems[0]);
    let mut questions = oracle::Questions::default();
    let mut asked = 0;
    for name in unit.constant_names() {
        let Some(value) = unit.constant(name) else { continue };
        // A pointer with all bits set, whose sign the compiler extends where the test asks for 64 bits.
        if cfg!(target_pointer_width = "32") && ALL_ONES.contains(&name) {
            assert_eq!(value, u32::MAX.into(), "{name}");
            continue;
        }
        questions.constant(name, value);
        asked += 1;
    }
    println!("{asked} constants");
    assert!(asked > 2_000, "{asked}");
    assert_eq!(unit.constant("O_CREAT"), Some(0o100));
    questions.compare(&format!("#define _GNU_SOURCE 1\n{includes}"), &[]);
}
