//! Plans against C compilers, without an engine of ours.
//!
//! A C compiler generates calls of random signatures. Their callee is an assembly routine that
//! writes down all argument registers and the stack; what stands there must be the bytes of the
//! arguments, in the places that the plan says. The other way round, C functions return values, and
//! an assembly routine writes down what they leave in the result registers.
//!
//! Padding is not compared: compilers do not copy it.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

mod oracle;

use oracle::{Base, Random, Record, Scalar, Shape, Sweep, build, compile, define};
use pinvoke_abi::layout::{Kind, Layout};
use pinvoke_abi::plan::{ArgPlan, CallPlan, Extend, Location, Piece, RetPlan};
use pinvoke_abi::reg::{Gpr, Reg};
use pinvoke_abi::signature::{CallConv, Signature, promote};
use pinvoke_abi::target::Target;

const LINUX: Target = Target::X86_64_LINUX;
/// Signatures per compiler and convention; `PINVOKE_ORACLE_SIGNATURES` sets another number.
fn signatures() -> usize {
    match std::env::var("PINVOKE_ORACLE_SIGNATURES") {
        Ok(count) => count.parse().expect("PINVOKE_ORACLE_SIGNATURES is a number"),
        Err(_) => 200,
    }
}

/// What the routines write down: `ints` by hardware number, `xmm0` to `xmm7`, two x87 registers in
/// 16 bytes each, and the stack from the first stack argument upwards.
const VECS: usize = 16 * 8;
const X87S: usize = VECS + 8 * 16;
const STACK: usize = X87S + 2 * 16;
const STACK_BYTES: usize = 1024;
const IMAGE: usize = STACK + STACK_BYTES;

/// The assembly routines and what the generated functions use.
const RUNTIME: &str = r#"
#include <stdio.h>
#include <string.h>
enum e { e0, e1 };
struct image { unsigned long long ints[16]; unsigned char vecs[128], x87s[32], stack[1024]; };
struct image image __attribute__((aligned(16)));
unsigned char saved[176] __attribute__((aligned(16)));
unsigned char memory[65536] __attribute__((aligned(64)));
void (*inspect)(void);
void write_image(void) { fwrite(&image, sizeof image, 1, stdout); }
void reference(unsigned long long address, unsigned long size) { fwrite((void *)address, size, 1, stdout); }
__asm__(
  ".text\n.globl capture\ncapture:\n"
  "mov %rax, image+0(%rip)\nmov %rcx, image+8(%rip)\nmov %rdx, image+16(%rip)\n"
  "mov %rsi, image+48(%rip)\nmov %rdi, image+56(%rip)\nmov %r8, image+64(%rip)\nmov %r9, image+72(%rip)\n"
  "movups %xmm0, image+128(%rip)\nmovups %xmm1, image+144(%rip)\nmovups %xmm2, image+160(%rip)\n"
  "movups %xmm3, image+176(%rip)\nmovups %xmm4, image+192(%rip)\nmovups %xmm5, image+208(%rip)\n"
  "movups %xmm6, image+224(%rip)\nmovups %xmm7, image+240(%rip)\n"
  /* what Microsoft x64 wants preserved, for the C code below */
  "mov %rdi, saved(%rip)\nmov %rsi, saved+8(%rip)\n"
  "movaps %xmm6, saved+16(%rip)\nmovaps %xmm7, saved+32(%rip)\nmovaps %xmm8, saved+48(%rip)\n"
  "movaps %xmm9, saved+64(%rip)\nmovaps %xmm10, saved+80(%rip)\nmovaps %xmm11, saved+96(%rip)\n"
  "movaps %xmm12, saved+112(%rip)\nmovaps %xmm13, saved+128(%rip)\nmovaps %xmm14, saved+144(%rip)\n"
  "movaps %xmm15, saved+160(%rip)\n"
  "lea 8(%rsp), %rsi\nlea image+288(%rip), %rdi\nmov $1024, %ecx\nrep movsb\n"
  "push %rbp\nmov %rsp, %rbp\nand $-16, %rsp\ncall *inspect(%rip)\nmov %rbp, %rsp\npop %rbp\n"
  "mov saved(%rip), %rdi\nmov saved+8(%rip), %rsi\n"
  "movaps saved+16(%rip), %xmm6\nmovaps saved+32(%rip), %xmm7\nmovaps saved+48(%rip), %xmm8\n"
  "movaps saved+64(%rip), %xmm9\nmovaps saved+80(%rip), %xmm10\nmovaps saved+96(%rip), %xmm11\n"
  "movaps saved+112(%rip), %xmm12\nmovaps saved+128(%rip), %xmm13\nmovaps saved+144(%rip), %xmm14\n"
  "movaps saved+160(%rip), %xmm15\nret\n"
  /* void result(function, address of memory in rdi/rcx, number of x87 results) */
  ".globl result\nresult:\npush %rbx\nsub $32, %rsp\nmov %edx, %ebx\nmov %rdi, %rax\n"
  "mov %rsi, %rdi\nmov %rsi, %rcx\ncall *%rax\n"
  "mov %rax, image+0(%rip)\nmov %rdx, image+16(%rip)\n"
  "movups %xmm0, image+128(%rip)\nmovups %xmm1, image+144(%rip)\n"
  "test %ebx, %ebx\njz 1f\nfstpt image+256(%rip)\ncmp $1, %ebx\nje 1f\nfstpt image+272(%rip)\n"
  "1:\nadd $32, %rsp\npop %rbx\nret\n");
