//! The way of a browser: `GET /oauth/authorize`, the consent form, and the return from TastyTrade, with any parameters and
//! any cookies.
//!
//! Input: the `Cookie` header in the first line, a query or form after it. Held: a browser is sent to the app's registered
//! address, to TastyTrade's login page, or nowhere; only the browser that opened a visit moves it; nothing is allowed that
//! was not asked for; no secret is stored in clear.

#![no_main]

use domain::Scopes;
use libfuzzer_sys::fuzz_target;
use oauth::{
    Consent, Context, Params, Refusal, Visitor,
    authorize::{authorize, open_login},
    callback::come_back,
    consent::{Decided, decide},
    cookie::Cookie,
    redirect,
};
use ttai_fuzz::{CALLBACKS, Counting, Db, Outside, UPSTREAM, block_on};
use url::Url;
use vault::token::Kind;

type Cx<'a> = Context<'a, Db, Counting>;

fn param(address: &str, name: &str) -> Option<String> {
    let url = Url::parse(address).expect("a browser is sent to a URL");
    url.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

/// An address that tells the app of an error.
fn check_redirect(location: &str, state: Option<&str>) {
    let at = location.find("error=").expect("an error");
    let base = &location[..at - 1];
    let registered = CALLBACKS.map(str::to_owned);
    assert!(redirect::matches(&registered, base), "{location} is not at a registered address");
    assert!(param(location, "error_description").is_some_and(|text| !text.is_empty()));
    assert_eq!(param(location, "state").as_deref(), state, "{location}");
    assert_eq!(param(location, "iss").as_deref(), Some(ttai_fuzz::PUBLIC));
    assert!(http::HeaderValue::from_str(location).is_ok(), "{location:?}");
}

fn check_refusal(refusal: &Refusal, state: Option<&str>) {
    match refusal {
        Refusal::Page(error) => ttai_fuzz::check_oauth_error(error),
        Refusal::Redirect(location) => check_redirect(location, state),
    }
}

fn check_page(cx: &Cx<'_>, query: &Params, consent: &Consent) {
    assert!(Kind::Request.fits(consent.handle.expose()) && Kind::Browser.fits(consent.browser.expose()));
    assert!(consent.scopes.contains_all(&consent.ticked));
    for secret in [&consent.handle, &consent.browser] {
        // An app may send the cookie of a browser as its own state.
        let was_sent = format!("{query:?}").contains(secret.expose());
        assert!(was_sent || !cx.db.holds(secret.expose()), "a handle or cookie is stored in clear");
    }
    match &consent.visitor {
        Visitor::App(app) => assert!(redirect::matches(&CALLBACKS.map(str::to_owned), &app.redirect_uri)),
        Visitor::Browser { return_to } => {
            let url = Url::parse(ttai_fuzz::PUBLIC).unwrap().join(return_to).expect("a path");
            assert_eq!(url.origin().ascii_serialization(), ttai_fuzz::PUBLIC, "{return_to}");
        }
    }
    assert!(consent.destinations(cx.config).iter().all(|source| !source.contains([' ', ';', ','])));
}

fn check_authorize(cx: &Cx<'_>, query: &Params, cookies: Option<&str>) {
    match block_on(authorize(cx, &Outside, query, cookies)) {
        Ok(consent) => {
            check_page(cx, query, &consent);
            assert!(!consent.scopes.is_empty());
            assert_eq!(query.one("response_type"), Ok(Some("code")));
            assert_eq!(query.one("code_challenge_method"), Ok(Some("S256")));
        }
        Err(refusal) => {
            let state = query.one("state").ok().flatten().filter(|state| state.len() <= 4096);
            check_refusal(&refusal, state);
        }
    }
    let return_to = query.one("return_to").ok().flatten();
    check_page(cx, query, &block_on(open_login(cx, return_to, cookies)).expect("a login can be opened"));
}

fn is_the_browser(cookies: Option<&str>) -> bool {
    Cookie::Login.read(cookies).is_some_and(|browser| browser.expose() == ttai_fuzz::opaque(Kind::Browser, 'A'))
}

fn check_decide(cx: &Cx<'_>, form: &Params, cookies: Option<&str>) {
    let decided = match block_on(decide(cx, form, cookies)) {
        Ok(decided) => decided,
        Err(refusal) => return check_refusal(&refusal, Some("s t")),
    };
    assert!(is_the_browser(cookies), "another browser decided");
    assert_eq!(form.one("request"), Ok(Some(ttai_fuzz::opaque(Kind::Request, 'A').as_str())));
    match decided {
        Decided::Upstream(location) => {
            assert!(location.strip_prefix(UPSTREAM).is_some_and(|rest| rest.starts_with('?')), "{location}");
            assert!(param(&location, "state").is_some_and(|state| Kind::State.fits(&state) && !cx.db.holds(&state)));
            let granted = Scopes::parse(ttai_fuzz::GRANTED).unwrap();
            let stored = cx.db.statements.borrow().iter().rev().find_map(|statement| {
                let is_it = statement.sql.contains("stage = 'upstream', granted_scopes = ?4");
                match statement.params.get(3) {
                    Some(store::Value::Text(scopes)) if is_it => Some(Scopes::parse(scopes).unwrap()),
                    _ => None,
                }
            });
            let stored = stored.expect("the decision is stored");
            assert!(!stored.is_empty() && granted.contains_all(&stored), "{stored}");
        }
        Decided::Try(attempt) => {
            for secret in [&attempt.client_secret, &attempt.refresh_token] {
                assert!((1..=4096).contains(&secret.expose().len()));
            }
        }
        Decided::Again(consent) => assert!(consent.note.is_some()),
        Decided::Denied(location) => check_redirect(&location, Some("s t")),
    }
}

fn check_come_back(cx: &Cx<'_>, query: &Params, cookies: Option<&str>) {
    match block_on(come_back(cx, query, cookies)) {
        Ok(back) => {
            assert!(is_the_browser(cookies), "another browser came back");
            assert!((1..=4096).contains(&back.code.expose().len()));
            let user = domain::UserId::new(ttai_fuzz::USER).unwrap();
            let done = block_on(back.approved.finish(cx, &user)).expect("a login that came back can be finished");
            assert!(done.location.starts_with(CALLBACKS[1]), "{}", done.location);
            let code = param(&done.location, "code").expect("a code");
            assert!(Kind::Code.fits(&code) && !cx.db.holds(&code), "{code}");
        }
        Err(refusal) => check_refusal(&refusal, Some("s t")),
    }
}

fuzz_target!(|data: &[u8]| {
    let (cookies, params) = ttai_fuzz::first_line(data);
    let cookies = std::str::from_utf8(cookies).ok().filter(|text| !text.is_empty());
    let params = Params::parse(params);
    let config = ttai_fuzz::config();
    for check in [check_authorize, check_decide, check_come_back] {
        let (db, entropy) = (Db::default(), Counting::default());
        check(
            &Context {
                db: &db,
                config: &config,
                entropy: &entropy,
                now: ttai_fuzz::now(),
                changes: &oauth::Changes::default(),
            },
            &params,
            cookies,
        );
    }
});
