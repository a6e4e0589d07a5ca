//! One notification with 0, 1, 10 and 100 routines, alone and beside another thread.

use std::ffi::c_void;
use std::hint::black_box;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use callback_object::{Attributes, CallbackObject, Fence};
use pinvoke_bench::{Effort, Goal, Work, measure, table};

use super::foreign::{Boost, GSignal};
use super::native::Pair;
use super::peers::{Epoch, Hazard, Mutexed, ReadLocked, Source, Swapped};

fn repeated(mut body: impl FnMut(*mut c_void) + 'static) -> Work<'static> {
    Box::new(move |iterations| {
        for _ in 0..iterations {
            body(black_box(null_mut()));
        }
    })
}

fn filled<S: Source + 'static>(source: S, count: usize) -> Work<'static> {
    for _ in 0..count {
        source.add(Pair::nothing());
    }
    repeated(move |argument| black_box(&source).emit(argument, argument))
}

pub(crate) fn object(fence: Fence) -> CallbackObject {
    CallbackObject::unnamed(Attributes::new().fence(fence))
}

fn closures(count: usize) -> Work<'static> {
    let object = object(Fence::Asymmetric);
    for _ in 0..count {
        object.register(|a, _| _ = black_box(a)).expect("any number may register").leak();
    }
    repeated(move |argument| black_box(&object).notify(argument, argument).expect("everybody may notify"))
}

/// A bare loop over routines with contexts: the floor.
fn bare(count: usize) -> Work<'static> {
    let pairs = vec![Pair::nothing(); count];
    repeated(move |argument| {
        for pair in black_box(&pairs) {
            pair.call(argument, argument);
        }
    })
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let mut tables = Vec::new();
    for (count, goal) in [
        (0, Goal::Nanoseconds(0.5)),
        (1, Goal::Ratio(1.65)),
        (10, Goal::Ratio(1.05)),
        (100, Goal::Ratio(1.02)),
    ] {
        let mut contenders = vec![
            ("bare array", bare(count)),
            ("callback-object", filled(object(Fence::Asymmetric), count)),
            ("callback-object, portable fence", filled(object(Fence::Portable), count)),
            ("callback-object, closures", closures(count)),
            ("`Mutex<Vec>`", filled(Mutexed::default(), count)),
            ("`RwLock<Vec>`", filled(ReadLocked::default(), count)),
            ("arc-swap", filled(Swapped::default(), count)),
            ("crossbeam-epoch", filled(Epoch::default(), count)),
            ("haphazard", filled(Hazard::default(), count)),
        ];
        contenders.extend(GSignal::new().map(|s| ("GLib `g_signal_emit`", filled(s, count))));
        contenders.extend(Boost::new().map(|s| ("Boost.Signals2", filled(s, count))));
        let rows = measure(effort, contenders);
        tables.push(table(&format!("notify {count} routines"), &rows, &[("callback-object", goal)]));
    }
    tables
}

/// The work alone and while another thread does the same, one after the other.
pub(crate) fn pair<S: Source + 'static>(source: S, count: usize, effort: Effort, name: &str) -> String {
    for _ in 0..count {
        source.add(Pair::nothing());
    }
    let source = Arc::new(source);
    let alone = {
        let source = Arc::clone(&source);
        repeated(move |argument| black_box(&source).emit(argument, argument))
    };
    let beside: Work<'static> = Box::new(move |iterations| {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    for _ in 0..100 {
                        black_box(&source).emit(black_box(null_mut()), null_mut());
                    }
                }
            });
            for _ in 0..iterations {
                black_box(&source).emit(black_box(null_mut()), null_mut());
            }
            over.store(true, Ordering::Relaxed);
        });
    });
    let rows = measure(effort, vec![("one thread", alone), ("two threads, each", beside)]);
    let goals =
        if name == "callback-object" { vec![("two threads, each", Goal::Ratio(1.10))] } else { vec![] };
    table(&format!("two threads notify one object with {count} routines: {name}"), &rows, &goals)
}

pub(crate) fn report_pairs(effort: Effort) -> Vec<String> {
    let mut tables = Vec::new();
    for count in [1, 10] {
        tables.push(pair(object(Fence::Asymmetric), count, effort, "callback-object"));
        tables.push(pair(object(Fence::Portable), count, effort, "callback-object, portable fence"));
        tables.push(pair(Mutexed::default(), count, effort, "`Mutex<Vec>`"));
        tables.push(pair(ReadLocked::default(), count, effort, "`RwLock<Vec>`"));
        tables.push(pair(Swapped::default(), count, effort, "arc-swap"));
        tables.push(pair(Epoch::default(), count, effort, "crossbeam-epoch"));
        tables.push(pair(Hazard::default(), count, effort, "haphazard"));
    }
    tables
}
