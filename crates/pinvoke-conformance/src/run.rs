//! The parent: hands out batches, gathers findings, shrinks them, sums up.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pinvoke::call::Tier;
use pinvoke_abi::target::{Arch, Target};

use crate::c_text::{self, Text};
use crate::child::Counts;
use crate::compiler::{Compiler, Optimise};
use crate::engine;
use crate::generate;
use crate::job::{Choice, Job, Side};
use crate::known;
use crate::machine;
use crate::shrink;

/// Prototypes in one file; also decides which compiler optimises, so it is fixed.
const BATCH: u64 = 200;

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all choices come from.
    pub seed: u64,
    /// The first signature, rounded down to the beginning of its batch.
    pub first: u64,
    /// Number of signatures from there on.
    pub count: u64,
    /// Only this one of them, against every compiler at every level.
    pub only: Option<u64>,
    /// With `only`: the way to a smaller variant of it, as printed with a failure.
    pub shrink: Vec<usize>,
    /// The other sides.
    pub compilers: Vec<Compiler>,
    /// The ways of calling that are tested.
    pub tiers: Vec<Tier>,
    /// Call by the other convention on purpose: a run that must fail, to test the test.
    pub wrong_convention: bool,
    /// Say on standard error how far the run is and what it finds.
    pub progress: bool,
    /// Report failures as generated, without shrinking them.
    pub as_is: bool,
    /// Batches at the same time.
    pub jobs: usize,
    /// Stop after this many failures.
    pub max_failures: usize,
    /// The machine that is tested.
    pub target: Target,
    /// The program to run for each batch: the `conformance` binary, for that machine.
    pub executable: PathBuf,
    /// What runs that program where it does not run by itself: an emulator and its arguments.
    pub runner: Vec<String>,
}

impl Options {
    /// `count` signatures of `seed` for the machine that runs this program, against both compilers.
    #[must_use]
    pub fn new(executable: &Path, seed: u64, count: u64) -> Options {
        Options::for_target(Target::HOST, executable, seed, count)
    }

    /// `count` signatures of `seed` for `target`, against both compilers.
    #[must_use]
    pub fn for_target(target: Target, executable: &Path, seed: u64, count: u64) -> Options {
        Options {
            seed,
            first: 0,
            count,
            only: None,
            shrink: Vec::new(),
            compilers: Compiler::ALL.to_vec(),
            // 32-bit x86 has no stubs.
            tiers: if matches!(target.arch, Arch::X86 | Arch::Riscv64) {
                vec![Tier::Thunk]
            } else {
                vec![Tier::Thunk, Tier::Stub]
            },
            wrong_convention: false,
            progress: false,
            as_is: false,
            jobs: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            max_failures: 5,
            target,
            executable: executable.to_owned(),
            runner: Vec::new(),
        }
    }

    fn child(&self) -> Command {
        match &self.runner[..] {
            [] => Command::new(&self.executable),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(&self.executable);
                command
            }
        }
    }
}

/// A finding, shrunk.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Number of the signature under the seed.
    pub index: u64,
    /// The step that failed, with the compiler and its level.
    pub stage: String,
    /// What differed in the signature as generated.
    pub message: String,
    /// The minimal variant: how to get at it, and what is to be said about it.
    pub minimal: String,
    /// The arguments that run it again.
    pub again: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "signature {}, {}: {}", self.index, self.stage, self.message)?;
        for line in self.minimal.lines() {
            writeln!(f, "    {line}")?;
        }
        write!(f, "    again: {}", self.again)
    }
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    target: Option<Target>,
    seed: u64,
    /// Number of signatures tested.
    pub signatures: u64,
    versions: Vec<String>,
    layouts: u64,
    peers: u64,
    /// Number of calls into C, each tier counted.
    pub downcalls: u64,
    /// Number of calls from C.
    pub upcalls: u64,
    /// Signatures per known disagreement.
    known: BTreeMap<String, u64>,
    /// Signatures whose C text makes a compiler itself crash.
    uncompiled: Vec<(u64, String)>,
    /// Everything that did not match.
    pub failures: Vec<Failure>,
    elapsed: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "{failure}\n")?;
        }
        if let Some(target) = self.target {
            writeln!(f, "target         {target}")?;
        }
        for version in &self.versions {
            writeln!(f, "against        {version}")?;
        }
        writeln!(f, "seed           {}", self.seed)?;
        writeln!(f, "signatures     {}", self.signatures)?;
        writeln!(f, "layouts        {} compared with the compilers", self.layouts)?;
        writeln!(f, "downcalls      {} (through the thunk and through the stub)", self.downcalls)?;
        writeln!(f, "upcalls        {}", self.upcalls)?;
        writeln!(f, "peer calls     {} from one compiler to the other", self.peers)?;
        for (name, count) in &self.known {
            let known = known::all().iter().find(|k| k.name == name);
            let deviates: Vec<&str> = known.iter().flat_map(|k| k.deviates).map(|c| c.command()).collect();
            let deviates = format!(" ({} not followed)", deviates.join(" and "));
            writeln!(f, "known          {count} signatures: {name}{deviates}")?;
        }
        for (number, message) in &self.uncompiled {
            writeln!(f, "not compiled   signature {number}: {message}")?;
        }
        writeln!(f, "mismatches     {}", self.failures.len())?;
        write!(f, "elapsed        {:.1} s", self.elapsed.as_secs_f64())
    }
}

