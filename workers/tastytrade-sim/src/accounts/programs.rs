//! What the programs of an account did: orders that were filled at the market's own prices.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::Timestamp;
use rust_decimal::Decimal;

use super::{Account, Program};
use crate::{
    calendar,
    market::{
        Instrument, Listing, Market, Override, listing,
        occ::{Occ, Right},
        quote,
    },
    orders::{Action, Fill, Kind, Leg, Order, Status, Tif},
};

/// The day on which the programs begin; the deposit and the shares came the day before.
pub(crate) const START: (i32, u32, u32) = (2025, 3, 13);
/// The symbols that [`Program::Tested`] and [`Program::Winner`] choose from.
const CHOICE: [&str; 12] = ["NVDA", "AMD", "META", "BA", "DIS", "NKE", "FCX", "CRM", "TSLA", "INTC", "ORCL", "UNH"];

/// The day before the programs begin.
pub(crate) fn first_day() -> NaiveDate {
    calendar::session_before(calendar::ymd(START.0, START.1, START.2)).date
}

/// What the orders of an account follow from, and the day up to which they were worked out.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    seed: u64,
    overrides: BTreeMap<String, Override>,
    day: NaiveDate,
}

impl Key {
    /// Whether what was worked out for this holds what the other asks for: orders of an earlier day are a part.
    fn covers(&self, other: &Self) -> bool {
        self.seed == other.seed && self.overrides == other.overrides && self.day >= other.day
    }
}

type WorkedOut = (Key, Rc<Vec<Order>>);

thread_local! {
    /// The orders of each account up to the end of a day: they are asked for with every call, and working them out takes
    /// a while.
    static WORKED_OUT: RefCell<HashMap<&'static str, WorkedOut>> = RefCell::default();
}

/// All filled orders of the programs up to a moment, oldest first, numbered.
pub(crate) fn orders(market: &Market<'_>, account: &'static Account, until: Timestamp) -> Vec<Order> {
    let day = calendar::local_date(until);
    let key = Key { seed: market.seed, overrides: market.overrides.clone(), day };
    let kept = WORKED_OUT.with_borrow(|all| {
        all.get(account.number).filter(|(of, _)| of.covers(&key)).map(|(_, orders)| Rc::clone(orders))
    });
    let all = kept.unwrap_or_else(|| {
        let orders = Rc::new(worked_out(market, account, calendar::eastern(day, 23, 59)));
        WORKED_OUT.with_borrow_mut(|all| all.insert(account.number, (key, Rc::clone(&orders))));
        orders
    });
    all.iter().take_while(|order| order.received_at <= until).cloned().collect()
}

fn worked_out(market: &Market<'_>, account: &Account, until: Timestamp) -> Vec<Order> {
    let mut book = Blotter { market: *market, until, orders: Vec::new() };
    for program in account.programs {
        book.run(program);
    }
    book.orders.sort_by_key(|order| order.received_at);
    for (place, order) in book.orders.iter_mut().enumerate() {
        order.id = account.serial() * 1_000_000 + place as u64 + 1;
        account.number.clone_into(&mut order.account);
    }
    book.orders
}

struct Blotter<'a> {
    market: Market<'a>,
    until: Timestamp,
    orders: Vec<Order>,
}

type Wanted = (Occ, Action, i64);

fn opening(count: i64) -> Action {
    if count < 0 { Action::SellToOpen } else { Action::BuyToOpen }
}

fn closing(count: i64) -> Action {
    if count < 0 { Action::BuyToClose } else { Action::SellToClose }
}

/// That day, or the first session after it.
fn session_from(date: NaiveDate) -> NaiveDate {
    if calendar::is_trading_day(date) { date } else { calendar::session_after(date).date }
}

fn start() -> NaiveDate {
    calendar::ymd(START.0, START.1, START.2)
}

