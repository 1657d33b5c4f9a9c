//! Queries, form bodies and the `Cookie` header.
//!
//! Input: a `Cookie` header in the first line, a query or form after it. Held: parameters are what a plain reading of the
//! format gives; doubled ones are refused; a cookie that is found stands in the header and has our form; a resource that is
//! accepted is this server; some tool is served whatever the query says; a session's id is visible text and reads back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp::{Catalog, Tool, Toolset, session::http_sse};
use oauth::{Params, cookie::Cookie, resource, session, token::is_form};
use url::Url;
use vault::token::Kind;

/// `application/x-www-form-urlencoded`, read in the plainest way.
fn plain(form: &[u8]) -> Vec<(String, String)> {
    let clear = |part: &[u8]| {
        let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        String::from_utf8_lossy(&percent_encoding::percent_decode(&spaced).collect::<Vec<u8>>()).into_owned()
    };
    form.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            (clear(&pair[..at]), clear(pair.get(at + 1..).unwrap_or_default()))
        })
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

fn check_form(form: &[u8]) {
    let (params, pairs) = (Params::parse(form), plain(form));
    assert_eq!(params, Params::from_iter(pairs.clone()));
    for name in ["client_id", "state", "scope", "resource", "csrf", ""] {
        let values: Vec<&str> =
            pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect();
        assert_eq!(params.all(name).collect::<Vec<_>>(), values);
        match (params.one(name), values.as_slice()) {
            (Ok(None), []) => assert!(params.required(name).is_err()),
            (Ok(Some(value)), [only]) => assert_eq!((value, params.required(name)), (*only, Ok(*only))),
            (Err(error), [_, _, ..]) => ttai_fuzz::check_oauth_error(&error),
            (got, values) => panic!("{name}: {got:?} of {values:?}"),
        }
    }
    if resource::check(&ttai_fuzz::config(), &params).is_ok()
        && let Some(address) = params.all("resource").next()
    {
        let url = Url::parse(address).expect("a resource that is ours is a URL");
        assert_eq!(url.origin().ascii_serialization(), ttai_fuzz::PUBLIC, "{address}");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{address}");
    }
    for path in params.all("return_to").filter(|path| session::is_ours(path)) {
        let url = Url::parse(ttai_fuzz::PUBLIC).unwrap().join(path).expect("a path of ours");
        assert_eq!(url.origin().ascii_serialization(), ttai_fuzz::PUBLIC, "{path}");
        assert!(http::HeaderValue::from_str(&format!("{}{path}", ttai_fuzz::PUBLIC)).is_ok(), "{path:?}");
    }
}

const TOOLS: Catalog = Catalog {
    tools: &[Tool { name: "a", group: "market", ..Tool::EMPTY }, Tool { name: "b", group: "account", ..Tool::EMPTY }],
    ..Catalog::EMPTY
};

/// The two parameters of the MCP endpoint's own query.
fn check_query(query: &str) {
    let toolset = Toolset::parse(&TOOLS, query);
    assert!(TOOLS.tools.iter().any(|tool| toolset.has(tool)), "no tool is left: {query}");
    if let Some(session) = http_sse::session_of(query) {
        assert!((1..=200).contains(&session.len()) && session.bytes().all(|byte| byte.is_ascii_graphic()), "{session}");
        let frame = http_sse::endpoint("/messages", &session).into_bytes();
        let frame = std::str::from_utf8(&frame).unwrap();
        let back = frame.strip_prefix("event: endpoint\ndata: /messages?").and_then(|rest| rest.strip_suffix("\n\n"));
        assert_eq!(http_sse::session_of(back.expect("one event")).as_deref(), Some(session.as_str()));
    }
}

fn check_cookies(header: &str) {
    for (cookie, kind) in [(Cookie::Login, Kind::Browser), (Cookie::Session, Kind::Session)] {
        let wanted = format!("{}=", cookie.name());
        let found =
            header.split(';').filter_map(|pair| pair.trim().strip_prefix(&wanted)).find(|value| kind.fits(value));
        let read = cookie.read(Some(header));
        assert_eq!(read.as_ref().map(vault::Secret::expose), found, "{header}");
        if let Some(value) = read {
            assert!(http::HeaderValue::from_str(&cookie.set(&value)).is_ok());
        }
    }
    let essence = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    assert_eq!(is_form(Some(header)), essence == "application/x-www-form-urlencoded");
}

fuzz_target!(|data: &[u8]| {
    let (header, form) = ttai_fuzz::first_line(data);
    check_form(form);
    if let Ok(query) = std::str::from_utf8(form) {
        check_query(query);
    }
    if let Ok(header) = std::str::from_utf8(header) {
        check_cookies(header);
    }
});
