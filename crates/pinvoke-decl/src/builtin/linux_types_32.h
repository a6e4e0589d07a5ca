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
typedef long double double_t;
typedef long double float_t;
typedef struct {
    long long __max_align_ll __attribute__((aligned(8)));
    long double __max_align_ld;
    _Float128 __max_align_f128;
} max_align_t;
