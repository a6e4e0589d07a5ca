/* Declares a DriverEntry with the right visibility: CBO_EXPORT DRIVER_INITIALIZE DriverEntry; */
typedef VOID NTAPI CALLBACK_FUNCTION(PVOID CallbackContext, PVOID Argument1, PVOID Argument2);
typedef NTSTATUS NTAPI DRIVER_INITIALIZE(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
typedef VOID NTAPI DRIVER_UNLOAD(PDRIVER_OBJECT DriverObject);

/* The host looks for this name in every driver; declared here, it is visible in whatever way the driver's
 * other symbols are compiled. */
CBO_EXPORT DRIVER_INITIALIZE DriverEntry;

/* Fills in attributes. The name has to outlive them. */
#define InitializeObjectAttributes(p, n, a, r, s)                                                            \
    do {                                                                                                     \
        (p)->Length = (ULONG)sizeof(OBJECT_ATTRIBUTES);                                                      \
        (p)->RootDirectory = (r);                                                                            \
        (p)->ObjectName = (n);                                                                               \
        (p)->Attributes = (a);                                                                               \
        (p)->SecurityDescriptor = (s);                                                                       \
        (p)->SecurityQualityOfService = NULL;                                                                \
    } while (0)

/* Initialises a UNICODE_STRING with a literal. */
#define RTL_CONSTANT_STRING(s) {(USHORT)(sizeof(s) - sizeof((s)[0])), (USHORT)sizeof(s), (PWSTR)(s)}

#ifdef __cplusplus
}
#endif

#endif /* CALLBACK_OBJECT_H */
