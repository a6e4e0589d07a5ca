//! A set of declarations for one target.

use std::sync::Arc;

use pinvoke_abi::target::{Arch, Os, Target};

use crate::builtin;
use crate::diagnostic::{Diagnostic, Severity};
use crate::facts::Facts;
use crate::front::c;
use crate::model::{Declaration, DeclarationKind, Derivation};
use crate::resolve::{Resolver, Scope, check_redeclarations};
use crate::span::{Source, Span};
use crate::types::{ResolvedFunction, ResolvedVariable, TypeId, TypeTable};

/// Declarations of one or more texts, on one target.
///
/// Later texts see what earlier ones declare. A name that none of them declares is looked up in the
/// built-in declarations: type names of C99 and POSIX, Windows type names, common POSIX structures.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// let problems = unit.parse("example.h", "typedef struct { double x, y; } point; double norm(point p);");
/// assert!(problems.is_empty());
/// assert_eq!(unit.function("norm")?.to_string(), "double norm(point p)");
/// assert_eq!(unit.evaluate("sizeof(point) / 2")?, 8);
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Unit {
    target: Target,
    facts: Facts,
    builtin: Arc<Facts>,
    /// First declaration and one past the last of the text parsed last.
    last: (usize, usize),
    notes: Vec<Diagnostic>,
}

/// A name that a text declares.
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::model::DeclarationKind;
/// use pinvoke_decl::{Declared, Unit};
///
/// let mut unit = Unit::new(Target::X86_64_LINUX);
/// unit.parse("x.h", "typedef int number;");
/// let number = Declared { name: "number".into(), kind: DeclarationKind::Typedef };
/// assert_eq!(unit.last_declared().next(), Some(number));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The name.
    pub name: Arc<str>,
    /// What it is.
    pub kind: DeclarationKind,
}

impl Unit {
    /// No declarations but the built-in ones.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// // The types of C, POSIX and the system are there from the beginning, for any target.
    /// let size = |target| Unit::new(target).evaluate("sizeof(long)");
    /// assert_eq!((size(Target::X86_64_LINUX)?, size(Target::X86_64_WINDOWS)?), (8, 4));
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    #[must_use]
    pub fn new(target: Target) -> Unit {
        Unit {
            target,
            facts: Facts::default(),
            builtin: builtin::facts(target),
            last: (0, 0),
            notes: Vec::new(),
        }
    }

    /// The machine it declares for.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// assert_eq!(Unit::new(Target::AARCH64_MACOS).target(), Target::AARCH64_MACOS);
    /// ```
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// Reads C declarations: a header after the preprocessor, a declaration file, prototypes.
    ///
    /// Everything that could be understood is declared, whatever is returned. `name` is what
    /// diagnostics call the text where no line marker says otherwise.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// let problems = unit.parse("acme.h", "struct acme; int good(struct acme *); int bad(nothing n);");
    /// assert_eq!(problems.len(), 1);
    /// assert!(problems[0].to_string().contains("acme.h:1:"));
    /// assert!(unit.function("good").is_ok());
    /// ```
    pub fn parse(&mut self, name: &str, text: &str) -> Vec<Diagnostic> {
        self.parse_with(name, text, Severity::Error, false)
    }

    fn parse_with(&mut self, name: &str, text: &str, conflict: Severity, note_tags: bool) -> Vec<Diagnostic> {
        let (declarations, bodies) = (self.facts.declarations.len(), self.facts.bodies.len());
        let mut diagnostics = c::parse_unit(self.target, name, text, &mut self.facts, &[&self.builtin]);
        self.last = (declarations, self.facts.declarations.len());
        let mut resolver = Resolver::new(self.target, &self.facts, &self.builtin);
        if note_tags {
            resolver = resolver.note_tags();
        }
        for body in &self.facts.bodies[bodies..] {
            if !resolver.gave_up() {
                resolver.body(body, Scope::User);
            }
        }
        for declaration in &self.facts.declarations[declarations..] {
            if !resolver.gave_up() {
                resolver.declaration(declaration, Scope::User);
            }
        }
        if !resolver.gave_up() {
            check_redeclarations(&mut resolver, &self.facts, declarations, bodies, conflict);
        }
        diagnostics.append(&mut resolver.diagnostics);
        diagnostics.sort_by_key(|d| d.span);
        // One finding, reached on two ways, is one finding.
        diagnostics.dedup_by(|a, b| a.span == b.span && a.message == b.message);
        self.notes = diagnostics.iter().filter(|d| !d.is_error()).cloned().collect();
        diagnostics
    }

