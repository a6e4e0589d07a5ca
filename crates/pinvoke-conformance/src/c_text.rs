//! The C side of a prototype: its types, a callee that checks what arrives, a caller that checks
//! what comes back.
//!
//! The text holds no values. Expected bytes and masks are handed over at run time through
//! `conf_begin`, so a file of hundreds of prototypes compiles quickly and the optimiser cannot fold
//! a comparison away.
//!
//! For prototype number 7, `double f(unsigned char, struct s7_0)`:
//!
//! ```c
//! double callee_7(unsigned char a0, struct s7_0 a1) {
//!     conf_check(0, &a0, 0, sizeof a0); conf_wide(0, a0, 0, sizeof a0, 0);
//!     conf_check(1, &a1, 16, sizeof a1);
//!     double r; conf_load(&r, 32, sizeof r); return r;
//! }
//! void caller_7(void *f) {
//!     unsigned char a0; conf_load(&a0, 0, sizeof a0);
//!     struct s7_0 a1; conf_load(&a1, 16, sizeof a1);
//!     double r = ((__typeof__(callee_7) *)f)(a0, a1);
//!     conf_check(-1, &r, 32, sizeof r);
//! }
//! ```

use std::fmt::Write as _;

use crate::convention::Convention;
use crate::layouts::{self, Leaf, member_name};
use crate::model::{Member, Prototype, Record, Shape, Spelling, Ty};
use crate::values::Values;

/// Declarations that the scalars of the model name.
pub(crate) const TYPES: &str = "enum conf_u { CONF_U0, CONF_U1 = 7 };
enum conf_s { CONF_S0 = -1, CONF_S1 };
typedef int (*conf_fn)(int);
typedef float conf_float2 __attribute__((vector_size(8)));
typedef float conf_float4 __attribute__((vector_size(16)));
__attribute__((vector_size(16))) typedef long long conf_long2;
typedef uint8_t __attribute__((__vector_size__(8 * sizeof(uint8_t)))) conf_uchar8;
typedef short conf_short8 __attribute__((vector_size(16)));
";

const PRELUDE: &str = r"#include <stddef.h>
#include <stdint.h>

struct conf_report { int count, place, byte, got, want; };
static const unsigned char *conf_values, *conf_masks;
static struct conf_report *conf_report;

void conf_begin(const unsigned char *values, const unsigned char *masks, struct conf_report *report) {
    conf_values = values; conf_masks = masks; conf_report = report;
}
static void conf_note(int place, int byte, int got, int want) {
    if (conf_report->count++ == 0) {
        conf_report->place = place; conf_report->byte = byte; conf_report->got = got; conf_report->want = want;
    }
}
static __attribute__((noinline)) void conf_check(int place, const void *p, unsigned long at, unsigned long size) {
    const unsigned char *got = p;
    for (unsigned long i = 0; i < size; i++)
        if ((got[i] ^ conf_values[at + i]) & conf_masks[at + i]) {
            conf_note(place, (int)i, got[i], conf_values[at + i]);
            return;
        }
}
/* A narrow integer as the compiler sees it in arithmetic: it may rely on the other side's extension. */
static __attribute__((noinline)) void conf_wide(int place, long long got, unsigned long at, int size, int is_signed) {
    unsigned long long want = 0;
    for (int i = size; i-- > 0;) want = want << 8 | conf_values[at + i];
    if (is_signed && (want >> (size * 8 - 1) & 1)) want |= ~0ull << (size * 8);
    if (got != (long long)want) conf_note(place, -1, (int)got, (int)want);
}
static __attribute__((noinline)) void conf_load(void *p, unsigned long at, unsigned long size) {
    unsigned char *to = p;
    for (unsigned long i = 0; i < size; i++) to[i] = conf_values[at + i];
}
static void conf_zero(void *p, unsigned long size) {
    unsigned char *to = p;
    for (unsigned long i = 0; i < size; i++) to[i] = 0;
}
static void conf_copy(void *q, const void *p, unsigned long size) {
    unsigned char *to = q;
    for (unsigned long i = 0; i < size; i++) to[i] = ((const unsigned char *)p)[i];
}
";

/// The C names of one prototype.
#[derive(Debug)]
pub(crate) struct Text {
    /// Number of the prototype, part of every name.
    number: u64,
    /// Definitions of the record types.
    pub(crate) definitions: String,
    /// Type names of the parameters.
    params: Vec<String>,
    ret: String,
}

impl Text {
    pub(crate) fn new(number: u64, prototype: &Prototype) -> Text {
        let mut writer = Writer { number, next: 0, definitions: String::new() };
        let params = prototype.params.iter().map(|ty| writer.value_type(ty)).collect();
        let ret = prototype.ret.as_ref().map_or_else(|| "void".to_owned(), |ty| writer.value_type(ty));
        Text { number, definitions: writer.definitions, params, ret }
    }

