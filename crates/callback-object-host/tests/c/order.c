/* The rules about who is called when, by number, as a C program sees them. */
#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { MANY = 1000 };

/* Who was called, in order. */
static struct {
    int count;
    int ids[4 * MANY];
} Calls;

static VOID NTAPI note(PVOID context, PVOID a, PVOID b)
{
    (void)a, (void)b;
    CHECK(Calls.count < 4 * MANY);
    Calls.ids[Calls.count++] = *(int *)context;
}

static void rule_1_in_order_of_registration(void)
{
    static int ids[MANY];
    static PVOID registrations[MANY];
    PCALLBACK_OBJECT object = create("\\Callback\\Rule1");
    for (int i = 0; i < MANY; i++) {
        ids[i] = i;
        registrations[i] = ExRegisterCallback(object, note, &ids[i]);
        CHECK(registrations[i] != NULL);
    }
    ExNotifyCallback(object, NULL, NULL);
    CHECK(Calls.count == MANY);
    for (int i = 0; i < MANY; i++) {
        CHECK(Calls.ids[i] == i);
    }
    /* Every third leaves and comes again, to the end. */
    for (int i = 0; i < MANY; i += 3) {
        ExUnregisterCallback(registrations[i]);
        registrations[i] = ExRegisterCallback(object, note, &ids[i]);
    }
    Calls.count = 0;
    ExNotifyCallback(object, NULL, NULL);
    CHECK(Calls.count == MANY);
    int at = 0;
    for (int rest = 1; rest >= 0; rest--) {
        for (int i = 0; i < MANY; i++) {
            if ((i % 3 != 0) == rest) {
                CHECK(Calls.ids[at++] == i);
            }
        }
    }
}

static struct {
    PCALLBACK_OBJECT object;
    int calls;
} Grows;

static VOID NTAPI registers_another(PVOID context, PVOID a, PVOID b)
{
    (void)a, (void)b;
    ++*(int *)context;
    CHECK(ExRegisterCallback(Grows.object, registers_another, context) != NULL);
}

static void rule_6_what_is_registered_meanwhile_is_not_called(void)
{
    Grows.object = create("\\Callback\\Rule6");
    CHECK(ExRegisterCallback(Grows.object, registers_another, &Grows.calls) != NULL);
    /* Each call of a routine registers one more: 1, 2, 4, … */
    for (int before = 0, walk = 0; walk < 10; walk++, before = Grows.calls) {
        ExNotifyCallback(Grows.object, NULL, NULL);
        CHECK(Grows.calls - before == 1 << walk);
    }
}

static PVOID Victims[2];

static VOID NTAPI unregisters_both(PVOID context, PVOID a, PVOID b)
{
    (void)a, (void)b;
    ++*(int *)context;
    for (int i = 0; i < 2; i++) {
        if (Victims[i] != NULL) {
            ExUnregisterCallback(Victims[i]);
            Victims[i] = NULL;
        }
    }
}

static void rule_7_what_is_unregistered_before_its_turn_is_not_called(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule7");
    int earlier = 0, remover = 0, next = 0, last = 0;
    Victims[0] = ExRegisterCallback(object, count, &earlier);
    CHECK(ExRegisterCallback(object, unregisters_both, &remover) != NULL);
    Victims[1] = ExRegisterCallback(object, count, &next);
    CHECK(ExRegisterCallback(object, count, &last) != NULL);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(earlier == 1 && remover == 1 && next == 0 && last == 1);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(earlier == 1 && remover == 2 && next == 0 && last == 2);
}

static struct {
    atomic_int inside, released, late, gone;
} Slow;

static VOID NTAPI waits(PVOID context, PVOID a, PVOID b)
{
    (void)context, (void)a, (void)b;
    atomic_store(&Slow.inside, 1);
    while (!atomic_load(&Slow.released)) {
        sched_yield();
    }
    if (atomic_load(&Slow.gone)) {
        atomic_store(&Slow.late, 1);
    }
    atomic_store(&Slow.inside, 0);
}

static void *notify(void *object)
{
    ExNotifyCallback(object, NULL, NULL);
    return NULL;
}

static void *release_soon(void *nothing)
{
    for (int i = 0; i < 1000; i++) {
        sched_yield();
    }
    atomic_store(&Slow.released, 1);
    return nothing;
}

static void rule_8_unregistering_waits_for_calls_in_other_threads(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule8");
    PVOID registration = ExRegisterCallback(object, waits, NULL);
    pthread_t notifier, releaser;
    CHECK(pthread_create(&notifier, NULL, notify, object) == 0);
    while (!atomic_load(&Slow.inside)) {
        sched_yield();
    }
    CHECK(pthread_create(&releaser, NULL, release_soon, NULL) == 0);
    ExUnregisterCallback(registration);
    CHECK(!atomic_load(&Slow.inside));
    atomic_store(&Slow.gone, 1);
    ExNotifyCallback(object, NULL, NULL);
    pthread_join(notifier, NULL);
    pthread_join(releaser, NULL);
    CHECK(!atomic_load(&Slow.late));
}

static struct {
    PCALLBACK_OBJECT object;
    int depth, deepest;
} Nested;

static VOID NTAPI notifies(PVOID context, PVOID a, PVOID b)
{
    (void)context, (void)b;
    Nested.depth++;
    Nested.deepest = Nested.depth > Nested.deepest ? Nested.depth : Nested.deepest;
    if ((ULONG_PTR)a != 0) {
        ExNotifyCallback(Nested.object, (PVOID)((ULONG_PTR)a - 1), NULL);
    }
    Nested.depth--;
}

static void rule_12_a_routine_may_notify(void)
{
    int after = 0;
    Nested.object = create("\\Callback\\Rule12");
    CHECK(ExRegisterCallback(Nested.object, notifies, NULL) != NULL);
    CHECK(ExRegisterCallback(Nested.object, count, &after) != NULL);
    ExNotifyCallback(Nested.object, (PVOID)(ULONG_PTR)(MANY - 1), NULL);
    CHECK(Nested.deepest == MANY && Nested.depth == 0 && after == MANY);
}

static atomic_int Together, Met;

static VOID NTAPI meets(PVOID context, PVOID a, PVOID b)
{
    (void)context, (void)a, (void)b;
    atomic_fetch_add(&Together, 1);
    /* Both threads are in the routine at once, or this waits for ever. */
    while (atomic_load(&Together) < 2) {
        sched_yield();
    }
    atomic_fetch_add(&Met, 1);
}

static void rule_13_threads_notify_at_once(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule13");
    pthread_t threads[2];
    CHECK(ExRegisterCallback(object, meets, NULL) != NULL);
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], NULL, notify, object) == 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(atomic_load(&Met) == 2);
}

#define T(name) {#name, name}
static const TEST TESTS[] = {
    T(rule_1_in_order_of_registration),
    T(rule_6_what_is_registered_meanwhile_is_not_called),
    T(rule_7_what_is_unregistered_before_its_turn_is_not_called),
    T(rule_8_unregistering_waits_for_calls_in_other_threads),
    T(rule_12_a_routine_may_notify),
    T(rule_13_threads_notify_at_once),
};

MAIN(TESTS)
