//! The families of fonts of the screen, on Windows; elsewhere, what is missing.

use std::ffi::c_void;
use std::ptr::NonNull;

use pinvoke::native::NativeType;
use pinvoke::{Error, dll_import};

/// `HDC`
type DeviceContext = NonNull<c_void>;

/// `LOGFONTW`
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct LogFont {
    height: i32,
    width: i32,
    escapement: i32,
    orientation: i32,
    weight: i32,
    italic: u8,
    underline: u8,
    strike_out: u8,
    char_set: u8,
    out_precision: u8,
    clip_precision: u8,
    quality: u8,
    pitch_and_family: u8,
    face_name: [u16; 32],
}

const _: () = assert!(size_of::<LogFont>() == 92);

#[dll_import("user32", set_last_error)]
unsafe extern "system" {
    safe fn GetDC(window: Option<NonNull<c_void>>) -> Result<DeviceContext, Error>;
    safe fn ReleaseDC(window: Option<NonNull<c_void>>, context: DeviceContext) -> i32;
}

#[dll_import("gdi32", char_set = Unicode)]
unsafe extern "system" {
    /// The closure gets the font, its measures (not looked at here), its type and a number.
    safe fn EnumFontFamiliesEx(
        context: DeviceContext,
        which: &LogFont,
        visit: impl FnMut(&LogFont, *const c_void, u32, isize) -> i32,
        number: isize,
        flags: u32,
    ) -> Result<i32, Error>;

    /// The same for older programs, for a family by its name or for all.
    safe fn EnumFontFamilies(
        context: DeviceContext,
        family: Option<&str>,
        visit: impl FnMut(&LogFont, *const c_void, u32, isize) -> i32,
        number: isize,
    ) -> Result<i32, Error>;
}

/// How many families there are, by both functions.
fn families() -> Result<[usize; 2], Error> {
    const DEFAULT_CHAR_SET: u8 = 1;
    let context = GetDC(None)?;
    let which = LogFont {
        height: 0,
        width: 0,
        escapement: 0,
        orientation: 0,
        weight: 0,
        italic: 0,
        underline: 0,
        strike_out: 0,
        char_set: DEFAULT_CHAR_SET,
        out_precision: 0,
        clip_precision: 0,
        quality: 0,
        pitch_and_family: 0,
        face_name: [0; 32],
    };
    let mut names = std::collections::BTreeSet::new();
    let visit = |font: &LogFont, _, _, _| {
        let name = font.face_name.split(|unit| *unit == 0).next().unwrap_or_default();
        names.insert(String::from_utf16_lossy(name));
        1
    };
    EnumFontFamiliesEx(context, &which, visit, 0, 0)?;
    let mut older = 0;
    let count = |_: &LogFont, _, _, number: isize| {
        assert_eq!(number, 7);
        older += 1;
        1
    };
    EnumFontFamilies(context, None, count, 7)?;
    ReleaseDC(None, context);
    for name in &names {
        println!("{name}");
    }
    Ok([names.len(), older])
}

fn main() {
    match families() {
        Ok([names, older]) => println!("{names} families, {older} by EnumFontFamilies"),
        Err(Error::Bind(missing)) if !cfg!(windows) => {
            println!("{missing}");
            assert_eq!((missing.import(), missing.library()), ("GetDC", "user32"));
        }
        Err(error) => panic!("{error}"),
    }
}