void capture(void);
/* volatile, or a compiler sees that the callee is not variadic and leaves al alone */
void (*volatile callee)(void) = capture;
void result(void *function, void *memory, int x87s);
"#;

/// A C type that may be passed: its name and layout.
#[derive(Clone)]
struct Type {
    c: String,
    layout: Layout,
    mask: Vec<u8>,
}

struct Case {
    params: Vec<Type>,
    ret: Option<Type>,
    plan: CallPlan,
    signature: Signature,
    values: Vec<Vec<u8>>,
    returned: Vec<u8>,
}

/// Which bits of a value mean something, one byte of mask per byte. Unnamed bit-fields do not.
fn mask(base: Base, layout: &Layout, records: &[Record], layouts: &[Layout]) -> Vec<u8> {
    let mut mask = vec![0; usize::try_from(layout.size).expect("a small layout")];
    let (Base::Record(index), Kind::Struct { fields } | Kind::Union { fields }) = (base, &layout.kind) else {
        match layout.kind {
            Kind::Bool => mask[0] = 1,
            Kind::X87 => mask[..10].fill(0xFF),
            Kind::Complex { x87: true } => {
                mask[..10].fill(0xFF);
                mask[16..26].fill(0xFF);
            }
            _ => mask.fill(0xFF),
        }
        return mask;
    };
    let members = records[index].members.iter().filter(|m| !matches!(m.shape, Shape::Bits { width: 0, .. }));
    for (member, field) in members.zip(fields.iter()) {
        let at = usize::try_from(field.offset).expect("a small offset");
        match (member.shape, field.bits) {
            (Shape::Bits { named, .. }, Some(bits)) if named => {
                for bit in bits.start..bits.start + bits.width {
                    mask[at + bit as usize / 8] |= 1 << (bit % 8);
                }
            }
            (Shape::Bits { .. }, _) => {}
            (Shape::Plain { .. }, _) => {
                let element = match member.base {
                    Base::Scalar(scalar) => scalar.layout(LINUX),
                    Base::Record(index) => layouts[index].clone(),
                };
                let bits = self::mask(member.base, &element, records, layouts);
                let count = usize::try_from(field.layout.size).expect("small") / bits.len().max(1);
                for (to, from) in mask[at..].iter_mut().zip(bits.repeat(count)) {
                    *to |= from;
                }
            }
        }
    }
    mask
}

fn types(r: &mut Random, c: &mut String, compiler: &str) -> Vec<Type> {
    let mut types: Vec<Type> = Scalar::ALL
        .iter()
        .map(|scalar| {
            let layout = scalar.layout(LINUX);
            let mask = mask(Base::Scalar(*scalar), &layout, &[], &[]);
            Type { c: scalar.c().to_owned(), layout, mask }
        })
        .collect();
    let sweep = Sweep { records: 300, members: 4, scalars: 15, foreign_bits: compiler == "gcc" };
    let records = sweep.records(r, &|record| leave_out(compiler, record));
    let mut layouts = Vec::new();
    for (index, record) in records.iter().enumerate() {
        define(c, index, record).expect("writing to a string");
        layouts.push(build(LINUX, record, &layouts).expect("a small layout"));
    }
    types.extend(layouts.iter().enumerate().map(|(index, layout)| Type {
        c: format!("t{index}"),
        layout: layout.clone(),
        mask: mask(Base::Record(index), layout, &records, &layouts),
    }));
    types
}

