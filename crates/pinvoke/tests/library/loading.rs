//! Loading real libraries: what is found, and what is said when nothing is.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Barrier;

use crate::workshop::{Workshop, answer};
use pinvoke::library::diagnose::Finding;
use pinvoke::library::probe::{Place, ProbeOptions, SearchPath, SearchPlaces, Spelling};
use pinvoke::library::{Library, LoadError, LoadFailure, Status, explain, list};

/// Calls the function `answer` of a library made from [`answer`].
fn ask(library: &Library) -> i32 {
    let code = library.entry_point("answer").unwrap().code().as_ptr();
    // SAFETY: every library here defines `int answer(void)`.
    let function = unsafe { std::mem::transmute::<*const std::ffi::c_void, extern "C" fn() -> i32>(code) };
    function()
}

#[track_caller]
fn refused(result: Result<Library, LoadError>) -> LoadFailure {
    match result.unwrap_err() {
        LoadError::Refused(failure) => *failure,
        other => panic!("{other}"),
    }
}

fn findings(failure: &LoadFailure) -> Vec<&Finding> {
    failure.attempts.iter().flat_map(|attempt| &attempt.findings).collect()
}

fn inode(path: &Path) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).unwrap();
    (metadata.dev(), metadata.ino())
}

#[test]
fn libc_under_all_its_names() {
    let file = Library::open("libc.so.6").unwrap();
    for name in ["libc", "c", "libc.so.6"] {
        let library = Library::open(name).unwrap();
        assert_eq!(library.name(), name);
        assert_eq!(library.as_raw(), file.as_raw(), "{name}");
        assert_eq!(library.path().unwrap().file_name().unwrap(), "libc.so.6");
    }
}

/// `libm.so` is a linker script where the development package is installed, and absent elsewhere.
#[test]
fn libm_and_libz_with_and_without_development_packages() {
    let m = Library::open("libm").unwrap();
    assert_eq!(m.path().unwrap().file_name().unwrap(), "libm.so.6");
    m.entry_point("pow").unwrap();
    let z = Library::open("libz").unwrap();
    assert_eq!(inode(z.path().unwrap()), inode(Library::open("libz.so.1").unwrap().path().unwrap()));
    z.entry_point("zlibVersion").unwrap();
}

#[test]
fn the_own_process() {
    let own = Library::main_program().unwrap();
    assert_eq!(own.path().unwrap(), std::env::current_exe().unwrap());
    own.entry_point("getenv").unwrap();
    assert_eq!(Library::open("__Internal").unwrap().as_raw(), own.as_raw());
}

#[test]
fn absolute_paths_are_exact() {
    let shop = Workshop::new();
    let file = shop.build("libexact.so", &answer(7), &[]);
    let library = Library::open(&file).unwrap();
    assert_eq!(ask(&library), 7);
    assert_eq!(library.path().unwrap(), file);
    let failure = refused(Library::open(shop.path().join("libexact")));
    assert_eq!(failure.attempts.len(), 1);
    assert_eq!(failure.attempts[0].candidate.place, Place::Absolute);
}

#[test]
fn search_directories_in_order_and_before_the_system() {
    let shop = Workshop::new();
    shop.build("one/libsearched.so", &answer(1), &[]);
    shop.build("two/libsearched.so", &answer(2), &[]);
    shop.build("two/libz.so", &answer(3), &[]);
    let (one, two) = (shop.path().join("one"), shop.path().join("two"));
    let options = ProbeOptions::default().directory(&two).directory(&one);
    assert_eq!(ask(&Library::open_with("searched", &options).unwrap()), 2);
    let z = Library::open_with("z", &options).unwrap();
    assert_eq!(z.path().unwrap(), two.join("libz.so"));
}

#[test]
fn only_the_program_directory() {
    let only = SearchPlaces { assembly_directory: true, ..SearchPlaces::default() };
    let options = ProbeOptions::default().search(SearchPath::Only(only));
    let failure = refused(Library::open_with("libz.so.1", &options));
    assert!(failure.attempts.iter().all(|attempt| attempt.candidate.place == Place::ProgramDirectory));
}

