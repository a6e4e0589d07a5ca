//! The command line: every subcommand and option, with the text of `--help`, the man page and the
//! shell completions, which are all made from here.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use pinvoke_abi::target::Target;

use crate::failure::Kind;

/// Marks an argument that starts with `-` but is a number; see [`protect_negative_numbers`].
/// A noncharacter, which Unicode reserves for such internal use.
const NEGATIVE_MARK: char = '\u{FDD0}';

/// Marks the prototypes that follow `--then`, as clap gives all values of a repeated option in one list.
const THEN_MARK: char = '\u{FDD1}';

/// Call native functions from the command line.
#[derive(Debug, Parser)]
#[command(
    name = "pinvoke",
    version,
    about = "Call native functions from the command line",
    long_about = "Call native functions from the command line.\n\n\
        Name a library, paste the prototype from the man page, give the arguments and small callback \
        expressions: the function runs, in a process of its own, and answers.",
    after_help = "Run `pinvoke <COMMAND> --help` for the details and examples of one command.",
    after_long_help = general_help(),
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Print one JSON document for programs; what native code and callbacks print goes to standard error
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,
    /// Print no results and remarks: only what native code and callbacks print, and errors
    #[arg(long, short, global = true, help_heading = "Output", conflicts_with = "json")]
    pub(crate) quiet: bool,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN",
        help_heading = "Output"
    )]
    pub(crate) color: Color,
    /// The descriptor of the flight recorder: this process is the worker of another.
    #[arg(long, hide = true, value_name = "FD")]
    pub(crate) worker: Option<i32>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// When standard output is a terminal and NO_COLOR is not set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Call a function
    #[command(after_long_help = CALL_HELP)]
    Call(Call),
    /// Read a global variable
    #[command(after_long_help = GET_HELP)]
    Get(Get),
    /// List the functions a library exports
    #[command(after_long_help = EXPORTS_HELP)]
    Exports(Exports),
    /// Show what would be tried to find a library, and what is found
    #[command(after_long_help = PROBE_HELP)]
    Probe(Probe),
    /// Draw a type: offsets, sizes, padding, bits
    #[command(after_long_help = LAYOUT_HELP)]
    Layout(Layout),
    /// Draw a call: which argument travels where
    #[command(after_long_help = EXPLAIN_HELP)]
    Explain(Explain),
    /// Print the completions of a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the man page (roff), of one command or of `pinvoke` itself
    Man {
        /// The command whose page to print
        command: Option<String>,
    },
}

/// Where declarations come from.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Declarations {
    /// Read C declarations from FILE first (repeatable)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Declarations")]
    pub(crate) decl: Vec<PathBuf>,
    /// Read the declarations of a system header through the installed C preprocessor (repeatable)
    #[arg(long, value_name = "HEADER", help_heading = "Declarations")]
    pub(crate) include: Vec<String>,
}

/// `pinvoke call`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Call {
    /// The library: a name (`libc`, `z`), a file name, or a path; `-` for the program itself
    pub(crate) library: String,
    /// The prototype in C, as in the man page
    pub(crate) prototype: String,
    /// One literal or callback expression per parameter
    pub(crate) args: Vec<OsString>,
    /// Then call another function of the library, in the same process (repeatable); $1 is the result of the
    /// first call, $name what a call has stored through the parameter of that name
    #[arg(long, value_names = ["PROTOTYPE", "ARGS"], num_args = 1.., help_heading = "Calling")]
    pub(crate) then: Vec<OsString>,
    #[command(flatten)]
    pub(crate) declarations: Declarations,
    /// Look in this directory before the system's (repeatable)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Finding")]
    pub(crate) search: Vec<PathBuf>,
    /// Look up NAME instead of the function's name
    #[arg(long, value_name = "NAME", help_heading = "Finding")]
    pub(crate) entry: Option<String>,
    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, allow_hyphen_values = true, help_heading = "Calling")]
    pub(crate) timeout: Option<Duration>,
    /// How the call is made
    #[arg(long, value_enum, default_value = "auto", help_heading = "Calling")]
    pub(crate) tier: TierChoice,
    /// The returned string or pointer is the caller's: release it with this function after printing
    #[arg(long, value_name = "FUNCTION", help_heading = "Calling")]
    pub(crate) owned: Option<String>,
    /// Call in this process: a crash then ends the command itself (for debuggers)
    #[arg(long, conflicts_with = "timeout", help_heading = "Calling")]
    pub(crate) no_isolate: bool,
}

