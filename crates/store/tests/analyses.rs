//! Analyses on a real SQLite: newest first, each user's own, by symbol, a bound on their number and size, nothing for a user
//! who is gone, and what a deletion and an export make of them.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use domain::{Symbol, UserId};
use serde_json::json;
use store::{
    Database, Error,
    analyses::{Analysis, KEPT, MAX_BODY, NewAnalysis, insert, newest, of_symbol, symbols},
    identity::users::upsert_user,
    sql,
};
use testkit::{Sqlite, after, block_on, now};

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn database(users: &[&str]) -> Sqlite {
    let db = Sqlite::new();
    for id in users {
        block_on(upsert_user(&db, &user(id), false, now())).unwrap();
    }
    db
}

fn keep(db: &Sqlite, owner: &str, id: &str, about: &str, seconds: i64) -> Result<bool, Error> {
    let symbol = Symbol::parse(about).ok();
    let result = json!({"analysis_id": id, "summary": {"headline": format!("{id} in a sentence")}}).to_string();
    let new = NewAnalysis {
        id,
        user: &user(owner),
        symbol: symbol.as_ref(),
        kind: if symbol.is_some() { "analyze_options" } else { "analyze_portfolio" },
        strategy: symbol.as_ref().map(|_| "csp"),
        job_id: None,
        result: &result,
        created_at: after(seconds),
    };
    block_on(insert(db, &new))
}

fn ids(rows: &[Analysis]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

fn listed(db: &Sqlite, owner: &str, limit: u32) -> Vec<Analysis> {
    block_on(newest(db, &user(owner), limit)).unwrap()
}

fn about(db: &Sqlite, owner: &str, symbol: &str) -> Vec<String> {
    let symbol = Symbol::parse(symbol).ok();
    let found = block_on(of_symbol(db, &user(owner), symbol.as_ref(), 10)).unwrap();
    found.into_iter().map(|analysis| analysis.id).collect()
}

#[test]
fn a_user_sees_their_own_newest_first_and_by_symbol() {
    let db = database(&["u", "v"]);
    // Two of them within one millisecond.
    for (owner, id, symbol, seconds) in
        [("u", "a", "AAPL", 0), ("u", "b", "", 1), ("u", "c", "SPY", 2), ("u", "d", "AAPL", 2), ("v", "x", "AAPL", 9)]
    {
        assert_eq!(keep(&db, owner, id, symbol, seconds), Ok(true), "{id}");
    }
    assert_eq!(ids(&listed(&db, "u", 10)), ["d", "c", "b", "a"]);
    assert_eq!(ids(&listed(&db, "u", 2)), ["d", "c"]);
    assert_eq!(ids(&listed(&db, "v", 10)), ["x"]);
    assert!(listed(&db, "nobody", 10).is_empty());
    let expected = Analysis {
        id: "b".to_owned(),
        symbol: None,
        kind: "analyze_portfolio".to_owned(),
        strategy: None,
        created_at: after(1),
        headline: Some("b in a sentence".to_owned()),
        body: None,
    };
    assert_eq!(listed(&db, "u", 10)[2], expected);
    assert_eq!(about(&db, "u", "AAPL"), ["d", "a"]);
    assert_eq!(about(&db, "u", ""), ["b"]);
    assert_eq!(about(&db, "u", "QQQ"), Vec::<String>::new());
    assert_eq!(block_on(symbols(&db, &user("u"), 10)).unwrap(), ["AAPL", "SPY"]);
    assert_eq!(block_on(symbols(&db, &user("u"), 1)).unwrap(), ["AAPL"]);
    let full = block_on(of_symbol(&db, &user("u"), Symbol::parse("spy").ok().as_ref(), 10)).unwrap();
    assert_eq!((full[0].strategy.as_deref(), full[0].symbol.as_deref()), (Some("csp"), Some("SPY")));
    let body: serde_json::Value = serde_json::from_str(full[0].body.as_ref().unwrap()).unwrap();
    assert_eq!(body["analysis_id"], "c");
}

#[test]
fn the_oldest_go_where_there_are_too_many() {
    let db = database(&["u", "v"]);
    let many = i64::from(KEPT) + 5;
    assert_eq!(keep(&db, "v", "other", "AAPL", -1), Ok(true));
    for number in 0..many {
        assert_eq!(keep(&db, "u", &format!("{number:03}"), "AAPL", number), Ok(true));
    }
    let kept = listed(&db, "u", 1000);
    assert_eq!(kept.len(), usize::try_from(KEPT).unwrap());
    assert_eq!((kept[0].id.clone(), kept.last().unwrap().id.as_str()), (format!("{:03}", many - 1), "005"));
    assert_eq!(ids(&listed(&db, "v", 10)), ["other"], "another user's");
}

#[test]
fn what_cannot_be_kept_leaves_what_there_is() {
    let db = database(&["u"]);
    assert_eq!(keep(&db, "gone", "a", "AAPL", 0), Ok(false));
    assert_eq!(keep(&db, "u", "a", "AAPL", 0), Ok(true));
    assert!(keep(&db, "u", "a", "SPY", 1).is_err(), "the id is taken");
    let long = format!("{{\"a\":\"{}\"}}", "b".repeat(MAX_BODY));
    let owner = user("u");
    let new = NewAnalysis {
        id: "long",
        user: &owner,
        symbol: None,
        kind: "analyze_portfolio",
        strategy: None,
        job_id: None,
        result: &long,
        created_at: now(),
    };
    assert!(block_on(insert(&db, &new)).is_err());
    let longest = &long[..MAX_BODY];
    assert_eq!(block_on(insert(&db, &NewAnalysis { result: longest, ..new })), Ok(true));
    // Cut in the middle it is no JSON any more, and has no headline.
    let rows = listed(&db, "u", 10);
    assert_eq!(rows.iter().find(|row| row.id == "long").unwrap().headline, None);
    db.fail_after(0);
    assert!(keep(&db, "u", "b", "AAPL", 3).is_err());
    assert_eq!(listed(&db, "u", 10).len(), 2);
}

#[test]
fn a_deletion_takes_them_and_an_export_has_them() {
    let db = database(&["u", "v"]);
    for (owner, id) in [("u", "a"), ("v", "b")] {
        assert_eq!(keep(&db, owner, id, "AAPL", 0), Ok(true));
    }
    let export = block_on(store::export::of_user(&db, &user("u"))).unwrap();
    assert_eq!(export["analyses"][0]["body"]["analysis_id"], "a");
    assert_eq!(export["analyses"].as_array().unwrap().len(), 1);
    block_on(store::erase::of_user(&db, &user("u"))).unwrap();
    assert!(listed(&db, "u", 10).is_empty());
    assert_eq!(ids(&listed(&db, "v", 10)), ["b"]);
    let rows = block_on(db.run(sql!("SELECT user_id FROM analyses"))).unwrap().rows;
    assert_eq!(rows.len(), 1);
}
