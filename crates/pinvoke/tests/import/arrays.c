#include "counting.h"

/* sums: every integer as a count */

int64_t sum_i8(const int32_t *v, int8_t n) { int64_t s = 0; for (int i = 0; i < n; i++) s += v[i]; return s; }
int64_t sum_u64(const int32_t *v, uint64_t n) { int64_t s = 0; while (n--) s += *v++; return s; }
double sum_doubles(int32_t n, const double *v) { double s = 0; for (int i = 0; i < n; i++) s += v[i]; return v ? s : -1; }
void double_all(int64_t *v, size_t n) { for (size_t i = 0; i < n; i++) v[i] *= 2; }
int32_t is_null(const void *p) { return p == NULL; }
void squares(uint32_t *v, uint32_t n) { for (uint32_t i = 0; i < n; i++) v[i] = i * i; }

/* booleans and characters */

int32_t count_true(const bool *v, int32_t n) { int32_t c = 0; for (int i = 0; i < n; i++) c += v[i]; return c; }
void flip(bool *v, int32_t n) { for (int i = 0; i < n; i++) v[i] = !v[i]; }

/* texts */

int64_t total_length(const char *const *texts, int32_t n) {
    int64_t total = 0;
    for (int i = 0; i < n; i++) total += texts[i] ? (int64_t)strlen(texts[i]) : 100;
    return total;
}
int32_t count_args(const char *const *argv) { int32_t n = 0; if (!argv) return -1; while (argv[n]) n++; return n; }
int32_t count_args16(const char16_t *const *argv) { int32_t n = 0; while (argv[n]) n += argv[n][0] == 'w'; return n; }
int32_t zero_ended(const int32_t *v) { int32_t s = 0; while (*v) s += *v++; return s; }
void point_elsewhere(const char **texts, int32_t n) { for (int i = 0; i < n; i++) texts[i] = i ? "static" : NULL; }
void upper(char **texts, int32_t n) {
    for (int i = 0; i < n; i++)
        for (char *c = texts[i]; *c; c++)
            if (*c >= 'a' && *c <= 'z') *c -= 32;
}

/* results */

const int32_t *static_array(int32_t *n) { static const int32_t v[] = {3, 1, 4, 1, 5}; *n = 5; return v; }
const int32_t *array_of(int64_t count) { static const int32_t v[] = {3, 1, 4, 1, 5, 9, 2, 6}; (void)count; return v; }
int32_t *owned_array(int16_t n, int32_t make) {
    if (!make) return NULL;
    int32_t *v = counted_alloc(sizeof *v * (size_t)(n < 0 ? 0 : n));
    for (int i = 0; i < n; i++) v[i] = i;
    return v;
}
char **owned_texts(int32_t n) {
    char **v = malloc(sizeof *v * (size_t)n);
    for (int i = 0; i < n; i++) v[i] = strdup(i % 2 ? "odd" : "even");
    return v;
}
void written_count(int32_t **v, int32_t *n, int32_t count) {
    if (!v) return;
    *v = counted_alloc(4);
    **v = 7;
    *n = count;
}

/* buffers of elements */

void some_of(int32_t *v, uint8_t capacity, uint8_t *n) {
    for (int i = 0; i < capacity; i++) v[i] = 10 * i;
    *n = 3;
}
void names(const char **v, int32_t capacity, int32_t *n) {
    v[0] = "one";
    v[1] = "two";
    (void)capacity;
    *n = 2;
}

/* structures */

typedef struct { int32_t x, y; } point;
void mirror(point *v, int32_t n) { for (int i = 0; i < n; i++) { int32_t x = v[i].x; v[i].x = v[i].y; v[i].y = x; } }

/* callbacks */

