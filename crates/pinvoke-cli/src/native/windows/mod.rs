//! Windows: exceptions, handles, job objects.
#![allow(unsafe_code, reason = "handles exceptions and shares memory with the worker")]

use std::ffi::{OsString, c_void};
use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, OwnedHandle};
use std::process::{Child, ExitStatus, Stdio};
use std::ptr::{null, null_mut};
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::SeqCst;

use windows_sys::Win32::Foundation::{
    CloseHandle, GENERIC_READ, GENERIC_WRITE, HANDLE, HANDLE_FLAG_INHERIT, HMODULE, SetHandleInformation,
};
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_ATTRIBUTE_TEMPORARY, FILE_FLAG_DELETE_ON_CLOSE, FILE_SHARE_DELETE, FILE_SHARE_READ,
    FILE_SHARE_WRITE,
};
use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::Diagnostics::Debug::{
    EXCEPTION_POINTERS, ReadProcessMemory, SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SetErrorMode,
    SetUnhandledExceptionFilter,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::LibraryLoader::GetModuleFileNameW;
use windows_sys::Win32::System::Memory::{CreateFileMappingW, FILE_MAP_WRITE, MapViewOfFile, PAGE_READWRITE};
use windows_sys::Win32::System::ProcessStatus::{K32EnumProcessModules, K32GetModuleInformation, MODULEINFO};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, SetThreadStackGuarantee, TerminateProcess};

use super::{Fault, Flight};

fn own_process() -> HANDLE {
    // SAFETY: the handle of this process needs no closing.
    unsafe { GetCurrentProcess() }
}

/// Whether this many bytes can be read at an address, found out without reading them here.
pub(crate) fn is_readable(address: usize, length: usize) -> bool {
    let mut copy = vec![0_u8; length];
    let from = std::ptr::with_exposed_provenance(address);
    // SAFETY: the system checks what is read, and writes to `copy` only, which is as long as it is told.
    let read =
        unsafe { ReadProcessMemory(own_process(), from, copy.as_mut_ptr().cast(), length, null_mut()) };
    read != 0
}

/// The recorder that the filter writes to.
static RECORDER: AtomicPtr<Flight> = AtomicPtr::new(null_mut());

/// Makes exceptions that nobody handles leave a record before they end the process.
pub(crate) fn record_faults(flight: &'static Flight) -> io::Result<()> {
    RECORDER.store(std::ptr::from_ref(flight).cast_mut(), SeqCst);
    // Room for the filter where the stack is what has run out.
    let mut bytes = 64 << 10;
    // SAFETY: room for the former size.
    unsafe { SetThreadStackGuarantee(&raw mut bytes) };
    // SAFETY: the filter reads what it is given and stores numbers.
    unsafe { SetUnhandledExceptionFilter(Some(record_fault)) };
    Ok(())
}

/// Stores what is known about an exception that nobody handles, and has it end the process with its code, without
/// a question to whoever sits before the screen.
unsafe extern "system" fn record_fault(exception: *const EXCEPTION_POINTERS) -> i32 {
    const EXECUTE_HANDLER: i32 = 1;
    let recorder = RECORDER.load(SeqCst);
    // SAFETY: the pointer is null or that of a mapping that lasts as long as the process.
    let Some(flight) = (unsafe { recorder.as_ref() }) else { return EXECUTE_HANDLER };
    // SAFETY: the system passes a valid record.
    let Some(exception) = (unsafe { exception.as_ref() }) else { return EXECUTE_HANDLER };
    // SAFETY: as above.
    let Some(record) = (unsafe { exception.ExceptionRecord.as_ref() }) else { return EXECUTE_HANDLER };
    let told = usize::try_from(record.NumberParameters).unwrap_or(0).min(record.ExceptionInformation.len());
    let (how, address) = match &record.ExceptionInformation[..told] {
        [how, address, ..] => (i32::try_from(*how).unwrap_or(-1), Some(*address as u64)),
        _ => (0, None),
    };
    let stack = stack_pointer(exception);
    let instruction = record.ExceptionAddress.addr() as u64;
    flight.record(Fault { signal: record.ExceptionCode, code: how, address, stack, instruction });
    EXECUTE_HANDLER
}

/// The stack pointer at the time of an exception; 0 where it is not known.
#[cfg(target_arch = "x86_64")]
fn stack_pointer(exception: &EXCEPTION_POINTERS) -> u64 {
    // SAFETY: the system passes a valid context, or none.
    unsafe { exception.ContextRecord.as_ref() }.map_or(0, |context| context.Rsp)
}

