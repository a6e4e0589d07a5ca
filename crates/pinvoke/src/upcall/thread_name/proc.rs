//! The name of a thread where the kernel tells it in a file; elsewhere that file is missing, and the name is unknown.

/// The name that the operating system has for this thread.
pub(super) fn of_this_thread() -> Option<String> {
    let comm = std::fs::read_to_string("/proc/thread-self/comm").ok()?;
    Some(comm.trim_end().to_owned())
}
