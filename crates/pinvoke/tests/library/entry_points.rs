//! Entry points and exports of real libraries.

use std::collections::BTreeSet;
use std::process::Command;

use crate::workshop::Workshop;
use pinvoke::entry_point::{
    CharSet, Decoration, EntryPointError, EntryPointOptions, InvalidEntryPointName, MissingEntryPoint, names,
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
    let check = |target, char_set, exact_spelling, decoration, expected: &[&str]| {
        let options = EntryPointOptions { char_set, exact_spelling, decoration };
        let found: Vec<String> =
            names("Name", target, &options).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{target} {options:?}");
    };
    let stdcall = |bytes| Some(Decoration::Stdcall { bytes });
    let windows = Target::X86_64_WINDOWS;
    check(windows, Ansi, false, None, &["Name", "NameA"]);
    check(windows, Unicode, false, None, &["NameW", "Name"]);
    check(windows, Auto, false, None, &["NameW", "Name"]);
    for char_set in [Ansi, Unicode, Auto] {
        check(windows, char_set, true, None, &["Name"]);
        check(Target::X86_WINDOWS, char_set, true, stdcall(8), &["Name", "_Name@8", "Name@8"]);
        for unix in [Target::X86_64_LINUX, Target::X86_LINUX, Target::AARCH64_MACOS] {
            check(unix, char_set, false, stdcall(8), &["Name"]);
            check(unix, char_set, true, None, &["Name"]);
        }
    }
    let x86 = Target::X86_WINDOWS;
    check(x86, Ansi, false, stdcall(0), &["Name", "_Name@0", "Name@0", "NameA", "_NameA@0", "NameA@0"]);
    let wide_first = ["NameW", "_NameW@12", "NameW@12", "Name", "_Name@12", "Name@12"];
    check(x86, Unicode, false, stdcall(12), &wide_first);
    check(x86, Ansi, true, Some(Decoration::fastcall(&[4, 8, 2])), &["Name", "@Name@16"]);
    // Only 32-bit x86 decorates.
    check(windows, Ansi, false, stdcall(8), &["Name", "NameA"]);
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
    assert_eq!(
        (of("variable@@V2").kind, of("variable@@V2").size),
        (ExportKind::Data, size_of::<core::ffi::c_long>() as u64)
    );
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

/// A file without section headers loads, but its exports cannot be listed; that is said and not passed over.
/// The header is that of a 64-bit file.
#[cfg(target_pointer_width = "64")]
#[test]
fn exports_without_section_headers() {
    let shop = Workshop::new();
    let file = shop.build("libsstrip.so", "int answer(void) { return 3; }", &[]);
    let mut bytes = std::fs::read(&file).unwrap();
    // e_shoff, e_shentsize, e_shnum, e_shstrndx.
    bytes[40..48].fill(0);
    bytes[58..64].fill(0);
    let library = Library::open(shop.write("libsstripped.so", bytes)).unwrap();
    library.entry_point("answer").unwrap();
    assert!(matches!(library.exports(), Err(ExportsError::NoSectionHeaders { .. })));
    // The help that the exports would have been is missing, not the error.
    assert_eq!(missing(&library, "answre").near_misses, Vec::<String>::new());
}

/// A Windows library written by hand after the PE format specification: two exports by name and one by ordinal.
#[test]
fn exports_of_a_windows_library() {
    let shop = Workshop::new();
    let found = exports::read(&shop.write("two.dll", windows_library())).unwrap();
    let found: Vec<_> =
        found.iter().map(|export| (export.name.as_str(), export.kind, export.address)).collect();
    assert_eq!(
        found,
        [
            ("Add", ExportKind::Function, 0x1000),
            ("Moved", ExportKind::Forwarded, 0),
            ("#7", ExportKind::Data, 0x2010),
        ]
    );
}

fn windows_library() -> Vec<u8> {
    let mut file = vec![0_u8; 0x600];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    let le32 = u32::to_le_bytes;
    put(0, b"MZ");
    put(0x3c, &le32(0x40));
    put(0x40, b"PE\0\0");
    // COFF header: machine, number of sections, size of the optional header, characteristics (a DLL).
    put(0x44, &0x8664_u16.to_le_bytes());
    put(0x46, &2_u16.to_le_bytes());
    put(0x54, &0xf0_u16.to_le_bytes());
    put(0x56, &0x2022_u16.to_le_bytes());
    // Optional header: PE32+, image base, alignments, sizes, number of data directories, the export directory.
    put(0x58, &0x20b_u16.to_le_bytes());
    put(0x58 + 24, &0x1_8000_0000_u64.to_le_bytes());
    put(0x58 + 32, &le32(0x1000));
    put(0x58 + 36, &le32(0x200));
    put(0x58 + 56, &le32(0x3000));
    put(0x58 + 60, &le32(0x200));
    put(0x58 + 108, &le32(16));
    put(0x58 + 112, &le32(0x2100));
    put(0x58 + 116, &le32(0x100));
    // Sections: name, virtual size and address, file size and offset, characteristics.
    for (at, name, address, offset, flags) in
        [(0x148, b".text", 0x1000, 0x200, 0x6000_0020), (0x170, b".data", 0x2000, 0x400, 0xc000_0040_u32)]
    {
        put(at, name);
        put(at + 8, &le32(0x200));
        put(at + 12, &le32(address));
        put(at + 16, &le32(0x200));
        put(at + 20, &le32(offset));
        put(at + 36, &le32(flags));
    }
    // The export directory, at address 0x2100, which is offset 0x500: ordinals from 5, three functions, two names.
    put(0x500 + 16, &le32(5));
    put(0x500 + 20, &le32(3));
    put(0x500 + 24, &le32(2));
    put(0x500 + 28, &le32(0x2130));
    put(0x500 + 32, &le32(0x2140));
    put(0x500 + 36, &le32(0x2150));
    // Functions 5, 6 and 7; a function inside the directory is the name of another library's.
    put(0x530, &[le32(0x1000), le32(0x2170), le32(0x2010)].concat());
    put(0x540, &[le32(0x2160), le32(0x2164)].concat());
    put(0x550, &[0, 0, 1, 0]);
    put(0x560, b"Add\0Moved\0");
    put(0x570, b"OTHER.Moved\0");
    file
}

/// clang writes Mach-O objects on every system.
#[test]
fn exports_of_a_macos_file_and_of_a_universal_one() {
    let shop = Workshop::new();
    let source = "int function(void) { return 1; } int variable = 3; static int own(void) { return 1; }
                  int (*pointer)(void) = own; __attribute__((weak)) int yielding(void) { return 2; }";
    let code = shop.write("mac.c", source);
    let clang =
        ["clang", "clang-14"].into_iter().find(|clang| Command::new(clang).arg("--version").output().is_ok());
    let Some(clang) = clang else { return };
    let build = |target: &str| {
        let object = shop.path().join(format!("{target}.o"));
        let output =
            Command::new(clang).args(["-c", "-target", target, "-o"]).arg(&object).arg(&code).output();
        assert!(output.unwrap().status.success());
        object
    };
    let object = build("x86_64-apple-darwin");
    let exports = exports::read(&object).unwrap();
    let kind = |name: &str| {
        exports.iter().find(|export| export.name == name).map(|export| (export.kind, export.weak))
    };
    assert_eq!(kind("function"), Some((ExportKind::Function, false)));
    assert_eq!(kind("variable"), Some((ExportKind::Data, false)));
    assert_eq!(kind("yielding"), Some((ExportKind::Function, true)));
    assert_eq!(kind("own"), None);

    // A universal file: a big-endian header, then (type, subtype, offset, size, alignment) for each part.
    let parts = [(0x0100_000c_u32, build("arm64-apple-darwin")), (0x0100_0007, object)];
    let mut header = [0xcafe_babe_u32.to_be_bytes(), 2_u32.to_be_bytes()].concat();
    let mut body = Vec::new();
    for (kind, object) in parts {
        let bytes = std::fs::read(object).unwrap();
        let offset = 4096 + body.len();
        let length = bytes.len();
        body.extend(bytes);
        body.resize(body.len().next_multiple_of(4096), 0);
        let words = [kind, 0, u32::try_from(offset).unwrap(), u32::try_from(length).unwrap(), 12];
        header.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    }
    header.resize(4096, 0);
    header.extend(body);
    let universal = exports::read(&shop.write("universal.dylib", header)).unwrap();
    assert!(universal.iter().any(|export| export.name == "function"));
    if cfg!(target_arch = "x86_64") {
        assert_eq!(universal, exports);
    }
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
