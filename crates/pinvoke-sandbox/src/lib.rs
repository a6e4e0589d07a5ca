//! A system that refuses executable memory, made of this one by a seccomp filter.
//!
//! What a hardened system refuses is memory that becomes code without being a file's: `mmap` of anonymous
//! memory with `PROT_EXEC`, `mprotect` to it, and memory files, which would be a way around. Code of programs
//! and libraries is mapped from their files as ever, so everything starts and loads.
#![allow(unsafe_code, reason = "limits this process for ever")]

use std::io;

/// Has the kernel answer `EACCES` from now on to this process, and to all that it starts, when one of them
/// asks for executable memory.
///
/// # Errors
/// The system takes no filter.
pub fn refuse_executable_memory() -> io::Result<()> {
    const LOAD: u16 = 0x20;
    const JUMP_EQUAL: u16 = 0x15;
    const JUMP_SET: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const ALLOW: u32 = 0x7fff_0000;
    const REFUSE: u32 = 0x0005_0000 | libc::EACCES.cast_unsigned();
    let op = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let call = |number: libc::c_long| u32::try_from(number).unwrap_or(u32::MAX);
    // struct seccomp_data: nr at 0, arguments from 16, 8 bytes each, low half first.
    let arg = |n: u32| 16 + 8 * n;
    let mut program = [
        op(LOAD, 0, 0, 0),
        op(JUMP_EQUAL, 7, 0, call(libc::SYS_memfd_create)),
        op(JUMP_EQUAL, 1, 0, call(libc::SYS_mmap)),
        op(JUMP_EQUAL, 2, 4, call(libc::SYS_mprotect)),
        op(LOAD, 0, 0, arg(3)),
        op(JUMP_SET, 0, 2, libc::MAP_ANONYMOUS.cast_unsigned()),
        op(LOAD, 0, 0, arg(2)),
        op(JUMP_SET, 1, 0, libc::PROT_EXEC.cast_unsigned()),
        op(RETURN, 0, 0, ALLOW),
        op(RETURN, 0, 0, REFUSE),
    ];
    let filter = libc::sock_fprog { len: 10, filter: program.as_mut_ptr() };
    // SAFETY: a plain request about this process.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the filter and its program live during the call.
    if unsafe { libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const filter) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
