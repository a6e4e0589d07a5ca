//! A C library for what no library of the system does: crash, hang and call back in odd ways.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const SOURCE: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <pthread.h>
#include <unistd.h>

struct point { double x; int y; char name[8]; unsigned flags : 3; struct { short a, b; } in; };
int walk(int n, int (*each)(struct point *p, int i)) {
    struct point p = { 1.5, 2, "abc", 5, { 7, 8 } };
    int sum = 0;
    for (int i = 0; i < n; i++) sum += each(&p, i);
    printf("x=%g y=%d flags=%u a=%d\n", p.x, p.y, p.flags, p.in.a);
    return sum;
}
static int add(int a, int b) { return a + b; }
static int crash(int a, int b) { return *(volatile int *)0; }
int with_operation(int (*each)(int (*op)(int, int), int n), int n) { return each(add, n); }
int with_crash(int (*each)(int (*op)(int, int), int n), int n) { each(add, n); return each(crash, n); }
unsigned long long widest(unsigned long long (*each)(unsigned long long)) { return each(~0ull); }
int overflow(int n) { volatile char block[4096]; block[0] = (char)n; return overflow(n + 1) + block[0]; }
int divide(int a, int b) { return a / b; }
int call_in_call(int depth, int (*each)(int depth)) { return depth == 0 ? 0 : 1 + each(depth); }
void hello(int n) { for (int i = 0; i < n; i++) puts("hello"); }
void hello_and_crash(void) { puts("before"); abort(); }
int fill(char *buffer, int size, int (*read)(char *buffer, int size)) { return read(buffer, size); }
typedef float float4 __attribute__((vector_size(16)));
float4 turned(float4 v, float4 (*each)(float4 v)) { v = each ? each(v) : v; return (float4){ v[3], v[2], v[1], v[0] }; }
typedef struct { float x, y; } vec;
vec scale(vec v, float by) { v.x *= by; v.y *= by; return v; }
vec with_vec(vec (*each)(vec v)) { vec v = { 1, 2 }; return each(v); }
int sum4(const int v[4]) { return v[0] + v[1] + v[2] + v[3]; }
struct operations { int (*twice)(int); const char *name; };
static int twice(int n) { return 2 * n; }
struct operations *operations(void) { static struct operations o = { twice, "twice" }; return &o; }
static void *run(void *each) { ((void (*)(int))each)(1); return 0; }
int on_another_thread(void (*each)(int n)) {
    pthread_t thread;
    pthread_create(&thread, 0, run, (void *)each);
    return pthread_join(thread, 0);
}
struct table { int (*f)(int); int n; };
int run_table(const struct table *t) { return t->f(t->n); }
char next_char(char c) { return c + 1; }
int counter = 41;
struct point origin = { 0.5, -1, "origin", 1, { 3, 4 } };
"#;

/// The library, compiled once per run.
pub(crate) fn path() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let directory = directory("library");
        let (source, library) = (directory.join("native.c"), directory.join("libnative.so"));
        std::fs::write(&source, SOURCE).unwrap();
        let status = Command::new("cc")
            .args(["-shared", "-fPIC", "-O0", "-w", "-o"])
            .arg(&library)
            .arg(&source)
            .status();
        assert!(status.unwrap().success(), "the C compiler refuses the test library");
        library.to_str().unwrap().to_owned()
    })
}

/// A fresh directory of this process.
pub(crate) fn directory(name: &str) -> PathBuf {
    // Tests run at the same time and may ask for the same name.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Declares `struct point`.
pub(crate) fn point_declaration() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let file = directory("declarations").join("point.h");
        let text =
            "struct point { double x; int y; char name[8]; unsigned flags : 3; struct { short a, b; } in; };";
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    })
}
