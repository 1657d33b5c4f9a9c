//! Prices over time.
//!
//! Market time `tau` counts sessions: the session with index `d` begins its regular hours at `d + gap` and ends them at
//! `d + 1`, so the overnight gap is the movement from `d` to `d + gap`; the pre-market walks through it, and begins with what
//! a report of earnings or a dividend does to the price (`events`). Within a regular session the price is a straight line from
//! minute to minute, which makes the day's extremes exact: they lie on minutes.

use std::{collections::BTreeMap, ops::RangeInclusive};

use chrono::TimeDelta;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Listing,
    events::Shocks,
    hours, listing,
    noise::{Walk, stream, wander},
};
use crate::calendar::{self, Session};

/// The market's own move per session.
const MARKET_STEP: f64 = 0.009;
/// From a minute and a half to 128 sessions.
const OCTAVES: RangeInclusive<i32> = -8..=7;

/// From that moment on the symbol's prices are its usual ones times a factor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Override {
    /// When it was set, in the simulator's time.
    pub since: Timestamp,
    /// What the price is multiplied with.
    pub factor: f64,
}

/// The market's parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Market<'a> {
    /// Another seed, another history.
    pub seed: u64,
    /// Prices that were set by hand, by symbol.
    pub overrides: &'a BTreeMap<String, Override>,
}

/// Extremes of a session so far, in dollars, not rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DayRange {
    pub open: f64,
    pub high: f64,
    pub low: f64,
}

/// A listing's way through time; many moments near each other are cheap.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    base: f64,
    beta: f64,
    market: Walk,
    own: Walk,
    shocks: Option<Shocks>,
}

impl Path {
    fn at_tau(&mut self, tau: f64) -> f64 {
        let Self { base, beta, market, own, shocks } = self;
        let mut plain = |tau| *beta * market.at(tau) + own.at(tau);
        let shock = shocks.as_mut().map_or(0.0, |shocks| shocks.at(tau, *base, &mut plain));
        *base * (plain(tau) + shock).exp()
    }
}

impl Market<'_> {
    /// The price at a moment, in dollars, not rounded.
    pub(crate) fn price(&self, listing: &Listing, at: Timestamp) -> f64 {
        self.factor(listing, at) * self.usual_price(listing, at)
    }

    /// The price without what was set by hand.
    pub(crate) fn usual_price(&self, listing: &Listing, at: Timestamp) -> f64 {
        let session = hours::current(listing, at);
        self.usual_on(&mut self.path(listing), listing, &session, at)
    }

    /// The price at a moment of a session, by the listing's path.
    pub(crate) fn price_on(&self, path: &mut Path, listing: &Listing, session: &Session, at: Timestamp) -> f64 {
        self.factor(listing, at) * self.usual_on(path, listing, session, at)
    }

    fn usual_on(&self, path: &mut Path, listing: &Listing, session: &Session, at: Timestamp) -> f64 {
        let index = hours::index(listing, session);
        if at >= session.close_at {
            path.at_tau(index + 1.0)
        } else if at < session.open_at {
            path.at_tau(index + hours::gap(listing) * share(session.start_at, at, session.open_at))
        } else {
            let minute = (at - session.open_at).num_minutes();
            let from = session.open_at + TimeDelta::minutes(minute);
            let left = path.at_tau(tau_of_minute(listing, session, index, minute));
            let part = share(from, at, from + TimeDelta::minutes(1));
            if part <= 0.0 {
                return left;
            }
            left + (path.at_tau(tau_of_minute(listing, session, index, minute + 1)) - left) * part
        }
    }

    /// The closing price of a session.
    pub(crate) fn close(&self, listing: &Listing, session: &Session) -> f64 {
        self.factor(listing, session.close_at) * self.path(listing).at_tau(hours::index(listing, session) + 1.0)
    }

    /// The closing prices of the `count` sessions that end with this one, oldest first, nothing set by hand.
    pub(crate) fn usual_closes(&self, listing: &Listing, last: &Session, count: u32) -> Vec<f64> {
        let end = hours::index(listing, last) + 1.0;
        let mut path = self.path(listing);
        (0..count).rev().map(|back| path.at_tau(end - f64::from(back))).collect()
    }

    /// The extremes of the regular session between two of its moments, which lie on minutes; with the price at the first.
    pub(crate) fn range_on(
        &self,
        path: &mut Path,
        listing: &Listing,
        session: &Session,
        from: Timestamp,
        until: Timestamp,
    ) -> DayRange {
        let open = self.price_on(path, listing, session, from);
        let index = hours::index(listing, session);
        let mut range = DayRange { open, high: open, low: open };
        let mut see = |price: f64| {
            range.high = range.high.max(price);
            range.low = range.low.min(price);
        };
        let first = (from - session.open_at).num_minutes() + 1;
        let last = (until - session.open_at).num_minutes();
        for minute in first..=last {
            let at = session.open_at + TimeDelta::minutes(minute);
            see(self.factor(listing, at) * path.at_tau(tau_of_minute(listing, session, index, minute)));
        }
        if let Some(set) = self.overrides.get(listing.symbol)
            && (from..=until).contains(&set.since)
        {
            let before = self.usual_on(path, listing, session, set.since);
            see(before);
            see(before * set.factor);
        }
        see(self.price_on(path, listing, session, until));
        range
    }

    /// The session's extremes up to that moment; nothing before its opening bell.
    pub(crate) fn day_range(&self, listing: &Listing, session: &Session, until: Timestamp) -> Option<DayRange> {
        if until < session.open_at {
            return None;
        }
        let until = until.min(session.close_at);
        Some(self.range_on(&mut self.path(listing), listing, session, session.open_at, until))
    }

    /// The shares traded in the session up to that moment: more of them in its first and last hour.
    pub(crate) fn volume(&self, listing: &Listing, session: &Session, until: Timestamp) -> f64 {
        let done = share(session.open_at, until, session.close_at);
        let curve = done + 0.12 * (std::f64::consts::TAU * done).sin();
        let tide = wander(
            stream(self.seed, "volume") ^ stream(0, listing.symbol),
            hours::index(listing, session),
            0.12,
            0..=5,
        );
        (listing.volume * tide.exp() * curve).round()
    }

    /// The listing's path. The volatility index follows what SPX options imply.
    pub(crate) fn path(&self, listing: &Listing) -> Path {
        if listing.symbol == listing::VIX {
            return Path {
                base: listing.base,
                beta: 1.0,
                market: self.volatility_walk("SPY"),
                own: Walk::new(0, 0.0, OCTAVES),
                shocks: None,
            };
        }
        Path {
            base: listing.base,
            beta: listing.beta,
            market: Walk::new(stream(self.seed, "market"), MARKET_STEP, OCTAVES),
            own: Walk::new(stream(self.seed, listing.symbol), listing.own_step, OCTAVES),
            shocks: Some(Shocks::of(self.seed, listing)),
        }
    }

    /// The logarithm of a symbol's implied volatility against its usual one.
    pub(crate) fn volatility_walk(&self, symbol: &str) -> Walk {
        Walk::new(stream(self.seed, "iv") ^ stream(0, symbol), 0.05, -3..=6)
    }

    fn factor(&self, listing: &Listing, at: Timestamp) -> f64 {
        self.overrides.get(listing.symbol).filter(|set| set.since <= at).map_or(1.0, |set| set.factor)
    }
}

