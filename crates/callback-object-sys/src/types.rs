//! The documented types, laid out as on the platform that documents them: `WCHAR` has 16 bits and `ULONG`
//! has 32 everywhere.

use core::ffi::{c_char, c_void};

/// No value.
pub type VOID = c_void;
/// An untyped pointer.
pub type PVOID = *mut c_void;
/// A truth value of one byte: 0 is false, anything else is true.
pub type BOOLEAN = u8;
/// An unsigned byte.
pub type UCHAR = u8;
/// 16 bits with sign.
pub type SHORT = i16;
/// 16 bits without sign.
pub type USHORT = u16;
/// 32 bits with sign, also where C's `long` has 64.
pub type LONG = i32;
/// 32 bits without sign, also where C's `unsigned long` has 64.
pub type ULONG = u32;
/// A signed integer of the size of a pointer.
pub type LONG_PTR = isize;
/// A unit of UTF-16.
pub type WCHAR = u16;
/// A string of UTF-16 units.
pub type PWSTR = *mut WCHAR;
/// A string of UTF-16 units, ended by 0, that is not written to.
pub type PCWSTR = *const WCHAR;
/// A string of UTF-8 bytes, ended by 0, that is not written to.
pub type PCSTR = *const c_char;
/// A handle to an object.
pub type HANDLE = *mut c_void;
/// The outcome of an operation; negative values are errors.
pub type NTSTATUS = i32;
/// An interrupt request level, 0 to 15.
pub type KIRQL = u8;
/// Where a level is stored.
pub type PKIRQL = *mut KIRQL;
/// Where a status is stored.
pub type PNTSTATUS = *mut NTSTATUS;

/// A counted string of UTF-16 units.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UNICODE_STRING {
    /// Length of the string in bytes, without a terminator.
    pub Length: USHORT,
    /// Size of the buffer in bytes.
    pub MaximumLength: USHORT,
    /// The units; not necessarily ended by 0.
    pub Buffer: PWSTR,
}
/// A pointer to a counted string.
pub type PUNICODE_STRING = *mut UNICODE_STRING;
/// A pointer to a counted string that is not written to.
pub type PCUNICODE_STRING = *const UNICODE_STRING;

/// Name and attributes of an object to create or to open. Filled in by `InitializeObjectAttributes`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OBJECT_ATTRIBUTES {
    /// Size of this structure in bytes.
    pub Length: ULONG,
    /// NULL: the name is absolute. Elsewhere it may be a handle to a directory, which comes from
    /// `ZwOpenDirectoryObject` or `ZwCreateDirectoryObject`. These are no functions of callback objects and are not
    /// here, so nothing can be such a handle: whatever is not NULL gives `STATUS_INVALID_HANDLE`.
    pub RootDirectory: HANDLE,
    /// The absolute name of the object, such as `\Callback\TcpConnectionCallback`.
    pub ObjectName: PUNICODE_STRING,
    /// `OBJ_*` values, combined by bitwise or.
    pub Attributes: ULONG,
    /// A SECURITY_DESCRIPTOR that a new object stores, or NULL.
    pub SecurityDescriptor: PVOID,
    /// Ignored.
    pub SecurityQualityOfService: PVOID,
}
/// A pointer to attributes.
pub type POBJECT_ATTRIBUTES = *mut OBJECT_ATTRIBUTES;

/// A callback object. What it holds is not for drivers.
#[repr(C)]
#[derive(Debug)]
pub struct CALLBACK_OBJECT {
    _private: [u8; 0],
}
/// Names a callback object as long as a reference to it is held. It is not the address of anything, and one
/// that is outdated or made up is recognised.
pub type PCALLBACK_OBJECT = *mut CALLBACK_OBJECT;

/// A routine that is called at every notification, in the notifier's thread and at its level, with the
/// context given at registration and the notifier's two arguments.
pub type PCALLBACK_FUNCTION =
    Option<unsafe extern "system-unwind" fn(CallbackContext: PVOID, Argument1: PVOID, Argument2: PVOID)>;

/// A pointer to a driver.
pub type PDRIVER_OBJECT = *mut DRIVER_OBJECT;

/// Called before a driver is unloaded. Everything the driver has registered is to be unregistered here.
pub type PDRIVER_UNLOAD = Option<unsafe extern "system-unwind" fn(DriverObject: PDRIVER_OBJECT)>;

/// The entry point of a driver: a function with the name `DriverEntry`.
pub type PDRIVER_INITIALIZE = Option<
    unsafe extern "system-unwind" fn(DriverObject: PDRIVER_OBJECT, RegistryPath: PUNICODE_STRING) -> NTSTATUS,
>;

/// A driver, handed to its `DriverEntry`. Of its members the host fills in `Type`, `Size`, `DriverStart`,
/// `DriverSize` and `DriverName`, and reads `DriverUnload`; the others are there for the layout.
#[repr(C)]
#[derive(Debug)]
pub struct DRIVER_OBJECT {
    /// 4.
    pub Type: SHORT,
    /// Size of this structure in bytes.
    pub Size: SHORT,
    /// NULL: there are no devices.
    pub DeviceObject: PVOID,
    /// 0.
    pub Flags: ULONG,
    /// The address at which the image begins.
    pub DriverStart: PVOID,
    /// The size of the image in bytes.
    pub DriverSize: ULONG,
    /// NULL.
    pub DriverSection: PVOID,
    /// NULL.
    pub DriverExtension: PVOID,
    /// `\Driver\` and the name of the file without its prefix `lib` and its extension.
    pub DriverName: UNICODE_STRING,
    /// NULL.
    pub HardwareDatabase: PUNICODE_STRING,
    /// NULL.
    pub FastIoDispatch: PVOID,
    /// The driver's `DriverEntry`.
    pub DriverInit: PDRIVER_INITIALIZE,
    /// NULL.
    pub DriverStartIo: PVOID,
    /// Set by `DriverEntry` to the routine that undoes what it has done. A driver that leaves it NULL is
    /// not unloaded.
    pub DriverUnload: PDRIVER_UNLOAD,
    /// Not used: there are no requests.
    pub MajorFunction: [PVOID; 28],
}
/// How far the addition of a processor has got.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KE_PROCESSOR_CHANGE_NOTIFY_STATE {
    /// The processor is about to be started; routines may veto it.
    KeProcessorAddStartNotify = 0,
    /// The processor runs.
    KeProcessorAddCompleteNotify = 1,
    /// The processor was not added.
    KeProcessorAddFailureNotify = 2,
}

/// A processor by group and number.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PROCESSOR_NUMBER {
    /// 64 processors form a group.
    pub Group: USHORT,
    /// The number within the group.
    pub Number: UCHAR,
    /// 0.
    pub Reserved: UCHAR,
}

/// First argument of the notifications of `\Callback\ProcessorAdd`; it must not be modified.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT {
    /// How far the addition has got.
    pub State: KE_PROCESSOR_CHANGE_NOTIFY_STATE,
    /// The number that the processor has or will have.
    pub NtNumber: ULONG,
    /// Why the addition failed, with `KeProcessorAddFailureNotify`.
    pub Status: NTSTATUS,
    /// The same number by group.
    pub ProcNumber: PROCESSOR_NUMBER,
}
/// A pointer to the context of a processor's addition.
pub type PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT = *mut KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT;
