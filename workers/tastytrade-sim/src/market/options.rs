//! What options are worth: one model for every quote, greek and volatility of a contract.
//!
//! The volatility has a term structure, reports of earnings in it, and a smile. Good for figures that agree with each
//! other. Not a statement about American exercise.

use chrono::{Days, TimeDelta};
use domain::{Timestamp, exchange};
use rust_decimal::Decimal;

use super::{
    Listing, Market,
    bsm::{self, Greeks, Terms},
    events,
    occ::{Occ, Right, Settlement},
    price::{index_of, tau_of},
};
use crate::{calendar, wire::cents};

/// The risk-free rate, a fraction per year.
pub(crate) const RISK_FREE: f64 = 0.0372;
const YEAR_MS: f64 = 365.0 * 86_400_000.0;
const MONTH: f64 = 30.0 / 365.0;
/// Bid, ask and their middle, in dollars per share, to the cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OptionPrice {
    pub bid: Decimal,
    pub ask: Decimal,
    pub mark: Decimal,
}

/// Everything that the options of one underlying and expiration have in common at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Model {
    /// The price of the underlying.
    pub spot: f64,
    /// The volatility at the money, a fraction per year.
    pub at_the_money: f64,
    /// How long the options still live.
    pub years: f64,
    skew: f64,
    yields: f64,
    /// The smallest step of a price.
    tick: f64,
}

impl Model {
    /// The same expiration for another underlying at the same volatility: a future, or an adjusted contract.
    pub(crate) fn on(self, spot: f64, yields: f64, tick: f64) -> Self {
        Self { spot, yields, tick, ..self }
    }

    /// The volatility of a strike.
    pub(crate) fn volatility(&self, strike: f64) -> f64 {
        let moneyness = if strike > 0.0 && self.spot > 0.0 { (strike / self.spot).ln() } else { 0.0 };
        // The smile is steep for short lives and flat for long ones.
        let steep = (MONTH / self.years.max(3.0 / 365.0)).sqrt().min(2.2);
        let bend = steep.max(0.35);
        self.at_the_money * (1.0 - self.skew * bend * moneyness + 1.5 * bend * moneyness * moneyness).clamp(0.6, 3.0)
    }

    /// What the value of an option follows from.
    pub(crate) fn terms(&self, right: Right, strike: f64) -> Terms {
        let volatility = self.volatility(strike);
        let Self { spot, years, yields, .. } = *self;
        Terms { right, spot, strike, years, volatility, rate: RISK_FREE, yields }
    }

    /// Value and greeks, not rounded.
    pub(crate) fn greeks(&self, right: Right, strike: f64) -> Greeks {
        bsm::greeks(&self.terms(right, strike))
    }

    /// Bid, ask and mark.
    pub(crate) fn price(&self, right: Right, strike: f64) -> OptionPrice {
        let value = bsm::value(&self.terms(right, strike));
        let steps = |value: f64| cents((value / self.tick).round() * self.tick);
        let mark = steps(value);
        let half = steps((value * 0.008).clamp(self.tick, 200.0 * self.tick)).min(mark);
        OptionPrice { bid: mark - half, ask: mark + half, mark }
    }
}

