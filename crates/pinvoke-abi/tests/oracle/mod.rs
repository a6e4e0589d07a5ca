//! C types at random: their definitions as text and their layouts as we compute them.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use pinvoke_abi::layout::{Layout, LayoutError, StructBuilder};
use pinvoke_abi::target::{Arch, BitFieldRule, Os, Target};

/// SplitMix64: small, and the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    /// From a fixed seed; `PINVOKE_ORACLE_SEED` sets another.
    pub(crate) fn seeded() -> Random {
        Random(match std::env::var("PINVOKE_ORACLE_SEED") {
            Ok(seed) => seed.parse().expect("PINVOKE_ORACLE_SEED is a number"),
            Err(_) => 20_260_101,
        })
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn index(&mut self, n: u64) -> usize {
        usize::try_from(self.below(n)).expect("a small number")
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
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
    ComplexFloat,
    ComplexLongDouble,
    Float128,
    /// `__m64`, `float32x2_t`.
    Float2,
    /// `__m128`, `float32x4_t`.
    Float4,
    LongLong2,
    Char16,
}

/// The vectors as C text; a name is the element's and the number of elements.
pub(crate) const VECTORS: &str = "typedef float vector_f2 __attribute__((vector_size(8)));
typedef float vector_f4 __attribute__((vector_size(16)));
typedef long long vector_l2 __attribute__((vector_size(16)));
typedef signed char vector_c16 __attribute__((vector_size(16)));
";

impl Scalar {
    /// The first six can be bit-fields; the last three are not known everywhere.
    pub(crate) const ALL: [Scalar; 19] = [
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
        Scalar::Float2,
        Scalar::Float4,
        Scalar::LongLong2,
        Scalar::Char16,
        Scalar::ComplexFloat,
        Scalar::ComplexLongDouble,
        Scalar::Float128,
    ];

    /// The same, or what compilers for `t` have in its place.
    pub(crate) fn on(self, t: Target) -> Scalar {
        match (self, t.arch) {
            // 32-bit targets have no __int128.
            (Scalar::Int128, Arch::X86) => Scalar::LongLong,
            (Scalar::Float128, Arch::Aarch64 | Arch::Riscv64) => Scalar::LongDouble,
            (Scalar::Float128, _) if t.os == Os::WindowsMsvc => Scalar::LongDouble,
            (scalar, _) => scalar,
        }
    }

    pub(crate) fn c(self) -> &'static str {
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
            Scalar::ComplexFloat => "_Complex float",
            Scalar::ComplexLongDouble => "_Complex long double",
            Scalar::Float128 => "__float128",
            Scalar::Float2 => "vector_f2",
            Scalar::Float4 => "vector_f4",
            Scalar::LongLong2 => "vector_l2",
            Scalar::Char16 => "vector_c16",
        }
    }

    pub(crate) fn layout(self, t: Target) -> Layout {
        let vector =
            |element, count| Layout::vector(t, element, count).expect("a vector that compilers have");
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
            Scalar::ComplexFloat => Layout::complex(&Layout::float(t, 4)),
            Scalar::ComplexLongDouble => Layout::complex(&Layout::long_double(t)),
            Scalar::Float128 => Layout::float(t, 16),
            Scalar::Float2 => vector(Layout::float(t, 4), 2),
            Scalar::Float4 => vector(Layout::float(t, 4), 4),
            Scalar::LongLong2 => vector(Layout::int(t, 8, true), 2),
            Scalar::Char16 => vector(Layout::int(t, 1, true), 16),
        }
    }

    pub(crate) fn bits(self) -> Option<u64> {
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
pub(crate) enum Base {
    Scalar(Scalar),
    Record(usize),
}

#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Plain { array: Option<u64>, aligned: Option<u64> },
    Bits { width: u32, named: bool, aligned: Option<u64> },
}

#[derive(Clone, Copy)]
pub(crate) struct Member {
    pub(crate) base: Base,
    pub(crate) shape: Shape,
}

pub(crate) struct Record {
    pub(crate) union: bool,
    pub(crate) packed: bool,
    pub(crate) pack: Option<u64>,
    pub(crate) aligned: Option<u64>,
    /// `ms_struct` on Linux, `gcc_struct` on Windows.
    pub(crate) foreign_bits: bool,
    pub(crate) members: Vec<Member>,
}

/// What to generate.
pub(crate) struct Sweep {
    pub(crate) records: usize,
    /// Members of one record, less one.
    pub(crate) members: u64,
    /// How many of [`Scalar::ALL`] to use.
    pub(crate) scalars: u64,
    /// Whether to use `ms_struct` or `gcc_struct`.
    pub(crate) foreign_bits: bool,
}

impl Sweep {
    /// Random records, each after `adjust` had its say.
    pub(crate) fn records(&self, r: &mut Random, adjust: &dyn Fn(&mut Record)) -> Vec<Record> {
        let mut records: Vec<Record> = Vec::new();
        for index in 0..self.records {
            let bit_heavy = r.one_in(2);
            let count = r.below(self.members);
            let members = (0..count).map(|_| self.member(r, bit_heavy, index)).collect();
            let mut record = Record {
                union: r.one_in(5),
                packed: r.one_in(6),
                pack: r.one_in(6).then(|| 1 << r.below(5)),
                aligned: r.one_in(10).then(|| 1 << r.below(6)),
                foreign_bits: self.foreign_bits && r.one_in(6),
                members,
            };
            adjust(&mut record);
            records.push(record);
        }
        records
    }

    fn member(&self, r: &mut Random, bit_heavy: bool, index: usize) -> Member {
        if r.one_in(if bit_heavy { 2 } else { 8 }) {
            let base = Scalar::ALL[r.index(6)];
            let limit = base.bits().unwrap_or(1);
            let named = !r.one_in(5);
            let zero = !named && r.one_in(2);
            let width = if zero { 0 } else { 1 + r.below(limit) };
            let width = u32::try_from(width).expect("at most 64");
            let aligned = (named && r.one_in(12)).then(|| 1 << r.below(6));
            return Member { base: Base::Scalar(base), shape: Shape::Bits { width, named, aligned } };
        }
        let base = if index > 0 && r.one_in(6) {
            Base::Record(r.index(index as u64))
        } else {
            Base::Scalar(Scalar::ALL[r.index(self.scalars)])
        };
        let array = r.one_in(6).then(|| r.below(4));
        let aligned = r.one_in(10).then(|| 1 << r.below(6));
        Member { base, shape: Shape::Plain { array, aligned } }
    }
}

/// Writes the definition of `r<index>` and the typedef `t<index>`.
pub(crate) fn define(c: &mut String, index: usize, record: &Record) -> std::fmt::Result {
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

/// Our layout of a record; `earlier` are those of the records before it.
pub(crate) fn build(t: Target, record: &Record, earlier: &[Layout]) -> Result<Layout, LayoutError> {
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

/// Compiles, with all needed flags in `flags`; false if there is no such compiler.
pub(crate) fn compile(compiler: &str, flags: &[&str], source: &Path, object: &Path) -> bool {
    let result = Command::new(compiler).args(flags).args(["-w", "-o"]).arg(object).arg(source).output();
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
