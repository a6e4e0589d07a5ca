/* What must not be given, and what is answered. Names are in names.c. */
#include "check.h"
#include <pthread.h>

static WCHAR Long[32768];

static void attributes_are_checked(void)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(u"\\Callback\\Attributes");
    UNICODE_STRING hollow = {8, 8, NULL};
    OBJECT_ATTRIBUTES attributes;
    PCALLBACK_OBJECT object = NULL;

    InitializeObjectAttributes(&attributes, &name, OBJ_PERMANENT | OBJ_OPENIF | OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK_STATUS(ExCreateCallback(&object, &attributes, TRUE, TRUE), STATUS_SUCCESS);
    CHECK_STATUS(ExCreateCallback(NULL, &attributes, TRUE, TRUE), STATUS_INVALID_PARAMETER);
    CHECK_STATUS(ExCreateCallback(&object, NULL, FALSE, TRUE), STATUS_INVALID_PARAMETER);
    for (ULONG length = 0; length < 100; length++) {
        attributes.Length = length;
        CHECK_STATUS(ExCreateCallback(&object, &attributes, FALSE, TRUE),
                     length == sizeof attributes ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER);
    }
    attributes.Length = sizeof attributes;
    const ULONG invalid[] = {1, 4, 8, OBJ_OPENLINK, 0x2000, 0x80000000u, 0xFFFFFFFFu};
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        attributes.Attributes = invalid[i];
        CHECK_STATUS(ExCreateCallback(&object, &attributes, FALSE, TRUE), STATUS_INVALID_PARAMETER);
        CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Attributes", invalid[i], FALSE, TRUE),
                     STATUS_INVALID_PARAMETER);
    }
    attributes.Attributes = 0;
    /* No function here gives a handle to a directory; what comes from elsewhere is none, made up or an object. */
    const PVOID roots[] = {&attributes, (PVOID)4, (PVOID)(ULONG_PTR)-1, object};
    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
        attributes.RootDirectory = roots[i];
        CHECK_STATUS(ExCreateCallback(&object, &attributes, FALSE, TRUE), STATUS_INVALID_HANDLE);
        CHECK_STATUS(ExCreateCallback(&object, &attributes, TRUE, TRUE), STATUS_INVALID_HANDLE);
    }
    attributes.RootDirectory = NULL;
    attributes.ObjectName = &hollow;
    CHECK_STATUS(ExCreateCallback(&object, &attributes, FALSE, TRUE), STATUS_OBJECT_NAME_INVALID);
    CHECK_STATUS(CboSetViolations(4, FALSE), STATUS_INVALID_PARAMETER);
}

static void foreign_objects(void)
{
    int local = 0;
    PCALLBACK_OBJECT object = create("\\Callback\\Foreign");
    PVOID registration = ExRegisterCallback(object, count, &local);
    /* Another generation of the same place. */
    const uintptr_t later = (uintptr_t)1 << (sizeof(uintptr_t) == 8 ? 40 : 20);
    const PVOID foreign[] = {&local, registration, (PVOID)1, (PVOID)~(uintptr_t)0, (PVOID)((uintptr_t)object + 1),
                             (PVOID)((uintptr_t)object ^ later), (PVOID)(uintptr_t)count};
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        PVOID made = &local;
        CHECK_STATUS(CboNotifyCallback(foreign[i], NULL, NULL), STATUS_INVALID_HANDLE);
        CHECK_STATUS(CboRegisterCallback(foreign[i], count, &local, NULL, &made), STATUS_INVALID_HANDLE);
        CHECK(made == NULL);
        CHECK(ObReferenceObject(foreign[i]) == 0);
        CHECK_STATUS(CboLastStatus(), STATUS_INVALID_HANDLE);
        CHECK(ObDereferenceObject(foreign[i]) == 0);
    }
    CHECK(local == 0);
}

static PCALLBACK_OBJECT Dying;
static int Stop;

static void *keep_notifying(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&Stop, __ATOMIC_ACQUIRE)) {
        ExNotifyCallback(__atomic_load_n(&Dying, __ATOMIC_ACQUIRE), NULL, NULL);
    }
    return NULL;
}

static VOID NTAPI add(PVOID context, PVOID a, PVOID b)
{
    (void)a, (void)b;
    __atomic_fetch_add((int *)context, 1, __ATOMIC_RELAXED);
}

static VOID NTAPI silent(PVOID context, CBO_SEVERITY severity, PCSTR text)
{
    (void)context, (void)severity, (void)text;
}

/* Objects whose last reference is given back while two other threads notify them. */
static void notify_of_a_dereferenced_object(void)
{
    static int calls;
    pthread_t threads[2];
    PCALLBACK_OBJECT object = NULL;

    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Once", 0, TRUE, TRUE), STATUS_SUCCESS);
    CHECK(ObDereferenceObject(object) == 0);
    CHECK_STATUS(CboNotifyCallback(object, NULL, NULL), STATUS_INVALID_HANDLE);

    CboSetReportHandler(silent, NULL);
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, keep_notifying, NULL);
    }
    for (int i = 0; i < 5000; i++) {
        CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Dying", 0, TRUE, TRUE), STATUS_SUCCESS);
        PVOID registration = ExRegisterCallback(object, add, &calls);
        CHECK(registration != NULL);
        __atomic_store_n(&Dying, object, __ATOMIC_RELEASE);
        if (i % 100 == 0) {
            ExNotifyCallback(object, NULL, NULL);
        }
        /* In both orders. */
        if (i % 2) {
            ExUnregisterCallback(registration);
            CHECK(ObDereferenceObject(object) == 0);
        } else {
            CHECK(ObDereferenceObject(object) == 0);
            ExUnregisterCallback(registration);
        }
        CHECK_STATUS(CboLastStatus(), STATUS_SUCCESS);
    }
    __atomic_store_n(&Stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(calls >= 50);
}

