//! What something is called in its directory.

use alloc::boxed::Box;

use crate::name;

/// Units that stand in the label itself: nearly all names.
const SHORT: usize = 27;

/// The last component of a name, in the case in which it was given, and when it was given.
///
/// It stands in the object, on the lines of memory that opening touches anyway.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Label {
    /// Things in a directory are numbered as they come.
    number: u64,
    units: Units,
}

#[derive(Debug)]
enum Units {
    Short { length: u8, units: [u16; SHORT] },
    Long(Box<[u16]>),
}

impl Label {
    pub(crate) fn new(component: &[u16], number: u64) -> Label {
        let mut units = [0; SHORT];
        let units = match (units.get_mut(..component.len()), u8::try_from(component.len())) {
            (Some(short), Ok(length)) => {
                short.copy_from_slice(component);
                Units::Short { length, units }
            }
            _ => Units::Long(component.into()),
        };
        Label { number, units }
    }

    /// That of an object without a name.
    pub(crate) fn none() -> Label {
        Label::new(&[], 0)
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    #[inline]
    pub(crate) fn units(&self) -> &[u16] {
        match &self.units {
            Units::Short { length, units } => units.get(..usize::from(*length)).unwrap_or_default(),
            Units::Long(units) => units,
        }
    }

    /// Whether it is this name in some case.
    pub(crate) fn is_like(&self, component: &[u16]) -> bool {
        let same = |(one, other): (&u16, &u16)| name::upcase(*one) == name::upcase(*other);
        self.units().len() == component.len() && self.units().iter().zip(component).all(same)
    }
}
