/* The rules of callback objects, by number, as a C program sees them. */
#include "check.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#ifdef _WIN32
__declspec(dllimport) void __stdcall ExitThread(unsigned long code);
__declspec(dllimport) void __stdcall Sleep(unsigned long milliseconds);
#else
#include <sys/wait.h>
#include <unistd.h>
#endif

/* Ends the program if it hangs; on Windows whoever runs it does. */
static void end_in_20_seconds(void)
{
#ifndef _WIN32
    alarm(20);
#endif
}

static void wait_for_ever(void)
{
    for (;;) {
#ifdef _WIN32
        Sleep(1000);
#else
        pause();
#endif
    }
}

static VOID NTAPI record(PVOID context, PVOID a, PVOID b)
{
    PVOID *seen = context;
    seen[0] = a;
    seen[1] = b;
    seen[2] = context;
}

static void rule_2_arguments_travel_unchanged(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule2");
    PVOID seen[3];
    const uint64_t patterns[] = {0, 1, UINT64_MAX, 0x8000000000000000u, 0x0123456789ABCDEFu};
    CHECK(ExRegisterCallback(object, record, seen) != NULL);
    for (size_t i = 0; i < 5; i++) {
        ExNotifyCallback(object, (PVOID)(uintptr_t)patterns[i], (PVOID)(uintptr_t)~patterns[i]);
        CHECK(seen[0] == (PVOID)(uintptr_t)patterns[i]);
        CHECK(seen[1] == (PVOID)(uintptr_t)~patterns[i]);
        CHECK(seen[2] == seen);
    }
}

static void rule_3_one_routine_at_a_time(void)
{
    PCALLBACK_OBJECT object = NULL;
    int calls = 0;
    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Rule3", OBJ_PERMANENT, TRUE, FALSE), STATUS_SUCCESS);
    PVOID first = ExRegisterCallback(object, count, &calls);
    CHECK(first != NULL);
    CHECK(ExRegisterCallback(object, count, &calls) == NULL);
    CHECK_STATUS(CboLastStatus(), STATUS_ALREADY_REGISTERED);
    ExUnregisterCallback(first);
    CHECK(ExRegisterCallback(object, count, &calls) != NULL);
    CHECK_STATUS(CboLastStatus(), STATUS_SUCCESS);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(calls == 1);
}

static void rule_4_opening_does_not_change_that(void)
{
    PCALLBACK_OBJECT object = NULL, again = NULL;
    int calls = 0;
    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Rule4", OBJ_PERMANENT, TRUE, FALSE), STATUS_SUCCESS);
    CHECK_STATUS(CboCreateCallback(&again, "\\Callback\\Rule4", OBJ_PERMANENT, TRUE, TRUE), STATUS_SUCCESS);
    CHECK(again == object);
    CHECK(ExRegisterCallback(again, count, &calls) != NULL);
    CHECK(ExRegisterCallback(again, count, &calls) == NULL);
}

static void rule_5_the_same_routine_twice(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule5");
    int calls = 0;
    PVOID first = ExRegisterCallback(object, count, &calls), second = ExRegisterCallback(object, count, &calls);
    CHECK(first != NULL && second != NULL && first != second);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(calls == 2);
    ExUnregisterCallback(first);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(calls == 3);
}

static struct {
    PCALLBACK_OBJECT object;
    PVOID self;
    int calls;
} Own;

static VOID NTAPI unregister_self(PVOID context, PVOID a, PVOID b)
{
    (void)context, (void)a, (void)b;
    Own.calls++;
    ExUnregisterCallback(Own.self);
    CHECK_STATUS(CboLastStatus(), STATUS_SUCCESS);
    /* The registration is gone at once. */
    CHECK_STATUS(CboUnregisterCallback(Own.self), STATUS_INVALID_HANDLE);
    ExNotifyCallback(Own.object, NULL, NULL);
}

static int Released;

static VOID NTAPI release(PVOID context)
{
    (void)context;
    Released++;
}

