#include <complex.h>
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>
#include <wchar.h>
#include <wctype.h>

#ifdef _WIN32
/* No windows.h, whose names the declarations below have too. */
typedef unsigned long DWORD;
__declspec(dllimport) void __stdcall SetLastError(DWORD code);
__declspec(dllimport) DWORD __stdcall GetLastError(void);
#endif
#include "native.h"

#define ECHO(name, type) type echo_##name(type v) { return v; }
ECHO(bool, _Bool)
ECHO(char, char)
ECHO(schar, signed char)
ECHO(uchar, unsigned char)
ECHO(short, short)
ECHO(ushort, unsigned short)
ECHO(int, int)
ECHO(uint, unsigned)
ECHO(long, long)
ECHO(ulong, unsigned long)
ECHO(llong, long long)
ECHO(ullong, unsigned long long)
#ifdef __SIZEOF_INT128__
#include "wide.h"
ECHO(int128, __int128)
ECHO(uint128, unsigned __int128)
#endif
ECHO(wchar, wchar_t)
ECHO(float, float)
ECHO(double, double)
ECHO(long_double, long double)
ECHO(complex_float, float _Complex)
ECHO(complex, double _Complex)
ECHO(complex_long, long double _Complex)
ECHO(color, enum color)
ECHO(flags, enum flags)
ECHO(pointer, void *)
ECHO(handle, engine *)
ECHO(mixed, struct mixed)
ECHO(big, struct big)
ECHO(bits, struct bits)
ECHO(anonymous, struct anonymous)
ECHO(union, union number)
ECHO(packed, struct packed)
ECHO(operation, operation)

long double one_third(void) { return 1.0L / 3.0L; }
long double long_double_max(void) { return LDBL_MAX; }
long double long_double_min_subnormal(void) { return LDBL_TRUE_MIN; }
int is_one_third(long double v) { return v == 1.0L / 3.0L; }
int all_ones(void) { return -1; }
double half_the_size(size_t n) { return (double)n / 2; }

size_t text_length(const char *text) { return strlen(text); }
unsigned text_byte(const char *text, size_t index) { return (unsigned char)text[index]; }
void upper_in_place(char *text) { for (; *text; text++) *text = (char)toupper((unsigned char)*text); }
const char *static_text(void) { return "stays"; }
const char *latin1_text(void) { return "gr\xfc\xdf"; }
const char *null_text(void) { return NULL; }
static int live;
char *made_text(const char *text) { live++; return strdup(text); }
void release_text(void *text) { live--; free(text); }
int live_texts(void) { return live; }
void made_text_out(char **out) { *out = made_text("made"); }
size_t wide_length(const wchar_t *text) { return wcslen(text); }
size_t wide16_length(const char16_t *text) { size_t n = 0; while (text[n]) n++; return n; }
size_t wide32_length(const char32_t *text) { size_t n = 0; while (text[n]) n++; return n; }
unsigned wide16_unit(const char16_t *text, size_t index) { return text[index]; }
const wchar_t *static_wide(void) { return L"wide \u00e4 \U0001F600"; }
const char16_t *static_wide16(void) { return u"wide \u00e4 \U0001F600"; }
const char16_t *lone_surrogate(void) { static const char16_t text[] = {'a', 0xd800, 'b', 0}; return text; }
const char32_t *static_wide32(void) { return U"wide \u00e4 \U0001F600"; }
void wide_upper(wchar_t *text) { for (; *text; text++) *text = (wchar_t)towupper((wint_t)*text); }
size_t fill_text(char *buf, size_t size) { return (size_t)snprintf(buf, size, "filled"); }
size_t fill_wide(wchar_t *buf, size_t units) { wcsncpy(buf, L"f\u00fcll", units); return wcslen(buf); }
int count_texts(char **texts) { int n = 0; while (texts[n]) n++; return n; }
int total_length(const char *const *texts, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += (int)strlen(texts[i]);
    return sum;
}
void replace_texts(const char **texts, int n) { for (int i = 0; i < n; i += 2) texts[i] = "replaced"; }
int is_null(const char *text) { return text == NULL; }

