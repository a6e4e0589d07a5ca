//! Linux, and as far as it goes other systems of the Unix family: signals, descriptors, `/proc`.
#![allow(unsafe_code, reason = "handles signals and shares memory with the worker")]

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::SeqCst;

use super::{Fault, Flight};

/// Whether this many bytes can be read at an address, found out without reading them here: the kernel puts them into a
/// pipe, or says that it cannot. Unlike `process_vm_readv` that is permitted in every sandbox.
pub(crate) fn is_readable(address: usize, length: usize) -> bool {
    let Ok((mut reader, writer)) = io::pipe() else { return false };
    let mut left = length;
    // What any pipe holds without a reader.
    let mut part = [0; 4096];
    while left > 0 {
        let part = &mut part[..left.min(4096)];
        let there = std::ptr::with_exposed_provenance(address.wrapping_add(length - left));
        // SAFETY: the kernel checks the range, which it only reads, and fails instead of faulting.
        let written = unsafe { libc::write(writer.as_raw_fd(), there, part.len()) };
        if usize::try_from(written) != Ok(part.len()) || io::Read::read_exact(&mut reader, part).is_err() {
            return false;
        }
        left -= part.len();
    }
    true
}

/// The recorder that the signal handler writes to.
static RECORDER: AtomicPtr<Flight> = AtomicPtr::new(std::ptr::null_mut());

/// Signals that mean that the native code has crashed.
pub(crate) const FATAL: [c_int; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT, libc::SIGTRAP, libc::SIGSYS];

/// Makes fatal signals leave a record before they kill the process.
pub(crate) fn record_faults(flight: &'static Flight) -> io::Result<()> {
    RECORDER.store(std::ptr::from_ref(flight).cast_mut(), SeqCst);
    // A handler needs a stack of its own: the usual one may be what has run out.
    const STACK: usize = 64 << 10;
    let memory = Box::leak(vec![0u8; STACK].into_boxed_slice());
    let stack = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: STACK };
    // SAFETY: the memory is never freed and nothing else uses it.
    if unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `sigaction` is plain data, for which zeros are a valid value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = record_fault;
    action.sa_sigaction = handler as usize;
    // Once: the signal that is raised again, or the instruction that is run again, kills.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESETHAND;
    for signal in FATAL {
        // SAFETY: the action is initialised and its handler does async-signal-safe things only.
        if unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Stores what is known about a fatal signal. Plain stores to memory that is always mapped, and `raise`:
/// nothing else is allowed in a signal handler.
extern "C" fn record_fault(signal: c_int, details: *mut libc::siginfo_t, context: *mut c_void) {
    let recorder = RECORDER.load(SeqCst);
    // SAFETY: the pointer is null or that of a mapping that lasts as long as the process.
    let Some(flight) = (unsafe { recorder.as_ref() }) else { return };
    // SAFETY: the system passes valid details to a handler installed with SA_SIGINFO.
    let Some(details) = (unsafe { details.as_ref() }) else { return };
    // SAFETY: the union has an address for all signals that the kernel raises for a fault; for others it
    // holds some other number, which `Flight::fault` leaves out.
    let address = unsafe { details.si_addr() };
    let address = Some(address.addr() as u64);
    let (stack, instruction) = registers(context);
    flight.record(Fault { signal, code: details.si_code, address, stack, instruction });
    if details.si_code <= 0 {
        // Sent by a process, not raised by an instruction that would run again.
        // SAFETY: async-signal-safe; the handler has been reset, so the default action follows.
        unsafe { libc::raise(signal) };
    }
}

/// The stack pointer and the instruction pointer at the time of a signal; 0 where they are not known.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64", target_arch = "riscv64")
))]
fn registers(context: *mut c_void) -> (u64, u64) {
    // SAFETY: the third argument of a handler installed with SA_SIGINFO is a `ucontext_t`.
    let Some(context) = (unsafe { context.cast::<libc::ucontext_t>().as_ref() }) else { return (0, 0) };
    let machine = &context.uc_mcontext;
    #[cfg(target_arch = "aarch64")]
    let (stack, instruction) = (machine.sp, machine.pc);
    // `x2` is the stack pointer, and the instruction's address stands where `x0` would, which is zero anyway.
    #[cfg(target_arch = "riscv64")]
    let (stack, instruction) = (machine.__gregs[2], machine.__gregs[0]);
    #[cfg(target_arch = "x86_64")]
    let [stack, instruction] =
        [libc::REG_RSP, libc::REG_RIP].map(|index| machine.gregs[index as usize].cast_unsigned());
    #[cfg(target_arch = "x86")]
    let [stack, instruction] =
        [libc::REG_ESP, libc::REG_EIP].map(|index| machine.gregs[index as usize].cast_unsigned().into());
    (stack, instruction)
}

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64", target_arch = "riscv64")
)))]
fn registers(_context: *mut c_void) -> (u64, u64) {
    (0, 0)
}

