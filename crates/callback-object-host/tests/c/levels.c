/* Rule 27 as a C program sees it: every function has the highest level that the documentation gives it. */
#include "check.h"

static PCALLBACK_OBJECT Object;
static PVOID Registration;
static int Calls;

static NTSTATUS create_documented(void)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(u"\\Callback\\Rule27");
    OBJECT_ATTRIBUTES attributes;
    PCALLBACK_OBJECT object = NULL;
    InitializeObjectAttributes(&attributes, &name, OBJ_PERMANENT, NULL, NULL);
    return ExCreateCallback(&object, &attributes, TRUE, TRUE);
}

static NTSTATUS open_utf8(void)
{
    PCALLBACK_OBJECT object = NULL;
    return CboCreateCallback(&object, "\\Callback\\Rule27", 0, FALSE, TRUE);
}

static NTSTATUS register_documented(void)
{
    PVOID registration = ExRegisterCallback(Object, count, &Calls);
    NTSTATUS status = CboLastStatus();
    CHECK((registration != NULL) == NT_SUCCESS(status));
    return status;
}

static NTSTATUS register_with_status(void)
{
    PVOID registration = NULL;
    return CboRegisterCallback(Object, count, &Calls, NULL, &registration);
}

static NTSTATUS unregister_documented(void)
{
    ExUnregisterCallback(Registration);
    return CboLastStatus();
}

static NTSTATUS unregister_with_status(void)
{
    return CboUnregisterCallback(Registration);
}

static NTSTATUS notify_documented(void)
{
    int before = Calls;
    ExNotifyCallback(Object, NULL, NULL);
    /* Its success leaves the last status as it was. */
    return Calls > before ? STATUS_SUCCESS : CboLastStatus();
}

static NTSTATUS notify_with_status(void)
{
    return CboNotifyCallback(Object, NULL, NULL);
}

static NTSTATUS reference(void)
{
    LONG_PTR counted = ObReferenceObject(Object);
    NTSTATUS status = CboLastStatus();
    CHECK((counted != 0) == NT_SUCCESS(status));
    return status;
}

static NTSTATUS dereference(void)
{
    ObDereferenceObject(Object);
    return CboLastStatus();
}

static NTSTATUS make_temporary(void)
{
    ObMakeTemporaryObject(Object);
    return CboLastStatus();
}

static NTSTATUS load(void)
{
    PCBO_DRIVER driver = NULL;
    NTSTATUS status = CboLoadDriver("no/such/driver", &driver);
    /* It was looked for. */
    return status == STATUS_DLL_NOT_FOUND ? STATUS_SUCCESS : status;
}

static const struct {
    const char *name;
    NTSTATUS (*call)(void);
    KIRQL highest;
} FUNCTIONS[] = {
    {"ExCreateCallback", create_documented, APC_LEVEL},
    {"CboCreateCallback", open_utf8, APC_LEVEL},
    {"ExRegisterCallback", register_documented, APC_LEVEL},
    {"CboRegisterCallback", register_with_status, APC_LEVEL},
    {"ExUnregisterCallback", unregister_documented, APC_LEVEL},
    {"CboUnregisterCallback", unregister_with_status, APC_LEVEL},
    {"ExNotifyCallback", notify_documented, DISPATCH_LEVEL},
    {"CboNotifyCallback", notify_with_status, DISPATCH_LEVEL},
    {"ObReferenceObject", reference, DISPATCH_LEVEL},
    {"ObDereferenceObject", dereference, DISPATCH_LEVEL},
    {"ObMakeTemporaryObject", make_temporary, APC_LEVEL},
    {"CboLoadDriver", load, PASSIVE_LEVEL},
};

enum { COUNT = sizeof(FUNCTIONS) / sizeof(FUNCTIONS[0]) };

static const KIRQL LEVELS[] = {PASSIVE_LEVEL, APC_LEVEL, DISPATCH_LEVEL, DISPATCH_LEVEL + 1, HIGH_LEVEL};

/* How often a violation was reported. */
static int Reports;

static VOID NTAPI count_reports(PVOID context, CBO_SEVERITY severity, PCSTR text)
{
    (void)context;
    Reports += severity == CboViolation && strstr(text, "IRQL too high") != NULL;
    fprintf(stderr, "%s\n", text);
}

/* Calls every function at every level; what is forbidden fails or not, and is reported or not. */
static void try_all(CBO_VIOLATIONS mode, NTSTATUS forbidden, int reported)
{
    CboSetReportHandler(count_reports, NULL);
    CHECK_STATUS(CboSetViolations(mode, FALSE), STATUS_SUCCESS);
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < sizeof(LEVELS); k++) {
            KIRQL old;
            Object = create("\\Callback\\Rule27");
            Registration = ExRegisterCallback(Object, count, &Calls);
            CHECK(Registration != NULL);
            Reports = 0;
            fprintf(stderr, "%s at level %d\n", FUNCTIONS[i].name, LEVELS[k]);
            KeRaiseIrql(LEVELS[k], &old);
            NTSTATUS status = FUNCTIONS[i].call();
            KeLowerIrql(old);
            int is_forbidden = LEVELS[k] > FUNCTIONS[i].highest;
            CHECK_STATUS(status, is_forbidden ? forbidden : STATUS_SUCCESS);
            CHECK(Reports == (is_forbidden ? reported : 0));
        }
    }
}

static void rule_27_every_function_has_its_level(void)
{
    try_all(CboRefuseViolations, STATUS_INVALID_DEVICE_STATE, 1);
    /* What was refused had no effect. */
    Object = create("\\Callback\\Rule27");
    KeRaiseIrqlToDpcLevel();
    ObMakeTemporaryObject(Object);
    KeLowerIrql(PASSIVE_LEVEL);
    CHECK(create("\\Callback\\Rule27") == Object);
}

static void rule_27_or_is_only_reported(void)
{
    try_all(CboReportViolations, STATUS_SUCCESS, 1);
}

static void rule_27_or_not_even_that(void)
{
    try_all(CboIgnoreViolations, STATUS_SUCCESS, 0);
}

#define T(name) {#name, name}
static const TEST TESTS[] = {
    T(rule_27_every_function_has_its_level),
    T(rule_27_or_is_only_reported),
    T(rule_27_or_not_even_that),
};

MAIN(TESTS)
