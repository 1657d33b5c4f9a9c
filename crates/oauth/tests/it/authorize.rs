//! Requests, consent, the upstream leg, the browser's login.

use domain::{Scopes, UserId};
use oauth::{Failure, Refusal, Visitor, consent::Decided, cookie::Cookie, session};
use testkit::block_on;

use crate::world::{CALLBACK, PUBLIC, World, answer, cookie, page, param, params, redirected, with, without};

#[test]
fn a_login_ends_with_a_code_at_the_apps_address() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let consent = world.authorize(&world.request(&client, CALLBACK), None).unwrap();
    assert_eq!(consent.scopes, Scopes::all());
    assert_eq!(consent.client_name.as_deref(), Some(format!("App at {CALLBACK}").as_str()));
    assert_eq!(
        consent.destinations(&world.config),
        ["https://my.tastytrade.example", "https://claude.ai"].map(str::to_owned)
    );

    let mut form = answer(&consent, "login");
    form.push(("scope", "market:read".to_owned()));
    let Ok(Decided::Upstream(upstream)) = world.decide(&form, Some(&cookie(&consent))) else { panic!() };
    assert!(upstream.starts_with("https://my.tastytrade.example/auth.html?client_id=operator&redirect_uri="));
    assert_eq!(param(&upstream, "redirect_uri").unwrap(), format!("{PUBLIC}/oauth/callback"));
    assert_eq!(param(&upstream, "response_type").as_deref(), Some("code"));
    assert_eq!(param(&upstream, "scope").as_deref(), Some("read"));

    let location = world.come_back(&consent, &param(&upstream, "state").unwrap(), "U0001").unwrap();
    assert!(location.starts_with(CALLBACK));
    assert_eq!(param(&location, "state").as_deref(), Some("s t"));
    assert_eq!(param(&location, "iss").as_deref(), Some(PUBLIC));
    let code = param(&location, "code").unwrap();
    let pair = world.token(&world.exchange(&client, CALLBACK, &code)).unwrap();
    assert_eq!(pair["scope"], "market:read");
}

#[test]
fn before_app_and_address_are_known_errors_stay_here() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let good = || world.request(&client, CALLBACK);
    assert_eq!(page(world.authorize(&with(good(), "client_id", "nobody"), None)), "invalid_client");
    assert_eq!(page(world.authorize(&without(good(), "client_id"), None)), "invalid_request");
    assert_eq!(page(world.authorize(&without(good(), "redirect_uri"), None)), "invalid_redirect_uri");
    for near in [
        "https://claude.ai/api/mcp/auth_callback/",
        "https://evil.example/",
        "https://good@claude.ai/api/mcp/auth_callback",
    ] {
        assert_eq!(page(world.authorize(&with(good(), "redirect_uri", near), None)), "invalid_redirect_uri", "{near}");
    }
    for name in ["client_id", "redirect_uri"] {
        let mut twice = good();
        let value = twice.iter().find(|(other, _)| *other == name).unwrap().1.clone();
        twice.push((name, value));
        assert_eq!(page(world.authorize(&twice, None)), "invalid_request", "{name}");
    }
    world.tick(oauth::CLIENT.num_seconds() + 1);
    assert_eq!(page(world.authorize(&good(), None)), "invalid_client");
}

