//! The first example of .NET's page on platform invoke: a message box.
//!
//! `cargo run -p pinvoke --example message_box` waits for somebody to press the button. With `--answer`, a second
//! thread finds the box, reads back what it says, and presses the button. Where there are no message boxes, the report
//! of what was looked for is printed.

use std::thread;
use std::time::{Duration, Instant};

use pinvoke::{Error, dll_import};

/// A window; 0 is none.
type Window = isize;

#[dll_import("user32", char_set = Unicode, set_last_error)]
unsafe extern "system" {
    /// Binds `MessageBoxW`, which takes UTF-16.
    safe fn MessageBox(owner: Window, text: &str, caption: &str, kind: u32) -> Result<i32, Error>;

    safe fn FindWindow(class: Option<&str>, title: &str) -> Window;
    safe fn FindWindowEx(parent: Window, after: Window, class: &str, title: Option<&str>) -> Window;
    safe fn GetWindowText(
        window: Window,
        #[buffer(256)] text: &mut String,
        #[capacity_of(text)] capacity: i32,
    ) -> i32;
    safe fn PostMessage(window: Window, message: u32, w: usize, l: isize) -> Result<(), Error>;
}

const TEXT: &str = "Command-line message box: Grüße, 你好, 👋";
const CAPTION: &str = "Attention – Ωμέγα!";
const OK: i32 = 1;
const WM_COMMAND: u32 = 0x111;

fn main() -> Result<(), Error> {
    let answer = std::env::args().any(|argument| argument == "--answer");
    let reader = answer.then(|| thread::spawn(read_and_answer));
    match MessageBox(0, TEXT, CAPTION, 0) {
        Err(Error::Bind(missing)) if !cfg!(windows) => {
            println!("{missing}");
            return Ok(());
        }
        pressed => assert_eq!(pressed?, OK),
    }
    if let Some(reader) = reader {
        let said = reader.join().expect("the thread that answers does not panic")?;
        println!("the box said {said:?}");
        assert_eq!(said, TEXT);
    }
    Ok(())
}

/// What the box says. It is answered in any case.
fn read_and_answer() -> Result<String, Error> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let window = FindWindow(None, CAPTION);
        let said = text_in(window);
        if !said.is_empty() || Instant::now() > deadline {
            PostMessage(window, WM_COMMAND, OK.unsigned_abs() as usize, 0)?;
            return Ok(said);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The text of a box: that of the label which has one. The other holds the icon.
fn text_in(window: Window) -> String {
    let (mut label, mut text) = (0, String::new());
    while window != 0 && text.is_empty() {
        label = FindWindowEx(window, label, "Static", None);
        if label == 0 {
            break;
        }
        GetWindowText(label, &mut text);
    }
    text
}
