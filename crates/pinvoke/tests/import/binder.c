// One function for each way that arguments and results travel. Every argument weighs differently, so that none
// can take another's place.

struct pair { double a, b; };
struct mixed { long long n; double x; };
struct block { long long a, b, c; };

void nothing(int *seen) { ++*seen; }
long long twelve(long long a, long long b, long long c, long long d, long long e, long long f, long long g,
                 long long h, long long i, long long j, long long k, long long l) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k + 12 * l;
}
double mix(int a, double b, signed char c, float d, unsigned short e, double f, const int *g, _Bool h) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * *g + (h ? 8 : 0);
}
struct pair swap(struct pair p) { return (struct pair){p.b, p.a}; }
struct mixed raise(struct mixed m) { return (struct mixed){m.n + 1, m.x * 2}; }
struct block turn(int by, struct block b) {
    return by ? (struct block){b.b, b.c, b.a} : b;
}
float narrow(float x, unsigned char n) { return x / n; }
int later(int n) { return n + 1; }
int apply(int (*f)(int), int n) { return f(n); }
long long total(const int *n, unsigned long count) {
    long long sum = 0;
    for (unsigned long i = 0; i < count; i++) sum += n[i];
    return sum;
}
