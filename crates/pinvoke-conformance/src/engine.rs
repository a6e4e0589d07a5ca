//! Our side of the calls: prepared calls into C, and callbacks that C calls.

use std::sync::{Arc, Mutex};

use pinvoke::call::{PreparedCall, Tier};
use pinvoke::native::CodePtr;
use pinvoke::upcall::{DynamicCallback, ThreadRule, UpcallArgs};
use pinvoke_abi::plan::CallPlan;
use pinvoke_abi::signature::Signature;
use pinvoke_abi::target::Arch;

use crate::block::Block;
use crate::child::{Counts, Log, judge, mismatch};
use crate::job::{Item, Job, Side, tier_name};
use crate::layouts;
use crate::machine::target;
use crate::model::{Prototype, Ty};
use crate::native::{self, Report, SharedObject};
use crate::values::{Place, Values};

/// Calls the callee of `item` through the thunk and through a stub.
pub(crate) fn check_downcalls(
    item: &Item,
    job: &Job,
    side: Side,
    object: &SharedObject,
    log: &mut Log,
    counts: &mut Counts,
) -> Result<(), String> {
    let mut results = Vec::new();
    for tier in job.tiers.iter().copied() {
        let stage = format!("{} calls {side}", tier_name(tier));
        log.at(item, &stage)?;
        counts.downcalls += 1;
        match downcall(item, job, object, tier) {
            Ok(result) => results.push(result),
            Err(e) => {
                log.outcome(item, &stage, Err(e))?;
            }
        }
    }
    if let [thunk, stub] = &results[..] {
        let equal = if thunk == stub {
            Ok(())
        } else {
            Err(format!("the thunk gives {thunk:02x?}, the stub {stub:02x?}"))
        };
        log.outcome(item, &format!("stub = thunk {side}"), equal)?;
    }
    Ok(())
}

fn signature(item: &Item, job: &Job) -> Result<Signature, String> {
    let mut signature = layouts::signature(&item.prototype).map_err(|e| e.to_string())?;
    if job.wrong_convention {
        signature.conv = item.prototype.convention.mistaken(target());
    }
    Ok(signature)
}

/// Gives the bytes of the result that count.
fn downcall(item: &Item, job: &Job, object: &SharedObject, tier: Tier) -> Result<Vec<u8>, String> {
    let values = &item.values;
    let signature = signature(item, job)?;
    let call = PreparedCall::with_tier(&signature, tier).map_err(|e| format!("cannot be prepared: {e}"))?;
    if call.tier() != tier {
        return Err(format!("{tier:?} was asked for, {:?} is in use", call.tier()));
    }
    let mut record = Block::new(call.record_size(), call.record_align());
    for i in 0..item.prototype.params.len() {
        let (place, at) = (values.param(i), call.arg_offset(i));
        record
            .bytes_mut()
            .get_mut(at..at + place.size)
            .ok_or_else(|| format!("argument {i} does not fit the record"))?
            .copy_from_slice(values.bytes_of(place));
    }
    let ret_size = call.ret_size();
    if ret_size != values.ret().size {
        return Err(format!("the result has {} bytes, not {ret_size}", values.ret().size));
    }
    let mut ret = Block::new(ret_size.next_multiple_of(16), call.ret_align());
    let before = ret.bytes().to_vec();
    let mut report = Report::default();
    object.begin(&values.bytes, &values.masks, &mut report)?;
    let target = object.callee(item.number)?;
    let target = CodePtr::new(target).ok_or("the callee is null")?;
    native::invoke(&call, target, &mut record, &mut ret);
    judge(item, &report)?;
    record.check_guards().map_err(|e| format!("beside the argument record: {e}"))?;
    ret.check_guards().map_err(|e| format!("beside the result: {e}"))?;
    compare("the result", item.prototype.ret.as_ref(), values, values.ret(), ret.bytes())?;
    if ret.bytes()[ret_size..] != before[ret_size..] {
        return Err(format!("bytes behind the {ret_size} of the result are overwritten"));
    }
    Ok(values.counting(values.ret(), ret.bytes()))
}

