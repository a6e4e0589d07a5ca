// A driver whose routine throws; with -DENTRY its DriverEntry does.
#include <callback_object.h>

#include <stdexcept>

static void NTAPI throwing_routine(PVOID, PVOID, PVOID)
{
    throw std::runtime_error("not caught in the driver");
}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING)
{
#ifdef ENTRY
    throw std::runtime_error("not caught in the driver");
#endif
    PCALLBACK_OBJECT object = nullptr;
    NTSTATUS status = CboCreateCallback(&object, "\\Callback\\Throwing", OBJ_PERMANENT, TRUE, TRUE);
    if (NT_SUCCESS(status)) {
        ExRegisterCallback(object, throwing_routine, nullptr);
    }
    return status;
}
