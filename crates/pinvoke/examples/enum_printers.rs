//! The names of local printers, on Windows; elsewhere, what is missing.

use pinvoke::native::NativeType;
use pinvoke::{Error, dll_import};

/// `PRINTER_INFO_4W`; the texts lie in the same buffer.
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Printer {
    name: *const u16,
    server: *const u16,
    attributes: u32,
}

#[dll_import("winspool.drv", char_set = Unicode, set_last_error, bool = pinvoke::marshal::Bool32)]
unsafe extern "system" {
    /// Fills a buffer with structures and their texts, and says how much room that takes.
    fn EnumPrinters(
        flags: u32,
        name: Option<&str>,
        level: u32,
        buffer: *mut u64,
        size: u32,
        needed: &mut u32,
        returned: &mut u32,
    ) -> Result<(), Error>;
}

fn printers() -> Result<Vec<String>, Error> {
    const LOCAL: u32 = 2;
    let (mut needed, mut returned) = (0, 0);
    let mut buffer: Vec<u64> = Vec::new();
    loop {
        let size = u32::try_from(8 * buffer.len()).expect("the system asked for it");
        // SAFETY: the buffer has that many bytes.
        let filled =
            unsafe { EnumPrinters(LOCAL, None, 4, buffer.as_mut_ptr(), size, &mut needed, &mut returned) };
        match filled {
            Ok(()) => break,
            // Too small: ERROR_INSUFFICIENT_BUFFER.
            Err(Error::Last(last)) if last.0 == 122 && needed > size => {
                buffer.resize(usize::try_from(needed.div_ceil(8)).expect("it fits"), 0);
            }
            Err(error) => return Err(error),
        }
    }
    let printers: &[Printer] = match returned {
        0 => &[],
        // SAFETY: the function has put so many structures at the start of the buffer.
        count => unsafe { std::slice::from_raw_parts(buffer.as_ptr().cast(), count as usize) },
    };
    Ok(printers.iter().map(|printer| text(printer.name)).collect())
}

/// Text that lies in the buffer.
fn text(start: *const u16) -> String {
    let mut units = Vec::new();
    let mut at = start;
    // SAFETY: NUL-terminated, as the function's manual says.
    while let unit @ 1.. = unsafe { at.read() } {
        units.push(unit);
        at = at.wrapping_add(1);
    }
    String::from_utf16_lossy(&units)
}

fn main() {
    match printers() {
        Ok(names) => println!("{names:#?}"),
        Err(Error::Bind(missing)) if !cfg!(windows) => {
            println!("{missing}");
            assert_eq!((missing.import(), missing.library()), ("EnumPrinters", "winspool.drv"));
        }
        Err(error) => panic!("{error}"),
    }
}
