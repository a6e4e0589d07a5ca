//! Entry points and exports of real libraries.

use std::collections::BTreeSet;
use std::process::Command;

use crate::workshop::Workshop;
use pinvoke::entry_point::{
    CharSet, EntryPointError, EntryPointOptions, InvalidEntryPointName, MissingEntryPoint, names,
};
use pinvoke::library::Library;
use pinvoke::library::exports::{self, ExportKind, ExportsError};
use pinvoke_abi::target::Target;

#[track_caller]
fn missing(library: &Library, name: &str) -> MissingEntryPoint {
    match library.entry_point(name).unwrap_err() {
        EntryPointError::NotFound(missing) => *missing,
        other => panic!("{other}"),
    }
}

/// The table of .NET's rules (`NDirectMethodDesc::FindEntryPoint`), for each system.
#[test]
fn names_to_try() {
    use CharSet::{Ansi, Auto, Unicode};
    let check = |target, char_set, exact_spelling, stdcall_bytes, expected: &[&str]| {
        let options = EntryPointOptions { char_set, exact_spelling, stdcall_bytes };
        let found: Vec<String> =
            names("Name", target, &options).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{target} {options:?}");
    };
    let windows = Target::X86_64_WINDOWS;
    check(windows, Ansi, false, None, &["Name", "NameA"]);
    check(windows, Unicode, false, None, &["NameW", "Name"]);
    check(windows, Auto, false, None, &["NameW", "Name"]);
    for char_set in [Ansi, Unicode, Auto] {
        check(windows, char_set, true, None, &["Name"]);
        check(Target::X86_WINDOWS, char_set, true, Some(8), &["Name", "_Name@8"]);
        for unix in [Target::X86_64_LINUX, Target::X86_LINUX, Target::AARCH64_MACOS] {
            check(unix, char_set, false, Some(8), &["Name"]);
            check(unix, char_set, true, None, &["Name"]);
        }
    }
    check(Target::X86_WINDOWS, Ansi, false, Some(0), &["Name", "_Name@0", "NameA", "_NameA@0"]);
    check(Target::X86_WINDOWS, Unicode, false, Some(12), &["NameW", "_NameW@12", "Name", "_Name@12"]);
    // Only 32-bit x86 decorates.
    check(windows, Ansi, false, Some(8), &["Name", "NameA"]);
}

