//! A C compiler as the judge of layouts: one program per question prints size, alignment and the place
//! of every member of every type, and the answers are compared with ours.
#![allow(dead_code, reason = "not every test binary asks every question")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use pinvoke_decl::Unit;
use pinvoke_decl::types::{TypeId, TypeKind, TypeTable};

/// A directory of its own for one compilation.
fn scratch() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("pinvoke-decl-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a scratch directory");
    dir
}

/// The output of a compiler that must succeed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}; this test needs gcc"));
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `#include` lines through the preprocessor.
pub(crate) fn preprocess(includes: &str, flags: &[&str]) -> String {
    preprocess_with("gcc", includes, flags)
}

/// The same, of another machine.
pub(crate) fn preprocess_with(compiler: &str, includes: &str, flags: &[&str]) -> String {
    let dir = scratch();
    let file = dir.join("headers.c");
    std::fs::write(&file, includes).expect("a source file");
    let text = run(Command::new(compiler).args(["-E", "-D_GNU_SOURCE"]).args(flags).arg(&file));
    std::fs::remove_dir_all(&dir).expect("the scratch directory is ours");
    text
}

/// What is compared, by a key that names it.
pub(crate) type Answers = BTreeMap<String, u64>;

/// Questions about types, as C statements and as our own answers.
#[derive(Default)]
pub(crate) struct Questions {
    statements: String,
    assertions: String,
    ours: Answers,
    /// Structures and unions asked about.
    pub(crate) records: usize,
    /// Members asked about, bit-fields included.
    pub(crate) members: usize,
}

impl Questions {
    /// Asks about a type and, if it is a structure or union, about its members. `skip` leaves out
    /// members by path.
    pub(crate) fn ask(&mut self, unit: &Unit, name: &str, skip: &dyn Fn(&str) -> bool) {
        let (table, id) = unit.type_named(name).unwrap_or_else(|problems| {
            let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
            panic!("{name}:\n{}", all.join("\n"))
        });
        let Some(layout) = &table.get(id).layout else { return };
        if matches!(table.get(id).kind, TypeKind::Void) {
            return;
        }
        self.number(&format!("sizeof {name}"), &format!("sizeof({name})"), layout.size);
        self.number(&format!("alignof {name}"), &format!("_Alignof({name})"), layout.align);
        if let TypeKind::Struct(_) | TypeKind::Union(_) = table.get(id).kind {
            self.records += 1;
            self.members_of(&table, id, name, "", 0, skip);
        }
        if let TypeKind::Enum(e) = &table.get(id).kind {
            self.number(&format!("signed {name}"), &format!("(({name})-1 < 0)"), u64::from(e.signed));
        }
    }

    /// Asks about a constant; a negative one is compared in two's complement.
    pub(crate) fn constant(&mut self, name: &str, ours: i128) {
        let bits = u64::try_from(ours).unwrap_or_else(|_| {
            i64::try_from(ours).unwrap_or_else(|_| panic!("{name} = {ours}")).cast_unsigned()
        });
        self.number(&format!("constant {name}"), &format!("({name})"), bits);
    }

    fn number(&mut self, key: &str, expression: &str, ours: u64) {
        _ = writeln!(self.statements, "    NUMBER({key:?}, {expression})");
        _ = writeln!(self.assertions, "_Static_assert({expression} == {ours}, {key:?});");
        self.ours.insert(key.to_owned(), ours);
    }

