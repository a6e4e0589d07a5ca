/* Structures that have one definition on all Linux architectures, given the type names. */
struct timespec {
    time_t tv_sec;
    long tv_nsec;
};
struct timeval { time_t tv_sec; suseconds_t tv_usec; };
struct timezone { int tz_minuteswest; int tz_dsttime; };
struct itimerval { struct timeval it_interval; struct timeval it_value; };
struct itimerspec { struct timespec it_interval; struct timespec it_value; };
struct tm {
    int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
    long tm_gmtoff;
    const char *tm_zone;
};
struct tms { clock_t tms_utime, tms_stime, tms_cutime, tms_cstime; };
struct utimbuf { time_t actime; time_t modtime; };
struct timex {
    unsigned int modes;
    long offset, freq, maxerror, esterror;
    int status;
    long constant, precision, tolerance;
    struct timeval time;
    long tick, ppsfreq, jitter;
    int shift;
    long stabil, jitcnt, calcnt, errcnt, stbcnt;
    int tai;
    int :32; int :32; int :32; int :32; int :32; int :32;
    int :32; int :32; int :32; int :32; int :32;
};

struct dirent {
    ino_t d_ino;
    off_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[256];
};
struct dirent64 {
    ino64_t d_ino;
    off64_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[256];
};
struct FTW { int base; int level; };
typedef int (*__ftw_func_t)(const char *path, const struct stat *status, int flag);
typedef int (*__nftw_func_t)(const char *path, const struct stat *status, int flag, struct FTW *info);

struct iovec { void *iov_base; size_t iov_len; };
struct pollfd { int fd; short events; short revents; };
typedef union epoll_data { void *ptr; int fd; uint32_t u32; uint64_t u64; } epoll_data_t;
typedef struct { long fds_bits[1024 / (8 * sizeof(long))]; } fd_set;
typedef long fd_mask;

struct utsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};
struct rusage {
    struct timeval ru_utime, ru_stime;
    long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap;
    long ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
};
struct rlimit { rlim_t rlim_cur; rlim_t rlim_max; };
struct rlimit64 { rlim64_t rlim_cur; rlim64_t rlim_max; };
struct sysinfo {
    long uptime;
    unsigned long loads[3];
    unsigned long totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    unsigned long totalhigh, freehigh;
    uint32_t mem_unit;
    char _f[20 - 2 * sizeof(unsigned long) - sizeof(uint32_t)];
};

struct passwd {
    char *pw_name, *pw_passwd;
    uid_t pw_uid;
    gid_t pw_gid;
    char *pw_gecos, *pw_dir, *pw_shell;
};
struct group { char *gr_name, *gr_passwd; gid_t gr_gid; char **gr_mem; };
struct spwd {
    char *sp_namp, *sp_pwdp;
    long sp_lstchg, sp_min, sp_max, sp_warn, sp_inact, sp_expire;
    unsigned long sp_flag;
};

struct termios {
    tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
    cc_t c_line;
    cc_t c_cc[32];
    speed_t c_ispeed, c_ospeed;
};
struct winsize { unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel; };

