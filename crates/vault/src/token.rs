//! Opaque tokens: 32 random bytes behind a prefix, stored as a hash.
//!
//! The prefix lets secret scanners and people tell what a leaked string is. A token is looked up by its hash, so the time of
//! a lookup says nothing about the token; every other comparison of secrets goes through [`same`].

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Entropy, Secret};

/// What an opaque token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An authorization code.
    Code,
    /// A refresh token.
    Refresh,
    /// A registered client's secret.
    ClientSecret,
    /// An API key for scripts.
    ApiKey,
    /// The handle of a consent page, in its form.
    Request,
    /// The `state` of the login at TastyTrade.
    State,
    /// The cookie that ties a login to one browser.
    Browser,
    /// The cookie of a browser that is logged in.
    Session,
}

impl Kind {
    /// The letters before the random part.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "ttai_ac_",
            Self::Refresh => "ttai_rt_",
            Self::ClientSecret => "ttai_cs_",
            Self::ApiKey => "ttai_ak_",
            Self::Request => "ttai_rq_",
            Self::State => "ttai_us_",
            Self::Browser => "ttai_bb_",
            Self::Session => "ttai_bs_",
        }
    }

    /// Whether a text has the form of a token of this kind: the prefix and 43 characters of base64url. What has not need
    /// not be looked up.
    pub fn fits(self, text: &str) -> bool {
        text.strip_prefix(self.prefix()).is_some_and(|rest| {
            rest.len() == 43 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
    }
}

/// A new token of 256 random bits.
pub fn mint(kind: Kind, entropy: &impl Entropy) -> Secret {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    Secret::new(format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes)))
}

/// A new id for a row: 128 random bits in 32 hexadecimal digits. Not a secret, but not to be guessed either. Workflow
/// instances and Durable Objects take such an id as it is; base64url may begin with a hyphen, which they refuse.
pub fn id(entropy: &impl Entropy) -> String {
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// The SHA-256 of a text, base64url without padding (43 characters): what is stored in place of a token, and what PKCE
/// calls an S256 challenge.
pub fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
pub fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (byte, value) in bytes.iter_mut().zip(0_u8..) {
                *byte = value;
            }
        }
    }

    #[test]
    fn a_token_has_its_prefix_and_256_bits() {
        let token = mint(Kind::Code, &Counting);
        assert_eq!(token.expose(), "ttai_ac_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        assert!(Kind::Code.fits(token.expose()) && !Kind::Refresh.fits(token.expose()));
        for other in ["", "ttai_ac_", "ttai_ac_x", "ttai_ac_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh=", "\u{e4}"] {
            assert!(!Kind::Code.fits(other), "{other}");
        }
    }

    #[test]
    fn a_hash_is_what_pkce_calls_s256() {
        // The example of RFC 7636, appendix B.
        assert_eq!(hash("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn comparison_is_of_the_whole() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd") && !same("abc", "ab") && !same("", "a"));
    }
}
