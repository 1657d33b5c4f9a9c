//! What happens to companies: when they report and when their shares trade without the dividend, and what both do to prices.
//!
//! A report is priced when the market next opens its pre-market: from then on the price is another one, and the volatility
//! has lost what was expected of the report. On an ex-dividend day the price begins the pre-market lower by the dividend.

use std::{collections::HashMap, sync::LazyLock};

use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::Timestamp;

use super::{
    Kind, Listing,
    listing::LISTINGS,
    noise::{stream, unit},
};
use crate::calendar;

/// The standard deviation of what a report does to the price, as a multiple of the usual volatility.
pub(crate) const REPORT: f64 = 0.19;
/// After so many sessions nothing is left of what a report did: prices wander around their base.
const REPORT_FADES: f64 = 252.0;
/// After so many sessions, before the next ex-dividend day, the price has gained the dividend again.
const DIVIDEND_FADES: f64 = 58.0;
/// The market's moves from its last moment of a session on belong to the next one.
const EDGE: f64 = 1e-6;

/// The days on which a company reports, first to last day included, oldest first.
pub(crate) fn earnings(listing: &Listing, first: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
    if listing.kind != Kind::Stock {
        return Vec::new();
    }
    let (weekday, n) = listing.earnings_day;
    in_cycle(first, last, listing.earnings_cycle, |year, month| calendar::nth(year, month, weekday, n))
}

/// The ex-dividend days, first to last day included, oldest first: the second Tuesday of the last month of a quarter.
pub(crate) fn dividends(listing: &Listing, first: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
    if listing.dividend <= 0.0 {
        return Vec::new();
    }
    in_cycle(first, last, 3, |year, month| calendar::nth(year, month, Weekday::Tue, 2))
}

/// The moment at which a report is published.
pub(crate) fn known_at(listing: &Listing, day: NaiveDate) -> Timestamp {
    let (hour, minute) = if listing.before_open { (9, 29) } else { (16, 1) };
    calendar::eastern(day, hour, minute)
}

/// The moment from which a report is in the prices: the beginning of the pre-market that follows it.
pub(crate) fn priced_at(listing: &Listing, day: NaiveDate) -> Timestamp {
    let session = if listing.before_open { calendar::session(day) } else { None };
    session.unwrap_or_else(|| calendar::session_after(day)).start_at
}

/// One day on which something happens to the price, by the session in whose pre-market it does.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shock {
    /// The session's place in market time.
    begins: f64,
    /// The day, which picks the size from the stream.
    day: NaiveDate,
    /// The dividend in dollars; none for a report.
    dividend: Option<f64>,
}

/// What happens to the listings, by symbol, in order.
static SHOCKS: LazyLock<HashMap<&'static str, Vec<Shock>>> = LazyLock::new(|| {
    let (first, last) = (calendar::ymd(2020, 1, 6), calendar::ymd(2040, 12, 31));
    let of = |listing: &'static Listing| {
        let shock = |day: NaiveDate, session: NaiveDate, dividend| {
            #[expect(clippy::cast_precision_loss, reason = "some thousands of sessions")]
            let begins = calendar::sessions_before(session) as f64;
            Shock { begins, day, dividend }
        };
        let reports = earnings(listing, first, last).into_iter().map(|day| {
            let session = calendar::local_date(priced_at(listing, day));
            shock(day, session, None)
        });
        let dividends = dividends(listing, first, last).into_iter().map(|day| shock(day, day, Some(listing.dividend)));
        let mut shocks: Vec<Shock> = reports.chain(dividends).collect();
        shocks.sort_by(|left, right| left.begins.total_cmp(&right.begins));
        (listing.symbol, shocks)
    };
    LISTINGS.iter().map(of).collect()
});

/// What reports and dividends have made of a listing's price, over market time.
#[derive(Debug, Clone)]
pub(crate) struct Shocks {
    all: &'static [Shock],
    sizes: u64,
    surprises: u64,
    usual: f64,
    /// What share of the price the dividend was that was asked for last.
    share: Option<(f64, f64)>,
}

impl Shocks {
    /// Those of a listing.
    pub(crate) fn of(seed: u64, listing: &Listing) -> Self {
        Self {
            all: SHOCKS.get(listing.symbol).map_or(&[][..], Vec::as_slice),
            sizes: stream(seed ^ 17, listing.symbol),
            surprises: surprises(seed, listing),
            usual: REPORT * listing.iv,
            share: None,
        }
    }

