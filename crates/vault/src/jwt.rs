//! Access tokens: JWTs with HS256 and `typ: at+jwt` (RFC 9068, RFC 8725).
//!
//! The key is chosen from our own by `kid`, the algorithm by us; a header with anything but `alg`, `typ` and `kid` is refused,
//! and with it `jku`, `jwk`, `x5u`, `crit` and whatever will be thought of next. The times are checked here, against the
//! caller's clock, since the library would read one of its own.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::{KeyError, hs256, token};

/// A token longer than this is not read, in bytes.
pub const MAX_BYTES: usize = 4096;
/// How far two clocks may be apart, in seconds.
pub const SKEW_SECONDS: i64 = 60;

const TYPE: &str = "at+jwt";

/// What an access token says. All of it is required, and nothing beside it is accepted; times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it: our public URL.
    pub iss: String,
    /// For whom: the MCP endpoint.
    pub aud: String,
    /// The user.
    pub sub: String,
    /// The grant, which is read at each request.
    pub sid: String,
    /// The app.
    pub client_id: String,
    /// Scopes, separated by blanks.
    pub scope: String,
    /// When it ends.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Its own id.
    pub jti: String,
    /// From when it holds, if not from the start. We issue none, but heed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

/// What a token must say to be ours.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The audience.
    pub audience: &'a str,
}

/// Why a token does not hold. For logs: the wire says `invalid_token` to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Not a JWT, or a claim is missing or of the wrong type.
    #[error("malformed")]
    Malformed,
    /// Longer than [`MAX_BYTES`].
    #[error("too large")]
    TooLarge,
    /// Another algorithm, another type, or a header field that we do not write.
    #[error("header refused")]
    Header,
    /// A key that is not ours.
    #[error("unknown key")]
    UnknownKey,
    /// The signature does not match.
    #[error("bad signature")]
    Signature,
    /// Issued by or for somebody else.
    #[error("wrong issuer or audience")]
    NotOurs,
    /// It has ended.
    #[error("expired")]
    Expired,
    /// It has not begun.
    #[error("not yet valid")]
    NotYet,
}

/// Exactly the header that we write.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

struct Key {
    id: String,
    signs: EncodingKey,
    verifies: DecodingKey,
}

impl Key {
    fn parse(variable: &'static str, text: &str) -> Result<Self, KeyError> {
        if text.chars().count() < 32 {
            return Err(KeyError::TooShort { variable });
        }
        // Eleven characters of a hash tell two keys apart and say nothing of either.
        let id = token::hash(&format!("ttai:v1:jwt-key-id:{text}")).chars().take(11).collect();
        let bytes = text.as_bytes();
        Ok(Self { id, signs: EncodingKey::from_secret(bytes), verifies: DecodingKey::from_secret(bytes) })
    }
}

/// The keys for access tokens: the current one signs, both verify.
pub struct JwtKeys {
    current: Key,
    previous: Option<Key>,
}

impl JwtKeys {
    /// Reads `JWT_SECRET` and, if set, `JWT_SECRET_PREVIOUS`: 32 characters or more each. An empty text counts as not set.
    pub fn parse(current: Option<&str>, previous: Option<&str>) -> Result<Self, KeyError> {
        hs256::install();
        let set = |text: &&str| !text.trim().is_empty();
        let current = current.filter(set).ok_or(KeyError::Missing { variable: "JWT_SECRET" })?;
        Ok(Self {
            current: Key::parse("JWT_SECRET", current)?,
            previous: previous.filter(set).map(|text| Key::parse("JWT_SECRET_PREVIOUS", text)).transpose()?,
        })
    }

