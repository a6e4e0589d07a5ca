//! Listings of stubs, as an independent disassembler reads them.
//!
//! `tests/stubs/<abi>.txt` holds blocks: a signature in the compact notation, then the stub, one line
//! per instruction with its offset and bytes. `PINVOKE_BLESS=1` writes the listings anew; a signature
//! without a listing gets one.
//!
//! A listing shows what the code is, not that it is right: that follows from running it, which the tests
//! of crate `pinvoke` do. Here, in addition to the listings, every stub of a broad list is checked for
//! what any stub must hold: it decodes completely, begins with a landing instruction, touches no
//! callee-saved register but `rbp`, uses nothing below the stack pointer, reads only the words of the argument record that belong to a value,
//! stores no byte beyond the result and none twice, takes its frame away right behind its call, and
//! leaves by `ret` or a jump.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Formatter, Instruction, InstructionInfoFactory,
    IntelFormatter, Mnemonic, OpAccess, Register,
};
use pinvoke_abi::plan::CallPlan;
use pinvoke_abi::record::ArgumentRecord;
use pinvoke_abi::signature::Signature;
use pinvoke_abi::stub::x64::{Assembler, encode};
use pinvoke_abi::stub::{MAX_STUB, StubError};
use pinvoke_abi::target::Target;

/// Writing to a string cannot fail.
const STRING: &str = "a string takes what is written";

struct Stub {
    plan: CallPlan,
    record: ArgumentRecord,
    code: Vec<u8>,
}

