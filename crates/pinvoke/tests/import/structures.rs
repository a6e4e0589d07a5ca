//! Structures and unions: by value, by reference, returned, nested, behind pointers, in arrays; what they
//! own; enumerations and flags.
#![allow(non_snake_case, reason = "the documented names of PInvokeLib")]

use std::sync::{LazyLock, Mutex, MutexGuard};

use pinvoke::marshal::{Bool32, Marshal, Out, Owned, Owner, Utf8, VariantBool};
use pinvoke::native::{NativeType, Structure, offset_of};
use pinvoke::{Error, Function, dll_import};

use crate::compiled;

/// The allocator of the library, which counts.
enum Counted {}

// SAFETY: a malloc and its free.
unsafe impl Owner for Counted {
    const NAME: &'static str = "counted_free";
    unsafe fn free(memory: *mut core::ffi::c_void) {
        unsafe { counted_free(memory) };
    }
    fn allocate(bytes: usize) -> *mut core::ffi::c_void {
        counted_malloc(bytes)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Marshal)]
struct Person {
    #[marshal(owned(Counted))]
    first: String,
    #[marshal(owned(Counted))]
    last: String,
}

#[derive(Debug, PartialEq, Marshal)]
struct Person2 {
    person: Box<Person>,
    age: i32,
}

#[derive(Clone, Debug, PartialEq, Marshal)]
struct Borrowed {
    first: String,
    last: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Marshal)]
struct Person3 {
    person: Borrowed,
    age: i32,
}

#[derive(Debug, PartialEq, Marshal)]
struct ArrayStruct {
    flag: bool,
    #[marshal(fixed(3))]
    vals: Vec<i32>,
}

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
union Number {
    i: i32,
    d: f64,
}

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
union NumberOrText {
    i: i32,
    text: [core::ffi::c_char; 128],
}

/// The same union when it holds text, as .NET's documentation declares it.
#[derive(Marshal)]
struct OnlyText {
    #[marshal(fixed(128))]
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Corner {
    x: f64,
    y: f64,
}

#[derive(Clone, Debug, PartialEq, Marshal)]
#[repr(i32)]
enum Level {
    Low = 1,
    High = 3,
}

#[derive(Clone, Copy, Debug, PartialEq, Marshal)]
#[native(flags = 0b111)]
struct Access(u32);

#[derive(Debug, Marshal)]
#[native(char_set = Utf8)]
struct Every {
    tag: char,
    #[marshal(fixed(8, pinvoke::marshal::Utf16))]
    wide: String,
    #[marshal(fixed(6))]
    narrow: String,
    #[marshal(Bool32)]
    bool32: bool,
    #[marshal(VariantBool)]
    variant: bool,
    flag: bool,
    grades: [i32; 3],
    corner: [Corner; 2],
    text: Option<String>,
    #[marshal(pinvoke::marshal::Utf16)]
    wide_text: String,
    negate: Option<unsafe extern "C" fn(i32) -> i32>,
    level: Level,
    access: Access,
}

#[derive(Debug, PartialEq, Marshal)]
#[native(pack = 1)]
struct Packed {
    a: i8,
    b: i32,
    c: i16,
}

#[derive(Debug, PartialEq, Marshal)]
#[native(size = 16)]
struct Sized16 {
    a: i32,
}

#[derive(Debug, PartialEq, Marshal)]
#[native(explicit)]
struct Overlap {
    #[offset(0)]
    whole: u64,
    #[offset(4)]
    high: u32,
}

#[derive(Debug, PartialEq, Marshal)]
#[native(explicit, size = 16)]
struct Spread {
    #[offset(8)]
    y: f64,
    #[offset(0)]
    x: f32,
}

#[pinvoke::callback]
type Visit = unsafe extern "C" fn(n: i32, data: *mut core::ffi::c_void) -> i32;

#[derive(Debug, Marshal)]
struct Borrowing<'a> {
    name: &'a str,
    numbers: &'a [i32],
    n: i32,
    corner: &'a Corner,
    visit: Option<Function<'a, Visit>>,
}

