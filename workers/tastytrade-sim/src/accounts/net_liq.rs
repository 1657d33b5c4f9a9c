//! What an account was worth over time.

use domain::Timestamp;
use rust_decimal::Decimal;

use super::ledger::{Book, Ledger};
use crate::market::Market;

/// What it was worth at its beginning, its end and in between. Dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub time: Timestamp,
    pub open: Decimal,
    pub high: Decimal,
    pub low: Decimal,
    pub close: Decimal,
}

/// The worth between each of the moments and the one before it. The first moment gives the first open; moments before the
/// account had anything are left out.
pub(crate) fn history(market: &Market<'_>, ledger: &Ledger, moments: &[Timestamp]) -> Vec<Point> {
    let mut book = Book::default();
    let mut entries = ledger.entries.iter().peekable();
    let mut before: Option<Decimal> = None;
    let mut points = Vec::new();
    for time in moments {
        while let Some(entry) = entries.next_if(|entry| entry.at <= *time) {
            book.apply(entry);
        }
        let close = book.net_liquidating_value(market, *time);
        if let Some(open) = before {
            points.push(Point { time: *time, open, high: open.max(close), low: open.min(close), close });
        }
        before = (!close.is_zero()).then_some(close);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        accounts::{ACCOUNTS, ledger},
        calendar,
        state::State,
    };

    #[test]
    fn the_history_ends_at_what_the_account_is_worth() {
        let state = State::default();
        let market = state.market();
        let now: Timestamp = "2026-11-20T19:00:00Z".parse().unwrap();
        for account in &ACCOUNTS {
            let ledger = ledger::of(&state, account, now);
            let mut moments: Vec<Timestamp> = calendar::ymd(2026, 10, 1)
                .iter_days()
                .filter_map(calendar::session)
                .map(|session| session.close_at)
                .take_while(|close| *close < now)
                .collect();
            moments.push(now);
            let points = history(&market, &ledger, &moments);
            assert_eq!(points.len(), moments.len() - 1);
            assert!(points.windows(2).all(|pair| pair[0].close == pair[1].open));
            let worth = Book::of(&ledger).net_liquidating_value(&market, now);
            assert_eq!(points.last().unwrap().close, worth, "{}", account.number);
            // No jumps: nothing but the market moves it.
            for point in &points {
                let change = ((point.close - point.open) / point.open).abs();
                assert!(change < Decimal::new(12, 2), "{}: {point:?}", account.number);
            }
        }
    }
}
