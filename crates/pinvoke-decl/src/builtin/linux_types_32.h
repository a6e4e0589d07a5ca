/* Type names of glibc whose width follows the 32-bit data model, without _FILE_OFFSET_BITS=64. */
typedef long long int64_t;
typedef unsigned long long uint64_t;
typedef int int_fast16_t;
typedef unsigned int uint_fast16_t;
typedef int int_fast32_t;
typedef unsigned int uint_fast32_t;
typedef long long intmax_t;
typedef unsigned long long uintmax_t;
typedef unsigned long ino_t;
typedef unsigned long rlim_t;
typedef unsigned long fsblkcnt_t;
typedef unsigned long fsfilcnt_t;
typedef long off_t;
typedef long blkcnt_t;
