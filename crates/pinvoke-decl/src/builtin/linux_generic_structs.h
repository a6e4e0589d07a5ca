/* Linux on 64-bit architectures with the generic system call table: 64-bit Arm, RISC-V. */
struct stat {
    dev_t st_dev;
    ino_t st_ino;
    mode_t st_mode;
    nlink_t st_nlink;
    uid_t st_uid;
    gid_t st_gid;
    dev_t st_rdev;
    dev_t __pad1;
    off_t st_size;
    blksize_t st_blksize;
    int __pad2;
    blkcnt_t st_blocks;
    struct timespec st_atim, st_mtim, st_ctim;
    int __glibc_reserved[2];
};
struct stat64 {
    dev_t st_dev;
    ino64_t st_ino;
    mode_t st_mode;
    nlink_t st_nlink;
    uid_t st_uid;
    gid_t st_gid;
    dev_t st_rdev;
    dev_t __pad1;
    off64_t st_size;
    blksize_t st_blksize;
    int __pad2;
    blkcnt64_t st_blocks;
    struct timespec st_atim, st_mtim, st_ctim;
    int __glibc_reserved[2];
};
struct epoll_event { uint32_t events; epoll_data_t data; };
