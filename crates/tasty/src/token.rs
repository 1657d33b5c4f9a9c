//! The token endpoint, `POST /oauth/token`: a code or a refresh token for an access token.
//!
//! The answer is not wrapped in `data`, and its errors have a form of their own. A refresh token stays good when it is
//! used, so a mint whose answer was lost may be made again, by the one who knows that it was lost; nothing here repeats it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Answer, Error, Method, Request};

/// How long an access token lasts if the answer does not say, in seconds.
const LIFETIME: u32 = 900;

/// What a login or a refresh yields. `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// For the `Authorization` header.
    pub access_token: String,
    /// The grant; absent in the answer to a refresh, whose token stays good.
    pub refresh_token: Option<String>,
    /// Seconds that the access token lasts.
    pub expires_in: u32,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens(for {} s)", self.expires_in)
    }
}

#[derive(Serialize)]
#[serde(tag = "grant_type", rename_all = "snake_case")]
enum Body<'a> {
    AuthorizationCode { code: &'a str, client_id: &'a str, client_secret: &'a str, redirect_uri: &'a str },
    RefreshToken { refresh_token: &'a str, client_secret: &'a str },
}

/// Redeems the code of a login. `redirect_uri` is the one that the login page was given.
pub fn redeem_code(client_id: &str, client_secret: &str, code: &str, redirect_uri: &str) -> Request {
    mint(&Body::AuthorizationCode { code, client_id, client_secret, redirect_uri })
}

/// Mints an access token from a grant.
pub fn refresh(client_secret: &str, refresh_token: &str) -> Request {
    mint(&Body::RefreshToken { refresh_token, client_secret })
}

fn mint(body: &Body<'_>) -> Request {
    Request {
        method: Method::Post,
        path_and_query: "/oauth/token".to_owned(),
        // Writing strings as JSON cannot fail; were it to, TastyTrade would refuse the empty body.
        body: Some(serde_json::to_string(body).unwrap_or_default()),
        auth: false,
    }
}

/// Reads the tokens, or why there are none: [`Error::GrantRevoked`] for `invalid_grant`, [`Error::ClientRefused`] for a
/// wrong client id or secret.
pub fn read(answer: &Answer) -> Result<Tokens, Error> {
    match answer.check() {
        Ok(()) => {}
        Err(Error::TokenExpired | Error::Refused { .. }) => return Err(refusal(answer)),
        Err(error) => return Err(error),
    }
    let wire: Wire = answer.json()?;
    if wire.access_token.is_empty() {
        return Err(Error::invalid("access_token", "empty"));
    }
    Ok(Tokens {
        access_token: wire.access_token,
        refresh_token: wire.refresh_token.filter(|token| !token.is_empty()),
        expires_in: wire.expires_in.filter(|seconds| *seconds > 0).unwrap_or(LIFETIME),
    })
}

fn refusal(answer: &Answer) -> Error {
    let error: WireError = answer.json().unwrap_or_default();
    match error.error_code.as_deref().or(error.error.as_deref()) {
        Some("invalid_grant") => Error::GrantRevoked,
        Some("invalid_client" | "unauthorized_client") => Error::ClientRefused,
        // Without a word of its own a 401 can only be about the client: no token was sent.
        None if answer.status == 401 => Error::ClientRefused,
        _ => Error::Refused { status: answer.status },
    }
}

#[derive(Deserialize)]
struct Wire {
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u32>,
}

/// TastyTrade writes `error_code` where RFC 6749 has `error`.
#[derive(Deserialize, Default)]
struct WireError {
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn requests_have_tastytrades_form() {
        let request = redeem_code("id", "se\"cret", "code", "http://localhost:8787/oauth/callback");
        assert_eq!((request.method, request.auth), (Method::Post, false));
        assert_eq!(
            request.body.as_deref(),
            Some(concat!(
                r#"{"grant_type":"authorization_code","code":"code","client_id":"id","client_secret":"se\"cret","#,
                r#""redirect_uri":"http://localhost:8787/oauth/callback"}"#
            ))
        );
        assert_eq!(
            refresh("secret", "token").body.as_deref(),
            Some(r#"{"grant_type":"refresh_token","refresh_token":"token","client_secret":"secret"}"#)
        );
    }

    #[test]
    fn tokens_are_read() {
        let tokens = read(&answer(200, r#"{"access_token":"a","token_type":"Bearer","expires_in":600}"#)).unwrap();
        assert_eq!((tokens.access_token.as_str(), tokens.refresh_token, tokens.expires_in), ("a", None, 600));
        let tokens = read(&answer(200, r#"{"access_token":"a","refresh_token":"r","id_token":"i"}"#)).unwrap();
        assert_eq!((tokens.refresh_token.as_deref(), tokens.expires_in), (Some("r"), 900));
        assert_eq!(format!("{tokens:?}"), "Tokens(for 900 s)");
    }

    #[test]
    fn a_refusal_says_whose_fault_it_is() {
        for (status, body, error) in [
            (400, r#"{"error_code":"invalid_grant","error_description":"Invalid JWT"}"#, Error::GrantRevoked),
            (400, r#"{"error":"invalid_grant"}"#, Error::GrantRevoked),
            (401, r#"{"error_code":"invalid_grant"}"#, Error::GrantRevoked),
            (400, r#"{"error_code":"invalid_client"}"#, Error::ClientRefused),
            (401, r#"{"error_code":"unauthorized_client"}"#, Error::ClientRefused),
            (401, r#"{"error":{"code":"invalid_credentials"}}"#, Error::ClientRefused),
            (400, r#"{"error_code":"invalid_request"}"#, Error::Refused { status: 400 }),
            (400, "<html>", Error::Refused { status: 400 }),
            (429, "", Error::RateLimited { retry_after: 5 }),
            (503, "", Error::Unavailable { status: 503 }),
            (200, r#"{"access_token":""}"#, Error::invalid("access_token", "empty")),
            (200, r#"{"access_token":7}"#, Error::invalid("access_token", "missing or of another type")),
        ] {
            assert_eq!(read(&answer(status, body)), Err(error), "{status} {body}");
        }
    }
}
