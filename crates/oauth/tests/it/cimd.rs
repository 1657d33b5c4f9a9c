//! Apps whose id is the address of a document: what is fetched and when, what is kept and for how long, what an outage and
//! a change of the document do. Apps that the operator has set up.

use oauth::{
    Code,
    cimd::Fetched,
    client::configured,
    token::{Connection, Unconfirmed},
};
use serde_json::{Value, json};
use store::{Database, sql};
use testkit::block_on;

use crate::world::{CALLBACK, World, code_of, page, with};

const ID: &str = "https://client.example/app.json";
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const CLAUDE: &str = "https://claude.ai/oauth/mcp-oauth-client-metadata";

fn document(id: &str, callback: &str) -> Fetched {
    let body = json!({ "client_id": id, "client_name": "A document's app", "redirect_uris": [callback] });
    answer(&body.to_string())
}

fn answer(body: &str) -> Fetched {
    Fetched {
        status: 200,
        content_type: Some("application/json".to_owned()),
        cache_control: None,
        body: body.as_bytes().to_vec(),
    }
}

fn publish(world: &World, id: &str, document: Fetched) {
    world.outside.documents.borrow_mut().insert(id.to_owned(), document);
}

fn withdraw(world: &World, id: &str) {
    world.outside.documents.borrow_mut().remove(id);
}

fn fetches(world: &World) -> usize {
    world.outside.fetched.borrow().len()
}

fn rows(world: &World, id: &str) -> usize {
    block_on(world.db.run(sql!("SELECT id FROM oauth_clients WHERE id = ?1", id))).unwrap().rows.len()
}

fn text<'a>(pair: &'a Value, name: &str) -> &'a str {
    pair[name].as_str().unwrap()
}

/// A server that knows the document, and the first pair of tokens.
fn connected() -> (World, Value) {
    let world = World::new();
    publish(&world, ID, document(ID, CALLBACK));
    let code = world.code(ID, CALLBACK, None);
    let pair = world.token(&world.exchange(ID, CALLBACK, &code)).unwrap();
    (world, pair)
}

#[test]
fn a_document_is_fetched_once_for_a_whole_login() {
    let (world, pair) = connected();
    assert_eq!(*world.outside.fetched.borrow(), [ID]);
    assert_eq!(world.authenticate(text(&pair, "access_token")).unwrap().client_id, ID);
    assert!(world.token(&world.refresh(ID, text(&pair, "refresh_token"))).is_ok());
    assert_eq!(fetches(&world), 1);
    let consent = world.authorize(&world.request(ID, CALLBACK), None).unwrap();
    assert_eq!(consent.client_name.as_deref(), Some("A document's app"));
    // It has no secret, so none proves anything.
    let with_secret = with(world.refresh(ID, text(&pair, "refresh_token")), "client_secret", "x");
    assert_eq!(code_of(world.token(&with_secret)), Code::InvalidClient);
}

#[test]
fn a_use_does_not_prolong_it() {
    let (world, pair) = connected();
    world.tick(HOUR - 1);
    let pair = world.token(&world.refresh(ID, text(&pair, "refresh_token"))).unwrap();
    assert_eq!(fetches(&world), 1);
    world.tick(1);
    assert!(world.token(&world.refresh(ID, text(&pair, "refresh_token"))).is_ok());
    assert_eq!(fetches(&world), 2);
}

#[test]
fn an_address_that_may_not_be_fetched_is_not() {
    let world = World::new();
    for id in [
        "http://client.example/app.json",
        "https://127.0.0.1/app.json",
        "https://localhost/app.json",
        "https://u@client.example/app.json",
        "https://client.example/",
        "https://ttai.example/app.json",
        "https://client.example:8443/app.json",
    ] {
        assert_eq!(page(world.authorize(&world.request(id, CALLBACK), None)), "invalid_client", "{id}");
        assert_eq!(code_of(world.token(&world.refresh(id, "x"))), Code::InvalidClient, "{id}");
    }
    assert_eq!(fetches(&world), 0);
}

