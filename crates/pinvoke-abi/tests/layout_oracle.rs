//! Layouts against C compilers.
//!
//! Random structure and union definitions (a fixed seed) are written as one C file whose constants
//! are sizes, alignments and offsets, and, for every bit-field, an object in which it alone is all
//! ones. The file is compiled, not run, so that every target that a compiler knows can be checked;
//! the constants are read from the object file.
//!
//! A compiler that is not installed is reported and left out; set `PINVOKE_REQUIRE_COMPILERS=1` to
//! make that a failure.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use pinvoke_abi::layout::{Kind, Layout, LayoutError, StructBuilder};
use pinvoke_abi::target::{Arch, BitFieldRule, Os, Target};

const RECORDS: usize = 800;

/// The seed of the sweep; `PINVOKE_LAYOUT_SEED` sets another.
fn seed() -> u64 {
    match std::env::var("PINVOKE_LAYOUT_SEED") {
        Ok(seed) => seed.parse().expect("PINVOKE_LAYOUT_SEED is a number"),
        Err(_) => 20_260_101,
    }
}

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scalar {
    Char,
    Short,
    UnsignedInt,
    LongLong,
    Int128,
    Bool,
    Enum,
    Float,
    Double,
    LongDouble,
    ComplexDouble,
    Pointer,
}

impl Scalar {
    const ALL: [Scalar; 12] = [
        Scalar::Char,
        Scalar::Short,
        Scalar::UnsignedInt,
        Scalar::LongLong,
        Scalar::Bool,
        Scalar::Enum,
        Scalar::Float,
        Scalar::Double,
        Scalar::Pointer,
        Scalar::LongDouble,
        Scalar::ComplexDouble,
        Scalar::Int128,
    ];