/// How the call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TierChoice {
    /// A stub where executable memory can be had, else the thunk
    Auto,
    /// The fixed thunk: no generated code
    Thunk,
    /// A stub generated for the signature
    Stub,
}

/// `pinvoke get`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Get {
    /// The library: a name (`libc`, `z`), a file name, or a path; `-` for the program itself
    pub(crate) library: String,
    /// The declaration of the variable in C
    pub(crate) declaration: String,
    #[command(flatten)]
    pub(crate) declarations: Declarations,
    /// Look in this directory before the system's (repeatable)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Finding")]
    pub(crate) search: Vec<PathBuf>,
}

/// `pinvoke exports`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Exports {
    /// The library: a name (`libc`, `z`), a file name, or a path
    pub(crate) library: String,
    /// Only names that contain this, or match it if it has `*` or `?`
    pub(crate) filter: Option<String>,
    /// Variables too
    #[arg(long, short)]
    pub(crate) all: bool,
    /// Names as they are in the file
    #[arg(long)]
    pub(crate) mangled: bool,
    /// Look in this directory before the system's (repeatable)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Finding")]
    pub(crate) search: Vec<PathBuf>,
}

/// `pinvoke probe`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Probe {
    /// The library: a name (`libc`, `z`), a file name, or a path
    pub(crate) library: String,
    /// A function to look for in it
    pub(crate) entry: Option<String>,
    /// Look in this directory before the system's (repeatable)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Finding")]
    pub(crate) search: Vec<PathBuf>,
    /// Show what another system would try, without trying it
    #[arg(long, value_enum, value_name = "OS")]
    pub(crate) os: Option<ProbeOs>,
}

/// A system whose probing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProbeOs {
    /// Linux
    Linux,
    /// macOS
    Macos,
    /// Windows
    Windows,
}

/// `pinvoke layout`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Layout {
    /// The type in C: `struct stat`, a typedef's name, or a whole definition
    #[arg(value_name = "TYPE")]
    pub(crate) ty: String,
    #[command(flatten)]
    pub(crate) declarations: Declarations,
    /// The machine to lay out for, such as `x86_64-windows`; this one if not given
    #[arg(long, value_name = "TARGET", value_parser = parse_target)]
    pub(crate) target: Option<Target>,
}

/// `pinvoke explain`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Explain {
    /// The prototype in C
    pub(crate) prototype: String,
    /// The types of the variable arguments, separated by commas: `int, double`
    #[arg(long, value_name = "TYPES")]
    pub(crate) variadic: Option<String>,
    #[command(flatten)]
    pub(crate) declarations: Declarations,
    /// The machine to plan for, such as `x86_64-windows`; the conventions of x86-64 if not given
    #[arg(long, value_name = "TARGET", value_parser = parse_target)]
    pub(crate) target: Option<Target>,
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let text = text.strip_prefix(NEGATIVE_MARK).unwrap_or(text);
    let seconds: f64 =
        text.parse().map_err(|_| "expected a number of seconds, such as 5 or 0.5".to_owned())?;
    if seconds <= 0.0 {
        return Err("the time must be greater than zero".to_owned());
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Targets by name. The names are those that [`Target`] displays, and the short `x86_64-windows`.
pub(crate) const TARGETS: [(&str, Target); 11] = [
    ("x86_64-linux", Target::X86_64_LINUX),
    ("x86_64-macos", Target::X86_64_MACOS),
    ("x86_64-windows", Target::X86_64_WINDOWS),
    ("x86_64-windows-gnu", Target::X86_64_WINDOWS_GNU),
    ("x86-linux", Target::X86_LINUX),
    ("x86-windows", Target::X86_WINDOWS),
    ("x86-windows-gnu", Target::X86_WINDOWS_GNU),
    ("aarch64-linux", Target::AARCH64_LINUX),
    ("aarch64-macos", Target::AARCH64_MACOS),
    ("aarch64-windows", Target::AARCH64_WINDOWS),
    ("riscv64-linux", Target::RISCV64_LINUX),
];

fn parse_target(text: &str) -> Result<Target, String> {
    TARGETS
        .iter()
        .find(|(name, target)| *name == text || target.to_string() == text)
        .map(|(_, target)| *target)
        .ok_or_else(|| {
            let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            format!("expected one of {}", names.join(", "))
        })
}

/// Parses the command line. Clap takes `-0x10` for options, so numbers with a sign are marked before
/// and [`Call::steps`] takes the mark off again. `--` still ends the options, as always.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(mark_steps(protect_negative_numbers(args)))
}

