//! The tree of directories, by itself: no lock, no attributes.
//!
//! An entry is a hash and a pointer, four of them to a line of memory; the name that it is compared with is in the
//! object. What is hashed is the same in both cases, so that one table serves both rules; of several names that differ
//! in case only, the exact one is found first, else the oldest.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::hash::{BuildHasher as _, Hasher as _};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::label::Label;
use crate::name;
use crate::object::Object;
use crate::status::Status;

/// A directory of the tree.
pub(super) struct Folder {
    label: Label,
    /// Its fully qualified name, empty for the root.
    path: Box<[u16]>,
    entries: HashTable<Entry>,
    hasher: DefaultHashBuilder,
    /// The number of the latest label.
    next: u64,
}

/// A name in a directory: its [hash](Folder::hash) and what it stands for.
enum Entry {
    Folder(u32, Box<Folder>),
    /// It lives as long as others hold it.
    Temporary(u32, Weak<Object>),
    /// The directory is one of its holders.
    Permanent(u32, Arc<Object>),
}

const _: () = assert!(size_of::<Entry>() == 8 + size_of::<usize>());

/// What was found under a name.
pub(super) enum Found<'t> {
    Folder(&'t Folder),
    Object(Arc<Object>),
}

impl Entry {
    fn hash(&self) -> u32 {
        let (Entry::Folder(hash, _) | Entry::Temporary(hash, _) | Entry::Permanent(hash, _)) = self;
        *hash
    }

    /// Nothing for an object whose last reference is going right now, in another thread.
    fn get(&self) -> Option<Found<'_>> {
        match self {
            Entry::Folder(_, folder) => Some(Found::Folder(folder)),
            Entry::Temporary(_, object) => object.upgrade().map(Found::Object),
            Entry::Permanent(_, object) => Some(Found::Object(Arc::clone(object))),
        }
    }

    fn is(&self, object: &Object) -> bool {
        let named = match self {
            Entry::Folder(..) => return false,
            Entry::Temporary(_, object) => object.as_ptr(),
            Entry::Permanent(_, object) => Arc::as_ptr(object),
        };
        core::ptr::eq(named, object)
    }
}

impl Found<'_> {
    fn label(&self) -> &Label {
        match self {
            Found::Folder(folder) => &folder.label,
            Found::Object(object) => object.label(),
        }
    }
}

/// The hash as the table wants it, which looks at the bits at both ends.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// Four units as a number that is the same in both cases. Of those beyond letters some are the same, too.
fn caseless(units: [u16; 4]) -> u64 {
    let number =
        |[a, b, c, d]: [u16; 4]| u64::from(a) | u64::from(b) << 16 | u64::from(c) << 32 | u64::from(d) << 48;
    let as_it_is = number(units);
    let is_ascii = as_it_is & 0xFF80_FF80_FF80_FF80 == 0;
    let upper = if is_ascii { as_it_is } else { number(units.map(name::upcase)) };
    // The bit in which the cases of an ASCII letter differ.
    upper | 0x0020_0020_0020_0020
}

impl Folder {
    pub(super) fn root() -> Folder {
        Folder::new(Label::none(), Box::default())
    }

    fn new(label: Label, path: Box<[u16]>) -> Folder {
        Folder { label, path, entries: HashTable::new(), hasher: DefaultHashBuilder::default(), next: 0 }
    }