    /// Signs a token with the current key.
    pub fn issue(&self, claims: &Claims) -> Result<String, JwtError> {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.current.id.clone());
        let token = jsonwebtoken::encode(&header, claims, &self.current.signs).map_err(|_| JwtError::Malformed)?;
        if token.len() > MAX_BYTES { Err(JwtError::TooLarge) } else { Ok(token) }
    }

    /// Verifies a token: form, header, signature, issuer, audience, times.
    pub fn verify(&self, token: &str, expected: &Expected<'_>, now: DateTime<Utc>) -> Result<Claims, JwtError> {
        let key = self.key_of(token)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.verifies, &validation)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => JwtError::Signature,
                _ => JwtError::Malformed,
            })?
            .claims;
        check(&claims, expected, now.timestamp())?;
        Ok(claims)
    }

    /// The key that the header names, once the header is exactly one of ours.
    fn key_of(&self, token: &str) -> Result<&Key, JwtError> {
        if token.len() > MAX_BYTES {
            return Err(JwtError::TooLarge);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(JwtError::Malformed);
        };
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| JwtError::Malformed)?;
        let header: StrictHeader = serde_json::from_slice(&header).map_err(|_| JwtError::Header)?;
        if header.alg != "HS256" || header.typ != TYPE {
            return Err(JwtError::Header);
        }
        [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|key| key.id == header.kid)
            .ok_or(JwtError::UnknownKey)
    }
}

fn check(claims: &Claims, expected: &Expected<'_>, now: i64) -> Result<(), JwtError> {
    if claims.iss != expected.issuer || claims.aud != expected.audience {
        return Err(JwtError::NotOurs);
    }
    if now > claims.exp.saturating_add(SKEW_SECONDS) {
        return Err(JwtError::Expired);
    }
    let starts = claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat));
    if starts > now.saturating_add(SKEW_SECONDS) {
        return Err(JwtError::NotYet);
    }
    Ok(())
}