int sum_and_add(int *values, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) { sum += values[i]; values[i] += 100; }
    return sum;
}
long sum_matrix(int m[2][3]) {
    long sum = 0;
    for (int i = 0; i < 2; i++) for (int j = 0; j < 3; j++) { sum = sum * 10 + m[i][j]; m[i][j] *= 2; }
    return sum;
}
double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}
void negate(_Bool *values, size_t n) { for (size_t i = 0; i < n; i++) values[i] = !values[i]; }
void reverse_bytes(unsigned char *bytes, size_t n) {
    for (size_t i = 0; i < n / 2; i++) { unsigned char b = bytes[i]; bytes[i] = bytes[n - 1 - i]; bytes[n - 1 - i] = b; }
}
static int by_value(const void *a, const void *b) { return *(const short *)a - *(const short *)b; }
void sort_shorts(short values[4]) { qsort(values, 4, sizeof *values, by_value); }
int sum_pointers(int **values, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) if (values[i]) sum += (*values[i])++;
    return sum;
}
void scale(float _Complex *values, int n, float by) { for (int i = 0; i < n; i++) values[i] *= by; }
void double_long(long double *values, int n) { for (int i = 0; i < n; i++) values[i] *= 2; }
void no_change(int *values) { values[0] = values[0]; }
void write_past(char *buf, size_t n) { memset(buf, 'x', n); }
void times_table(int n, int out[3][3]) { for (int i = 0; i < 3; i++) for (int j = 0; j < 3; j++) out[i][j] = n * i * j; }
void next_colors(enum color *colors, int n) { for (int i = 0; i < n; i++) colors[i] = colors[i] == RED ? GREEN : BLUE; }

struct point mirror(struct point p) { return (struct point){p.y, p.x}; }
long long sum_big(const struct big *v) { return v->a + v->b + v->c + (long)v->p.x + (long)v->p.y; }
unsigned bits_a(struct bits v) { return v.a; }
int bits_b(struct bits v) { return v.b; }
double union_double(union number v) { return v.d; }
double sum_packed(struct packed v) { return v.c + v.i + v.d; }
void rotate_named(struct named *v) {
    v->name[0] = (char)toupper((unsigned char)v->name[0]);
    v->wide[0] = L'\u00c4';
    unsigned char first = v->raw[0];
    memmove(v->raw, v->raw + 1, 3);
    v->raw[3] = first;
    for (int i = 0; i < 3; i++) v->numbers[i] = -v->numbers[i];
    struct point p = v->corners[0];
    v->corners[0] = v->corners[1];
    v->corners[1] = p;
}
struct named make_named(void) {
    return (struct named){"made", L"w\u00fc", {0, 255, 1, 2}, {1, 2, 3}, {{1, 2}, {3, 4}}};
}
int birthday(struct person *p) { return ++p->age; }
int rename_inner(struct person2 *p) {
    static char renamed[32];
    snprintf(renamed, sizeof renamed, "Mc%s", p->person->name);
    p->person->name = renamed;
    p->person->age = 30;
    return (int)strlen(p->nick);
}
int grow_older(struct person2 p, int by) { p.person->age += by; return p.person->age; }
int person_name_length(struct person p) { return (int)strlen(p.name) + p.age; }
int total_age(const struct person *people, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += people[i].age + (int)strlen(people[i].name);
    return sum;
}
void swap_points(struct point *points) { struct point p = points[0]; points[0] = points[1]; points[1] = p; }
int sum_list(const struct node *head) { int sum = 0; for (; head; head = head->next) sum = sum * 10 + head->value; return sum; }
void increment_list(struct node *head) { for (; head; head = head->next) head->value++; }
void tie_knot(struct node *head) { struct node *last = head; while (last->next) last = last->next; last->next = head; }
int use_vtable(const struct vtable *v, int a, int b) { return v->add(a, b) + (int)v->half(b); }
static int plus(int a, int b) { return a + b; }
static int times(int a, int b) { return a * b; }
static double halve(double v) { return v / 2; }
struct vtable default_vtable(void) { return (struct vtable){plus, halve, NULL}; }
int sum_flexible(const struct flexible *v) { int sum = 0; for (int i = 0; i < v->n; i++) sum += v->items[i]; return sum; }
size_t fill_buffers(const struct buffer *buffers, int n) {
    size_t sum = 0;
    for (int i = 0; i < n; i++) { memset(buffers[i].start, 'a' + i, buffers[i].len); sum += buffers[i].len; }
    return sum;
}
struct point *made_points(int n) {
    live++;
    struct point *points = calloc((size_t)n, sizeof *points);
    for (int i = 0; i < n; i++) points[i].x = i + 1;
    return points;
}
int with_empty(int a, struct empty e, int b) { (void)e; return a * 10 + b; }

int out_numbers(int *i, double *d, unsigned char *c) {
    if (*i || *d || *c) return -1; /* out memory is zeroed */
    *i = 42; *d = 2.5; *c = 7;
    return 0;
}
int out_point(struct point *p) { if (p->x || p->y) return -1; *p = (struct point){1, 2}; return 0; }
int out_pointer(const int **p) { *p = &version; return 0; }
void out_person(struct person *p) { p->name = "static"; p->age = 9; }
int in_out(int *n) { int before = *n; *n *= 2; return before; }

