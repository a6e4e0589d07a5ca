//! Where the bytes of characters go: what [`super::x64`] looks up.

/// A byte shuffle. Bytes from 0x80 on become zero.
pub(super) type Shuffle = [u8; 16];

const ZERO: u8 = 0x80;

/// How the first characters of twelve bytes become lanes.
#[derive(Clone, Copy)]
pub(super) struct Spread {
    /// Index into [`SPREADS`]: below [`PAIRS`] six lanes of 16 bits, then four of 32; [`NONE`] if neither.
    pub(super) shuffle: u8,
    /// How many bytes the characters have.
    pub(super) bytes: u8,
}

/// Ways of six characters of one or two bytes.
pub(super) const PAIRS: u8 = 64;
/// There are no such characters: some have four bytes.
pub(super) const NONE: u8 = u8::MAX;

/// Ways of four characters of one to three bytes.
const TRIPLES: usize = 81;

/// Lengths of the first characters of twelve bytes whose last bytes have a bit set; 0 where there is none.
const fn lengths(ends: usize) -> [u8; 6] {
    let mut lengths = [0; 6];
    let (mut count, mut length, mut at) = (0, 0, 0);
    while at < 12 && count < 6 {
        length += 1;
        if ends >> at & 1 == 1 {
            lengths[count] = length;
            count += 1;
            length = 0;
        }
        at += 1;
    }
    lengths
}

/// The number of the way of `count` characters of at most `longest` bytes and the sum of their lengths, if
/// the first ones are such.
const fn way(lengths: [u8; 6], count: usize, longest: u8) -> Option<(u8, u8)> {
    let (mut number, mut bytes, mut i) = (0, 0, 0);
    while i < count {
        if lengths[i] == 0 || lengths[i] > longest {
            return None;
        }
        number = number * longest + (lengths[i] - 1);
        bytes += lengths[i];
        i += 1;
    }
    Some((number, bytes))
}

/// By the bits of the last bytes of characters among twelve.
pub(super) static ENDS: [Spread; 4096] = {
    let mut table = [Spread { shuffle: NONE, bytes: 0 }; 4096];
    let mut ends = 0;
    while ends < 4096 {
        let lengths = lengths(ends);
        if let Some((number, bytes)) = way(lengths, 6, 2) {
            table[ends] = Spread { shuffle: number, bytes };
        } else if let Some((number, bytes)) = way(lengths, 4, 3) {
            table[ends] = Spread { shuffle: PAIRS + number, bytes };
        }
        ends += 1;
    }
    table
};

/// Brings the bytes of each character into a lane, the last one lowest.
const fn spread(mut number: usize, count: usize, longest: usize, lane: usize) -> Shuffle {
    let mut lengths = [0; 6];
    let mut i = count;
    while i > 0 {
        i -= 1;
        lengths[i] = number % longest + 1;
        number /= longest;
    }
    let mut shuffle = [ZERO; 16];
    let (mut at, mut i) = (0, 0);
    while i < count {
        let mut byte = 0;
        while byte < lengths[i] {
            #[allow(clippy::cast_possible_truncation, reason = "below 16")]
            let from = (at + lengths[i] - 1 - byte) as u8;
            shuffle[i * lane + byte] = from;
            byte += 1;
        }
        at += lengths[i];
        i += 1;
    }
    shuffle
}

/// By [`Spread::shuffle`].
pub(super) static SPREADS: [Shuffle; PAIRS as usize + TRIPLES] = {
    let mut table = [[ZERO; 16]; PAIRS as usize + TRIPLES];
    let mut i = 0;
    while i < table.len() {
        table[i] = if i < PAIRS as usize { spread(i, 6, 2, 2) } else { spread(i - PAIRS as usize, 4, 3, 4) };
        i += 1;
    }
    table
};

/// A shuffle that closes gaps, and how many bytes it leaves.
#[derive(Clone, Copy)]
pub(super) struct Closing {
    pub(super) shuffle: Shuffle,
    pub(super) bytes: u8,
}

/// Keeps `kept[i]` bytes of each lane: the first ones, or the last before `used` bytes.
const fn closing(kept: [usize; 8], lanes: usize, lane: usize, used: usize, last: bool) -> Closing {
    let mut closing = Closing { shuffle: [ZERO; 16], bytes: 0 };
    let mut i = 0;
    while i < lanes {
        let mut byte = 0;
        while byte < kept[i] {
            let first = if last { used - kept[i] } else { 0 };
            #[allow(clippy::cast_possible_truncation, reason = "below 16")]
            let from = (i * lane + first + byte) as u8;
            closing.shuffle[closing.bytes as usize] = from;
            closing.bytes += 1;
            byte += 1;
        }
        i += 1;
    }
    closing
}

/// Of eight lanes of 16 bits, by the bits of those that keep one byte of two.
pub(super) static TWO: [Closing; 256] = {
    let mut table = [Closing { shuffle: [ZERO; 16], bytes: 0 }; 256];
    let mut bits = 0;
    while bits < 256 {
        let mut kept = [2; 8];
        let mut i = 0;
        while i < 8 {
            kept[i] -= bits >> i & 1;
            i += 1;
        }
        table[bits] = closing(kept, 8, 2, 2, false);
        bits += 1;
    }
    table
};

/// Of four lanes of 32 bits with three bytes each, by the bits of those that keep one (the low four) and
/// of those that keep at most two (the high four).
pub(super) static THREE: [Closing; 256] = {
    let mut table = [Closing { shuffle: [ZERO; 16], bytes: 0 }; 256];
    let mut bits = 0;
    while bits < 256 {
        let mut kept = [3; 8];
        let mut i = 0;
        while i < 4 {
            kept[i] -= (bits >> i & 1) + (bits >> (i + 4) & 1);
            i += 1;
        }
        table[bits] = closing(kept, 4, 4, 3, true);
        bits += 1;
    }
    table
};
