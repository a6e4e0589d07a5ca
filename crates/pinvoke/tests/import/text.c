#include "counting.h"
#ifdef _WIN32
#include <windows.h>
#include <oleauto.h>
#endif

/* 8 bits */

int64_t length8(const char *text) { return text ? (long)strlen(text) : -1; }
const char *same8(const char *text) { return text; }
const char *borrowed8(int which) {
    static const char *const texts[] = {"gr\xc3\xbc\xc3\x9f" "e", NULL, "a\xffz", ""};
    return texts[which];
}
char *owned8(const char *text) { return text ? counted_copy(text) : NULL; }
char *malloced8(const char *text) { return text ? strdup(text) : NULL; }
char *invalid8(void) { return counted_copy("ok\xc3("); }
void out8(char **text, int which) { *text = which ? counted_copy("from C") : NULL; }
void out_borrowed8(const char **text) { *text = "static"; }
/* Frees what is there and puts a longer text there. */
void replace8(char **text) {
    const char *old = *text ? *text : "nothing";
    char *fresh = counted_alloc(strlen(old) + 2);
    strcat(strcpy(fresh, old), "!");
    if (*text) counted_free(*text);
    *text = fresh;
}
void keep8(char **text) { (void)text; }
void make_null8(char **text) { counted_free(*text); *text = NULL; }
void out_with_length8(char **text, uint16_t *length) {
    *text = counted_alloc(4);
    memcpy(*text, "ab\0d", 4); /* no NUL at the end, one inside */
    *length = 4;
}
const char *with_length8(int32_t *length, int which) {
    *length = which;
    return "abcdef";
}
int64_t take8(char *text) {
    long n = text ? (long)strlen(text) : -1;
    if (text) counted_free(text);
    return n;
}
int64_t length_of_free_me(char *text) {
    long n = text ? (long)strlen(text) : -1;
    free(text);
    return n;
}
int64_t counted8(const char *text, int32_t n) { return n == (int32_t)strlen(text) ? n : -1; }
int64_t counted16(const char16_t *text, uint8_t n) { long l = 0; while (text[l]) l++; return l == n ? l : -1; }

/* wide */

int64_t length16(const char16_t *text) { long n = 0; if (!text) return -1; while (text[n]) n++; return n; }
int64_t length32(const char32_t *text) { long n = 0; if (!text) return -1; while (text[n]) n++; return n; }
int64_t length_wide(const wchar_t *text) { return text ? (long)wcslen(text) : -1; }
uint32_t unit16(const char16_t *text, int at) { return text[at]; }
const char16_t *borrowed16(int which) {
    static const char16_t ok[] = u"gr\u00fc\u00dfe \u65e5\U0001F600";
    static const char16_t high[] = {'a', 0xD800, 'b', 0};
    static const char16_t low[] = {0xDC00, 0};
    static const char16_t last[] = {'a', 'b', 0xDBFF, 0};
    static const char16_t *const texts[] = {ok, NULL, high, low, last};
    return texts[which];
}
const char32_t *borrowed32(int which) {
    static const char32_t ok[] = U"\u65e5\U0001F600";
    static const char32_t surrogate[] = {'a', 0xD800, 0};
    static const char32_t large[] = {'a', 'b', 0x110000, 0};
    static const char32_t *const texts[] = {ok, NULL, surrogate, large};
    return texts[which];
}
const wchar_t *borrowed_wide(void) { return L"wide \U0001F600"; }
char16_t *owned16(const char16_t *text) {
    if (!text) return NULL;
    size_t bytes = 2 * (size_t)(length16(text) + 1);
    return memcpy(counted_alloc(bytes), text, bytes);
}
char16_t *bad16(void) {
    char16_t *text = counted_alloc(4);
    text[0] = 0xD800;
    text[1] = 0;
    return text;
}
void replace16(char16_t **text) {
    long n = length16(*text);
    char16_t *fresh = counted_alloc(2 * (size_t)(n + 2));
    memcpy(fresh, *text, 2 * (size_t)n);
    fresh[n] = '!';
    fresh[n + 1] = 0;
    counted_free(*text);
    *text = fresh;
}

/* BSTR: of Windows, and in the same layout elsewhere */

