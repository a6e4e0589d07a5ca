//! The traps of C declarations, one test each, with values from the specifications and compilers named.

use pinvoke_abi::layout::Kind;
use pinvoke_abi::signature::CallConv;
use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;
use pinvoke_decl::types::{ResolvedFunction, TypeKind};

const LINUX: Target = Target::X86_64_LINUX;

#[track_caller]
fn unit(target: Target, text: &str) -> Unit {
    let mut unit = Unit::new(target);
    let problems = unit.parse("text", text);
    assert!(problems.is_empty(), "{}", problems[0]);
    unit
}

#[track_caller]
fn function(target: Target, text: &str) -> ResolvedFunction {
    let mut unit = Unit::new(target);
    unit.parse_prototype(text).unwrap_or_else(|problems| panic!("{}", problems[0]))
}

/// Size of a type by name.
#[track_caller]
fn size(target: Target, name: &str) -> u64 {
    let (types, id) = Unit::new(target).type_named(name).unwrap_or_else(|p| panic!("{}", p[0]));
    types.get(id).layout.as_ref().expect("complete").size
}

#[test]
fn the_corpus_has_no_findings() {
    unit(LINUX, include_str!("corpus/traps.h"));
}

#[test]
fn a_transparent_union_travels_as_its_first_member() {
    let unit = unit(LINUX, include_str!("corpus/traps.h"));
    let bind = unit.function("bind").expect("declared");
    let address = bind.types.get(bind.ty.params[1].ty);
    assert!(matches!(address.kind, TypeKind::Pointer { .. }), "{address:?}");
    assert_eq!(bind.to_string(), "int bind(int __fd, const struct sockaddr *__addr, socklen_t __len)");
}

#[test]
fn an_asm_label_is_the_entry_point() {
    let unit = unit(LINUX, "char *strerror_r(int, char *, size_t) __asm__(\"\" \"__xpg_strerror_r\");");
    assert_eq!(
        unit.function("strerror_r").expect("declared").entry_point.as_deref(),
        Some("__xpg_strerror_r")
    );
    // A later declaration without a label keeps it.
    let mut unit = unit;
    let pasted = unit.parse_prototype("char *strerror_r(int n, char *b, size_t l)").expect("compatible");
    assert_eq!(pasted.entry_point.as_deref(), Some("__xpg_strerror_r"));
}

#[test]
fn enumerations_have_the_sign_that_the_compiler_gives_them() {
    let signed = |target: Target, text: &str| {
        let (types, id) = Unit::new(target).type_named(text).expect("an enumeration");
        let TypeKind::Enum(e) = &types.get(id).kind else { panic!("not an enumeration") };
        (e.signed, types.get(id).layout.as_ref().expect("complete").size)
    };
    // gcc manual, "Structures, unions, enumerations and bit-fields": unsigned int if no value is negative.
    assert_eq!(signed(LINUX, "enum { A }"), (false, 4));
    assert_eq!(signed(LINUX, "enum { A = -1 }"), (true, 4));
    assert_eq!(signed(LINUX, "enum { A = 0x100000000 }"), (false, 8));
    assert_eq!(signed(LINUX, "enum { A = 0x100000000, B = -1 }"), (true, 8));
    assert_eq!(signed(LINUX, "enum { A = 200 } __attribute__((packed))"), (false, 1));
    assert_eq!(signed(LINUX, "enum { A = 200, B = -1 } __attribute__((packed))"), (true, 2));
    assert_eq!(signed(LINUX, "enum : unsigned char { A }"), (false, 1));
    // Microsoft: always int.
    assert_eq!(signed(Target::X86_64_WINDOWS, "enum { A }"), (true, 4));
    assert_eq!(signed(Target::X86_64_WINDOWS, "enum { A = 0xffffffff }"), (true, 4));
    assert_eq!(signed(Target::X86_64_WINDOWS_GNU, "enum { A }"), (false, 4));
}

