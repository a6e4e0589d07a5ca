//! Integer constant expressions evaluated with C's types (C17 6.3.1, 6.6) on a target.
//!
//! Postfix operations run over a stack. An operand that cannot be evaluated becomes an error value on
//! the stack and poisons what uses it, but not what merely could have: `n ? 1 / n : 0` is fine for 0.

use std::sync::Arc;

use pinvoke_abi::layout::Kind;

use super::{MAX_SUGGESTIONS, Resolver, Scope, Shape, Site, scalar};
use crate::diagnostic::{Diagnostic, closest};
use crate::model::{Binary, Designator, EnumFact, Expr, Keyworded, Name, Op, TypeFact, Unary};
use crate::span::Span;
use crate::types::TypeId;

/// Constants of an enumeration: those evaluated so far, while it is being evaluated.
pub(super) type EnumValues = Vec<(Arc<str>, i128)>;

/// Boxed: errors are rare and large.
type Evaluated<T> = Result<T, Box<Diagnostic>>;

#[derive(Clone, Copy)]
struct Value {
    value: i128,
    ty: Keyworded,
}

impl Resolver<'_> {
    /// The value of an expression.
    pub(super) fn evaluate(&mut self, expr: &Expr, site: &Site) -> Evaluated<i128> {
        self.evaluate_typed(expr, site).map(|v| v.value)
    }

    /// The value of an expression that stands alone.
    pub(crate) fn evaluate_text(
        &mut self,
        expr: &Expr,
        source: &Arc<crate::span::Source>,
    ) -> Result<i128, Vec<Diagnostic>> {
        let site = Site { scope: Scope::User, source: Arc::clone(source) };
        match self.evaluate(expr, &site) {
            Ok(value) if !self.has_errors() => Ok(value),
            Ok(_) => Err(std::mem::take(&mut self.diagnostics)),
            Err(problem) => {
                self.diagnostics.push(*problem);
                Err(std::mem::take(&mut self.diagnostics))
            }
        }
    }

    fn evaluate_typed(&mut self, expr: &Expr, site: &Site) -> Evaluated<Value> {
        let mut stack: Vec<Evaluated<Value>> = Vec::new();
        let nothing =
            || Err(Box::new(Diagnostic::error(&site.source, expr.span, "this is not an expression")));
        for (op, span) in &expr.ops {
            let value = match op {
                Op::Binary(binary) => {
                    let right = stack.pop().unwrap_or_else(nothing);
                    let left = stack.pop().unwrap_or_else(nothing);
                    self.binary(*binary, left, right, site, *span)
                }
                Op::Conditional => {
                    let second = stack.pop().unwrap_or_else(nothing);
                    let first = stack.pop().unwrap_or_else(nothing);
                    let condition = stack.pop().unwrap_or_else(nothing);
                    self.conditional(condition, first, second)
                }
                Op::Unary(unary) => {
                    let operand = stack.pop().unwrap_or_else(nothing);
                    operand.and_then(|v| self.unary(*unary, v, site, *span))
                }
                Op::Cast(ty) => {
                    let operand = stack.pop().unwrap_or_else(nothing);
                    operand.and_then(|v| self.cast(v, ty, site, *span))
                }
                leaf => self.leaf(leaf, *span, site),
            };
            stack.push(value);
        }
        stack.pop().unwrap_or_else(nothing)
    }

    fn problem<T>(site: &Site, span: Span, message: impl Into<String>) -> Evaluated<T> {
        Err(Box::new(Diagnostic::error(&site.source, span, message)))
    }

    fn size(&self, value: u64) -> Value {
        let ty = scalar::integer(self.target, self.target.pointer_size(), false);
        Value { value: i128::from(value), ty: ty.unwrap_or(Keyworded::UnsignedLong) }
    }

    fn leaf(&mut self, op: &Op, span: Span, site: &Site) -> Evaluated<Value> {
        match op {
            Op::Int { value, ty } => Ok(Value { value: *value, ty: *ty }),
            Op::NotInteger(message) => Self::problem(site, span, *message),
            Op::Size(size) => Ok(self.size(*size)),
            Op::Name(name) => self.constant(name, span, site),
            Op::SizeOf(ty) => {
                let layout = self.operand_layout(ty, site, "the operand of 'sizeof'")?;
                Ok(self.size(layout.size))
            }
            Op::AlignOf(ty) => {
                let layout = self.operand_layout(ty, site, "the operand of '_Alignof'")?;
                Ok(self.size(layout.align))
            }
            Op::OffsetOf(ty, path) => {
                let offset = self.offset_of(ty, path, site)?;
                Ok(self.size(offset))
            }
            Op::Unary(_) | Op::Binary(_) | Op::Cast(_) | Op::Conditional => {
                Self::problem(site, span, "this is not an expression")
            }
        }
    }

    fn operand_layout(
        &mut self,
        ty: &TypeFact,
        site: &Site,
        what: &str,
    ) -> Evaluated<pinvoke_abi::layout::Layout> {
        let id = self.type_of(ty, site, what);
        if *self.shape(id) == Shape::Keyworded(Keyworded::Void) {
            // GNU C: sizeof(void) is 1.
            let mut layout = pinvoke_abi::layout::Layout::void();
            layout.size = 1;
            return Ok(layout);
        }
        match self.sized(id, site, ty.span, what) {
            Some(layout) => Ok(layout),
            None => match self.diagnostics.pop() {
                Some(problem) => Err(Box::new(problem)),
                None => Self::problem(site, ty.span, format!("{what} has no size")),
            },
        }
    }

    fn offset_of(&mut self, ty: &TypeFact, path: &[Designator], site: &Site) -> Evaluated<u64> {
        let mut at = self.type_of(ty, site, "the type in 'offsetof'");
        let mut offset = 0u64;
        for step in path {
            match step {
                Designator::Member(name) => {
                    self.sized(at, site, name.span, "the type in 'offsetof'");
                    let Some((more, ty)) = self.find_member(at, name) else {
                        let message =
                            format!("'{}' has no member '{}' with an offset", self.describe(at), name.text);
                        return Self::problem(site, name.span, message);
                    };
                    offset = offset.saturating_add(more);
                    at = ty;
                }
                Designator::Index(index) => {
                    let value = self.evaluate(index, site)?;
                    let Shape::Array(element, _) = *self.shape(at) else {
                        return Self::problem(site, index.span, "only an array has elements");
                    };
                    let layout = self.layout_of(element).ok();
                    let more = layout.zip(u64::try_from(value).ok()).and_then(|(l, n)| l.size.checked_mul(n));
                    let Some(more) = more else {
                        return Self::problem(site, index.span, "this index is out of range");
                    };
                    offset = offset.saturating_add(more);
                    at = element;
                }
            }
        }
        Ok(offset)
    }

    /// Offset and type of a member, looking into anonymous ones.
    fn find_member(&self, id: TypeId, name: &Name) -> Option<(u64, TypeId)> {
        let Shape::Record(record) = *self.shape(id) else { return None };
        for field in &self.records[record].fields {
            match &field.name {
                Some(n) if *n == name.text && field.bits.is_none() => return Some((field.offset, field.ty)),
                None => {
                    if let Some((offset, ty)) = self.find_member(field.ty, name) {
                        return Some((field.offset + offset, ty));
                    }
                }
                _ => {}
            }
        }
        None
    }

    // --- names --------------------------------------------------------------------------------

    fn constant(&mut self, name: &Arc<str>, span: Span, site: &Site) -> Evaluated<Value> {
        let scopes: &[Scope] =
            if site.scope == Scope::User { &[Scope::User, Scope::Builtin] } else { &[Scope::Builtin] };
        for scope in scopes {
            let facts = if *scope == Scope::User { self.user } else { self.builtin };
            if let Some((fact, index)) = facts.constants.get(name) {
                return match self.enum_value(&Arc::clone(fact), *scope, *index) {
                    Some(value) => Ok(self.enumerator(value)),
                    None => Self::problem(site, span, format!("'{name}' is used before its value is known")),
                };
            }
            if let Some(found) = facts.macros.get(name) {
                let found = Arc::clone(found);
                let inner = Site { scope: *scope, source: Arc::clone(&found.source) };
                let value = self.deeper(site, span, |r| r.evaluate_typed(&found.body, &inner));
                return match value {
                    Some(value) => value,
                    None => {
                        let problem = self.diagnostics.pop();
                        problem.map_or_else(|| Self::problem(site, span, "too deep"), |p| Err(Box::new(p)))
                    }
                };
            }
        }
        let mut problem = Diagnostic::error(&site.source, span, format!("'{name}' is not a known constant"));
        let names =
            [self.user, self.builtin].into_iter().flat_map(|f| f.constants.keys().chain(f.macros.keys()));
        self.suggestions += 1;
        if self.suggestions <= MAX_SUGGESTIONS
            && let Some(near) = closest(name, names.map(|n| &**n))
        {
            problem.help = Some(format!("did you mean '{near}'?"));
        }
        Err(Box::new(problem))
    }

    /// A constant with the type it has in an expression.
    fn enumerator(&self, value: i128) -> Value {
        use Keyworded as K;
        let long_bits = self.target.long_size() * 8;
        let ty = if i32::try_from(value).is_ok() {
            K::Int
        } else if u32::try_from(value).is_ok() {
            K::UnsignedInt
        } else if value < 0 || value >> (long_bits - 1) == 0 {
            if long_bits == 64 { K::Long } else { K::LongLong }
        } else if long_bits == 64 {
            K::UnsignedLong
        } else {
            K::UnsignedLongLong
        };
        Value { value, ty }
    }

    /// All constants of an enumeration.
    pub(super) fn enum_values(&mut self, fact: &Arc<EnumFact>, scope: Scope) -> EnumValues {
        self.evaluate_enum(fact, scope);
        self.constants.get(&Arc::as_ptr(fact).addr()).cloned().unwrap_or_default()
    }

    /// One constant; none if it is being evaluated right now.
    pub(super) fn enum_value(&mut self, fact: &Arc<EnumFact>, scope: Scope, index: usize) -> Option<i128> {
        self.evaluate_enum(fact, scope);
        self.constants.get(&Arc::as_ptr(fact).addr())?.get(index).map(|(_, value)| *value)
    }

    fn evaluate_enum(&mut self, fact: &Arc<EnumFact>, scope: Scope) {
        let key = Arc::as_ptr(fact).addr();
        if self.constants.contains_key(&key) {
            return;
        }
        self.constants.insert(key, Vec::with_capacity(fact.constants.len()));
        let site = Site { scope, source: Arc::clone(&fact.source) };
        let mut next = 0i128;
        for (name, expr) in &fact.constants {
            if let Some(expr) = expr {
                let value = self.deeper(&site, expr.span, |r| r.evaluate(expr, &site));
                match value {
                    Some(Ok(value)) => next = value,
                    Some(Err(problem)) => self.diagnostics.push(*problem),
                    None => {}
                }
            }
            // At once, for constants that are defined by earlier ones.
            self.constants.entry(key).or_default().push((Arc::clone(&name.text), next));
            next = next.saturating_add(1);
        }
    }

    // --- operators ----------------------------------------------------------------------------

    /// Integer promotion (C17 6.3.1.1).
    fn promote(&self, v: Value) -> Value {
        let bits = scalar::integer_bits(self.target, v.ty).unwrap_or(32);
        if bits < 32 || v.ty == Keyworded::Bool { Value { ty: Keyworded::Int, ..v } } else { v }
    }

    /// The usual arithmetic conversions (C17 6.3.1.8).
    fn common(&self, a: Value, b: Value) -> Keyworded {
        let (a, b) = (self.promote(a).ty, self.promote(b).ty);
        let bits = |ty| scalar::integer_bits(self.target, ty).unwrap_or(32);
        let unsigned = |ty| !scalar::is_signed(self.target, ty);
        match bits(a).cmp(&bits(b)) {
            std::cmp::Ordering::Greater => a,
            std::cmp::Ordering::Less => b,
            std::cmp::Ordering::Equal if unsigned(a) => a,
            std::cmp::Ordering::Equal => b,
        }
    }

    /// The value converted to a type, as a cast does.
    fn convert(&self, value: i128, ty: Keyworded) -> Value {
        if ty == Keyworded::Bool {
            return Value { value: i128::from(value != 0), ty };
        }
        let bits = scalar::integer_bits(self.target, ty).unwrap_or(32);
        let shift = 128 - bits;
        let value = if scalar::is_signed(self.target, ty) {
            (value << shift) >> shift
        } else {
            ((value.cast_unsigned() << shift) >> shift).cast_signed()
        };
        Value { value, ty }
    }

    /// A result in its type: unsigned types wrap, signed ones must fit.
    fn fit(
        &self,
        exact: Option<i128>,
        wrapped: i128,
        ty: Keyworded,
        site: &Site,
        span: Span,
    ) -> Evaluated<Value> {
        let converted = self.convert(wrapped, ty);
        if scalar::is_signed(self.target, ty) && exact != Some(converted.value) {
            return Self::problem(site, span, format!("this overflows '{}'", scalar::keywords(ty)));
        }
        Ok(converted)
    }

    fn unary(&self, op: Unary, v: Value, site: &Site, span: Span) -> Evaluated<Value> {
        let v = self.promote(v);
        match op {
            Unary::Plus => Ok(v),
            Unary::Minus => self.fit(v.value.checked_neg(), v.value.wrapping_neg(), v.ty, site, span),
            Unary::Complement => Ok(self.convert(!v.value, v.ty)),
            Unary::Not => Ok(Value { value: i128::from(v.value == 0), ty: Keyworded::Int }),
        }
    }

    fn conditional(
        &self,
        condition: Evaluated<Value>,
        first: Evaluated<Value>,
        second: Evaluated<Value>,
    ) -> Evaluated<Value> {
        let condition = condition?;
        let (chosen, other) = if condition.value != 0 { (first?, second) } else { (second?, first) };
        let ty = other.map_or(chosen.ty, |other| self.common(chosen, other));
        Ok(self.convert(chosen.value, ty))
    }

    fn binary(
        &self,
        op: Binary,
        left: Evaluated<Value>,
        right: Evaluated<Value>,
        site: &Site,
        span: Span,
    ) -> Evaluated<Value> {
        let truth = |b: bool| Ok(Value { value: i128::from(b), ty: Keyworded::Int });
        let left = left?;
        match op {
            Binary::And if left.value == 0 => return truth(false),
            Binary::Or if left.value != 0 => return truth(true),
            _ => {}
        }
        let right = right?;
        if let Binary::And | Binary::Or = op {
            return truth(right.value != 0);
        }
        if let Binary::ShiftLeft | Binary::ShiftRight = op {
            return self.shift(op, self.promote(left), right.value, site, span);
        }
        let ty = self.common(left, right);
        let (a, b) = (self.convert(left.value, ty).value, self.convert(right.value, ty).value);
        let fit = |exact: Option<i128>, wrapped| self.fit(exact, wrapped, ty, site, span);
        match op {
            Binary::Multiply => fit(a.checked_mul(b), a.wrapping_mul(b)),
            Binary::Add => fit(a.checked_add(b), a.wrapping_add(b)),
            Binary::Subtract => fit(a.checked_sub(b), a.wrapping_sub(b)),
            Binary::Divide | Binary::Remainder if b == 0 => Self::problem(site, span, "division by zero"),
            Binary::Divide => fit(a.checked_div(b), a.wrapping_div(b)),
            Binary::Remainder => fit(a.checked_rem(b), a.wrapping_rem(b)),
            Binary::Less => truth(a < b),
            Binary::Greater => truth(a > b),
            Binary::LessEqual => truth(a <= b),
            Binary::GreaterEqual => truth(a >= b),
            Binary::Equal => truth(a == b),
            Binary::NotEqual => truth(a != b),
            Binary::BitAnd => Ok(self.convert(a & b, ty)),
            Binary::BitXor => Ok(self.convert(a ^ b, ty)),
            Binary::BitOr => Ok(self.convert(a | b, ty)),
            Binary::And | Binary::Or | Binary::ShiftLeft | Binary::ShiftRight => truth(false),
        }
    }

    fn shift(&self, op: Binary, left: Value, by: i128, site: &Site, span: Span) -> Evaluated<Value> {
        let bits = scalar::integer_bits(self.target, left.ty).unwrap_or(32);
        let Some(by) = u32::try_from(by).ok().filter(|by| *by < bits) else {
            return Self::problem(site, span, format!("a shift by {by} in a type of {bits} bits"));
        };
        if op == Binary::ShiftRight {
            return Ok(self.convert(left.value >> by, left.ty));
        }
        // gcc and clang shift into the sign bit (`1 << 31`), and headers rely on it.
        Ok(self.convert(left.value << by, left.ty))
    }

    fn cast(&mut self, v: Value, ty: &TypeFact, site: &Site, span: Span) -> Evaluated<Value> {
        let id = self.type_of(ty, site, "the cast");
        let ty = match self.shape(id) {
            Shape::Keyworded(ty) | Shape::Wide(ty) => *ty,
            Shape::Enum(e) => self.enums[*e].ty,
            Shape::Pointer(_) => scalar::integer(self.target, self.target.pointer_size(), false)
                .unwrap_or(Keyworded::UnsignedLong),
            _ => return Self::problem(site, span, "this cast does not give an integer"),
        };
        if !matches!(scalar::layout(self.target, ty).kind, Kind::Int { .. } | Kind::Bool) {
            return Self::problem(site, span, "this cast does not give an integer");
        }
        Ok(self.convert(v.value, ty))
    }
}
