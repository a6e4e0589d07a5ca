/* What C libraries do with function pointers. */
#ifdef _WIN32
#include <windows.h>
#else
#include <errno.h>
#endif
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef int (*visit)(int);

int each(int n, visit f)
{
    for (int i = 0; i < n; i++) {
        int r = f(i);
        if (r) return r;
    }
    return 0;
}

/* Goes on whatever comes back; the sum of it. */
int all(int n, visit f)
{
    int sum = 0;
    for (int i = 0; i < n; i++) sum += f(i);
    return sum;
}

int maybe(visit f) { return f ? f(7) : -100; }

/* In the convention of the system, which is another one on 32-bit Windows */
#ifdef _WIN32
#define SYSTEM __stdcall
#else
#define SYSTEM
#endif
typedef int(SYSTEM *system_visit)(int);
int SYSTEM system_maybe(system_visit f) { return f ? f(7) : -100; }
int SYSTEM system_each(int n, system_visit f)
{
    for (int i = 0; i < n; i++) {
        int r = f(i);
        if (r) return r;
    }
    return 0;
}

int texts(const char **list, int n, int (*f)(const char *, int *))
{
    int last = 0, sum = 0;
    for (int i = 0; i < n; i++) sum += f(list[i], &last);
    return sum * 1000 + last;
}

int bad_text(int (*f)(const char *)) { return f("first") + 10 * f("\xff\xfe") + 100 * f("last"); }

int rows(int (*row)(void *, int, char **, char **), void *user, int columns)
{
    char *values[] = {"1", NULL, "three"}, *names[] = {"a", "b", "c"};
    int r = row(user, columns, values, names);
    return r ? r : row(user, 0, NULL, NULL);
}

int fill(void (*f)(int *, short), int *values, short n)
{
    int sum = 0;
    f(values, n);
    for (short i = 0; i < n; i++) sum += values[i];
    return sum;
}

int two(int (*a)(void *, int), void *of_a, int (*b)(int, void *), void *of_b)
{
    return 10 * a(of_a, 1) + b(2, of_b);
}

/* Wide text */
int texts16(int (*f)(const unsigned short *, const unsigned short *))
{
    static const unsigned short pair[] = {'a', 0xd83d, 0xde00, 0}, alone[] = {0xd83d, 0};
    return f(pair, NULL) + 10 * f(pair + 3, pair) + 100 * f(alone, NULL);
}
int texts32(int (*f)(const unsigned *, int))
{
    static const unsigned text[] = {0x1f600, 'b', 0};
    return f(text, 1) + f(text, 2);
}

/* Elements that are changed */
struct person { char *name; int is_member; };
int change(void (*f)(int, struct person *), int n)
{
    struct person people[2] = {{strdup("Ada"), 2}, {strdup("Grace"), 0}};
    f(n, people);
    int result = (int)strlen(people[0].name) * 1000 + (int)strlen(people[1].name) * 100
        + people[0].is_member * 10 + people[1].is_member;
    free(people[0].name);
    free(people[1].name);
    return result;
}
int change_none(int (*f)(int, struct person *), int n) { return f(n, NULL); }

/* The last error: errno, or that of Windows */
#ifdef _WIN32
#define SET_ERROR(code) SetLastError((DWORD)(code))
#define GET_ERROR() ((int)GetLastError())
#else
#define SET_ERROR(code) (errno = (code))
#define GET_ERROR() errno
#endif
int errno_before(int code, void (*f)(void)) { SET_ERROR(code); f(); return -1; }
int errno_after(int code, void (*f)(void)) { f(); SET_ERROR(code); return -1; }
int errno_seen(int (*f)(void)) { SET_ERROR(0); f(); return GET_ERROR(); }

int is_yes(int (*f)(int)) { return f(2); }
void *address_of(visit f) { return (void *)f; }

/* Registrations */
static visit kept;
visit keep(visit f) { visit old = kept; kept = f; return old; }
int invoke_kept(int n) { return kept ? kept(n) : -100; }
int error_after_kept(int code, int n) { SET_ERROR(code); kept(n); return GET_ERROR(); }
static int twice(int n) { return 2 * n; }
visit native_function(void) { return twice; }