    fn c(self) -> &'static str {
        match self {
            Scalar::Char => "signed char",
            Scalar::Short => "short",
            Scalar::UnsignedInt => "unsigned",
            Scalar::LongLong => "long long",
            Scalar::Int128 => "__int128",
            Scalar::Bool => "_Bool",
            Scalar::Enum => "enum e",
            Scalar::Float => "float",
            Scalar::Double => "double",
            Scalar::LongDouble => "long double",
            Scalar::ComplexDouble => "_Complex double",
            Scalar::Pointer => "void *",
        }
    }

    fn layout(self, t: Target) -> Layout {
        match self {
            Scalar::Char => Layout::int(t, 1, true),
            Scalar::Short => Layout::int(t, 2, true),
            Scalar::UnsignedInt | Scalar::Enum => Layout::int(t, 4, false),
            Scalar::LongLong => Layout::int(t, 8, true),
            Scalar::Int128 => Layout::int(t, 16, true),
            Scalar::Bool => Layout::bool(),
            Scalar::Float => Layout::float(t, 4),
            Scalar::Double => Layout::float(t, 8),
            Scalar::LongDouble => Layout::long_double(t),
            Scalar::ComplexDouble => Layout::complex(&Layout::float(t, 8)),
            Scalar::Pointer => Layout::pointer(t),
        }
    }

    fn bits(self) -> Option<u64> {
        match self {
            Scalar::Char => Some(8),
            Scalar::Short => Some(16),
            Scalar::UnsignedInt | Scalar::Enum => Some(32),
            Scalar::LongLong => Some(64),
            Scalar::Bool => Some(1),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
enum Base {
    Scalar(Scalar),
    Record(usize),
}

#[derive(Clone, Copy)]
enum Shape {
    Plain { array: Option<u64>, aligned: Option<u64> },
    Bits { width: u32, named: bool, aligned: Option<u64> },
}

#[derive(Clone, Copy)]
struct Member {
    base: Base,
    shape: Shape,
}

struct Record {
    union: bool,
    packed: bool,
    pack: Option<u64>,
    aligned: Option<u64>,
    /// `ms_struct` on Linux, `gcc_struct` on Windows.
    foreign_bits: bool,
    members: Vec<Member>,
}

/// What the sweep leaves out for a compiler.
#[derive(Clone, Copy)]
enum Without {
    Nothing,
    /// Under MSVC, an alignment attribute of a type survives `#pragma pack` around a structure that
    /// contains it, and makes an array of no elements count. Layouts do not remember whether their
    /// alignment comes from an attribute. It has no `packed`.
    RecordsInPack,
    /// clang for MinGW has its own mind about bit-fields in unions and packed structures; gcc, which
    /// MinGW is built with and `gcc_ms_bitfields` checks, does not.
    ClangMinGw,
}

impl Without {
    fn of(compiler: &str, t: Target) -> Without {
        match t.os {
            Os::WindowsMsvc => Without::RecordsInPack,
            Os::WindowsGnu if compiler == "clang" => Without::ClangMinGw,
            _ => Without::Nothing,
        }
    }

    fn apply(self, compiler: &str, t: Target, record: &mut Record) {
        let bits = |member: &Member| matches!(member.shape, Shape::Bits { .. });
        match self {
            Without::Nothing => {}
            Without::RecordsInPack => {
                record.packed = false;
                for member in &mut record.members {
                    if let Shape::Plain { array: Some(count @ 0), .. } = &mut member.shape {
                        *count = 1;
                    }
                }
                if record.pack.is_some() {
                    record.members.retain(|member| matches!(member.base, Base::Scalar(_)));
                }
            }
            Without::ClangMinGw if record.union || record.packed || record.pack.is_some() => {
                record.members.retain(|member| !bits(member));
            }
            Without::ClangMinGw => {}
        }
        if compiler == "clang" {
            // clang lets an attribute of a bit-field lower its alignment, and gives it another
            // meaning on Windows; gcc's way is ours.
            for member in &mut record.members {
                if let Shape::Bits { aligned, .. } = &mut member.shape {
                    *aligned = None;
                }
            }
        }
        // 32-bit targets have no __int128.
        if t.pointer_size() == 4 {
            record.members.retain(|member| !matches!(member.base, Base::Scalar(Scalar::Int128)));
        }
    }
}

fn records(compiler: &str, t: Target) -> Vec<Record> {
    let without = Without::of(compiler, t);
    let mut r = Random(seed());
    let mut records: Vec<Record> = Vec::new();
    for index in 0..RECORDS {
        let bit_heavy = r.one_in(2);
        let count = r.below(8);
        let members = (0..count)
            .map(|_| {
                if r.one_in(if bit_heavy { 2 } else { 8 }) {
                    let base = Scalar::ALL[usize::try_from(r.below(6)).expect("small")];
                    let limit = base.bits().unwrap_or(1);
                    let named = !r.one_in(5);
                    let zero = !named && r.one_in(2);
                    let width = if zero { 0 } else { 1 + r.below(limit) };
                    let width = u32::try_from(width).expect("at most 64");
                    let aligned = (named && r.one_in(12)).then(|| 1 << r.below(6));
                    return Member { base: Base::Scalar(base), shape: Shape::Bits { width, named, aligned } };
                }
                let base = if index > 0 && r.one_in(6) {
                    Base::Record(usize::try_from(r.below(index as u64)).expect("small"))
                } else {
                    Base::Scalar(Scalar::ALL[usize::try_from(r.below(12)).expect("small")])
                };
                let array = r.one_in(6).then(|| r.below(4));
                let aligned = r.one_in(10).then(|| 1 << r.below(6));
                Member { base, shape: Shape::Plain { array, aligned } }
            })
            .collect();
        let mut record = Record {
            union: r.one_in(5),
            packed: r.one_in(6),
            pack: r.one_in(6).then(|| 1 << r.below(5)),
            aligned: r.one_in(10).then(|| 1 << r.below(6)),
            // clang does not know gcc_struct. On 32-bit x86 ms_struct changes more than bit-fields.
            foreign_bits: compiler == "gcc" && t.pointer_size() == 8 && r.one_in(6),
            members,
        };
        without.apply(compiler, t, &mut record);
        records.push(record);
    }
    records
}

fn define(c: &mut String, index: usize, record: &Record) -> std::fmt::Result {
    if let Some(pack) = record.pack {
        writeln!(c, "#pragma pack(push, {pack})")?;
    }
    write!(c, "{} ", if record.union { "union" } else { "struct" })?;
    if record.packed {
        write!(c, "__attribute__((packed)) ")?;
    }
    if let Some(aligned) = record.aligned {
        write!(c, "__attribute__((aligned({aligned}))) ")?;
    }
    if record.foreign_bits {
        write!(c, "__attribute__((FOREIGN_BITS)) ")?;
    }
    write!(c, "r{index} {{ ")?;
    for (number, member) in record.members.iter().enumerate() {
        match member.base {
            Base::Scalar(scalar) => write!(c, "{} ", scalar.c())?,
            Base::Record(index) => write!(c, "t{index} ")?,
        }
        match member.shape {
            Shape::Plain { array, aligned } => {
                write!(c, "m{number}")?;
                if let Some(count) = array {
                    write!(c, "[{count}]")?;
                }
                if let Some(aligned) = aligned {
                    write!(c, " __attribute__((aligned({aligned})))")?;
                }
            }
            Shape::Bits { width, named, aligned } => {
                if named {
                    write!(c, "m{number} ")?;
                }
                write!(c, ": {width}")?;
                if let Some(aligned) = aligned {
                    write!(c, " __attribute__((aligned({aligned})))")?;
                }
            }
        }
        write!(c, "; ")?;
    }
    writeln!(c, "}};")?;
    if record.pack.is_some() {
        writeln!(c, "#pragma pack(pop)")?;
    }
    writeln!(c, "typedef {} r{index} t{index};", if record.union { "union" } else { "struct" })
}

/// The C file: definitions, then for each record `m<i>` with its numbers and, for each named
/// bit-field, `b<i>_<n>`.
fn program(records: &[Record]) -> Result<String, std::fmt::Error> {
    let mut c = String::from("enum e { e0, e1 };\n");
    for (index, record) in records.iter().enumerate() {
        define(&mut c, index, record)?;
        write!(c, "const unsigned long long n{index}[] = {{ sizeof(t{index}), _Alignof(t{index})")?;
        for (number, member) in record.members.iter().enumerate() {
            match member.shape {
                Shape::Plain { .. } => write!(c, ", __builtin_offsetof(t{index}, m{number})")?,
                Shape::Bits { .. } => write!(c, ", 0")?,
            }
        }
        writeln!(c, " }};")?;
        for (number, member) in record.members.iter().enumerate() {
            if let Shape::Bits { named: true, .. } = member.shape {
                let ones = if matches!(member.base, Base::Scalar(Scalar::Bool)) { "1" } else { "-1" };
                writeln!(c, "const t{index} b{index}_{number} = {{ .m{number} = {ones} }};")?;
            }
        }
    }
    Ok(c)
}

fn build(t: Target, record: &Record, earlier: &[Layout]) -> Result<Layout, LayoutError> {
    let mut b = if record.union { StructBuilder::new_union(t) } else { StructBuilder::new(t) };
    b.packed(record.packed);
    if record.foreign_bits {
        b.bit_fields(match t.bit_fields() {
            BitFieldRule::SystemV => BitFieldRule::Microsoft,
            BitFieldRule::Microsoft => BitFieldRule::SystemV,
        });
    }
    if let Some(pack) = record.pack {
        b.pack(pack)?;
    }
    for member in &record.members {
        let layout = match member.base {
            Base::Scalar(scalar) => scalar.layout(t),
            Base::Record(index) => earlier[index].clone(),
        };
        match member.shape {
            Shape::Plain { array: Some(count), aligned } => {
                b.field(Layout::array(layout, count)?, aligned)?;
            }
            Shape::Plain { array: None, aligned } => {
                b.field(layout, aligned)?;
            }
            Shape::Bits { width, named, aligned } => {
                b.bit_field_aligned(layout, width, named, aligned)?;
            }
        }
    }
    b.finish(record.aligned)
}

/// The constants of the compiled program.
struct Constants<'a>(object::File<'a>);

impl Constants<'_> {
    fn bytes(&self, name: &str) -> Option<&[u8]> {
        let symbol = self.0.symbols().find(|symbol| {
            symbol.is_definition()
                && symbol.name().is_ok_and(|n| n == name || n.strip_prefix('_') == Some(name))
        })?;
        let section = self.0.section_by_index(symbol.section_index()?).ok()?;
        let start = usize::try_from(symbol.address() - section.address()).ok()?;
        section.data().ok()?.get(start..)
    }

    fn numbers(&self, name: &str, count: usize) -> Option<Vec<u64>> {
        let bytes = self.bytes(name)?.get(..count * 8)?;
        Some(bytes.chunks(8).map(|n| u64::from_le_bytes(n.try_into().expect("8 bytes"))).collect())
    }
}