    /// The head of the callee's definition; `variable` of its parameters stand as `...`.
    pub(crate) fn head(&self, prototype: &Prototype) -> String {
        let attribute = prototype.convention.attribute();
        let fixed = prototype.variadic_from.unwrap_or(self.params.len());
        let mut params: Vec<String> =
            self.params.iter().take(fixed).enumerate().map(|(i, ty)| declare(ty, &format!("a{i}"))).collect();
        if prototype.variadic_from.is_some() {
            params.push("...".to_owned());
        } else if params.is_empty() {
            params.push("void".to_owned());
        }
        let name = format!("callee_{}({})", self.number, params.join(", "));
        format!("{attribute}{}", declare(&self.ret, &name))
    }

    /// What the front end gets to read: types, the prototype, and a typedef `v<number>_<i>` for each
    /// variable argument.
    pub(crate) fn declarations(&self, prototype: &Prototype) -> String {
        let mut out = format!("{TYPES}{}{};\n", self.definitions, self.head(prototype));
        for (i, ty) in self.params.iter().enumerate().skip(prototype.variadic_from.unwrap_or(usize::MAX)) {
            let _ = writeln!(out, "typedef {};", declare(ty, &format!("v{}_{i}", self.number)));
        }
        out
    }

    /// What a person wants to see: types, the prototype, and the types of the variable arguments.
    pub(crate) fn shown(&self, prototype: &Prototype) -> String {
        let mut out = format!("{}{};", self.definitions, self.head(prototype));
        if let Some(fixed) = prototype.variadic_from {
            let variable: Vec<&str> = self.params.iter().skip(fixed).map(String::as_str).collect();
            let _ = write!(out, "  /* ... = {} */", variable.join(", "));
        }
        out
    }
}

/// `ty name` with the blank where it belongs.
fn declare(ty: &str, name: &str) -> String {
    if ty.ends_with('*') { format!("{ty}{name}") } else { format!("{ty} {name}") }
}

struct Writer {
    number: u64,
    next: u32,
    definitions: String,
}

impl Writer {
    fn value_type(&mut self, ty: &Ty) -> String {
        match ty {
            Ty::Scalar(scalar) => scalar.c_name().to_owned(),
            Ty::Record(record) => self.define(record, &mut 0),
            Ty::Array(..) => unreachable!("arrays are members only"),
        }
    }

    /// Defines a record under a tag of its own and gives its name.
    fn define(&mut self, record: &Record, names: &mut u32) -> String {
        let tag = format!("s{}_{}", self.number, self.next);
        self.next += 1;
        let body = self.body(record, &tag, names);
        let _ = writeln!(self.definitions, "{body};");
        format!("{} {tag}", keyword(record))
    }

    fn body(&mut self, record: &Record, tag: &str, names: &mut u32) -> String {
        let mut attributes = Vec::new();
        if record.packed {
            attributes.push("packed".to_owned());
        }
        if let Some(align) = record.aligned {
            attributes.push(format!("aligned({align})"));
        }
        let attribute = if attributes.is_empty() {
            String::new()
        } else {
            format!("__attribute__(({}))", attributes.join(", "))
        };
        // Both places are allowed and mean the same.
        let (before, after) = if self.next.is_multiple_of(2) { (&*attribute, "") } else { ("", &*attribute) };
        let members: String = record.members.iter().map(|m| self.member(m, names)).collect();
        let mut words = vec![keyword(record)];
        words.extend([before, tag].iter().filter(|w| !w.is_empty()));
        let head = words.join(" ");
        let gap = if after.is_empty() { "" } else { " " };
        format!("{head} {{ {members}}}{gap}{after}")
    }

    fn member(&mut self, member: &Member, names: &mut u32) -> String {
        let name = member_name(names, member.spelling);
        let (base, dimensions) = self.member_type(&member.ty, member.spelling, names);
        let mut out = match &name {
            Some(name) => format!("{}{dimensions}", declare(&base, name)),
            None => base,
        };
        if let Some(bits) = member.bits {
            let _ = write!(out, " : {bits}");
        }
        if let Some(align) = member.aligned {
            let _ = write!(out, " __attribute__((aligned({align})))");
        }
        out.push_str("; ");
        out
    }

    fn member_type(&mut self, ty: &Ty, spelling: Spelling, names: &mut u32) -> (String, String) {
        match ty {
            Ty::Scalar(scalar) => (scalar.c_name().to_owned(), String::new()),
            Ty::Array(element, count) => {
                let (base, inner) = self.member_type(element, spelling, names);
                (base, format!("[{count}]{inner}"))
            }
            Ty::Record(record) => {
                let text = match spelling {
                    Spelling::Named => self.define(record, names),
                    Spelling::InPlace | Spelling::Unnamed => self.body(record, "", names),
                };
                (text, String::new())
            }
        }
    }
}

fn keyword(record: &Record) -> &'static str {
    if record.union { "union" } else { "struct" }
}

