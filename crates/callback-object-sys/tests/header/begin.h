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

