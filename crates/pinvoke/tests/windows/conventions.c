/* One function per convention and kind; each weighs its arguments, so that none can take another's place. */
typedef struct { int a, b; } pair;
typedef struct { int a, b, c; } triple;
#define EXPORT __declspec(dllexport)
#define CONVENTION(conv) \
    EXPORT int __attribute__((conv)) ints_##conv(int a, int b, int c, int d) { return a + 10 * b + 100 * c + 1000 * d; } \
    EXPORT long long __attribute__((conv)) wide_##conv(int a, int b, long long c) { return c * 10 + a + b; } \
    EXPORT float __attribute__((conv)) float_##conv(int a, float b, int c) { return b * 2 + a + c; } \
    EXPORT double __attribute__((conv)) double_##conv(double a, int b) { return a / b; } \
    EXPORT pair __attribute__((conv)) pair_##conv(int a, int b) { pair p = { a, b }; return p; } \
    EXPORT triple __attribute__((conv)) triple_##conv(int a, int b, triple c) { c.a += a, c.b += b; return c; } \
    EXPORT int __attribute__((conv)) back_##conv(int (__attribute__((conv)) *f)(int, int, short), int n) { \
        int sum = 0; for (int i = 0; i < n; i++) sum += f(i, 2 * i, -i); return sum; } \
    EXPORT double __attribute__((conv)) back_double_##conv(double (__attribute__((conv)) *f)(int, double), int n) { \
        double sum = 0; for (int i = 0; i < n; i++) sum += f(i, 0.5); return sum; } \
    EXPORT int __attribute__((conv)) back_triple_##conv(triple (__attribute__((conv)) *f)(int, int, int), int n) { \
        triple t = f(n, n + 1, n + 2); return t.a + 10 * t.b + 100 * t.c; }
CONVENTION(cdecl)
CONVENTION(stdcall)
CONVENTION(fastcall)
CONVENTION(thiscall)
