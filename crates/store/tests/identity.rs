//! Users, credentials and the sweep, on a real SQLite. What codes, grants and visits do is covered by the tests of `oauth`.

use domain::UserId;
use store::{
    Database,
    identity::{
        sweep,
        users::{
            Credential, CredentialKind, CredentialStatus, credential, mark_credential_revoked, store_credential,
            upsert_user, user,
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
fn the_sweep_is_valid_sql() {
    let db = Sqlite::new();
    assert_eq!(block_on(db.batch(sweep(now()))).unwrap().len(), 6);
}
