//! Functions of the C library, the mathematical library and zlib, called as a person would.

use pinvoke::downcall::{Arg, DowncallOptions, Ownership};
use pinvoke::value::{Value, View};

use crate::harness::{Native, callback, changes, int, v};

#[test]
fn a_function_without_arguments() {
    let pid = Native::system("libc").ret("pid_t getpid(void)", &[]);
    assert_eq!(pid, Value::Int(std::process::id().into()));
}

#[test]
fn floating_point_in_and_out() {
    let libm = Native::system("libm.so.6");
    assert_eq!(libm.ret("double pow(double, double)", &[v(2), v(10)]), Value::Float(1024.0));
    assert_eq!(libm.ret("float fabsf(float)", &[v(-0.5)]), Value::Float(0.5));
}

#[test]
fn errno_comes_with_the_result() {
    let outcome = Native::system("libc")
        .call("int open(const char *path, int flags, ...)", &[v("/no/such/file"), v(0)])
        .unwrap();
    assert_eq!(outcome.ret, Value::Int(-1));
    assert_eq!(outcome.last_error.unwrap().0, 2);
}

#[test]
fn errno_is_cleared_before_the_call() {
    let libc = Native::system("libc");
    let open = libc.call("int open(const char *path, int flags, ...)", &[v("/no/such/file"), v(0)]);
    assert_eq!(open.unwrap().last_error.unwrap().0, 2);
    assert_eq!(libc.call("pid_t getpid(void)", &[]).unwrap().last_error.unwrap().0, 0);
}

#[test]
fn qsort_with_a_callback_changes_its_array() {
    let compare = callback(|args| {
        let at = |i| args.view(i).deref().and_then(|p| p.read());
        Ok(Value::Int(int(&at(0)?) - int(&at(1)?)))
    });
    let args = [v(vec![5, 3, 9]), v(3), v(4), compare];
    let outcome = Native::system("libc")
        .call("void qsort(int *base, size_t n, size_t size, int (*cmp)(const int *, const int *))", &args)
        .unwrap();
    assert_eq!(outcome.ret, Value::Void);
    assert_eq!(changes(&outcome), [("base", "[3, 5, 9]".to_owned())]);
    assert!(outcome.callbacks >= 2, "{}", outcome.callbacks);
}

#[test]
fn qsort_of_untyped_memory_with_a_stated_type() {
    let libc = Native::system("libc");
    let int_type = libc.ty("const int *");
    let compare = callback(move |args| {
        // SAFETY: the array is one of ints.
        let at = |i| unsafe { args.view(i).cast(int_type.clone()) }.deref().and_then(|p| p.read());
        Ok(Value::Int(int(&at(0)?) - int(&at(1)?)))
    });
    let base = Arg::Typed(libc.ty("int *"), Box::new(v(vec![5, 3, 9])));
    let outcome = libc
        .call(
            "void qsort(void *base, size_t n, size_t size, int (*cmp)(const void *, const void *))",
            &[base, v(3), v(4), compare],
        )
        .unwrap();
    assert_eq!(changes(&outcome), [("base", "[3, 5, 9]".to_owned())]);
}

#[test]
fn ftw_sees_structures_through_its_callback() {
    let dir = tempdir("ftw");
    std::fs::write(dir.join("a.txt"), b"hello").unwrap();
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let log = seen.clone();
    let walk = callback(move |args| {
        let path = args.value(0)?;
        let size = args.view(1).field("st_size")?.read()?;
        log.borrow_mut().push((path.to_string(), int(&size), int(&args.value(2)?)));
        Ok(Value::Int(0))
    });
    let outcome = Native::system("libc")
        .call(
            "int ftw(const char *dir, int (*fn)(const char *path, const struct stat *sb, int flag), int n)",
            &[v(dir.to_str().unwrap()), walk, v(16)],
        )
        .unwrap();
    assert_eq!(outcome.ret, Value::Int(0));
    assert_eq!(outcome.callbacks, 2);
    let file = format!("{:?}", dir.join("a.txt").to_str().unwrap());
    // FTW_F is 0.
    assert!(seen.borrow().contains(&(file, 5, 0)), "{seen:?}");
}

