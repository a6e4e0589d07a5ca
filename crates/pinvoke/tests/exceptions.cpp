// Native code that throws, catches and faults, below and above callbacks.
#include <stdexcept>

#ifdef _WIN32
#define API extern "C" __declspec(dllexport)
#else
#define API extern "C"
#endif

typedef int (*callback)(int);

API int throws(int n)
{
    if (n >= 0) throw std::runtime_error("thrown by C++");
    return n;
}

API int catches_itself(int n)
{
    try {
        return throws(n);
    } catch (const std::exception &) {
        return n + 1;
    }
}

// What a program in C++ may hope for: an exception of its own comes back to it through a callback.
API int calls_and_catches(callback f, int n)
{
    try {
        return f(n);
    } catch (const std::exception &) {
        return -100;
    }
}

API int reads_address_16(int)
{
    return *(volatile int *)16;
}
