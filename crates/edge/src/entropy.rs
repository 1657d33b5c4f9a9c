//! The platform's random number generator.

// Named only to switch on its JavaScript back end; aes-gcm draws from this older version.
use getrandom02 as _;

/// `crypto.getRandomValues`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Platform;

impl vault::Entropy for Platform {
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "the one place that draws; it cannot fail there"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("crypto.getRandomValues serves every request below 64 KiB");
    }
}
