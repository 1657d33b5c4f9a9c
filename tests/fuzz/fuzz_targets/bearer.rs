//! The `Authorization` header at `/mcp`, and the challenge that answers it.
//!
//! Input: the header in the first line, a list of scopes after it. Held: a bearer is a part of the header; nobody is let in
//! with a token or key that we did not issue or whose grant is not live; a challenge is a legal header that says nothing of what
//! was sent; scopes read back as they are written.

#![no_main]

use domain::{Scope, Scopes};
use libfuzzer_sys::fuzz_target;
use oauth::{
    access::{Unauthorized, authenticate, bearer, challenge, challenge_scope},
    metadata::Endpoint,
};
use ttai_fuzz::{Db, block_on};
use vault::{Claims, token};

fn token_of(grant: &str) -> String {
    let now = ttai_fuzz::now().timestamp();
    ttai_fuzz::jwt_keys()
        .issue(&Claims {
            iss: ttai_fuzz::PUBLIC.to_owned(),
            aud: format!("{}/mcp", ttai_fuzz::PUBLIC),
            sub: ttai_fuzz::USER.to_owned(),
            sid: grant.to_owned(),
            client_id: ttai_fuzz::OPEN_APP.to_owned(),
            scope: ttai_fuzz::GRANTED.to_owned(),
            exp: now + 60,
            iat: now,
            jti: "j1".to_owned(),
            nbf: None,
        })
        .unwrap()
}

fn is_header(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn check_header(header: &str) {
    match bearer(Some(header)) {
        Ok(token) => {
            assert!(header.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")), "{header}");
            assert!(header.contains(token) && token.trim() == token);
        }
        Err(why) => assert_eq!(why, Unauthorized::Missing),
    }
    let (db, config) = (Db::default(), ttai_fuzz::config());
    // `{live}` and `{ended}` in an input stand for tokens that are ours, `{key}` for an API key that is.
    let key = ttai_fuzz::opaque(token::Kind::ApiKey, 'A');
    let header = header
        .replace("{live}", &token_of(ttai_fuzz::GRANT))
        .replace("{ended}", &token_of("g2"))
        .replace("{key}", &key);
    match block_on(authenticate(&db, &ttai_fuzz::jwt_keys(), &config, ttai_fuzz::now(), Some(&header))) {
        Ok(who) => {
            let presented = bearer(Some(&header)).unwrap();
            assert!(presented == key || presented == token_of(ttai_fuzz::GRANT), "a token that is not ours");
            assert_eq!((who.user.as_str(), who.scopes.to_string().as_str()), (ttai_fuzz::USER, ttai_fuzz::GRANTED));
        }
        Err(why) => {
            for endpoint in [Endpoint::Mcp, Endpoint::Root] {
                let challenge = challenge(&config, endpoint, why);
                assert!(challenge.starts_with("Bearer realm=\"ttai\"") && is_header(&challenge), "{challenge}");
                assert_eq!(challenge.contains("invalid_token"), why == Unauthorized::Invalid);
            }
        }
    }
    for kind in [token::Kind::ApiKey, token::Kind::Refresh] {
        assert_eq!(kind.fits(&header), header.len() == kind.prefix().len() + 43 && kind.fits(header.trim()));
    }
    assert_eq!(token::hash(&header).len(), 43);
    assert!(token::same(&header, &header));
}

fn check_scopes(list: &str) {
    match Scopes::parse(list) {
        Ok(scopes) => {
            assert_eq!(Scopes::parse(&scopes.to_string()).as_ref(), Ok(&scopes));
            assert_eq!(serde_json::from_value::<Scopes>(serde_json::json!(list)).unwrap(), scopes);
            assert!(Scopes::all().contains_all(&scopes) && scopes.iter().count() <= Scope::ALL.len());
            assert!(is_header(&challenge_scope(&ttai_fuzz::config(), Endpoint::Mcp, &scopes)));
        }
        Err(word) => assert!(list.contains(&word) && Scope::parse(&word).is_none(), "{word}"),
    }
}

fuzz_target!(|data: &[u8]| {
    let (header, list) = ttai_fuzz::first_line(data);
    if let Ok(header) = std::str::from_utf8(header) {
        check_header(header);
    }
    if let Ok(list) = std::str::from_utf8(list) {
        check_scopes(list);
    }
});