impl Market<'_> {
    /// The symbol's 30-day implied volatility at a moment, a fraction per year.
    pub(crate) fn implied_volatility(&self, listing: &Listing, at: Timestamp) -> f64 {
        self.at_the_money(listing, at, at + TimeDelta::days(30))
    }

    /// The at-the-money volatility for options that end at a moment.
    pub(crate) fn at_the_money(&self, listing: &Listing, at: Timestamp, expires: Timestamp) -> f64 {
        let now = listing.iv * self.volatility_walk(volatility_name(listing)).at(tau_of(listing, at)).exp();
        let years = years(at, expires);
        with_reports(listing, term(listing, now, years), years, at, expires)
    }

    /// What the options on a listing that end at a moment have in common. After the end it is the moment of the end.
    pub(crate) fn model(&self, listing: &Listing, expires: Timestamp, at: Timestamp) -> Model {
        let at = at.min(expires);
        Model {
            spot: self.price(listing, at),
            at_the_money: self.at_the_money(listing, at, expires),
            years: years(at, expires),
            skew: listing.skew,
            yields: listing.dividend_yield(),
            tick: 0.01,
        }
    }

    /// The model of an option; `None` where it is written on nothing that is listed.
    pub(crate) fn option_model(&self, option: &Occ, at: Timestamp) -> Option<Model> {
        let listing = option.underlying()?;
        let model = self.model(listing, expires_at(option), at);
        Some(match option.shares() {
            Some(factor) => model.on(model.spot * factor, model.yields, model.tick),
            None => model,
        })
    }

    /// Value, implied volatility and greeks of an option at a moment; after its expiration what it settled to. `None`
    /// where it is written on nothing that is listed.
    pub(crate) fn option_greeks(&self, option: &Occ, at: Timestamp) -> Option<Greeks> {
        Some(self.option_model(option, at)?.greeks(option.right, option.strike()))
    }

    /// The 30-day implied volatility at the ends of the `count` sessions up to this one, oldest first.
    pub(crate) fn volatility_history(&self, listing: &Listing, last: &calendar::Session, count: u32) -> Vec<f64> {
        let mut walk = self.volatility_walk(volatility_name(listing));
        let (end, mut session) = (index_of(last) + 1.0, *last);
        let mut values: Vec<f64> = (0..count)
            .map(|back| {
                let plain = listing.iv * walk.at(end - f64::from(back)).exp();
                let at = session.close_at;
                session = calendar::session_before(session.date);
                with_reports(listing, plain, MONTH, at, at + TimeDelta::days(30))
            })
            .collect();
        values.reverse();
        values
    }
}

/// SPX shares SPY's stream, as it shares its price.
fn volatility_name(listing: &Listing) -> &'static str {
    if listing.symbol == "SPX" { "SPY" } else { listing.symbol }
}

/// From the 30-day volatility to that of another term: long terms are nearer to the usual one and a little higher.
fn term(listing: &Listing, month: f64, years: f64) -> f64 {
    let beyond = (years - MONTH).max(0.0);
    let reverted = month + (listing.iv - month) * (1.0 - (-0.8 * beyond).exp());
    let week = 7.0 / 365.0;
    reverted * (1.0 + 0.03 * ((years + week) / (MONTH + week)).ln())
}

/// Adds the variance of the reports that are priced before the end.
fn with_reports(listing: &Listing, volatility: f64, years: f64, at: Timestamp, expires: Timestamp) -> f64 {
    let days = (expires.date_naive() - at.date_naive()).num_days();
    if listing.earnings_cycle == 0 || years <= 0.0 || days < 0 {
        return volatility;
    }
    // One after Friday's bell is priced on Monday, or on Tuesday after a holiday.
    let reports = events::earnings(listing, at.date_naive() - Days::new(5), expires.date_naive())
        .into_iter()
        .filter(|day| (at..expires).contains(&events::priced_at(listing, *day)))
        .count();
    #[expect(clippy::cast_precision_loss, reason = "a count of at most a dozen")]
    let added = (events::REPORT * listing.iv).powi(2) * reports as f64 / years.max(1.0 / 365.0);
    (volatility * volatility + added).sqrt()
}

/// When an option ends: with the closing bell of its last day, or at that day's opening bell where it settles to it.
pub(crate) fn expires_at(option: &Occ) -> Timestamp {
    exchange::option_ends_at(option.expiration, option.settlement())
}