    /// The logarithm of what the price is multiplied with at market time `tau`. `plain` is the logarithm of the price over
    /// its base without any of this.
    pub(crate) fn at(&mut self, tau: f64, base: f64, plain: impl FnMut(f64) -> f64) -> f64 {
        self.reports_at(tau) + self.dividends_at(tau, base, plain)
    }

    /// Those that have begun at `tau`, the last one first.
    fn begun(&self, tau: f64) -> impl Iterator<Item = &'static Shock> {
        let end = self.all.partition_point(|shock| shock.begins + EDGE < tau);
        let begun: &'static [Shock] = self.all.get(..end).unwrap_or_default();
        begun.iter().rev()
    }

    /// What the reports come to: each fades in a straight line.
    fn reports_at(&self, tau: f64) -> f64 {
        self.begun(tau)
            .take_while(|shock| shock.begins + REPORT_FADES > tau)
            .filter(|shock| shock.dividend.is_none())
            .map(|shock| self.jump(shock.day) * (1.0 - (tau - shock.begins) / REPORT_FADES))
            .sum()
    }

    /// What the last dividend comes to, which has faded before the next one.
    fn dividends_at(&mut self, tau: f64, base: f64, mut plain: impl FnMut(f64) -> f64) -> f64 {
        let last = self
            .begun(tau)
            .take_while(|shock| shock.begins + DIVIDEND_FADES > tau)
            .find_map(|shock| Some((shock.begins, shock.dividend?)));
        let Some((begins, dollars)) = last else { return 0.0 };
        let share = match self.share {
            Some((of, share)) if (of - begins).abs() < EDGE => share,
            _ => {
                // The last price with the dividend: the close before, in which nothing is left of the dividend before it.
                let close = base * (plain(begins) + self.reports_at(begins)).exp();
                (dollars / close).min(0.5)
            }
        };
        self.share = Some((begins, share));
        (1.0 - share * (1.0 - (tau - begins) / DIVIDEND_FADES)).ln()
    }

    /// What a report does: up where the company earned more than it usually does, down else; at least a quarter of the
    /// standard deviation, and at most one and a half of it.
    fn jump(&self, day: NaiveDate) -> f64 {
        let place = i64::from(day.num_days_from_ce());
        let size = self.usual * (0.3 + 1.3 * unit(self.sizes, place));
        if unit(self.surprises, place) >= 0.5 { size } else { -size }
    }
}

/// The stream that says by how much a company's quarters differ from its usual ones.
pub(crate) fn surprises(seed: u64, listing: &Listing) -> u64 {
    stream(seed ^ 13, listing.symbol)
}

/// The next report, today or later.
pub(crate) fn next_earnings(listing: &Listing, today: NaiveDate) -> Option<NaiveDate> {
    earnings(listing, today, today + Days::new(200)).first().copied()
}

/// The next ex-dividend day, today or later.
pub(crate) fn next_dividend(listing: &Listing, today: NaiveDate) -> Option<NaiveDate> {
    dividends(listing, today, today + Days::new(200)).first().copied()
}

fn in_cycle(first: NaiveDate, last: NaiveDate, cycle: u32, rule: impl Fn(i32, u32) -> NaiveDate) -> Vec<NaiveDate> {
    (first.year()..=last.year())
        .flat_map(|year| (1..=12_u32).map(move |month| (year, month)))
        .filter(|(_, month)| month % 3 == cycle % 3)
        .map(|(year, month)| calendar::trading_day_on_or_before(rule(year, month)))
        .filter(|day| (first..=last).contains(day))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::listing;

    #[test]
    fn a_year_has_four_reports_and_four_dividends() {
        let (first, last) = (calendar::ymd(2026, 1, 1), calendar::ymd(2026, 12, 31));
        for listing in &listing::LISTINGS {
            let expected = if listing.kind == Kind::Stock { 4 } else { 0 };
            assert_eq!(earnings(listing, first, last).len(), expected, "{}", listing.symbol);
            let expected = if listing.dividend > 0.0 { 4 } else { 0 };
            assert_eq!(dividends(listing, first, last).len(), expected, "{}", listing.symbol);
        }
    }

    #[test]
    fn a_report_is_priced_before_the_next_bell() {
        let nvidia = listing::find("NVDA").unwrap();
        let coca_cola = listing::find("KO").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // After the bell on the eve of Thanksgiving: Friday is a half day, but its pre-market begins as usual.
        assert_eq!(priced_at(nvidia, calendar::ymd(2026, 11, 25)), at("2026-11-27T13:15:00Z"));
        assert!(coca_cola.before_open);
        assert_eq!(priced_at(coca_cola, calendar::ymd(2026, 7, 22)), at("2026-07-22T12:15:00Z"));
    }
}