/// Takes out what a compiler sees differently from our rules; see the comment on `sysv64`.
fn leave_out(compiler: &str, record: &mut Record) {
    // gcc gives an array of no elements the class of its elements if it begins inside an eightbyte.
    for member in &mut record.members {
        if let Shape::Plain { array: Some(count @ 0), .. } = &mut member.shape {
            *count = 1;
        }
    }
    if compiler == "clang" {
        // clang asks whether inner structures are aligned, leaves out unnamed bit-fields, sends
        // structures around a __float128 to memory, and reads attributes of bit-fields its own way.
        (record.packed, record.pack) = (false, None);
        record.members.retain_mut(|member| match &mut member.shape {
            Shape::Bits { named: false, .. } => false,
            Shape::Bits { aligned, .. } => {
                *aligned = None;
                true
            }
            Shape::Plain { .. } => !matches!(member.base, Base::Scalar(Scalar::Float128)),
        });
    }
}

/// Values that clang 14 passes differently from our rules.
fn clang_differs(conv: CallConv, layout: &Layout) -> bool {
    match (conv, &layout.kind) {
        // In a register or by value, where gcc and MinGW pass a reference and return in memory.
        (CallConv::Win64, Kind::X87) => true,
        (CallConv::Win64, Kind::Float) => layout.size == 16,
        // As a result, the address of memory; as an argument, a stack slot.
        (CallConv::Win64, _) => layout.size == 0,
        // Split between a register and the stack, or aligned to 8 there. Fixed in later versions.
        (_, Kind::Int { .. }) => layout.size == 16,
        _ => false,
    }
}

fn case(r: &mut Random, types: &[Type], conv: CallConv, compiler: &str) -> Case {
    let pick = |r: &mut Random| {
        loop {
            let scalar = r.one_in(2);
            let index = if scalar { r.index(15) } else { 15 + r.index(types.len() as u64 - 15) };
            let ty = &types[index];
            // Most of the structures shall be small enough for registers.
            if ty.layout.size > 16 && !r.one_in(4) || ty.layout.size > 256 {
                continue;
            }
            if compiler == "clang" && clang_differs(conv, &ty.layout) {
                continue;
            }
            // gcc gives no stack slot under ms_abi to a structure of nothing but unnamed bit-fields.
            if conv == CallConv::Win64 && ty.layout.size > 0 && ty.mask.iter().all(|mask| *mask == 0) {
                continue;
            }
            return ty.clone();
        }
    };
    let count = r.index(16);
    let mut params: Vec<Type> = (0..count).map(|_| pick(r)).collect();
    let variadic_from = (count > 0 && r.one_in(4)).then(|| 1 + r.index(count as u64));
    if let Some(from) = variadic_from {
        params.retain({
            let mut index = 0;
            move |ty| {
                index += 1;
                index <= from || promote(&ty.layout, LINUX) == ty.layout
            }
        });
    }
    let ret = (!r.one_in(6)).then(|| pick(r));
    let signature = Signature {
        target: LINUX,
        conv,
        params: params.iter().map(|ty| ty.layout.clone()).collect(),
        ret: ret.as_ref().map_or(Layout::void(), |ty| ty.layout.clone()),
        variadic_from,
    };
    let mut value =
        |ty: &Type| -> Vec<u8> { ty.mask.iter().map(|mask| (r.next() & 0xFF) as u8 & mask).collect() };
    let values = params.iter().map(&mut value).collect();
    let returned = ret.as_ref().map_or(Vec::new(), value);
    let plan = CallPlan::new(&signature).unwrap_or_else(|e| panic!("{signature}: {e}"));
    Case { params, ret, plan, signature, values, returned }
}

/// Where a location lies in the image, in bytes.
fn offset(at: Location) -> usize {
    match at {
        Location::Reg(Reg::Int(reg)) => reg as usize * 8,
        Location::Reg(Reg::Vec(n)) => VECS + usize::from(n) * 16,
        Location::Reg(Reg::X87(n)) => X87S + usize::from(n) * 16,
        Location::Stack(n) => STACK + n as usize,
        Location::Reg(other) => panic!("{other} is no register of x86-64"),
    }
}

