//! Opening by name, beside the least that a program with a table of names can do.

use std::hint::black_box;
use std::sync::Arc;

use callback_object::{Attributes, Directory};
use hashbrown::HashMap;
use pinvoke_bench::{Effort, Goal, Work, table};

use super::clock;

const COUNT: usize = 10_000;

/// From one name to the next, so that neighbours are not neighbours in memory.
const STEP: usize = 7_919;

/// Does something with one name after the other, each `step` after the one before. All contenders read the same names.
fn along(names: &Arc<[Vec<u16>]>, step: usize, mut body: impl FnMut(&[u16]) + 'static) -> Work<'static> {
    let names = Arc::clone(names);
    let mut next = 0;
    Box::new(move |iterations| {
        for _ in 0..iterations {
            next = (next + step) % names.len();
            body(&names[next]);
        }
    })
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let directory = Directory::new();
    let names: Arc<[Vec<u16>]> =
        (0..COUNT).map(|i| format!(r"\Callback\SomeDriverCallback{i}").encode_utf16().collect()).collect();
    let objects: Vec<_> = names
        .iter()
        .map(|n| directory.create(&n[..], Attributes::new()).expect("each has a name of its own"))
        .collect();
    let open = |attributes: Attributes, step: usize| {
        let directory = directory.clone();
        along(&names, step, move |name| {
            black_box(directory.open(name, attributes.clone()).expect("it was created"));
        })
    };
    // No lock, no case, no components: what memory alone costs.
    let map: HashMap<Box<[u16]>, Arc<u64>> = names.iter().map(|n| (n[..].into(), Arc::new(0))).collect();
    let map = Arc::new(map);
    let find = |step: usize| {
        let map = Arc::clone(&map);
        along(&names, step, move |name| drop(black_box(Arc::clone(&map[name]))))
    };
    let (exact, any) = (Attributes::new(), Attributes::new().case_insensitive());
    let rows = clock::measure_alone(
        effort,
        vec![
            ("one name again and again", open(exact.clone(), 0)),
            ("name after name", open(exact, STEP)),
            ("name after name, any case", open(any, STEP)),
            ("a bare `HashMap` of names to `Arc`s, one name", find(0)),
            ("a bare `HashMap` of names to `Arc`s, name after name", find(STEP)),
        ],
    );
    drop(objects);
    let goal = Goal::Nanoseconds(200.0);
    vec![table(
        "open by name among 10,000, and close",
        &rows,
        &[("one name again and again", goal), ("name after name", goal), ("name after name, any case", goal)],
    )]
}
