//! Windows of a minute on a real SQLite: counts of a key and a window, read and counted by the same statements, swept when
//! they are over; and the count beside the liveness of a grant.

use domain::UserId;
use store::{
    Database,
    identity::grants,
    limits::{Counting, Window, hit, read, sweep},
    sql,
};
use testkit::{Sqlite, after, block_on, now};

#[test]
fn windows_begin_with_full_minutes() {
    // The clock of tests stands at a full minute.
    assert_eq!(Window::of(now()), Window::of(after(59)));
    assert!(Window::of(after(-1)) < Window::of(now()) && Window::of(now()) < Window::of(after(60)));
    for (seconds, left) in [(0, 60), (1, 59), (59, 1), (60, 60), (-1, 1)] {
        assert_eq!(Window::seconds_left(after(seconds)), left, "{seconds}");
    }
}

#[test]
fn a_key_counts_by_itself_and_begins_anew_with_each_window() {
    let db = Sqlite::new();
    let (this, next) = (Window::of(now()), Window::of(after(60)));
    let counts: Vec<_> = (0..3).map(|_| block_on(hit(&db, "token:a", this)).unwrap()).collect();
    assert_eq!(counts, [1, 2, 3]);
    assert_eq!(block_on(hit(&db, "token:b", this)), Ok(1));
    assert_eq!(block_on(hit(&db, "token:a", next)), Ok(1));
    for (key, window, count) in [("token:a", this, 3), ("token:a", next, 1), ("token:b", next, 0), ("x", this, 0)] {
        assert_eq!(block_on(read(&db, key, window)), Ok(count), "{key}");
    }
}

#[test]
fn what_is_over_goes() {
    let db = Sqlite::new();
    for minutes in 0..6 {
        block_on(hit(&db, "k", Window::of(after(minutes * 60)))).unwrap();
    }
    let swept = block_on(db.run(sweep(after(5 * 60)))).unwrap();
    assert_eq!(swept.changes, 2);
    assert_eq!(block_on(read(&db, "k", Window::of(after(60)))), Ok(0));
    assert_eq!(block_on(read(&db, "k", Window::of(after(120)))), Ok(1));
}

#[test]
fn the_count_comes_with_the_grant() {
    let db = Sqlite::new();
    let (user, other) = (UserId::new("u").unwrap(), UserId::new("other").unwrap());
    let grant = sql!(
        "INSERT INTO grants (user_id, id, client_id, scopes, resource, created_at, last_used_at)
         VALUES ('u', 'g', 'c', '', '', 0, 0)"
    );
    block_on(db.run(grant)).unwrap();
    let window = Window::of(now());
    let ask = |user: &UserId, key: Option<&str>| {
        let counting = key.map(|key| Counting { key, window });
        block_on(grants::live(&db, user, "g", counting)).unwrap().map(|live| live.count)
    };
    assert_eq!(ask(&user, Some("market:u")), Some(0));
    block_on(hit(&db, "market:u", window)).unwrap();
    block_on(hit(&db, "market:u", window)).unwrap();
    assert_eq!(ask(&user, Some("market:u")), Some(2));
    assert_eq!(ask(&user, None), Some(0), "what has no limit is not counted");
    assert_eq!(ask(&other, Some("market:u")), None);
    block_on(grants::revoke(&db, &user, "g", "why", now())).unwrap();
    assert_eq!(ask(&user, Some("market:u")), None);
}
