/* Linux on 64-bit Arm. */
typedef struct __va_list {
    void *__stack, *__gr_top, *__vr_top;
    int __gr_offs, __vr_offs;
} __builtin_va_list;
typedef __builtin_va_list va_list;
typedef unsigned int wchar_t;
typedef unsigned int nlink_t;
typedef int blksize_t;
enum { PTHREAD_ATTR_SIZE_64 = 64, PTHREAD_FLAGS_SIZE = 8, PTHREAD_MUTEX_SIZE = 48, PTHREAD_RWLOCK_SIZE = 56 };
typedef unsigned long long __jmp_buf[22];
