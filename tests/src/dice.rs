//! Numbers that look random and are the same on every run.

use std::sync::Mutex;

use rtm_domain::ports::Entropy;

/// A small generator (xorshift64*), good enough to shuffle and to name.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Same seed, same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end as u64;
        (self.roll() % end) as usize
    }
}

/// The same secrets on every run.
#[derive(Debug)]
pub struct FixedEntropy(Mutex<Dice>);

impl FixedEntropy {
    /// Same seed, same secrets.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Dice::new(seed)))
    }
}

impl Entropy for FixedEntropy {
    fn bits(&self) -> u128 {
        let mut dice = self.0.lock().expect("rolling a die does not panic");
        u128::from(dice.roll()) << 64 | u128::from(dice.roll())
    }
}
