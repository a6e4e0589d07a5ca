//! `ftw` over real files, and `qsort`: whole workloads with a closure against the same in C.

use std::ffi::{CString, c_char, c_int, c_void};
use std::hint::black_box;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pinvoke::upcall::{Declaration, function as bare, resume_after};
use pinvoke_bench::{Effort, Goal, measure, table};

use crate::native::{FtwTotal, SortInts, function};

type Visit = unsafe extern "C" fn(*const c_char, *const libc::stat, c_int) -> c_int;
type Compare = unsafe extern "C" fn(*const c_void, *const c_void) -> c_int;

static VISIT: Declaration<Visit> = Declaration::new("fn");
static COMPARE: Declaration<Compare> = Declaration::new("compar");

unsafe extern "C" {
    fn ftw(dir: *const c_char, visit: Visit, descriptors: c_int) -> c_int;
}

/// A tree of files that is removed again.
struct Tree(PathBuf);

impl Tree {
    fn new(files: usize) -> Tree {
        let root = std::env::temp_dir().join(format!("pinvoke-bench-{}", std::process::id()));
        for folder in 0..files.div_ceil(100) {
            let folder_path = root.join(format!("{folder:03}"));
            std::fs::create_dir_all(&folder_path).expect("the temporary folder is writable");
            for file in 0..100.min(files - folder * 100) {
                std::fs::write(folder_path.join(format!("{file:02}.txt")), "x".repeat(file))
                    .expect("the temporary folder is writable");
            }
        }
        Tree(root)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // A tree left behind in the temporary folder is no reason to fail.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let smoke = effort.rounds < 5;
    // A walk takes tens of milliseconds: one is a sample.
    let whole = Effort { sample: Duration::ZERO, samples: effort.samples.min(5), ..effort };
    vec![walk(whole, if smoke { 200 } else { 20_000 }), sort(whole, if smoke { 1000 } else { 100_000 })]
}

fn walk(effort: Effort, files: usize) -> String {
    let tree = Tree::new(files);
    let dir = CString::new(tree.path().as_os_str().as_bytes()).expect("no NUL in it");
    let total_in_c = function!(c"ftw_total" as FtwTotal);
    let with_closure = || {
        let mut total = 0_i64;
        let mut visit = |_: *const c_char, status: *const libc::stat, flag: c_int| {
            if flag == 0 {
                // SAFETY: ftw passes a valid structure.
                total += unsafe { (*status).st_size };
            }
            0
        };
        let callback = VISIT.scoped(&mut visit).expect("a thunk is free");
        // SAFETY: the path is NUL-terminated, the callback outlives the call.
        let result = resume_after(|| unsafe { ftw(dir.as_ptr(), callback.function(), 16) });
        assert_eq!(result, 0);
        drop(callback);
        total
    };
    // SAFETY: the path is NUL-terminated.
    let expected = unsafe { total_in_c(dir.as_ptr()) };
    assert_eq!(with_closure(), expected);
    let rows = measure(
        effort,
        vec![
            (
                "in C",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        // SAFETY: the path is NUL-terminated.
                        black_box(unsafe { total_in_c(dir.as_ptr()) });
                    }
                }),
            ),
            (
                "with a closure",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        black_box(with_closure());
                    }
                }),
            ),
        ],
    );
    table(&format!("`ftw` over {files} files"), &rows, &[("with a closure", Goal::Ratio(1.03))])
}

fn sort(effort: Effort, count: usize) -> String {
    let mut seed = 12345_u32;
    let numbers: Vec<c_int> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 1).cast_signed()
    })
    .take(count)
    .collect();
    let sort_in_c = function!(c"sort_ints" as SortInts);
    let by_value = |a: *const c_void, b: *const c_void| {
        // SAFETY: qsort passes pointers to elements.
        let a = unsafe { *a.cast::<c_int>() };
        // SAFETY: as above.
        let b = unsafe { *b.cast::<c_int>() };
        a.cmp(&b) as c_int
    };
    let captureless = bare::<Compare, _>(by_value);
    let rows = measure(
        effort,
        vec![
            (
                "in C",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let mut v = numbers.clone();
                        // SAFETY: the vector has that many elements.
                        unsafe { sort_in_c(v.as_mut_ptr(), v.len()) };
                        black_box(v);
                    }
                }),
            ),
            (
                "closure that counts",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let mut v = numbers.clone();
                        let mut comparisons = 0_u64;
                        let mut compare = |a: *const c_void, b: *const c_void| {
                            comparisons += 1;
                            by_value(a, b)
                        };
                        let callback = COMPARE.scoped(&mut compare).expect("a thunk is free");
                        // SAFETY: that many elements of four bytes, and a comparison of such.
                        unsafe { libc::qsort(v.as_mut_ptr().cast(), v.len(), 4, Some(callback.function())) };
                        drop(callback);
                        black_box((v, comparisons));
                    }
                }),
            ),
            (
                "closure that captures nothing",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let mut v = numbers.clone();
                        // SAFETY: that many elements of four bytes, and a comparison of such.
                        unsafe { libc::qsort(v.as_mut_ptr().cast(), v.len(), 4, Some(captureless)) };
                        black_box(v);
                    }
                }),
            ),
        ],
    );
    table(&format!("`qsort` of {count} integers"), &rows, &[])
}
