//! The port to the random number generator.

/// A cryptographically secure source of random bytes; seeded in tests.
pub trait Entropy {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);
}

impl<T: Entropy + ?Sized> Entropy for &T {
    fn fill(&self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}