#[test]
fn a_borrowed_text_is_left_alone() {
    // SAFETY: no other thread of this test reads the environment by hand.
    unsafe { std::env::set_var("PINVOKE_TEST_TEXT", "grüße") };
    let libc = Native::system("libc");
    let get = "char *getenv(const char *name)";
    assert_eq!(libc.ret(get, &[v("PINVOKE_TEST_TEXT")]), Value::Text("grüße".into()));
    assert_eq!(libc.ret(get, &[v("PINVOKE_TEST_TEXT")]), Value::Text("grüße".into()));
    assert_eq!(libc.ret(get, &[v("PINVOKE_NO_SUCH_VARIABLE")]), Value::Null);
}

#[test]
fn an_owned_text_is_freed() {
    let libc = Native::process();
    let options = || DowncallOptions {
        returned: Ownership::Owned { free: libc.library.entry_point("free").unwrap().code() },
        ..DowncallOptions::default()
    };
    let outcome = libc.call_with("char *strdup(const char *s)", &[v("copy")], options()).unwrap();
    assert_eq!(outcome.ret, Value::Text("copy".into()));
    assert!(outcome.ret_address.is_some());
}

#[test]
fn a_text_handed_out_through_a_parameter() {
    let libc = Native::process();
    let free = libc.library.entry_point("free").unwrap().code();
    let options = DowncallOptions { out: vec![(0, Ownership::Owned { free })], ..DowncallOptions::default() };
    let outcome = libc
        .call_with(
            "int asprintf(char **out, const char *format, ...)",
            &[Arg::Out(None), v("%s-%d"), v("n"), v(7)],
            options,
        )
        .unwrap();
    assert_eq!(outcome.ret, Value::Int(3));
    assert_eq!(changes(&outcome), [("out", "\"n-7\"".to_owned())]);
}

#[test]
fn structures_are_returned_by_value() {
    let libc = Native::system("libc");
    let div = libc.ret("struct { int quot; int rem; } div(int numerator, int denominator)", &[v(17), v(5)]);
    assert_eq!(div.to_string(), "{quot: 3, rem: 2}");
}

#[test]
fn variable_arguments_are_promoted() {
    let outcome = Native::system("libc")
        .call(
            "int snprintf(char *buf, size_t n, const char *format, ...)",
            &[
                Arg::Out(Some(64)),
                v(64),
                v("%d %s %.2f %c %lld %p"),
                v(-5),
                v("text"),
                v(1.25),
                Arg::Value(Value::Char('x')),
                v(1_i64 << 40),
                Arg::Value(Value::Null),
            ],
        )
        .unwrap();
    let expected = "-5 text 1.25 x 1099511627776 (nil)";
    assert_eq!(outcome.ret, Value::Int(expected.len().try_into().unwrap()));
    assert_eq!(changes(&outcome), [("buf", format!("{expected:?}"))]);
}

#[test]
fn variable_arguments_with_stated_types() {
    let libc = Native::system("libc");
    let typed = |ty: &str, arg: Arg| Arg::Typed(libc.ty(ty), Box::new(arg));
    let outcome = libc
        .call(
            "int snprintf(char *buf, size_t n, const char *format, ...)",
            &[
                Arg::Out(Some(64)),
                v(64),
                v("%ld %hhd %.1f %.1Lf"),
                typed("long", v(5)),
                typed("signed char", v(-3)),
                typed("float", v(2.5)),
                typed("long double", v(0.5)),
            ],
        )
        .unwrap();
    assert_eq!(changes(&outcome), [("buf", "\"5 -3 2.5 0.5\"".to_owned())]);
    let outcome = libc
        .call(
            "int sscanf(const char *text, const char *format, ...)",
            &[v("12 abc"), v("%d %7s"), typed("int *", Arg::Out(None)), typed("char *", Arg::Out(Some(8)))],
        )
        .unwrap();
    assert_eq!(outcome.ret, Value::Int(2));
    let values: Vec<_> = outcome.changed.iter().map(|c| (c.index, c.value.to_string())).collect();
    assert_eq!(values, [(2, "12".to_owned()), (3, "\"abc\"".to_owned())]);
}

#[test]
fn a_structure_is_filled_by_the_callee() {
    let libc = Native::system("libc");
    let outcome = libc
        .call(
            "struct tm *gmtime_r(const time_t *timep, struct tm *result)",
            &[v(vec![86_400 * 365]), Arg::Out(None)],
        )
        .unwrap();
    // 1971-01-01, a Friday.
    let tm = &outcome.changed[0].value;
    let field = |name| int(tm.field(name).unwrap());
    assert_eq!((field("tm_year"), field("tm_mon"), field("tm_mday"), field("tm_wday")), (71, 0, 1, 5));
    assert_eq!(tm.field("tm_zone"), Some(&Value::Text("GMT".into())));
}

