//! libcurl: reads a `file://` URL through a write callback and a progress callback.
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "a few calls in a row have one proof")]

use std::ffi::c_void;

use pinvoke::{callback, dll_import};

/// Takes what has arrived, `size` (always 1) times `n` bytes, and says how much of it was taken.
#[callback]
type Write = unsafe extern "C" fn(#[len(n)] data: &[u8], size: usize, n: usize, UserData) -> usize;

/// How far it is; another result than 0 stops the transfer.
#[callback]
type Progress = unsafe extern "C" fn(UserData, total: i64, now: i64, to_send: i64, sent: i64) -> i32;

const URL: i32 = 10_002;
const WRITE_DATA: i32 = 10_001;
const WRITE_FUNCTION: i32 = 20_011;
const NO_PROGRESS: i32 = 43;
const PROGRESS_DATA: i32 = 10_057;
const PROGRESS_FUNCTION: i32 = 20_219;
const ABORTED_BY_CALLBACK: i32 = 42;

#[dll_import("curl")]
unsafe extern "C" {
    safe fn curl_easy_init() -> Option<std::ptr::NonNull<c_void>>;
    /// The third argument depends on the option.
    fn curl_easy_setopt(easy: std::ptr::NonNull<c_void>, option: i32, ...) -> i32;
    #[dll_import(calls_back)]
    fn curl_easy_perform(easy: std::ptr::NonNull<c_void>) -> i32;
    #[returns(borrowed)]
    fn curl_easy_strerror(code: i32) -> String;
    fn curl_easy_cleanup(easy: std::ptr::NonNull<c_void>);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let easy = curl_easy_init().ok_or("no handle")?;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/curl.rs");

    let (mut text, mut calls) = (Vec::new(), 0);
    let mut write = |data: &[u8], _, n| {
        text.extend_from_slice(data);
        n
    };
    let write = Write::scoped(&mut write)?;
    let mut progress = |_, now, _, _| {
        calls += 1;
        i32::from(now < 0)
    };
    let progress = Progress::scoped(&mut progress)?;

    // SAFETY: each option has the type that libcurl's manual says; the registrations outlive the handle.
    let code = unsafe {
        curl_easy_setopt(easy, URL, (format!("file://{path}").as_str(),));
        curl_easy_setopt(easy, WRITE_FUNCTION, (write.function(),));
        curl_easy_setopt(easy, WRITE_DATA, (write.user_data(),));
        curl_easy_setopt(easy, NO_PROGRESS, (0_i64,));
        curl_easy_setopt(easy, PROGRESS_FUNCTION, (progress.function(),));
        curl_easy_setopt(easy, PROGRESS_DATA, (progress.user_data(),));
        curl_easy_perform(easy)
    };
    assert_eq!(code, 0);
    drop((write, progress));
    println!("{} bytes, {calls} reports of progress", text.len());
    assert_eq!(text, std::fs::read(path)?);
    assert!(calls > 0);

    // A closure may stop the transfer.
    let stop = Progress::owned(|_, _, _, _| 1)?;
    // SAFETY: as above.
    let code = unsafe {
        curl_easy_setopt(easy, PROGRESS_FUNCTION, (stop.function(),));
        curl_easy_setopt(easy, PROGRESS_DATA, (stop.user_data(),));
        let ignore = Write::function(|_, _, n| n);
        curl_easy_setopt(easy, WRITE_FUNCTION, (ignore,));
        curl_easy_perform(easy)
    };
    // SAFETY: text that the library keeps for ever.
    println!("stopped: {}", unsafe { curl_easy_strerror(code) });
    assert_eq!(code, ABORTED_BY_CALLBACK);
    // SAFETY: once.
    unsafe { curl_easy_cleanup(easy) };
    Ok(())
}
