/* Callback objects: named, registered, notified, unregistered safely.
 *
 * Generated from the declarations of the Rust crate callback-object-sys; changes belong there.
 *
 * Strings have 16-bit units. u"\\Callback\\Name" has them everywhere (C11, C++11); L"\\Callback\\Name" has
 * them on Windows and, with -fshort-wchar, elsewhere. The functions that begin with Cbo take UTF-8.
 */
#ifndef CALLBACK_OBJECT_H
#define CALLBACK_OBJECT_H

#include <stddef.h>
#include <stdint.h>

/* The calling convention of every function and routine: stdcall on x86 Windows, that of C elsewhere. */
#ifndef NTAPI
#if defined(_WIN32) && (defined(_M_IX86) || defined(__i386__))
#define NTAPI __stdcall
#else
#define NTAPI
#endif
#endif

#if defined(_WIN32)
#define CBO_IMPORT __declspec(dllimport)
#define CBO_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define CBO_IMPORT
#define CBO_EXPORT __attribute__((visibility("default")))
#else
#define CBO_IMPORT
#define CBO_EXPORT
#endif

/* Annotations of the documentation's prototypes; they say to readers what an argument is for. */
#ifndef _In_
#define _In_
#define _In_opt_
#define _Out_
#define _Out_opt_
#define _Inout_
#define _Inout_opt_
#define _Outptr_
#define _Use_decl_annotations_
#define _Function_class_(name)
#define _IRQL_requires_max_(level)
#define _IRQL_requires_(level)
#define _IRQL_requires_same_
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifndef VOID
#define VOID void
#endif
#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

#define NT_SUCCESS(Status) (((NTSTATUS)(Status)) >= 0)
#define UNREFERENCED_PARAMETER(P) ((void)(P))
#define PAGED_CODE() ((void)0)

/* A unit of UTF-16: what L"" consists of where that has 16 bits, else what u"" consists of. */
#if defined(__WCHAR_MAX__) && __WCHAR_MAX__ > 0xFFFF
#ifdef __cplusplus
typedef char16_t WCHAR;
#else
typedef uint_least16_t WCHAR;
#endif
#else
typedef wchar_t WCHAR;
#endif

#if defined(_WIN32)
typedef long LONG;
typedef unsigned long ULONG;
#else
typedef int32_t LONG;
typedef uint32_t ULONG;
#endif
typedef char CHAR;
typedef ULONG *PULONG;
typedef uintptr_t ULONG_PTR;
typedef size_t SIZE_T;

/* An untyped pointer. */
typedef void *PVOID;

/* A truth value of one byte: 0 is false, anything else is true. */
typedef uint8_t BOOLEAN;

/* An unsigned byte. */
typedef uint8_t UCHAR;

/* 16 bits with sign. */
typedef int16_t SHORT;

/* 16 bits without sign. */
typedef uint16_t USHORT;

/* A signed integer of the size of a pointer. */
typedef intptr_t LONG_PTR;

/* A string of UTF-16 units. */
typedef WCHAR *PWSTR;

/* A string of UTF-16 units, ended by 0, that is not written to. */
typedef const WCHAR *PCWSTR;

/* A string of UTF-8 bytes, ended by 0, that is not written to. */
typedef const char *PCSTR;

/* A handle to an object. */
typedef void *HANDLE;

/* The outcome of an operation; negative values are errors. */
typedef LONG NTSTATUS;

/* An interrupt request level, 0 to 15. */
typedef uint8_t KIRQL;

/* Where a level is stored. */
typedef KIRQL *PKIRQL;

/* Where a status is stored. */
typedef NTSTATUS *PNTSTATUS;

/* A counted string of UTF-16 units. */
typedef struct _UNICODE_STRING {
    /* Length of the string in bytes, without a terminator. */
    USHORT Length;
    /* Size of the buffer in bytes. */
    USHORT MaximumLength;
    /* The units; not necessarily ended by 0. */
    PWSTR Buffer;
} UNICODE_STRING;

/* A pointer to a counted string. */
typedef UNICODE_STRING *PUNICODE_STRING;

/* A pointer to a counted string that is not written to. */
typedef const UNICODE_STRING *PCUNICODE_STRING;