#[test]
fn backslashes_are_slashes() {
    let shop = Workshop::new();
    shop.build("sub/libback.so", &answer(4), &[]);
    let options = ProbeOptions::default().directory(shop.path());
    assert_eq!(ask(&Library::open_with(r"sub\libback", &options).unwrap()), 4);
}

#[test]
fn only_versioned_files_are_installed() {
    let shop = Workshop::new();
    shop.build("libver.so.2", &answer(2), &[]);
    shop.build("libver.so.10.1", &answer(10), &[]);
    shop.write("libver.so.9999", "no library");
    let options = ProbeOptions::default().directory(shop.path());
    let library = Library::open_with("ver", &options).unwrap();
    assert_eq!(ask(&library), 10);
    assert_eq!(library.path().unwrap(), shop.path().join("libver.so.10.1"));

    let report = explain("libver", &options).unwrap();
    let loaded = report.steps.iter().find(|step| matches!(step.status, Status::Loaded(_))).unwrap();
    assert_eq!(loaded.candidate.spelling, Spelling::Versioned("10.1".into()));

    // Who asks for a version gets no other, and who declines versions gets none.
    refused(Library::open_with("libver.so.3", &options));
    let failure = refused(Library::open_with("ver", &options.clone().versioned(false)));
    assert!(
        failure.attempts.iter().all(|attempt| !matches!(attempt.candidate.spelling, Spelling::Versioned(_)))
    );
}

/// Run by the test below in a process of its own, whose `LD_LIBRARY_PATH` has the library.
#[test]
#[ignore = "run by only_a_versioned_file_in_ld_library_path"]
fn child_opens_versioned() {
    let library = Library::open("onlyversioned").unwrap();
    assert_eq!(ask(&library), 31);
    println!("loaded {}", library.path().unwrap().display());
}

#[test]
fn only_a_versioned_file_in_ld_library_path() {
    let shop = Workshop::new();
    let file = shop.build("libonlyversioned.so.3", &answer(31), &[]);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "loading::child_opens_versioned", "--ignored", "--nocapture"])
        .env("LD_LIBRARY_PATH", shop.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains(&format!("loaded {}", file.display())), "{said}");
}

#[test]
fn unknown_library_lists_every_attempt() {
    let options = ProbeOptions::default().directory("/nonexistent");
    let failure = refused(Library::open_with("nosuchlib", &options));
    let files: Vec<_> =
        failure.attempts.iter().map(|attempt| attempt.candidate.file.to_str().unwrap()).collect();
    let program = std::env::current_exe().unwrap();
    let program = program.parent().unwrap().to_str().unwrap();
    let mut expected = Vec::new();
    for file in ["nosuchlib.so", "libnosuchlib.so", "nosuchlib", "libnosuchlib"] {
        expected.extend([format!("/nonexistent/{file}"), format!("{program}/{file}"), file.to_owned()]);
    }
    assert_eq!(files, expected);
    for attempt in &failure.attempts {
        // The loader's own words, and those of this very attempt.
        let file = attempt.candidate.file.to_str().unwrap();
        assert_eq!(
            attempt.message.0,
            format!("{file}: cannot open shared object file: No such file or directory")
        );
    }
    let text = failure.to_string();
    assert!(text.starts_with("cannot load the library \"nosuchlib\"\n"), "{text}");
    for file in expected {
        assert!(text.contains(&format!("\n  {file} (")), "{file} is not in {text}");
    }
    assert!(text.contains("help: "), "{text}");
    let error = LoadError::Refused(Box::new(failure));
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("cannot open shared object"));
}

#[test]
fn a_slip_of_the_keyboard_and_a_suffix_of_another_system() {
    let failure = refused(Library::open("libsqllite3.so.77"));
    // Advice comes from where the system looks by itself.
    let sqlite = Library::open("libsqlite3.so.0");
    let installed =
        sqlite.is_ok_and(|l| l.path().is_some_and(|p| p.starts_with("/usr/lib") || p.starts_with("/lib")));
    if Path::new("/etc/ld.so.cache").exists() && installed {
        assert!(failure.advice.iter().any(|advice| advice.contains("libsqlite3.so.0")), "{failure}");
    }
    let failure = refused(Library::open("kernel32.dll"));
    assert!(failure.advice[0].contains(".dll is the suffix of another system"), "{failure}");
}