unsafe extern "C" {
    /// `stdout` of C, which the `libc` crate does not declare.
    static mut stdout: *mut libc::FILE;
}

/// Makes this process behave as a C program of its own would: it dies of a closed pipe, together with the
/// command that started it, and what it prints appears line by line and in order.
pub(crate) fn become_worker() -> io::Result<()> {
    let parent = std::os::unix::process::parent_id();
    // SAFETY: restores the default action of a signal.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    #[cfg(target_os = "linux")]
    {
        // SAFETY: a request with one number, about this process only.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        // The command may have gone before the request.
        if std::os::unix::process::parent_id() != parent {
            return Err(io::Error::other("the command has ended"));
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parent;
    // SAFETY: the variable is set before `main` and read once here, on the only thread.
    let stream = unsafe { stdout };
    // SAFETY: C's standard output, on which nothing has been done yet.
    unsafe { libc::setvbuf(stream, std::ptr::null_mut(), libc::_IOLBF, 0) };
    Ok(())
}

/// Writes out what C's standard streams still hold.
pub(crate) fn flush_c_streams() {
    // SAFETY: a null stream means all streams.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}

/// Ends the process without running anything that was registered for its end.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: no code runs afterwards.
    unsafe { libc::_exit(status) }
}

/// Everything that the worker has started.
#[derive(Debug)]
pub(crate) struct Group;

impl Group {
    pub(crate) fn new() -> io::Result<Group> {
        Ok(Group)
    }

    /// Its processes are found by their parents.
    pub(crate) fn adopt(&self, _worker: &Child) -> io::Result<()> {
        Ok(())
    }

    /// Kills the worker and what the native code has started (`system`), so that nothing is left running.
    pub(crate) fn kill(&self, worker: &mut Child) -> io::Result<()> {
        // Stopped first: it could start more, or return from waiting for what is killed here.
        send(worker.id(), libc::SIGSTOP);
        kill_descendants(worker.id());
        worker.kill()
    }
}

/// Sends a signal to the worker or to a process that it has started, if it is still there.
fn send(process: u32, signal: c_int) {
    let Ok(process) = libc::pid_t::try_from(process) else { return };
    // SAFETY: a request to the system; it refuses what is not ours to signal.
    unsafe { libc::kill(process, signal) };
}

/// Kills what the native code has started (`system`), so that nothing is left running after a time-out.
/// Where the system has no `/proc` there is nothing to do.
fn kill_descendants(process: u32) {
    for child in children(process) {
        kill_descendants(child);
        send(child, libc::SIGKILL);
    }
}

/// The processes that a process has started and that still run.
fn children(process: u32) -> Vec<u32> {
    if let Ok(list) = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")) {
        return list.split_whitespace().filter_map(|id| id.parse().ok()).collect();
    }
    // Not every kernel keeps that list: ask every process for its parent, the second field behind the name.
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parent == Some(process)
    })
    .collect()
}

/// What a terminal sends to every process in the foreground.
const INTERRUPTS: [c_int; 2] = [libc::SIGINT, libc::SIGQUIT];

