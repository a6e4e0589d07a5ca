//! `pinvoke explain`: a picture of a call.
//!
//! The same prototype in every convention that its machine has: for x86-64 both System V and Microsoft x64,
//! each with the types as they are on a system of that convention (a `long` has 4 bytes on Windows).

use std::fmt::Write as _;

use pinvoke_abi::layout::{Kind as LayoutKind, Layout};
use pinvoke_abi::plan::{Abi, ArgPlan, CallPlan, Compiler, Extend, Location, Piece, RetPlan};
use pinvoke_abi::signature::CallConv;
use pinvoke_abi::target::{Arch, Os, Target};
use pinvoke_decl::types::ResolvedFunction;
use serde_json::json;

use crate::cli::Explain;
use crate::failure::{Failure, Kind};
use crate::report::Shown;
use crate::sources;
use crate::table::{Align, Table};
use crate::terminal::{DIM, HEADING, NAME, styled};

/// Draws the call.
pub(crate) fn run(explain: &Explain) -> Result<Shown, Failure> {
    let targets = match explain.target {
        Some(target) => vec![target],
        None if Target::HOST.arch == Arch::X86_64 => both(),
        None => vec![Target::HOST],
    };
    let mut text = String::new();
    let mut plans = Vec::new();
    let mut last = None;
    for target in targets {
        let (function, variable) = function(explain, target)?;
        let plan = plan(&function, &variable)?;
        // A convention that the declaration states is the same wherever it is called.
        if last.as_ref() == Some(&plan) {
            continue;
        }
        let picture = Picture { function: &function, variable: &variable, plan: &plan };
        if last.is_some() {
            text.push('\n');
        }
        text.push_str(&picture.text(target));
        plans.push(picture.json(target));
        last = Some(plan);
    }
    Ok(Shown { text, json: json!({ "prototype": explain.prototype, "plans": plans }) })
}

/// The two conventions of x86-64, this machine's first.
fn both() -> Vec<Target> {
    match Target::HOST.os {
        Os::WindowsMsvc | Os::WindowsGnu => vec![Target::HOST, Target::X86_64_LINUX],
        Os::Linux | Os::MacOs => vec![Target::HOST, Target::X86_64_WINDOWS],
    }
}

/// One variable argument: its type as written and as it is after promotion.
type Variable = (String, Layout);

fn function(explain: &Explain, target: Target) -> Result<(ResolvedFunction, Vec<Variable>), Failure> {
    // Headers describe this machine; for another convention the same names are taken from the table.
    let declarations = match target == Target::HOST {
        true => explain.declarations.clone(),
        false => crate::cli::Declarations { include: Vec::new(), ..explain.declarations.clone() },
    };
    let mut unit = sources::read(&declarations, target)?;
    let function =
        unit.parse_prototype(&explain.prototype).map_err(|findings| sources::rejected(&findings))?;
    let mut variable = Vec::new();
    for name in explain.variadic.iter().flat_map(|list| split(list)) {
        let (types, id) = unit.type_named(name).map_err(|findings| sources::rejected(&findings))?;
        let Some(layout) = types.get(id).layout.clone() else {
            let message = format!("{} has no size and cannot be a variable argument", types.display(id));
            return Err(Failure::new(Kind::Declaration, message));
        };
        variable.push((types.display(id).to_string(), promoted(target, layout)));
    }
    if !function.ty.variadic && !variable.is_empty() {
        let message = format!("'{}' takes no variable arguments: {function}", function.name);
        return Err(
            Failure::new(Kind::Usage, message).help("end the parameters in `...`, or leave out --variadic")
        );
    }
    Ok((function, variable))
}

/// Splits a list of types at the commas that stand in no parentheses.
fn split(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0i32, 0, Vec::new());
    for (i, c) in list.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(list[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts
}

/// The default argument promotions, C17 6.5.2.2: small integers to `int`, `float` to `double`.
fn promoted(target: Target, layout: Layout) -> Layout {
    match layout.kind {
        LayoutKind::Int { .. } | LayoutKind::Bool if layout.size < 4 => Layout::int(target, 4, true),
        LayoutKind::Float if layout.size == 4 => Layout::float(target, 8),
        _ => layout,
    }
}

fn plan(function: &ResolvedFunction, variable: &[Variable]) -> Result<CallPlan, Failure> {
    let layouts: Vec<Layout> = variable.iter().map(|(_, layout)| layout.clone()).collect();
    CallPlan::new(&function.signature(&layouts)).map_err(|error| {
        Failure::from_error(Kind::Declaration, &error)
            .note(format!("in the prototype {function}, for {}", function.types.target()))
    })
}

struct Picture<'a> {
    function: &'a ResolvedFunction,
    variable: &'a [Variable],
    plan: &'a CallPlan,
}

