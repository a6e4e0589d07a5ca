/* The rules about names, by number, as a C program sees them. The vectors are those of the documented platform's own
 * object manager, as its conformance tests state them. */
#include "check.h"

static WCHAR Long[32768];

typedef struct {
    const WCHAR *text;
    int bytes; /* -1: up to the 0 */
    NTSTATUS create, open;
} VECTOR;

/* Opens or creates what is called so, in the case that is written. */
static NTSTATUS obtain(const VECTOR *vector, BOOLEAN create, PCALLBACK_OBJECT *object)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    RtlInitUnicodeString(&name, vector->text);
    if (vector->bytes >= 0) {
        name.Length = (USHORT)vector->bytes;
    }
    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    return ExCreateCallback(object, &attributes, create, TRUE);
}

static void check_vectors(const VECTOR *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PCALLBACK_OBJECT object = NULL;
        fprintf(stderr, "vector %d\n", (int)i);
        CHECK_STATUS(obtain(&vectors[i], FALSE, &object), vectors[i].open);
        CHECK((object != NULL) == NT_SUCCESS(vectors[i].open));
        object = NULL;
        CHECK_STATUS(obtain(&vectors[i], TRUE, &object), vectors[i].create);
        CHECK((object != NULL) == NT_SUCCESS(vectors[i].create));
    }
}

#define CHECK_VECTORS(vectors) check_vectors(vectors, sizeof(vectors) / sizeof((vectors)[0]))

static void rule_19_missing_and_malformed_names(void)
{
    static const WCHAR zero_inside[] = {'\\', 'C', 'a', 'l', 'l', 'b', 'a', 'c', 'k', '\\', 'a', 0, 'b', 0};
    const VECTOR vectors[] = {
        {u"", -1, STATUS_UNSUCCESSFUL, STATUS_OBJECT_PATH_SYNTAX_BAD},
        {u"Callback\\Relative", -1, STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_PATH_SYNTAX_BAD},
        {u"Relative", -1, STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_PATH_SYNTAX_BAD},
        {u"/Callback/Slashes", -1, STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_PATH_SYNTAX_BAD},
        {u"\\NoSuchDirectory\\Name", -1, STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
        {u"\\NoSuchDirectory\\", -1, STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
        {u"\\Callback\\Missing\\", -1, STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
        {u"\\Callback\\Missing\\Name", -1, STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
        {u"\\callback\\Name", -1, STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_NOT_FOUND},
        {u"\\Callback\\", -1, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
        {u"\\\\Callback\\Name", -1, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
        {u"\\Callback\\\\Name", -1, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
        {u"\\Callback\\Odd", 23, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
        {u"\\Callback\\Odd", 1, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
        {u"\\Callback\\Missing", -1, STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND},
        {u"\\AtTheTop", -1, STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND},
        {u"\\Callback\\Existing", -1, STATUS_SUCCESS, STATUS_SUCCESS},
        {u"\\Callback\\existing", -1, STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND},
        {zero_inside, 26, STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND},
        {Long, 65532, STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND},
        {Long, 65534, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
        {Long, 65535, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_NAME_INVALID},
    };
    PCALLBACK_OBJECT object = create("\\Callback\\Existing");
    for (size_t i = 0; i < 32768; i++) {
        Long[i] = 'x';
    }
    memcpy(Long, u"\\Callback\\", 20);
    CHECK_VECTORS(vectors);
    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\\xFF", 0, TRUE, TRUE), STATUS_OBJECT_NAME_INVALID);
    CHECK_STATUS(CboCreateCallback(&object, "Relative", 0, TRUE, TRUE), STATUS_OBJECT_PATH_SYNTAX_BAD);
    CHECK_STATUS(CboCreateCallback(&object, "\\Callback\\", 0, FALSE, TRUE), STATUS_OBJECT_NAME_INVALID);
}

/* Halves of pairs of surrogates are units like all others, each a name of its own. */
static void rule_19_unpaired_surrogates(void)
{
    static const WCHAR names[][12] = {
        {'\\', 'C', 'a', 'l', 'l', 'b', 'a', 'c', 'k', '\\', 0xD800, 0},
        {'\\', 'C', 'a', 'l', 'l', 'b', 'a', 'c', 'k', '\\', 0xDC00, 0},
        {'\\', 'C', 'a', 'l', 'l', 'b', 'a', 'c', 'k', '\\', 0xFFFD, 0},
    };
    PCALLBACK_OBJECT objects[3] = {NULL, NULL, NULL};
    for (int i = 0; i < 3; i++) {
        UNICODE_STRING name;
        OBJECT_ATTRIBUTES attributes;
        PCALLBACK_OBJECT again = NULL;
        RtlInitUnicodeString(&name, names[i]);
        InitializeObjectAttributes(&attributes, &name, OBJ_PERMANENT, NULL, NULL);
        CHECK_STATUS(ExCreateCallback(&objects[i], &attributes, FALSE, TRUE), STATUS_OBJECT_NAME_NOT_FOUND);
        CHECK_STATUS(ExCreateCallback(&objects[i], &attributes, TRUE, TRUE), STATUS_SUCCESS);
        CHECK_STATUS(ExCreateCallback(&again, &attributes, FALSE, TRUE), STATUS_SUCCESS);
        CHECK(again == objects[i]);
        CHECK(i == 0 || objects[i] != objects[i - 1]);
    }
}

static void rule_21_what_is_no_callback_object(void)
{
    const VECTOR vectors[] = {
        /* Directories. */
        {u"\\Callback", -1, STATUS_OBJECT_TYPE_MISMATCH, STATUS_OBJECT_TYPE_MISMATCH},
        {u"\\", -1, STATUS_OBJECT_TYPE_MISMATCH, STATUS_OBJECT_TYPE_MISMATCH},
        /* A callback object is no directory. */
        {u"\\Callback\\Leaf\\Below", -1, STATUS_OBJECT_TYPE_MISMATCH, STATUS_OBJECT_TYPE_MISMATCH},
        {u"\\Callback\\Leaf\\Far\\Below", -1, STATUS_OBJECT_TYPE_MISMATCH, STATUS_OBJECT_TYPE_MISMATCH},
    };
    PCALLBACK_OBJECT object = create("\\Callback\\Leaf");
    CHECK_VECTORS(vectors);
    CHECK_STATUS(CboCreateCallback(&object, "\\CALLBACK", OBJ_CASE_INSENSITIVE, TRUE, TRUE),
                 STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_STATUS(CboCreateCallback(&object, "\\callback\\LEAF\\Below", OBJ_CASE_INSENSITIVE, FALSE, TRUE),
                 STATUS_OBJECT_TYPE_MISMATCH);
}

#define T(name) {#name, name}
static const TEST TESTS[] = {
    T(rule_19_missing_and_malformed_names),
    T(rule_19_unpaired_surrogates),
    T(rule_21_what_is_no_callback_object),
};

MAIN(TESTS)
