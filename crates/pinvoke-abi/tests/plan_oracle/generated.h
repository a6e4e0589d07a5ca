/* What generated functions see of the runtime. The labels keep systems from decorating the names. */
#if defined(__i386__)
typedef unsigned int word;
#else
typedef unsigned long long word;
#endif
enum e { e0, e1 };
extern void (*inspect)(void) __asm__("inspect");
extern void (*volatile callee)(void) __asm__("callee");
extern word removed __asm__("removed");
extern unsigned char memory[65536] __asm__("memory");
void put(const void *from, word size) __asm__("put");
void put_image(void) __asm__("put_image");
void put_at(word place, word size) __asm__("put_at");
void copy(void *to, const void *from, word size) __asm__("copy");
void blank(void) __asm__("blank");
void result(void *function, void *memory, int x87) __asm__("result");
void run(void) __asm__("run");
