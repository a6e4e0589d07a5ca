//! Types and functions as C text.

use std::fmt::{self, Write as _};

use pinvoke_abi::signature::CallConv;

use crate::types::{FunctionType, ResolvedFunction, TypeId, TypeKind, TypeTable};

/// A type that shows itself as C text; see [`TypeTable::display`].
///
/// ```
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::{DisplayType, Unit};
///
/// let (types, id) = Unit::new(Target::X86_64_LINUX).type_named("unsigned long")?;
/// let shown: DisplayType<'_> = types.display(id);
/// assert_eq!(format!("{shown:>15}"), "  unsigned long"); // in a column of a table
///
/// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DisplayType<'t> {
    table: &'t TypeTable,
    id: TypeId,
    name: &'t str,
}

impl TypeTable {
    /// The type as C text: `const char *`, `int (*)(const char *, int)`.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let unit = Unit::new(Target::X86_64_LINUX);
    /// let show = |text| unit.type_named(text).map(|(types, id)| types.display(id).to_string());
    /// assert_eq!(show("char const *")?, "const char *");
    /// assert_eq!(show("int (*)(size_t n)")?, "int (*)(size_t n)");
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    #[must_use]
    pub fn display(&self, id: TypeId) -> DisplayType<'_> {
        DisplayType { table: self, id, name: "" }
    }

    /// The declaration of `name` with the type as C text: `int (*compare)(const void *, const void *)`.
    ///
    /// ```
    /// use pinvoke_abi::target::Target;
    /// use pinvoke_decl::Unit;
    ///
    /// let (types, id) = Unit::new(Target::X86_64_LINUX).type_named("int (*[4])(const void *)")?;
    /// assert_eq!(types.declare(id, "table").to_string(), "int (*table[4])(const void *)");
    /// # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
    /// ```
    #[must_use]
    pub fn declare<'t>(&'t self, id: TypeId, name: &'t str) -> DisplayType<'t> {
        DisplayType { table: self, id, name }
    }

    /// Puts the type around `declarator`, from the inside out.
    fn around(&self, id: TypeId, mut declarator: String, depth: u32) -> String {
        let mut id = id;
        loop {
            let ty = self.get(id);
            if ty.alias.is_some() {
                break;
            }
            match &ty.kind {
                TypeKind::Pointer { to } => {
                    let target = self.get(*to);
                    let qualifier = match (
                        ty.is_const,
                        declarator.starts_with(|c: char| c == '_' || c.is_alphanumeric()),
                    ) {
                        (true, true) => "const ",
                        (true, false) => "const",
                        (false, _) => "",
                    };
                    declarator = format!("*{qualifier}{declarator}");
                    match &target.kind {
                        TypeKind::Array { .. } if target.alias.is_none() => {
                            declarator = format!("({declarator})")
                        }
                        TypeKind::Function(function) if target.alias.is_none() => {
                            declarator = format!("({}{declarator})", convention(function.conv));
                        }
                        _ => {}
                    }
                    id = *to;
                }
                TypeKind::Array { element, len } => {
                    match len {
                        Some(len) => _ = write!(declarator, "[{len}]"),
                        None => declarator.push_str("[]"),
                    }
                    id = *element;
                }
                TypeKind::Function(function) => {
                    declarator.push_str(&self.parameters(function, depth + 1));
                    id = function.ret;
                }
                _ => break,
            }
        }
        let space = if declarator.is_empty() || declarator.starts_with('[') { "" } else { " " };
        format!("{}{space}{declarator}", self.base(id))
    }

    fn parameters(&self, function: &FunctionType, depth: u32) -> String {
        // Only a function that takes a function that takes a function ... comes here.
        if depth > crate::front::c::MAX_NESTING {
            return "(...)".to_owned();
        }
        let mut parts: Vec<String> = Vec::with_capacity(function.params.len() + 1);
        for param in &function.params {
            let name = param.name.as_deref().unwrap_or("").to_owned();
            parts.push(self.around(param.ty, name, depth));
        }
        if function.variadic {
            parts.push("...".to_owned());
        }
        if parts.is_empty() {
            parts.push("void".to_owned());
        }
        format!("({})", parts.join(", "))
    }

    /// A type that is no pointer, array or function, or has a name.
    fn base(&self, id: TypeId) -> String {
        let ty = self.get(id);
        let tagged = |keyword: &str, tag: Option<&str>| match tag {
            Some(tag) => format!("{keyword} {tag}"),
            None => format!("{keyword} {{...}}"),
        };
        let name = match (&ty.alias, &ty.kind) {
            (Some(alias), _) => alias.to_string(),
            (None, TypeKind::Struct(r)) => tagged("struct", r.tag.as_deref()),
            (None, TypeKind::Union(r)) => tagged("union", r.tag.as_deref()),
            (None, TypeKind::Enum(e)) => tagged("enum", e.tag.as_deref()),
            (None, TypeKind::Vector { element, len }) => {
                let size =
                    self.get(*element).layout.as_ref().map_or(0, |layout| layout.size.saturating_mul(*len));
                format!("{} __attribute__((vector_size({size})))", self.base(*element))
            }
            (None, TypeKind::Opaque { name }) => name.to_string(),
            (None, _) => ty.keywords.unwrap_or("void").to_owned(),
        };
        if ty.is_const { format!("const {name}") } else { name }
    }
}

impl fmt::Display for DisplayType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.table.around(self.id, self.name.to_owned(), 0))
    }
}

/// The words for a convention, with a space behind them; none for the platform's own.
fn convention(conv: CallConv) -> &'static str {
    match conv {
        CallConv::C => "",
        CallConv::System => "WINAPI ",
        CallConv::SysV64 => "__attribute__((sysv_abi)) ",
        CallConv::Win64 => "__attribute__((ms_abi)) ",
        CallConv::Stdcall => "__stdcall ",
        CallConv::Fastcall => "__fastcall ",
        CallConv::Thiscall => "__thiscall ",
    }
}

/// The prototype as C text.
impl fmt::Display for ResolvedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = self.types.parameters(&self.ty, 0);
        let declarator = format!("{}{}{parameters}", convention(self.ty.conv), self.name);
        let text = self.types.around(self.ty.ret, declarator, 0);
        match &self.entry_point {
            Some(entry_point) => f.pad(&format!("{text} __asm__(\"{entry_point}\")")),
            None => f.pad(&text),
        }
    }
}
