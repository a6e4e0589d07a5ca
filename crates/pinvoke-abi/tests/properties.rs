//! What holds for every signature.

mod common;

use pinvoke_abi::layout::Layout;
use pinvoke_abi::plan::{Abi, ArgPlan, CallPlan, Location, PlanError, RetPlan};
use pinvoke_abi::signature::Signature;
use pinvoke_abi::target::Target;
use proptest::prelude::*;

/// How many there are of each; an emulator is told to be content with fewer, as proptest is told everywhere.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(2000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn notation_reads_back_as_the_same_layout((t, layout) in common::target().prop_flat_map(|t| (Just(t), common::layout(t)))) {
        let text = layout.notation(t).to_string();
        let read = Layout::parse(t, &text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
        // Not by Debug, which is the notation itself.
        prop_assert!(read == layout, "{text} reads back as {} of {} bytes", read.notation(t), read.size);
    }

    #[test]
    fn notation_reads_back_as_the_same_signature(signature in common::signature()) {
        let text = signature.to_string();
        let read = Signature::parse(signature.target, &text);
        prop_assert!(read == Ok(signature), "{text}");
    }

    /// Planning verifies; this sees that it never objects, and checks what it cannot see itself.
    #[test]
    fn every_signature_has_a_plan(signature in common::signature()) {
        let plan = CallPlan::new(&signature);
        if let Err(PlanError::Vector { .. }) = plan {
            // The one kind of call in which those generated here are refused.
            prop_assert!(signature.target == Target::AARCH64_WINDOWS && signature.variadic_from.is_some());
            return Ok(());
        }
        let plan = plan.map_err(|e| TestCaseError::fail(format!("{signature}: {e}")))?;
        let windows_x86 = signature.target.pointer_size() == 4 && signature.target.os.is_windows();
        prop_assert_eq!(plan.stack() % if windows_x86 { 4 } else { 16 }, 0);
        prop_assert!(plan.popped() <= plan.stack());
        // On RISC-V, and among Microsoft's variable arguments on AArch64, a value may lie half in a register.
        let splits = match plan.abi() {
            Abi::WindowsArm64 => signature.variadic_from.is_some(),
            abi => abi == Abi::RiscvLp64d,
        };
        prop_assert_eq!(plan.args().len(), signature.params.len());
        for (arg, layout) in plan.args().iter().zip(&signature.params) {
            if let ArgPlan::Direct(pieces) = arg {
                for piece in pieces {
                    if let Location::Stack(offset) = piece.at {
                        prop_assert!(offset + piece.width <= plan.stack());
                        prop_assert!(
                            splits || u64::from(piece.width) == layout.size,
                            "on the stack a value is whole"
                        );
                    }
                }
            }
        }
        if let RetPlan::Direct(pieces) = plan.ret() {
            prop_assert!(pieces.iter().all(|piece| matches!(piece.at, Location::Reg(_))));
        }
    }

    /// The reader survives any text and points inside it.
    #[test]
    fn any_text_is_a_signature_or_an_error(text in "[a-z0-9{}<\\[\\]()|,;:@._ >é-]{0,40}") {
        if let Err(error) = text.parse::<Signature>() {
            prop_assert!(error.position <= text.len());
        }
    }
}
