//! What a debugger or an exception handler sees on 32-bit x86, where no table describes frames: the chain of frame
//! pointers, from a fault in native code to the thread's beginning. A handler has the program go on.

use std::cell::RefCell;
use std::ffi::c_void;

use pinvoke::abi::signature::Signature;
use pinvoke::abi::target::Target;
use pinvoke::call::PreparedCall;
use pinvoke::dll_import;
use pinvoke::library::Library;
use pinvoke::native::CodePtr;
use pinvoke::upcall::{Declaration, DynamicCallback, ThreadRule, UpcallArgs};

use super::fixtures;

/// The registers of a thread: `CONTEXT`, of which the tests want three.
#[repr(C)]
#[derive(Clone, Copy)]
struct Context([u32; 179]);

impl Context {
    const EAX: usize = 0xB0 / 4;
    const EBP: usize = 0xB4 / 4;
    const EIP: usize = 0xB8 / 4;
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
    fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut usize) -> i32;
}

/// Whose code an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The C++ library of the tests.
    Native,
    Program,
    /// The system's libraries, where every thread begins.
    System,
}

thread_local! {
    static SEEN: RefCell<Vec<Owner>> = const { RefCell::new(Vec::new()) };
}

fn module(address: usize) -> usize {
    let mut module = 0;
    // By address, and without counting a reference.
    unsafe { GetModuleHandleExW(6, std::ptr::without_provenance(address), &raw mut module) };
    module
}

fn owner(address: usize) -> Owner {
    match module(address) {
        m if m == module(library().entry_point("throws").unwrap().code().addr()) => Owner::Native,
        m if m == module(owner as *const () as usize) => Owner::Program,
        _ => Owner::System,
    }
}

/// Notes whose frames there are, and lets the faulting instruction load 77.
unsafe extern "system" fn on_fault(fault: *const ExceptionPointers) -> i32 {
    let ExceptionPointers { record, context } = unsafe { fault.read() };
    if unsafe { record.read() } != ACCESS_VIOLATION {
        return 0;
    }
    let registers = unsafe { &mut (*context).0 };
    let mut seen = vec![owner(registers[Context::EIP] as usize)];
    let mut frame = registers[Context::EBP];
    while frame != 0 && seen.len() < 500 && seen.last() != Some(&Owner::System) {
        let words = std::ptr::with_exposed_provenance::<[u32; 2]>(frame as usize);
        let [outer, return_address] = unsafe { words.read() };
        seen.push(owner(return_address as usize));
        assert!(outer == 0 || outer > frame, "the chain leads outwards");
        frame = outer;
    }
    SEEN.set(seen);
    // `mov eax, [eax]`
    let code = std::ptr::with_exposed_provenance::<[u8; 2]>(registers[Context::EIP] as usize);
    assert_eq!(unsafe { code.read() }, [0x8B, 0x00]);
    registers[Context::EIP] += 2;
    registers[Context::EAX] = 77;
    -1
}

fn library() -> Library {
    Library::open(fixtures().join("exceptions.dll")).unwrap()
}

fn prepared(notation: &str) -> PreparedCall {
    PreparedCall::new(&Signature::parse(Target::HOST, notation).unwrap()).unwrap()
}

/// C++ calls `callback`; the frames from the fault below it, neighbours of one owner as one.
fn frames(callback: CodePtr) -> Vec<Owner> {
    let call = prepared("cdecl(ptr,i32)->i32");
    let mut record = [callback.addr(), 5];
    let mut result = [0_i32; 4];
    let outer = library().entry_point("calls_and_catches").unwrap().code();
    unsafe { call.invoke(outer, record.as_mut_ptr().cast(), result.as_mut_ptr().cast()) };
    assert_eq!(result[0], 78, "the callback went on with what the handler put in");
    let mut seen = SEEN.take();
    seen.dedup();
    seen
}

#[test]
fn the_stack_of_a_fault_is_walked_through_thunks_and_entries() {
    use Owner::{Native, Program, System};
    type Visit = unsafe extern "C" fn(i32) -> i32;
    const VISIT: Declaration<Visit> = Declaration::new("visit");
    let handler = unsafe { AddVectoredExceptionHandler(1, on_fault) };
    let faulting = library().entry_point("reads_address_16").unwrap().code();
    let call = std::sync::Arc::new(prepared("cdecl(i32)->i32"));
    let fault = move |n: i32| {
        let (mut record, mut result) = ([n, 0], [0_i32; 4]);
        unsafe { call.invoke(faulting, record.as_mut_ptr().cast(), result.as_mut_ptr().cast()) };
        result[0] + 1
    };
    let typed = VISIT.owned(fault.clone()).unwrap();
    let dynamic = DynamicCallback::new(
        &Signature::parse(Target::HOST, "cdecl(i32)->i32").unwrap(),
        "visit",
        move |call: &mut UpcallArgs<'_>| {
            let n = fault(i32::from_le_bytes(call.bytes(0)));
            call.answer(n.to_le_bytes());
        },
        ThreadRule::OwnThread,
    )
    .unwrap();
    for callback in [typed.code(), dynamic.code()] {
        assert_eq!(frames(callback), [Native, Program, Native, Program, System]);
    }
    unsafe { RemoveVectoredExceptionHandler(handler) };
}
