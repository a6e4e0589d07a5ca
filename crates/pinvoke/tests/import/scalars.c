// One function for each scalar family, by value and behind a pointer.
#include <complex.h>
#include <stdint.h>
#include <stdio.h>

typedef struct { uint32_t a; uint16_t b, c; uint8_t d[8]; } GUID;
typedef struct { uint16_t reserved; uint8_t scale, sign; uint32_t hi; uint64_t lo; } DECIMAL;

int guid_is_iunknown(const GUID *g) { return g->a == 0 && g->b == 0 && g->c == 0 && g->d[0] == 0xc0 && g->d[7] == 0x46; }
GUID guid_next(GUID g) { g.a++; g.d[7] += 2; return g; }
DECIMAL decimal_negate(DECIMAL d) { d.sign ^= 0x80; return d; }
void decimal_of(DECIMAL *d, uint32_t hi, uint64_t lo, int scale) { d->hi = hi; d->lo = lo; d->scale = scale; d->sign = 0; }
int64_t cy_double(int64_t cy) { return 2 * cy; }
double date_tomorrow(double date) { return date + 1; }
long long_negate(long n, unsigned long m) { return -n - (long)(m > 4000000000ul); }
double complex complex_multiply(double complex a, double complex b) { return a * b; }
float complex complex_swap(float before, float complex z) { return cimagf(z) + before + crealf(z) * I; }
void complex_conjugate(double complex *z) { *z = conj(*z); }
long double long_double_sum(int a, long double x, float b, long double y, int c, int d, int e, int f, int g, int h, long double z) {
    return a + x + b + y + c + d + e + f + g + h + z;
}
int long_double_is_tenth(long double x) { return x == 0.1L; }
void long_double_halve(long double *x) { *x /= 2; }
long double long_double_call(long double (*call)(int, long double), long double x) { return call(3, x) + x; }
typedef struct { char before; long double x; } LD;
int long_double_member(const LD *s) { return s->before == 'x' && s->x == -0.1L; }
int non_zero(int n) { return n - 1; }
short variant_not(short b) { return b == -1 ? 0 : b == 0 ? 1 : 99; }
int bool_bytes(unsigned char b) { return b; }
unsigned char byte_of(int n) { return (unsigned char)n; }
char next_char(char c) { return c + 1; }
uint16_t next_wide(uint16_t c) { return c + 1; }
uint32_t next_wider(uint32_t c) { return c + 1; }
void flags_out(int *flag32, short *variant, unsigned char *flag) { *flag32 = 256; *variant = 2; *flag = 2; }
int flags_count(const int *flags, int n) { int c = 0; for (int i = 0; i < n; i++) c += flags[i] == 1; return c; }