/// When it trades for the last time: for those that settle in the morning that is the day before.
pub(crate) fn stops_trading_at(option: &Occ) -> Timestamp {
    match option.settlement() {
        Settlement::Morning => calendar::session_before(option.expiration).close_at,
        Settlement::Afternoon => expires_at(option),
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of some years")]
fn years(from: Timestamp, to: Timestamp) -> f64 {
    (to - from).max(TimeDelta::zero()).num_milliseconds() as f64 / YEAR_MS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::market::listing::{self, LISTINGS};

    #[test]
    fn reports_make_the_expirations_after_them_dearer() {
        let none = BTreeMap::new();
        let market = Market { seed: 1, overrides: &none };
        let nvda = listing::find("NVDA").unwrap();
        // It reports on the fourth Wednesday of November, after the bell.
        let before: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        let after: Timestamp = "2026-11-27T15:00:00Z".parse().unwrap();
        let friday = "2026-11-27T18:00:00Z".parse().unwrap();
        let monday = "2026-11-23T21:00:00Z".parse().unwrap();
        assert!(market.at_the_money(nvda, before, friday) > 1.3 * market.at_the_money(nvda, before, monday));
        let next = "2026-12-04T21:00:00Z".parse().unwrap();
        assert!(market.at_the_money(nvda, after, next) < 0.7);
    }

    #[test]
    fn a_report_takes_its_volatility_with_it() {
        let none = BTreeMap::new();
        let market = Market { seed: 20_260_102, overrides: &none };
        for listing in LISTINGS.iter().filter(|listing| listing.earnings_cycle > 0) {
            for day in events::earnings(listing, calendar::ymd(2026, 6, 1), calendar::ymd(2027, 5, 31)) {
                let priced = events::priced_at(listing, day);
                let second = TimeDelta::seconds(1);
                let night = |days: i64| {
                    let end = priced + TimeDelta::days(days);
                    (
                        market.at_the_money(listing, priced - second, end),
                        market.at_the_money(listing, priced + second, end),
                    )
                };
                let ((week, week_after), (month, month_after)) = (night(3), night(30));
                assert!(week_after < 0.75 * week, "{} {day}: {week} {week_after}", listing.symbol);
                assert!(
                    month_after < 0.95 * month && week / month > 1.2,
                    "{} {day}: {month} {month_after}",
                    listing.symbol
                );
                // What the straddle was worth for the night is about what the price did.
                let jump = (market.price(listing, priced + second) / market.price(listing, priced - second)).ln().abs();
                let expected = events::REPORT * listing.iv;
                assert!(jump < 1.7 * expected, "{} {day}: {jump} {expected}", listing.symbol);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn quotes_of_a_strike_agree(
            symbol in 0..LISTINGS.len(), days in 0..700_i64, moneyness in 0.75..1.3_f64, minute in 0..400_000_i64,
        ) {
            let none = BTreeMap::new();
            let market = Market { seed: 2, overrides: &none };
            let listing = &LISTINGS[symbol];
            let now: Timestamp = "2026-11-02T00:00:00Z".parse().unwrap();
            let now = now + TimeDelta::minutes(minute);
            let model = market.model(listing, now + TimeDelta::days(days), now);
            let strike = listing.base * moneyness;
            let (call, put) = (model.greeks(Right::Call, strike), model.greeks(Right::Put, strike));
            let parity = model.spot * (-model.yields * model.years).exp() - strike * (-RISK_FREE * model.years).exp();
            let error = (call.price - put.price - parity).abs();
            proptest::prop_assert!(error < 1e-6 * listing.base, "parity of {}: {error}", listing.symbol);
            proptest::prop_assert!((call.volatility - put.volatility).abs() < 1e-12);
            proptest::prop_assert!((0.02..4.5).contains(&call.volatility), "{}", call.volatility);
            for (right, greeks) in [(Right::Call, call), (Right::Put, put)] {
                let price = model.price(right, strike);
                proptest::prop_assert!(price.bid <= price.mark && price.mark <= price.ask);
                proptest::prop_assert!((price.mark - cents(greeks.price)).abs() <= Decimal::new(1, 2));
                proptest::prop_assert!(greeks.delta.abs() <= 1.0 && greeks.gamma >= 0.0 && greeks.vega >= 0.0);
            }
        }
    }
}
