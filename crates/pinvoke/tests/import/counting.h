/* Memory that counts: every block is freed exactly once, by the thread that asked for it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>
#include <wchar.h>

#define ALIVE 0x616c697665616c69ULL

static __thread long live_blocks;

void *counted_alloc(size_t n) {
    uint64_t *block = malloc(16 + n);
    block[0] = ALIVE;
    live_blocks++;
    return block + 2;
}

void counted_free(void *memory) {
    uint64_t *block = (uint64_t *)memory - 2;
    if (block[0] != ALIVE) {
        fprintf(stderr, "freed twice, or not allocated here\n");
        abort();
    }
    block[0] = 0;
    live_blocks--;
    free(block);
}

int64_t counted_live(void) { return live_blocks; }

static inline char *counted_copy(const char *text) {
    char *copy = counted_alloc(strlen(text) + 1);
    return strcpy(copy, text);
}
