//! Requests and answers as plain values, and the reading of their parts.

use http::{HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A request with its body.
pub(crate) type Call = http::Request<Vec<u8>>;
/// An answer with its body.
pub(crate) type Reply = http::Response<Vec<u8>>;

/// Names and values in their order.
pub(crate) type Pairs = Vec<(String, String)>;

/// The pages need one style sheet from here and nothing else. `form-action` is left out on purpose: browsers apply it to
/// the redirect that answers a form as well, and would keep the login from going back to the application.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The parameters of the query.
pub(crate) fn query(call: &Call) -> Pairs {
    pairs(call.uri().query().unwrap_or_default().as_bytes())
}

/// The fields of a form, or of a JSON object with texts.
pub(crate) fn fields(call: &Call) -> Option<Pairs> {
    let content_type = header_text(call, header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        return Some(pairs(call.body()));
    }
    let object: serde_json::Map<String, Value> = serde_json::from_slice(call.body()).ok()?;
    Some(object.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect())
}

fn pairs(text: &[u8]) -> Pairs {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// The first value of that name.
pub(crate) fn first<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// All values of a list in any of its spellings: `a=1&a=2`, `a[]=1&a[]=2`, `a=1,2`. Upper case, without blanks around.
pub(crate) fn list(pairs: &Pairs, name: &str) -> Vec<String> {
    pairs
        .iter()
        .filter(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == name)
        .flat_map(|(_, value)| value.split(','))
        .map(|value| value.trim().to_ascii_uppercase())
        .filter(|value| !value.is_empty())
        .collect()
}

/// The decoded segments of the path; `%2F` stays within its segment.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}

/// A header that is text.
pub(crate) fn header_text(call: &Call, name: HeaderName) -> Option<&str> {
    call.headers().get(name).and_then(|value| value.to_str().ok())
}

/// An answer of that status, type and body.
pub(crate) fn reply(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Reply {
    let mut reply = Reply::new(body.into());
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &Value) -> Reply {
    reply(status, "application/json; charset=utf-8", body.to_string())
}

/// A page.
pub(crate) fn page(status: u16, html: String) -> Reply {
    let mut reply = reply(status, "text/html; charset=utf-8", html);
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply
}

/// A redirect of the browser.
pub(crate) fn redirect(to: &str) -> Reply {
    let mut reply = reply(302, "text/plain; charset=utf-8", Vec::new());
    if let Ok(value) = HeaderValue::from_str(to) {
        reply.headers_mut().insert(header::LOCATION, value);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(uri: &str) -> Call {
        http::Request::get(uri).body(Vec::new()).unwrap()
    }

    #[test]
    fn lists_come_in_three_spellings() {
        for uri in ["/x?equity=SPY&equity=BRK%2FB", "/x?equity[]=SPY&equity%5B%5D=BRK/B", "/x?equity=spy,%20brk/b,"] {
            assert_eq!(list(&query(&get(uri)), "equity"), ["SPY", "BRK/B"], "{uri}");
        }
        let options = list(&query(&get("/x?equity-option=AAPL++260619C00200000")), "equity-option");
        assert_eq!(options, ["AAPL  260619C00200000"]);
    }

    #[test]
    fn an_encoded_slash_does_not_split_a_segment() {
        assert_eq!(segments("/market-data/Equity/BRK%2FB"), ["market-data", "Equity", "BRK/B"]);
    }
}
