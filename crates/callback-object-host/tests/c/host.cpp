// A host in C++: loads the drivers it is given, notifies an object, and catches every exception, in vain.
#include "check.h"

int main(int argc, char **argv)
try {
    CHECK(argc >= 2);
    for (int i = 2; i < argc; i++) {
        PCBO_DRIVER driver = nullptr;
        CHECK_STATUS(CboLoadDriver(argv[i], &driver), STATUS_SUCCESS);
    }
    PCALLBACK_OBJECT object = nullptr;
    CHECK_STATUS(CboCreateCallback(&object, argv[1], 0, FALSE, FALSE), STATUS_SUCCESS);
    ExNotifyCallback(object, nullptr, nullptr);
    return 0;
} catch (...) {
    fprintf(stderr, "an exception has crossed the border\n");
    return 3;
}
