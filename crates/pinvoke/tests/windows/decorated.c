/* Functions that remove their own arguments. Without a list of names, the linker exports the decorated ones. */
typedef struct { int a, b, c; } triple;
#define EXPORT __declspec(dllexport)
EXPORT int __stdcall decorated(int a, int b) { return 10 * a + b; }
EXPORT int __stdcall nothing(void) { return 17; }
EXPORT triple __stdcall narrow_and_wide(char a, long long b, float c, triple d)
{
    triple result = { a + d.a, (int)b + d.b, (int)(c * 4) + d.c };
    return result;
}
EXPORT int __stdcall lengthW(const unsigned short *text)
{
    int length = 0;
    while (text[length]) length++;
    return length;
}
EXPORT int __stdcall called_back(int (__stdcall *visit)(int, void *), void *data, int *changed)
{
    return *changed = visit(20, data);
}
EXPORT int __stdcall generic(const void *start, int count) { return ((const char *)start)[count - 1]; }
EXPORT long __stdcall result_behind(int a, int *result) { *result = a + 1; return 0; }
EXPORT int __fastcall quick(int a, int b, short c) { return a + 10 * b + 100 * c; }
