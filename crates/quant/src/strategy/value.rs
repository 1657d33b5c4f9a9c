//! What a strategy is worth before it ends: each leg priced anew by the model.

use super::{InvalidStrategy, Leg, MOST, Market, Model, SAME_TIME, Strategy};
use crate::Invalid;
use crate::american::Expiration;
use crate::black_scholes::{Contract, Greeks};

/// A shift of volatilities leaves at least this much of each.
const LEAST_VOLATILITY: f64 = 0.01;

/// Value and greeks of a whole strategy, in dollars and shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// What all of it would bring if it were closed at the model's prices, shares included; negative where it would cost.
    pub value: f64,
    /// That value against what was paid and received.
    pub profit: f64,
    /// Dollars per dollar of the underlying, which is the number of shares that it moves like.
    pub delta: f64,
    /// Of delta, per dollar of the underlying.
    pub gamma: f64,
    /// Dollars per calendar day that passes.
    pub theta: f64,
    /// Dollars per point of volatility, which is 0.01, of all legs together.
    pub vega: f64,
    /// Dollars per point of the risk-free rate, which is 0.01.
    pub rho: f64,
}

/// One cell of a grid of scenarios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenario {
    /// The price of the underlying.
    pub price: f64,
    /// What is added to each leg's volatility, per year.
    pub volatility_shift: f64,
    /// How long from now, in years.
    pub ahead: f64,
    /// Profit, or loss as a negative number.
    pub profit: f64,
}

/// A model, with what it found out about expirations of which many prices are wanted.
pub(super) struct Pricer {
    model: Model,
    /// With the time that each has left.
    tables: Vec<(f64, Expiration)>,
}

impl Pricer {
    /// Without preparations, for a few prices.
    pub(super) fn alone(model: Model) -> Self {
        Self { model, tables: Vec::new() }
    }