#[derive(Clone, Debug, PartialEq, Marshal)]
#[repr(i32)]
enum Event {
    None,
    Key(i32),
    Motion(Corner),
    Text(#[marshal(owned(Counted))] String) = 5,
    Name(#[marshal(fixed(8))] String),
}

/// Arrays behind members, of texts, of structures and of numbers.
#[derive(Debug, PartialEq, Marshal)]
struct Team {
    #[marshal(array)]
    names: Vec<String>,
    #[marshal(array)]
    people: Vec<Person>,
    #[marshal(array)]
    ages: Option<Vec<i32>>,
    count: u32,
}

#[derive(Debug, PartialEq, Marshal)]
struct Mixed {
    color: Color,
    access: Access,
    flag: bool,
    #[marshal(VariantBool)]
    variant: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Marshal)]
#[repr(i32)]
enum Color {
    Red = 7,
    Green = 8,
}

#[dll_import("structures", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    safe fn alive_texts() -> i32;
    safe fn counted_malloc(size: usize) -> *mut core::ffi::c_void;
    fn counted_free(memory: *mut core::ffi::c_void);

    safe fn TestStructInStruct(p: &mut Person2) -> i32;
    safe fn TestStructInStruct3(p: Person3) -> i32;
    safe fn TestArrayInStruct(s: &mut ArrayStruct) -> i32;
    safe fn TestUnion(u: Number, kind: i32) -> f64;
    safe fn TestUnion2(u: NumberOrText, kind: i32) -> i32;
    #[dll_import(entry_point = "TestUnion2")]
    safe fn text_of_union(u: OnlyText, kind: i32) -> i32;
    safe fn TestArrayOfStructs2(people: &mut [Person], n: i32) -> i32;

