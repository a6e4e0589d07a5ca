//! Random types, random values: what is written into memory and read again is the same.
//!
//! Layouts are compared with a C compiler elsewhere; here the question is whether writing and reading agree
//! about every bit, neighbours included: each value is written into memory full of ones and of zeros.

use std::fmt::Write as _;

use pinvoke::value::{LongDouble, TypeRef, Value, View};
use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;

use crate::harness::WIDE;

/// xorshift64: enough randomness for test data, and the same on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// A member: its declaration in C, and a value of it.
fn member(random: &mut Random, name: &str, depth: u32) -> (String, Value) {
    let wide = |r: &mut Random| u128::from(r.next()) << 64 | u128::from(r.next());
    let signed = |r: &mut Random, bits: u32| Value::Int((wide(r).cast_signed()) >> (128 - bits));
    let unsigned = |r: &mut Random, bits: u32| Value::from(wide(r) >> (128 - bits));
    match random.below(if depth < 3 { 19 } else { 16 }) {
        0 => (format!("signed char {name};"), signed(random, 8)),
        1 => (format!("unsigned char {name};"), unsigned(random, 8)),
        2 => (format!("short {name};"), signed(random, 16)),
        3 => (format!("int {name};"), signed(random, 32)),
        4 => (format!("unsigned long long {name};"), unsigned(random, 64)),
        5 | 6 if !WIDE => (format!("long long {name};"), signed(random, 64)),
        5 => (format!("__int128 {name};"), signed(random, 128)),
        6 => (format!("unsigned __int128 {name};"), unsigned(random, 128)),
        7 => (format!("_Bool {name};"), Value::Bool(random.below(2) == 1)),
        8 => (
            format!("double {name};"),
            Value::Float(f64::from(i32::from_ne_bytes([1, 2, 3, 4])) / (random.below(99) + 1) as f64),
        ),
        9 => (format!("float {name};"), Value::Float(random.below(1 << 20) as f64 / 64.0)),
        10 => {
            let number: LongDouble = format!("{}e{}", random.next(), random.below(4000)).parse().unwrap();
            (format!("long double {name};"), Value::LongDouble(number))
        }
        11 => (format!("double _Complex {name};"), Value::Complex(random.below(100) as f64, -0.5)),
        12 => {
            let width = 1 + u32::try_from(random.below(31)).unwrap();
            (format!("int {name} : {width};"), signed(random, width))
        }
        13 => {
            let width = 1 + u32::try_from(random.below(63)).unwrap();
            (format!("unsigned long long {name} : {width};"), unsigned(random, width))
        }
        14 => {
            let text: String =
                (0..random.below(8)).map(|_| ['a', 'm', 'z'][usize::from(random.below(2) == 1)]).collect();
            (format!("char {name}[8];"), Value::Text(text))
        }
        15 => {
            let count = 1 + random.below(4);
            let items = (0..count).map(|_| signed(random, 16)).collect();
            (format!("short {name}[{count}];"), Value::Array(items))
        }
        16 => {
            let (declarations, value) = members(random, &format!("{name}_"), depth + 1);
            (format!("struct {{ {declarations} }} {name};"), value)
        }
        17 => {
            // The members of an anonymous structure are found in the outer one: wrap it to keep them apart.
            let (declarations, value) = members(random, &format!("{name}_"), depth + 1);
            (format!("struct {{ struct {{ {declarations} }}; }} {name};"), value)
        }
        _ => {
            let (declarations, value) = members(random, &format!("{name}_"), depth + 1);
            (format!("struct __attribute__((packed)) {{ {declarations} }} {name};"), value)
        }
    }
}

fn members(random: &mut Random, prefix: &str, depth: u32) -> (String, Value) {
    let mut declarations = String::new();
    let mut fields = Vec::new();
    for i in 0..1 + random.below(6) {
        let name = format!("{prefix}{i}");
        let (declaration, value) = member(random, &name, depth);
        write!(declarations, "{declaration} ").unwrap();
        fields.push((name.into(), value));
    }
    (declarations, Value::Struct(fields))
}

#[test]
fn what_is_written_is_read() {
    let mut random = Random(0x0123_4567_89ab_cdef);
    for i in 0..500 {
        let (declarations, value) = members(&mut random, "m", 0);
        let text = format!("struct s {{ {declarations} }};");
        let mut unit = Unit::new(Target::HOST);
        let diagnostics = unit.parse("random", &text);
        assert!(diagnostics.is_empty(), "{text}");
        let (types, id) = unit.type_named("struct s").unwrap();
        let ty = TypeRef::new(&types, id);
        let words = usize::try_from(ty.size().unwrap().div_ceil(16)).unwrap() + 1;
        for fill in [0, u128::MAX] {
            let mut memory = vec![fill; words];
            // SAFETY: the memory is large and aligned enough, and lives longer.
            let view = unsafe { View::new(ty.clone(), memory.as_mut_ptr().cast()) };
            view.write(&value).unwrap_or_else(|e| panic!("{i}: {text}: {e}"));
            assert_eq!(view.read().unwrap(), value, "{i}: {text}");
            // Member by member, from memory of the opposite bits: neighbours must survive.
            for (name, field) in fields_of(&value) {
                view.field(name).unwrap().write(field).unwrap();
            }
            assert_eq!(view.read().unwrap(), value, "{i}: {text}");
            assert_eq!(memory[words - 1], fill, "{i}: wrote past {text}");
        }
    }
}

fn fields_of(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let Value::Struct(fields) = value else { panic!("no structure: {value}") };
    fields.iter().map(|(name, value)| (&**name, value))
}
