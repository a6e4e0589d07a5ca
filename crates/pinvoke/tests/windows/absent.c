/* A library that is there when needs.dll is linked, and gone when it is loaded. */
__declspec(dllexport) int absent(void) { return 1; }