static VOID NTAPI unregister_self_and_look(PVOID context, PVOID a, PVOID b)
{
    (void)context, (void)a, (void)b;
    Own.calls++;
    CHECK_STATUS(CboUnregisterCallback(Own.self), STATUS_SUCCESS);
    CHECK(Released == 0);
}

static void rule_10_a_routine_unregisters_itself(void)
{
    Own.object = create("\\Callback\\Rule10");
    Own.self = ExRegisterCallback(Own.object, unregister_self, NULL);
    ExNotifyCallback(Own.object, NULL, NULL);
    CHECK(Own.calls == 1);
    /* Its context is freed when the call has returned, and not before. */
    CHECK_STATUS(CboRegisterCallback(Own.object, unregister_self_and_look, NULL, release, &Own.self),
                 STATUS_SUCCESS);
    ExNotifyCallback(Own.object, NULL, NULL);
    CHECK(Own.calls == 2);
    CHECK(Released == 1);
    /* Without a call under way it is freed at once. */
    CHECK_STATUS(CboRegisterCallback(Own.object, count, NULL, release, &Own.self), STATUS_SUCCESS);
    ExUnregisterCallback(Own.self);
    CHECK(Released == 2);
}

/* Two threads, each in a routine, each unregisters the other's routine. */
static pthread_barrier_t Both;
static PVOID Mutual[2];
static NTSTATUS MutualStatus[2];
static int WithoutStatus;

static VOID NTAPI unregister_other(PVOID context, PVOID a, PVOID b)
{
    (void)a, (void)b;
    int me = (int)(uintptr_t)context;
    pthread_barrier_wait(&Both);
    if (WithoutStatus) {
        ExUnregisterCallback(Mutual[1 - me]);
        MutualStatus[me] = CboLastStatus();
    } else {
        MutualStatus[me] = CboUnregisterCallback(Mutual[1 - me]);
    }
}

static void *notify(void *object)
{
    ExNotifyCallback(object, NULL, NULL);
    return NULL;
}

