//! What options are worth: Black and Scholes without dividends, with a volatility that rises towards low strikes.
//!
//! Good for marks that agree with each other. Not a statement about American exercise.

use chrono::TimeDelta;
use domain::Timestamp;
use rust_decimal::Decimal;

use super::{
    Listing, Market,
    noise::{stream, wander},
    occ::{Occ, Right},
    price::index_of,
};
use crate::{calendar, wire::cents};

/// The risk-free rate, a fraction per year.
pub(crate) const RISK_FREE: f64 = 0.0372;
const YEAR_MS: f64 = 365.0 * 86_400_000.0;

/// Bid, ask and their middle, in dollars per share, to the cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OptionPrice {
    pub bid: Decimal,
    pub ask: Decimal,
    pub mark: Decimal,
}

impl Market<'_> {
    /// The symbol's 30-day implied volatility at a moment, a fraction per year.
    pub(crate) fn implied_volatility(&self, listing: &Listing, at: Timestamp) -> f64 {
        self.implied_volatility_of_session(listing, index_of(&calendar::current(at)))
    }

    /// The same by the session's index. It changes from session to session, not within one.
    pub(crate) fn implied_volatility_of_session(&self, listing: &Listing, index: f64) -> f64 {
        // SPX shares SPY's stream, as it shares its price.
        let name = if listing.symbol == "SPX" { "SPY" } else { listing.symbol };
        listing.iv * wander(stream(self.seed, "iv") ^ stream(0, name), index, 0.05, 1..=6).exp()
    }

    /// What an option is worth at a moment; after its expiration what it settled to. `None` where it is written on
    /// nothing that is listed.
    pub(crate) fn option_price(&self, option: &Occ, at: Timestamp) -> Option<OptionPrice> {
        let listing = option.underlying()?;
        let expires = expires_at(option);
        let at = at.min(expires);
        let value = fair_value(&Terms {
            right: option.right,
            spot: self.price(listing, at),
            strike: option.strike(),
            years: years(at, expires),
            volatility: skewed(
                self.implied_volatility(listing, at),
                listing.skew,
                self.price(listing, at),
                option.strike(),
            ),
        });
        let mark = cents(value);
        let half = cents((value * 0.008).clamp(0.01, 2.0)).min(mark);
        Some(OptionPrice { bid: mark - half, ask: mark + half, mark })
    }
}

/// Four in the afternoon of the last day.
pub(crate) fn expires_at(option: &Occ) -> Timestamp {
    calendar::session(option.expiration)
        .map_or_else(|| calendar::eastern(option.expiration, 16, 0), |session| session.close_at)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of some years")]
fn years(from: Timestamp, to: Timestamp) -> f64 {
    (to - from).max(TimeDelta::zero()).num_milliseconds() as f64 / YEAR_MS
}

fn skewed(at_the_money: f64, skew: f64, spot: f64, strike: f64) -> f64 {
    let moneyness = if strike > 0.0 && spot > 0.0 { (strike / spot).ln() } else { 0.0 };
    at_the_money * (1.0 - skew * moneyness + 1.5 * moneyness * moneyness).clamp(0.6, 3.0)
}

/// What a value is computed from.
#[derive(Debug, Clone, Copy)]
struct Terms {
    right: Right,
    spot: f64,
    strike: f64,
    years: f64,
    volatility: f64,
}

fn fair_value(terms: &Terms) -> f64 {
    let Terms { right, spot, strike, years, volatility } = *terms;
    let swing = volatility * years.sqrt();
    if swing <= 0.0 || spot <= 0.0 || strike <= 0.0 {
        return match right {
            Right::Call => (spot - strike).max(0.0),
            Right::Put => (strike - spot).max(0.0),
        };
    }
    let up = ((spot / strike).ln() + (RISK_FREE + volatility * volatility / 2.0) * years) / swing;
    let down = up - swing;
    let present = strike * (-RISK_FREE * years).exp();
    match right {
        Right::Call => spot * normal(up) - present * normal(down),
        Right::Put => present * normal(-down) - spot * normal(-up),
    }
}

/// The normal distribution function.
fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_textbooks() {
        let terms = |right| Terms { right, spot: 100.0, strike: 100.0, years: 1.0, volatility: 0.2 };
        // d1 = 0.286, N(d1) = 0.61256; d2 = 0.086, N(d2) = 0.53427.
        let call = fair_value(&terms(Right::Call));
        let put = fair_value(&terms(Right::Put));
        assert!((call - 9.782).abs() < 0.01, "{call}");
        assert!((call - put - (100.0 - 100.0 * (-RISK_FREE_F).exp())).abs() < 1e-9, "put-call parity");
    }

    const RISK_FREE_F: f64 = RISK_FREE;

    proptest::proptest! {
        #[test]
        fn values_stay_within_their_bounds(spot in 1.0..1000.0_f64, strike in 1.0..1000.0_f64, years in 0.0..2.0_f64) {
            for right in [Right::Call, Right::Put] {
                let value = fair_value(&Terms { right, spot, strike, years, volatility: 0.4 });
                let most = if right == Right::Call { spot } else { strike };
                proptest::prop_assert!((-1e-9..=most + 1e-9).contains(&value), "{value}");
            }
        }
    }
}
