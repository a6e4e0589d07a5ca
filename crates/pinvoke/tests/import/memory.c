// Functions whose counts are wrong by far.
#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

static const char16_t units[4] = {'a', 'b', 'c', 0};
static const char *texts[2] = {"a", "b"};

const void *some_units(size_t n) { return n ? units : NULL; }
const void *some_texts(size_t n) { return n ? texts : NULL; }
void fill(void *room, size_t n) { if (n) *(char *)room = 'x'; }
struct sized { void *room; int64_t size; };
void fill_member(struct sized *s) { if (s->size) *(char *)s->room = 'x'; }