static void rule_11_two_routines_unregister_each_other(void)
{
    PCALLBACK_OBJECT objects[2] = {create("\\Callback\\Rule11a"), create("\\Callback\\Rule11b")};
    pthread_t threads[2];
    pthread_barrier_init(&Both, NULL, 2);
    for (int i = 0; i < 2; i++) {
        Mutual[i] = ExRegisterCallback(objects[i], unregister_other, (PVOID)(uintptr_t)i);
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, notify, objects[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    /* One of them would have closed the circle; the other has waited for it. */
    CHECK((MutualStatus[0] == STATUS_POSSIBLE_DEADLOCK) != (MutualStatus[1] == STATUS_POSSIBLE_DEADLOCK));
    CHECK((MutualStatus[0] == STATUS_SUCCESS) != (MutualStatus[1] == STATUS_SUCCESS));
}

static VOID NTAPI show_severity(PVOID context, CBO_SEVERITY severity, PCSTR text)
{
    (void)context;
    fprintf(stderr, "severity %d: %s\n", (int)severity, text);
}

/* Who is not told must not go on, and free what the routine still uses. */
static void rule_11_without_a_status_the_process_ends(void)
{
    CboSetReportHandler(show_severity, NULL);
    WithoutStatus = 1;
    rule_11_two_routines_unregister_each_other();
}

static void rule_11_or_goes_on_if_the_host_wants(void)
{
    CHECK_STATUS(CboSetViolations(CboReportViolations, FALSE), STATUS_SUCCESS);
    WithoutStatus = 1;
    rule_11_two_routines_unregister_each_other();
}

static VOID NTAPI raise_and_return(PVOID context, PVOID a, PVOID b)
{
    (void)a, (void)b;
    KIRQL old;
    *(KIRQL *)context = KeGetCurrentIrql();
    KeRaiseIrql(HIGH_LEVEL, &old);
}

static void rule_14_the_level_is_the_notifiers(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule14");
    KIRQL seen = 99, old;
    CHECK(ExRegisterCallback(object, raise_and_return, &seen) != NULL);
    for (KIRQL level = PASSIVE_LEVEL; level <= DISPATCH_LEVEL; level++) {
        KeRaiseIrql(level, &old);
        ExNotifyCallback(object, NULL, NULL);
        CHECK(seen == level);
        /* The routine has returned at another level: reported, and put right. */
        CHECK(KeGetCurrentIrql() == level);
        KeLowerIrql(old);
    }
}

static void rule_16_null_object(void)
{
    ExNotifyCallback(NULL, NULL, NULL);
    CHECK_STATUS(CboLastStatus(), STATUS_INVALID_PARAMETER);
    CHECK_STATUS(CboNotifyCallback(NULL, NULL, NULL), STATUS_INVALID_PARAMETER);
    CHECK(ObReferenceObject(NULL) == 0);
    CHECK(ObDereferenceObject(NULL) == 0);
    ObMakeTemporaryObject(NULL);
    CHECK(ExRegisterCallback(NULL, count, NULL) == NULL);
    CHECK_STATUS(CboLastStatus(), STATUS_INVALID_PARAMETER);
}

static void rule_17_null_routine(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule17");
    PVOID registration = &registration;
    CHECK(ExRegisterCallback(object, NULL, NULL) == NULL);
    CHECK_STATUS(CboLastStatus(), STATUS_INVALID_PARAMETER);
    CHECK_STATUS(CboRegisterCallback(object, NULL, NULL, release, &registration), STATUS_INVALID_PARAMETER);
    CHECK(registration == NULL);
    CHECK_STATUS(CboRegisterCallback(object, count, NULL, NULL, NULL), STATUS_INVALID_PARAMETER);
    CHECK(Released == 0);
}

static void rule_18_unnamed_objects_are_refused(void)
{
    PCALLBACK_OBJECT object = (PCALLBACK_OBJECT)7;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING empty = {0, 0, NULL};
    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    CHECK_STATUS(ExCreateCallback(&object, &attributes, TRUE, TRUE), STATUS_UNSUCCESSFUL);
    CHECK_STATUS(ExCreateCallback(&object, &attributes, FALSE, TRUE), STATUS_OBJECT_PATH_SYNTAX_BAD);
    attributes.ObjectName = &empty;
    CHECK_STATUS(ExCreateCallback(&object, &attributes, TRUE, TRUE), STATUS_UNSUCCESSFUL);
    CHECK_STATUS(ExCreateCallback(&object, NULL, TRUE, TRUE), STATUS_UNSUCCESSFUL);
    CHECK_STATUS(CboCreateCallback(&object, "", 0, TRUE, TRUE), STATUS_UNSUCCESSFUL);
    CHECK_STATUS(CboCreateCallback(&object, NULL, 0, TRUE, TRUE), STATUS_UNSUCCESSFUL);
    /* Nothing is stored on failure. */
    CHECK(object == (PCALLBACK_OBJECT)7);
}

static PCALLBACK_OBJECT Racing[16];
static pthread_barrier_t Start;

static void *race(void *place)
{
    pthread_barrier_wait(&Start);
    *(PCALLBACK_OBJECT *)place = create("\\Callback\\Rule20");
    return NULL;
}

static void rule_20_racing_creators_get_one_object(void)
{
    pthread_t threads[16];
    pthread_barrier_init(&Start, NULL, 16);
    for (int i = 0; i < 16; i++) {
        pthread_create(&threads[i], NULL, race, &Racing[i]);
    }
    for (int i = 0; i < 16; i++) {
        pthread_join(threads[i], NULL);
        CHECK(Racing[i] == Racing[0]);
    }
    /* A reference for each. */
    CHECK(ObReferenceObject(Racing[0]) == 17);
}

static void rule_22_reserved_names(void)
{
    const char *names[] = {"\\Callback\\SetSystemTime", "\\Callback\\PowerState", "\\callback\\processoradd"};
    PCALLBACK_OBJECT object = NULL;
    int calls = 0;
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(CboCreateCallback(&object, names[i], OBJ_CASE_INSENSITIVE, TRUE, TRUE), STATUS_ACCESS_DENIED);
        CHECK_STATUS(CboCreateCallback(&object, names[i], OBJ_CASE_INSENSITIVE, FALSE, TRUE),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    }
    CHECK_STATUS(CboPublishSystemObjects(), STATUS_SUCCESS);
    CHECK_STATUS(CboPublishSystemObjects(), STATUS_SUCCESS);
    for (int i = 0; i < 3; i++) {
        /* Create opens what the host has created. */
        CHECK_STATUS(CboCreateCallback(&object, names[i], OBJ_CASE_INSENSITIVE, TRUE, TRUE), STATUS_SUCCESS);
        CHECK(ExRegisterCallback(object, count, &calls) != NULL);
        CHECK_STATUS(CboNotifyCallback(object, NULL, NULL), STATUS_ACCESS_DENIED);
        ExNotifyCallback(object, NULL, NULL);
        CHECK_STATUS(CboLastStatus(), STATUS_ACCESS_DENIED);
    }
    CHECK(calls == 0);
    CboWithdrawSystemObjects();
}

static NTSTATUS open_object(const WCHAR *text, ULONG flags, PCALLBACK_OBJECT *object)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    RtlInitUnicodeString(&name, text);
    InitializeObjectAttributes(&attributes, &name, flags, NULL, NULL);
    return ExCreateCallback(object, &attributes, FALSE, FALSE);
}

static void rule_23_case(void)
{
    PCALLBACK_OBJECT object = NULL, other = NULL;
    object = create("\\Callback\\Stra\xC3\x9F"
                    "e\xC3\xA9");
    CHECK_STATUS(open_object(u"\\callback\\STRA\u00DFE\u00C9", OBJ_CASE_INSENSITIVE, &other), STATUS_SUCCESS);
    CHECK(other == object);
    /* No letter becomes two. */
    CHECK_STATUS(open_object(u"\\callback\\STRASSE\u00C9", OBJ_CASE_INSENSITIVE, &other), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_STATUS(open_object(u"\\Callback\\STRA\u00DFE\u00C9", 0, &other), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_STATUS(open_object(u"\\callback\\Stra\u00DFe\u00E9", 0, &other), STATUS_OBJECT_PATH_NOT_FOUND);
    CHECK_STATUS(open_object(u"\\Callback\\Stra\u00DFe\u00E9", 0, &other), STATUS_SUCCESS);
    CHECK(other == object);
}

static void rule_24_a_temporary_object_loses_its_name(void)
{
    PCALLBACK_OBJECT object = NULL, again = NULL;
    int calls = 0;
    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Rule24", 0, TRUE, TRUE), STATUS_SUCCESS);
    CHECK_STATUS(CboCreateCallback(&again, "\\Callback\\Rule24", 0, FALSE, TRUE), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_STATUS(CboCreateCallback(&again, "\\Callback\\Rule24", 0, TRUE, TRUE), STATUS_SUCCESS);
    CHECK(again != object);
    /* The pointer is as good as before. */
    CHECK(ExRegisterCallback(object, count, &calls) != NULL);
    ExNotifyCallback(again, NULL, NULL);
    CHECK(calls == 0);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(calls == 1);
}

static void rule_25_a_permanent_object_stays(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule25"), again = NULL;
    int calls = 0;
    PVOID registration = ExRegisterCallback(object, count, &calls);
    CHECK(ObDereferenceObject(object) == 0);
    CHECK_STATUS(CboCreateCallback(&again, "\\Callback\\Rule25", 0, FALSE, TRUE), STATUS_SUCCESS);
    ExNotifyCallback(again, NULL, NULL);
    CHECK(calls == 1);
    ObMakeTemporaryObject(again);
    ObMakeTemporaryObject(again);
    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Rule25", 0, FALSE, TRUE), STATUS_OBJECT_NAME_NOT_FOUND);
    ExNotifyCallback(again, NULL, NULL);
    CHECK(calls == 2);
    ExUnregisterCallback(registration);
    CHECK_STATUS(CboLastStatus(), STATUS_SUCCESS);
    CHECK(ObDereferenceObject(again) == 0);
}

static void rule_26_references_are_counted(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule26"), again = create("\\Callback\\Rule26");
    int calls = 0;
    CHECK(again == object);
    CHECK(ObReferenceObject(object) == 3);
    CHECK(ObDereferenceObject(object) == 2);
    ObMakeTemporaryObject(object);
    PVOID registration = ExRegisterCallback(object, count, &calls);
    CHECK(ObDereferenceObject(object) == 1);
    CHECK(ObDereferenceObject(object) == 0);
    /* The registration keeps the object, and can still be given back. */
    CHECK_STATUS(CboUnregisterCallback(registration), STATUS_SUCCESS);
    CHECK(ObDereferenceObject(object) == 0);
    CHECK_STATUS(CboLastStatus(), STATUS_INVALID_HANDLE);
}

static void rule_27_nothing_waits_at_dispatch_level(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule27"), other = NULL;
    int calls = 0;
    KIRQL old;
    PVOID registration = ExRegisterCallback(object, count, &calls);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    CHECK_STATUS(CboUnregisterCallback(registration), STATUS_INVALID_DEVICE_STATE);
    ExUnregisterCallback(registration);
    CHECK_STATUS(CboLastStatus(), STATUS_INVALID_DEVICE_STATE);
    CHECK(ExRegisterCallback(object, count, &calls) == NULL);
    CHECK_STATUS(CboLastStatus(), STATUS_INVALID_DEVICE_STATE);
    CHECK_STATUS(CboCreateCallback(&other, "\\Callback\\Other", 0, TRUE, TRUE), STATUS_INVALID_DEVICE_STATE);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(calls == 1);
    CHECK(ObReferenceObject(object) == 2);
    CHECK(ObDereferenceObject(object) == 1);
    CHECK(KeRaiseIrqlToDpcLevel() == DISPATCH_LEVEL);
    KeRaiseIrql(HIGH_LEVEL, NULL);
    CHECK_STATUS(CboNotifyCallback(object, NULL, NULL), STATUS_INVALID_DEVICE_STATE);
    CHECK(calls == 1);
    KeLowerIrql(old);
    /* The registration is still good. */
    CHECK_STATUS(CboUnregisterCallback(registration), STATUS_SUCCESS);
}

static void rule_27_stops_the_process_if_asked(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule27");
    PVOID registration = ExRegisterCallback(object, count, NULL);
    CboSetReportHandler(show_severity, NULL);
    CHECK_STATUS(CboSetViolations(CboStopAtViolations, FALSE), STATUS_SUCCESS);
    KeRaiseIrqlToDpcLevel();
    ExUnregisterCallback(registration);
}

static void rule_28_create_at_apc_level(void)
{
    PCALLBACK_OBJECT object = NULL;
    KIRQL old;
    KeRaiseIrql(APC_LEVEL, &old);
    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Rule28", OBJ_PERMANENT, TRUE, TRUE), STATUS_SUCCESS);
    /* The stricter of the two documentations. */
    CHECK_STATUS(CboSetViolations(CboRefuseViolations, TRUE), STATUS_SUCCESS);
    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Rule28", OBJ_PERMANENT, TRUE, TRUE),
                 STATUS_INVALID_DEVICE_STATE);
    KeLowerIrql(old);
    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Rule28", OBJ_PERMANENT, TRUE, TRUE), STATUS_SUCCESS);
}

static void rule_29_registrations_are_checked(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule29");
    int calls = 0;
    PVOID registration = ExRegisterCallback(object, count, &calls);
    CHECK_STATUS(CboUnregisterCallback(registration), STATUS_SUCCESS);
    CHECK_STATUS(CboUnregisterCallback(registration), STATUS_INVALID_HANDLE);
    ExUnregisterCallback(registration);
    CHECK_STATUS(CboLastStatus(), STATUS_INVALID_HANDLE);
    /* The same place is used again, and the old registration does not fit it. */
    PVOID next = ExRegisterCallback(object, count, &calls);
    CHECK(next != registration);
    const PVOID nonsense[] = {registration,   object,    &calls,          (PVOID)1,
                              (PVOID)~(uintptr_t)0, (PVOID)(uintptr_t)count, (PVOID)((uintptr_t)next + 1)};
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        CHECK_STATUS(CboUnregisterCallback(nonsense[i]), STATUS_INVALID_HANDLE);
    }
    CHECK_STATUS(CboUnregisterCallback(NULL), STATUS_INVALID_PARAMETER);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(calls == 1);
}

static VOID NTAPI report_panic(PVOID context, PVOID a, PVOID b)
{
    (void)context, (void)a, (void)b;
    CboReportPanic("the disk is full");
}

static void rule_30_a_reported_panic_ends_the_process(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule30");
    ExRegisterCallback(object, report_panic, NULL);
    ExNotifyCallback(object, NULL, NULL);
}

static VOID NTAPI exit_thread(PVOID context, PVOID a, PVOID b)
{
    (void)a, (void)b;
    ++*(atomic_int *)context;
#ifdef _WIN32
    /* Nothing is unwound. */
    ExitThread(0);
#else
    pthread_exit(NULL);
#endif
}

static void rule_32_a_routine_ends_its_thread(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule32");
    atomic_int calls = 0;
    int later = 0;
    PVOID registration = ExRegisterCallback(object, exit_thread, &calls);
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, notify, object);
        pthread_join(thread, NULL);
    }
    CHECK(atomic_load(&calls) == 3);
    /* Nobody waits for threads that are no more. */
    CHECK_STATUS(CboUnregisterCallback(registration), STATUS_SUCCESS);
    CHECK(ExRegisterCallback(object, count, &later) != NULL);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(later == 1);
}

