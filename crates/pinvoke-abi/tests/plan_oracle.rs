//! Plans against C compilers, without an engine of ours.
//!
//! A C compiler generates calls of random signatures. Their callee is an assembly routine that
//! writes down all argument registers and the stack; what stands there must be the bytes of the
//! arguments, in the places that the plan says. The other way round, C functions return values, and
//! an assembly routine writes down what they leave in the result registers.
//!
//! The calls are those of every target that a compiler knows: for other systems they are compiled to
//! assembly, which runs here, under an emulator for another architecture (`plan_oracle/machine.rs`).
//!
//! Padding is not compared: compilers do not copy it.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::fmt::Write as _;
use std::path::PathBuf;

#[path = "plan_oracle/machine.rs"]
mod machine;
mod oracle;

use machine::Machine;
use oracle::{Base, Random, Record, Scalar, Shape, Sweep, build, define};
use pinvoke_abi::layout::{Kind, Layout};
use pinvoke_abi::plan::{ArgPlan, CallPlan, Extend, Location, Piece, RetPlan};
use pinvoke_abi::reg::{Bank, Reg};
use pinvoke_abi::signature::{CallConv, Signature, promote};
use pinvoke_abi::target::{Arch, Os, Target};

/// Signatures per compiler and convention; `PINVOKE_ORACLE_SIGNATURES` sets another number.
fn signatures() -> usize {
    match std::env::var("PINVOKE_ORACLE_SIGNATURES") {
        Ok(count) => count.parse().expect("PINVOKE_ORACLE_SIGNATURES is a number"),
        Err(_) => 200,
    }
}

/// What the routines write down (`struct image`): integer registers by number, vector registers, x87
/// registers in 16 bytes each, the bytes that a callee removed, and the stack from the first stack
/// argument upwards.
const VECS: usize = 32 * 8;
const X87S: usize = VECS + 8 * 16;
const REMOVED: usize = X87S + 2 * 16;
const STACK: usize = REMOVED + 8;
const STACK_BYTES: usize = 1024;
const IMAGE: usize = STACK + STACK_BYTES;

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
    /// Of the function that returns the same.
    returning: CallPlan,
    signature: Signature,
    values: Vec<Vec<u8>>,
    returned: Vec<u8>,
}

/// Which bits of a value mean something, one byte of mask per byte. Unnamed bit-fields do not.
fn mask(t: Target, base: Base, layout: &Layout, records: &[Record], layouts: &[Layout]) -> Vec<u8> {
    let mut mask = vec![0; usize::try_from(layout.size).expect("a small layout")];
    let (Base::Record(index), Kind::Struct { fields } | Kind::Union { fields }) = (base, &layout.kind) else {
        match layout.kind {
            Kind::Bool => mask[0] = 1,
            Kind::X87 => mask[..10].fill(0xFF),
            Kind::Complex { x87: true } => {
                let second = mask.len() / 2;
                mask[..10].fill(0xFF);
                mask[second..second + 10].fill(0xFF);
            }
            _ => mask.fill(0xFF),
        }
        // What travels through an x87 register must be a number: one bit less in the exponent.
        let number = match layout.kind {
            Kind::Float => layout.size,
            Kind::Complex { x87: false } => layout.size / 2,
            _ => 0,
        };
        if t.arch == Arch::X86 && matches!(number, 4 | 8) {
            let number = usize::try_from(number).expect("a small number");
            mask.iter_mut().skip(number - 1).step_by(number).for_each(|top| *top = 0xBF);
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
                    Base::Scalar(scalar) => scalar.layout(t),
                    Base::Record(index) => layouts[index].clone(),
                };
                let bits = self::mask(t, member.base, &element, records, layouts);
                let count = usize::try_from(field.layout.size).expect("small") / bits.len().max(1);
                for (to, from) in mask[at..].iter_mut().zip(bits.repeat(count)) {
                    *to |= from;
                }
            }
        }
    }
    mask
}