#[test]
fn afterwards_errors_go_to_the_app() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let good = || world.request(&client, CALLBACK);
    for (request, error) in [
        (without(good(), "code_challenge"), "invalid_request"),
        (without(good(), "code_challenge_method"), "invalid_request"),
        (with(good(), "code_challenge_method", "plain"), "invalid_request"),
        (with(good(), "code_challenge", "short"), "invalid_request"),
        (without(good(), "response_type"), "invalid_request"),
        (with(good(), "response_type", "token"), "unsupported_response_type"),
        (with(good(), "response_mode", "fragment"), "invalid_request"),
        (with(good(), "resource", "https://evil.example/mcp"), "invalid_target"),
        (with(good(), "resource", "https://ttai.example/mcp#x"), "invalid_target"),
        (with(good(), "scope", "market:read trade"), "invalid_scope"),
    ] {
        assert_eq!(redirected(world.authorize(&request, None)), error, "{request:?}");
    }
    let mut twice = good();
    twice.push(("resource", PUBLIC.to_owned()));
    assert_eq!(redirected(world.authorize(&twice, None)), "invalid_target");
    for request in
        [without(good(), "resource"), with(good(), "resource", PUBLIC), with(good(), "scope", "offline_access")]
    {
        assert_eq!(world.authorize(&request, None).unwrap().scopes, Scopes::all());
    }
}

#[test]
fn a_loopback_app_may_change_its_port() {
    let world = World::new();
    let client = world.app("http://localhost:3334/oauth/callback");
    let consent = world.authorize(&world.request(&client, "http://localhost:50123/oauth/callback"), None).unwrap();
    let Visitor::App(app) = &consent.visitor else { panic!() };
    assert_eq!(app.redirect_uri, "http://localhost:50123/oauth/callback");
    for other in ["http://localhost.evil.com:3334/oauth/callback", "http://127.0.0.1.nip.io:3334/oauth/callback"] {
        assert_eq!(page(world.authorize(&world.request(&client, other), None)), "invalid_redirect_uri");
    }
}

#[test]
fn a_page_is_answered_by_the_browser_that_got_it_once_and_in_time() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let consent = world.authorize(&world.request(&client, CALLBACK), None).unwrap();
    let other = world.authorize(&world.request(&client, CALLBACK), None).unwrap();
    let deny = answer(&consent, "deny");
    assert_eq!(page(world.decide(&deny, None)), "consent_mismatch");
    assert_eq!(page(world.decide(&deny, Some(&cookie(&other)))), "consent_mismatch");
    assert_eq!(page(world.decide(&without(deny.clone(), "request"), Some(&cookie(&consent)))), "consent_expired");
    let denied = world.decide(&deny, Some(&cookie(&consent)));
    let Ok(Decided::Denied(address)) = denied else { panic!("{denied:?}") };
    assert_eq!(param(&address, "error").as_deref(), Some("access_denied"));
    assert_eq!(page(world.decide(&deny, Some(&cookie(&consent)))), "consent_expired");
    world.tick(601);
    assert_eq!(page(world.decide(&answer(&other, "deny"), Some(&cookie(&other)))), "consent_expired");
}

#[test]
fn two_tabs_of_one_browser_do_not_disturb_each_other() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let first = world.authorize(&world.request(&client, CALLBACK), None).unwrap();
    let second = world.authorize(&world.request(&client, CALLBACK), Some(&cookie(&first))).unwrap();
    assert_eq!(cookie(&first), cookie(&second));
    let (one, two) = (world.say_yes(&first), world.say_yes(&second));
    assert!(world.come_back(&second, &two, "U0001").is_ok());
    assert!(world.come_back(&first, &one, "U0001").is_ok());
}

#[test]
fn what_was_staged_wins_over_the_form() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let request = with(world.request(&client, CALLBACK), "scope", "market:read account:read");
    let consent = world.authorize(&request, None).unwrap();
    let mut form = answer(&consent, "login");
    for (name, value) in [
        ("scope", "market:read"),
        ("scope", "settings:write"),
        ("client_id", "other"),
        ("redirect_uri", "https://evil.example/"),
    ] {
        form.push((name, value.to_owned()));
    }
    let unknown = [form.clone(), vec![("scope", "trade:place".to_owned())]].concat();
    assert_eq!(page(world.decide(&unknown, Some(&cookie(&consent)))), "invalid_scope");
    let Ok(Decided::Upstream(address)) = world.decide(&form, Some(&cookie(&consent))) else { panic!() };
    let location = world.come_back(&consent, &param(&address, "state").unwrap(), "U0001").unwrap();
    let code = param(&location, "code").unwrap();
    assert!(location.starts_with(CALLBACK));
    let pair = world.token(&world.exchange(&client, CALLBACK, &code)).unwrap();
    assert_eq!(pair["scope"], "market:read");
}