void each_row(void (*f)(int32_t, const int32_t *, const char *const *)) {
    static const int32_t v[] = {1, 2, 3, 4};
    static const char *const t[] = {"a", NULL, "c", "d"};
    f(2, v, t);
    f(4, v, t);
    f(0, NULL, NULL);
}
void each_row_plus(void (*f)(uint8_t, const int32_t *)) { static const int32_t v[] = {1, 2, 3, 4}; f(1, v); }
void negative_row(void (*f)(int32_t, const int32_t *)) { static const int32_t v[] = {1}; f(-3, v); }
void change_row(void (*f)(int32_t, int32_t *), int32_t *v, int32_t n) { f(n, v); }

/* The documented functions for arrays. */

int TestArrayOfInts(int *array, int size) {
    int sum = 0;
    for (int i = 0; i < size; i++) { sum += array[i]; array[i] += 100; }
    return sum;
}
int TestRefArrayOfInts(int **array, int *size) {
    int sum = 0;
    for (int i = 0; i < *size; i++) sum += (*array)[i];
    free(*array);
    *size = 5;
    *array = malloc(5 * sizeof(int));
    for (int i = 0; i < 5; i++) (*array)[i] = i;
    return sum;
}
int TestMatrixOfInts(int matrix[][5], int rows) {
    int sum = 0;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < 5; j++) { sum += matrix[i][j]; matrix[i][j] += 100; }
    return sum;
}
int TestArrayOfStrings(char **array, int size) {
    int total = 0;
    for (int i = 0; i < size; i++) {
        total += (int)strlen(array[i]);
        free(array[i]);
        array[i] = strdup("123456789");
    }
    return total;
}
int TestArrayOfStructs(point *array, int size) {
    int sum = 0;
    for (int i = 0; i < size; i++) { sum += array[i].x + array[i].y; array[i].y = 0; }
    return sum;
}
typedef struct { char *first, *last; } person;
int TestArrayOfStructs2(person *array, int size) {
    int total = 0;
    for (int i = 0; i < size; i++) {
        total += (int)(strlen(array[i].first) + strlen(array[i].last));
        char *last = malloc(strlen(array[i].last) + 3);
        strcat(strcpy(last, "Mc"), array[i].last);
        free(array[i].last);
        array[i].last = last;
    }
    return total;
}
typedef struct { char *buffer; uint32_t size; } mystrstruct2;
void TestOutArrayOfStructs(int *size, mystrstruct2 **array) {
    *size = 5;
    *array = malloc(5 * sizeof **array);
    for (int i = 0; i < 5; i++) {
        (*array)[i].buffer = strdup("***");
        (*array)[i].size = 4;
    }
}

/* sizes in bytes */
int64_t sum_bytes(const int32_t *values, uint16_t bytes) {
    int64_t sum = 0;
    for (int i = 0; i < bytes / 4; i++) sum += values[i];
    return bytes % 4 ? -1 : sum;
}
int fill_bytes(int32_t *values, uint32_t *bytes, uint32_t back) {
    uint32_t capacity = *bytes;
    for (uint32_t i = 0; i < capacity / 4; i++) values[i] = (int32_t)i + 1;
    *bytes = back;
    return (int)capacity;
}
ssize_t fill_bytes_returned(int32_t *values, size_t capacity) {
    if (capacity < 8) return -1;
    values[0] = 5;
    values[1] = 6;
    return 8;
}
const uint16_t *some_bytes(uint32_t *bytes) { static const uint16_t v[] = {7, 8, 9}; *bytes = sizeof v; return v; }
int upper16(uint16_t *text, size_t bytes) { text[0] = 'X'; text[1] = 0; return (int)bytes; }
size_t bytes_given(const uint16_t *text, size_t bytes) { return text ? bytes : 1000; }

/* a list after a callback */
int32_t *call_and_list(void (*f)(int32_t), uint32_t *n) {
    int32_t *list = counted_alloc(3 * sizeof *list);
    for (int i = 0; i < 3; i++) list[i] = i;
    *n = 3;
    f(3);
    return list;
}
