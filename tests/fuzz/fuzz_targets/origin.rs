//! `Origin` and `Host`: what is let in is ours, Claude's or the user's own machine, as another parser sees it too.
//!
//! Input: the header's value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp::origin::{cors_headers, host_allowed, origin_allowed, preflight_headers};
use url::Url;

const EXTRA: [&str; 1] = ["https://extra.example"];
const NONE: [&str; 0] = [];

fn is_this_machine(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fuzz_target!(|text: &[u8]| {
    let Ok(text) = std::str::from_utf8(text) else { return };
    if origin_allowed(text, ttai_fuzz::PUBLIC, &EXTRA) {
        let url = Url::parse(text).expect("an origin that is let in is a URL");
        let origin = url.origin().ascii_serialization();
        let known = [ttai_fuzz::PUBLIC, "https://claude.ai", "https://claude.com", EXTRA[0]];
        assert!(known.contains(&origin.as_str()) || is_this_machine(&url), "{text:?} is {origin}");
        assert!(url.username().is_empty() && url.password().is_none() && url.path() == "/", "{text:?}");
        for (name, value) in cors_headers(text).into_iter().chain(preflight_headers(text)) {
            assert!(http::HeaderValue::from_str(&value).is_ok(), "{name}: {value:?}");
        }
    }
    for (public, on_loopback) in [(ttai_fuzz::PUBLIC, false), (ttai_fuzz::PUBLIC, true)] {
        if host_allowed(text, public, on_loopback, &NONE) {
            let url = Url::parse(&format!("https://{text}")).expect("a host that is let in makes a URL");
            let is_ours = url.origin().ascii_serialization() == public;
            assert!(is_ours || (on_loopback && is_this_machine(&url)), "{text:?} is {url}");
        }
    }
});