int64_t bstr_bytes(const char16_t *text) { return text ? (long)((const uint32_t *)text)[-1] : -1; }
#ifdef _WIN32
#define NEW_BSTR(text, bytes) SysAllocStringByteLen((const char *)(text), bytes)
#define FREE_BSTR(text) SysFreeString(text)
#else
static char16_t *new_bstr(const char16_t *text, uint32_t bytes) {
    char *memory = malloc(sizeof(void *) + bytes + 2), *start = memory + sizeof(void *);
    memcpy(start - 4, &bytes, 4);
    memcpy(start, text, bytes);
    memset(start + bytes, 0, 2);
    return (char16_t *)start;
}
#define NEW_BSTR(text, bytes) new_bstr(text, bytes)
#define FREE_BSTR(text) free((char *)(text) - sizeof(void *))
#endif
char16_t *bstr_make(int with_nul) {
    static const char16_t text[] = {'a', 0, 'b', 0x20AC, 0};
    return (char16_t *)NEW_BSTR(text, with_nul ? 8 : 2);
}
char16_t *bstr_broken(void) {
    char16_t *text = bstr_make(0);
    ((uint32_t *)text)[-1] = 1;
    return text;
}
void bstr_out(char16_t **text) {
    if (*text) FREE_BSTR((void *)*text);
    *text = bstr_make(1);
}
int64_t ansi_bstr_bytes(const char *text) { return (long)((const uint32_t *)(const void *)text)[-1]; }

/* buffers */

int fill8(char *buffer, int capacity, const char *text) {
    int n = (int)strlen(text);
    if (n + 1 > capacity) return -1;
    strcpy(buffer, text);
    return n;
}
void fill_whole8(char *buffer, uint64_t capacity) { memset(buffer, 'x', capacity); }
void fill_nothing8(char *buffer, uint64_t capacity) { (void)buffer, (void)capacity; }
void shout8(char *buffer, uint8_t capacity) {
    size_t n = strlen(buffer);
    if (n + 3 <= capacity) strcat(buffer, "++");
}
/* As GetComputerName: the size goes in as the capacity and comes back as the length. */
bool sized8(char *buffer, uint32_t *size, uint32_t back) {
    if (*size < 6) return false;
    memcpy(buffer, "abcdef", 6);
    *size = back;
    return true;
}
void written8(char *buffer, int32_t capacity, int32_t *written, int32_t back) {
    memcpy(buffer, "abcdef", (size_t)(capacity < 6 ? capacity : 6));
    *written += back;
}
void append16(char16_t *buffer, uint32_t capacity) {
    uint32_t n = 0;
    while (buffer[n]) n++;
    if (n + 3 > capacity) return;
    buffer[n] = buffer[n + 1] = '+';
    buffer[n + 2] = 0;
}
void bad_buffer16(char16_t *buffer, uint32_t capacity) {
    (void)capacity;
    buffer[0] = 'a';
    buffer[1] = 0xDC00;
    buffer[2] = 0;
}
void append32(char32_t *buffer, uint32_t capacity) {
    uint32_t n = 0;
    while (buffer[n]) n++;
    if (n + 2 > capacity) return;
    buffer[n] = 0x1F600;
    buffer[n + 1] = 0;
}
void fixed8(char *buffer) { memcpy(buffer, "fixed", 6); }
int64_t bytes_back(uint8_t *buffer, uint64_t capacity, int64_t back) {
    for (int64_t i = 0; i < back && (uint64_t)i < capacity; i++) buffer[i] = (uint8_t)i;
    return back;
}

/* callbacks */

void tell8(void (*f)(const char *), int which) { f(borrowed8(which)); }
void tell16(void (*f)(const char16_t *), int which) { f(borrowed16(which)); }
int64_t ask8(char *(*f)(int)) {
    char *text = f(7);
    long n = length8(text);
    free(text);
    return n;
}
int64_t ask16(char16_t *(*f)(int)) {
    char16_t *text = f(7);
    long n = length16(text);
    free(text);
    return n;
}
void tell_part(void (*f)(int, const char *), int n) { f(n, "abcdef"); }

/* The documented functions for text. */

char *TestStringAsResult(void) { return strdup("This is return value"); }
