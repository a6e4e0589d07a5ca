// Structures of every shape. The functions named Test* behave as those of the documented PInvokeLib.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

// Allocations that are alive, and a free that counts.
static int alive;
int alive_texts(void) { return alive; }
void *counted_malloc(size_t n) { alive++; return malloc(n); }
void counted_free(void *p) { if (p) { alive--; free(p); } }
static char *counted_copy(const char *s) { return strcpy(counted_malloc(strlen(s) + 1), s); }

typedef struct { char *first; char *last; } MYPERSON;
typedef struct { MYPERSON *person; int age; } MYPERSON2;
typedef struct { MYPERSON person; int age; } MYPERSON3;
typedef struct { bool flag; int vals[3]; } MYARRAYSTRUCT;
typedef union { int i; double d; } MYUNION;
typedef union { int i; char str[128]; } MYUNION2;

// "Lee" becomes "McLee"; the old text is freed.
static void rename_person(MYPERSON *person) {
    char *old = person->last;
    person->last = counted_malloc(strlen(old) + 3);
    strcpy(person->last, "Mc");
    strcat(person->last, old);
    counted_free(old);
}
int TestStructInStruct(MYPERSON2 *p) { rename_person(p->person); return p->age; }
// By value: what it sees, as a number.
int TestStructInStruct3(MYPERSON3 p) { return (int)(strlen(p.person.first) * 100 + strlen(p.person.last) * 10000) + p.age; }
int TestArrayInStruct(MYARRAYSTRUCT *s) {
    int sum = s->flag;
    s->flag = true;
    for (int i = 0; i < 3; i++) { sum += s->vals[i]; s->vals[i] += 100; }
    return sum;
}
double TestUnion(MYUNION u, int type) { return type == 1 ? u.i : u.d; }
int TestUnion2(MYUNION2 u, int type) { return type == 1 ? u.i : (int)strlen(u.str); }
int TestArrayOfStructs2(MYPERSON *people, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) {
        sum += strlen(people[i].first) + strlen(people[i].last);
        rename_person(&people[i]);
    }
    return sum;
}

// Everything that has a form of its own.
typedef struct {
    char tag;
    char16_t wide[8];
    char narrow[6];
    int bool32;
    short variant;
    bool flag;
    int grades[3];
    struct { double x, y; } corner[2];
    char *text;
    char16_t *wide_text;
    int (*negate)(int);
    int level;
    unsigned access;
} EVERY;
size_t every_layout(size_t *out) {
    size_t at[] = { offsetof(EVERY, tag), offsetof(EVERY, wide), offsetof(EVERY, narrow), offsetof(EVERY, bool32),
        offsetof(EVERY, variant), offsetof(EVERY, flag), offsetof(EVERY, grades), offsetof(EVERY, corner),
        offsetof(EVERY, text), offsetof(EVERY, wide_text), offsetof(EVERY, negate), offsetof(EVERY, level),
        offsetof(EVERY, access), sizeof(EVERY) };
    memcpy(out, at, sizeof at);
    return sizeof at / sizeof *at;
}
static int negate(int n) { return -n; }
// What it sees, in words.
void every_describe(const EVERY *e, char *out, size_t n) {
    snprintf(out, n, "%c %x %x %s %d %d %d %d,%d,%d %g %g %s %x %d %d %x", e->tag, e->wide[0], e->wide[1], e->narrow,
        e->bool32, e->variant, e->flag, e->grades[0], e->grades[1], e->grades[2], e->corner[0].x, e->corner[1].y,
        e->text ? e->text : "null", e->wide_text[0], e->negate ? e->negate(5) : 0, e->level, e->access);
}
EVERY every_make(void) {
    EVERY e = { 'z', u"äb", "full6!", 7, 1, true, { 1, 2, 3 }, { { 1, 2 }, { 3, 4 } }, "made", u"x\x263a", negate, 3, 5 };
    return e;
}
void every_fill(EVERY *e) { *e = every_make(); }
void every_set(EVERY *e, int level, unsigned access) { e->level = level; e->access = access; }
int every_by_value(int before, EVERY e, int after) { return before + e.grades[2] + after + (e.variant == -1); }
int each_every(int (*visit)(const EVERY *e)) { EVERY e = every_make(); return visit(&e) * 10 + visit(NULL); }

