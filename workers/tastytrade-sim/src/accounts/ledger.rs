//! The ledger: everything that ever changed an account's cash or positions, in order.
//!
//! Trades come from filled orders; what follows from them (expirations, dividends) is worked out here. Positions, cash,
//! transactions and histories are all read from it, so they cannot disagree.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use domain::Timestamp;
use rust_decimal::Decimal;

use super::{Account, Program, programs};
use crate::{
    calendar,
    market::{Instrument, Market, events, listing, quote},
    orders::{
        Action, Fill, Leg, Order,
        fees::{self, Fees},
    },
    state::State,
    wire::cents,
};

/// What kind of change it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A leg of an order.
    Trade(Action),
    /// Shares from another broker.
    Transfer,
    /// An option ended worthless.
    Expiration,
    /// An option ended in the money and was settled in cash, as everything is here.
    Settlement,
    /// A dividend was paid.
    Dividend,
    /// Money came in.
    Deposit,
}

impl EntryKind {
    /// The wire's type and sub-type.
    pub(crate) fn names(self, count: i64) -> (&'static str, &'static str) {
        match self {
            Self::Trade(action) => ("Trade", action.as_str()),
            Self::Transfer => ("Receive Deliver", "ACAT"),
            Self::Expiration => ("Receive Deliver", "Expiration"),
            Self::Settlement if count > 0 => ("Receive Deliver", "Cash Settled Assignment"),
            Self::Settlement => ("Receive Deliver", "Cash Settled Exercise"),
            Self::Dividend => ("Money Movement", "Dividend"),
            Self::Deposit => ("Money Movement", "Deposit"),
        }
    }
}

/// One line of the ledger.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub id: u64,
    pub at: Timestamp,
    pub kind: EntryKind,
    pub instrument: Option<Instrument>,
    /// How the position changes: below zero is selling.
    pub count: i64,
    /// Per share.
    pub price: Decimal,
    /// What the cash gains before fees.
    pub value: Decimal,
    pub fees: Fees,
    /// The order's number and how many legs it has.
    pub order: Option<(u64, usize)>,
}

impl Entry {
    /// What the cash gains.
    pub(crate) fn net(&self) -> Decimal {
        self.value - self.fees.total()
    }
}

/// An account's orders and everything that followed.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    /// Oldest first, those of the programs included.
    pub orders: Vec<Order>,
    /// Oldest first.
    pub entries: Vec<Entry>,
}

/// The ledger of an account up to a moment.
pub(crate) fn of(state: &State, account: &'static Account, until: Timestamp) -> Ledger {
    let market = state.market();
    let mut orders = programs::orders(&market, account, until);
    orders.extend(state.orders.iter().filter(|order| order.account == account.number).cloned());
    let mut entries = beginnings(account, until);
    entries.extend(orders.iter().flat_map(trades).filter(|entry| entry.at <= until));
    entries.sort_by_key(|entry| entry.at);
    let mut entries = with_consequences(&market, entries, until);
    for (place, entry) in entries.iter_mut().enumerate() {
        entry.id = account.serial() * 1_000_000 + 500_000 + place as u64;
    }
    Ledger { orders, entries }
}

/// Shares per unit.
fn multiplier(instrument: &Instrument) -> Decimal {
    if instrument.is_option() { Decimal::ONE_HUNDRED } else { Decimal::ONE }
}

fn beginnings(account: &Account, until: Timestamp) -> Vec<Entry> {
    let day = programs::first_day();
    let plain = |at, kind, value| Entry {
        id: 0,
        at,
        kind,
        instrument: None,
        count: 0,
        price: Decimal::ZERO,
        value,
        fees: Fees::default(),
        order: None,
    };
    let mut entries =
        vec![plain(calendar::eastern(day, 9, 0), EntryKind::Deposit, Decimal::new(account.deposit_cents, 2))];
    for program in account.programs {
        let Program::Shares { symbol, count, cost } = *program else { continue };
        let Some(listing) = listing::find(symbol) else { continue };
        entries.push(Entry {
            instrument: Some(Instrument::Listed(listing)),
            count,
            price: cents(listing.base * cost),
            ..plain(calendar::eastern(day, 10, 30), EntryKind::Transfer, Decimal::ZERO)
        });
    }
    entries.retain(|entry| entry.at <= until);
    entries
}

