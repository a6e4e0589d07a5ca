//! Machines and operating systems as far as calling conventions and layouts care.

use core::fmt;

/// Processor architecture.
///
/// ```
/// use pinvoke_abi::target::{Arch, Os, Target};
///
/// let riscv = Target { arch: Arch::Riscv64, os: Os::Linux };
/// assert_eq!(riscv, Target::RISCV64_LINUX);
/// assert_eq!(Target::HOST.arch == Arch::X86, cfg!(target_arch = "x86"));
/// ```
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
///
/// ```
/// use pinvoke_abi::target::{Arch, Os, Target};
///
/// // The two compilers of Windows do not agree on everything.
/// let size = |os| pinvoke_abi::layout::Layout::long_double(Target { arch: Arch::X86_64, os }).size;
/// assert_eq!((size(Os::WindowsMsvc), size(Os::WindowsGnu)), (8, 16));
/// ```
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
    ///
    /// ```
    /// use pinvoke_abi::target::Os;
    ///
    /// assert!(Os::WindowsGnu.is_windows() && Os::WindowsMsvc.is_windows());
    /// assert!(!Os::MacOs.is_windows());
    /// ```
    #[must_use]
    pub const fn is_windows(self) -> bool {
        matches!(self, Os::WindowsMsvc | Os::WindowsGnu)
    }
}

/// How `long double` is represented.
///
/// ```
/// use pinvoke_abi::target::{LongDouble, Target};
///
/// assert_eq!(Target::X86_LINUX.long_double(), LongDouble::X87 { size: 12, align: 4 });
/// assert_eq!(Target::AARCH64_LINUX.long_double(), LongDouble::Binary128);
/// assert_eq!(Target::AARCH64_MACOS.long_double(), LongDouble::Double);
/// ```
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
///
/// ```
/// use pinvoke_abi::layout::Layout;
/// use pinvoke_abi::target::{BitFieldRule, Target};
///
/// // struct { char kind : 4; int value : 4; };
/// let size = |target| Layout::parse(target, "{i8:4,i32:4}").map(|layout| layout.size);
/// assert_eq!(Target::X86_64_LINUX.bit_fields(), BitFieldRule::SystemV);
/// assert_eq!(size(Target::X86_64_LINUX)?, 4); // both in one byte
/// assert_eq!(Target::X86_64_WINDOWS.bit_fields(), BitFieldRule::Microsoft);
/// assert_eq!(size(Target::X86_64_WINDOWS)?, 8); // a unit for each type
/// # Ok::<(), pinvoke_abi::signature::NotationError>(())
/// ```
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
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    ///
    /// assert_eq!(Target::X86_LINUX.pointer_size(), 4);
    /// assert_eq!(Target::HOST.pointer_size(), size_of::<*const u8>() as u64);
    /// ```
    #[must_use]
    pub const fn pointer_size(self) -> u64 {
        match self.arch {
            Arch::X86 => 4,
            Arch::X86_64 | Arch::Aarch64 | Arch::Riscv64 => 8,
        }
    }

    /// Size of C `long`, in bytes.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    ///
    /// assert_eq!((Target::X86_64_LINUX.long_size(), Target::X86_64_WINDOWS.long_size()), (8, 4));
    /// assert_eq!(Target::HOST.long_size(), size_of::<std::ffi::c_long>() as u64);
    /// ```
    #[must_use]
    pub const fn long_size(self) -> u64 {
        if self.os.is_windows() { 4 } else { self.pointer_size() }
    }

    /// Size of `wchar_t`, in bytes: 2 on Windows, 4 elsewhere.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    ///
    /// assert_eq!((Target::AARCH64_LINUX.wchar_size(), Target::AARCH64_WINDOWS.wchar_size()), (4, 2));
    /// ```
    #[must_use]
    pub const fn wchar_size(self) -> u64 {
        if self.os.is_windows() { 2 } else { 4 }
    }

    /// Whether `wchar_t` is signed.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    ///
    /// assert!(Target::X86_64_LINUX.wchar_signed() && Target::AARCH64_MACOS.wchar_signed());
    /// assert!(!Target::AARCH64_LINUX.wchar_signed());
    /// ```
    #[must_use]
    pub const fn wchar_signed(self) -> bool {
        // AAPCS64 7.1.1 makes wchar_t unsigned int; Apple keeps it signed.
        !self.os.is_windows() && !matches!((self.arch, self.os), (Arch::Aarch64, Os::Linux))
    }

    /// Whether plain `char` is signed.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    ///
    /// // The reason why `char c = 200; if (c < 0)` differs from machine to machine.
    /// assert!(Target::X86_64_LINUX.char_signed() && Target::AARCH64_MACOS.char_signed());
    /// assert!(!Target::AARCH64_LINUX.char_signed());
    /// ```
    #[must_use]
    pub const fn char_signed(self) -> bool {
        match self.arch {
            Arch::X86 | Arch::X86_64 => true,
            Arch::Aarch64 => !matches!(self.os, Os::Linux),
            Arch::Riscv64 => false,
        }
    }

    /// Alignment of a fundamental integer or float of `size` bytes inside a structure.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    ///
    /// // struct { int a; double b; } has 12 bytes on 32-bit Linux and 16 on 32-bit Windows.
    /// assert_eq!((Target::X86_LINUX.scalar_align(8), Target::X86_WINDOWS.scalar_align(8)), (4, 8));
    /// ```
    #[must_use]
    pub const fn scalar_align(self, size: u64) -> u64 {
        // The i386 psABI aligns 8-byte scalars to 4 inside structures.
        if matches!((self.arch, self.os), (Arch::X86, Os::Linux)) && size == 8 { 4 } else { size }
    }

    /// Alignment of a vector of `size` bytes.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    ///
    /// assert_eq!(Target::X86_LINUX.vector_align(8), 8);
    /// assert_eq!((Target::X86_64_LINUX.vector_align(32), Target::AARCH64_LINUX.vector_align(32)), (32, 16));
    /// ```
    #[must_use]
    pub const fn vector_align(self, size: u64) -> u64 {
        match self.arch {
            // Compilers make larger ones of several registers of 16 bytes.
            Arch::Aarch64 if size > 16 => 16,
            Arch::X86_64 | Arch::X86 | Arch::Aarch64 | Arch::Riscv64 => size,
        }
    }

    /// How `long double` is represented.
    ///
    /// ```
    /// use pinvoke_abi::target::{LongDouble, Target};
    ///
    /// assert_eq!(Target::X86_64_LINUX.long_double(), LongDouble::X87 { size: 16, align: 16 });
    /// assert_eq!(Target::X86_64_WINDOWS.long_double(), LongDouble::Double);
    /// ```
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
    ///
    /// ```
    /// use pinvoke_abi::target::{BitFieldRule, Target};
    ///
    /// // MinGW follows Microsoft too, unless a structure says otherwise.
    /// assert_eq!(Target::X86_64_WINDOWS_GNU.bit_fields(), BitFieldRule::Microsoft);
    /// assert_eq!(Target::X86_64_MACOS.bit_fields(), BitFieldRule::SystemV);
    /// ```
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
