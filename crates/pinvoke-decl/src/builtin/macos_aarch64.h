/* macOS on 64-bit Arm. */
typedef char *__builtin_va_list;
typedef __builtin_va_list va_list;
