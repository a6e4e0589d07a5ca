//! `qsort` and SQLite with closures, against hand-written callbacks.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::hint::black_box;
use std::ptr::null_mut;
use std::time::Duration;

use pinvoke::dll_import;
use pinvoke_bench::{Effort, Goal, Work, measure, table};

#[dll_import("libc")]
unsafe extern "C" {
    fn qsort(items: &mut [c_int], n: usize, size: usize, compare: impl FnMut(&c_int, &c_int) -> c_int);
    #[dll_import(entry_point = "qsort")]
    fn qsort_plain(
        items: &mut [c_int],
        n: usize,
        size: usize,
        compare: impl Fn(&c_int, &c_int) -> c_int + Send + Sync,
    );
}

#[dll_import("sqlite3")]
unsafe extern "C" {
    fn sqlite3_open(path: &str, connection: &mut *mut c_void) -> c_int;
    fn sqlite3_close(connection: *mut c_void) -> c_int;
    /// Text converted: every value and every name is checked to be Unicode.
    fn sqlite3_exec(
        connection: *mut c_void,
        sql: &str,
        row: impl FnMut(UserData, c_int, Counted<&[Option<&str>], 0>, Counted<&[&str], 0>) -> c_int,
        user: UserData,
        message: Option<&mut *mut c_char>,
    ) -> c_int;
    /// Values as they come; the closure looks at what it wants.
    #[dll_import(entry_point = "sqlite3_exec")]
    fn sqlite3_exec_raw(
        connection: *mut c_void,
        sql: &str,
        row: impl FnMut(UserData, c_int, Counted<&[*const c_char], 0>, *const *const c_char) -> c_int,
        user: UserData,
        message: Option<&mut *mut c_char>,
    ) -> c_int;
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let smoke = effort.rounds < 5;
    // One run takes milliseconds: it is a sample. More samples than thunks that rest, so that the
    // closure sits in many slots.
    let whole = Effort { sample: Duration::ZERO, ..effort };
    let few = Effort { samples: effort.samples.min(3), rounds: effort.rounds.min(5), ..whole };
    vec![
        sort(whole, if smoke { 1000 } else { 100_000 }),
        sort(few, if smoke { 1000 } else { 1_000_000 }),
        rows(whole, if smoke { 1000 } else { 100_000 }),
    ]
}

unsafe extern "C" fn by_hand(a: *const c_void, b: *const c_void) -> c_int {
    // SAFETY: qsort passes pointers to elements.
    let a = unsafe { *a.cast::<c_int>() };
    // SAFETY: as above.
    let b = unsafe { *b.cast::<c_int>() };
    a.cmp(&b) as c_int
}

thread_local! {
    static COMPARISONS: Cell<u64> = const { Cell::new(0) };
}

/// What counting takes without a closure: a variable of the thread.
unsafe extern "C" fn by_hand_counting(a: *const c_void, b: *const c_void) -> c_int {
    COMPARISONS.set(COMPARISONS.get() + 1);
    // SAFETY: the same contract.
    unsafe { by_hand(a, b) }
}

type Compare = unsafe extern "C" fn(*const c_void, *const c_void) -> c_int;

fn sort(effort: Effort, count: usize) -> String {
    let mut seed = 12345_u32;
    let numbers: Vec<c_int> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 1).cast_signed()
    })
    .take(count)
    .collect();
    let numbers = &numbers;
    let with = |compare: Compare| -> Work<'_> {
        Box::new(move |n: u64| {
            for _ in 0..n {
                let mut v = numbers.clone();
                // SAFETY: that many elements of four bytes, and a comparison of such.
                unsafe { libc::qsort(v.as_mut_ptr().cast(), v.len(), 4, Some(compare)) };
                black_box(v);
            }
        })
    };
    let rows = measure(
        effort,
        vec![
            ("hand-written function", with(by_hand)),
            (
                "closure that captures nothing",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let mut v = numbers.clone();
                        // SAFETY: that many elements of four bytes, and a comparison of such.
                        unsafe { qsort_plain(&mut v, count, 4, |a, b| a.cmp(b) as c_int) };
                        black_box(v);
                    }
                }),
            ),
            ("hand-written function that counts", with(by_hand_counting)),
            (
                "closure that counts",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let mut v = numbers.clone();
                        let mut comparisons = 0_u64;
                        let compare = |a: &c_int, b: &c_int| {
                            comparisons += 1;
                            a.cmp(b) as c_int
                        };
                        // SAFETY: that many elements of four bytes, and a comparison of such.
                        unsafe { qsort(&mut v, count, 4, compare) };
                        black_box((v, comparisons));
                    }
                }),
            ),
        ],
    );
    COMPARISONS.set(0);
    with(by_hand_counting)(1);
    let comparisons = COMPARISONS.get();
    let rows: Vec<_> = rows.into_iter().map(|row| row.per(comparisons)).collect();
    table(
        &format!("`qsort` of {count} integers, per comparison"),
        &rows,
        &[("closure that captures nothing", Goal::Ratio(1.02)), ("closure that counts", Goal::Ratio(1.10))],
    )
}

