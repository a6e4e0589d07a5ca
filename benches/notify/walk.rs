//! One notification with 0, 1, 10 and 100 routines.

use std::ffi::c_void;
use std::hint::black_box;
use std::ptr::null_mut;

use callback_object::{Attributes, CallbackObject, Fence};
use pinvoke_bench::{Effort, Goal, Work, measure, table};

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
    repeated(move |argument| black_box(&object).notify(argument, argument).expect("everybody may notify it"))
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let mut tables = Vec::new();
    for (count, goal) in [
        (0, Goal::Nanoseconds(0.5)),
        (1, Goal::Ratio(1.65)),
        (10, Goal::Ratio(1.05)),
        (100, Goal::Ratio(1.02)),
    ] {
        let pairs = vec![Pair::nothing(); count];
        let floor = repeated(move |argument| {
            for pair in black_box(&pairs) {
                pair.call(argument, argument);
            }
        });
        let contenders = vec![
            ("bare array", floor),
            ("callback-object", filled(object(Fence::Asymmetric), count)),
            ("callback-object, portable fence", filled(object(Fence::Portable), count)),
            ("callback-object, closures", closures(count)),
            ("Mutex<Vec>", filled(Mutexed::default(), count)),
            ("RwLock<Vec>", filled(ReadLocked::default(), count)),
            ("arc-swap", filled(Swapped::default(), count)),
            ("crossbeam-epoch", filled(Epoch::default(), count)),
            ("haphazard", filled(Hazard::default(), count)),
        ];
        let rows = measure(effort, contenders);
        tables.push(table(&format!("notify {count} routines"), &rows, &[("callback-object", goal)]));
    }
    tables
}
