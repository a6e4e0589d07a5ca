/* Loads and unloads the drivers it is given, one after the other, while two threads notify their object.
 *
 *   unload COUNT DRIVER...
 */
#include "check.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static PCALLBACK_OBJECT Object;
static atomic_int Stop, Notifications;

static void *notify(void *unused)
{
    (void)unused;
    while (!atomic_load(&Stop)) {
        ExNotifyCallback(Object, NULL, NULL);
        atomic_fetch_add(&Notifications, 1);
    }
    return NULL;
}

#ifdef _WIN32
__declspec(dllimport) void *__stdcall GetModuleHandleA(const char *name);

static int is_mapped(const char *path)
{
    return GetModuleHandleA(path) != NULL;
}
#else
static int is_mapped(const char *path)
{
    char line[4096];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        found |= strstr(line, path) != NULL;
    }
    fclose(maps);
    return found;
}
#endif

static VOID NTAPI silent(PVOID context, CBO_SEVERITY severity, PCSTR text)
{
    (void)context, (void)severity, (void)text;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    CHECK(argc > 2);
    CboSetReportHandler(silent, NULL);
    Object = create("\\Callback\\Poisoned");
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, notify, NULL);
    }
    for (int i = 0; i < atoi(argv[1]); i++) {
        const char *path = argv[2 + i % (argc - 2)];
        PCBO_DRIVER driver = NULL;
        CHECK_STATUS(CboLoadDriver(path, &driver), STATUS_SUCCESS);
        CHECK(is_mapped(path));
        int before = atomic_load(&Notifications);
        while (atomic_load(&Notifications) < before + 20) {
            sched_yield();
        }
        CHECK_STATUS(CboUnloadDriver(driver, CboRevokeLeftovers), STATUS_SUCCESS);
        CHECK(!is_mapped(path));
        CHECK_STATUS(CboUnloadDriver(driver, CboRevokeLeftovers), STATUS_INVALID_HANDLE);
    }
    atomic_store(&Stop, 1);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}