fn types(r: &mut Random, c: &mut String, m: Machine) -> Vec<Type> {
    let t = m.target;
    let mut types: Vec<Type> = Scalar::ALL
        .iter()
        .map(|scalar| {
            let scalar = passed(t, *scalar);
            let layout = scalar.layout(t);
            let mask = mask(t, Base::Scalar(scalar), &layout, &[], &[]);
            Type { c: scalar.c().to_owned(), layout, mask }
        })
        .collect();
    let foreign_bits = !m.is_clang() && t.arch == Arch::X86_64;
    let sweep = Sweep { records: 300, members: 4, scalars: Scalar::ALL.len() as u64, foreign_bits };
    let records = sweep.records(r, &|record| leave_out(m, record));
    let mut layouts = Vec::new();
    for (index, record) in records.iter().enumerate() {
        define(c, index, record).expect("writing to a string");
        layouts.push(build(t, record, &layouts).expect("a small layout"));
    }
    types.extend(layouts.iter().enumerate().map(|(index, layout)| Type {
        c: format!("t{index}"),
        layout: layout.clone(),
        mask: mask(t, Base::Record(index), layout, &records, &layouts),
    }));
    types
}

/// The same, or what is passed by value in its place.
fn passed(t: Target, scalar: Scalar) -> Scalar {
    let vector = matches!(scalar, Scalar::Float2 | Scalar::Float4 | Scalar::LongLong2 | Scalar::Char16);
    // How vectors travel there is refused.
    if vector && t.arch == Arch::X86 { Scalar::Double } else { scalar.on(t) }
}

