//! A set of small numbers.

#[derive(Debug, Clone, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn new(len: u32) -> Self {
        Self(vec![0; len.div_ceil(64) as usize])
    }

    pub(super) fn has(&self, at: u32) -> bool {
        let word = self.0.get((at / 64) as usize);
        word.is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Whether it is new. What is beyond its length is left out.
    pub(super) fn add(&mut self, at: u32) -> bool {
        let Some(word) = self.0.get_mut((at / 64) as usize) else {
            return false;
        };
        let bit = 1 << (at % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    pub(super) fn remove(&mut self, at: u32) {
        if let Some(word) = self.0.get_mut((at / 64) as usize) {
            *word &= !(1 << (at % 64));
        }
    }

    /// How many of the others are not in this set.
    pub(super) fn lacks(&self, others: &Self) -> u64 {
        let words = others.0.iter().zip(&self.0);
        words
            .map(|(other, own)| u64::from((other & !own).count_ones()))
            .sum()
    }
}
