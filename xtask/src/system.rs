//! What the tests need from the system: compilers that serve as oracles and real libraries to call.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A Debian package and a file that shows it is there, whoever put it there.
pub(crate) struct Need {
    pub(crate) package: &'static str,
    pub(crate) evidence: Evidence,
}

pub(crate) enum Evidence {
    Program(&'static str),
    Header(&'static str),
    /// By its file name.
    Library(&'static str),
    /// By its path.
    File(&'static str),
}

const NEEDS: &[Need] = &[
    Need { package: "gcc", evidence: Evidence::Program("gcc") },
    Need { package: "libc6-dev", evidence: Evidence::Header("sys/stat.h") },
    Need { package: "g++", evidence: Evidence::Program("g++") },
    Need { package: "clang", evidence: Evidence::Program("clang") },
    Need { package: "python3", evidence: Evidence::Program("python3") },
    Need { package: "pkg-config", evidence: Evidence::Program("pkg-config") },
    // Plans for other machines are compared with what compilers for them do, in an emulator.
    Need { package: "gcc-aarch64-linux-gnu", evidence: Evidence::Program("aarch64-linux-gnu-gcc") },
    Need { package: "libc6-dev-arm64-cross", evidence: Evidence::File("/usr/aarch64-linux-gnu/lib/libc.a") },
    Need { package: "gcc-riscv64-linux-gnu", evidence: Evidence::Program("riscv64-linux-gnu-gcc") },
    Need {
        package: "libc6-dev-riscv64-cross",
        evidence: Evidence::File("/usr/riscv64-linux-gnu/lib/libc.a"),
    },
    Need { package: "qemu-user", evidence: Evidence::Program("qemu-aarch64") },
    Need { package: "gcc-mingw-w64-i686-win32", evidence: Evidence::Program("i686-w64-mingw32-gcc") },
    // Not gcc-multilib, which excludes compilers for other machines.
    Need {
        package: "lib32gcc-12-dev",
        evidence: Evidence::File("/usr/lib/gcc/x86_64-linux-gnu/12/32/libgcc.a"),
    },
    Need { package: "libc6-dev-i386", evidence: Evidence::File("/usr/include/gnu/stubs-32.h") },
    Need { package: "zlib1g-dev", evidence: Evidence::Header("zlib.h") },
    Need { package: "libsqlite3-dev", evidence: Evidence::Header("sqlite3.h") },
    Need { package: "libglib2.0-0", evidence: Evidence::Library("libglib-2.0.so.0") },
    Need { package: "libcurl4", evidence: Evidence::Library("libcurl.so.4") },
];

impl Evidence {
    fn is_there(&self) -> bool {
        let quiet = |command: &mut Command| {
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|s| s.success())
        };
        match self {
            Evidence::Program(name) => quiet(Command::new(name).arg("--version")),
            Evidence::Library(name) => Command::new("/sbin/ldconfig")
                .arg("-p")
                .output()
                .is_ok_and(|o| String::from_utf8_lossy(&o.stdout).contains(name)),
            Evidence::File(path) => std::path::Path::new(path).exists(),
            Evidence::Header(name) => {
                quiet(Command::new("gcc").args(["-E", "-include", name, "-x", "c", "/dev/null"]))
            }
        }
    }
}

/// Installs what the tests on this machine need, with apt-get.
pub(crate) fn install_missing() -> Result<()> {
    install(NEEDS)
}

/// Installs the packages that are missing, with apt-get.
pub(crate) fn install(needs: &[Need]) -> Result<()> {
    let missing = || needs.iter().filter(|n| !n.evidence.is_there()).map(|n| n.package).collect::<Vec<_>>();
    let packages = missing();
    if packages.is_empty() {
        return Ok(());
    }
    println!("installing {}", packages.join(" "));
    let apt = |args: &[&str]| -> Result<bool> {
        Ok(Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "-o", "DPkg::Lock::Timeout=600"])
            .args(args)
            .stdin(Stdio::null())
            .status()
            .with_context(|| {
                format!(
                    "the tests need {}; apt-get, which would install them, did not start",
                    packages.join(", ")
                )
            })?
            .success())
    };
    let install = [&["install", "-y", "--no-install-recommends"], packages.as_slice()].concat();
    if !apt(&install)? {
        // A new machine has no package lists, or old ones.
        apt(&["update"])?;
        apt(&install)?;
    }
    let still = missing();
    if !still.is_empty() {
        bail!("the tests need these packages, install them and run again: {}", still.join(", "));
    }
    Ok(())
}
