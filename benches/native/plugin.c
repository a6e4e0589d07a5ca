/* What a plug-in pays: loops over the C interface, and over an array of routines, in an image of its own. */
#include <callback_object.h>
#include <stddef.h>

struct pair {
    PCALLBACK_FUNCTION routine;
    void *context;
};

CBO_EXPORT void notify_many(void *object, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        ExNotifyCallback(object, NULL, NULL);
    }
}

CBO_EXPORT void call_many(struct pair *pairs, size_t length, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        for (size_t k = 0; k < length; k++) {
            pairs[k].routine(pairs[k].context, NULL, NULL);
        }
        /* Somebody else may have changed the array. */
        __asm__ volatile("" ::: "memory");
    }
}

CBO_EXPORT void register_many(void *object, PCALLBACK_FUNCTION routine, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        ExUnregisterCallback(ExRegisterCallback(object, routine, NULL));
    }
}
