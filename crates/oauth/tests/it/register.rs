//! Registration, and how apps prove who they are.

use oauth::Code;
use serde_json::json;
use testkit::block_on;

use crate::world::{CALLBACK, World, code_of, page, with, without};

#[test]
fn an_app_gets_back_what_is_kept_of_it() {
    let world = World::new();
    let app = world
        .register(&json!({
            "client_name": "Claude", "redirect_uris": [CALLBACK, "cursor://x/cb"], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "scope": "market:read openid", "logo_uri": "https://claude.ai/logo.png", "x": 1,
        }))
        .unwrap();
    assert_eq!(app["redirect_uris"], json!([CALLBACK]));
    assert_eq!(app["scope"], "market:read");
    assert_eq!(app["token_endpoint_auth_method"], "none");
    assert_eq!(app["client_id_issued_at"], testkit::now().timestamp());
    assert!(app.get("client_secret").is_none() && app.get("x").is_none());
    let id = app["client_id"].as_str().unwrap();
    assert!(world.authorize(&world.request(id, CALLBACK), None).is_ok());
    assert_eq!(page(world.authorize(&world.request(id, "cursor://x/cb"), None)), "invalid_redirect_uri");
}

#[test]
fn what_cannot_be_served_is_refused() {
    let world = World::new();
    let with_uri = |uri: &str| json!({ "redirect_uris": [CALLBACK, uri] });
    for (body, code) in [
        (json!({}), Code::InvalidRedirectUri),
        (json!({ "redirect_uris": [] }), Code::InvalidRedirectUri),
        (json!({ "redirect_uris": "https://x.example" }), Code::InvalidRedirectUri),
        (json!({ "redirect_uris": [1] }), Code::InvalidRedirectUri),
        (json!({ "redirect_uris": ["cursor://x/cb"] }), Code::InvalidRedirectUri),
        (json!({ "redirect_uris": ["http://app.example/cb"] }), Code::InvalidRedirectUri),
        (with_uri("javascript:alert(1)"), Code::InvalidRedirectUri),
        (with_uri("data:text/html,x"), Code::InvalidRedirectUri),
        (with_uri("https://app.example/cb#x"), Code::InvalidRedirectUri),
        (json!({ "redirect_uris": [CALLBACK], "logo_uri": "file:///etc/passwd" }), Code::InvalidClientMetadata),
        (json!({ "redirect_uris": [CALLBACK], "grant_types": ["password"] }), Code::InvalidClientMetadata),
        (json!({ "redirect_uris": [CALLBACK], "response_types": ["token"] }), Code::InvalidClientMetadata),
        (json!({ "redirect_uris": [CALLBACK], "client_name": 1 }), Code::InvalidClientMetadata),
        (
            json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt" }),
            Code::InvalidClientMetadata,
        ),
        (json!([]), Code::InvalidClientMetadata),
    ] {
        assert_eq!(code_of(world.register(&body)), code, "{body}");
    }
    let raw = |body: &[u8]| block_on(oauth::register::register(&world.cx(), body));
    assert_eq!(code_of(raw(b"{")), Code::InvalidClientMetadata);
    assert_eq!(code_of(raw(&vec![b' '; 64 * 1024 + 1])), Code::TooLarge);
}

#[test]
fn the_same_words_within_minutes_give_the_same_app() {
    let world = World::new();
    let body = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    let other = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "client_name": "B" });
    let first = world.register(&body).unwrap();
    world.tick(60);
    assert_eq!(world.register(&body).unwrap(), first);
    assert_ne!(world.register(&other).unwrap()["client_id"], first["client_id"]);
    world.tick(3600);
    assert_ne!(world.register(&body).unwrap()["client_id"], first["client_id"]);
    let secret = json!({ "redirect_uris": [CALLBACK] });
    let (one, two) = (world.register(&secret).unwrap(), world.register(&secret).unwrap());
    assert_ne!(one["client_id"], two["client_id"]);
    assert_eq!(one["client_secret_expires_at"], 0);
}

#[test]
fn an_app_with_a_secret_must_show_it_one_way_at_a_time() {
    let world = World::new();
    let app = world.register(&json!({ "redirect_uris": [CALLBACK] })).unwrap();
    let (id, secret) = (app["client_id"].as_str().unwrap(), app["client_secret"].as_str().unwrap());
    let basic = |id: &str, secret: &str| {
        use base64::Engine;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
    };
    let code = world.code(id, CALLBACK, None);
    let form = world.exchange(id, CALLBACK, &code);
    let bare = without(form.clone(), "client_id");
    assert_eq!(code_of(world.token(&form)), Code::InvalidClient);
    assert_eq!(code_of(world.token(&bare)), Code::InvalidClient);
    assert_eq!(code_of(world.token(&with(form.clone(), "client_secret", "wrong"))), Code::InvalidClient);
    assert_eq!(code_of(world.token_as(Some(&basic(id, "wrong")), &bare)), Code::InvalidClient);
    assert_eq!(code_of(world.token_as(Some("Basic %%%"), &form)), Code::InvalidClient);
    assert_eq!(code_of(world.token_as(Some("Basic"), &form)), Code::InvalidClient);
    assert_eq!(code_of(world.token_as(Some(&basic("other", secret)), &form)), Code::InvalidRequest);
    let both = with(form.clone(), "client_secret", secret);
    assert_eq!(code_of(world.token_as(Some(&basic(id, secret)), &both)), Code::InvalidRequest);
    let unknown = with(form, "client_id", "nobody");
    assert_eq!(world.token(&unknown).unwrap_err().headers().unwrap().0, "WWW-Authenticate");
    // None of that used the code up.
    let pair = world.token_as(Some(&basic(id, secret)), &bare).unwrap();
    let refresh = world.refresh(id, pair["refresh_token"].as_str().unwrap());
    assert!(world.token(&with(refresh, "client_secret", secret)).is_ok());
}

#[test]
fn an_app_is_remembered_while_it_is_used() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let code = world.code(&client, CALLBACK, None);
    let mut pair = world.token(&world.exchange(&client, CALLBACK, &code)).unwrap();
    for _ in 0..3 {
        world.tick(oauth::CLIENT.num_seconds() - 100);
        pair = world.token(&world.refresh(&client, pair["refresh_token"].as_str().unwrap())).unwrap();
    }
    world.tick(oauth::CLIENT.num_seconds() + 1);
    let late = world.token(&world.refresh(&client, pair["refresh_token"].as_str().unwrap()));
    assert_eq!(code_of(late), Code::InvalidClient);
}