impl Picture<'_> {
    fn text(&self, target: Target) -> String {
        let stated = match self.function.ty.conv {
            CallConv::C | CallConv::System => String::new(),
            _ => ", as the declaration states".to_owned(),
        };
        let mut text = format!(
            "{}  {}\n\n",
            styled(HEADING, title(self.plan.abi())),
            styled(DIM, format!("{target}{stated}"))
        );
        let mut table = Table::new(&[
            ("argument", Align::Left),
            ("type", Align::Left),
            ("bytes", Align::Right),
            ("travels in", Align::Left),
        ]);
        for (i, arg) in self.plan.args().iter().enumerate() {
            let (name, ty) = self.argument(i);
            let size = self.plan.arg_sizes()[i];
            let mut travels = argument_travels(self.plan.abi(), arg, size).into_iter();
            let first = travels.next().unwrap_or_default();
            table.row([styled(NAME, name), ty, size.to_string(), first]);
            for more in travels {
                table.row([String::new(), String::new(), String::new(), more]);
            }
        }
        let ret = self.function.types.display(self.function.ty.ret).to_string();
        let mut travels = result_travels(self.plan).into_iter();
        let first = travels.next().unwrap_or_default();
        table.row([styled(DIM, "(result)"), ret, self.plan.ret_size().to_string(), first]);
        for more in travels {
            table.row([String::new(), String::new(), String::new(), more]);
        }
        text.push_str(&table.render());
        for line in self.remarks() {
            let _ = writeln!(text, "  {}", styled(DIM, line));
        }
        text
    }

    /// Name and type of an argument; variable ones have no name.
    fn argument(&self, index: usize) -> (String, String) {
        let function = self.function;
        match function.ty.params.get(index) {
            Some(parameter) => {
                let name = parameter.name.as_deref().map_or_else(|| format!("#{}", index + 1), str::to_owned);
                (name, function.types.display(parameter.ty).to_string())
            }
            None => {
                let (written, layout) = &self.variable[index - function.ty.params.len()];
                let promoted = match layout.kind {
                    LayoutKind::Int { .. } if written.contains("char") || written.contains("short") => {
                        " (promoted to int)"
                    }
                    LayoutKind::Float if written.contains("float") => " (promoted to double)",
                    _ => "",
                };
                (format!("#{}...", index + 1), format!("{written}{promoted}"))
            }
        }
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(count) = self.plan.vector_regs() {
            remarks.push(format!("al = {count}, the number of vector registers used, because of `...`"));
        }
        let shadow = match self.plan.abi() {
            Abi::Win64 => ", the first 32 of them for the callee to save rcx, rdx, r8 and r9 in".to_owned(),
            _ if self.plan.popped() > 0 => format!(", of which the callee removes {}", self.plan.popped()),
            _ => String::new(),
        };
        if self.plan.stack() > 0 {
            remarks.push(format!("{} bytes of stack{shadow}", self.plan.stack()));
        }
        remarks
    }

    fn json(&self, target: Target) -> serde_json::Value {
        let abi = self.plan.abi();
        let place = |at| location(abi, at);
        let piece = |piece: &Piece| piece_json(abi, piece);
        let args: Vec<serde_json::Value> = self
            .plan
            .args()
            .iter()
            .enumerate()
            .map(|(i, arg)| {
                let (name, ty) = self.argument(i);
                let mut json = json!({ "name": name, "type": ty, "size": self.plan.arg_sizes()[i] });
                match arg {
                    ArgPlan::Direct(pieces) => {
                        json["pieces"] = pieces.iter().map(piece).collect::<Vec<_>>().into();
                    }
                    ArgPlan::ByReference { at, align } => {
                        json["by_reference"] = json!({ "pointer": place(*at), "align": align });
                    }
                }
                json
            })
            .collect();
        let ret = match self.plan.ret() {
            RetPlan::Void => serde_json::Value::Null,
            RetPlan::Direct(pieces) => json!({ "pieces": pieces.iter().map(piece).collect::<Vec<_>>() }),
            RetPlan::Indirect { pointer, returned } => {
                let returned = returned.map(|reg| reg.to_string());
                json!({ "indirect": { "pointer": place(*pointer), "returned": returned } })
            }
        };
        json!({
            "abi": abi.to_string(),
            "target": target.to_string(),
            "arguments": args,
            "result": { "type": self.function.types.display(self.function.ty.ret).to_string(),
                        "size": self.plan.ret_size(), "travels": ret },
            "stack": self.plan.stack(),
            "callee_removes": self.plan.popped(),
            "vector_registers": self.plan.vector_regs(),
        })
    }
}