/// An entry for each fill. What a leg costs does not depend on how many parts it was filled in.
fn trades(order: &Order) -> Vec<Entry> {
    let legs = order.legs.len();
    let of = |leg: &Leg| -> Option<Vec<Entry>> {
        let instrument = leg.instrument()?;
        let mut done = 0;
        let entry = |fill: &Fill| {
            let count = leg.action.sign() * fill.quantity;
            let fees = |quantity| fees::of(&instrument, leg.action, quantity, fill.price);
            let before = done;
            done += fill.quantity;
            Entry {
                id: 0,
                at: fill.at,
                kind: EntryKind::Trade(leg.action),
                count,
                price: fill.price,
                value: -fill.price * Decimal::from(count) * multiplier(&instrument),
                fees: fees(before + fill.quantity).minus(fees(before)),
                order: Some((order.id, legs)),
                instrument: Some(instrument.clone()),
            }
        };
        Some(leg.fills.iter().map(entry).collect())
    };
    order.legs.iter().filter_map(of).flatten().collect()
}

enum Event {
    Entry(Box<Entry>),
    End(Instrument),
    ExDividend(Instrument),
}

/// Adds what follows from the trades: options end, shares pay.
fn with_consequences(market: &Market<'_>, entries: Vec<Entry>, until: Timestamp) -> Vec<Entry> {
    let first = entries.first().map_or(until, |entry| entry.at);
    let seen: BTreeMap<String, Instrument> = entries
        .iter()
        .filter_map(|entry| entry.instrument.as_ref().map(|instrument| (instrument.symbol(), instrument.clone())))
        .collect();
    let mut events: Vec<(Timestamp, Event)> =
        entries.into_iter().map(|entry| (entry.at, Event::Entry(Box::new(entry)))).collect();
    for instrument in seen.into_values() {
        if let Some(end) = instrument.expires_at().filter(|end| *end <= until) {
            events.push((end, Event::End(instrument)));
        } else if let Instrument::Listed(listing) = instrument {
            for day in events::dividends(listing, first.date_naive(), until.date_naive()) {
                events.push((calendar::eastern(day, 4, 0), Event::ExDividend(Instrument::Listed(listing))));
            }
        }
    }
    events.sort_by_key(|(at, _)| *at);
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    let mut all = Vec::new();
    for (at, event) in events {
        match event {
            Event::Entry(entry) => {
                if let Some(instrument) = &entry.instrument {
                    *counts.entry(instrument.symbol()).or_default() += entry.count;
                }
                all.push(*entry);
            }
            Event::End(instrument) => {
                let count = counts.remove(&instrument.symbol()).unwrap_or(0);
                if count != 0 {
                    all.push(end(market, instrument, count, at));
                }
            }
            Event::ExDividend(instrument) => {
                let count = counts.get(&instrument.symbol()).copied().unwrap_or(0);
                all.extend(dividend(instrument, count, at).filter(|entry| entry.at <= until));
            }
        }
    }
    all.sort_by_key(|entry| entry.at);
    all
}

fn end(market: &Market<'_>, instrument: Instrument, count: i64, at: Timestamp) -> Entry {
    let price = quote::option_price(market, &instrument, at).map_or(Decimal::ZERO, |price| price.mark);
    let kind = if price.is_zero() { EntryKind::Expiration } else { EntryKind::Settlement };
    Entry {
        id: 0,
        at,
        kind,
        count: -count,
        price,
        value: price * Decimal::from(count) * multiplier(&instrument),
        fees: Fees::default(),
        order: None,
        instrument: Some(instrument),
    }
}

/// The money comes two weeks after the shares trade without it.
fn dividend(instrument: Instrument, count: i64, at: Timestamp) -> Option<Entry> {
    let listing = instrument.listing()?;
    let per_share = crate::wire::rounded(listing.dividend, 4);
    let pay_day = at.date_naive() + Days::new(14);
    (count != 0).then(|| Entry {
        id: 0,
        at: calendar::eastern(pay_day, 17, 0),
        kind: EntryKind::Dividend,
        count: 0,
        price: Decimal::ZERO,
        value: (per_share * Decimal::from(count)).round_dp(2),
        fees: Fees::default(),
        order: None,
        instrument: Some(instrument),
    })
}

/// One line of an account.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub instrument: Instrument,
    /// Below zero is short.
    pub count: i64,
    pub average_open: Decimal,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
    /// What closing gained on the day of the last change, before fees.
    pub realized: Decimal,
}

/// Cash and positions at a moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    pub cash: Decimal,
    pub lines: BTreeMap<String, Line>,
}

impl Book {
    /// What a ledger leads to.
    pub(crate) fn of(ledger: &Ledger) -> Self {
        let mut book = Self::default();
        for entry in &ledger.entries {
            book.apply(entry);
        }
        book
    }

