//! Tokens in the form of JWTs, signed with HS256. The key is public: what a token says counts only together with the grant
//! that it names, whose id nobody can guess.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::Sha256;

const KEY: &[u8] = b"the simulator's tokens are made of public ingredients";
/// Who says so; clients tell environments apart by it.
pub(crate) const ISSUER: &str = "https://tastytrade-sim.localhost";

/// What kind of token it is, so that one cannot stand in for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Use {
    /// For calls.
    Access,
    /// For new access tokens.
    Refresh,
}

/// What a token says. Times in Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub iss: String,
    /// The user's name.
    pub sub: String,
    /// The grant's id.
    pub gid: String,
    pub scope: String,
    pub iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// The access token's number; zero for a refresh token.
    pub seq: u64,
    pub token_use: Use,
}

/// Signs what is given.
pub(crate) fn sign(claims: &impl Serialize) -> String {
    let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","kid":"sim-1","typ":"JWT"}"#);
    let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).unwrap_or_default());
    let signed = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(signature(signed.as_bytes()).finalize().into_bytes());
    format!("{signed}.{signature}")
}

/// Reads what was signed here.
pub(crate) fn read<T: DeserializeOwned>(token: &str) -> Option<T> {
    let (signed, given) = token.rsplit_once('.')?;
    signature(signed.as_bytes()).verify_slice(&URL_SAFE_NO_PAD.decode(given).ok()?).ok()?;
    let (_, claims) = signed.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn signature(signed: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(KEY).expect("HMAC takes keys of any length").chain_update(signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_is_read() {
        let token = sign(&serde_json::json!({ "a": 1 }));
        assert_eq!(read::<serde_json::Value>(&token), Some(serde_json::json!({ "a": 1 })));
        let forged = token.replacen("eyJhIjoxfQ", &URL_SAFE_NO_PAD.encode(r#"{"a":2}"#), 1);
        assert_ne!(forged, token);
        for other in [forged.as_str(), "", "a.b.c", "..", "Invalid"] {
            assert_eq!(read::<serde_json::Value>(other), None, "{other}");
        }
    }
}
