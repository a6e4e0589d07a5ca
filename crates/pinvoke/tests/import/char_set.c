// Text in ISO 8859-1.
#include <string.h>

struct named { const char *name; int length; };

const char *latin_text(void) { return "gr\xfc\xdf\x65"; }
int latin_sum(const char *text, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += (unsigned char)text[i];
    return sum;
}
int latin_measure(struct named *n) { return n->length = (int)strlen(n->name); }
void latin_replace(struct named *n) { n->name = "\xe4h"; }
void latin_tell(void (*f)(const char *)) { f("\xe9t\xe9"); }
void latin_part(void (*f)(const char *, int)) { f("\xe9t\xe9 et hiver", 3); }