fn emit(c: &mut String, index: usize, case: &Case) -> std::fmt::Result {
    let conv = if case.signature.conv == CallConv::Win64 { "__attribute__((ms_abi))" } else { "" };
    let initial = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    for (n, (ty, value)) in case.params.iter().zip(&case.values).enumerate() {
        writeln!(c, "{} a{index}_{n}; const unsigned char i{index}_{n}[] = {{{}}};", ty.c, initial(value))?;
    }
    let ret = case.ret.as_ref().map_or("void", |ty| &ty.c);
    if case.ret.is_some() {
        writeln!(c, "{ret} v{index}; const unsigned char j{index}[] = {{{}}};", initial(&case.returned))?;
        writeln!(c, "{conv} {ret} f{index}(void) {{ return v{index}; }}")?;
    } else {
        writeln!(c, "{conv} void f{index}(void) {{}}")?;
    }
    writeln!(c, "void s{index}(void) {{ write_image();")?;
    for (arg, value) in case.plan.args().iter().zip(&case.values) {
        if let ArgPlan::ByReference { at, .. } = arg {
            let at = offset(*at);
            writeln!(c, "reference(*(unsigned long long *)((char *)&image + {at}), {});", value.len())?;
        }
    }
    writeln!(c, "}}\nvoid c{index}(void) {{ inspect = s{index};")?;
    for (n, value) in case.values.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
        writeln!(c, "memcpy(&a{index}_{n}, i{index}_{n}, {});", value.len())?;
    }
    let mut types: Vec<&str> = case.params.iter().map(|ty| &*ty.c).collect();
    if let Some(from) = case.signature.variadic_from {
        types.truncate(from);
        types.push("...");
    } else if types.is_empty() {
        types.push("void");
    }
    let args = (0..case.params.len()).map(|n| format!("a{index}_{n}")).collect::<Vec<_>>().join(", ");
    writeln!(c, "(({conv} {ret} (*)({}))callee)({args});", types.join(", "))?;
    if !case.returned.is_empty() {
        writeln!(c, "memcpy(&v{index}, j{index}, {});", case.returned.len())?;
    }
    let x87s = match case.plan.ret() {
        RetPlan::Direct(pieces) => {
            pieces.iter().filter(|p| matches!(p.at, Location::Reg(Reg::X87(_)))).count()
        }
        RetPlan::Void | RetPlan::Indirect { .. } => 0,
    };
    writeln!(c, "memset(memory, 0x5A, sizeof memory); result(f{index}, memory, {x87s}); write_image();")?;
    writeln!(c, "fwrite(memory, {}, 1, stdout); }}", case.returned.len())
}

/// What the program has written, read from the front.
struct Output<'a>(&'a [u8]);

impl<'a> Output<'a> {
    fn take(&mut self, size: usize) -> Result<&'a [u8], String> {
        let Some((taken, rest)) = self.0.split_at_checked(size) else {
            self.0 = &[];
            return Err("the program has ended".to_owned());
        };
        self.0 = rest;
        Ok(taken)
    }
}

fn compare(case: &Case, compiler: &str, output: &mut Output<'_>) -> Result<(), String> {
    let image = output.take(IMAGE)?;
    let variable = case.signature.variadic_from.unwrap_or(usize::MAX);
    let mut mismatch = None;
    for (n, (arg, value)) in case.plan.args().iter().zip(&case.values).enumerate() {
        let mask = &case.params[n].mask;
        match arg {
            ArgPlan::Direct(pieces) => {
                for piece in pieces {
                    if !piece_is_there(piece, image, value, mask, compiler, case.signature.conv) {
                        mismatch = Some(format!("argument {}: {piece} is not so", n + 1));
                    }
                    // gcc mirrors only the variable arguments.
                    if let Some(mirror) = piece.mirror
                        && (n >= variable || compiler == "clang")
                        && !same(image, offset(Location::Reg(mirror)), value, mask, piece)
                    {
                        mismatch = Some(format!("argument {}: no copy in {mirror}", n + 1));
                    }
                }
            }
            ArgPlan::ByReference { .. } => {
                let copy = output.take(value.len())?;
                if !(0..value.len()).all(|i| copy[i] & mask[i] == value[i]) {
                    mismatch = Some(format!("argument {}: not by reference there", n + 1));
                }
            }
        }
    }
    if let Some(count) = case.plan.vector_regs()
        && image[0] != count
    {
        mismatch = Some(format!("al is {}", image[0]));
    }
    let image = output.take(IMAGE)?;
    let memory = output.take(case.returned.len())?;
    let mask = case.ret.as_ref().map_or(&[][..], |ty| &ty.mask);
    match case.plan.ret() {
        RetPlan::Void => {}
        RetPlan::Direct(pieces) => {
            for piece in pieces {
                if !same(image, offset(piece.at), &case.returned, mask, piece) {
                    mismatch = Some(format!("result: {piece} is not so"));
                }
            }
        }
        RetPlan::Indirect { returned, .. } => {
            if *returned != Some(Reg::Int(Gpr::Rax)) {
                mismatch = Some("result: returned elsewhere".to_owned());
            }
            if !(0..memory.len()).all(|i| memory[i] & mask[i] == case.returned[i]) {
                mismatch = Some("result: not in memory".to_owned());
            }
        }
    }
    mismatch.map_or(Ok(()), Err)
}

