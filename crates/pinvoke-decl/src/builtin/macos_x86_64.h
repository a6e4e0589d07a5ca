/* macOS on x86-64. */
typedef struct __va_list_tag {
    unsigned int gp_offset, fp_offset;
    void *overflow_arg_area, *reg_save_area;
} __builtin_va_list[1];
typedef __builtin_va_list va_list;
