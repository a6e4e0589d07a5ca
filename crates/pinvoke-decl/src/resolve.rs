//! Facts to types of one target.
//!
//! A [`Resolver`] is made for one question (one function, one type, one text) and resolves what that
//! question reaches. It works in two steps, because C types are cyclic:
//!
//! 1. *Shapes*: every type becomes a [`Node`]. A structure behind a pointer is only registered.
//! 2. *Layouts*: structures are completed when something needs their size, and at the end whatever was
//!    registered. A structure that needs its own size on the way contains itself.
//!
//! Recursion happens only by value (members, elements, typedefs of typedefs) and is limited to
//! [`MAX_DEPTH`]; a list linked by pointers may be of any length.

mod compatible;
mod constant;
mod finish;
mod record;
mod scalar;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pinvoke_abi::layout::{Layout, LayoutError};
use pinvoke_abi::signature::CallConv;
use pinvoke_abi::target::Target;

pub(crate) use compatible::check_redeclarations;

use crate::diagnostic::{Diagnostic, Severity, closest};
use crate::facts::{Facts, TagFact};
use crate::front::c::{MAX_ERRORS, describe_parameter};
use crate::model::{
    Alignment, ArrayLen, Base, Declaration, DeclarationKind, Derivation, EnumFact, Expr, FunctionFact,
    Keyworded, Mode, Name, Op, RecordFact, TagKind, TypeFact,
};
use crate::span::{Source, Span};
use crate::types::{RecordField, TypeId};

/// Types inside types by value, and typedefs of typedefs. C17 5.2.4.1 asks for 63 levels of structures.
const MAX_DEPTH: u32 = 64;

/// "Did you mean" is answered so many times; each answer looks at every name there is.
const MAX_SUGGESTIONS: u32 = 20;

/// Whose declarations a name is looked up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// The texts parsed, then the built-in declarations.
    User,
    /// The built-in declarations alone: a user's `off_t` does not change the built-in `struct stat`.
    Builtin,
}

/// Where a fact stands: its names are looked up here, its diagnostics point there.
#[derive(Clone)]
struct Site {
    scope: Scope,
    source: Arc<Source>,
}

/// What a type is, without its layout.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Shape {
    /// Something that has been reported.
    Error,
    Keyworded(Keyworded),
    /// `wchar_t` and its like, over this integer type.
    Wide(Keyworded),
    Pointer(TypeId),
    Array(TypeId, Option<u64>),
    Record(usize),
    Enum(usize),
    Function(usize),
    Opaque(Arc<str>),
    /// A type that is C and not handled here; an error only where a function passes it by value.
    Unsupported(Arc<str>),
}

/// A type: a shape, the typedef that names it, qualifiers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Node {
    shape: Shape,
    alias: Option<Arc<str>>,
    is_const: bool,
    /// Alignment that a typedef gives it.
    align: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// No body is known.
    Incomplete,
    /// Registered.
    Waiting,
    /// Being laid out.
    Busy,
    Done,
    /// Reported.
    Failed,
    /// A member is of a type that is not handled.
    Unsupported,
}

struct RecordState {
    kind: TagKind,
    tag: Option<Arc<str>>,
    fact: Option<Arc<RecordFact>>,
    scope: Scope,
    status: Status,
    fields: Vec<RecordField>,
    layout: Option<Layout>,
    transparent: bool,
    /// How many types lie inside each other in it.
    nesting: u32,
    /// The words of [`Status::Unsupported`].
    unsupported: Option<Arc<str>>,
}

struct EnumState {
    fact: Option<Arc<EnumFact>>,
    tag: Option<Arc<str>>,
    ty: Keyworded,
    values: Vec<(Arc<str>, i128)>,
}

struct FunctionState {
    conv: CallConv,
    params: Vec<(Option<Arc<str>>, TypeId, Option<u64>)>,
    ret: TypeId,
    variadic: bool,
    unspecified: bool,
}

/// Why a type has no size.
enum NoLayout {
    /// It is incomplete, a function or `void`.
    Incomplete,
    /// The reason has been reported.
    Reported,
    /// It is or contains a type that is not handled; these words say which.
    Unsupported(Arc<str>),
}

