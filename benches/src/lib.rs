//! A harness for calls of a few nanoseconds.
//!
//! The contenders of one case run in turn inside one process, several samples a round, several
//! rounds; what counts is the ratio of medians within a round, and of those ratios the median over
//! rounds. Absolute times on a shared machine drift, ratios taken side by side hardly do.

mod instructions;

use std::ffi::c_long;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

pub use instructions::instructions;

/// One cycle of a 3.7 GHz processor: code layout alone moves a short call by it.
pub const CYCLE: f64 = 0.3;

/// Something to measure: performs its work the given number of times.
pub type Work<'a> = Box<dyn FnMut(u64) + 'a>;

/// A piece of work that a function does so many times per call of it, as a loop in C does: in batches of ten
/// thousand, so that the loop dominates the call that starts it.
pub fn per_call<'a>(mut one: impl FnMut(c_long) -> c_long + 'a) -> Work<'a> {
    const BATCH: c_long = 10_000;
    Box::new(move |n: u64| {
        let mut left = c_long::try_from(n).unwrap_or(c_long::MAX);
        while left > 0 {
            let now = left.min(BATCH);
            black_box(one(now));
            left -= now;
        }
    })
}

/// A contender's name and its figures.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who.
    pub name: String,
    /// Median time of one piece of work, in nanoseconds.
    pub nanoseconds: f64,
    /// Median over rounds of the ratio to the first contender.
    pub ratio: f64,
    /// Highest minus lowest round, over the median.
    pub spread: f64,
    /// Time of one piece of work in each round, in nanoseconds.
    rounds: Vec<f64>,
}

impl Row {
    /// The row of figures that were measured round by round, in nanoseconds, beside those of the case's first
    /// row.
    #[must_use]
    pub fn new(name: &str, rounds: Vec<f64>, first: &[f64]) -> Row {
        let mut ratios: Vec<f64> = rounds.iter().zip(first).map(|(own, first)| own / first).collect();
        let mut times = rounds.clone();
        let nanoseconds = median(&mut times);
        Row {
            name: name.to_owned(),
            nanoseconds,
            ratio: median(&mut ratios),
            spread: (times[times.len() - 1] - times[0]) / nanoseconds,
            rounds,
        }
    }

    /// The same for a part of the work, of which there are so many.
    #[must_use]
    pub fn per(self, parts: u64) -> Row {
        let per = |figure: f64| figure / parts as f64;
        Row { nanoseconds: per(self.nanoseconds), rounds: self.rounds.into_iter().map(per).collect(), ..self }
    }

    /// The row of figures that were measured elsewhere, round by round, beside the first row of a case.
    #[must_use]
    pub fn beside(name: &str, rounds: Vec<f64>, first: &Row) -> Row {
        Row::new(name, rounds, &first.rounds)
    }

    /// What follows, round by round, from the figures of other rows of the same case, the first of which
    /// is the case's first.
    #[must_use]
    pub fn derived<const N: usize>(name: &str, from: [&Row; N], figure: impl Fn([f64; N]) -> f64) -> Row {
        let count = from.iter().map(|row| row.rounds.len()).min().unwrap_or(0);
        let rounds = (0..count).map(|i| figure(from.map(|row| row.rounds[i]))).collect();
        Row::new(name, rounds, &from[0].rounds)
    }
}

/// How long and how often to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds over all contenders, at least five for a result that is published.
    pub rounds: usize,
    /// Samples of each contender in a round.
    pub samples: usize,
    /// Length of one sample.
    pub sample: Duration,
}

