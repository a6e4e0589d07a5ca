/* A driver that links with no library: it is handed the functions. */
#include <callback_object.h>
#include <stddef.h>

static const CBO_FUNCTIONS *Functions;
static PCALLBACK_OBJECT Object;
static PVOID Registration;
static int Calls;

CBO_EXPORT VOID NTAPI CboReceiveFunctions(PCCBO_FUNCTIONS Handed)
{
    Functions = Handed;
}

static VOID NTAPI DriverRoutine(PVOID CallbackContext, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Argument1);
    *(int *)Argument2 = ++*(int *)CallbackContext;
}

static VOID NTAPI DriverUnloadRoutine(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    Functions->ExUnregisterCallback(Registration);
    Functions->ObDereferenceObject(Object);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status;

    UNREFERENCED_PARAMETER(RegistryPath);
    /* The last member that this driver uses. */
    if (Functions->Revision != 1 ||
        Functions->Size < offsetof(CBO_FUNCTIONS, CboLastStatus) + sizeof(PVOID)) {
        return STATUS_REVISION_MISMATCH;
    }
    status = Functions->CboCreateCallback(&Object, "\\Callback\\Unlinked", OBJ_PERMANENT, TRUE, TRUE);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Registration = Functions->ExRegisterCallback(Object, DriverRoutine, &Calls);
    if (Registration == NULL) {
        return Functions->CboLastStatus();
    }
    DriverObject->DriverUnload = DriverUnloadRoutine;
    return STATUS_SUCCESS;
}