#[test]
fn types_differ_by_target() {
    let windows = Target::X86_64_WINDOWS;
    assert_eq!((size(LINUX, "long"), size(windows, "long")), (8, 4));
    assert_eq!((size(LINUX, "wchar_t"), size(windows, "wchar_t")), (4, 2));
    assert_eq!((size(LINUX, "long double"), size(windows, "long double")), (16, 8));
    assert_eq!(size(Target::X86_LINUX, "long double"), 12);
    assert_eq!(size(Target::X86_LINUX, "struct { char c; double d; }"), 12);
    assert_eq!(size(Target::X86_WINDOWS, "struct { char c; double d; }"), 16);
    assert_eq!((size(LINUX, "size_t"), size(Target::X86_LINUX, "size_t")), (8, 4));
    // Documented sizes of struct stat.
    assert_eq!(size(LINUX, "struct stat"), 144);
    assert_eq!(size(Target::AARCH64_LINUX, "struct stat"), 128);
    assert_eq!(size(Target::X86_LINUX, "struct stat"), 88);
    assert_eq!(size(Target::AARCH64_MACOS, "struct stat"), 144);
    // Packed on x86-64 alone.
    assert_eq!(size(LINUX, "struct epoll_event"), 12);
    assert_eq!(size(Target::AARCH64_LINUX, "struct epoll_event"), 16);
    // Plain char.
    let signed = |target| {
        let (types, id) = Unit::new(target).type_named("char").expect("char");
        types.get(id).layout.as_ref().expect("complete").kind == Kind::Int { signed: true }
    };
    assert_eq!([LINUX, Target::AARCH64_LINUX, Target::AARCH64_MACOS].map(signed), [true, false, true]);
}

#[test]
fn windows_prototypes_resolve_everywhere() {
    for target in [Target::X86_64_WINDOWS, Target::X86_WINDOWS, LINUX] {
        let read = function(
            target,
            "_Check_return_ BOOL WINAPI ReadFile(_In_ HANDLE hFile, \
             _Out_writes_bytes_to_opt_(nNumberOfBytesToRead, *lpNumberOfBytesRead) __out_data_source(FILE) \
             LPVOID lpBuffer, _In_ DWORD nNumberOfBytesToRead, _Out_opt_ LPDWORD lpNumberOfBytesRead, \
             _Inout_opt_ LPOVERLAPPED lpOverlapped);",
        );
        assert_eq!(read.ty.conv, CallConv::System);
        let sizes: Vec<_> = read.signature(&[]).params.iter().map(|l| l.size).collect();
        let pointer = target.pointer_size();
        assert_eq!(sizes, [pointer, pointer, 4, pointer, pointer]);
    }
    // Sizes from the Windows SDK for 64-bit.
    for (name, bytes) in [
        ("RECT", 16),
        ("GUID", 16),
        ("FILETIME", 8),
        ("SYSTEMTIME", 16),
        ("LOGFONTW", 92),
        ("TEXTMETRICW", 60),
        ("WIN32_FIND_DATAW", 592),
        ("MSG", 48),
        ("WNDCLASSEXW", 80),
        ("OVERLAPPED", 32),
        ("STARTUPINFOW", 104),
        ("PROCESS_INFORMATION", 24),
        ("CRITICAL_SECTION", 40),
        ("SYSTEM_INFO", 48),
        ("MEMORYSTATUSEX", 64),
        ("PAINTSTRUCT", 72),
        ("SECURITY_ATTRIBUTES", 24),
        ("struct sockaddr_storage", 128),
        ("struct addrinfo", 48),
    ] {
        assert_eq!(size(Target::X86_64_WINDOWS, name), bytes, "{name}");
    }
    let (types, id) = Unit::new(LINUX).type_named("LPCWSTR").expect("a Windows name");
    let TypeKind::Pointer { to } = types.get(id).kind else { panic!("a pointer") };
    assert!(matches!(types.get(to).kind, TypeKind::WideChar));
    assert_eq!(types.get(to).layout.as_ref().expect("complete").size, 2);
}

