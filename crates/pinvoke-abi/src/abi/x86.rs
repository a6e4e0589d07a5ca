//! 32-bit x86: cdecl, stdcall, fastcall and thiscall, of gcc, MSVC and MinGW.
//!
//! Specifications: *System V Application Binary Interface, Intel386 Architecture Processor
//! Supplement*, section 2.2 (version 1.1 of the psABI), for [`Compiler::Gcc`]; *Argument Passing and
//! Naming Conventions* and *Return values*, Microsoft Learn, for [`Compiler::Msvc`]. All arguments lie on
//! the stack, 4 bytes or a multiple of that each, the leftmost at the lowest address. What differs:
//!
//! | | takes registers | who removes the arguments |
//! |---|---|---|
//! | cdecl | none | the caller |
//! | stdcall | none | the callee |
//! | fastcall | `ecx`, `edx`: the first two integers and pointers of up to 4 bytes | the callee |
//! | thiscall | `ecx`: the first of those | the callee |
//!
//! Integers return in `eax` or `edx:eax`, floating point numbers in `st(0)`, large results in memory
//! whose address is passed in front of the first argument and comes back in `eax`. *Which* results are
//! large is where compilers differ:
//!
//! * gcc on Linux returns every structure in memory, and lets the callee remove the address
//!   (`ret 4`) even under cdecl.
//! * MSVC returns structures of 1, 2, 4 and 8 bytes in registers, as integers. Under thiscall the
//!   address of memory lies on the stack, not in `ecx`.
//! * MinGW returns those too, but a structure of one `float`, `double` or `long double` in `st(0)`, and in memory
//!   one that contains a structure or an array of another size than these, such as `char[3]`.
//!
//! `_Complex float` returns in `edx:eax` everywhere. A `__float128`, and a structure that contains an
//! aligned one, is the only thing that is aligned on the stack.
//!
//! Under fastcall, gcc and clang 14 let 8-byte integers and (most) structures use up registers in which
//! they do not travel; Microsoft's text does not, and libraries to be called on Windows are by its
//! compiler. Under thiscall on Linux, clang puts the address of memory on the stack; gcc is followed.
//! What MSVC passes by reference because `__declspec(align)` aligns it cannot be told here.
//!
//! Worked example, MSVC fastcall, `f(long long a, int b, int c, int d)`: `a` at `[esp+0]`, `b` in `ecx`,
//! `c` in `edx`, `d` at `[esp+8]`, and the callee ends with `ret 12`.

use crate::layout::walk::{self, Malformed};
use crate::layout::{Kind, Layout};
use crate::plan::{Compiler, Extend, X86Conv};
use crate::reg::{Bank, Gpr, Reg};

use super::descriptor::{
    AbiDescriptor, Cleanup, Exhausted, IndirectReturn, Narrow, Pairs, Slots, StackArgs, Variadic,
};
use super::{Class, Part, Parts};

const EAX: Reg = Reg::Int32(Gpr::Rax);
const ECX: Reg = Reg::Int32(Gpr::Rcx);
const EDX: Reg = Reg::Int32(Gpr::Rdx);

/// cdecl as gcc has it on Linux.
const GCC: AbiDescriptor = AbiDescriptor {
    int_args: &[],
    vec_args: &[],
    int_rets: &[EAX, EDX],
    vec_rets: &[],
    x87_rets: &[Reg::X87(0)],
    word: 4,
    slots: Slots::PerBank,
    exhausted: Exhausted::StaysOpen,
    pairs: Pairs::Any,
    stack: StackArgs::Words,
    narrow: Narrow::WriterWidens,
    indirect_return: IndirectReturn::FirstArgument { returned: Some(EAX) },
    variadic: Variadic::Alike,
    cleanup: Cleanup::CallerButAddress,
    shadow: 0,
    stack_align: 16,
    reference_align: 4,
    classify,
    classify_result: result_gcc,
};

/// cdecl as MSVC has it.
const MSVC: AbiDescriptor =
    AbiDescriptor { cleanup: Cleanup::Caller, stack_align: 4, classify_result: result_msvc, ..GCC };

/// cdecl as MinGW has it.
const MINGW: AbiDescriptor = AbiDescriptor { classify_result: result_mingw, ..MSVC };

const fn stdcall(base: AbiDescriptor) -> AbiDescriptor {
    AbiDescriptor { cleanup: Cleanup::Callee, ..base }
}

const fn fastcall(base: AbiDescriptor) -> AbiDescriptor {
    AbiDescriptor { int_args: &[ECX, EDX], ..stdcall(base) }
}

const fn thiscall(base: AbiDescriptor) -> AbiDescriptor {
    AbiDescriptor { int_args: &[ECX], ..stdcall(base) }
}

pub(crate) const fn descriptor(conv: X86Conv, compiler: Compiler) -> &'static AbiDescriptor {
    const MSVC_THISCALL: AbiDescriptor =
        AbiDescriptor { indirect_return: IndirectReturn::FirstOnStack { returned: EAX }, ..thiscall(MSVC) };
    match (compiler, conv) {
        (Compiler::Gcc, X86Conv::Cdecl) => &GCC,
        (Compiler::Gcc, X86Conv::Stdcall) => &const { stdcall(GCC) },
        (Compiler::Gcc, X86Conv::Fastcall) => &const { fastcall(GCC) },
        (Compiler::Gcc, X86Conv::Thiscall) => &const { thiscall(GCC) },
        (Compiler::Msvc, X86Conv::Cdecl) => &MSVC,
        (Compiler::Msvc, X86Conv::Stdcall) => &const { stdcall(MSVC) },
        (Compiler::Msvc, X86Conv::Fastcall) => &const { fastcall(MSVC) },
        (Compiler::Msvc, X86Conv::Thiscall) => &MSVC_THISCALL,
        (Compiler::MinGw, X86Conv::Cdecl) => &MINGW,
        (Compiler::MinGw, X86Conv::Stdcall) => &const { stdcall(MINGW) },
        (Compiler::MinGw, X86Conv::Fastcall) => &const { fastcall(MINGW) },
        (Compiler::MinGw, X86Conv::Thiscall) => &const { thiscall(MINGW) },
    }
}

