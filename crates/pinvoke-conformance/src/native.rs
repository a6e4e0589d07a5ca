//! The one module that runs foreign code: shared objects made by a C compiler, and prepared calls
//! into them.
//!
//! # Safety
//! Everything here trusts the C text of [`crate::c_text`]: the exported names have the types that
//! it gives them. What is not trusted is the call plan under test; a wrong one may do anything, which
//! is why a batch runs in a process of its own.
#![allow(unsafe_code, reason = "loads shared objects and calls into them")]

use std::ffi::{c_int, c_void};
use std::mem::ManuallyDrop;
use std::path::Path;

use libloading::Library;
use pinvoke::call::PreparedCall;
use pinvoke::native::CodePtr;

use crate::block::Block;

/// What a callee or caller found, as `struct conf_report` in C.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Report {
    /// Number of differences.
    pub(crate) count: c_int,
    /// Index of the first differing argument; -1 for the result.
    pub(crate) place: c_int,
    /// Byte within the value; -1 if the value differs only after widening.
    pub(crate) byte: c_int,
    pub(crate) got: c_int,
    pub(crate) want: c_int,
}

/// A loaded shared object. Never unloaded: code of it may be referred to until the process ends.
#[derive(Debug)]
pub(crate) struct SharedObject {
    library: ManuallyDrop<Library>,
}

impl SharedObject {
    pub(crate) fn open(path: &Path) -> Result<SharedObject, String> {
        let say = |e: &dyn std::fmt::Debug| format!("cannot load {}: {e:?}", path.display());
        // Windows' loader wants a drive and its own separators.
        let path = std::path::absolute(path).map_err(|e| say(&e))?;
        // SAFETY: the object was compiled from our own text and has no constructors.
        let library = unsafe { Library::new(&path) }.map_err(|e| say(&e))?;
        Ok(SharedObject { library: ManuallyDrop::new(library) })
    }

    fn address(&self, name: &str) -> Result<*mut c_void, String> {
        // SAFETY: every symbol has an address, and that is all it is taken for here.
        let symbol = unsafe { self.library.get::<*mut c_void>(name.as_bytes()) };
        symbol.map(|symbol| *symbol).map_err(|e| format!("no {name:?} in the shared object: {e}"))
    }

    /// The function that prototype `k` is the type of.
    pub(crate) fn callee(&self, k: u64) -> Result<*mut c_void, String> {
        let address: *const *mut c_void = self.address(&format!("address_{k}"))?.cast_const().cast();
        // SAFETY: the C text defines `void *const address_<k>`.
        Ok(unsafe { *address })
    }

    /// The first `count` numbers of the table `facts_<k>`.
    pub(crate) fn facts(&self, k: u64, count: usize) -> Result<Vec<usize>, String> {
        let table: *const usize = self.address(&format!("facts_{k}"))?.cast_const().cast();
        // SAFETY: the C text defines `const size_t facts_<k>[]` with a number for each fact that the
        // same model asks for, and one more.
        let facts = unsafe { std::slice::from_raw_parts(table, count) };
        Ok(facts.to_vec())
    }

    /// A value of `size` bytes in which only bit-field `i` of prototype `k` is set.
    pub(crate) fn bits(&self, k: u64, i: c_int, size: usize) -> Result<Vec<u8>, String> {
        let address = self.address(&format!("bits_{k}"))?;
        // SAFETY: the C text defines `void bits_<k>(int, unsigned char *)`.
        let bits: extern "C" fn(c_int, *mut u8) = unsafe { std::mem::transmute(address) };
        let mut out = vec![0; size];
        bits(i, out.as_mut_ptr());
        Ok(out)
    }

    /// Says what the next call has to find, and where to report.
    pub(crate) fn begin(&self, bytes: &[u8], masks: &[u8], report: &mut Report) -> Result<(), String> {
        let address = self.address("conf_begin")?;
        // SAFETY: the C text defines `void conf_begin` with these three pointers.
        let begin: extern "C" fn(*const u8, *const u8, *mut Report) = unsafe { std::mem::transmute(address) };
        begin(bytes.as_ptr(), masks.as_ptr(), report);
        Ok(())
    }

    /// Lets C call `target` with the values of prototype `k`.
    pub(crate) fn call_caller(&self, k: u64, target: *const c_void) -> Result<(), String> {
        let address = self.address(&format!("caller_{k}"))?;
        // SAFETY: the C text defines `void caller_<k>(void *)`.
        let caller: extern "C" fn(*const c_void) = unsafe { std::mem::transmute(address) };
        caller(target);
        Ok(())
    }
}

/// Calls `target`, whose type is that of the prepared call unless the plan under test is wrong.
pub(crate) fn invoke(call: &PreparedCall, target: CodePtr, record: &mut Block, ret: &mut Block) {
    let (record, ret) = (record.bytes_mut().as_mut_ptr(), ret.bytes_mut().as_mut_ptr());
    // SAFETY:
    // - the C text defines the target with the prototype that the signature was made of;
    // - both blocks have the size and alignment that the call states, and hold all arguments;
    // - the target is C and does not unwind.
    unsafe { call.invoke(target, record, ret) };
}