fn tau_of_minute(listing: &Listing, session: &Session, index: f64, minute: i64) -> f64 {
    let at = session.open_at + TimeDelta::minutes(minute);
    let gap = hours::gap(listing);
    index + gap + (1.0 - gap) * share(session.open_at, at, session.close_at)
}

/// Where a moment lies in market time.
pub(crate) fn tau_of(listing: &Listing, at: Timestamp) -> f64 {
    let session = hours::current(listing, at);
    let (index, gap) = (hours::index(listing, &session), hours::gap(listing));
    if at < session.open_at {
        index + gap * share(session.start_at, at, session.open_at)
    } else {
        index + gap + (1.0 - gap) * share(session.open_at, at, session.close_at)
    }
}

/// The place of a session of the exchange in market time.
#[expect(clippy::cast_precision_loss, reason = "some thousands of sessions")]
pub(crate) fn index_of(session: &Session) -> f64 {
    calendar::sessions_before(session.date) as f64
}

/// How much of the way from one moment to another is done, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
pub(crate) fn share(from: Timestamp, at: Timestamp, to: Timestamp) -> f64 {
    let (part, whole) = ((at - from).num_milliseconds() as f64, (to - from).num_milliseconds() as f64);
    if whole <= 0.0 { 1.0 } else { (part / whole).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Kind, listing::LISTINGS};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn days_move_like_the_volatility_says() {
        let none = BTreeMap::new();
        let market = Market { seed: 1, overrides: &none };
        let last = calendar::current(at("2026-11-20T22:00:00Z"));
        for listing in LISTINGS.iter().filter(|listing| listing.kind != Kind::Crypto) {
            let closes = market.usual_closes(listing, &last, 750);
            let squares: f64 = closes.windows(2).map(|pair| (pair[1] / pair[0]).ln().powi(2)).sum();
            let realised = (squares / 749.0 * 252.0).sqrt();
            assert!((0.4..1.6).contains(&(realised / listing.iv)), "{}: {realised} / {}", listing.symbol, listing.iv);
            let widest = closes.iter().map(|close| (close / listing.base).ln().abs()).fold(0.0, f64::max);
            assert!(widest < 0.9, "{} strays by {widest}", listing.symbol);
        }
    }

    #[test]
    fn the_weekend_has_fridays_close_and_the_index_follows_the_fund() {
        let none = BTreeMap::new();
        let market = Market { seed: 1, overrides: &none };
        let (spy, spx) = (listing::find("SPY").unwrap(), listing::find("SPX").unwrap());
        let friday = market.price(spy, at("2026-11-20T21:00:00Z"));
        for later in ["2026-11-20T23:00:00Z", "2026-11-21T15:00:00Z", "2026-11-22T20:00:00Z", "2026-11-23T13:14:00Z"] {
            assert!((market.price(spy, at(later)) - friday).abs() < 1e-9, "{later}");
        }
        let ratio = market.price(spx, at("2026-11-18T16:00:00Z")) / market.price(spy, at("2026-11-18T16:00:00Z"));
        // The fund lacks what is left of its last dividend.
        let lacks = ratio * spy.base / spx.base - 1.0;
        assert!((0.0..spy.dividend / spy.base).contains(&lacks), "{lacks}");
    }

    #[test]
    fn prices_jump_with_reports_and_fall_by_dividends() {
        use crate::market::events::{self, REPORT};
        let none = BTreeMap::new();
        let market = Market { seed: 20_260_102, overrides: &none };
        let (first, last) = (calendar::ymd(2025, 1, 1), calendar::ymd(2027, 6, 30));
        let night = |listing: &Listing, date| {
            let session = calendar::session(date).unwrap();
            let before = calendar::session_before(date);
            // A second into the pre-market the walk has hardly moved.
            let open = market.price(listing, session.start_at + TimeDelta::seconds(1));
            (market.close(listing, &before), open)
        };
        let (mut ups, mut reports) = (0, 0);
        for listing in LISTINGS.iter().filter(|listing| listing.kind != Kind::Crypto) {
            let paid = events::dividends(listing, first, last);
            for day in events::earnings(listing, first, last) {
                let date = calendar::local_date(events::priced_at(listing, day));
                if paid.contains(&date) {
                    continue;
                }
                let (close, open) = night(listing, date);
                let jump = (open / close).ln();
                let usual = REPORT * listing.iv;
                assert!((0.29 * usual..1.61 * usual).contains(&jump.abs()), "{} {day}: {jump} {usual}", listing.symbol);
                reports += 1;
                ups += u32::from(jump > 0.0);
            }
            for date in paid {
                let reported = events::earnings(listing, date - chrono::Days::new(5), date);
                if reported.iter().any(|day| calendar::local_date(events::priced_at(listing, *day)) == date) {
                    continue;
                }
                let (close, open) = night(listing, date);
                let fall = close - open;
                assert!((fall - listing.dividend).abs() < 2e-4 * close, "{} {date}: {fall}", listing.symbol);
            }
        }
        assert!(reports > 300 && ups * 3 > reports && ups * 3 < 2 * reports, "{ups} of {reports}");
    }

    #[test]
    fn a_price_set_by_hand_counts_from_its_moment() {
        let (noon, before, after) =
            (at("2026-11-18T17:00:00Z"), at("2026-11-18T16:59:00Z"), at("2026-11-18T18:30:00Z"));
        let listing = listing::find("NVDA").unwrap();
        let none = BTreeMap::new();
        let usual = Market { seed: 1, overrides: &none };
        let factor = 100.0 / usual.price(listing, noon);
        let set = BTreeMap::from([("NVDA".to_owned(), Override { since: noon, factor })]);
        let market = Market { seed: 1, overrides: &set };
        assert!((market.price(listing, noon) - 100.0).abs() < 1e-9);
        assert!((market.price(listing, before) - usual.price(listing, before)).abs() < 1e-9);
        let session = calendar::current(noon);
        let range = market.day_range(listing, &session, after).unwrap();
        assert!(range.low <= 100.0 && range.high > 110.0, "{range:?}");
    }

    proptest::proptest! {
        #[test]
        fn extremes_hold_every_price_seen_before(symbol in 0..LISTINGS.len(), first in 0..23_400_i64, second in 0..23_400_i64) {
            let none = BTreeMap::new();
            let market = Market { seed: 7, overrides: &none };
            let listing = &LISTINGS[symbol];
            let session = hours::current(listing, at("2026-11-18T15:00:00Z"));
            let seen = market.price(listing, session.open_at + TimeDelta::seconds(first.min(second)));
            let range = market.day_range(listing, &session, session.open_at + TimeDelta::seconds(first.max(second)));
            let range = range.unwrap();
            proptest::prop_assert!(range.low <= seen && seen <= range.high);
            proptest::prop_assert!(range.low <= range.open && range.open <= range.high);
        }
    }
}