    /// For many prices at one time ahead, with volatilities shifted by no more than these. Where tables cannot be made, each
    /// option is computed alone, and says why it cannot be.
    pub(super) fn prepared(model: Model, strategy: &Strategy, market: &Market, ahead: f64, shifts: &[f64]) -> Self {
        let mut tables: Vec<(f64, Expiration)> = Vec::new();
        if model == Model::American {
            for leg in &strategy.legs {
                let left = leg.years - ahead;
                if left <= SAME_TIME || tables.iter().any(|(years, _)| *years == left) {
                    continue;
                }
                let of = strategy.legs.iter().filter(|other| other.years - ahead == left);
                let all = of.flat_map(|other| shifts.iter().map(|shift| other.shifted(*shift)));
                let (low, high) = all.fold((f64::MAX, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
                // A table needs some width.
                let table = Expiration::new(left, market.rate, market.yields, low * 0.995..=high * 1.005);
                tables.extend(table.ok().map(|table| (left, table)));
            }
        }
        Self { model, tables }
    }

    fn price(&self, contract: &Contract, volatility: f64) -> Result<f64, Invalid> {
        match (self.model, self.tables.iter().find(|(years, _)| *years == contract.years)) {
            (Model::European, _) => contract.price(volatility),
            (Model::American, Some((_, table))) => table.price(contract, volatility),
            (Model::American, None) => contract.american_price(volatility),
        }
    }
}

impl Model {
    /// The five greeks per share.
    pub(crate) fn greeks(self, contract: &Contract, volatility: f64) -> Result<Greeks, Invalid> {
        match self {
            Self::European => contract.greeks(volatility),
            Self::American => contract.american(volatility).map(|found| found.greeks),
        }
    }
}

impl Leg {
    /// Its price per share after a time, at a price of the underlying and with a shift of its volatility; what exercise is
    /// worth once it has expired.
    pub(super) fn worth(
        &self,
        market: &Market,
        price: f64,
        ahead: f64,
        shift: f64,
        pricer: &Pricer,
    ) -> Result<f64, Invalid> {
        let left = self.years - ahead;
        if left <= SAME_TIME || price <= 0.0 {
            return Ok(self.intrinsic(price));
        }
        pricer.price(&Market { spot: price, ..*market }.contract(self.side, self.strike, left), self.shifted(shift))
    }

    /// Its volatility after a shift of all of them.
    fn shifted(&self, shift: f64) -> f64 {
        (self.volatility + shift).max(LEAST_VOLATILITY.min(self.volatility))
    }
}

impl Strategy {
    /// Value and greeks now, by each leg's own volatility.
    ///
    /// # Errors
    ///
    /// [`InvalidStrategy`]: the market cannot be computed with, or a leg ends now exactly at its strike.
    pub fn position(&self, market: &Market, model: Model) -> Result<Position, InvalidStrategy> {
        market.check()?;
        let alone = Pricer::alone(model);
        let mut whole = Position {
            value: self.shares.quantity * market.spot,
            profit: self.profit_after(market, market.spot, 0.0, 0.0, model)?,
            delta: self.shares.quantity,
            gamma: 0.0,
            theta: 0.0,
            vega: 0.0,
            rho: 0.0,
        };
        for (index, leg) in self.legs.iter().enumerate() {
            let wrong = |why| InvalidStrategy::Leg { index, why };
            let contract = market.contract(leg.side, leg.strike, leg.years);
            let greeks = model.greeks(&contract, leg.volatility).map_err(wrong)?;
            let units = leg.units();
            whole.value += units * leg.worth(market, market.spot, 0.0, 0.0, &alone).map_err(wrong)?;
            whole.delta += units * greeks.delta;
            whole.gamma += units * greeks.gamma;
            whole.theta += units * greeks.theta;
            whole.vega += units * greeks.vega;
            whole.rho += units * greeks.rho;
        }
        let Position { value, profit, delta, gamma, theta, vega, rho } = whole;
        let is_finite = [value, profit, delta, gamma, theta, vega, rho].into_iter().all(f64::is_finite);
        if is_finite { Ok(whole) } else { Err(Invalid::Overflow.into()) }
    }

    /// Profit at a price of the underlying, some time from now and after a shift of all volatilities, every leg priced anew.
    /// No volatility falls below 1 % by a shift. At the time at which a leg expires it is worth its exercise.
    ///
    /// # Errors
    ///
    /// [`InvalidStrategy::Beyond`]: behind the first expiration, what that leg became would depend on the way there.
    pub fn profit_after(
        &self,
        market: &Market,
        price: f64,
        ahead: f64,
        shift: f64,
        model: Model,
    ) -> Result<f64, InvalidStrategy> {
        self.profit_by(&Pricer::alone(model), market, price, ahead, shift)
    }

    pub(super) fn profit_by(
        &self,
        pricer: &Pricer,
        market: &Market,
        price: f64,
        ahead: f64,
        shift: f64,
    ) -> Result<f64, InvalidStrategy> {
        let last = self.first_expiration().unwrap_or(f64::MAX) + SAME_TIME;
        if !(0.0..=last).contains(&ahead) {
            return Err(InvalidStrategy::Beyond);
        }
        if !(0.0..=MOST).contains(&price) {
            return Err(InvalidStrategy::Price);
        }
        if !(shift.is_finite() && shift.abs() <= 100.0) {
            return Err(Invalid::Volatility.into());
        }
        let mut profit = self.shares.quantity * (price - self.shares.price) + self.cash;
        for (index, leg) in self.legs.iter().enumerate() {
            let worth = leg.worth(market, price, ahead, shift, pricer);
            profit += leg.units() * (worth.map_err(|why| InvalidStrategy::Leg { index, why })? - leg.premium);
        }
        if profit.is_finite() { Ok(profit) } else { Err(Invalid::Overflow.into()) }
    }

    /// Profit on a grid: for each time, for each shift of volatility, for each price, in this order.
    ///
    /// # Errors
    ///
    /// As [`Strategy::profit_after`].
    pub fn scenarios(
        &self,
        market: &Market,
        prices: &[f64],
        shifts: &[f64],
        times: &[f64],
        model: Model,
    ) -> Result<Vec<Scenario>, InvalidStrategy> {
        let mut cells = Vec::with_capacity(prices.len() * shifts.len() * times.len());
        for &ahead in times {
            let pricer = Pricer::prepared(model, self, market, ahead, shifts);
            for &volatility_shift in shifts {
                for &price in prices {
                    let profit = self.profit_by(&pricer, market, price, ahead, volatility_shift)?;
                    cells.push(Scenario { price, volatility_shift, ahead, profit });
                }
            }
        }
        Ok(cells)
    }
}
