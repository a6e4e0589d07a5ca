/* Functions that show what reached them and hand something back: one group per marshalled family.
   Read by the compiler through native.c and by pinvoke-decl as it is. */

/* scalars: each returns its argument */
_Bool echo_bool(_Bool v);
char echo_char(char v);
signed char echo_schar(signed char v);
unsigned char echo_uchar(unsigned char v);
short echo_short(short v);
unsigned short echo_ushort(unsigned short v);
int echo_int(int v);
unsigned echo_uint(unsigned v);
long echo_long(long v);
unsigned long echo_ulong(unsigned long v);
long long echo_llong(long long v);
unsigned long long echo_ullong(unsigned long long v);
wchar_t echo_wchar(wchar_t v);
float echo_float(float v);
double echo_double(double v);
long double echo_long_double(long double v);
float _Complex echo_complex_float(float _Complex v);
double _Complex echo_complex(double _Complex v);
long double _Complex echo_complex_long(long double _Complex v);
enum color { RED, GREEN = 5, BLUE, DARK = -3 };
enum color echo_color(enum color v);
enum flags { READ = 1, WRITE = 2, APPEND = 8 };
enum flags echo_flags(enum flags v);
void *echo_pointer(void *v);
typedef struct engine engine;
engine *echo_handle(engine *v);

/* scalars: what the compiler itself computes */
long double one_third(void);
long double long_double_max(void);
long double long_double_min_subnormal(void);
int is_one_third(long double v);
int all_ones(void);
double half_the_size(size_t n);

/* text */
size_t text_length(const char *text);
unsigned text_byte(const char *text, size_t index);
void upper_in_place(char *text);
const char *static_text(void);
const char *latin1_text(void);
const char *null_text(void);
char *made_text(const char *text);
void release_text(void *text);
int live_texts(void);
void made_text_out(char **out);
size_t wide_length(const wchar_t *text);
size_t wide16_length(const char16_t *text);
size_t wide32_length(const char32_t *text);
unsigned wide16_unit(const char16_t *text, size_t index);
const wchar_t *static_wide(void);
const char16_t *static_wide16(void);
const char16_t *lone_surrogate(void);
const char32_t *static_wide32(void);
void wide_upper(wchar_t *text);
size_t fill_text(char *buf, size_t size);
size_t fill_wide(wchar_t *buf, size_t units);
int count_texts(char **texts);
int total_length(const char *const *texts, int n);
void replace_texts(const char **texts, int n);
int is_null(const char *text);

/* arrays */
int sum_and_add(int *values, int n);
long sum_matrix(int m[2][3]);
double dot(const double *a, const double *b, size_t n);
void negate(_Bool *values, size_t n);
void reverse_bytes(unsigned char *bytes, size_t n);
void sort_shorts(short values[4]);
int sum_pointers(int **values, int n);
void scale(float _Complex *values, int n, float by);
void double_long(long double *values, int n);
void no_change(int *values);
void write_past(char *buf, size_t n);
void times_table(int n, int out[3][3]);
void next_colors(enum color *colors, int n);

/* structures and unions */
struct point { double x, y; };
struct point mirror(struct point p);
struct mixed { char c; float f; long l; short s; };
struct mixed echo_mixed(struct mixed v);
struct big { long long a, b, c; struct point p; };
struct big echo_big(struct big v);
long long sum_big(const struct big *v);
struct bits { unsigned a : 3; int b : 5; unsigned long long c : 40; _Bool d : 1; };
struct bits echo_bits(struct bits v);
unsigned bits_a(struct bits v);
int bits_b(struct bits v);
struct anonymous { int tag; union { int i; double d; struct { short lo, hi; }; }; };
struct anonymous echo_anonymous(struct anonymous v);
union number { int i; double d; };
union number echo_union(union number v);
double union_double(union number v);
struct __attribute__((packed)) packed { char c; int i; double d; };
struct packed echo_packed(struct packed v);
double sum_packed(struct packed v);
struct named { char name[16]; wchar_t wide[4]; unsigned char raw[4]; int numbers[3]; struct point corners[2]; };
void rotate_named(struct named *v);
struct named make_named(void);
struct person { char *name; int age; };
struct person2 { struct person *person; const char *nick; };
int birthday(struct person *p);
int rename_inner(struct person2 *p);
int grow_older(struct person2 p, int by);
int person_name_length(struct person p);
int total_age(const struct person *people, int n);
void swap_points(struct point *points);
struct node { int value; struct node *next; };
int sum_list(const struct node *head);
void increment_list(struct node *head);
void tie_knot(struct node *head);
struct vtable { int (*add)(int a, int b); double (*half)(double v); void *data; };
int use_vtable(const struct vtable *v, int a, int b);
struct vtable default_vtable(void);
struct flexible { int n; short items[]; };
int sum_flexible(const struct flexible *v);
struct buffer { void *start; size_t len; };
size_t fill_buffers(const struct buffer *buffers, int n);
struct point *made_points(int n);
struct empty {};
int with_empty(int a, struct empty e, int b);

