//! One batch, in a process of its own.
//!
//! A wrong plan may corrupt anything, so nothing is kept in memory for later: every step is
//! announced on standard output before it is taken and every finding is written at once. When the
//! process dies, the last announcement names the prototype and the step.

use std::io::{self, Write as _};
use std::path::PathBuf;

use pinvoke::call::Tier;

use crate::c_text::{self, Text};
use crate::compiler::{Compiler, Optimise};
use crate::engine;
use crate::facts;
use crate::generate;
use crate::known::{self, Role};
use crate::layouts;
use crate::model::{Prototype, Ty};
use crate::native::{Report, SharedObject};
use crate::shrink;
use crate::values::{Values, field_at};

/// One compiler at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) compiler: Compiler,
    pub(crate) optimise: Optimise,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.compiler, self.optimise)
    }
}

impl Side {
    pub(crate) fn parse(text: &str) -> Option<Side> {
        let compilers = Compiler::ALL.into_iter();
        let mut sides = compilers
            .flat_map(|compiler| [Optimise::No, Optimise::Yes].map(|optimise| Side { compiler, optimise }));
        sides.find(|side| side.to_string() == text)
    }
}

/// Which prototypes a batch consists of.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    /// Those of the seed in this range.
    Range { first: u64, count: u64 },
    /// One of the seed, made smaller along a path.
    Shrunk { index: u64, path: Vec<usize> },
    /// Variants one step smaller than that: some of them, from a certain candidate on.
    Candidates { index: u64, path: Vec<usize>, from: usize, count: usize },
    /// The witness of a known disagreement.
    Witness { known: usize },
}

/// What a child process does.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) seed: u64,
    pub(crate) choice: Choice,
    pub(crate) sides: Vec<Side>,
    /// The ways of calling that are tested.
    pub(crate) tiers: Vec<Tier>,
    /// Call by the other convention on purpose, to see that it is noticed.
    pub(crate) wrong_convention: bool,
    /// Where the C text and the objects go.
    pub(crate) directory: PathBuf,
}

/// A prototype of the batch.
pub(crate) struct Item {
    /// Its number in names and announcements.
    pub(crate) number: u64,
    pub(crate) prototype: Prototype,
    pub(crate) text: Text,
    pub(crate) values: Values,
}

/// What was done in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) layouts: u64,
    pub(crate) peers: u64,
    pub(crate) downcalls: u64,
    pub(crate) upcalls: u64,
}

impl Job {
    fn items(&self) -> Vec<Item> {
        let prototypes: Vec<(u64, u64, Prototype)> = match &self.choice {
            Choice::Range { first, count } => {
                (*first..first + count).map(|i| (i, i, generate::prototype(self.seed, i))).collect()
            }
            Choice::Shrunk { index, path } => {
                self.shrunk(*index, path).map(|p| (*index, *index, p)).into_iter().collect()
            }
            Choice::Candidates { index, path, from, count } => {
                let all = self.shrunk(*index, path).map(|p| shrink::candidates(&p)).unwrap_or_default();
                (0..).zip(all).skip(*from).take(*count).map(|(i, p)| (i, *index, p)).collect()
            }
            Choice::Witness { known } => {
                known::KNOWN.get(*known).map(|k| (0, 0, (k.witness)())).into_iter().collect()
            }
        };
        prototypes
            .into_iter()
            .map(|(number, index, prototype)| {
                let text = Text::new(number, &prototype);
                let values = Values::new(self.seed, index, &prototype);
                Item { number, prototype, text, values }
            })
            .collect()
    }

    fn shrunk(&self, index: u64, path: &[usize]) -> Option<Prototype> {
        shrink::walk(generate::prototype(self.seed, index), path)
    }
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

/// Runs a batch.
pub(crate) fn run(job: &Job) -> Result<(), String> {
    let items = job.items();
    let mut source = c_text::begin_file();
    for item in &items {
        c_text::add(&mut source, &item.prototype, &item.text, &item.values);
    }
    let file = job.directory.join("batch.c");
    std::fs::write(&file, source).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    let stop = matches!(job.choice, Choice::Candidates { .. });
    let mut log = Log { out: io::stdout(), stop, found: false };
    let mut objects = Vec::new();
    for side in &job.sides {
        let object = job.directory.join(format!("{side}.so"));
        if let Err(error) = side.compiler.compile(side.optimise, &file, &object) {
            let whose = if error.crashed { "compiler" } else { "source" };
            return log.line(&format!("rejected {whose} {}", error.message.replace('\n', "\\n")));
        }
        objects.push((*side, SharedObject::open(&object)?));
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
    if !witness && !check_types(item, objects, log, counts)? {
        return Ok(());
    }
    let follows = |side: &Side, role: Role| {
        known.iter().all(|k| !k.deviates.contains(&side.compiler) || (k.role != Role::Both && k.role != role))
    };
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
    if witness {
        return Ok(());
    }
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

fn check_types(
    item: &Item,
    objects: &[(Side, SharedObject)],
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
    let target = callee.address(&format!("callee_{}", item.number))?;
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
