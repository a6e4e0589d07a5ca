//! A small deterministic source of choices.
//!
//! A failure is reproduced from a seed and an index, on any machine and with any version of any
//! dependency; so the generator is the dozen lines of splitmix64 and not a crate.

/// splitmix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The choices of signature `index` under `seed`; `purpose` keeps independent streams apart.
    pub(crate) fn new(seed: u64, index: u64, purpose: u64) -> Random {
        let mut random = Random(seed ^ index.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ purpose.rotate_left(48));
        // Neighbouring indices start far apart only after a step.
        let state = random.next();
        Random(state)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let len = from.len() as u64;
        let at = usize::try_from(self.below(len)).expect("an index into a slice is a usize");
        from[at]
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[7]
    }
}
