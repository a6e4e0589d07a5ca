//! The first call of an import whose library is loaded: finding the entry point.

use std::hint::black_box;

use pinvoke::import::{Import, ImportLibrary};
use pinvoke_bench::{Effort, Goal, Work, measure, table};

static LIBRARY: ImportLibrary = ImportLibrary::new("work", &[]);

pub(crate) fn report(effort: Effort) -> Vec<String> {
    // SAFETY: the library has no initialisers.
    let loaded = unsafe { libloading::Library::new(env!("WORK_LIBRARY")) }.expect("it loads");
    Import::new(&LIBRARY, c"add2").code().expect("it is there");
    let rows = measure(
        effort,
        vec![
            (
                "libloading: Library::get",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: not called.
                        let symbol = unsafe { loaded.get::<unsafe extern "C" fn()>(black_box(b"add2\0")) };
                        black_box(symbol.expect("it is there"));
                    }
                }) as Work<'_>,
            ),
            (
                "import bound",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // One that was never bound before.
                        let import = Import::new(&LIBRARY, black_box(c"add2"));
                        black_box(import.code().expect("it is there"));
                    }
                }),
            ),
            (
                "import bound again",
                Box::new(|n: u64| {
                    let import = Import::new(&LIBRARY, c"add2");
                    for _ in 0..n {
                        black_box(black_box(&import).code().expect("it is there"));
                    }
                }),
            ),
        ],
    );
    vec![table("import bound, library loaded", &rows, &[("import bound", Goal::Nanoseconds(100.0))])]
}
