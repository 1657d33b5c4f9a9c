//! Strategies: any options of one underlying, shares and cash, as one position with its price.
//!
//! All amounts are dollars of the whole position (per share times multiplier times contracts), unless the name says
//! otherwise. A profit is positive and a loss negative, everywhere. Time is in years of 365 days from now. Premiums carry no
//! interest until expiration: profit and loss are what is paid at the end, less what was paid at the start.

mod collateral;
mod fees;
mod outcome;
mod payoff;
mod reach;
mod returns;
mod shape;
mod value;

use domain::occ::Side;

pub use collateral::{Collateral, Requirement};
pub use fees::{Costs, Fees};
pub use outcome::{Method, Outcome, Terminal};
pub use payoff::{Knot, Payoff};
pub use returns::{CoveredCall, InvalidReturn, annualised, if_called, on_collateral};
pub use shape::Shape;
pub use value::{Position, Scenario};

use crate::Invalid;
use crate::black_scholes::Contract;

/// Two times that are nearer than this, in years, are one expiration: half a minute.
const SAME_TIME: f64 = 1e-6;
/// The largest amount, quantity, multiplier or price that is computed with.
const MOST: f64 = 1e12;
/// What is smaller than this share of the amounts that it was made of is rounding, and counts as nothing.
const ROUNDING: f64 = 1e-13;

/// How an option is worth something before it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Model {
    /// Exercised at the end only: Black, Scholes and Merton.
    #[default]
    European,
    /// Exercised when that is worth most, as options on stocks and funds may be: by the boundary of exercise.
    American,
}

/// What holds for all legs: the underlying and money.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Market {
    /// The price of the underlying.
    pub spot: f64,
    /// The risk-free rate, continuously compounded, per year.
    pub rate: f64,
    /// What holding the underlying pays, continuously compounded, per year.
    pub yields: f64,
}

/// One option of a strategy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leg {
    /// Call or put.
    pub side: Side,
    /// The strike.
    pub strike: f64,
    /// The time to its expiration, in years.
    pub years: f64,
    /// Contracts: positive ones are bought, negative ones sold.
    pub quantity: f64,
    /// What one share of it cost or brought, not negative.
    pub premium: f64,
    /// Shares per contract, 100 as a rule.
    pub multiplier: f64,
    /// The volatility at which it is revalued, per year.
    pub volatility: f64,
}

/// Shares of the underlying.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// How many: negative ones are sold short.
    pub quantity: f64,
    /// What each cost or brought.
    pub price: f64,
}

/// A position in one underlying that can be computed with.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    legs: Vec<Leg>,
    shares: Shares,
    cash: f64,
}

/// Why a strategy cannot be computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStrategy {
    /// Nothing is in it.
    #[error("there is neither an option nor a share in it")]
    Empty,
    /// A leg's strike, time or volatility is wrong.
    #[error("leg {}: {why}", index + 1)]
    Leg {
        /// Which leg, counted from 0.
        index: usize,
        /// What is wrong.
        why: Invalid,
    },
    /// A leg's number of contracts is zero, out of bounds or no number.
    #[error("leg {}: the quantity is zero or out of bounds", index + 1)]
    Quantity {
        /// Which leg, counted from 0.
        index: usize,
    },
    /// A leg's premium is negative, out of bounds or no number.
    #[error("leg {}: the premium is negative or out of bounds", index + 1)]
    Premium {
        /// Which leg, counted from 0.
        index: usize,
    },
    /// A leg's multiplier is not positive, out of bounds or no number.
    #[error("leg {}: the multiplier is not positive or out of bounds", index + 1)]
    Multiplier {
        /// Which leg, counted from 0.
        index: usize,
    },
    /// The shares' number or price is out of bounds or no number.
    #[error("the number or the price of the shares is out of bounds")]
    Shares,
    /// The cash is out of bounds or no number.
    #[error("the cash is out of bounds")]
    Cash,
    /// The underlying's price, the rate or a volatility is wrong.
    #[error(transparent)]
    Market(#[from] Invalid),
    /// There is no expiration: only shares.
    #[error("there is no option in it, so that there is no expiration")]
    NoExpiration,
    /// The legs end at different times, so that no straight lines make up profit and loss.
    #[error("the legs expire at different times")]
    SeveralExpirations,
    /// The time asked for lies behind the first expiration, or before now.
    #[error("the time lies before now or behind the first expiration")]
    Beyond,
    /// A price asked for is negative, out of bounds or no number.
    #[error("a price of the underlying is negative or out of bounds")]
    Price,
}

impl Market {
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if self.spot > MOST {
            return Err(Invalid::Spot);
        }
        // A strike and a time that are always right: what is left is this market.
        self.contract(Side::Call, 1.0, 0.0).check()
    }

    /// An option in it.
    pub fn contract(&self, side: Side, strike: f64, years: f64) -> Contract {
        Contract { side, spot: self.spot, strike, years, rate: self.rate, yields: self.yields }
    }
}

