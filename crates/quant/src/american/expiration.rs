//! The boundaries of exercise of all options of one expiration.
//!
//! A boundary over its strike depends on rate, yield, time and volatility, and not on strike and price: with the first three
//! fixed it is a smooth function of the logarithm of the volatility, known at a few of them. What is left for an option is
//! one integral.

use core::f64::consts::PI;
use core::ops::RangeInclusive;
use std::sync::OnceLock;

use domain::occ::Side;

use super::boundary::{Exercise, Market, Search};
use super::premium::Integral;
use super::scheme::{FAR_TABLE, Scheme, TABLE, TABLE_POINTS, barycentric};
use super::{American, Frame, Kind};
use crate::black_scholes::{Contract, Invalid};

/// The most volatilities at which boundaries are found.
const MOST_NODES: usize = 16;
/// What the rate is moved by for rho.
const RATE_STEP: f64 = 1e-4;
/// What the volatility is moved by for vega, as a share of itself.
const VOLATILITY_STEP: f64 = 1e-3;
/// How often the boundaries of another rate are improved, which start close.
const MOVED_ROUNDS: usize = 3;

/// American options of one expiration: the price and the greeks of each for a few integrals.
///
/// Prices differ from [`Contract::american_price`] by some millionths of the price of the underlying. The boundaries of a
/// side are found when the first option of that side is asked for.
#[derive(Debug)]
pub struct Expiration {
    years: f64,
    rate: f64,
    yields: f64,
    volatilities: RangeInclusive<f64>,
    puts: OnceLock<Table>,
    calls: OnceLock<Table>,
}

/// The boundaries of one side.
#[derive(Debug)]
struct Table {
    scheme: &'static Scheme,
    /// The logarithms of the volatilities at which boundaries are known: Chebyshev's points.
    logs: Vec<f64>,
    here: Boundaries,
    /// With a rate that is higher by [`RATE_STEP`]; found when rho is asked for.
    moved: OnceLock<Option<Boundaries>>,
}

/// The boundaries of one market, per volatility.
#[derive(Debug)]
struct Boundaries {
    integral: Integral,
    /// At the scheme's nodes.
    nodes: Vec<Vec<f64>>,
    /// At the points of the premium and, last, now; divided by the volatility.
    depths: Vec<Depths>,
}

type Depths = [f64; TABLE_POINTS + 1];

impl Expiration {
    /// The options that end in so many years. `volatilities` are those that are expected; outside of them an option is
    /// computed alone, which takes a hundred times as long.
    ///
    /// # Errors
    ///
    /// [`Invalid`], where no option of this expiration could be computed.
    pub fn new(years: f64, rate: f64, yields: f64, volatilities: RangeInclusive<f64>) -> Result<Self, Invalid> {
        Contract { side: Side::Put, spot: 1.0, strike: 1.0, years, rate, yields }.check()?;
        let (low, high) = (*volatilities.start(), *volatilities.end());
        if !(low > 0.0 && low <= high && high <= 100.0) {
            return Err(Invalid::Volatility);
        }
        Ok(Self { years, rate, yields, volatilities, puts: OnceLock::new(), calls: OnceLock::new() })
    }

    /// As [`Contract::american_price`]. An option of another expiration, or in another market, is computed alone.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn price(&self, contract: &Contract, volatility: f64) -> Result<f64, Invalid> {
        let frame = contract.frame();
        if !self.covers(contract, volatility) || frame.kind(contract, volatility)? != Kind::Early {
            return contract.american_price(volatility);
        }
        let table = self.table(contract, &frame);
        table.here.price(contract, &frame, volatility, &table.weights(volatility))
    }

    /// As [`Contract::american`].
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn american(&self, contract: &Contract, volatility: f64) -> Result<American, Invalid> {
        let frame = contract.frame();
        if !self.covers(contract, volatility) || frame.kind(contract, volatility)? != Kind::Early {
            return contract.american(volatility);
        }
        let table = self.table(contract, &frame);
        let weights = table.weights(volatility);
        let depths = table.here.at(&weights);
        let [points @ .., now] = &depths;
        if table.here.integral.is_exercised(&frame, now * volatility) {
            return Ok(contract.exercise());
        }
        let premium = table.here.integral.whole(frame.log, volatility, points);
        let price = contract.price(volatility)? + frame.scale * premium.worth;
        // A step to the inside: the table ends somewhere.
        let inside = volatility * (1.0 + VOLATILITY_STEP) <= *self.volatilities.end();
        let step = if inside { VOLATILITY_STEP } else { -VOLATILITY_STEP } * volatility;
        let by_volatility = table.here.price(contract, &frame, volatility + step, &table.weights(volatility + step));
        let vega = by_volatility.ok().map(|moved| (moved - price) / step);
        let by_rate = table.moved(contract).and_then(|moved| {
            let contract = Contract { rate: contract.rate + RATE_STEP, ..*contract };
            moved.price(&contract, &contract.frame(), volatility, &weights).ok()
        });
        let rho = by_rate.map(|moved| (moved - price) / RATE_STEP);
        contract.assemble(&frame, volatility, premium, vega, rho)
    }

    /// Whether the option is one of this expiration, and the volatility one of those that were expected.
    fn covers(&self, contract: &Contract, volatility: f64) -> bool {
        let Contract { years, rate, yields, .. } = *contract;
        (years, rate, yields) == (self.years, self.rate, self.yields) && self.volatilities.contains(&volatility)
    }

    fn table(&self, contract: &Contract, frame: &Frame) -> &Table {
        let side = if contract.side == Side::Call { &self.calls } else { &self.puts };
        side.get_or_init(|| Table::new(frame.market, &self.volatilities))
    }
}

