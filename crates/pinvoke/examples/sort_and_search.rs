//! `qsort` and `bsearch` with closures: the comparison sees Rust references.

use pinvoke::dll_import;

#[cfg_attr(not(target_vendor = "apple"), dll_import("libc"))]
#[cfg_attr(target_vendor = "apple", dll_import("libSystem.dylib"))]
unsafe extern "C" {
    fn qsort(
        items: &mut [u32],
        #[len_of(items)] count: usize,
        size: usize,
        compare: impl FnMut(&u32, &u32) -> i32,
    );
    fn bsearch(
        key: &u32,
        items: &[u32],
        #[len_of(items)] count: usize,
        size: usize,
        compare: impl Fn(&u32, &u32) -> i32 + Send + Sync,
    ) -> *const u32;
}

fn main() {
    let mut items: Vec<u32> = (0..1000_u32).map(|n| n.wrapping_mul(2_654_435_761) % 1000).collect();
    let mut comparisons = 0;
    // SAFETY: so many elements of this size.
    unsafe {
        qsort(&mut items, 4, |a, b| {
            comparisons += 1;
            a.cmp(b) as i32
        });
    }
    println!("1000 numbers sorted with {comparisons} comparisons: {:?} ... {:?}", &items[..4], &items[996..]);
    assert!(items.is_sorted());
    assert!(comparisons > 1000);

    // The closure captures nothing, and `Send + Sync` lets it be a plain function.
    // SAFETY: so many elements of this size, in the order of the comparison.
    let found = unsafe { bsearch(&items[500], &items, 4, |a, b| a.cmp(b) as i32) };
    println!("found at {found:?}");
    assert_eq!(found, &raw const items[500]);
}