/* out parameters */
int out_numbers(int *i, double *d, unsigned char *c);
int out_point(struct point *p);
int out_pointer(const int **p);
void out_person(struct person *p);
int in_out(int *n);

/* callbacks */
int call_int(int (*fn)(int a, int b), int a, int b);
double call_mixed(double (*fn)(char c, short s, float f, double d, long long l, _Bool b, long double ld));
struct point call_point(struct point (*fn)(struct point p), struct point p);
long long call_big(long long (*fn)(struct big v), struct big v);
size_t call_text(const char *(*fn)(const char *text), const char *text);
int call_many(int (*fn)(int i), int n);
int call_with_data(int (*fn)(void *data, int i), void *data, int n);
int call_nested(int (*outer)(int (*inner)(int i), int i), int i);
void call_fill(size_t (*fn)(char *buf, size_t size, void *user), char *out, size_t n);
void call_person(void (*fn)(struct person *p));
void call_rename(void (*fn)(struct node *n), struct node *n);
int call_on_thread(int (*fn)(int i), int i);
typedef int (*operation)(int a, int b);
operation choose(char which);
operation echo_operation(operation fn);
int call_chosen(operation (*chooser)(char which), int a, int b);
void remember(int (*fn)(int i));
int recall(int i);
int set_errno(int (*fn)(void), int value);
enum color call_color(enum color (*fn)(enum color c, union number n), enum color c);
void call_list(void (*fn)(int n, const int *items, const char **names));

/* variables */
extern int counter;
extern const int version;
extern struct point origin;
extern const char *greeting;
extern char fixed[16];
extern operation current;
extern enum color paint;

/* variadic */
long long sum_longs(int n, ...);
double sum_doubles(int n, ...);
double sum_points(int n, ...);
int describe(char *out, const char *kinds, ...);

/* the companion library of the platform invoke documentation */
typedef struct { int x; int y; } MYPOINT;
typedef struct { char *first; char *last; } MYPERSON;
typedef struct { MYPERSON *person; int age; } MYPERSON2;
typedef struct { MYPERSON person; int age; } MYPERSON3;
typedef union { int i; double d; } MYUNION;
typedef union { int i; char str[128]; } MYUNION2;
typedef struct { wchar_t *buffer; unsigned size; } MYSTRSTRUCT;
typedef struct { _Bool flag; int vals[3]; } MYARRAYSTRUCT;
int TestArrayOfInts(int *array, int size);
int TestRefArrayOfInts(int **array, int *size);
int TestMatrixOfInts(int matrix[][5], int rows);
int TestArrayOfStrings(const char **strings, int count);
int TestArrayOfStructs(MYPOINT *points, int size);
int TestStructInStruct(MYPERSON2 *person2);
void TestStructInStruct3(MYPERSON3 person3, char *out);
void TestUnion(MYUNION u, int type, char *out);
void TestUnion2(MYUNION2 u, int type, char *out);
void TestCallBack(_Bool (*fn)(int), int value, char *out);
void TestCallBack2(_Bool (*fn)(char *), char *value, char *out);
void TestStringInStruct(MYSTRSTRUCT *s);
const char *TestStringAsResult(void);
void TestArrayInStruct(MYARRAYSTRUCT *s);
int SetData(int kind, void *object, char *out);
void TestOutArrayOfStructs(int *size, MYPOINT **out);