/* Name and attributes of an object to create or to open. Filled in by InitializeObjectAttributes. */
typedef struct _OBJECT_ATTRIBUTES {
    /* Size of this structure in bytes. */
    ULONG Length;
    /* NULL: the name is absolute. Elsewhere it may be a handle to a directory, which comes from
     * ZwOpenDirectoryObject or ZwCreateDirectoryObject. These are no functions of callback objects and are not
     * here, so nothing can be such a handle: whatever is not NULL gives STATUS_INVALID_HANDLE. */
    HANDLE RootDirectory;
    /* The absolute name of the object, such as \Callback\TcpConnectionCallback. */
    PUNICODE_STRING ObjectName;
    /* OBJ_* values, combined by bitwise or. */
    ULONG Attributes;
    /* A SECURITY_DESCRIPTOR that a new object stores, or NULL. */
    PVOID SecurityDescriptor;
    /* Ignored. */
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES;

/* A pointer to attributes. */
typedef OBJECT_ATTRIBUTES *POBJECT_ATTRIBUTES;

/* A callback object. What it holds is not for drivers. */
typedef struct _CALLBACK_OBJECT CALLBACK_OBJECT;

/* Names a callback object as long as a reference to it is held. It is not the address of anything, and one
 * that is outdated or made up is recognised. */
typedef CALLBACK_OBJECT *PCALLBACK_OBJECT;

/* A routine that is called at every notification, in the notifier's thread and at its level, with the
 * context given at registration and the notifier's two arguments. */
typedef VOID (NTAPI *PCALLBACK_FUNCTION)(PVOID CallbackContext, PVOID Argument1, PVOID Argument2);

/* A pointer to a driver. */
typedef struct _DRIVER_OBJECT *PDRIVER_OBJECT;

/* Called before a driver is unloaded. Everything the driver has registered is to be unregistered here. */
typedef VOID (NTAPI *PDRIVER_UNLOAD)(PDRIVER_OBJECT DriverObject);

/* The entry point of a driver: a function with the name DriverEntry. */
typedef NTSTATUS (NTAPI *PDRIVER_INITIALIZE)(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);

/* A driver, handed to its DriverEntry. Of its members the host fills in Type, Size, DriverStart,
 * DriverSize and DriverName, and reads DriverUnload; the others are there for the layout. */
typedef struct _DRIVER_OBJECT {
    /* 4. */
    SHORT Type;
    /* Size of this structure in bytes. */
    SHORT Size;
    /* NULL: there are no devices. */
    PVOID DeviceObject;
    /* 0. */
    ULONG Flags;
    /* The address at which the image begins. */
    PVOID DriverStart;
    /* The size of the image in bytes. */
    ULONG DriverSize;
    /* NULL. */
    PVOID DriverSection;
    /* NULL. */
    PVOID DriverExtension;
    /* \Driver\ and the name of the file without its prefix lib and its extension. */
    UNICODE_STRING DriverName;
    /* NULL. */
    PUNICODE_STRING HardwareDatabase;
    /* NULL. */
    PVOID FastIoDispatch;
    /* The driver's DriverEntry. */
    PDRIVER_INITIALIZE DriverInit;
    /* NULL. */
    PVOID DriverStartIo;
    /* Set by DriverEntry to the routine that undoes what it has done. A driver that leaves it NULL is
     * not unloaded. */
    PDRIVER_UNLOAD DriverUnload;
    /* Not used: there are no requests. */
    PVOID MajorFunction[28];
} DRIVER_OBJECT;

/* How far the addition of a processor has got. */
typedef enum _KE_PROCESSOR_CHANGE_NOTIFY_STATE {
    /* The processor is about to be started; routines may veto it. */
    KeProcessorAddStartNotify = 0,
    /* The processor runs. */
    KeProcessorAddCompleteNotify = 1,
    /* The processor was not added. */
    KeProcessorAddFailureNotify = 2
} KE_PROCESSOR_CHANGE_NOTIFY_STATE;

/* A processor by group and number. */
typedef struct _PROCESSOR_NUMBER {
    /* 64 processors form a group. */
    USHORT Group;
    /* The number within the group. */
    UCHAR Number;
    /* 0. */
    UCHAR Reserved;
} PROCESSOR_NUMBER;

/* First argument of the notifications of \Callback\ProcessorAdd; it must not be modified. */
typedef struct _KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT {
    /* How far the addition has got. */
    KE_PROCESSOR_CHANGE_NOTIFY_STATE State;
    /* The number that the processor has or will have. */
    ULONG NtNumber;
    /* Why the addition failed, with KeProcessorAddFailureNotify. */
    NTSTATUS Status;
    /* The same number by group. */
    PROCESSOR_NUMBER ProcNumber;
} KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT;

/* A pointer to the context of a processor's addition. */
typedef KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT *PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT;

/* The operation succeeded. */
#ifndef STATUS_SUCCESS
#define STATUS_SUCCESS ((NTSTATUS)0x00000000u)
#endif

/* The object existed already and was opened: a success. */
#ifndef STATUS_OBJECT_NAME_EXISTS
#define STATUS_OBJECT_NAME_EXISTS ((NTSTATUS)0x40000000u)
#endif

/* The operation failed; for a callback object: it has no name. */
#ifndef STATUS_UNSUCCESSFUL
#define STATUS_UNSUCCESSFUL ((NTSTATUS)0xC0000001u)
#endif

/* The pointer or registration is not, or no longer, one of an object. */
#ifndef STATUS_INVALID_HANDLE
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008u)
#endif

