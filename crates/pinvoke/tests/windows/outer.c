/* Needs a library that is there, which needs one that is not. */
int needs(void);
__declspec(dllexport) int outer(void) { return needs(); }