#[test]
fn names_that_are_none() {
    assert!(matches!(Library::open(""), Err(LoadError::NoName)));
    assert!(matches!(Library::load_exact(""), Err(LoadError::NoName)));
    match Library::open("lib\0c") {
        Err(LoadError::NulInName { name, offset: 3 }) => assert_eq!(name, "lib\0c"),
        other => panic!("{other:?}"),
    }
    let text = Library::open("a\0").unwrap_err().to_string();
    assert_eq!(text, r#"cannot load the library "a\0": its name has a NUL character at offset 1"#);
}

#[test]
fn very_long_names() {
    for length in [255, 256, 4095, 4096, 100_000] {
        let failure = refused(Library::open("x".repeat(length)));
        assert_eq!(failure.attempts.len(), 8);
        let failure = refused(Library::open(format!("/{}", "x".repeat(length))));
        assert_eq!(failure.attempts.len(), 1);
    }
}

#[test]
fn names_that_are_not_unicode() {
    let shop = Workshop::new();
    let built = shop.build("libplain.so", &answer(5), &[]);
    let strange = OsString::from_vec(b"lib\xff\\\xfe.so".to_vec());
    let file = shop.path().join(&strange);
    std::fs::rename(built, &file).unwrap();
    assert_eq!(ask(&Library::open(&file).unwrap()), 5);
    let options = ProbeOptions::default().directory(shop.path());
    let library = Library::open_with(&strange, &options).unwrap();
    assert_eq!(library.path().unwrap(), file);
    let stem = OsString::from_vec(b"\xff\\\xfe".to_vec());
    assert_eq!(Library::open_with(&stem, &options).unwrap().path().unwrap(), file);
    let failure = refused(Library::open(OsString::from_vec(b"/no\xff".to_vec())));
    assert_eq!(failure.attempts.len(), 1);
}

#[test]
fn files_that_are_no_libraries() {
    let shop = Workshop::new();
    let object = shop.build("object.o", &answer(1), &["-c", "-r"]);
    let check = |path: PathBuf, expected: Finding, words: &str| {
        let failure = refused(Library::open(&path));
        assert_eq!(findings(&failure), [&expected], "{failure}");
        assert!(failure.to_string().contains(words), "{failure}");
    };
    let first_line = "To whom it may concern".to_owned();
    let text = shop.write("text.so", "To whom it may concern\nhello\n");
    check(text, Finding::Text { first_line }, "is a text file that starts with \"To whom it may concern\"");
    let script = shop.write("script.so", "/* GNU ld script */\nOUTPUT_FORMAT(elf64-x86-64)\nGROUP ( /lib/libc.so.6 AS_NEEDED ( /lib64/ld.so.2 ) )\n");
    let names = vec!["/lib/libc.so.6".to_owned(), "/lib64/ld.so.2".to_owned()];
    check(script, Finding::LinkerScript { names }, "a script for the linker that names /lib/libc.so.6");
    check(shop.write("empty.so", ""), Finding::Empty, "is empty");
    let directory = shop.path().join("directory.so");
    std::fs::create_dir(&directory).unwrap();
    check(directory, Finding::Directory, "is a directory");
    let link = shop.path().join("link.so");
    std::os::unix::fs::symlink("gone.so", &link).unwrap();
    check(
        link,
        Finding::DanglingLink { to: "gone.so".into() },
        "is a symbolic link to gone.so, which does not exist",
    );
    check(shop.write("noise.so", [0x80, 1, 2, 3, 4, 5]), Finding::Unrecognised, "is not a library");
    check(shop.write("archive.so", "!<arch>\n"), Finding::StaticLibrary, "is an archive for static linking");
    check(object, Finding::ObjectFile, "is an object file");
    check(std::env::current_exe().unwrap(), Finding::Executable, "is an executable program");
    check("/dev/null".into(), Finding::NotAFile, "is a pipe, a socket or a device");
    check(
        shop.write("short.so", b"\x7fELF"),
        Finding::Damaged { reason: "its header is of no known form".into() },
        "damaged",
    );
}

/// A linker script that is found by the bare name, as `libc.so` is.
#[test]
fn probing_goes_on_behind_a_linker_script() {
    let shop = Workshop::new();
    shop.write("libgroup.so", "GROUP ( libgroup.so.1 )");
    shop.build("libgroup.so.1", &answer(6), &[]);
    let options = ProbeOptions::default().directory(shop.path());
    assert_eq!(ask(&Library::open_with("group", &options).unwrap()), 6);
}

/// By bytes of the header of a 64-bit file; for 32-bit programs see `x86.rs`.
#[cfg(target_pointer_width = "64")]
#[test]
fn files_for_other_machines_and_systems() {
    let shop = Workshop::new();
    let sound = std::fs::read(shop.build("libsound.so", &answer(1), &[])).unwrap();
    let check = |bytes: &[(usize, u8)], words: &str| {
        let mut file = sound.clone();
        for (at, value) in bytes {
            file[*at] = *value;
        }
        let failure = refused(Library::open(shop.write("libother.so", file)));
        assert!(failure.to_string().contains(words), "{words:?} is not in {failure}");
        findings(&failure)[0].clone()
    };
    // Offsets of the ELF header: 4 is the class, 5 the byte order, 18 the machine.
    let other = if cfg!(target_arch = "aarch64") { (62, "x86-64") } else { (183, "AArch64") };
    let words = format!("is for the wrong architecture: {}, while this process is ", other.1);
    let found = check(&[(18, other.0)], &words);
    assert!(matches!(found, Finding::OtherMachine { .. }));
    if !cfg!(target_arch = "riscv64") {
        check(&[(18, 243)], "architecture: 64-bit RISC-V, while");
    }
    check(&[(4, 1), (18, 3)], "architecture: 32-bit x86, while");
    check(&[(5, 2), (18, 0), (19, 21)], "architecture: PowerPC64 (big-endian), while");

    let mach_o = shop.write(
        "mach.so",
        [
            0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1, 3, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0,
        ],
    );
    let failure = refused(Library::open(mach_o));
    assert!(failure.to_string().contains("is a macOS file (Mach-O) for x86-64"), "{failure}");

    // The DOS header, whose word at 60 leads to the PE header.
    let mut pe = vec![0_u8; 64 + 24 + 112];
    pe[..2].copy_from_slice(b"MZ");
    pe[60] = 64;
    pe[64..68].copy_from_slice(b"PE\0\0");
    pe[68..70].copy_from_slice(&0x8664_u16.to_le_bytes());
    pe[84] = 112;
    pe[88..90].copy_from_slice(&0x20b_u16.to_le_bytes());
    let failure = refused(Library::open(shop.write("windows.so", pe)));
    assert!(failure.to_string().contains("is a Windows file (PE) for x86-64"), "{failure}");
}

#[test]
fn a_missing_dependency_is_named() {
    let shop = Workshop::new();
    let dependency = shop.build("libpinvokedep.so", &answer(8), &[]);
    let user = "int answer(void); int use(void) { return answer(); }";
    let library = shop.build("libuser.so", user, &["-L.", "-lpinvokedep"]);
    let top = shop.build(
        "libtop.so",
        "int use(void); int top(void) { return use(); }",
        &["-L.", "-luser", "-Wl,-rpath-link,.", "-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags"],
    );

    // It stands beside the library, where the loader does not look.
    let failure = refused(Library::open(&library));
    let expected = Finding::MissingDependency {
        name: "libpinvokedep.so".into(),
        needed_by: None,
        elsewhere: Some(dependency.clone()),
    };
    assert_eq!(findings(&failure), [&expected], "{failure}");
    assert!(failure.advice[0].contains("LD_LIBRARY_PATH="), "{failure}");

    // It is gone, and needed at second hand: the RUNPATH of the top leads to the library, but no further.
    std::fs::remove_file(dependency).unwrap();
    let failure = refused(Library::open(top));
    let [Finding::MissingDependency { name, needed_by: Some(needed_by), elsewhere: None }] =
        findings(&failure)[..]
    else {
        panic!("{failure}")
    };
    assert_eq!(name, "libpinvokedep.so");
    assert_eq!(needed_by.file_name().unwrap(), "libuser.so");
    let text = failure.to_string();
    assert!(text.contains("needs libpinvokedep.so, which is not found"), "{text}");
}

#[test]
fn rpath_is_inherited_and_runpath_is_not() {
    let shop = Workshop::new();
    shop.build("sub/libinner.so", &answer(9), &[]);
    let middle = "int answer(void); int middle(void) { return answer(); }";
    shop.build("sub/libmiddle.so", middle, &["-Lsub", "-linner"]);
    let outer = "int middle(void); int answer(void); int outer(void) { return middle(); }";
    let link = ["-Lsub", "-lmiddle", "-Wl,-rpath-link,sub", "-Wl,-rpath,$ORIGIN/sub"];
    let old = shop.build("libold.so", outer, &[&link[..], &["-Wl,--disable-new-dtags"]].concat());
    let new = shop.build("libnew.so", outer, &[&link[..], &["-Wl,--enable-new-dtags"]].concat());
    // The system's loader is the judge: it refuses the one with the RUNPATH ...
    let failure = refused(Library::open(&new));
    assert!(
        matches!(findings(&failure)[..], [Finding::MissingDependency { name, .. }] if name == "libinner.so"),
        "{failure}"
    );
    // ... and accepts the other, in which nothing is found wrong either.
    assert_eq!(pinvoke::library::diagnose::examine(&old), []);
    Library::open(&old).unwrap();
}

/// A library with a `RUNPATH` of its own does not look where those that lead to it have their `RPATH`.
#[test]
fn runpath_shuts_out_inherited_rpath() {
    let shop = Workshop::new();
    shop.build("deep/libdeep.so", &answer(9), &[]);
    let middle = "int answer(void); int middle(void) { return answer(); }";
    let middle = |path: &str, arguments: &[&str]| {
        shop.build(path, middle, &[&["-Ldeep", "-ldeep"], arguments].concat());
    };
    middle("without/libway.so", &[]);
    middle("with/libway.so", &["-Wl,--enable-new-dtags", "-Wl,-rpath,/nonexistent"]);
    let top = |name: &str, directory: &str| {
        let (search, link) = (format!("-L{directory}"), format!("-Wl,-rpath-link,{directory}:deep"));
        let rpath = format!("-Wl,--disable-new-dtags,-rpath,$ORIGIN/{directory}:$ORIGIN/deep");
        let source = "int middle(void); int top(void) { return middle(); }";
        shop.build(name, source, &[&search, "-lway", &link, &rpath])
    };
    let (without, with) = (top("libtopwithout.so", "without"), top("libtopwith.so", "with"));
    // The system's loader is the judge.
    let failure = refused(Library::open(&with));
    let [Finding::MissingDependency { name, needed_by: Some(needed_by), .. }] = findings(&failure)[..] else {
        panic!("{failure}")
    };
    assert_eq!(name, "libdeep.so");
    assert!(needed_by.ends_with("with/libway.so"), "{failure}");
    assert_eq!(pinvoke::library::diagnose::examine(&without), []);
    Library::open(&without).unwrap();
}

#[test]
fn a_dependency_that_is_no_library() {
    let shop = Workshop::new();
    let dependency = shop.build("libspoilt.so", &answer(8), &[]);
    let user = "int answer(void); int use(void) { return answer(); }";
    let library = shop.build("libspoiltuser.so", user, &["-L.", "-lspoilt", "-Wl,-rpath,$ORIGIN"]);
    std::fs::write(&dependency, "gone").unwrap();
    let failure = refused(Library::open(&library));
    assert!(failure.to_string().contains("libspoilt.so, which is a text file"), "{failure}");
}

/// The file and its dependencies are sound, and it still cannot be loaded: the loader's words have to do.
#[test]
fn a_symbol_that_no_library_defines() {
    let shop = Workshop::new();
    let source = "int nowhere_defined(void); int use(void) { return nowhere_defined(); }";
    let file = shop.build("libundefined.so", source, &["-Wl,-z,now"]);
    let failure = refused(Library::open(&file));
    assert!(findings(&failure).is_empty(), "{failure}");
    assert!(failure.attempts[0].message.0.contains("undefined symbol: nowhere_defined"), "{failure}");
    assert!(failure.advice.iter().any(|advice| advice.contains("define the symbol")), "{failure}");
}

/// Run by the test below as another user.
#[test]
#[ignore = "run by no_permission"]
fn child_without_permission() {
    let failure = refused(Library::open(std::env::var_os("PINVOKE_TEST_FILE").unwrap()));
    assert_eq!(findings(&failure), [&Finding::NoPermission], "{failure}");
}

#[test]
fn no_permission() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let shop = Workshop::new();
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let file = shop.build("libclosed.so", &answer(1), &[]);
    open(&file, 0o000);
    if shop.path().metadata().unwrap().uid() != 0 {
        let failure = refused(Library::open(&file));
        assert_eq!(findings(&failure), [&Finding::NoPermission], "{failure}");
        return;
    }
    // The superuser may read everything, so another user looks at it, from a copy of this program in reach.
    open(shop.path(), 0o755);
    let program = shop.path().join("program");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    open(&program, 0o755);
    let output = Command::new(&program)
        .args(["--exact", "loading::child_without_permission", "--ignored"])
        .env("PINVOKE_TEST_FILE", &file)
        .current_dir(shop.path())
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn damaged_files_are_described_and_never_panic() {
    let shop = Workshop::new();
    let sound = std::fs::read(shop.build("libsound.so", &answer(1), &[])).unwrap();
    let look = |bytes: &[u8]| {
        let file = shop.write("libdamaged.so", bytes);
        let findings = pinvoke::library::diagnose::examine(&file);
        let exports = pinvoke::library::exports::read(&file);
        // A new file each time: some file systems wait for the disk when one is written over.
        std::fs::remove_file(&file).unwrap();
        (findings, exports)
    };
    assert_eq!(look(&sound).0, []);
    for length in (0..200).chain((200..sound.len()).step_by(197)) {
        let (findings, _) = look(&sound[..length]);
        // A file without its section headers still loads; one without its first segments does not.
        if length < 4096 {
            assert!(!findings.is_empty(), "{length} bytes");
        }
    }
    // Every byte of the header and of the program headers, then a sample of all others.
    for at in (0..0x240).chain((0x240..sound.len()).step_by(151)) {
        for flip in [0x01, 0xff] {
            let mut bytes = sound.clone();
            bytes[at] ^= flip;
            let _ = look(&bytes);
        }
    }
}

#[test]
fn what_would_kill_or_hang_the_process_is_not_loaded() {
    let shop = Workshop::new();
    let source = "int big[100000] = {1}; int *touch(void) { return big; }";
    let mut bytes = std::fs::read(shop.build("libwhole.so", source, &[])).unwrap();
    let length = u64::try_from(bytes.len() / 2).unwrap();
    bytes.truncate(bytes.len() / 2);
    let cut = shop.write("libcut.so", bytes);
    // The loader would map it and the process would die of SIGBUS.
    let failure = refused(Library::open(cut));
    let [Finding::CutShort { length: found, promised }] = findings(&failure)[..] else { panic!("{failure}") };
    assert!(*found == length && *promised > 400_000, "{failure}");

    // Opening a pipe waits for someone to write.
    let pipe = shop.path().join("libpipe.so");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let options = ProbeOptions::default().directory(shop.path());
    let failure = refused(Library::open_with("pipe", &options));
    assert_eq!(findings(&failure), [&Finding::NotAFile], "{failure}");
}

#[test]
fn libraries_and_errors_go_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Library>();
    check::<LoadError>();
    check::<pinvoke::entry_point::EntryPoint>();
    check::<pinvoke::entry_point::EntryPointError>();
}

