//! Names of well-known constants, for machines without a C compiler: with `--include` the headers say.

/// The constants as definitions of macros, for this system.
pub(crate) fn definitions() -> String {
    let mut text = String::new();
    for (name, value) in TABLE {
        text.push_str(&format!("#define {name} {value}\n"));
    }
    text
}

macro_rules! table {
    ($($name:ident)*) => {
        const TABLE: &[(&str, i64)] = &[$((stringify!($name), widen(libc::$name as i128))),*];
    };
}

/// All of them fit: they are `int`s, `unsigned int`s or `long`s in C.
const fn widen(value: i128) -> i64 {
    assert!(value >= i64::MIN as i128 && value <= i64::MAX as i128);
    #[expect(clippy::cast_possible_truncation, reason = "checked in the line above, when compiling")]
    {
        value as i64
    }
}

table! {
    O_RDONLY O_WRONLY O_RDWR O_ACCMODE O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_SYNC O_DSYNC
    O_CLOEXEC O_DIRECTORY O_NOFOLLOW
    S_IFMT S_IFSOCK S_IFLNK S_IFREG S_IFBLK S_IFDIR S_IFCHR S_IFIFO S_ISUID S_ISGID S_ISVTX
    S_IRWXU S_IRUSR S_IWUSR S_IXUSR S_IRWXG S_IRGRP S_IWGRP S_IXGRP S_IRWXO S_IROTH S_IWOTH S_IXOTH
    SEEK_SET SEEK_CUR SEEK_END F_OK R_OK W_OK X_OK
    F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL FD_CLOEXEC LOCK_SH LOCK_EX LOCK_NB LOCK_UN
    PROT_NONE PROT_READ PROT_WRITE PROT_EXEC MAP_SHARED MAP_PRIVATE MAP_FIXED MAP_ANONYMOUS
    STDIN_FILENO STDOUT_FILENO STDERR_FILENO
    CLOCK_REALTIME CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID CLOCK_THREAD_CPUTIME_ID
    SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM
    SIGTERM SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIG_BLOCK SIG_UNBLOCK SIG_SETMASK
    AF_UNSPEC AF_UNIX AF_INET AF_INET6 SOCK_STREAM SOCK_DGRAM SOCK_RAW SOL_SOCKET SO_REUSEADDR SO_KEEPALIVE
    SHUT_RD SHUT_WR SHUT_RDWR IPPROTO_TCP IPPROTO_UDP AI_PASSIVE AI_CANONNAME NI_NUMERICHOST NI_NUMERICSERV
    POLLIN POLLOUT POLLERR POLLHUP POLLNVAL
    LC_ALL LC_COLLATE LC_CTYPE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME
    RTLD_LAZY RTLD_NOW RTLD_GLOBAL RTLD_LOCAL
    RLIMIT_AS RLIMIT_CORE RLIMIT_CPU RLIMIT_DATA RLIMIT_FSIZE RLIMIT_NOFILE RLIMIT_STACK RUSAGE_SELF
    RUSAGE_CHILDREN WNOHANG WUNTRACED
    _SC_ARG_MAX _SC_CHILD_MAX _SC_CLK_TCK _SC_OPEN_MAX _SC_PAGESIZE _SC_NPROCESSORS_ONLN _SC_NPROCESSORS_CONF
    _SC_PHYS_PAGES _PC_NAME_MAX _PC_PATH_MAX
    EXIT_SUCCESS EXIT_FAILURE PATH_MAX BUFSIZ EOF RAND_MAX
    EPERM ENOENT EINTR EIO EBADF EAGAIN ENOMEM EACCES EEXIST ENOTDIR EISDIR EINVAL ENOSPC EPIPE ERANGE EDOM
    LOG_EMERG LOG_ALERT LOG_CRIT LOG_ERR LOG_WARNING LOG_NOTICE LOG_INFO LOG_DEBUG
    REG_EXTENDED REG_ICASE REG_NOSUB REG_NEWLINE FNM_NOMATCH FNM_PATHNAME FNM_PERIOD GLOB_ERR GLOB_MARK
}

#[cfg(test)]
mod tests {
    use pinvoke_abi::target::Target;
    use pinvoke_decl::Unit;

    #[test]
    fn the_table_is_understood() {
        let mut unit = Unit::new(Target::HOST);
        assert!(unit.parse("constants", &super::definitions()).is_empty());
        assert_eq!(unit.evaluate("O_RDONLY | O_CREAT").ok(), Some(i128::from(libc::O_CREAT)));
        assert_eq!(unit.evaluate("EOF").ok(), Some(-1));
    }
}
