/* Needs absent.dll, which is gone when this is loaded. */
__declspec(dllimport) int absent(void);
__declspec(dllexport) int needs(void) { return absent(); }