/// Whether the bytes of a piece stand at a place of the image.
fn same(image: &[u8], at: usize, value: &[u8], mask: &[u8], piece: &Piece) -> bool {
    let (first, width) = (piece.offset as usize, piece.width as usize);
    (0..width).all(|i| image[at + i] & mask[first + i] == value[first + i])
}

fn piece_is_there(
    piece: &Piece,
    image: &[u8],
    value: &[u8],
    mask: &[u8],
    compiler: &str,
    conv: CallConv,
) -> bool {
    let at = offset(piece.at);
    let fill = match piece.extend {
        Extend::None => None,
        Extend::Zero => Some(0),
        Extend::Sign => {
            let last = value[(piece.offset + piece.width - 1) as usize];
            Some(if last & 0x80 == 0 { 0 } else { 0xFF })
        }
    };
    // clang does not extend under Microsoft x64, and nobody promises it for the stack.
    let extends = matches!(piece.at, Location::Reg(_)) && !(compiler == "clang" && conv == CallConv::Win64);
    let extended = match fill {
        Some(fill) if extends => image[at + piece.width as usize..at + 4].iter().all(|byte| *byte == fill),
        _ => true,
    };
    extended && same(image, at, value, mask, piece)
}

fn check(name: &str, compiler: &str, conv: CallConv) {
    let mut r = Random::seeded();
    let mut c = String::from(RUNTIME);
    let types = types(&mut r, &mut c, compiler);
    let cases: Vec<Case> = (0..signatures()).map(|_| case(&mut r, &types, conv, compiler)).collect();
    for (index, case) in cases.iter().enumerate() {
        emit(&mut c, index, case).expect("writing to a string");
    }
    c.push_str("int main(void) { setvbuf(stdout, 0, _IONBF, 0);\n");
    for index in 0..cases.len() {
        let _ = writeln!(c, "c{index}();");
    }
    c.push_str("return 0; }\n");
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("plan-{name}"));
    std::fs::create_dir_all(&dir).expect("a directory for the program");
    let (source, program) = (dir.join("plans.c"), dir.join("plans"));
    std::fs::write(&source, c).expect("the program");
    if !compile(compiler, &["-O1", "-fno-pie", "-no-pie", "-DFOREIGN_BITS=ms_struct"], &source, &program) {
        return;
    }
    let run = Command::new(&program).output().expect("the program runs");
    let mut output = Output(&run.stdout);
    let mut mismatches = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        if let Err(mismatch) = compare(case, compiler, &mut output) {
            mismatches.push(format!("#{index} {}\n{mismatch}\n{}", case.signature, case.plan));
            if output.0.is_empty() {
                break;
            }
        }
    }
    let count = mismatches.len();
    let first = mismatches.first().cloned().unwrap_or_default();
    mismatches.sort_by_key(String::len);
    mismatches.truncate(5);
    assert!(
        count == 0,
        "{name}: {count} of {} differ ({})\n{}\nfirst: {first}",
        cases.len(),
        run.status,
        mismatches.join("\n")
    );
    assert!(run.status.success() && output.0.is_empty(), "{name}: {}", run.status);
}

#[test]
fn gcc_sysv64() {
    check("gcc-sysv64", "gcc", CallConv::SysV64);
}

#[test]
fn gcc_win64() {
    check("gcc-win64", "gcc", CallConv::Win64);
}

#[test]
fn clang_sysv64() {
    check("clang-sysv64", "clang", CallConv::SysV64);
}

#[test]
fn clang_win64() {
    check("clang-win64", "clang", CallConv::Win64);
}