fn mark_steps(args: Vec<OsString>) -> Vec<OsString> {
    let (mut options, mut after_then) = (true, false);
    args.into_iter()
        .map(|arg| {
            options &= arg != "--";
            let begins = std::mem::replace(&mut after_then, options && arg == "--then");
            if begins { [OsStr::new(&THEN_MARK.to_string()), &arg].into_iter().collect() } else { arg }
        })
        .collect()
}

fn protect_negative_numbers(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut options = true;
    args.into_iter()
        .map(|arg| {
            options &= arg != "--";
            match arg.to_str() {
                Some(text) if options && is_negative_number(text) => format!("{NEGATIVE_MARK}{text}").into(),
                _ => arg,
            }
        })
        .collect()
}

fn is_negative_number(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('-') else { return false };
    rest.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || rest.eq_ignore_ascii_case("inf")
        || rest.eq_ignore_ascii_case("infinity")
        || rest.eq_ignore_ascii_case("nan")
}

/// The words of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) prototype: String,
    /// The arguments as they were written.
    pub(crate) arguments: Vec<OsString>,
}

impl Call {
    /// The calls asked for, in order; at least one.
    pub(crate) fn steps(&self) -> Vec<Words> {
        let first = Words {
            prototype: self.prototype.clone(),
            arguments: self.args.iter().map(|arg| unmarked(arg, NEGATIVE_MARK)).collect(),
        };
        let mut steps = vec![first];
        for word in &self.then {
            let word = unmarked(word, NEGATIVE_MARK);
            match word.to_str().and_then(|text| text.strip_prefix(THEN_MARK)) {
                Some(text) => steps.push(Words { prototype: text.to_owned(), arguments: Vec::new() }),
                None => {
                    if let Some(step) = steps.last_mut() {
                        step.arguments.push(word);
                    }
                }
            }
        }
        steps
    }
}

/// A word as it was written.
fn unmarked(word: &OsStr, mark: char) -> OsString {
    let text = word.to_str().and_then(|text| text.strip_prefix(mark));
    text.map_or_else(|| word.to_owned(), OsString::from)
}

/// The command as clap sees it, for the man page and the completions.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

fn general_help() -> String {
    let mut text = String::from("Exit status:\n    0  success\n");
    for kind in Kind::ALL {
        let _ = writeln!(text, "    {}  {}", kind.status(), kind.meaning());
    }
    text.push_str(
        "  141  standard output was closed by its reader\n\n\
         Environment:\n  \
         CC               the C compiler whose preprocessor --include runs; cc, gcc, clang and c99 are looked for\n  \
         LD_LIBRARY_PATH  more directories with libraries\n  \
         NO_COLOR         no colours if set\n  \
         PINVOKE_NO_EXEC  no generated code if set: every call goes through the fixed thunk\n\n\
         Examples:\n  \
         pinvoke call libc 'pid_t getpid(void)'\n  \
         pinvoke call libm 'double pow(double, double)' 2 10\n  \
         pinvoke call libc 'void qsort(int *base, size_t n, size_t size, int (*cmp)(const int *, const int *))' \
         '[5,3,9]' 3 4 '|a, b| a - b'\n  \
         pinvoke exports libz inflate\n  \
         pinvoke layout 'struct stat'\n  \
         pinvoke explain 'double ldexp(double x, int exp)'",
    );
    text
}