#[cfg(not(target_arch = "x86_64"))]
fn stack_pointer(_exception: &EXCEPTION_POINTERS) -> u64 {
    0
}

/// Whether a fault has an address.
pub(super) fn has_address(signal: i32, _code: i32) -> bool {
    // An access violation, and a page that cannot be read.
    matches!(signal.cast_unsigned(), 0xC000_0005 | 0xC000_0006)
}

unsafe extern "C" {
    /// The standard streams of C, by number.
    fn __acrt_iob_func(number: u32) -> *mut libc::FILE;
}

/// Makes this process behave as a program of its own would, which nobody watches: what is missing or faults is no
/// question on the screen, and what it prints appears at once and in order.
pub(crate) fn become_worker() -> io::Result<()> {
    /// `_IONBF`: the C library has no buffering by lines.
    const UNBUFFERED: i32 = 4;
    // SAFETY: changes what this process asks people.
    unsafe { SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX) };
    // SAFETY: 1 is standard output.
    let stream = unsafe { __acrt_iob_func(1) };
    // SAFETY: C's standard output, on which nothing has been done yet.
    unsafe { libc::setvbuf(stream, null_mut(), UNBUFFERED, 0) };
    Ok(())
}

/// Writes out what C's standard streams still hold.
pub(crate) fn flush_c_streams() {
    // SAFETY: a null stream means all streams.
    unsafe { libc::fflush(null_mut()) };
}

/// Ends the process without running anything that was registered for its end.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: no code of this process runs afterwards.
    unsafe { TerminateProcess(own_process(), status.cast_unsigned()) };
    std::process::abort()
}

/// Everything that the worker starts: a job that ends with the command.
#[derive(Debug)]
pub(crate) struct Group(OwnedHandle);

impl Group {
    pub(crate) fn new() -> io::Result<Group> {
        // SAFETY: no attributes, no name.
        let job = unsafe { CreateJobObjectW(null(), null()) };
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just made, and nobody else's.
        let job = unsafe { OwnedHandle::from_raw_handle(job) };
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        let size = u32::try_from(size_of_val(&limits)).unwrap_or(0);
        let kind = JobObjectExtendedLimitInformation;
        // SAFETY: the structure of this kind, with its size.
        let set =
            unsafe { SetInformationJobObject(job.as_raw_handle(), kind, (&raw const limits).cast(), size) };
        if set == 0 { Err(io::Error::last_os_error()) } else { Ok(Group(job)) }
    }

    /// What the worker starts from now on belongs to it.
    pub(crate) fn adopt(&self, worker: &Child) -> io::Result<()> {
        const ACCESS_DENIED: i32 = 5;
        // SAFETY: two handles that are open.
        let done = unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), worker.as_raw_handle()) };
        let error = io::Error::last_os_error();
        // A worker that has ended already belongs to nobody, and has left nothing that runs.
        if done != 0 || error.raw_os_error() == Some(ACCESS_DENIED) { Ok(()) } else { Err(error) }
    }

    /// Kills the worker and what the native code has started (`system`), so that nothing is left running.
    pub(crate) fn kill(&self, worker: &mut Child) -> io::Result<()> {
        // SAFETY: a job of ours.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) };
        // What was not in the job; a process that is gone cannot be killed.
        let _ = worker.kill();
        Ok(())
    }
}

/// Leaves it to the worker what an interruption means.
pub(crate) fn leave_interrupts_to_the_worker() {
    // SAFETY: no handler and 1 have this process ignore them.
    unsafe { SetConsoleCtrlHandler(None, 1) };
}

/// Dies of the same interruption as the worker. Returns after other ends.
pub(crate) fn die_if_interrupted(status: ExitStatus) {
    const CONTROL_C: i32 = 0xC000_013A_u32.cast_signed();
    if status.code() == Some(CONTROL_C) {
        exit_now(CONTROL_C);
    }
}

/// Nobody dies of that here.
pub(crate) fn killed_by_closed_pipe(_status: ExitStatus) -> bool {
    false
}

/// Where standard output goes instead: to standard error.
pub(crate) fn output_to_errors() -> io::Result<Stdio> {
    io::stderr().as_handle().try_clone_to_owned().map(Stdio::from)
}

/// Reads so many bytes of the shared file.
pub(crate) fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_read(bytes, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                bytes = &mut bytes[n..];
                at += n as u64;
            }
        }
    }
    Ok(())
}

/// Writes to the shared file.
pub(crate) fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_write(bytes, at)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            n => {
                bytes = &bytes[n..];
                at += n as u64;
            }
        }
    }
    Ok(())
}

