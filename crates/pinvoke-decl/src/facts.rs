//! Everything declared so far, by name: what the front ends write and resolution reads.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Declaration, EnumFact, Expr, RecordFact};
use crate::span::{Source, Span};

/// A structure, union or enumeration with its body.
#[derive(Clone, Debug)]
pub(crate) enum TagFact {
    Record(Arc<RecordFact>),
    Enum(Arc<EnumFact>),
}

/// `#define NAME expression`.
#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) body: Expr,
    pub(crate) source: Arc<Source>,
}

/// Declarations in the order written, and tables of their names.
///
/// C keeps tags and ordinary names apart (C17 6.2.3): `struct stat` and the function `stat` are two things.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) declarations: Vec<Arc<Declaration>>,
    /// Indices into `declarations`: all declarations of a name, oldest first.
    pub(crate) ordinary: HashMap<Arc<str>, Vec<usize>>,
    /// All bodies of a tag, oldest first.
    pub(crate) tags: HashMap<Arc<str>, Vec<TagFact>>,
    /// Bodies in the order written, tagless ones included.
    pub(crate) bodies: Vec<TagFact>,
    /// Enumeration constants: the enumeration and the index in it.
    pub(crate) constants: HashMap<Arc<str>, (Arc<EnumFact>, usize)>,
    pub(crate) macros: HashMap<Arc<str>, Arc<Macro>>,
}

impl Facts {
    pub(crate) fn add_declaration(&mut self, declaration: Declaration) {
        let name = Arc::clone(&declaration.name.text);
        self.ordinary.entry(name).or_default().push(self.declarations.len());
        self.declarations.push(Arc::new(declaration));
    }

    pub(crate) fn add_record(&mut self, record: &Arc<RecordFact>) {
        let fact = TagFact::Record(Arc::clone(record));
        if let Some(tag) = &record.tag {
            self.tags.entry(Arc::clone(&tag.text)).or_default().push(fact.clone());
        }
        self.bodies.push(fact);
    }

    pub(crate) fn add_enum(&mut self, fact: &Arc<EnumFact>) {
        for (index, (name, _)) in fact.constants.iter().enumerate() {
            self.constants.entry(Arc::clone(&name.text)).or_insert_with(|| (Arc::clone(fact), index));
        }
        let tag_fact = TagFact::Enum(Arc::clone(fact));
        if let Some(tag) = &fact.tag {
            self.tags.entry(Arc::clone(&tag.text)).or_default().push(tag_fact.clone());
        }
        self.bodies.push(tag_fact);
    }

    /// The declaration of an ordinary name that counts, and the text and place it is in.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Declaration>> {
        self.ordinary.get(name).and_then(|all| all.first()).map(|i| &self.declarations[*i])
    }
}

impl TagFact {
    pub(crate) fn source(&self) -> &Arc<Source> {
        match self {
            TagFact::Record(r) => &r.source,
            TagFact::Enum(e) => &e.source,
        }
    }

    pub(crate) fn span(&self) -> Span {
        match self {
            TagFact::Record(r) => r.span,
            TagFact::Enum(e) => e.span,
        }
    }
}

impl TagFact {
    pub(crate) fn kind(&self) -> crate::model::TagKind {
        match self {
            TagFact::Record(r) => r.kind,
            TagFact::Enum(_) => crate::model::TagKind::Enum,
        }
    }

    pub(crate) fn tag(&self) -> Option<&crate::model::Name> {
        match self {
            TagFact::Record(r) => r.tag.as_ref(),
            TagFact::Enum(e) => e.tag.as_ref(),
        }
    }

    /// Whether both are the same piece of text.
    pub(crate) fn is(&self, other: &TagFact) -> bool {
        match (self, other) {
            (TagFact::Record(a), TagFact::Record(b)) => Arc::ptr_eq(a, b),
            (TagFact::Enum(a), TagFact::Enum(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}