static atomic_int Inside;

#ifndef _WIN32
static atomic_int Leave;

static VOID NTAPI stay(PVOID context, PVOID a, PVOID b)
{
    (void)context, (void)a, (void)b;
    atomic_store(&Inside, 1);
    while (!atomic_load(&Leave)) {
        const struct timespec pause = {0, 1000 * 1000};
        nanosleep(&pause, NULL);
    }
}

static void rule_33_fork(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule33"), other = create("\\Callback\\Rule33b");
    int calls = 0, status = -1;
    pthread_t thread;
    PVOID registration = ExRegisterCallback(object, stay, NULL);
    pthread_create(&thread, NULL, notify, object);
    while (!atomic_load(&Inside)) {
        sched_yield();
    }
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        /* The other thread is not here, so there is nobody to wait for. */
        end_in_20_seconds();
        CHECK_STATUS(CboUnregisterCallback(registration), STATUS_SUCCESS);
        CHECK(ExRegisterCallback(other, count, &calls) != NULL);
        ExNotifyCallback(other, NULL, NULL);
        CHECK(calls == 1);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    atomic_store(&Leave, 1);
    pthread_join(thread, NULL);
    CHECK_STATUS(CboUnregisterCallback(registration), STATUS_SUCCESS);
}

static VOID NTAPI fork_inside(PVOID context, PVOID a, PVOID b)
{
    (void)a, (void)b;
    *(pid_t *)context = fork();
}

