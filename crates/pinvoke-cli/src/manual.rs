//! The man pages and shell completions, made from the command line's own description.

use std::io::Write;

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
    let extra = described.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let mut page = Vec::new();
    render(&clap_mangen::Man::new(described), &extra, &mut page)
        .map_err(|error| Failure::system("write the man page", &error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// The page, with the text behind the options as it stands in `--help`: examples must not be filled.
fn render(man: &clap_mangen::Man, extra: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    man.render_subcommands_section(page)?;
    let mut filled = true;
    for line in extra.lines() {
        match line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            Some(title) => {
                if !filled {
                    page.write_all(b".fi\n")?;
                }
                writeln!(page, ".SH {}\n.nf", escaped(&title.to_uppercase()))?;
                filled = false;
            }
            None => writeln!(page, "{}", escaped(line))?,
        }
    }
    if !filled {
        page.write_all(b".fi\n")?;
    }
    man.render_version_section(page)
}

/// A line that roff shows as it is.
fn escaped(line: &str) -> String {
    let text = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