// Layouts.
#pragma pack(push, 1)
typedef struct { signed char a; int b; short c; } PACKED;
#pragma pack(pop)
typedef struct { int a; char rest[12]; } SIZED;
typedef union { struct { uint32_t lo, hi; }; uint64_t whole; double d; } OVERLAP;
typedef struct { float x; float pad; double y; } SPREAD;
int packed_sum(PACKED p) { return p.a + p.b + p.c; }
PACKED packed_make(void) { PACKED p = { 1, 1000000, -3 }; return p; }
SIZED sized_make(SIZED s) { s.a++; s.rest[11] = 1; return s; }
OVERLAP overlap_add(OVERLAP o) { o.whole += 0x100000001; return o; }
SPREAD spread_swap(SPREAD s) { SPREAD r = { (float)s.y, 0, s.x }; return r; }
size_t layouts(size_t *out) {
    size_t at[] = { sizeof(PACKED), offsetof(PACKED, c), sizeof(SIZED), sizeof(OVERLAP), sizeof(SPREAD) };
    memcpy(out, at, sizeof at);
    return sizeof at / sizeof *at;
}

// Structures behind pointers that are returned.
static MYPERSON3 somebody = { { "Ann", "Bo" }, 44 };
MYPERSON3 *borrowed_person(void) { return &somebody; }
MYPERSON3 *no_person(void) { return NULL; }
MYPERSON *given_person(void) {
    MYPERSON *p = counted_malloc(sizeof *p);
    p->first = counted_copy("given");
    p->last = counted_copy("away");
    return p;
}
void fill_person(MYPERSON *p) { p->first = counted_copy("out"); p->last = counted_copy("put"); }
MYPERSON person_by_value(void) { MYPERSON p = { counted_copy("by"), counted_copy("value") }; return p; }
void bad_person(MYPERSON *p) { p->first = counted_copy("\xff"); p->last = counted_copy("fine"); }

int color_next(int color) { return color + 1; }
unsigned access_add(unsigned access, unsigned more) { return access | more; }
void color_out(int *color, int value) { *color = value; }

// Members that borrow, members that are called, and structures that callbacks return.
typedef struct { const char *name; const int *numbers; int n; const struct { double x, y; } *corner; int (*visit)(int, void *); } borrowing;
int borrowing_sum(const borrowing *b) {
    int sum = (int)strlen(b->name) * 1000 + (int)b->corner->y;
    for (int i = 0; i < b->n; i++) sum += b->numbers[i];
    return b->visit ? b->visit(sum, NULL) : sum;
}
int borrowing_leave(borrowing *b) { b->n = 7; return 0; }
int borrowing_replace(borrowing *b) { static const int others[1] = { 1 }; b->numbers = others; return 0; }
typedef struct { int color; unsigned access; bool flag; short variant; } mixed;
int mixed_through(mixed (*make)(mixed)) {
    mixed m = { 7, 3, true, -1 };
    m = make(m);
    return m.color * 1000 + (int)m.access * 100 + m.flag * 10 + (m.variant == -1);
}
int person_made(MYPERSON (*make)(int)) {
    MYPERSON p = make(2);
    int n = (int)(strlen(p.first) * 10 + strlen(p.last));
    counted_free(p.first);
    counted_free(p.last);
    return n;
}
void with_colors(int n, int (*next)(int)) { for (int i = n; i > 0; i--) n = next(n); }

