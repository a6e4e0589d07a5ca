/* Linux on 32-bit x86, without _FILE_OFFSET_BITS=64. */
struct stat {
    dev_t st_dev;
    unsigned short __pad1;
    ino_t st_ino;
    mode_t st_mode;
    nlink_t st_nlink;
    uid_t st_uid;
    gid_t st_gid;
    dev_t st_rdev;
    unsigned short __pad2;
    off_t st_size;
    blksize_t st_blksize;
    blkcnt_t st_blocks;
    struct timespec st_atim, st_mtim, st_ctim;
    unsigned long __glibc_reserved4, __glibc_reserved5;
};
struct stat64 {
    dev_t st_dev;
    unsigned int __pad1;
    unsigned long __st_ino;
    mode_t st_mode;
    nlink_t st_nlink;
    uid_t st_uid;
    gid_t st_gid;
    dev_t st_rdev;
    unsigned int __pad2;
    off64_t st_size;
    blksize_t st_blksize;
    blkcnt64_t st_blocks;
    struct timespec st_atim, st_mtim, st_ctim;
    ino64_t st_ino;
};
struct epoll_event { uint32_t events; epoll_data_t data; } __attribute__((packed));
struct statvfs {
    unsigned long f_bsize, f_frsize;
    fsblkcnt_t f_blocks, f_bfree, f_bavail;
    fsfilcnt_t f_files, f_ffree, f_favail;
    unsigned long f_fsid;
    int __f_unused;
    unsigned long f_flag, f_namemax;
    int __f_spare[6];
};
typedef struct { int __val[2]; } fsid_t;
struct statfs {
    int f_type, f_bsize;
    fsblkcnt_t f_blocks, f_bfree, f_bavail;
    fsfilcnt_t f_files, f_ffree;
    fsid_t f_fsid;
    int f_namelen, f_frsize, f_flags, f_spare[4];
};
typedef int __jmp_buf[6];
struct __jmp_buf_tag { __jmp_buf __jmpbuf; int __mask_was_saved; sigset_t __saved_mask; };
typedef struct __jmp_buf_tag jmp_buf[1];
typedef struct __jmp_buf_tag sigjmp_buf[1];
