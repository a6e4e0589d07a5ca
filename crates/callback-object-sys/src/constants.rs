//! Status values, attributes of objects, levels, and the arguments of the power notifications.

use crate::types::{KIRQL, NTSTATUS, ULONG};

/// A status from the value that the documentation prints.
const fn status(value: u32) -> NTSTATUS {
    value.cast_signed()
}

/// The operation succeeded.
pub const STATUS_SUCCESS: NTSTATUS = status(0x0000_0000);
/// The object existed already and was opened: a success.
pub const STATUS_OBJECT_NAME_EXISTS: NTSTATUS = status(0x4000_0000);
/// The operation failed; for a callback object: it has no name.
pub const STATUS_UNSUCCESSFUL: NTSTATUS = status(0xC000_0001);
/// The pointer or registration is not, or no longer, one of an object.
pub const STATUS_INVALID_HANDLE: NTSTATUS = status(0xC000_0008);
/// An argument is NULL, or a length or bit in it is not allowed.
pub const STATUS_INVALID_PARAMETER: NTSTATUS = status(0xC000_000D);
/// The object does not support the request, such as the unloading of a driver without `DriverUnload`.
pub const STATUS_INVALID_DEVICE_REQUEST: NTSTATUS = status(0xC000_0010);
/// The caller may not do this with this object.
pub const STATUS_ACCESS_DENIED: NTSTATUS = status(0xC000_0022);
/// The name is that of an object of another type.
pub const STATUS_OBJECT_TYPE_MISMATCH: NTSTATUS = status(0xC000_0024);
/// The name has an empty component, an odd length, or too many units.
pub const STATUS_OBJECT_NAME_INVALID: NTSTATUS = status(0xC000_0033);
/// There is no object of this name.
pub const STATUS_OBJECT_NAME_NOT_FOUND: NTSTATUS = status(0xC000_0034);
/// There is an object of this name already.
pub const STATUS_OBJECT_NAME_COLLISION: NTSTATUS = status(0xC000_0035);
/// A directory in the name does not exist.
pub const STATUS_OBJECT_PATH_NOT_FOUND: NTSTATUS = status(0xC000_003A);
/// The name does not begin with a backslash.
pub const STATUS_OBJECT_PATH_SYNTAX_BAD: NTSTATUS = status(0xC000_003B);
/// The object or driver is being deleted or unloaded.
pub const STATUS_DELETE_PENDING: NTSTATUS = status(0xC000_0056);
/// Memory or another resource is used up.
pub const STATUS_INSUFFICIENT_RESOURCES: NTSTATUS = status(0xC000_009A);
/// The image is loaded already.
pub const STATUS_IMAGE_ALREADY_LOADED: NTSTATUS = status(0xC000_010E);
/// The image has no `DriverEntry`.
pub const STATUS_ENTRYPOINT_NOT_FOUND: NTSTATUS = status(0xC000_0139);
/// The image was not found, or the loader refused it.
pub const STATUS_DLL_NOT_FOUND: NTSTATUS = status(0xC000_0135);
/// The level of the caller does not allow the operation.
pub const STATUS_INVALID_DEVICE_STATE: NTSTATUS = status(0xC000_0184);
/// Waiting would never end; the routine is removed once its calls have returned.
pub const STATUS_POSSIBLE_DEADLOCK: NTSTATUS = status(0xC000_0194);
/// The object allows one routine and has it.
pub const STATUS_ALREADY_REGISTERED: NTSTATUS = status(0xC000_0718);
/// There are two implementations in the process, or two versions that do not go together.
pub const STATUS_REVISION_MISMATCH: NTSTATUS = status(0xC000_0059);

/// The handle is inherited by child processes; without a meaning here.
pub const OBJ_INHERIT: ULONG = 0x0000_0002;
/// The name stays until the object is made temporary.
pub const OBJ_PERMANENT: ULONG = 0x0000_0010;
/// Only one handle may be open; without a meaning here, where there are no handles.
pub const OBJ_EXCLUSIVE: ULONG = 0x0000_0020;
/// Names are compared without regard to case.
pub const OBJ_CASE_INSENSITIVE: ULONG = 0x0000_0040;
/// An existing object is opened instead of refused.
pub const OBJ_OPENIF: ULONG = 0x0000_0080;
/// A symbolic link itself is opened; not valid for callback objects.
pub const OBJ_OPENLINK: ULONG = 0x0000_0100;
/// The handle is one of the kernel; without a meaning here.
pub const OBJ_KERNEL_HANDLE: ULONG = 0x0000_0200;
/// Access is checked although the caller is trusted.
pub const OBJ_FORCE_ACCESS_CHECK: ULONG = 0x0000_0400;
/// All the attributes there are.
pub const OBJ_VALID_ATTRIBUTES: ULONG = 0x0000_1FF2;

/// The right to notify.
pub const CALLBACK_MODIFY_STATE: ULONG = 0x0000_0001;
/// All rights to a callback object.
pub const CALLBACK_ALL_ACCESS: ULONG = 0x001F_0001;

/// Ordinary level: everything is allowed.
pub const PASSIVE_LEVEL: KIRQL = 0;
/// No asynchronous procedure calls.
pub const APC_LEVEL: KIRQL = 1;
/// No waiting: of the callback functions only notification is allowed.
pub const DISPATCH_LEVEL: KIRQL = 2;
/// The highest level there is.
pub const HIGH_LEVEL: KIRQL = 15;

/// First argument of a `\Callback\PowerState` notification: the power policy has changed.
pub const PO_CB_SYSTEM_POWER_POLICY: ULONG = 0;
/// First argument: the power supply has changed; second argument: 1 on mains, 0 on battery.
pub const PO_CB_AC_STATUS: ULONG = 1;
/// First argument: two buttons were pressed at once.
pub const PO_CB_BUTTON_COLLISION: ULONG = 2;
/// First argument: the system leaves (second argument 0) or has entered (1) its working state.
pub const PO_CB_SYSTEM_STATE_LOCK: ULONG = 3;
/// First argument: the lid has been closed (second argument 0) or opened (1).
pub const PO_CB_LID_SWITCH_STATE: ULONG = 4;
/// First argument: the processor's power policy has changed.
pub const PO_CB_PROCESSOR_POWER_POLICY: ULONG = 5;
