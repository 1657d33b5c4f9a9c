//! Faults on demand: the next calls of a path fail in a chosen way.

use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    call::{self, Reply},
    oauth::token,
    wire::Refusal,
};

/// How long a hanging call hangs unless said otherwise, in seconds.
const HANG_SECONDS: u64 = 60;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// The access token counts as invalid for this call.
    #[serde(rename = "401")]
    TokenInvalid,
    /// Too many requests.
    #[serde(rename = "429")]
    TooManyRequests,
    /// A failure with TastyTrade's error body.
    #[serde(rename = "500")]
    Internal,
    /// A failure of the proxy before it, with a page of HTML.
    #[serde(rename = "502html")]
    BadGateway,
    /// The answer is right but comes late.
    #[serde(rename = "hang")]
    Hang,
    /// The answer is right but ends in the middle.
    #[serde(rename = "truncated")]
    Truncated,
    /// The answer is JSON of the right form in which no value has its type.
    #[serde(rename = "wrong_types")]
    WrongTypes,
    /// The answer's headers are right and the connection breaks in the middle of its body.
    #[serde(rename = "reset")]
    Reset,
    /// The grant counts as revoked for this call.
    #[serde(rename = "revoked")]
    Revoked,
    /// For a socket: nothing is sent any more.
    #[serde(rename = "silence")]
    Silence,
    /// For a socket: it closes.
    #[serde(rename = "close")]
    Close,
    /// For a socket: one text is cut in half.
    #[serde(rename = "malformed")]
    Malformed,
    /// For a socket: texts that belong together come the wrong way round.
    #[serde(rename = "disorder")]
    Disorder,
    /// For a socket: no token is accepted.
    #[serde(rename = "auth")]
    Auth,
}

/// Calls that are to fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// The path; `*` stands for any characters.
    pub path: String,
    /// What goes wrong.
    pub fault: Kind,
    /// How many calls are to fail; `null` for all until the faults are deleted.
    #[serde(default = "once")]
    pub times: Option<u64>,
    /// The `Retry-After` of a 429, in seconds.
    #[serde(default)]
    pub retry_after: Option<u64>,
    /// How long a hanging call hangs.
    #[serde(default = "hang_seconds")]
    pub seconds: u64,
    /// How many texts of a socket are sent before silence, the end or the broken text.
    #[serde(default)]
    pub after: u64,
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn once() -> Option<u64> {
    Some(1)
}

fn hang_seconds() -> u64 {
    HANG_SECONDS
}

/// Takes the first fault that is meant for this path, and counts it.
pub(crate) fn take(faults: &mut Vec<Fault>, path: &str) -> Option<Fault> {
    let found = faults.iter_mut().find(|fault| matches(&fault.path, path))?;
    let taken = found.clone();
    found.times = found.times.map(|times| times.saturating_sub(1));
    faults.retain(|fault| fault.times != Some(0));
    Some(taken)
}

/// Whether one is meant for this path.
pub(crate) fn has(faults: &[Fault], path: &str) -> bool {
    faults.iter().any(|fault| matches(&fault.path, path))
}

/// The answer that a fault gives; `None` where the right one follows, late.
pub(crate) fn reply(fault: &Fault, path: &str) -> Option<Reply> {
    let refused = |refusal: &Refusal| call::json(refusal.status(), &refusal.body());
    match fault.fault {
        Kind::Hang | Kind::Truncated | Kind::WrongTypes | Kind::Reset => None,
        Kind::Silence | Kind::Close | Kind::Malformed | Kind::Disorder | Kind::Auth => None,
        Kind::TokenInvalid => Some(refused(&Refusal::TokenInvalid)),
        Kind::Revoked if path == token::PATH => Some(token::refused(&token::TokenError::revoked())),
        Kind::Revoked => Some(refused(&Refusal::TokenInvalid)),
        Kind::Internal => Some(refused(&Refusal::Internal)),
        Kind::BadGateway => {
            let html = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
            Some(call::reply(502, "text/html", html))
        }
        Kind::TooManyRequests => {
            let mut reply = refused(&Refusal::TooManyRequests);
            if let Some(seconds) = fault.retry_after {
                reply.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            Some(reply)
        }
    }
}

/// Marks an answer whose connection breaks in the middle of the body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Broken;

/// What a fault makes of the right answer.
pub(crate) fn spoiled(fault: &Fault, mut reply: Reply) -> Reply {
    match fault.fault {
        Kind::Truncated => {
            let half = reply.body().len() / 2;
            reply.body_mut().truncate(half);
        }
        Kind::WrongTypes => {
            if let Ok(body) = serde_json::from_slice::<Value>(reply.body()) {
                *reply.body_mut() = of_other_types(body).to_string().into_bytes();
            }
        }
        Kind::Reset => {
            reply.extensions_mut().insert(Broken);
        }
        _ => {}
    }
    reply
}

/// Objects and lists stay; texts, numbers and flags become what they are not.
fn of_other_types(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, of_other_types(value))).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(of_other_types).collect()),
        Value::String(text) => json!([text]),
        Value::Number(number) => json!({ "value": number }),
        Value::Bool(flag) => json!(if flag { "yes" } else { "no" }),
        Value::Null => json!(0),
    }
}

/// Whether the path fits the pattern, in which `*` stands for any characters, slashes included.
fn matches(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| path.strip_prefix(start)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(end) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, expected) in [
            ("/accounts/*/balances", "/accounts/5WX10001/balances", true),
            ("/accounts/*/balances", "/accounts/5WX10001/balances/USD", false),
            ("/accounts/*/balances*", "/accounts/5WX10001/balances/USD", true),
            ("/oauth/token", "/oauth/token", true),
            ("/oauth/token", "/oauth/token2", false),
            ("*", "/anything", true),
            ("/a*a", "/a", false),
            ("", "/x", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_fault_is_used_up() {
        let mut faults = vec![
            serde_json::from_str(r#"{"path":"/a","fault":"429","times":2,"retry_after":3}"#).unwrap(),
            serde_json::from_str(r#"{"path":"/*","fault":"500"}"#).unwrap(),
        ];
        let mut kinds = Vec::new();
        while let Some(fault) = take(&mut faults, "/a") {
            kinds.push(fault.fault);
        }
        assert_eq!(kinds, [Kind::TooManyRequests, Kind::TooManyRequests, Kind::Internal]);
        let for_ever = r#"{"path":"/a","fault":"502html","times":null}"#;
        let mut faults: Vec<Fault> = vec![serde_json::from_str(for_ever).unwrap()];
        assert!((0..10).all(|_| take(&mut faults, "/a").is_some()));
    }

    proptest::proptest! {
        #[test]
        fn stars_match_what_they_replace(head in "[a-z/]{0,9}", middle in "[a-z/]{0,9}", tail in "[a-z/]{0,9}") {
            let (pattern, path) = (format!("{head}*{tail}"), format!("{head}{middle}{tail}"));
            proptest::prop_assert!(matches(&pattern, &path));
        }
    }
}