// A tagged union.
typedef struct { int kind; union { int key; struct { double x, y; } motion; char *text; char name[8]; } u; } event;
int event_describe(const event *e) {
    switch (e->kind) {
        case 1: return e->u.key;
        case 2: return (int)(e->u.motion.x * 10 + e->u.motion.y);
        case 5: return (int)strlen(e->u.text);
        case 6: return e->u.name[0];
        default: return -e->kind;
    }
}
int event_by_value(event e) { return event_describe(&e) + 1000; }
void event_next(event *e) {
    switch (e->kind) {
        case 0: e->kind = 1; e->u.key = 77; break;
        case 1: e->kind = 2; e->u.motion.x = 1.5; e->u.motion.y = 2.5; break;
        case 2: e->kind = 5; e->u.text = counted_copy("words"); break;
        case 5: { char *old = e->u.text; e->u.text = counted_malloc(strlen(old) + 2); strcpy(e->u.text, old); strcat(e->u.text, "!"); counted_free(old); break; }
        default: e->kind = 99;
    }
}
event event_make(int kind) { event e = { kind, { 0 } }; if (kind == 6) strcpy(e.u.name, "named"); return e; }
size_t event_layout(void) { return sizeof(event) * 100 + offsetof(event, u); }

/* members that are filled: like OPENFILENAMEW, and a buffer whose count goes in and out */
typedef struct { uint32_t size; char16_t *file; uint32_t max; uint8_t *data; uint64_t n; } dialog;
int dialog_run(dialog *d, uint32_t back) {
    int seen = d->max ? (int)d->file[0] : (d->file ? -1 : -2);
    if (d->max > 3) { d->file[0] = 'o'; d->file[1] = 'k'; d->file[2] = 0; }
    for (uint64_t i = 0; i < d->n; i++) d->data[i] = (uint8_t)(d->data[i] + i + 1);
    d->n = back;
    return seen;
}
void dialog_unterminated(dialog *d) { for (uint32_t i = 0; i < d->max; i++) d->file[i] = 'x'; }

/* sizes in bytes: UNICODE_STRING, text of 8 bits, and an array */
typedef struct { uint16_t length, capacity; char16_t *text; } unicode_string;
int unicode_append(unicode_string *s, const char16_t *more, uint16_t more_bytes) {
    if (s->length % 2 || s->length + more_bytes > s->capacity) return -1;
    memcpy((char *)s->text + s->length, more, more_bytes);
    s->length += more_bytes;
    return s->length / 2;
}
typedef struct { char *text; int64_t size; } sized_text;
int64_t sized_upper(sized_text *t) {
    int64_t i = 0;
    for (; i < t->size && t->text[i]; i++) if (t->text[i] >= 'a' && t->text[i] <= 'z') t->text[i] -= 32;
    return t->size;
}
typedef struct { uint32_t *items, capacity, used; } sized_items;
uint32_t items_double(sized_items *s, uint32_t used) {
    for (uint32_t i = 0; i < s->capacity / sizeof *s->items; i++) s->items[i] = 2 * s->items[i] + 1;
    s->used = used;
    return s->capacity;
}

// Variables of every form.
int global_numbers[3] = { 1, 2, 3 };
MYPERSON global_person = { "Ada", "L" };
mixed global_mixed = { 7, 1, false, 0 };
char *global_text;
char global_name[8] = "name";
void globals_describe(char *out, size_t n) {
    snprintf(out, n, "%d,%d,%d %s %s %s %s %d %u %d %d", global_numbers[0], global_numbers[1], global_numbers[2],
        global_person.first, global_person.last, global_text, global_name, global_mixed.color, global_mixed.access,
        global_mixed.flag, global_mixed.variant);
}
void globals_free(void) { counted_free(global_person.first); counted_free(global_person.last); counted_free(global_text); }

// Arrays behind members.
typedef struct { const char **names; MYPERSON *people; int *ages; unsigned count; } team;
int team_describe(const team *t) {
    int names = 0, people = 0, ages = 0;
    for (unsigned i = 0; i < t->count; i++) {
        names += strlen(t->names[i]);
        people += strlen(t->people[i].first) + strlen(t->people[i].last);
        ages += t->ages ? t->ages[i] : 0;
    }
    return names * 10000 + people * 100 + ages;
}
int team_promote(team *t) {
    for (unsigned i = 0; i < t->count; i++) {
        rename_person(&t->people[i]);
        if (t->ages) t->ages[i]++;
    }
    return t->count;
}
team team_made(void) {
    static const char *names[] = { "x" };
    team t = { names, NULL, NULL, 1 };
    return t;
}
