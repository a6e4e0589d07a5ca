//! `_Bool`: one byte, 0 or 1.
//!
//! C gives any other stored byte no meaning, so only 0 and 1 are written; what is read counts as true unless
//! it is 0, as compilers test it.

use pinvoke_abi::layout::BitRange;
use pinvoke_decl::types::{TypeId, TypeTable};

use super::mismatch::Mismatch;
use super::scalar;
use crate::value::Value;

/// Writes a truth value into `out`, or into one bit of it.
pub(crate) fn write(
    types: &TypeTable,
    id: TypeId,
    value: &Value,
    bits: Option<BitRange>,
    out: &mut [u8],
) -> Result<(), Mismatch> {
    let truth = match value {
        Value::Bool(v) => *v,
        Value::Int(0) => false,
        Value::Int(1) => true,
        Value::Int(_) | Value::Uint(_) => {
            return Err(Mismatch::range(types, id, value, "true, false, 0 or 1".to_owned()));
        }
        _ => return Err(Mismatch::kind(types, id, value, "true, false, 0 or 1")),
    };
    scalar::store(u128::from(truth), bits, 1, &mut out[..1]);
    Ok(())
}

/// Reads a truth value.
pub(crate) fn read(bits: Option<BitRange>, bytes: &[u8]) -> Value {
    Value::Bool(scalar::load(bits, bytes).0 != 0)
}