/* An argument is NULL, or a length or bit in it is not allowed. */
#ifndef STATUS_INVALID_PARAMETER
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000Du)
#endif

/* The object does not support the request, such as the unloading of a driver without DriverUnload. */
#ifndef STATUS_INVALID_DEVICE_REQUEST
#define STATUS_INVALID_DEVICE_REQUEST ((NTSTATUS)0xC0000010u)
#endif

/* The caller may not do this with this object. */
#ifndef STATUS_ACCESS_DENIED
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xC0000022u)
#endif

/* The name is that of an object of another type. */
#ifndef STATUS_OBJECT_TYPE_MISMATCH
#define STATUS_OBJECT_TYPE_MISMATCH ((NTSTATUS)0xC0000024u)
#endif

/* The name has an empty component, an odd length, or too many units. */
#ifndef STATUS_OBJECT_NAME_INVALID
#define STATUS_OBJECT_NAME_INVALID ((NTSTATUS)0xC0000033u)
#endif

/* There is no object of this name. */
#ifndef STATUS_OBJECT_NAME_NOT_FOUND
#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034u)
#endif

/* There is an object of this name already. */
#ifndef STATUS_OBJECT_NAME_COLLISION
#define STATUS_OBJECT_NAME_COLLISION ((NTSTATUS)0xC0000035u)
#endif

/* A directory in the name does not exist. */
#ifndef STATUS_OBJECT_PATH_NOT_FOUND
#define STATUS_OBJECT_PATH_NOT_FOUND ((NTSTATUS)0xC000003Au)
#endif

/* The name does not begin with a backslash. */
#ifndef STATUS_OBJECT_PATH_SYNTAX_BAD
#define STATUS_OBJECT_PATH_SYNTAX_BAD ((NTSTATUS)0xC000003Bu)
#endif

/* The object or driver is being deleted or unloaded. */
#ifndef STATUS_DELETE_PENDING
#define STATUS_DELETE_PENDING ((NTSTATUS)0xC0000056u)
#endif

/* Memory or another resource is used up. */
#ifndef STATUS_INSUFFICIENT_RESOURCES
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xC000009Au)
#endif

/* The image is loaded already. */
#ifndef STATUS_IMAGE_ALREADY_LOADED
#define STATUS_IMAGE_ALREADY_LOADED ((NTSTATUS)0xC000010Eu)
#endif

/* The image has no DriverEntry. */
#ifndef STATUS_ENTRYPOINT_NOT_FOUND
#define STATUS_ENTRYPOINT_NOT_FOUND ((NTSTATUS)0xC0000139u)
#endif

/* The image was not found, or the loader refused it. */
#ifndef STATUS_DLL_NOT_FOUND
#define STATUS_DLL_NOT_FOUND ((NTSTATUS)0xC0000135u)
#endif

/* The level of the caller does not allow the operation. */
#ifndef STATUS_INVALID_DEVICE_STATE
#define STATUS_INVALID_DEVICE_STATE ((NTSTATUS)0xC0000184u)
#endif