impl Table {
    fn new(market: Market, volatilities: &RangeInclusive<f64>) -> Self {
        let (low, high) = (libm::log(*volatilities.start()), libm::log(*volatilities.end()));
        let is_far = *volatilities.end() * market.years.sqrt() > 1.5;
        let scheme: &'static Scheme = if is_far { &FAR_TABLE } else { &TABLE };
        // More for a wider range: enough for a millionth of the price of the underlying.
        let count = (if is_far { 8.0 } else { 5.0 } + 2.0 * (high - low)).min(MOST_NODES as f64) as usize;
        let place = |i: usize| 0.5 * (low + high - (high - low) * libm::cos(PI * i as f64 / (count - 1) as f64));
        let logs: Vec<f64> = (0..count).map(place).collect();
        let search = Search::new(market, scheme);
        let find = |log: &f64| search.boundary(libm::exp(*log));
        let here = Boundaries::new(market, scheme, &logs, logs.iter().map(find).collect());
        Self { scheme, logs, here, moved: OnceLock::new() }
    }

    /// What the boundaries at the known volatilities are multiplied with.
    fn weights(&self, volatility: f64) -> [f64; MOST_NODES] {
        let mut weights = [0.0; MOST_NODES];
        barycentric(&self.logs, libm::log(volatility), &mut weights);
        weights
    }

    /// The boundaries with a higher rate, from those here by a few improvements.
    fn moved(&self, contract: &Contract) -> Option<&Boundaries> {
        let find = || {
            let market = Contract { rate: contract.rate + RATE_STEP, ..*contract }.frame().market;
            let (search, here) = (Search::new(market, self.scheme), Search::new(contract.frame().market, self.scheme));
            let improved = |(log, nodes): (&f64, &Vec<f64>)| {
                let volatility = libm::exp(*log);
                let (mut moved, mut still) = (nodes.clone(), nodes.clone());
                search.improve(volatility, &mut moved, MOVED_ROUNDS);
                // What the boundary here lacked of its fixed point is no consequence of the rate.
                here.improve(volatility, &mut still, MOVED_ROUNDS);
                let shifted = nodes.iter().zip(moved).zip(still).map(|((node, moved), still)| node + (moved - still));
                shifted.map(|depth| depth.max(0.0)).collect()
            };
            let nodes = || self.logs.iter().zip(&self.here.nodes).map(improved).collect();
            (market.exercise() == Exercise::Below).then(|| Boundaries::new(market, self.scheme, &self.logs, nodes()))
        };
        self.moved.get_or_init(find).as_ref()
    }
}

impl Boundaries {
    fn new(market: Market, scheme: &Scheme, logs: &[f64], nodes: Vec<Vec<f64>>) -> Self {
        let depths = |(log, nodes): (&f64, &Vec<f64>)| {
            let volatility = libm::exp(*log);
            let mut depths = [0.0; TABLE_POINTS + 1];
            let all = scheme.outer_depths(nodes).chain(nodes.last().copied());
            depths.iter_mut().zip(all).for_each(|(slot, depth)| *slot = depth / volatility);
            depths
        };
        let depths = logs.iter().zip(&nodes).map(depths).collect();
        Self { integral: Integral::new(market, scheme), nodes, depths }
    }

    fn at(&self, weights: &[f64; MOST_NODES]) -> Depths {
        let mut sum = [0.0; TABLE_POINTS + 1];
        for (weight, depths) in weights.iter().zip(&self.depths) {
            sum.iter_mut().zip(depths).for_each(|(sum, depth)| *sum += weight * depth);
        }
        sum
    }

    fn price(
        &self,
        contract: &Contract,
        frame: &Frame,
        volatility: f64,
        weights: &[f64; MOST_NODES],
    ) -> Result<f64, Invalid> {
        let depths = self.at(weights);
        let [points @ .., now] = &depths;
        contract.early_price(frame, volatility, &self.integral, now * volatility, points)
    }
}
