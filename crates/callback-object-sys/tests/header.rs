//! The C header: it says what the Rust declarations say, and C and C++ compilers accept it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "header/generate.rs"]
mod generate;

use std::path::{Path, PathBuf};
use std::process::Command;

fn crate_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn generated() -> String {
    generate::header(&[
        include_str!("../src/types.rs"),
        include_str!("../src/constants.rs"),
        include_str!("../src/functions.rs"),
        include_str!("../src/extensions.rs"),
        include_str!("../src/table.rs"),
    ])
}

#[test]
fn the_header_is_current() {
    let path = crate_file("include/callback_object.h");
    let now = generated();
    if std::env::var_os("PINVOKE_BLESS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == now, "{} is out of date: run `cargo xtask bless`", path.display());
}

/// Compiles text as a file of its own, with the header's folder to include from.
fn compile(compiler: &str, extension: &str, flags: &[&str], text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join(format!("source.{extension}"));
    std::fs::write(&source, text).unwrap();
    let output = Command::new(compiler)
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"])
        .args(flags)
        .arg("-I")
        .arg(crate_file("include"))
        .arg("-I")
        .arg(crate_file("include/wdk"))
        .arg(&source)
        .output()
        .unwrap_or_else(|error| panic!("{compiler} does not start: {error}"));
    assert!(
        output.status.success(),
        "{compiler} {flags:?} refuses the header:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn compilers_accept_the_header() {
    let include = "#include <callback_object.h>\n";
    for (compiler, extension, standard) in [
        ("gcc", "c", "-std=c99"),
        ("gcc", "c", "-std=c11"),
        ("clang", "c", "-std=c99"),
        ("g++", "cpp", "-std=c++17"),
        ("clang++", "cpp", "-std=c++17"),
    ] {
        compile(compiler, extension, &[standard], include);
        compile(compiler, extension, &[standard, "-fshort-wchar"], include);
    }
}

/// What a driver written for the documented platform says, and nothing else.
const DOCUMENTED: &str = include_str!("header/documented_driver.c");

#[test]
fn a_driver_with_documented_names_only_compiles_unchanged() {
    for standard in ["-std=c99", "-std=c17"] {
        compile("gcc", "c", &[standard, "-fshort-wchar"], DOCUMENTED);
        compile("clang", "c", &[standard, "-fshort-wchar"], DOCUMENTED);
    }
    for compiler in ["g++", "clang++"] {
        compile(compiler, "cpp", &["-std=c++17", "-fshort-wchar"], DOCUMENTED);
    }
}

/// Also the line that it begins with, and the annotations of its time.
#[test]
fn a_driver_includes_the_headers_of_the_documented_platform() {
    let old = "static VOID NTAPI Old(IN PVOID Context, IN OUT PVOID A, OUT PVOID B OPTIONAL)
        { (void)Context, (void)A, (void)B; }
        PCALLBACK_FUNCTION Routine = Old;";
    for header in ["ntddk.h", "wdm.h", "ntifs.h"] {
        let include = format!("#include <{header}>");
        let driver = DOCUMENTED.replace("#include <callback_object.h>", &include);
        assert!(driver.contains(&include));
        compile("gcc", "c", &["-std=c99", "-fshort-wchar"], &format!("{driver}{old}"));
        compile("clang++", "cpp", &["-std=c++17", "-fshort-wchar"], &driver);
    }
}

/// Sizes and offsets on the documented platform, from its documentation: members in their order, each aligned to its
/// size.
#[test]
fn structures_are_laid_out_as_on_the_documented_platform() {
    if cfg!(any(target_arch = "x86", target_arch = "x86_64")) {
        compile("gcc", "c", &["-std=c11", "-m64"], &format!("{DEFINITIONS}{LAYOUT_64}"));
        compile("gcc", "c", &["-std=c11", "-m32"], &format!("{DEFINITIONS}{LAYOUT_32}"));
    } else {
        let layout = if cfg!(target_pointer_width = "64") { LAYOUT_64 } else { LAYOUT_32 };
        compile("gcc", "c", &["-std=c11"], &format!("{DEFINITIONS}{layout}"));
    }
}

const DEFINITIONS: &str = r#"#include <callback_object.h>
#define AT(type, member, offset) _Static_assert(offsetof(type, member) == offset, #type "." #member)
#define SIZE(type, size) _Static_assert(sizeof(type) == size, #type)
int main(void) { return 0; }
SIZE(WCHAR, 2); SIZE(LONG, 4); SIZE(ULONG, 4); SIZE(BOOLEAN, 1); SIZE(KIRQL, 1); SIZE(NTSTATUS, 4);
SIZE(KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT, 16); AT(KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT, Status, 8);
AT(KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT, ProcNumber, 12);
"#;

const LAYOUT_64: &str = r"
SIZE(UNICODE_STRING, 16); AT(UNICODE_STRING, MaximumLength, 2); AT(UNICODE_STRING, Buffer, 8);
SIZE(OBJECT_ATTRIBUTES, 48); AT(OBJECT_ATTRIBUTES, RootDirectory, 8); AT(OBJECT_ATTRIBUTES, ObjectName, 16);
AT(OBJECT_ATTRIBUTES, Attributes, 24); AT(OBJECT_ATTRIBUTES, SecurityDescriptor, 32);
AT(OBJECT_ATTRIBUTES, SecurityQualityOfService, 40);
SIZE(DRIVER_OBJECT, 336); AT(DRIVER_OBJECT, DeviceObject, 8); AT(DRIVER_OBJECT, DriverStart, 24);
AT(DRIVER_OBJECT, DriverSize, 32); AT(DRIVER_OBJECT, DriverName, 56); AT(DRIVER_OBJECT, DriverInit, 88);
AT(DRIVER_OBJECT, DriverUnload, 104); AT(DRIVER_OBJECT, MajorFunction, 112);
";

const LAYOUT_32: &str = r"
SIZE(UNICODE_STRING, 8); AT(UNICODE_STRING, MaximumLength, 2); AT(UNICODE_STRING, Buffer, 4);
SIZE(OBJECT_ATTRIBUTES, 24); AT(OBJECT_ATTRIBUTES, RootDirectory, 4); AT(OBJECT_ATTRIBUTES, ObjectName, 8);
AT(OBJECT_ATTRIBUTES, Attributes, 12); AT(OBJECT_ATTRIBUTES, SecurityDescriptor, 16);
AT(OBJECT_ATTRIBUTES, SecurityQualityOfService, 20);
SIZE(DRIVER_OBJECT, 168); AT(DRIVER_OBJECT, DeviceObject, 4); AT(DRIVER_OBJECT, DriverStart, 12);
AT(DRIVER_OBJECT, DriverSize, 16); AT(DRIVER_OBJECT, DriverName, 28); AT(DRIVER_OBJECT, DriverInit, 44);
AT(DRIVER_OBJECT, DriverUnload, 52); AT(DRIVER_OBJECT, MajorFunction, 56);
";
