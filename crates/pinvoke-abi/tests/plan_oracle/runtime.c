/* What generated functions use, whatever the machine; no header, so that no system's is needed. */
struct image {
  unsigned long long ints[32];
  unsigned char vecs[128], x87s[32];
  unsigned long long removed;
  unsigned char stack[1024];
};
struct image image __attribute__((aligned(16)));
unsigned char saved[256] __attribute__((aligned(16)));
unsigned char memory[65536] __attribute__((aligned(64)));
void (*inspect)(void);
/* bytes of stack that the callee removes */
unsigned long removed;
void capture(void);
/* volatile, or a compiler sees that the callee is not variadic and leaves al alone */
void (*volatile callee)(void) = capture;
extern long write(int, const void *, unsigned long);
extern void run(void);
void put(const void *from, unsigned long size) { if (size) write(1, from, size); }
void put_image(void) { put(&image, sizeof image); }
/* what an address leads to; something else where it leads nowhere */
void put_at(unsigned long place, unsigned long size) {
  if (size && write(1, *(void **)((char *)&image + place), size) < 0) write(1, saved, size);
}
void copy(void *to, const void *from, unsigned long size) {
  for (unsigned long i = 0; i < size; i++) ((volatile char *)to)[i] = ((const char *)from)[i];
}
void blank(void) { for (unsigned long i = 0; i < sizeof memory; i++) ((volatile char *)memory)[i] = 0x5A; }
/* systems with underscores call these by such names */
void *underscore_memcpy(void *to, const void *from, unsigned long size) __asm__("_memcpy");
void *underscore_memcpy(void *to, const void *from, unsigned long size) { copy(to, from, size); return to; }
void *underscore_memset(void *to, int byte, unsigned long size) __asm__("_memset");
void *underscore_memset(void *to, int byte, unsigned long size) {
  for (unsigned long i = 0; i < size; i++) ((volatile char *)to)[i] = byte;
  return to;
}
void underscore_bzero(void *to, unsigned long size) __asm__("_bzero");
void underscore_bzero(void *to, unsigned long size) { underscore_memset(to, 0, size); }
int main(void) { run(); return 0; }