fn compare(place: &str, ty: Option<&Ty>, values: &Values, at: Place, got: &[u8]) -> Result<(), String> {
    match values.difference(at, got) {
        None => Ok(()),
        Some(byte) => {
            let got = got.get(byte).map_or(-1, |b| i32::from(*b));
            Err(mismatch(place, ty, byte, got, i32::from(values.bytes_of(at)[byte])))
        }
    }
}

/// Lets the caller of `item` call a callback.
pub(crate) fn check_upcall(
    item: &Item,
    job: &Job,
    side: Side,
    object: &SharedObject,
    log: &mut Log,
    counts: &mut Counts,
) -> Result<(), String> {
    // A callback has no variable arguments, but a call that passes some mostly looks to the callee like one that passes
    // as many fixed ones. Not on RISC-V.
    if item.prototype.variadic_from.is_some() && target().arch == Arch::Riscv64 {
        return Ok(());
    }
    let stage = format!("{side} calls callback");
    log.at(item, &stage)?;
    counts.upcalls += 1;
    let outcome = upcall(item, job, object);
    log.outcome(item, &stage, outcome)?;
    Ok(())
}

fn upcall(item: &Item, job: &Job, object: &SharedObject) -> Result<(), String> {
    let mut signature = signature(item, job)?;
    signature.variadic_from = None;
    let signature = signature;
    let seen = Arc::new(Mutex::new(None));
    let handler = {
        let (seen, values, prototype) = (Arc::clone(&seen), item.values.clone(), item.prototype.clone());
        let aligns: Vec<u64> = signature.params.iter().map(|l| l.align).collect();
        move |args: &mut UpcallArgs<'_>| {
            let outcome = arguments(args, &prototype, &values, &aligns);
            let ret = args.ret();
            let want = values.bytes_of(values.ret());
            let outcome = if ret.len() == want.len() {
                ret.copy_from_slice(want);
                outcome
            } else {
                Err(format!("the result has {} bytes, the callback gets {}", want.len(), ret.len()))
            };
            if let Ok(mut seen) = seen.lock() {
                *seen = Some(outcome);
            }
        }
    };
    let callback = DynamicCallback::new(&signature, "conformance", handler, ThreadRule::OwnThread)
        .map_err(|e| format!("no callback can be made: {e}"))?;
    let mut report = Report::default();
    object.begin(&item.values.bytes, &item.values.masks, &mut report)?;
    object.call_caller(item.number, callback.code().as_ptr())?;
    let seen = seen.lock().map_err(|e| e.to_string())?.take();
    seen.ok_or("the callback was not called")??;
    judge(item, &report)
}

fn arguments(
    args: &UpcallArgs<'_>,
    prototype: &Prototype,
    values: &Values,
    aligns: &[u64],
) -> Result<(), String> {
    if args.len() != prototype.params.len() {
        return Err(format!("the callback gets {} arguments", args.len()));
    }
    for (i, (ty, align)) in prototype.params.iter().zip(aligns).enumerate() {
        let (place, got) = (values.param(i), args.arg(i));
        if got.len() != place.size {
            return Err(format!("argument {i} has {} bytes, the callback sees {}", place.size, got.len()));
        }
        // The stack of 32-bit x86 aligns nothing any further.
        let most = if target().pointer_size() == 4 { 4 } else { 16 };
        if !got.is_empty() && !(got.as_ptr().addr() as u64).is_multiple_of((*align).min(most)) {
            return Err(format!("argument {i} is not aligned to {align}"));
        }
        compare(&format!("argument {i}"), Some(ty), values, place, got)?;
    }
    Ok(())
}

/// The plan of a prototype, in words.
pub(crate) fn plan_text(prototype: &Prototype) -> String {
    let signature: Signature = match layouts::signature(prototype) {
        Ok(signature) => signature,
        Err(e) => return format!("no layout: {e}"),
    };
    match CallPlan::new(&signature) {
        Ok(plan) => format!("{signature}\n{plan}"),
        Err(e) => format!("no plan: {e}"),
    }
}