#[test]
fn conventions_stand_where_compilers_take_them() {
    let conv = |text: &str| function(LINUX, text).ty.conv;
    assert_eq!(conv("int f(void)"), CallConv::C);
    assert_eq!(conv("int __attribute__((ms_abi)) f(void)"), CallConv::Win64);
    assert_eq!(conv("int f(void) __attribute__((ms_abi, nothrow))"), CallConv::Win64);
    assert_eq!(conv("__attribute__((sysv_abi)) char *f(void)"), CallConv::SysV64);
    assert_eq!(conv("char * __stdcall f(void)"), CallConv::Stdcall);
    assert_eq!(conv("int WINAPI f(void)"), CallConv::System);
    assert_eq!(conv("[[gnu::ms_abi]] int f(void)"), CallConv::Win64);
    let callback = |text: &str| {
        let f = function(LINUX, text);
        let TypeKind::Pointer { to } = f.types.get(f.ty.params[0].ty).kind else { panic!("a pointer") };
        let TypeKind::Function(inner) = &f.types.get(to).kind else { panic!("a function") };
        (f.ty.conv, inner.conv)
    };
    assert_eq!(callback("void f(int (__stdcall *cb)(int))"), (CallConv::C, CallConv::Stdcall));
    assert_eq!(callback("void f(int (__attribute__((ms_abi)) *cb)(int))"), (CallConv::C, CallConv::Win64));
    assert_eq!(callback("void f(int (CALLBACK *)(int))"), (CallConv::C, CallConv::System));
    assert_eq!(callback("void __fastcall f(int (*cb)(int))"), (CallConv::Fastcall, CallConv::C));
}

#[test]
fn parameters_are_adjusted() {
    let f = function(
        LINUX,
        "void f(int v[4], char text[static 8], int g(int), double m[2][3], va_list ap, jmp_buf j)",
    );
    assert_eq!(
        f.to_string(),
        "void f(int *v, char *text, int (*g)(int), double (*m)[3], va_list ap, jmp_buf j)"
    );
    let lens: Vec<_> = f.ty.params.iter().map(|p| p.declared_len).collect();
    assert_eq!(lens, [Some(4), Some(8), None, Some(2), Some(1), Some(1)]);
    assert!(f.ty.params.iter().all(|p| matches!(f.types.get(p.ty).kind, TypeKind::Pointer { .. })));
    // aarch64: va_list is a structure of 32 bytes (AAPCS64 appendix B), by value.
    let f = function(Target::AARCH64_LINUX, "int vprintf(const char *format, va_list ap)");
    assert_eq!(f.signature(&[]).params[1].size, 32);
}

#[test]
fn manual_pages_are_read_as_they_are() {
    for (text, expected) in [
        (
            "ssize_t read(int fd, void buf[.count], size_t count);",
            "ssize_t read(int fd, void *buf, size_t count)",
        ),
        (
            "void *memcpy(void dest[restrict .n], const void src[restrict .n], size_t n);",
            "void *memcpy(void *dest, const void *src, size_t n)",
        ),
        (
            "void qsort(void base[.size * .nmemb], size_t nmemb, size_t size,\n           \
             typeof(int (const void [.size], const void [.size]))\n               *compar);",
            "void qsort(void *base, size_t nmemb, size_t size, int (*compar)(const void *, const void *))",
        ),
        ("[[deprecated]] char *tmpnam(char *_Nullable s);", "char *tmpnam(char *s)"),
        (
            "int open(const char *pathname, int flags, ...\n           /* mode_t mode */ );",
            "int open(const char *pathname, int flags, ...)",
        ),
        ("int getgroups(int size, gid_t list[_Nullable size]);", "int getgroups(int size, gid_t *list)"),
        (
            "int sigaction(int signum,\n const struct sigaction *_Nullable restrict act,\n \
             struct sigaction *_Nullable restrict oldact);",
            "int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)",
        ),
        (
            "void fill(size_t *n, char buf[(*n)], int t[-*n][*n + 1])",
            "void fill(size_t *n, char *buf, int (*t)[])",
        ),
        ("#include <unistd.h>\n\npid_t fork(void);", "pid_t fork(void)"),
        (
            "sighandler_t signal(int signum, sighandler_t handler);",
            "sighandler_t signal(int signum, sighandler_t handler)",
        ),
        ("double complex cexp(double complex z);", "double _Complex cexp(double _Complex z)"),
        ("noreturn void exit(int status)", "void exit(int status)"),
    ] {
        assert_eq!(function(LINUX, text).to_string(), expected);
    }
}