int call_int(int (*fn)(int, int), int a, int b) { return fn(a, b); }
double call_mixed(double (*fn)(char, short, float, double, long long, _Bool, long double)) {
    return fn('q', -2, 1.5f, 2.25, 1LL << 40, 1, 0.5L);
}
struct point call_point(struct point (*fn)(struct point), struct point p) { return fn(p); }
long long call_big(long long (*fn)(struct big), struct big v) { return fn(v); }
size_t call_text(const char *(*fn)(const char *), const char *text) {
    const char *answer = fn(text);
    return answer ? strlen(answer) : 999;
}
int call_many(int (*fn)(int), int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += fn(i);
    return sum;
}
int call_with_data(int (*fn)(void *, int), void *data, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += fn(data, i);
    return sum;
}
static int inner(int i) { return i * 3; }
int call_nested(int (*outer)(int (*)(int), int), int i) { return outer(inner, i); }
void call_fill(size_t (*fn)(char *, size_t, void *), char *out, size_t n) {
    char buf[64] = {0};
    size_t len = fn(buf, sizeof buf, NULL);
    snprintf(out, n, "%zu:%s", len, buf);
}
void call_person(void (*fn)(struct person *)) { struct person p = {"Ada", 36}; fn(&p); }
void call_rename(void (*fn)(struct node *), struct node *n) { fn(n); }
struct job { int (*fn)(int); int i; };
static void *run_job(void *p) { struct job *job = p; job->i = job->fn(job->i); return NULL; }
int call_on_thread(int (*fn)(int), int i) {
    struct job job = {fn, i};
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_job, &job)) return -99;
    pthread_join(thread, NULL);
    return job.i;
}
operation choose(char which) { return which == '+' ? plus : which == '*' ? times : NULL; }
int call_chosen(operation (*chooser)(char), int a, int b) { return chooser('-')(a, b); }
static int (*remembered)(int);
void remember(int (*fn)(int)) { remembered = fn; }
int recall(int i) { return remembered(i); }
#ifdef _WIN32
int set_errno(int (*fn)(void), int value) { SetLastError((DWORD)value); fn(); return (int)GetLastError(); }
#else
int set_errno(int (*fn)(void), int value) { errno = value; fn(); return errno; }
#endif
enum color call_color(enum color (*fn)(enum color, union number), enum color c) {
    union number n = {.d = 1.5};
    return fn(c, n);
}
void call_list(void (*fn)(int, const int *, const char **)) {
    static const int items[] = {4, 5, 6};
    const char *names[] = {"a", "b", NULL};
    fn(3, items, names);
}

int counter = 7;
const int version = 31;
struct point origin = {0.5, -0.5};
const char *greeting = "hello";
char fixed[16] = "fixed";
operation current = plus;
enum color paint = GREEN;

long long sum_longs(int n, ...) {
    va_list args;
    va_start(args, n);
    long long sum = 0;
    while (n--) sum += va_arg(args, long long);
    va_end(args);
    return sum;
}
double sum_doubles(int n, ...) {
    va_list args;
    va_start(args, n);
    double sum = 0;
    while (n--) sum += va_arg(args, double);
    va_end(args);
    return sum;
}
double sum_points(int n, ...) {
    va_list args;
    va_start(args, n);
    double sum = 0;
    while (n--) { struct point p = va_arg(args, struct point); sum += p.x * p.y; }
    va_end(args);
    return sum;
}
int describe(char *out, const char *kinds, ...) {
    va_list args;
    va_start(args, kinds);
    char *start = out;
    for (; *kinds; kinds++) switch (*kinds) {
        case 'i': out += sprintf(out, "i%d;", va_arg(args, int)); break;
        case 'u': out += sprintf(out, "u%u;", va_arg(args, unsigned)); break;
        case 'l': out += sprintf(out, "l%lld;", va_arg(args, long long)); break;
        case 'd': out += sprintf(out, "d%g;", va_arg(args, double)); break;
        case 'L': out += sprintf(out, "L%Lg;", va_arg(args, long double)); break;
        case 's': out += sprintf(out, "s%s;", va_arg(args, const char *)); break;
        case 'p': out += sprintf(out, "p%s;", va_arg(args, void *) ? "set" : "null"); break;
        case 'f': out += sprintf(out, "f%d;", va_arg(args, operation)(20, 3)); break;
        case 'a': { int *a = va_arg(args, int *); out += sprintf(out, "a%d,%d;", a[0], a[1]); a[0] = 99; break; }
    }
    va_end(args);
    return (int)(out - start);
}

