//! Random layouts and signatures.

use pinvoke_abi::layout::{BitRange, Kind, Layout, LayoutError, StructBuilder};
use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::{Arch, Target};
use proptest::prelude::*;

/// Targets whose conventions are known.
pub(crate) fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        Just(Target::X86_64_LINUX),
        Just(Target::X86_64_MACOS),
        Just(Target::X86_64_WINDOWS),
        Just(Target::X86_64_WINDOWS_GNU),
        Just(Target::AARCH64_LINUX),
        Just(Target::AARCH64_MACOS),
        Just(Target::AARCH64_WINDOWS),
        Just(Target::X86_LINUX),
        Just(Target::X86_WINDOWS),
        Just(Target::X86_WINDOWS_GNU),
        Just(Target::RISCV64_LINUX),
    ]
}

fn scalar(t: Target) -> impl Strategy<Value = Layout> {
    let int = move |size, signed| Layout::int(t, size, signed);
    let x87 = match t.arch {
        Arch::X86_64 => Layout { size: 16, align: 16, kind: Kind::X87 },
        Arch::X86 | Arch::Aarch64 | Arch::Riscv64 => Layout::long_double(t),
    };
    // 32-bit compilers have no __int128.
    let sizes = if t.pointer_size() == 8 { 5 } else { 4 };
    // Those that the conventions pass that pass any.
    let vector = move |sixteen: bool, element: Layout| {
        let count = if sixteen { 16 } else { 8 } / element.size;
        if t.arch == Arch::X86 { element } else { Layout::vector(t, element, count).expect("a vector") }
    };
    prop_oneof![
        any::<(bool, bool)>().prop_map(move |(sixteen, float)| {
            vector(sixteen, if float { Layout::float(t, 4) } else { Layout::int(t, 2, false) })
        }),
        any::<(u8, bool)>().prop_map(move |(n, signed)| int(1 << (n % sizes), signed)),
        Just(Layout::bool()),
        Just(Layout::pointer(t)),
        (0..3u32).prop_map(move |n| Layout::float(t, 4 << n)),
        (0..3u32).prop_map(move |n| Layout::complex(&Layout::float(t, 4 << n))),
        Just(x87.clone()),
        Just(Layout::complex(&x87)),
    ]
}

#[derive(Clone, Debug)]
enum Member {
    Plain(Layout),
    Aligned(Layout, u32),
    Bits { size: u32, width: u32, named: bool },
    At(Layout, u64),
    BitsAt { size: u32, width: u32, offset: u64, start: u32 },
}

#[derive(Clone, Copy, Debug)]
enum Packing {
    Natural,
    Packed,
    Pack(u32),
}

fn member(inner: impl Strategy<Value = Layout> + Clone + 'static) -> impl Strategy<Value = Member> {
    prop_oneof![
        8 => inner.clone().prop_map(Member::Plain),
        1 => (inner.clone(), 0..6u32).prop_map(|(l, a)| Member::Aligned(l, a)),
        3 => (0..4u32, 0..9u32, any::<bool>())
            .prop_map(|(size, eighth, named)| Member::Bits { size, width: (eighth << size).max(eighth), named }),
        1 => (inner, 0..24u64).prop_map(|(l, o)| Member::At(l, o)),
        1 => (0..4u32, 1..9u32, 0..24u64, 0..8u32)
            .prop_map(|(size, width, offset, start)| Member::BitsAt { size, width, offset, start }),
    ]
}

fn build(
    t: Target,
    union: bool,
    packing: Packing,
    members: &[Member],
    align: Option<u32>,
) -> Result<Layout, LayoutError> {
    let mut b = if union { StructBuilder::new_union(t) } else { StructBuilder::new(t) };
    match packing {
        Packing::Natural => {}
        Packing::Packed => {
            b.packed(true);
        }
        Packing::Pack(n) => {
            b.pack(1 << n)?;
        }
    }
    let int = |size: u32| Layout::int(t, 1 << size, size.is_multiple_of(2));
    for member in members.iter().cloned() {
        match member {
            Member::Plain(l) => {
                b.field(l, None)?;
            }
            Member::Aligned(l, a) => {
                b.field(l, Some(1 << a))?;
            }
            Member::Bits { size, width, named } => {
                b.bit_field(int(size), width, named)?;
            }
            Member::At(l, offset) => {
                b.field_at(l, offset)?;
            }
            Member::BitsAt { size, width, offset, start } => {
                b.bit_field_at(int(size), offset, BitRange { start, width })?;
            }
        }
    }
    b.finish(align.map(|a| 1 << a))
}

/// Any layout at all, void and bare arrays excepted.
pub(crate) fn layout(t: Target) -> impl Strategy<Value = Layout> {
    scalar(t).boxed().prop_recursive(4, 24, 5, move |inner| {
        let packing = prop_oneof![
            6 => Just(Packing::Natural),
            1 => Just(Packing::Packed),
            1 => (0..4u32).prop_map(Packing::Pack),
        ];
        let with_arrays = prop_oneof![
            5 => inner.clone(),
            1 => (inner, 0..4u64).prop_map(|(l, n)| Layout::array(l, n).expect("a small array")),
        ];
        (
            any::<bool>(),
            packing,
            prop::collection::vec(member(with_arrays.boxed()), 0..5),
            prop::option::weighted(0.15, 0..6u32),
        )
            .prop_map(move |(union, packing, members, align)| {
                build(t, union, packing, &members, align).expect("members this small can be laid out")
            })
            .boxed()
    })
}

/// Any signature that can be planned.
pub(crate) fn signature() -> impl Strategy<Value = Signature> {
    target().prop_flat_map(|t| {
        let mut convs =
            vec![CallConv::C, CallConv::System, CallConv::Stdcall, CallConv::Fastcall, CallConv::Thiscall];
        if t.arch == Arch::X86_64 {
            convs.extend([CallConv::SysV64, CallConv::Win64]);
        }
        let conv = prop::sample::select(convs);
        let params = prop::collection::vec(layout(t), 0..12);
        let ret = prop_oneof![1 => Just(Layout::void()), 4 => layout(t)];
        (conv, params, ret, any::<Option<prop::sample::Index>>()).prop_map(
            move |(conv, params, ret, from)| {
                let variadic_from = from.map(|from| from.index(params.len() + 1));
                Signature { target: t, conv, params, ret, variadic_from }
            },
        )
    })
}