static void rule_33_a_routine_forks(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule33c");
    pid_t child = -1;
    int calls = 0, status = -1;
    PVOID first = ExRegisterCallback(object, fork_inside, &child);
    PVOID second = ExRegisterCallback(object, count, &calls);
    end_in_20_seconds();
    ExNotifyCallback(object, NULL, NULL);
    /* Both processes are here: each has finished its notification and can go on. */
    CHECK(calls == 1);
    CHECK_STATUS(CboUnregisterCallback(first), STATUS_SUCCESS);
    ExNotifyCallback(object, NULL, NULL);
    CHECK(calls == 2);
    CHECK_STATUS(CboUnregisterCallback(second), STATUS_SUCCESS);
    if (child == 0) {
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static VOID NTAPI do_nothing(PVOID context, PVOID a, PVOID b)
{
    (void)context, (void)a, (void)b;
}

/* With an object that others use, and with one that nobody else does. */
static void do_everything(const char *name)
{
    PCALLBACK_OBJECT both[2] = {create("\\Callback\\Rule33d"), create(name)};
    for (int i = 0; i < 2; i++) {
        PVOID registration = ExRegisterCallback(both[i], do_nothing, NULL);
        CHECK(registration != NULL);
        CHECK_STATUS(CboNotifyCallback(both[i], NULL, NULL), STATUS_SUCCESS);
        CHECK_STATUS(CboUnregisterCallback(registration), STATUS_SUCCESS);
        ObDereferenceObject(both[i]);
    }
}

static void *do_everything_again(void *name)
{
    while (!atomic_load(&Leave)) {
        do_everything(name);
    }
    return NULL;
}

static void rule_33_a_child_does_everything(void)
{
    static char names[3][20] = {"\\Callback\\Rule33e", "\\Callback\\Rule33f", "\\Callback\\Rule33g"};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&threads[i], NULL, do_everything_again, names[i]) == 0);
    }
    for (int i = 0; i < 40; i++) {
        int status = -1;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            /* Whatever the others were doing, they hold nothing here. */
            end_in_20_seconds();
            do_everything("\\Callback\\Rule33h");
            do_everything(names[0]);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    atomic_store(&Leave, 1);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
}

