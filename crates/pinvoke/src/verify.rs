//! Is this structure that one of C? Asks a C compiler and the header; for tests.
//!
//! A declaration of a structure is written by hand, and nothing notices a wrong one: native code reads
//! and writes beside the members. The structure `Stat` of .NET's own documented `ftw` example has 80 bytes
//! where Linux has 144, and every member in the wrong place. A test that costs one line finds that:
//!
//! ```
//! use core::ffi::c_long;
//!
//! use pinvoke::marshal::Marshal;
//!
//! #[derive(Marshal)]
//! struct Timespec {
//!     tv_sec: c_long,
//!     tv_nsec: c_long,
//! }
//!
//! # #[cfg(target_os = "linux")]
//! pinvoke::verify::against_c::<Timespec>("struct timespec", &["time.h"]).unwrap();
//! ```
//!
//! Compared are size and alignment, and the offset and the size of each member. All differences are
//! reported at once:
//!
//! ```text
//! `Stat` is not `struct stat` (sys/stat.h):
//!   size: 80 bytes here, 144 in C
//!   st_mode: at 8 here, at 24 in C
//!   st_size: at 32 here, at 48 in C
//! ```
//!
//! A member has the name it has in C, raw identifiers without `r#`; [`Verifier::member`] says another one.
//! Members whose names begin with `_` stand for padding and are not compared.
//!
//! The compiler is the one that the environment variable `CC` names, or `cc`. It makes a small program,
//! which is run: the host is what is compared with.

use core::fmt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::native::{Member, Structure};

/// Compares a structure with a type of C that these headers declare.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use pinvoke::marshal::Marshal;
/// use pinvoke::verify::against_c;
///
/// #[derive(Marshal)]
/// struct Pollfd {
///     fd: i32,
///     events: i16,
///     revents: i16,
/// }
///
/// against_c::<Pollfd>("struct pollfd", &["poll.h"])?;
/// # }
/// # Ok::<(), pinvoke::verify::VerifyError>(())
/// ```
///
/// # Errors
/// [`VerifyError::Different`] with every difference; others if C cannot be asked.
pub fn against_c<T: Structure>(c_type: &str, headers: &[&str]) -> Result<(), VerifyError> {
    Verifier::new(headers).check::<T>(c_type)
}

/// A comparison with more to say than headers.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use pinvoke::marshal::Marshal;
/// use pinvoke::verify::Verifier;
///
/// #[derive(Marshal)]
/// struct Limit {
///     soft: u64,
///     hard: u64,
/// }
///
/// Verifier::new(&["sys/resource.h"])
///     .option("-D_FILE_OFFSET_BITS=64")
///     .member("soft", "rlim_cur")
///     .member("hard", "rlim_max")
///     .check::<Limit>("struct rlimit")
///     .unwrap();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    source: String,
    headers: String,
    options: Vec<String>,
    names: Vec<(String, String)>,
}

impl Verifier {
    /// With these headers, as they stand between `<` and `>`.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use pinvoke::marshal::Marshal;
    /// use pinvoke::verify::Verifier;
    ///
    /// #[derive(Marshal)]
    /// struct Linger {
    ///     l_onoff: i32,
    ///     l_linger: i32,
    /// }
    ///
    /// // One for several types of the same headers:
    /// let sockets = Verifier::new(&["sys/types.h", "sys/socket.h"]);
    /// sockets.check::<Linger>("struct linger")?;
    /// # }
    /// # Ok::<(), pinvoke::verify::VerifyError>(())
    /// ```
    #[must_use]
    pub fn new(headers: &[&str]) -> Verifier {
        let source = headers.iter().map(|h| format!("#include <{h}>\n")).collect();
        Verifier { source, headers: headers.join(", "), options: Vec::new(), names: Vec::new() }
    }

