//! Positions: the holdings at a date, priced at a moment.

use chrono::{Days, NaiveDate};
use domain::Timestamp;
use rust_decimal::Decimal;

use super::{Account, Holding};
use crate::{
    calendar,
    market::{
        Listing, Market, listing,
        occ::{Occ, Right},
        options::expires_at,
        quote,
    },
    wire::cents,
};

/// Options are opened so many days before they expire, which is before any of them is first shown.
const OPENED_BEFORE: u64 = 65;
/// Shares were bought on this day.
const SHARES_BOUGHT: (i32, u32, u32) = (2025, 3, 12);

/// What is held in one line. Prices in dollars per share.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub symbol: String,
    pub underlying: &'static Listing,
    /// The option, or shares.
    pub option: Option<Occ>,
    /// Shares or contracts; below zero is short.
    pub count: i64,
    pub average_open: Decimal,
    /// The close of the session before the current one.
    pub prev_close: Decimal,
    pub mark: Decimal,
    pub opened_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

impl Position {
    /// Shares per unit.
    pub(crate) fn multiplier(&self) -> i64 {
        if self.option.is_some() { 100 } else { 1 }
    }

    /// What it is worth, in dollars, as an absolute value.
    pub(crate) fn value(&self) -> Decimal {
        self.mark * Decimal::from(self.count.saturating_abs().saturating_mul(self.multiplier()))
    }

    /// The wire's instrument type.
    pub(crate) fn instrument_type(&self) -> &'static str {
        if self.option.is_some() { "Equity Option" } else { "Equity" }
    }
}

/// The positions of an account.
pub(crate) fn positions(market: &Market<'_>, account: &Account, now: Timestamp) -> Vec<Position> {
    account.holdings.iter().filter_map(|holding| position(market, holding, now)).collect()
}

fn position(market: &Market<'_>, holding: &Holding, now: Timestamp) -> Option<Position> {
    match *holding {
        Holding::Shares { symbol, count, cost } => shares(market, listing::find(symbol)?, count, cost, now),
        Holding::Options { symbol, count, right, moneyness, min_days } => {
            let underlying = listing::find(symbol)?;
            let expiration = calendar::monthly_after(calendar::local_date(now), min_days);
            let opened_at = opened_at(expiration);
            let strike = nice_strike(moneyness * market.usual_price(underlying, opened_at));
            let option = Occ { root: symbol.to_owned(), expiration, right, strike_mills: strike };
            options(market, underlying, option, count, opened_at, now)
        }
    }
}

fn shares(
    market: &Market<'_>,
    underlying: &'static Listing,
    count: i64,
    cost: f64,
    now: Timestamp,
) -> Option<Position> {
    let before = calendar::session_before(calendar::current(now).date);
    let bought = calendar::ymd(SHARES_BOUGHT.0, SHARES_BOUGHT.1, SHARES_BOUGHT.2);
    Some(Position {
        symbol: underlying.symbol.to_owned(),
        underlying,
        option: None,
        count,
        average_open: cents(underlying.base * cost),
        prev_close: cents(market.close(underlying, &before)),
        mark: quote::last(market, underlying, now),
        opened_at: calendar::eastern(bought, 10, 30),
        expires_at: None,
    })
}

fn options(
    market: &Market<'_>,
    underlying: &'static Listing,
    option: Occ,
    count: i64,
    opened_at: Timestamp,
    now: Timestamp,
) -> Option<Position> {
    let before = calendar::session_before(calendar::current(now).date);
    Some(Position {
        symbol: option.to_string(),
        underlying,
        count,
        average_open: market.option_price(&option, opened_at)?.mark,
        prev_close: market.option_price(&option, before.close_at)?.mark,
        mark: market.option_price(&option, now)?.mark,
        opened_at,
        expires_at: Some(expires_at(&option)),
        option: Some(option),
    })
}

fn opened_at(expiration: NaiveDate) -> Timestamp {
    let day = calendar::trading_day_on_or_before(expiration - Days::new(OPENED_BEFORE));
    calendar::eastern(day, 10, 45)
}

/// The nearest strike that would be listed, in thousandths of a dollar: whole dollars below 100, steps of five above.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a double saturates")]
fn nice_strike(price: f64) -> u32 {
    let step = if price < 100.0 { 1.0 } else { 5.0 };
    ((price / step).round().max(1.0) * step * 1000.0) as u32
}

/// Call or put; nothing for shares.
pub(crate) fn right_of(position: &Position) -> Option<Right> {
    position.option.as_ref().map(|option| option.right)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::accounts::ACCOUNTS;

    #[test]
    fn options_keep_their_identity_until_the_next_month_and_expire_on_trading_days() {
        let none = BTreeMap::new();
        let market = Market { seed: 1, overrides: &none };
        let symbols = |now: &str| {
            let now: Timestamp = now.parse().unwrap();
            let all = positions(&market, &ACCOUNTS[0], now);
            for position in &all {
                assert!(position.opened_at < now, "{position:?}");
                assert!(position.expires_at.is_none_or(|expires| expires > now), "{position:?}");
                assert!(position.average_open > Decimal::ZERO && position.mark >= Decimal::ZERO);
            }
            all.into_iter().map(|position| (position.symbol, position.average_open)).collect::<Vec<_>>()
        };
        assert_eq!(symbols("2026-11-20T15:00:00Z"), symbols("2026-11-20T20:30:00Z"));
        let mut day: Timestamp = "2026-01-01T15:00:00Z".parse().unwrap();
        for _ in 0..500 {
            symbols(&day.to_rfc3339());
            day += chrono::TimeDelta::days(1);
        }
        for (symbol, _) in symbols("2026-06-01T15:00:00Z") {
            let expiration = Occ::parse(&symbol).map(|option| option.expiration);
            assert!(expiration.is_none_or(calendar::is_trading_day), "{symbol}");
        }
    }

    #[test]
    fn there_is_a_winner_and_a_loser_on_any_day() {
        let none = BTreeMap::new();
        let market = Market { seed: 1, overrides: &none };
        for month in 1..=12 {
            let now = calendar::eastern(calendar::ymd(2026, month, 10), 11, 0);
            let all = positions(&market, &ACCOUNTS[0], now);
            let shares = |symbol: &str| all.iter().find(|position| position.symbol == symbol).cloned().unwrap();
            assert!(shares("AAPL").mark > shares("AAPL").average_open, "month {month}");
            assert!(shares("TSLA").mark < shares("TSLA").average_open, "month {month}");
        }
    }
}
