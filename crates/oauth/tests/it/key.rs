//! API keys: made once per form, presented as a bearer, ended by a revocation or by time.

use domain::{Scopes, UserId};
use oauth::{
    access::{Presented, Unauthorized, present},
    key::{Made, Wanted, make},
};
use store::identity::api_keys::{self, LIMIT, list, revoke};
use testkit::block_on;
use vault::token::Kind;

use crate::world::World;

fn someone(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn wanted(form: u32, days: Option<i64>) -> Wanted {
    Wanted {
        form: format!("{form:032x}"),
        name: "Nightly".to_owned(),
        scopes: Scopes::parse("market:read").unwrap(),
        days,
    }
}

fn made(world: &World, user: &str, wanted: &Wanted) -> String {
    match block_on(make(&world.cx(), &someone(user), wanted)).unwrap() {
        Made::Key(key) => key.expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_says_whose_it_is_and_what_it_permits() {
    let world = World::new();
    let key = made(&world, "U0001", &wanted(1, None));
    assert!(Kind::ApiKey.fits(&key));
    let who = world.authenticate(&key).unwrap();
    assert_eq!((who.user.as_str(), who.scopes.to_string().as_str()), ("U0001", "market:read"));
    assert_eq!(who.client_id, format!("api_key:{:032x}", 1));
    let other = format!("ttai_ak_{}", "A".repeat(43));
    assert_eq!(world.authenticate(&other), Err(Unauthorized::Invalid));
}

#[test]
fn what_begins_like_a_key_is_never_read_as_a_token() {
    let world = World::new();
    let read = |text: &str| present(&world.jwt, &world.config, text, world.now.get());
    let key = made(&world, "U0001", &wanted(1, None));
    assert!(matches!(read(&key), Ok(Presented::Key { .. })));
    for text in ["ttai_ak_", "ttai_ak_x", &format!("{key}x"), &format!("{key}.e30.e30")] {
        assert_eq!(read(text), Err(Unauthorized::Invalid), "{text}");
    }
}

#[test]
fn a_form_makes_one_key_however_often_it_is_sent() {
    let world = World::new();
    let key = made(&world, "U0001", &wanted(1, None));
    assert!(matches!(block_on(make(&world.cx(), &someone("U0001"), &wanted(1, None))).unwrap(), Made::Before));
    assert!(world.authenticate(&key).is_ok());
    assert_eq!(block_on(list(&world.db, &someone("U0001"))).unwrap().len(), 1);
    // The same id at another user is another key.
    made(&world, "U0002", &wanted(1, None));
}

#[test]
fn a_revocation_counts_at_once_and_is_the_owners() {
    let world = World::new();
    let key = made(&world, "U0001", &wanted(1, None));
    let id = format!("{:032x}", 1);
    let now = world.now.get();
    assert!(!block_on(revoke(&world.db, &someone("U0002"), &id, now)).unwrap());
    assert!(!block_on(revoke(&world.db, &someone("U0001"), "unknown", now)).unwrap());
    assert!(world.authenticate(&key).is_ok());
    assert!(block_on(revoke(&world.db, &someone("U0001"), &id, now)).unwrap());
    assert_eq!(world.authenticate(&key), Err(Unauthorized::Invalid));
    assert!(block_on(revoke(&world.db, &someone("U0001"), &id, now)).unwrap(), "twice is no error");
    assert_eq!(block_on(list(&world.db, &someone("U0001"))).unwrap(), []);
}

#[test]
fn a_key_ends_on_its_day() {
    let world = World::new();
    let key = made(&world, "U0001", &wanted(1, Some(30)));
    world.tick(30 * 86_400 - 1);
    assert!(world.authenticate(&key).is_ok());
    world.tick(1);
    assert_eq!(world.authenticate(&key), Err(Unauthorized::Invalid));
    assert_eq!(block_on(list(&world.db, &someone("U0001"))).unwrap().len(), 1, "its owner still sees it");
}

#[test]
fn only_so_many_keys_work_at_a_time() {
    let world = World::new();
    for form in 0..LIMIT {
        made(&world, "U0001", &wanted(form, Some(30)));
    }
    let more = wanted(LIMIT, None);
    assert!(matches!(block_on(make(&world.cx(), &someone("U0001"), &more)).unwrap(), Made::TooMany));
    made(&world, "U0002", &more);
    assert!(block_on(revoke(&world.db, &someone("U0001"), &format!("{:032x}", 0), world.now.get())).unwrap());
    made(&world, "U0001", &more);
    world.tick(31 * 86_400);
    made(&world, "U0001", &wanted(LIMIT + 1, None));
}

#[test]
fn a_use_is_noted_once_a_minute() {
    let world = World::new();
    let key = made(&world, "U0001", &wanted(1, None));
    let hash = vault::token::hash(&key);
    let holder = || block_on(api_keys::holder(&world.db, &hash, world.now.get())).unwrap().unwrap();
    let note = || api_keys::used(&holder(), world.now.get());
    block_on(store::Database::run(&world.db, note().unwrap())).unwrap();
    assert_eq!(holder().last_used_at, Some(world.now.get()));
    world.tick(59);
    assert!(note().is_none());
    world.tick(1);
    assert!(note().is_some());
}
