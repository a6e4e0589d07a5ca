/* The routine that notifications are measured with: it does nothing, in another image. */
void routine(void *context, void *argument1, void *argument2) {
    (void)context;
    (void)argument1;
    (void)argument2;
}
