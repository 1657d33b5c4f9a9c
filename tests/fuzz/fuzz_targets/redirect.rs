//! Redirect addresses: what may be registered is safe to send a browser to, and only what was registered matches.
//!
//! Input: the requested address in the first line, registered ones in the lines after it. Held against the `url` crate's
//! reading: scheme, host, path and query of a match are the registered ones; parameters are appended and nothing else
//! changes; the source for the Content-Security-Policy is one source.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oauth::redirect::{Verdict, csp_source, host, is_loopback, judge, matches, with_params};
use url::Url;

const APPENDED: [(&str, &str); 3] = [("code", "ttai_ac_ +&#"), ("state", "a\u{e4}=;\r\n"), ("iss", ttai_fuzz::PUBLIC)];

/// An address that may be registered.
fn check_fit(address: &str) {
    let url = Url::parse(address).expect("an address that fits is a URL");
    let this_machine = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    assert!(url.scheme() == "https" || (url.scheme() == "http" && this_machine), "{address}");
    assert!(url.host_str().is_some_and(|host| !host.is_empty()), "{address}");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{address}");
    assert!(!host(address).is_empty(), "{address}");
    let source = csp_source(address).expect("a source");
    assert!(
        source.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'/' | b'.' | b'-' | b'_')),
        "{source} is not one source"
    );
    let whole = with_params(address, &APPENDED.map(|(name, value)| (name, Some(value))));
    let answered = Url::parse(&whole).expect("with parameters it is still a URL");
    assert_eq!((answered.origin(), answered.path()), (url.origin(), url.path()), "{whole}");
    assert!(http::HeaderValue::from_str(&whole).is_ok(), "{whole:?}");
    let pairs: Vec<_> = url.query_pairs().chain(APPENDED.map(|(name, value)| (name.into(), value.into()))).collect();
    assert_eq!(answered.query_pairs().collect::<Vec<_>>(), pairs, "{whole}");
}

/// A request that matches leads where one of the registered addresses leads.
fn check_match(registered: &[String], requested: &str) {
    let asked = Url::parse(requested).expect("what matches an address is one");
    let found = registered.iter().filter_map(|known| Url::parse(known).ok()).any(|known| {
        let same_port = known.port_or_known_default() == asked.port_or_known_default();
        known.scheme() == asked.scheme()
            && known.host() == asked.host()
            && (same_port || is_loopback(requested))
            && (known.path(), known.query()) == (asked.path(), asked.query())
    });
    assert!(found, "{requested} is none of {registered:?}");
    // The port may make it longer than what may be registered; nothing else sets it apart.
    assert!(judge(requested) == Verdict::Fits || requested.len() > 2048, "{requested}");
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let requested = lines.next().unwrap_or_default();
    let registered: Vec<String> = lines.filter(|line| judge(line) == Verdict::Fits).map(str::to_owned).collect();
    registered.iter().for_each(|address| check_fit(address));
    if judge(requested) == Verdict::Fits {
        check_fit(requested);
        assert!(matches(&[requested.to_owned()], requested));
    }
    let _ = (host(requested), csp_source(requested));
    if matches(&registered, requested) {
        check_match(&registered, requested);
    }
});
