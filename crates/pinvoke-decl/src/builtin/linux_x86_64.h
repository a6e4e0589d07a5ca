/* Linux on x86-64. */
typedef struct __va_list_tag {
    unsigned int gp_offset, fp_offset;
    void *overflow_arg_area, *reg_save_area;
} __builtin_va_list[1];
typedef __builtin_va_list va_list;
typedef int wchar_t;
typedef unsigned long nlink_t;
typedef long blksize_t;
enum { PTHREAD_ATTR_SIZE_64 = 56, PTHREAD_FLAGS_SIZE = 4, PTHREAD_MUTEX_SIZE = 40, PTHREAD_RWLOCK_SIZE = 56 };