/* Waiting would never end; the routine is removed once its calls have returned. */
#ifndef STATUS_POSSIBLE_DEADLOCK
#define STATUS_POSSIBLE_DEADLOCK ((NTSTATUS)0xC0000194u)
#endif

/* The object allows one routine and has it. */
#ifndef STATUS_ALREADY_REGISTERED
#define STATUS_ALREADY_REGISTERED ((NTSTATUS)0xC0000718u)
#endif

/* There are two implementations in the process, or two versions that do not go together. */
#ifndef STATUS_REVISION_MISMATCH
#define STATUS_REVISION_MISMATCH ((NTSTATUS)0xC0000059u)
#endif

/* The handle is inherited by child processes; without a meaning here. */
#ifndef OBJ_INHERIT
#define OBJ_INHERIT ((ULONG)0x00000002u)
#endif

/* The name stays until the object is made temporary. */
#ifndef OBJ_PERMANENT
#define OBJ_PERMANENT ((ULONG)0x00000010u)
#endif

/* Only one handle may be open; without a meaning here, where there are no handles. */
#ifndef OBJ_EXCLUSIVE
#define OBJ_EXCLUSIVE ((ULONG)0x00000020u)
#endif

/* Names are compared without regard to case. */
#ifndef OBJ_CASE_INSENSITIVE
#define OBJ_CASE_INSENSITIVE ((ULONG)0x00000040u)
#endif

/* An existing object is opened instead of refused. */
#ifndef OBJ_OPENIF
#define OBJ_OPENIF ((ULONG)0x00000080u)
#endif

/* A symbolic link itself is opened; not valid for callback objects. */
#ifndef OBJ_OPENLINK
#define OBJ_OPENLINK ((ULONG)0x00000100u)
#endif

/* The handle is one of the kernel; without a meaning here. */
#ifndef OBJ_KERNEL_HANDLE
#define OBJ_KERNEL_HANDLE ((ULONG)0x00000200u)
#endif

/* Access is checked although the caller is trusted. */
#ifndef OBJ_FORCE_ACCESS_CHECK
#define OBJ_FORCE_ACCESS_CHECK ((ULONG)0x00000400u)
#endif

/* All the attributes there are. */
#ifndef OBJ_VALID_ATTRIBUTES
#define OBJ_VALID_ATTRIBUTES ((ULONG)0x00001FF2u)
#endif

/* The right to notify. */
#ifndef CALLBACK_MODIFY_STATE
#define CALLBACK_MODIFY_STATE ((ULONG)0x00000001u)
#endif

/* All rights to a callback object. */
#ifndef CALLBACK_ALL_ACCESS
#define CALLBACK_ALL_ACCESS ((ULONG)0x001F0001u)
#endif

/* Ordinary level: everything is allowed. */
#ifndef PASSIVE_LEVEL
#define PASSIVE_LEVEL ((KIRQL)0)
#endif

/* No asynchronous procedure calls. */
#ifndef APC_LEVEL
#define APC_LEVEL ((KIRQL)1)
#endif

/* No waiting: of the callback functions only notification is allowed. */
#ifndef DISPATCH_LEVEL
#define DISPATCH_LEVEL ((KIRQL)2)
#endif

/* The highest level there is. */
#ifndef HIGH_LEVEL
#define HIGH_LEVEL ((KIRQL)15)
#endif

/* First argument of a \Callback\PowerState notification: the power policy has changed. */
#ifndef PO_CB_SYSTEM_POWER_POLICY
#define PO_CB_SYSTEM_POWER_POLICY ((ULONG)0)
#endif

/* First argument: the power supply has changed; second argument: 1 on mains, 0 on battery. */
#ifndef PO_CB_AC_STATUS
#define PO_CB_AC_STATUS ((ULONG)1)
#endif

/* First argument: two buttons were pressed at once. */
#ifndef PO_CB_BUTTON_COLLISION
#define PO_CB_BUTTON_COLLISION ((ULONG)2)
#endif

/* First argument: the system leaves (second argument 0) or has entered (1) its working state. */
#ifndef PO_CB_SYSTEM_STATE_LOCK
#define PO_CB_SYSTEM_STATE_LOCK ((ULONG)3)
#endif

/* First argument: the lid has been closed (second argument 0) or opened (1). */
#ifndef PO_CB_LID_SWITCH_STATE
#define PO_CB_LID_SWITCH_STATE ((ULONG)4)
#endif

