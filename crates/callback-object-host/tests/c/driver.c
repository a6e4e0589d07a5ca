/* A driver with one routine, whose behaviour is chosen when it is compiled.
 *
 *   OBJECT   the name of its object
 *   LEAVE    it leaves the routine registered
 *   NO_UNLOAD, FAIL, NO_ENTRY
 *   UNLOAD   the routine unloads the driver that its first argument names
 */
#include <callback_object.h>

#ifndef OBJECT
#define OBJECT "\\Callback\\Driver"
#endif

static PCALLBACK_OBJECT Object;
static PVOID Registration;
static int Calls;

static VOID NTAPI DriverRoutine(PVOID CallbackContext, PVOID Argument1, PVOID Argument2)
{
    ++*(int *)CallbackContext;
#ifdef UNLOAD
    *(NTSTATUS *)Argument2 = CboUnloadDriver((PCBO_DRIVER)Argument1, CboRevokeLeftovers);
    /* This code and this variable are still there. */
    ++*(volatile int *)CallbackContext;
#else
    UNREFERENCED_PARAMETER(Argument1);
    if (Argument2 != NULL) {
        *(int *)Argument2 = Calls;
    }
#endif
}

static VOID NTAPI DriverUnloadRoutine(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
#ifndef LEAVE
    ExUnregisterCallback(Registration);
#endif
    ObDereferenceObject(Object);
}

#ifdef NO_ENTRY
CBO_EXPORT PVOID Nothing[] = {&Registration, (PVOID)DriverRoutine, (PVOID)DriverUnloadRoutine};
#else
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status;

    if (DriverObject->Type != 4 || DriverObject->Size != sizeof(DRIVER_OBJECT) ||
        (ULONG_PTR)DriverEntry - (ULONG_PTR)DriverObject->DriverStart >= DriverObject->DriverSize ||
        DriverObject->DriverInit != DriverEntry || DriverObject->DriverUnload != NULL ||
        DriverObject->DriverName.Buffer[1] != 'D' || RegistryPath->Buffer[1] != 'R') {
        return STATUS_INVALID_PARAMETER;
    }
    status = CboCreateCallback(&Object, OBJECT, OBJ_PERMANENT, TRUE, TRUE);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Registration = ExRegisterCallback(Object, DriverRoutine, &Calls);
    if (Registration == NULL) {
        return CboLastStatus();
    }
#ifdef FAIL
    UNREFERENCED_PARAMETER(DriverUnloadRoutine);
    return STATUS_INSUFFICIENT_RESOURCES;
#endif
#ifndef NO_UNLOAD
    DriverObject->DriverUnload = DriverUnloadRoutine;
#else
    UNREFERENCED_PARAMETER(DriverUnloadRoutine);
#endif
    return STATUS_SUCCESS;
}
#endif