#endif

static VOID NTAPI never_return(PVOID context, PVOID a, PVOID b)
{
    (void)context, (void)a, (void)b;
    atomic_store(&Inside, 1);
    wait_for_ever();
}

static void rule_9_a_routine_that_never_returns(void)
{
    PCALLBACK_OBJECT object = create("\\Callback\\Rule9");
    int calls = 0;
    pthread_t thread;
    PVOID before = ExRegisterCallback(object, count, &calls);
    ExRegisterCallback(object, never_return, NULL);
    PVOID after = ExRegisterCallback(object, count, &calls);
    pthread_create(&thread, NULL, notify, object);
    while (!atomic_load(&Inside)) {
        sched_yield();
    }
    /* Nobody else waits for it. */
    end_in_20_seconds();
    CHECK(calls == 1);
    CHECK_STATUS(CboUnregisterCallback(before), STATUS_SUCCESS);
    CHECK_STATUS(CboUnregisterCallback(after), STATUS_SUCCESS);
    before = ExRegisterCallback(object, count, &calls);
    CHECK(before != NULL);
    CHECK_STATUS(CboUnregisterCallback(before), STATUS_SUCCESS);
}

/* An absolute descriptor: owner S-1-5-18, nothing else. */
static const unsigned char Owner[12] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
struct absolute {
    unsigned char revision, reserved;
    uint16_t control;
    const void *owner, *group, *sacl, *dacl;
};