/// The first set bit and the number of set bits, if they are in one run.
fn run_of_ones(bytes: &[u8]) -> Option<(u64, u64)> {
    let ones: Vec<u64> = (0..bytes.len() as u64 * 8)
        .filter(|bit| bytes[usize::try_from(bit / 8).expect("small")] >> (bit % 8) & 1 == 1)
        .collect();
    let (first, last) = (*ones.first()?, *ones.last()?);
    (last - first + 1 == ones.len() as u64).then_some((first, ones.len() as u64))
}

fn compile(compiler: &str, flags: &[&str], source: &Path, object: &Path) -> bool {
    let result = Command::new(compiler).args(flags).args(["-w", "-c", "-o"]).arg(object).arg(source).output();
    match result {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            panic!("{compiler} {flags:?}: {}", String::from_utf8_lossy(&output.stderr))
        }
        Err(error) => {
            assert!(std::env::var_os("PINVOKE_REQUIRE_COMPILERS").is_none(), "{compiler}: {error}");
            eprintln!("{compiler} cannot be run ({error}): not checked");
            false
        }
    }
}

fn check(name: &str, compiler: &str, flags: &[&str], t: Target) {
    let records = records(compiler, t);
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("layout-{name}"));
    std::fs::create_dir_all(&dir).expect("a directory for the program");
    let (source, object) = (dir.join("layouts.c"), dir.join("layouts.o"));
    std::fs::write(&source, program(&records).expect("writing to a string")).expect("the program");
    if !compile(compiler, flags, &source, &object) {
        return;
    }
    let data = std::fs::read(&object).expect("the object file");
    let constants = Constants(object::File::parse(&*data).expect("an object file"));
    let mut layouts: Vec<Layout> = Vec::new();
    let mut mismatches = Vec::new();
    let mut checked = 0;
    for (index, record) in records.iter().enumerate() {
        let layout = build(t, record, &layouts).expect("a small layout");
        let differences = compare(&constants, index, record, &layout, &mut checked);
        if !differences.is_empty() {
            let mut text = String::new();
            define(&mut text, index, record).expect("writing to a string");
            mismatches.push(format!("{text}{}: {}", layout.notation(t), differences.join("; ")));
        }
        layouts.push(layout);
    }
    let count = mismatches.len();
    mismatches.sort_by_key(String::len);
    mismatches.truncate(8);
    assert!(count == 0, "{name}: {count} of {RECORDS} differ\n{}", mismatches.join("\n"));
    assert!(checked > RECORDS * 4, "only {checked} numbers compared");
    println!("{name}: {RECORDS} records, {checked} numbers agree");
}

