//! Counts that no memory has room for: errors that say so, and neither a panic of a `Vec` nor the end of the process.

use std::sync::LazyLock;

use pinvoke::marshal::Marshal;
use pinvoke::{Error, dll_import};

use crate::compiled;

static LIBRARY: LazyLock<()> = LazyLock::new(|| compiled::compile("memory"));

/// As many bytes as an object may have; there is not so much memory on any machine.
const WILD: usize = isize::MAX as usize;

#[derive(Debug, Default, Marshal)]
struct SizedText {
    #[marshal(buffer(size))]
    room: String,
    size: i64,
}

#[derive(Debug, Default, Marshal)]
struct SizedBytes {
    #[marshal(buffer(size))]
    room: Vec<u8>,
    size: i64,
}

#[dll_import("memory", search = [directory!()], char_set = Unicode, exact_spelling)]
unsafe extern "C" {
    #[returns(borrowed, len = n)]
    safe fn some_units(n: usize) -> Result<String, Error>;
    #[dll_import(entry_point = "some_units")]
    #[returns(borrowed, len = n)]
    safe fn some_bytes(n: usize) -> Result<Vec<u8>, Error>;
    #[dll_import(char_set = Ansi)]
    #[returns(borrowed, len = n)]
    safe fn some_texts(n: usize) -> Result<Vec<Option<String>>, Error>;
    safe fn fill(#[buffer(WILD)] text: &mut String, #[capacity_of(text)] n: usize) -> Result<(), Error>;
    #[dll_import(entry_point = "fill")]
    safe fn fill_elements(
        #[buffer(WILD)] elements: &mut Vec<u16>,
        #[capacity_of(elements)] n: &mut usize,
    ) -> Result<(), Error>;
    #[dll_import(entry_point = "fill_member", char_set = Ansi)]
    safe fn fill_text(sized: &mut SizedText) -> Result<(), Error>;
    #[dll_import(entry_point = "fill_member")]
    safe fn fill_bytes(sized: &mut SizedBytes) -> Result<(), Error>;
}

/// The error about a count that is too much for the memory.
fn is_too_much<T: std::fmt::Debug>(result: Result<T, Error>, value: &str, bytes: usize) {
    let error = result.unwrap_err().to_string();
    let start = format!("cannot convert {value}: ");
    let end = format!("is more than there is memory for: an element takes {bytes} bytes");
    assert!(error.starts_with(&start) && error.ends_with(&end), "{error}");
}

#[test]
fn arrays_that_no_memory_has_room_for() {
    LazyLock::force(&LIBRARY);
    assert_eq!(some_units(3).unwrap(), "abc");
    is_too_much(some_units(WILD / 2), "the result of `some_units`", 4);
    // Half of the address space is a lot, but not too much, where addresses have 32 bits.
    #[cfg(target_pointer_width = "64")]
    is_too_much(some_bytes(WILD), "the result of `some_bytes`", 1);
    assert_eq!(some_texts(2).unwrap(), [Some("a".to_owned()), Some("b".to_owned())]);
    // As addresses they would fit, as values they do not.
    let value = size_of::<Option<String>>();
    is_too_much(some_texts(WILD / size_of::<usize>()), "the result of `some_texts`", value);
    // Larger than anything: said by the rule for native memory.
    let error = some_units(usize::MAX).unwrap_err().to_string();
    assert!(error.ends_with("is larger than the address space"), "{error}");
}

#[test]
fn room_that_no_memory_has() {
    LazyLock::force(&LIBRARY);
    let mut text = "kept".to_owned();
    is_too_much(fill(&mut text), "argument `text` of `fill`", 2);
    assert_eq!(text, "kept");
    let mut elements = vec![1, 2];
    is_too_much(fill_elements(&mut elements), "argument `elements` of `fill_elements`", 2);
    assert_eq!(elements, [1, 2]);
    #[cfg(target_pointer_width = "64")]
    {
        let size = i64::try_from(WILD).unwrap();
        let end = "is more than there is memory for: an element takes 1 bytes";
        let error = fill_text(&mut SizedText { room: "x".to_owned(), size }).unwrap_err().to_string();
        assert!(error.ends_with(end), "{error}");
        let error = fill_bytes(&mut SizedBytes { room: Vec::new(), size }).unwrap_err().to_string();
        assert!(error.ends_with(end), "{error}");
    }
    let error = fill_bytes(&mut SizedBytes { room: Vec::new(), size: i64::MIN }).unwrap_err().to_string();
    assert!(error.ends_with("the count -9223372036854775808 is negative"), "{error}");
    assert!(fill_text(&mut SizedText { room: "x".to_owned(), size: 2 }).is_ok());
}
