//! Redirect addresses: which may be registered, which match, and what is appended to them.
//!
//! Matching is on the text as it was sent, never on a parsed and normalised form, so that no two spellings can be taken for
//! one another. The only freedom is the port of a loopback address (RFC 8252 7.3).

use url::{Host, Url};

/// The longest address that may be registered, in bytes.
const MAX: usize = 2048;

/// Whether an address may be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Https, or http on a loopback host.
    Fits,
    /// Another scheme, for example an editor's own: left out of the registration.
    LeftOut,
    /// One that no honest app registers: the registration is refused.
    Refused,
}

/// Judges an address in a registration.
pub fn judge(text: &str) -> Verdict {
    if text.len() > MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['\\', '#']) {
        return Verdict::Refused;
    }
    let Ok(url) = Url::parse(text) else { return Verdict::Refused };
    if !url.username().is_empty() || url.password().is_some() {
        return Verdict::Refused;
    }
    match url.scheme() {
        "https" if text.starts_with("https://") && !has_plain_host(&url) => Verdict::Refused,
        "https" if text.starts_with("https://") => Verdict::Fits,
        "http" if loopback(text).is_some() => Verdict::Fits,
        "javascript" | "data" | "vbscript" | "file" | "blob" | "about" | "view-source" | "filesystem" => {
            Verdict::Refused
        }
        _ => Verdict::LeftOut,
    }
}

/// Whether the host is an address, or a name of letters, digits, hyphens, underscores and dots. A URL may have others, such
/// as `;`, `,` and `*`, which mean something in a Content-Security-Policy.
fn has_plain_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

/// Whether a requested address is one of the registered ones.
pub fn matches(registered: &[String], requested: &str) -> bool {
    registered.iter().any(|known| {
        known == requested || matches!((loopback(known), loopback(requested)), (Some(a), Some(b)) if a == b)
    })
}

/// Whether an address leads to a program on the user's own machine.
pub fn is_loopback(text: &str) -> bool {
    loopback(text).is_some()
}

/// The host and what follows the port, if this is `http` to a loopback host in its plain spelling.
fn loopback(text: &str) -> Option<(&str, &str)> {
    let after_scheme = text.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]", "localhost"].into_iter().find(|host| after_scheme.starts_with(host))?;
    let after_host = after_scheme.strip_prefix(host)?;
    let rest = match after_host.strip_prefix(':') {
        Some(port) => {
            let end = port.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(port.len());
            let (digits, rest) = port.split_at_checked(end)?;
            digits.parse::<u16>().ok()?;
            rest
        }
        None => after_host,
    };
    let plain = rest.bytes().all(|byte| byte.is_ascii_graphic()) && !rest.contains(['\\', '#']);
    (plain && (rest.is_empty() || rest.starts_with(['/', '?']))).then_some((host, rest))
}