/// Runs the signatures.
///
/// # Errors
/// If a compiler is missing or a batch cannot be run at all; a mismatch is no error but stands in
/// [`Summary::failures`].
pub fn run(options: &Options) -> Result<Summary, String> {
    let start = Instant::now();
    machine::choose(options.target)?;
    let mut summary = Summary { target: Some(options.target), seed: options.seed, ..Summary::default() };
    for compiler in &options.compilers {
        summary.versions.push(compiler.version()?);
    }
    let found = Mutex::new((summary, Vec::new()));
    match options.only {
        Some(index) => {
            let choice = Choice::Shrunk { index, path: options.shrink.clone() };
            let sides = sides(options, &[[Optimise::No; 2], [Optimise::Yes; 2]]);
            if let Ending::Rejected(rejected) = gather(options, choice, &sides, 1, &found)? {
                return Err(rejected.message);
            }
        }
        None => run_batches(options, &found)?,
    }
    let (mut summary, raw) = found.into_inner().map_err(|e| e.to_string())?;
    for raw in raw.into_iter().take(options.max_failures) {
        summary.failures.push(minimise(options, raw)?);
    }
    summary.elapsed = start.elapsed();
    Ok(summary)
}

/// Checks that every known disagreement still is one.
///
/// # Errors
/// Names the entries whose witness both compilers now treat alike.
pub fn check_known(options: &Options) -> Result<(), String> {
    machine::choose(options.target)?;
    let mut stale = Vec::new();
    for (i, known) in known::all().iter().enumerate() {
        let sides = sides(options, &[[Optimise::No; 2], [Optimise::Yes; 2]]);
        let outcome = child(options, Choice::Witness { known: i }, &sides)?;
        if let Some(rejected) = outcome.rejected {
            return Err(rejected.message);
        }
        if outcome.failures.is_empty() && outcome.crash.is_none() {
            stale.push(format!("{}: {}", known.name, known.reason));
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!("no longer disagreements between the compilers:\n{}", stale.join("\n")))
    }
}

/// A finding before it is shrunk.
struct Raw {
    index: u64,
    path: Vec<usize>,
    stage: String,
    message: String,
    sides: Vec<Side>,
}

type Found = Mutex<(Summary, Vec<Raw>)>;

fn sides(options: &Options, levels: &[[Optimise; 2]]) -> Vec<Side> {
    let mut out = Vec::new();
    for [gcc, clang] in levels {
        for compiler in &options.compilers {
            let optimise = match compiler {
                Compiler::Gcc => *gcc,
                Compiler::Clang => *clang,
            };
            out.push(Side { compiler: *compiler, optimise });
        }
    }
    out
}

fn run_batches(options: &Options, found: &Found) -> Result<(), String> {
    let start = options.first / BATCH;
    let end = start * BATCH + options.count;
    let next = AtomicU64::new(start);
    let worker = || -> Result<(), String> {
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            let first = batch * BATCH;
            let enough = found.lock().map_err(|e| e.to_string())?.1.len() >= options.max_failures;
            if first >= end || enough {
                return Ok(());
            }
            let levels = if batch.is_multiple_of(2) {
                [Optimise::No, Optimise::Yes]
            } else {
                [Optimise::Yes, Optimise::No]
            };
            let sides = sides(options, &[levels]);
            run_range(options, &sides, first, (first + BATCH).min(end), found)?;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs.max(1)).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|w| w.join().map_err(|_| "a worker panicked".to_owned())?)
    })
}

