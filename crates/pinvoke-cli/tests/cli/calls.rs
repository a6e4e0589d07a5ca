//! Calls that succeed, the lines of the documentation first.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::native_library::{self, path};
use crate::{FTW, QSORT, call, command, run};

#[test]
fn getpid_is_the_number_of_a_process() {
    let pid: u32 = call(["libc", "pid_t getpid(void)"]).good().trim().parse().unwrap();
    assert!(pid > 1);
}

/// Every path with its size, as `std::fs` sees them.
fn tree(root: &Path, found: &mut BTreeSet<String>) {
    let metadata = std::fs::symlink_metadata(root).unwrap();
    found.insert(format!("{} {}", metadata.size(), root.display()));
    if metadata.is_dir() {
        for entry in std::fs::read_dir(root).unwrap() {
            tree(&entry.unwrap().path(), found);
        }
    }
}

#[test]
fn ftw_walks_a_tree() {
    let root = native_library::directory("tree");
    for (name, size) in [("a", 0), ("b c", 5), ("ünïcode", 70_000)] {
        std::fs::create_dir(root.join(name)).unwrap();
        std::fs::write(root.join(name).join("file"), vec![b'x'; size]).unwrap();
    }
    let each = "|path, sb, flag| { print(`${sb.st_size} ${path}`); 0 }";
    let text = call(["libc", FTW, root.to_str().unwrap(), each, "16"]).good();
    let (result, lines) = text.trim_end().rsplit_once('\n').map(|(lines, result)| (result, lines)).unwrap();
    let mut expected = BTreeSet::new();
    tree(&root, &mut expected);
    assert_eq!(result, "0");
    assert_eq!(lines.lines().map(str::to_owned).collect::<BTreeSet<_>>(), expected);
    assert_eq!(lines.lines().count(), 7);
}

#[test]
fn qsort_sorts_and_shows_the_array() {
    assert_eq!(call(["libc", QSORT, "[5,3,9]", "3", "4", "|a, b| a - b"]).good(), "base = [3, 5, 9]\n");
}

#[test]
fn pow_of_the_mathematical_library() {
    assert_eq!(call(["libm", "double pow(double, double)", "2", "10"]).good(), "1024.0\n");
}

#[test]
fn open_says_why_it_failed() {
    let open = "int open(const char *path, int flags, ...)";
    let text = call(["libc", open, "/no/such/file", "0"]).good();
    assert_eq!(text, "-1\nerrno 2 ENOENT, No such file or directory\n");
}

#[test]
fn the_version_of_zlib_without_its_header() {
    let version = call(["libz", "const char *zlibVersion(void)"]).good();
    // A text in quotes: major.minor.
    let version = version.trim().strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap();
    assert!(version.split('.').count() >= 2 && version.split('.').all(|part| part.parse::<u32>().is_ok()));
}

#[test]
fn environ_is_read() {
    let output =
        command().env("PINVOKE_TEST", "a b").args(["get", "libc", "char **environ"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"PINVOKE_TEST=a b\""));
}

#[test]
fn variables_of_every_shape() {
    assert_eq!(run(["get", path(), "int counter"]).good(), "41\n");
    let origin =
        run(["get", path(), "struct point origin", "--decl", native_library::point_declaration()]).good();
    assert_eq!(origin, "{x: 0.5, y: -1, name: \"origin\", flags: 1, in: {a: 3, b: 4}}\n");
    let json = run(["get", path(), "int counter", "--json"]).json();
    assert_eq!(
        (&json["value"], &json["entry_point"]),
        (&serde_json::json!(41), &serde_json::json!("counter"))
    );
}

#[test]
fn numbers_in_any_base() {
    for (text, value) in [
        ("0x2a", "42"),
        ("052", "42"),
        ("0b101010", "42"),
        ("1_000", "1000"),
        ("-0x10", "16"),
        ("'A'", "65"),
        ("2*3+1", "7"),
    ] {
        assert_eq!(call(["libc", "int abs(int)", text]).good(), format!("{value}\n"), "{text}");
    }
    assert_eq!(call(["libc", "int abs(int n)", "-5"]).good(), "5\n");
    // After `--` a sign needs no protection either.
    assert_eq!(call(["libc", "int abs(int n)", "--", "-5"]).good(), "5\n");
}