impl std::fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let previous = self.previous.as_ref().map(|key| &key.id);
        f.debug_struct("JwtKeys").field("current", &self.current.id).field("previous", &previous).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";
    const US: Expected<'_> = Expected { issuer: "https://ttai.example", audience: "https://ttai.example/mcp" };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn keys(current: &str, previous: Option<&str>) -> JwtKeys {
        JwtKeys::parse(Some(current), previous).unwrap()
    }

    fn claims() -> Claims {
        Claims {
            iss: US.issuer.to_owned(),
            aud: US.audience.to_owned(),
            sub: "U0001".to_owned(),
            sid: "g1".to_owned(),
            client_id: "c1".to_owned(),
            scope: "market:read".to_owned(),
            exp: 87_400,
            iat: 1_000,
            jti: "j1".to_owned(),
            nbf: None,
        }
    }

    /// A token with this header and these claims, correctly signed with [`SECRET`].
    fn forge(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = jsonwebtoken::crypto::sign(
            message.as_bytes(),
            &EncodingKey::from_secret(SECRET.as_bytes()),
            Algorithm::HS256,
        )
        .unwrap();
        format!("{message}.{signature}")
    }

    fn header() -> Value {
        json!({"alg": "HS256", "typ": "at+jwt", "kid": keys(SECRET, None).current.id})
    }

    #[test]
    fn a_token_says_what_was_put_in() {
        let keys = keys(SECRET, None);
        let token = keys.issue(&claims()).unwrap();
        assert_eq!(keys.verify(&token, &US, at(1_000)), Ok(claims()));
        assert_eq!(keys.verify(&forge(&header(), &json!(claims())), &US, at(1_000)), Ok(claims()));
    }

    #[test]
    fn clocks_may_be_a_minute_apart_and_no_more() {
        let keys = keys(SECRET, None);
        let token = keys.issue(&claims()).unwrap();
        for (now, said) in [
            (940, Ok(claims())),
            (939, Err(JwtError::NotYet)),
            (87_460, Ok(claims())),
            (87_461, Err(JwtError::Expired)),
        ] {
            assert_eq!(keys.verify(&token, &US, at(now)), said, "{now}");
        }
        let later = keys.issue(&Claims { nbf: Some(2_000), ..claims() }).unwrap();
        assert_eq!(keys.verify(&later, &US, at(1_900)), Err(JwtError::NotYet));
    }

    #[test]
    fn a_header_that_is_not_ours_is_refused() {
        for (name, value, said) in [
            ("alg", json!("none"), JwtError::Header),
            ("alg", json!("HS512"), JwtError::Header),
            ("alg", json!("hs256"), JwtError::Header),
            ("typ", json!("JWT"), JwtError::Header),
            ("kid", json!("../../etc/passwd"), JwtError::UnknownKey),
            ("kid", json!(1), JwtError::Header),
            ("jwk", json!({"kty": "oct", "k": "AAAA"}), JwtError::Header),
            ("jku", json!("https://evil.example/keys"), JwtError::Header),
            ("x5u", json!("https://evil.example/cert"), JwtError::Header),
            ("crit", json!(["exp"]), JwtError::Header),
            ("zip", json!("DEF"), JwtError::Header),
        ] {
            let mut changed = header();
            changed[name] = value;
            let token = forge(&changed, &json!(claims()));
            assert_eq!(keys(SECRET, None).verify(&token, &US, at(1_000)), Err(said), "{name}");
        }
        let mut missing = header();
        missing.as_object_mut().unwrap().remove("kid");
        assert_eq!(
            keys(SECRET, None).verify(&forge(&missing, &json!(claims())), &US, at(1_000)),
            Err(JwtError::Header)
        );
    }

    #[test]
    fn claims_that_are_missing_or_not_ours_are_refused() {
        for (name, value, said) in [
            ("iss", json!("https://evil.example"), JwtError::NotOurs),
            ("aud", json!("https://ttai.example"), JwtError::NotOurs),
            ("aud", json!([US.audience]), JwtError::Malformed),
            ("exp", json!("87400"), JwtError::Malformed),
            ("exp", json!(i64::MIN), JwtError::Expired),
            ("iat", json!(i64::MAX), JwtError::NotYet),
            ("exp", Value::Null, JwtError::Malformed),
            ("sid", Value::Null, JwtError::Malformed),
            ("admin", json!(true), JwtError::Malformed),
        ] {
            let mut changed = json!(claims());
            changed[name] = value;
            assert_eq!(keys(SECRET, None).verify(&forge(&header(), &changed), &US, at(1_000)), Err(said), "{name}");
        }
        let mut missing = json!(claims());
        missing.as_object_mut().unwrap().remove("exp");
        let said = keys(SECRET, None).verify(&forge(&header(), &missing), &US, at(1_000));
        assert_eq!(said, Err(JwtError::Malformed));
    }

    #[test]
    fn the_previous_key_verifies_and_a_foreign_one_does_not() {
        let token = keys(SECRET, None).issue(&claims()).unwrap();
        assert!(keys(OTHER, Some(SECRET)).verify(&token, &US, at(1_000)).is_ok());
        assert_eq!(keys(OTHER, None).verify(&token, &US, at(1_000)), Err(JwtError::UnknownKey));
        let unsigned = token.rsplit_once('.').unwrap().0;
        let signed_by_other =
            format!("{unsigned}.{}", keys(OTHER, None).issue(&claims()).unwrap().rsplit_once('.').unwrap().1);
        assert_eq!(keys(SECRET, None).verify(&signed_by_other, &US, at(1_000)), Err(JwtError::Signature));
        assert!(keys(SECRET, None).verify(&format!("{unsigned}."), &US, at(1_000)).is_err());
        assert_eq!(keys(SECRET, None).verify(unsigned, &US, at(1_000)), Err(JwtError::Malformed));
        assert!(keys(SECRET, None).verify(&format!("{token}="), &US, at(1_000)).is_err());
    }

    #[test]
    fn a_secret_is_32_characters_and_a_token_4_kb_at_most() {
        let error = JwtKeys::parse(Some("short"), None).unwrap_err().to_string();
        assert_eq!(error, "JWT_SECRET is shorter than 32 characters. Make one with: openssl rand -base64 48");
        assert_eq!(JwtKeys::parse(None, None).unwrap_err(), KeyError::Missing { variable: "JWT_SECRET" });
        let huge = "a".repeat(MAX_BYTES + 1);
        assert_eq!(keys(SECRET, None).verify(&huge, &US, at(0)), Err(JwtError::TooLarge));
        assert_eq!(keys(SECRET, None).issue(&Claims { jti: huge, ..claims() }), Err(JwtError::TooLarge));
    }

    proptest! {
        #[test]
        fn any_text_is_refused(text in "\\PC{0,200}|[\\w-]{0,60}\\.[\\w-]{0,60}\\.[\\w-]{0,60}") {
            prop_assert!(keys(SECRET, None).verify(&text, &US, at(1_000)).is_err());
        }
    }
}