    safe fn every_layout(out: &mut [usize; 32]) -> usize;
    safe fn every_describe(e: &Every, out: &mut [u8; 256], n: usize);
    safe fn every_make() -> Every;
    safe fn every_fill(e: Out<'_, Every>);
    safe fn every_set(e: &mut Every, level: i32, access: u32) -> Result<(), pinvoke::Error>;
    safe fn every_by_value(before: i32, e: Every, after: i32) -> i32;
    safe fn each_every(visit: impl FnMut(Option<Box<Every>>) -> i32) -> i32;

    safe fn packed_sum(p: Packed) -> i32;
    safe fn packed_make() -> Packed;
    safe fn sized_make(s: Sized16) -> Sized16;
    safe fn overlap_add(o: Overlap) -> Overlap;
    safe fn spread_swap(s: Spread) -> Spread;
    safe fn layouts(out: &mut [usize; 8]) -> usize;

    safe fn borrowed_person() -> Box<Person3>;
    #[dll_import(entry_point = "borrowed_person")]
    safe fn maybe_person() -> Option<Box<Person3>>;
    #[dll_import(entry_point = "no_person")]
    safe fn no_person() -> Option<Box<Person3>>;
    #[dll_import(entry_point = "no_person")]
    safe fn missing_person() -> Result<Box<Person3>, pinvoke::Error>;
    #[returns(Owned<Utf8, Counted>)]
    safe fn given_person() -> Box<Person>;
    safe fn fill_person(p: Out<'_, Person>);
    safe fn person_by_value() -> Person;
    safe fn bad_person(p: Out<'_, Person>) -> Result<(), pinvoke::Error>;

    safe fn borrowing_sum(b: &Borrowing<'_>) -> i32;
    safe fn borrowing_leave(b: &mut Borrowing<'_>) -> Result<i32, pinvoke::Error>;
    safe fn borrowing_replace(b: &mut Borrowing<'_>) -> Result<i32, pinvoke::Error>;
    safe fn mixed_through(make: impl FnMut(Mixed) -> Mixed) -> i32;
    safe fn person_made(make: impl FnMut(i32) -> Person) -> i32;
    safe fn with_colors(n: i32, next: impl FnMut(Color) -> Color);

    safe fn event_describe(e: &Event) -> i32;
    safe fn event_by_value(e: Event) -> i32;
    safe fn event_next(e: &mut Event) -> Result<(), pinvoke::Error>;
    safe fn event_make(kind: i32) -> Result<Event, pinvoke::Error>;
    safe fn event_layout() -> usize;

    safe fn color_next(color: Color) -> Result<Color, pinvoke::Error>;
    #[dll_import(entry_point = "color_next")]
    safe fn color_or_panic(color: Color) -> Color;
    safe fn access_add(access: Access, more: u32) -> Result<Access, pinvoke::Error>;
    safe fn color_out(color: &mut Color, value: i32) -> Result<(), pinvoke::Error>;

    static mut global_numbers: [i32; 3];
    static mut global_person: Person;
    static mut global_mixed: Mixed;
    #[marshal(Owned<Utf8, Counted>)]
    static mut global_text: Option<String>;
    #[marshal(pinvoke::marshal::Fixed<8, Utf8>)]
    static mut global_name: String;
    safe fn globals_describe(out: &mut [u8; 128], n: usize);
    safe fn globals_free();

    safe fn team_describe(team: &Team) -> i32;
    safe fn team_promote(team: &mut Team) -> Result<i32, pinvoke::Error>;
    safe fn team_made() -> Result<Team, pinvoke::Error>;
}

/// One test at a time, for the library counts what is alive.
fn library() -> MutexGuard<'static, ()> {
    static COMPILED: LazyLock<Mutex<()>> = LazyLock::new(|| {
        compiled::compile("structures");
        Mutex::new(())
    });
    COMPILED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn lee() -> Person {
    Person { first: "Mark".into(), last: "Lee".into() }
}

fn every() -> Every {
    Every {
        tag: 't',
        wide: "Äx".into(),
        narrow: "five5".into(),
        bool32: true,
        variant: true,
        flag: false,
        grades: [4, 5, 6],
        corner: [Corner { x: 0.5, y: 1.0 }, Corner { x: 2.0, y: 2.5 }],
        text: Some("größe".into()),
        wide_text: "☺".into(),
        negate: None,
        level: Level::High,
        access: Access(2),
    }
}

#[test]
fn replaced_texts_are_read_and_freed() {
    let _library = library();
    let mut outer = Person2 { person: Box::new(lee()), age: 30 };
    assert_eq!(TestStructInStruct(&mut outer), 30);
    assert_eq!(outer.person.last, "McLee");
    assert_eq!(alive_texts(), 0);
    let mut people = [lee(), Person { first: "a".into(), last: "Bé".into() }];
    // In UTF-8, and in the code page of Western Europe.
    assert_eq!(TestArrayOfStructs2(&mut people, 2), if cfg!(windows) { 10 } else { 11 });
    assert_eq!((people[0].last.as_str(), people[1].last.as_str()), ("McLee", "McBé"));
    assert_eq!(alive_texts(), 0);
}

#[test]
fn nested_by_value() {
    let _library = library();
    let person = Person3 { person: Borrowed { first: "abc".into(), last: Some("de".into()) }, age: 7 };
    assert_eq!(TestStructInStruct3(person), 20307);
}

#[test]
fn arrays_in_structures() {
    let _library = library();
    let mut s = ArrayStruct { flag: false, vals: vec![1, 2, 3] };
    assert_eq!(TestArrayInStruct(&mut s), 6);
    assert_eq!(s, ArrayStruct { flag: true, vals: vec![101, 102, 103] });
    // No elements are zeros; any other number but the right one is refused.
    let mut s = ArrayStruct { flag: false, vals: Vec::new() };
    assert_eq!(TestArrayInStruct(&mut s), 0);
    let wrong =
        std::panic::catch_unwind(|| TestArrayInStruct(&mut ArrayStruct { flag: false, vals: vec![1] }));
    let message = *wrong.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(
        message,
        "cannot convert argument `s` of `TestArrayInStruct`: member `vals`: the count 1 is not that of the fixed array, 3"
    );
}

#[test]
fn unions_by_value() {
    let _library = library();
    // An int and a double share an integer register: the classes are merged.
    assert_eq!(TestUnion(Number { i: 5 }, 1), 5.0);
    assert_eq!(TestUnion(Number { d: 2.5 }, 2), 2.5);
    assert_eq!(TestUnion2(NumberOrText { i: 9 }, 1), 9);
    let mut text = [0; 128];
    text[..3].copy_from_slice(&[97, 98, 99]);
    assert_eq!(TestUnion2(NumberOrText { text }, 2), 3);
    assert_eq!(text_of_union(OnlyText { text: "***********".into() }, 2), 11);
}

#[test]
fn every_member_in() {
    let _library = library();
    let mut expected = [0; 32];
    let count = every_layout(&mut expected);
    let offsets: Vec<usize> = Every::MEMBERS.iter().map(|m| m.offset).chain([Every::SIZE]).collect();
    assert_eq!(offsets, expected[..count]);
    const { assert!(offset_of::<Every>("narrow") == 18) };
    let mut out = [0; 256];
    every_describe(&every(), &mut out, 256);
    let end = out.iter().position(|b| *b == 0).unwrap();
    assert_eq!(
        std::str::from_utf8(&out[..end]).unwrap(),
        "t c4 78 five5 1 -1 0 4,5,6 0.5 2.5 größe 263a 0 3 2"
    );
    assert_eq!(every_by_value(1000, every(), 100), 1107);
}

fn check_made(made: &Every) {
    assert_eq!((made.tag, made.wide.as_str(), made.narrow.as_str()), ('z', "äb", "full6!"));
    assert_eq!((made.bool32, made.variant, made.flag, made.grades), (true, true, true, [1, 2, 3]));
    assert_eq!(made.corner[1], Corner { x: 3.0, y: 4.0 });
    assert_eq!((made.text.as_deref(), made.wide_text.as_str()), (Some("made"), "x☺"));
    assert_eq!(unsafe { made.negate.unwrap()(5) }, -5);
    assert_eq!((made.level.clone(), made.access), (Level::High, Access(5)));
}

#[test]
fn every_member_out() {
    let _library = library();
    check_made(&every_make());
    let mut filled = every();
    every_fill(Out(&mut filled));
    check_made(&filled);
    let mut seen = Vec::new();
    let sum = each_every(|e| {
        seen.push(e.is_some());
        e.map_or(3, |e| {
            check_made(&e);
            4
        })
    });
    assert_eq!((sum, seen), (43, vec![true, false]));
}

#[test]
fn numbers_that_are_not_declared() {
    let _library = library();
    let mut e = every();
    every_set(&mut e, 1, 7).unwrap();
    assert_eq!((e.level.clone(), e.access), (Level::Low, Access(7)));
    let error = every_set(&mut e, 2, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot convert argument `e` of `every_set`: member `level`: the value 2 is none of Level"
    );
    let error = every_set(&mut e, 1, 9).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot convert argument `e` of `every_set`: member `access`: the value 0x9 (unknown bits 0x8) is none of Access"
    );
    assert_eq!(color_next(Color::Red).unwrap(), Color::Green);
    assert_eq!(
        color_next(Color::Green).unwrap_err().to_string(),
        "cannot convert the result of `color_next`: the value 9 is none of Color"
    );
    assert!(std::panic::catch_unwind(|| color_or_panic(Color::Green)).is_err());
    assert_eq!(access_add(Access(1), 4).unwrap(), Access(5));
    assert!(access_add(Access(1), 16).is_err());
    let mut color = Color::Red;
    color_out(&mut color, 8).unwrap();
    assert_eq!(color, Color::Green);
    assert!(color_out(&mut color, 0).is_err());
    assert_eq!(color, Color::Green);
}

#[test]
fn layouts_of_every_kind() {
    let _library = library();
    let mut expected = [0; 8];
    let count = layouts(&mut expected);
    let found = [Packed::SIZE, offset_of::<Packed>("c"), Sized16::SIZE, Overlap::SIZE, Spread::SIZE];
    assert_eq!(found, expected[..count]);
    assert_eq!(packed_sum(Packed { a: -1, b: 70_000, c: 3 }), 70_002);
    assert_eq!(packed_make(), Packed { a: 1, b: 1_000_000, c: -3 });
    assert_eq!(sized_make(Sized16 { a: 4 }), Sized16 { a: 5 });
    // The last member wins where two overlap.
    let overlap = overlap_add(Overlap { whole: 5, high: 2 });
    assert_eq!(overlap, Overlap { whole: 0x3_0000_0006, high: 3 });
    // Two vector registers, as in C, though the members are declared apart.
    assert_eq!(spread_swap(Spread { y: 2.5, x: 0.5 }), Spread { y: 0.5, x: 2.5 });
}

#[test]
fn variables_of_every_form_are_read_and_written() {
    let _library = library();
    unsafe {
        assert_eq!(global_numbers.read().unwrap(), [1, 2, 3]);
        assert_eq!(global_person.read().unwrap(), Person { first: "Ada".into(), last: "L".into() });
        assert_eq!((global_text.read().unwrap(), global_name.read().unwrap()), (None, "name".into()));
        assert_eq!(global_mixed.read().unwrap().color, Color::Red);
        global_numbers.write([4, 5, 6]).unwrap();
        global_person.write(lee()).unwrap();
        global_text.write(Some("größe".into())).unwrap();
        global_name.write("eight77".into()).unwrap();
        let refused = global_name.write("too long a name".into()).unwrap_err().to_string();
        assert!(refused.starts_with("cannot convert argument `value` of `global_name`"), "{refused}");
        let mixed = Mixed { color: Color::Green, access: Access(3), flag: true, variant: true };
        global_mixed.write(mixed).unwrap();
        // Nothing of a value that cannot be converted stays behind.
        assert!(global_person.write(Person { first: "fine".into(), last: "nul\0".into() }).is_err());
    }
    let mut out = [0; 128];
    globals_describe(&mut out, 128);
    let end = out.iter().position(|b| *b == 0).unwrap();
    assert_eq!(std::str::from_utf8(&out[..end]).unwrap(), "4,5,6 Mark Lee größe eight77 8 3 1 -1");
    // Two names and a text.
    assert_eq!(alive_texts(), 3);
    globals_free();
    assert_eq!(alive_texts(), 0);
}

#[test]
fn members_point_to_arrays() {
    let _library = library();
    let ann = Person { first: "Ann".into(), last: "Bo".into() };
    let mut team = Team {
        names: vec!["a".into(), "gross".into()],
        people: vec![lee(), ann],
        ages: Some(vec![7, 30]),
        count: 2,
    };
    assert_eq!(team_describe(&team), (1 + 5) * 10_000 + (4 + 3 + 3 + 2) * 100 + 37);
    assert_eq!(team_promote(&mut team).unwrap(), 2);
    assert_eq!(team.people[1].last, "McBo");
    assert_eq!(team.ages, Some(vec![8, 31]));
    team.ages = None;
    assert_eq!(team_promote(&mut team).unwrap(), 2);
    assert_eq!((team.people[0].last.as_str(), team.ages.as_ref()), ("McMcLee", None));
    assert_eq!(alive_texts(), 0);
    let error = team_made().unwrap_err().to_string();
    assert!(error.contains("member `names`: nothing says how many elements"), "{error}");
    let wrong =
        Team { names: vec!["fine".into(), "nul\0".into()], people: vec![lee()], ages: None, count: 2 };
    assert!(std::panic::catch_unwind(|| team_describe(&wrong)).is_err());
    assert_eq!(alive_texts(), 0);
}

#[test]
fn structures_behind_returned_pointers() {
    let _library = library();
    let ann = Person3 { person: Borrowed { first: "Ann".into(), last: Some("Bo".into()) }, age: 44 };
    assert_eq!(*borrowed_person(), ann);
    assert_eq!(maybe_person().as_deref(), Some(&ann));
    assert_eq!(no_person(), None);
    assert_eq!(
        missing_person().unwrap_err().to_string(),
        "cannot convert the result of `missing_person`: it is null; declare it as an `Option` if it may be"
    );
    assert_eq!(*given_person(), Person { first: "given".into(), last: "away".into() });
    assert_eq!(alive_texts(), 0);
    let mut person = lee();
    fill_person(Out(&mut person));
    assert_eq!(person, Person { first: "out".into(), last: "put".into() });
    assert_eq!(person_by_value(), Person { first: "by".into(), last: "value".into() });
    assert_eq!(alive_texts(), 0);
}

#[test]
fn nothing_is_lost_when_a_member_cannot_be_converted() {
    let _library = library();
    // The second member fails after the first was allocated.
    let bad = || Person { first: "fine".into(), last: "nul\0".into() };
    let lost = std::panic::catch_unwind(|| TestArrayOfStructs2(&mut [lee(), bad()], 2));
    let message = *lost.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("member `last`: the text has a NUL character at byte 3"), "{message}");
    assert_eq!(alive_texts(), 0);
    // The code page of Western Europe has a character for every byte.
    if cfg!(not(windows)) {
        let mut person = lee();
        let error = bad_person(Out(&mut person)).unwrap_err();
        assert!(error.to_string().contains("member `first`: the text is not "), "{error}");
        assert_eq!(person.last, "fine");
    }
    assert_eq!(alive_texts(), 0);
}

#[test]
fn text_that_does_not_fit_is_refused_or_cut_between_characters() {
    #[derive(Marshal)]
    struct Cut {
        #[marshal(truncated(6))]
        text: String,
    }
    #[cfg_attr(windows, dll_import("msvcrt"))]
    #[cfg_attr(not(windows), dll_import("libc"))]
    unsafe extern "C" {
        safe fn strlen(text: &Cut) -> usize;
    }
    let length = |text: &str| strlen(&Cut { text: text.into() });
    // Five bytes fit; the sixth is the NUL.
    assert_eq!((length("abcde"), length("abcdef")), (5, 5));
    // In UTF-8, and in the code page of Western Europe.
    assert_eq!((length("abcdé"), length("ééé")), if cfg!(windows) { (5, 3) } else { (4, 4) });
    let _library = library();
    let mut long = every();
    long.narrow = "sixsix".into();
    let refused = std::panic::catch_unwind(move || every_by_value(0, long, 0));
    let message = *refused.unwrap_err().downcast::<String>().unwrap();
    assert!(
        message.ends_with("member `narrow`: the text has 6 units, and there is room for 5 before the NUL")
    );
}

#[test]
fn members_that_borrow_and_members_that_are_called() {
    let _library = library();
    let corner = Corner { x: 0.0, y: 40.0 };
    let numbers = [1, 2, 3];
    let name = "ab";
    let mut b = Borrowing { name, numbers: &numbers, n: 3, corner: &corner, visit: None };
    assert_eq!(borrowing_sum(&b), 2046);
    borrowing_leave(&mut b).unwrap();
    assert_eq!((b.n, b.numbers), (7, &numbers[..]));
    // Still what it was, and not the copy that native code had.
    assert!(core::ptr::eq(b.name, name));
    // Native code cannot put an address where a borrow is.
    let error = borrowing_replace(&mut b).unwrap_err().to_string();
    assert!(
        error.contains("member `numbers`: a borrowed value cannot be made of a native address"),
        "{error}"
    );
    assert_eq!(b.numbers, &numbers);
    let mut calls = 0;
    let mut visit = |n: i32, _: *mut core::ffi::c_void| {
        calls += 1;
        n + 1
    };
    let callback = Visit::scoped(&mut visit).unwrap();
    b.n = 2;
    b.visit = Some(callback.function());
    assert_eq!(borrowing_sum(&b), 2044);
    drop(callback);
    assert_eq!(calls, 1);
}

#[test]
fn structures_through_callbacks() {
    let _library = library();
    let mut seen = None;
    let sum = mixed_through(|m| {
        seen = Some(m);
        Mixed { color: Color::Green, access: Access(4), flag: false, variant: true }
    });
    assert_eq!(sum, 8401);
    assert_eq!(seen, Some(Mixed { color: Color::Red, access: Access(3), flag: true, variant: true }));
    // What a callback returns belongs to native code, which frees it.
    assert_eq!(person_made(|n| Person { first: "x".repeat(n as usize), last: "abc".into() }), 23);
    assert_eq!(alive_texts(), 0);
    // An undeclared value as a callback's argument is a panic of the call, and no undefined behaviour.
    let mut colors = Vec::new();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        with_colors(9, |color| {
            colors.push(color);
            color
        });
    }));
    let message = *panic.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("the value 9 is none of Color"), "{message}");
    assert!(colors.is_empty());
}