    /// With more C text before the type is named, such as its definition.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use pinvoke::marshal::Marshal;
    /// use pinvoke::verify::Verifier;
    ///
    /// #[derive(Marshal)]
    /// struct Tagged {
    ///     tag: i8,
    ///     value: f32,
    /// }
    ///
    /// // A declaration from a manual, for which there is no header:
    /// let manual = Verifier::new(&[]).source("struct tagged { signed char tag; float value; };");
    /// manual.check::<Tagged>("struct tagged")?;
    /// # }
    /// # Ok::<(), pinvoke::verify::VerifyError>(())
    /// ```
    #[must_use]
    pub fn source(mut self, text: &str) -> Verifier {
        self.source.push_str(text);
        self.source.push('\n');
        self
    }

    /// With an option of the compiler: `-I...`, `-D...`.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use pinvoke::marshal::Marshal;
    /// use pinvoke::verify::Verifier;
    ///
    /// #[derive(Marshal)]
    /// struct Offset {
    ///     at: i64,
    /// }
    ///
    /// // With 64-bit offsets also where the machine has 32 bits.
    /// Verifier::new(&["sys/types.h"])
    ///     .option("-D_FILE_OFFSET_BITS=64")
    ///     .source("struct offset { off_t at; };")
    ///     .check::<Offset>("struct offset")?;
    /// # }
    /// # Ok::<(), pinvoke::verify::VerifyError>(())
    /// ```
    #[must_use]
    pub fn option(mut self, option: &str) -> Verifier {
        self.options.push(option.to_owned());
        self
    }

    /// With another name for a member in C; `a.b` is a member of a member.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use pinvoke::marshal::Marshal;
    /// use pinvoke::verify::Verifier;
    ///
    /// #[derive(Marshal)]
    /// struct Division {
    ///     quotient: i32,
    ///     remainder: i32,
    /// }
    ///
    /// Verifier::new(&["stdlib.h"])
    ///     .member("quotient", "quot")
    ///     .member("remainder", "rem")
    ///     .check::<Division>("div_t")?;
    /// # }
    /// # Ok::<(), pinvoke::verify::VerifyError>(())
    /// ```
    #[must_use]
    pub fn member(mut self, name: &str, in_c: &str) -> Verifier {
        self.names.push((name.to_owned(), in_c.to_owned()));
        self
    }