static int (*kept_with)(void *, const char *);
static void *kept_data;
void keep_with(int (*f)(void *, const char *), void *data) { kept_with = f; kept_data = data; }
int invoke_with(const char *text) { return kept_with(kept_data, text); }

struct operations { visit start, stop; int level; };
int run(const struct operations *o) { return (o->start ? o->start(o->level) : 1) + (o->stop ? o->stop(o->level) : 1); }
struct operations defaults(int level) { return (struct operations){twice, NULL, level}; }
int chain(visit *functions, int n, int value)
{
    for (int i = 0; i < n; i++) if (functions[i]) value = functions[i](value);
    return value;
}
int sum_floats(double (*f)(const float *, int)) { float v[] = {1, 2, 4}; return (int)f(v, 3); }

/* Threads */
struct job { visit f; int n, result; };
static void *work(void *p) { struct job *j = p; j->result = j->f(j->n); return NULL; }

int on_threads(int n, visit f)
{
    pthread_t *threads = malloc(n * sizeof *threads);
    struct job *jobs = malloc(n * sizeof *jobs);
    int sum = 0;
    for (int i = 0; i < n; i++) {
        jobs[i] = (struct job){f, i, 0};
        if (pthread_create(&threads[i], NULL, work, &jobs[i])) abort();
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        sum += jobs[i].result;
    }
    free(threads);
    free(jobs);
    return sum;
}

static pthread_t background;
static struct job background_job;
void start(visit f, int n)
{
    background_job = (struct job){f, n, 0};
    if (pthread_create(&background, NULL, work, &background_job)) abort();
}
int finish(void) { pthread_join(background, NULL); return background_job.result; }

// Arguments through which a callback answers.
#include <string.h>
static struct person *made(const char *name, int member) {
    struct person *p = malloc(sizeof *p);
    p->name = strcpy(malloc(strlen(name) + 1), name);
    p->is_member = member;
    return p;
}
int change_one(int (*f)(struct person *)) {
    struct person *p = made("Ada", 2);
    int answer = f(p);
    int seen = answer * 1000 + (int)strlen(p->name) * 10 + p->is_member;
    free(p->name);
    free(p);
    return seen;
}
int change_nothing(int (*f)(struct person *)) { return f(0); }
int ask(void (*f)(int *stop, int *color, double *number, char **text), int color) {
    int stop = 256;
    double number;
    char *text = (char *)1;
    memset(&number, 0xff, sizeof number);
    f(&stop, &color, &number, &text);
    int seen = stop * 1000 + color * 100 + (int)number * 10 + (text && text != (char *)1 ? (int)strlen(text) : 0);
    if (text != (char *)1) free(text);
    return seen;
}

/* Every argument of a closure in a form of its own */
int formed(short (*f)(const char *, const unsigned short *, const unsigned *, int, short, unsigned short, int))
{
    static const unsigned short wide[] = {'g', 0xfc, 0};
    static const unsigned wider[] = {0x1f600, 0};
    return f("ASCII", wide, wider, 256, -1, 0x20ac, 1500);
}
int formed_elements(void (*f)(void *, int, const unsigned short *, const unsigned short **, int *), void *user)
{
    static const unsigned short a[] = {'a', 0xd83d, 0xde00, 0}, b[] = {0};
    const unsigned short *both[] = {a, b};
    int flags[] = {0, 256};
    f(user, 2, a + 1, both, flags);
    return 10 * flags[0] + flags[1];
}
int formed_answers(int (*f)(char **, short *, const unsigned short *))
{
    char *text = NULL;
    short flag = 1;
    int millis = f(&text, &flag, NULL);
    int seen = millis * 100 + flag * 10 + (text ? (int)strlen(text) : 9);
    free(text);
    return seen;
}
/* The length of what it made, which is freed here */
int formed_text(unsigned short *(*f)(void))
{
    unsigned short *text = f();
    int n = 0;
    if (text)
        while (text[n]) n++;
    free(text);
    return n;
}
