/* Type names of glibc whose width follows the 64-bit data model. */
typedef long int64_t;
typedef unsigned long uint64_t;
typedef long int_fast16_t;
typedef unsigned long uint_fast16_t;
typedef long int_fast32_t;
typedef unsigned long uint_fast32_t;
typedef long intmax_t;
typedef unsigned long uintmax_t;
typedef unsigned long ino_t;
typedef unsigned long rlim_t;
typedef unsigned long fsblkcnt_t;
typedef unsigned long fsfilcnt_t;
typedef long off_t;
typedef long blkcnt_t;
typedef double double_t;
typedef float float_t;
typedef struct { long long __max_align_ll; long double __max_align_ld; } max_align_t;