#[test]
fn annotation_macros_are_skipped() {
    for (text, expected) in [
        ("ZEXTERN const char * ZEXPORT zlibVersion(void);", "const char *zlibVersion(void)"),
        ("extern int ZEXPORT f OF((int a, char *b));", "int f(int a, char *b)"),
        (
            "SQLITE_API int sqlite3_open(const char *, sqlite3 **)",
            "int sqlite3_open(const char *, sqlite3 **)",
        ),
        ("GLFWAPI GLFWwindow* glfwGet(GLFWmonitor* m);", "GLFWwindow *glfwGet(GLFWmonitor *m)"),
        (
            "char *strdup(const char *s) __THROW __attribute_malloc__ __nonnull((1));",
            "char *strdup(const char *s)",
        ),
        ("__declspec(dllimport) int __cdecl puts(const char *s)", "int puts(const char *s)"),
        ("int f(IN int a, OUT char FAR *b OPTIONAL)", "int f(int a, char *b)"),
        // Words that look like annotations may be names.
        ("int FOO(int OUT)", "int FOO(int OUT)"),
        ("int f(int x __attribute__((unused)), char *y UNUSED)", "int f(int x, char *y)"),
    ] {
        assert_eq!(function(LINUX, text).to_string(), expected, "{text}");
    }
}

#[test]
fn functions_are_declared_by_the_name_of_their_type() {
    let unit = unit(
        LINUX,
        "typedef int handler(int signal); typedef handler same; handler on_exit; extern same *pointer; same f;",
    );
    assert_eq!(unit.function("on_exit").expect("a function").to_string(), "int on_exit(int signal)");
    assert_eq!(unit.function("f").expect("a function").to_string(), "int f(int signal)");
    assert!(unit.variable("pointer").is_ok());
}

#[test]
fn a_variadic_function_shown_as_fixed_is_noticed_where_it_matters() {
    let warnings = |target: Target, text: &str| {
        let mut unit = Unit::new(target);
        unit.parse_prototype(text).expect("a prototype");
        unit.notes().len()
    };
    let text = "int open(const char *pathname, int flags, mode_t mode);";
    assert_eq!(warnings(Target::AARCH64_MACOS, text), 1);
    assert_eq!(warnings(LINUX, text), 0);
    assert_eq!(warnings(Target::AARCH64_MACOS, "int open(const char *pathname, int flags, ...);"), 0);
}

#[test]
fn names_are_shadowed() {
    let unit = unit(LINUX, include_str!("corpus/traps.h"));
    assert_eq!(unit.function("shadow").expect("declared").to_string(), "int shadow(int size_t, size size)");
    // A user's definition goes before the built-in one, and does not change built-in structures.
    let unit = {
        let mut unit = Unit::new(LINUX);
        assert!(unit.parse("a.h", "typedef char off_t; struct tm { int only; };").is_empty());
        unit
    };
    assert_eq!(unit.evaluate("sizeof(off_t)").expect("known"), 1);
    assert_eq!(unit.evaluate("sizeof(struct tm)").expect("known"), 4);
    assert_eq!(unit.evaluate("sizeof(struct stat)").expect("known"), 144);
}

#[test]
fn constants() {
    let unit = unit(
        LINUX,
        "#define SHIFT 4\n#define MASK (1u << SHIFT)\n#define CALL(x) x\n#define TEXT \"t\"\n#define LATER (FIRST + 1)\n\
         enum { FIRST = 'A', SECOND, LAST = SECOND * 2 };",
    );
    // Values from the C standard's rules; each was checked with gcc.
    for (text, value) in [
        ("1 << 3 | FIRST", 73),
        ("LATER", 66),
        ("MASK", 16),
        ("LAST", 132),
        ("-1 < 0u", 0),
        ("-1 < 0", 1),
        ("~0u", 4_294_967_295),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("1 ? 2 : 1 / 0", 2),
        ("0 && 1 / 0", 0),
        ("1 || 1 / 0", 1),
        ("(unsigned char)300", 44),
        ("(signed char)200", -56),
        ("(_Bool)256", 1),
        ("sizeof(int[3])", 12),
        ("sizeof \"abc\"", 4),
        ("sizeof(L\"abc\" \"d\")", 20),
        ("_Alignof(double)", 8),
        ("offsetof(struct tm, tm_year)", 20),
        ("__builtin_offsetof(struct { int a[4]; }, a[2])", 8),
        ("'\\n'", 10),
        ("'\\xff'", -1),
        ("'ab'", 24930),
        ("L'\\u00e9'", 233),
        ("0x7fffffff + 1u", 2_147_483_648),
        ("0b101", 5),
        ("017", 15),
        ("1'000", 1000),
        ("10 - 2 - 3", 5),
        ("2 + 3 * 4 == 14", 1),
        ("1 ? 0 ? 2 : 3 : 4", 3),
        ("-2147483647 - 1", -2_147_483_648),
        ("0xffffffffffffffff", 18_446_744_073_709_551_615),
        ("(int)0xffffffff", -1),
    ] {
        match unit.evaluate(text) {
            Ok(found) => assert_eq!(found, value, "{text}"),
            Err(problems) => panic!("{text}\n{}", problems[0]),
        }
    }
    assert_eq!(
        (unit.constant("SECOND"), unit.constant("TEXT"), unit.constant("NONE")),
        (Some(66), None, None)
    );
    for text in
        ["1 +", "1 / 0", "FIRTS", "1 << 99", "\"s\"", "f(1)", "", "1 2", "99999999999999999999", "1.5"]
    {
        assert!(unit.evaluate(text).is_err(), "{text}");
    }
}