#[test]
fn a_bad_document_is_not_kept_and_not_asked_for_again_at_once() {
    let world = World::new();
    publish(&world, ID, document("https://client.example/other.json", CALLBACK));
    let ask = || page(world.authorize(&world.request(ID, CALLBACK), None));
    for _ in 0..5 {
        assert_eq!(ask(), "invalid_client");
    }
    assert_eq!((fetches(&world), rows(&world, ID)), (1, 0));
    world.tick(60);
    publish(&world, ID, document(ID, CALLBACK));
    assert!(world.authorize(&world.request(ID, CALLBACK), None).is_ok());
    assert_eq!((fetches(&world), rows(&world, ID)), (2, 1));
}

#[test]
fn one_host_is_asked_so_often_and_no_more() {
    let world = World::new();
    let ask = |id: &str| page(world.authorize(&world.request(id, CALLBACK), None));
    for number in 0..70 {
        assert_eq!(ask(&format!("https://client.example/{number}")), "invalid_client");
    }
    assert_eq!(fetches(&world), 60);
    assert_eq!(ask("https://other.example/1"), "invalid_client");
    assert_eq!(fetches(&world), 61);
    // Whoever is known goes on.
    world.tick(60);
    publish(&world, ID, document(ID, CALLBACK));
    assert!(world.authorize(&world.request(ID, CALLBACK), None).is_ok());
}

#[test]
fn a_document_that_changes_its_addresses_counts_once_its_time_is_up() {
    let (world, pair) = connected();
    let new = "https://client.example/new";
    publish(&world, ID, document(ID, new));
    assert!(world.authorize(&world.request(ID, CALLBACK), None).is_ok(), "the cache holds");
    world.tick(HOUR);
    assert_eq!(page(world.authorize(&world.request(ID, CALLBACK), None)), "invalid_redirect_uri");
    assert!(world.authorize(&world.request(ID, new), None).is_ok());
    assert!(world.token(&world.refresh(ID, text(&pair, "refresh_token"))).is_ok());
}

#[test]
fn an_outage_ends_no_connection_but_begins_none() {
    let (world, mut pair) = connected();
    withdraw(&world, ID);
    for _ in 0..6 {
        world.tick(DAY);
        pair = world.token(&world.refresh(ID, text(&pair, "refresh_token"))).unwrap();
        assert_eq!(page(world.authorize(&world.request(ID, CALLBACK), None)), "invalid_client");
    }
    publish(&world, ID, Fetched { status: 503, ..answer("") });
    world.tick(DAY);
    pair = world.token(&world.refresh(ID, text(&pair, "refresh_token"))).unwrap();
    world.tick(DAY);
    let late = world.token(&world.refresh(ID, text(&pair, "refresh_token")));
    assert_eq!(code_of(late), Code::TemporarilyUnavailable, "nothing is known for sure, so the login is not lost");
    block_on(world.db.batch(store::identity::sweep(world.now.get()))).unwrap();
    assert_eq!(rows(&world, ID), 0);
    world.tick(60);
    publish(&world, ID, document(ID, CALLBACK));
    assert!(world.token(&world.refresh(ID, text(&pair, "refresh_token"))).is_ok());
}

#[test]
fn a_document_that_has_gone_or_gone_bad_ends_the_app() {
    for gone in
        [Fetched { status: 404, ..answer("") }, answer("<html>"), document("https://client.example/x", CALLBACK)]
    {
        let (world, pair) = connected();
        publish(&world, ID, gone);
        world.tick(HOUR);
        assert_eq!(code_of(world.token(&world.refresh(ID, text(&pair, "refresh_token")))), Code::InvalidClient);
    }
}

#[test]
fn the_sweep_keeps_documents_for_outages() {
    let (world, _) = connected();
    world.app(CALLBACK);
    world.tick(HOUR + 1);
    block_on(world.db.batch(store::identity::sweep(world.now.get()))).unwrap();
    assert_eq!(rows(&world, ID), 1);
    world.tick(100 * DAY);
    block_on(world.db.batch(store::identity::sweep(world.now.get()))).unwrap();
    let left = block_on(world.db.run(sql!("SELECT id FROM oauth_clients"))).unwrap().rows;
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn well_known_apps_come_in_although_their_host_turns_us_away() {
    let world = World::new();
    publish(&world, CLAUDE, Fetched { status: 403, ..answer("<html>") });
    for callback in ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"] {
        let consent = world.authorize(&world.request(CLAUDE, callback), None).unwrap();
        assert_eq!(consent.client_name.as_deref(), Some("Claude"));
    }
    assert_eq!(fetches(&world), 1, "the copy is kept for a while");
    let code = "https://claude.ai/oauth/claude-code-client-metadata";
    for callback in ["http://localhost:51234/callback", "http://127.0.0.1:3000/callback"] {
        assert!(world.authorize(&world.request(code, callback), None).is_ok());
    }
    assert_eq!(
        page(world.authorize(&world.request(code, "http://localhost:51234/other"), None)),
        "invalid_redirect_uri"
    );
    // What they publish themselves comes first.
    world.tick(HOUR);
    publish(&world, CLAUDE, document(CLAUDE, "https://claude.ai/new"));
    assert!(world.authorize(&world.request(CLAUDE, "https://claude.ai/new"), None).is_ok());
}

