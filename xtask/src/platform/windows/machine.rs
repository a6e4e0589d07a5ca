//! The two widths of Windows, as far as they are built and run differently.

use crate::system::{Evidence, Need};

/// What builds for one of them, and what is there to run it.
pub(super) struct Machine {
    /// As in headings.
    pub(super) name: &'static str,
    pub(super) target: &'static str,
    /// The C compiler, which also links.
    pub(super) cc: &'static str,
    pub(super) cpp: &'static str,
    pub(super) dlltool: &'static str,
    /// The C compiler for the other width: its libraries are to be refused.
    pub(super) other_cc: &'static str,
    /// The folder of its Wine, below that of the platforms.
    pub(super) folder: &'static str,
    pub(super) needs: &'static [Need],
    pub(super) wine: Wine,
}

impl Machine {
    pub(super) fn is_x86(&self) -> bool {
        self.target.starts_with("i686")
    }
}

/// Where its Wine comes from.
#[derive(Clone, Copy)]
pub(super) enum Wine {
    /// From a package, here.
    Installed { wine: &'static str, server: &'static str },
    /// From packages of another architecture, unpacked below the target folder.
    Unpacked,
}

const CC_64: &str = "x86_64-w64-mingw32-gcc-win32";
const CPP_64: &str = "x86_64-w64-mingw32-g++-win32";
const CC_32: &str = "i686-w64-mingw32-gcc-win32";
const CPP_32: &str = "i686-w64-mingw32-g++-win32";
const WINE_64: &str = "/usr/lib/wine/wine64";
const SERVER_64: &str = "/usr/lib/wine/wineserver64";

const COMPILER_64: Need = Need { package: "gcc-mingw-w64-x86-64-win32", evidence: Evidence::Program(CC_64) };
const COMPILER_32: Need = Need { package: "gcc-mingw-w64-i686-win32", evidence: Evidence::Program(CC_32) };
const FONTS: Need = Need {
    package: "fonts-dejavu-core",
    evidence: Evidence::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
};

const CLANG: Need = Need { package: "clang", evidence: Evidence::Program("clang") };

/// Windows on x86-64.
pub(super) const X64: Machine = Machine {
    name: "Windows x86-64 (Wine)",
    target: "x86_64-pc-windows-gnu",
    cc: CC_64,
    cpp: CPP_64,
    dlltool: "x86_64-w64-mingw32-dlltool",
    other_cc: CC_32,
    folder: "windows",
    needs: &[
        COMPILER_64,
        COMPILER_32,
        Need { package: "g++-mingw-w64-x86-64-win32", evidence: Evidence::Program(CPP_64) },
        Need { package: "wine64", evidence: Evidence::File(WINE_64) },
        CLANG,
        FONTS,
    ],
    wine: Wine::Installed { wine: WINE_64, server: SERVER_64 },
};

/// Windows on 32-bit x86.
pub(super) const X86: Machine = Machine {
    name: "Windows x86 (Wine)",
    target: "i686-pc-windows-gnu",
    cc: CC_32,
    cpp: CPP_32,
    dlltool: "i686-w64-mingw32-dlltool",
    other_cc: CC_64,
    folder: "windows-x86",
    needs: &[
        COMPILER_32,
        COMPILER_64,
        Need { package: "g++-mingw-w64-i686-win32", evidence: Evidence::Program(CPP_32) },
        Need { package: "libc6-i386", evidence: Evidence::File("/lib32/libc.so.6") },
        CLANG,
        FONTS,
    ],
    wine: Wine::Unpacked,
};
