//! Downcalls of every shape: direct, typed, prepared with and without generated code, libffi.

use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::mem::MaybeUninit;

use libffi::middle::{Arg, Cif, CodePtr as FfiPtr, Ret, Type, arg};
use pinvoke::call::{PreparedCall, Tier, stub_stats, typed};
use pinvoke::native::CodePtr;
use pinvoke_abi::plan::CallPlan;
use pinvoke_abi::record::ArgumentRecord;
use pinvoke_abi::signature::Signature;
use pinvoke_abi::stub::x64::{Assembler, encode};
use pinvoke_bench::{Effort, Goal, Row, Work, measure, table};

use crate::hidden::Hidden as _;
use crate::native::{Add2, Block, Bytes, Fails, Mirror, Mix8, Noop, Point, Same, Sum12, Turn, function};

/// Everything that a call of one shape needs, apart from its arguments.
struct Shape {
    title: &'static str,
    signature: &'static str,
    /// Goals of the stub: ratio to direct, factor over libffi; then the thunk's factor.
    goals: Option<(f64, f64, f64)>,
}

/// An argument record and a place for the result, as a caller of a prepared call keeps them.
struct Prepared {
    call: PreparedCall,
    target: CodePtr,
    record: Vec<MaybeUninit<u128>>,
}

impl Prepared {
    fn new(signature: &str, tier: Tier, target: *const c_void) -> Prepared {
        let signature: Signature = signature.parse().expect("a signature");
        let call = PreparedCall::with_tier(&signature, tier).expect("the tier is to be had");
        assert!(call.record_align() <= align_of::<u128>());
        let record = vec![MaybeUninit::uninit(); call.record_size().div_ceil(size_of::<u128>())];
        Prepared { target: CodePtr::new(target).expect("not null"), call, record }
    }

    /// Stores an argument; part of the work, as handing it over is for everybody else.
    #[inline(always)]
    fn set<T: Copy>(record: *mut u8, offset: usize, value: T) {
        // SAFETY: the signature gives argument i the size of T, at an aligned offset of the record.
        let place = unsafe { record.add(offset) };
        // SAFETY: as above.
        unsafe { place.cast::<T>().write(value) };
    }
}

/// Work of a prepared call: store each argument, call.
macro_rules! prepared {
    ($prepared:ident, ($($value:expr),*)) => {{
        #![allow(unused_mut, unused_assignments, unused_variables, reason = "nothing adds up where there is no argument")]
        let mut index = 0_usize;
        let mut expected = 0_usize;
        $(
            assert_eq!($prepared.call.arg_offset(index), expected, "arguments follow each other in words");
            index += 1;
            expected += size_of_val(&$value).next_multiple_of(8);
        )*
        assert_eq!((index, expected.next_multiple_of(16)), ($prepared.call.arg_count(), $prepared.call.record_size()));
        let mut result = [0_u128; 2];
        Box::new(move |n: u64| {
            let record = $prepared.record.as_mut_ptr().cast::<u8>();
            for _ in 0..n {
                let mut at = 0;
                $(
                    Prepared::set(record, at, ($value).hidden());
                    at += size_of_val(&$value).next_multiple_of(8);
                )*
                // SAFETY: record and result are as the call asks, the signature is the function's.
                unsafe { $prepared.call.invoke($prepared.target, record, result.as_mut_ptr().cast()) };
                // Whoever wants the result reads the members it needs, as after a call of libffi.
                black_box(result.as_ptr());
            }
        }) as Work<'_>
    }};
}

