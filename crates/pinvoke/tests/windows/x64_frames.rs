//! What a debugger or an exception handler sees of stubs, thunks and entries: it walks the stack from a fault in
//! native code, and has the program go on.
#![allow(clippy::cast_possible_truncation, reason = "addresses have 64 bits here, and results are small")]

use std::cell::RefCell;
use std::ffi::c_void;

use pinvoke::abi::signature::Signature;
use pinvoke::abi::target::Target;
use pinvoke::call::{PreparedCall, Tier};
use pinvoke::dll_import;
use pinvoke::library::Library;
use pinvoke::native::CodePtr;
use pinvoke::upcall::{Declaration, DynamicCallback, ThreadRule, UpcallArgs};

use super::fixtures;

/// The registers of a thread: so many bytes, of which the tests want three registers.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
struct Context([u64; 154]);

impl Context {
    const RAX: usize = 0x78 / 8;
    const RSP: usize = 0x98 / 8;
    const RIP: usize = 0xF8 / 8;
}

#[repr(C)]
struct ExceptionPointers {
    record: *const u32,
    context: *mut Context,
}

const ACCESS_VIOLATION: u32 = 0xC000_0005;

#[dll_import("kernel32")]
unsafe extern "system" {
    fn AddVectoredExceptionHandler(
        first: u32,
        handler: unsafe extern "system" fn(*const ExceptionPointers) -> i32,
    ) -> *const c_void;
    fn RemoveVectoredExceptionHandler(handle: *const c_void) -> u32;
    fn RtlLookupFunctionEntry(at: u64, image: *mut u64, history: *mut c_void) -> *mut c_void;
    fn RtlVirtualUnwind(
        kind: u32,
        image: u64,
        at: u64,
        function: *mut c_void,
        context: *mut Context,
        data: *mut *mut c_void,
        frame: *mut u64,
        saved: *mut c_void,
    ) -> *mut c_void;
    fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut usize) -> i32;
}

/// Whose code an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The C++ library of the tests.
    Native,
    Program,
    /// Generated code belongs to no file.
    Stub,
    /// The system's libraries, where every thread begins.
    System,
}

thread_local! {
    static SEEN: RefCell<Vec<Owner>> = const { RefCell::new(Vec::new()) };
}

fn module(address: u64) -> usize {
    let mut module = 0;
    // By address, and without counting a reference.
    unsafe { GetModuleHandleExW(6, std::ptr::without_provenance(address as usize), &raw mut module) };
    module
}

fn owner(address: u64) -> Owner {
    match module(address) {
        0 => Owner::Stub,
        m if m == module(library().entry_point("throws").unwrap().code().addr() as u64) => Owner::Native,
        m if m == module(owner as *const () as u64) => Owner::Program,
        _ => Owner::System,
    }
}

/// One frame outwards, by the descriptions that the system has.
unsafe fn step(context: &mut Context) {
    let at = context.0[Context::RIP];
    let mut image = 0;
    let function = unsafe { RtlLookupFunctionEntry(at, &raw mut image, std::ptr::null_mut()) };
    if function.is_null() {
        // A leaf function.
        let return_address = std::ptr::with_exposed_provenance::<u64>(context.0[Context::RSP] as usize);
        context.0[Context::RIP] = unsafe { return_address.read() };
        context.0[Context::RSP] += 8;
    } else {
        let (mut data, mut frame) = (std::ptr::null_mut(), 0);
        unsafe {
            RtlVirtualUnwind(
                0,
                image,
                at,
                function,
                context,
                &raw mut data,
                &raw mut frame,
                std::ptr::null_mut(),
            )
        };
    }
}

/// Notes whose frames there are, and lets the faulting function return 77.
unsafe extern "system" fn on_fault(fault: *const ExceptionPointers) -> i32 {
    let ExceptionPointers { record, context } = unsafe { fault.read() };
    if unsafe { record.read() } != ACCESS_VIOLATION {
        return 0;
    }
    let mut walked = unsafe { context.read() };
    let mut seen = Vec::new();
    while walked.0[Context::RIP] != 0 && seen.len() < 500 {
        seen.push(owner(walked.0[Context::RIP]));
        unsafe { step(&mut walked) };
    }
    SEEN.set(seen);
    let mut caller = unsafe { context.read() };
    unsafe { step(&mut caller) };
    caller.0[Context::RAX] = 77;
    unsafe { context.write(caller) };
    -1
}

fn library() -> Library {
    Library::open(fixtures().join("exceptions.dll")).unwrap()
}

fn prepared(notation: &str, tier: Tier) -> PreparedCall {
    PreparedCall::with_tier(&Signature::parse(Target::HOST, notation).unwrap(), tier).unwrap()
}

/// C++ calls `callback` by way of `tier`; the frames from the fault below it, neighbours of one owner as one.
fn frames(callback: CodePtr, tier: Tier) -> Vec<Owner> {
    let call = prepared("win64(ptr,i32)->i32", tier);
    let mut record = [callback.addr() as u64, 5];
    let mut result = [0_i64; 2];
    let outer = library().entry_point("calls_and_catches").unwrap().code();
    unsafe { call.invoke(outer, record.as_mut_ptr().cast(), result.as_mut_ptr().cast()) };
    assert_eq!(result[0], 78, "the callback went on with what the handler put in");
    let mut seen = SEEN.take();
    seen.dedup();
    seen
}

#[test]
fn the_stack_of_a_fault_is_walked_through_stubs_thunks_and_entries() {
    use Owner::{Native, Program, Stub, System};
    type Visit = unsafe extern "system" fn(i32) -> i32;
    const VISIT: Declaration<Visit> = Declaration::new("visit");
    let handler = unsafe { AddVectoredExceptionHandler(1, on_fault) };
    let faulting = library().entry_point("reads_address_16").unwrap().code();
    for inner in [Tier::Thunk, Tier::Stub] {
        let call = std::sync::Arc::new(prepared("win64(i32)->i32", inner));
        let fault = move |n: i32| {
            let (mut record, mut result) = ([i64::from(n)], [0_i64; 2]);
            unsafe { call.invoke(faulting, record.as_mut_ptr().cast(), result.as_mut_ptr().cast()) };
            result[0] as i32 + 1
        };
        let typed = VISIT.owned(fault.clone()).unwrap();
        // Enters by the general entry, which saves all that Microsoft x64 preserves.
        let dynamic = DynamicCallback::new(
            &Signature::parse(Target::HOST, "win64(i32)->i32").unwrap(),
            "visit",
            move |call: &mut UpcallArgs<'_>| {
                let n = fault(i32::from_le_bytes(call.bytes(0)));
                call.answer(n.to_le_bytes());
            },
            ThreadRule::OwnThread,
        )
        .unwrap();
        for callback in [typed.code(), dynamic.code()] {
            for outer in [Tier::Thunk, Tier::Stub] {
                let mut expected = vec![Native, Program, Native, Program, System];
                // A stub of Microsoft x64 always has a frame, for the shadow space.
                if outer == Tier::Stub {
                    expected.insert(3, Stub);
                }
                if inner == Tier::Stub {
                    expected.insert(1, Stub);
                }
                assert_eq!(frames(callback, outer), expected, "inner {inner:?}, outer {outer:?}");
            }
        }
    }
    unsafe { RemoveVectoredExceptionHandler(handler) };
}