#[test]
fn many_threads_open_the_same_library() {
    let shop = Workshop::new();
    let file = shop.build("libshared.so", &answer(16), &[]);
    let barrier = Barrier::new(16);
    let options = ProbeOptions::default().directory(shop.path());
    let open = |n: usize| {
        barrier.wait();
        for _ in 0..5 {
            for attempt in &refused(Library::open(format!("nosuch{n}"))).attempts {
                // Every thread reads its own message.
                assert!(attempt.message.0.contains(&format!("nosuch{n}")), "{}", attempt.message.0);
            }
            assert_eq!(ask(&Library::open_with("shared", &options).unwrap()), 16);
        }
        Library::open_with("shared", &options).unwrap().as_raw().addr()
    };
    let open = &open;
    let handles = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|n| scope.spawn(move || open(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let library = Library::open(file).unwrap();
    assert!(handles.iter().all(|handle| *handle == library.as_raw().addr()));
}

#[test]
fn closing_unloads_and_dropping_does_not() {
    let shop = Workshop::new();
    let mapped = |name: &str| std::fs::read_to_string("/proc/self/maps").unwrap().contains(name);
    let file = shop.build("libclosing.so", &answer(1), &[]);
    drop(Library::open(&file).unwrap());
    assert!(mapped("libclosing.so"));
    let library = Library::open(&file).unwrap();
    // SAFETY: nothing of the library is in use; both opens are given back.
    unsafe { library.close() }.unwrap();
    assert!(mapped("libclosing.so"), "the first open still counts");
    let library = Library::open(&file).unwrap();
    let raw = library.as_raw();
    // SAFETY: the handle is open and stays so until both are closed.
    let second = unsafe { Library::from_raw("the same", raw) }.unwrap();
    assert_eq!(second.path().unwrap(), file);
    assert_eq!(ask(&second), 1);
    // SAFETY: nothing of the library is in use.
    unsafe { second.close() }.unwrap();
    // SAFETY: nothing of the library is in use; this gives the first open back.
    unsafe { library.close() }.unwrap();
    assert!(!mapped("libclosing.so"));
    // SAFETY: a null handle is refused.
    assert!(unsafe { Library::from_raw("none", std::ptr::null_mut()) }.is_none());
}

#[test]
fn a_listing_loads_nothing() {
    let shop = Workshop::new();
    shop.build("liblisted.so", &answer(1), &[]);
    let options = ProbeOptions::default().directory(shop.path());
    let listed = list("listed", &options).unwrap();
    assert!(listed.steps.iter().all(|step| matches!(step.status, Status::NotTried)));
    assert!(!std::fs::read_to_string("/proc/self/maps").unwrap().contains("liblisted.so"));

    let explained = explain("listed", &options).unwrap();
    let same = |step: &pinvoke::library::Step| step.candidate.clone();
    assert_eq!(
        listed.steps.iter().map(same).collect::<Vec<_>>(),
        explained.steps.iter().map(same).collect::<Vec<_>>()
    );
    let statuses: Vec<_> = explained
        .steps
        .iter()
        .map(|step| match step.status {
            Status::Refused(_) => 'r',
            Status::Loaded(_) => 'l',
            Status::NotTried => '-',
        })
        .collect();
    // listed.so: three places; liblisted.so in the search directory.
    assert_eq!(statuses.iter().collect::<String>(), "rrrl--------");
    assert_eq!(explained.library.unwrap().path().unwrap(), shop.path().join("liblisted.so"));
    assert!(list("", &options).is_err());
    let nothing = explain("nosuch", &options).unwrap();
    assert!(nothing.library.is_none() && !nothing.advice.is_empty());
    assert!(
        nothing.to_string().contains("libnosuch.so: cannot open") || nothing.to_string().contains("help: ")
    );
}