/// Measures one shape: the same arguments through every way of calling.
macro_rules! shape {
    ($effort:expr, $shape:expr, $name:literal as $ty:ty, ($($value:expr),*), [$($ffi:expr),*] -> $ffi_ret:expr) => {{
        let shape: Shape = $shape;
        let direct = function!($name as $ty);
        let address = direct as *const c_void;
        let signature: Signature = shape.signature.parse().expect("a signature");
        let checked: $ty = typed(&signature, CodePtr::new(address).expect("not null")).expect("the types agree");
        let cif = Cif::new([$($ffi),*] as [Type; shape!(@count $($ffi),*)], $ffi_ret);
        let mut stub = Prepared::new(shape.signature, Tier::Stub, address);
        let mut thunk = Prepared::new(shape.signature, Tier::Thunk, address);
        let rows = measure($effort, vec![
            ("direct", Box::new(|n: u64| for _ in 0..n {
                // SAFETY: the type is the function's.
                black_box(&unsafe { direct($(($value).hidden()),*) });
            }) as Work<'_>),
            ("typed", Box::new(|n: u64| for _ in 0..n {
                // SAFETY: the type has been checked against the signature.
                black_box(&unsafe { checked($(($value).hidden()),*) });
            })),
            ("prepared, stub", prepared!(stub, ($($value),*))),
            ("prepared, thunk", prepared!(thunk, ($($value),*))),
            ("libffi", Box::new(move |n: u64| {
                let mut result = [0_u128; 2];
                for _ in 0..n {
                    // SAFETY: the arguments and the result have the types given to the Cif.
                    unsafe { cif.call_return_into(FfiPtr::from_ptr(address), &[$(arg(&($value).hidden())),*] as &[Arg], Ret::new(&mut result)) };
                    black_box(result.as_ptr());
                }
            })),
        ]);
        shape_table(&shape, &rows)
    }};
    (@count $($e:expr),*) => { <[()]>::len(&[$(shape!(@unit $e)),*]) };
    (@unit $e:expr) => { () };
}

fn shape_table(shape: &Shape, rows: &[Row]) -> String {
    let mut goals = vec![("typed", Goal::Ratio(1.02))];
    if let Some((ratio, stub, thunk)) = shape.goals {
        goals.push(("prepared, stub", Goal::Ratio(ratio)));
        goals.push(("prepared, stub", Goal::FasterThan("libffi", stub)));
        goals.push(("prepared, thunk", Goal::FasterThan("libffi", thunk)));
    }
    table(&format!("{}: `{}`", shape.title, shape.signature), rows, &goals)
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let p = std::ptr::null_mut::<c_void>();
    let point = || Type::structure([Type::f64(), Type::f64()]);
    let block = || Type::structure([Type::i64(), Type::i64(), Type::i64()]);
    let bytes = || Type::structure(std::iter::repeat_n(Type::u8(), 24));
    vec![
        shape!(effort, Shape { title: "nothing", signature: "cdecl()->void", goals: None },
            c"noop" as Noop, (), [] -> Type::void()),
        shape!(effort, Shape { title: "two integers", signature: "cdecl(i32,i32)->i32", goals: Some((1.6, 5.0, 2.5)) },
            c"add2" as Add2, (3, 4), [Type::i32(), Type::i32()] -> Type::i32()),
        shape!(effort, Shape { title: "eight mixed", signature: "cdecl(i32,f64,i64,f32,i16,f64,ptr,u8)->f64", goals: Some((1.6, 12.0, 2.5)) },
            c"mix8" as Mix8, (1, 2.0, 3_i64, 4.0_f32, 5_i16, 6.0, p, 7_u8),
            [Type::i32(), Type::f64(), Type::i64(), Type::f32(), Type::i16(), Type::f64(), Type::pointer(), Type::u8()] -> Type::f64()),
        shape!(effort, Shape { title: "twelve integers", signature: "cdecl(i64,i64,i64,i64,i64,i64,i64,i64,i64,i64,i64,i64)->i64", goals: Some((2.2, 12.0, 2.5)) },
            c"sum12" as Sum12, (1_i64, 2_i64, 3_i64, 4_i64, 5_i64, 6_i64, 7_i64, 8_i64, 9_i64, 10_i64, 11_i64, 12_i64),
            [Type::i64(), Type::i64(), Type::i64(), Type::i64(), Type::i64(), Type::i64(), Type::i64(), Type::i64(), Type::i64(), Type::i64(), Type::i64(), Type::i64()] -> Type::i64()),
        shape!(effort, Shape { title: "16-byte structure in and out", signature: "cdecl({f64,f64})->{f64,f64}", goals: Some((1.6, 10.0, 2.5)) },
            c"mirror" as Mirror, (Point { x: 1.0, y: 2.0 }), [point()] -> point()),
        shape!(effort, Shape { title: "structure of three longs in and out", signature: "cdecl({i64,i64,i64})->{i64,i64,i64}", goals: None },
            c"turn" as Turn, (Block { a: 1, b: 2, c: 3 }), [block()] -> block()),
        shape!(effort, Shape { title: "structure of 24 bytes in and out", signature: "cdecl({[u8;24]})->{[u8;24]}", goals: Some((1.1, 10.0, 7.0)) },
            c"same" as Same, (Bytes { b: [7; 24] }), [bytes()] -> bytes()),
        last_error(effort),
        preparation(effort),
        new_shapes(effort),
    ]
}

#[inline(always)]
fn errno() -> c_int {
    // SAFETY: has no preconditions.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: always valid on the calling thread.
    unsafe { place.read() }
}

/// `errno` captured with the result, next to a call and one read of it.
fn last_error(effort: Effort) -> String {
    let fails = function!(c"fails" as Fails);
    let mut stub = Prepared::new("cdecl(i32)->i32", Tier::Stub, fails as *const c_void);
    let cif = Cif::new([Type::i32()], Type::i32());
    let mut result = 0_u128;
    let offset = stub.call.arg_offset(0);
    let rows = measure(
        effort,
        vec![
            (
                "direct and one read of errno",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: the type is the function's.
                        black_box(unsafe { fails(2.hidden()) });
                        black_box(errno());
                    }
                }) as Work<'_>,
            ),
            (
                "capture",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: the type is the function's.
                        black_box(pinvoke::call::capture(|| unsafe { fails(2.hidden()) }));
                    }
                }),
            ),
            (
                "prepared, stub, capturing",
                Box::new(|n: u64| {
                    let record = stub.record.as_mut_ptr().cast::<u8>();
                    for _ in 0..n {
                        Prepared::set(record, offset, 2_i32.hidden());
                        let result = std::ptr::from_mut(&mut result).cast::<u8>();
                        // SAFETY: record and result are as the call asks, the signature is the function's.
                        black_box(unsafe { stub.call.invoke_capturing(stub.target, record, result) });
                    }
                }),
            ),
            (
                "libffi and one read of errno",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: the argument has the type given to the Cif.
                        black_box(unsafe {
                            cif.call::<c_int>(
                                FfiPtr::from_ptr(fails as *const c_void),
                                &[arg(&2_i32.hidden())],
                            )
                        });
                        black_box(errno());
                    }
                }),
            ),
        ],
    );
    table("`errno` captured", &rows, &[("capture", Goal::Ratio(1.10))])
}

