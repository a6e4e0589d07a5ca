//! From a signature to a verified plan: resolve, classify, assign, verify.
//!
//! This is the one place that knows both the rules ([`abi`]) and what they produce
//! ([`plan`](crate::plan)).

mod verify;

use crate::abi::{self, assign::Assignment};
use crate::layout::{Kind, Layout, walk};
use crate::plan::{Abi, ArgPlan, CallPlan, MAX_ARGS, MAX_VALUE, Pieces, PlanError, Which};
use crate::signature::Signature;
use crate::target::{Os, Target};

impl CallPlan {
    /// Plans a call: resolves the convention for the target, classifies, assigns and verifies.
    ///
    /// ```
    /// use pinvoke_abi::plan::{CallPlan, PlanError};
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::target::Target;
    ///
    /// let plan = CallPlan::new(&Signature::parse(Target::X86_64_LINUX, "({f64,i32},i64)->f32")?)?;
    /// assert_eq!(
    ///     plan.to_string(),
    ///     "\
    /// sysv64, stack 0
    ///   1: 0..8 in xmm0, 8..16 in rdi
    ///   2: 0..8 in rsi
    ///   result: 0..4 in xmm0"
    /// );
    ///
    /// let foreign = Signature::parse(Target::AARCH64_LINUX, "win64(i32)")?;
    /// assert!(matches!(CallPlan::new(&foreign), Err(PlanError::UnsupportedConvention { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PlanError`] says which value cannot travel and why.
    pub fn new(signature: &Signature) -> Result<CallPlan, PlanError> {
        let Signature { target, conv, params, ret, variadic_from } = signature;
        let abi = abi::resolve(signature)
            .ok_or(PlanError::UnsupportedConvention { conv: *conv, target: *target })?;
        if params.len() > MAX_ARGS {
            return Err(PlanError::TooManyArguments(params.len()));
        }
        if let Some(from) = variadic_from.filter(|from| *from > params.len()) {
            return Err(PlanError::VariadicBeyondEnd { from, params: params.len() });
        }
        let descriptor = abi.descriptor();
        let mut assignment = Assignment::new(descriptor, *variadic_from);
        let ret_size = check_value(Which::Result, ret)?;
        let class = (descriptor.classify_result)(ret).map_err(|m| PlanError::malformed(Which::Result, m))?;
        of_apple(abi, signature.target, Which::Result, ret)?;
        let ret_plan = assignment.result(class)?;
        let mut args = vec![NO_PIECES.clone(); params.len()];
        let mut arg_sizes = Vec::with_capacity(params.len());
        for (index, param) in params.iter().enumerate() {
            let which = Which::Argument(index);
            arg_sizes.push(check_value(which, param)?);
            let otherwise = descriptor.variadic.classify(index, *variadic_from);
            let classify = otherwise.unwrap_or(descriptor.classify);
            let class = classify(param).map_err(|m| PlanError::malformed(which, m))?;
            of_apple(abi, signature.target, which, param)?;
            assignment.argument(index, param, class, &mut args[index])?;
        }
        let (stack, stack_align) = assignment.stack();
        let (popped, vector_regs) = (assignment.popped(), assignment.vector_regs());
        let ret = ret_plan;
        let plan = CallPlan { abi, args, ret, arg_sizes, ret_size, stack, stack_align, popped, vector_regs };
        verify::verify(&plan, descriptor, signature)?;
        Ok(plan)
    }
}

/// What the plan of an argument starts from. Copied from here and not put together for each one: it is
/// large, and reading back what was just written in smaller parts would wait for them.
static NO_PIECES: ArgPlan = ArgPlan::Direct(Pieces::new());

/// Refuses what clang for macOS passes otherwise than the text has it: a vector of one integer.
fn of_apple(abi: Abi, target: Target, which: Which, layout: &Layout) -> Result<(), PlanError> {
    if (abi, target.os) != (Abi::SysV64, Os::MacOs) {
        return Ok(());
    }
    let mut found = false;
    let walked = walk::scalars(layout, &mut |scalar| {
        found |= matches!(&scalar.layout.kind, Kind::Vector { element, count: 1 } if element.size == 8);
    });
    match walked {
        Ok(()) if found => Err(PlanError::Vector {
            which,
            why: "of one integer, which compilers for macOS pass as an integer",
        }),
        _ => Ok(()),
    }
}

/// The size of a value that may be passed.
fn check_value(which: Which, layout: &Layout) -> Result<u32, PlanError> {
    match layout.kind {
        Kind::Void if which != Which::Result => return Err(PlanError::VoidArgument(which)),
        Kind::Array { .. } => return Err(PlanError::BareArray(which)),
        _ => {}
    }
    if layout.align > u64::from(MAX_VALUE) {
        return Err(PlanError::too_large(which, layout));
    }
    u32::try_from(layout.size)
        .ok()
        .filter(|size| *size <= MAX_VALUE)
        .ok_or_else(|| PlanError::too_large(which, layout))
}
