/* Checks that end the program, and a table of tests that are run by name. */
#ifndef CHECK_H
#define CHECK_H

#include <callback_object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define CHECK_STATUS(expression, expected)                                                                   \
    do {                                                                                                     \
        NTSTATUS actual_ = (expression);                                                                     \
        if (actual_ != (expected)) {                                                                         \
            fprintf(stderr, "%s:%d: %s is 0x%08X, not %s\n", __FILE__, __LINE__, #expression,                \
                    (unsigned)actual_, #expected);                                                           \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

typedef struct {
    const char *name;
    void (*run)(void);
} TEST;

static inline int run_test(const TEST *tests, size_t count, int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < count; i++) {
        if (strcmp(tests[i].name, argv[1]) == 0) {
            tests[i].run();
            return 0;
        }
    }
    fprintf(stderr, "no such test\n");
    return 2;
}

#define MAIN(tests)                                                                                          \
    int main(int argc, char **argv) { return run_test(tests, sizeof(tests) / sizeof(tests[0]), argc, argv); }

static inline PCALLBACK_OBJECT create(const char *name)
{
    PCALLBACK_OBJECT object = NULL;
    CHECK_STATUS(CboCreateCallback(&object, name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, TRUE, TRUE),
                 STATUS_SUCCESS);
    CHECK(object != NULL);
    return object;
}

/* Counts its calls in its context. */
static inline VOID NTAPI count(PVOID context, PVOID a, PVOID b)
{
    (void)a;
    (void)b;
    ++*(int *)context;
}

#endif