/// Runs part of a batch.
fn run_range(
    options: &Options,
    sides: &[Side],
    mut from: u64,
    end: u64,
    found: &Found,
) -> Result<(), String> {
    while from < end {
        let choice = Choice::Range { first: from, count: end - from };
        match gather(options, choice, sides, end - from, found)? {
            Ending::Done => break,
            // Behind a crash the rest goes on in a new process.
            Ending::Crashed(number) => from = number + 1,
            // One prototype that cannot be compiled must not take the others with it.
            Ending::Rejected(_) if end - from > 1 => {
                let middle = from + (end - from) / 2;
                run_range(options, sides, from, middle, found)?;
                from = middle;
            }
            Ending::Rejected(rejected) => {
                let mut found = found.lock().map_err(|e| e.to_string())?;
                if rejected.compiler_crashed {
                    found.0.uncompiled.push((from, rejected.message));
                } else {
                    let (stage, message) = ("compile".to_owned(), rejected.message);
                    found.1.push(Raw {
                        index: from,
                        path: Vec::new(),
                        stage,
                        message,
                        sides: sides.to_vec(),
                    });
                }
                break;
            }
        }
        if found.lock().map_err(|e| e.to_string())?.1.len() >= options.max_failures {
            break;
        }
    }
    Ok(())
}

/// How a child process ended.
enum Ending {
    Done,
    /// With the number of the prototype.
    Crashed(u64),
    Rejected(Rejected),
}

/// A file that a compiler did not compile.
#[derive(Clone)]
struct Rejected {
    message: String,
    compiler_crashed: bool,
}

/// Runs a batch and adds up.
fn gather(
    options: &Options,
    choice: Choice,
    sides: &[Side],
    signatures: u64,
    found: &Found,
) -> Result<Ending, String> {
    let path = match &choice {
        Choice::Shrunk { path, .. } => path.clone(),
        Choice::Range { .. } | Choice::Candidates { .. } | Choice::Witness { .. } => Vec::new(),
    };
    let outcome = child(options, choice, sides)?;
    if let Some(rejected) = outcome.rejected {
        return Ok(Ending::Rejected(rejected));
    }
    let mut found = found.lock().map_err(|e| e.to_string())?;
    let (summary, raw) = &mut *found;
    summary.layouts += outcome.counts.layouts;
    summary.peers += outcome.counts.peers;
    summary.downcalls += outcome.counts.downcalls;
    summary.upcalls += outcome.counts.upcalls;
    for name in outcome.known {
        *summary.known.entry(name).or_default() += 1;
    }
    let crash = outcome.crash.as_ref().map(|(number, ..)| *number);
    summary.signatures += match (crash, outcome.first) {
        (Some(number), Some(first)) => number + 1 - first,
        _ => signatures,
    };
    if options.progress {
        eprintln!("{} signatures of {}", summary.signatures, options.count);
    }
    for (index, stage, message) in outcome.failures.into_iter().chain(outcome.crash) {
        if options.progress {
            eprintln!("signature {index}, {stage}: {message}");
        }
        raw.push(Raw { index, path: path.clone(), stage, message, sides: sides.to_vec() });
    }
    Ok(crash.map_or(Ending::Done, Ending::Crashed))
}

/// What a child process said.
#[derive(Default)]
struct Outcome {
    counts: Counts,
    first: Option<u64>,
    failures: Vec<(u64, String, String)>,
    crash: Option<(u64, String, String)>,
    known: Vec<String>,
    rejected: Option<Rejected>,
}

