//! Bad input through the C interface: each is a function of `c/bad_input.c`, run in a process of its own. Names are in
//! `rules.rs`, rules 19, 21 and 23; what is wrong with registrations and levels there too, rules 27 to 33.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use support::{Made, compile, passes};

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile("bad_input.c", Made::Program, &[]))
}

macro_rules! passing {
    ($($what:ident)*) => {$(
        #[test]
        fn $what() {
            passes(Command::new(program()).arg(stringify!($what)));
        }
    )*};
}

passing! {
    attributes_are_checked
    foreign_objects
    notify_of_a_dereferenced_object
    strings
    too_many_objects
    levels
    reports_reach_a_handler
}
