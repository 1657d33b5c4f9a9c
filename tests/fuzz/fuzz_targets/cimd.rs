//! Apps that are known by a document: which addresses are fetched, which documents are taken, and where the map of hosts of a
//! development server leads.
//!
//! Input: the address in the first line, header lines (`status` among them, 200 without), an empty line, the body. Held: what
//! is fetched is an https address with a public host name, spelled as a parser would write it; a document that is taken names
//! its address, has a name and safe redirect addresses, and no secret; it is kept for five minutes to seven days; the map
//! leads to this machine or changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oauth::{
    Code,
    cimd::{Address, Fetched, Hosts, MAX_DOCUMENT, is_address, read},
    redirect::{Verdict, judge},
};
use serde_json::Value;
use url::{Host, Url};

/// An address that is fetched.
fn check_address(text: &str) {
    let url = Url::parse(text).expect("what is fetched is a URL");
    assert_eq!(url.as_str(), text, "it has one spelling");
    assert!(is_address(text));
    assert_eq!((url.scheme(), url.port(), url.fragment()), ("https", None, None));
    assert!(url.username().is_empty() && url.password().is_none() && url.path().len() > 1, "{text}");
    let Some(Host::Domain(host)) = url.host() else { panic!("{text} has no host name") };
    assert!(host.contains('.') && !host.starts_with('.') && !host.ends_with('.'), "{host}");
    let last = host.rsplit('.').next().unwrap_or_default();
    assert!(!matches!(last, "localhost" | "local" | "internal" | "lan" | "onion"), "{host}");
    assert_ne!(host, "ttai.example");
    assert!(text.parse::<http::Uri>().is_ok(), "{text} can be fetched");
}

/// A document that is taken.
fn check_document(text: &str, fetched: &Fetched, row: &store::identity::clients::ClientRow) {
    assert_eq!(fetched.status, 200);
    assert!(fetched.body.len() <= MAX_DOCUMENT);
    let document: Value = serde_json::from_slice(&fetched.body).expect("it is JSON");
    assert_eq!((document["client_id"].as_str(), row.id.as_str()), (Some(text), text));
    assert!(document.get("client_secret").is_none());
    assert_eq!((row.auth_method.as_str(), row.secret_hash.as_deref()), ("none", None));
    assert!(row.name.as_deref().is_some_and(|name| !name.is_empty()));
    let addresses: Vec<String> = serde_json::from_str(&row.redirect_uris).expect("a list of addresses");
    assert!(!addresses.is_empty());
    for address in &addresses {
        assert!(judge(address) == Verdict::Fits && document["redirect_uris"].to_string().len() > 2, "{address}");
    }
    let kept = row.expires_at - ttai_fuzz::now();
    assert!((300..=7 * 86_400).contains(&kept.num_seconds()), "{kept}");
}

/// Whatever is mapped, is mapped to this machine.
fn check_hosts(map: &str, address: &str) {
    for (is_development, public_url) in [(true, ttai_fuzz::PUBLIC), (false, "http://localhost:8787")] {
        let hosts = Hosts::parse(Some(map), is_development, public_url).expect("it is not read");
        assert_eq!(hosts.locate(address), address);
    }
    let Ok(hosts) = Hosts::parse(Some(map), true, "http://localhost:8787") else { return };
    let located = hosts.locate(address);
    if located != address {
        let url = Url::parse(&located).expect("it leads to a URL");
        assert!(matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")), "{located}");
        assert!(url.username().is_empty() && url.scheme() == "http", "{located}");
    }
}

fuzz_target!(|data: &[u8]| {
    let (first, rest) = ttai_fuzz::first_line(data);
    let Ok(text) = std::str::from_utf8(first) else { return };
    let (lines, body) = ttai_fuzz::parts(rest);
    let headers = ttai_fuzz::headers(lines);
    let header = |name| ttai_fuzz::header(&headers, name).map(str::to_owned);
    if let Some(map) = header("hosts") {
        check_hosts(&map, text);
    }
    let address = match Address::parse(text, ttai_fuzz::PUBLIC) {
        Ok(address) => address,
        Err(flaw) => {
            assert!(!flaw.is_outage());
            return ttai_fuzz::check_oauth_error(&flaw.error());
        }
    };
    check_address(text);
    let fetched = Fetched {
        status: header("status").and_then(|status| status.parse().ok()).unwrap_or(200),
        content_type: header("content-type"),
        cache_control: header("cache-control"),
        body: body.to_vec(),
    };
    match read(&address, &fetched, ttai_fuzz::now()) {
        Ok(row) => check_document(text, &fetched, &row),
        Err(flaw) => {
            let error = flaw.error();
            assert_eq!(error.code, Code::InvalidClient);
            ttai_fuzz::check_oauth_error(&error);
        }
    }
});
