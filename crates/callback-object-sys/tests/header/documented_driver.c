/* A driver that uses documented names only. Compiled with -fshort-wchar, as on the documented platform. */
#include <callback_object.h>

typedef struct _MONITOR {
    PCALLBACK_OBJECT Object;
    PVOID Registration;
    LONG Calls;
    KIRQL Level;
} MONITOR, *PMONITOR;

static MONITOR Monitor;

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD MonitorUnload;
CALLBACK_FUNCTION MonitorRoutine;

_Use_decl_annotations_
VOID NTAPI MonitorRoutine(PVOID CallbackContext, PVOID Argument1, PVOID Argument2)
{
    PMONITOR monitor = (PMONITOR)CallbackContext;
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    monitor->Calls++;
    monitor->Level = KeGetCurrentIrql();
}

_Use_decl_annotations_
VOID NTAPI MonitorUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    PAGED_CODE();
    if (Monitor.Registration != NULL) {
        ExUnregisterCallback(Monitor.Registration);
        Monitor.Registration = NULL;
    }
    ObDereferenceObject(Monitor.Object);
}

_Use_decl_annotations_
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status;
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    KIRQL old;

    UNREFERENCED_PARAMETER(RegistryPath);
    RtlInitUnicodeString(&name, L"\\Callback\\TcpConnectionCallback");
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, NULL, NULL);
    status = ExCreateCallback(&Monitor.Object, &attributes, TRUE, TRUE);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Monitor.Registration = ExRegisterCallback(Monitor.Object, MonitorRoutine, &Monitor);
    if (Monitor.Registration == NULL) {
        ObDereferenceObject(Monitor.Object);
        return STATUS_UNSUCCESSFUL;
    }
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    ExNotifyCallback(Monitor.Object, (PVOID)1, NULL);
    KeLowerIrql(old);
    DriverObject->DriverUnload = MonitorUnload;
    return STATUS_SUCCESS;
}
