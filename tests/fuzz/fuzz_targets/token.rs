//! `POST /oauth/token` and `POST /oauth/revoke`: tokens come for the right code or refresh token in the right hands alone.
//!
//! Input: header lines, an empty line, the form. Held: who gets tokens sent the app's secret if it has one, and the code
//! with its verifier or the refresh token; the access token verifies and permits no more than was granted; refusals are
//! those of the RFCs; no token is stored in clear; only an app's own grant is revoked by it.

#![no_main]

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Scopes;
use libfuzzer_sys::fuzz_target;
use oauth::{
    Context, Params,
    access::{self, Presented},
    revoke::revoke,
    token,
    token::Request,
};
use serde_json::Value;
use ttai_fuzz::{APP_SECRET, CLOSED_APP, Counting, Db, OPEN_APP, Outside, VERIFIER, block_on};
use vault::token::Kind;

type Cx<'a> = Context<'a, Db, Counting>;

/// Whether the secret of the closed app is anywhere in the request, in one of the two places for it.
fn knows_secret(request: &Request<'_>, form: &Params) -> bool {
    let in_header = request.authorization.is_some_and(|header| {
        let encoded = header.split_once(' ').map_or("", |(_, rest)| rest.trim());
        let clear = STANDARD.decode(encoded).unwrap_or_default();
        let decoded: Vec<u8> = percent_encoding::percent_decode(&clear).collect();
        decoded.ends_with(APP_SECRET.as_bytes())
    });
    in_header || form.all("client_secret").any(|secret| secret == APP_SECRET)
}

fn check_pair(cx: &Cx<'_>, request: &Request<'_>, form: &Params, answer: &Value) {
    let granted = Scopes::parse(ttai_fuzz::GRANTED).unwrap();
    let access = answer["access_token"].as_str().expect("an access token");
    let presented = access::present(&ttai_fuzz::jwt_keys(), cx.config, access, cx.now).expect("it verifies");
    let Presented::Token(who) = presented else { panic!("an access token that looks like a key") };
    assert!(granted.contains_all(&who.scopes) && !who.scopes.is_empty(), "{}", who.scopes);
    assert_eq!(answer["scope"], who.scopes.to_string());
    assert_eq!(who.user.as_str(), ttai_fuzz::USER);
    match form.required("grant_type").expect("a grant type") {
        "authorization_code" => {
            assert_eq!(form.required("code"), Ok(ttai_fuzz::opaque(Kind::Code, 'A').as_str()));
            assert_eq!(form.required("code_verifier"), Ok(VERIFIER));
            assert_eq!(who.client_id, OPEN_APP);
        }
        "refresh_token" => {
            assert_eq!(form.required("refresh_token"), Ok(ttai_fuzz::opaque(Kind::Refresh, 'A').as_str()));
            assert_eq!(who.client_id, CLOSED_APP);
            assert!(knows_secret(request, form), "tokens without the app's secret");
        }
        other => panic!("tokens for the grant type {other}"),
    }
    let refresh = answer["refresh_token"].as_str().expect("a refresh token");
    assert!(Kind::Refresh.fits(refresh) && !cx.db.holds(refresh) && !cx.db.holds(access), "stored in clear");
}

fn check_revocation(cx: &Cx<'_>, request: &Request<'_>, form: &Params) {
    if let Err(error) = block_on(revoke(cx, &ttai_fuzz::jwt_keys(), request, &Outside)) {
        ttai_fuzz::check_oauth_error(&error);
    }
    let revoked =
        cx.db.statements.borrow().iter().any(|statement| statement.sql.starts_with("UPDATE grants SET revoked_at"));
    if revoked {
        assert!(knows_secret(request, form), "another app ended the grant");
    }
}

fuzz_target!(|data: &[u8]| {
    let (lines, body) = ttai_fuzz::parts(data);
    let headers = ttai_fuzz::headers(lines);
    let request = Request {
        content_type: ttai_fuzz::header(&headers, "content-type"),
        authorization: ttai_fuzz::header(&headers, "authorization"),
        body,
    };
    let (form, config) = (Params::parse(body), ttai_fuzz::config());
    let (db, entropy) = (Db::default(), Counting::default());
    let cx = Context {
        db: &db,
        config: &config,
        entropy: &entropy,
        now: ttai_fuzz::now(),
        changes: &oauth::Changes::default(),
    };
    match block_on(token::token(&cx, &ttai_fuzz::jwt_keys(), &request, &Outside)) {
        Ok(answer) => check_pair(&cx, &request, &form, &answer),
        Err(error) => ttai_fuzz::check_oauth_error(&error),
    }
    let db = Db::default();
    let cx = Context {
        db: &db,
        config: &config,
        entropy: &entropy,
        now: ttai_fuzz::now(),
        changes: &oauth::Changes::default(),
    };
    check_revocation(&cx, &request, &form);
});