/// The leaves of a value whose place the compiler states: plain ones by `offsetof`, bit-fields by
/// setting all their bits.
pub(crate) fn stated_leaves(ty: &Ty) -> Vec<Leaf> {
    // A long array says nothing new after its first elements.
    const ENOUGH: usize = 40;
    let mut leaves = layouts::leaves(ty, &mut |_| None);
    leaves.truncate(ENOUGH);
    leaves
}

/// Starts a file.
pub(crate) fn begin_file() -> String {
    format!("{PRELUDE}{TYPES}")
}

/// Adds a prototype to a file.
pub(crate) fn add(out: &mut String, prototype: &Prototype, text: &Text, values: &Values) {
    let k = text.number;
    out.push_str(&text.definitions);
    let _ = writeln!(out, "{};", text.head(prototype));
    facts(out, prototype, text);
    callee(out, prototype, text, values);
    // Under its own name, which some conventions decorate, it would not be found everywhere.
    let _ = writeln!(out, "void *const address_{k} = (void *)callee_{k};");
    let _ = writeln!(out, "void caller_{k}(void *f) {{");
    for (i, ty) in text.params.iter().enumerate() {
        let at = values.param(i).at;
        let _ = writeln!(out, "  {}; conf_load(&a{i}, {at}, sizeof a{i});", declare(ty, &format!("a{i}")));
    }
    let args: Vec<String> = (0..text.params.len()).map(|i| format!("a{i}")).collect();
    let call = format!("((__typeof__(callee_{k}) *)f)({})", args.join(", "));
    match &prototype.ret {
        None => {
            let _ = writeln!(out, "  {call};");
        }
        Some(ty) => {
            let _ = writeln!(out, "  {} = {call};", declare(&text.ret, "r"));
            check(out, -1, "r", ty, values.ret().at);
        }
    }
    out.push_str("}\n");
}

fn callee(out: &mut String, prototype: &Prototype, text: &Text, values: &Values) {
    let _ = writeln!(out, "{} {{", text.head(prototype));
    if let Some(fixed) = prototype.variadic_from {
        let ms = if prototype.convention == Convention::Ms { "ms_" } else { "" };
        let _ = writeln!(out, "  __builtin_{ms}va_list ap; __builtin_{ms}va_start(ap, a{});", fixed - 1);
        for (i, ty) in text.params.iter().enumerate().skip(fixed) {
            let _ = writeln!(out, "  {} = __builtin_va_arg(ap, {ty});", declare(ty, &format!("a{i}")));
        }
    }
    for (i, ty) in prototype.params.iter().enumerate() {
        let place = i32::try_from(i).expect("a few parameters");
        check(out, place, &format!("a{i}"), ty, values.param(i).at);
    }
    if prototype.ret.is_some() {
        let at = values.ret().at;
        let _ = writeln!(out, "  {}; conf_load(&r, {at}, sizeof r); return r;", declare(&text.ret, "r"));
    }
    out.push_str("}\n");
}

fn check(out: &mut String, place: i32, name: &str, ty: &Ty, at: usize) {
    let _ = write!(out, "  conf_check({place}, &{name}, {at}, sizeof {name});");
    if let Ty::Scalar(scalar) = ty {
        let signed = match scalar.shape() {
            Shape::Int { size, signed } if size <= 4 => Some(signed),
            Shape::Bool => Some(false),
            _ => None,
        };
        if let Some(signed) = signed {
            let signed = i32::from(signed);
            let _ = write!(out, " conf_wide({place}, {name}, {at}, sizeof {name}, {signed});");
        }
    }
    out.push('\n');
}

/// Sizes, alignments and offsets as the compiler states them; see [`crate::facts`] for the reader.
fn facts(out: &mut String, prototype: &Prototype, text: &Text) {
    let k = text.number;
    let mut numbers = Vec::new();
    let mut bits = String::new();
    let mut bit_fields = 0;
    let types = prototype.params.iter().zip(&text.params).chain(prototype.ret.iter().zip([&text.ret]));
    for (ty, name) in types {
        numbers.push(format!("sizeof({name})"));
        numbers.push(format!("_Alignof({name})"));
        for leaf in stated_leaves(ty) {
            if leaf.bits.is_some() {
                let _ = writeln!(
                    bits,
                    "  case {bit_fields}: {{ {name} t; conf_zero(&t, sizeof t); t{} = -1; conf_copy(out, &t, sizeof t); return; }}",
                    leaf.path
                );
                bit_fields += 1;
            } else if !leaf.path.is_empty() {
                numbers.push(format!("offsetof({name}, {})", &leaf.path[1..]));
            }
        }
    }
    numbers.push("0".to_owned());
    let _ = writeln!(out, "const size_t facts_{k}[] = {{ {} }};", numbers.join(", "));
    if bit_fields > 0 {
        let _ = writeln!(out, "void bits_{k}(int i, unsigned char *out) {{\n  switch (i) {{\n{bits}  }}\n}}");
    }
}
