//! Names to types: typedefs, tags, and what to say of names that nobody declares.

use std::sync::Arc;

use super::{EnumState, MAX_SUGGESTIONS, RecordState, Resolver, Scope, Shape, Site, Status};
use crate::diagnostic::{Diagnostic, Severity, closest};
use crate::facts::TagFact;
use crate::model::{Declaration, DeclarationKind, Keyworded, Name, TagKind};
use crate::types::TypeId;

impl Resolver<'_> {
    /// A name that ought to be a typedef's.
    pub(super) fn named(&mut self, name: &Name, site: &Site, behind_pointer: bool, what: &str) -> TypeId {
        let user = if site.scope == Scope::User { self.user.find(&name.text) } else { None };
        let (found, scope) = match user {
            Some(found) => (Some(found), Scope::User),
            None => (self.builtin.find(&name.text), Scope::Builtin),
        };
        match found {
            Some(found) if found.kind == DeclarationKind::Typedef => {
                let found = Arc::clone(found);
                let site = Site { scope, source: Arc::clone(&found.source) };
                self.typedef(name, &site, &found)
            }
            Some(found) => {
                let words = match found.kind {
                    DeclarationKind::Function => "function",
                    _ => "variable",
                };
                let message = format!("'{}' is a {words}, not a type", name.text);
                let problem = Diagnostic::error(&site.source, name.span, message).related(
                    &found.source.clone(),
                    found.name.span,
                    "declared here",
                );
                self.diagnostics.push(problem);
                self.plain(Shape::Error)
            }
            None => self.unknown(name, site, behind_pointer, what),
        }
    }

    pub(super) fn unknown(&mut self, name: &Name, site: &Site, behind_pointer: bool, what: &str) -> TypeId {
        let text = Arc::clone(&name.text);
        if behind_pointer {
            if self.noted.insert(Arc::clone(&text)) {
                let message = format!("'{text}' is not declared; behind a pointer it is taken as opaque");
                let mut note = Diagnostic::new(Severity::Note, &site.source, name.span, message);
                note.help = self.suggestion(&text);
                self.diagnostics.push(note);
            }
            return self.plain(Shape::Opaque(text));
        }
        let mut problem =
            Diagnostic::error(&site.source, name.span, format!("unknown type name '{text}' of {what}"));
        problem.help = self.suggestion(&text);
        self.diagnostics.push(problem);
        self.plain(Shape::Error)
    }

    /// "did you mean ...", from the types in scope.
    pub(super) fn suggestion(&mut self, wrong: &str) -> Option<String> {
        self.suggestions += 1;
        if self.suggestions > MAX_SUGGESTIONS {
            return None;
        }
        for keyword in ["struct", "union", "enum"] {
            let is = |fact: &TagFact| fact.kind().keyword() == keyword;
            let declared =
                [self.user, self.builtin].iter().any(|f| f.tags.get(wrong).is_some_and(|t| is(&t[0])));
            if declared {
                return Some(format!("did you mean '{keyword} {wrong}'?"));
            }
        }
        const KEYWORDS: [&str; 10] =
            ["void", "char", "short", "int", "long", "float", "double", "unsigned", "signed", "struct"];
        let typedefs = [self.user, self.builtin].into_iter().flat_map(|facts| {
            let types = facts.declarations.iter().filter(|d| d.kind == DeclarationKind::Typedef);
            types.map(|d| &*d.name.text).filter(|n| !n.starts_with('_'))
        });
        let near = closest(wrong, typedefs.chain(KEYWORDS))?;
        Some(format!("did you mean '{near}'?"))
    }

    /// "did you mean ...", from the tags in scope.
    pub(super) fn tag_suggestion(&mut self, wrong: &str) -> Option<String> {
        self.suggestions += 1;
        if self.suggestions > MAX_SUGGESTIONS {
            return None;
        }
        let tags = [self.user, self.builtin].into_iter().flat_map(|f| f.tags.iter());
        let near = closest(wrong, tags.map(|(tag, _)| &**tag))?;
        let kind = self.user.tags.get(near).or_else(|| self.builtin.tags.get(near))?.first()?.kind();
        Some(format!("did you mean '{} {near}'?", kind.keyword()))
    }

    pub(super) fn typedef(&mut self, name: &Name, site: &Site, declaration: &Declaration) -> TypeId {
        let key = (site.scope, Arc::clone(&declaration.name.text));
        if let Some(known) = self.typedefs.get(&key) {
            return match *known {
                Some(id) => id,
                None => {
                    self.error(
                        site,
                        declaration.name.span,
                        format!("typedef '{}' is defined by itself", name.text),
                    );
                    self.plain(Shape::Error)
                }
            };
        }
        self.typedefs.insert(key.clone(), None);
        let what = format!("typedef '{}'", declaration.name.text);
        let target_id = self.type_of(&declaration.ty, site, &what);
        let align = self.alignment(&declaration.aligned, site);
        if declaration.transparent
            && let Shape::Record(record) = *self.shape(target_id)
        {
            self.records[record].transparent = true;
        }
        let mut node = self.node(target_id).clone();
        if node.shape != Shape::Error {
            node.alias = Some(Arc::clone(&declaration.name.text));
        }
        node.align = align.or(node.align);
        if let ("wchar_t" | "char16_t" | "char32_t", Shape::Keyworded(ty)) =
            (&*declaration.name.text, &node.shape)
        {
            node.shape = Shape::Wide(*ty);
        }
        let nesting = self.nesting_of(target_id);
        let id = self.intern(node);
        self.nesting.insert(id, nesting);
        self.typedefs.insert(key, Some(id));
        id
    }

    /// `struct name` without a body.
    pub(super) fn tagged(&mut self, kind: TagKind, name: &Name, site: &Site, behind_pointer: bool) -> TypeId {
        let user = if site.scope == Scope::User { self.user.tags.get(&name.text) } else { None };
        let (bodies, scope) = match user {
            Some(bodies) => (Some(bodies), Scope::User),
            None => (self.builtin.tags.get(&name.text), Scope::Builtin),
        };
        if let Some(body) = bodies.and_then(|b| b.first()) {
            if body.kind() != kind {
                if scope == Scope::User {
                    let message = format!(
                        "'{} {}' was declared as '{}'",
                        kind.keyword(),
                        name.text,
                        body.kind().keyword()
                    );
                    let problem = Diagnostic::error(&site.source, name.span, message).related(
                        body.source(),
                        body.span(),
                        "declared here",
                    );
                    self.diagnostics.push(problem);
                    return self.plain(Shape::Error);
                }
            } else {
                return match body {
                    TagFact::Record(record) => self.record_type(&Arc::clone(record), scope),
                    TagFact::Enum(fact) => self.enum_type(&Arc::clone(fact), scope),
                };
            }
        }
        self.incomplete(kind, name, site, behind_pointer)
    }

    pub(super) fn incomplete(
        &mut self,
        kind: TagKind,
        name: &Name,
        site: &Site,
        behind_pointer: bool,
    ) -> TypeId {
        if self.note_tags
            && behind_pointer
            && site.scope == Scope::User
            && self.noted.insert(format!("{} {}", kind.keyword(), name.text).into())
        {
            let message = format!(
                "'{} {}' is not defined; behind a pointer it is taken as opaque",
                kind.keyword(),
                name.text
            );
            let mut note = Diagnostic::new(Severity::Note, &site.source, name.span, message);
            note.help = self.tag_suggestion(&name.text);
            self.diagnostics.push(note);
        }
        let key = (site.scope, Arc::clone(&name.text));
        if let Some(id) = self.by_tag.get(&key) {
            return *id;
        }
        let id = if kind == TagKind::Enum {
            self.enums.push(EnumState {
                fact: None,
                tag: Some(Arc::clone(&name.text)),
                ty: Keyworded::UnsignedInt,
                values: Vec::new(),
            });
            self.plain(Shape::Enum(self.enums.len() - 1))
        } else {
            self.records.push(RecordState {
                kind,
                tag: Some(Arc::clone(&name.text)),
                fact: None,
                scope: site.scope,
                status: Status::Incomplete,
                fields: Vec::new(),
                layout: None,
                transparent: false,
                nesting: 0,
                unsupported: None,
            });
            self.plain(Shape::Record(self.records.len() - 1))
        };
        self.by_tag.insert(key, id);
        id
    }
}