/// The host and port of an address, for people.
pub fn host(text: &str) -> String {
    let Ok(url) = Url::parse(text) else { return String::new() };
    match (url.host(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_string(),
        (None, _) => String::new(),
    }
}

/// The origin of an address as a source in a Content-Security-Policy. That grammar has no IPv6 addresses, so one of those
/// gives its scheme alone.
pub fn csp_source(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(has_plain_host)?;
    match url.host()? {
        Host::Ipv6(_) => Some(format!("{}:", url.scheme())),
        _ => Some(url.origin().ascii_serialization()),
    }
}

/// The address with parameters appended to its query; those that are empty are left out.
pub fn with_params(address: &str, params: &[(&str, Option<&str>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in params {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    // A second question mark is a part of the query.
    let joint = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, query)) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{address}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn https_and_loopback_may_be_registered() {
        for (address, verdict) in [
            ("https://claude.ai/api/mcp/auth_callback", Verdict::Fits),
            ("https://app.example/cb?x=1", Verdict::Fits),
            ("http://localhost:3334/oauth/callback", Verdict::Fits),
            ("http://127.0.0.1/callback", Verdict::Fits),
            ("http://[::1]:80/", Verdict::Fits),
            ("cursor://anysphere.cursor-mcp/oauth/callback", Verdict::LeftOut),
            ("http://app.example/cb", Verdict::LeftOut),
            ("http://localhost.evil.example/cb", Verdict::LeftOut),
            ("javascript:alert(1)", Verdict::Refused),
            ("JavaScript:alert(1)", Verdict::Refused),
            ("data:text/html,x", Verdict::Refused),
            ("https://app.example/cb#x", Verdict::Refused),
            ("https://good@evil.example/cb", Verdict::Refused),
            ("https://app.example/c b", Verdict::Refused),
            ("https://app.example\\@evil.example/", Verdict::Refused),
            ("https://app.example;sandbox/cb", Verdict::Refused),
            ("https://app.example,evil/cb", Verdict::Refused),
            ("https://*/cb", Verdict::Refused),
            ("/cb", Verdict::Refused),
            ("", Verdict::Refused),
        ] {
            assert_eq!(judge(address), verdict, "{address}");
        }
    }

    #[test]
    fn an_address_matches_itself_and_loopback_any_port() {
        let known = ["https://app.example/cb".to_owned(), "http://localhost/callback".to_owned()];
        for good in ["https://app.example/cb", "http://localhost/callback", "http://localhost:51234/callback"] {
            assert!(matches(&known, good), "{good}");
        }
        for near in [
            "https://app.example/cb/",
            "https://app.example/cb2",
            "https://app.example/c",
            "https://APP.example/cb",
            "https://app.example/x/../cb",
            "https://app.example/cb?x=1",
            "https://app.example/%63b",
            "https://app.example:443/cb",
            "https://app.example:8443/cb",
            "https://good@app.example/cb",
            "http://app.example/cb",
            "http://localhost:51234/callback/",
            "http://localhost:51234/callback?x",
            "http://localhost:99999/callback",
            "http://localhost:/callback",
            "http://localhost:1@evil.example/callback",
            "http://localhost.evil.example/callback",
            "http://127.0.0.1:51234/callback",
            "http://127.0.0.1.nip.io/callback",
            "https://localhost/callback",
            "HTTP://localhost/callback",
        ] {
            assert!(!matches(&known, near), "{near}");
        }
    }

    #[test]
    fn parameters_are_appended() {
        let add = |address| with_params(address, &[("code", Some("a b")), ("state", None), ("iss", Some("https://x"))]);
        assert_eq!(add("https://a/cb"), "https://a/cb?code=a+b&iss=https%3A%2F%2Fx");
        assert_eq!(add("https://a/cb?k=v"), "https://a/cb?k=v&code=a+b&iss=https%3A%2F%2Fx");
        assert_eq!(add("https://a/cb?"), "https://a/cb?code=a+b&iss=https%3A%2F%2Fx");
        assert_eq!(add("https://a/cb?k=v?"), "https://a/cb?k=v?&code=a+b&iss=https%3A%2F%2Fx");
        assert_eq!(add("https://a/cb?k=v&"), "https://a/cb?k=v&code=a+b&iss=https%3A%2F%2Fx");
    }

    #[test]
    fn sources_for_the_policy_have_no_ipv6() {
        assert_eq!(csp_source("https://claude.ai/x?y").as_deref(), Some("https://claude.ai"));
        assert_eq!(csp_source("http://localhost:3334/cb").as_deref(), Some("http://localhost:3334"));
        assert_eq!(csp_source("http://[::1]:3334/cb").as_deref(), Some("http:"));
        assert_eq!(host("http://localhost:3334/cb"), "localhost:3334");
    }

    proptest! {
        #[test]
        fn what_matches_a_loopback_address_leads_to_the_same_host(requested in "http://[\\PC]{0,40}") {
            let known = ["http://localhost/cb".to_owned()];
            if matches(&known, &requested) {
                let url = Url::parse(&requested).unwrap();
                prop_assert_eq!(url.host_str(), Some("localhost"));
                prop_assert_eq!(url.path(), "/cb");
            }
        }

        #[test]
        fn any_text_is_judged(text in "\\PC{0,80}") {
            let _ = (judge(&text), host(&text), csp_source(&text));
        }
    }
}