impl Leg {
    /// What exercise of one share is worth at a price of the underlying.
    pub fn intrinsic(&self, price: f64) -> f64 {
        match self.side {
            Side::Call => (price - self.strike).max(0.0),
            Side::Put => (self.strike - price).max(0.0),
        }
    }

    /// Shares that its contracts stand for: negative where they were sold.
    pub fn units(&self) -> f64 {
        self.quantity * self.multiplier
    }

    fn check(&self, index: usize) -> Result<(), InvalidStrategy> {
        let within = |value: f64| value.is_finite() && value.abs() <= MOST;
        let probe =
            Contract { side: self.side, spot: 1.0, strike: self.strike, years: self.years, rate: 0.0, yields: 0.0 };
        if !within(self.quantity) || self.quantity.abs() < 1.0 / MOST {
            return Err(InvalidStrategy::Quantity { index });
        }
        if !within(self.premium) || self.premium < 0.0 {
            return Err(InvalidStrategy::Premium { index });
        }
        if !within(self.multiplier) || self.multiplier < 1.0 / MOST {
            return Err(InvalidStrategy::Multiplier { index });
        }
        if !within(self.strike) {
            return Err(InvalidStrategy::Leg { index, why: Invalid::Strike });
        }
        // The price asks for the volatility's bounds as well.
        probe.price(self.volatility).map(|_| ()).map_err(|why| InvalidStrategy::Leg { index, why })
    }
}

impl Strategy {
    /// Takes legs over once all of them can be computed with.
    ///
    /// # Errors
    ///
    /// [`InvalidStrategy`], with the first thing that is wrong.
    pub fn new(legs: Vec<Leg>, shares: Option<Shares>) -> Result<Self, InvalidStrategy> {
        let shares = shares.unwrap_or(Shares { quantity: 0.0, price: 0.0 });
        let within = |value: f64| value.is_finite() && value.abs() <= MOST;
        legs.iter().enumerate().try_for_each(|(index, leg)| leg.check(index))?;
        if !within(shares.quantity) || !within(shares.price) || shares.price < 0.0 {
            return Err(InvalidStrategy::Shares);
        }
        if legs.is_empty() && shares.quantity == 0.0 {
            return Err(InvalidStrategy::Empty);
        }
        Ok(Self { legs, shares, cash: 0.0 })
    }

    /// The same with an amount that counts as profit already: credits of earlier rolls, or fees as a negative one.
    ///
    /// # Errors
    ///
    /// [`InvalidStrategy::Cash`].
    pub fn with_cash(self, cash: f64) -> Result<Self, InvalidStrategy> {
        let is_within = cash.is_finite() && cash.abs() <= MOST;
        if is_within { Ok(Self { cash, ..self }) } else { Err(InvalidStrategy::Cash) }
    }

    /// The options.
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// The shares; none are a quantity of zero.
    pub fn shares(&self) -> Shares {
        self.shares
    }

    /// What the options bring when the strategy is opened; negative where they cost something. Shares do not count.
    pub fn net_credit(&self) -> f64 {
        self.legs.iter().map(|leg| -leg.units() * leg.premium).sum()
    }

    /// The time to the first expiration, in years.
    pub fn first_expiration(&self) -> Option<f64> {
        self.legs.iter().map(|leg| leg.years).min_by(f64::total_cmp)
    }

    /// The one time at which all legs expire.
    ///
    /// # Errors
    ///
    /// [`InvalidStrategy::NoExpiration`], [`InvalidStrategy::SeveralExpirations`].
    pub fn expiration(&self) -> Result<f64, InvalidStrategy> {
        let first = self.first_expiration().ok_or(InvalidStrategy::NoExpiration)?;
        let is_one = self.legs.iter().all(|leg| leg.years - first <= SAME_TIME);
        if is_one { Ok(first) } else { Err(InvalidStrategy::SeveralExpirations) }
    }

    /// Shares that it moves like when the underlying rises without end: calls and shares, puts being worth nothing.
    fn upside(&self) -> f64 {
        let calls = self.legs.iter().filter(|leg| leg.side == Side::Call);
        let (slope, size) = calls.fold((self.shares.quantity, self.shares.quantity.abs()), |(slope, size), leg| {
            (slope + leg.units(), size + leg.units().abs())
        });
        if slope.abs() <= ROUNDING * size { 0.0 } else { slope }
    }

    /// The size of the amounts that a profit at this price is a difference of.
    fn scale(&self, price: f64) -> f64 {
        let legs = self.legs.iter().map(|leg| leg.units().abs() * (price + leg.strike + leg.premium));
        legs.sum::<f64>() + self.shares.quantity.abs() * (price + self.shares.price) + self.cash.abs()
    }
}

#[cfg(test)]
mod tests;
