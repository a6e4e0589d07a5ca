//! The engine behind the example `ftw`: a signature known only at run time, a callback made by hand.
//!
//! `cargo run -p pinvoke --example ftw_at_run_time -- /usr/share/doc`

use std::error::Error;
use std::ffi::{CStr, CString, c_char, c_int};

use pinvoke::c_text::with_c_str;
use pinvoke::call::{capture, typed};
use pinvoke::library::Library;
use pinvoke::upcall::{Declaration, resume_after};

type Visit = unsafe extern "C" fn(*const c_char, *const libc::stat, c_int) -> c_int;
type Ftw = unsafe extern "C" fn(*const c_char, Option<Visit>, c_int) -> c_int;

static VISIT: Declaration<Visit> = Declaration::new("fn of ftw");

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let entry = Library::open("libc")?.entry_point("ftw")?;
    // The signature could come from anywhere; here it is written out.
    let ftw: Ftw = typed(&"cdecl(ptr,ptr,i32)->i32".parse()?, entry.code())?;

    let (mut files, mut bytes, mut longest) = (0_u64, 0_i128, CString::default());
    let mut visit = |path: *const c_char, status: *const libc::stat, _flag: c_int| {
        // SAFETY: ftw passes a NUL-terminated path.
        let path = unsafe { CStr::from_ptr(path) };
        if path.to_bytes().len() > longest.as_bytes().len() {
            longest = path.to_owned();
        }
        files += 1;
        // SAFETY: ftw passes a valid structure.
        let size = unsafe { (*status).st_size };
        bytes += i128::from(size);
        0
    };
    let callback = VISIT.scoped(&mut visit)?;
    // A panic in the closure would stop at the C frames of ftw, and go on here.
    let (result, error) = resume_after(|| {
        capture(|| {
            // SAFETY: the path is a C string, the callback lives until ftw returns.
            with_c_str(&directory, |path| unsafe { ftw(path, Some(callback.function()), 16) })
        })
    });
    drop(callback);

    if result? == 0 {
        println!(
            "{files} entries, {bytes} bytes below {directory}; longest path: {}",
            longest.to_string_lossy()
        );
        Ok(())
    } else {
        Err(format!("cannot walk {directory}: {error}").into())
    }
}