#[test]
fn characters_and_mathematical_constants() {
    assert_eq!(call([path(), "char next_char(char c)", "a"]).good(), "'b'\n");
    assert_eq!(call([path(), "char next_char(char c)", "'\\t'"]).good(), "'\\n'\n");
    assert_eq!(call(["libm", "double cos(double)", "M_PI"]).good(), "-1.0\n");
}

#[test]
fn constants_by_name() {
    let open = "int open(const char *path, int flags, ...)";
    let fd: i32 = call(["libc", open, "/", "O_RDONLY|O_DIRECTORY"]).good().trim().parse().unwrap();
    assert!(fd > 2);
    let decl = native_library::directory("enum").join("color.h");
    std::fs::write(&decl, "enum color { RED, GREEN = 7 };\n#define TWICE (2 * GREEN)\n").unwrap();
    let decl = decl.to_str().unwrap();
    assert_eq!(call(["libc", "int abs(int)", "GREEN", "--decl", decl]).good(), "7\n");
    call(["libc", "int abs(int)", "-TWICE", "--decl", decl]).bad_with(2, &["unexpected argument"]);
    assert_eq!(call(["libc", "int abs(int)", "(-TWICE)", "--decl", decl]).good(), "14\n");
}

#[test]
fn structures_by_value_and_arrays() {
    let scale = "struct { float x, y; } scale(struct { float x, y; } v, float by)";
    assert_eq!(call([path(), scale, "{x: 1.5, y: 2}", "2"]).good(), "{x: 3.0, y: 4.0}\n");
    assert_eq!(call([path(), scale, "{1.5, 2}", "2"]).good(), "{x: 3.0, y: 4.0}\n");
    assert_eq!(call([path(), "int sum4(const int v[4])", "[1, 2, 3, 0x10]"]).good(), "22\n");
    assert_eq!(
        call(["libc", "struct { int quot, rem; } div(int, int)", "-7", "2"]).good(),
        "{quot: -3, rem: -1}\n"
    );
}

#[test]
fn buffers_that_the_callee_fills() {
    let snprintf = "int snprintf(char *s, size_t n, const char *format, ...)";
    let text =
        call(["libc", snprintf, "out[64]", "64", "%d %s %.2f %ld", "7", "seven", "1.5", "(long)-5"]).good();
    assert_eq!(text, "15\ns = \"7 seven 1.50 -5\"\n");
    let text = call(["libc", "int stat(const char *path, struct stat *sb)", "/etc/passwd", "out"]).good();
    let size = std::fs::metadata("/etc/passwd").unwrap().size();
    assert!(text.starts_with("0\nsb = {st_dev: ") && text.contains(&format!("st_size: {size},")), "{text}");
    let strtol = "long strtol(const char *s, char **end, int base)";
    assert_eq!(call(["libc", strtol, "0x10zz", "out", "0"]).good(), "16\nend = \"zz\"\n");
    let strcat = "char *strcat(char *d, const char *s)";
    assert_eq!(call(["libc", strcat, "out[32] = \"ab\"", "cd"]).good(), "\"abcd\"\nd = \"abcd\"\n");
}

#[test]
fn texts_are_what_they_look_like() {
    let strlen = "size_t strlen(const char *s)";
    for (text, length) in [
        ("hello", 5),
        ("two words", 9),
        ("\"quoted\\n\"", 7),
        ("0x10", 4),
        ("(hello)", 7),
        ("[x]", 3),
        ("ü", 2),
        ("", 0),
        ("\"null\"", 4),
    ] {
        assert_eq!(call(["libc", strlen, text]).good(), format!("{length}\n"), "{text}");
    }
}

#[test]
fn text_that_is_not_unicode_passes_as_it_is() {
    use std::os::unix::ffi::OsStrExt;
    let text = std::ffi::OsStr::from_bytes(b"a\xffb");
    let output = command().args(["call", "libc", "size_t strlen(const char *s)"]).arg(text).output().unwrap();
    assert_eq!(output.stdout, b"3\n");
}

