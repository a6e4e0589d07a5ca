//! Against std, for every length, every alignment and every kind of character.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "a constant has no place for the proof beside each")]

use super::*;

/// Characters of every length, and those at the borders of lengths.
const ALPHABET: &[char] = &[
    'a',
    'z',
    '0',
    ' ',
    '\u{1}',
    '\u{7F}',
    '\u{80}',
    'ü',
    'ß',
    'я',
    '\u{7FF}',
    '\u{800}',
    '日',
    '本',
    '語',
    '€',
    '\u{D7FF}',
    '\u{E000}',
    '\u{FFFF}',
    '\u{10000}',
    '😀',
    '🦀',
    '\u{10FFFF}',
];

/// A generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    /// Characters of the first kinds of the alphabet, in runs.
    fn text(&mut self, characters: usize, kinds: usize) -> String {
        let mut text = String::new();
        while text.chars().count() < characters {
            let (c, run) = (ALPHABET[self.below(kinds)], 1 + self.below(20));
            let run = if self.below(3) == 0 { run } else { 1 };
            text.extend(std::iter::repeat_n(c, run));
        }
        text.chars().take(characters).collect()
    }
}

/// A way to UTF-16, and one back.
type Ways = (unsafe fn(&str, *mut u16) -> Encoded, unsafe fn(&[u16], *mut u8) -> Result<usize, usize>);

/// What machines without faster ways do.
const SLOWER: &[Ways] = &[
    (scalar::utf16_of, scalar::utf8_of),
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    (|text, to| unsafe { x64::utf16_sse2(text.as_bytes(), to) }, x64::utf8_sse2),
];

fn check_slower(text: &str, want: &[u16]) {
    for (there, back) in SLOWER {
        let mut room = vec![0; text.len() + SLACK];
        // SAFETY: there is the room.
        let encoded = unsafe { there(text, room.as_mut_ptr()) };
        assert_eq!((&room[..encoded.units], encoded.has_nul), (want, text.contains('\0')), "{text:?}");
        let mut bytes = vec![0; 3 * want.len() + SLACK];
        // SAFETY: there is the room.
        let length = unsafe { back(want, bytes.as_mut_ptr()) }.unwrap();
        assert_eq!(&bytes[..length], text.as_bytes(), "{text:?}");
    }
}

fn check(text: &str) {
    let want: Vec<u16> = text.encode_utf16().collect();
    check_slower(text, &want);
    let mut units = vec![0xAAAA; 3];
    append_utf16(text, &mut units);
    assert_eq!(units[..3], [0xAAAA; 3]);
    assert_eq!(units[3..], want, "{text:?}");
    let mut room = vec![0; text.len() + SLACK];
    // SAFETY: there is the room.
    let encoded = unsafe { utf16_of(text, room.as_mut_ptr()) };
    assert_eq!(encoded, Encoded { units: want.len(), has_nul: text.contains('\0') }, "{text:?}");
    assert_eq!(text_of_utf16(&want).unwrap(), text);

    let want: Vec<u32> = text.chars().map(u32::from).collect();
    let mut room = vec![0; text.len() + SLACK];
    // SAFETY: there is the room.
    let encoded = unsafe { utf32_of(text, room.as_mut_ptr()) };
    assert_eq!((&room[..encoded.units], encoded.has_nul), (&want[..], text.contains('\0')));
    assert_eq!(text_of_utf32(&want).unwrap(), text);
}

#[test]
fn every_length_of_every_mixture() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for characters in 0..200 {
        for kinds in [4, 6, 11, 19, ALPHABET.len()] {
            check(&numbers.text(characters, kinds));
        }
    }
    for _ in 0..20 {
        let characters = 1000 + numbers.below(2000);
        check(&numbers.text(characters, ALPHABET.len()));
    }
}

