//! zlib: streaming compression with allocator callbacks written in Rust.
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "a few calls in a row have one proof")]

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::{c_ulong, c_void};
use std::ptr::{null, null_mut};
use std::rc::Rc;

use pinvoke::native::NativeType;
use pinvoke::{Function, callback, dll_import};

/// `void *(*)(void *opaque, unsigned items, unsigned size)`
#[callback]
type Allocate = unsafe extern "C" fn(UserData, items: u32, size: u32) -> *mut c_void;

/// `void (*)(void *opaque, void *address)`. The opaque pointer is that of [`Allocate`], so that this one
/// gets a thunk.
#[callback]
type Free = unsafe extern "C" fn(opaque: *mut c_void, address: *mut c_void);

/// `z_stream`
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Stream {
    input: *const u8,
    input_left: u32,
    total_in: c_ulong,
    output: *mut u8,
    output_left: u32,
    total_out: c_ulong,
    message: *const i8,
    state: *mut c_void,
    allocate: Option<Function<'static, Allocate>>,
    free: Option<Function<'static, Free>>,
    opaque: *mut c_void,
    data_type: i32,
    checksum: c_ulong,
    reserved: c_ulong,
}

const FINISH: i32 = 4;
const NO_FLUSH: i32 = 0;
const STREAM_END: i32 = 1;
const BUFFER_FULL: i32 = -5;

#[dll_import("z", calls_back)]
unsafe extern "C" {
    #[returns(borrowed)]
    safe fn zlibVersion() -> String;
    fn deflateInit_(stream: &mut Stream, level: i32, version: &str, size: i32) -> i32;
    fn deflate(stream: &mut Stream, flush: i32) -> i32;
    fn deflateEnd(stream: &mut Stream) -> i32;
    fn inflateInit_(stream: &mut Stream, version: &str, size: i32) -> i32;
    fn inflate(stream: &mut Stream, flush: i32) -> i32;
    fn inflateEnd(stream: &mut Stream) -> i32;
}

/// Feeds `input` in pieces of 1000 bytes and collects what comes out.
fn pump(stream: &mut Stream, input: &[u8], step: impl Fn(&mut Stream, i32) -> i32) -> Vec<u8> {
    let (mut output, mut buffer) = (Vec::new(), [0_u8; 512]);
    let mut pieces = input.chunks(1000).peekable();
    let mut flush = NO_FLUSH;
    loop {
        if stream.input_left == 0
            && let Some(piece) = pieces.next()
        {
            stream.input = piece.as_ptr();
            stream.input_left = u32::try_from(piece.len()).expect("a piece is short");
            flush = if pieces.peek().is_some() { NO_FLUSH } else { FINISH };
        }
        stream.output = buffer.as_mut_ptr();
        stream.output_left = 512;
        let code = step(stream, flush);
        let left = usize::try_from(stream.output_left).expect("it fits");
        output.extend(&buffer[..buffer.len() - left]);
        match code {
            STREAM_END => return output,
            0 => {}
            BUFFER_FULL if left == 0 => {}
            code => panic!("zlib gave {code}"),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let version = zlibVersion();
    println!("zlib {version}");

    // Memory that is counted: both callbacks share the books.
    let books = Rc::new(std::cell::RefCell::new(HashMap::<usize, Box<[u128]>>::new()));
    let peak = Rc::new(Cell::new(0));
    let (lent, highest) = (books.clone(), peak.clone());
    let allocate = Allocate::leak(move |items, size| {
        let bytes = items as usize * size as usize;
        let mut memory = vec![0_u128; bytes.div_ceil(16)].into_boxed_slice();
        let address = memory.as_mut_ptr();
        lent.borrow_mut().insert(address.addr(), memory);
        highest.set(highest.get().max(lent.borrow().len()));
        address.cast()
    })?;
    let returned = books.clone();
    let free = Free::leak(move |_, address| {
        returned.borrow_mut().remove(&address.addr()).expect("it was lent");
    })?;

    let mut stream = Stream {
        input: null(),
        input_left: 0,
        total_in: 0,
        output: null_mut(),
        output_left: 0,
        total_out: 0,
        message: null(),
        state: null_mut(),
        allocate: Some(allocate.function()),
        free: Some(free.function()),
        opaque: allocate.user_data(),
        data_type: 0,
        checksum: 0,
        reserved: 0,
    };
    let size = i32::try_from(size_of::<Stream>())?;

    let text: String = (0..2000).map(|n| format!("line {n}\n")).collect();
    // SAFETY: the stream stays where it is until it ends; its buffers live as long as they are used.
    let packed = unsafe {
        assert_eq!(deflateInit_(&mut stream, 9, &version, size), 0);
        let packed = pump(&mut stream, text.as_bytes(), |s, flush| deflate(s, flush));
        assert_eq!(deflateEnd(&mut stream), 0);
        packed
    };
    println!("{} bytes became {} in at most {} blocks of memory", text.len(), packed.len(), peak.get());
    assert!(packed.len() < text.len() / 3);

    // SAFETY: as above.
    let unpacked = unsafe {
        assert_eq!(inflateInit_(&mut stream, &version, size), 0);
        let unpacked = pump(&mut stream, &packed, |s, flush| inflate(s, flush));
        assert_eq!(inflateEnd(&mut stream), 0);
        unpacked
    };
    println!("and again {} bytes, checksum {:#x}", unpacked.len(), stream.checksum);
    assert_eq!(unpacked, text.as_bytes());
    assert!(peak.get() > 1);
    assert!(books.borrow().is_empty(), "all memory came back");
    Ok(())
}
