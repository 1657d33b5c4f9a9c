//! What is sent to TastyTrade, and the headers that it needs.

use std::fmt;

use domain::Symbol;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// The version of the API that every call names. Without the header TastyTrade serves its oldest version, which it will
/// switch off in 2027; later versions than this one make arguments of the order history compulsory and page the live
/// orders, which nothing here reads yet.
pub const ACCEPT_VERSION: &str = "20251101";

/// Product and version; TastyTrade answers 401 to a request without them.
pub const USER_AGENT: &str = concat!("TTAI/", env!("CARGO_PKG_VERSION"));

/// What TastyTrade keeps of a path segment as it is (the unreserved characters of RFC 3986). A blank is `%20` here.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads; may be repeated.
    Get,
    /// Acts; is never repeated blindly.
    Post,
}

impl Method {
    /// The word of the request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// One request. `Debug` leaves the body out, since the token endpoint's holds secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query, encoded; begins with `/`.
    pub path_and_query: String,
    /// The JSON body.
    pub body: Option<String>,
    /// Whether it carries the user's access token.
    pub auth: bool,
}

impl Request {
    /// A reading request in the user's name.
    pub fn get(path_and_query: impl Into<String>) -> Self {
        Self { method: Method::Get, path_and_query: path_and_query.into(), body: None, auth: true }
    }

    /// The whole address under `api_url`, for example `https://api.tastyworks.com`.
    pub fn url(&self, api_url: &str) -> String {
        format!("{}{}", api_url.trim_end_matches('/'), self.path_and_query)
    }

    /// The path without the query: what budgets and logs go by.
    pub fn path(&self) -> &str {
        self.path_and_query.split_once('?').map_or(self.path_and_query.as_str(), |(path, _)| path)
    }

    /// The headers. `access_token` is left out of requests that do not carry one. `Accept-Version` is left out for
    /// TastyTrade's sandbox, which does not accept it.
    pub fn headers(&self, api_url: &str, access_token: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers = vec![("User-Agent", USER_AGENT.to_owned()), ("Accept", "application/json".to_owned())];
        if !is_sandbox(api_url) {
            headers.push(("Accept-Version", ACCEPT_VERSION.to_owned()));
        }
        if self.body.is_some() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        if let Some(token) = access_token.filter(|_| self.auth) {
            headers.push(("Authorization", format!("Bearer {token}")));
        }
        headers
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path_and_query)
    }
}

/// A symbol as one segment of a path: `BRK/B` is `BRK%2FB`, the blanks of an option are `%20`.
pub fn path_symbol(symbol: &Symbol) -> String {
    segment(symbol.as_str())
}

/// A text as one segment of a path. One that is nothing but dots would lead elsewhere: whoever takes texts from users asks
/// for a letter or a digit in it.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

fn is_sandbox(api_url: &str) -> bool {
    let host = api_url.split("://").last().unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
    matches!(host, "api.cert.tastyworks.com" | "api.sandbox.tastytrade.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: &str = "https://api.tastyworks.com/";

    #[test]
    fn every_request_says_who_asks_and_for_which_version() {
        let request = Request::get("/customers/me");
        assert_eq!(request.url(LIVE), "https://api.tastyworks.com/customers/me");
        assert_eq!(
            request.headers(LIVE, Some("abc")),
            [
                ("User-Agent", format!("TTAI/{}", env!("CARGO_PKG_VERSION"))),
                ("Accept", "application/json".to_owned()),
                ("Accept-Version", "20251101".to_owned()),
                ("Authorization", "Bearer abc".to_owned()),
            ]
        );
    }

    #[test]
    fn the_sandbox_gets_no_version() {
        let names = |api_url| -> Vec<_> {
            Request::get("/customers/me").headers(api_url, None).into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names("https://api.cert.tastyworks.com"), ["User-Agent", "Accept"]);
        assert_eq!(names("http://localhost:8788"), ["User-Agent", "Accept", "Accept-Version"]);
    }

    #[test]
    fn symbols_fit_into_a_path() {
        for (symbol, segment) in [
            ("AAPL", "AAPL"),
            ("BRK/B", "BRK%2FB"),
            ("/ESZ6", "%2FESZ6"),
            ("AAPL  260619P00200000", "AAPL%20%20260619P00200000"),
        ] {
            assert_eq!(path_symbol(&Symbol::parse(symbol).unwrap()), segment);
        }
    }

    #[test]
    fn a_body_is_not_shown() {
        let request = Request { method: Method::Post, body: Some("secret".to_owned()), ..Request::get("/oauth/token") };
        assert_eq!(format!("{request:?}"), "POST /oauth/token");
    }
}