#[test]
fn stat_fills_a_buffer_and_fstat_takes_a_descriptor() {
    let file = tempdir("stat").join("four");
    std::fs::write(&file, b"four").unwrap();
    let outcome = Native::system("libc")
        .call("int stat(const char *path, struct stat *sb)", &[v(file.to_str().unwrap()), Arg::Out(None)])
        .unwrap();
    assert_eq!(outcome.ret, Value::Int(0));
    assert_eq!(outcome.changed[0].value.field("st_size"), Some(&Value::Int(4)));
}

#[test]
fn an_array_is_filled_by_the_callee() {
    let libc = Native::system("libc");
    let outcome = libc.call("int pipe(int fds[2])", &[Arg::Out(None)]).unwrap();
    assert_eq!(outcome.ret, Value::Int(0));
    let Value::Array(fds) = &outcome.changed[0].value else { panic!("{outcome:?}") };
    assert_eq!(fds.len(), 2);
    for fd in fds {
        assert_eq!(libc.ret("int close(int fd)", &[Arg::Value(fd.clone())]), Value::Int(0));
    }
}

#[test]
fn opaque_handles_travel_through() {
    let libc = Native::system("libc");
    let file = tempdir("handle").join("data");
    std::fs::write(&file, b"line\n").unwrap();
    let handle =
        libc.ret("FILE *fopen(const char *path, const char *mode)", &[v(file.to_str().unwrap()), v("r")]);
    assert!(matches!(handle, Value::Pointer(_)), "{handle:?}");
    let outcome = libc
        .call(
            "char *fgets(char *s, int size, FILE *stream)",
            &[Arg::Out(Some(32)), v(32), Arg::Value(handle.clone())],
        )
        .unwrap();
    assert_eq!(changes(&outcome), [("s", "\"line\\n\"".to_owned())]);
    assert_eq!(outcome.ret, Value::Text("line\n".into()));
    assert_eq!(libc.ret("int fclose(FILE *stream)", &[Arg::Value(handle)]), Value::Int(0));
}

#[test]
fn bytes_are_read_and_written() {
    let libc = Native::system("libc");
    let outcome = libc
        .call(
            "void *memcpy(void *to, const void *from, size_t n)",
            &[Arg::Out(Some(4)), Arg::Value(Value::Bytes(vec![1, 0, 2, 3])), v(4)],
        )
        .unwrap();
    assert_eq!(outcome.changed[0].value, Value::Bytes(vec![1, 0, 2, 3]));
    let outcome = libc
        .call(
            "char *strcat(char *to, const char *from)",
            &[Arg::InOut { value: "ab".into(), capacity: 16 }, v("cd")],
        )
        .unwrap();
    assert_eq!(changes(&outcome), [("to", "\"abcd\"".to_owned())]);
}

#[test]
fn a_variable_is_read_by_its_type() {
    let libc = Native::system("libc");
    // SAFETY: as above.
    unsafe { std::env::set_var("PINVOKE_TEST_ENVIRON", "1") };
    let environ = libc.library.entry_point("environ").unwrap();
    // SAFETY: this is the declaration of `environ`.
    let view = unsafe { View::new(libc.ty("char **"), environ.data()) };
    let Value::Array(entries) = view.until_null().unwrap() else { panic!() };
    assert!(entries.contains(&Value::Text("PINVOKE_TEST_ENVIRON=1".into())));
}

#[test]
fn zlib_says_its_version() {
    let version = Native::system("libz").ret("const char *zlibVersion(void)", &[]);
    assert!(matches!(&version, Value::Text(v) if v.starts_with("1.")), "{version}");
}

#[test]
fn zlib_takes_bytes_as_text() {
    // The check value of CRC-32/ISO-HDLC.
    let crc = Native::system("libz").ret(
        "unsigned long crc32(unsigned long crc, const unsigned char *buf, unsigned len)",
        &[v(0), v("123456789"), v(9)],
    );
    assert_eq!(crc, Value::Int(0xcbf4_3926));
}

fn tempdir(name: &str) -> std::path::PathBuf {
    let dir = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("dynamic-{name}"));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