int TestArrayOfInts(int *array, int size) { return sum_and_add(array, size); }
int TestRefArrayOfInts(int **array, int *size) {
    int sum = 0;
    for (int i = 0; i < *size; i++) sum += (*array)[i];
    free(*array);
    *size = 5;
    *array = malloc(5 * sizeof(int));
    for (int i = 0; i < 5; i++) (*array)[i] = i;
    return sum;
}
int TestMatrixOfInts(int matrix[][5], int rows) {
    int sum = 0;
    for (int i = 0; i < rows; i++) for (int j = 0; j < 5; j++) { sum += matrix[i][j]; matrix[i][j] += 100; }
    return sum;
}
int TestArrayOfStrings(const char **strings, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) { sum += (int)strlen(strings[i]); strings[i] = "123456789"; }
    return sum;
}
int TestArrayOfStructs(MYPOINT *points, int size) {
    int sum = 0;
    for (int i = 0; i < size; i++) { sum += points[i].x + points[i].y; points[i].y = 0; }
    return sum;
}
int TestStructInStruct(MYPERSON2 *person2) {
    static char last[32];
    snprintf(last, sizeof last, "Mc%s", person2->person->last);
    person2->person->last = last;
    return person2->age;
}
void TestStructInStruct3(MYPERSON3 p, char *out) { sprintf(out, "%s %s %d", p.person.first, p.person.last, p.age); }
void TestUnion(MYUNION u, int type, char *out) {
    if (type == 1) sprintf(out, "%d", u.i); else if (type == 2) sprintf(out, "%g", u.d);
}
void TestUnion2(MYUNION2 u, int type, char *out) {
    if (type == 1) sprintf(out, "%d", u.i); else if (type == 2) sprintf(out, "%s", u.str);
}
void TestCallBack(_Bool (*fn)(int), int value, char *out) { sprintf(out, "%s", fn(value) ? "true" : "false"); }
void TestCallBack2(_Bool (*fn)(char *), char *value, char *out) { sprintf(out, "%s", fn(value) ? "true" : "false"); }
void TestStringInStruct(MYSTRSTRUCT *s) { wcscat(s->buffer, L"++"); }
const char *TestStringAsResult(void) { return "This is return value"; }
void TestArrayInStruct(MYARRAYSTRUCT *s) { s->flag = 1; for (int i = 0; i < 3; i++) s->vals[i] += 100; }
int SetData(int kind, void *object, char *out) {
    switch (kind) {
        case 1: return sprintf(out, "short %d", *(short *)object);
        case 2: return sprintf(out, "long %ld", *(long *)object);
        case 3: return sprintf(out, "double %g", *(double *)object);
        case 4: return sprintf(out, "text %s", (char *)object);
        default: return sprintf(out, "point %d %d", ((MYPOINT *)object)->x, ((MYPOINT *)object)->y);
    }
}
void TestOutArrayOfStructs(int *size, MYPOINT **out) {
    *size = 5;
    *out = malloc(5 * sizeof **out);
    for (int i = 0; i < 5; i++) (*out)[i] = (MYPOINT){i, i * i};
}

#if defined(__x86_64__) || defined(__aarch64__)
#include "vectors.h"
ECHO(float4, float4)
ECHO(uchar8, uchar8)
ECHO(ray, struct ray)
ECHO(box, struct box)
int4 weighted(int before, int4 a, double weight, int4 b) { return before + a + (int)weight * b; }
double2 total(const double2 *v, int count) {
    double2 sum = {0, 0};
    for (int i = 0; i < count; i++) sum += v[i];
    return sum;
}
void heighten(float4 *v, int count) { for (int i = 0; i < count; i++) v[i] += 1; }
float4 call_vectors(float4 (*each)(float4 v, int n, uchar8 w), float4 v) {
    return each(v + 1, 7, (uchar8){1, 2, 3, 4, 5, 6, 7, 255}) * 2;
}
struct box call_box(struct box (*each)(struct box b), struct box b) { b = each(b); b.corners[0] += 1; return b; }
int sum_variable(int count, ...) {
    va_list list;
    int4 sum = {0, 0, 0, 0};
    va_start(list, count);
    while (count--) sum += va_arg(list, int4);
    va_end(list);
    return sum[0] + sum[1] + sum[2] + sum[3];
}
float4 unit_vector = {1, 0, 0, 0};
#endif
