//! Nodes to a [`TypeTable`]: whatever is registered is completed, whatever cannot be is opaque.

use std::sync::Arc;

use super::{Resolver, Shape, Status, scalar};
use crate::model::{Keyworded, TagKind};
use crate::types::{Enumeration, FunctionType, Parameter, Record, Type, TypeId, TypeKind, TypeTable};

impl Resolver<'_> {
    /// Completes everything reached so far. New diagnostics concern types behind pointers.
    pub(crate) fn complete_all(&mut self) {
        let (mut record, mut node) = (0, 0);
        // Completing a record may add records and nodes.
        while record < self.records.len() || node < self.nodes.len() {
            while record < self.records.len() {
                if self.records[record].status == Status::Waiting {
                    _ = self.complete(record);
                }
                record += 1;
            }
            while node < self.nodes.len() {
                let id = TypeId(u32::try_from(node).unwrap_or(u32::MAX));
                _ = self.layout_of(id);
                node += 1;
            }
        }
    }

    /// The table of all types reached.
    pub(crate) fn finish(mut self) -> TypeTable {
        self.complete_all();
        let types = (0..self.nodes.len()).map(|index| self.finished(index)).collect();
        TypeTable { target: self.target, types: Arc::new(types) }
    }

    fn finished(&self, index: usize) -> Type {
        let id = TypeId(u32::try_from(index).unwrap_or(u32::MAX));
        let node = &self.nodes[index];
        let layout = self.layouts.get(&id).cloned();
        let mut keywords = None;
        let kind = match &node.shape {
            Shape::Error => TypeKind::Opaque { name: node.alias.clone().unwrap_or_else(|| "?".into()) },
            Shape::Keyworded(ty) => {
                keywords = Some(scalar::keywords(*ty));
                self.keyworded(*ty)
            }
            Shape::Wide(ty) => {
                keywords = Some(scalar::keywords(*ty));
                TypeKind::WideChar
            }
            Shape::Pointer(to) => TypeKind::Pointer { to: *to },
            Shape::Array(element, len) => TypeKind::Array { element: *element, len: *len },
            Shape::Vector(element, len) => TypeKind::Vector { element: *element, len: *len },
            Shape::Record(r) => {
                let state = &self.records[*r];
                let record = || Record { tag: state.tag.clone(), fields: state.fields.clone() };
                match (state.status, state.kind) {
                    (Status::Done, TagKind::Union) => TypeKind::Union(record()),
                    (Status::Done, _) => TypeKind::Struct(record()),
                    _ => TypeKind::Opaque { name: self.record_name(*r).into() },
                }
            }
            Shape::Enum(e) => {
                let state = &self.enums[*e];
                TypeKind::Enum(Enumeration {
                    tag: state.tag.clone(),
                    signed: scalar::is_signed(self.target, state.ty),
                    constants: state.values.clone(),
                })
            }
            Shape::Function(f) => match self.function_type(*f) {
                Some(function) => TypeKind::Function(function),
                None => TypeKind::Opaque { name: "a function with a parameter of incomplete type".into() },
            },
            Shape::Opaque(name) | Shape::Unsupported(name) => TypeKind::Opaque { name: Arc::clone(name) },
        };
        Type { kind, layout, alias: node.alias.clone(), is_const: node.is_const, keywords }
    }

    fn keyworded(&self, ty: Keyworded) -> TypeKind {
        use Keyworded as K;
        match ty {
            K::Void => TypeKind::Void,
            K::Bool => TypeKind::Bool,
            K::Char => TypeKind::Char,
            K::Float | K::Double | K::LongDouble | K::Float64x | K::Float128 => TypeKind::Float,
            K::ComplexFloat
            | K::ComplexDouble
            | K::ComplexLongDouble
            | K::ComplexFloat64x
            | K::ComplexFloat128 => TypeKind::Complex,
            K::SignedChar
            | K::UnsignedChar
            | K::Short
            | K::UnsignedShort
            | K::Int
            | K::UnsignedInt
            | K::Long
            | K::UnsignedLong
            | K::LongLong
            | K::UnsignedLongLong
            | K::Int128
            | K::UnsignedInt128 => TypeKind::Int { signed: scalar::is_signed(self.target, ty) },
        }
    }

    /// The function, if everything it takes and returns by value has a layout.
    pub(crate) fn function_type(&self, function: usize) -> Option<FunctionType> {
        let state = &self.functions[function];
        let passable = |id: TypeId| {
            self.layouts.contains_key(&id) && !matches!(self.shape(id), Shape::Array(..) | Shape::Function(_))
        };
        if !passable(state.ret) || !state.params.iter().all(|p| passable(p.1)) {
            return None;
        }
        let params = state.params.iter().map(|(name, ty, len)| Parameter {
            name: name.clone(),
            ty: *ty,
            declared_len: *len,
        });
        Some(FunctionType {
            conv: state.conv,
            params: params.collect(),
            ret: state.ret,
            variadic: state.variadic,
        })
    }

    /// The function behind a type, after [`Self::complete_all`].
    pub(crate) fn function_of(&self, id: TypeId) -> Option<FunctionType> {
        match self.shape(id) {
            Shape::Function(f) => self.function_type(*f),
            _ => None,
        }
    }
}