impl Blotter<'_> {
    fn run(&mut self, program: &Program) {
        match *program {
            Program::Shares { .. } => {}
            Program::Monthly { symbol, count, right, moneyness, min_days } => {
                self.rolled(10, min_days, |market, day, at| {
                    let listing = listing::find(symbol)?;
                    let expiration = calendar::monthly_after(day, min_days);
                    Some(vec![(option(market, listing, right, expiration, at, moneyness)?, count)])
                });
            }
            Program::Spread { symbol, count, right, short, long, min_days } => {
                self.rolled(15, min_days, |market, day, at| {
                    let listing = listing::find(symbol)?;
                    let expiration = calendar::monthly_after(day, min_days);
                    Some(vec![
                        (option(market, listing, right, expiration, at, short)?, count),
                        (option(market, listing, right, expiration, at, long)?, -count),
                    ])
                });
            }
            Program::Tested { count, min_days } => {
                self.rolled(20, min_days, |market, day, at| {
                    let expiration = calendar::monthly_after(day, min_days);
                    let listing = faller(market, at)?;
                    Some(vec![(option(market, listing, Right::Put, expiration, at, 0.995)?, count)])
                });
            }
            Program::Strangle { symbol, count, put, call } => self.strangles(symbol, count, put, call),
            Program::Expiring { symbol, count, width } => self.expiring(symbol, count, width),
            Program::Winner { count } => self.winners(count),
        }
    }

    /// A filled order at the market's marks. Nothing where an option has no price.
    fn fill(&mut self, at: Timestamp, wanted: Vec<Wanted>) {
        let legs: Vec<Leg> = wanted
            .into_iter()
            .filter_map(|(option, action, quantity)| {
                let instrument = Instrument::EquityOption(option);
                Some(Leg {
                    instrument_type: instrument.instrument_type().to_owned(),
                    symbol: instrument.symbol(),
                    action,
                    quantity,
                    fills: vec![Fill { quantity, price: quote::mark(&self.market, &instrument, at)?, at }],
                })
            })
            .collect();
        let mut order = Order {
            id: 0,
            account: String::new(),
            kind: Kind::Limit,
            tif: Tif::Day,
            gtc_date: None,
            price: None,
            stop: None,
            legs,
            status: Status::Filled,
            received_at: at,
            updated_at: at,
            live_at: Some(at),
            terminal_at: Some(at),
            source: Some("WBT".to_owned()),
            external_identifier: None,
            replaces: None,
            replaced_by: None,
            complex: None,
            rules: None,
        };
        let credit: Decimal = order
            .legs
            .iter()
            .flat_map(|leg| leg.fills.iter().map(|fill| -fill.price * Decimal::from(leg.action.sign() * fill.quantity)))
            .sum();
        order.price = Some((credit / Decimal::from(order.size())).round_dp(2));
        self.orders.push(order);
    }

    /// Holds what `choose` gives until less than `min_days` are left, then rolls it with one order.
    fn rolled(
        &mut self,
        minute: u32,
        min_days: u64,
        choose: impl Fn(&Market<'_>, NaiveDate, Timestamp) -> Option<Vec<(Occ, i64)>>,
    ) {
        let mut day = start();
        let mut held: Vec<(Occ, i64)> = Vec::new();
        loop {
            let at = calendar::eastern(day, 10, 30 + minute);
            if at > self.until {
                return;
            }
            let Some(next) = choose(&self.market, day, at) else { return };
            let Some(expiration) = next.first().map(|(option, _)| option.expiration) else { return };
            let mut legs: Vec<Wanted> =
                held.iter().map(|(option, count)| (option.clone(), closing(*count), count.abs())).collect();
            legs.extend(next.iter().map(|(option, count)| (option.clone(), opening(*count), count.abs())));
            self.fill(at, legs);
            held = next;
            day = session_from(expiration - Days::new(min_days - 1)).max(calendar::session_after(day).date);
        }
    }

    fn strangles(&mut self, symbol: &str, count: i64, put: f64, call: f64) {
        let Some(listing) = listing::find(symbol) else { return };
        let mut held: Vec<Occ> = Vec::new();
        let mut monday = session_week(start());
        loop {
            let at = calendar::eastern(session_from(monday), 10, 50);
            if at > self.until {
                return;
            }
            let expiration = calendar::trading_day_on_or_before(monday + Days::new(25));
            let next: Vec<Occ> = [(Right::Put, put), (Right::Call, call)]
                .into_iter()
                .filter_map(|(right, moneyness)| option(&self.market, listing, right, expiration, at, moneyness))
                .collect();
            let mut legs: Vec<Wanted> = held.into_iter().map(|option| (option, closing(count), count.abs())).collect();
            legs.extend(next.iter().map(|option| (option.clone(), opening(count), count.abs())));
            self.fill(at, legs);
            held = next;
            monday = monday + Days::new(7);
        }
    }

    fn expiring(&mut self, symbol: &str, count: i64, width: f64) {
        let Some(listing) = listing::find(symbol) else { return };
        let mut monday = session_week(start());
        loop {
            let at = calendar::eastern(session_from(monday + Days::new(2)), 11, 0);
            if at > self.until {
                return;
            }
            let expiration = calendar::trading_day_on_or_before(monday + Days::new(11));
            let (price, end) = (
                self.market.usual_price(listing, at),
                self.market.usual_price(listing, calendar::eastern(expiration, 15, 59)),
            );
            let below = [0.985, 0.975, 0.965, 0.955].into_iter().find(|share| share * price < end * 0.995);
            let short = below.and_then(|share| option(&self.market, listing, Right::Put, expiration, at, share));
            if let Some(short) = short {
                let lower = (short.strike() - width) / price;
                if let Some(long) = option(&self.market, listing, Right::Put, expiration, at, lower)
                    && long != short
                {
                    let quantity = count.abs();
                    self.fill(at, vec![(short, opening(count), quantity), (long, opening(-count), quantity)]);
                }
            }
            monday = monday + Days::new(7);
        }
    }

    fn winners(&mut self, count: i64) {
        let mut monday = session_week(start());
        loop {
            let at = calendar::eastern(session_from(monday), 11, 15);
            if at > self.until {
                return;
            }
            let expiration = calendar::monthly_after(monday, 40);
            if let Some(put) = winner(&self.market, expiration, at) {
                self.fill(at, vec![(put.clone(), opening(count), count.abs())]);
                let end = calendar::eastern(session_from(monday + Days::new(28)), 11, 10);
                if end <= self.until {
                    self.fill(end, vec![(put, closing(count), count.abs())]);
                }
            }
            monday = monday + Days::new(14);
        }
    }
}

