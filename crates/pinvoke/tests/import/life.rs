//! From binding to unloading: many threads, program-wide hooks, libraries that come and go.

use std::env::consts::DLL_EXTENSION;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, LazyLock, OnceLock};
use std::time::{Duration, Instant};

use pinvoke::import::{NameMap, Platforms, UnloadError, set_name_map, set_resolver};
use pinvoke::library::Library;
use pinvoke::{Error, dll_import};

#[path = "../support/compiler.rs"]
mod compiler;
#[cfg(unix)]
#[path = "../library/workshop.rs"]
#[allow(dead_code, reason = "this test uses a part")]
mod workshop;

/// Functions of the shape `HRESULT f(args, T *result)`.
const HRESULT: &str = "
    int half(int n, int *result) { if (n % 2) return 0x80070057; *result = n / 2; return n ? 0 : 1; }
    int only_check(int n) { return n; }
    int status(int n) { return n; }
";

/// How many threads ask the resolver at once, and how many times it has opened a library for them.
const THREADS: usize = 8;
static ASKING: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(THREADS));
static RESOLVED: AtomicUsize = AtomicUsize::new(0);

/// The libraries of this file, which the resolver finds: built once.
fn libraries() -> &'static PathBuf {
    static LIBRARIES: OnceLock<PathBuf> = OnceLock::new();
    LIBRARIES.get_or_init(|| {
        let directory = tempfile::tempdir_in(compiler::folder()).unwrap().keep();
        let build = |name: &str, source: &str| {
            let file = directory.join(name);
            std::fs::write(file.with_extension("c"), source).unwrap();
            compiler::compile(&file.with_extension(DLL_EXTENSION), &file.with_extension("c"), &["-O1"]);
        };
        build("counting", "static int n; int next(void) { return ++n; }");
        build("waiting", "#include <unistd.h>\nint wait_for(int fd) { char c; return (int)read(fd, &c, 1); }");
        // Slow to load, so that threads race for it.
        build(
            "slow",
            "#include <unistd.h>\n__attribute__((constructor)) static void wait(void) { usleep(20000); }\nint slow(void) { return 1; }",
        );
        build("resolved", "int resolved(void) { return 1; }");
        build("shared", "int shared(void) { return 1; }");
        build("hresult", HRESULT);
        build("racing", "long long twice(long long n) { return 2 * n; }");
        build("calling", "int call(int (*f)(int)) { return f(3); }");
        let found = directory.clone();
        let shared = Library::load_exact(found.join("shared").with_extension(DLL_EXTENSION)).unwrap();
        set_resolver(move |name| match name {
            // Opened anew for every thread, once all of them have asked.
            "resolved" => {
                let library = Library::load_exact(found.join(format!("resolved.{DLL_EXTENSION}"))).ok();
                RESOLVED.fetch_add(1, Ordering::Relaxed);
                ASKING.wait();
                library
            }
            // Opened once.
            "shared" => {
                ASKING.wait();
                Some(shared.clone())
            }
            "counting" | "waiting" | "hresult" | "racing" | "calling" => Library::load_exact(found.join(format!("{name}.{DLL_EXTENSION}"))).ok(),
            _ => None,
        })
        .unwrap();
        let map = NameMap::new()
            .library("msvcrt.dll", "no-such-c", Platforms::ALL)
            .library("msvcrt.dll", "libc", Platforms::ALL.on(pinvoke::abi::target::Target::HOST.os))
            .entry_point("msvcrt.dll", "_getpid", "getpid", Platforms::ALL);
        // Windows has a library of that name.
        let map = if cfg!(windows) { NameMap::new() } else { map };
        let slow = directory.join("slow").with_extension(DLL_EXTENSION);
        let map = map.library("slow", slow.to_str().unwrap(), Platforms::ALL);
        set_name_map(map).unwrap();
        directory
    })
}

#[cfg(unix)]
#[test]
fn thousands_of_threads_bind_one_import() {
    #[dll_import("libc")]
    unsafe extern "C" {
        safe fn llabs(n: i64) -> i64;
    }
    const THREADS: u16 = 2000;
    let barrier = Barrier::new(usize::from(THREADS));
    std::thread::scope(|scope| {
        for n in 0..i64::from(THREADS) {
            let barrier = &barrier;
            let thread = std::thread::Builder::new().stack_size(64 * 1024);
            let run = move || {
                barrier.wait();
                assert_eq!(llabs(-n), n);
            };
            thread.spawn_scoped(scope, run).unwrap();
        }
    });
}

