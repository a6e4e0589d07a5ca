/* Rule 15 as a C program sees it: what a notification does not do. On Linux, where a program can put its own allocator
 * in place of the C library's, and forbid itself to ask the system. */
#include "check.h"
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* From headers that are not there for the other width of a machine. */
extern int prctl(int option, ...);
enum { SET_SECCOMP = 22, FILTER = 2, SET_NO_NEW_PRIVILEGES = 38, NO_MEMORY = 12 };

/* Requests of memory by this thread; the shared library's come here too. */
static __thread int Requests;

#define VISIBLE __attribute__((visibility("default")))

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

VISIBLE void *malloc(size_t size)
{
    Requests++;
    return __libc_malloc(size);
}

VISIBLE void *calloc(size_t count, size_t size)
{
    Requests++;
    return __libc_calloc(count, size);
}

VISIBLE void *realloc(void *memory, size_t size)
{
    Requests++;
    return __libc_realloc(memory, size);
}

VISIBLE int posix_memalign(void **memory, size_t alignment, size_t size)
{
    Requests++;
    *memory = __libc_memalign(alignment, size);
    return *memory == NULL ? NO_MEMORY : 0;
}

enum { ROUTINES = 10, DEPTH = 3 };

static PCALLBACK_OBJECT Objects[DEPTH];

/* Notifies the object of the next depth. */
static VOID NTAPI go_deeper(PVOID context, PVOID depth, PVOID b)
{
    ++*(int *)context;
    ULONG_PTR next = (ULONG_PTR)depth + 1;
    if (next < DEPTH) {
        ExNotifyCallback(Objects[next], (PVOID)next, b);
    }
}

static int Calls;

static void make_objects(void)
{
    const char *names[DEPTH] = {"\\Callback\\Rule15a", "\\Callback\\Rule15b", "\\Callback\\Rule15c"};
    int before = Requests;
    for (int i = 0; i < DEPTH; i++) {
        Objects[i] = create(names[i]);
    }
    for (int i = 0; i < ROUTINES; i++) {
        CHECK(ExRegisterCallback(Objects[i % DEPTH], go_deeper, &Calls) != NULL);
    }
    CHECK(Requests > before); /* else nothing is counted here */
}

static void *notify_at_all_levels(void *prepared)
{
    int before, calls;
    KIRQL old;
    if (prepared) {
        /* As often as one likes. */
        CHECK_STATUS(CboPrepareThread(DEPTH), STATUS_SUCCESS);
        CHECK_STATUS(CboPrepareThread(1), STATUS_SUCCESS);
    } else {
        ExNotifyCallback(Objects[0], NULL, NULL);
    }
    before = Requests, calls = Calls;
    for (KIRQL level = PASSIVE_LEVEL; level <= DISPATCH_LEVEL; level++) {
        KeRaiseIrql(level, &old);
        /* Often enough for the thread to leave its fence out. */
        for (int i = 0; i < 2000; i++) {
            ExNotifyCallback(Objects[0], NULL, NULL);
            CHECK_STATUS(CboNotifyCallback(Objects[DEPTH - 1], (PVOID)(ULONG_PTR)DEPTH, NULL), STATUS_SUCCESS);
        }
        KeLowerIrql(old);
    }
    CHECK(Requests == before);
    CHECK(Calls > calls);
    return NULL;
}

static void rule_15_notifying_allocates_nothing(void)
{
    make_objects();
    for (intptr_t prepared = 0; prepared < 2; prepared++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, notify_at_all_levels, (void *)prepared) == 0);
        pthread_join(thread, NULL);
    }
    CHECK_STATUS(CboPrepareThread(0xFFFFFFFFu), STATUS_INVALID_PARAMETER);
    CHECK_STATUS(CboPrepareThread(0), STATUS_SUCCESS);
}

/* From now on any system call kills this process, but those that write and that end it. A filter, for the strict mode
   of seccomp cannot be had where there is a filter already. */
static void forbid_system_calls(void)
{
    const struct step {
        unsigned short code;
        unsigned char jump_if, jump_if_not;
        unsigned int value;
    } steps[] = {
        {0x20, 0, 0, 0}, /* load the number */
        {0x15, 2, 0, SYS_write},
        {0x15, 1, 0, SYS_exit_group},
        {0x06, 0, 0, 0x80000000u}, /* kill */
        {0x06, 0, 0, 0x7FFF0000u}, /* allow */
    };
    const struct {
        unsigned short count;
        const struct step *steps;
    } program = {sizeof steps / sizeof *steps, steps};
    CHECK(prctl(SET_NO_NEW_PRIVILEGES, 1UL, 0UL, 0UL, 0UL) == 0);
    CHECK(prctl(SET_SECCOMP, (unsigned long)FILTER, &program) == 0);
}

static void rule_15_notifying_asks_nothing_of_the_system(void)
{
    int ends[2], status, calls = 0;
    make_objects();
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        CHECK_STATUS(CboPrepareThread(DEPTH), STATUS_SUCCESS);
        forbid_system_calls();
        for (int i = 0; i < 2000; i++) {
            ExNotifyCallback(Objects[0], NULL, NULL);
        }
        CHECK(write(ends[1], &Calls, sizeof Calls) == sizeof Calls);
        _exit(0);
    }
    CHECK(child > 0 && close(ends[1]) == 0);
    CHECK(read(ends[0], &calls, sizeof calls) == sizeof calls);
    CHECK(calls > 2000);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#define T(name) {#name, name}
static const TEST TESTS[] = {
    T(rule_15_notifying_allocates_nothing),
    T(rule_15_notifying_asks_nothing_of_the_system),
};

MAIN(TESTS)
