// Handles that count: how many are open, and how often one was closed that was not open.
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct thing { int number; } thing;
static int open_things, wrong;
static bool is_open[1000];
int things_open(void) { return open_things; }
int things_wrong(void) { return wrong; }

thing *thing_open(int number) {
    if (number < 0) return NULL;
    thing *t = malloc(sizeof *t);
    t->number = number;
    is_open[number] = true;
    open_things++;
    return t;
}
void thing_close(thing *t) {
    if (!is_open[t->number]) { wrong++; return; }
    is_open[t->number] = false;
    open_things--;
    free(t);
}
int thing_number(const thing *t) { return t ? t->number : -1; }
int thing_open_out(int number, thing **out) { *out = thing_open(number); return number > 100 ? -1 : 0; }
void thing_leave(thing **t) { (void)t; }
void thing_replace(thing **t, int number) { *t = thing_open(number); }
void thing_destroy(thing **t) { if (*t) thing_close(*t); *t = NULL; }
void thing_renew(thing **t) { int n = *t ? (*t)->number : 0; if (*t) thing_close(*t); *t = thing_open(n + 1); }
void thing_out_and_call(thing **out, void (*call)(const thing *)) { *out = thing_open(7); call(*out); }
void thing_visit(thing *t, void (*call)(const thing *)) { call(t); call(NULL); }
thing *thing_call_and_open(void (*call)(int), int n) { call(n); return thing_open(9); }
int thing_out_last(void (*call)(int), int n, thing **out) { *out = n < 0 ? NULL : thing_open(n); call(n); return n < 0 ? -1 : 0; }
const char *thing_bad_text(thing **out) { *out = thing_open(8); return "\xff"; }
typedef struct { int before; thing *t; } holder;
int holder_number(const holder *h) { return h->before + thing_number(h->t); }
void holder_set(holder *h, int number) { h->t = number < 0 ? NULL : thing_open(number); }

int slot_open(int number) { if (number < 0) return -1; is_open[number] = true; open_things++; return number; }
int slot_close(int number) { if (!is_open[number]) { wrong++; return -1; } is_open[number] = false; open_things--; return 0; }
int slot_pair(int a, int b) { return a * 1000 + b; }
