//! The one module of the command with unsafe code: calls into native functions, and what a process must
//! do to die without silence.
//!
//! - [`call`], [`view_at`] and [`cast`] pass on the contract of `pinvoke` to the person at the command line,
//!   who vouches for the prototype. Nothing can check it: that is why the call runs in a worker process.
//! - [`Flight`] is memory that the worker shares with the command, [`record_faults`] what stores in it the
//!   signal that kills the worker.
//! - The rest are small requests to the system for which `std` has no name.
#![allow(unsafe_code, reason = "calls native functions, handles signals and shares memory with the worker")]

mod flight;

use std::ffi::{c_int, c_void};
use std::io;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::SeqCst;

use pinvoke::downcall::{Arg, CallError, Downcall, Outcome};
use pinvoke::value::{TypeRef, View};

pub(crate) use flight::{Fault, Flight, Phase, inherited_file, shared_file};

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
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn registers(context: *mut c_void) -> (u64, u64) {
    // SAFETY: the third argument of a handler installed with SA_SIGINFO is a `ucontext_t`.
    let Some(context) = (unsafe { context.cast::<libc::ucontext_t>().as_ref() }) else { return (0, 0) };
    let register =
        |index: c_int| usize::try_from(index).map_or(0, |i| context.uc_mcontext.gregs[i]).cast_unsigned();
    (register(libc::REG_RSP), register(libc::REG_RIP))
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn registers(_context: *mut c_void) -> (u64, u64) {
    (0, 0)
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
