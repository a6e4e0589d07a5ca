//! `pinvoke layout`: a picture of a type.
//!
//! One row per member, in the order of the offsets, with a row for every run of bytes that belongs to no
//! member. Structures inside are shown in place, indented, with offsets from the start of the whole.
//! Small structures are also drawn as memory, one letter per byte:
//!
//! ```text
//!      0 1 2 3 4 5 6 7
//!  0   a # c . . . . .      #: bits of several members, .: padding
//!  8   d d d d d d d d
//! ```

use std::fmt::Write as _;

use pinvoke_abi::target::Target;
use pinvoke_decl::types::{Record, RecordField, Type, TypeId, TypeKind, TypeTable};
use serde_json::json;

use crate::cli::Layout;
use crate::failure::{Failure, Kind};
use crate::report::Shown;
use crate::sources;
use crate::table::{Align, Table};
use crate::terminal::{DIM, HEADING, NAME, styled};

/// Structures inside structures that are shown in place.
const MAX_DEPTH: usize = 16;

/// Draws the type.
pub(crate) fn run(layout: &Layout) -> Result<Shown, Failure> {
    let target = layout.target.unwrap_or(Target::HOST);
    let mut unit = sources::read(&layout.declarations, target)?;
    let text = layout.ty.trim();
    // A definition that ends in `;` is a declaration; its tag or last name is what is meant.
    if text.contains('{') && !text.ends_with(';') {
        // As a declaration, a body is checked whole.
        sources::check(unit.clone().parse("type", &format!("{text}\n;")))?;
    }
    let (types, id) = match text.strip_suffix(';') {
        None => unit.type_named(text).map_err(|findings| sources::rejected(&findings))?,
        Some(body) => {
            sources::check(unit.parse("type", text))?;
            let name = unit.last_declared().last().map(|declared| declared.name.to_string());
            let name = name.unwrap_or_else(|| body.split('{').next().unwrap_or(body).trim().to_owned());
            unit.type_named(&name).map_err(|findings| sources::rejected(&findings))?
        }
    };
    draw(&types, id, text)
}

fn draw(types: &TypeTable, id: TypeId, written: &str) -> Result<Shown, Failure> {
    let ty = types.get(id);
    let layout = ty.layout.as_ref().filter(|_| !matches!(ty.kind, TypeKind::Void));
    let Some(layout) = layout else {
        let what = match &ty.kind {
            TypeKind::Function(_) => "a function has no size; put a '*' behind it for a pointer".to_owned(),
            TypeKind::Void => "void has no size".to_owned(),
            _ => format!("{} is declared but not defined, so it has no size", types.display(id)),
        };
        return Err(Failure::new(Kind::Declaration, what)
            .help("give its definition with --decl FILE or --include HEADER"));
    };
    let name = types.display(id).to_string();
    let mut text = format!(
        "{}  {} {}, alignment {}  {}\n",
        styled(HEADING, &name),
        layout.size,
        plural(layout.size, "byte"),
        layout.align,
        styled(DIM, types.target()),
    );
    let mut json = json!({
        "type": name, "written": written, "target": types.target().to_string(),
        "size": layout.size, "align": layout.align,
    });
    match &ty.kind {
        TypeKind::Struct(record) | TypeKind::Union(record) => {
            let map = memory(types, ty, record);
            let mut picture = Picture { types, table: columns(), padding: 0, lettered: map.is_some() };
            picture.members(ty, record, 0, 0);
            text.push('\n');
            if let Some(map) = map {
                text.push_str(&map);
                text.push('\n');
            }
            text.push_str(&picture.table.render());
            if picture.padding > 0 {
                let _ =
                    writeln!(text, "\n{} {} of padding", picture.padding, plural(picture.padding, "byte"));
            }
            json["padding"] = picture.padding.into();
            json["members"] = members_json(types, record, 0, 0).into();
        }
        TypeKind::Enum(e) => {
            let mut table = Table::new(&[("value", Align::Right), ("constant", Align::Left)]);
            for (name, value) in &e.constants {
                table.row([value.to_string(), styled(NAME, name)]);
            }
            text.push('\n');
            text.push_str(&table.render());
            let constants: Vec<_> =
                e.constants.iter().map(|(n, v)| json!({ "name": &**n, "value": v.to_string() })).collect();
            json["constants"] = constants.into();
        }
        _ => {}
    }
    Ok(Shown { text, json })
}

fn columns() -> Table {
    Table::new(&[
        ("", Align::Left),
        ("offset", Align::Right),
        ("size", Align::Right),
        ("bits", Align::Left),
        ("name", Align::Left),
        ("type", Align::Left),
    ])
}

fn plural(count: u64, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}

struct Picture<'t> {
    types: &'t TypeTable,
    table: Table,
    padding: u64,
    /// Whether the members have the letters of the map of the memory.
    lettered: bool,
}

