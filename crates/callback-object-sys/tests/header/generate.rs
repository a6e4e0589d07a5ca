//! From the Rust declarations to C: one item after the other, in the order of the sources.
//!
//! Only the forms that the declarations use are understood; any other is a panic that names it, so a new
//! form cannot be lost silently.

use std::fmt::Write;

use syn::{Attribute, Expr, Fields, FnArg, ForeignItem, Item, Lit, Meta, ReturnType, Type};

const BEGIN: &str = include_str!("begin.h");
const END: &str = include_str!("end.h");
/// Declared by hand in `begin.h`, because their C form depends on the platform.
const BY_HAND: &[&str] = &["VOID", "LONG", "ULONG", "WCHAR"];
const WIDTH: usize = 110;

/// The header that the sources, in this order, declare.
pub(crate) fn header(sources: &[&str]) -> String {
    let mut out = BEGIN.to_owned();
    for source in sources {
        for item in syn::parse_file(source).expect("the source compiles").items {
            emit(&mut out, &item);
        }
    }
    out.push_str(END);
    out
}

fn emit(out: &mut String, item: &Item) {
    match item {
        Item::Use(_) | Item::Fn(_) => {}
        Item::Type(alias) => {
            let name = alias.ident.to_string();
            if !BY_HAND.contains(&name.as_str()) {
                comment(out, "", &alias.attrs);
                typedef(out, &name, &alias.ty);
            }
        }
        Item::Struct(structure) => {
            let name = structure.ident.to_string();
            comment(out, "", &structure.attrs);
            let Fields::Named(fields) = &structure.fields else { panic!("{name}: no named members") };
            if fields.named.iter().any(|f| f.ident.as_ref().is_some_and(|i| i == "_private")) {
                writeln!(out, "typedef struct _{name} {name};\n").unwrap();
                return;
            }
            writeln!(out, "typedef struct _{name} {{").unwrap();
            for field in &fields.named {
                comment(out, "    ", &field.attrs);
                let name = field.ident.as_ref().unwrap().to_string();
                if let Type::FnPtr(function) = &field.ty {
                    member(out, &name, function);
                    continue;
                }
                writeln!(out, "    {};", declarator(&field.ty, &name)).unwrap();
            }
            writeln!(out, "}} {name};\n").unwrap();
        }
        Item::Enum(enumeration) => {
            let name = enumeration.ident.to_string();
            comment(out, "", &enumeration.attrs);
            writeln!(out, "typedef enum _{name} {{").unwrap();
            let last = enumeration.variants.len() - 1;
            for (index, variant) in enumeration.variants.iter().enumerate() {
                comment(out, "    ", &variant.attrs);
                let (_, value) = variant.discriminant.as_ref().expect("a value");
                let comma = if index == last { "" } else { "," };
                writeln!(out, "    {} = {}{comma}", variant.ident, digits(value)).unwrap();
            }
            writeln!(out, "}} {name};\n").unwrap();
        }
        Item::Const(constant) => {
            comment(out, "", &constant.attrs);
            let ty = c_type(&constant.ty);
            let value = digits(&constant.expr);
            writeln!(out, "#ifndef {}\n#define {0} (({ty}){value})\n#endif\n", constant.ident).unwrap();
        }
        Item::ForeignMod(block) => {
            let abi = block.abi.name.as_ref().map(syn::LitStr::value);
            // Whether a call may unwind is nothing that C says.
            assert!(matches!(abi.as_deref(), Some("system" | "system-unwind")), "{abi:?}");
            for item in &block.items {
                let ForeignItem::Fn(function) = item else { panic!("only functions are foreign") };
                comment(out, "", &function.attrs);
                let params: Vec<String> = function.sig.inputs.iter().map(parameter).collect();
                let ret = match &function.sig.output {
                    ReturnType::Default => "VOID".to_owned(),
                    ReturnType::Type(_, ty) => c_type(ty),
                };
                let head =
                    format!("CBO_IMPORT {ret} NTAPI {}(", function.sig.ident).replace("* NTAPI", "*NTAPI");
                list(out, &head, &params);
            }
        }
        other => panic!("a form of declaration that has no C form here: {other:?}"),
    }
}

/// A prototype or function type on one line if it fits, else one parameter to a line.
fn list(out: &mut String, head: &str, params: &[String]) {
    let inside = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
    if head.len() + inside.len() + 2 <= WIDTH {
        writeln!(out, "{head}{inside});\n").unwrap();
    } else {
        writeln!(out, "{head}\n    {});\n", params.join(",\n    ")).unwrap();
    }
}