/// Takes out what a compiler sees differently from our rules; see the comment on `sysv64`.
fn leave_out(m: Machine, record: &mut Record) {
    for member in &mut record.members {
        if let Base::Scalar(scalar) = &mut member.base {
            *scalar = passed(m.target, *scalar);
        }
        // Layouts do not remember an alignment that a bit-field states itself; AAPCS64 asks for it.
        if let (Shape::Bits { aligned, .. }, Arch::Aarch64) = (&mut member.shape, m.target.arch) {
            *aligned = None;
        }
        // MSVC passes what an attribute aligns by reference; layouts do not remember the attribute.
        if (m.target.arch, m.target.os) == (Arch::X86, Os::WindowsMsvc) {
            record.aligned = None;
            match &mut member.shape {
                Shape::Bits { aligned, .. } | Shape::Plain { aligned, .. } => *aligned = None,
            }
        }
        // gcc gives an array of no elements the class of its elements if it begins inside an eightbyte.
        if let Shape::Plain { array: Some(count @ 0), .. } = &mut member.shape {
            *count = 1;
        }
    }
    if record.union && !m.is_clang() {
        // gcc counts a bit-field of no width if it is in a union.
        record.members.retain(|member| !matches!(member.shape, Shape::Bits { width: 0, .. }));
    }
    if m.is_clang() {
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

/// Values that a compiler passes differently from our rules.
fn differs(m: Machine, conv: CallConv, ty: &Type) -> bool {
    let layout = &ty.layout;
    match (m.target.arch, conv, &layout.kind) {
        // gcc gives no stack slot under ms_abi to a structure of nothing but unnamed bit-fields.
        (Arch::X86_64, CallConv::Win64, _) if layout.size > 0 && ty.mask.iter().all(|mask| *mask == 0) => {
            true
        }
        // gcc aligns the stack for a structure without bytes, which "is ignored" (psABI); clang ignores it.
        (Arch::Riscv64, _, _) if !m.is_clang() => layout.size == 0 && layout.align >= 16,
        (_, _, _) if !m.is_clang() => false,
        // MSVC's C has no structure without members; clang gives it bytes and passes none.
        (_, _, _) if m.target.os == Os::WindowsMsvc && ty.mask.iter().all(|mask| *mask == 0) => true,
        // In a register or by value, where gcc and MinGW pass a reference and return in memory.
        (Arch::X86_64, CallConv::Win64, Kind::X87) => true,
        (Arch::X86_64, CallConv::Win64, Kind::Float) => layout.size == 16,
        // In the low half of a vector register, or by reference.
        (Arch::X86_64, CallConv::Win64, Kind::Vector { .. }) => layout.size == 8,
        // As a result, the address of memory; as an argument, a stack slot.
        (Arch::X86_64, CallConv::Win64, _) => layout.size == 0,
        // Aligned to 4 on the stack.
        (Arch::X86, _, Kind::Float) => layout.size == 16,
        // Split between a register and the stack, or aligned to 8 there. Fixed in later versions.
        (Arch::X86_64, _, Kind::Int { .. }) => layout.size == 16,
        _ => false,
    }
}

fn case(r: &mut Random, types: &[Type], conv: CallConv, m: Machine) -> Case {
    let pick = |r: &mut Random| {
        loop {
            let scalar = r.one_in(2);
            let scalars = Scalar::ALL.len() as u64;
            let index = if scalar { 0 } else { Scalar::ALL.len() };
            let index = index + r.index(if scalar { scalars } else { types.len() as u64 - scalars });
            let ty = &types[index];
            // Most of the structures shall be small enough for registers.
            if ty.layout.size > 16 && !r.one_in(4) || ty.layout.size > 256 {
                continue;
            }
            if differs(m, conv, ty) {
                continue;
            }
            return ty.clone();
        }
    };
    let count = r.index(16);
    let mut params: Vec<Type> = (0..count).map(|_| pick(r)).collect();
    if conv == CallConv::Thiscall {
        // What compilers do with another first argument is nobody's convention.
        let this = types.iter().find(|ty| ty.layout.kind == Kind::Pointer).expect("a pointer");
        params.insert(0, this.clone());
    }
    if conv == CallConv::Fastcall {
        // gcc and clang, each in its own way, leave registers unused behind what is not a word.
        params.retain(|ty| ty.layout.size <= 4 && !ty.layout.is_aggregate());
    }
    let variadic = matches!(conv, CallConv::C | CallConv::SysV64 | CallConv::Win64);
    let variadic_from = (variadic && count > 0 && r.one_in(4)).then(|| 1 + r.index(count as u64));
    if let Some(from) = variadic_from {
        params.retain({
            let mut index = 0;
            move |ty| {
                index += 1;
                index <= from || promote(&ty.layout, m.target) == ty.layout
            }
        });
    }
    if let (Some(from), Arch::Aarch64, Os::MacOs) = (variadic_from, m.target.arch, m.target.os) {
        // clang does not align a variable structure of vectors, but looks for it where it would be aligned.
        let mut index = 0;
        params.retain(|ty| {
            index += 1;
            index <= from || !contains_vector(&ty.layout)
        });
    }
    // Refused.
    let vector = |ty: &Type| matches!(ty.layout.kind, Kind::Vector { .. });
    let refuses = (m.target.arch, m.target.os) == (Arch::Aarch64, Os::WindowsMsvc);
    let variadic_from = variadic_from.filter(|_| !(refuses && params.iter().any(vector)));
    let mut ret = (!r.one_in(6)).then(|| pick(r));
    if (m.target.arch, m.target.os.is_windows()) == (Arch::X86, true) {
        // gcc and clang look at what is in a union, MSVC at its size.
        ret = ret.filter(|ty| !matches!(ty.layout.kind, Kind::Union { .. }));
    }
    let signature = Signature {
        target: m.target,
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
    // clang 14 does not part a variable argument between x7 and the stack, as Microsoft has it.
    if plan.args().iter().any(is_split) {
        return case(r, types, conv, m);
    }
    if conv == CallConv::SysV64 && stacks_otherwise(m, &params, &plan) {
        return case(r, types, conv, m);
    }
    // The function that returns takes nothing.
    let returning = Signature { params: Vec::new(), variadic_from: None, ..signature.clone() };
    let returning = CallPlan::new(&returning).unwrap_or_else(|e| panic!("{signature}: {e}"));
    Case { params, ret, plan, returning, signature, values, returned }
}

/// Whether a compiler is known to use the stack otherwise under System V.
fn stacks_otherwise(m: Machine, params: &[Type], plan: &CallPlan) -> bool {
    let mut stacked = params.iter().zip(plan.args()).filter(|(_, arg)| is_on_stack(arg)).map(|(ty, _)| ty);
    if m.is_clang() {
        // It does not count the register of a __float128: what it then believes to have a register, and to be a
        // vector of two floats, fills 16 bytes of the stack.
        let float128 = |ty: &Type| ty.layout.kind == Kind::Float && ty.layout.size == 16;
        params.iter().any(float128) && stacked.any(|ty| ty.layout.size <= 16)
    } else {
        // It gives no word to a structure of nothing but unnamed bit-fields, though it gives it a register.
        stacked.any(|ty| ty.layout.size > 0 && ty.mask.iter().all(|mask| *mask == 0))
    }
}

/// Whether a value lies both in registers and on the stack.
fn is_split(arg: &ArgPlan) -> bool {
    let ArgPlan::Direct(pieces) = arg else { return false };
    is_on_stack(arg) && pieces.iter().any(|piece| !matches!(piece.at, Location::Stack(_)))
}

/// Whether a part of it lies on the stack.
fn is_on_stack(arg: &ArgPlan) -> bool {
    let ArgPlan::Direct(pieces) = arg else { return false };
    pieces.iter().any(|piece| matches!(piece.at, Location::Stack(_)))
}

fn contains_vector(layout: &Layout) -> bool {
    match &layout.kind {
        Kind::Vector { .. } => true,
        Kind::Array { element, .. } => contains_vector(element),
        Kind::Struct { fields } | Kind::Union { fields } => fields.iter().any(|f| contains_vector(&f.layout)),
        _ => false,
    }
}

/// How C spells the convention.
fn attribute(conv: CallConv) -> &'static str {
    match conv {
        CallConv::C | CallConv::System | CallConv::SysV64 => "",
        CallConv::Win64 => "__attribute__((ms_abi))",
        CallConv::Stdcall => "__attribute__((stdcall))",
        CallConv::Fastcall => "__attribute__((fastcall))",
        CallConv::Thiscall => "__attribute__((thiscall))",
    }
}

/// Where a location lies in the image, in bytes.
fn offset(at: Location) -> usize {
    match at {
        Location::Reg(Reg::Int(reg) | Reg::Int32(reg)) => reg as usize * 8,
        Location::Reg(Reg::X(n) | Reg::A(n)) => usize::from(n) * 8,
        Location::Reg(Reg::Vec(n) | Reg::V(n) | Reg::Fa(n)) => VECS + usize::from(n) * 16,
        Location::Reg(Reg::X87(n)) => X87S + usize::from(n) * 16,
        Location::Stack(n) => STACK + n as usize,
    }
}

fn emit(c: &mut String, index: usize, case: &Case) -> std::fmt::Result {
    let conv = attribute(case.signature.conv);
    let initial = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    for (n, (ty, value)) in case.params.iter().zip(&case.values).enumerate() {
        writeln!(c, "{} a{index}_{n}; const unsigned char i{index}_{n}[] = {{{}}};", ty.c, initial(value))?;
    }
    let ret = case.ret.as_ref().map_or("void", |ty| &ty.c);
    if case.ret.is_some() {
        writeln!(c, "{ret} v{index}; const unsigned char j{index}[] = {{{}}};", initial(&case.returned))?;
    }
    let value = if case.ret.is_some() { format!("return v{index};") } else { String::new() };
    // The label keeps Windows from decorating the name.
    writeln!(c, "{conv} {ret} f{index}(void) __asm__(\"f{index}\");")?;
    writeln!(c, "{conv} {ret} f{index}(void) {{ {value} }}")?;
    writeln!(c, "static void s{index}(void) {{ put_image();")?;
    for (arg, value) in case.plan.args().iter().zip(&case.values) {
        if let ArgPlan::ByReference { at, .. } = arg {
            let at = offset(*at);
            writeln!(c, "put_at({at}, {});", value.len())?;
        }
    }
    writeln!(c, "}}\nstatic void c{index}(void) {{ inspect = s{index}; removed = {};", case.plan.popped())?;
    for (n, value) in case.values.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
        writeln!(c, "copy(&a{index}_{n}, i{index}_{n}, {});", value.len())?;
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
        writeln!(c, "copy(&v{index}, j{index}, {});", case.returned.len())?;
    }
    let x87: u32 = match case.plan.ret() {
        RetPlan::Direct(pieces) => {
            let x87 = |p: &&Piece| matches!(p.at, Location::Reg(reg) if reg.bank() == Bank::X87);
            pieces.iter().filter(x87).map(|p| p.width).sum()
        }
        RetPlan::Void | RetPlan::Indirect { .. } => 0,
    };
    writeln!(c, "blank(); result(f{index}, memory, {x87}); put_image();")?;
    writeln!(c, "put(memory, {}); }}", case.returned.len())
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

fn compare(case: &Case, m: Machine, output: &mut Output<'_>) -> Result<(), String> {
    let image = output.take(IMAGE)?;
    let variable = case.signature.variadic_from.unwrap_or(usize::MAX);
    let mut mismatch = None;
    for (n, (arg, value)) in case.plan.args().iter().zip(&case.values).enumerate() {
        let mask = &case.params[n].mask;
        match arg {
            ArgPlan::Direct(pieces) => {
                for piece in pieces {
                    if !piece_is_there(piece, image, value, mask, m, case.signature.conv) {
                        mismatch = Some(format!("argument {}: {piece} is not so", n + 1));
                    }
                    // gcc mirrors only the variable arguments.
                    if let Some(mirror) = piece.mirror
                        && (n >= variable || m.is_clang())
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
            // Where the address is kept is not seen here; that it comes back is.
            if let (Some(returned), false) = (*returned, case.returned.is_empty()) {
                let at = offset(Location::Reg(returned));
                if image[at..at + 4].iter().all(|byte| *byte == 0) {
                    mismatch = Some(format!("result: no address in {returned}"));
                }
            }
            if !(0..memory.len()).all(|i| memory[i] & mask[i] == case.returned[i]) {
                mismatch = Some("result: not in memory".to_owned());
            }
        }
    }
    let removed = u32::from_le_bytes(image[REMOVED..REMOVED + 4].try_into().expect("4 bytes"));
    if removed != case.returning.popped() {
        mismatch = Some(format!("result: the callee removes {removed} bytes"));
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
    m: Machine,
    conv: CallConv,
) -> bool {
    let at = offset(piece.at);
    let fill = match piece.extend {
        Extend::None => None,
        Extend::Zero => Some(0),
        Extend::Ones => Some(0xFF),
        Extend::Sign => {
            let last = value[(piece.offset + piece.width - 1) as usize];
            Some(if last & 0x80 == 0 { 0 } else { 0xFF })
        }
    };
    // clang does not extend under Microsoft's conventions, and nobody promises it for the stack.
    let microsoft = conv == CallConv::Win64 || conv == CallConv::Fastcall;
    let extends = matches!(piece.at, Location::Reg(_)) && !(m.is_clang() && microsoft);
    let whole = if m.target.arch == Arch::Riscv64 { 8 } else { 4 };
    let extended = match fill {
        Some(fill) if extends => {
            image[at + piece.width as usize..at + whole].iter().all(|byte| *byte == fill)
        }
        _ => true,
    };
    extended && same(image, at, value, mask, piece)
}

fn check(name: &str, m: Machine, conv: CallConv) {
    let mut r = Random::seeded();
    let mut c = String::new();
    let types = types(&mut r, &mut c, m);
    let cases: Vec<Case> = (0..signatures()).map(|_| case(&mut r, &types, conv, m)).collect();
    for (index, case) in cases.iter().enumerate() {
        emit(&mut c, index, case).expect("writing to a string");
    }
    c.push_str("void run(void) {\n");
    for index in 0..cases.len() {
        let _ = writeln!(c, "c{index}();");
    }
    c.push_str("}\n");
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("plan-{name}"));
    let Some(run) = m.run(&dir, &c) else { return };
    let mut output = Output(&run.stdout);
    let mut mismatches = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        if let Err(mismatch) = compare(case, m, &mut output) {
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
    println!("{name}: {} signatures agree", cases.len());
}

macro_rules! oracle {
    ($($name:ident: $compiler:literal $flags:expr => $target:expr, $conv:ident;)*) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name), Machine::new($target, $compiler, &$flags), CallConv::$conv);
            }
        )*
    };
}

