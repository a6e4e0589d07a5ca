//! Compares three opinions about the types of a prototype: the layouts built from the model, those
//! the front end made from the C text, and what the compiler states.

use pinvoke_abi::layout::Layout;
use pinvoke_abi::signature::Signature;

use pinvoke_decl::Unit;

use crate::c_text::{self, Text};
use crate::layouts;
use crate::machine::target;
use crate::model::{Prototype, Ty};
use crate::native::SharedObject;

/// Compares the layouts of the model with the compiler's numbers.
pub(crate) fn compare_with_compiler(
    object: &SharedObject,
    number: u64,
    prototype: &Prototype,
) -> Result<(), String> {
    let mut questions: Vec<(String, u64)> = Vec::new();
    let mut bit_field = 0;
    let places = (0..prototype.params.len()).map(|i| format!("argument {i}")).chain(["result".to_owned()]);
    for (ty, place) in prototype.params.iter().chain(&prototype.ret).zip(places) {
        let layout = layouts::of(ty).map_err(|e| format!("no layout for {place}: {e}"))?;
        questions.push((format!("size of {place}"), layout.size));
        questions.push((format!("alignment of {place}"), layout.align));
        for leaf in c_text::stated_leaves(ty) {
            if leaf.bits.is_some() {
                compare_bits(object, number, bit_field, &layout, &leaf)
                    .map_err(|e| format!("{place}: {e}"))?;
                bit_field += 1;
            } else if !leaf.path.is_empty() {
                questions.push((format!("offset of {place}{}", leaf.path), leaf.offset));
            }
        }
    }
    let stated = object.facts(number, questions.len())?;
    for ((question, ours), theirs) in questions.iter().zip(stated) {
        if usize::try_from(*ours) != Ok(theirs) {
            return Err(format!("{question}: the layout says {ours}, the compiler {theirs}"));
        }
    }
    Ok(())
}

fn compare_bits(
    object: &SharedObject,
    number: u64,
    index: i32,
    layout: &Layout,
    leaf: &layouts::Leaf,
) -> Result<(), String> {
    let size = usize::try_from(layout.size).map_err(|e| e.to_string())?;
    let stated = object.bits(number, index, size)?;
    let mut ours = vec![0_u8; size];
    let (start, width) = leaf.bits.unwrap_or((0, 0));
    for bit in start..start + width {
        let at = usize::try_from(leaf.offset).map_err(|e| e.to_string())? + (bit / 8) as usize;
        if let Some(byte) = ours.get_mut(at) {
            *byte |= 1 << (bit % 8);
        }
    }
    if ours == stated {
        return Ok(());
    }
    Err(format!("bits of {}: the layout says {ours:02x?}, the compiler {stated:02x?}", leaf.path))
}

/// The signature that the front end makes of the C text.
pub(crate) fn declared(number: u64, prototype: &Prototype, text: &Text) -> Result<Signature, String> {
    let source = text.declarations(prototype);
    let say = |diagnostics: &[pinvoke_decl::Diagnostic]| {
        let all: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        format!("the front end says: {}", all.join("; "))
    };
    let mut unit = Unit::new(target());
    let diagnostics = unit.parse("prototype", &source);
    if !diagnostics.is_empty() {
        return Err(say(&diagnostics));
    }
    let function = unit.function(&format!("callee_{number}")).map_err(|d: Vec<_>| say(&d))?;
    let mut variable = Vec::new();
    for i in prototype.variadic_from.unwrap_or(usize::MAX)..prototype.params.len() {
        let (types, id) = unit.type_named(&format!("v{number}_{i}")).map_err(|d: Vec<_>| say(&d))?;
        variable.push(types.get(id).layout.clone().ok_or("a variable argument without a layout")?);
    }
    Ok(function.signature(&variable))
}

/// Compares the front end's signature with the model's.
pub(crate) fn compare_signatures(model: &Signature, declared: &Signature) -> Result<(), String> {
    if model == declared {
        return Ok(());
    }
    for (i, (ours, theirs)) in model.params.iter().zip(&declared.params).enumerate() {
        if ours != theirs {
            return Err(format!("argument {i}: built as {ours:?}, declared as {theirs:?}"));
        }
    }
    Err(format!("built as {model:?}, declared as {declared:?}"))
}

/// Whether any value of the prototype is or contains a type that satisfies `test`.
pub(crate) fn any_value(prototype: &Prototype, test: &dyn Fn(&Ty) -> bool) -> bool {
    prototype.params.iter().chain(&prototype.ret).any(test)
}