#[test]
fn binding_leaves_errno_alone() {
    #[cfg_attr(unix, dll_import("libm"))]
    #[cfg_attr(windows, dll_import("msvcrt"))]
    unsafe extern "C" {
        safe fn fabs(x: f64) -> f64;
    }
    pinvoke::LastError(libc::EMLINK).set_current();
    assert_eq!(fabs(-2.0), 2.0);
    assert_eq!(pinvoke::LastError::current().0, libc::EMLINK);
}

#[cfg(unix)]
#[test]
fn the_name_map_renames_libraries_and_entry_points() {
    #[dll_import("msvcrt.dll")]
    unsafe extern "C" {
        safe fn _getpid() -> i32;
        safe fn abs(n: i32) -> i32;
    }
    libraries();
    assert_eq!(_getpid() as u32, std::process::id());
    assert_eq!(abs(-4), 4);
    let again: Result<(), pinvoke::import::AlreadySet> = set_name_map(NameMap::new());
    assert_eq!(
        again.unwrap_err().to_string(),
        "the name map of this program is set already; a program has one"
    );
    assert!(set_resolver(|_| None).is_err());
}

#[test]
fn an_unloaded_library_is_loaded_afresh_by_the_next_call() {
    #[dll_import("counting", imports = COUNTING, unload)]
    unsafe extern "C" {
        safe fn next() -> i32;
        #[dll_import(entry_point = "next")]
        safe fn next_too() -> Result<i32, Error>;
    }
    libraries();
    // Nothing to unload yet.
    assert!(!unsafe { COUNTING.unload() }.unwrap().was_loaded);
    assert_eq!((next(), next_too().unwrap()), (1, 2));
    let done = unsafe { COUNTING.unload() }.unwrap();
    assert!(done.was_loaded && !done.still_mapped);
    // Its variables are as they were in the file, for every import of it.
    assert_eq!((next_too().unwrap(), next()), (1, 2));
}

#[test]
fn threads_that_race_to_load_open_the_library_once() {
    #[dll_import("slow", imports = SLOW, unload)]
    unsafe extern "C" {
        safe fn slow() -> i32;
    }
    libraries();
    let barrier = Barrier::new(16);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(slow(), 1);
            });
        }
    });
    let done = unsafe { SLOW.unload() }.unwrap();
    assert!(done.was_loaded && !done.still_mapped, "{done:?}");
}

#[test]
fn what_a_resolver_opened_for_several_threads_is_given_back() {
    #[dll_import("resolved", imports = OWN, unload)]
    unsafe extern "C" {
        safe fn resolved() -> i32;
    }
    #[dll_import("shared", imports = SHARED, unload)]
    unsafe extern "C" {
        safe fn shared() -> i32;
    }
    libraries();
    let on_threads = |call: fn() -> i32| {
        let threads: Vec<_> = (0..THREADS).map(|_| std::thread::spawn(call)).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 1));
    };
    on_threads(resolved);
    assert_eq!(RESOLVED.load(Ordering::Relaxed), THREADS);
    let done = unsafe { OWN.unload() }.unwrap();
    assert!(done.was_loaded && !done.still_mapped, "{done:?}");
    // Clones are one opening, and given back once.
    on_threads(shared);
    let done = unsafe { SHARED.unload() }.unwrap();
    assert!(done.was_loaded && !done.still_mapped, "{done:?}");
}