const CALL_HELP: &str = "\
Arguments, by the type of the parameter:
  integers         42  -7  0x2a  0o52  052  0b101010  1_000_000  'A'  O_RDONLY|O_CREAT  sizeof(int)
  floating point   1.5  -2e10  0x1.8p3  inf  nan
  complex          1.5+2i  -3i
  _Bool            true  false  1  0
  strings          any text as it is; \"quoted\" to use \\n \\t \\\" \\\\ \\x41 \\u{e9}, or a text that
                   would mean something else, such as \"null\"
  any pointer      null, an address 0x7ffe..., &5 (the address of a 5), [5, 3, 9] (of an array),
                   {x: 1} (of a structure), \"text\" (of bytes),
                   out (of a zeroed object), out[256] (of 256 zeroed elements)
  structures       {x: 1.5, y: 2}  {1.5, 2}  {from: {x: 0, y: 0}, name: \"origin\"}
  arrays           [1, 2, 3]
  vectors          {1, 2, 3, 4} or [1, 2, 3, 4], of __m128, float32x4_t and the like
  callbacks        |a, b| a - b, the name of a function, or null
  after `...`      as above, with the type guessed from the literal, or stated: (long)5

Results:
The result is printed as a literal, nothing for void; of a pointer to a structure, the structure (&{...}).
What the function wrote through pointers is printed after the result, one line for each argument that
changed: base = [3, 5, 9]. Where the result says that the call failed (-1, null, infinity, ...), errno follows.

Callbacks:
Callbacks are expressions in Rhai (https://rhai.rs/book). Structures behind pointers have their fields
by name (sb.st_size, or sb[\"in\"] for a name that is a word of the language); pointers to numbers stand for
what they point at, and p[1], p.value, p.address, p.text, p.elements(n), p.bytes(n), p.cast(\"int *\") reach
further; null is (); a function pointer is called with f.call(1); `print` prints; variables before the closure live through all invocations:
  'let n = 0; |path, sb, flag| { n += 1; print(`${n} ${path}`); 0 }'
The map `state` is shared by all callbacks of the call.

Several calls:
--then is followed by another prototype of the same library and its arguments. The calls are made in one process,
in this order, and callbacks stay valid. $1 is the result of the first call, $2 of the second; $name is what a
call has stored through its parameter of that name.

Examples:
  pinvoke call libc 'pid_t getpid(void)'
  pinvoke call libc 'char *strdup(const char *s)' hello --then 'size_t strlen(const char *s)' '$1'
  pinvoke call libc 'int ftw(const char *dir, int (*fn)(const char *path, const struct stat *sb, int flag), int nopenfd)' \\
      /usr/share/doc '|path, sb, flag| { print(`${sb.st_size} ${path}`); 0 }' 16
  pinvoke call libc 'void qsort(int *base, size_t n, size_t size, int (*cmp)(const int *, const int *))' \\
      '[5,3,9]' 3 4 '|a, b| a - b'
  pinvoke call libm 'double pow(double, double)' 2 10
  pinvoke call libc 'int open(const char *path, int flags, ...)' /no/such/file 0
  pinvoke call libz 'const char *zlibVersion(void)'
  pinvoke call libc 'int stat(const char *path, struct stat *sb)' /etc/passwd out
  pinvoke call libc 'int snprintf(char *s, size_t n, const char *format, ...)' 'out[64]' 64 '%d %s' 7 seven
  pinvoke call libc 'char *strdup(const char *s)' hello --owned free";

const GET_HELP: &str = "\
Examples:
  pinvoke get libc 'char **environ'
  pinvoke get libc 'char *program_invocation_name'
  pinvoke get libc 'long timezone'";

const EXPORTS_HELP: &str = "\
Examples:
  pinvoke exports libc
  pinvoke exports libz 'inflate*'
  pinvoke exports libstdc++ --all basic_string";

const PROBE_HELP: &str = "\
Examples:
  pinvoke probe z
  pinvoke probe libc getpid
  pinvoke probe --os windows zlib";

const LAYOUT_HELP: &str = "\
Examples:
  pinvoke layout 'struct stat'
  pinvoke layout 'struct { char c; int i : 3; double d; }'
  pinvoke layout --target x86_64-windows 'struct { long l; long double d; }'
  pinvoke layout --include pthread.h pthread_mutex_t";

const EXPLAIN_HELP: &str = "\
Examples:
  pinvoke explain 'double ldexp(double x, int exp)'
  pinvoke explain --variadic 'double, long' 'int printf(const char *format, ...)'
  pinvoke explain 'struct p { double x; long n; } f(struct p a, int b)'";
