// Every scalar family as the argument and the result of a callback: without user data, and with.
#include <complex.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct { uint32_t a; uint16_t b, c; uint8_t d[8]; } GUID;
typedef struct { uint16_t reserved; uint8_t scale, sign; uint32_t hi; uint64_t lo; } DECIMAL;
typedef struct { long double x; } LONG_DOUBLE;

#define THROUGH(NAME, TYPE) \
    TYPE through_##NAME(TYPE (*f)(TYPE), TYPE x) { return f(x); } \
    TYPE first_##NAME(TYPE (*f)(void *, TYPE), void *data, TYPE x) { return f(data, x); } \
    TYPE last_##NAME(TYPE (*f)(TYPE, void *), void *data, TYPE x) { return f(x, data); } \
    TYPE behind_##NAME(TYPE (*f)(TYPE *), TYPE x) { TYPE y = f(&x); return y; }

THROUGH(i8, int8_t)
THROUGH(u16, uint16_t)
THROUGH(i64, int64_t)
THROUGH(f32, float)
THROUGH(f64, double)
THROUGH(long, long)
THROUGH(bool, bool)
THROUGH(bool32, int32_t)
THROUGH(variant, int16_t)
THROUGH(char, char)
THROUGH(char16, uint16_t)
THROUGH(char32, uint32_t)
THROUGH(guid, GUID)
THROUGH(decimal, DECIMAL)
THROUGH(currency, int64_t)
THROUGH(date, double)
THROUGH(complex, double complex)
THROUGH(complex32, float complex)
THROUGH(long_double, long double)
THROUGH(long_double_alone, LONG_DOUBLE)
#ifdef __SIZEOF_INT128__
THROUGH(i128, __int128)
#endif
#ifdef __SSE2__
#include <emmintrin.h>
THROUGH(vector, __m128)
#endif

long double long_double_squared(LONG_DOUBLE s) { return s.x * s.x; }
LONG_DOUBLE long_double_alone(long double x) { LONG_DOUBLE s = {x}; return s; }
