//! Prototypes as people paste them.

use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;

#[track_caller]
fn check(prototype: &str, expected: &str) {
    let mut unit = Unit::new(Target::X86_64_LINUX);
    match unit.parse_prototype(prototype) {
        Ok(function) => assert_eq!(function.to_string(), expected),
        Err(problems) => {
            let rendered: Vec<_> = problems.iter().map(ToString::to_string).collect();
            panic!("{prototype}\n{}", rendered.join("\n"));
        }
    }
}

#[test]
fn of_the_issue() {
    check("pid_t getpid(void)", "pid_t getpid(void)");
    check(
        "int ftw(const char *dir, int (*fn)(const char *path, const struct stat *sb, int flag), int nopenfd)",
        "int ftw(const char *dir, int (*fn)(const char *path, const struct stat *sb, int flag), int nopenfd)",
    );
    check(
        "void qsort(int *base, size_t n, size_t size, int (*cmp)(const int *, const int *))",
        "void qsort(int *base, size_t n, size_t size, int (*cmp)(const int *, const int *))",
    );
    check("double pow(double, double)", "double pow(double, double)");
    check("int open(const char *path, int flags, ...)", "int open(const char *path, int flags, ...)");
    check("const char *zlibVersion(void)", "const char *zlibVersion(void)");
}