static struct {
    int asked;
    ULONG attributes;
    unsigned char first;
    NTSTATUS answer;
    WCHAR last;
} Hook;

static NTSTATUS NTAPI hook(PVOID context, PCUNICODE_STRING name, PVOID descriptor, ULONG attributes)
{
    CHECK(context == &Hook);
    Hook.asked++;
    Hook.attributes = attributes;
    Hook.first = descriptor ? *(unsigned char *)descriptor : 0;
    Hook.last = name->Buffer[name->Length / sizeof(WCHAR) - 1];
    return Hook.answer;
}

static void rule_35_security(void)
{
    struct absolute absolute = {1, 0, 0, Owner, NULL, NULL, NULL};
    unsigned char stored[64];
    ULONG length = 99;
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    PCALLBACK_OBJECT object = NULL, plain = create("\\Callback\\Rule35Plain");

    RtlInitUnicodeString(&name, u"\\Callback\\Rule35");
    InitializeObjectAttributes(&attributes, &name, OBJ_PERMANENT, NULL, &absolute);
    CHECK_STATUS(ExCreateCallback(&object, &attributes, TRUE, TRUE), STATUS_SUCCESS);
    CHECK_STATUS(CboQuerySecurity(object, NULL, 0, &length), STATUS_SUCCESS);
    CHECK(length == 20 + 12);
    CHECK_STATUS(CboQuerySecurity(object, stored, sizeof stored, &length), STATUS_SUCCESS);
    CHECK(stored[0] == 1 && stored[3] == 0x80 && stored[4] == 20 && memcmp(stored + 20, Owner, 12) == 0);
    CHECK_STATUS(CboQuerySecurity(plain, stored, sizeof stored, &length), STATUS_SUCCESS);
    CHECK(length == 0);
    CHECK_STATUS(CboQuerySecurity(plain, NULL, 0, NULL), STATUS_INVALID_PARAMETER);
    absolute.revision = 2;
    CHECK_STATUS(ExCreateCallback(&object, &attributes, TRUE, TRUE), STATUS_INVALID_PARAMETER);

    /* Nothing is enforced unless the host has set a hook. */
    CboSetAccessHook(hook, &Hook);
    attributes.SecurityDescriptor = NULL;
    attributes.Attributes |= OBJ_FORCE_ACCESS_CHECK;
    CHECK_STATUS(ExCreateCallback(&object, &attributes, FALSE, TRUE), STATUS_SUCCESS);
    CHECK(Hook.asked == 1 && Hook.first == 1 && Hook.last == '5');
    CHECK(Hook.attributes & OBJ_FORCE_ACCESS_CHECK);
    Hook.answer = STATUS_ACCESS_DENIED;
    CHECK_STATUS(ExCreateCallback(&object, &attributes, FALSE, TRUE), STATUS_ACCESS_DENIED);
    CboSetAccessHook(NULL, NULL);
    CHECK_STATUS(ExCreateCallback(&object, &attributes, FALSE, TRUE), STATUS_SUCCESS);
}

