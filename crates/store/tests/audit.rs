//! Audit rows on a real SQLite: newest first, page by page, each user's own, with the names of apps and keys; old ones go.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use domain::UserId;
use serde_json::json;
use store::{
    Database,
    audit::{Cursor, Entry, KEPT_DAYS, Row, insert, newest, sweep},
    identity::users::upsert_user,
    sql,
};
use testkit::{Sqlite, after, block_on, now};

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn write(db: &Sqlite, owner: Option<&str>, id: &str, action: &str, client_id: Option<&str>, seconds: i64) {
    let owner = owner.map(user);
    if let Some(owner) = &owner {
        block_on(upsert_user(db, owner, false, now())).unwrap();
    }
    let entry = Entry {
        user: owner.as_ref(),
        action,
        client_id,
        outcome: "ok",
        request_id: "ray",
        details: json!({"symbols": 2}),
    };
    block_on(insert(db, id, &entry, after(seconds))).unwrap();
}

fn page(db: &Sqlite, owner: &str, before: Option<&Row>, limit: u32) -> Vec<Row> {
    let cursor = before.map(|row| Cursor { at: row.at, id: &row.id });
    block_on(newest(db, &user(owner), cursor, limit)).unwrap()
}

fn ids(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

#[test]
fn a_user_sees_their_own_rows_newest_first_and_page_by_page() {
    let db = Sqlite::new();
    // Three of them within one millisecond, which a page may end between.
    for (id, seconds) in [("a", 0), ("b", 5), ("c", 5), ("d", 5), ("e", 9)] {
        write(&db, Some("u"), id, "tool:get_quote", None, seconds);
    }
    write(&db, Some("other"), "x", "login", None, 5);
    write(&db, None, "y", "consent_denied", None, 5);
    let all = page(&db, "u", None, 10);
    assert_eq!(ids(&all), ["e", "d", "c", "b", "a"]);
    let mut paged = Vec::new();
    loop {
        let next = page(&db, "u", paged.last(), 2);
        if next.is_empty() {
            break;
        }
        paged.extend(next);
    }
    assert_eq!(paged, all);
    assert_eq!((all[4].at, all[4].details.as_str()), (now(), r#"{"symbols":2}"#));
    assert_eq!(ids(&page(&db, "other", None, 10)), ["x"]);
    assert!(page(&db, "nobody", None, 10).is_empty());
}

#[test]
fn apps_and_keys_are_named_and_only_the_users_own_keys() {
    let db = Sqlite::new();
    let setup = vec![
        sql!(
            "INSERT INTO oauth_clients (id, name, redirect_uris, auth_method, fingerprint, created_at, expires_at)
             VALUES ('c1', 'Claude', '[]', 'none', 'f', 0, 0)"
        ),
        sql!(
            "INSERT INTO api_keys (user_id, id, key_hash, name, scopes, created_at)
             VALUES ('u', 'k1', 'h1', 'laptop', '', 0), ('other', 'k2', 'h2', 'theirs', '', 0)"
        ),
    ];
    block_on(db.batch(setup)).unwrap();
    for (id, client) in [("1", Some("c1")), ("2", Some("api_key:k1")), ("3", Some("api_key:k2")), ("4", None)] {
        write(&db, Some("u"), id, "tool:get_quote", client, 0);
    }
    let rows = page(&db, "u", None, 10);
    let names: Vec<_> = rows.iter().map(|row| row.client_name.as_deref()).collect();
    assert_eq!(names, [None, None, Some("laptop"), Some("Claude")]);
}

#[test]
fn old_rows_go() {
    let db = Sqlite::new();
    let day = 24 * 60 * 60;
    write(&db, Some("u"), "old", "login", None, -(KEPT_DAYS * day) - 1);
    write(&db, None, "old too", "consent_denied", None, -(KEPT_DAYS * day) - 1);
    write(&db, Some("u"), "kept", "login", None, -(KEPT_DAYS * day) + 1);
    let swept = block_on(db.run(sweep(now()))).unwrap();
    assert_eq!((swept.changes, ids(&page(&db, "u", None, 10))), (2, vec!["kept"]));
}
