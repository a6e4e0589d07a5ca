//! Rules of the architecture that a compiler does not check. ARCHITECTURE.md gives the reasons.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// Crate → the crates of this workspace that it may depend on outside its tests.
const LAYERS: &[(&str, &[&str])] = &[
    ("callback-object", &[]),
    ("pinvoke-abi", &[]),
    ("pinvoke-decl", &["pinvoke-abi"]),
    ("pinvoke-macros", &[]),
    ("pinvoke", &["pinvoke-abi", "pinvoke-decl", "pinvoke-macros"]),
    ("pinvoke-cli", &["pinvoke", "pinvoke-abi", "pinvoke-decl"]),
    ("callback-object-sys", &[]),
    ("callback-object-driver", &["callback-object-sys"]),
    ("callback-object-host", &["callback-object", "callback-object-sys"]),
];

/// The modules of the runtime and of the command that may opt into `unsafe`, as path prefixes.
const UNSAFE_MODULES: &[&str] = &[
    "crates/callback-object/src/object/",
    "crates/callback-object/src/platform/",
    "crates/callback-object/src/report.rs",
    "crates/callback-object/src/rundown/slot.rs",
    "crates/callback-object/src/typed.rs",
    "crates/pinvoke/src/arch/",
    "crates/pinvoke/src/c_text/",
    "crates/pinvoke/src/call/",
    "crates/pinvoke/src/downcall",
    "crates/pinvoke/src/entry_point.rs",
    "crates/pinvoke/src/exec",
    "crates/pinvoke/src/import/",
    "crates/pinvoke/src/last_error/",
    "crates/pinvoke/src/library/linux.rs",
    "crates/pinvoke/src/library/macos.rs",
    "crates/pinvoke/src/library/raw.rs",
    "crates/pinvoke/src/library/unix.rs",
    "crates/pinvoke/src/library/windows.rs",
    "crates/pinvoke/src/dynamic/",
    "crates/pinvoke/src/marshal/",
    "crates/pinvoke/src/native.rs",
    "crates/pinvoke/src/transcode/",
    "crates/pinvoke/src/upcall/",
    "crates/pinvoke/src/value",
    "crates/pinvoke-cli/src/native/",
    "crates/callback-object-driver/src/entry.rs",
    "crates/callback-object-driver/src/object.rs",
    "crates/callback-object-driver/src/routine.rs",
    "crates/callback-object-driver/src/thread.rs",
    "crates/callback-object-host/src/driver/entry.rs",
    "crates/callback-object-host/src/driver/loaded.rs",
    "crates/callback-object-host/src/ex/",
    "crates/callback-object-host/src/implementation.rs",
    "crates/callback-object-host/src/interface.rs",
    "crates/callback-object-host/src/module/unix.rs",
    "crates/callback-object-host/src/module/windows.rs",
    "crates/callback-object-host/src/security.rs",
    "crates/callback-object-host/src/share.rs",
    "crates/callback-object-host/src/system/windows.rs",
    "crates/callback-object-host/src/token.rs",
    "crates/callback-object-sys/src/extensions.rs",
    "crates/callback-object-sys/src/functions.rs",
    "crates/callback-object-sys/src/table.rs",
];

/// Crates whose root must say `#![forbid(unsafe_code)]`.
const SAFE_CRATES: &[&str] = &["pinvoke-abi", "pinvoke-decl", "pinvoke-macros"];

/// Development crates, free of these rules.
const DEVELOPMENT: &[&str] = &["pinvoke-conformance", "pinvoke-sandbox", "pinvoke-bench"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

struct Source {
    /// Path from the root of the workspace, with `/`.
    path: String,
    krate: String,
    text: String,
    /// Without items under `#[cfg(test)]`.
    syntax: syn::File,
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .any(|a| a.path().is_ident("cfg") && a.parse_args::<syn::Path>().is_ok_and(|p| p.is_ident("test")))
}

/// Every source file of the shipped crates.
fn sources() -> Vec<Source> {
    let mut all = Vec::new();
    for (krate, _) in LAYERS {
        for entry in walkdir::WalkDir::new(root().join("crates").join(krate).join("src")) {
            let entry = entry.unwrap();
            if entry.path().extension().is_none_or(|e| e != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let mut syntax = syn::parse_file(&text).unwrap();
            syntax.items.retain(|item| !matches!(item, syn::Item::Mod(m) if is_test(&m.attrs)));
            let path = entry.path().strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            if !path.ends_with("/tests.rs") {
                all.push(Source { path, krate: (*krate).to_owned(), text, syntax });
            }
        }
    }
    assert!(all.len() > 20, "only {} files found: is the search broken?", all.len());
    all
}

#[test]
fn crates_depend_downwards() {
    let mut seen = 0;
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        if DEVELOPMENT.contains(&name.as_str()) {
            continue;
        }
        let allowed = LAYERS.iter().find(|(n, _)| *n == name);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("crate {name} has no place in LAYERS"));
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let section = manifest.split("\n[dependencies]").nth(1).unwrap_or("");
        let section = section.split("\n[").next().unwrap();
        for line in section.lines() {
            let dependency = line.split(['=', '.', ' ']).next().unwrap();
            if LAYERS.iter().any(|(name, _)| *name == dependency) {
                assert!(allowed.contains(&dependency), "{name} must not depend on {dependency}");
            }
        }
        seen += 1;
    }
    assert_eq!(seen, LAYERS.len());
}

/// Names of the modules of the same crate that a file mentions as `crate::name`.
#[derive(Default)]
struct CratePaths(BTreeSet<String>);

