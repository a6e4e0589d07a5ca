//! The man pages and shell completions, made from the command line's own description.

use clap_complete::Shell;

use crate::cli;
use crate::failure::{Failure, Kind};

/// The completions of a shell.
pub(crate) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "pinvoke", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The man page of a command, or of the program.
pub(crate) fn page(command: Option<&str>) -> Result<String, Failure> {
    let mut program = cli::command();
    program.build();
    let described = match command {
        None => program,
        Some(name) => {
            let found = program.get_subcommands().find(|c| c.get_name() == name).cloned();
            let Some(found) = found else {
                let names: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
                let message = format!("there is no command '{name}'; there are {}", names.join(", "));
                return Err(Failure::new(Kind::Usage, message));
            };
            found.display_name(format!("pinvoke-{name}"))
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(described)
        .render(&mut page)
        .map_err(|error| Failure::system("write the man page", &error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
