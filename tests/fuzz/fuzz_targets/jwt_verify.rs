//! Access tokens: nothing verifies but what we would have issued.
//!
//! Input: a token; or, in two parts, a header and claims that are signed here with the right key, as if the attacker had
//! it. Held: a token that verifies is, letter for letter, the one that we issue for its claims; of what is rightly signed
//! only our own header, issuer, audience and times pass.

#![no_main]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sha2::Sha256;
use vault::{Expected, JwtError, jwt};

const AUDIENCE: &str = "https://ttai.example/mcp";

fn verify(token: &str) -> Result<vault::Claims, JwtError> {
    let expected = Expected { issuer: ttai_fuzz::PUBLIC, audience: AUDIENCE };
    let verified = ttai_fuzz::jwt_keys().verify(token, &expected, ttai_fuzz::now());
    assert_eq!(verified == Err(JwtError::TooLarge), token.len() > jwt::MAX_BYTES);
    verified
}

/// A token with this header and these claims, rightly signed.
fn forge(header: &[u8], claims: &[u8]) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(ttai_fuzz::JWT_SECRET.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{message}.{signature}")
}

/// What must be so of a header and claims that were accepted.
fn check(header: &[u8], claims: &[u8], read: &vault::Claims) {
    let header: Value = serde_json::from_slice(header).expect("the header is JSON");
    let names: Vec<&str> = header.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["alg", "kid", "typ"], "{header}");
    assert_eq!((&header["alg"], &header["typ"]), (&Value::from("HS256"), &Value::from("at+jwt")));
    let claims: Value = serde_json::from_slice(claims).expect("the claims are JSON");
    assert_eq!((&claims["iss"], &claims["aud"]), (&Value::from(ttai_fuzz::PUBLIC), &Value::from(AUDIENCE)));
    let now = i128::from(ttai_fuzz::now().timestamp());
    let time = |name: &str| claims[name].as_i64().map(i128::from);
    assert!(time("exp").expect("an end") >= now - 60, "{claims}");
    assert!(time("iat").expect("a beginning").max(time("nbf").unwrap_or(i128::MIN)) <= now + 60, "{claims}");
    for (name, value) in
        [("sub", &read.sub), ("sid", &read.sid), ("client_id", &read.client_id), ("scope", &read.scope)]
    {
        assert_eq!(claims[name].as_str(), Some(value.as_str()), "{name}");
    }
}

fuzz_target!(|data: &[u8]| {
    let (header, claims) = ttai_fuzz::parts(data);
    if header.is_empty() {
        let Ok(token) = std::str::from_utf8(data) else { return };
        if let Ok(claims) = verify(token) {
            assert_eq!(ttai_fuzz::jwt_keys().issue(&claims).as_deref(), Ok(token));
        }
        return;
    }
    let token = forge(header, claims);
    if let Ok(read) = verify(&token) {
        check(header, claims, &read);
    }
    // Without the key it is worth nothing.
    let unsigned = token.rsplit_once('.').unwrap().0;
    assert!(verify(unsigned).is_err() && verify(&format!("{unsigned}.")).is_err());
});
