/* An export without a name and one that another library has: see numbered.def. */
int by_number(void) { return 77; }