    /// The positions that are open, by symbol.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Line> {
        self.lines.values().filter(|line| line.count != 0)
    }

    /// Takes one entry in.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        self.cash += entry.net();
        let (Some(instrument), true) = (&entry.instrument, entry.count != 0) else { return };
        let line = self.lines.entry(instrument.symbol()).or_insert_with(|| Line {
            instrument: instrument.clone(),
            count: 0,
            average_open: Decimal::ZERO,
            opened_at: entry.at,
            updated_at: entry.at,
            realized: Decimal::ZERO,
        });
        if day(line.updated_at) != day(entry.at) {
            line.realized = Decimal::ZERO;
        }
        let before = line.count;
        let after = before + entry.count;
        if before == 0 {
            (line.opened_at, line.average_open) = (entry.at, entry.price);
        } else if before.signum() == entry.count.signum() {
            let cost = line.average_open * Decimal::from(before) + entry.price * Decimal::from(entry.count);
            line.average_open = cost / Decimal::from(after);
        } else {
            let closed = before.abs().min(entry.count.abs()) * before.signum();
            line.realized += (entry.price - line.average_open) * Decimal::from(closed) * multiplier(instrument);
            if after.signum() == entry.count.signum() {
                (line.opened_at, line.average_open) = (entry.at, entry.price);
            }
        }
        (line.count, line.updated_at) = (after, entry.at);
    }

    /// What everything is worth: cash and marks.
    pub(crate) fn net_liquidating_value(&self, market: &Market<'_>, at: Timestamp) -> Decimal {
        let worth = |line: &Line| {
            let mark = quote::mark(market, &line.instrument, at).unwrap_or_default();
            mark * Decimal::from(line.count) * multiplier(&line.instrument)
        };
        self.cash + self.open().map(worth).sum::<Decimal>()
    }
}

/// The day in New York that a moment belongs to.
pub(crate) fn day(at: Timestamp) -> NaiveDate {
    calendar::local_date(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::ACCOUNTS;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_past_does_not_change_when_time_goes_on() {
        let state = State::default();
        for account in &ACCOUNTS {
            let early = of(&state, account, at("2026-03-20T15:00:00Z"));
            let late = of(&state, account, at("2026-11-20T15:00:00Z"));
            assert!(late.entries.len() >= early.entries.len());
            for (before, after) in early.entries.iter().zip(&late.entries) {
                assert_eq!((before.id, before.at, before.kind), (after.id, after.at, after.kind));
                assert_eq!((before.count, before.net()), (after.count, after.net()));
            }
            assert_eq!(late.orders[..early.orders.len()], early.orders);
        }
    }

    #[test]
    fn every_line_that_was_opened_is_closed_or_open() {
        let state = State::default();
        let now = at("2026-11-20T15:00:00Z");
        for account in &ACCOUNTS {
            let ledger = of(&state, account, now);
            let book = Book::of(&ledger);
            let sum: Decimal = ledger.entries.iter().map(Entry::net).sum();
            assert_eq!(book.cash, sum);
            assert!(book.cash > Decimal::ZERO, "{}: {}", account.number, book.cash);
            for line in book.open() {
                assert!(line.instrument.expires_at().is_none_or(|end| end > now), "{line:?}");
                assert!(state.market().lists(&line.instrument, now), "{} is not listed", line.instrument.symbol());
            }
        }
    }

    #[test]
    fn an_account_has_one_of_everything() {
        let state = State::default();
        let market = state.market();
        for now in ["2026-11-20T15:00:00Z", "2026-12-09T16:00:00Z", "2027-02-03T18:00:00Z", "2027-05-20T18:00:00Z"] {
            let now = at(now);
            let book = Book::of(&of(&state, &ACCOUNTS[0], now));
            let options: Vec<_> = book
                .open()
                .filter_map(|line| match &line.instrument {
                    Instrument::EquityOption(option) => Some((line, option)),
                    _ => None,
                })
                .collect();
            let days = |option: &crate::market::occ::Occ| (option.expiration - day(now)).num_days();
            let strangle = options.iter().filter(|(_, option)| option.root == "QQQ").count();
            assert_eq!(strangle, 2, "{now}");
            assert!(
                options
                    .iter()
                    .filter(|(_, option)| option.root == "QQQ")
                    .all(|(_, option)| (17..=25).contains(&days(option)))
            );
            assert!(options.iter().any(|(_, option)| option.root == "SPY" && days(option) <= 9), "{now}: expiring");
            let profit = |line: &Line| {
                let mark = quote::mark(&market, &line.instrument, now).unwrap();
                (line.average_open - mark) / line.average_open
            };
            let puts = || {
                options.iter().filter(|(line, option)| line.count < 0 && option.right == crate::market::occ::Right::Put)
            };
            assert!(
                puts().any(|(line, _)| (Decimal::new(40, 2)..Decimal::new(80, 2)).contains(&profit(line))),
                "{now}: {:?}",
                puts().map(|(line, _)| (line.instrument.symbol(), profit(line))).collect::<Vec<_>>()
            );
            let tested =
                |option: &crate::market::occ::Occ| option.strike() > market.price(option.underlying().unwrap(), now);
            assert!(puts().any(|(_, option)| tested(option)), "{now}: tested");
        }
    }
}
