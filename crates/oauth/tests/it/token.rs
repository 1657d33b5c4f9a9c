//! Exchange, rotation, revocation, the access token.

use domain::UserId;
use oauth::{Code, access::Unauthorized};
use serde_json::Value;
use store::{
    Database,
    identity::{
        grants,
        users::{Credential, CredentialKind, CredentialStatus, mark_credential_revoked, store_credential},
    },
    sql,
};
use testkit::block_on;

use crate::world::{CALLBACK, VERIFIER, World, code_of, with, without};

fn text<'a>(pair: &'a Value, name: &str) -> &'a str {
    pair[name].as_str().unwrap()
}

/// A server, an app and its first pair of tokens.
fn connected() -> (World, String, Value) {
    let world = World::new();
    let client = world.app(CALLBACK);
    let code = world.code(&client, CALLBACK, Some("market:read account:read"));
    let pair = world.token(&world.exchange(&client, CALLBACK, &code)).unwrap();
    (world, client, pair)
}

fn count(world: &World, sql: &'static str) -> i64 {
    block_on(world.db.run(sql!(sql))).unwrap().rows[0]["n"].as_i64().unwrap()
}

#[test]
fn a_pair_says_what_it_is_and_opens_the_endpoint() {
    let (world, client, pair) = connected();
    assert_eq!((text(&pair, "token_type"), pair["expires_in"].as_i64()), ("Bearer", Some(86_400)));
    assert_eq!(text(&pair, "scope"), "market:read account:read");
    let who = world.authenticate(text(&pair, "access_token")).unwrap();
    assert_eq!((who.user.as_str(), who.client_id), ("U0001", client));
    assert_eq!(who.scopes.to_string(), "market:read account:read");
    assert_eq!(world.authenticate(text(&pair, "refresh_token")), Err(Unauthorized::Invalid));
    world.tick(86_400 + 61);
    assert_eq!(world.authenticate(text(&pair, "access_token")), Err(Unauthorized::Invalid));
}

#[test]
fn a_wrong_exchange_has_no_effect() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let other = world.app("https://other.example/cb");
    let code = world.code(&client, CALLBACK, None);
    let good = || world.exchange(&client, CALLBACK, &code);
    let long = "x".repeat(129);
    for (form, error) in [
        (without(good(), "grant_type"), Code::InvalidRequest),
        (with(good(), "grant_type", "password"), Code::UnsupportedGrantType),
        (with(good(), "client_id", &other), Code::InvalidGrant),
        (with(good(), "code", "ttai_ac_x"), Code::InvalidGrant),
        (with(good(), "code", &format!("ttai_ac_{}", "A".repeat(43))), Code::InvalidGrant),
        (without(good(), "code"), Code::InvalidRequest),
        (with(good(), "resource", "https://evil.example/mcp"), Code::InvalidTarget),
        (with(good(), "redirect_uri", "https://claude.ai/other"), Code::InvalidGrant),
        (with(good(), "code_verifier", "another-verifier-of-at-least-43-characters-1"), Code::InvalidGrant),
        (with(good(), "code_verifier", "short"), Code::InvalidRequest),
        (with(good(), "code_verifier", &long), Code::InvalidRequest),
        (without(good(), "code_verifier"), Code::InvalidRequest),
        ([good(), vec![("code", code.clone())]].concat(), Code::InvalidRequest),
    ] {
        assert_eq!(code_of(world.token(&form)), error, "{form:?}");
    }
    assert_eq!(count(&world, "SELECT count(*) AS n FROM grants"), 0);
    assert!(world.token(&without(without(good(), "resource"), "redirect_uri")).is_ok());
}

#[test]
fn only_a_form_is_read() {
    let world = World::new();
    let read = |content_type, body: &[u8]| {
        let request = oauth::token::Request { content_type, authorization: None, body };
        code_of(block_on(oauth::token::token(&world.cx(), &world.jwt, &request, &world.outside)))
    };
    let json = Some("application/json");
    assert_eq!(read(json, b"grant_type=password"), Code::InvalidRequest);
    let both = Some("application/json, application/x-www-form-urlencoded");
    assert_eq!(read(both, b"grant_type=password"), Code::InvalidRequest);
    assert_eq!(read(None, b"grant_type=password"), Code::InvalidRequest);
    let form = Some("Application/X-WWW-Form-Urlencoded;charset=utf-8");
    assert_eq!(read(form, b"grant_type=password"), Code::UnsupportedGrantType);
    assert_eq!(read(form, &vec![b'a'; 64 * 1024 + 1]), Code::TooLarge);
    assert_eq!(read(form, &[0xff, b'=', 0xfe]), Code::InvalidRequest);
}

