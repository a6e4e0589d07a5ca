//! Runs every example of the workspace: an example that fails is a failed test.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Longer than any example should take, shorter than a patience.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs all examples on this machine, where the tests have built them.
pub(crate) fn run_all() -> Result<()> {
    Examples { target: None, runner: None, with: &|_| {}, left_out: &[] }.run_all()
}

/// Examples that have been built.
pub(crate) struct Examples<'a> {
    /// For which target, if not for this machine.
    pub(crate) target: Option<&'a str>,
    /// What starts a program, where the kernel cannot.
    pub(crate) runner: Option<&'a Path>,
    /// Sets the environment of a program.
    pub(crate) with: &'a dyn Fn(&mut Command),
    /// Examples that are left out, and why.
    pub(crate) left_out: &'a [(&'a str, &'a [&'a str])],
}

impl Examples<'_> {
    /// Runs all examples one by one without input.
    pub(crate) fn run_all(&self) -> Result<()> {
        println!("== examples{}", self.target.map(|target| format!(" for {target}")).unwrap_or_default());
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let target = Path::new(&target).join(self.target.unwrap_or_default());
        let mut count = 0;
        for package in std::fs::read_dir("crates")? {
            let folder = package?.path().join("examples");
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries {
                let path = entry?.path();
                // `name.rs`, or `name/main.rs` with what belongs to it.
                if path.extension().is_some_and(|e| e == "rs") || path.join("main.rs").exists() {
                    let name = path.file_stem().context("a file has a name")?.to_string_lossy();
                    let built = target.join("debug/examples");
                    let why = self.left_out.iter().find(|(_, names)| names.contains(&&*name));
                    if let Some((reason, _)) = why {
                        println!("-- {name} is left out, since {reason}");
                        continue;
                    }
                    if built.join(format!("lib{name}.so")).exists() {
                        println!("-- {name} is a library: a test loads it");
                        continue;
                    }
                    self.run_one(&built.join(&*name))?;
                    count += 1;
                }
            }
        }
        println!("== examples: {count} ran");
        Ok(())
    }

    fn run_one(&self, program: &Path) -> Result<()> {
        println!("-- {}", program.display());
        let mut command = match self.runner {
            Some(runner) => Command::new(runner),
            None => Command::new(program),
        };
        if self.runner.is_some() {
            command.arg(program);
        }
        (self.with)(&mut command);
        let mut child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                if status.success() {
                    return Ok(());
                }
                bail!("{} ended with {status}", program.display());
            }
            if start.elapsed() > LIMIT {
                child.kill()?;
                bail!("{} did not end within {} s", program.display(), LIMIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
