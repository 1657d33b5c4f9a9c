//! Sealing values at rest: AES-256-GCM in the envelope `v1.<key id>.<nonce>.<ciphertext and tag>`, parts in base64url.
//!
//! The associated data name the place of the value, so that a ciphertext that was moved to another user, row or column does
//! not open. The nonce is random: with 96 bits, 2^32 messages under one key are safe, and there will be far fewer.

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{Entropy, KeyRing, Purpose, Secret};

const VERSION: &str = "v1";

/// Where a sealed value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// Whose row it is.
    pub user: &'a str,
    /// The row's own id.
    pub row: &'a str,
}

impl Place<'_> {
    /// The associated data. What separates the parts is escaped inside them, so that no two places give the same text.
    fn associated_data(&self) -> String {
        let escape = |part: &str| part.replace('%', "%25").replace('|', "%7C");
        format!("ttai:v1|{}|{}|{}|{}", self.table, self.column, escape(self.user), escape(self.row))
    }
}

/// Why a value cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It names a key that is not configured: the key was lost, or rotated twice.
    #[error("sealed with a key that is not configured")]
    UnknownKey,
    /// It was changed, or moved here from another place.
    #[error("changed, or sealed for another place")]
    Tampered,
    /// It is not an envelope at all.
    #[error("not a sealed value")]
    Malformed,
    /// The value is larger than the cipher takes.
    #[error("too large to seal")]
    TooLarge,
}

/// Seals a value for its place, under the current key.
pub fn seal(ring: &KeyRing, place: &Place<'_>, value: &Secret, entropy: &impl Entropy) -> Result<String, SealError> {
    let (id, key) = ring.current(Purpose::Seal);
    let mut nonce = [0_u8; 12];
    entropy.fill(&mut nonce);
    let place = place.associated_data();
    let payload = Payload { msg: value.expose().as_bytes(), aad: place.as_bytes() };
    let ciphertext =
        Aes256Gcm::new(key.into()).encrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::TooLarge)?;
    Ok(format!("{VERSION}.{id}.{}.{}", URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(ciphertext)))
}

/// Opens a value that was sealed for this place.
pub fn open(ring: &KeyRing, place: &Place<'_>, envelope: &str) -> Result<Secret, SealError> {
    let (id, nonce, ciphertext) = parts(envelope).ok_or(SealError::Malformed)?;
    let key = ring.find(id, Purpose::Seal).ok_or(SealError::UnknownKey)?;
    let place = place.associated_data();
    let payload = Payload { msg: &ciphertext, aad: place.as_bytes() };
    let clear = Aes256Gcm::new(key.into())
        .decrypt(&Nonce::from(nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| SealError::Tampered)?;
    std::str::from_utf8(&clear).map(Secret::new).map_err(|_| SealError::Malformed)
}

/// Whether an envelope was sealed under another key than the current one, and should be sealed anew when next written.
pub fn is_outdated(ring: &KeyRing, envelope: &str) -> bool {
    parts(envelope).is_none_or(|(id, _, _)| id != ring.current_id())
}

/// How every envelope begins that was sealed under the previous key; `None` while there is no such key.
pub fn previous_prefix(ring: &KeyRing) -> Option<String> {
    ring.previous_id().map(|id| format!("{VERSION}.{id}."))
}

fn parts(envelope: &str) -> Option<(&str, [u8; 12], Vec<u8>)> {
    let mut parts = envelope.split('.');
    let (version, id, nonce, ciphertext) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version != VERSION || parts.next().is_some() {
        return None;
    }
    let nonce = URL_SAFE_NO_PAD.decode(nonce).ok()?.try_into().ok()?;
    Some((id, nonce, URL_SAFE_NO_PAD.decode(ciphertext).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: Place<'_> = Place { table: "credentials", column: "refresh_token_sealed", user: "U0001", row: "c1" };

    struct Fixed;

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn ring(current: u8, previous: Option<u8>) -> KeyRing {
        let text = |byte: u8| base64::engine::general_purpose::STANDARD.encode([byte; 32]);
        KeyRing::parse(Some(&text(current)), previous.map(text).as_deref()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_and_nowhere_else() {
        let ring = ring(1, None);
        let envelope = seal(&ring, &PLACE, &Secret::new("token"), &Fixed).unwrap();
        assert!(envelope.starts_with("v1.") && !envelope.contains("token"));
        assert_eq!(open(&ring, &PLACE, &envelope).unwrap().expose(), "token");
        for elsewhere in [
            Place { table: "other", ..PLACE },
            Place { column: "client_secret_sealed", ..PLACE },
            Place { user: "U0002", ..PLACE },
            Place { row: "c2", ..PLACE },
        ] {
            assert_eq!(open(&ring, &elsewhere, &envelope).unwrap_err(), SealError::Tampered);
        }
    }

    #[test]
    fn places_do_not_run_into_each_other() {
        let left = Place { user: "a|b", row: "c", ..PLACE };
        let right = Place { user: "a", row: "b|c", ..PLACE };
        assert_ne!(left.associated_data(), right.associated_data());
        let left = Place { user: "a%7C", ..PLACE };
        let right = Place { user: "a|", ..PLACE };
        assert_ne!(left.associated_data(), right.associated_data());
    }

    #[test]
    fn rotation_reads_the_old_key_and_writes_the_new() {
        let (before, after, later) = (ring(1, None), ring(2, Some(1)), ring(3, Some(2)));
        let envelope = seal(&before, &PLACE, &Secret::new("token"), &Fixed).unwrap();
        assert!(!is_outdated(&before, &envelope) && is_outdated(&after, &envelope));
        assert!(envelope.starts_with(&previous_prefix(&after).unwrap()) && previous_prefix(&before).is_none());
        assert!(!envelope.starts_with(&previous_prefix(&later).unwrap()));
        assert_eq!(open(&after, &PLACE, &envelope).unwrap().expose(), "token");
        assert_eq!(open(&later, &PLACE, &envelope).unwrap_err(), SealError::UnknownKey);
    }

    proptest! {
        #[test]
        fn any_value_comes_back(value in ".*") {
            let ring = ring(1, None);
            let envelope = seal(&ring, &PLACE, &Secret::new(value.as_str()), &Fixed).unwrap();
            let opened = open(&ring, &PLACE, &envelope).unwrap();
            prop_assert_eq!(opened.expose(), value);
        }

        #[test]
        fn any_text_that_is_no_envelope_is_an_error(text in "\\PC{0,80}|v1\\.[\\w-]{0,9}\\.[\\w-]{0,20}\\.[\\w-]{0,40}") {
            prop_assert!(open(&ring(1, None), &PLACE, &text).is_err());
        }

        #[test]
        fn one_flipped_bit_is_an_error(at in 0_usize..200, bit in 0_u8..7) {
            let ring = ring(1, None);
            let mut bytes = seal(&ring, &PLACE, &Secret::new("a refresh token"), &Fixed).unwrap().into_bytes();
            let length = bytes.len();
            bytes[at % length] ^= 1 << bit;
            prop_assert!(open(&ring, &PLACE, &String::from_utf8(bytes).unwrap()).is_err());
        }
    }
}
