/* 64-bit Unix: long and pointers have 8 bytes. */
typedef unsigned long size_t;
typedef long ssize_t;
typedef long ptrdiff_t;
typedef long intptr_t;
typedef unsigned long uintptr_t;
/* As compilers name it without an include. */
typedef unsigned __int128 __uint128_t;
