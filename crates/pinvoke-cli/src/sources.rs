//! Where declarations come from: files given with `--decl`, headers given with `--include`, the prototype.
//!
//! `pinvoke-decl` never touches the system; running the C preprocessor is done here. It is asked with `-dD`
//! to leave the definitions of macros in its output, so that `O_RDONLY` can stand for its number in an
//! argument.

use std::io::Write;
use std::process::{Command, Stdio};

use pinvoke_abi::target::Target;
use pinvoke_decl::{Diagnostic, Unit};

use crate::cli::Declarations;
use crate::failure::{Failure, Kind};

/// Compilers to look for where `CC` is not set.
const COMPILERS: [&str; 4] = ["cc", "gcc", "clang", "c99"];

/// The declarations of all files and headers. What a file declares counts more than what a header does.
pub(crate) fn read(declarations: &Declarations, target: Target) -> Result<Unit, Failure> {
    let headers = match declarations.include.as_slice() {
        [] => None,
        _ if target != Target::HOST => {
            let message = format!("--include reads the headers of this machine, not those of {target}");
            return Err(Failure::new(Kind::Usage, message).help("declare the types in a file and use --decl"));
        }
        headers => Some(preprocess(headers)?),
    };
    let mut files = Vec::new();
    for path in &declarations.decl {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::system(format_args!("read the declarations in {}", path.display()), &error)
        })?;
        files.push((path.display().to_string(), text));
    }
    let mut unit = Unit::new(target);
    let read_files =
        |unit: &mut Unit| files.iter().try_for_each(|(name, text)| check(unit.parse(name, text)));
    let Some(headers) = headers else {
        if target == Target::HOST {
            // Findings in our own table would be a defect, which its test shows.
            unit.parse("constants", &crate::constants::definitions());
        }
        read_files(&mut unit)?;
        return Ok(unit);
    };
    // What a header declares beyond what is understood does not matter unless it is asked for, and is
    // reported then. The first declaration of a name counts, so the files come first, unless they need
    // something that the headers declare.
    let alone = read_files(&mut unit).is_ok();
    if !alone {
        unit = Unit::new(target);
    }
    unit.parse("preprocessor output", &headers);
    if alone {
        // Of macros the last definition counts, as in C.
        for (name, text) in &files {
            let macros: Vec<&str> =
                text.lines().filter(|line| line.trim_start().starts_with("#define")).collect();
            unit.parse(name, &macros.join("\n"));
        }
    } else {
        read_files(&mut unit)?;
    }
    Ok(unit)
}

/// An error if any of the findings is one.
pub(crate) fn check(findings: Vec<Diagnostic>) -> Result<(), Failure> {
    if findings.iter().any(Diagnostic::is_error) { Err(rejected(&findings)) } else { Ok(()) }
}

/// The failure that shows these findings.
pub(crate) fn rejected(findings: &[Diagnostic]) -> Failure {
    let texts: Vec<String> = findings.iter().map(|finding| finding.render().trim_end().to_owned()).collect();
    let mut failure = Failure::new(Kind::Declaration, texts.join("\n"));
    let list: Vec<serde_json::Value> = findings
        .iter()
        .map(|finding| {
            let place = finding.source.place(finding.span.start);
            serde_json::json!({
                "severity": finding.severity.to_string(),
                "message": finding.message,
                "file": &*place.file,
                "line": place.line,
                "column": place.column,
            })
        })
        .collect();
    failure = failure.fact("diagnostics", list);
    failure
}

/// The text of the headers after the preprocessor, macro definitions included.
fn preprocess(headers: &[String]) -> Result<String, Failure> {
    let mut source = String::new();
    for header in headers {
        let local = header.starts_with(['.', '/']) || header.starts_with('"');
        let name = header.trim_matches(['"', '<', '>']);
        let line = if local { format!("#include \"{name}\"\n") } else { format!("#include <{name}>\n") };
        source.push_str(&line);
    }
    let stated = std::env::var("CC").ok().filter(|cc| !cc.trim().is_empty());
    let candidates: Vec<Vec<String>> = match &stated {
        Some(cc) => vec![cc.split_whitespace().map(str::to_owned).collect()],
        None => COMPILERS.iter().map(|cc| vec![(*cc).to_owned()]).collect(),
    };
    for command in &candidates {
        match run(command, &source) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(Failure::system(
                    format_args!("run the C preprocessor `{}`", command.join(" ")),
                    &error,
                ));
            }
            Ok(output) if output.status.success() => {
                return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
                let message = format!("the C preprocessor `{} -E` refuses --include", command.join(" "));
                return Err(Failure::new(Kind::Declaration, message).note(said));
            }
        }
    }
    let tried: Vec<String> = candidates.iter().map(|command| command.join(" ")).collect();
    let message = "--include needs a C preprocessor, and there is none";
    Err(Failure::new(Kind::Declaration, message)
        .note(format!("tried {}{}", tried.join(", "), if stated.is_some() { " (from CC)" } else { "" }))
        .help("install a C compiler, set CC to one, or declare the types in a file and use --decl")
        .help("common POSIX structures such as `struct stat` are built in and need neither"))
}

fn run(command: &[String], source: &str) -> std::io::Result<std::process::Output> {
    let [program, args @ ..] = command else { return Err(std::io::ErrorKind::NotFound.into()) };
    // Input and output pass through pipes at the same time; the source is far smaller than a pipe.
    let mut child = Command::new(program)
        .args(args)
        .args(["-E", "-dD", "-D_GNU_SOURCE", "-x", "c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(source.as_bytes())?;
    }
    child.wait_with_output()
}