/* First argument: the processor's power policy has changed. */
#ifndef PO_CB_PROCESSOR_POWER_POLICY
#define PO_CB_PROCESSOR_POWER_POLICY ((ULONG)5)
#endif

/* Makes a counted string of a string that ends with 0. Nothing is copied: the source has to outlive
 * the counted string. A NULL source gives an empty string. At most 32,766 units are counted. */
CBO_IMPORT VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString);

/* Opens the callback object that the attributes name or, with Create, creates it where there is none.
 * Stores the object and takes a reference to it, which ObDereferenceObject gives back; stores nothing
 * on failure. Whether more than one routine may be registered is decided by whoever creates the object.
 * Without OBJ_PERMANENT the name of a new object is gone when this function returns.
 * At PASSIVE_LEVEL or APC_LEVEL. */
CBO_IMPORT NTSTATUS NTAPI ExCreateCallback(
    PCALLBACK_OBJECT *CallbackObject,
    POBJECT_ATTRIBUTES ObjectAttributes,
    BOOLEAN Create,
    BOOLEAN AllowMultipleCallbacks);

/* Adds a routine at the end of the object's list. Returns a registration for ExUnregisterCallback, or
 * NULL, with the reason in CboLastStatus: the object is not valid, the routine is NULL, or the object
 * allows one routine and has it. The same routine may be registered more than once, also with the same
 * context. The image of the routine stays loaded. At PASSIVE_LEVEL or APC_LEVEL. */
CBO_IMPORT PVOID NTAPI ExRegisterCallback(
    PCALLBACK_OBJECT CallbackObject,
    PCALLBACK_FUNCTION CallbackFunction,
    PVOID CallbackContext);

/* Removes a routine. When this function returns, no other thread is in the routine and none will enter
 * it. A routine may unregister itself: its own call goes on to its end, calls in other threads are
 * waited for. Where waiting would never end, because such a call waits for this thread, the process ends with
 * a report, for the caller cannot be told; CboUnregisterCallback tells it. (With CboIgnoreViolations or
 * CboReportViolations this function returns without having waited.) At PASSIVE_LEVEL or APC_LEVEL. */
CBO_IMPORT VOID NTAPI ExUnregisterCallback(PVOID CallbackRegistration);

/* Takes one more reference to a callback object. Returns the number of references taken through this
 * interface, or 0 for what is not an object. At DISPATCH_LEVEL or below. */
CBO_IMPORT LONG_PTR NTAPI ObReferenceObject(PVOID Object);

/* Gives a reference back. Returns the number of references left; with the last one, registrations
 * included, the pointer is not valid any more. At DISPATCH_LEVEL or below. */
CBO_IMPORT LONG_PTR NTAPI ObDereferenceObject(PVOID Object);

/* Takes a permanent object's name away, now; pointers to it stay valid. At PASSIVE_LEVEL or APC_LEVEL. */
CBO_IMPORT VOID NTAPI ObMakeTemporaryObject(PVOID Object);

/* Returns the level of this thread. */
CBO_IMPORT KIRQL NTAPI KeGetCurrentIrql(void);

/* Raises the level of this thread and stores the level it had. A lower level than the present one is a
 * bug check. */
CBO_IMPORT VOID NTAPI KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql);

/* Raises the level of this thread to DISPATCH_LEVEL and returns the level it had. */
CBO_IMPORT KIRQL NTAPI KeRaiseIrqlToDpcLevel(void);

/* Sets the level of this thread back to what it was before it was raised. A higher level than the
 * present one is a bug check. */
CBO_IMPORT VOID NTAPI KeLowerIrql(KIRQL NewIrql);

/* Calls the object's routines in the order of their registration, in this thread, at its level, with
 * these arguments. Routines registered meanwhile are not called; routines unregistered meanwhile are
 * not called any more. Nothing is waited for or allocated. At DISPATCH_LEVEL or below. */
CBO_IMPORT VOID NTAPI ExNotifyCallback(PVOID CallbackObject, PVOID Argument1, PVOID Argument2);

/* A loaded driver, as long as it has not been unloaded. Not the address of anything. */
typedef struct _CBO_DRIVER CBO_DRIVER;

/* Names a loaded driver. */
typedef CBO_DRIVER *PCBO_DRIVER;