/// Leaves it to the worker what an interruption means, as `system` in C does.
pub(crate) fn leave_interrupts_to_the_worker() {
    for signal in INTERRUPTS {
        // SAFETY: changes what a signal does, to something that needs no code.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Dies of the same interruption as the worker, so that a shell stops its script. Returns after other ends.
pub(crate) fn die_if_interrupted(status: ExitStatus) {
    let Some(signal) = status.signal() else { return };
    if INTERRUPTS.contains(&signal) {
        // SAFETY: restores the default action.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
        // SAFETY: ends this process, which has nothing left to do.
        unsafe { libc::raise(signal) };
    }
}

/// Whether the worker has died of writing to a pipe that nobody reads any more.
pub(crate) fn killed_by_closed_pipe(status: ExitStatus) -> bool {
    status.signal() == Some(libc::SIGPIPE) && output_is_closed()
}

/// Whether nobody can read what is written to standard output any more.
fn output_is_closed() -> bool {
    let mut request = libc::pollfd { fd: libc::STDOUT_FILENO, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one request, initialised, alive during the call.
    let ready = unsafe { libc::poll(&raw mut request, 1, 0) };
    ready > 0 && request.revents & libc::POLLERR != 0
}

/// Where standard output goes instead: to standard error.
pub(crate) fn output_to_errors() -> io::Result<Stdio> {
    io::stderr().as_fd().try_clone_to_owned().map(Stdio::from)
}

/// Reads so many bytes of the shared file.
pub(crate) fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    file.read_exact_at(bytes, at)
}

/// Writes to the shared file.
pub(crate) fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    file.write_all_at(bytes, at)
}

/// Whether a fault has an address: positive codes come from the kernel, and only these signals carry the address
/// of an access.
pub(super) fn has_address(signal: i32, code: i32) -> bool {
    code > 0 && matches!(signal, libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE)
}

/// Maps the beginning of a file, shared, for the rest of the process.
pub(super) fn map(file: &File, length: usize) -> io::Result<*mut c_void> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at an address of the system's choice; it overlaps nothing.
    let memory =
        unsafe { libc::mmap(std::ptr::null_mut(), length, access, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    if memory == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(memory) }
}

/// A file without a name that a child process inherits, with room for a [`Flight`].
pub(crate) fn shared_file() -> io::Result<File> {
    // SAFETY: the name is a C string; the flag word is empty, so the descriptor is inherited.
    let fd = unsafe { libc::memfd_create(c"pinvoke-flight".as_ptr(), 0) };
    let file = match fd {
        0.. => {
            // SAFETY: the descriptor has just been made and belongs to nobody else.
            File::from(unsafe { OwnedFd::from_raw_fd(fd) })
        }
        // Hardened systems refuse memory files; a file on disk does as well.
        _ => unnamed_file()?,
    };
    file.set_len(Flight::DATA)?;
    Ok(file)
}

/// A file in the directory for temporary files that a child process inherits, removed at once.
pub(super) fn unnamed_file() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("pinvoke-flight-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    // SAFETY: a request about a descriptor of ours; it changes nothing but the flag.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) } {
        0 => Ok(file),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What the worker is told to find the file by: its descriptor.
pub(crate) fn number_of(file: &File) -> i32 {
    file.as_raw_fd()
}

/// Takes over the descriptor that the command has made for its worker, and keeps it from the programs that
/// the native code may start.
pub(crate) fn inherited_file(fd: RawFd) -> io::Result<File> {
    // SAFETY: any number may be asked about; the call changes nothing but the flag of this descriptor.
    if fd < 3 || unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) } != 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an inherited descriptor"));
    }
    // SAFETY: the descriptor is open, as the call before has shown, and was made for this process by its
    // parent; nothing in this process has opened a file yet that could be behind it.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// The executable mappings of this process, for [`the description of a call`]. Empty where the system has no list.
pub(crate) fn code_in_memory() -> Vec<(u64, u64, u64, String)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.lines().filter_map(mapping).collect()
}

/// A line of `/proc/self/maps`: `7f00-7fff r-xp 00001000 fe:01 123   /lib/libc.so.6`.
fn mapping(line: &str) -> Option<(u64, u64, u64, String)> {
    let mut words = line.split_ascii_whitespace();
    let (range, access, offset) = (words.next()?, words.next()?, words.next()?);
    let file = line[line.find('/')?..].to_owned();
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    access.contains('x').then_some(())?;
    Some((number(start)?, number(end)?, number(offset)?, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_of_code_are_read() {
        let line = "7f01b000-7f02c000 r-xp 00001000 fe:01 123  /lib/with space.so";
        assert_eq!(mapping(line), Some((0x7f01_b000, 0x7f02_c000, 0x1000, "/lib/with space.so".to_owned())));
        assert_eq!(mapping("7f01b000-7f02c000 rw-p 00001000 fe:01 123  /lib/x.so"), None);
        assert_eq!(mapping("7ffd0000-7ffd2000 r-xp 00000000 00:00 0  [vdso]"), None);
        assert!(!code_in_memory().is_empty());
    }
}