/* As many objects as there can be pointers to them: 2^14 with 32 bits; with 64 there is no memory for 2^22. */
static void too_many_objects(void)
{
    const int limit = 1 << 14;
    PCALLBACK_OBJECT object = NULL, last = NULL;
    NTSTATUS status = STATUS_SUCCESS;
    char name[64];
    int count;
    for (count = 0; count <= limit && NT_SUCCESS(status); count++) {
        last = object;
        snprintf(name, sizeof name, "\\Callback\\Many%d", count);
        status = CboCreateCallback(&object, name, OBJ_PERMANENT, TRUE, TRUE);
    }
    if (sizeof(void *) > 4) {
        CHECK_STATUS(status, STATUS_SUCCESS);
        return;
    }
    CHECK_STATUS(status, STATUS_INSUFFICIENT_RESOURCES);
    CHECK(count == limit + 1);
    /* Nothing is left of the one that failed, and when another goes, it succeeds. */
    CHECK_STATUS(CboCreateCallback(&object, name, 0, FALSE, TRUE), STATUS_OBJECT_NAME_NOT_FOUND);
    ObMakeTemporaryObject(last);
    CHECK(ObDereferenceObject(last) == 0);
    CHECK_STATUS(CboCreateCallback(&object, name, OBJ_PERMANENT, TRUE, TRUE), STATUS_SUCCESS);
}

static void strings(void)
{
    UNICODE_STRING string = {9, 9, (PWSTR)&string};
    RtlInitUnicodeString(NULL, u"x");
    RtlInitUnicodeString(&string, NULL);
    CHECK(string.Length == 0 && string.MaximumLength == 0 && string.Buffer == NULL);
    RtlInitUnicodeString(&string, u"abc");
    CHECK(string.Length == 6 && string.MaximumLength == 8 && string.Buffer[2] == 'c');
    for (size_t i = 0; i < 32767; i++) {
        Long[i] = 'x';
    }
    RtlInitUnicodeString(&string, Long);
    CHECK(string.Length == 65532 && string.MaximumLength == 65534);

    CHECK_STATUS(CboInitUnicodeString(&string, "a\xC3\xA4\xF0\x9F\x98\x80"), STATUS_SUCCESS);
    CHECK(string.Length == 8 && string.MaximumLength == 10 && string.Buffer[1] == 0xE4);
    CHECK(string.Buffer[2] == 0xD83D && string.Buffer[3] == 0xDE00 && string.Buffer[4] == 0);
    CboFreeUnicodeString(&string);
    CHECK(string.Buffer == NULL && string.Length == 0);
    CboFreeUnicodeString(&string);
    CboFreeUnicodeString(NULL);
    CHECK_STATUS(CboInitUnicodeString(&string, "\xFF"), STATUS_OBJECT_NAME_INVALID);
    CHECK_STATUS(CboInitUnicodeString(&string, NULL), STATUS_INVALID_PARAMETER);
    CHECK_STATUS(CboInitUnicodeString(NULL, "x"), STATUS_INVALID_PARAMETER);
    CHECK(strcmp(CboVersion(), "0.1.0") == 0);
}

static void levels(void)
{
    KIRQL old = 99;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    CHECK(old == PASSIVE_LEVEL);
    /* Down with raise, up with lower, to no level at all: reported, and nothing changes. */
    KeRaiseIrql(APC_LEVEL, &old);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL && old == DISPATCH_LEVEL);
    CHECK_STATUS(CboLastStatus(), STATUS_INVALID_PARAMETER);
    KeRaiseIrql(16, &old);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeLowerIrql(HIGH_LEVEL);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeLowerIrql(PASSIVE_LEVEL);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    CHECK_STATUS(CboLastStatus(), STATUS_SUCCESS);
}

static struct {
    int hints, violations;
    char last[512];
} Reports;

static VOID NTAPI keep(PVOID context, CBO_SEVERITY severity, PCSTR text)
{
    CHECK(context == &Reports);
    Reports.hints += severity == CboHint;
    Reports.violations += severity == CboViolation;
    strncpy(Reports.last, text, sizeof Reports.last - 1);
    /* A handler may call back, and cause another report. */
    if (Reports.violations == 1) {
        ObDereferenceObject(&Reports);
    }
}

static void reports_reach_a_handler(void)
{
    PCALLBACK_OBJECT object = NULL;
    CboSetReportHandler(keep, &Reports);
    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\Hint", 0, TRUE, TRUE), STATUS_SUCCESS);
    CHECK(Reports.hints == 1 && strstr(Reports.last, "\\Callback\\Hint") != NULL);
    ExUnregisterCallback(&object);
    CHECK(Reports.violations == 2 && strstr(Reports.last, "not a callback object") != NULL);
    CboSetReportHandler(NULL, NULL);
    ExUnregisterCallback(&object);
    CHECK(Reports.violations == 2);
}

#define T(name) {#name, name}
static const TEST TESTS[] = {
    T(attributes_are_checked),
    T(foreign_objects), T(notify_of_a_dereferenced_object), T(strings), T(too_many_objects),
    T(levels),          T(reports_reach_a_handler),
};

MAIN(TESTS)
