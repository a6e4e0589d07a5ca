//! Listings of stubs for AArch64, as GNU's disassembler reads them: `tests/stubs/aapcs64.txt`, in the form that `stubs.rs`
//! describes, with targets as in `plans.rs`. Every host makes them.
//!
//! Of every stub of the file, and of every type in every place, is checked what any must hold: it decodes completely,
//! begins with a landing instruction, names no register that is the callee's or the platform's (`x18`), and leaves by
//! `ret` or a jump through `x16`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use pinvoke_abi::plan::CallPlan;
use pinvoke_abi::record::ArgumentRecord;
use pinvoke_abi::signature::Signature;
use pinvoke_abi::stub::a64::{Assembler, encode};
use pinvoke_abi::target::Target;

const OBJDUMP: &str = "aarch64-linux-gnu-objdump";
const TARGETS: [Target; 3] = [Target::AARCH64_LINUX, Target::AARCH64_MACOS, Target::AARCH64_WINDOWS];

fn stub(target: Target, text: &str) -> Vec<u8> {
    let signature = Signature::parse(target, text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let plan = CallPlan::new(&signature).unwrap_or_else(|e| panic!("{text}: {e}"));
    let record = ArgumentRecord::new(&signature, &plan).unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut assembler = Assembler::new();
    encode(&plan, &record, &mut assembler).unwrap_or_else(|e| panic!("{text}: {e}"));
    assembler.code().to_vec()
}

/// What the disassembler says of each word of code; nothing if there is no such program.
fn disassembled(code: &[u8]) -> Option<Vec<String>> {
    let name = format!("stubs-{}-{}", std::process::id(), code.len());
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, code).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let output = match Command::new(OBJDUMP).args(["-D", "-b", "binary", "-m", "aarch64"]).arg(&file).output()
    {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("PINVOKE_REQUIRE_COMPILERS").is_none(), "{OBJDUMP}: {error}");
            eprintln!("{OBJDUMP} cannot be run ({error}): not checked");
            return None;
        }
    };
    std::fs::remove_file(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    assert!(output.status.success(), "{OBJDUMP} ends with {}", output.status);
    let text = String::from_utf8(output.stdout).expect("ASCII");
    // `   c:	f9400020 	ldr	x0, [x1]`, and behind `//` what it makes of an operand.
    let words: Vec<String> = text
        .lines()
        .filter_map(|line| line.trim_start().split_once(":\t"))
        .map(|(_, rest)| {
            let mut parts = rest.split('\t').map(str::trim);
            let word = parts.next().unwrap_or_default().to_owned();
            let operation = parts.collect::<Vec<_>>().join(" ");
            format!("{word}  {}", operation.split(" //").next().unwrap_or_default())
        })
        .collect();
    assert_eq!(words.len() * 4, code.len(), "a line for each word");
    Some(words)
}

/// What holds for every stub; see the module.
fn check_rules(name: &str, words: &[String]) {
    let listing = words.join("\n");
    let operation =
        |word: &String| word.split_once("  ").map(|(_, text)| text.to_owned()).unwrap_or_default();
    assert_eq!(words.first().map(operation).as_deref(), Some("bti c"), "{name}\n{listing}");
    let last = words.last().map(operation).unwrap_or_default();
    assert!(["br x16", "ret"].contains(&last.as_str()), "{name}: leaves by {last}\n{listing}");
    for word in words {
        let text = operation(word);
        assert!(!text.contains(".inst") && !text.contains("undefined"), "{name}: {word}\n{listing}");
        for register in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            let Some((bank, number)) = register.split_at_checked(1) else { continue };
            let Ok(number) = number.parse::<u8>() else { continue };
            let kept = match bank {
                "x" | "w" => (18..=28).contains(&number),
                "b" | "h" | "s" | "d" | "q" | "v" => (8..=15).contains(&number),
                _ => false,
            };
            assert!(!kept, "{name}: {register} is not the stub's to use\n{listing}");
        }
    }
}

/// Disassembles many stubs by one run.
fn each(stubs: &[(String, Vec<u8>)], mut then: impl FnMut(&str, &[String])) {
    let code: Vec<u8> = stubs.iter().flat_map(|(_, code)| code.clone()).collect();
    let Some(words) = disassembled(&code) else { return };
    let mut from = 0;
    for (name, code) in stubs {
        let to = from + code.len() / 4;
        then(name, &words[from..to]);
        from = to;
    }
}

#[test]
fn listings() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/stubs/aapcs64.txt");
    let old = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut target = Target::AARCH64_LINUX;
    let mut stubs = Vec::new();
    for line in old.lines() {
        if let Some(name) = line.strip_prefix("# target ") {
            let known = TARGETS.iter().find(|t| t.to_string() == name);
            target = *known.unwrap_or_else(|| panic!("unknown target {name}"));
        } else if line.starts_with("cdecl") {
            stubs.push((line.to_owned(), stub(target, line)));
        }
    }
    let mut listed = Vec::new();
    each(&stubs, |name, words| {
        check_rules(name, words);
        let mut listing = String::new();
        for (number, word) in words.iter().enumerate() {
            writeln!(listing, "  {:4}  {word}", 4 * number).expect("a string takes what is written");
        }
        writeln!(listing, "  {:4}  bytes", 4 * words.len()).expect("a string takes what is written");
        listed.push(listing);
    });
    if listed.is_empty() {
        return;
    }
    let mut listed = listed.into_iter();
    let mut new = String::new();
    for line in old.lines().filter(|line| !line.starts_with(' ')) {
        writeln!(new, "{line}").expect("a string takes what is written");
        if line.starts_with("cdecl") {
            new += &listed.next().expect("one for each");
        }
    }
    if std::env::var_os("PINVOKE_BLESS").is_some() {
        std::fs::write(&path, new).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    } else if new != old {
        let same = old.lines().zip(new.lines()).take_while(|(a, b)| a == b).count();
        let (a, b) = (old.lines().nth(same).unwrap_or("the end"), new.lines().nth(same).unwrap_or("the end"));
        panic!("line {}: expected\n{a}\ngot\n{b}\n(PINVOKE_BLESS=1 writes the file anew)", same + 1);
    }
}

#[test]
fn every_type_alone_in_the_middle_and_behind_all_registers() {
    const TYPES: &[&str] = &[
        "i8",
        "u16",
        "i32",
        "i64",
        "bool",
        "ptr",
        "i128",
        "f32",
        "f64",
        "f128",
        "c32",
        "c64",
        "{i8,i8,i8}",
        "{[i8;5]}",
        "{[i8;7]}",
        "{[i8;11]}",
        "{f32,f32,f32}",
        "{f64,i8}",
        "{f64,f64}",
        "{f128,f128}",
        "{[i64;3]}",
        "{[i8;300]}",
        "{}",
        "{i32 align(64)}",
    ];
    let mut stubs = Vec::new();
    for target in TARGETS {
        for t in TYPES.iter().filter(|t| !(t.contains("f128") && target != Target::AARCH64_LINUX)) {
            for text in [
                format!("cdecl({t})"),
                format!("cdecl(ptr,{t},f64)->i32"),
                format!(
                    "cdecl(i64,f64,i64,f64,i64,f64,i64,f64,i64,f64,i64,f64,i64,f64,i64,f64,i8,f32,{t},i8)->f64"
                ),
                format!("cdecl(ptr,...,{t},f64)->i32"),
                format!("cdecl(i32,f64)->{t}"),
            ] {
                stubs.push((format!("{target} {text}"), stub(target, &text)));
            }
        }
    }
    each(&stubs, check_rules);
}
