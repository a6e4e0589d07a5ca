//! Native memory in expressions: structures, pointers and arrays.
//!
//! A [`Place`] is a [`View`] with the manners of the language: `sb.st_size` reads a member, `sb.x = 1` writes
//! one unless it is `const`, `p[i]` reads an element, and a pointer to a number stands for the number. Four
//! names work on every place that has no member of that name: `value`, `address`, `text`, `type`.

use pinvoke::value::{TypeRef, Value, View, ViewError};
use pinvoke_decl::Unit;
use pinvoke_decl::types::TypeKind;
use rhai::{Dynamic, Engine, EvalAltResult, INT, ImmutableString};

use super::convert::{Operand, copy_to_script, from_script, to_script};
use super::fault;
use crate::native;

type Failed = Box<EvalAltResult>;

/// A place in native memory.
#[derive(Clone, Debug)]
pub(crate) struct Place(View);

impl Place {
    pub(super) fn new(view: View) -> Place {
        Place(view)
    }

    pub(super) fn view(&self) -> &View {
        &self.0
    }

    fn is_pointer(&self) -> bool {
        matches!(self.0.type_ref().kind(), TypeKind::Pointer { .. })
    }

    /// What a pointer points at, or the place itself.
    fn target(&self) -> Result<View, ViewError> {
        if self.is_pointer() { self.0.deref() } else { Ok(self.0.clone()) }
    }

    /// The number or text that the place stands for.
    pub(super) fn operand(&self) -> Result<Operand, Failed> {
        let read = || -> Result<Option<Operand>, ViewError> {
            let target = self.target()?;
            // `char *` that may be written to: its text.
            let text =
                matches!(target.type_ref().kind(), TypeKind::Char | TypeKind::WideChar) && self.is_pointer();
            let value = if text { self.0.text()? } else { target.read()? };
            Ok(Operand::of(&value))
        };
        match read().map_err(failed)? {
            Some(operand) => Ok(operand),
            None => Err(fault(format!("{} of type '{}' is no number", self.0.path(), self.0.type_ref()))),
        }
    }

    fn get(&self, name: &str) -> Result<Dynamic, Failed> {
        match self.0.field(name) {
            Ok(view) => to_script(&view).map_err(failed),
            Err(error) => match name {
                "value" => self.value(),
                "address" => Ok(Operand::Int(self.address()? as i128).into_script()),
                "text" => self.0.text().map(|value| copy_to_script(&value)).map_err(failed),
                "type" => Ok(self.0.type_ref().to_string().into()),
                _ => Err(failed(error)),
            },
        }
    }

    fn set(&self, name: &str, value: &Dynamic) -> Result<(), Failed> {
        match self.0.field(name) {
            Ok(view) => write(&view, value),
            Err(_) if name == "value" => write(&self.target().map_err(failed)?, value),
            Err(error) => Err(failed(error)),
        }
    }

    /// What stands there: one level of pointers is followed.
    fn value(&self) -> Result<Dynamic, Failed> {
        let target = self.target().map_err(failed)?;
        match target.type_ref().kind() {
            TypeKind::Struct(_) | TypeKind::Union(_) | TypeKind::Array { .. } | TypeKind::Vector { .. } => {
                Ok(copy_to_script(&target.read().map_err(failed)?))
            }
            _ => to_script(&target).map_err(failed),
        }
    }

    /// The address that a pointer holds, or that of the place.
    fn address(&self) -> Result<usize, Failed> {
        if !self.is_pointer() {
            return Ok(self.0.address());
        }
        Ok(match self.0.read().map_err(failed)? {
            Value::Pointer(pointer) => pointer.address(),
            Value::Function(function) => function.code().addr(),
            // A text: its address is in the pointer all the same.
            _ => self.0.index(0).map_err(failed)?.address(),
        })
    }

    fn index(&self, index: INT) -> Result<View, Failed> {
        self.0.index(index).map_err(failed)
    }

