//! A handle is a newtype, has a function that closes it, and a value that is none.
use core::ffi::c_void;

use pinvoke::marshal::Handle;

#[derive(Handle)]
struct Open(*mut c_void);

#[derive(Handle)]
#[handle(close = drop)]
struct Number(i32);

#[derive(Handle)]
#[handle(close = drop)]
struct Two(*mut c_void, i32);

#[derive(Handle)]
#[handle(close = drop, free = drop)]
struct Misspelt(*mut c_void);

#[derive(Clone, Copy, Handle)]
#[handle(close = drop)]
struct Copied(*mut c_void);

fn main() {}
