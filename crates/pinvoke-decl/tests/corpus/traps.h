/* One declaration per trap. */
typedef union { const struct sockaddr *__sockaddr__; const struct sockaddr_in *__sockaddr_in__; }
    __CONST_SOCKADDR_ARG __attribute__((__transparent_union__));
extern int bind(int __fd, __CONST_SOCKADDR_ARG __addr, socklen_t __len) __attribute__((__nothrow__));
extern char *strerror_r(int, char *, size_t) __asm__("" "__xpg_strerror_r") __attribute__((nonnull(2)));
typedef int size; /* hides nothing */
int shadow(int size_t, size size);
struct flags {
    unsigned a : 3, : 5, b : 7;
    int : 0;
    enum { LOW, HIGH = 'a' + (1 << 4), LAST = HIGH ? HIGH : 1 / 0 } level : 8;
    _Bool on : 1;
};
#pragma pack(push, 2)
struct tight { char c; long long l; double _Complex z; };
#pragma pack(pop)
struct outer {
    union { struct { int x, y; }; long both; };
    struct { char c; } named[2 + sizeof(struct tight) / __alignof__(struct tight)];
    void (*(*table[__builtin_offsetof(struct tight, l) * 0 + 3])(int, ...))(const char *restrict);
    long long unsigned int long_last;
    char tail[];
} __attribute__((aligned(32)));
enum small { ONE = 1, TWO } __attribute__((packed));
enum big { HUGE_VALUE = 0x100000000ull, NEGATIVE = -1 };
__extension__ typedef long long int quad __attribute__((mode(DI)));
static __inline__ int helper(int x) { return x ? (x + 1) : ({ int y = x; y; }); }
extern const char *const names[], version[16];
void (*signal_like(int, void (*)(int)))(int);
int __attribute__((ms_abi)) windows_like(int (__attribute__((sysv_abi)) *callback)(void), __int128 wide);
_Static_assert(sizeof(int) == 4, "int");
_Noreturn void leave(int) __attribute__((__noreturn__));
extern _Thread_local int error_number, *where;
int matrix(int rows, int columns, double m[static rows][columns], void data[.rows * .columns]);
# 70 "elsewhere.h" 1 3
long double __attribute__((aligned(64))) aligned_value;