#[test]
fn narrow_and_wide_numbers() {
    assert_eq!(call(["libm", "float sqrtf(float)", "2"]).good(), format!("{}\n", 2f32.sqrt()));
    assert_eq!(call(["libm", "long double sqrtl(long double)", "0.25"]).good(), "0.5\n");
    // Principal square root of -4i is sqrt(2) * (1 - i).
    let text = call(["libm", "double _Complex csqrt(double _Complex)", "-4i"]).good();
    let root = 2f64.sqrt();
    assert_eq!(text, format!("{root:?} - {root:?}i\n"));
    let each = "|x| x - 1";
    let widest = "unsigned long long widest(unsigned long long (*each)(unsigned long long))";
    assert_eq!(call([path(), widest, each]).good(), "18446744073709551614\n");
}

/// By value, as the processor has them; on 32-bit x86 they travel in more than one way.
#[test]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn vectors() {
    let prototype = |vector: &str| format!("{vector} turned({vector} v, {vector} (*each)({vector} v))");
    let name = if cfg!(target_arch = "x86_64") { "__m128" } else { "float32x4_t" };
    let own = "float __attribute__((vector_size(16)))";
    for (vector, literal) in [(name, "{1, 2.5, 3, -4}"), (name, "[1, 2.5, 3, -4]"), (own, "{1, 2.5, 3, -4}")]
    {
        let text = call([path(), &prototype(vector), literal, "null"]).good();
        assert_eq!(text, "[-4.0, 3.0, 2.5, 1.0]\n", "{vector} {literal}");
    }
    let each = "|v| [v[3], v[1] + 1, 0.5, v[0]]";
    assert_eq!(call([path(), &prototype(name), "{1, 2, 3, 4}", each]).good(), "[1.0, 0.5, 3.0, 4.0]\n");
    call([path(), &prototype(name), "{1, 2, 3, 4, 5}", "null"])
        .bad_with(5, &["5 elements given, 4 is all it holds"]);
    if cfg!(target_arch = "x86_64") {
        let wide = "__m256 turned(__m256 v, void *each)";
        call([path(), wide, "{1}", "null"])
            .bad_with(1, &["a vector of more than 16 bytes", "declare a pointer to it and pass its address"]);
    }
}

#[test]
fn returned_memory_is_released_where_asked() {
    assert_eq!(
        call(["libc", "char *strdup(const char *s)", "hello", "--owned", "free"]).good(),
        "\"hello\"\n"
    );
    call(["libc", "char *strdup(const char *s)", "hello", "--owned", "no_such_function"])
        .bad_with(3, &["no function 'no_such_function'"]);
}

#[test]
fn returned_structures_are_shown() {
    let gmtime = "struct tm *gmtime(const time_t *t)";
    let text = call(["libc", gmtime, "&86400"]).good();
    assert!(
        text.starts_with("&{tm_sec: 0, tm_min: 0, tm_hour: 0, tm_mday: 2, tm_mon: 0, tm_year: 70,"),
        "{text}"
    );
}

#[test]
fn another_name_is_looked_up() {
    assert_eq!(call(["libc", "int absolute(int)", "-5", "--entry", "abs"]).good(), "5\n");
}

#[test]
fn both_tiers_agree() {
    let divide = |tier| call([path(), "int divide(int, int)", "7", "2", "--tier", tier]);
    for tier in ["auto", "thunk"] {
        assert_eq!(divide(tier).good(), "3\n", "{tier}");
    }
    if cfg!(target_arch = "x86") {
        divide("stub").bad_with(1, &["no stubs are made for 32-bit x86"]);
    } else if cfg!(target_arch = "riscv64") {
        divide("stub").bad_with(1, &["no stubs are made for RISC-V"]);
    } else {
        assert_eq!(divide("stub").good(), "3\n");
    }
}

#[test]
fn headers_declare_what_the_command_line_only_names() {
    let pid: u32 = call(["libc", "getpid", "--include", "unistd.h"]).good().trim().parse().unwrap();
    assert!(pid > 1);
    let text =
        call(["libc", "open", "/no/such/file", "O_RDWR|O_CREAT", "0644", "--include", "fcntl.h"]).good();
    assert!(text.starts_with("-1\nerrno 2 ENOENT"), "{text}");
}

#[test]
fn the_program_itself_is_a_library() {
    assert_eq!(call(["-", "int abs(int)", "-3"]).good(), "3\n");
}

#[test]
fn libraries_are_found_in_search_directories() {
    let directory = Path::new(path()).parent().unwrap().to_str().unwrap();
    assert_eq!(call(["native", "int divide(int, int)", "9", "3", "--search", directory]).good(), "3\n");
}