fn parameter(arg: &FnArg) -> String {
    let FnArg::Typed(typed) = arg else { panic!("a method is not a C function") };
    let syn::Pat::Ident(name) = &*typed.pat else { panic!("a parameter without a name") };
    declarator(&typed.ty, &name.ident.to_string())
}

fn typedef(out: &mut String, name: &str, ty: &Type) {
    // `Option<fn(…)>` is a pointer to a function.
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last().filter(|s| s.ident == "Option")
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(Type::FnPtr(function))) = arguments.args.first()
    {
        let (ret, params) = shape(function);
        return list(out, &format!("typedef {ret} (NTAPI *{name})("), &params);
    }
    let ty = match ty {
        // The structure is declared further down, or here for the first time.
        Type::Ptr(pointer) if name == "PDRIVER_OBJECT" => format!("struct _{} *", c_type(&pointer.elem)),
        ty => c_type(ty),
    };
    let space = if ty.ends_with('*') { "" } else { " " };
    writeln!(out, "typedef {ty}{space}{name};\n").unwrap();
}

/// What a function returns, and its parameters.
fn shape(function: &syn::TypeFnPtr) -> (String, Vec<String>) {
    let ret = match &function.output {
        ReturnType::Default => "VOID".to_owned(),
        ReturnType::Type(_, ty) => c_type(ty),
    };
    let params = function
        .inputs
        .iter()
        .map(|p| declarator(&p.ty, &p.name.as_ref().expect("a named parameter").0.to_string()));
    (ret, params.collect())
}

/// A member that is a pointer to a function.
fn member(out: &mut String, name: &str, function: &syn::TypeFnPtr) {
    let (ret, params) = shape(function);
    let mut text = String::new();
    list(&mut text, &format!("    {ret} (NTAPI *{name})("), &params);
    out.push_str(&text.trim_end().replace("\n    ", "\n        "));
    out.push('\n');
}

fn declarator(ty: &Type, name: &str) -> String {
    if let Type::Array(array) = ty {
        return format!("{}[{}]", declarator(&array.elem, name), digits(&array.len));
    }
    let ty = c_type(ty);
    let space = if ty.ends_with('*') { "" } else { " " };
    format!("{ty}{space}{name}")
}

fn c_type(ty: &Type) -> String {
    match ty {
        Type::Ptr(pointer) => {
            let inner = c_type(&pointer.elem);
            let constant = match pointer.mutability {
                syn::PointerMutability::Mut(_) => "",
                syn::PointerMutability::Const(_) => "const ",
            };
            let space = if inner.ends_with('*') { "" } else { " " };
            format!("{constant}{inner}{space}*")
        }
        Type::Path(path) => {
            let name = path.path.segments.last().expect("a path has a segment").ident.to_string();
            match name.as_str() {
                "c_void" => "void",
                "c_char" => "char",
                "u8" => "uint8_t",
                "u16" => "uint16_t",
                "i16" => "int16_t",
                "u32" => "uint32_t",
                "i32" => "LONG",
                "isize" => "intptr_t",
                declared => declared,
            }
            .to_owned()
        }
        other => panic!("a type that has no C form here: {other:?}"),
    }
}

/// The number in `status(0x…)`, `0x…` or `7`, as C writes it.
fn digits(value: &Expr) -> String {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => {
                let text = number.token().to_string().replace('_', "");
                if text.starts_with("0x") && text.len() == 10 { format!("{text}u") } else { text }
            }
            other => panic!("not a number: {other:?}"),
        },
        Expr::Call(call) => digits(&call.args[0]),
        other => panic!("not a number: {other:?}"),
    }
}

fn comment(out: &mut String, indent: &str, attributes: &[Attribute]) {
    let mut lines: Vec<String> = Vec::new();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("doc")) {
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        let Expr::Lit(literal) = &pair.value else { continue };
        let Lit::Str(text) = &literal.lit else { continue };
        lines.push(text.value().trim().replace('`', ""));
    }
    assert!(!lines.is_empty(), "a declaration without a comment");
    match lines.as_slice() {
        [one] => writeln!(out, "{indent}/* {one} */").unwrap(),
        many => {
            for (index, line) in many.iter().enumerate() {
                let begin = if index == 0 { "/*" } else { " *" };
                let end = if index + 1 == many.len() { " */" } else { "" };
                writeln!(out, "{indent}{begin} {line}{end}").unwrap();
            }
        }
    }
}
