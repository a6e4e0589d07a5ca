/* Counts the families of fonts, as the example enum_font_families does. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static WCHAR names[4096][32];
static int families;

static int CALLBACK visit(const LOGFONTW *font, const TEXTMETRICW *metrics, DWORD kind, LPARAM parameter)
{
    (void)metrics, (void)kind, (void)parameter;
    for (int i = 0; i < families; i++)
        if (!wcscmp(names[i], font->lfFaceName)) return 1;
    if (families < 4096) wcscpy(names[families++], font->lfFaceName);
    return 1;
}

static int CALLBACK count(const LOGFONTW *font, const TEXTMETRICW *metrics, DWORD kind, LPARAM parameter)
{
    (void)font, (void)metrics, (void)kind;
    ++*(int *)parameter;
    return 1;
}

int main(void)
{
    LOGFONTW wanted = { .lfCharSet = DEFAULT_CHARSET };
    HDC device = GetDC(0);
    EnumFontFamiliesExW(device, &wanted, visit, 0, 0);
    int older = 0;
    EnumFontFamiliesW(device, NULL, count, (LPARAM)&older);
    ReleaseDC(0, device);
    printf("%d families, %d by EnumFontFamilies\n", families, older);
    return 0;
}
