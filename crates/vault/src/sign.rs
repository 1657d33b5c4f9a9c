//! Signatures on what is handed out and taken back, which anybody may read: HMAC-SHA-256 with the ring's key for signing.
//!
//! A signature is the key's id and the code, so that one made under the previous key still holds. The message must say what
//! it is for, in front of everything else: the key is one for all.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{KeyRing, Purpose};

/// The length of a key's id, in bytes of ASCII.
const ID: usize = 8;

/// The signature of a message under the key that writes.
pub fn sign(ring: &KeyRing, message: &[u8]) -> Vec<u8> {
    let (id, key) = ring.current(Purpose::Sign);
    let mut signature = id.as_bytes().to_vec();
    // HMAC takes a key of any length, so that there always is a code; without one nothing verifies.
    signature.extend(mac(key, message).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default());
    signature
}

/// Whether the signature is the message's under one of the ring's keys; compared in constant time.
pub fn verify(ring: &KeyRing, message: &[u8], signature: &[u8]) -> bool {
    let parts = signature.split_at_checked(ID).and_then(|(id, code)| Some((std::str::from_utf8(id).ok()?, code)));
    let key = parts.and_then(|(id, code)| Some((ring.find(id, Purpose::Sign)?, code)));
    key.and_then(|(key, code)| Some(mac(key, message)?.verify_slice(code).is_ok())).unwrap_or(false)
}

fn mac(key: &[u8], message: &[u8]) -> Option<Hmac<Sha256>> {
    Some(Hmac::<Sha256>::new_from_slice(key).ok()?.chain_update(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const B: &str = "//////////////////////////////////////////8=";

    fn ring(current: &str, previous: Option<&str>) -> KeyRing {
        KeyRing::parse(Some(current), previous).unwrap()
    }

    #[test]
    fn a_signature_holds_for_its_message_and_key_and_through_a_rotation() {
        let signature = sign(&ring(A, None), b"message");
        assert_eq!(signature.len(), ID + 32);
        for (ring, message, holds) in [
            (ring(A, None), "message", true),
            (ring(B, Some(A)), "message", true),
            (ring(B, None), "message", false),
            (ring(A, None), "another", false),
            (ring(A, None), "", false),
        ] {
            assert_eq!(verify(&ring, message.as_bytes(), &signature), holds, "{ring:?} {message}");
        }
    }

    #[test]
    fn a_signature_that_is_cut_or_changed_does_not_hold() {
        let ring = ring(A, None);
        let signature = sign(&ring, b"message");
        for length in 0..signature.len() {
            assert!(!verify(&ring, b"message", &signature[..length]), "{length}");
            let mut changed = signature.clone();
            changed[length] ^= 1;
            assert!(!verify(&ring, b"message", &changed), "{length}");
        }
        assert!(!verify(&ring, b"message", &[signature.as_slice(), b"x"].concat()));
    }
}
