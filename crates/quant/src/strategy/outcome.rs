//! How a strategy may end: limits, break-evens, probability of profit, expected value.

use super::value::Pricer;
use super::{InvalidStrategy, Market, Model, SAME_TIME, Strategy};
use crate::Invalid;
use crate::black_scholes::{Contract, normal};
use domain::occ::Side;

/// A sample reaches this many standard deviations to both sides,
const REACH: f64 = 8.0;
/// with this many steps.
const STEPS: i32 = 640;

/// The price of the underlying at a time, lognormal with drift `rate - yields`: what the model of Black, Scholes and Merton
/// takes for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terminal {
    forward: f64,
    swing: f64,
}

/// How the figures of an [`Outcome`] were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By straight lines and closed forms.
    Exact,
    /// Legs that expire later are revalued at the first expiration on a grid of prices, at their own volatilities.
    Sampled,
}

/// How a strategy may stand at its first expiration.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What the options bring at the start; negative where they cost.
    pub net_credit: f64,
    /// `None`: no limit.
    pub max_profit: Option<f64>,
    /// The lowest profit: the largest loss as a negative number. `None`: no limit.
    pub max_loss: Option<f64>,
    /// Prices of the underlying, ascending.
    pub break_evens: Vec<f64>,
    /// The probability of any profit, 0 to 1.
    pub pop: f64,
    /// The expected profit. Near zero by construction where the premiums are fair at the volatility given.
    pub ev: f64,
    /// How it was found.
    pub method: Method,
}

impl Terminal {
    /// The price after a time at a volatility per year.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn new(market: &Market, volatility: f64, years: f64) -> Result<Self, Invalid> {
        let contract = market.contract(Side::Call, market.spot, years);
        contract.price(volatility)?;
        Ok(Self { forward: contract.forward()?, swing: volatility * years.sqrt() })
    }

    /// The expected price.
    pub fn forward(&self) -> f64 {
        self.forward
    }

    /// One standard deviation of the price's logarithm.
    pub fn swing(&self) -> f64 {
        self.swing
    }

    /// The probability of a price below a level.
    pub fn below(&self, level: f64) -> f64 {
        let z = self.z(level);
        if z == f64::NEG_INFINITY { 0.0 } else { normal(z) }
    }

    /// The probability of a price above a level.
    pub fn above(&self, level: f64) -> f64 {
        let z = self.z(level);
        if z == f64::NEG_INFINITY { 1.0 } else { normal(-z) }
    }

    /// The probability of a price between two levels, the second of which may be missing.
    pub fn between(&self, low: f64, high: Option<f64>) -> f64 {
        let Some(high) = high else { return self.above(low) };
        // From the side on which both are small, so that nothing cancels.
        let share =
            if low > self.forward { self.above(low) - self.above(high) } else { self.below(high) - self.below(low) };
        share.clamp(0.0, 1.0)
    }

    /// The price that is so many standard deviations from the median.
    pub fn price(&self, z: f64) -> f64 {
        self.forward * libm::exp(self.swing * (z - self.swing / 2.0))
    }

    /// What an option pays on average: its price without the discount, by Black's formula.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn expected(&self, side: Side, strike: f64) -> Result<f64, Invalid> {
        let option = Contract { side, spot: self.forward, strike, years: 1.0, rate: 0.0, yields: 0.0 };
        option.price(self.swing)
    }

    fn z(&self, level: f64) -> f64 {
        if level <= 0.0 {
            return f64::NEG_INFINITY;
        }
        let apart = libm::log(level / self.forward);
        match self.swing > 0.0 {
            true => apart / self.swing + self.swing / 2.0,
            // Without volatility the price is the forward price.
            false if apart > 0.0 => f64::INFINITY,
            false => f64::NEG_INFINITY,
        }
    }
}

impl Strategy {
    /// Limits, break-evens, probability of profit and expected value at the first expiration, if the underlying moves at a
    /// volatility (per year). Without later legs all of it is exact; else those are revalued then, and limits are those of a
    /// grid of prices that reaches from nearly nothing to ten times the highest strike.
    ///
    /// # Errors
    ///
    /// [`InvalidStrategy`].
    pub fn outcome(&self, market: &Market, volatility: f64, model: Model) -> Result<Outcome, InvalidStrategy> {
        market.check()?;
        let years = self.first_expiration().ok_or(InvalidStrategy::NoExpiration)?;
        let terminal = Terminal::new(market, volatility, years)?;
        let Ok(payoff) = self.payoff() else { return self.sampled(market, &terminal, years, model) };
        let pop: f64 = payoff.profitable().into_iter().map(|(low, high)| terminal.between(low, high)).sum();
        Ok(Outcome {
            net_credit: self.net_credit(),
            max_profit: payoff.max_profit(),
            max_loss: payoff.max_loss(),
            break_evens: payoff.break_evens(),
            pop: pop.clamp(0.0, 1.0),
            ev: self.expected_at_end(&terminal, years)?,
            method: Method::Exact,
        })
    }