impl Picture<'_> {
    /// The members of `record`, which starts at `base`; returns nothing, the rows are what matters.
    fn members(&mut self, ty: &Type, record: &Record, base: u64, depth: usize) {
        let indent = "  ".repeat(depth);
        let union = matches!(ty.kind, TypeKind::Union(_));
        let size = ty.layout.as_ref().map_or(0, |layout| layout.size);
        // In bits, so that unused bits beside bit-fields count as well.
        let mut end = 0;
        for (i, field) in record.fields.iter().enumerate() {
            let (start, bits) = extent(self.types, field);
            if !union && start > end {
                self.hole(base, end, start, &indent);
            }
            end = end.max(start + bits);
            let key = letter(i).filter(|_| self.lettered && depth == 0);
            self.member(key, field, base, &indent, depth);
        }
        if !union && size * 8 > end {
            self.hole(base, end, size * 8, &indent);
        }
    }

    fn member(&mut self, key: Option<char>, field: &RecordField, base: u64, indent: &str, depth: usize) {
        let ty = self.types.get(field.ty);
        let size = ty.layout.as_ref().map_or(0, |layout| layout.size);
        let (size, bits) = match field.bits {
            // "9:4": bit 4 of byte 9, then how many.
            Some(bits) => (String::new(), format!("{}..{}", bits.start, bits.start + bits.width)),
            None => (size.to_string(), String::new()),
        };
        let name =
            field.name.as_deref().map_or_else(|| styled(DIM, "(anonymous)"), |name| styled(NAME, name));
        self.table.row([
            key.map(String::from).unwrap_or_default(),
            (base + field.offset).to_string(),
            size,
            bits,
            format!("{indent}{name}"),
            format!("{indent}{}", self.types.display(field.ty)),
        ]);
        if let TypeKind::Struct(inner) | TypeKind::Union(inner) = &ty.kind
            && depth < MAX_DEPTH
        {
            self.members(ty, inner, base + field.offset, depth + 1);
        }
    }

    /// A run of bits that belongs to no member.
    fn hole(&mut self, base: u64, start: u64, end: u64, indent: &str) {
        // The bits up to the next byte, then whole bytes, then the bits before the next member.
        let first = start.next_multiple_of(8).min(end);
        let last = (end / 8 * 8).max(first);
        let bits = |a: u64, b: u64| (b > a).then(|| format!("{}..{}", a % 8, a % 8 + (b - a)));
        let rows = [
            (start / 8, String::new(), bits(start, first)),
            (first / 8, ((last - first) / 8).to_string(), None),
            (last / 8, String::new(), bits(last, end)),
        ];
        self.padding += (last - first) / 8;
        for (offset, size, bits) in rows {
            if bits.is_none() && (size.is_empty() || size == "0") {
                continue;
            }
            let row = [
                String::new(),
                (base + offset).to_string(),
                size,
                bits.unwrap_or_default(),
                format!("{indent}(padding)"),
            ];
            self.table.row(row.map(|cell| styled(DIM, cell)));
        }
    }
}

/// Bytes in a row of the map.
const ROW: u64 = 8;
/// The largest structure that is drawn as memory, in bytes.
const MAX_MAP: u64 = 256;

/// The letter of the member at this position.
fn letter(index: usize) -> Option<char> {
    ('a'..='z').chain('A'..='Z').nth(index)
}

/// The bytes of a structure, each as the letter of its member. None for unions, whose members overlap, and
/// for what is too large to be seen at a glance.
fn memory(types: &TypeTable, ty: &Type, record: &Record) -> Option<String> {
    let size = ty.layout.as_ref()?.size;
    let union = matches!(ty.kind, TypeKind::Union(_));
    if union || size == 0 || size > MAX_MAP || letter(record.fields.len().checked_sub(1)?).is_none() {
        return None;
    }
    let mut bytes = vec!['.'; usize::try_from(size).ok()?];
    for (i, field) in record.fields.iter().enumerate() {
        let (start, bits) = extent(types, field);
        let covered = usize::try_from(start / 8).ok()?..usize::try_from((start + bits).div_ceil(8)).ok()?;
        for byte in bytes.get_mut(covered)? {
            *byte = if *byte == '.' { letter(i)? } else { '#' };
        }
    }
    let row = usize::try_from(ROW.min(size)).ok()?;
    let columns: Vec<String> = (0..row).map(|i| i.to_string()).collect();
    let mut text = styled(DIM, format!("       {}", columns.join(" ")));
    text.push('\n');
    for (i, bytes) in bytes.chunks(row).enumerate() {
        let cells: Vec<String> = bytes
            .iter()
            .map(|byte| if *byte == '.' { styled(DIM, byte) } else { styled(NAME, byte) })
            .collect();
        let _ = writeln!(text, "  {:>3}  {}", i * row, cells.join(" "));
    }
    Some(text)
}

/// First bit and number of bits of a member.
fn extent(types: &TypeTable, field: &RecordField) -> (u64, u64) {
    match field.bits {
        Some(bits) => (field.offset * 8 + u64::from(bits.start), bits.width.into()),
        None => {
            let size = types.get(field.ty).layout.as_ref().map_or(0, |layout| layout.size);
            (field.offset * 8, size * 8)
        }
    }
}

fn members_json(types: &TypeTable, record: &Record, base: u64, depth: usize) -> Vec<serde_json::Value> {
    record
        .fields
        .iter()
        .map(|field| {
            let ty = types.get(field.ty);
            let mut json = json!({
                "name": field.name.as_deref(),
                "type": types.display(field.ty).to_string(),
                "offset": base + field.offset,
                "size": ty.layout.as_ref().map(|layout| layout.size),
            });
            if let Some(bits) = field.bits {
                json["bits"] = json!({ "start": bits.start, "width": bits.width });
            }
            if let TypeKind::Struct(inner) | TypeKind::Union(inner) = &ty.kind
                && depth < MAX_DEPTH
            {
                json["members"] = members_json(types, inner, base + field.offset, depth + 1).into();
            }
            json
        })
        .collect()
}
