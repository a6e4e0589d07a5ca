//! Registering, unregistering and revoking.

use std::hint::black_box;
use std::ptr::null_mut;
use std::sync::Arc;

use callback_object::{Fence, Object, revoke_raw};
use pinvoke_bench::{Effort, Goal, Row, Work, table};

use super::clock::{self, Contender, thread_time};
use super::foreign::{Boost, GSignal};
use super::native::Pair;
use super::peers::{Epoch, Hazard, Mutexed, ReadLocked, Source, Swapped};
use super::walk::object;

/// Registers and unregisters one more beside `others`.
fn pairs<S: Source + 'static>(source: S, others: usize) -> Work<'static> {
    for _ in 0..others {
        source.add(Pair::nothing());
    }
    Box::new(move |iterations| {
        for _ in 0..iterations {
            let ticket = source.add(Pair::nothing());
            source.remove(ticket);
        }
    })
}

/// The same while another thread notifies without a pause.
fn busy<S: Source + 'static>(name: &str, source: S, others: usize) -> Contender {
    for _ in 0..others {
        source.add(Pair::nothing());
    }
    let source = Arc::new(source);
    let theirs = Arc::clone(&source);
    Contender {
        name: name.to_owned(),
        work: Box::new(move |iterations| {
            for _ in 0..iterations {
                let ticket = source.add(Pair::nothing());
                source.remove(ticket);
            }
        }),
        beside: Some(Arc::new(move || theirs.emit(black_box(null_mut()), null_mut()))),
    }
}

fn churn(effort: Effort) -> Vec<String> {
    let contenders = vec![
        ("callback-object", pairs(object(Fence::Asymmetric), 100)),
        ("callback-object, portable fence", pairs(object(Fence::Portable), 100)),
        ("`Mutex<Vec>`", pairs(Mutexed::default(), 100)),
        ("`RwLock<Vec>`", pairs(ReadLocked::default(), 100)),
        ("arc-swap", pairs(Swapped::default(), 100)),
        ("crossbeam-epoch", pairs(Epoch::default(), 100)),
        ("haphazard", pairs(Hazard::default(), 100)),
    ];
    let foreign = [
        GSignal::new().map(|s| ("GLib `g_signal_connect_data`", pairs(s, 100))),
        Boost::new().map(|s| ("Boost.Signals2", pairs(s, 100))),
    ];
    let contenders = contenders.into_iter().chain(foreign.into_iter().flatten()).collect();
    let rows = clock::measure_alone(effort, contenders);
    let goals = [
        ("callback-object", Goal::Nanoseconds(500.0)),
        ("callback-object, portable fence", Goal::Nanoseconds(500.0)),
    ];
    let idle = table("register and unregister beside 100 others, idle", &rows, &goals);
    let contenders = vec![
        busy("callback-object", object(Fence::Asymmetric), 100),
        busy("callback-object, portable fence", object(Fence::Portable), 100),
        busy("`Mutex<Vec>`", Mutexed::default(), 100),
        busy("`RwLock<Vec>`", ReadLocked::default(), 100),
        busy("arc-swap, does not wait", Swapped::default(), 100),
        busy("crossbeam-epoch, does not wait", Epoch::default(), 100),
        busy("haphazard, does not wait", Hazard::default(), 100),
    ];
    let rows = clock::measure(effort, contenders);
    let goals = [
        ("callback-object", Goal::Nanoseconds(5000.0)),
        ("callback-object, portable fence", Goal::Nanoseconds(5000.0)),
    ];
    vec![idle, table("the same while another thread notifies, without sleeping", &rows, &goals)]
}

/// Registers a thousand beside so many others; unregistering them again is not measured.
fn growth(effort: Effort) -> String {
    const MORE: u64 = 1_000;
    let sizes: [usize; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
    let names: Vec<String> = sizes.iter().map(|s| format!("beside {s}")).collect();
    let rounds = effort.rounds * effort.samples;
    let mut times = vec![Vec::new(); sizes.len()];
    let objects: Vec<_> = sizes
        .iter()
        .map(|size| {
            let object = object(Fence::Asymmetric);
            for _ in 0..*size {
                object.add(Pair::nothing());
            }
            object
        })
        .collect();
    for _ in 0..rounds {
        for (object, times) in objects.iter().zip(&mut times) {
            let start = thread_time();
            let handles: Vec<_> = (0..MORE).map(|_| object.add(Pair::nothing())).collect();
            times.push((thread_time() - start) / MORE as f64);
            handles.into_iter().for_each(|h| object.remove(h));
        }
    }
    let rows: Vec<Row> =
        names.iter().zip(&times).map(|(name, own)| Row::new(name, own.clone(), &times[0])).collect();
    let goals: Vec<(&str, Goal)> = names.iter().skip(1).map(|n| (n.as_str(), Goal::Ratio(2.0))).collect();
    table("register one more", &rows, &goals)
}

/// Times the revoking, not the registering before it.
fn revoke_time(effort: Effort) -> String {
    // What others left registered would be looked through too.
    revoke_raw(|_| true).expect("nobody is inside");
    let times: Vec<f64> = (0..effort.rounds * 3)
        .map(|_| {
            let object = object(Fence::Asymmetric);
            for _ in 0..100_000 {
                object.add(Pair::nothing());
            }
            let mine = std::ptr::from_ref::<Object>(&object);
            let start = thread_time();
            let revoked = revoke_raw(|r| std::ptr::eq(&raw const *r.object, mine)).expect("nobody is inside");
            let took = thread_time() - start;
            assert_eq!(revoked, 100_000);
            took
        })
        .collect();
    let row = Row::new("revoke_raw", times.clone(), &times);
    table("revoke 100,000 registrations at once", &[row], &[("revoke_raw", Goal::Nanoseconds(5e6))])
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let mut tables = churn(effort);
    tables.push(growth(effort));
    tables.push(revoke_time(effort));
    tables
}
