//! A declared type together with the table that defines it.

use std::fmt;

use pinvoke_decl::types::{Type, TypeId, TypeKind, TypeTable};

/// One type of a [`TypeTable`], with the table: enough to read, write and name it. Cheap to clone.
#[derive(Clone)]
pub struct TypeRef {
    table: TypeTable,
    id: TypeId,
}

impl TypeRef {
    /// The type `id` of `table`.
    ///
    /// # Panics
    /// If `id` belongs to another table and lies outside this one.
    #[must_use]
    pub fn new(table: &TypeTable, id: TypeId) -> TypeRef {
        let _ = table.get(id);
        TypeRef { table: table.clone(), id }
    }

    /// Its table.
    #[must_use]
    pub fn table(&self) -> &TypeTable {
        &self.table
    }

    /// Its id in the table.
    #[must_use]
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// The resolved type.
    #[must_use]
    pub fn get(&self) -> &Type {
        self.table.get(self.id)
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &TypeKind {
        &self.get().kind
    }

    /// Another type of the same table.
    #[must_use]
    pub fn sibling(&self, id: TypeId) -> TypeRef {
        TypeRef { table: self.table.clone(), id }
    }

    /// Size in bytes; `None` for functions and incomplete types.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.get().layout.as_ref().map(|l| l.size)
    }

    /// What it points at, if it is a pointer.
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
