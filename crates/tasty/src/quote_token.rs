//! The token for market data, `GET /api-quote-tokens`: good for a day, for DXLink alone.

use std::fmt;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Answer, Error, Noted, Request, fields::Fields};

/// A token, and where it counts. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteToken {
    /// For the session's AUTH frame.
    pub token: String,
    /// The socket's address, `wss://...`.
    pub url: String,
    /// What the user is entitled to: `api` for data as they are; anything else is late.
    pub level: String,
    /// When it ends; absent if the answer does not say.
    pub expires_at: Option<Timestamp>,
}

impl QuoteToken {
    /// Whether the data come late, by a quarter of an hour as a rule.
    pub fn is_delayed(&self) -> bool {
        !matches!(self.level.as_str(), "api" | "live")
    }
}

impl fmt::Debug for QuoteToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QuoteToken(level {}, until {:?})", self.level, self.expires_at)
    }
}

/// Asks for a token.
pub fn request() -> Request {
    Request::get("/api-quote-tokens")
}

/// Reads the token.
pub fn read(answer: &Answer) -> Result<Noted<QuoteToken>, Error> {
    let mut fields = answer.object()?;
    let token = QuoteToken {
        token: fields.required("token", Fields::text)?,
        url: fields.required("dxlink-url", |fields, name| {
            fields.text(name).filter(|url| url.starts_with("wss://") || url.starts_with("ws://"))
        })?,
        level: fields.text("level").unwrap_or_default(),
        expires_at: fields.moment("expires-at"),
    };
    Ok(Noted { value: token, notes: fields.notes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn a_token_is_read() {
        let body = r#"{"data":{"token":"dGF","dxlink-url":"wss://md.example/realtime","websocket-url":"wss://x","level":"api",
            "issued-at":"2026-11-20T15:00:00.000+00:00","expires-at":"2026-11-21T15:00:00.000+00:00"},"context":"/api-quote-tokens"}"#;
        let token = read(&answer(200, body)).unwrap().value;
        assert_eq!((token.url.as_str(), token.is_delayed()), ("wss://md.example/realtime", false));
        assert_eq!(token.expires_at.unwrap().to_rfc3339(), "2026-11-21T15:00:00+00:00");
        assert!(!format!("{token:?}").contains("dGF"));
    }

    #[test]
    fn only_a_socket_is_an_address() {
        for (body, problem) in [
            (r#"{"data":{"dxlink-url":"wss://x"}}"#, "data.token: missing"),
            (r#"{"data":{"token":"t"}}"#, "data.dxlink-url: missing"),
            (r#"{"data":{"token":"t","dxlink-url":"https://x"}}"#, "data.dxlink-url: cannot be read"),
        ] {
            let expected = Error::Invalid { problem: problem.to_owned() };
            assert_eq!(read(&answer(200, body)).err(), Some(expected), "{body}");
        }
        let body = r#"{"data":{"token":"t","dxlink-url":"ws://x","level":"demo","expires-at":null}}"#;
        assert!(read(&answer(200, body)).unwrap().value.is_delayed());
    }
}