/// What could travel in a register, if the convention has any.
fn classify(layout: &Layout) -> Result<Class, Malformed> {
    walk::check_scalar(layout)?;
    let extend = match layout.kind {
        // 32-bit compilers have no such type.
        Kind::Int { .. } if layout.size == 16 => return Err(Malformed::Foreign),
        _ if contains_vector(layout) => return Err(VECTOR),
        Kind::Bool => Extend::Zero,
        Kind::Int { signed } if layout.size < 4 => Extend::of(signed),
        _ => Extend::None,
    };
    Ok(match layout.kind {
        Kind::Int { .. } | Kind::Bool | Kind::Pointer => match layout.size {
            1 => Class::Parts(Parts::one(Bank::Int, 0, 1).extended(extend)),
            2 => Class::Parts(Parts::one(Bank::Int, 0, 2).extended(extend)),
            4 => Class::Parts(Parts::one(Bank::Int, 0, 4)),
            _ => Class::Memory,
        },
        _ if layout.size == 0 => Class::Ignore,
        _ => Class::Memory,
    })
}

const VECTOR: Malformed =
    Malformed::Vector("that compilers for 32-bit x86 pass by the instruction set they may use");

fn contains_vector(layout: &Layout) -> bool {
    let mut found = false;
    let walked =
        walk::scalars(layout, &mut |scalar| found |= matches!(scalar.layout.kind, Kind::Vector { .. }));
    found && walked.is_ok()
}

fn result_gcc(layout: &Layout) -> Result<Class, Malformed> {
    match layout.kind {
        _ if contains_vector(layout) => Err(VECTOR),
        Kind::Int { .. } if layout.size == 8 => Ok(pair()),
        Kind::Complex { x87: false } if layout.size == 8 => Ok(pair()),
        Kind::Float if layout.size <= 8 => Ok(float(layout)),
        Kind::X87 => Ok(Class::Parts(Parts::one(Bank::X87, 0, 10))),
        // Even of one without bytes the address is passed.
        Kind::Struct { .. } | Kind::Union { .. } => Ok(Class::Memory),
        _ => classify(layout),
    }
}

fn result_msvc(layout: &Layout) -> Result<Class, Malformed> {
    match layout.kind {
        _ if contains_vector(layout) => Err(VECTOR),
        Kind::Struct { .. } | Kind::Union { .. } => Ok(match layout.size {
            1 => Class::Parts(Parts::one(Bank::Int, 0, 1)),
            2 => Class::Parts(Parts::one(Bank::Int, 0, 2)),
            4 => Class::Parts(Parts::one(Bank::Int, 0, 4)),
            8 => pair(),
            _ => Class::Memory,
        }),
        _ => result_gcc(layout),
    }
}

fn result_mingw(layout: &Layout) -> Result<Class, Malformed> {
    match only_scalar(layout) {
        Some(Layout { kind: Kind::X87, .. }) => Ok(Class::Parts(Parts::one(Bank::X87, 0, 10))),
        Some(Layout { kind: Kind::Float, size: 4 | 8, .. }) => Ok(float(layout)),
        _ if layout.is_aggregate() && !fits_register_throughout(layout) => Ok(Class::Memory),
        _ => result_msvc(layout),
    }
}

/// Whether a value and everything in it that has bytes is as large as an integer.
fn fits_register_throughout(layout: &Layout) -> bool {
    let fits = |inner: &Layout| inner.size == 0 || fits_register_throughout(inner);
    matches!(layout.size, 1 | 2 | 4 | 8)
        && match &layout.kind {
            Kind::Array { element, .. } => fits(element),
            Kind::Struct { fields } | Kind::Union { fields } => fields.iter().all(|f| fits(&f.layout)),
            _ => true,
        }
}

/// What a structure holds if it is one number of the same size and nothing else.
fn only_scalar(layout: &Layout) -> Option<&Layout> {
    let mut inner = layout;
    // A nesting that ends: every step goes inwards.
    loop {
        inner = match &inner.kind {
            Kind::Array { element, count: 1 } => element,
            Kind::Struct { fields } => {
                let mut fields = fields.iter().filter(|field| field.layout.size > 0);
                match (fields.next(), fields.next()) {
                    (Some(only), None) if only.bits.is_none() => &only.layout,
                    _ => return None,
                }
            }
            _ => return (inner.size == layout.size).then_some(inner),
        };
    }
}

fn pair() -> Class {
    Class::Parts(Parts::two(Part::new(Bank::Int, 0, 4), Part::new(Bank::Int, 4, 4)))
}

/// A `float` or `double` in `st(0)`: 4 or 8 bytes as they are in memory, whatever the register holds.
fn float(layout: &Layout) -> Class {
    Class::Parts(Parts::one(Bank::X87, 0, if layout.size == 4 { 4 } else { 8 }))
}
