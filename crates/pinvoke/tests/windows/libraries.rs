//! Libraries and entry points: names, numbers, and every refusal.

use std::fs;

use pinvoke::entry_point::{CharSet, EntryPointOptions};
use pinvoke::library::diagnose::Finding;
use pinvoke::library::exports::ExportKind;
use pinvoke::library::probe::{ProbeOptions, SearchPath, SearchPlaces};
use pinvoke::library::{Library, LoadError};

use super::fixtures;

fn text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}\n{error}");
        source = error.source();
    }
    text
}

fn refusal(file: &str, content: &[u8]) -> (LoadError, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::write(&path, content).unwrap();
    let error = Library::open(&path).unwrap_err();
    let text = text(&error);
    (error, text)
}

fn only_finding(error: &LoadError) -> &Finding {
    match error.attempts()[0].findings.as_slice() {
        [finding] => finding,
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_are_probed_by_the_rules_of_windows() {
    for name in ["kernel32", "kernel32.dll", "KERNEL32.DLL"] {
        let library = Library::open(name).unwrap();
        let path = library.path().unwrap().to_string_lossy().to_lowercase();
        assert!(path.ends_with("\\kernel32.dll"), "{path}");
        assert_eq!(library.load_bias(), Some(library.as_raw().addr()));
    }
    let system = SearchPath::Only(SearchPlaces { system32: true, ..SearchPlaces::default() });
    assert!(Library::open_with("version", &ProbeOptions::default().search(system)).is_ok());
    // A library of ours is not in System32, but it is in the directory that the options name.
    let mine = ProbeOptions::default().directory(fixtures());
    assert!(Library::open_with("numbered", &mine.clone()).is_ok());
    let error = Library::open_with("numbered2", &mine.search(system)).unwrap_err();
    assert!(text(&error).contains("error 126"), "{error}");
}

#[test]
fn text_functions_come_in_two_spellings() {
    let kernel = Library::open("kernel32").unwrap();
    let find = |name: &str, char_set, exact_spelling| {
        let options = EntryPointOptions { char_set, exact_spelling, decoration: None };
        kernel.entry_point_with(name, &options).map(|entry| entry.name().to_owned())
    };
    assert_eq!(find("GetModuleFileName", CharSet::Unicode, false).unwrap(), "GetModuleFileNameW");
    assert_eq!(find("GetModuleFileName", CharSet::Auto, false).unwrap(), "GetModuleFileNameW");
    assert_eq!(find("GetModuleFileName", CharSet::Ansi, false).unwrap(), "GetModuleFileNameA");
    assert_eq!(find("GetTickCount", CharSet::Unicode, false).unwrap(), "GetTickCount");
    let error = find("GetModuleFileName", CharSet::Unicode, true).unwrap_err();
    assert!(error.to_string().contains("did you mean GetModuleFileNameA, GetModuleFileNameW"), "{error}");
    let error = find("NoSuchFunction", CharSet::Unicode, false).unwrap_err();
    assert!(error.to_string().contains("tried NoSuchFunctionW, NoSuchFunction"), "{error}");
    assert!(text(&error).contains("error 127"), "{}", text(&error));
}

#[test]
fn exports_have_numbers() {
    let numbered = Library::load_exact(fixtures().join("numbered.dll")).unwrap();
    let by_number = numbered.entry_point("#7").unwrap();
    assert_eq!(by_number.name(), "#7");
    let function: extern "C" fn() -> i32 = unsafe { std::mem::transmute(by_number.code().as_ptr()) };
    assert_eq!(function(), 77);
    assert!(numbered.exports().unwrap().iter().any(|e| e.name == "#7" && e.kind == ExportKind::Function));
    let error = numbered.entry_point("#8").unwrap_err();
    assert!(error.to_string().contains("has no entry point \"#8\""), "{error}");
    assert!(text(&error).contains("error 127") || text(&error).contains("error 182"), "{}", text(&error));
    let error = text(&numbered.entry_point("#70000").unwrap_err());
    assert!(error.contains("a number from 1 to 65535 is expected after #"), "{error}");
}

#[test]
fn forwarders_lead_to_the_other_library() {
    let path = fixtures().join("numbered.dll");
    let numbered = Library::load_exact(path).unwrap();
    let forwarded = numbered.exports().unwrap().into_iter().find(|e| e.name == "Ticks").unwrap();
    assert_eq!(forwarded.kind, ExportKind::Forwarded);
    let ticks = numbered.entry_point("Ticks").unwrap();
    let original = Library::open("kernel32").unwrap().entry_point("GetTickCount").unwrap();
    assert_eq!(ticks.code(), original.code());
}

#[test]
fn the_program_has_what_its_libraries_have() {
    let own = Library::main_program().unwrap();
    let found = own.entry_point("GetTickCount").unwrap();
    assert_eq!(found.code(), Library::open("kernel32").unwrap().entry_point("GetTickCount").unwrap().code());
    assert!(own.path().unwrap().to_string_lossy().ends_with(".exe"));
}

#[test]
fn a_library_for_another_machine_is_named_as_such() {
    let ((other, bits), own) = match cfg!(target_pointer_width = "64") {
        true => (("32-bit x86", 32), "x86-64"),
        false => (("x86-64", 64), "32-bit x86"),
    };
    let (error, text) = refusal("other.dll", &fs::read(fixtures().join("other.dll")).unwrap());
    assert!(
        matches!(only_finding(&error), Finding::OtherMachine { file, .. } if u32::from(file.bits) == bits),
        "{error:?}"
    );
    let expected = format!("is for the wrong architecture: {other}, while this process is {own}");
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn a_file_of_another_system_is_named_as_such() {
    let mut elf = b"\x7FELF\x02\x01\x01".to_vec();
    elf.resize(16, 0);
    elf.extend([3, 0, 62, 0, 1, 0, 0, 0]);
    elf.resize(52, 0);
    elf.extend([64, 0, 56, 0, 0, 0, 64, 0, 0, 0, 0, 0]);
    let (error, text) = refusal("libz.so.1", &elf);
    assert!(matches!(only_finding(&error), Finding::Foreign { format: "an ELF file", .. }), "{error:?}");
    assert!(text.contains("is an ELF file for x86-64, which this system cannot load"), "{text}");
    assert!(text.contains("use the build of the library for this system"), "{text}");
}

#[test]
fn files_that_are_no_libraries_are_named_as_such() {
    let (error, _) = refusal("text.dll", b"echo hello\r\n");
    assert!(matches!(only_finding(&error), Finding::Text { .. }), "{error:?}");
    let (error, _) = refusal("empty.dll", b"");
    assert_eq!(only_finding(&error), &Finding::Empty);
    let whole = fs::read(fixtures().join("numbered.dll")).unwrap();
    let (error, _) = refusal("cut.dll", &whole[..0x90]);
    assert!(matches!(only_finding(&error), Finding::Damaged { .. }), "{error:?}");
}

#[test]
fn a_missing_dependency_is_named() {
    let path = fixtures().join("needs.dll");
    let error = Library::open(&path).unwrap_err();
    let Finding::MissingDependency { name, needed_by: None, .. } = only_finding(&error) else {
        panic!("{error:?}");
    };
    assert_eq!(name, "absent.dll");
    let text = text(&error);
    assert!(text.contains("needs absent.dll, which is not found"), "{text}");
    assert!(text.contains("install the library that provides absent.dll"), "{text}");
}

#[test]
fn a_missing_dependency_of_a_dependency_is_named() {
    let error = Library::open(fixtures().join("outer.dll")).unwrap_err();
    let Finding::MissingDependency { name, needed_by: Some(between), .. } = only_finding(&error) else {
        panic!("{error:?}");
    };
    assert_eq!(name, "absent.dll");
    assert!(between.to_string_lossy().ends_with("needs.dll"), "{between:?}");
    assert!(text(&error).contains("install the library that provides absent.dll"), "{error}");
}

#[test]
fn what_is_not_there_lists_every_attempt() {
    let error = Library::open("no-such-library").unwrap_err();
    let files: Vec<_> =
        error.attempts().iter().map(|a| a.candidate.file.to_string_lossy().into_owned()).collect();
    assert!(
        files.contains(&"no-such-library".to_owned()) && files.contains(&"no-such-library.dll".to_owned())
    );
    assert!(text(&error).contains("error 126"), "{error}");
}
