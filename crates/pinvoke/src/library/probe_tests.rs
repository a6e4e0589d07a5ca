//! Tables of names and what must be tried for them. The expected lists are worked out from the rules of .NET's
//! `DetermineLibNameVariations` and `LoadNativeLibraryBySearch`.

use super::*;

fn files(name: &str, os: Os, program: Option<&str>, options: &ProbeOptions) -> Vec<String> {
    candidates(name.as_ref(), os, program.map(Path::new), options)
        .into_iter()
        .map(|candidate| candidate.file.into_string().unwrap())
        .collect()
}

#[track_caller]
fn check(os: Os, table: &[(&str, &[&str])]) {
    for (name, expected) in table {
        let found = files(name, os, None, &ProbeOptions::default());
        assert_eq!(found, *expected, "{name} on {os:?}");
    }
}

#[test]
fn names_on_linux() {
    check(
        Os::Linux,
        &[
            ("z", &["z.so", "libz.so", "z", "libz"]),
            ("libz", &["libz.so", "liblibz.so", "libz", "liblibz"]),
            ("libz.so", &["libz.so", "liblibz.so", "libz.so.so", "liblibz.so.so"]),
            ("libz.so.1", &["libz.so.1", "liblibz.so.1", "libz.so.1.so", "liblibz.so.1.so"]),
            (
                "libicuuc.so.57",
                &["libicuuc.so.57", "liblibicuuc.so.57", "libicuuc.so.57.so", "liblibicuuc.so.57.so"],
            ),
            // Only the first occurrence of the suffix decides.
            ("foo.sofa.so", &["foo.sofa.so.so", "libfoo.sofa.so.so", "foo.sofa.so", "libfoo.sofa.so"]),
            ("foo.sofa", &["foo.sofa.so", "libfoo.sofa.so", "foo.sofa", "libfoo.sofa"]),
            ("foo.so.sofa", &["foo.so.sofa", "libfoo.so.sofa", "foo.so.sofa.so", "libfoo.so.sofa.so"]),
            (".so", &[".so", "lib.so", ".so.so", "lib.so.so"]),
            // A suffix in another case is no suffix.
            ("foo.SO", &["foo.SO.so", "libfoo.SO.so", "foo.SO", "libfoo.SO"]),
            // A dot is not an extension.
            (
                "System.Native",
                &["System.Native.so", "libSystem.Native.so", "System.Native", "libSystem.Native"],
            ),
            ("foo.dll", &["foo.dll.so", "libfoo.dll.so", "foo.dll", "libfoo.dll"]),
            ("foo.dylib", &["foo.dylib.so", "libfoo.dylib.so", "foo.dylib", "libfoo.dylib"]),
            // A name with a directory gets no prefix.
            ("sub/foo", &["sub/foo.so", "sub/foo"]),
            ("sub/foo.so", &["sub/foo.so", "sub/foo.so.so"]),
            ("./foo.so.2", &["./foo.so.2", "./foo.so.2.so"]),
            (r"sub\foo", &["sub/foo.so", "sub/foo"]),
            (r"..\sub\foo.so", &["../sub/foo.so", "../sub/foo.so.so"]),
            // The suffix is looked for in the whole name, the directory included.
            ("a.so/foo", &["a.so/foo.so", "a.so/foo"]),
            ("a.so.d/foo", &["a.so.d/foo", "a.so.d/foo.so"]),
            // An absolute path is exact.
            ("/opt/x/foo", &["/opt/x/foo"]),
            (r"\opt\x\foo", &["/opt/x/foo"]),
            ("/opt/x/libfoo.so", &["/opt/x/libfoo.so"]),
            // The bare name `libc`, and nothing else, is the C library.
            ("libc", &["libc.so", "liblibc.so", "libc.so.6", "liblibc"]),
            ("c", &["c.so", "libc.so", "c", "libc.so.6"]),
            ("libc.so", &["libc.so", "liblibc.so", "libc.so.so", "liblibc.so.so"]),
            ("libc.so.6", &["libc.so.6", "liblibc.so.6", "libc.so.6.so", "liblibc.so.6.so"]),
            ("__Internal", &["__Internal"]),
            // Characters outside ASCII pass through.
            ("größe", &["größe.so", "libgröße.so", "größe", "libgröße"]),
        ],
    );
}

#[test]
fn names_on_macos() {
    check(
        Os::MacOs,
        &[
            ("z", &["z.dylib", "libz.dylib", "z", "libz"]),
            ("libz.dylib", &["libz.dylib", "liblibz.dylib", "libz.dylib.dylib", "liblibz.dylib.dylib"]),
            (
                "libz.1.dylib",
                &["libz.1.dylib", "liblibz.1.dylib", "libz.1.dylib.dylib", "liblibz.1.dylib.dylib"],
            ),
            ("foo.so", &["foo.so.dylib", "libfoo.so.dylib", "foo.so", "libfoo.so"]),
            ("foo.dylibs", &["foo.dylibs.dylib", "libfoo.dylibs.dylib", "foo.dylibs", "libfoo.dylibs"]),
            ("sub/foo", &["sub/foo.dylib", "sub/foo"]),
            ("/usr/lib/libSystem.dylib", &["/usr/lib/libSystem.dylib"]),
            ("libc", &["libc.dylib", "liblibc.dylib", "/usr/lib/libc.dylib", "liblibc"]),
        ],
    );
}