struct sockaddr { sa_family_t sa_family; char sa_data[14]; };
struct sockaddr_storage {
    sa_family_t ss_family;
    char __ss_padding[128 - sizeof(sa_family_t) - sizeof(unsigned long)];
    unsigned long __ss_align;
};
struct sockaddr_un { sa_family_t sun_family; char sun_path[108]; };
struct in_addr { in_addr_t s_addr; };
struct sockaddr_in {
    sa_family_t sin_family;
    in_port_t sin_port;
    struct in_addr sin_addr;
    unsigned char sin_zero[8];
};
struct in6_addr {
    union { uint8_t __u6_addr8[16]; uint16_t __u6_addr16[8]; uint32_t __u6_addr32[4]; } __in6_u;
};
struct sockaddr_in6 {
    sa_family_t sin6_family;
    in_port_t sin6_port;
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
};
struct ip_mreq { struct in_addr imr_multiaddr; struct in_addr imr_interface; };
struct ipv6_mreq { struct in6_addr ipv6mr_multiaddr; unsigned int ipv6mr_interface; };
struct linger { int l_onoff; int l_linger; };
struct ucred { pid_t pid; uid_t uid; gid_t gid; };
struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    size_t msg_iovlen;
    void *msg_control;
    size_t msg_controllen;
    int msg_flags;
};
struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
struct cmsghdr { size_t cmsg_len; int cmsg_level; int cmsg_type; unsigned char __cmsg_data[]; };
struct hostent { char *h_name; char **h_aliases; int h_addrtype; int h_length; char **h_addr_list; };
struct servent { char *s_name; char **s_aliases; int s_port; char *s_proto; };
struct protoent { char *p_name; char **p_aliases; int p_proto; };
struct netent { char *n_name; char **n_aliases; int n_addrtype; uint32_t n_net; };
struct addrinfo {
    int ai_flags, ai_family, ai_socktype, ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr *ai_addr;
    char *ai_canonname;
    struct addrinfo *ai_next;
};
struct if_nameindex { unsigned int if_index; char *if_name; };
struct ifaddrs {
    struct ifaddrs *ifa_next;
    char *ifa_name;
    unsigned int ifa_flags;
    struct sockaddr *ifa_addr, *ifa_netmask;
    union { struct sockaddr *ifu_broadaddr, *ifu_dstaddr; } ifa_ifu;
    void *ifa_data;
};

typedef union sigval { int sival_int; void *sival_ptr; } sigval_t;
typedef sigval_t __sigval_t;
typedef struct {
    int si_signo, si_errno, si_code;
    union {
        int _pad[128 / sizeof(int) - (sizeof(long) == 8 ? 4 : 3)];
        struct { pid_t si_pid; uid_t si_uid; } _kill;
        struct { int si_tid; int si_overrun; sigval_t si_sigval; } _timer;
        struct { pid_t si_pid; uid_t si_uid; sigval_t si_sigval; } _rt;
        struct { pid_t si_pid; uid_t si_uid; int si_status; clock_t si_utime, si_stime; } _sigchld;
        struct {
            void *si_addr;
            short si_addr_lsb;
            union { struct { void *_lower, *_upper; } _addr_bnd; uint32_t _pkey; } _bounds;
        } _sigfault;
        struct { long si_band; int si_fd; } _sigpoll;
        struct { void *_call_addr; int _syscall; unsigned int _arch; } _sigsys;
    } _sifields;
} siginfo_t;
struct sigaction {
    union { void (*sa_handler)(int); void (*sa_sigaction)(int, siginfo_t *, void *); } __sigaction_handler;
    sigset_t sa_mask;
    int sa_flags;
    void (*sa_restorer)(void);
};
typedef struct { void *ss_sp; int ss_flags; size_t ss_size; } stack_t;
typedef union pthread_attr_t { char __size[sizeof(long) == 8 ? PTHREAD_ATTR_SIZE_64 : 36]; long __align; } pthread_attr_t;
struct sigevent {
    sigval_t sigev_value;
    int sigev_signo, sigev_notify;
    union {
        int _pad[64 / sizeof(int) - (sizeof(long) == 8 ? 4 : 3)];
        pid_t _tid;
        struct { void (*_function)(sigval_t); pthread_attr_t *_attribute; } _sigev_thread;
    } _sigev_un;
};
typedef struct sigevent sigevent_t;
struct sched_param { int sched_priority; };
typedef struct { unsigned long __bits[1024 / (8 * sizeof(long))]; } cpu_set_t;

typedef union { char __size[PTHREAD_FLAGS_SIZE]; int __align; } pthread_mutexattr_t;
typedef union { char __size[PTHREAD_FLAGS_SIZE]; int __align; } pthread_condattr_t;
typedef union { char __size[8]; long __align; } pthread_rwlockattr_t;
typedef union { char __size[PTHREAD_FLAGS_SIZE]; int __align; } pthread_barrierattr_t;
typedef union { char __size[48]; long long __align; } pthread_cond_t;
typedef union { char __size[PTHREAD_MUTEX_SIZE]; long __align; } pthread_mutex_t;
typedef union { char __size[PTHREAD_RWLOCK_SIZE]; long __align; } pthread_rwlock_t;
typedef union { char __size[sizeof(long) == 8 ? 32 : 20]; long __align; } pthread_barrier_t;
typedef union { char __size[sizeof(long) == 8 ? 32 : 16]; long __align; } sem_t;

