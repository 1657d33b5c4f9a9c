//! Reading what the last sync found.

use chrono::{
    TimeDelta,
    serde::{ts_milliseconds, ts_milliseconds_option},
};
use domain::{
    AccountNumber, Decimal, Timestamp, UserId,
    portfolio::{Account, Balance, Direction, Position},
};
use serde::Deserialize;

use crate::{Database, Error, sql};

/// A value with the moment of the sync that found it.
#[derive(Debug, Clone, PartialEq)]
pub struct AsOf<T> {
    /// What was found.
    pub value: T,
    /// When.
    pub as_of: Timestamp,
}

/// The user's accounts, closed ones included, by number.
pub async fn accounts(db: &impl Database, user: &UserId) -> Result<Vec<AsOf<Account>>, Error> {
    let query = "
        SELECT account_number AS number, nickname, account_type, margin_or_cash, is_closed, as_of
        FROM accounts WHERE user_id = ?1 ORDER BY account_number";
    let rows: Vec<AccountRow> = db.run(sql!(query, user)).await?.read()?;
    Ok(rows.into_iter().map(AccountRow::into_account).collect())
}

/// The balances of the user's accounts, by account number.
pub async fn balances(db: &impl Database, user: &UserId) -> Result<Vec<AsOf<Balance>>, Error> {
    let query = "SELECT body, as_of FROM balances WHERE user_id = ?1 ORDER BY account_number";
    let rows: Vec<BalanceRow> = db.run(sql!(query, user)).await?.read()?;
    rows.into_iter()
        .map(|row| {
            let value = serde_json::from_str(&row.body).map_err(|error| Error(format!("balances.body: {error}")))?;
            Ok(AsOf { value, as_of: row.as_of })
        })
        .collect()
}

/// The user's open positions, by account, underlying and symbol.
pub async fn open_positions(db: &impl Database, user: &UserId) -> Result<Vec<AsOf<Position>>, Error> {
    let query = "
        SELECT account_number, symbol, underlying_symbol, instrument_type, quantity, quantity_direction,
               average_open_price, close_price, mark, mark_price, realized_day_gain, multiplier, expires_at, opened_at,
               as_of
        FROM positions WHERE user_id = ?1 AND status = 'open' ORDER BY account_number, underlying_symbol, symbol";
    let rows: Vec<PositionRow> = db.run(sql!(query, user)).await?.read()?;
    Ok(rows.into_iter().map(PositionRow::into_position).collect())
}

/// The users whose last sync is at least `interval` old, longest ago first, and who have a credential that works. This
/// is the cron's question: it goes over all users and answers with ids alone.
pub async fn due_for_sync(
    db: &impl Database,
    now: Timestamp,
    interval: TimeDelta,
    limit: u32,
) -> Result<Vec<UserId>, Error> {
    let query = "
        SELECT users.id FROM users JOIN credentials ON credentials.user_id = users.id
        WHERE credentials.status = 'active' AND (users.synced_at IS NULL OR users.synced_at <= ?1)
        ORDER BY users.synced_at, users.id LIMIT ?2";
    let before = now.checked_sub_signed(interval).unwrap_or(Timestamp::MIN_UTC);
    let rows: Vec<IdRow> = db.run(sql!(query, before, i64::from(limit))).await?.read()?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

#[derive(Deserialize)]
struct IdRow {
    id: UserId,
}

#[derive(Deserialize)]
struct AccountRow {
    number: AccountNumber,
    nickname: Option<String>,
    account_type: Option<String>,
    margin_or_cash: Option<String>,
    is_closed: i64,
    #[serde(with = "ts_milliseconds")]
    as_of: Timestamp,
}

impl AccountRow {
    fn into_account(self) -> AsOf<Account> {
        let value = Account {
            number: self.number,
            nickname: self.nickname,
            account_type: self.account_type,
            margin_or_cash: self.margin_or_cash,
            is_closed: self.is_closed != 0,
        };
        AsOf { value, as_of: self.as_of }
    }
}

#[derive(Deserialize)]
struct BalanceRow {
    body: String,
    #[serde(with = "ts_milliseconds")]
    as_of: Timestamp,
}

#[derive(Deserialize)]
struct PositionRow {
    account_number: AccountNumber,
    symbol: String,
    underlying_symbol: String,
    instrument_type: String,
    quantity: Decimal,
    quantity_direction: Direction,
    average_open_price: Option<Decimal>,
    close_price: Option<Decimal>,
    mark: Option<Decimal>,
    mark_price: Option<Decimal>,
    realized_day_gain: Option<Decimal>,
    multiplier: Option<Decimal>,
    #[serde(with = "ts_milliseconds_option")]
    expires_at: Option<Timestamp>,
    #[serde(with = "ts_milliseconds_option")]
    opened_at: Option<Timestamp>,
    #[serde(with = "ts_milliseconds")]
    as_of: Timestamp,
}

impl PositionRow {
    fn into_position(self) -> AsOf<Position> {
        let value = Position {
            account_number: self.account_number,
            symbol: self.symbol,
            underlying_symbol: self.underlying_symbol,
            instrument_type: self.instrument_type,
            quantity: self.quantity,
            quantity_direction: self.quantity_direction,
            average_open_price: self.average_open_price,
            close_price: self.close_price,
            mark: self.mark,
            mark_price: self.mark_price,
            realized_day_gain: self.realized_day_gain,
            multiplier: self.multiplier,
            expires_at: self.expires_at,
            opened_at: self.opened_at,
        };
        AsOf { value, as_of: self.as_of }
    }
}
