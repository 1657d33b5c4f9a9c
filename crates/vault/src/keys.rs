//! The key ring: one master key of 32 bytes and perhaps its predecessor, and the keys derived from them.
//!
//! A key's id is derived from the key, so rotating means: the old value moves to `TOKEN_ENCRYPTION_KEY_PREVIOUS`, a new one
//! takes its place, and what is sealed under the old one still opens.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What a derived key is for. Each purpose has its own key, so that one can never stand in for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sealing values at rest.
    Seal,
    /// Signing what we hand out and take back: cursors, links, state.
    Sign,
}

impl Purpose {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::Seal => b"ttai:v1:seal",
            Self::Sign => b"ttai:v1:sign",
        }
    }
}

/// Why a key cannot be used. The text says how to make one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The variable is not set or empty.
    #[error("{variable} is missing. Make one with: {}", how_to_make(.variable))]
    Missing {
        /// The variable.
        variable: &'static str,
    },
    /// Not base64 of 32 bytes.
    #[error("{variable} is not the base64 of 32 bytes. Make one with: {}", how_to_make(.variable))]
    NotThirtyTwoBytes {
        /// The variable.
        variable: &'static str,
    },
    /// A JWT secret that is too short to be one.
    #[error("{variable} is shorter than 32 characters. Make one with: {}", how_to_make(.variable))]
    TooShort {
        /// The variable.
        variable: &'static str,
    },
}

fn how_to_make(variable: &str) -> &'static str {
    if variable.starts_with("JWT") { "openssl rand -base64 48" } else { "openssl rand -base64 32" }
}

/// One master key with what is derived from it.
#[derive(Clone)]
struct Key {
    id: String,
    seal: Zeroizing<[u8; 32]>,
    sign: Zeroizing<[u8; 32]>,
}

impl Key {
    fn parse(variable: &'static str, text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let bytes = STANDARD
            .decode(text)
            .or_else(|_| URL_SAFE.decode(text))
            .map(Zeroizing::new)
            .map_err(|_| KeyError::NotThirtyTwoBytes { variable })?;
        if bytes.len() != 32 {
            return Err(KeyError::NotThirtyTwoBytes { variable });
        }
        let master = Hkdf::<Sha256>::new(None, &bytes);
        // HKDF refuses only outputs of more than 8160 bytes, so the error cannot occur; it is not worth a panic.
        let derive = |info: &[u8], out: &mut [u8]| {
            master.expand(info, out).map_err(|_| KeyError::NotThirtyTwoBytes { variable })
        };
        let (mut id, mut seal, mut sign) = ([0_u8; 6], Zeroizing::new([0_u8; 32]), Zeroizing::new([0_u8; 32]));
        derive(b"ttai:v1:key-id", &mut id)?;
        derive(Purpose::Seal.info(), &mut *seal)?;
        derive(Purpose::Sign.info(), &mut *sign)?;
        Ok(Self { id: URL_SAFE_NO_PAD.encode(id), seal, sign })
    }

    fn of(&self, purpose: Purpose) -> &[u8; 32] {
        match purpose {
            Purpose::Seal => &self.seal,
            Purpose::Sign => &self.sign,
        }
    }
}

/// The keys for what is stored: the current one writes, both read.
#[derive(Clone)]
pub struct KeyRing {
    current: Key,
    previous: Option<Key>,
}

impl KeyRing {
    /// Reads `TOKEN_ENCRYPTION_KEY` and, if set, `TOKEN_ENCRYPTION_KEY_PREVIOUS`: base64 of 32 bytes each, in either
    /// alphabet. An empty text counts as not set.
    pub fn parse(current: Option<&str>, previous: Option<&str>) -> Result<Self, KeyError> {
        let set = |text: &&str| !text.trim().is_empty();
        let current = current.filter(set).ok_or(KeyError::Missing { variable: "TOKEN_ENCRYPTION_KEY" })?;
        Ok(Self {
            current: Key::parse("TOKEN_ENCRYPTION_KEY", current)?,
            previous: previous.filter(set).map(|text| Key::parse("TOKEN_ENCRYPTION_KEY_PREVIOUS", text)).transpose()?,
        })
    }

    /// The id of the key that writes.
    pub fn current_id(&self) -> &str {
        &self.current.id
    }

    /// The id of the key before it, while there is one.
    pub fn previous_id(&self) -> Option<&str> {
        self.previous.as_ref().map(|key| key.id.as_str())
    }

    /// The key that writes, for a purpose: its id and its bytes.
    pub fn current(&self, purpose: Purpose) -> (&str, &[u8; 32]) {
        (&self.current.id, self.current.of(purpose))
    }

    /// The key with this id, if it is one of ours.
    pub fn find(&self, id: &str, purpose: Purpose) -> Option<&[u8; 32]> {
        [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|key| key.id == id)
            .map(|key| key.of(purpose))
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let previous = self.previous.as_ref().map(|key| &key.id);
        f.debug_struct("KeyRing").field("current", &self.current.id).field("previous", &previous).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const B: &str = "//////////////////////////////////////////8=";

    #[test]
    fn a_key_is_32_bytes_of_base64_and_says_how_to_make_one() {
        let error = |current, previous| KeyRing::parse(current, previous).unwrap_err().to_string();
        assert_eq!(error(None, None), "TOKEN_ENCRYPTION_KEY is missing. Make one with: openssl rand -base64 32");
        assert_eq!(error(Some("  "), None), "TOKEN_ENCRYPTION_KEY is missing. Make one with: openssl rand -base64 32");
        for wrong in ["AAAA", "not base64!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(error(Some(wrong), None).contains("is not the base64 of 32 bytes"), "{wrong}");
        }
        assert!(error(Some(A), Some("AAAA")).starts_with("TOKEN_ENCRYPTION_KEY_PREVIOUS is not"));
        assert!(KeyRing::parse(Some(&B.replace('/', "_")), Some("")).is_ok());
        assert!(KeyRing::parse(Some(B.trim_end_matches('=')), None).is_ok());
    }

    #[test]
    fn each_key_and_each_purpose_is_another() {
        let ring = KeyRing::parse(Some(A), Some(B)).unwrap();
        let old = KeyRing::parse(Some(B), None).unwrap();
        assert_ne!(ring.current(Purpose::Seal).1, ring.current(Purpose::Sign).1);
        assert_ne!(ring.current_id(), old.current_id());
        assert_eq!(ring.find(old.current_id(), Purpose::Seal), Some(old.current(Purpose::Seal).1));
        assert_eq!(old.find(ring.current_id(), Purpose::Seal), None);
        assert_eq!((ring.previous_id(), old.previous_id()), (Some(old.current_id()), None));
        assert!(!format!("{ring:?}").contains("AAAA"));
    }
}