#[test]
fn tagged_unions_are_enumerations_with_data() {
    let _library = library();
    assert_eq!(EventNative::SIZE * 100 + offset_of::<Event>("payload"), event_layout());
    let motion = Event::Motion(Corner { x: 3.0, y: 4.0 });
    let all = [
        (Event::None, 0),
        (Event::Key(12), 12),
        (motion, 34),
        (Event::Text("four".into()), 4),
        (Event::Name("A".into()), 65),
    ];
    for (event, expected) in all {
        assert_eq!(event_describe(&event), expected, "{event:?}");
        assert_eq!(event_by_value(event), expected + 1000);
        assert_eq!(alive_texts(), 0);
    }
    let mut event = Event::None;
    let mut seen = Vec::new();
    for _ in 0..4 {
        event_next(&mut event).unwrap();
        seen.push(event.clone());
        assert_eq!(alive_texts(), 0);
    }
    let expected = [
        Event::Key(77),
        Event::Motion(Corner { x: 1.5, y: 2.5 }),
        Event::Text("words".into()),
        Event::Text("words!".into()),
    ];
    assert_eq!(seen, expected);
    assert_eq!(event_make(6).unwrap(), Event::Name("named".into()));
    assert_eq!(
        event_make(3).unwrap_err().to_string(),
        "cannot convert the result of `event_make`: the value 3 is none of Event"
    );
    let mut name = Event::Name("x".into());
    assert!(event_next(&mut name).unwrap_err().to_string().contains("the value 99 is none of Event"));
    assert_eq!(name, Event::Name("x".into()));
}

