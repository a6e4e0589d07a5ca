//! One notification with 0, 1, 10 and 100 routines, alone and beside another thread.

use std::ffi::c_void;
use std::hint::black_box;
use std::ptr::null_mut;
use std::sync::Arc;

use callback_object::{Attributes, CallbackObject, Fence};
use pinvoke_bench::{Effort, Goal, Work, table};

use super::clock::{self, Contender};
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
        let rows = clock::measure_alone(effort, contenders);
        tables.push(table(&format!("notify {count} routines"), &rows, &[("callback-object", goal)]));
    }
    tables
}

/// A notification alone, and while another thread notifies the same.
fn pair<S: Source + 'static>(name: &str, source: S, count: usize) -> [Contender; 2] {
    for _ in 0..count {
        source.add(Pair::nothing());
    }
    let source = Arc::new(source);
    let theirs = Arc::clone(&source);
    let work = || -> Work<'static> {
        let source = Arc::clone(&source);
        repeated(move |argument| black_box(&source).emit(argument, argument))
    };
    [
        Contender { name: format!("{name}, one thread"), work: work(), beside: None },
        Contender {
            name: format!("{name}, each of two"),
            work: work(),
            beside: Some(Arc::new(move || theirs.emit(black_box(null_mut()), null_mut()))),
        },
    ]
}

pub(crate) fn report_pairs(effort: Effort) -> Vec<String> {
    let mut tables = Vec::new();
    for count in [1, 10] {
        let contenders = [
            pair("callback-object", object(Fence::Asymmetric), count),
            pair("callback-object, portable fence", object(Fence::Portable), count),
            pair("`Mutex<Vec>`", Mutexed::default(), count),
            pair("`RwLock<Vec>`", ReadLocked::default(), count),
            pair("arc-swap", Swapped::default(), count),
            pair("crossbeam-epoch", Epoch::default(), count),
            pair("haphazard", Hazard::default(), count),
        ];
        let rows = clock::measure(effort, contenders.into_iter().flatten().collect());
        let title = format!("two threads notify one object with {count} routines");
        tables.push(table(&title, &rows, &[("callback-object, each of two", Goal::Ratio(1.10))]));
    }
    tables
}
