/* The vector of MMX, which 32-bit compilers align as the instruction set allows. */
typedef int __m64 __attribute__((vector_size(8), may_alias));