#[derive(Debug, Default, Marshal)]
#[native(char_set = Utf16)]
struct Dialog {
    size: u32,
    #[marshal(buffer(max))]
    file: String,
    max: u32,
    #[marshal(buffer(n, len = n))]
    data: Vec<u8>,
    n: u64,
}

#[dll_import("structures", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    safe fn dialog_run(dialog: &mut Dialog, back: u32) -> Result<i32, Error>;
    safe fn dialog_unterminated(dialog: &mut Dialog) -> Result<(), Error>;
}

#[test]
fn members_are_room_that_native_code_fills() {
    let _library = library();
    let mut dialog =
        Dialog { file: "start".to_owned(), max: 8, data: vec![10, 20], n: 4, ..Dialog::default() };
    assert_eq!(dialog_run(&mut dialog, 3).unwrap(), i32::from(b's'));
    assert_eq!((dialog.file.as_str(), &*dialog.data, dialog.n), ("ok", &[11, 22, 3][..], 3));
    // No room is null.
    let mut none = Dialog::default();
    assert_eq!(dialog_run(&mut none, 0).unwrap(), -2);
    assert_eq!((none.file.as_str(), none.data.len()), ("", 0));

    let error = dialog_run(&mut dialog, 4).unwrap_err().to_string();
    assert!(error.ends_with("the count 4 is larger than the buffer of 3 elements"), "{error}");
    assert!(error.contains("`data`") || error.contains("data"), "{error}");
    let mut long = Dialog { file: "too long".to_owned(), max: 7, ..Dialog::default() };
    let error = dialog_run(&mut long, 0).unwrap_err().to_string();
    assert!(error.ends_with("the count 8 is larger than the buffer of 7 elements"), "{error}");
    let mut full = Dialog { max: 7, ..Dialog::default() };
    let error = dialog_unterminated(&mut full).unwrap_err().to_string();
    assert!(error.contains("7"), "{error}");
}