/* What becomes of the routines that a driver has left registered when it is unloaded. */
typedef enum _CBO_LEFTOVERS {
    /* They are reported and unregistered, then the image is unloaded. */
    CboRevokeLeftovers = 0,
    /* They are reported, and the driver stays loaded. */
    CboRefuseLeftovers = 1
} CBO_LEFTOVERS;

/* What a report is about. */
typedef enum _CBO_SEVERITY {
    /* Something that is allowed and probably not meant. */
    CboHint = 0,
    /* A rule was broken; the call had no effect or a lesser one. */
    CboViolation = 1,
    /* A rule was broken in a way that cannot be lived with; the process ends after the handler. */
    CboBugCheck = 2
} CBO_SEVERITY;

/* What happens where a level does not allow an operation. */
typedef enum _CBO_VIOLATIONS {
    /* Nothing is checked. */
    CboIgnoreViolations = 0,
    /* It is reported, and the operation goes on. */
    CboReportViolations = 1,
    /* It is reported, and the operation has no effect. The default. */
    CboRefuseViolations = 2,
    /* It is reported, and the process ends. */
    CboStopAtViolations = 3
} CBO_VIOLATIONS;

/* Receives reports as text in UTF-8, in the thread that has caused them. The text is valid during the call. */
typedef VOID (NTAPI *PCBO_REPORT_HANDLER)(PVOID Context, CBO_SEVERITY Severity, PCSTR Text);

/* Told when a routine has been removed and none of its calls runs any more: the place to free its context.
 * In the thread of the last of those calls or of the one that unregisters, once. */
typedef VOID (NTAPI *PCBO_RELEASE)(PVOID CallbackContext);

/* Decides whether an object may be opened: returns a status, which ExCreateCallback returns if it is an
 * error. Asked for every opening of an object that exists; Attributes tells OBJ_FORCE_ACCESS_CHECK. */
typedef NTSTATUS (NTAPI *PCBO_ACCESS_HOOK)(
    PVOID Context,
    PCUNICODE_STRING ObjectName,
    PVOID SecurityDescriptor,
    ULONG Attributes);

/* Like ExCreateCallback, with a name in UTF-8. */
CBO_IMPORT NTSTATUS NTAPI CboCreateCallback(
    PCALLBACK_OBJECT *CallbackObject,
    PCSTR Name,
    ULONG Attributes,
    BOOLEAN Create,
    BOOLEAN AllowMultipleCallbacks);

/* Like ExRegisterCallback, with the reason of a failure as its result, and with a function, or NULL,
 * that frees the context. It is not called on failure. */
CBO_IMPORT NTSTATUS NTAPI CboRegisterCallback(
    PCALLBACK_OBJECT CallbackObject,
    PCALLBACK_FUNCTION CallbackFunction,
    PVOID CallbackContext,
    PCBO_RELEASE Release,
    PVOID *CallbackRegistration);

/* Like ExUnregisterCallback, and says why nothing was removed, or that waiting would never end. */
CBO_IMPORT NTSTATUS NTAPI CboUnregisterCallback(PVOID CallbackRegistration);

/* Returns why, in this thread, the last documented function without a status did not do what it was
 * asked; STATUS_SUCCESS if it did. Notifications that succeed leave it as it is. */
CBO_IMPORT NTSTATUS NTAPI CboLastStatus(void);

/* Makes a counted string of text in UTF-8. CboFreeUnicodeString frees its buffer. */
CBO_IMPORT NTSTATUS NTAPI CboInitUnicodeString(PUNICODE_STRING DestinationString, PCSTR Source);

/* Frees what CboInitUnicodeString has allocated, and empties the string. */
CBO_IMPORT VOID NTAPI CboFreeUnicodeString(PUNICODE_STRING UnicodeString);

/* Copies the security descriptor that an object was created with into a buffer, in self-relative form,
 * and stores its length, 0 if there is none. A buffer that is too small, or NULL with Capacity 0,
 * receives nothing; the length is stored all the same. */
CBO_IMPORT NTSTATUS NTAPI CboQuerySecurity(PVOID CallbackObject, PVOID Buffer, ULONG Capacity, ULONG *Length);

/* Sets who is asked when an object is opened; NULL: nobody, the default. */
CBO_IMPORT VOID NTAPI CboSetAccessHook(PCBO_ACCESS_HOOK Hook, PVOID Context);

