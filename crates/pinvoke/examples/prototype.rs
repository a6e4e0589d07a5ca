//! Call functions whose prototypes are text at run time: what a scripting language or a shell does.
//!
//! `cargo run -p pinvoke --example prototype`

use std::error::Error;

use pinvoke::abi::target::Target;
use pinvoke::decl::Unit;
use pinvoke::downcall::{Arg, Downcall, DowncallOptions, Outcome};
use pinvoke::library::Library;
use pinvoke::value::Handler;

/// Calls the function that `prototype` declares.
///
/// # Safety
/// As for [`Downcall::call`]: the prototype is right, the arguments are what the function wants.
unsafe fn call(library: &str, prototype: &str, args: &[Arg]) -> Result<Outcome, Box<dyn Error>> {
    let mut unit = Unit::new(Target::HOST);
    let function = unit
        .parse_prototype(prototype)
        .map_err(|diagnostics| diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let entry = Library::open(library)?.entry_point(&function.name)?;
    let downcall = Downcall::new(&function, &entry, DowncallOptions::default())?;
    // SAFETY: the caller's promise.
    Ok(unsafe { downcall.call(args)? })
}

fn main() -> Result<(), Box<dyn Error>> {
    // SAFETY: the prototype is that of POSIX.
    let pid = unsafe { call("libc", "pid_t getpid(void)", &[]) }?;
    println!("getpid() = {}", pid.ret);

    // SAFETY: the prototype is that of C; pow takes any numbers.
    let power = unsafe { call("libm", "double pow(double, double)", &[2.0.into(), 10.into()]) }?;
    println!("pow(2, 10) = {}", power.ret);

    // errno comes with the result, captured before anything else could change it.
    // SAFETY: the prototype is that of POSIX; no mode is needed as nothing is created.
    let open = unsafe {
        call("libc", "int open(const char *path, int flags, ...)", &["/no/such/file".into(), 0.into()])
    }?;
    println!("open(\"/no/such/file\", 0) = {}, {}", open.ret, open.last_error.unwrap_or_default());

    // A closure as a function pointer, an array that is changed.
    let compare = Handler::new(|args| {
        use pinvoke::value::Value::Int;
        match (args.view(0).deref()?.read()?, args.view(1).deref()?.read()?) {
            (Int(a), Int(b)) => Ok(Int(a - b)),
            _ => Err("two integers expected".into()),
        }
    });
    let prototype = "void qsort(int *base, size_t n, size_t size, int (*cmp)(const int *, const int *))";
    let numbers = Arg::Value(vec![5, 3, 9].into());
    // SAFETY: three elements of four bytes, and a comparison of such.
    let sorted =
        unsafe { call("libc", prototype, &[numbers, 3.into(), 4.into(), Arg::Value(compare.into())]) }?;
    for changed in &sorted.changed {
        println!(
            "{} = {}, after {} comparisons",
            changed.name.as_deref().unwrap_or("?"),
            changed.value,
            sorted.callbacks
        );
    }
    Ok(())
}
