/* The library is used, and then told to lead to another implementation: it refuses. */
#include "check.h"

extern NTSTATUS NTAPI CboAdoptImplementation(const void *interface);

int main(void)
{
    const uint32_t other[64] = {8, 1};
    PCALLBACK_OBJECT object = create("\\Callback\\Adopt");
    PVOID implementation = CboImplementation();
    CHECK(implementation != NULL);
    CHECK_STATUS(CboAdoptImplementation(NULL), STATUS_INVALID_PARAMETER);
    CHECK_STATUS(CboAdoptImplementation(other), STATUS_REVISION_MISMATCH);
    /* A copy of its own table has the right shape, and is not the one that is in use. */
    uint32_t size = *(uint32_t *)implementation;
    void *copy = malloc(size);
    memcpy(copy, implementation, size);
    CHECK_STATUS(CboAdoptImplementation(copy), STATUS_REVISION_MISMATCH);
    CHECK(CboImplementation() == implementation);
    CHECK(ObDereferenceObject(object) == 0);
    free(copy);
    return 0;
}