/// `UNICODE_STRING`: both lengths are in bytes.
#[derive(Debug, Default, Marshal)]
#[native(char_set = Utf16)]
struct UnicodeString {
    length: u16,
    capacity: u16,
    #[marshal(buffer(capacity, bytes, len = length))]
    text: String,
}

#[derive(Debug, Default, Marshal)]
struct SizedText {
    #[marshal(buffer(size, bytes))]
    text: String,
    size: i64,
}

#[derive(Debug, Default, Marshal)]
struct SizedItems {
    #[marshal(buffer(capacity, len = used, bytes))]
    items: Vec<u32>,
    capacity: u32,
    used: u32,
}

#[dll_import("structures", search = [directory!()], char_set = Unicode, exact_spelling)]
unsafe extern "C" {
    safe fn unicode_append(
        s: &mut UnicodeString,
        more: &str,
        #[len_of(more, bytes)] n: u16,
    ) -> Result<i32, Error>;
    safe fn sized_upper(t: &mut SizedText) -> Result<i64, Error>;
    safe fn items_double(s: &mut SizedItems, used: u32) -> Result<u32, Error>;
}

#[test]
fn sizes_of_members_may_be_bytes() {
    let _library = library();
    let ends = |error: Error, end: &str| {
        let error = error.to_string();
        assert!(error.ends_with(end), "{error}");
    };
    // Eight units of room, three of which are used; an emoji takes two.
    let mut s = UnicodeString { length: 6, capacity: 16, text: "née".to_owned() };
    assert_eq!(unicode_append(&mut s, "🐈!").unwrap(), 6);
    assert_eq!((s.text.as_str(), s.length), ("née🐈!", 12));
    // No NUL is needed, and none is written: the room may be full.
    assert_eq!(unicode_append(&mut s, "ab").unwrap(), 8);
    assert_eq!((s.text.as_str(), s.length), ("née🐈!ab", 16));
    assert_eq!(unicode_append(&mut s, "c").unwrap(), -1);
    let mut odd = UnicodeString { length: 0, capacity: 7, text: String::new() };
    ends(
        unicode_append(&mut odd, "").unwrap_err(),
        "the count 7 bytes is no whole number of elements of 2 bytes",
    );
    let mut small = UnicodeString { length: 6, capacity: 4, text: "née".to_owned() };
    ends(unicode_append(&mut small, "").unwrap_err(), "the count 3 is larger than the buffer of 2 elements");

    // Of 8 bits, a byte is a unit.
    let mut t = SizedText { text: "häuser".to_owned(), size: 8 };
    assert_eq!(sized_upper(&mut t).unwrap(), 8);
    assert_eq!(t.text, "HäUSER");
    let mut t = SizedText { text: "häuser".to_owned(), size: -8 };
    ends(sized_upper(&mut t).unwrap_err(), "the count -8 is negative");

    let mut v = SizedItems { items: vec![1, 2], capacity: 12, used: 8 };
    assert_eq!(items_double(&mut v, 12).unwrap(), 12);
    assert_eq!(v.items, [3, 5, 1]);
    assert_eq!(items_double(&mut v, 4).unwrap(), 12);
    assert_eq!(v.items, [7]);
    ends(items_double(&mut v, 6).unwrap_err(), "the count 6 bytes is no whole number of elements of 4 bytes");
    ends(items_double(&mut v, 16).unwrap_err(), "the count 4 is larger than the buffer of 3 elements");
    // A failed call leaves what was there.
    assert_eq!(v.items, [7]);
}