fn child(options: &Options, choice: Choice, sides: &[Side]) -> Result<Outcome, String> {
    let directory = tempfile::tempdir().map_err(|e| format!("cannot make a directory: {e}"))?;
    let job = Job {
        seed: options.seed,
        choice,
        sides: sides.to_vec(),
        tiers: options.tiers.clone(),
        wrong_convention: options.wrong_convention,
        directory: directory.path().into(),
    };
    let mut outcome = Outcome { rejected: compile(&job)?, ..Outcome::default() };
    if outcome.rejected.is_some() {
        return Ok(outcome);
    }
    let mut command = options.child();
    command.args(job.arguments()).stdin(Stdio::null());
    let output = command.output().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    let mut at = None;
    let mut done = false;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (number, text) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "at" => {
                let number = number.parse().unwrap_or(u64::MAX);
                outcome.first.get_or_insert(number);
                at = Some((number, text.to_owned()));
            }
            "fail" => {
                let (stage, message) = text.split_once(" | ").unwrap_or((text, ""));
                let number = number.parse().unwrap_or(u64::MAX);
                outcome.failures.push((number, stage.to_owned(), message.replace("\\n", "\n")));
            }
            "known" => outcome.known.push(text.to_owned()),
            "done" => {
                let numbers: Vec<u64> = rest.split(' ').filter_map(|n| n.parse().ok()).collect();
                if let [layouts, peers, downcalls, upcalls] = numbers[..] {
                    outcome.counts = Counts { layouts, peers, downcalls, upcalls };
                    done = true;
                }
            }
            _ => {}
        }
    }
    if !done {
        let errors = String::from_utf8_lossy(&output.stderr);
        match at {
            Some((number, stage)) => {
                // The message of a panic, not its backtrace.
                let said: Vec<&str> = errors.lines().filter(|l| !l.is_empty()).take(2).collect();
                let message = format!("the process died: {}\n{}", output.status, said.join("\n"));
                outcome.crash = Some((number, stage, message.trim_end().to_owned()));
            }
            None => {
                let status = output.status;
                return Err(format!("a batch did not start: {command:?}: {status}\n{}", errors.trim_end()));
            }
        }
    }
    Ok(outcome)
}

/// Compiles a batch with every compiler; why one did not, if so.
fn compile(job: &Job) -> Result<Option<Rejected>, String> {
    let mut text = c_text::begin_file();
    for item in job.items() {
        c_text::add(&mut text, &item.prototype, &item.text, &item.values);
    }
    let source = job.source();
    std::fs::write(&source, text).map_err(|e| format!("cannot write {}: {e}", source.display()))?;
    for side in &job.sides {
        if let Err(error) = side.compiler.compile(side.optimise, &source, &job.object(*side)) {
            return Ok(Some(Rejected { message: error.message, compiler_crashed: error.crashed }));
        }
    }
    Ok(None)
}

/// The first variant one step smaller that fails in the same step, if there is one.
fn smaller(options: &Options, raw: &Raw, path: &[usize]) -> Option<usize> {
    // Mostly one of the first will do, so they are not all compiled at once.
    const CHUNK: usize = 16;
    let all = shrink::walk(generate::prototype(options.seed, raw.index), path)?;
    let end = shrink::candidates(&all).len();
    let mut from = 0;
    while from < end {
        let choice = Choice::Candidates { index: raw.index, path: path.to_vec(), from, count: CHUNK };
        // A variant that a compiler rejects is passed over with its neighbours.
        let outcome = child(options, choice, &raw.sides).ok()?;
        match outcome.failures.into_iter().chain(outcome.crash).next() {
            None => from += CHUNK,
            Some((number, stage, _)) => {
                let number = usize::try_from(number).ok()?;
                if stage == raw.stage {
                    return Some(number);
                }
                from = number + 1;
            }
        }
    }
    None
}

/// Shrinks a finding: again and again the first smaller variant that fails in the same step.
fn minimise(options: &Options, raw: Raw) -> Result<Failure, String> {
    const MOST_STEPS: usize = 200;
    let mut path = raw.path.clone();
    let steps = if options.as_is { 0 } else { MOST_STEPS };
    for _ in 0..steps {
        match smaller(options, &raw, &path) {
            Some(choice) => path.push(choice),
            None => break,
        }
    }
    let choice = Choice::Shrunk { index: raw.index, path: path.clone() };
    let outcome = child(options, choice, &raw.sides)?;
    let said = outcome.failures.into_iter().chain(outcome.crash).find(|(_, stage, _)| *stage == raw.stage);
    let said = said.map_or_else(|| "it does not fail alone".to_owned(), |(_, _, message)| message);
    let Some(prototype) = shrink::walk(generate::prototype(options.seed, raw.index), &path) else {
        return Err("the way to the minimal prototype is lost".to_owned());
    };
    let shown = Text::new(raw.index, &prototype).shown(&prototype);
    let numbers: Vec<String> = path.iter().map(ToString::to_string).collect();
    let mut again = format!("--seed {} --only {}", options.seed, raw.index);
    if !path.is_empty() {
        again.push_str(&format!(" --shrink {}", numbers.join(",")));
    }
    Ok(Failure {
        index: raw.index,
        stage: raw.stage,
        message: raw.message,
        minimal: format!("{shown}\n{said}\n{}", engine::plan_text(&prototype)),
        again,
    })
}
