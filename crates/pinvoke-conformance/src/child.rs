//! One batch, in a process of its own.
//!
//! A wrong plan may corrupt anything, so nothing is kept in memory for later: every step is
//! announced on standard output before it is taken and every finding is written at once. When the
//! process dies, the last announcement names the prototype and the step.

use std::io::{self, Write as _};
use std::time::Duration;

use crate::engine;
use crate::facts;
use crate::job::{Choice, Item, Job, Side};
use crate::known::{self, Role};
use crate::layouts;
use crate::model::Ty;
use crate::native::{Report, SharedObject};
use crate::values::field_at;

/// What was done in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) layouts: u64,
    pub(crate) peers: u64,
    pub(crate) downcalls: u64,
    pub(crate) upcalls: u64,
}

/// Says things to the parent.
pub(crate) struct Log {
    out: io::Stdout,
    /// Stop at the first finding.
    stop: bool,
    found: bool,
}

impl Log {
    fn line(&mut self, line: &str) -> Result<(), String> {
        writeln!(self.out, "{line}").and_then(|()| self.out.flush()).map_err(|e| e.to_string())
    }

    /// Announces a step.
    pub(crate) fn at(&mut self, item: &Item, stage: &str) -> Result<(), String> {
        self.line(&format!("at {} {stage}", item.number))
    }

    /// Reports the outcome of a step; true if it was good.
    pub(crate) fn outcome(
        &mut self,
        item: &Item,
        stage: &str,
        outcome: Result<(), String>,
    ) -> Result<bool, String> {
        let Err(message) = outcome else { return Ok(true) };
        self.found = true;
        self.line(&format!("fail {} {stage} | {}", item.number, message.replace('\n', "\\n")))?;
        Ok(false)
    }
}

/// Ends the process if it still runs then: a wrong plan may loop for ever.
pub(crate) fn limit_time(limit: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        eprintln!("it hung");
        std::process::abort();
    });
}

/// Runs a batch.
pub(crate) fn run(job: &Job) -> Result<(), String> {
    let items = job.items();
    let stop = matches!(job.choice, Choice::Candidates { .. });
    let mut log = Log { out: io::stdout(), stop, found: false };
    let mut objects = Vec::new();
    for side in &job.sides {
        objects.push((*side, SharedObject::open(&job.object(*side))?));
    }
    let mut counts = Counts::default();
    for item in &items {
        let witness = matches!(job.choice, Choice::Witness { .. });
        check(item, job, &objects, witness, &mut log, &mut counts)?;
        if log.stop && log.found {
            break;
        }
    }
    let Counts { layouts, peers, downcalls, upcalls } = counts;
    log.line(&format!("done {layouts} {peers} {downcalls} {upcalls}"))
}

fn check(
    item: &Item,
    job: &Job,
    objects: &[(Side, SharedObject)],
    witness: bool,
    log: &mut Log,
    counts: &mut Counts,
) -> Result<(), String> {
    let prototype = &item.prototype;
    let known = if witness { Vec::new() } else { known::applying(prototype) };
    for known in &known {
        log.line(&format!("known {} {}", item.number, known.name))?;
    }
    let follows = |side: &Side, role: Role| {
        known.iter().all(|k| !k.deviates.contains(&side.compiler) || (k.role != Role::Both && k.role != role))
    };
    if !witness {
        let followed = objects.iter().filter(|(side, _)| follows(side, Role::Both));
        if !check_types(item, followed, log, counts)? {
            return Ok(());
        }
    }
    // The compilers among themselves: no plan of ours is involved.
    if known.iter().all(|k| k.role == Role::Callee) {
        for (caller_side, caller) in objects {
            for (callee_side, callee) in objects {
                if callee_side == caller_side || !follows(callee_side, Role::Callee) {
                    continue;
                }
                let stage = format!("{caller_side} calls {callee_side}");
                log.at(item, &stage)?;
                counts.peers += 1;
                let outcome = peer_call(item, caller, callee);
                log.outcome(item, &stage, outcome)?;
            }
        }
    }
    // A witness is judged by all of them: if the compilers agree with each other, then not with the plan.
    for (side, object) in objects {
        if follows(side, Role::Callee) {
            engine::check_downcalls(item, job, *side, object, log, counts)?;
        }
        if follows(side, Role::Caller) {
            engine::check_upcall(item, job, *side, object, log, counts)?;
        }
    }
    Ok(())
}

fn check_types<'a>(
    item: &Item,
    objects: impl Iterator<Item = &'a (Side, SharedObject)>,
    log: &mut Log,
    counts: &mut Counts,
) -> Result<bool, String> {
    for (side, object) in objects {
        let stage = format!("layout {side}");
        log.at(item, &stage)?;
        let outcome = facts::compare_with_compiler(object, item.number, &item.prototype);
        if !log.outcome(item, &stage, outcome)? {
            return Ok(false);
        }
        counts.layouts += 1;
    }
    let stage = "declaration";
    log.at(item, stage)?;
    let outcome = layouts::signature(&item.prototype).map_err(|e| e.to_string()).and_then(|model| {
        let declared = facts::declared(item.number, &item.prototype, &item.text)?;
        facts::compare_signatures(&model, &declared)
    });
    log.outcome(item, stage, outcome)
}

fn peer_call(item: &Item, caller: &SharedObject, callee: &SharedObject) -> Result<(), String> {
    let mut report = Report::default();
    let (bytes, masks) = (&item.values.bytes, &item.values.masks);
    caller.begin(bytes, masks, &mut report)?;
    callee.begin(bytes, masks, &mut report)?;
    let target = callee.callee(item.number)?;
    caller.call_caller(item.number, target)?;
    judge(item, &report)
}

/// Puts a report in words.
pub(crate) fn judge(item: &Item, report: &Report) -> Result<(), String> {
    if report.count == 0 {
        return Ok(());
    }
    let (place, ty) = match usize::try_from(report.place) {
        Ok(i) => (format!("argument {i}"), item.prototype.params.get(i)),
        Err(_) => ("the result".to_owned(), item.prototype.ret.as_ref()),
    };
    Err(match usize::try_from(report.byte) {
        Ok(byte) => mismatch(&place, ty, byte, report.got, report.want),
        Err(_) => {
            format!("{place}: {} arrives as {} once it is widened", report.want, report.got)
        }
    })
}

/// Names a differing byte.
pub(crate) fn mismatch(place: &str, ty: Option<&Ty>, byte: usize, got: i32, want: i32) -> String {
    let field = ty.map(|ty| field_at(ty, byte)).unwrap_or_default();
    format!("{place}, byte {byte}, field {field}: {got:#04x} instead of {want:#04x}")
}