/* Sets who receives reports; NULL: standard error, the default. */
CBO_IMPORT VOID NTAPI CboSetReportHandler(PCBO_REPORT_HANDLER Handler, PVOID Context);

/* Sets what happens where a level does not allow an operation, a CBO_VIOLATIONS. With PassiveOnly,
 * objects are created and opened at PASSIVE_LEVEL only; the documentation contradicts itself about
 * APC_LEVEL. */
CBO_IMPORT NTSTATUS NTAPI CboSetViolations(ULONG Violations, BOOLEAN PassiveOnly);

/* Reports a panic or an exception that a routine has caught at its own border, and applies the policy
 * of the object that is being notified: the process ends, or the remaining routines run. */
CBO_IMPORT VOID NTAPI CboReportPanic(PCSTR Message);

/* Prepares this thread, so that its first notification allocates nothing either and asks nothing of the
 * system, as long as no more than Depth of them are nested, at most 65,536. Not necessary; for threads that
 * have to meet deadlines. */
CBO_IMPORT NTSTATUS NTAPI CboPrepareThread(ULONG Depth);

/* Loads a driver from a file and calls its DriverEntry. Its error, if it returns one, is the result,
 * and the image is unloaded again. At PASSIVE_LEVEL. */
CBO_IMPORT NTSTATUS NTAPI CboLoadDriver(PCSTR Path, PCBO_DRIVER *Driver);

/* Calls a driver's DriverUnload and unloads its image. From inside one of the driver's own routines
 * the image goes when the routine has returned. Leftovers is a CBO_LEFTOVERS. At PASSIVE_LEVEL. */
CBO_IMPORT NTSTATUS NTAPI CboUnloadDriver(PCBO_DRIVER Driver, ULONG Leftovers);

/* Begins to notify \Callback\SetSystemTime, \Callback\PowerState and \Callback\ProcessorAdd of
 * what happens to this system. For the host, once. */
CBO_IMPORT NTSTATUS NTAPI CboPublishSystemObjects(void);

/* Ends what CboPublishSystemObjects has begun, and waits for a notification under way. */
CBO_IMPORT VOID NTAPI CboWithdrawSystemObjects(void);

/* Returns what identifies the implementation that this process uses: two images that get different
 * addresses use different implementations. */
CBO_IMPORT PVOID NTAPI CboImplementation(void);

/* Returns the version of the implementation, as text. */
CBO_IMPORT const char *NTAPI CboVersion(void);

/* Like ExNotifyCallback, and says why nothing was called. */
CBO_IMPORT NTSTATUS NTAPI CboNotifyCallback(PVOID CallbackObject, PVOID Argument1, PVOID Argument2);

/* Every function of this header, for a driver that does not link with the library: it exports
 * CboReceiveFunctions and is handed this table before its DriverEntry is called. The table is valid as long as
 * the driver is loaded, and is not to be modified. Later versions add members at the end only; a driver that
 * uses a member looks first whether Size covers it. */
