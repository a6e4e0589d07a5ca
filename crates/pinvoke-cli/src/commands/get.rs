//! `pinvoke get`, as the worker does it.

use pinvoke::value::{TypeRef, Value, View};
use pinvoke_abi::target::Target;
use pinvoke_decl::model::DeclarationKind;

use super::finding;
use super::show::{followed, narrowed, shown};
use crate::cli::Get;
use crate::failure::{Failure, Kind};
use crate::isolate::{Description, worker};
use crate::literal::typing::is_text;
use crate::native::{self, Phase};
use crate::report::{GetReport, Report};
use crate::sources;

/// Finds the variable and reads it.
pub(crate) fn run(get: &Get) -> Result<Report, Failure> {
    let mut unit = sources::read(&get.declarations, Target::HOST)?;
    let text = get.declaration.trim();
    let name = if !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_') {
        // A mere name: the declarations must have it.
        text.to_owned()
    } else {
        let text = if text.ends_with(';') { text.to_owned() } else { format!("{text};") };
        sources::check(unit.parse("declaration", &text))?;
        let declared: Vec<_> = unit.last_declared().collect();
        match declared.iter().find(|declared| declared.kind == DeclarationKind::Variable) {
            Some(variable) => variable.name.to_string(),
            None => {
                let what = match declared.first() {
                    Some(other) if other.kind == DeclarationKind::Function => {
                        format!("'{}' is a function, not a variable", other.name)
                    }
                    _ => "expected the declaration of a variable, such as 'char **environ'".to_owned(),
                };
                return Err(Failure::new(Kind::Declaration, what));
            }
        }
    };
    let variable = unit.variable(&name).map_err(|findings| match findings.is_empty() {
        true => Failure::new(Kind::Declaration, format!("nothing declares a variable '{name}'"))
            .help(format!("write its declaration, such as 'int {name}'")),
        false => sources::rejected(&findings),
    })?;
    let library = finding::library(&get.library, &get.search)?;
    let entry = finding::entry_point(&library, variable.entry_point.as_deref().unwrap_or(&variable.name))?;
    let declaration = variable.types.declare(variable.ty, &variable.name).to_string();
    worker::describe(&Description {
        function: format!("reading {name}"),
        prototype: declaration.clone(),
        library: finding::title(&library),
        arguments: Vec::new(),
        code: native::code_in_memory(),
    });
    worker::flight().enter(Phase::Calling);
    let view = native::view_at(TypeRef::new(&variable.types, variable.ty), entry.data().addr());
    let value = read(&view).map_err(|error| Failure::from_error(Kind::Declaration, &error))?;
    let value = narrowed(&value, view.type_ref());
    Ok(Report::Get(GetReport {
        library: finding::title(&library),
        entry_point: entry.name().to_owned(),
        declaration,
        address: format!("{:#x}", entry.data().addr()),
        value: match &value {
            Value::Pointer(_) => followed(&value),
            _ => shown(&value),
        },
    }))
}

/// The value; of a list of texts that ends in null (`char **environ`), the texts.
fn read(view: &View) -> Result<Value, pinvoke::value::ViewError> {
    let value = view.read()?;
    let texts = view.type_ref().pointee().is_some_and(|to| is_text(&to));
    if texts && value != Value::Null { view.until_null() } else { Ok(value) }
}