#define T(name) {#name, name}
static const TEST TESTS[] = {
    T(rule_2_arguments_travel_unchanged),
    T(rule_3_one_routine_at_a_time),
    T(rule_4_opening_does_not_change_that),
    T(rule_5_the_same_routine_twice),
    T(rule_10_a_routine_unregisters_itself),
    T(rule_11_two_routines_unregister_each_other),
    T(rule_11_without_a_status_the_process_ends),
    T(rule_11_or_goes_on_if_the_host_wants),
    T(rule_14_the_level_is_the_notifiers),
    T(rule_16_null_object),
    T(rule_17_null_routine),
    T(rule_18_unnamed_objects_are_refused),
    T(rule_20_racing_creators_get_one_object),
    T(rule_22_reserved_names),
    T(rule_23_case),
    T(rule_24_a_temporary_object_loses_its_name),
    T(rule_25_a_permanent_object_stays),
    T(rule_26_references_are_counted),
    T(rule_27_nothing_waits_at_dispatch_level),
    T(rule_27_stops_the_process_if_asked),
    T(rule_28_create_at_apc_level),
    T(rule_29_registrations_are_checked),
    T(rule_30_a_reported_panic_ends_the_process),
    T(rule_32_a_routine_ends_its_thread),
#ifndef _WIN32
    T(rule_33_fork),
    T(rule_33_a_routine_forks),
    T(rule_33_a_child_does_everything),
#endif
    T(rule_9_a_routine_that_never_returns),
    T(rule_35_security),
};

MAIN(TESTS)