typedef struct _CBO_FUNCTIONS {
    /* The size of the table in bytes. */
    ULONG Size;
    /* Increased when a function changes its meaning, which a driver has to refuse; 1. */
    ULONG Revision;
    /* RtlInitUnicodeString. */
    VOID (NTAPI *RtlInitUnicodeString)(PUNICODE_STRING DestinationString, PCWSTR SourceString);
    /* CboInitUnicodeString. */
    NTSTATUS (NTAPI *CboInitUnicodeString)(PUNICODE_STRING DestinationString, PCSTR Source);
    /* CboFreeUnicodeString. */
    VOID (NTAPI *CboFreeUnicodeString)(PUNICODE_STRING UnicodeString);
    /* CboVersion. */
    const char * (NTAPI *CboVersion)(void);
    /* CboImplementation. */
    PVOID (NTAPI *CboImplementation)(void);
    /* ExCreateCallback. */
    NTSTATUS (NTAPI *ExCreateCallback)(
        PCALLBACK_OBJECT *CallbackObject,
        POBJECT_ATTRIBUTES ObjectAttributes,
        BOOLEAN Create,
        BOOLEAN AllowMultipleCallbacks);
    /* CboCreateCallback. */
    NTSTATUS (NTAPI *CboCreateCallback)(
        PCALLBACK_OBJECT *CallbackObject,
        PCSTR Name,
        ULONG Attributes,
        BOOLEAN Create,
        BOOLEAN AllowMultipleCallbacks);
    /* ObReferenceObject. */
    LONG_PTR (NTAPI *ObReferenceObject)(PVOID Object);
    /* ObDereferenceObject. */
    LONG_PTR (NTAPI *ObDereferenceObject)(PVOID Object);
    /* ObMakeTemporaryObject. */
    VOID (NTAPI *ObMakeTemporaryObject)(PVOID Object);
    /* CboQuerySecurity. */
    NTSTATUS (NTAPI *CboQuerySecurity)(PVOID CallbackObject, PVOID Buffer, ULONG Capacity, ULONG *Length);
    /* CboSetAccessHook. */
    VOID (NTAPI *CboSetAccessHook)(PCBO_ACCESS_HOOK Hook, PVOID Context);
    /* ExRegisterCallback. */
    PVOID (NTAPI *ExRegisterCallback)(
        PCALLBACK_OBJECT CallbackObject,
        PCALLBACK_FUNCTION CallbackFunction,
        PVOID CallbackContext);
    /* CboRegisterCallback. */
    NTSTATUS (NTAPI *CboRegisterCallback)(
        PCALLBACK_OBJECT CallbackObject,
        PCALLBACK_FUNCTION CallbackFunction,
        PVOID CallbackContext,
        PCBO_RELEASE Release,
        PVOID *CallbackRegistration);
    /* ExNotifyCallback. */
    VOID (NTAPI *ExNotifyCallback)(PVOID CallbackObject, PVOID Argument1, PVOID Argument2);
    /* CboNotifyCallback. */
    NTSTATUS (NTAPI *CboNotifyCallback)(PVOID CallbackObject, PVOID Argument1, PVOID Argument2);
    /* ExUnregisterCallback. */
    VOID (NTAPI *ExUnregisterCallback)(PVOID CallbackRegistration);
    /* CboUnregisterCallback. */
    NTSTATUS (NTAPI *CboUnregisterCallback)(PVOID CallbackRegistration);
    /* CboLastStatus. */
    NTSTATUS (NTAPI *CboLastStatus)(void);
    /* CboReportPanic. */
    VOID (NTAPI *CboReportPanic)(PCSTR Message);
    /* KeGetCurrentIrql. */
    KIRQL (NTAPI *KeGetCurrentIrql)(void);
    /* KeRaiseIrql. */
    VOID (NTAPI *KeRaiseIrql)(KIRQL NewIrql, PKIRQL OldIrql);
    /* KeRaiseIrqlToDpcLevel. */
    KIRQL (NTAPI *KeRaiseIrqlToDpcLevel)(void);
    /* KeLowerIrql. */
    VOID (NTAPI *KeLowerIrql)(KIRQL NewIrql);
    /* CboSetViolations. */
    NTSTATUS (NTAPI *CboSetViolations)(ULONG Violations, BOOLEAN PassiveOnly);
    /* CboSetReportHandler. */
    VOID (NTAPI *CboSetReportHandler)(PCBO_REPORT_HANDLER Handler, PVOID Context);
    /* CboLoadDriver. */
    NTSTATUS (NTAPI *CboLoadDriver)(PCSTR Path, PCBO_DRIVER *Driver);
    /* CboUnloadDriver. */
    NTSTATUS (NTAPI *CboUnloadDriver)(PCBO_DRIVER Driver, ULONG Leftovers);
    /* CboPublishSystemObjects. */
    NTSTATUS (NTAPI *CboPublishSystemObjects)(void);
    /* CboWithdrawSystemObjects. */
    VOID (NTAPI *CboWithdrawSystemObjects)(void);
    /* CboPrepareThread. */
    NTSTATUS (NTAPI *CboPrepareThread)(ULONG Depth);
} CBO_FUNCTIONS;

/* A pointer to the table of functions. */
typedef const CBO_FUNCTIONS *PCCBO_FUNCTIONS;

/* What a driver exports that does not link with the library: a function with the name CboReceiveFunctions. Called
 * once, before DriverEntry. */
typedef VOID (NTAPI *PCBO_RECEIVE_FUNCTIONS)(PCCBO_FUNCTIONS Functions);

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