impl Effort {
    /// As published.
    pub const FULL: Effort = Effort { rounds: 7, samples: 7, sample: Duration::from_millis(4) };
    /// To see whether everything runs.
    pub const SMOKE: Effort = Effort { rounds: 1, samples: 1, sample: Duration::from_micros(200) };
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn time(work: &mut Work<'_>, iterations: u64) -> f64 {
    let start = Instant::now();
    work(iterations);
    start.elapsed().as_nanos() as f64 / iterations as f64
}

/// The number of iterations that takes about as long as one sample.
fn calibrate(work: &mut Work<'_>, sample: Duration) -> u64 {
    let mut iterations = 1_u64;
    loop {
        // The shortest of three: a pause of the process would leave too few iterations for warm caches.
        let took = (0..3).map(|_| {
            let start = Instant::now();
            work(iterations);
            start.elapsed()
        });
        let took = took.min().unwrap_or_default();
        if took * 2 >= sample || iterations > 1 << 30 {
            let scaled = u128::from(iterations) * sample.as_nanos() / took.as_nanos().max(1);
            return u64::try_from(scaled).unwrap_or(u64::MAX).max(1);
        }
        iterations *= 2;
    }
}

/// Measures all contenders against the first.
///
/// # Panics
/// If there is none.
pub fn measure(effort: Effort, mut contenders: Vec<(&str, Work<'_>)>) -> Vec<Row> {
    assert!(!contenders.is_empty());
    let iterations: Vec<u64> =
        contenders.iter_mut().map(|(_, work)| calibrate(work, effort.sample)).collect();
    let mut rounds: Vec<Vec<f64>> = Vec::new();
    for _ in 0..effort.rounds {
        let mut samples = vec![Vec::new(); contenders.len()];
        for _ in 0..effort.samples {
            for (i, (_, work)) in contenders.iter_mut().enumerate() {
                samples[i].push(time(work, iterations[i]));
            }
        }
        rounds.push(samples.iter_mut().map(|s| median(s)).collect());
    }
    let times = |i: usize| rounds.iter().map(|round| round[i]).collect::<Vec<f64>>();
    let first = times(0);
    contenders.iter().enumerate().map(|(i, (name, _))| Row::new(name, times(i), &first)).collect()
}

/// What a contender is held to, relative to the first of its case.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// At most this many times the first contender, give or take a [`CYCLE`].
    Ratio(f64),
    /// At most this many nanoseconds more than the first contender.
    Above(f64),
    /// At most this many nanoseconds on the machine the goals were set on.
    Nanoseconds(f64),
    /// At least this many times faster than the contender with this name.
    FasterThan(&'static str, f64),
}

impl Goal {
    fn describe(self, row: &Row, rows: &[Row]) -> String {
        let (text, met) = match self {
            Goal::Ratio(r) => {
                let limit = r.max(1.0 + (r - 1.0) + CYCLE / rows[0].nanoseconds);
                (format!("≤ {r:.2} ×"), row.ratio <= limit)
            }
            Goal::Above(n) => {
                let over = row.nanoseconds - rows[0].nanoseconds;
                (format!("≤ {n} ns above: {over:.1}"), over <= n + CYCLE)
            }
            Goal::Nanoseconds(n) => (format!("≤ {n} ns"), row.nanoseconds <= n + CYCLE),
            Goal::FasterThan(name, times) => {
                let other = rows.iter().find(|r| r.name == name).map_or(0.0, |r| r.nanoseconds);
                let factor = other / row.nanoseconds;
                (format!("{times} × faster than {name}: {factor:.1} ×"), factor >= times)
            }
        };
        format!("{text} {}", if met { "✓" } else { "✗" })
    }
}

/// A part of a benchmark: its name, and what measures it and returns tables.
pub type Part = (&'static str, fn(Effort) -> Vec<String>);

/// Runs the parts that the command line names, or all, and prints their tables.
///
/// `--smoke` runs them briefly, as does `cargo test`, which runs benchmarks without `--bench`.
pub fn run(parts: &[Part]) {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let smoke = arguments.iter().any(|a| a == "--smoke") || !std::env::args().any(|a| a == "--bench");
    let wanted: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    let effort = if smoke { Effort::SMOKE } else { Effort::FULL };
    for (name, report) in parts {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            for table in report(effort) {
                println!("{table}");
            }
        }
    }
}

/// One table of the report, in Markdown.
#[must_use]
pub fn table(title: &str, rows: &[Row], goals: &[(&str, Goal)]) -> String {
    let mut text = format!("### {title}\n\n| | ns | ratio | spread | goal |\n|---|---:|---:|---:|---|\n");
    for row in rows {
        let met: Vec<String> =
            goals.iter().filter(|(n, _)| *n == row.name).map(|(_, g)| g.describe(row, rows)).collect();
        let _ = writeln!(
            text,
            "| {} | {:.2} | {:.2} | {:.0} % | {} |",
            row.name,
            row.nanoseconds,
            row.ratio,
            row.spread * 100.0,
            met.join("; ")
        );
    }
    text
}
