//! Measuring by the time that this thread has run. What takes milliseconds in one go, or has a second thread
//! beside it, does not escape the other processes of a busy machine; their turns are not counted here, and
//! neither is sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use pinvoke_bench::{Effort, Row, Work};

/// Nanoseconds that this thread has run.
pub(crate) fn thread_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid place for the answer.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// A contender, and what the other thread does meanwhile.
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) work: Work<'static>,
    pub(crate) beside: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Contender {
    /// With nothing beside it.
    pub(crate) fn alone((name, work): (&str, Work<'static>)) -> Contender {
        Contender { name: name.to_owned(), work, beside: None }
    }
}

/// [`measure`] with nothing beside.
pub(crate) fn measure_alone(effort: Effort, contenders: Vec<(&str, Work<'static>)>) -> Vec<Row> {
    measure(effort, contenders.into_iter().map(Contender::alone).collect())
}

/// As [`pinvoke_bench::measure`], by another clock and with another thread.
pub(crate) fn measure(effort: Effort, mut contenders: Vec<Contender>) -> Vec<Row> {
    let beside: Vec<_> = contenders.iter().map(|c| c.beside.clone()).collect();
    let other = Other { turn: AtomicUsize::new(IDLE), laps: AtomicU64::new(0) };
    let mut rounds = vec![Vec::new(); contenders.len()];
    std::thread::scope(|scope| {
        scope.spawn(|| other.run(&beside));
        let mut iterations = vec![1; contenders.len()];
        for (i, contender) in contenders.iter_mut().enumerate() {
            other.take_turn(i, &beside);
            let enough = effort.sample.as_nanos() as f64 / 2.0;
            while time(&mut contender.work, iterations[i]) * (iterations[i] as f64) < enough {
                iterations[i] *= 2;
            }
        }
        for _ in 0..effort.rounds {
            let mut samples = vec![Vec::new(); contenders.len()];
            for _ in 0..effort.samples {
                for (i, contender) in contenders.iter_mut().enumerate() {
                    other.take_turn(i, &beside);
                    samples[i].push(time(&mut contender.work, iterations[i]));
                }
            }
            for (round, mut samples) in rounds.iter_mut().zip(samples) {
                samples.sort_by(f64::total_cmp);
                round.push(samples[samples.len() / 2]);
            }
        }
        other.turn.store(OVER, Ordering::Relaxed);
    });
    contenders.iter().zip(&rounds).map(|(c, own)| Row::new(&c.name, own.clone(), &rounds[0])).collect()
}

fn time(work: &mut Work<'_>, iterations: u64) -> f64 {
    let start = thread_time();
    work(iterations);
    (thread_time() - start) / iterations as f64
}

const IDLE: usize = usize::MAX;
const OVER: usize = usize::MAX - 1;

/// The other thread.
struct Other {
    /// Whose work it is beside.
    turn: AtomicUsize,
    laps: AtomicU64,
}

impl Other {
    fn run(&self, beside: &[Option<Arc<dyn Fn() + Send + Sync>>]) {
        loop {
            match self.turn.load(Ordering::Relaxed) {
                OVER => return,
                IDLE => std::thread::yield_now(),
                turn => {
                    if let Some(work) = &beside[turn] {
                        (0..100).for_each(|_| work());
                    }
                    self.laps.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// Has it work beside a contender, or rest; returns when it does.
    fn take_turn(&self, turn: usize, beside: &[Option<Arc<dyn Fn() + Send + Sync>>]) {
        if beside[turn].is_none() {
            self.turn.store(IDLE, Ordering::Relaxed);
            return;
        }
        self.turn.store(turn, Ordering::Relaxed);
        let laps = self.laps.load(Ordering::Relaxed);
        while self.laps.load(Ordering::Relaxed) < laps + 2 {
            std::thread::yield_now();
        }
    }
}
