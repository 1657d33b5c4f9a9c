//! Sealed values: what opens was sealed by us, for this place, and is as it was.
//!
//! Input: one line that is taken for an envelope; two lines for a user and a row; the rest is a value to seal, whose
//! first bytes also say where its envelope is damaged.

#![no_main]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use vault::{Entropy, KeyRing, Place, SealError, Secret, seal};

const PLACE: Place<'_> = Place { table: "credentials", column: "refresh_token_sealed", user: "U0001", row: "c1" };

/// A nonce that is known.
struct Nonce(Vec<u8>);

impl Entropy for Nonce {
    fn fill(&self, bytes: &mut [u8]) {
        for (byte, known) in bytes.iter_mut().zip(self.0.iter().chain(std::iter::repeat(&0))) {
            *byte = *known;
        }
    }
}

/// A text that opens is the envelope that sealing the same value with its nonce gives: there is no second spelling.
fn check_envelope(ring: &KeyRing, envelope: &str) {
    let opened = match seal::open(ring, &PLACE, envelope) {
        Ok(opened) => opened,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let nonce = envelope.split('.').nth(2).and_then(|nonce| URL_SAFE_NO_PAD.decode(nonce).ok()).expect("a nonce");
    if !seal::is_outdated(ring, envelope) {
        assert_eq!(seal::seal(ring, &PLACE, &opened, &Nonce(nonce)).as_deref(), Ok(envelope));
    }
}

fn check_value(ring: &KeyRing, user: &str, row: &str, bytes: &[u8]) {
    let value = String::from_utf8_lossy(bytes);
    let place = Place { user, row, ..PLACE };
    let nonce = Nonce(bytes.iter().copied().take(12).collect());
    let envelope = seal::seal(ring, &place, &Secret::new(value.as_ref()), &nonce).expect("a small value is sealed");
    assert_eq!(seal::open(ring, &place, &envelope).expect("it opens in its place").expose(), value);
    assert!(!seal::is_outdated(ring, &envelope));
    // It opens nowhere else: not in another column or row, not where the two texts touch at another point.
    let joined = format!("{user}|{row}");
    for other in [
        Place { column: "client_secret_sealed", ..place },
        Place { user: row, row: user, ..place },
        Place { user: &joined, row: "", ..place },
        Place { user: "", row: &joined, ..place },
    ] {
        if other != place {
            assert_eq!(seal::open(ring, &other, &envelope).err(), Some(SealError::Tampered), "{other:?}");
        }
    }
    let mut damaged = envelope.into_bytes();
    let at = usize::from(bytes.first().copied().unwrap_or(0)) * 256 + usize::from(bytes.get(1).copied().unwrap_or(0));
    let length = damaged.len();
    damaged[at % length] ^= 1 << (bytes.get(2).copied().unwrap_or(0) % 7);
    assert!(seal::open(ring, &place, std::str::from_utf8(&damaged).expect("still ASCII")).is_err());
}

fuzz_target!(|data: &[u8]| {
    let ring = ttai_fuzz::key_ring();
    let (envelope, rest) = ttai_fuzz::first_line(data);
    if let Ok(envelope) = std::str::from_utf8(envelope) {
        check_envelope(&ring, envelope);
    }
    let (user, rest) = ttai_fuzz::first_line(rest);
    let (row, value) = ttai_fuzz::first_line(rest);
    if let (Ok(user), Ok(row)) = (std::str::from_utf8(user), std::str::from_utf8(row)) {
        check_value(&ring, user, row, value);
    }
});
