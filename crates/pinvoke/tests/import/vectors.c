// Vectors of the processor: by value, in structures, behind pointers, in both directions.
#ifdef __i386__
#pragma GCC target("sse2")
#endif

typedef float f4 __attribute__((vector_size(16)));
typedef int i4 __attribute__((vector_size(16)));
typedef double d2 __attribute__((vector_size(16)));
struct pair { f4 first, second; };
struct quad { f4 rows[4]; };

f4 vector_reverse(f4 v) { return (f4){v[3], v[2], v[1], v[0]}; }
i4 vector_add(int before, i4 a, double d, i4 b) { return a + b + before + (int)d; }
d2 vector_sum(const d2 *v, int n) { d2 s = {0, 0}; for (int i = 0; i < n; i++) s += v[i]; return s; }
f4 vector_ninth(f4 a, f4 b, f4 c, f4 d, f4 e, f4 f, f4 g, f4 h, f4 i) { return a + b + c + d + e + f + g + h - i; }
struct pair vector_swapped(double before, struct pair p) { return (struct pair){p.second + (float)before, p.first}; }
struct quad vector_scaled(struct quad q, float by) { for (int i = 0; i < 4; i++) q.rows[i] *= by; return q; }
f4 vector_call(f4 (*f)(f4, int, i4), f4 v, i4 w) { return f(v + 1, 7, w * 2) * 2; }
struct pair vector_call_pair(struct pair (*f)(struct pair), struct pair p) { p = f(p); p.first += 1; return p; }

#ifndef __i386__
typedef float f2 __attribute__((vector_size(8)));
typedef signed char c8 __attribute__((vector_size(8)));
struct halves { f2 rows[3]; };
f2 vector_half(f2 a, double b, c8 c) { return (f2){a[1] + (float)b, a[0] + c[7]}; }
struct halves vector_halves(struct halves h, f2 by) { for (int i = 0; i < 3; i++) h.rows[i] *= by; return h; }
#endif
