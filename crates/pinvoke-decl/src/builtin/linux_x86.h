/* Linux on 32-bit x86. */
typedef char *__builtin_va_list;
typedef __builtin_va_list va_list;
typedef long wchar_t;
typedef unsigned int nlink_t;
typedef long blksize_t;
enum { PTHREAD_ATTR_SIZE_64 = 36, PTHREAD_FLAGS_SIZE = 4, PTHREAD_MUTEX_SIZE = 24, PTHREAD_RWLOCK_SIZE = 32 };
