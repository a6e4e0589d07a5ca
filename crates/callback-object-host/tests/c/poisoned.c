/* A driver whose context is poisoned and freed as soon as its routine is unregistered, by the driver itself or,
 * with -DRELEASE, by the function that is registered with it for that. With -DLEAVE it unregisters nothing. */
#include <callback_object.h>
#include <stdlib.h>
#include <string.h>

#define LIVE 0x11223344u

typedef struct {
    unsigned state;
    unsigned *watched;
} CONTEXT;

static PCALLBACK_OBJECT Object;
static PVOID Registrations[4];
static CONTEXT *Contexts[4];

static VOID NTAPI PoisonedRoutine(PVOID CallbackContext, PVOID Argument1, PVOID Argument2)
{
    CONTEXT *context = CallbackContext;
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    for (int i = 0; i < 20; i++) {
        if (*(volatile unsigned *)&context->state != LIVE || *context->watched != LIVE) {
            abort();
        }
    }
}

static VOID NTAPI Poison(PVOID CallbackContext)
{
    CONTEXT *context = CallbackContext;
    *context->watched = 0;
    free(context->watched);
    memset(context, 0xEE, sizeof *context);
    free(context);
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
#ifndef LEAVE
    for (int i = 0; i < 4; i++) {
        ExUnregisterCallback(Registrations[i]);
#ifndef RELEASE
        Poison(Contexts[i]);
#endif
    }
#endif
    ObDereferenceObject(Object);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS status = CboCreateCallback(&Object, "\\Callback\\Poisoned", 0, FALSE, TRUE);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    for (int i = 0; i < 4; i++) {
        CONTEXT *context = Contexts[i] = malloc(sizeof *context);
        context->state = LIVE;
        context->watched = malloc(sizeof *context->watched);
        *context->watched = LIVE;
#if defined(RELEASE) || defined(LEAVE)
        status = CboRegisterCallback(Object, PoisonedRoutine, context, Poison, &Registrations[i]);
        if (!NT_SUCCESS(status)) {
            return status;
        }
#else
        Registrations[i] = ExRegisterCallback(Object, PoisonedRoutine, context);
#endif
    }
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
