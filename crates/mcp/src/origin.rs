//! Who may call from a browser: the facts about `Origin`, `Host` and CORS, as pure functions.
//!
//! A request without `Origin` comes from no browser and is not stopped here. All checks compare whole parts: no prefix or
//! suffix of a host counts.

use http::Uri;

/// `Access-Control-Allow-Methods`.
pub const ALLOW_METHODS: &str = "POST, GET, DELETE, OPTIONS";

/// `Access-Control-Allow-Headers`. A `*` would not cover `Authorization`.
pub const ALLOW_HEADERS: &str = "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, \
                                 Mcp-Session-Id, Last-Event-ID";

/// `Access-Control-Expose-Headers`: without `WWW-Authenticate` a browser client never finds out where to log in.
pub const EXPOSE_HEADERS: &str = "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After, X-Request-Id";

/// `Access-Control-Max-Age`, in seconds: a day.
pub const MAX_AGE: &str = "86400";

/// Hosted clients whose pages call from the browser.
const CLIENTS: &[&str] = &["https://claude.ai", "https://claude.com"];

/// The CORS headers of every answer to a request with this `Origin`, errors too. The caller has found it allowed.
pub fn cors_headers(origin: &str) -> Vec<(&'static str, String)> {
    vec![
        ("access-control-allow-origin", origin.to_owned()),
        ("access-control-expose-headers", EXPOSE_HEADERS.to_owned()),
        ("vary", "Origin".to_owned()),
    ]
}

/// The CORS headers of the answer to `OPTIONS`, which is 204.
pub fn preflight_headers(origin: &str) -> Vec<(&'static str, String)> {
    let mut headers = cors_headers(origin);
    headers.push(("access-control-allow-methods", ALLOW_METHODS.to_owned()));
    headers.push(("access-control-allow-headers", ALLOW_HEADERS.to_owned()));
    headers.push(("access-control-max-age", MAX_AGE.to_owned()));
    headers
}

/// Whether a page of this origin may call: our own, Claude's, one on the user's own machine (any port), or one of `extra`.
/// `null` and everything that is no origin may not.
pub fn origin_allowed(origin: &str, public_url: &str, extra: &[impl AsRef<str>]) -> bool {
    let Some(origin) = Origin::parse(origin) else { return false };
    let same = |allowed: &str| Origin::of_url(allowed).as_ref() == Some(&origin);
    is_loopback(&origin.host)
        || same(public_url)
        || CLIENTS.iter().copied().any(same)
        || extra.iter().any(|allowed| same(allowed.as_ref()))
}

/// Whether a request for this `Host` is ours: the public one, one of `extra`, or, where `loopback` says so or the public
/// one is such itself, any port of the user's own machine.
pub fn host_allowed(host: &str, public_url: &str, loopback: bool, extra: &[impl AsRef<str>]) -> bool {
    let Some(public) = Origin::of_url(public_url) else { return false };
    let same = |allowed: &str| Origin::parse(&format!("{}://{allowed}", public.scheme));
    let Some(asked) = same(host) else { return false };
    let on_this_machine = is_loopback(&asked.host) && (loopback || is_loopback(&public.host));
    on_this_machine || asked == public || extra.iter().any(|allowed| same(allowed.as_ref()).as_ref() == Some(&asked))
}

/// Whether a host name (without port) means the machine itself.
pub fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Scheme, lower-case host, and port.
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    scheme: &'static str,
    host: String,
    port: u16,
}

impl Origin {
    /// An origin as a browser writes it: nothing behind the port.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once("://")?;
        if rest.contains(['/', '?', '#', '@']) {
            return None;
        }
        Self::of_url(text)
    }

    /// The origin of a URL.
    fn of_url(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let (scheme, default_port) = match uri.scheme_str()? {
            "https" => ("https", 443),
            "http" => ("http", 80),
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host();
        let behind = authority.as_str().strip_prefix(host)?;
        let port = match behind.strip_prefix(':') {
            // A number of Rust's may have a sign, a port has none.
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
            Some(_) => return None,
            None if behind.is_empty() => default_port,
            None => return None,
        };
        (!host.is_empty()).then(|| Self { scheme, host: host.to_ascii_lowercase(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://ttai.example/";
    const NONE: &[&str] = &[];

    #[test]
    fn origins_are_compared_as_a_whole() {
        for (origin, allowed) in [
            ("https://ttai.example", true),
            ("https://TTAI.example:443", true),
            ("https://claude.ai", true),
            ("https://claude.com", true),
            ("http://localhost:6274", true),
            ("https://localhost", true),
            ("http://127.0.0.1:1", true),
            ("http://[::1]:8080", true),
            ("https://extra.example", true),
            ("http://ttai.example", false),
            ("https://ttai.example:8443", false),
            ("https://evil.example", false),
            ("https://claude.ai.evil.example", false),
            ("https://evilclaude.ai", false),
            ("http://claude.ai", false),
            ("https://claude.ai/", false),
            ("https://claude.ai@evil.example", false),
            ("http://localhost.evil.example", false),
            ("http://localhost:80@evil.example", false),
            ("http://localhost:99999", false),
            ("http://localhost:+80", false),
            ("http://127.0.0.1.nip.io", false),
            ("null", false),
            ("", false),
            ("file://localhost", false),
            ("localhost:6274", false),
        ] {
            assert_eq!(origin_allowed(origin, PUBLIC, &["https://extra.example"]), allowed, "{origin}");
        }
    }

    #[test]
    fn hosts_are_the_public_one_and_in_development_the_machine() {
        for (host, in_production, in_development) in [
            ("ttai.example", true, true),
            ("TTAI.EXAMPLE:443", true, true),
            ("ttai.example:8443", false, false),
            ("evil.example.com", false, false),
            ("ttai.example@evil.example", false, false),
            ("ttai.example/", false, false),
            ("localhost:8787", false, true),
            ("127.0.0.1", false, true),
            ("[::1]:8787", false, true),
            ("", false, false),
        ] {
            assert_eq!(host_allowed(host, PUBLIC, false, NONE), in_production, "{host}");
            assert_eq!(host_allowed(host, PUBLIC, true, NONE), in_development, "{host}");
        }
        assert!(host_allowed("127.0.0.1:9", "http://localhost:8787", false, NONE));
        assert!(host_allowed("www.ttai.example", PUBLIC, false, &["www.ttai.example"]));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_allowed_or_not(text in ".{0,60}") {
            let _ = origin_allowed(&text, &text, &[&text]);
            let _ = host_allowed(&text, PUBLIC, true, &[&text]);
        }
    }
}
