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
mod derived;
mod finish;
mod name;
mod record;
mod scalar;
mod size;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pinvoke_abi::layout::{Layout, LayoutError};
use pinvoke_abi::signature::CallConv;
use pinvoke_abi::target::Target;

pub(crate) use compatible::check_redeclarations;

use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, TagFact};
use crate::front::c::MAX_ERRORS;
use crate::model::{
    ArrayLen, Base, Declaration, DeclarationKind, Derivation, EnumFact, Keyworded, Mode, RecordFact, TagKind,
    TypeFact,
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
    Vector(TypeId, u64),
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

    /// A number that is changed by one instruction is aligned to its size, also where others of that size are not
    /// (those of 8 bytes on 32-bit x86).
    fn atomic(&mut self, id: TypeId) -> TypeId {
        let scalar = matches!(self.shape(id), Shape::Keyworded(_) | Shape::Wide(_) | Shape::Enum(_));
        let Some(layout) = scalar.then(|| self.layout_of(id).ok()).flatten() else { return id };
        if !layout.size.is_power_of_two() || layout.align >= layout.size {
            return id;
        }
        let node = Node { align: Some(layout.size), ..self.node(id).clone() };
        self.intern(node)
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
            Base::Atomic(inner) => {
                let id = self.type_of(inner, site, what);
                self.atomic(id)
            }
            Base::Vector(vector) => self.vector(vector, site, what),
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
}
