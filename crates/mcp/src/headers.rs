//! The MCP headers, read the way that clients send them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;

const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";
const PARAMETER: &str = "mcp-param-";
const SESSION: &str = "mcp-session-id";

/// The longest session id that is read, in bytes.
const MAX_SESSION: usize = 200;

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// The header is not there.
    Nothing,
    /// One value.
    This(String),
    /// Several values, or one that cannot be read.
    Unclear,
}

/// `MCP-Protocol-Version`. Equal duplicates count once, whether they come as two lines or as a comma list: proxies and
/// clients have been seen to double this header.
pub(crate) fn version(headers: &HeaderMap) -> Said {
    let mut said = Said::Nothing;
    for value in headers.get_all(VERSION) {
        let Ok(text) = std::str::from_utf8(value.as_bytes()) else { return Said::Unclear };
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match &said {
                Said::Nothing => said = Said::This(part.to_owned()),
                Said::This(earlier) if earlier == part => {}
                _ => return Said::Unclear,
            }
        }
    }
    said
}

/// `Mcp-Method`, which is never encoded.
pub(crate) fn method(headers: &HeaderMap) -> Said {
    single(headers, METHOD, |text| Some(text.to_owned()))
}

/// `Mcp-Name`, decoded.
pub(crate) fn name(headers: &HeaderMap) -> Said {
    single(headers, NAME, decode)
}

/// `Mcp-Param-<name>`, decoded.
pub(crate) fn parameter(headers: &HeaderMap, name: &str) -> Said {
    single(headers, &format!("{PARAMETER}{name}"), decode)
}

/// `Mcp-Session-Id`, where it is one that could have been handed out: visible ASCII, once.
pub(crate) fn session(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(SESSION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?.trim();
    let is_visible = !text.is_empty() && text.len() <= MAX_SESSION && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_visible.then_some(text)
}

/// Whether the client says that it reads a stream as an answer.
pub(crate) fn accepts_stream(headers: &HeaderMap) -> bool {
    let names_it = |value: &http::HeaderValue| {
        value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains("text/event-stream"))
    };
    headers.get_all(http::header::ACCEPT).iter().any(names_it)
}

/// Whether `Mcp-Method` is there at all, which only modern clients send.
pub(crate) fn has_method(headers: &HeaderMap) -> bool {
    headers.contains_key(METHOD)
}

/// A header that may be given once only.
fn single(headers: &HeaderMap, name: &str, read: impl Fn(&str) -> Option<String>) -> Said {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Said::Nothing,
        (Some(value), None) => {
            // `to_str` takes visible ASCII, blanks and tabs: what the protocol lets stand for itself.
            value.to_str().ok().and_then(|text| read(text.trim())).map_or(Said::Unclear, Said::This)
        }
        (Some(_), Some(_)) => Said::Unclear,
    }
}

/// The value of a header: `=?base64?...?=` holds UTF-8 in base64, everything else stands for itself. `None` where the
/// base64 or the UTF-8 within is broken.
fn decode(value: &str) -> Option<String> {
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(encoded) => STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()),
        None => Some(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentinel_is_decoded_and_near_misses_stand_for_themselves() {
        for (value, expected) in [
            ("get_quote", Some("get_quote")),
            ("=?base64?Z2V0X3F1b3Rl?=", Some("get_quote")),
            ("=?base64??=", Some("")),
            ("=?BASE64?Z2V0X3F1b3Rl?=", Some("=?BASE64?Z2V0X3F1b3Rl?=")),
            ("=?base64?Z2V0", Some("=?base64?Z2V0")),
            ("=?base64?=", Some("=?base64?=")),
            ("=?base64?Z2V0X3F1b3R?=", None),
            ("=?base64?Z2V0X3F1b3R*?=", None),
            ("=?base64?/w==?=", None),
        ] {
            assert_eq!(decode(value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn equal_versions_collapse_and_different_ones_do_not() {
        let said = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(VERSION, http::HeaderValue::from_static(value));
            }
            version(&headers)
        };
        assert_eq!(said(&[]), Said::Nothing);
        assert_eq!(said(&[""]), Said::Nothing);
        assert_eq!(said(&["2025-11-25, 2025-11-25"]), Said::This("2025-11-25".to_owned()));
        assert_eq!(said(&["2025-11-25", " 2025-11-25"]), Said::This("2025-11-25".to_owned()));
        assert_eq!(said(&["2025-11-25", "2025-06-18"]), Said::Unclear);
    }
}