#[test]
fn a_registration_in_a_documents_words_is_another_app() {
    let (world, _) = connected();
    let same = json!({
        "client_name": "A document's app",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    });
    assert_ne!(text(&world.register(&same).unwrap(), "client_id"), ID);
}

#[test]
fn an_app_that_the_operator_has_set_up_needs_its_secret() {
    let mut world = World::new();
    let text_of = json!([
        {
            "client_id": "claude",
            "client_name": "Claude",
            "redirect_uris": [CALLBACK],
            "client_secret_hash": vault::token::hash("hunter2"),
        },
        { "client_id": "open", "client_name": "Open", "redirect_uris": ["http://localhost/cb"] },
    ]);
    world.config.clients = configured(&text_of.to_string()).unwrap();
    let code = world.code("claude", CALLBACK, None);
    let form = world.exchange("claude", CALLBACK, &code);
    assert_eq!(code_of(world.token(&form)), Code::InvalidClient);
    assert_eq!(code_of(world.token(&with(form.clone(), "client_secret", "hunter3"))), Code::InvalidClient);
    let pair = world.token(&with(form, "client_secret", "hunter2")).unwrap();
    let again = with(world.refresh("claude", text(&pair, "refresh_token")), "client_secret", "hunter2");
    let pair = world.token(&again).unwrap();
    assert!(world.authorize(&world.request("open", "http://localhost:5555/cb"), None).is_ok());
    assert_eq!(page(world.authorize(&world.request("open", CALLBACK), None)), "invalid_redirect_uri");
    let stored = block_on(world.db.run(sql!("SELECT id FROM oauth_clients"))).unwrap().rows;
    assert!(stored.is_empty(), "the configuration is where they stand");
    // Taken out of the configuration, it is gone.
    world.config.clients.clear();
    let after = with(world.refresh("claude", text(&pair, "refresh_token")), "client_secret", "hunter2");
    assert_eq!(code_of(world.token(&after)), Code::InvalidClient);
}

#[test]
fn a_refresh_asks_tastytrade_and_an_outage_there_changes_nothing() {
    let (world, pair) = connected();
    let form = world.refresh(ID, text(&pair, "refresh_token"));
    let before = world.outside.confirmed.get();
    for retry_after in [None, Some(30)] {
        world.outside.connection.set(Err(Unconfirmed { retry_after }));
        let error = world.token(&form).unwrap_err();
        assert_eq!(error.code, Code::TemporarilyUnavailable);
        let seconds = retry_after.unwrap_or(2).to_string();
        assert_eq!(error.headers(), Some(("Retry-After", seconds)));
    }
    let used = "SELECT token_hash FROM refresh_tokens WHERE used_at IS NOT NULL OR generation > 0";
    assert!(block_on(world.db.run(sql!(used))).unwrap().rows.is_empty(), "nothing was used up");
    world.outside.connection.set(Ok(Connection::Absent));
    let pair = world.token(&form).unwrap();
    assert_eq!(world.outside.confirmed.get(), before + 3);
    // A wrong request asks nobody.
    assert_eq!(code_of(world.token(&with(form.clone(), "scope", "nonsense"))), Code::InvalidScope);
    assert_eq!(world.outside.confirmed.get(), before + 3);
    world.outside.connection.set(Ok(Connection::Ended));
    let form = world.refresh(ID, text(&pair, "refresh_token"));
    assert_eq!(code_of(world.token(&form)), Code::InvalidGrant);
    assert!(world.authenticate(text(&pair, "access_token")).is_err(), "the grant has ended");
    world.outside.connection.set(Ok(Connection::Holds));
    assert_eq!(code_of(world.token(&form)), Code::InvalidGrant);
}