/// The Monday of a day's week or of the next one.
fn session_week(date: NaiveDate) -> NaiveDate {
    let past = u64::from(date.weekday().num_days_from_monday());
    let monday = date - Days::new(past);
    debug_assert_eq!(monday.weekday(), Weekday::Mon, "a Monday");
    if past == 0 { monday } else { monday + Days::new(7) }
}

/// The listed option whose strike is nearest to a multiple of the usual price.
fn option(
    market: &Market<'_>,
    listing: &Listing,
    right: Right,
    expiration: NaiveDate,
    at: Timestamp,
    moneyness: f64,
) -> Option<Occ> {
    let wanted = moneyness * market.usual_price(listing, at);
    let strike_mills = market.nearest_strike(listing, expiration, at, wanted)?;
    Some(Occ { root: listing.root(), expiration, right, strike_mills })
}

/// Whichever of the choice falls most in the weeks after a moment.
fn faller(market: &Market<'_>, at: Timestamp) -> Option<&'static Listing> {
    // The highest price counts: the put is to be in the money all the time.
    let later = |listing: &Listing| -> f64 {
        [3, 6, 10, 13, 17, 21, 25, 29]
            .map(|days| market.usual_price(listing, at + chrono::TimeDelta::days(days)))
            .into_iter()
            .fold(0.0, f64::max)
    };
    CHOICE
        .into_iter()
        .filter_map(listing::find)
        .map(|listing| (later(listing) / market.usual_price(listing, at), listing))
        .min_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, listing)| listing)
}

/// The short put of the choice that is nearest to 60 percent of its profit two to four weeks after a moment.
fn winner(market: &Market<'_>, expiration: NaiveDate, at: Timestamp) -> Option<Occ> {
    let plain = Market { seed: market.seed, overrides: &BTreeMap::new() };
    let away = |put: &Occ| -> Option<f64> {
        let mark = |days: i64| plain.option_greeks(put, at + chrono::TimeDelta::days(days)).map(|greeks| greeks.price);
        let first = mark(0).filter(|first| *first > 0.2)?;
        [15, 20, 26].into_iter().map(|days| Some(((1.0 - mark(days)? / first) - 0.6).abs())).sum()
    };
    CHOICE
        .into_iter()
        .filter_map(listing::find)
        .flat_map(|listing| [0.93, 0.97].map(|moneyness| (listing, moneyness)))
        .filter_map(|(listing, moneyness)| option(market, listing, Right::Put, expiration, at, moneyness))
        .filter_map(|put| Some((away(&put)?, put)))
        .min_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, put)| put)
}
