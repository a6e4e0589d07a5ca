// Sums of integers behind pointers.
int add(const int *a, const int *b) { return *a + *b; }
int add_and_call(const int *a, const int *b, void (*f)(int)) {
    f(*a + *b);
    return *a + *b;
}