    /// The same memory taken for `count` values of another type, as after a cast in C.
    fn cast(&self, ty: &TypeRef) -> Result<Place, Failed> {
        match ty.kind() {
            TypeKind::Pointer { .. } if self.is_pointer() => Ok(Place(native::cast(&self.0, ty.clone()))),
            _ if self.is_pointer() => {
                let address = self.address()?;
                if ty.size().is_none() {
                    return Err(fault(format!("values of type '{ty}' have no size")));
                }
                Ok(Place(native::view_at(ty.clone(), address)))
            }
            _ => Ok(Place(native::cast(&self.0, ty.clone()))),
        }
    }

    /// For `print` and `${}`.
    pub(super) fn show(&self) -> String {
        match self.operand() {
            Ok(operand) => operand.text(),
            Err(_) => match self.target().and_then(|target| target.read()) {
                Ok(value) => value.to_string(),
                Err(_) => {
                    self.address().map_or_else(|error| error.to_string(), |address| format!("{address:#x}"))
                }
            },
        }
    }
}

fn failed(error: ViewError) -> Failed {
    fault(error.to_string())
}

fn write(view: &View, value: &Dynamic) -> Result<(), Failed> {
    let Some(native) = from_script(value) else {
        return Err(fault(format!(
            "a value of type {} cannot be stored in native memory",
            value.type_name()
        )));
    };
    view.write(&native).map_err(failed)
}

/// A number without its fraction.
fn whole(x: f64) -> Result<i128, Failed> {
    // The largest f64 below 2^127 and the smallest i128 are exact.
    if !(-(2f64.powi(127))..2f64.powi(127)).contains(&x) {
        return Err(fault(format!("{x} is beyond all integers")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "cutting the fraction off is what is asked for")]
    Ok(x as i128)
}

/// Makes places known to the language.
pub(super) fn register(engine: &mut Engine, unit: &Unit) {
    engine.register_type_with_name::<Place>("native memory");
    engine.register_indexer_get(|place: &mut Place, name: ImmutableString| place.get(&name));
    engine.register_indexer_set(|place: &mut Place, name: ImmutableString, value: Dynamic| {
        place.set(&name, &value)
    });
    engine.register_indexer_get(|place: &mut Place, index: INT| {
        to_script(&place.index(index)?).map_err(failed)
    });
    engine.register_indexer_set(|place: &mut Place, index: INT, value: Dynamic| {
        write(&place.index(index)?, &value)
    });
    for name in ["to_string", "print", "to_debug", "debug"] {
        engine.register_fn(name, |place: &mut Place| place.show());
    }
    engine.register_fn("elements", |place: &mut Place, count: INT| {
        let count = u64::try_from(count).map_err(|_| fault("a count cannot be negative"))?;
        place.0.elements(count).map(|value| copy_to_script(&value)).map_err(failed)
    });
    engine.register_fn("bytes", |place: &mut Place, count: INT| {
        let count = usize::try_from(count).map_err(|_| fault("a count cannot be negative"))?;
        place.0.bytes(count).map(Dynamic::from_blob).map_err(failed)
    });
    engine.register_fn("to_int", |place: &mut Place| match place.operand()? {
        Operand::Float(x) => Ok(Operand::Int(whole(x)?).into_script()),
        other => Ok::<Dynamic, Failed>(other.into_script()),
    });
    engine.register_fn("to_float", |place: &mut Place| place.operand().map(|operand| operand.float()));
    let unit = unit.clone();
    engine.register_fn("cast", move |place: &mut Place, name: ImmutableString| {
        let (types, id) = unit.type_named(&name).map_err(|findings| {
            let why = findings.first().map_or_else(String::new, |finding| finding.message.clone());
            fault(format!("'{name}' is not a type: {why}"))
        })?;
        let ty = TypeRef::new(&types, id);
        let place = place.cast(&ty)?;
        match ty.kind() {
            TypeKind::Struct(_) | TypeKind::Union(_) | TypeKind::Pointer { .. } => {
                Ok::<Dynamic, Failed>(Dynamic::from(place))
            }
            _ => to_script(&place.0).map_err(failed),
        }
    });
}