    /// The expected profit of shares, cash and of the legs that end by then.
    fn expected_at_end(&self, terminal: &Terminal, years: f64) -> Result<f64, InvalidStrategy> {
        let mut ev = self.shares.quantity * (terminal.forward - self.shares.price) + self.cash;
        for leg in self.legs.iter().filter(|leg| leg.years - years <= SAME_TIME) {
            ev += leg.units() * (terminal.expected(leg.side, leg.strike)? - leg.premium);
        }
        if ev.is_finite() { Ok(ev) } else { Err(Invalid::Overflow.into()) }
    }

    fn sampled(
        &self,
        market: &Market,
        terminal: &Terminal,
        years: f64,
        model: Model,
    ) -> Result<Outcome, InvalidStrategy> {
        let pricer = Pricer::prepared(model, self, market, years, &[0.0]);
        let profit = |price: f64| self.profit_by(&pricer, market, price, years, 0.0);
        let prices = self.samples(terminal);
        let curve = prices.iter().map(|price| Ok((*price, profit(*price)?)));
        let curve: Vec<(f64, f64)> = curve.collect::<Result<_, InvalidStrategy>>()?;
        let (mut break_evens, mut pop) = (Vec::new(), 0.0);
        let mut from = curve.first().filter(|(_, first)| *first > 0.0).map(|_| 0.0);
        for pair in curve.windows(2) {
            let [(left, before), (right, after)] = *pair else { continue };
            if (before > 0.0) == (after > 0.0) {
                continue;
            }
            let turn = bisect(left, right, before > 0.0, &profit)?;
            break_evens.push(turn);
            match from.take() {
                Some(start) => pop += terminal.between(start, Some(turn)),
                None => from = Some(turn),
            }
        }
        pop += from.map_or(0.0, |start| terminal.between(start, None));
        let profits = || curve.iter().map(|(_, profit)| *profit);
        let slope = self.upside();
        Ok(Outcome {
            net_credit: self.net_credit(),
            max_profit: profits().max_by(f64::total_cmp).filter(|_| slope <= 0.0),
            max_loss: profits().min_by(f64::total_cmp).filter(|_| slope >= 0.0),
            break_evens,
            pop: pop.clamp(0.0, 1.0),
            ev: self.expected_at_end(terminal, years)? + self.expected_of_later(market, terminal, years, &pricer)?,
            method: Method::Sampled,
        })
    }

    /// The expected profit of the legs that live on: their value at that time is a smooth function of the price, which the
    /// trapezoidal rule integrates against the normal density to nearly all digits.
    fn expected_of_later(
        &self,
        market: &Market,
        terminal: &Terminal,
        years: f64,
        pricer: &Pricer,
    ) -> Result<f64, InvalidStrategy> {
        let step = 2.0 * REACH / f64::from(STEPS);
        let mut sum = 0.0;
        for (index, leg) in self.legs.iter().enumerate().filter(|(_, leg)| leg.years - years > SAME_TIME) {
            let mut worth = 0.0;
            for at in 0..=STEPS {
                let z = -REACH + step * f64::from(at);
                // One over the square root of two pi.
                let weight = step * 0.398_942_280_401_432_7 * libm::exp(-z * z / 2.0);
                let here = leg.worth(market, terminal.price(z), years, 0.0, pricer);
                worth += weight * here.map_err(|why| InvalidStrategy::Leg { index, why })?;
            }
            sum += leg.units() * (worth - leg.premium);
        }
        if sum.is_finite() { Ok(sum) } else { Err(Invalid::Overflow.into()) }
    }

    /// Prices that lie densely where the underlying is likely to be, at all strikes, and thinly out to the extremes.
    fn samples(&self, terminal: &Terminal) -> Vec<f64> {
        let strikes = || self.legs.iter().map(|leg| leg.strike);
        let highest = strikes().fold(terminal.forward, f64::max);
        let lowest = strikes().fold(terminal.forward, f64::min);
        let mut prices: Vec<f64> = strikes().collect();
        let step = 2.0 * REACH / f64::from(STEPS);
        prices.extend((0..=STEPS).map(|at| terminal.price(-REACH + step * f64::from(at))));
        // From a ten-thousandth of the lowest to ten times the highest, 20 prices for each factor of ten.
        prices.extend((0..=80).map(|at| lowest * libm::exp10(f64::from(-at) / 20.0)));
        prices.extend((0..=20).map(|at| highest * libm::exp10(f64::from(at) / 20.0)));
        prices.retain(|price| *price > 0.0 && *price <= super::MOST);
        prices.sort_by(f64::total_cmp);
        prices.dedup();
        prices
    }
}

/// Where a profit turns between two prices, to the last digits.
fn bisect(
    mut left: f64,
    mut right: f64,
    is_profit_left: bool,
    profit: &dyn Fn(f64) -> Result<f64, InvalidStrategy>,
) -> Result<f64, InvalidStrategy> {
    for _ in 0..60 {
        let middle = left + (right - left) / 2.0;
        if (profit(middle)? > 0.0) == is_profit_left { left = middle } else { right = middle }
    }
    Ok(left + (right - left) / 2.0)
}
