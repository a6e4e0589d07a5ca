//! The one module of the command with unsafe code: calls into native functions, and what a process must
//! do to die without silence.
//!
//! Three groups:
//! - [`call`] and [`view_at`] pass on the contract of `pinvoke` to the person at the command line, who
//!   vouches for the prototype. Nothing can check it: that is why the call runs in a worker process.
//! - [`Flight`] is memory shared between the command and its worker, like an aircraft's flight
//!   recorder: the worker stores in it what it is about to do, and its signal handler what killed it.
//!   The memory outlives the worker, whatever ends it, so nothing has to be sent in time.
//! - small requests to the system for which `std` has no name.
#![allow(unsafe_code, reason = "calls native functions, handles signals and shares memory with the worker")]

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicU64};

use pinvoke::downcall::{Arg, CallError, Downcall, Outcome};
use pinvoke::value::{TypeRef, View};

/// Calls a function with arguments from the command line.
pub(crate) fn call(downcall: &Downcall, args: &[Arg]) -> Result<Outcome, CallError> {
    // SAFETY: cannot be proved here. Whoever types the prototype and the arguments vouches that they
    // describe the function; if they do not, the worker process fails and nothing else.
    unsafe { downcall.call(args) }
}

/// What stands at an address, taken to be of type `ty`.
pub(crate) fn view_at(ty: TypeRef, address: usize) -> View {
    // SAFETY: as for `call`: whoever names the type and the address vouches for them.
    unsafe { View::new(ty, std::ptr::with_exposed_provenance_mut(address)) }
}

/// The same place taken for a value of another type.
pub(crate) fn cast(view: &View, ty: TypeRef) -> View {
    // SAFETY: as for `call`: the expression says what stands there.
    unsafe { view.cast(ty) }
}

/// Whether this many bytes can be read at an address, found out without reading them here.
pub(crate) fn is_readable(address: usize, length: usize) -> bool {
    let mut copy = vec![0u8; length];
    let here = libc::iovec { iov_base: copy.as_mut_ptr().cast(), iov_len: length };
    let there = libc::iovec { iov_base: std::ptr::with_exposed_provenance_mut(address), iov_len: length };
    // SAFETY: cannot fail.
    let own = unsafe { libc::getpid() };
    // SAFETY: the kernel checks both ranges and writes to `copy` only, which is as long as it is told.
    let read = unsafe { libc::process_vm_readv(own, &raw const here, 1, &raw const there, 1, 0) };
    usize::try_from(read).is_ok_and(|read| read == length)
}

/// How far the worker has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Phase {
    /// Reading declarations and arguments.
    Preparing = 0,
    /// Loading the library, which runs its initialisers.
    Loading = 1,
    /// In the function.
    Calling = 2,
    /// Reading what the function left behind.
    Collecting = 3,
    /// The report is complete.
    Reported = 4,
}

impl Phase {
    const ALL: [Phase; 5] =
        [Phase::Preparing, Phase::Loading, Phase::Calling, Phase::Collecting, Phase::Reported];
}

/// What the worker is doing, and what killed it. Lives in shared memory; all zeros at first.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Flight {
    phase: AtomicU32,
    /// The parameter, from 1, whose callback runs; 0 for none.
    callback: AtomicU32,
    /// Which invocation of it, from 1.
    invocation: AtomicU64,
    signal: AtomicI32,
    code: AtomicI32,
    address: AtomicU64,
    stack: AtomicU64,
    /// Bytes of the description of the call and, behind it, of the report.
    described: AtomicU64,
    reported: AtomicU64,
}

/// A fatal signal, as the handler saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// Its number.
    pub(crate) signal: i32,
    /// `si_code`.
    pub(crate) code: i32,
    /// `si_addr`, if the signal has one.
    pub(crate) address: Option<u64>,
    /// The stack pointer; 0 where it is not known.
    pub(crate) stack: u64,
}