    fn members_of(
        &mut self,
        table: &TypeTable,
        id: TypeId,
        outer: &str,
        prefix: &str,
        base: u64,
        skip: &dyn Fn(&str) -> bool,
    ) {
        let (TypeKind::Struct(record) | TypeKind::Union(record)) = &table.get(id).kind else { return };
        for field in &record.fields {
            let Some(name) = &field.name else {
                self.members_of(table, field.ty, outer, prefix, base + field.offset, skip);
                continue;
            };
            let path = format!("{prefix}{name}");
            if skip(&format!("{outer}.{path}")) {
                continue;
            }
            self.members += 1;
            let key = format!("{outer}.{path}");
            match field.bits {
                None => {
                    let offset = base + field.offset;
                    self.number(&key, &format!("__builtin_offsetof({outer}, {path})"), offset);
                    let ty = table.get(field.ty);
                    if let TypeKind::Struct(r) | TypeKind::Union(r) = &ty.kind
                        && r.tag.is_none()
                    {
                        self.members_of(table, field.ty, outer, &format!("{path}."), offset, skip);
                    }
                    if let Some(layout) = &ty.layout {
                        self.number(
                            &format!("sizeof {key}"),
                            &format!("sizeof((({outer} *)0)->{path})"),
                            layout.size,
                        );
                    }
                }
                Some(bits) => {
                    let first = (base + field.offset) * 8 + u64::from(bits.start);
                    _ = writeln!(self.statements, "    BITS({key:?}, {outer}, {path})");
                    self.ours.insert(format!("{key} first"), first);
                    self.ours.insert(format!("{key} width"), u64::from(bits.width));
                }
            }
        }
    }

    /// Compiles and runs the questions behind `declarations`; panics with the differences.
    ///
    /// The text should be preprocessed: `sa_handler` and many other member names are macros.
    pub(crate) fn compare(self, declarations: &str, flags: &[&str]) {
        let program = format!(
            r#"{declarations}
#define NUMBER(key, value) __builtin_printf("%s\t%llu\n", key, (unsigned long long)(value));
#define BITS(key, T, member) {{ \
        static T value; \
        __builtin_memset(&value, 0, sizeof value); value.member = ~0ull; \
        const unsigned char *bytes = (const unsigned char *)&value; \
        unsigned long long first = 0, width = 0; \
        for (unsigned long long bit = 0; bit < sizeof value * 8; bit++) \
            if (bytes[bit / 8] >> (bit % 8) & 1) {{ if (!width) first = bit; width++; }} \
        __builtin_printf("%s first\t%llu\n%s width\t%llu\n", key, first, key, width); }}
int main(void) {{
{}    return 0;
}}
"#,
            self.statements
        );
        let dir = scratch();
        let (file, exe) = (dir.join("questions.c"), dir.join("questions"));
        std::fs::write(&file, program).expect("a source file");
        run(Command::new("gcc").args(["-w", "-O0"]).args(flags).arg(&file).arg("-o").arg(&exe));
        let output = run(&mut Command::new(&exe));
        std::fs::remove_dir_all(&dir).expect("the scratch directory is ours");

        let theirs: Answers = output
            .lines()
            .map(|line| {
                let (key, value) = line.split_once('\t').expect("key and value");
                (key.to_owned(), value.parse().expect("a number"))
            })
            .collect();
        let differences: Vec<_> = self
            .ours
            .iter()
            .filter(|(key, ours)| theirs.get(*key) != Some(ours))
            .map(|(key, ours)| format!("{key}: ours {ours}, gcc's {:?}", theirs.get(key)))
            .collect();
        assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
        assert_eq!(theirs.len(), self.ours.len(), "gcc answered every question");
    }

    /// As [`compare`](Self::compare) for a machine whose programs do not run here: the answers are
    /// assertions that the compiler checks. Bit-fields are left out.
    pub(crate) fn compare_statically(self, compiler: &str, declarations: &str, flags: &[&str]) {
        let dir = scratch();
        let file = dir.join("assertions.c");
        std::fs::write(&file, format!("{declarations}\n{}", self.assertions)).expect("a source file");
        run(Command::new(compiler).args(["-w", "-fsyntax-only"]).args(flags).arg(&file));
        std::fs::remove_dir_all(&dir).expect("the scratch directory is ours");
    }
}

/// Whether gcc accepts a text, and what it says if not.
pub(crate) fn accepts(text: &str) -> Result<(), String> {
    let dir = scratch();
    let file = dir.join("text.c");
    std::fs::write(&file, text).expect("a source file");
    // Distinct to gcc and the same to every ABI: volatile, the interchange types.
    let same = ["-Dvolatile=", "-D_Float32=float", "-D_Float64=double", "-D_Float32x=double"];
    let output =
        Command::new("gcc").args(["-w", "-fsyntax-only"]).args(same).arg(&file).output().expect("gcc");
    std::fs::remove_dir_all(&dir).expect("the scratch directory is ours");
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
