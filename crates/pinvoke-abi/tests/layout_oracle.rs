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
use std::path::PathBuf;

mod oracle;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use pinvoke_abi::layout::{Kind, Layout};
use pinvoke_abi::target::{Os, Target};

use oracle::{Base, Member, Random, Record, Scalar, Shape, Sweep, VECTORS, build, compile, define};

const RECORDS: usize = 800;

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
        for member in &mut record.members {
            if let Base::Scalar(scalar) = &mut member.base {
                *scalar = scalar.on(t);
            }
            // gcc aligns an array of vectors of 8 bytes to 4 on 32-bit Linux if it has no elements.
            if let (Base::Scalar(Scalar::Float2), Shape::Plain { array: Some(count @ 0), .. }, "gcc") =
                (member.base, &mut member.shape, compiler)
            {
                *count = 1;
            }
        }
    }
}

/// The C file: definitions, then for each record `m<i>` with its numbers and, for each named
/// bit-field, `b<i>_<n>`.
fn program(records: &[Record]) -> Result<String, std::fmt::Error> {
    let mut c = format!("enum e {{ e0, e1 }};\n{VECTORS}");
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

fn check(name: &str, compiler: &str, flags: &[&str], t: Target) {
    let without = Without::of(compiler, t);
    let sweep = Sweep {
        records: RECORDS,
        members: 8,
        scalars: 16,
        // clang does not know gcc_struct. On 32-bit x86 ms_struct changes more than bit-fields.
        foreign_bits: compiler == "gcc" && t.pointer_size() == 8,
    };
    let records = sweep.records(&mut Random::seeded(), &|record| without.apply(compiler, t, record));
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

macro_rules! oracle {
    ($($name:ident: $compiler:literal $flags:expr => $target:expr;)*) => {
        $(#[test] fn $name() { check(stringify!($name), $compiler, &$flags, $target); })*
    };
}

oracle! {
    gcc_x86_64_linux: "gcc" ["-c", "-m64", "-DFOREIGN_BITS=ms_struct"] => Target::X86_64_LINUX;
    gcc_x86_linux: "gcc" ["-c", "-m32"] => Target::X86_LINUX;
    gcc_ms_bitfields: "gcc" ["-c", "-m64", "-mms-bitfields", "-DFOREIGN_BITS=gcc_struct"] => Target::X86_64_WINDOWS_GNU;
    clang_x86_64_linux: "clang" ["-c", "--target=x86_64-linux-gnu"] => Target::X86_64_LINUX;
    clang_x86_linux: "clang" ["-c", "--target=i386-linux-gnu"] => Target::X86_LINUX;
    clang_x86_64_macos: "clang" ["-c", "--target=x86_64-apple-macos11"] => Target::X86_64_MACOS;
    clang_aarch64_linux: "clang" ["-c", "--target=aarch64-linux-gnu"] => Target::AARCH64_LINUX;
    gcc_aarch64_linux: "aarch64-linux-gnu-gcc" ["-c"] => Target::AARCH64_LINUX;
    clang_aarch64_windows_msvc: "clang" ["-c", "--target=aarch64-pc-windows-msvc"] => Target::AARCH64_WINDOWS;
    mingw_x86_windows_gnu: "i686-w64-mingw32-gcc" ["-c"] => Target::X86_WINDOWS_GNU;
    clang_aarch64_macos: "clang" ["-c", "--target=arm64-apple-macos11"] => Target::AARCH64_MACOS;
    clang_riscv64_linux: "clang" ["-c", "--target=riscv64-linux-gnu"] => Target::RISCV64_LINUX;
    gcc_riscv64_linux: "riscv64-linux-gnu-gcc" ["-c"] => Target::RISCV64_LINUX;
    clang_x86_64_windows_gnu: "clang" ["-c", "--target=x86_64-w64-windows-gnu"] => Target::X86_64_WINDOWS_GNU;
    clang_x86_64_windows_msvc: "clang" ["-c", "--target=x86_64-pc-windows-msvc"] => Target::X86_64_WINDOWS;
    clang_x86_windows_gnu: "clang" ["-c", "--target=i686-w64-windows-gnu"] => Target::X86_WINDOWS_GNU;
    clang_x86_windows_msvc: "clang" ["-c", "--target=i686-pc-windows-msvc"] => Target::X86_WINDOWS;
}