oracle! {
    gcc_sysv64: "gcc" [] => Target::X86_64_LINUX, SysV64;
    gcc_win64: "gcc" [] => Target::X86_64_LINUX, Win64;
    clang_sysv64: "clang" [] => Target::X86_64_LINUX, SysV64;
    clang_win64: "clang" [] => Target::X86_64_LINUX, Win64;
    gcc_aarch64: "aarch64-linux-gnu-gcc" [] => Target::AARCH64_LINUX, C;
    clang_aarch64: "clang" ["--target=aarch64-linux-gnu"] => Target::AARCH64_LINUX, C;
    clang_aarch64_apple: "clang" ["--target=arm64-apple-macos11"] => Target::AARCH64_MACOS, C;
    clang_aarch64_windows: "clang" ["--target=aarch64-pc-windows-msvc"] => Target::AARCH64_WINDOWS, C;
    gcc_riscv64: "riscv64-linux-gnu-gcc" [] => Target::RISCV64_LINUX, C;
    clang_riscv64: "clang" ["--target=riscv64-linux-gnu", "-march=rv64gc", "-mabi=lp64d"] => Target::RISCV64_LINUX, C;
    gcc_x86: "gcc" ["-m32"] => Target::X86_LINUX, C;
    gcc_x86_stdcall: "gcc" ["-m32"] => Target::X86_LINUX, Stdcall;
    clang_x86: "clang" ["--target=i386-linux-gnu"] => Target::X86_LINUX, C;
    clang_x86_stdcall: "clang" ["--target=i386-linux-gnu"] => Target::X86_LINUX, Stdcall;
    gcc_x86_fastcall: "gcc" ["-m32"] => Target::X86_LINUX, Fastcall;
    gcc_x86_thiscall: "gcc" ["-m32"] => Target::X86_LINUX, Thiscall;
    clang_msvc_cdecl: "clang" ["--target=i686-pc-windows-msvc"] => Target::X86_WINDOWS, C;
    clang_msvc_stdcall: "clang" ["--target=i686-pc-windows-msvc"] => Target::X86_WINDOWS, Stdcall;
    clang_msvc_fastcall: "clang" ["--target=i686-pc-windows-msvc"] => Target::X86_WINDOWS, Fastcall;
    clang_msvc_thiscall: "clang" ["--target=i686-pc-windows-msvc"] => Target::X86_WINDOWS, Thiscall;
    mingw_cdecl: "i686-w64-mingw32-gcc" [] => Target::X86_WINDOWS_GNU, C;
    mingw_stdcall: "i686-w64-mingw32-gcc" [] => Target::X86_WINDOWS_GNU, Stdcall;
    mingw_fastcall: "i686-w64-mingw32-gcc" [] => Target::X86_WINDOWS_GNU, Fastcall;
    mingw_thiscall: "i686-w64-mingw32-gcc" [] => Target::X86_WINDOWS_GNU, Thiscall;
}