impl Flight {
    /// Where the description starts in the file behind the shared memory.
    pub(crate) const DATA: u64 = 4096;

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u32, SeqCst);
    }

    pub(crate) fn phase(&self) -> Phase {
        let phase = self.phase.load(SeqCst);
        Phase::ALL.into_iter().find(|p| *p as u32 == phase).unwrap_or(Phase::Preparing)
    }

    /// Says that a callback runs; gives back what ran before, for [`Flight::resume`].
    pub(crate) fn enter_callback(&self, parameter: u32, invocation: u64) -> (u32, u64) {
        (self.callback.swap(parameter + 1, SeqCst), self.invocation.swap(invocation, SeqCst))
    }

    /// Says that a callback has ended.
    pub(crate) fn resume(&self, before: (u32, u64)) {
        self.callback.store(before.0, SeqCst);
        self.invocation.store(before.1, SeqCst);
    }

    /// The parameter, from 0, whose callback runs, and which invocation of it, from 1.
    pub(crate) fn callback(&self) -> Option<(u32, u64)> {
        let parameter = self.callback.load(SeqCst).checked_sub(1)?;
        Some((parameter, self.invocation.load(SeqCst)))
    }

    pub(crate) fn set_described(&self, bytes: u64) {
        self.described.store(bytes, SeqCst);
    }

    pub(crate) fn described(&self) -> u64 {
        self.described.load(SeqCst)
    }

    pub(crate) fn set_reported(&self, bytes: u64) {
        self.reported.store(bytes, SeqCst);
        self.enter(Phase::Reported);
    }

    pub(crate) fn reported(&self) -> u64 {
        self.reported.load(SeqCst)
    }

    /// The signal that the handler saw, if any.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let signal = self.signal.load(SeqCst);
        let code = self.code.load(SeqCst);
        // Positive codes come from the kernel; only these signals carry the address of an access.
        let addressed =
            code > 0 && matches!(signal, libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE);
        (signal != 0).then(|| Fault {
            signal,
            code,
            address: addressed.then(|| self.address.load(SeqCst)),
            stack: self.stack.load(SeqCst),
        })
    }

    /// Maps the shared memory behind `file`, for the rest of the process.
    pub(crate) fn map(file: &File) -> io::Result<&'static Flight> {
        let (length, fd) = (size_of::<Flight>(), file.as_raw_fd());
        if file.metadata()?.len() < Flight::DATA {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a flight recorder"));
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the system's choice; it overlaps nothing.
        let memory = unsafe { libc::mmap(std::ptr::null_mut(), length, access, libc::MAP_SHARED, fd, 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the mapping is page-aligned, as large as a `Flight`, never unmapped, and every field is
        // an atomic that all bit patterns are valid for, so that other processes may write to it.
        Ok(unsafe { &*memory.cast::<Flight>() })
    }
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
fn unnamed_file() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("pinvoke-flight-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    // SAFETY: a request about a descriptor of ours; it changes nothing but the flag.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) } {
        0 => Ok(file),
        _ => Err(io::Error::last_os_error()),
    }
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
    flight.code.store(details.si_code, Relaxed);
    // SAFETY: the union has an address for all signals that the kernel raises for a fault; for others it
    // holds some other number, which `Flight::fault` leaves out.
    let address = unsafe { details.si_addr() };
    flight.address.store(address.addr() as u64, Relaxed);
    flight.stack.store(stack_pointer(context), Relaxed);
    flight.signal.store(signal, SeqCst);
    if details.si_code <= 0 {
        // Sent by a process, not raised by an instruction that would run again.
        // SAFETY: async-signal-safe; the handler has been reset, so the default action follows.
        unsafe { libc::raise(signal) };
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn stack_pointer(context: *mut c_void) -> u64 {
    // SAFETY: the third argument of a handler installed with SA_SIGINFO is a `ucontext_t`.
    let Some(context) = (unsafe { context.cast::<libc::ucontext_t>().as_ref() }) else { return 0 };
    context.uc_mcontext.gregs[libc::REG_RSP as usize].cast_unsigned()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn stack_pointer(_context: *mut c_void) -> u64 {
    0
}

unsafe extern "C" {
    /// `stdout` of C, which the `libc` crate does not declare.
    static mut stdout: *mut libc::FILE;
}

/// Makes this process behave as a C program of its own would: it dies of a closed pipe, together with the
/// command that started it, and what it prints appears line by line and in order.
pub(crate) fn become_worker(parent: u32) -> io::Result<()> {
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

/// Sends a signal to the worker or to a process that it has started, if it is still there.
pub(crate) fn send(process: u32, signal: c_int) {
    let Ok(process) = libc::pid_t::try_from(process) else { return };
    // SAFETY: a request to the system; it refuses what is not ours to signal.
    unsafe { libc::kill(process, signal) };
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

/// Dies of the same interruption as the worker, so that a shell stops its script. Returns for other signals.
pub(crate) fn die_if_interrupted(signal: c_int) {
    if INTERRUPTS.contains(&signal) {
        // SAFETY: restores the default action.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
        // SAFETY: ends this process, which has nothing left to do.
        unsafe { libc::raise(signal) };
    }
}

/// Whether nobody can read what is written to standard output any more.
pub(crate) fn output_is_closed() -> bool {
    let mut request = libc::pollfd { fd: libc::STDOUT_FILENO, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one request, initialised, alive during the call.
    let ready = unsafe { libc::poll(&raw mut request, 1, 0) };
    ready > 0 && request.revents & libc::POLLERR != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flight_is_shared_through_its_file() {
        is_shared(&shared_file().unwrap());
        let file = unnamed_file().unwrap();
        file.set_len(Flight::DATA).unwrap();
        is_shared(&file);
    }

    fn is_shared(file: &File) {
        let here = Flight::map(file).unwrap();
        let there = Flight::map(file).unwrap();
        here.enter(Phase::Calling);
        let before = here.enter_callback(2, 7);
        assert_eq!((there.phase(), there.callback()), (Phase::Calling, Some((2, 7))));
        here.resume(before);
        assert_eq!(there.callback(), None);
        assert!(there.fault().is_none());
    }

    #[test]
    fn other_files_are_refused() {
        assert!(Flight::map(&File::open("/proc/self/cmdline").unwrap()).is_err());
        assert!(inherited_file(0).is_err());
        assert!(inherited_file(987_654).is_err());
    }
}
