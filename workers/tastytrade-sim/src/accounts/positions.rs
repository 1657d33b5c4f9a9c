//! Positions: the open lines of the ledger, priced at a moment.

use domain::Timestamp;
use rust_decimal::Decimal;

use super::ledger::{Book, Line, day};
use crate::{
    calendar,
    market::{
        Instrument, Listing, Market,
        occ::{Occ, Right},
        quote,
    },
};

/// What is held in one line. Prices in dollars per share.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub symbol: String,
    pub streamer_symbol: String,
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
    /// The last trade of it.
    pub updated_at: Timestamp,
    /// What closing a part gained today.
    pub realized: Decimal,
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

/// The open positions of a book at a moment, by symbol.
pub(crate) fn positions(market: &Market<'_>, book: &Book, now: Timestamp) -> Vec<Position> {
    book.open().filter_map(|line| position(market, line, now)).collect()
}

/// One line, priced.
pub(crate) fn position(market: &Market<'_>, line: &Line, now: Timestamp) -> Option<Position> {
    let before = calendar::session_before(calendar::current(now).date);
    let option = match &line.instrument {
        Instrument::EquityOption(option) => Some(option.clone()),
        _ => None,
    };
    Some(Position {
        symbol: line.instrument.symbol(),
        streamer_symbol: line.instrument.streamer_symbol(),
        underlying: line.instrument.listing()?,
        option,
        count: line.count,
        average_open: line.average_open,
        prev_close: quote::mark(market, &line.instrument, before.close_at)?,
        mark: quote::mark(market, &line.instrument, now)?,
        opened_at: line.opened_at,
        updated_at: line.updated_at,
        realized: if day(line.updated_at) == day(now) { line.realized } else { Decimal::ZERO },
        expires_at: line.instrument.expires_at(),
    })
}

/// Call or put; nothing for shares.
pub(crate) fn right_of(position: &Position) -> Option<Right> {
    position.option.as_ref().map(|option| option.right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        accounts::{ACCOUNTS, ledger},
        state::State,
    };

    fn of(now: Timestamp) -> Vec<Position> {
        let state = State::default();
        let book = Book::of(&ledger::of(&state, &ACCOUNTS[0], now));
        positions(&state.market(), &book, now)
    }

    #[test]
    fn positions_keep_their_identity_within_a_day_and_expire_on_trading_days() {
        let symbols = |now: &str| {
            let now: Timestamp = now.parse().unwrap();
            let all = of(now);
            for position in &all {
                assert!(position.opened_at <= now, "{position:?}");
                assert!(position.expires_at.is_none_or(|expires| expires > now), "{position:?}");
                assert!(position.average_open > Decimal::ZERO && position.mark >= Decimal::ZERO);
                let expiration = position.option.as_ref().map(|option| option.expiration);
                assert!(expiration.is_none_or(calendar::is_trading_day), "{}", position.symbol);
            }
            all.into_iter().map(|position| (position.symbol, position.average_open)).collect::<Vec<_>>()
        };
        assert_eq!(symbols("2026-11-20T15:00:00Z"), symbols("2026-11-20T20:30:00Z"));
        let mut day: Timestamp = "2026-01-01T15:00:00Z".parse().unwrap();
        for _ in 0..14 {
            symbols(&day.to_rfc3339());
            day += chrono::TimeDelta::days(37);
        }
    }

    #[test]
    fn there_is_a_winner_and_a_loser_on_any_day() {
        for month in 1..=12 {
            let all = of(calendar::eastern(calendar::ymd(2026, month, 10), 11, 0));
            let shares = |symbol: &str| all.iter().find(|position| position.symbol == symbol).cloned().unwrap();
            assert!(shares("AAPL").mark > shares("AAPL").average_open, "month {month}");
            assert!(shares("TSLA").mark < shares("TSLA").average_open, "month {month}");
        }
    }
}