    fn hash(&self, component: &[u16]) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        let (whole, rest) = component.as_chunks::<4>();
        for units in whole {
            hasher.write_u64(caseless(*units));
        }
        let last = core::array::from_fn(|i| rest.get(i).copied().unwrap_or(0));
        hasher.write_u64(caseless(last));
        hasher.write_usize(component.len());
        #[allow(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
        let hash = hasher.finish() as u32;
        hash
    }

    /// What has this name.
    pub(super) fn find(&self, component: &[u16], insensitive: bool) -> Option<Found<'_>> {
        let hash = self.hash(component);
        let mut oldest: Option<Found<'_>> = None;
        for entry in self.entries.iter_hash(spread(hash)).filter(|entry| entry.hash() == hash) {
            let Some(found) = entry.get() else { continue };
            let label = found.label();
            if label.units() == component {
                return Some(found);
            }
            if insensitive
                && label.is_like(component)
                && oldest.as_ref().is_none_or(|oldest| label.number() < oldest.label().number())
            {
                oldest = Some(found);
            }
        }
        oldest
    }

    /// The directory that a path leads to.
    pub(super) fn below(&self, path: &[u16], insensitive: bool) -> Result<&Folder, Status> {
        let mut folder = self;
        let mut rest = Some(path);
        while let Some(path) = rest {
            let (component, tail) = name::split(path)?;
            folder = folder.step(component, insensitive)?;
            rest = tail;
        }
        Ok(folder)
    }

    fn step(&self, component: &[u16], insensitive: bool) -> Result<&Folder, Status> {
        match self.find(component, insensitive) {
            Some(Found::Folder(folder)) => Ok(folder),
            Some(Found::Object(_)) => Err(Status::OBJECT_TYPE_MISMATCH),
            None => Err(Status::OBJECT_PATH_NOT_FOUND),
        }
    }

    /// [`below`](Self::below), to change it.
    pub(super) fn below_mut(&mut self, path: &[u16], insensitive: bool) -> Result<&mut Folder, Status> {
        let mut folder = self;
        let mut rest = Some(path);
        while let Some(path) = rest {
            let (component, tail) = name::split(path)?;
            let found = folder.step(component, insensitive)?;
            let (hash, number) = (folder.hash(component), found.label.number());
            let is_found =
                |entry: &Entry| matches!(entry, Entry::Folder(_, folder) if folder.label.number() == number);
            folder = match folder.entries.find_mut(spread(hash), is_found) {
                Some(Entry::Folder(_, folder)) => folder,
                _ => return Err(Status::OBJECT_PATH_NOT_FOUND),
            };
            rest = tail;
        }
        Ok(folder)
    }

    /// Enters the object that `make` makes of its label, under a name that is not taken.
    pub(super) fn insert_object(
        &mut self,
        component: &[u16],
        make: impl FnOnce(Label) -> Arc<Object>,
    ) -> Arc<Object> {
        let (hash, label) = (self.hash(component), self.label(component));
        let object = make(label);
        self.insert(if object.is_permanent() {
            Entry::Permanent(hash, Arc::clone(&object))
        } else {
            Entry::Temporary(hash, Arc::downgrade(&object))
        });
        object
    }

    pub(super) fn insert_folder(&mut self, component: &[u16]) {
        let (hash, label, path) = (self.hash(component), self.label(component), self.qualify(component));
        self.insert(Entry::Folder(hash, Box::new(Folder::new(label, path))));
    }

    fn label(&mut self, component: &[u16]) -> Label {
        self.next += 1;
        Label::new(component, self.next)
    }

    fn insert(&mut self, entry: Entry) {
        self.entries.insert_unique(spread(entry.hash()), entry, |entry| spread(entry.hash()));
    }

    /// Takes an object's name away, if it is here.
    pub(super) fn remove(&mut self, object: &Object) {
        let hash = self.hash(object.label().units());
        if let Ok(entry) = self.entries.find_entry(spread(hash), |entry| entry.is(object)) {
            entry.remove();
        }
    }

    /// The fully qualified name of a component of this directory.
    pub(super) fn qualify(&self, component: &[u16]) -> Box<[u16]> {
        let separator = [u16::from(b'\\')];
        self.path.iter().chain(&separator).chain(component).copied().collect()
    }

    /// Every object here and below.
    pub(super) fn collect(&self, all: &mut Vec<Arc<Object>>) {
        for entry in &self.entries {
            match entry.get() {
                Some(Found::Folder(folder)) => folder.collect(all),
                Some(Found::Object(object)) => all.push(object),
                None => {}
            }
        }
    }
}