pub(crate) struct Resolver<'f> {
    target: Target,
    user: &'f Facts,
    builtin: &'f Facts,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Whether tags without a body are worth a note.
    note_tags: bool,
    nodes: Vec<Node>,
    interned: HashMap<Node, TypeId>,
    layouts: HashMap<TypeId, Layout>,
    records: Vec<RecordState>,
    enums: Vec<EnumState>,
    functions: Vec<FunctionState>,
    by_tag: HashMap<(Scope, Arc<str>), TypeId>,
    by_body: HashMap<usize, TypeId>,
    typedefs: HashMap<(Scope, Arc<str>), Option<TypeId>>,
    constants: HashMap<usize, constant::EnumValues>,
    noted: HashSet<Arc<str>>,
    /// How many types lie inside each other by value; layouts are trees, and code recurses over them.
    nesting: HashMap<TypeId, u32>,
    suggestions: u32,
    depth: u32,
}

impl<'f> Resolver<'f> {
    pub(crate) fn new(target: Target, user: &'f Facts, builtin: &'f Facts) -> Resolver<'f> {
        Resolver {
            target,
            user,
            builtin,
            diagnostics: Vec::new(),
            note_tags: false,
            nodes: Vec::new(),
            interned: HashMap::new(),
            layouts: HashMap::new(),
            records: Vec::new(),
            enums: Vec::new(),
            functions: Vec::new(),
            by_tag: HashMap::new(),
            by_body: HashMap::new(),
            typedefs: HashMap::new(),
            constants: HashMap::new(),
            noted: HashSet::new(),
            nesting: HashMap::new(),
            suggestions: 0,
            depth: 0,
        }
    }

    /// Says of every structure tag without a body that it is taken as opaque.
    pub(crate) fn note_tags(mut self) -> Resolver<'f> {
        self.note_tags = true;
        self
    }

    /// Whether so much is wrong that going on would not help anyone.
    pub(crate) fn gave_up(&self) -> bool {
        self.diagnostics.len() > MAX_ERRORS
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    // --- questions ----------------------------------------------------------------------------

    /// Resolves a declaration and, for functions, checks that it can be called.
    pub(crate) fn declaration(&mut self, declaration: &Declaration, scope: Scope) -> TypeId {
        let site = Site { scope, source: Arc::clone(&declaration.source) };
        match declaration.kind {
            DeclarationKind::Typedef => self.typedef(&declaration.name, &site, declaration),
            DeclarationKind::Function | DeclarationKind::Variable => {
                let what = match declaration.kind {
                    DeclarationKind::Function => format!("the result of '{}'", declaration.name.text),
                    _ => format!("'{}'", declaration.name.text),
                };
                let id = self.type_of(&declaration.ty, &site, &what);
                if declaration.kind == DeclarationKind::Function {
                    self.check_function(id, &declaration.ty, &site, Some(&declaration.name.text));
                }
                id
            }
        }
    }

    /// Resolves a type that stands alone.
    pub(crate) fn type_name(&mut self, ty: &TypeFact, source: &Arc<Source>) -> TypeId {
        let site = Site { scope: Scope::User, source: Arc::clone(source) };
        self.type_of(ty, &site, "this type")
    }

    /// Resolves a body and lays it out.
    pub(crate) fn body(&mut self, fact: &TagFact, scope: Scope) -> TypeId {
        let id = match fact {
            TagFact::Record(record) => self.record_type(record, scope),
            TagFact::Enum(fact) => self.enum_type(fact, scope),
        };
        // Whatever is wrong is reported by completing it.
        _ = self.layout_of(id);
        id
    }

    // --- nodes --------------------------------------------------------------------------------

    fn intern(&mut self, node: Node) -> TypeId {
        if let Some(id) = self.interned.get(&node) {
            return *id;
        }
        let id = TypeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node.clone());
        self.interned.insert(node, id);
        id
    }

    fn plain(&mut self, shape: Shape) -> TypeId {
        self.intern(Node { shape, alias: None, is_const: false, align: None })
    }

    fn node(&self, id: TypeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    fn shape(&self, id: TypeId) -> &Shape {
        &self.node(id).shape
    }

    fn qualified(&mut self, id: TypeId, is_const: bool) -> TypeId {
        if !is_const || self.node(id).is_const {
            return id;
        }
        let node = Node { is_const: true, ..self.node(id).clone() };
        let nesting = self.nesting_of(id);
        let id = self.intern(node);
        self.nesting.insert(id, nesting);
        id
    }

    // --- diagnostics --------------------------------------------------------------------------

    fn error(&mut self, site: &Site, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(&site.source, span, message));
    }

    fn layout_error(&mut self, site: &Site, span: Span, what: &str, error: &LayoutError) {
        self.error(site, span, format!("{what}: {error}"));
    }

    /// Runs `resolve` one level deeper; `None`, reported, at the limit.
    fn deeper<T>(&mut self, site: &Site, span: Span, resolve: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            self.error(
                site,
                span,
                format!("nested too deeply: more than {MAX_DEPTH} types inside each other"),
            );
            return None;
        }
        self.depth += 1;
        let value = resolve(self);
        self.depth -= 1;
        Some(value)
    }

    // --- types --------------------------------------------------------------------------------

    /// Resolves a type as written; `what` names what has this type, for messages.
    fn type_of(&mut self, fact: &TypeFact, site: &Site, what: &str) -> TypeId {
        self.type_of_with(fact, site, what, false).0
    }

    /// As [`Self::type_of`]; of a parameter the outermost array or function becomes a pointer
    /// (C17 6.7.6.3), and the second value is the declared number of elements.
    fn type_of_with(
        &mut self,
        fact: &TypeFact,
        site: &Site,
        what: &str,
        parameter: bool,
    ) -> (TypeId, Option<u64>) {
        let base = self
            .deeper(site, fact.span, |r| r.base_type(fact, site, what))
            .unwrap_or_else(|| self.plain(Shape::Error));
        let mut id = self.qualified(base, fact.is_const);
        let mut declared_len = None;
        for (index, derivation) in fact.derivations.iter().enumerate() {
            let outermost = parameter && index + 1 == fact.derivations.len();
            id = match derivation {
                Derivation::Pointer { is_const } => {
                    let id = self.plain(Shape::Pointer(id));
                    self.qualified(id, *is_const)
                }
                Derivation::Array { len, .. } if outermost => {
                    declared_len = self.parameter_len(len, site);
                    self.plain(Shape::Pointer(id))
                }
                Derivation::Array { len: ArrayLen::Expr(expr), .. }
                    if parameter && self.is_variable_length(expr, site) =>
                {
                    self.plain(Shape::Array(id, None))
                }
                Derivation::Array { len, span } => self.array(id, len, *span, site, what),
                Derivation::Function(function) => {
                    // The function declared itself is not "behind" anything.
                    let declared = !parameter && index + 1 == fact.derivations.len();
                    let id = self.function(function, id, site, (!declared).then_some(what));
                    if outermost { self.plain(Shape::Pointer(id)) } else { id }
                }
            };
        }
        if parameter && fact.derivations.is_empty() {
            // A typedef may be an array or a function too: `va_list`, `jmp_buf`.
            match *self.shape(id) {
                Shape::Array(element, len) => {
                    declared_len = len;
                    let alias = self.node(id).alias.clone();
                    id = self.intern(Node {
                        shape: Shape::Pointer(element),
                        alias,
                        is_const: false,
                        align: None,
                    });
                }
                Shape::Function(_) => id = self.plain(Shape::Pointer(id)),
                _ => {}
            }
        }
        (id, declared_len)
    }

    fn base_type(&mut self, fact: &TypeFact, site: &Site, what: &str) -> TypeId {
        let behind_pointer = matches!(fact.derivations.first(), Some(Derivation::Pointer { .. }));
        let id = match &fact.base {
            Base::Keyworded(ty) => {
                if let Some(words) = scalar::missing(self.target, *ty) {
                    return self.plain(Shape::Unsupported(words.into()));
                }
                self.plain(Shape::Keyworded(*ty))
            }
            Base::Named(name) => self.named(name, site, behind_pointer, what),
            Base::Tag { kind, name } => self.tagged(*kind, name, site, behind_pointer),
            Base::Record(record) => self.record_type(record, site.scope),
            Base::Enum(fact) => self.enum_type(fact, site.scope),
            Base::Typeof(inner) => self.type_of(inner, site, what),
            Base::Unsupported(words) => self.plain(Shape::Unsupported(Arc::clone(words))),
        };
        match fact.mode {
            None => id,
            Some(mode) => self.with_mode(id, mode, site, fact.span),
        }
    }

    fn with_mode(&mut self, id: TypeId, mode: Mode, site: &Site, span: Span) -> TypeId {
        let signed = match self.shape(id) {
            Shape::Keyworded(ty) | Shape::Wide(ty) => scalar::is_signed(self.target, *ty),
            Shape::Enum(e) => scalar::is_signed(self.target, self.enums[*e].ty),
            Shape::Error => return id,
            _ => false,
        };
        let ty = match mode {
            Mode::Float(ty) => Some(ty),
            Mode::Int(size) => scalar::integer(self.target, u64::from(size), signed),
            Mode::Pointer => scalar::integer(self.target, self.target.pointer_size(), signed),
        };
        let is_const = self.node(id).is_const;
        match ty {
            Some(ty) => {
                let id = self.plain(Shape::Keyworded(ty));
                self.qualified(id, is_const)
            }
            None => {
                self.error(site, span, "this machine mode has no type on the target");
                self.plain(Shape::Error)
            }
        }
    }

    /// A name that ought to be a typedef's.
    fn named(&mut self, name: &Name, site: &Site, behind_pointer: bool, what: &str) -> TypeId {
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

    fn unknown(&mut self, name: &Name, site: &Site, behind_pointer: bool, what: &str) -> TypeId {
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
    fn suggestion(&mut self, wrong: &str) -> Option<String> {
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
    fn tag_suggestion(&mut self, wrong: &str) -> Option<String> {
        self.suggestions += 1;
        if self.suggestions > MAX_SUGGESTIONS {
            return None;
        }
        let tags = [self.user, self.builtin].into_iter().flat_map(|f| f.tags.iter());
        let near = closest(wrong, tags.map(|(tag, _)| &**tag))?;
        let kind = self.user.tags.get(near).or_else(|| self.builtin.tags.get(near))?.first()?.kind();
        Some(format!("did you mean '{} {near}'?", kind.keyword()))
    }

    fn typedef(&mut self, name: &Name, site: &Site, declaration: &Declaration) -> TypeId {
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

    /// The alignment that attributes ask for: the largest of them.
    fn alignment(&mut self, attributes: &[Alignment], site: &Site) -> Option<u64> {
        let mut largest = None;
        for attribute in attributes {
            let align = match attribute {
                Alignment::Largest => Some(16),
                Alignment::Expr(expr) => {
                    let span = expr.span;
                    match self.evaluate(expr, site) {
                        Ok(0) => None,
                        Ok(value) => {
                            match u64::try_from(value).ok().filter(|a| a.is_power_of_two() && *a <= 1 << 28) {
                                Some(align) => Some(align),
                                None => {
                                    let message = format!(
                                        "alignment {value} is not a power of two from 1 to 268435456"
                                    );
                                    self.error(site, span, message);
                                    None
                                }
                            }
                        }
                        Err(problem) => {
                            self.diagnostics.push(*problem);
                            None
                        }
                    }
                }
                Alignment::Type(ty) => {
                    let id = self.type_of(ty, site, "the alignment");
                    self.sized(id, site, ty.span, "the type in '_Alignas'").map(|l| l.align)
                }
            };
            largest = largest.max(align);
        }
        largest
    }

    /// `struct name` without a body.
    fn tagged(&mut self, kind: TagKind, name: &Name, site: &Site, behind_pointer: bool) -> TypeId {
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

    fn incomplete(&mut self, kind: TagKind, name: &Name, site: &Site, behind_pointer: bool) -> TypeId {
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

    // --- arrays and functions -----------------------------------------------------------------

    fn array(&mut self, element: TypeId, len: &ArrayLen, span: Span, site: &Site, what: &str) -> TypeId {
        if let Shape::Error | Shape::Unsupported(_) = self.shape(element) {
            return element;
        }
        let count = match len {
            ArrayLen::Unknown => None,
            ArrayLen::Expr(expr) => match self.evaluate(expr, site) {
                Ok(value) => match u64::try_from(value) {
                    Ok(count) => Some(count),
                    Err(_) => {
                        self.error(site, span, format!("the array {what} has {value} elements"));
                        return self.plain(Shape::Error);
                    }
                },
                Err(problem) => {
                    self.diagnostics.push(*problem);
                    return self.plain(Shape::Error);
                }
            },
        };
        if let Err(NoLayout::Unsupported(words)) = self.layout_of(element) {
            return self.plain(Shape::Unsupported(words));
        }
        let Some(layout) = self.sized(element, site, span, &format!("the element of {what}")) else {
            return self.plain(Shape::Error);
        };
        if let Some(count) = count
            && let Err(error) = Layout::array(layout, count)
        {
            self.layout_error(site, span, &format!("the array {what}"), &error);
            return self.plain(Shape::Error);
        }
        let id = self.plain(Shape::Array(element, count));
        let nesting = self.nesting_of(element) + 1;
        if nesting > MAX_DEPTH {
            self.too_deep(site, span);
            return self.plain(Shape::Error);
        }
        self.nesting.insert(id, nesting);
        id
    }

    /// How many types lie inside each other in a type.
    fn nesting_of(&self, id: TypeId) -> u32 {
        match self.shape(id) {
            Shape::Record(record) => self.records[*record].nesting,
            _ => self.nesting.get(&id).copied().unwrap_or(0),
        }
    }

    fn too_deep(&mut self, site: &Site, span: Span) {
        self.error(site, span, format!("nested too deeply: more than {MAX_DEPTH} types inside each other"));
    }

    /// Whether a length depends on another parameter: `double m[rows][columns]`.
    fn is_variable_length(&mut self, expr: &Expr, site: &Site) -> bool {
        let before = self.diagnostics.len();
        let known = !has_names(expr) || self.evaluate(expr, site).is_ok();
        self.diagnostics.truncate(before);
        !known
    }

    /// The number of elements of an array parameter; unknown if it depends on another parameter.
    fn parameter_len(&mut self, len: &ArrayLen, site: &Site) -> Option<u64> {
        let ArrayLen::Expr(expr) = len else { return None };
        let names = has_names(expr);
        let before = self.diagnostics.len();
        match self.evaluate(expr, site) {
            Ok(value) => u64::try_from(value).ok(),
            Err(problem) => {
                if names {
                    self.diagnostics.truncate(before);
                } else {
                    self.diagnostics.push(*problem);
                }
                None
            }
        }
    }

    /// `around` names what has this function type, for messages.
    fn function(&mut self, fact: &FunctionFact, ret: TypeId, site: &Site, around: Option<&str>) -> TypeId {
        let mut params = Vec::with_capacity(fact.params.len());
        let mut failed = *self.shape(ret) == Shape::Error;
        for (index, param) in fact.params.iter().enumerate() {
            let mut what = describe_parameter(index + 1, param.name.as_ref());
            if let Some(around) = around {
                what = format!("{what} of {around}");
            }
            let (mut id, len) = self.type_of_with(&param.ty, site, &what, true);
            if *self.shape(id) == Shape::Keyworded(Keyworded::Void) {
                self.error(site, param.span, format!("{what} has type 'void'"));
                id = self.plain(Shape::Error);
            }
            failed |= *self.shape(id) == Shape::Error;
            let id = self.transparent(id);
            params.push((param.name.as_ref().map(|n| Arc::clone(&n.text)), id, len));
        }
        if failed {
            return self.plain(Shape::Error);
        }
        self.functions.push(FunctionState {
            conv: fact.conv,
            params,
            ret,
            variadic: fact.variadic,
            unspecified: fact.unspecified,
        });
        self.plain(Shape::Function(self.functions.len() - 1))
    }

    /// A parameter of `transparent_union` type is passed as the union's first member.
    fn transparent(&mut self, id: TypeId) -> TypeId {
        let Shape::Record(record) = *self.shape(id) else { return id };
        if !self.records[record].transparent {
            return id;
        }
        match self.layout_of(id) {
            Ok(_) => self.records[record].fields.first().map_or(id, |f| f.ty),
            Err(_) => id,
        }
    }

    /// Reports what keeps a declared function from being called.
    fn check_function(&mut self, id: TypeId, fact: &TypeFact, site: &Site, name: Option<&Arc<str>>) {
        let Shape::Function(function) = *self.shape(id) else { return };
        let written = match fact.derivations.last() {
            Some(Derivation::Function(written)) => written.params.as_slice(),
            // Declared by the name of a function type, which lists the parameters elsewhere.
            _ => &[],
        };
        let state = &self.functions[function];
        let (ret, params): (TypeId, Vec<TypeId>) = (state.ret, state.params.iter().map(|p| p.1).collect());
        let name = name.map_or_else(|| "the function".to_owned(), |n| format!("'{n}'"));
        match *self.shape(ret) {
            Shape::Keyworded(Keyworded::Void) => {}
            Shape::Array(..) | Shape::Function(_) => {
                let message = format!("{name} returns an array or a function; C functions return neither");
                self.error(site, fact.span, message);
            }
            _ => {
                self.sized(ret, site, fact.span, &format!("the result of {name}"));
            }
        }
        for (index, param) in params.iter().enumerate() {
            let written = written.get(index);
            let what = describe_parameter(index + 1, written.and_then(|p| p.name.as_ref()));
            self.sized(*param, site, written.map_or(fact.span, |p| p.span), &what);
        }
    }

    // --- layouts ------------------------------------------------------------------------------

    /// The layout of a type that must be complete; reported if it is not.
    fn sized(&mut self, id: TypeId, site: &Site, span: Span, what: &str) -> Option<Layout> {
        match self.layout_of(id) {
            Ok(layout) if *self.shape(id) != Shape::Keyworded(Keyworded::Void) => Some(layout),
            Err(NoLayout::Reported) => None,
            Err(NoLayout::Unsupported(words)) => {
                let name = self.node(id).alias.clone();
                let message = match name {
                    Some(name) => format!("{what} has type '{name}': {words} is not supported"),
                    None => format!("{what}: {words} is not supported"),
                };
                self.error(site, span, message);
                None
            }
            _ => {
                let name = self.describe(id);
                let message = format!("{what} has the incomplete type '{name}'");
                let mut problem = Diagnostic::error(&site.source, span, message);
                problem.help = match name.split_once(' ') {
                    Some((_, tag)) if matches!(self.shape(id), Shape::Record(_)) => self.tag_suggestion(tag),
                    _ => None,
                };
                self.diagnostics.push(problem);
                None
            }
        }
    }

    fn layout_of(&mut self, id: TypeId) -> Result<Layout, NoLayout> {
        if let Some(layout) = self.layouts.get(&id) {
            return Ok(layout.clone());
        }
        let node = self.node(id).clone();
        let mut layout = match node.shape {
            Shape::Error => return Err(NoLayout::Reported),
            Shape::Unsupported(words) => return Err(NoLayout::Unsupported(words)),
            Shape::Keyworded(ty) | Shape::Wide(ty) => scalar::layout(self.target, ty),
            Shape::Pointer(_) => Layout::pointer(self.target),
            Shape::Array(element, Some(count)) => {
                let element = self.layout_of(element)?;
                // Checked when the array type was made.
                Layout::array(element, count).map_err(|_| NoLayout::Reported)?
            }
            Shape::Array(_, None) | Shape::Function(_) | Shape::Opaque(_) => {
                return Err(NoLayout::Incomplete);
            }
            Shape::Enum(e) => scalar::layout(self.target, self.enums[e].ty),
            Shape::Record(record) => {
                self.complete(record)?;
                self.records[record].layout.clone().ok_or(NoLayout::Reported)?
            }
        };
        if let Some(align) = node.align {
            layout.align = align;
        }
        self.layouts.insert(id, layout.clone());
        Ok(layout)
    }

    /// A type in words for a message, before any table exists.
    fn describe(&self, id: TypeId) -> String {
        let node = self.node(id);
        if let Some(alias) = &node.alias {
            return alias.to_string();
        }
        match &node.shape {
            Shape::Keyworded(ty) | Shape::Wide(ty) => scalar::keywords(*ty).to_owned(),
            Shape::Record(r) => {
                let record = &self.records[*r];
                format!("{} {}", record.kind.keyword(), record.tag.as_deref().unwrap_or("(unnamed)"))
            }
            Shape::Enum(e) => format!("enum {}", self.enums[*e].tag.as_deref().unwrap_or("(unnamed)")),
            Shape::Pointer(to) => match self.shape(*to) {
                Shape::Pointer(_) => "a pointer to a pointer".to_owned(),
                _ => format!("{} *", self.describe_flat(*to)),
            },
            Shape::Array(element, _) => format!("{}[]", self.describe_flat(*element)),
            Shape::Function(_) => "a function".to_owned(),
            Shape::Opaque(name) | Shape::Unsupported(name) => name.to_string(),
            Shape::Error => "?".to_owned(),
        }
    }

    fn describe_flat(&self, id: TypeId) -> String {
        match self.shape(id) {
            Shape::Pointer(_) | Shape::Array(..) if self.node(id).alias.is_none() => "...".to_owned(),
            _ => self.describe(id),
        }
    }
}

fn has_names(expr: &Expr) -> bool {
    expr.ops.iter().any(|(op, _)| matches!(op, Op::Name(_)))
}