fn stub(text: &str) -> Stub {
    let signature = Signature::parse(Target::X86_64_LINUX, text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let plan = CallPlan::new(&signature).unwrap_or_else(|e| panic!("{text}: {e}"));
    let record = ArgumentRecord::new(&signature, &plan).unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut assembler = Assembler::new();
    encode(&plan, &record, &mut assembler).unwrap_or_else(|e| panic!("{text}: {e}"));
    Stub { plan, record, code: assembler.code().to_vec() }
}

fn instructions(code: &[u8]) -> Vec<Instruction> {
    Decoder::with_ip(64, code, 0, DecoderOptions::NONE).into_iter().collect()
}

fn listing(code: &[u8]) -> String {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_space_after_operand_separator(true);
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_branch_leading_zeros(false);
    let mut out = String::new();
    for i in instructions(code) {
        let start = usize::try_from(i.ip()).expect("offsets are small");
        let bytes: Vec<String> = code[start..start + i.len()].iter().map(|b| format!("{b:02x}")).collect();
        let mut text = String::new();
        formatter.format(&i, &mut text);
        writeln!(out, "  {start:4}  {:30}{text}", bytes.join(" ")).expect(STRING);
    }
    writeln!(out, "  {:4}  bytes", code.len()).expect(STRING);
    out
}

/// Checks a file of listings, or writes it.
fn check_listings(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stubs").join(file);
    let old = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut new = String::new();
    for line in old.lines() {
        if line.starts_with('#') || line.is_empty() {
            writeln!(new, "{line}").expect(STRING);
        } else if !line.starts_with(' ') {
            let stub = stub(line);
            write!(new, "{line}\n{}", listing(&stub.code)).expect(STRING);
        }
    }
    if std::env::var_os("PINVOKE_BLESS").is_some() {
        fs::write(&path, new).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    } else if new != old {
        let same = old.lines().zip(new.lines()).take_while(|(a, b)| a == b).count();
        let (a, b) = (old.lines().nth(same).unwrap_or("the end"), new.lines().nth(same).unwrap_or("the end"));
        panic!("{file}, line {}: expected\n{a}\ngot\n{b}\n(PINVOKE_BLESS=1 writes the file anew)", same + 1);
    }
}

#[test]
fn sysv64_listings() {
    check_listings("sysv64.txt");
}

#[test]
fn win64_listings() {
    check_listings("win64.txt");
}

/// What holds for every stub; see the module.
fn check_rules(text: &str) {
    let Stub { plan, record, code } = stub(text);
    let all = instructions(&code);
    let fail = |what: &str| -> ! { panic!("{text}: {what}\n{}", listing(&code)) };
    if all.first().map(Instruction::mnemonic) != Some(Mnemonic::Endbr64) {
        fail("no landing instruction");
    }
    let frame = all.iter().any(|i| i.flow_control() == FlowControl::IndirectCall);
    let end = all.last().map(Instruction::flow_control);
    if end != Some(if frame { FlowControl::Return } else { FlowControl::IndirectBranch }) {
        fail("the last instruction does not leave");
    }
    // An unwinder reads the size of the frame there.
    if let Some(call) = all.iter().position(|i| i.flow_control() == FlowControl::IndirectCall) {
        let entered = all[..call].iter().find_map(|i| match i.mnemonic() {
            Mnemonic::Sub if i.op0_register() == Register::RSP => Some(i.immediate(1)),
            // Page by page, down to there.
            Mnemonic::Lea if i.memory_base() == Register::RSP => {
                Some(i.memory_displacement64().wrapping_neg())
            }
            _ => None,
        });
        let behind = &all[call + 1];
        let known = match behind.code() {
            Code::Leaveq => plan.stack_align() > 16,
            Code::Add_rm64_imm32 => {
                let pops = all.get(call + 2).is_some_and(|i| i.code() == Code::Pop_r64);
                let taken = behind.immediate(1) + if pops { 8 } else { 0 };
                behind.op0_register() == Register::RSP && Some(taken) == entered
            }
            _ => false,
        };
        if !known {
            fail("the frame is not taken away right behind the call");
        }
    }
    let mut factory = InstructionInfoFactory::new();
    let mut result = vec![0_u32; plan.ret_size() as usize];
    let mut called = false;
    let mut ret_register_loaded = false;
    for i in &all {
        if i.is_invalid() {
            fail("an instruction does not decode");
        }
        let facts = factory.info(i);
        for used in facts.used_registers() {
            let written = !matches!(used.access(), OpAccess::Read | OpAccess::CondRead);
            let whole = used.register().full_register();
            let saved = [Register::RBX, Register::R12, Register::R13, Register::R14, Register::R15];
            if written && saved.contains(&whole) {
                fail("a callee-saved register is written");
            }
        }
        if i.flow_control() == FlowControl::IndirectCall {
            called = true;
            continue;
        }
        for memory in facts.used_memory() {
            let at = memory.displacement();
            let size = memory.memory_size().size() as u64;
            let reads = matches!(memory.access(), OpAccess::Read);
            let address_only = matches!(memory.access(), OpAccess::NoMemAccess);
            // A push and a call go there by themselves, and move the stack pointer with it.
            let moves = matches!(i.mnemonic(), Mnemonic::Push);
            if memory.base() == Register::RSP && at.cast_signed() < 0 && !address_only && !moves {
                fail("memory below the stack pointer is used, of which Windows promises nothing");
            }
            match memory.base() {
                // The record, before the call.
                Register::RSI | Register::R10 if !called && reads && i.mnemonic() != Mnemonic::Movsq => {
                    let owned = record.offsets().iter().zip(plan.arg_sizes()).any(|(from, len)| {
                        let (from, len) = (u64::from(*from), u64::from(*len).next_multiple_of(8));
                        (from..from + len).contains(&at) && at + size <= from + len
                    });
                    if !owned {
                        fail("memory outside the words of one argument is read");
                    }
                }
                // The result, after it.
                Register::RCX if called && !reads && !address_only => {
                    if !ret_register_loaded {
                        fail("a result is stored through a register of the callee");
                    }
                    for byte in at..at + size {
                        match usize::try_from(byte).ok().and_then(|i| result.get_mut(i)) {
                            Some(count) => *count += 1,
                            None => fail("a byte beyond the result is written"),
                        }
                    }
                }
                _ => {}
            }
        }
        ret_register_loaded |= called && i.code() == Code::Pop_r64 && i.op0_register() == Register::RCX;
    }
    if result.iter().any(|count| *count > 1) {
        fail("a byte of the result is written twice");
    }
}

/// Every type that a stub treats in its own way.
const TYPES: &[&str] = &[
    "i8",
    "u8",
    "i16",
    "u16",
    "i32",
    "u32",
    "i64",
    "bool",
    "ptr",
    "i128",
    "f32",
    "f64",
    "f80",
    "f128",
    "c32",
    "c64",
    "{i8,i8,i8}",
    "{i32,i8}",
    "{[i8;5]}",
    "{[i8;7]}",
    "{i64,i8}",
    "{[i8;11]}",
    "{f32,f32,f32}",
    "{f64,i8}",
    "{i8,f64}",
    "{f64,f64}",
    "{[i64;3]}",
    "{[i8;29]}",
    "{[i64;9]}",
    "{[i8;100]}",
    "{[i8;300]}",
    "{[i8;4099]}",
    "{}",
    "{i32 align(64)}",
];

#[test]
fn every_type_alone_in_the_middle_and_behind_all_registers() {
    for conv in ["sysv64", "win64"] {
        for t in TYPES {
            check_rules(&format!("{conv}({t})"));
            check_rules(&format!("{conv}(ptr,{t},f64)->i32"));
            check_rules(&format!(
                "{conv}(i64,f64,i64,f64,i64,f64,i64,f64,i64,f64,i64,f64,f64,f64,i8,{t},i8)->f64"
            ));
            check_rules(&format!("{conv}(ptr,...,{t},f64)->i32"));
            check_rules(&format!("{conv}(i32,f64)->{t}"));
        }
    }
    check_rules("sysv64()->c80");
}

#[test]
fn typical_stubs_fit_128_bytes() {
    for text in [
        "cdecl()",
        "cdecl(i32,i32)->i32",
        "cdecl(i32,f64,i64,f32,i32,f64,i64,f64)->f64",
        "cdecl(i32,i32,i32,i32,i32,i32,i32,i32,i32,i32,i32,i32)->i64",
        "cdecl({f64,f64})->{f64,f64}",
        "cdecl({[i64;3]})->{[i64;3]}",
        "cdecl(ptr,ptr,i64,i64)->i64",
        "cdecl(ptr,...,i32,f64,ptr)->i32",
    ] {
        let len = stub(text).code.len();
        assert!(len <= 128, "{text}: {len} bytes");
    }
}

#[test]
fn equal_shapes_have_equal_code() {
    let code = |text| stub(text).code;
    assert_eq!(code("cdecl(i32,i32)->i32"), code("cdecl(i32,{i32})->{i16,i16}"));
    assert_eq!(code("cdecl(ptr)->i64"), code("cdecl(i64)->ptr"));
    assert_eq!(code("cdecl(i32)->i32"), code("sysv64(i32)->i32"));
    // The result comes back in registers and is no part of the shape.
    assert_eq!(code("cdecl(i32)->i32"), code("cdecl(i32)->f64"));
    assert_ne!(code("cdecl(i32,i32)->i32"), code("cdecl(i64,i64)->i64"));
}

#[test]
fn a_call_with_too_much_code_is_refused() {
    let text = format!("cdecl({})", vec!["i32"; 4000].join(","));
    let signature = Signature::parse(Target::X86_64_LINUX, &text).unwrap();
    let plan = CallPlan::new(&signature).unwrap();
    let record = ArgumentRecord::new(&signature, &plan).unwrap();
    let mut assembler = Assembler::new();
    assert_eq!(encode(&plan, &record, &mut assembler), Err(StubError::TooLong));
    assert!(StubError::TooLong.to_string().contains(&MAX_STUB.to_string()));
}