fn compare(
    constants: &Constants<'_>,
    index: usize,
    record: &Record,
    layout: &Layout,
    checked: &mut usize,
) -> Vec<String> {
    let mut differences = Vec::new();
    let mut expect = |what: &str, ours: u64, theirs: u64| {
        *checked += 1;
        if ours != theirs {
            differences.push(format!("{what} is {ours}, the compiler says {theirs}"));
        }
    };
    let numbers = constants.numbers(&format!("n{index}"), 2 + record.members.len()).expect("the numbers");
    expect("size", layout.size, numbers[0]);
    expect("alignment", layout.align, numbers[1]);
    let (Kind::Struct { fields } | Kind::Union { fields }) = &layout.kind else {
        panic!("a record is laid out as {layout}");
    };
    let mut fields = fields.iter();
    for (number, member) in record.members.iter().enumerate() {
        match member.shape {
            Shape::Bits { width: 0, .. } => {}
            Shape::Plain { .. } => {
                let field = fields.next().expect("a field for every member");
                expect(&format!("m{number}"), field.offset, numbers[2 + number]);
            }
            Shape::Bits { named: false, .. } => {
                fields.next();
            }
            Shape::Bits { width, named: true, .. } => {
                let field = fields.next().expect("a field for every member");
                let size = usize::try_from(numbers[0]).expect("a small size");
                let bytes = constants.bytes(&format!("b{index}_{number}")).and_then(|b| b.get(..size));
                let (first, ones) =
                    run_of_ones(bytes.expect("the bit-field's object")).expect("a run of ones");
                let bits = field.bits.expect("a bit-field");
                expect(&format!("bit of m{number}"), field.offset * 8 + u64::from(bits.start), first);
                expect(&format!("width of m{number}"), u64::from(width), ones);
            }
        }
    }
    differences
}

