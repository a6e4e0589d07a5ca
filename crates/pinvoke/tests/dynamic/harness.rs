//! Calling by prototype, in one line.

#[cfg(not(windows))]
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
#[cfg(not(windows))]
use std::process::Command;
use std::sync::LazyLock;

use pinvoke::downcall::{Arg, CallError, Downcall, DowncallOptions, Outcome};
use pinvoke::library::Library;
use pinvoke::value::{Handler, TypeRef, Value};
use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;

/// Whether C has integers of 128 bits here.
pub(crate) const WIDE: bool = cfg!(target_pointer_width = "64");

/// Whether C passes vectors in their registers here.
pub(crate) const VECTORS: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// The library of `native.c`, which `cargo xtask platform` has compiled.
#[cfg(windows)]
fn compiled() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("dynamic.dll")
}

/// The library of `native.c`.
#[cfg(not(windows))]
fn compiled() -> PathBuf {
    // Compiled once per content, and renamed when complete: other test processes may look for it.
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut content = DefaultHasher::new();
    let headers = [include_str!("native.h"), include_str!("wide.h"), include_str!("vectors.h")];
    (include_str!("native.c"), headers, &compiler).hash(&mut content);
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = directory.join(format!("libdynamic_{:016x}.so", content.finish()));
    if file.exists() {
        return file;
    }
    let unfinished = directory.join(format!("libdynamic_{}.so", std::process::id()));
    let status = Command::new(&compiler)
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-pthread", "-o"])
        .arg(&unfinished)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dynamic/native.c"))
        .status()
        .unwrap_or_else(|e| panic!("the C compiler '{compiler}' does not run: {e}"));
    assert!(status.success(), "the C compiler failed");
    std::fs::rename(&unfinished, &file).unwrap();
    file
}

/// A library and the declarations for it.
pub(crate) struct Native {
    pub(crate) library: Library,
    pub(crate) unit: Unit,
}

impl Native {
    /// An installed library, declared by nothing but the prototypes given later.
    pub(crate) fn system(name: &str) -> Native {
        Native { library: Library::open(name).unwrap(), unit: Unit::new(Target::HOST) }
    }

    /// What the process itself finds under a name, which is the memory allocator that all of it uses (a
    /// sanitizer's, if there is one).
    #[cfg(not(windows))]
    pub(crate) fn process() -> Native {
        Native { library: Library::main_program().unwrap(), unit: Unit::new(Target::HOST) }
    }

    /// What the library of C offers that MinGW's programs use, its memory too.
    #[cfg(windows)]
    pub(crate) fn process() -> Native {
        Native::system("msvcrt")
    }

    /// The C code of `native.c`, compiled; its declarations are those of `native.h`.
    pub(crate) fn compiled() -> Native {
        static FILE: LazyLock<PathBuf> = LazyLock::new(compiled);
        let library = Library::open(FILE.to_str().unwrap()).unwrap();
        let mut unit = Unit::new(Target::HOST);
        let diagnostics = unit.parse("native.h", include_str!("native.h"));
        assert!(diagnostics.is_empty(), "{}", render(&diagnostics));
        if WIDE {
            let diagnostics = unit.parse("wide.h", include_str!("wide.h"));
            assert!(diagnostics.is_empty(), "{}", render(&diagnostics));
        }
        if VECTORS {
            let diagnostics = unit.parse("vectors.h", include_str!("vectors.h"));
            assert!(diagnostics.is_empty(), "{}", render(&diagnostics));
        }
        Native { library, unit }
    }

    /// A prepared call of a prototype, or of a declared function by name.
    pub(crate) fn downcall(&self, prototype: &str, options: DowncallOptions) -> Result<Downcall, CallError> {
        let mut unit = self.unit.clone();
        let function =
            if prototype.contains('(') { unit.parse_prototype(prototype) } else { unit.function(prototype) };
        let function = function.unwrap_or_else(|d| panic!("{prototype}: {}", render(&d)));
        let entry = self.library.entry_point(&function.name).unwrap();
        Downcall::new(&function, &entry, options)
    }

    /// One call.
    pub(crate) fn call(&self, prototype: &str, args: &[Arg]) -> Result<Outcome, CallError> {
        self.call_with(prototype, args, DowncallOptions::default())
    }

    /// One call with options.
    pub(crate) fn call_with(
        &self,
        prototype: &str,
        args: &[Arg],
        options: DowncallOptions,
    ) -> Result<Outcome, CallError> {
        let downcall = self.downcall(prototype, options)?;
        // SAFETY: the tests state true prototypes and keep the contracts of the functions.
        unsafe { downcall.call(args) }
    }

    /// The result of a call that must succeed.
    pub(crate) fn ret(&self, prototype: &str, args: &[Arg]) -> Value {
        self.call(prototype, args).unwrap_or_else(|e| panic!("{prototype}: {e}")).ret
    }

    /// The message of a call that must be refused.
    pub(crate) fn refusal(&self, prototype: &str, args: &[Arg]) -> String {
        match self.call(prototype, args) {
            Ok(outcome) => panic!("{prototype} was called: {outcome:?}"),
            Err(refused) => refused.to_string(),
        }
    }

    /// A type by name.
    pub(crate) fn ty(&self, name: &str) -> TypeRef {
        let (types, id) = self.unit.type_named(name).unwrap_or_else(|d| panic!("{name}: {}", render(&d)));
        TypeRef::new(&types, id)
    }
}

fn render(diagnostics: &[pinvoke_decl::Diagnostic]) -> String {
    diagnostics.iter().map(pinvoke_decl::Diagnostic::render).collect()
}

/// An argument that is a plain value.
pub(crate) fn v(value: impl Into<Value>) -> Arg {
    Arg::Value(value.into())
}

/// A structure.
pub(crate) fn structure<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Struct(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// The values that a call changed, by parameter name.
pub(crate) fn changes(outcome: &Outcome) -> Vec<(&str, String)> {
    outcome.changed.iter().map(|c| (c.name.as_deref().unwrap_or("?"), c.value.to_string())).collect()
}

/// A callback argument.
pub(crate) fn callback(
    run: impl Fn(&pinvoke::value::CallbackArgs<'_>) -> Result<Value, pinvoke::value::HandlerError> + 'static,
) -> Arg {
    Arg::Value(Value::Callback(Handler::new(run)))
}

/// The integer in a value.
pub(crate) fn int(value: &Value) -> i128 {
    match value {
        Value::Int(n) => *n,
        Value::Enum { number, .. } => *number,
        other => panic!("no integer: {other:?}"),
    }
}