/// What it costs to get ready for a signature.
fn preparation(effort: Effort) -> String {
    let signature: Signature = "cdecl(i32,f64,i64,f32,i16,f64,ptr,u8)->f64".parse().expect("a signature");
    let rows = measure(
        effort,
        vec![
            (
                "libffi: Cif::new",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        black_box(Cif::new(
                            [
                                Type::i32(),
                                Type::f64(),
                                Type::i64(),
                                Type::f32(),
                                Type::i16(),
                                Type::f64(),
                                Type::pointer(),
                                Type::u8(),
                            ],
                            Type::f64(),
                        ));
                    }
                }) as Work<'_>,
            ),
            (
                "PreparedCall::new, shape known",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        black_box(PreparedCall::new(black_box(&signature)).expect("it has a plan"));
                    }
                }),
            ),
        ],
    );
    table("preparing eight mixed arguments", &rows, &[])
}

/// Signatures of eight arguments, no two of one shape.
fn shapes() -> impl Iterator<Item = Signature> {
    const TYPES: [&str; 8] = ["i8", "u8", "i16", "u16", "i32", "i64", "f32", "f64"];
    (0_usize..).map(|number| {
        let digits = (0..8).map(|place| TYPES[number >> (3 * place) & 7]).collect::<Vec<_>>();
        format!("cdecl({})->i32", digits.join(",")).parse().expect("a signature")
    })
}

/// What a stub costs that no call has needed before, and how large it is.
fn new_shapes(effort: Effort) -> String {
    // Every shape is new once in a process, so a sample must not use up too many.
    let effort = Effort { sample: effort.sample / 10, ..effort };
    let supply = if effort.rounds < 5 { 5_000 } else { 120_000 };
    let new: Vec<Signature> = shapes().take(supply).collect();
    let known: Vec<Signature> = shapes().take(500).collect();
    // As many, since it must come from as far away in memory.
    let as_many: Vec<Signature> = known.iter().cycle().take(supply).cloned().collect();
    let stubs: Vec<(CallPlan, ArgumentRecord)> = known
        .iter()
        .map(|signature| {
            let plan = CallPlan::new(signature).expect("it has a plan");
            let record = ArgumentRecord::new(signature, &plan).expect("it is small");
            (plan, record)
        })
        .collect();
    let prepare = |signature| {
        black_box(PreparedCall::with_tier(black_box(signature), Tier::Stub).expect("a stub is to be had"));
    };
    let before = stub_stats();
    let mut assembler = Assembler::new();
    let (mut next_known, mut next_new, mut next_stub) =
        (as_many.iter().cycle(), new.iter(), stubs.iter().cycle());
    let rows = measure(
        effort,
        vec![
            (
                "PreparedCall::new, shape known",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        prepare(next_known.next().expect("a cycle has no end"));
                    }
                }) as Work<'_>,
            ),
            (
                "PreparedCall::new, shape new",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        prepare(next_new.next().expect("the supply of shapes lasts"));
                    }
                }),
            ),
            (
                "encoding alone",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let (plan, record) = next_stub.next().expect("a cycle has no end");
                        encode(plan, record, &mut assembler).expect("a stub is to be had");
                        black_box(assembler.code());
                    }
                }),
            ),
        ],
    );
    let [known, new, encoding] = &rows[..] else { unreachable!("three contenders") };
    let name = "a stub: encoding, and what a new shape costs more";
    let stub = Row::derived(name, [known, new, encoding], |[known, new, encoding]| encoding + new - known);
    let stats = stub_stats();
    let count = (stats.stubs - before.stubs) as f64;
    let size = (stats.code_bytes - before.code_bytes) as f64 / count;
    let mapped = (stats.mapped_bytes - before.mapped_bytes) as f64 / count;
    let entry = (stats.table_bytes - before.table_bytes) as f64 / count;
    let rows: Vec<Row> = rows.iter().cloned().chain([stub]).collect();
    let table =
        table("a stub for eight arguments of mixed types", &rows, &[(name, Goal::Nanoseconds(250.0))]);
    format!(
        "{table}\nOne of these {count} stubs has {size:.0} bytes of code, takes {mapped:.0} bytes of executable \
         memory and {entry:.0} in the table that finds it (goal: 128 bytes).\n"
    )
}
