// A driver in C++ that finds the object by its name and registers routines which come and go while the
// object is being notified.
#include <callback_object.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <mutex>

namespace {

/// A registered member function; unregistered when it goes out of scope.
class Registration {
public:
    Registration(PCALLBACK_OBJECT object, PCALLBACK_FUNCTION routine, void *context)
        : handle_(ExRegisterCallback(object, routine, context)) {}
    Registration(const Registration &) = delete;
    Registration &operator=(const Registration &) = delete;
    ~Registration() { unregister(); }

    explicit operator bool() const { return handle_.load() != nullptr; }

    /// Whoever comes first unregisters; the routine itself may be the one.
    void unregister()
    {
        if (void *handle = handle_.exchange(nullptr)) {
            ExUnregisterCallback(handle);
        }
    }

private:
    std::atomic<void *> handle_;
};

class Monitor {
public:
    explicit Monitor(PCALLBACK_OBJECT object)
        : object_(object), all_(object, &Monitor::every, this), first_(object, &Monitor::once, this)
    {
    }
    ~Monitor()
    {
        // In this order: a routine that is still running may use the members declared before it.
        first_.unregister();
        {
            std::lock_guard<std::mutex> lock(mutex_);
            second_.reset();
        }
        all_.unregister();
        ObDereferenceObject(object_);
    }

private:
    /// Called at every notification.
    static void NTAPI every(void *context, void *connection, void *)
    {
        auto *self = static_cast<Monitor *>(context);
        if (KeGetCurrentIrql() < DISPATCH_LEVEL) {
            std::lock_guard<std::mutex> lock(self->mutex_);
            self->seen_.insert(reinterpret_cast<std::uintptr_t>(connection));
        }
    }

    /// Unregisters itself and registers another routine, from inside a notification.
    static void NTAPI once(void *context, void *, void *)
    {
        auto *self = static_cast<Monitor *>(context);
        if (KeGetCurrentIrql() >= DISPATCH_LEVEL || self->handed_over_.exchange(true)) {
            return;
        }
        self->first_.unregister();
        std::lock_guard<std::mutex> lock(self->mutex_);
        self->second_ = std::make_unique<Registration>(self->object_, &Monitor::every, self);
    }

    PCALLBACK_OBJECT object_;
    std::mutex mutex_;
    std::set<std::uintptr_t> seen_;
    std::atomic<bool> handed_over_{false};
    std::unique_ptr<Registration> second_;
    Registration all_;
    Registration first_;
};

std::unique_ptr<Monitor> monitor;

void NTAPI unload(PDRIVER_OBJECT)
{
    monitor.reset();
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING)
{
    PCALLBACK_OBJECT object = nullptr;
    NTSTATUS status =
        CboCreateCallback(&object, "\\callback\\tcpconnectioncallback", OBJ_CASE_INSENSITIVE, FALSE, FALSE);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    monitor = std::make_unique<Monitor>(object);
    driver->DriverUnload = unload;
    return STATUS_SUCCESS;
}