#[test]
fn a_code_ends_after_a_minute() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let code = world.code(&client, CALLBACK, None);
    world.tick(60);
    assert_eq!(code_of(world.token(&world.exchange(&client, CALLBACK, &code))), Code::InvalidGrant);
}

#[test]
fn a_code_that_comes_twice_ends_what_came_of_it() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let code = world.code(&client, CALLBACK, None);
    let form = world.exchange(&client, CALLBACK, &code);
    let pair = world.token(&form).unwrap();
    // Whoever has the code but not the verifier can end nothing.
    let guess = with(form.clone(), "code_verifier", &VERIFIER.replace('a', "b"));
    assert_eq!(code_of(world.token(&guess)), Code::InvalidGrant);
    assert!(world.authenticate(text(&pair, "access_token")).is_ok());
    assert_eq!(code_of(world.token(&form)), Code::InvalidGrant);
    assert_eq!(world.authenticate(text(&pair, "access_token")), Err(Unauthorized::Invalid));
    assert_eq!(code_of(world.token(&world.refresh(&client, text(&pair, "refresh_token")))), Code::InvalidGrant);
}

#[test]
fn a_lost_answer_can_be_asked_for_again_for_two_minutes() {
    let (world, client, first) = connected();
    let form = world.refresh(&client, text(&first, "refresh_token"));
    let second = world.token(&form).unwrap();
    world.tick(60);
    let third = world.token(&world.refresh(&client, text(&second, "refresh_token"))).unwrap();
    let again = world.token(&form).unwrap();
    assert_ne!(text(&again, "refresh_token"), text(&second, "refresh_token"));
    assert_eq!(count(&world, "SELECT count(*) AS n FROM grants WHERE revoked_at IS NULL"), 1);
    assert_eq!(count(&world, "SELECT max(generation) AS n FROM refresh_tokens"), 2);
    for pair in [&first, &second, &third, &again] {
        assert!(world.authenticate(text(pair, "access_token")).is_ok());
    }
    world.tick(60);
    assert_eq!(code_of(world.token(&form)), Code::InvalidGrant);
    for pair in [&first, &second, &third, &again] {
        assert_eq!(world.authenticate(text(pair, "access_token")), Err(Unauthorized::Invalid));
        let refresh = world.refresh(&client, text(pair, "refresh_token"));
        assert_eq!(code_of(world.token(&refresh)), Code::InvalidGrant);
    }
}

#[test]
fn many_refreshes_at_once_are_one_rotation() {
    let (world, client, first) = connected();
    let form = world.refresh(&client, text(&first, "refresh_token"));
    for _ in 0..20 {
        assert!(world.token(&form).is_ok());
    }
    assert_eq!(count(&world, "SELECT max(generation) AS n FROM refresh_tokens"), 1);
    assert_eq!(count(&world, "SELECT count(*) AS n FROM grants WHERE revoked_at IS NULL"), 1);
}

#[test]
fn a_refresh_may_narrow_and_never_widen() {
    let (world, client, first) = connected();
    let form = world.refresh(&client, text(&first, "refresh_token"));
    for wider in ["market:read settings:write", "nonsense"] {
        assert_eq!(code_of(world.token(&with(form.clone(), "scope", wider))), Code::InvalidScope, "{wider}");
    }
    let narrow = world.token(&with(form, "scope", "market:read offline_access")).unwrap();
    assert_eq!(text(&narrow, "scope"), "market:read");
    let full = world.token(&world.refresh(&client, text(&narrow, "refresh_token"))).unwrap();
    assert_eq!(text(&full, "scope"), "market:read account:read");
}

#[test]
fn another_app_gets_nothing_and_ends_nothing() {
    let (world, client, pair) = connected();
    let other = world.app("https://other.example/cb");
    let refresh = text(&pair, "refresh_token");
    assert_eq!(code_of(world.token(&world.refresh(&other, refresh))), Code::InvalidGrant);
    let revoke = |client: &str, token: &str| {
        world.revoke(&vec![("client_id", client.to_owned()), ("token", token.to_owned())]).unwrap();
    };
    for token in [refresh, text(&pair, "access_token"), "nonsense"] {
        revoke(&other, token);
    }
    assert!(world.authenticate(text(&pair, "access_token")).is_ok());
    revoke(&client, refresh);
    assert_eq!(world.authenticate(text(&pair, "access_token")), Err(Unauthorized::Invalid));
    assert_eq!(code_of(world.token(&world.refresh(&client, refresh))), Code::InvalidGrant);
}

#[test]
fn an_access_token_can_be_revoked_as_well() {
    let (world, client, pair) = connected();
    world.revoke(&vec![("client_id", client), ("token", text(&pair, "access_token").to_owned())]).unwrap();
    assert_eq!(world.authenticate(text(&pair, "access_token")), Err(Unauthorized::Invalid));
    let nobody = world.revoke(&vec![("client_id", "nobody".to_owned()), ("token", "x".to_owned())]);
    assert_eq!(code_of(nobody), Code::InvalidClient);
}

