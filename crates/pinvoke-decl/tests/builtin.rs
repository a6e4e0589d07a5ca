//! The built-in declarations of Linux against the system's headers: every type name has the same size,
//! alignment and signedness, every structure the same members in the same places.
#![cfg(target_os = "linux")]

mod oracle;

use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;

/// Headers that together declare what the built-in table declares.
const HEADERS: &[&str] = &[
    "stddef.h",
    "stdint.h",
    "inttypes.h",
    "stdbool.h",
    "stdarg.h",
    "wchar.h",
    "wctype.h",
    "uchar.h",
    "math.h",
    "locale.h",
    "iconv.h",
    "nl_types.h",
    "langinfo.h",
    "stdio.h",
    "stdlib.h",
    "string.h",
    "time.h",
    "errno.h",
    "setjmp.h",
    "signal.h",
    "ucontext.h",
    "sys/types.h",
    "sys/stat.h",
    "sys/statvfs.h",
    "sys/vfs.h",
    "sys/time.h",
    "sys/times.h",
    "sys/timex.h",
    "sys/resource.h",
    "sys/wait.h",
    "sys/select.h",
    "sys/epoll.h",
    "sys/uio.h",
    "sys/socket.h",
    "sys/un.h",
    "sys/utsname.h",
    "sys/sysinfo.h",
    "sys/inotify.h",
    "sys/signalfd.h",
    "sys/msg.h",
    "sys/shm.h",
    "sys/sem.h",
    "netinet/in.h",
    "netdb.h",
    "ifaddrs.h",
    "net/if.h",
    "dirent.h",
    "ftw.h",
    "fcntl.h",
    "unistd.h",
    "utime.h",
    "poll.h",
    "pwd.h",
    "grp.h",
    "shadow.h",
    "termios.h",
    "sys/ioctl.h",
    "pthread.h",
    "semaphore.h",
    "sched.h",
    "glob.h",
    "wordexp.h",
    "regex.h",
    "getopt.h",
    "dlfcn.h",
    "link.h",
    "malloc.h",
    "search.h",
    "mntent.h",
    "mqueue.h",
    "linux/types.h",
    "stdalign.h",
];

/// Names that C++ or C23 has, and helpers of the built-in texts.
const OURS_ALONE: &[&str] = &[
    "bool",
    "char8_t",
    "struct hsearch_data",
    "struct __va_list",
    "struct __va_list_tag",
    "va_list",
    "__builtin_va_list",
    "errno_t",
    // Without the instruction set, gcc says 16 of them alone and aligns them by their size as members.
    "__m256",
    "__m256d",
    "__m256i",
    "__m512",
    "__m512d",
    "__m512i",
];

/// Padding, which C libraries name as they like and turn into members as they need.
fn private(path: &str) -> bool {
    let member = path.rsplit('.').next().unwrap_or(path);
    member.starts_with("__") && ["spare", "pad", "reserved", "unused"].iter().any(|w| member.contains(w))
        || path.starts_with("struct statx.stx_mnt_id")
        || path.starts_with("struct statx.stx_dio")
}

fn questions(target: Target) -> oracle::Questions {
    let unit = Unit::new(target);
    let mut questions = oracle::Questions::default();
    // Declared on every target; the headers here know nothing of them.
    let mut windows = Unit::new(Target::X86_64_WINDOWS);
    assert!(windows.parse("windows_types.h", include_str!("../src/builtin/windows_types.h")).is_empty());
    let windows = [windows.type_names(), vec!["WCHAR".to_owned()]].concat();
    for name in unit.builtin_type_names() {
        if !OURS_ALONE.contains(&&*name) && !windows.contains(&name) {
            questions.ask(&unit, &name, &private);
        }
    }
    assert!(questions.records > 100, "only {} structures are asked about", questions.records);
    println!("{target}: {} records, {} members", questions.records, questions.members);
    questions
}

/// Where the vectors of this machine, and on x86-64 of 32-bit x86, are declared; on RISC-V, which has none, a header
/// that is there anyway.
const VECTORS: &str = if cfg!(target_arch = "aarch64") {
    "arm_neon.h"
} else if cfg!(target_arch = "riscv64") {
    "stddef.h"
} else {
    "immintrin.h"
};

fn includes(vectors: &str) -> String {
    HEADERS.iter().chain([&vectors]).map(|h| format!("#include <{h}>\n")).collect()
}

fn headers(flags: &[&str]) -> String {
    oracle::preprocess(&includes(VECTORS), flags)
}

#[test]
fn this_machine() {
    questions(Target::HOST).compare(&headers(&[]), &[]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn linux_aarch64() {
    let text = oracle::preprocess_with("aarch64-linux-gnu-gcc", &includes("arm_neon.h"), &[]);
    questions(Target::AARCH64_LINUX).compare_statically("aarch64-linux-gnu-gcc", &text, &[]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn linux_x86() {
    // The headers of the 64-bit C library serve both; only this list of stubs is installed separately.
    let dir = std::env::temp_dir().join(format!("pinvoke-decl-stubs-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("gnu")).expect("a scratch directory");
    std::fs::write(dir.join("gnu/stubs-32.h"), "").expect("an empty header");
    let own = format!("-I{}", dir.display());
    let flags = ["-m32", &own, "-idirafter", "/usr/include/x86_64-linux-gnu"];
    let text = headers(&flags);
    std::fs::remove_dir_all(&dir).expect("the scratch directory is ours");
    questions(Target::X86_LINUX).compare_statically("gcc", &text, &["-m32"]);
}
