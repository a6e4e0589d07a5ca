//! Machines and operating systems as far as calling conventions and layouts care.

use core::fmt;

/// Processor architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arch {
    /// x86-64, also called AMD64.
    X86_64,
    /// 32-bit x86.
    X86,
    /// 64-bit Arm.
    Aarch64,
    /// 64-bit RISC-V with the D extension.
    Riscv64,
}

/// Operating system family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Os {
    /// Linux with glibc or musl.
    Linux,
    /// macOS.
    MacOs,
    /// Windows, compiled by MSVC or compatible.
    WindowsMsvc,
    /// Windows, compiled by MinGW.
    WindowsGnu,
}

impl Os {
    /// Whether this is Windows, whatever the compiler.
    #[must_use]
    pub const fn is_windows(self) -> bool {
        matches!(self, Os::WindowsMsvc | Os::WindowsGnu)
    }
}

/// How `long double` is represented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LongDouble {
    /// The same as `double`.
    Double,
    /// x87 extended precision in `size` bytes aligned to `align`.
    X87 {
        /// Storage size in bytes: 12 or 16, of which 10 carry the value.
        size: u64,
        /// Alignment in bytes.
        align: u64,
    },
    /// IEEE binary128.
    Binary128,
}

/// How a compiler packs bit-fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BitFieldRule {
    /// System V and Itanium C++ ABI: a field may share bytes with its neighbours of any type as
    /// long as it does not cross a boundary of its own declared type.
    SystemV,
    /// Microsoft: a run of bit-fields shares a unit only while the declared size stays the same.
    Microsoft,
}

/// A machine to compute layouts and plans for.
///
/// ```
/// use pinvoke_abi::target::Target;
/// assert_eq!(Target::X86_64_LINUX.long_size(), 8);
/// assert_eq!(Target::X86_64_WINDOWS.long_size(), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Processor architecture.
    pub arch: Arch,
    /// Operating system family.
    pub os: Os,
}

impl Target {
    /// Linux on x86-64.
    pub const X86_64_LINUX: Target = Target { arch: Arch::X86_64, os: Os::Linux };
    /// macOS on x86-64.
    pub const X86_64_MACOS: Target = Target { arch: Arch::X86_64, os: Os::MacOs };
    /// Windows on x86-64 as Microsoft's compiler sees it.
    pub const X86_64_WINDOWS: Target = Target { arch: Arch::X86_64, os: Os::WindowsMsvc };
    /// Windows on x86-64 as MinGW sees it.
    pub const X86_64_WINDOWS_GNU: Target = Target { arch: Arch::X86_64, os: Os::WindowsGnu };
    /// Linux on 32-bit x86.
    pub const X86_LINUX: Target = Target { arch: Arch::X86, os: Os::Linux };
    /// Windows on 32-bit x86.
    pub const X86_WINDOWS: Target = Target { arch: Arch::X86, os: Os::WindowsMsvc };
    /// Linux on 64-bit Arm.
    pub const AARCH64_LINUX: Target = Target { arch: Arch::Aarch64, os: Os::Linux };
    /// macOS on 64-bit Arm.
    pub const AARCH64_MACOS: Target = Target { arch: Arch::Aarch64, os: Os::MacOs };
    /// Windows on 64-bit Arm.
    pub const AARCH64_WINDOWS: Target = Target { arch: Arch::Aarch64, os: Os::WindowsMsvc };
    /// Windows on 32-bit x86 as MinGW sees it.
    pub const X86_WINDOWS_GNU: Target = Target { arch: Arch::X86, os: Os::WindowsGnu };
    /// Linux on 64-bit RISC-V.
    pub const RISCV64_LINUX: Target = Target { arch: Arch::Riscv64, os: Os::Linux };

    /// The machine this crate was compiled for.
    pub const HOST: Target = Target {
        arch: if cfg!(target_arch = "x86_64") {
            Arch::X86_64
        } else if cfg!(target_arch = "x86") {
            Arch::X86
        } else if cfg!(target_arch = "aarch64") {
            Arch::Aarch64
        } else {
            Arch::Riscv64
        },
        os: if cfg!(all(windows, target_env = "msvc")) {
            Os::WindowsMsvc
        } else if cfg!(windows) {
            Os::WindowsGnu
        } else if cfg!(target_vendor = "apple") {
            Os::MacOs
        } else {
            Os::Linux
        },
    };

    /// Size and alignment of a data pointer, in bytes.
    #[must_use]
    pub const fn pointer_size(self) -> u64 {
        match self.arch {
            Arch::X86 => 4,
            Arch::X86_64 | Arch::Aarch64 | Arch::Riscv64 => 8,
        }
    }

    /// Size of C `long`, in bytes.
    #[must_use]
    pub const fn long_size(self) -> u64 {
        if self.os.is_windows() { 4 } else { self.pointer_size() }
    }

    /// Size of `wchar_t`, in bytes: 2 on Windows, 4 elsewhere.
    #[must_use]
    pub const fn wchar_size(self) -> u64 {
        if self.os.is_windows() { 2 } else { 4 }
    }

    /// Whether `wchar_t` is signed.
    #[must_use]
    pub const fn wchar_signed(self) -> bool {
        // AAPCS64 7.1.1 makes wchar_t unsigned int; Apple keeps it signed.
        !self.os.is_windows() && !matches!((self.arch, self.os), (Arch::Aarch64, Os::Linux))
    }

    /// Whether plain `char` is signed.
    #[must_use]
    pub const fn char_signed(self) -> bool {
        match self.arch {
            Arch::X86 | Arch::X86_64 => true,
            Arch::Aarch64 => !matches!(self.os, Os::Linux),
            Arch::Riscv64 => false,
        }
    }

    /// Alignment of a fundamental integer or float of `size` bytes inside a structure.
    #[must_use]
    pub const fn scalar_align(self, size: u64) -> u64 {
        // The i386 psABI aligns 8-byte scalars to 4 inside structures.
        if matches!((self.arch, self.os), (Arch::X86, Os::Linux)) && size == 8 { 4 } else { size }
    }

    /// How `long double` is represented.
    #[must_use]
    pub const fn long_double(self) -> LongDouble {
        match (self.arch, self.os) {
            (_, Os::WindowsMsvc) | (Arch::Aarch64, Os::MacOs | Os::WindowsGnu) => LongDouble::Double,
            (Arch::X86_64, _) | (Arch::X86, Os::MacOs) => LongDouble::X87 { size: 16, align: 16 },
            (Arch::X86, _) => LongDouble::X87 { size: 12, align: 4 },
            (Arch::Aarch64 | Arch::Riscv64, _) => LongDouble::Binary128,
        }
    }

    /// How bit-fields are packed.
    #[must_use]
    pub const fn bit_fields(self) -> BitFieldRule {
        if self.os.is_windows() { BitFieldRule::Microsoft } else { BitFieldRule::SystemV }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arch = match self.arch {
            Arch::X86_64 => "x86_64",
            Arch::X86 => "x86",
            Arch::Aarch64 => "aarch64",
            Arch::Riscv64 => "riscv64",
        };
        let os = match self.os {
            Os::Linux => "linux",
            Os::MacOs => "macos",
            Os::WindowsMsvc => "windows-msvc",
            Os::WindowsGnu => "windows-gnu",
        };
        write!(f, "{arch}-{os}")
    }
}