typedef struct {
    size_t gl_pathc;
    char **gl_pathv;
    size_t gl_offs;
    int gl_flags;
    void (*gl_closedir)(void *);
    struct dirent *(*gl_readdir)(void *);
    void *(*gl_opendir)(const char *);
    int (*gl_lstat)(const char *, struct stat *);
    int (*gl_stat)(const char *, struct stat *);
} glob_t;
typedef struct { size_t we_wordc; char **we_wordv; size_t we_offs; } wordexp_t;
typedef struct re_pattern_buffer {
    void *buffer;
    size_t allocated, used;
    unsigned long syntax;
    char *fastmap;
    unsigned char *translate;
    size_t re_nsub;
    unsigned can_be_null : 1, regs_allocated : 2, fastmap_accurate : 1, no_sub : 1, not_bol : 1, not_eol : 1,
        newline_anchor : 1;
} regex_t;
typedef int regoff_t;
typedef struct { regoff_t rm_so; regoff_t rm_eo; } regmatch_t;
struct option { const char *name; int has_arg; int *flag; int val; };
struct flock { short l_type, l_whence; off_t l_start, l_len; pid_t l_pid; };
struct flock64 { short l_type, l_whence; off64_t l_start, l_len; pid_t l_pid; };
typedef struct { const char *dli_fname; void *dli_fbase; const char *dli_sname; void *dli_saddr; } Dl_info;
struct dl_phdr_info {
    unsigned long dlpi_addr;
    const char *dlpi_name;
    const void *dlpi_phdr;
    uint16_t dlpi_phnum;
    unsigned long long dlpi_adds, dlpi_subs;
    size_t dlpi_tls_modid;
    void *dlpi_tls_data;
};
struct mallinfo {
    int arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
struct mallinfo2 {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
struct random_data {
    int32_t *fptr, *rptr, *state;
    int rand_type, rand_deg, rand_sep;
    int32_t *end_ptr;
};
struct drand48_data {
    unsigned short __x[3], __old_x[3], __c, __init;
    unsigned long long __a;
};
typedef enum { FIND, ENTER } ACTION;
typedef enum { preorder, postorder, endorder, leaf } VISIT;
typedef struct entry { char *key; void *data; } ENTRY;
struct hsearch_data { struct _ENTRY *table; unsigned int size, filled; };
struct mntent { char *mnt_fsname, *mnt_dir, *mnt_type, *mnt_opts; int mnt_freq, mnt_passno; };

struct inotify_event { int wd; uint32_t mask, cookie, len; char name[]; };
struct signalfd_siginfo {
    uint32_t ssi_signo;
    int32_t ssi_errno, ssi_code;
    uint32_t ssi_pid, ssi_uid;
    int32_t ssi_fd;
    uint32_t ssi_tid, ssi_band, ssi_overrun, ssi_trapno;
    int32_t ssi_status, ssi_int;
    uint64_t ssi_ptr, ssi_utime, ssi_stime, ssi_addr;
    uint16_t ssi_addr_lsb;
    uint16_t __pad2;
    int32_t ssi_syscall;
    uint64_t ssi_call_addr;
    uint32_t ssi_arch;
    uint8_t __pad[28];
};
struct statx_timestamp { int64_t tv_sec; uint32_t tv_nsec; int32_t __reserved; };
struct statx {
    uint32_t stx_mask, stx_blksize;
    uint64_t stx_attributes;
    uint32_t stx_nlink, stx_uid, stx_gid;
    uint16_t stx_mode, __spare0[1];
    uint64_t stx_ino, stx_size, stx_blocks, stx_attributes_mask;
    struct statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
    uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
    uint64_t stx_mnt_id;
    uint32_t stx_dio_mem_align, stx_dio_offset_align;
    uint64_t __spare3[12];
};
