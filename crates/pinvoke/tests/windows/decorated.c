__declspec(dllexport) int __stdcall decorated(int a, int b) { return 10 * a + b; }