#[test]
fn an_incomplete_form_is_shown_again_with_the_same_ticks() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let consent = world.authorize(&world.request(&client, CALLBACK), None).unwrap();
    let mut form = answer(&consent, "grant");
    let none = world.decide(&form, Some(&cookie(&consent)));
    let Ok(Decided::Again(again)) = none else { panic!("{none:?}") };
    assert!(again.ticked.is_empty() && again.note.is_some());
    form.push(("scope", "market:read".to_owned()));
    form.push(("client_secret", "only one".to_owned()));
    let one = world.decide(&form, Some(&cookie(&consent)));
    let Ok(Decided::Again(again)) = one else { panic!("{one:?}") };
    assert_eq!(again.ticked.to_string(), "market:read");
    assert_eq!(again.handle.expose(), consent.handle.expose());
}

#[test]
fn a_pasted_grant_that_is_refused_may_be_corrected_a_few_times() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let mut consent = world.authorize(&world.request(&client, CALLBACK), None).unwrap();
    for attempt in 1..=oauth::ATTEMPTS {
        let mut form = answer(&consent, "grant");
        for (name, value) in [("scope", "market:read"), ("client_secret", " cs "), ("refresh_token", "rt")] {
            form.push((name, value.to_owned()));
        }
        let tried = world.decide(&form, Some(&cookie(&consent)));
        let Ok(Decided::Try(tried)) = tried else { panic!("{tried:?}") };
        assert_eq!((tried.client_secret.expose(), tried.refresh_token.expose()), ("cs", "rt"));
        assert_eq!(page(world.decide(&form, Some(&cookie(&consent)))), "consent_expired");
        let again = block_on(tried.approved.ask_again(&world.cx(), tried.browser, "no"));
        if attempt == oauth::ATTEMPTS {
            assert_eq!(redirected(again), "access_denied");
            return;
        }
        consent = again.unwrap();
        assert_eq!(consent.ticked.to_string(), "market:read");
    }
}

#[test]
fn the_upstream_state_works_once_in_its_browser_and_in_time() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let back = |query: &[(&'static str, &str)], cookies: Option<&str>| {
        let query = query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        block_on(oauth::callback::come_back(&world.cx(), &params(&query), cookies)).map(|_| ())
    };
    let open = || {
        let consent = world.authorize(&world.request(&client, CALLBACK), None).unwrap();
        let state = world.say_yes(&consent);
        (cookie(&consent), state)
    };
    let (cookies, state) = open();
    assert_eq!(page(back(&[("code", "c"), ("state", &state)], None)), "state_mismatch");
    assert_eq!(page(back(&[("code", "c"), ("state", &state)], Some(&open().0))), "state_mismatch");
    assert_eq!(page(back(&[("code", "c"), ("state", "x")], Some(&cookies))), "state_mismatch");
    assert_eq!(page(back(&[("code", "c"), ("state", &state), ("state", &state)], Some(&cookies))), "state_mismatch");
    assert!(back(&[("code", "c"), ("state", &state)], Some(&cookies)).is_ok());
    assert_eq!(page(back(&[("code", "c"), ("state", &state)], Some(&cookies))), "state_mismatch");

    for (answer, error) in [
        (("error", "access_denied"), "access_denied"),
        (("error", "temporarily_unavailable"), "temporarily_unavailable"),
        (("error", "<script>"), "access_denied"),
        (("other", "x"), "access_denied"),
    ] {
        let (cookies, state) = open();
        assert_eq!(redirected(back(&[answer, ("state", &state)], Some(&cookies))), error);
    }
    let (cookies, state) = open();
    world.tick(601);
    assert_eq!(page(back(&[("code", "c"), ("state", &state)], Some(&cookies))), "state_mismatch");
}