    /// Reads a text that declares exactly one function, and resolves it. A difference from an earlier
    /// declaration of the function is a warning here, and the new one counts.
    ///
    /// Notes and warnings about it are found by [`notes`](Self::notes) afterwards.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// let stat = unit.parse_prototype("int stat(const char *restrict path, struct stat *restrict buf);")?;
    /// assert_eq!(stat.to_string(), "int stat(const char *path, struct stat *buf)");
    /// assert!(unit.parse_prototype("int f(void); int g(void);").is_err()); // two
    ///
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    ///
    /// # Errors
    /// Everything that is wrong with the text, at least one of them an error.
    pub fn parse_prototype(&mut self, text: &str) -> Result<ResolvedFunction, Vec<Diagnostic>> {
        let mut diagnostics = self.parse_with("prototype", text, Severity::Warning, true);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(diagnostics);
        }
        let declared = &self.facts.declarations[self.last.0..self.last.1];
        let functions: Vec<_> =
            declared.iter().filter(|d| d.kind == DeclarationKind::Function).cloned().collect();
        let [function] = functions.as_slice() else {
            let source = Arc::new(Source::new("prototype", text, Vec::new()));
            diagnostics.push(
                match (functions.get(1), declared.iter().find(|d| d.kind != DeclarationKind::Typedef)) {
                    (Some(second), _) => Diagnostic::error(
                        &second.source,
                        second.name.span,
                        "expected one prototype, found a second one",
                    ),
                    (None, Some(variable)) => Diagnostic::error(
                        &variable.source,
                        variable.name.span,
                        format!("expected a function, found the variable '{}'", variable.name.text),
                    ),
                    (None, None) => {
                        Diagnostic::error(&source, Span::default(), "expected a function prototype")
                            .help("a prototype looks like this: 'double pow(double x, double y)'")
                    }
                },
            );
            return Err(diagnostics);
        };
        let function = Arc::clone(function);
        let name = Arc::clone(&function.name.text);
        // The prototype just given is the one that counts.
        if let Some(all) = self.facts.ordinary.get_mut(&name)
            && let Some(last) = all.pop()
        {
            all.insert(0, last);
        }
        if let Some(warning) = self.variable_arguments_missing(&function) {
            self.notes.push(warning);
        }
        self.resolve_function(&function)
    }

    /// Manual pages show some variadic functions with fixed parameters. Most ABIs do not mind; Apple's
    /// for Arm passes variable arguments on the stack and fixed ones in registers.
    fn variable_arguments_missing(&self, function: &Declaration) -> Option<Diagnostic> {
        const VARIADIC: [&str; 12] = [
            "open", "openat", "ioctl", "fcntl", "prctl", "ptrace", "sem_open", "ulimit", "syscall", "execl",
            "execle", "execlp",
        ];
        let apple_arm = self.target.arch == Arch::Aarch64 && self.target.os == Os::MacOs;
        let fixed = matches!(function.ty.derivations.last(), Some(Derivation::Function(f)) if !f.variadic);
        (apple_arm && fixed && VARIADIC.contains(&&*function.name.text)).then(|| {
            let message =
                format!("'{}' takes variable arguments, which travel differently here", function.name.text);
            Diagnostic::new(Severity::Warning, &function.source, function.name.span, message)
                .help("end the fixed parameters with '...'")
        })
    }

    /// Findings of the last text parsed that are no errors.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// unit.parse_prototype("int f(int n)")?;
    /// assert!(unit.notes().is_empty());
    /// unit.parse_prototype("int f(long n)")?; // not what was said before
    /// assert_eq!(unit.notes().len(), 1);
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    #[must_use]
    pub fn notes(&self) -> &[Diagnostic] {
        &self.notes
    }

    /// What the last text parsed declares, in order.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// unit.parse("first.h", "int one(void);");
    /// unit.parse("second.h", "int two(void); extern int three;");
    /// let names: Vec<_> = unit.last_declared().map(|declared| declared.name).collect();
    /// assert_eq!(names, ["two".into(), "three".into()]);
    /// ```
    pub fn last_declared(&self) -> impl Iterator<Item = Declared> + '_ {
        let declared = &self.facts.declarations[self.last.0..self.last.1];
        declared.iter().map(|d| Declared { name: Arc::clone(&d.name.text), kind: d.kind })
    }

    /// The last function that the last text parsed declares.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// // A person types declarations, and means the function at their end.
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// unit.parse("input", "struct point { double x, y; }; double norm(struct point p);");
    /// assert_eq!(unit.last_function().as_deref(), Some("norm"));
    /// ```
    #[must_use]
    pub fn last_function(&self) -> Option<Arc<str>> {
        let declared = &self.facts.declarations[self.last.0..self.last.1];
        let function = declared.iter().rev().find(|d| d.kind == DeclarationKind::Function);
        function.map(|d| Arc::clone(&d.name.text))
    }

    /// A declared function.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// unit.parse("x.h", "int good(void); struct never bad(void);");
    /// assert_eq!(unit.function("good")?.to_string(), "int good(void)");
    /// assert!(!unit.function("bad").unwrap_err().is_empty()); // says what its result lacks
    /// assert!(unit.function("absent").unwrap_err().is_empty());
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    ///
    /// # Errors
    /// Empty if no function of that name is declared, else what keeps it from being called.
    pub fn function(&self, name: &str) -> Result<ResolvedFunction, Vec<Diagnostic>> {
        match self.facts.find(name) {
            Some(found) if found.kind == DeclarationKind::Function => self.resolve_function(found),
            _ => Err(Vec::new()),
        }
    }

    /// Names of all functions declared, in order, each once.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// unit.parse("x.h", "int b(void); int a(void); int b(void); extern int c;");
    /// assert!(unit.function_names().map(|name| &**name).eq(["b", "a"]));
    /// ```
    pub fn function_names(&self) -> impl Iterator<Item = &Arc<str>> + '_ {
        let declarations = self.facts.declarations.iter();
        declarations.filter_map(|d| {
            let first = self.facts.find(&d.name.text)?;
            (Arc::ptr_eq(first, d) && d.kind == DeclarationKind::Function).then_some(&d.name.text)
        })
    }

    /// All functions that can be called, in the order declared, sharing one table of types.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// unit.parse("x.h", "int abs(int j); struct never odd(void); double sqrt(double x);");
    /// let prototypes: Vec<String> = unit.functions().iter().map(ToString::to_string).collect();
    /// assert_eq!(prototypes, ["int abs(int j)", "double sqrt(double x)"]);
    /// ```
    #[must_use]
    pub fn functions(&self) -> Vec<ResolvedFunction> {
        let mut resolver = Resolver::new(self.target, &self.facts, &self.builtin);
        let names: Vec<_> = self.function_names().cloned().collect();
        let resolved: Vec<_> = names
            .iter()
            .filter_map(|name| self.facts.find(name))
            .map(|d| (Arc::clone(d), resolver.declaration(d, Scope::User)))
            .collect();
        resolver.complete_all();
        let resolved: Vec<_> = resolved.into_iter().map(|(d, id)| (d, resolver.function_of(id))).collect();
        let types = resolver.finish();
        let functions = resolved.into_iter().filter_map(|(d, ty)| {
            Some(ResolvedFunction {
                name: Arc::clone(&d.name.text),
                entry_point: self.entry_point(&d),
                ty: ty?,
                types: types.clone(),
            })
        });
        functions.collect()
    }

    fn resolve_function(&self, declaration: &Arc<Declaration>) -> Result<ResolvedFunction, Vec<Diagnostic>> {
        let mut resolver = Resolver::new(self.target, &self.facts, &self.builtin);
        let id = resolver.declaration(declaration, Scope::User);
        if resolver.has_errors() {
            return Err(std::mem::take(&mut resolver.diagnostics));
        }
        resolver.complete_all();
        let Some(ty) = resolver.function_of(id) else {
            let message = format!("'{}' cannot be called: a type it uses is in error", declaration.name.text);
            return Err(vec![Diagnostic::error(&declaration.source, declaration.name.span, message)]);
        };
        Ok(ResolvedFunction {
            name: Arc::clone(&declaration.name.text),
            entry_point: self.entry_point(declaration),
            ty,
            types: resolver.finish(),
        })
    }

    /// The name to look up; a redeclaration without one inherits it (as C does).
    fn entry_point(&self, declaration: &Declaration) -> Option<Arc<str>> {
        let all = self.facts.ordinary.get(&declaration.name.text).map(Vec::as_slice).unwrap_or_default();
        let others = all.iter().filter_map(|i| self.facts.declarations[*i].entry_point.clone());
        declaration.entry_point.clone().or_else(|| others.into_iter().next())
    }

    /// A declared variable.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// unit.parse("getopt.h", "extern int optind; int getopt(int, char *const *, const char *);");
    /// let optind = unit.variable("optind")?;
    /// assert_eq!(optind.types.display(optind.ty).to_string(), "int");
    /// assert!(unit.variable("getopt").is_err()); // a function
    ///
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    ///
    /// # Errors
    /// Empty if no variable of that name is declared, else what is wrong with its type.
    pub fn variable(&self, name: &str) -> Result<ResolvedVariable, Vec<Diagnostic>> {
        let Some(found) = self.facts.find(name).filter(|d| d.kind == DeclarationKind::Variable) else {
            return Err(Vec::new());
        };
        let mut resolver = Resolver::new(self.target, &self.facts, &self.builtin);
        let ty = resolver.declaration(found, Scope::User);
        if resolver.has_errors() {
            return Err(std::mem::take(&mut resolver.diagnostics));
        }
        Ok(ResolvedVariable {
            name: Arc::clone(&found.name.text),
            entry_point: self.entry_point(found),
            ty,
            types: resolver.finish(),
        })
    }

    /// All types with a name that are complete: tags with their keyword, then typedefs.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// unit.parse("x.h", "typedef struct point { double x, y; } point_t; enum colour { RED };");
    /// assert_eq!(unit.type_names(), ["struct point", "enum colour", "point_t"]);
    /// ```
    #[must_use]
    pub fn type_names(&self) -> Vec<String> {
        Self::names_of(&self.facts)
    }

    /// The same for the built-in declarations of the target.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let has = |target, name: &str| Unit::new(target).builtin_type_names().iter().any(|known| known == name);
    /// assert!(has(Target::X86_64_LINUX, "struct stat") && has(Target::X86_64_LINUX, "uint32_t"));
    /// assert!(has(Target::X86_64_WINDOWS, "DWORD"));
    /// ```
    #[must_use]
    pub fn builtin_type_names(&self) -> Vec<String> {
        Self::names_of(&self.builtin)
    }

    fn names_of(facts: &Facts) -> Vec<String> {
        let mut names = Vec::new();
        for body in &facts.bodies {
            if let Some(tag) = body.tag() {
                names.push(format!("{} {}", body.kind().keyword(), tag.text));
            }
        }
        let typedefs = facts.declarations.iter().filter(|d| d.kind == DeclarationKind::Typedef);
        names.extend(typedefs.map(|d| d.name.text.to_string()));
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// The type that a type name means: `struct stat`, `size_t`, `const char *(*)(int)`.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let unit = Unit::new(Target::X86_64_LINUX);
    /// let (types, id) = unit.type_named("struct timespec[2]")?;
    /// assert_eq!(types.get(id).layout.as_ref().map(|layout| layout.size), Some(32));
    /// assert!(unit.type_named("struct timespec t").is_err()); // a declaration
    ///
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn type_named(&self, text: &str) -> Result<(TypeTable, TypeId), Vec<Diagnostic>> {
        // A body in a type name is part of the type, and declared nowhere but here.
        let (ty, mut diagnostics) =
            c::parse_type_name(self.target, text, &mut Facts::default(), &[&self.facts, &self.builtin]);
        let mut resolver = Resolver::new(self.target, &self.facts, &self.builtin);
        let id = ty.map(|(ty, source)| resolver.type_name(&ty, &source));
        diagnostics.append(&mut resolver.diagnostics);
        match id {
            Some(id) if !diagnostics.iter().any(Diagnostic::is_error) => Ok((resolver.finish(), id)),
            _ => Err(diagnostics),
        }
    }

    /// The value of an enumeration constant or of a macro that is a constant.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// unit.parse("x.h", "enum { A, B = 10, C };\n#define MASK (1 << C)\n");
    /// assert_eq!((unit.constant("C"), unit.constant("MASK")), (Some(11), Some(2048)));
    /// assert_eq!(unit.constant("D"), None);
    /// ```
    #[must_use]
    pub fn constant(&self, name: &str) -> Option<i128> {
        let known = |f: &Facts| f.constants.contains_key(name) || f.macros.contains_key(name);
        if known(&self.facts) || known(&self.builtin) { self.evaluate(name).ok() } else { None }
    }

    /// Names of all enumeration constants and constant macros of the texts, in alphabetical order. A macro
    /// among them may still have no value, if its body names something unknown.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let mut unit = Unit::new(Target::X86_64_LINUX);
    /// unit.parse("x.h", "enum { SECOND, FIRST };\n#define THIRD 3\n");
    /// assert_eq!(unit.constant_names(), ["FIRST", "SECOND", "THIRD"]);
    /// ```
    #[must_use]
    pub fn constant_names(&self) -> Vec<&str> {
        let all: std::collections::BTreeSet<&str> =
            self.facts.constants.keys().chain(self.facts.macros.keys()).map(|name| &**name).collect();
        all.into_iter().collect()
    }

    /// Evaluates an integer constant expression: `O_CREAT | 1 << 3`, `sizeof(struct stat)`.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let unit = Unit::new(Target::X86_64_LINUX);
    /// assert_eq!(unit.evaluate("sizeof(struct stat) | 1 << 8")?, 144 | 256);
    /// assert_eq!(unit.evaluate("'a' + 1")?, 98);
    /// assert!(unit.evaluate("1 / 0").is_err());
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn evaluate(&self, text: &str) -> Result<i128, Vec<Diagnostic>> {
        let known = [&self.facts, &*self.builtin];
        let (expr, diagnostics) = c::parse_expression(self.target, text, &mut Facts::default(), &known);
        match expr {
            Some((expr, source)) if diagnostics.is_empty() => {
                Resolver::new(self.target, &self.facts, &self.builtin).evaluate_text(&expr, &source)
            }
            _ => Err(diagnostics),
        }
    }
}