    /// Compares.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use pinvoke::marshal::Marshal;
    /// use pinvoke::verify::{Verifier, VerifyError};
    ///
    /// #[derive(Marshal)]
    /// struct Division {
    ///     rem: i32,
    ///     quot: i32,
    /// }
    ///
    /// // The members are in the wrong order:
    /// let error = Verifier::new(&["stdlib.h"]).check::<Division>("div_t").unwrap_err();
    /// assert!(matches!(&error, VerifyError::Different(differences) if differences.all().len() == 2));
    /// assert!(error.to_string().contains("rem: at 0 here, at 4 in C"));
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`against_c`].
    pub fn check<T: Structure>(&self, c_type: &str) -> Result<(), VerifyError> {
        let members: Vec<&Member> = T::MEMBERS.iter().filter(|m| !m.name.starts_with('_')).collect();
        let (whole, places) = self.ask(c_type, &members)?;
        let mut differences = Vec::new();
        if T::SIZE != whole.0 {
            differences.push(Difference::Size { here: T::SIZE, in_c: whole.0 });
        }
        if T::ALIGN != whole.1 {
            differences.push(Difference::Alignment { here: T::ALIGN, in_c: whole.1 });
        }
        for (member, place) in members.iter().zip(places) {
            let name = member.name;
            match place {
                None => differences.push(Difference::Missing { member: name }),
                Some((offset, size)) => {
                    if member.offset != offset {
                        differences.push(Difference::Offset {
                            member: name,
                            here: member.offset,
                            in_c: offset,
                        });
                    }
                    if member.size != size {
                        differences.push(Difference::MemberSize {
                            member: name,
                            here: member.size,
                            in_c: size,
                        });
                    }
                }
            }
        }
        if differences.is_empty() {
            return Ok(());
        }
        let full = core::any::type_name::<T>();
        let name = full.rsplit("::").next().unwrap_or(full).to_owned();
        let headers = self.headers.clone();
        Err(VerifyError::Different(Differences { name, c_type: c_type.to_owned(), headers, differences }))
    }

    /// Size and alignment of the type; offset and size of each member that there is.
    fn ask(&self, c_type: &str, members: &[&Member]) -> Result<(Pair, Vec<Option<Pair>>), VerifyError> {
        let all: Vec<String> = members.iter().map(|m| self.in_c(m.name)).collect();
        let pairs = match self.run(c_type, &all) {
            Ok(pairs) => pairs,
            // A member may be missing, or everything: what is there without the members?
            Err(VerifyError::Compiler { .. }) => {
                let mut pairs = self.run(c_type, &[])?;
                for name in &all {
                    pairs.extend(match self.run(c_type, core::slice::from_ref(name)) {
                        Ok(found) => found.get(1).copied(),
                        Err(VerifyError::Compiler { .. }) => Some(None),
                        Err(other) => return Err(other),
                    });
                }
                pairs
            }
            Err(other) => return Err(other),
        };
        match pairs.split_first() {
            Some((Some(whole), places)) if places.len() == members.len() => Ok((*whole, places.to_vec())),
            _ => Err(VerifyError::Program { output: format!("{pairs:?}") }),
        }
    }

    fn in_c(&self, member: &str) -> String {
        let renamed = self.names.iter().find(|(name, _)| name == member);
        renamed.map_or_else(|| member.to_owned(), |(_, in_c)| in_c.clone())
    }

    /// Compiles and runs a program that prints a pair of numbers for the type and for each member.
    fn run(&self, c_type: &str, members: &[String]) -> Result<Vec<Option<Pair>>, VerifyError> {
        use fmt::Write as _;
        let mut source = self.source.clone();
        source.push_str("#include <stddef.h>\n#include <stdio.h>\n");
        let _ = write!(source, "typedef {c_type} checked;\nint main(void) {{\n");
        let _ = writeln!(source, "printf(\"%zu %zu\\n\", sizeof(checked), _Alignof(checked));");
        for member in members {
            let _ = writeln!(
                source,
                "printf(\"%zu %zu\\n\", offsetof(checked, {member}), sizeof(((checked *)0)->{member}));"
            );
        }
        source.push_str("return 0;\n}\n");
        let scratch = Scratch::new().map_err(VerifyError::Io)?;
        let file = scratch.0.join("check.c");
        std::fs::write(&file, source).map_err(VerifyError::Io)?;
        let program = scratch.0.join("check");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let mut command = Command::new(&compiler);
        command.arg("-w").args(&self.options).arg(&file).arg("-o").arg(&program);
        let compiled = command.output().map_err(|cause| VerifyError::NoCompiler { compiler, cause })?;
        if !compiled.status.success() {
            return Err(VerifyError::Compiler { message: text(&compiled) });
        }
        let output = Command::new(&program).output().map_err(VerifyError::Io)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let pairs = printed.lines().map(|line| {
            let (first, second) = line.split_once(' ')?;
            Some((first.parse().ok()?, second.parse().ok()?))
        });
        Ok(pairs.collect())
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
}

type Pair = (usize, usize);