type Row = unsafe extern "C" fn(*mut c_void, c_int, *mut *mut c_char, *mut *mut c_char) -> c_int;
type Exec =
    unsafe extern "C" fn(*mut c_void, *const c_char, Option<Row>, *mut c_void, *mut *mut c_char) -> c_int;

/// Adds up the lengths of the first column.
unsafe extern "C" fn add_length(
    sum: *mut c_void,
    _: c_int,
    values: *mut *mut c_char,
    _: *mut *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes as many values as there are columns.
    let value = unsafe { *values };
    // SAFETY: the column is not null.
    let text = unsafe { CStr::from_ptr(value) };
    // SAFETY: the address of the sum.
    unsafe { *sum.cast::<usize>() += text.count_bytes() };
    0
}

const SELECT: &CStr = c"SELECT text, number FROM items";

fn rows(effort: Effort, count: usize) -> String {
    let mut connection = null_mut();
    // SAFETY: as SQLite's manual says.
    assert_eq!(unsafe { sqlite3_open(":memory:", &mut connection) }, 0);
    let fill = format!(
        "CREATE TABLE items (text TEXT, number INTEGER);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO items SELECT 'item number ' || i, i FROM n"
    );
    // SAFETY: an open connection.
    assert_eq!(unsafe { sqlite3_exec_raw(connection, &fill, |_, _, _| 0, None) }, 0);
    // SAFETY: SQLite is loaded and stays so.
    let library = unsafe { libloading::Library::new("libsqlite3.so.0") }.expect("it loads");
    // SAFETY: the type is that of the header.
    let exec: Exec = *unsafe { library.get(b"sqlite3_exec\0") }.expect("it is there");
    let select = SELECT.to_str().expect("ASCII");
    let measured = measure(
        effort,
        vec![
            (
                "hand-written function",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let mut sum = 0_usize;
                        let user = (&raw mut sum).cast();
                        // SAFETY: an open connection, and user data that the function expects.
                        unsafe { exec(connection, SELECT.as_ptr(), Some(add_length), user, null_mut()) };
                        black_box(sum);
                    }
                }) as Work<'_>,
            ),
            (
                "closure per row",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let mut sum = 0;
                        let row = |_, values: &[*const c_char], _| {
                            // SAFETY: the column is not null.
                            sum += unsafe { CStr::from_ptr(values[0]) }.count_bytes();
                            0
                        };
                        // SAFETY: an open connection.
                        unsafe { sqlite3_exec_raw(connection, select, row, None) };
                        black_box(sum);
                    }
                }),
            ),
            (
                "closure per row, all texts converted",
                Box::new(|n: u64| {
                    for _ in 0..n {
                        let mut sum = 0;
                        let row = |_, values: &[Option<&str>], _: &[&str]| {
                            sum += values[0].map_or(0, str::len);
                            0
                        };
                        // SAFETY: an open connection.
                        unsafe { sqlite3_exec(connection, select, row, None) };
                        black_box(sum);
                    }
                }),
            ),
        ],
    );
    // SAFETY: nothing uses it any more.
    unsafe { sqlite3_close(connection) };
    table(&format!("SQLite, {count} rows"), &measured, &[("closure per row", Goal::Ratio(1.03))])
}
