//! Syncs on a real SQLite: what is saved comes back digit for digit, the newest `as_of` wins in any order of arrival,
//! positions close and open again, users do not see each other, and a failure leaves nothing half done.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use chrono::TimeDelta;
use domain::{
    AccountNumber, Decimal, Timestamp, UserId,
    portfolio::{Account, Balance, Direction, Position},
};
use store::{
    Database,
    identity::users::upsert_user,
    portfolio::{SyncedPortfolio, accounts, balances, due_for_sync, open_positions, save_sync},
    sql,
};
use testkit::{Sqlite, after, block_on, now};

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn number(text: &str) -> AccountNumber {
    AccountNumber::new(text).unwrap()
}

fn decimal(text: &str) -> Option<Decimal> {
    Some(text.parse().unwrap())
}

/// A database with these users, each with a working credential.
fn database(users: &[&str]) -> Sqlite {
    let db = Sqlite::new();
    for id in users {
        let insert = "INSERT INTO users (id, created_at, last_login_at) VALUES (?1, 0, 0)";
        block_on(db.run(sql!(insert, *id))).unwrap();
        let insert = "
            INSERT INTO credentials (user_id, id, kind, refresh_token_sealed, created_at, updated_at)
            VALUES (?1, 'c', 'login', 'sealed', 0, 0)";
        block_on(db.run(sql!(insert, *id))).unwrap();
    }
    db
}

fn position(symbol: &str, quantity: &str) -> Position {
    Position {
        account_number: number("5WT00001"),
        symbol: symbol.to_owned(),
        underlying_symbol: "NVDA".to_owned(),
        instrument_type: "Equity Option".to_owned(),
        quantity: quantity.parse().unwrap(),
        quantity_direction: Direction::Short,
        average_open_price: decimal("4.250"),
        close_price: decimal("3.10"),
        mark: decimal("-560.00"),
        mark_price: None,
        realized_day_gain: decimal("-12.5"),
        multiplier: decimal("100"),
        expires_at: Some(after(86_400)),
        opened_at: None,
    }
}

fn found(as_of: Timestamp, positions: Vec<Position>) -> SyncedPortfolio {
    let account = Account {
        number: number("5WT00001"),
        nickname: Some("It's \"mine\"; DROP TABLE users".to_owned()),
        account_type: Some("Individual".to_owned()),
        margin_or_cash: None,
        is_closed: false,
    };
    let balance = Balance {
        account_number: number("5WT00001"),
        cash_balance: decimal("-1250.750"),
        net_liquidating_value: decimal("98765.4300"),
        equity_buying_power: None,
        derivative_buying_power: None,
        day_trading_buying_power: None,
        maintenance_excess: None,
        maintenance_requirement: None,
        margin_equity: None,
        used_derivative_buying_power: None,
        pending_cash: None,
        cash_available_to_withdraw: None,
        updated_at: Some(now()),
    };
    SyncedPortfolio { accounts: vec![account], balances: vec![balance], positions, as_of }
}

fn save(db: &Sqlite, id: &str, found: &SyncedPortfolio) -> bool {
    block_on(save_sync(db, &user(id), found)).unwrap()
}

fn open(db: &Sqlite, id: &str) -> Vec<String> {
    block_on(open_positions(db, &user(id))).unwrap().into_iter().map(|position| position.value.symbol).collect()
}

/// Every column of every row that a sync writes.
fn everything(db: &Sqlite) -> Vec<serde_json::Value> {
    [
        "SELECT id, synced_at FROM users ORDER BY id",
        "SELECT * FROM accounts ORDER BY user_id, account_number",
        "SELECT * FROM balances ORDER BY user_id, account_number",
        "SELECT * FROM positions ORDER BY user_id, account_number, symbol",
    ]
    .into_iter()
    .flat_map(|query| block_on(db.run(sql!(query))).unwrap().rows)
    .collect()
}

fn state(db: &Sqlite, symbol: &str) -> (String, i64, Option<i64>) {
    let query = "SELECT status, first_seen_at, closed_at FROM positions WHERE symbol = ?1";
    let row = block_on(db.run(sql!(query, symbol))).unwrap().rows.remove(0);
    (row["status"].as_str().unwrap().to_owned(), row["first_seen_at"].as_i64().unwrap(), row["closed_at"].as_i64())
}

#[test]
fn what_was_found_comes_back() {
    let db = database(&["u"]);
    let sync = found(now(), vec![position("NVDA  270115P00150000", "2"), position("NVDA  270115C00200000", "0.5")]);
    assert!(save(&db, "u", &sync));
    let read = block_on(accounts(&db, &user("u"))).unwrap();
    assert_eq!((&read[0].value, read[0].as_of), (&sync.accounts[0], now()));
    let read = block_on(balances(&db, &user("u"))).unwrap();
    assert_eq!(read[0].value.cash_balance.unwrap().to_string(), "-1250.750");
    assert_eq!((&read[0].value, read[0].as_of), (&sync.balances[0], now()));
    let read = block_on(open_positions(&db, &user("u"))).unwrap();
    assert_eq!([&read[1].value, &read[0].value], [&sync.positions[0], &sync.positions[1]]);
    assert_eq!(read[1].value.average_open_price.unwrap().to_string(), "4.250");
}

#[test]
fn the_same_sync_twice_is_the_same_as_once() {
    let db = database(&["u"]);
    let sync = found(now(), vec![position("A", "1"), position("B", "1")]);
    assert!(save(&db, "u", &sync));
    let once = everything(&db);
    assert!(save(&db, "u", &sync));
    assert_eq!(everything(&db), once);
}

