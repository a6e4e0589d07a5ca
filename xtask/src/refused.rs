//! The tests once more where no code can be generated: on a system that refuses executable memory, and under
//! the option that forbids it. Everything has to work, only slower.

use std::process::Command;

use anyhow::Result;

use crate::run::{Tally, cargo, step, test_step};

/// Tests that are about stubs, or that need executable memory for something else, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("no_memory_is_writable_and_executable", "looks at the pages of stubs"),
    ("refusals_say_what_and_why", "a signature too long for a stub is refused for that reason"),
    ("a_stack_too_small_ends_in_the_guard_page", "compares the depths of both tiers"),
    ("a_forked_child_makes_stubs_of_its_own", "about stubs"),
    ("blocks_are_added_as_they_fill_and_stay_closed_to_writing", "about the pages of stubs"),
    ("refused_executable_memory_leaves_the_thunk", "refuses by a filter of its own"),
    ("without_memory_files_pages_are_replaced", "refuses by a filter of its own"),
    ("the_program_forbids_stubs_from_then_on", "begins with stubs"),
    ("zero_in_the_environment_forbids_nothing", "begins with stubs"),
    ("both_tiers_agree", "asks the command for a stub"),
    ("a_replaced_program_file_is_not_trusted", "takes thunks from a memory file, which is refused here too"),
    ("whatever_is_written_is_published_where_it_runs", "writes code"),
    (
        "copies_name_their_own_slots",
        "copies thunks where no file can be mapped, which needs executable memory",
    ),
    ("what_cannot_be_native_is_refused", "runs the compiler"),
];

/// Runs the tests of the runtime and of the command in both ways.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    step("sandbox", &mut cargo(&["build", "--locked", "-p", "pinvoke-sandbox"]))?;
    for (test, reason) in LEFT_OUT {
        println!("left out: {test} ({reason})");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let sandbox = std::path::absolute(target)?.join("debug/without-executable-memory");
    test_step("tests, executable memory refused", tests().env(RUNNER, sandbox), tally)?;
    test_step("tests, generated code forbidden", tests().env("PINVOKE_NO_EXEC", "1"), tally)
}

/// What cargo starts test programs by.
const RUNNER: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER";

fn tests() -> Command {
    let mut command =
        cargo(&["test", "--locked", "--no-fail-fast", "--tests", "-p", "pinvoke", "-p", "pinvoke-cli"]);
    // With these, dependencies have the features that they have in a test of the whole workspace, and are not built
    // anew. Their tests are few and hold here too.
    command.args(["-p", "callback-object", "-p", "callback-object-sys", "-p", "pinvoke-macros", "--"]);
    for (test, _) in LEFT_OUT {
        command.args(["--skip", test]);
    }
    command.env("PINVOKE_TEST_REFUSED", "1");
    command
}
