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

/// The declarations of all files and headers.
pub(crate) fn read(declarations: &Declarations, target: Target) -> Result<Unit, Failure> {
    let mut unit = Unit::new(target);
    if !declarations.include.is_empty() {
        if target != Target::HOST {
            let message = format!("--include reads the headers of this machine, not those of {target}");
            return Err(Failure::new(Kind::Usage, message).help("declare the types in a file and use --decl"));
        }
        let text = preprocess(&declarations.include)?;
        // What a header declares beyond what is understood does not matter unless it is asked for, and is
        // reported then.
        unit.parse("preprocessor output", &text);
    } else if target == Target::HOST {
        // Findings in our own table would be a defect, which its test shows.
        unit.parse("constants", &crate::constants::definitions());
    }
    for path in &declarations.decl {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::system(format_args!("read the declarations in {}", path.display()), &error)
        })?;
        check(unit.parse(&path.display().to_string(), &text))?;
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
