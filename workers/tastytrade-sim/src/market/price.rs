//! Prices over time.
//!
//! Market time `tau` counts sessions: the session with index `d` begins its regular hours at `d + GAP` and ends them at
//! `d + 1`, so the overnight gap is the movement from `d` to `d + GAP`; the pre-market walks through it. Within a regular
//! session the price is a straight line from minute to minute, which makes the day's extremes exact: they lie on minutes.

use std::{collections::BTreeMap, ops::RangeInclusive};

use chrono::TimeDelta;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Listing,
    noise::{stream, wander},
};
use crate::calendar::{self, Session};

/// The share of a session's movement that happens overnight.
const GAP: f64 = 0.15;
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

impl Market<'_> {
    /// The price at a moment, in dollars, not rounded.
    pub(crate) fn price(&self, listing: &Listing, at: Timestamp) -> f64 {
        self.factor(listing, at) * self.usual_price(listing, at)
    }

    /// The price without what was set by hand.
    pub(crate) fn usual_price(&self, listing: &Listing, at: Timestamp) -> f64 {
        let session = calendar::current(at);
        let index = index_of(&session);
        if at >= session.close_at {
            self.at_tau(listing, index + 1.0)
        } else if at < session.open_at {
            self.at_tau(listing, index + GAP * share(session.start_at, at, session.open_at))
        } else {
            let minute = (at - session.open_at).num_minutes();
            let left = self.at_minute(listing, &session, minute);
            let right = self.at_minute(listing, &session, minute + 1);
            let from = session.open_at + TimeDelta::minutes(minute);
            left + (right - left) * share(from, at, from + TimeDelta::minutes(1))
        }
    }

    /// The closing price of a session.
    pub(crate) fn close(&self, listing: &Listing, session: &Session) -> f64 {
        self.price(listing, session.close_at)
    }

    /// The closing prices of the `count` sessions that end with this one, oldest first, nothing set by hand.
    pub(crate) fn usual_closes(&self, listing: &Listing, last: &Session, count: u32) -> Vec<f64> {
        let end = index_of(last) + 1.0;
        (0..count).rev().map(|back| self.at_tau(listing, end - f64::from(back))).collect()
    }

    /// The session's extremes up to that moment; nothing before its opening bell.
    pub(crate) fn day_range(&self, listing: &Listing, session: &Session, until: Timestamp) -> Option<DayRange> {
        if until < session.open_at {
            return None;
        }
        let until = until.min(session.close_at);
        let minutes = (until - session.open_at).num_minutes();
        let on_minutes = (0..=minutes).map(|minute| {
            let at = session.open_at + TimeDelta::minutes(minute);
            self.factor(listing, at) * self.at_minute(listing, session, minute)
        });
        let set_by_hand = self
            .overrides
            .get(listing.symbol)
            .filter(|set| (session.open_at..=until).contains(&set.since))
            .map(|set| self.price(listing, set.since));
        let now = self.price(listing, until);
        let open = self.price(listing, session.open_at);
        let range = DayRange { open, high: open.max(now), low: open.min(now) };
        Some(on_minutes.chain(set_by_hand).fold(range, |range, price| DayRange {
            open,
            high: range.high.max(price),
            low: range.low.min(price),
        }))
    }

    /// The shares traded in the session up to that moment: more of them in its first and last hour.
    pub(crate) fn volume(&self, listing: &Listing, session: &Session, until: Timestamp) -> f64 {
        let done = share(session.open_at, until, session.close_at);
        let curve = done + 0.12 * (std::f64::consts::TAU * done).sin();
        let tide = wander(stream(self.seed, "volume") ^ stream(0, listing.symbol), index_of(session), 0.12, 0..=5);
        (listing.volume * tide.exp() * curve).round()
    }

    fn at_minute(&self, listing: &Listing, session: &Session, minute: i64) -> f64 {
        let at = session.open_at + TimeDelta::minutes(minute);
        let done = share(session.open_at, at, session.close_at);
        self.at_tau(listing, index_of(session) + GAP + (1.0 - GAP) * done)
    }

    fn at_tau(&self, listing: &Listing, tau: f64) -> f64 {
        let market = wander(stream(self.seed, "market"), tau, MARKET_STEP, OCTAVES);
        let own = wander(stream(self.seed, listing.symbol), tau, listing.own_step, OCTAVES);
        listing.base * (listing.beta * market + own).exp()
    }

    fn factor(&self, listing: &Listing, at: Timestamp) -> f64 {
        self.overrides.get(listing.symbol).filter(|set| set.since <= at).map_or(1.0, |set| set.factor)
    }
}

/// The session's place in market time.
#[expect(clippy::cast_precision_loss, reason = "some thousands of sessions")]
pub(crate) fn index_of(session: &Session) -> f64 {
    calendar::sessions_before(session.date) as f64
}

/// How much of the way from one moment to another is done, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
fn share(from: Timestamp, at: Timestamp, to: Timestamp) -> f64 {
    let (part, whole) = ((at - from).num_milliseconds() as f64, (to - from).num_milliseconds() as f64);
    if whole <= 0.0 { 1.0 } else { (part / whole).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::listing::{self, LISTINGS};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn days_move_like_the_volatility_says() {
        let none = BTreeMap::new();
        let market = Market { seed: 1, overrides: &none };
        let last = calendar::current(at("2026-11-20T22:00:00Z"));
        for listing in &LISTINGS {
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
        assert!((ratio - spx.base / spy.base).abs() < 1e-9);
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
        fn extremes_hold_every_price_seen_before(symbol in 0..10_usize, first in 0..23_400_i64, second in 0..23_400_i64) {
            let none = BTreeMap::new();
            let market = Market { seed: 7, overrides: &none };
            let listing = &LISTINGS[symbol];
            let session = calendar::current(at("2026-11-18T15:00:00Z"));
            let seen = market.price(listing, session.open_at + TimeDelta::seconds(first.min(second)));
            let range = market.day_range(listing, &session, session.open_at + TimeDelta::seconds(first.max(second)));
            let range = range.unwrap();
            proptest::prop_assert!(range.low <= seen && seen <= range.high);
            proptest::prop_assert!(range.low <= range.open && range.open <= range.high);
        }
    }
}
