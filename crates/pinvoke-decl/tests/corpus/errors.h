/* One mistake per line; what is right between them is declared all the same. */
int missing_comma(int a int b);
int fine(int a);
Strucf misspelt(Sizet n, uint23_t m);
struct open { int a int b; };
struct loop { struct loop inside; };
int unfinished(int a, ;
unsigned float impossible(void);
int array[1 / 0], negative[-3];
int fine_too(struct open *behind_a_pointer, Unknown *as_well);
enum twice { A, B, A };
int 3x(void);
typedef struct { union { int a; } } no_semicolon;
int last(void)
