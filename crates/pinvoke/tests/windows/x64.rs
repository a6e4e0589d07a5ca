//! Calls of signatures known at run time, in both conventions and both tiers of x86-64.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pinvoke::abi::signature::Signature;
use pinvoke::abi::target::Target;
use pinvoke::call::{PreparedCall, Tier};
use pinvoke::native::CodePtr;

fn prepare(notation: &str, tier: Tier) -> PreparedCall {
    let signature = Signature::parse(Target::HOST, notation).unwrap();
    PreparedCall::with_tier(&signature, tier).unwrap_or_else(|e| panic!("{notation}: {e}"))
}

/// Room for an argument record or a result, aligned for anything here.
fn room(bytes: usize) -> Vec<[u128; 4]> {
    vec![[0; 4]; bytes / 64 + 2]
}

fn start(room: &mut [[u128; 4]], align: usize) -> *mut u8 {
    let start = room.as_mut_ptr().cast::<u8>();
    start.wrapping_add(start.align_offset(align.max(1)))
}

#[test]
fn a_panic_passes_both_tiers_in_both_conventions() {
    extern "win64-unwind" fn microsoft(value: i64) -> i64 {
        std::panic::resume_unwind(Box::new(value))
    }
    extern "sysv64-unwind" fn system_v(value: i64) -> i64 {
        std::panic::resume_unwind(Box::new(value))
    }
    let many = format!("win64(i64,{})", vec!["i64"; 700].join(","));
    // Leaf code, frames with shadow space, with stack words, above a page, of unknown size, with a stored result.
    for notation in [
        "win64()->i64",
        "win64(i64)->i64",
        "win64(i64,f64,i32,i32,i32,i32)->f64",
        many.as_str(),
        "sysv64(i64,f64)->i64",
        "sysv64(i64)->f80",
        "sysv64(i64,{[i8;100]})->f80",
        "sysv64(i64,f64,{[i8;9000]})->f80",
        "sysv64(i64,{[i8;32] align(32)})->i64",
        "sysv64(i64,{[i8;8192] align(64)})->f80",
    ] {
        let code = if notation.starts_with("win64") { microsoft as *const _ } else { system_v as *const _ };
        let target = CodePtr::new(code).unwrap();
        for tier in [Tier::Thunk, Tier::Stub] {
            let prepared = prepare(notation, tier);
            assert_eq!(prepared.tier(), tier, "{notation}");
            assert!(prepared.can_unwind(), "{notation} {tier:?}");
            let (mut record, mut ret) = (room(prepared.record_size()), room(64));
            let record = start(&mut record, prepared.record_align());
            let ret = start(&mut ret, 16);
            if prepared.record_size() >= 8 {
                unsafe { record.cast::<i64>().write(42) };
            }
            let caught = catch_unwind(AssertUnwindSafe(|| unsafe { prepared.invoke(target, record, ret) }));
            let payload = caught.unwrap_err();
            let value = payload.downcast_ref::<i64>();
            assert!(
                value.is_some() && (prepared.arg_count() == 0 || value == Some(&42)),
                "{notation} {tier:?}"
            );
        }
    }
}

#[test]
fn both_conventions_and_tiers_compute_the_same() {
    extern "win64" fn microsoft(a: i32, b: f64, c: u8, d: f32, e: i64, f: f64) -> f64 {
        f64::from(a) + b * 10.0 + f64::from(c) * 100.0 + f64::from(d) * 1e3 + e as f64 * 1e4 + f * 1e5
    }
    extern "sysv64" fn system_v(a: i32, b: f64, c: u8, d: f32, e: i64, f: f64) -> f64 {
        microsoft(a, b, c, d, e, f)
    }
    for (conv, code) in [("win64", microsoft as *const _), ("sysv64", system_v as *const _)] {
        for tier in [Tier::Thunk, Tier::Stub] {
            let prepared = prepare(&format!("{conv}(i32,f64,u8,f32,i64,f64)->f64"), tier);
            let (mut record, mut ret) = (room(prepared.record_size()), room(64));
            let record = start(&mut record, prepared.record_align());
            let ret = start(&mut ret, 16);
            let put = |index: usize, bytes: &[u8]| unsafe {
                record.add(prepared.arg_offset(index)).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            };
            put(0, &1_i32.to_le_bytes());
            put(1, &2_f64.to_le_bytes());
            put(2, &[3]);
            put(3, &4_f32.to_le_bytes());
            put(4, &5_i64.to_le_bytes());
            put(5, &6_f64.to_le_bytes());
            unsafe { prepared.invoke(CodePtr::new(code).unwrap(), record, ret) };
            assert_eq!(unsafe { ret.cast::<f64>().read() }, 654_321.0, "{conv} {tier:?}");
        }
    }
}