#[test]
fn the_newest_wins_in_any_order() {
    let (older, newer) = (found(now(), vec![position("A", "1"), position("B", "1")]), {
        let mut newer = found(after(60), vec![position("B", "2"), position("C", "1")]);
        newer.balances[0].cash_balance = decimal("7");
        newer
    });
    let in_order = database(&["u"]);
    assert!(save(&in_order, "u", &older) && save(&in_order, "u", &newer));
    let late = database(&["u"]);
    assert!(save(&late, "u", &newer));
    let before = everything(&late);
    assert!(!save(&late, "u", &older), "an older sync does not count");
    assert_eq!(everything(&late), before);
    assert_eq!(open(&in_order, "u"), ["B", "C"]);
    assert_eq!(open(&late, "u"), ["B", "C"]);
}

#[test]
fn positions_close_and_open_again() {
    let db = database(&["u"]);
    let moment = |seconds| after(seconds).timestamp_millis();
    save(&db, "u", &found(after(0), vec![position("A", "1")]));
    assert_eq!(state(&db, "A"), ("open".to_owned(), moment(0), None));
    save(&db, "u", &found(after(60), vec![position("A", "2")]));
    assert_eq!(state(&db, "A"), ("open".to_owned(), moment(0), None));
    save(&db, "u", &found(after(120), vec![]));
    assert_eq!(state(&db, "A"), ("closed".to_owned(), moment(0), Some(moment(120))));
    save(&db, "u", &found(after(180), vec![]));
    assert_eq!(state(&db, "A"), ("closed".to_owned(), moment(0), Some(moment(120))));
    save(&db, "u", &found(after(240), vec![position("A", "1")]));
    assert_eq!(state(&db, "A"), ("open".to_owned(), moment(240), None));
}

#[test]
fn a_position_of_zero_is_closed() {
    let db = database(&["u"]);
    save(&db, "u", &found(after(0), vec![position("A", "1"), position("B", "1")]));
    let zero = Position { quantity_direction: Direction::Zero, ..position("A", "1") };
    save(&db, "u", &found(after(60), vec![zero, position("B", "0")]));
    assert_eq!(open(&db, "u"), Vec::<String>::new());
}

#[test]
fn an_account_that_is_gone_is_closed_with_its_positions() {
    let db = database(&["u"]);
    save(&db, "u", &found(now(), vec![position("A", "1")]));
    let nothing = SyncedPortfolio { accounts: vec![], balances: vec![], positions: vec![], as_of: after(60) };
    assert!(save(&db, "u", &nothing));
    assert!(block_on(accounts(&db, &user("u"))).unwrap()[0].value.is_closed);
    assert_eq!(open(&db, "u"), Vec::<String>::new());
}

#[test]
fn a_portfolio_of_any_size_fits() {
    let db = database(&["u"]);
    let many = (0..1001).map(|index| position(&format!("NVDA{index:04}"), "1")).collect();
    assert!(save(&db, "u", &found(now(), many)));
    assert_eq!(open(&db, "u").len(), 1001);
}

#[test]
fn users_do_not_see_or_change_each_other() {
    let db = database(&["u", "v"]);
    save(&db, "u", &found(now(), vec![position("A", "1")]));
    save(&db, "v", &found(after(60), vec![position("B", "1")]));
    assert_eq!((open(&db, "u"), open(&db, "v")), (vec!["A".to_owned()], vec!["B".to_owned()]));
    assert_eq!(block_on(accounts(&db, &user("w"))).unwrap(), []);
}

#[test]
fn a_user_who_is_gone_is_not_written_to() {
    let db = database(&["u"]);
    assert!(!save(&db, "gone", &found(now(), vec![position("A", "1")])));
    assert_eq!(open(&db, "gone"), Vec::<String>::new());
}

#[test]
fn what_was_read_before_a_deletion_does_not_come_back() {
    let db = Sqlite::new();
    let u = user("u");
    block_on(upsert_user(&db, &u, false, now())).unwrap();
    let begun = found(after(10), vec![position("A", "1")]);
    block_on(store::erase::of_user(&db, &u)).unwrap();
    assert!(!save(&db, "u", &begun), "the user is gone");
    block_on(upsert_user(&db, &u, false, after(20))).unwrap();
    assert!(!save(&db, "u", &begun), "the user is another one now");
    assert_eq!(open(&db, "u"), Vec::<String>::new());
    assert!(save(&db, "u", &found(after(20), vec![position("A", "1")])));
}

#[test]
fn a_failure_leaves_the_last_sync() {
    let db = database(&["u"]);
    save(&db, "u", &found(now(), vec![position("A", "1")]));
    let before = everything(&db);
    db.fail_after(0);
    assert!(block_on(save_sync(&db, &user("u"), &found(after(60), vec![]))).is_err());
    assert_eq!(everything(&db), before);
}

#[test]
fn the_cron_finds_who_is_due() {
    let db = database(&["a", "b", "c", "d"]);
    save(&db, "a", &found(after(0), vec![]));
    save(&db, "b", &found(after(300), vec![]));
    let revoke = "UPDATE credentials SET status = 'revoked' WHERE user_id = ?1";
    block_on(db.run(sql!(revoke, "d"))).unwrap();
    let due = |now, limit| -> Vec<String> {
        let due = block_on(due_for_sync(&db, now, TimeDelta::seconds(300), limit)).unwrap();
        due.into_iter().map(|user| user.to_string()).collect()
    };
    assert_eq!(due(after(299), 10), ["c"], "never synced");
    assert_eq!(due(after(300), 10), ["c", "a"]);
    assert_eq!(due(after(600), 10), ["c", "a", "b"]);
    assert_eq!(due(after(600), 2), ["c", "a"]);
}
