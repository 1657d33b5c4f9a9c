//! Randomness that is the same at each run.

use std::cell::Cell;

use sha2::{Digest, Sha256};

/// Bytes from a seed: SHA-256 in counter mode.
#[derive(Debug, Default)]
pub struct Seeded {
    seed: u64,
    counter: Cell<u64>,
}

impl Seeded {
    /// A source that is the same for the same seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: Cell::new(0) }
    }
}

impl vault::Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.counter.get();
            self.counter.set(count.wrapping_add(1));
            let block =
                Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(count.to_be_bytes()).finalize();
            for (byte, random) in chunk.iter_mut().zip(block) {
                *byte = random;
            }
        }
    }
}