#[test]
fn every_character_alone_and_between_others() {
    for c in
        (1..=0x10_FFFF).filter_map(char::from_u32).filter(|c| u32::from(*c) % 37 < 2 || u32::from(*c) < 0x900)
    {
        check(&format!("{c}{c}bcdefghijklmno{c}pqrstuvwxyz{c}"));
    }
}

#[test]
fn every_alignment() {
    let text = "aü日😀".repeat(30);
    let want: Vec<u16> = text.encode_utf16().collect();
    for start in text.char_indices().map(|(i, _)| i).take(40) {
        check(&text[start..]);
    }
    for start in 0..want.len().min(40) {
        let good = char::decode_utf16(want[start..].iter().copied()).next().unwrap().is_ok();
        assert_eq!(text_of_utf16(&want[start..]).is_ok(), good);
    }
}

#[test]
fn a_nul_is_found_everywhere() {
    for filler in ['x', 'ü', '日', '😀'] {
        for characters in 1..80 {
            for at in 0..characters {
                let text: String = (0..characters).map(|i| if i == at { '\0' } else { filler }).collect();
                let mut room = vec![0; text.len() + SLACK];
                // SAFETY: there is the room.
                assert!(unsafe { utf16_of(&text, room.as_mut_ptr()) }.has_nul, "{text:?}");
            }
        }
    }
}

#[test]
fn long_runs_of_ascii_go_to_every_alignment() {
    let long: String = ('!'..='~').cycle().take(700).collect();
    for length in (240..420).chain([699, 700]) {
        for end in ["", "ü", "日x", "\0"] {
            let text = format!("{}{end}", &long[..length]);
            let want: Vec<u16> = text.encode_utf16().collect();
            for offset in 0..17 {
                let mut room = vec![0xEEEE; offset + text.len() + SLACK];
                // SAFETY: there is the room.
                let encoded = unsafe { utf16_of(&text, room[offset..].as_mut_ptr()) };
                assert_eq!(encoded, Encoded { units: want.len(), has_nul: end == "\0" }, "{length}");
                assert_eq!(room[offset..offset + want.len()], want, "{length} at {offset}");
                assert!(room[..offset].iter().all(|u| *u == 0xEEEE));
            }
        }
    }
    for at in 0..long.len() {
        let text = format!("{}\0{}", &long[..at], &long[at + 1..]);
        let mut room = vec![0; text.len() + SLACK];
        // SAFETY: there is the room.
        assert!(unsafe { utf16_of(&text, room.as_mut_ptr()) }.has_nul, "at {at}");
    }
}

#[test]
fn a_surrogate_alone_is_found_everywhere() {
    for filler in ["x", "ü", "日", "😀"] {
        for count in 0..40 {
            let before: Vec<u16> = filler.repeat(count).encode_utf16().collect();
            for (wrong, after) in [
                (&[0xD800][..], "x"),
                (&[0xDC00], "x"),
                (&[0xDBFF, 0xD801], "日日日日日日日日日"),
                (&[0xDFFF, 0xDFFF], "üüüüüüüüüüü"),
                (&[0xD800], ""),
                (&[0xDFFF], "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            ] {
                let mut units = before.clone();
                units.extend(wrong);
                units.extend(after.encode_utf16());
                assert_eq!(text_of_utf16(&units), Err(before.len()), "{units:x?}");
                let mut text = "kept".to_owned();
                assert!(append_utf8(&units, &mut text).is_err());
                assert_eq!(text, "kept");
                let mut bytes = vec![0; 3 * units.len() + SLACK];
                for (_, back) in SLOWER {
                    // SAFETY: there is the room.
                    assert_eq!(unsafe { back(&units, bytes.as_mut_ptr()) }, Err(before.len()));
                }
            }
        }
    }
    for wrong in [0xD800, 0xDFFF, 0x11_0000, u32::MAX] {
        assert_eq!(text_of_utf32(&[0x61, 0x62, wrong]), Err(2));
    }
}
