//! A declared type together with the table that defines it.

use std::fmt;

use pinvoke_decl::types::{Type, TypeId, TypeKind, TypeTable};

/// One type of a [`TypeTable`], with the table: enough to read, write and name it. Cheap to clone.
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::decl::Unit;
/// use pinvoke::value::TypeRef;
///
/// let (types, id) = Unit::new(Target::HOST).type_named("const char *(*)(int)").unwrap();
/// let ty = TypeRef::new(&types, id);
/// assert_eq!(ty.to_string(), "const char *(*)(int)");
/// assert_eq!(ty.size(), Some(size_of::<usize>() as u64));
/// ```
#[derive(Clone)]
pub struct TypeRef {
    table: TypeTable,
    id: TypeId,
}

impl TypeRef {
    /// The type `id` of `table`.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::value::TypeRef;
    ///
    /// // The type of a parameter, for a value that is to be of it:
    /// let function = Unit::new(Target::HOST).parse_prototype("void f(unsigned short port)").unwrap();
    /// let port = TypeRef::new(&function.types, function.ty.params[0].ty);
    /// assert_eq!((port.to_string(), port.size()), ("unsigned short".into(), Some(2)));
    /// ```
    ///
    /// # Panics
    /// If `id` belongs to another table and lies outside this one.
    #[must_use]
    pub fn new(table: &TypeTable, id: TypeId) -> TypeRef {
        let _ = table.get(id);
        TypeRef { table: table.clone(), id }
    }

    /// Its table.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::value::TypeRef;
    ///
    /// let (types, id) = Unit::new(Target::X86_64_WINDOWS).type_named("long").unwrap();
    /// assert_eq!(TypeRef::new(&types, id).table().target(), Target::X86_64_WINDOWS);
    /// ```
    #[must_use]
    pub fn table(&self) -> &TypeTable {
        &self.table
    }

    /// Its id in the table.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::value::TypeRef;
    ///
    /// let (types, id) = Unit::new(Target::HOST).type_named("int").unwrap();
    /// assert_eq!(TypeRef::new(&types, id).id(), id);
    /// ```
    #[must_use]
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// The resolved type.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::value::TypeRef;
    ///
    /// let (types, id) = Unit::new(Target::HOST).type_named("const size_t").unwrap();
    /// let ty = TypeRef::new(&types, id);
    /// assert_eq!((ty.get().alias.as_deref(), ty.get().is_const), (Some("size_t"), true));
    /// ```
    #[must_use]
    pub fn get(&self) -> &Type {
        self.table.get(self.id)
    }

    /// What it is.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::{Unit, types::TypeKind};
    /// use pinvoke::value::TypeRef;
    ///
    /// let (types, id) = Unit::new(Target::HOST).type_named("uint32_t").unwrap();
    /// assert!(matches!(TypeRef::new(&types, id).kind(), TypeKind::Int { signed: false }));
    /// ```
    #[must_use]
    pub fn kind(&self) -> &TypeKind {
        &self.get().kind
    }

    /// Another type of the same table.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::{Unit, types::TypeKind};
    /// use pinvoke::value::TypeRef;
    ///
    /// let (types, id) = Unit::new(Target::HOST).type_named("double[3]").unwrap();
    /// let array = TypeRef::new(&types, id);
    /// let TypeKind::Array { element, .. } = array.kind() else { unreachable!("it is an array") };
    /// assert_eq!(array.sibling(*element).to_string(), "double");
    /// ```
    #[must_use]
    pub fn sibling(&self, id: TypeId) -> TypeRef {
        TypeRef { table: self.table.clone(), id }
    }

    /// Size in bytes; `None` for functions and incomplete types.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::value::TypeRef;
    ///
    /// let unit = Unit::new(Target::HOST);
    /// let size = |text| unit.type_named(text).map(|(types, id)| TypeRef::new(&types, id).size()).unwrap();
    /// assert_eq!((size("int[10]"), size("FILE")), (Some(40), None));
    /// ```
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.get().layout.as_ref().map(|l| l.size)
    }

    /// What it points at, if it is a pointer.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::value::TypeRef;
    ///
    /// let (types, id) = Unit::new(Target::HOST).type_named("const char **").unwrap();
    /// let text = TypeRef::new(&types, id).pointee().unwrap();
    /// assert_eq!(text.to_string(), "const char *");
    /// assert!(text.pointee().unwrap().pointee().is_none());
    /// ```
    #[must_use]
    pub fn pointee(&self) -> Option<TypeRef> {
        match self.kind() {
            TypeKind::Pointer { to } => Some(self.sibling(*to)),
            _ => None,
        }
    }
}

/// The type in C notation: `const char *`, `struct stat`, `int (*)(int)`.
impl fmt::Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.display(self.id).fmt(f)
    }
}

impl fmt::Debug for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypeRef({self})")
    }
}