const fn target(arch: Arch, os: Os) -> Target {
    Target { arch, os }
}

macro_rules! oracle {
    ($($name:ident: $compiler:literal $flags:expr => $target:expr;)*) => {
        $(#[test] fn $name() { check(stringify!($name), $compiler, &$flags, $target); })*
    };
}

oracle! {
    gcc_x86_64_linux: "gcc" ["-m64", "-DFOREIGN_BITS=ms_struct"] => Target::X86_64_LINUX;
    gcc_x86_linux: "gcc" ["-m32"] => Target::X86_LINUX;
    gcc_ms_bitfields: "gcc" ["-m64", "-mms-bitfields", "-DFOREIGN_BITS=gcc_struct"] => Target::X86_64_WINDOWS_GNU;
    clang_x86_64_linux: "clang" ["--target=x86_64-linux-gnu"] => Target::X86_64_LINUX;
    clang_x86_linux: "clang" ["--target=i386-linux-gnu"] => Target::X86_LINUX;
    clang_x86_64_macos: "clang" ["--target=x86_64-apple-macos11"] => Target::X86_64_MACOS;
    clang_aarch64_linux: "clang" ["--target=aarch64-linux-gnu"] => Target::AARCH64_LINUX;
    clang_aarch64_macos: "clang" ["--target=arm64-apple-macos11"] => Target::AARCH64_MACOS;
    clang_riscv64_linux: "clang" ["--target=riscv64-linux-gnu"] => Target::RISCV64_LINUX;
    clang_x86_64_windows_gnu: "clang" ["--target=x86_64-w64-windows-gnu"] => Target::X86_64_WINDOWS_GNU;
    clang_x86_64_windows_msvc: "clang" ["--target=x86_64-pc-windows-msvc"] => Target::X86_64_WINDOWS;
    clang_x86_windows_gnu: "clang" ["--target=i686-w64-windows-gnu"] => target(Arch::X86, Os::WindowsGnu);
    clang_x86_windows_msvc: "clang" ["--target=i686-pc-windows-msvc"] => Target::X86_WINDOWS;
}