/// A file that a child process inherits, with room for a [`Flight`], and that is gone when both have closed it.
pub(crate) fn shared_file() -> io::Result<File> {
    use std::sync::atomic::AtomicU32;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, SeqCst);
    let path = std::env::temp_dir().join(format!("pinvoke-flight-{}-{number}", std::process::id()));
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .access_mode(GENERIC_READ | GENERIC_WRITE | DELETE)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
        .attributes(FILE_ATTRIBUTE_TEMPORARY)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE)
        .open(path)?;
    file.set_len(Flight::DATA)?;
    inherit(&file, true)?;
    Ok(file)
}

fn inherit(file: &File, inherited: bool) -> io::Result<()> {
    let flags = if inherited { HANDLE_FLAG_INHERIT } else { 0 };
    // SAFETY: an open handle; nothing changes but whether children get it.
    let set = unsafe { SetHandleInformation(file.as_raw_handle(), HANDLE_FLAG_INHERIT, flags) };
    if set == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// What the worker is told to find the file by: its handle, which has 32 bits that count.
pub(crate) fn number_of(file: &File) -> i32 {
    i32::try_from(file.as_raw_handle().addr()).unwrap_or(0)
}

/// Takes over the handle that the command has made for its worker, and keeps it from the programs that the native
/// code may start.
pub(crate) fn inherited_file(number: i32) -> io::Result<File> {
    let refused = || io::Error::new(io::ErrorKind::InvalidInput, "not an inherited handle");
    let handle = usize::try_from(number).ok().filter(|handle| *handle > 0).ok_or_else(refused)?;
    let handle = std::ptr::without_provenance_mut(handle);
    let mut flags = 0;
    // SAFETY: any number may be asked about.
    let known = unsafe { windows_sys::Win32::Foundation::GetHandleInformation(handle, &raw mut flags) };
    if known == 0 || flags & HANDLE_FLAG_INHERIT == 0 {
        return Err(refused());
    }
    // SAFETY: the handle is open, as the call before has shown, and was made for this process by its parent.
    let file = File::from(unsafe { OwnedHandle::from_raw_handle(handle) });
    inherit(&file, false)?;
    Ok(file)
}

/// Maps the beginning of a file, shared, for the rest of the process.
pub(super) fn map(file: &File, length: usize) -> io::Result<*mut c_void> {
    // SAFETY: an open file; no attributes, no name, the size of the file.
    let section = unsafe { CreateFileMappingW(file.as_raw_handle(), null(), PAGE_READWRITE, 0, 0, null()) };
    if section.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new mapping at an address of the system's choice; it overlaps nothing.
    let view = unsafe { MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, length) };
    let error = io::Error::last_os_error();
    // SAFETY: our own handle, not used any more; the view keeps the section.
    unsafe { CloseHandle(section) };
    if view.Value.is_null() { Err(error) } else { Ok(view.Value) }
}

/// The libraries of this process, for the description of a call: start, end, 0, file.
pub(crate) fn code_in_memory() -> Vec<(u64, u64, u64, String)> {
    let mut images: [HMODULE; 1024] = [null_mut(); 1024];
    let room = u32::try_from(size_of_val(&images)).unwrap_or(0);
    let mut needed = 0;
    // SAFETY: so many bytes of room.
    let done = unsafe { K32EnumProcessModules(own_process(), images.as_mut_ptr(), room, &raw mut needed) };
    let count = if done == 0 { 0 } else { needed as usize / size_of::<HMODULE>() };
    images.into_iter().take(count).filter_map(described).collect()
}

fn described(image: HMODULE) -> Option<(u64, u64, u64, String)> {
    let mut bounds = MODULEINFO { lpBaseOfDll: null_mut(), SizeOfImage: 0, EntryPoint: null_mut() };
    let size = u32::try_from(size_of::<MODULEINFO>()).ok()?;
    // SAFETY: room for the answer; an image that is gone meanwhile gives none.
    let known = unsafe { K32GetModuleInformation(own_process(), image, &raw mut bounds, size) };
    let mut units = [0_u16; 1024];
    let room = u32::try_from(units.len()).ok()?;
    // SAFETY: so many units of room.
    let length = unsafe { GetModuleFileNameW(image, units.as_mut_ptr(), room) } as usize;
    if known == 0 || length == 0 {
        return None;
    }
    let start = bounds.lpBaseOfDll.addr() as u64;
    let file = OsString::from_wide(units.get(..length)?).to_string_lossy().into_owned();
    Some((start, start + u64::from(bounds.SizeOfImage), 0, file))
}
