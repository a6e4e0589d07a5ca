/* A driver in C that defines a callback object and notifies it from two threads of its own.
 *
 *   \Callback\TcpConnectionCallback
 *   Argument1: the number of the connection, from 1 on
 *   Argument2: 1 opened, 0 closed
 */
#include <callback_object.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define NOTIFIERS 2

static PCALLBACK_OBJECT Object;
static pthread_t Notifiers[NOTIFIERS];
static atomic_bool Stopping;
static atomic_uintptr_t LastConnection;

static void *Notify(void *unused)
{
    const struct timespec pause = {0, 200 * 1000};

    UNREFERENCED_PARAMETER(unused);
    while (!atomic_load(&Stopping)) {
        PVOID connection = (PVOID)(atomic_fetch_add(&LastConnection, 1) + 1);
        KIRQL old;

        ExNotifyCallback(Object, connection, (PVOID)1);
        /* What happens in an interrupt is notified at a raised level. */
        KeRaiseIrql(DISPATCH_LEVEL, &old);
        ExNotifyCallback(Object, connection, (PVOID)0);
        KeLowerIrql(old);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static VOID NTAPI ConnectionUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    atomic_store(&Stopping, 1);
    for (int i = 0; i < NOTIFIERS; i++) {
        pthread_join(Notifiers[i], NULL);
    }
    ObMakeTemporaryObject(Object);
    ObDereferenceObject(Object);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const WCHAR text[] = u"\\Callback\\TcpConnectionCallback";
    UNICODE_STRING name = RTL_CONSTANT_STRING(text);
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;

    UNREFERENCED_PARAMETER(RegistryPath);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, NULL, NULL);
    status = ExCreateCallback(&Object, &attributes, TRUE, TRUE);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    for (int i = 0; i < NOTIFIERS; i++) {
        if (pthread_create(&Notifiers[i], NULL, Notify, NULL) != 0) {
            atomic_store(&Stopping, 1);
            while (i-- > 0) {
                pthread_join(Notifiers[i], NULL);
            }
            ObMakeTemporaryObject(Object);
            ObDereferenceObject(Object);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    DriverObject->DriverUnload = ConnectionUnload;
    return STATUS_SUCCESS;
}
