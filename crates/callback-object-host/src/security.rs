//! Security descriptors, copied into one piece.
//!
//! Whoever creates an object may give it a descriptor. It is stored and can be queried; nothing here
//! interprets it, except that its parts have to be found to be copied ([MS-DTYP] 2.4.2 SID, 2.4.5 ACL, 2.4.6
//! SECURITY_DESCRIPTOR). In memory a descriptor is *absolute*, a header with four pointers, or
//! *self-relative*, a header with four offsets and the parts behind it. The copy is self-relative.
//!
//! # Safety
//!
//! A descriptor comes as an untyped pointer. Whoever passes it vouches that it leads to a descriptor; the
//! lengths that are read are those that its parts state.
#![allow(unsafe_code, reason = "a descriptor is reached through untyped pointers")]

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

/// Bytes of a self-relative descriptor's header.
const HEADER: usize = 20;
const REVISION: u8 = 1;
const SELF_RELATIVE: u16 = 0x8000;

/// Bytes before the pointers or offsets: revision, a reserved byte, control bits.
#[repr(C)]
struct Beginning {
    revision: u8,
    reserved: u8,
    control: u16,
}

#[repr(C)]
struct Absolute {
    beginning: Beginning,
    owner: *const u8,
    group: *const u8,
    sacl: *const u8,
    dacl: *const u8,
}

/// A part of a descriptor, told apart by how it states its length.
#[derive(Clone, Copy)]
enum Part {
    Sid,
    Acl,
}

/// Owner, group, system and discretionary list, in the order of the header.
const PARTS: [Part; 4] = [Part::Sid, Part::Sid, Part::Acl, Part::Acl];

/// A self-relative copy; `None` if what is there has another revision than 1.
///
/// # Safety
/// The pointer leads to a security descriptor.
pub(crate) unsafe fn copy(descriptor: NonNull<c_void>) -> Option<Arc<[u8]>> {
    let start = descriptor.as_ptr().cast_const().cast::<u8>();
    // SAFETY: both forms begin like this; the caller vouches for the pointer.
    let beginning = unsafe { start.cast::<Beginning>().read_unaligned() };
    if beginning.revision != REVISION {
        return None;
    }
    let parts = if beginning.control & SELF_RELATIVE != 0 {
        // SAFETY: the self-relative form has this many bytes at least.
        let header = unsafe { start.cast::<[u8; HEADER]>().read() };
        std::array::from_fn(|index| {
            let offset = header[4 + 4 * index..].first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
            match offset {
                None | Some(0) => std::ptr::null(),
                // The offset is that of a part of the same descriptor.
                Some(offset) => start.wrapping_add(offset as usize),
            }
        })
    } else {
        // SAFETY: the absolute form is this structure.
        let absolute = unsafe { start.cast::<Absolute>().read_unaligned() };
        [absolute.owner, absolute.group, absolute.sacl, absolute.dacl]
    };
    // SAFETY: the parts of the caller's descriptor.
    Some(unsafe { assemble(beginning.control | SELF_RELATIVE, parts) })
}

/// # Safety
/// Each pointer is null or leads to a part of its kind.
unsafe fn assemble(control: u16, parts: [*const u8; 4]) -> Arc<[u8]> {
    let mut bytes = vec![0; HEADER];
    bytes[0] = REVISION;
    bytes[2..4].copy_from_slice(&control.to_le_bytes());
    for (index, (start, part)) in parts.into_iter().zip(PARTS).enumerate() {
        if start.is_null() {
            continue;
        }
        // Parts stand at multiples of four.
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let offset = u32::try_from(bytes.len()).unwrap_or(0);
        bytes[4 + 4 * index..][..4].copy_from_slice(&offset.to_le_bytes());
        // SAFETY: it leads to a part of this kind, as the caller promises.
        let length = unsafe { length(start, part) };
        // SAFETY: the part has as many bytes as it states.
        bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(start, length) });
    }
    bytes.into()
}

/// # Safety
/// The pointer leads to a part of this kind.
unsafe fn length(start: *const u8, part: Part) -> usize {
    // SAFETY: a SID has eight bytes at least, an ACL too; both state their size in the first four.
    let first = unsafe { start.cast::<[u8; 4]>().read() };
    match part {
        // Revision, number of sub-authorities, six bytes of authority, four for each sub-authority.
        Part::Sid => 8 + 4 * usize::from(first[1]),
        // Revision, a reserved byte, the size.
        Part::Acl => usize::from(u16::from_le_bytes([first[2], first[3]])).max(4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-1-5-18, LocalSystem.
    const SYSTEM: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
    /// One entry: allow, all access, Everyone (S-1-1-0).
    const EVERYONE: [u8; 28] =
        [2, 0, 28, 0, 1, 0, 0, 0, 0, 0, 20, 0, 1, 0, 0x1f, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    /// SE_DACL_PRESENT.
    const DACL_PRESENT: u16 = 4;

    #[test]
    fn both_forms_are_copied_alike() {
        let absolute = Absolute {
            beginning: Beginning { revision: 1, reserved: 0, control: DACL_PRESENT },
            owner: SYSTEM.as_ptr(),
            group: std::ptr::null(),
            sacl: std::ptr::null(),
            dacl: EVERYONE.as_ptr(),
        };
        // SAFETY: it is a descriptor.
        let copied = unsafe { copy(NonNull::from(&absolute).cast()) }.unwrap();
        // Written down by hand from [MS-DTYP] 2.4.6.
        let mut expected = vec![1, 0, 4, 0x80, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0];
        expected.extend(SYSTEM);
        expected.extend(EVERYONE);
        assert_eq!(&*copied, expected);
        let pointer = NonNull::from(&*copied).cast();
        // SAFETY: the copy is a descriptor too.
        assert_eq!(unsafe { copy(pointer) }.as_deref(), Some(&*copied));
    }

    #[test]
    fn other_revisions_are_refused() {
        let unknown = [2_u8; 40];
        // SAFETY: only the first bytes are read.
        assert_eq!(unsafe { copy(NonNull::from(&unknown).cast()) }, None);
    }
}
