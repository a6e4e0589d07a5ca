//! Names and lifetimes: rules 18 to 25 and 35.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use callback_object::{
    Attributes, CallbackObject, Directory, Disposition, MAX_UNITS, Name, RESERVED, Status,
};

use super::support::pointer;

fn plain() -> Attributes {
    Attributes::new()
}

fn any_case() -> Attributes {
    Attributes::new().case_insensitive()
}

fn create(directory: &Directory, name: &str) -> CallbackObject {
    directory.create(name, plain()).unwrap()
}

/// What creating and opening a name in a fresh directory fail with; success is `SUCCESS`.
fn answers<'a>(name: impl Into<Name<'a>>, attributes: &Attributes) -> (Status, Status) {
    let name = name.into();
    let status = |result: Result<CallbackObject, callback_object::Error>| match result {
        Ok(_) => Status::SUCCESS,
        Err(error) => error.status(),
    };
    let directory = Directory::new();
    let _existing = create(&directory, r"\Callback\existing");
    let opened = status(directory.open(name.clone(), attributes.clone()));
    (status(directory.create(name, attributes.clone())), opened)
}

/// The answers of Windows to such names, as its own and others' tests of the object manager record them.
#[test]
fn rule_19_malformed_and_missing_names_get_the_answers_of_windows() {
    use Status as S;
    let table = [
        (r"\Callback\new", S::SUCCESS, S::OBJECT_NAME_NOT_FOUND),
        (r"\new", S::SUCCESS, S::OBJECT_NAME_NOT_FOUND),
        (r"\Callback\existing", S::OBJECT_NAME_COLLISION, S::SUCCESS),
        (r"\Callback\Existing", S::SUCCESS, S::OBJECT_NAME_NOT_FOUND),
        ("", S::UNSUCCESSFUL, S::OBJECT_PATH_SYNTAX_BAD),
        (r"Callback\new", S::OBJECT_PATH_SYNTAX_BAD, S::OBJECT_PATH_SYNTAX_BAD),
        ("new", S::OBJECT_PATH_SYNTAX_BAD, S::OBJECT_PATH_SYNTAX_BAD),
        ("/Callback/new", S::OBJECT_PATH_SYNTAX_BAD, S::OBJECT_PATH_SYNTAX_BAD),
        (r"\Callback\", S::OBJECT_NAME_INVALID, S::OBJECT_NAME_INVALID),
        (r"\\Callback", S::OBJECT_NAME_INVALID, S::OBJECT_NAME_INVALID),
        (r"\Callback\\new", S::OBJECT_NAME_INVALID, S::OBJECT_NAME_INVALID),
        (r"\Callback\missing\", S::OBJECT_PATH_NOT_FOUND, S::OBJECT_PATH_NOT_FOUND),
        (r"\Callback\missing\new", S::OBJECT_PATH_NOT_FOUND, S::OBJECT_PATH_NOT_FOUND),
        (r"\CALLBACK\new", S::OBJECT_PATH_NOT_FOUND, S::OBJECT_PATH_NOT_FOUND),
        (r"\missing\new", S::OBJECT_PATH_NOT_FOUND, S::OBJECT_PATH_NOT_FOUND),
        (r"\Callback", S::OBJECT_TYPE_MISMATCH, S::OBJECT_TYPE_MISMATCH),
        (r"\", S::OBJECT_TYPE_MISMATCH, S::OBJECT_TYPE_MISMATCH),
        (r"\Callback\existing\new", S::OBJECT_TYPE_MISMATCH, S::OBJECT_TYPE_MISMATCH),
        (r"\Callback\a name with spaces.and/slashes", S::SUCCESS, S::OBJECT_NAME_NOT_FOUND),
    ];
    for (name, created, opened) in table {
        assert_eq!(answers(name, &plain()), (created, opened), "{name}");
    }
}

#[test]
fn rule_19_lengths_are_those_of_a_counted_string() {
    let prefix: Vec<u16> = r"\Callback\".encode_utf16().collect();
    let name = |units: usize| -> Vec<u16> {
        prefix.iter().copied().chain(std::iter::repeat_n(u16::from(b'x'), units - prefix.len())).collect()
    };
    let (longest, too_long) = (name(MAX_UNITS), name(MAX_UNITS + 1));
    assert_eq!(2 * MAX_UNITS, 65_532);
    assert_eq!(answers(&longest[..], &plain()), (Status::SUCCESS, Status::OBJECT_NAME_NOT_FOUND));
    assert_eq!(answers(&too_long[..], &plain()), (Status::OBJECT_NAME_INVALID, Status::OBJECT_NAME_INVALID));
    let bytes = |units: &[u16]| -> Vec<u8> { units.iter().flat_map(|unit| unit.to_ne_bytes()).collect() };
    assert_eq!(Name::from_bytes(&bytes(&longest)).unwrap().units(), longest);
    assert_eq!(Name::from_bytes(&bytes(&too_long)), Err(Status::OBJECT_NAME_INVALID));
    assert_eq!(Name::from_bytes(&bytes(&longest)[1..]), Err(Status::OBJECT_NAME_INVALID));
    assert_eq!(Name::from_bytes(&[]).unwrap().units(), []);
}

#[test]
fn rule_19_units_that_are_no_text_are_units() {
    // Half a surrogate pair, in both orders, and a unit that ends C strings.
    let name = |unit: u16| -> Vec<u16> { r"\Callback\".encode_utf16().chain([unit]).collect() };
    let directory = Directory::new();
    let names = [name(0xD800), name(0xDC00), name(0), name(0xFFFF)];
    let objects: Vec<_> = names.iter().map(|n| directory.create(&n[..], plain()).unwrap()).collect();
    for (name, object) in names.iter().zip(&objects) {
        assert_eq!(object.name_units(), name);
        assert!(directory.open(&name[..], plain()).unwrap().is_same(object));
    }
    assert_eq!(objects[0].name(), "\\Callback\\\u{FFFD}");
}

#[test]
fn rule_19_relative_names_and_roots() {
    use Status as S;
    let table = [
        (r"\Callback", "new", S::SUCCESS),
        (r"\Callback", "existing", S::OBJECT_NAME_COLLISION),
        (r"\", r"Callback\new", S::SUCCESS),
        (r"\Callback", "", S::OBJECT_NAME_INVALID),
        (r"\Callback", r"\new", S::OBJECT_PATH_SYNTAX_BAD),
        (r"\Callback", r"new\", S::OBJECT_PATH_NOT_FOUND),
        (r"\missing", "new", S::OBJECT_PATH_NOT_FOUND),
        (r"\Callback\existing", "new", S::OBJECT_TYPE_MISMATCH),
        ("Callback", "new", S::OBJECT_PATH_SYNTAX_BAD),
    ];
    for (root, name, created) in table {
        assert_eq!(answers(name, &plain().root(root)).0, created, "{root} + {name}");
    }
    let directory = Directory::new();
    let object = directory.create(r"Callback\new", plain().root(r"\")).unwrap();
    assert_eq!(object.name(), r"\Callback\new");
}

#[test]
fn rule_19_directories_can_be_made() {
    let directory = Directory::new();
    directory.create_directory(r"\Callback\mine").unwrap();
    let object = create(&directory, r"\Callback\mine\object");
    assert_eq!(directory.names(), [r"\Callback\mine\object"]);
    for (name, status) in [
        (r"\Callback\mine", Status::OBJECT_NAME_COLLISION),
        (r"\Callback\mine\object", Status::OBJECT_NAME_COLLISION),
        (r"\Callback\mine\", Status::OBJECT_NAME_INVALID),
        (r"\missing\mine", Status::OBJECT_PATH_NOT_FOUND),
        ("mine", Status::OBJECT_PATH_SYNTAX_BAD),
    ] {
        assert_eq!(directory.create_directory(name).unwrap_err().status(), status, "{name}");
    }
    drop(object);
}

#[test]
fn rule_18_unnamed_objects_have_a_constructor_of_their_own() {
    let directory = Directory::new();
    let refused = directory.open_or_create("", plain()).unwrap_err();
    assert_eq!(refused.status(), Status::UNSUCCESSFUL);
    assert!(refused.to_string().contains("CallbackObject::unnamed"), "{refused}");
    let object = CallbackObject::unnamed(plain());
    assert_eq!(object.name_units(), []);
    assert_eq!(object.name(), "an unnamed object");
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn rule_20_racing_creators_get_one_object() {
    for _ in 0..20 {
        let directory = Directory::new();
        let start = Arc::new(Barrier::new(64));
        let threads: Vec<_> = (0..64)
            .map(|_| {
                let (directory, start) = (directory.clone(), Arc::clone(&start));
                std::thread::spawn(move || {
                    start.wait();
                    directory.open_or_create(r"\Callback\raced", plain()).unwrap()
                })
            })
            .collect();
        let results: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        assert!(results.iter().all(|(object, _)| object.is_same(&results[0].0)));
        let created = results.iter().filter(|(_, d)| *d == Disposition::Created).count();
        assert_eq!(created, 1);
    }
}

#[test]
fn rule_21_a_directory_is_no_callback_object() {
    let directory = Directory::new();
    for result in [
        directory.open(r"\Callback", plain()).map(|_| ()),
        directory.open_or_create(r"\Callback", plain()).map(|_| ()),
        directory.open_or_create(r"\callback", any_case()).map(|_| ()),
        directory.create(r"\", plain()).map(|_| ()),
    ] {
        assert_eq!(result.unwrap_err().status(), Status::OBJECT_TYPE_MISMATCH);
    }
}

#[test]
fn rule_21_typed_objects_are_opened_with_their_types() {
    let directory = Directory::new();
    let object = directory.create_typed::<u32, str_box::Text>(r"\Callback\typed", plain()).unwrap();
    let wrong = directory.open_typed::<u32, u32>(r"\Callback\typed", plain()).unwrap_err();
    assert_eq!(wrong.status(), Status::OBJECT_TYPE_MISMATCH);
    let untyped = directory.open(r"\Callback\typed", plain()).unwrap();
    let refused = untyped.notify(pointer(8), pointer(8)).unwrap_err();
    assert_eq!(refused.status(), Status::OBJECT_TYPE_MISMATCH);
    assert!(directory.open_typed::<u32, str_box::Text>(r"\Callback\typed", plain()).is_ok());
    assert_eq!(object.name(), r"\Callback\typed");
}

/// A type with a name of its own.
mod str_box {
    pub(super) struct Text;
}

#[test]
fn rule_22_reserved_names_are_the_hosts() {
    let directory = Directory::new();
    for name in RESERVED {
        let lower = name.to_ascii_lowercase();
        assert_eq!(directory.create(name, plain()).unwrap_err().status(), Status::ACCESS_DENIED);
        let refused = directory.open_or_create(&lower, any_case()).unwrap_err();
        assert_eq!(refused.status(), Status::ACCESS_DENIED, "{lower}");
        assert_eq!(directory.open(name, plain()).unwrap_err().status(), Status::OBJECT_NAME_NOT_FOUND);
    }
    let host = directory.host().unwrap();
    assert!(directory.host().is_none(), "there is one host");
    for name in RESERVED {
        let object = host.create(name, plain()).unwrap();
        // Who asks to create it gets it, and may register, but not notify.
        let (opened, disposition) = directory.open_or_create(name, plain()).unwrap();
        assert!(opened.is_same(&object));
        assert_eq!(disposition, Disposition::Opened);
        let calls = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&calls);
        let registration = opened.register(move |_, _| _ = theirs.fetch_add(1, Ordering::Relaxed)).unwrap();
        for _ in 0..2 {
            let refused = opened.notify(pointer(0), pointer(0)).unwrap_err();
            assert_eq!(refused.status(), Status::ACCESS_DENIED);
        }
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        host.notify(&object, pointer(0), pointer(0)).unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        drop(registration);
        // Without routines it is no more anybody's to notify.
        assert_eq!(opened.notify(pointer(0), pointer(0)).unwrap_err().status(), Status::ACCESS_DENIED);
    }
    let common = create(&directory, r"\Callback\common");
    let taken = host.create(r"\Callback\common", plain()).unwrap_err();
    assert_eq!(taken.status(), Status::OBJECT_NAME_COLLISION);
    host.notify(&common, pointer(0), pointer(0)).unwrap();
}

#[test]
fn rule_23_case_counts_unless_asked() {
    let directory = Directory::new();
    let lower = create(&directory, r"\Callback\name");
    let upper = create(&directory, r"\Callback\NAME");
    assert!(!lower.is_same(&upper));
    // The exact name first, else the one that is there longest.
    let open = |name: &str, attributes: Attributes| directory.open(name, attributes).unwrap();
    assert!(open(r"\CALLBACK\NAME", any_case()).is_same(&upper));
    assert!(open(r"\callback\name", any_case()).is_same(&lower));
    assert!(open(r"\cAllBack\Name", any_case()).is_same(&lower));
    let missing = directory.open(r"\Callback\Name", plain()).unwrap_err();
    assert_eq!(missing.status(), Status::OBJECT_NAME_NOT_FOUND);
    let collides = directory.create(r"\Callback\Name", any_case()).unwrap_err();
    assert_eq!(collides.status(), Status::OBJECT_NAME_COLLISION);
    // The name of an object created so is found again when its last handle goes.
    let other = directory.create(r"\callback\Other", any_case()).unwrap();
    assert_eq!(other.name(), r"\Callback\Other");
    drop(other);
    assert_eq!(directory.names(), [r"\Callback\NAME", r"\Callback\name"]);
}

#[test]
fn rule_23_units_are_paired_one_to_one() {
    // Unicode's simple case pairs (UnicodeData.txt); the units of the second table have no partner of one
    // unit that leads back.
    for (lower, upper) in [('q', 'Q'), ('é', 'É'), ('ÿ', 'Ÿ'), ('я', 'Я'), ('ω', 'Ω'), ('ǆ', 'Ǆ'), ('ა', 'Ა')]
    {
        let directory = Directory::new();
        let object = create(&directory, &format!(r"\Callback\{lower}"));
        let found = directory.open(&format!(r"\callback\{upper}"), any_case()).unwrap();
        assert!(found.is_same(&object), "{lower}");
    }
    for (one, other) in [('ß', 'S'), ('ı', 'I'), ('ſ', 'S'), ('İ', 'i'), ('µ', 'Μ'), ('ŉ', 'N')] {
        let directory = Directory::new();
        let _object = create(&directory, &format!(r"\Callback\{one}"));
        let missing = directory.open(&format!(r"\Callback\{other}"), any_case()).unwrap_err();
        assert_eq!(missing.status(), Status::OBJECT_NAME_NOT_FOUND, "{one}");
    }
    // Beyond the first plane a character is two units, and units have no case there.
    let directory = Directory::new();
    let _deseret = create(&directory, "\\Callback\\\u{10428}");
    assert!(directory.open("\\Callback\\\u{10400}", any_case()).is_err());
}

#[test]
fn rule_23_what_differs_like_letters_in_case_is_not_the_same() {
    // Each differs in the bit in which the cases of a letter differ.
    for (one, other) in [('@', '`'), ('[', '{'), ('0', '\u{10}'), ('É', 'i'), ('\u{2020}', '\u{2000}')] {
        let directory = Directory::new();
        let object = create(&directory, &format!(r"\Callback\four{one}"));
        let name = format!(r"\Callback\FOUR{other}");
        let missing = directory.open(&name, any_case()).unwrap_err();
        assert_eq!(missing.status(), Status::OBJECT_NAME_NOT_FOUND, "{one} {other}");
        let second = directory.create(&name, any_case()).unwrap();
        assert!(!second.is_same(&object));
        assert!(directory.open(&format!(r"\callback\FOUR{one}"), any_case()).unwrap().is_same(&object));
    }
}

#[test]
fn rule_23_names_of_any_length_are_found_in_both_cases() {
    let directory = Directory::new();
    let mut objects = Vec::new();
    for length in (1..80).chain([255, 256, 257, 1000]) {
        // Lower-case letters, the last of which need not be ASCII.
        for last in ['z', 'é'] {
            let component = "a".repeat(length - 1) + &last.to_string();
            objects.push((component.clone(), create(&directory, &format!(r"\Callback\{component}"))));
        }
    }
    for (component, object) in &objects {
        let found = |name: &str, attributes| directory.open(name, attributes).map(|o| o.is_same(object)).ok();
        assert_eq!(found(&format!(r"\Callback\{component}"), plain()), Some(true));
        let upper = component.to_uppercase();
        assert_eq!(found(&format!(r"\CALLBACK\{upper}"), any_case()), Some(true), "{upper}");
        assert_eq!(found(&format!(r"\Callback\{upper}"), plain()), None, "{upper}");
    }
    assert_eq!(directory.names().len(), objects.len());
    drop(objects);
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn rule_24_a_name_lives_as_long_as_a_handle() {
    let directory = Directory::new();
    let name = r"\Callback\temporary";
    let object = create(&directory, name);
    let second = directory.open(name, plain()).unwrap();
    drop(object);
    let third = second.clone();
    drop(second);
    assert!(directory.open(name, plain()).is_ok());
    // References and registrations keep the object, not its name.
    let reference = third.reference();
    let registration = third.register(|_, _| {}).unwrap();
    drop(third);
    assert_eq!(directory.open(name, plain()).unwrap_err().status(), Status::OBJECT_NAME_NOT_FOUND);
    reference.notify(pointer(0), pointer(0)).unwrap();
    // The name is free for another object, which the old one leaves alone.
    let other = create(&directory, name);
    drop((registration, reference));
    assert!(directory.open(name, plain()).unwrap().is_same(&other));
}

#[test]
fn rule_25_a_permanent_object_stays_until_it_is_made_temporary() {
    let directory = Directory::new();
    let name = r"\Callback\permanent";
    let object = directory.create(name, plain().permanent()).unwrap();
    let registration = object.register(|_, _| {}).unwrap();
    drop(object);
    let again = directory.open(name, plain()).unwrap();
    assert_eq!(again.registered(), 1);
    drop(registration);
    again.make_temporary().unwrap();
    again.make_temporary().unwrap();
    assert!(directory.open(name, plain()).is_ok(), "a handle is open");
    drop(again);
    assert_eq!(directory.names(), [""; 0]);
    // With no handle open it goes at once.
    let object = directory.create(name, plain().permanent()).unwrap();
    let reference = object.reference();
    drop(object);
    assert_eq!(directory.names(), [name]);
    reference.make_temporary().unwrap();
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn rule_35_a_security_descriptor_is_stored_and_shown_to_the_hook() {
    let directory = Directory::new();
    let descriptor = [1_u8, 0, 4, 128, 7];
    let name = r"\Callback\secured";
    let object = directory.create(name, plain().security_descriptor(&descriptor)).unwrap();
    assert_eq!(object.security_descriptor(), Some(&descriptor[..]));
    assert!(directory.open(name, plain()).is_ok(), "nothing is enforced without a hook");
    directory.set_access_hook(Some(Arc::new(|object: &callback_object::Object| {
        object.security_descriptor().is_none_or(|d| d[4] != 7)
    })));
    for result in
        [directory.open(name, plain()), directory.open_or_create(name, plain()).map(|(object, _)| object)]
    {
        assert_eq!(result.unwrap_err().status(), Status::ACCESS_DENIED);
    }
    create(&directory, r"\Callback\open");
    directory.set_access_hook(None);
    assert!(directory.open(name, plain()).is_ok());
}
