//! What is kept of a user as a whole, on a real SQLite: settings, the export, and the deletion, which know every table and
//! every column that the migrations make.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::collections::BTreeSet;

use domain::{AccountNumber, UserId};
use proptest::prelude::*;
use serde_json::Value as Json;
use store::{
    Database,
    identity::users::upsert_user,
    settings::{ChainTtl, Changes, QuoteTtl, Settings, TimeZone, read, update},
    sql,
};
use testkit::{Sqlite, after, block_on, now};

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn rows(db: &Sqlite, text: &'static str) -> Vec<Json> {
    block_on(db.run(sql!(text))).unwrap().rows
}

struct Column {
    name: String,
    kind: String,
    is_needed: bool,
}

/// A table that holds rows of users, with the column that says whose.
struct Table {
    name: String,
    owner: &'static str,
    columns: Vec<Column>,
}

/// The tables that hold rows of users, as the migrations make them.
fn user_tables(db: &Sqlite) -> Vec<Table> {
    let names = rows(db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'knowledge%'");
    let tables = names.iter().map(|row| {
        let name = row["name"].as_str().unwrap().to_owned();
        let columns = db.query(&format!("PRAGMA table_info({name})"), &[]);
        let owner = if name == "users" { "id" } else { "user_id" };
        Table { name, owner, columns: columns.iter().map(column).collect() }
    });
    tables.filter(|table| table.columns.iter().any(|column| column.name == table.owner)).collect()
}

fn column(row: &Json) -> Column {
    let text = |key: &str| row[key].as_str().unwrap().to_owned();
    let is_needed = row["dflt_value"].is_null() && (row["notnull"] == 1 || row["pk"] != 0);
    Column { name: text("name"), kind: text("type"), is_needed }
}

/// What a column is filled with so that its checks are content.
fn filling(column: &str, kind: &str, owner: &str, table: &str) -> store::Value {
    match (table, column) {
        (_, "user_id") | ("users", "id") => owner.into(),
        ("credentials", "kind") => "login".into(),
        ("jobs", "status") => "complete".into(),
        ("alerts", "condition") => "above".into(),
        (_, "body" | "value" | "params" | "notification") => "{\"a\":1.5}".into(),
        _ if kind == "INTEGER" => now().timestamp_millis().into(),
        _ => format!("{column} of {owner}").into(),
    }
}

/// A database in which every table of users has one row of each of these.
fn full(users: &[&str]) -> Sqlite {
    let db = Sqlite::new();
    for owner in users {
        for Table { name: table, columns, .. } in user_tables(&db) {
            let is_wanted = |column: &&Column| column.is_needed || column.name == "user_id";
            let needed: Vec<_> = columns.iter().filter(is_wanted).collect();
            let names: Vec<_> = needed.iter().map(|column| column.name.as_str()).collect();
            let places: Vec<_> = (1..=names.len()).map(|place| format!("?{place}")).collect();
            let text = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
            let values: Vec<_> =
                needed.iter().map(|column| filling(&column.name, &column.kind, owner, &table)).collect();
            db.query(&text, &values);
        }
    }
    db
}

/// How many rows each table has of a user.
fn counts(db: &Sqlite, owner: &str) -> Vec<(String, i64)> {
    let count = |Table { name, owner: column, .. }| {
        let text = format!("SELECT count(*) AS rows FROM {name} WHERE {column} = ?1");
        let rows = db.query(&text, &[owner.into()]);
        (name, rows[0]["rows"].as_i64().unwrap())
    };
    user_tables(db).into_iter().map(count).collect()
}

#[test]
fn a_deletion_leaves_no_row_of_the_user_and_every_row_of_others() {
    let db = full(&["u", "v"]);
    assert!(counts(&db, "u").len() >= 18);
    assert!(counts(&db, "u").iter().all(|(_, rows)| *rows == 1), "{:?}", counts(&db, "u"));
    for time in ["first", "second"] {
        block_on(store::erase::of_user(&db, &user("u"))).unwrap();
        for (table, rows) in counts(&db, "u") {
            assert_eq!(rows, 0, "{table} is not in the list of crates/store/src/erase.rs, {time} time");
        }
        for (table, rows) in counts(&db, "v") {
            assert_eq!(rows, 1, "{table} of another user, {time} time");
        }
    }
}

#[test]
fn a_deletion_that_fails_deletes_nothing() {
    let db = full(&["u"]);
    db.fail_after(0);
    assert!(block_on(store::erase::of_user(&db, &user("u"))).is_err());
    assert!(counts(&db, "u").iter().all(|(_, rows)| *rows == 1));
}

#[test]
fn an_export_has_every_table_and_column_but_hashes_and_sealed_ones() {
    let db = full(&["u", "v"]);
    let export = block_on(store::export::of_user(&db, &user("u"))).unwrap();
    let exported: BTreeSet<&str> = export.as_object().unwrap().keys().map(String::as_str).collect();
    let tables = user_tables(&db);
    assert_eq!(exported, tables.iter().map(|table| table.name.as_str()).collect());
    for Table { name: table, columns, .. } in &tables {
        let [row] = export[table].as_array().unwrap().as_slice() else { panic!("{table}: one row is the user's") };
        let is_secret = |name: &str| name.ends_with("_hash") || name.ends_with("_sealed") || name == "user_id";
        let kept: BTreeSet<_> =
            columns.iter().map(|column| column.name.as_str()).filter(|name| !is_secret(name)).collect();
        assert_eq!(row.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(), kept, "{table}");
    }
    let text = export.to_string();
    assert!(!text.contains("of v") && !text.contains("_hash of") && !text.contains("_sealed of"), "{text}");
    assert_eq!(export["balances"][0]["as_of"], "2026-11-20T15:30:00.000Z");
    assert_eq!(export["balances"][0]["body"], serde_json::json!({"a": 1.5}));
}

#[test]
fn a_user_who_is_not_there_has_empty_tables() {
    let export = block_on(store::export::of_user(&Sqlite::new(), &user("u"))).unwrap();
    assert!(export.as_object().unwrap().values().all(|rows| rows.as_array().unwrap().is_empty()));
}

fn account(db: &Sqlite, owner: &str, number: &str) {
    let insert = "INSERT INTO accounts (user_id, account_number, as_of) VALUES (?1, ?2, 0)";
    block_on(db.run(sql!(insert, owner, number))).unwrap();
}

fn chosen(db: &Sqlite, id: &str) -> Option<String> {
    block_on(store::identity::users::user(db, &user(id))).unwrap().unwrap().default_account
}

#[test]
fn what_is_chosen_holds_and_what_is_not_is_the_default() {
    let db = Sqlite::new();
    for id in ["u", "v"] {
        block_on(upsert_user(&db, &user(id), false, now())).unwrap();
    }
    let defaults = Settings::default();
    assert_eq!(
        serde_json::to_string(&defaults).unwrap(),
        r#"{"quote_cache_ttl":60,"chain_cache_ttl":300,"time_zone":"America/New_York"}"#
    );
    assert_eq!(block_on(read(&db, &user("u"))).unwrap(), defaults);
    let first =
        Changes { quote_cache_ttl: QuoteTtl::new(0), time_zone: TimeZone::new("Europe/Berlin"), ..Changes::default() };
    block_on(update(&db, &user("u"), &first, after(1))).unwrap();
    let second =
        Changes { chain_cache_ttl: ChainTtl::new(3600), quote_cache_ttl: QuoteTtl::new(5), ..Changes::default() };
    block_on(update(&db, &user("u"), &second, after(2))).unwrap();
    block_on(update(&db, &user("u"), &Changes::default(), after(3))).unwrap();
    let holds = Settings {
        quote_cache_ttl: QuoteTtl::new(5).unwrap(),
        chain_cache_ttl: ChainTtl::new(3600).unwrap(),
        time_zone: TimeZone::new("Europe/Berlin").unwrap(),
    };
    assert_eq!(block_on(read(&db, &user("u"))).unwrap(), holds);
    assert_eq!(block_on(read(&db, &user("v"))).unwrap(), defaults, "another user's");
}

#[test]
fn a_row_that_is_no_longer_permitted_counts_as_none() {
    let db = Sqlite::new();
    block_on(upsert_user(&db, &user("u"), false, now())).unwrap();
    for (name, value) in
        [("quote_cache_ttl", "301"), ("chain_cache_ttl", "\"5\""), ("time_zone", "\"a b\""), ("old", "1")]
    {
        let insert = "INSERT INTO settings (user_id, name, value, updated_at) VALUES ('u', ?1, ?2, 0)";
        block_on(db.run(sql!(insert, name, value))).unwrap();
    }
    assert_eq!(block_on(read(&db, &user("u"))).unwrap(), Settings::default());
    for (row, seconds) in [(None, 60), (Some("0"), 0), (Some("300"), 300), (Some("-1"), 60), (Some("x"), 60)] {
        assert_eq!(QuoteTtl::of_row(row).get(), seconds, "{row:?}");
    }
}

#[test]
fn nothing_is_kept_for_a_user_who_is_gone_nor_an_account_of_somebody_else() {
    let db = Sqlite::new();
    let all = Changes { quote_cache_ttl: QuoteTtl::new(5), ..Changes::default() };
    block_on(update(&db, &user("gone"), &all, now())).unwrap();
    assert_eq!(rows(&db, "SELECT * FROM settings"), Vec::<Json>::new());
    for id in ["u", "v"] {
        block_on(upsert_user(&db, &user(id), false, now())).unwrap();
    }
    account(&db, "u", "5WX00042");
    account(&db, "v", "5WX00077");
    let choose = |number: Option<&str>| {
        let default_account = Some(number.map(|text| AccountNumber::new(text).unwrap()));
        block_on(update(&db, &user("u"), &Changes { default_account, ..Changes::default() }, now())).unwrap();
        chosen(&db, "u")
    };
    assert_eq!(choose(Some("5WX00042")).as_deref(), Some("5WX00042"));
    assert_eq!(choose(Some("5WX00077")).as_deref(), Some("5WX00042"), "another user's account");
    assert_eq!(choose(None), None);
}

#[test]
fn a_failure_keeps_no_part_of_a_change() {
    let db = Sqlite::new();
    block_on(upsert_user(&db, &user("u"), false, now())).unwrap();
    db.fail_after(0);
    let both = Changes { quote_cache_ttl: QuoteTtl::new(5), chain_cache_ttl: ChainTtl::new(5), ..Changes::default() };
    assert!(block_on(update(&db, &user("u"), &both, now())).is_err());
    assert_eq!(block_on(read(&db, &user("u"))).unwrap(), Settings::default());
}

proptest! {
    #[test]
    fn seconds_are_kept_within_their_bounds(seconds: i64) {
        let text = seconds.to_string();
        let read: Option<QuoteTtl> = serde_json::from_str(&text).ok();
        prop_assert_eq!(read, QuoteTtl::new(seconds));
        prop_assert_eq!(read.map(QuoteTtl::get), (0..=300).contains(&seconds).then_some(seconds));
        prop_assert!((0..=300).contains(&QuoteTtl::of_row(Some(&text)).get()));
    }

    #[test]
    fn any_text_is_a_time_zone_or_is_not(text in "\\PC{0,80}") {
        if let Some(zone) = TimeZone::new(&text) {
            prop_assert_eq!(zone.as_str(), text.as_str());
            prop_assert!(text.len() <= 64 && text.is_ascii() && !text.contains([' ', '\'', '"', '.', '\\']));
            let written = serde_json::to_string(&zone).unwrap();
            prop_assert_eq!(serde_json::from_str::<TimeZone>(&written).unwrap(), zone);
        }
    }

    #[test]
    fn names_of_zones_are_time_zones(words in proptest::collection::vec("[A-Z][A-Za-z0-9_+-]{0,19}", 1..=3)) {
        prop_assert!(TimeZone::new(&words.join("/")).is_some());
        let rooted = format!("/{}", words.join("/"));
        prop_assert_eq!(TimeZone::new(&rooted), None);
    }
}