#[test]
fn directives_are_followed_as_far_as_the_text_goes() {
    let unit = unit(
        LINUX,
        "#ifndef GUARD_H\n#define GUARD_H\n#ifdef __cplusplus\nextern \"C\" {\n#endif\nint a(void);\n#if 0\nint b(void);\n\
         #else\nint c(void);\n#endif\n#ifdef __cplusplus\n}\n#endif\n#endif\nint d(void);",
    );
    let names: Vec<_> = unit.function_names().map(|n| n.to_string()).collect();
    assert_eq!(names, ["a", "c", "d"]);
    let mut unit = Unit::new(LINUX);
    let text = "#define A\n#if defined(A)\nint a;\n#elif B\nint b;\n#endif\n#if !defined B\nint c;\n#endif\n\
                #if A > 3\nint d;\n#else\nint e;\n#endif\n#if 1\nint f;\n#else\nint g;\n#endif";
    let problems = unit.parse("text", text);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].message, "this condition is not evaluated; its first branch is read");
    let names: Vec<_> = unit.last_declared().map(|d| d.name.to_string()).collect();
    assert_eq!(names, ["a", "c", "d", "f"]);
}

#[test]
fn what_the_last_text_declares() {
    let mut unit = unit(LINUX, "int first(void);");
    assert!(
        unit.parse("b", "typedef int t; extern char **environ; t second(void); t third(void);").is_empty()
    );
    let declared: Vec<_> = unit.last_declared().map(|d| d.name.to_string()).collect();
    assert_eq!(declared, ["t", "environ", "second", "third"]);
    assert_eq!(unit.last_function().as_deref(), Some("third"));
    let environ = unit.variable("environ").expect("declared");
    assert_eq!(environ.types.declare(environ.ty, "environ").to_string(), "char **environ");
    assert!(unit.function("environ").is_err_and(|p| p.is_empty()));
}

#[test]
fn a_built_in_structure_reaches_its_own_members() {
    let f = function(
        LINUX,
        "int ftw(const char *dir, int (*fn)(const char *path, const struct stat *sb, int flag), int nopenfd)",
    );
    let TypeKind::Pointer { to } = f.types.get(f.ty.params[1].ty).kind else { panic!("a pointer") };
    let TypeKind::Function(callback) = &f.types.get(to).kind else { panic!("a function") };
    let TypeKind::Pointer { to } = f.types.get(callback.params[1].ty).kind else { panic!("a pointer") };
    let stat = f.types.get(to);
    assert!(stat.is_const);
    let TypeKind::Struct(record) = &stat.kind else { panic!("{stat:?}") };
    let size = record.fields.iter().find(|field| field.name.as_deref() == Some("st_size")).expect("st_size");
    assert_eq!(size.offset, 48);
    assert_eq!(f.types.get(size.ty).alias.as_deref(), Some("off_t"));
}

#[test]
fn every_declaration_survives_a_round_trip() {
    let mut unit = unit(LINUX, include_str!("corpus/traps.h"));
    for function in unit.functions() {
        let text = function.to_string();
        let again = unit.parse_prototype(&text).unwrap_or_else(|p| panic!("{text}\n{}", p[0]));
        assert_eq!(again.to_string(), text);
        assert!(unit.notes().is_empty(), "{text}: {}", unit.notes()[0]);
    }
}

#[test]
fn macros_may_be_redefined() {
    let unit = unit(LINUX, "#define A 1\n#define B A + 1\n#undef A\n#define A 5\n#define C 3\n#undef C\n");
    assert_eq!([unit.constant("A"), unit.constant("B"), unit.constant("C")], [Some(5), Some(6), None]);
}
