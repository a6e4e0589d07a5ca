//! Drivers that are unloaded in flight, with contexts that are poisoned at once: plainly, and with host and
//! drivers under AddressSanitizer, which sees every access to what was freed or unmapped.

mod support;

use std::process::Command;

use support::{Made, compile, passes};

/// How often drivers come and go; an emulator is told to be content with fewer.
const ROUNDS: &str = "CALLBACK_OBJECT_UNLOAD_ROUNDS";

fn stress(count: &str, flags: &[&str]) {
    let count = std::env::var(ROUNDS).unwrap_or_else(|_| count.to_owned());
    let host = compile("unload.c", Made::Program, flags);
    let drivers = [&["-DPLAIN"], &["-DRELEASE"], &["-DLEAVE"]]
        .map(|variant| compile("poisoned.c", Made::Driver, &[&variant[..], flags].concat()));
    passes(Command::new(host).arg(count).args(drivers));
}

#[test]
fn rule_34_drivers_are_unloaded_in_flight() {
    // The loader of Wine takes a tenth of a second for what takes others a thousandth.
    stress(if cfg!(windows) { "18" } else { "150" }, &["-O2"]);
}

#[cfg(unix)]
#[test]
fn rule_34_drivers_are_unloaded_in_flight_under_address_sanitizer() {
    stress("45", &["-fsanitize=address", "-fno-omit-frame-pointer"]);
}