#[test]
fn ordinals_belong_to_windows() {
    let options = EntryPointOptions::default();
    let on = |target, name: &str| {
        names(name, target, &options).map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(on(Target::X86_64_WINDOWS, "#1").unwrap(), ["#1"]);
    assert_eq!(on(Target::X86_64_WINDOWS, "#65535").unwrap(), ["#65535"]);
    for wrong in ["#", "#0", "#65536", "#x", "#-1", "#1x"] {
        let error = on(Target::X86_64_WINDOWS, wrong).unwrap_err();
        assert_eq!(error, InvalidEntryPointName::Ordinal { name: wrong.to_owned() });
        assert_eq!(on(Target::X86_64_LINUX, wrong).unwrap(), [wrong]);
    }
    let text = missing(&Library::open("libc").unwrap(), "#12").to_string();
    assert!(text.contains("only Windows numbers its exports"), "{text}");
}

#[test]
fn names_that_are_none() {
    let library = Library::open("libc").unwrap();
    for (name, expected) in [
        ("", InvalidEntryPointName::Empty),
        ("get\0pid", InvalidEntryPointName::Nul { name: "get\0pid".to_owned(), offset: 3 }),
    ] {
        match library.entry_point(name) {
            Err(EntryPointError::InvalidName { source, .. }) => assert_eq!(source, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn code_and_data() {
    let shop = Workshop::new();
    let source = "int number = 42; int twice(int x) { return 2 * x; }";
    let library = Library::open(shop.build("libboth.so", source, &[])).unwrap();
    let number = library.entry_point("number").unwrap();
    // SAFETY: `number` is an int of a library that stays loaded.
    assert_eq!(unsafe { number.data().cast::<i32>().read() }, 42);
    let twice = library.entry_point("twice").unwrap();
    assert_eq!((twice.name(), twice.library().name()), ("twice", library.name()));
    assert_eq!(twice.code().as_ptr(), twice.data());
    // SAFETY: `twice` is `int twice(int)`.
    let function = unsafe {
        std::mem::transmute::<*const std::ffi::c_void, extern "C" fn(i32) -> i32>(twice.code().as_ptr())
    };
    assert_eq!(function(21), 42);
    assert_eq!(number.export().unwrap().unwrap().kind, ExportKind::Data);
    let export = twice.export().unwrap().unwrap();
    assert_eq!(export.kind, ExportKind::Function);
    let address = library.load_bias().unwrap() + usize::try_from(export.address).unwrap();
    assert_eq!(twice.code().addr(), address);
}

#[test]
fn a_symbol_whose_address_is_null() {
    let shop = Workshop::new();
    let library = shop.build("libnull.so", "", &["-Wl,--defsym=nothing=0"]);
    let library = Library::open(library).unwrap();
    match library.entry_point("nothing") {
        Err(error @ EntryPointError::Null { .. }) => {
            assert!(error.to_string().contains("\"nothing\""), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_entry_point_is_explained() {
    let shop = Workshop::new();
    let source = "int frobnicate(int x) { return x; } int frobnicate_v2(int x) { return x; }
                  static int keep(int x) { return x + 1; } int (*keeper)(int) = keep;
                  __attribute__((visibility(\"hidden\"))) int hidden_data = 3;
                  int _Z5plainii(int a, int b) { return a + b; }";
    let file = shop.build("libfrob.so", source, &[]);
    let library = Library::open(&file).unwrap();

    let error = missing(&library, "frobincate");
    assert_eq!(error.near_misses[0], "frobnicate");
    let text = error.to_string();
    assert!(text.contains(file.to_str().unwrap()) && text.contains("did you mean frobnicate"), "{text}");
    assert!(error.message.0.contains("undefined symbol: frobincate"), "{:?}", error.message);

    assert_eq!(missing(&library, "Frobnicate").near_misses, ["frobnicate", "frobnicate_v2"]);
    assert_eq!(missing(&library, "keep").private, Some(ExportKind::Function));
    assert_eq!(missing(&library, "hidden_data").private, Some(ExportKind::Data));
    let text = missing(&library, "plain").to_string();
    assert!(text.contains("_Z5plainii") && text.contains("C++"), "{text}");
}

#[test]
fn another_library_has_it() {
    let z = Library::open("libz.so.1").unwrap();
    // libz needs libc, so a lookup in it finds this; a library that needs nothing does not.
    z.entry_point("getpid").unwrap();
    let shop = Workshop::new();
    let alone = Library::open(shop.build("libalone.so", "", &["-nostdlib"])).unwrap();
    let error = missing(&alone, "getpid");
    let elsewhere = error.elsewhere.as_ref().unwrap();
    assert!(elsewhere.to_str().unwrap().contains("libc.so.6"), "{error}");
}

/// `nm` is the judge.
#[test]
fn exports_are_those_that_nm_lists() {
    for name in ["libc.so.6", "libz.so.1", "libm.so.6"] {
        let library = Library::open(name).unwrap();
        let output = Command::new("nm")
            .args(["--dynamic", "--defined-only", "--format=posix"])
            .arg(library.path().unwrap())
            .output()
            .unwrap();
        assert!(output.status.success());
        let listing = String::from_utf8(output.stdout).unwrap();
        let expected: BTreeSet<String> = listing
            .lines()
            .filter_map(|line| {
                let mut words = line.split(' ');
                let (symbol, kind) = (words.next()?, words.next()?);
                // Versions are listed as absolute symbols.
                (kind != "A").then(|| symbol.to_owned())
            })
            .collect();
        let found: BTreeSet<String> = library.exports().unwrap().iter().map(ToString::to_string).collect();
        assert!(expected.len() > 50, "{name}");
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn exports_of_every_kind() {
    let shop = Workshop::new();
    let source = "
        int function(void) { return 1; }
        long variable = 2;
        __thread int own = 3;
        static int one(void) { return 1; }
        static int (*choose(void))(void) { return one; }
        int chosen(void) __attribute__((ifunc(\"choose\")));
        __attribute__((weak)) int yielding(void) { return 4; }
        __attribute__((visibility(\"protected\"))) int protected_one(void) { return 5; }
        __attribute__((visibility(\"hidden\"))) int hidden_one(void) { return 6; }
        static int unused __attribute__((used));
        int elsewhere(void); int (*pointer)(void) = elsewhere;
        int old(void) { return 7; } int current(void) { return 8; }
        __asm__(\".symver old,versioned@V1\"); __asm__(\".symver current,versioned@@V2\");";
    shop.write("versions", "V1 { }; V2 { global: *; } V1;");
    let file = shop.build("libkinds.so", source, &["-Wl,--version-script=versions"]);
    let exports = exports::read(&file).unwrap();
    let of = |shown: &str| {
        let export = exports.iter().find(|export| export.to_string() == shown);
        export.unwrap_or_else(|| panic!("{shown} is not among {exports:#?}"))
    };
    assert_eq!(of("function@@V2").kind, ExportKind::Function);
    assert_eq!((of("variable@@V2").kind, of("variable@@V2").size), (ExportKind::Data, 8));
    assert_eq!(of("own@@V2").kind, ExportKind::ThreadLocal);
    assert_eq!(of("chosen@@V2").kind, ExportKind::IndirectFunction);
    assert!(of("yielding@@V2").weak && !of("function@@V2").weak);
    of("protected_one@@V2");
    assert_ne!(of("versioned@V1").address, of("versioned@@V2").address);
    for absent in ["hidden_one", "unused", "elsewhere", "V1", "V2"] {
        assert!(exports.iter().all(|export| export.name != absent), "{absent}");
    }
    let library = Library::open(std::env::current_exe().unwrap().with_file_name("nothing"));
    assert!(library.is_err());
}

#[test]
fn files_without_exports() {
    let shop = Workshop::new();
    let text = shop.write("text.so", "hello");
    assert!(matches!(exports::read(&text), Err(ExportsError::NotALibrary { .. })));
    assert!(matches!(exports::read(shop.path()), Err(ExportsError::NotALibrary { .. })));
    let gone = exports::read(&shop.path().join("gone.so")).unwrap_err();
    assert!(matches!(gone, ExportsError::Unreadable { .. }));
    assert!(std::error::Error::source(&gone).is_some());
    let bare = shop.build("libbare.so", "", &["-nostdlib"]);
    assert_eq!(exports::read(&bare).unwrap(), []);
}