#[test]
fn a_failed_redemption_tells_the_app_why() {
    use domain::{Error, Reason};
    let world = World::new();
    let client = world.app(CALLBACK);
    for (reason, error) in [
        (Reason::UpstreamRefused, "access_denied"),
        (Reason::ReconnectRequired, "access_denied"),
        (Reason::UpstreamUnavailable, "temporarily_unavailable"),
        (Reason::UpstreamTimeout, "temporarily_unavailable"),
        (Reason::AnalysisUnavailable, "temporarily_unavailable"),
        (Reason::Internal, "server_error"),
    ] {
        let consent = world.authorize(&world.request(&client, CALLBACK), None).unwrap();
        let state = world.say_yes(&consent);
        let query = vec![("code", "c".to_owned()), ("state", state)];
        let back = block_on(oauth::callback::come_back(&world.cx(), &params(&query), Some(&cookie(&consent)))).unwrap();
        let refusal =
            back.approved.fail(&world.config, Failure::from(&Error::new(reason, "Say \"why\" \u{2014} plainly.")));
        let Refusal::Redirect(address) = &refusal else { panic!() };
        assert_eq!(param(address, "error_description").as_deref(), Some("Say why  plainly."));
        assert_eq!(redirected::<()>(Err(refusal)), error);
    }
}

#[test]
fn a_browser_logs_in_for_itself() {
    let world = World::new();
    let open = |to| block_on(oauth::authorize::open_login(&world.cx(), to, None)).unwrap();
    let consent = open(Some("/settings"));
    assert!(consent.scopes.is_empty());
    let state = world.say_yes(&consent);
    assert_eq!(world.come_back(&consent, &state, "U0001").unwrap(), format!("{PUBLIC}/settings"));

    let consent = open(Some("//evil.example"));
    let state = world.say_yes(&consent);
    assert_eq!(world.come_back(&consent, &state, "U0001").unwrap(), format!("{PUBLIC}/connected"));

    let consent = open(None);
    let denied = world.decide(&answer(&consent, "deny"), Some(&cookie(&consent)));
    let Ok(Decided::Denied(address)) = denied else { panic!("{denied:?}") };
    assert_eq!(address, format!("{PUBLIC}/"));
}

#[test]
fn a_browser_session_lasts_half_a_day_or_until_the_logout() {
    let world = World::new();
    let user = UserId::new("U0001").unwrap();
    let header = |secret: &vault::Secret| format!("x=y; {}={}", Cookie::Session.name(), secret.expose());
    let read = |header: &str| block_on(session::read(&world.cx(), Some(header))).unwrap();
    let first = header(&block_on(session::open(&world.cx(), &user)).unwrap());
    let second = header(&block_on(session::open(&world.cx(), &user)).unwrap());
    let (one, two) = (read(&first).unwrap(), read(&second).unwrap());
    assert_eq!(one.user, user);
    let csrf = one.csrf.expose().to_owned();
    assert!(one.made(Some(&csrf)) && !two.made(Some(&csrf)) && !one.made(None));
    block_on(one.end(&world.cx())).unwrap();
    assert!(read(&first).is_none() && read(&second).is_some());
    world.tick(oauth::SESSION.num_seconds());
    assert!(read(&second).is_none());

    let other = UserId::new("U0002").unwrap();
    let [third, fourth] = [&user, &user].map(|user| header(&block_on(session::open(&world.cx(), user)).unwrap()));
    let foreign = header(&block_on(session::open(&world.cx(), &other)).unwrap());
    block_on(store::identity::sessions::end_all(&world.db, &user, world.now.get())).unwrap();
    assert!(read(&third).is_none() && read(&fourth).is_none() && read(&foreign).is_some());
}