#[test]
fn names_on_windows() {
    for os in [Os::WindowsMsvc, Os::WindowsGnu] {
        check(
            os,
            &[
                ("user32", &["user32", "user32.dll"]),
                ("user32.dll", &["user32.dll"]),
                ("USER32.DLL", &["USER32.DLL"]),
                ("tool.exe", &["tool.exe"]),
                ("tool.Exe", &["tool.Exe"]),
                // A trailing dot means "no extension".
                ("noext.", &["noext."]),
                ("my.library", &["my.library", "my.library.dll"]),
                ("libfoo.so", &["libfoo.so", "libfoo.so.dll"]),
                (r"sub\foo", &[r"sub\foo", r"sub\foo.dll"]),
                ("sub/foo", &["sub/foo", "sub/foo.dll"]),
                // Absolute: exact.
                (r"C:\lib\foo", &[r"C:\lib\foo"]),
                ("c:/lib/foo", &["c:/lib/foo"]),
                (r"\\server\share\foo", &[r"\\server\share\foo"]),
                (r"\\?\C:\lib\foo", &[r"\\?\C:\lib\foo"]),
                // These still depend on the current drive or directory.
                (r"\lib\foo", &[r"\lib\foo", r"\lib\foo.dll"]),
                ("C:foo", &["C:foo", "C:foo.dll"]),
                // No special C library, no prefix.
                ("libc", &["libc", "libc.dll"]),
                // API sets: System32 first.
                (
                    "api-ms-win-core-file-l1-1-0",
                    &[
                        "api-ms-win-core-file-l1-1-0",
                        "api-ms-win-core-file-l1-1-0",
                        "api-ms-win-core-file-l1-1-0.dll",
                    ],
                ),
                ("EXT-ms-x.dll", &["EXT-ms-x.dll", "EXT-ms-x.dll"]),
                ("apiary", &["apiary", "apiary.dll"]),
            ],
        );
    }
    let first = &candidates("api-x".as_ref(), Os::WindowsMsvc, None, &ProbeOptions::default())[0];
    assert_eq!(first.place, Place::System32);
}

#[test]
fn every_place_is_tried_before_the_next_spelling() {
    let options = ProbeOptions::default().directory("/one").directory("relative").directory("/two/");
    assert_eq!(
        files("z", Os::Linux, Some("/app"), &options),
        [
            "/one/z.so",
            "/two/z.so",
            "/app/z.so",
            "z.so",
            "/one/libz.so",
            "/two/libz.so",
            "/app/libz.so",
            "libz.so",
            "/one/z",
            "/two/z",
            "/app/z",
            "z",
            "/one/libz",
            "/two/libz",
            "/app/libz",
            "libz",
        ]
    );
    let options = ProbeOptions::default().directory(r"D:\one").directory(r"D:\two\").directory("E:x");
    assert_eq!(
        files("z", Os::WindowsMsvc, Some(r"C:\app"), &options),
        [
            r"D:\one\z",
            r"D:\two\z",
            r"C:\app\z",
            "z",
            r"D:\one\z.dll",
            r"D:\two\z.dll",
            r"C:\app\z.dll",
            "z.dll",
        ]
    );
}

#[test]
fn libc_in_a_directory_is_a_file_like_any_other() {
    let options = ProbeOptions::default().directory("/one");
    assert_eq!(
        files("libc", Os::Linux, None, &options),
        [
            "/one/libc.so",
            "libc.so",
            "/one/liblibc.so",
            "liblibc.so",
            "/one/libc",
            "libc.so.6",
            "/one/liblibc",
            "liblibc",
        ]
    );
}

#[test]
fn absolute_paths_ignore_directories() {
    let options = ProbeOptions::default().directory("/one");
    let found = candidates("/x/y".as_ref(), Os::Linux, Some(Path::new("/app")), &options);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].file.to_str(), &found[0].place), (Some("/x/y"), &Place::Absolute));
}

#[test]
fn search_path_chooses_places() {
    let search = |bits| SearchPath::Only(SearchPlaces::from_bits(bits).unwrap());
    let files = |bits| {
        let options = ProbeOptions::default().directory("/one").search(search(bits));
        files("z.so", Os::Linux, Some("/app"), &options)[..3].to_vec()
    };
    // AssemblyDirectory alone: the system is not asked.
    assert_eq!(files(0x2), ["/one/z.so", "/app/z.so", "/one/libz.so"]);
    // AssemblyDirectory | System32: both.
    assert_eq!(files(0x802), ["/one/z.so", "/app/z.so", "z.so"]);
    // System32 or LegacyBehavior: not beside the program.
    assert_eq!(files(0x800), ["/one/z.so", "z.so", "/one/libz.so"]);
    assert_eq!(files(0), ["/one/z.so", "z.so", "/one/libz.so"]);
}

#[test]
fn search_path_bits_are_those_of_dllimportsearchpath() {
    let places = SearchPlaces::from_bits(0x1f02).unwrap();
    assert!(places.assembly_directory && places.safe_directories && places.user_directories);
    assert_eq!(places.load_library_flags(), 0x1f00);
    assert_eq!(SearchPlaces::from_bits(0x1), None);
    assert_eq!(SearchPlaces::from_bits(0x2000), None);
}

#[test]
fn every_candidate_says_why() {
    let options = ProbeOptions::default().directory("/one");
    let said: Vec<String> = candidates("libc".as_ref(), Os::Linux, Some(Path::new("/app")), &options)
        .iter()
        .map(Candidate::to_string)
        .collect();
    assert_eq!(said[0], "/one/libc.so (suffix .so added; in a search directory)");
    assert_eq!(said[4], "/app/liblibc.so (prefix lib and suffix .so added; beside the program)");
    assert_eq!(said[8], "libc.so.6 (the platform's C library; where the system looks)");
    assert_eq!(said[11], "liblibc (prefix lib added; where the system looks)");
}