/// A directory that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Scratch> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pinvoke-verify-{}-{number}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is helped by a test that fails over what it leaves behind.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Why a structure is not one of C, or nobody knows.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use pinvoke::marshal::Marshal;
/// use pinvoke::verify::{VerifyError, against_c};
///
/// #[derive(Marshal)]
/// struct Division {
///     quot: i32,
/// }
///
/// assert!(matches!(against_c::<Division>("div_t", &["stdlib.h"]), Err(VerifyError::Different(_))));
/// assert!(matches!(
///     against_c::<Division>("no_such_type", &["stdlib.h"]),
///     Err(VerifyError::Compiler { .. })
/// ));
/// assert!(matches!(
///     against_c::<Division>("div_t", &["no/such/header.h"]),
///     Err(VerifyError::Compiler { .. })
/// ));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It is another one.
    #[error("{0}")]
    Different(Differences),
    /// The C compiler cannot be started.
    #[error("the C compiler `{compiler}` cannot be started; the environment variable CC names another one")]
    NoCompiler {
        /// What was tried.
        compiler: String,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
    /// The C compiler refuses the headers or the type.
    #[error("the C compiler says:\n{message}")]
    Compiler {
        /// Its words.
        message: String,
    },
    /// The program printed something else than numbers.
    #[error("the program that was to print the layout printed {output}")]
    Program {
        /// What was understood of it.
        output: String,
    },
    /// Files cannot be written or the program cannot be run.
    #[error("cannot compile and run a program in the directory for temporary files")]
    Io(#[source] std::io::Error),
}

/// Everything in which a structure differs from the one of C.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use pinvoke::marshal::Marshal;
/// use pinvoke::verify::{VerifyError, against_c};
///
/// #[derive(Marshal)]
/// struct Division {
///     quot: i32,
///     rest: i32,
/// }
///
/// let Err(VerifyError::Different(differences)) = against_c::<Division>("div_t", &["stdlib.h"]) else {
///     unreachable!("the second member is called rem")
/// };
/// assert_eq!(
///     differences.to_string(),
///     "`Division` is not `div_t` (stdlib.h):\n  rest: C has no such member"
/// );
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differences {
    name: String,
    c_type: String,
    headers: String,
    differences: Vec<Difference>,
}

impl Differences {
    /// Each one.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use pinvoke::marshal::Marshal;
    /// use pinvoke::verify::{Difference, VerifyError, against_c};
    ///
    /// #[derive(Marshal)]
    /// struct Division {
    ///     quot: i32,
    ///     rem: i16,
    /// }
    ///
    /// let Err(VerifyError::Different(differences)) = against_c::<Division>("div_t", &["stdlib.h"]) else {
    ///     unreachable!("the second member is an int")
    /// };
    /// // The size of the whole is the same, for the alignment's sake.
    /// assert_eq!(differences.all(), [Difference::MemberSize { member: "rem", here: 2, in_c: 4 }]);
    /// # }
    /// ```
    #[must_use]
    pub fn all(&self) -> &[Difference] {
        &self.differences
    }
}

/// One difference; sizes and offsets in bytes.
///
/// ```
/// use pinvoke::verify::Difference;
///
/// let difference = Difference::Offset { member: "st_mode", here: 8, in_c: 24 };
/// assert_eq!(difference.to_string(), "st_mode: at 8 here, at 24 in C");
/// let difference = Difference::Size { here: 80, in_c: 144 };
/// assert_eq!(difference.to_string(), "size: 80 bytes here, 144 in C");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant says what its numbers are")]
pub enum Difference {
    /// The size of the whole.
    Size { here: usize, in_c: usize },
    /// The alignment of the whole.
    Alignment { here: usize, in_c: usize },
    /// Where a member begins.
    Offset { member: &'static str, here: usize, in_c: usize },
    /// The size of a member.
    MemberSize { member: &'static str, here: usize, in_c: usize },
    /// C has no such member, or it is a bit-field.
    Missing { member: &'static str },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Size { here, in_c } => write!(f, "size: {here} bytes here, {in_c} in C"),
            Difference::Alignment { here, in_c } => write!(f, "alignment: {here} here, {in_c} in C"),
            Difference::Offset { member, here, in_c } => {
                write!(f, "{member}: at {here} here, at {in_c} in C")
            }
            Difference::MemberSize { member, here, in_c } => {
                write!(f, "{member}: {here} bytes here, {in_c} in C")
            }
            Difference::Missing { member } => write!(f, "{member}: C has no such member"),
        }
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not `{}` ({}):", self.name, self.c_type, self.headers)?;
        for difference in &self.differences {
            write!(f, "\n  {difference}")?;
        }
        Ok(())
    }
}