fn title(abi: Abi) -> String {
    match abi {
        Abi::SysV64 => "System V x86-64".to_owned(),
        Abi::Win64 => "Microsoft x64".to_owned(),
        Abi::Aapcs64 => "Arm 64-bit (AAPCS64)".to_owned(),
        Abi::AppleArm64 => "Arm 64-bit, Apple's variant".to_owned(),
        Abi::WindowsArm64 => "Arm 64-bit, Microsoft's variant".to_owned(),
        Abi::RiscvLp64d => "64-bit RISC-V (LP64D)".to_owned(),
        Abi::X86(conv, Compiler::Gcc) => format!("32-bit x86 {conv}, System V"),
        Abi::X86(conv, Compiler::Msvc) => format!("32-bit x86 {conv}, Microsoft"),
        Abi::X86(conv, Compiler::MinGw) => format!("32-bit x86 {conv}, MinGW"),
    }
}

fn location(abi: Abi, at: Location) -> String {
    match at {
        Location::Reg(reg) => reg.to_string(),
        Location::Stack(offset) => format!("[{}+{offset}]", abi.stack_pointer()),
    }
}

fn piece_json(abi: Abi, piece: &Piece) -> serde_json::Value {
    json!({
        "offset": piece.offset,
        "width": piece.width,
        "at": location(abi, piece.at),
        "extend": match piece.extend {
            Extend::None => "none",
            Extend::Zero => "zero",
            Extend::Sign => "sign",
            Extend::Ones => "ones",
        },
        "mirror": piece.mirror.map(|reg| reg.to_string()),
    })
}

fn argument_travels(abi: Abi, arg: &ArgPlan, size: u32) -> Vec<String> {
    match arg {
        ArgPlan::Direct(pieces) if pieces.is_empty() => vec![styled(DIM, "nowhere: it has no bytes")],
        ArgPlan::Direct(pieces) => pieces.iter().map(|piece| piece_text(abi, piece, size)).collect(),
        ArgPlan::ByReference { at, align } => {
            vec![format!("{}, the address of a copy aligned to {align}", location(abi, *at))]
        }
    }
}

fn result_travels(plan: &CallPlan) -> Vec<String> {
    let abi = plan.abi();
    match plan.ret() {
        RetPlan::Void => Vec::new(),
        RetPlan::Direct(pieces) => {
            pieces.iter().map(|piece| piece_text(abi, piece, plan.ret_size())).collect()
        }
        RetPlan::Indirect { pointer, returned } => {
            let back = returned.map(|reg| format!("; the callee returns it in {reg}")).unwrap_or_default();
            let pointer = location(abi, *pointer);
            vec![format!("memory whose address the caller passes in {pointer}{back}")]
        }
    }
}

/// `rdi`, or `bytes 8..16 in xmm0`, with how it is widened and where it stands a second time.
fn piece_text(abi: Abi, piece: &Piece, size: u32) -> String {
    let mut text = String::new();
    if piece.offset != 0 || piece.width != size {
        let _ = write!(text, "bytes {}..{} in ", piece.offset, piece.offset + piece.width);
    }
    text.push_str(&location(abi, piece.at));
    if let Some(mirror) = piece.mirror {
        let _ = write!(text, " and {mirror}");
    }
    match piece.extend {
        Extend::None => {}
        Extend::Zero => text.push_str(", zero-extended"),
        Extend::Sign => text.push_str(", sign-extended"),
        Extend::Ones => text.push_str(", NaN-boxed"),
    }
    text
}