#[test]
fn calls_and_unloading_race() {
    #[dll_import("racing", imports = RACING, unload)]
    unsafe extern "C" {
        safe fn twice(n: i64) -> i64;
        #[dll_import(entry_point = "twice")]
        safe fn twice_checked(n: i64) -> Result<i64, Error>;
    }
    libraries();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for n in 0..3 {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(twice(n), 2 * n);
                    assert_eq!(twice_checked(n).unwrap(), 2 * n);
                    assert!(RACING.twice.is_available());
                    RACING.bind_all().unwrap();
                    std::thread::yield_now();
                }
            });
        }
        // Not for ever: a busy machine may leave few moments without a call.
        let (mut unloaded, start) = (0, Instant::now());
        while unloaded < 50 && (unloaded == 0 || start.elapsed() < Duration::from_secs(2)) {
            match unsafe { RACING.unload() } {
                Ok(done) => unloaded += u32::from(done.was_loaded),
                Err(UnloadError::InUse { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            std::thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(twice(4), 8);
}

#[test]
fn a_library_is_not_unloaded_by_its_own_callback() {
    #[dll_import("calling", imports = CALLING, unload)]
    unsafe extern "C" {
        safe fn call(f: impl FnMut(i32) -> i32) -> i32;
    }
    libraries();
    let mut seen = 0;
    let result = call(|n| {
        seen = n;
        match unsafe { CALLING.unload() } {
            Err(UnloadError::InUse { calls: 1, .. }) => 5,
            _ => -1,
        }
    });
    assert_eq!((seen, result), (3, 5));
    assert!(unsafe { CALLING.unload() }.unwrap().was_loaded);
    // The closure's thunk is none of the library's: with the library back, it works as before.
    assert_eq!(call(|n| n + 1), 4);
}

#[cfg(unix)]
#[test]
fn a_library_is_not_unloaded_under_a_call() {
    #[dll_import("waiting", imports = WAITING, unload)]
    unsafe extern "C" {
        safe fn wait_for(fd: i32) -> i32;
    }
    libraries();
    let mut pipe = [0; 2];
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    let call = std::thread::spawn(move || wait_for(pipe[0]));
    let refused = loop {
        // Until the call has begun there is nothing to refuse.
        match unsafe { WAITING.unload() } {
            Err(refused) => break refused,
            Ok(_) => std::thread::yield_now(),
        }
    };
    assert!(matches!(refused, UnloadError::InUse { calls: 1, .. }));
    assert_eq!(
        refused.to_string(),
        "the library \"waiting\" cannot be unloaded: 1 of its functions are running"
    );
    assert_eq!(unsafe { libc::write(pipe[1], b"x".as_ptr().cast(), 1) }, 1);
    assert_eq!(call.join().unwrap(), 1);
    assert!(unsafe { WAITING.unload() }.unwrap().was_loaded);
}

#[cfg(unix)]
#[test]
fn only_blocks_that_say_so_are_unloaded() {
    #[dll_import("libc", imports = LIBC)]
    unsafe extern "C" {
        safe fn getuid() -> u32;
    }
    getuid();
    let refused = unsafe { LIBC.unload() }.unwrap_err();
    assert!(refused.to_string().contains("not declared with `unload`"));
}

#[cfg(unix)]
#[test]
fn failure_is_not_remembered() {
    // In a directory that the declaration can name: this test binary's own, by way of /proc.
    #[dll_import("late-library", search = ["/tmp/pinvoke-late-library"])]
    unsafe extern "C" {
        safe fn answer() -> Result<i32, Error>;
    }
    let directory = std::path::Path::new("/tmp/pinvoke-late-library");
    let _ = std::fs::remove_dir_all(directory);
    let error = answer().unwrap_err().to_string();
    assert!(error.contains("/tmp/pinvoke-late-library/late-library.so"), "{error}");
    let workshop = workshop::Workshop::new();
    let file = workshop.build("late-library.so", &workshop::answer(42), &[]);
    std::fs::create_dir_all(directory).unwrap();
    std::fs::copy(file, directory.join("late-library.so")).unwrap();
    assert_eq!(answer().unwrap(), 42);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn hresults_become_errors_and_the_last_parameter_the_value() {
    #[dll_import("hresult", preserve_sig = false)]
    unsafe extern "C" {
        safe fn half(n: i32) -> Result<i32, Error>;
        safe fn only_check(n: i32) -> Result<(), Error>;
        #[dll_import(preserve_sig = true)]
        #[fails(pinvoke::returns::Ntstatus)]
        safe fn status(n: i32) -> Result<i32, Error>;
    }
    libraries();
    assert_eq!(half(8).unwrap(), 4);
    // S_FALSE is a success.
    assert_eq!(half(0).unwrap(), 0);
    assert_eq!(half(3).unwrap_err().to_string(), "HRESULT 0x80070057 E_INVALIDARG");
    assert!(only_check(1).is_ok());
    assert!(matches!(only_check(i32::MIN), Err(Error::HResult(_))));
    // STATUS_BUFFER_OVERFLOW is a warning, STATUS_ACCESS_DENIED an error.
    assert_eq!(status(0x8000_0005_u32.cast_signed()).unwrap(), 0x8000_0005_u32.cast_signed());
    let denied = status(0xc000_0022_u32.cast_signed()).unwrap_err();
    assert_eq!(denied.to_string(), "NTSTATUS 0xc0000022 STATUS_ACCESS_DENIED");
}
