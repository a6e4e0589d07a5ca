//! The rules that a C program sees, by number. Each is a function of `c/rules.c`, `c/order.c`, `c/names.c`,
//! `c/levels.c` or `c/quiet.c`, run in a process of its own. Those about drivers are in `drivers.rs` and `unload.rs`.

#[allow(unused, reason = "shared by several tests")]
mod support;

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use support::{Made, aborts, compile, passes};

fn program() -> &'static Path {
    static PROGRAM: OnceLock<std::path::PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile("rules.c", Made::Program, &[]))
}

fn order() -> &'static Path {
    static PROGRAM: OnceLock<std::path::PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile("order.c", Made::Program, &[]))
}

fn names() -> &'static Path {
    static PROGRAM: OnceLock<std::path::PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile("names.c", Made::Program, &[]))
}

fn levels() -> &'static Path {
    static PROGRAM: OnceLock<std::path::PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile("levels.c", Made::Program, &[]))
}

#[cfg(target_os = "linux")]
fn quiet() -> &'static Path {
    static PROGRAM: OnceLock<std::path::PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile("quiet.c", Made::Program, &[]))
}

macro_rules! passing {
    ($program:ident: $($rule:ident)*) => {$(
        #[test]
        fn $rule() {
            passes(Command::new($program()).arg(stringify!($rule)));
        }
    )*};
}

passing! {
    order:
    rule_1_in_order_of_registration
    rule_6_what_is_registered_meanwhile_is_not_called
    rule_7_what_is_unregistered_before_its_turn_is_not_called
    rule_8_unregistering_waits_for_calls_in_other_threads
    rule_12_a_routine_may_notify
    rule_13_threads_notify_at_once
}

passing! {
    program:
    rule_2_arguments_travel_unchanged
    rule_3_one_routine_at_a_time
    rule_4_opening_does_not_change_that
    rule_5_the_same_routine_twice
    rule_10_a_routine_unregisters_itself
    rule_11_or_goes_on_if_the_host_wants
    rule_17_null_routine
    rule_18_unnamed_objects_are_refused
    rule_20_racing_creators_get_one_object
    rule_23_case
    rule_25_a_permanent_object_stays
    rule_28_create_at_apc_level
    rule_9_a_routine_that_never_returns
    rule_35_security
}

passing! {
    names:
    rule_19_missing_and_malformed_names
    rule_19_unpaired_surrogates
    rule_21_what_is_no_callback_object
}

passing! {
    levels:
    rule_27_or_is_only_reported
    rule_27_or_not_even_that
}

#[test]
fn rule_27_every_function_has_its_level() {
    let report = passes(Command::new(levels()).arg("rule_27_every_function_has_its_level"));
    // Operation, routine, image, object, both levels.
    for words in [
        "register routine count in levels",
        "unregister routine count in levels",
        "with \\Callback\\Rule27: DISPATCH_LEVEL, allowed up to APC_LEVEL",
        "notify \\Callback\\Rule27: IRQL 15, allowed up to DISPATCH_LEVEL",
        "dereference \\Callback\\Rule27: IRQL 3, allowed up to DISPATCH_LEVEL",
        "make temporary \\Callback\\Rule27: DISPATCH_LEVEL, allowed up to APC_LEVEL",
        "load driver no/such/driver: APC_LEVEL, allowed up to PASSIVE_LEVEL",
    ] {
        assert!(report.contains(words), "no `{words}` in\n{report}");
    }
}

// Only there can a program count what it asks for and forbid itself to ask.
#[cfg(target_os = "linux")]
passing! {
    quiet:
    rule_15_notifying_allocates_nothing
    rule_15_notifying_asks_nothing_of_the_system
}

// Only there do processes fork.
#[cfg(unix)]
passing! {
    program:
    rule_33_fork
    rule_33_a_routine_forks
    rule_33_a_child_does_everything
}

/// What a rule's report has to say.
fn reported(rule: &str, words: &[&str]) {
    let report = passes(Command::new(program()).arg(rule));
    for word in words {
        assert!(report.contains(word), "{rule}: no `{word}` in\n{report}");
    }
}

