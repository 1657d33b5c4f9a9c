//! Writing what a sync found.

use domain::{
    Timestamp, UserId,
    portfolio::{Account, Balance, Direction, Position},
};
use serde::Serialize;

use crate::{Database, Error, Statement, sql};

/// Rows per statement. They travel as one JSON parameter, so that the number of bound parameters does not grow with the
/// portfolio, and a chunk of this many stays far below the longest text that D1 takes.
const ROWS: usize = 200;

/// Everything that a customer has. It is whole: what is not in it is gone. A sync that could not read an account saves
/// nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncedPortfolio {
    /// All accounts.
    pub accounts: Vec<Account>,
    /// Their balances.
    pub balances: Vec<Balance>,
    /// Their positions.
    pub positions: Vec<Position>,
    /// When the reading began. Changes after it may or may not be in.
    pub as_of: Timestamp,
}

/// Saves a sync in one transaction and says whether it counts. It does not if a sync with a later `as_of` was saved
/// before, or if the user is gone or has come back since it began; then nothing changes. Saving the same sync again changes nothing either.
pub async fn save_sync(db: &impl Database, user: &UserId, found: &SyncedPortfolio) -> Result<bool, Error> {
    let as_of = found.as_of;
    let mut batch = vec![sql!(CLAIM, user, as_of)];
    let open = |position: &&Position| position.quantity_direction != Direction::Zero && !position.quantity.0.is_zero();
    let accounts: Vec<_> = found.accounts.iter().map(AccountRow::from).collect();
    let balances = found.balances.iter().map(BalanceRow::new).collect::<Result<Vec<_>, _>>()?;
    let positions: Vec<_> = found.positions.iter().filter(open).map(PositionRow::from).collect();
    chunks(&mut batch, SAVE_ACCOUNTS, user, as_of, &accounts)?;
    chunks(&mut batch, SAVE_BALANCES, user, as_of, &balances)?;
    chunks(&mut batch, SAVE_POSITIONS, user, as_of, &positions)?;
    batch.push(sql!(CLOSE_ACCOUNTS, user, as_of));
    batch.push(sql!(CLOSE_POSITIONS, user, as_of));
    let claimed = db.batch(batch).await?.first().is_some_and(|outcome| outcome.changes > 0);
    Ok(claimed)
}

/// The newest `as_of` wins. Every statement after this one acts only if this sync is the newest, which also keeps a late
/// one from inserting a position that has been closed since. What was read before a user was deleted does not come back with
/// the next login: that one begins afresh, with a `created_at` of its own.
const CLAIM: &str = "
    UPDATE users SET synced_at = ?2
    WHERE id = ?1 AND created_at <= ?2 AND (synced_at IS NULL OR synced_at <= ?2)";

const SAVE_ACCOUNTS: &str = "
    INSERT INTO accounts (user_id, account_number, nickname, account_type, margin_or_cash, is_closed, as_of)
    SELECT ?1, value ->> 'account_number', value ->> 'nickname', value ->> 'account_type', value ->> 'margin_or_cash',
           value ->> 'is_closed', ?2
    FROM json_each(?3) WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1 AND synced_at = ?2)
    ON CONFLICT (user_id, account_number) DO UPDATE SET
      nickname = excluded.nickname, account_type = excluded.account_type, margin_or_cash = excluded.margin_or_cash,
      is_closed = excluded.is_closed, as_of = excluded.as_of
    WHERE excluded.as_of >= accounts.as_of";

const SAVE_BALANCES: &str = "
    INSERT INTO balances (user_id, account_number, as_of, body)
    SELECT ?1, value ->> 'account_number', ?2, value ->> 'body'
    FROM json_each(?3) WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1 AND synced_at = ?2)
    ON CONFLICT (user_id, account_number) DO UPDATE SET as_of = excluded.as_of, body = excluded.body
    WHERE excluded.as_of >= balances.as_of";