#[test]
fn when_tastytrade_has_ended_it_a_refresh_says_so() {
    let (world, client, pair) = connected();
    let user = UserId::new("U0001").unwrap();
    let credential = Credential {
        id: "c1".to_owned(),
        kind: CredentialKind::Login,
        client_secret_sealed: None,
        refresh_token_sealed: "v1.k.n.c".to_owned(),
        status: CredentialStatus::Active,
    };
    block_on(store_credential(&world.db, &user, &credential, world.now.get())).unwrap();
    let next = world.token(&world.refresh(&client, text(&pair, "refresh_token"))).unwrap();
    block_on(mark_credential_revoked(&world.db, &user, "c1", world.now.get())).unwrap();
    let refused = world.token(&world.refresh(&client, text(&next, "refresh_token")));
    assert_eq!(code_of(refused), Code::InvalidGrant);
    assert_eq!(world.authenticate(text(&next, "access_token")), Err(Unauthorized::Invalid));
}

#[test]
fn a_refresh_token_waits_half_a_year() {
    let world = World::new();
    let app = serde_json::json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    let client = text(&world.register(&app).unwrap(), "client_id").to_owned();
    let code = world.code(&client, CALLBACK, None);
    let pair = world.token(&world.exchange(&client, CALLBACK, &code)).unwrap();
    block_on(world.db.run(sql!("UPDATE oauth_clients SET expires_at = 4000000000000"))).unwrap();
    world.tick(oauth::REFRESH.num_seconds());
    assert_eq!(code_of(world.token(&world.refresh(&client, text(&pair, "refresh_token")))), Code::InvalidGrant);
}

#[test]
fn nothing_that_was_handed_out_lies_in_the_database() {
    let (world, client, pair) = connected();
    let code = world.code(&client, CALLBACK, None);
    let secrets = [text(&pair, "refresh_token"), text(&pair, "access_token"), &code];
    for statement in [
        "SELECT * FROM oauth_codes",
        "SELECT * FROM oauth_requests",
        "SELECT * FROM refresh_tokens",
        "SELECT * FROM browser_sessions",
        "SELECT * FROM oauth_clients",
    ] {
        let rows = serde_json::to_string(&block_on(world.db.run(sql!(statement))).unwrap().rows).unwrap();
        assert!(rows.len() > 2, "{statement}");
        for secret in secrets {
            assert!(!rows.contains(secret), "{statement}");
        }
        for prefix in ["ttai_ac_", "ttai_rt_", "ttai_rq_", "ttai_us_", "ttai_bb_", "ttai_bs_", "ttai_cs_"] {
            assert!(!rows.contains(prefix), "{statement}: {prefix}");
        }
    }
}

#[test]
fn a_user_sees_and_ends_the_apps_that_were_let_in() {
    let (world, client, pair) = connected();
    let (owner, other) = (UserId::new("U0001").unwrap(), UserId::new("U0002").unwrap());
    let apps = |user: &UserId| block_on(grants::connected(&world.db, user)).unwrap();
    assert_eq!(apps(&other), []);
    let [app] = &apps(&owner)[..] else { panic!("one app is connected") };
    assert_eq!(
        (app.client_id.as_str(), app.scopes.to_string().as_str()),
        (client.as_str(), "market:read account:read")
    );
    assert!(app.redirect_uris.as_deref().unwrap().contains(CALLBACK) && app.name.is_some());

    // A use is noted when the last note is ten minutes old.
    let used = || grants::used(&owner, &app.id, apps(&owner)[0].last_used_at, world.now.get());
    assert!(used().is_none());
    world.tick(600);
    block_on(world.db.run(used().unwrap())).unwrap();
    assert_eq!(apps(&owner)[0].last_used_at, world.now.get());

    let end = |user: &UserId, id: &str| block_on(grants::revoke_by_user(&world.db, user, id, world.now.get())).unwrap();
    assert_eq!((end(&other, &app.id), end(&owner, "unknown")), (None, None));
    assert!(world.authenticate(text(&pair, "access_token")).is_ok());
    assert_eq!(end(&owner, &app.id).as_deref(), Some(client.as_str()));
    assert_eq!(world.authenticate(text(&pair, "access_token")), Err(Unauthorized::Invalid));
    assert_eq!(code_of(world.token(&world.refresh(&client, text(&pair, "refresh_token")))), Code::InvalidGrant);
    assert_eq!(end(&owner, &app.id).as_deref(), Some(client.as_str()), "twice is no error");
    assert_eq!(apps(&owner), []);
}