impl<'ast> Visit<'ast> for CratePaths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter();
        if segments.next().is_some_and(|s| s.ident == "crate")
            && let Some(next) = segments.next()
        {
            self.0.insert(next.ident.to_string());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_use_path(&mut self, path: &'ast syn::UsePath) {
        if path.ident == "crate" {
            match &*path.tree {
                syn::UseTree::Path(p) => drop(self.0.insert(p.ident.to_string())),
                syn::UseTree::Group(g) => {
                    for tree in &g.items {
                        if let syn::UseTree::Path(p) = tree {
                            self.0.insert(p.ident.to_string());
                        }
                    }
                }
                _ => {}
            }
        }
        syn::visit::visit_use_path(self, path);
    }
}

#[test]
fn modules_have_no_cycles() {
    let mut graphs: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for source in sources() {
        let inside = source.path.split("/src/").nth(1).unwrap();
        let module = inside.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        let mut paths = CratePaths::default();
        paths.visit_file(&source.syntax);
        let edges = graphs.entry(source.krate).or_default().entry(module.clone()).or_default();
        edges.extend(paths.0.into_iter().filter(|p| *p != module));
    }
    let mut cycles = Vec::new();
    for (krate, mut graph) in graphs {
        let modules: BTreeSet<String> = graph.keys().cloned().collect();
        for edges in graph.values_mut() {
            edges.retain(|e| modules.contains(e));
        }
        // Take away leaves until none is left; what remains is a cycle or leads to one.
        while let Some(leaf) = graph.iter().find(|(_, e)| e.is_empty()).map(|(m, _)| m.clone()) {
            graph.remove(&leaf);
            for edges in graph.values_mut() {
                edges.remove(&leaf);
            }
        }
        if !graph.is_empty() {
            cycles.push(format!("{krate}: {graph:?}"));
        }
    }
    assert!(cycles.is_empty(), "modules that need each other:\n{}", cycles.join("\n"));
}

#[test]
fn unsafe_stays_in_its_modules() {
    for krate in SAFE_CRATES {
        let lib = std::fs::read_to_string(root().join("crates").join(krate).join("src/lib.rs")).unwrap();
        assert!(lib.contains("#![forbid(unsafe_code)]"), "{krate} must forbid unsafe code");
    }
    let mut opted_in = 0;
    // What the macros write may be unsafe; that they forbid it themselves is checked above.
    for source in sources().into_iter().filter(|s| !SAFE_CRATES.contains(&s.krate.as_str())) {
        let opts_in = source.syntax.attrs.iter().any(|a| {
            (a.path().is_ident("allow") || a.path().is_ident("expect")) && quoted(a).contains("unsafe_code")
        });
        let anywhere =
            source.text.contains("allow(unsafe_code") || source.text.contains("expect(unsafe_code");
        if anywhere {
            opted_in += 1;
            assert!(opts_in, "{}: unsafe is opted into for a whole module, at its top", source.path);
            assert!(
                UNSAFE_MODULES.iter().any(|m| source.path.starts_with(m)),
                "{} is not on the list of modules with unsafe code",
                source.path
            );
        }
    }
    assert!(opted_in > 3);
}

fn quoted(attribute: &syn::Attribute) -> String {
    match &attribute.meta {
        syn::Meta::List(list) => list.tokens.to_string(),
        _ => String::new(),
    }
}

#[test]
fn platforms_are_told_apart_in_selectors_only() {
    for source in sources() {
        let selector = source.path.ends_with("/mod.rs")
            || source.path.ends_with("/target.rs")
            || source.path.ends_with("/lib.rs")
            // The target of what a macro writes is not known while it writes.
            || source.krate == "pinvoke-macros"
            // Which conventions rustc has function pointer types for is a matter of the architecture.
            || ["native.rs", "call/typed.rs", "upcall/shim.rs"]
                .iter()
                .any(|f| source.path == format!("crates/pinvoke/src/{f}"))
            // An attribute of each import says how its name is spelt, and may say so on 32-bit Windows only.
            || ["functions.rs", "extensions.rs"]
                .iter()
                .any(|f| source.path == format!("crates/callback-object-sys/src/{f}"));
        for (number, line) in source.text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            if code.contains("target_arch") || code.contains("target_os") || code.contains("target_vendor") {
                assert!(
                    selector,
                    "{}:{}: cfg(target_…) belongs into a selector: {}",
                    source.path,
                    number + 1,
                    line.trim()
                );
            }
        }
    }
}

#[test]
fn layers_of_the_runtime_do_not_leak() {
    for source in sources() {
        let forbidden: &[&str] = if source.path.starts_with("crates/pinvoke/src/arch/") {
            &["pinvoke_abi::layout", "pinvoke_decl"]
        } else if source.path.starts_with("crates/pinvoke/src/dynamic/") {
            &["pinvoke_abi::plan", "pinvoke_abi::reg", "Abi::"]
        } else if source.path.starts_with("crates/pinvoke-abi/src/abi/assign") {
            &["Abi::SysV64", "Abi::Win64"]
        } else {
            &[]
        };
        for word in forbidden {
            assert!(!source.text.contains(word), "{} must not know {word}", source.path);
        }
    }
}

#[test]
fn files_stay_readable() {
    for source in sources() {
        let lines = source.text.lines().count();
        assert!(lines <= 900, "{} has {lines} lines: split it", source.path);
        assert!(
            source.text.starts_with("//!") || source.text.starts_with("#!["),
            "{} does not say what it is for",
            source.path
        );
    }
}
