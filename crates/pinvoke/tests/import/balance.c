/* Functions in the conventions of 32-bit x86, under their plain names: compilers for Windows would decorate them. All are
   exported, since none is marked for it. */
#ifdef _WIN32
#define NAMED(name) __asm__("_" #name)
#else
#define NAMED(name) __asm__(#name)
#endif

#ifdef __i386__
#define CONVENTION(conv) __attribute__((conv))
#else
#define CONVENTION(conv)
#endif

#define FUNCTION(conv, result, name, parameters, value) \
    CONVENTION(conv) result name##_##conv parameters NAMED(name##_##conv); \
    CONVENTION(conv) result name##_##conv parameters { return value; }

#define FUNCTIONS(conv) \
    FUNCTION(conv, int, balance_four, (int a, int b, int c, int d), a + 10 * b + 100 * c + 1000 * d) \
    FUNCTION(conv, double, balance_half, (double x), x / 2) \
    FUNCTION(conv, int, balance_text, (const char *text, int n), text[n])

FUNCTIONS(cdecl)
FUNCTIONS(stdcall)
FUNCTIONS(fastcall)

typedef CONVENTION(stdcall) int stdcall_four(int a, int b, int c, int d);
stdcall_four *balance_handed_out(void);
stdcall_four *balance_handed_out(void) { return balance_four_stdcall; }