/// A position that had been closed opens again as a new one, first seen now.
const SAVE_POSITIONS: &str = "
    INSERT INTO positions (user_id, account_number, symbol, underlying_symbol, instrument_type, quantity,
      quantity_direction, average_open_price, close_price, mark, mark_price, realized_day_gain, multiplier, expires_at,
      opened_at, status, first_seen_at, closed_at, as_of)
    SELECT ?1, value ->> 'account_number', value ->> 'symbol', value ->> 'underlying_symbol',
           value ->> 'instrument_type', value ->> 'quantity', value ->> 'quantity_direction',
           value ->> 'average_open_price', value ->> 'close_price', value ->> 'mark', value ->> 'mark_price',
           value ->> 'realized_day_gain', value ->> 'multiplier', value ->> 'expires_at', value ->> 'opened_at',
           'open', ?2, NULL, ?2
    FROM json_each(?3) WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1 AND synced_at = ?2)
    ON CONFLICT (user_id, account_number, symbol) DO UPDATE SET
      underlying_symbol = excluded.underlying_symbol, instrument_type = excluded.instrument_type,
      quantity = excluded.quantity, quantity_direction = excluded.quantity_direction,
      average_open_price = excluded.average_open_price, close_price = excluded.close_price, mark = excluded.mark,
      mark_price = excluded.mark_price, realized_day_gain = excluded.realized_day_gain,
      multiplier = excluded.multiplier, expires_at = excluded.expires_at, opened_at = excluded.opened_at,
      first_seen_at = CASE positions.status WHEN 'closed' THEN excluded.first_seen_at ELSE positions.first_seen_at END,
      status = 'open', closed_at = NULL, as_of = excluded.as_of
    WHERE excluded.as_of >= positions.as_of";

/// An account that is not listed any more is out of reach, which is what closed means here.
const CLOSE_ACCOUNTS: &str = "
    UPDATE accounts SET is_closed = 1, as_of = ?2
    WHERE user_id = ?1 AND is_closed = 0 AND as_of < ?2
      AND EXISTS (SELECT 1 FROM users WHERE id = ?1 AND synced_at = ?2)";

const CLOSE_POSITIONS: &str = "
    UPDATE positions SET status = 'closed', closed_at = ?2, as_of = ?2
    WHERE user_id = ?1 AND status = 'open' AND as_of < ?2
      AND EXISTS (SELECT 1 FROM users WHERE id = ?1 AND synced_at = ?2)";

fn chunks<T: Serialize>(
    batch: &mut Vec<Statement>,
    text: &'static str,
    user: &UserId,
    as_of: Timestamp,
    rows: &[T],
) -> Result<(), Error> {
    for chunk in rows.chunks(ROWS) {
        batch.push(sql!(text, user, as_of, json(&chunk)?));
    }
    Ok(())
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error(error.to_string()))
}

#[derive(Serialize)]
struct AccountRow<'a> {
    account_number: &'a str,
    nickname: Option<&'a str>,
    account_type: Option<&'a str>,
    margin_or_cash: Option<&'a str>,
    is_closed: bool,
}

impl<'a> From<&'a Account> for AccountRow<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            account_number: account.number.as_str(),
            nickname: account.nickname.as_deref(),
            account_type: account.account_type.as_deref(),
            margin_or_cash: account.margin_or_cash.as_deref(),
            is_closed: account.is_closed,
        }
    }
}

#[derive(Serialize)]
struct BalanceRow<'a> {
    account_number: &'a str,
    body: String,
}

impl<'a> BalanceRow<'a> {
    fn new(balance: &'a Balance) -> Result<Self, Error> {
        Ok(Self { account_number: balance.account_number.as_str(), body: json(balance)? })
    }
}

/// Decimals are texts here: a JSON number would lose its digits on its way through SQLite.
#[derive(Serialize)]
struct PositionRow<'a> {
    account_number: &'a str,
    symbol: &'a str,
    underlying_symbol: &'a str,
    instrument_type: &'a str,
    quantity: String,
    quantity_direction: &'static str,
    average_open_price: Option<String>,
    close_price: Option<String>,
    mark: Option<String>,
    mark_price: Option<String>,
    realized_day_gain: Option<String>,
    multiplier: Option<String>,
    expires_at: Option<i64>,
    opened_at: Option<i64>,
}

impl<'a> From<&'a Position> for PositionRow<'a> {
    fn from(position: &'a Position) -> Self {
        let text = |decimal: Option<domain::Decimal>| decimal.map(|decimal| decimal.to_string());
        let millis = |moment: Option<Timestamp>| moment.map(|moment| moment.timestamp_millis());
        Self {
            account_number: position.account_number.as_str(),
            symbol: &position.symbol,
            underlying_symbol: &position.underlying_symbol,
            instrument_type: &position.instrument_type,
            quantity: position.quantity.to_string(),
            quantity_direction: position.quantity_direction.as_str(),
            average_open_price: text(position.average_open_price),
            close_price: text(position.close_price),
            mark: text(position.mark),
            mark_price: text(position.mark_price),
            realized_day_gain: text(position.realized_day_gain),
            multiplier: text(position.multiplier),
            expires_at: millis(position.expires_at),
            opened_at: millis(position.opened_at),
        }
    }
}