#[test]
fn rule_11_two_routines_unregister_each_other() {
    reported(
        "rule_11_two_routines_unregister_each_other",
        // Both routines, each with its object.
        &[
            "unregistering routine unregister_other in rules",
            "asked for by routine unregister_other in rules",
            "Rule11a",
            "Rule11b",
            "waits for this one",
            "0xC4",
        ],
    );
}

#[test]
fn rule_11_without_a_status_the_process_ends() {
    let report = aborts(Command::new(program()).arg("rule_11_without_a_status_the_process_ends"));
    for word in ["Rule11a", "Rule11b", "severity 2: ", "CboUnregisterCallback"] {
        assert!(report.contains(word), "no `{word}` in\n{report}");
    }
}

#[test]
fn rule_14_the_level_is_the_notifiers() {
    reported(
        "rule_14_the_level_is_the_notifiers",
        &["routine raise_and_return in rules", "\\Callback\\Rule14", "DISPATCH_LEVEL", "0xC8"],
    );
}

#[test]
fn rule_16_null_object() {
    reported("rule_16_null_object", &["notify"]);
}

#[test]
fn rule_22_reserved_names() {
    reported("rule_22_reserved_names", &["\\Callback\\SetSystemTime", "STATUS_ACCESS_DENIED"]);
}

#[test]
fn rule_24_a_temporary_object_loses_its_name() {
    reported("rule_24_a_temporary_object_loses_its_name", &["\\Callback\\Rule24", "OBJ_PERMANENT"]);
}

#[test]
fn rule_26_references_are_counted() {
    reported("rule_26_references_are_counted", &["cannot dereference object"]);
}

#[test]
fn rule_27_nothing_waits_at_dispatch_level() {
    reported(
        "rule_27_nothing_waits_at_dispatch_level",
        &["unregister routine count in rules", "of \\Callback\\Rule27", "DISPATCH_LEVEL", "APC_LEVEL", "0xA"],
    );
}

#[test]
fn rule_27_stops_the_process_if_asked() {
    let report = aborts(Command::new(program()).arg("rule_27_stops_the_process_if_asked"));
    assert!(report.contains("severity 2: IRQL too high to unregister routine"), "{report}");
}

#[test]
fn rule_29_registrations_are_checked() {
    reported("rule_29_registrations_are_checked", &["never given out, or unregistered before", "0xC4"]);
}

#[test]
fn rule_30_a_reported_panic_ends_the_process() {
    let report = aborts(Command::new(program()).arg("rule_30_a_reported_panic_ends_the_process"));
    for word in ["routine report_panic in rules", "of \\Callback\\Rule30 panicked: the disk is full"] {
        assert!(report.contains(word), "no `{word}` in\n{report}");
    }
}

/// On Windows a thread ends without unwinding, and nothing is there to be reported.
#[test]
fn rule_32_a_routine_ends_its_thread() {
    if cfg!(windows) {
        passes(Command::new(program()).arg("rule_32_a_routine_ends_its_thread"));
        return;
    }
    reported("rule_32_a_routine_ends_its_thread", &["exit_thread in rules", "\\Callback\\Rule32"]);
}

/// A compiler need not describe the frames of C, and a thread that ends then leaves them without unwinding.
#[cfg(unix)]
#[test]
fn rule_32_also_where_frames_are_not_described() {
    let flags = ["-fno-unwind-tables", "-fno-asynchronous-unwind-tables"];
    let program = compile("rules.c", Made::Program, &flags);
    let report = passes(Command::new(program).arg("rule_32_a_routine_ends_its_thread"));
    assert!(report.contains("ended inside 1 notifications: they count as returned"), "{report}");
}

/// Every rule has a test that names its number.
#[test]
fn every_rule_has_a_test() {
    let tests = [include_str!("rules.rs"), include_str!("drivers.rs"), include_str!("unload.rs")].concat();
    let missing: Vec<u32> = (1..=35).filter(|rule| !tests.contains(&format!("rule_{rule}_"))).collect();
    assert_eq!(missing, [0; 0]);
}
