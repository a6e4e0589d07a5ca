/* The functions that the benchmarks call. They do next to nothing, so that the call is what is measured. */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void noop(void) {}
int add2(int a, int b) { return a + b; }

double mix8(int a, double b, long c, float d, short e, double f, void *g, unsigned char h)
{
    return a + b + (double)c + d + e + f + (double)(size_t)g + h;
}

long sum12(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j, long k, long l)
{
    return a + b + c + d + e + f + g + h + i + j + k + l;
}

struct point { double x, y; };
struct point mirror(struct point p) { double x = p.x; p.x = p.y; p.y = x; return p; }

struct block { long a, b, c; };
struct block turn(struct block b) { return (struct block){b.c, b.a, b.b}; }

/* The same size, but one element for each byte: what an engine does per element shows. */
struct bytes { unsigned char b[24]; };
struct bytes same(struct bytes b) { b.b[0]++; return b; }

int fails(int code) { errno = code; return -1; }

size_t length(const char *s)
{
    return strlen(s);
}

size_t length16(const unsigned short *s)
{
    const unsigned short *end = s;
    while (*end) end++;
    return (size_t)(end - s);
}

const char *same_text(const char *s) { return s; }

/* Calls back n times. */
long repeat(int (*f)(int, int), long n)
{
    long sum = 0;
    for (long i = 0; i < n; i++) sum += f((int)i, 1);
    return sum;
}

long repeat_with(int (*f)(int, int, void *), void *data, long n)
{
    long sum = 0;
    for (long i = 0; i < n; i++) sum += f((int)i, 1, data);
    return sum;
}

static long long total;
static int add_size(const char *path, const struct stat *sb, int flag)
{
    (void)path;
    if (flag == FTW_F) total += sb->st_size;
    return 0;
}

/* What a C program would do: the sum of all file sizes. */
long long ftw_total(const char *dir)
{
    total = 0;
    return ftw(dir, add_size, 16) == 0 ? total : -1;
}

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

void sort_ints(int *v, size_t n) { qsort(v, n, sizeof *v, compare); }
