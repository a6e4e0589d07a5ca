/* Linux on 64-bit RISC-V. */
typedef void *__builtin_va_list;
typedef __builtin_va_list va_list;
typedef int wchar_t;
typedef unsigned int nlink_t;
typedef int blksize_t;
enum { PTHREAD_ATTR_SIZE_64 = 56, PTHREAD_FLAGS_SIZE = 4, PTHREAD_MUTEX_SIZE = 40, PTHREAD_RWLOCK_SIZE = 56 };
typedef struct { long __pc; long __regs[12]; long __sp; double __fpregs[12]; } __jmp_buf[1];
