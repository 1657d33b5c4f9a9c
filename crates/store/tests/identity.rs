//! Users, credentials, sealing them anew, and the sweep, on a real SQLite. What codes, grants and visits do is covered by the tests of `oauth`.

use domain::UserId;
use store::{
    Database,
    identity::{
        sweep,
        users::{
            Credential, CredentialKind, CredentialStatus, OwnedCredential, credential, mark_credential_revoked,
            reseal_credential, sealed_like, store_credential, upsert_user, user,
        },
    },
};
use testkit::{Sqlite, after, block_on, now};

#[expect(clippy::unwrap_used, reason = "a constant of this test that is a user id")]
fn someone() -> UserId {
    UserId::new("U0001").unwrap()
}

fn a_credential(id: &str) -> Credential {
    Credential {
        id: id.to_owned(),
        kind: CredentialKind::OwnGrant,
        client_secret_sealed: Some("v1.k.n.s".to_owned()),
        refresh_token_sealed: "v1.k.n.r".to_owned(),
        status: CredentialStatus::Active,
    }
}

#[test]
fn the_first_login_is_told_from_later_ones() {
    let db = Sqlite::new();
    assert!(block_on(upsert_user(&db, &someone(), false, now())).unwrap());
    assert!(!block_on(upsert_user(&db, &someone(), true, now())).unwrap());
    assert!(!block_on(upsert_user(&db, &someone(), true, after(60))).unwrap());
    let user = block_on(user(&db, &someone())).unwrap().unwrap();
    assert_eq!((user.delayed_quotes, user.synced_at), (1, None));
}

#[test]
fn a_late_failure_does_not_end_a_newer_login() {
    let db = Sqlite::new();
    block_on(store_credential(&db, &someone(), &a_credential("c1"), now())).unwrap();
    assert_eq!(block_on(credential(&db, &someone())).unwrap(), Some(a_credential("c1")));
    block_on(store_credential(&db, &someone(), &a_credential("c2"), after(1))).unwrap();
    block_on(mark_credential_revoked(&db, &someone(), "c1", after(2))).unwrap();
    assert_eq!(block_on(credential(&db, &someone())).unwrap(), Some(a_credential("c2")));
    block_on(mark_credential_revoked(&db, &someone(), "c2", after(2))).unwrap();
    let revoked = Credential { status: CredentialStatus::Revoked, ..a_credential("c2") };
    assert_eq!(block_on(credential(&db, &someone())).unwrap(), Some(revoked));
    assert_eq!(block_on(credential(&db, &UserId::new("U0002").unwrap())).unwrap(), None);
}

#[test]
fn what_lies_under_a_key_is_found_and_replaced_once() {
    let db = Sqlite::new();
    let under = |id: &str, key: &str| Credential {
        client_secret_sealed: Some(format!("v1.{key}.n.s")),
        refresh_token_sealed: format!("v1.{key}.n.r"),
        ..a_credential(id)
    };
    let other = UserId::new("U0002").unwrap();
    // An underscore is a letter of key ids, and no pattern.
    block_on(store_credential(&db, &someone(), &under("c1", "a_c"), now())).unwrap();
    block_on(store_credential(&db, &other, &under("c2", "abc"), now())).unwrap();
    let found = || block_on(sealed_like(&db, "v1.a_c.", 10)).unwrap();
    assert_eq!(found(), [OwnedCredential { user_id: someone(), credential: under("c1", "a_c") }]);
    assert!(block_on(sealed_like(&db, "v1.a_c.", 0)).unwrap().is_empty());
    // A login came between: its credential stays.
    let replace = |old: &Credential| {
        block_on(reseal_credential(&db, &someone(), old, &under("c1", "new"), after(1))).unwrap();
    };
    replace(&under("c0", "a_c"));
    replace(&under("c1", "abc"));
    assert_eq!(found().len(), 1);
    replace(&under("c1", "a_c"));
    assert!(found().is_empty());
    assert_eq!(block_on(credential(&db, &someone())).unwrap(), Some(under("c1", "new")));
    assert_eq!(block_on(credential(&db, &other)).unwrap(), Some(under("c2", "abc")));
}

#[test]
fn the_sweep_is_valid_sql() {
    let db = Sqlite::new();
    assert_eq!(block_on(db.batch(sweep(now()))).unwrap().len(), 6);
}
