//! The boundary of exercise of an American put with a strike of 1: below this price of the underlying it is exercised.
//!
//! The method is that of Andersen, Lake and Offengenden, "High performance American option pricing" (2016): the boundary is
//! known at a few times, its squared logarithm is a polynomial in the square root of the time left, and the integral
//! equation that it solves is iterated to a fixed point, from the start of Li, "Analytical approximations for the critical
//! stock prices of American options" (2010), which they call QD+.

use super::scheme::Scheme;
use crate::black_scholes::{density, normal};

/// The market of a put, without the volatility. A call is a put with the rate and the yield exchanged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Market {
    pub(super) rate: f64,
    pub(super) yields: f64,
    pub(super) years: f64,
}

/// When a put can be worth exercising before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exercise {
    /// Never: waiting costs nothing.
    Never,
    /// Below one boundary.
    Below,
    /// Between two boundaries: a rate below zero and a yield below the rate.
    Between,
}

impl Market {
    /// The way of exercise that rate and yield make.
    pub(super) fn exercise(&self) -> Exercise {
        let Self { rate, yields, years } = *self;
        // Below this the premium, which is at most the interest on the strike, is below rounding.
        let no_interest = rate * years < 1e-17;
        if rate < 0.0 && yields < rate {
            Exercise::Between
        } else if no_interest && yields >= rate.min(0.0) {
            Exercise::Never
        } else {
            Exercise::Below
        }
    }

    /// The boundary just before the end: where the interest on the strike pays for the yield.
    pub(super) fn top(&self) -> f64 {
        if self.yields > self.rate { self.rate / self.yields } else { 1.0 }
    }

    /// The boundary of a put without end, which no other one is below.
    fn bottom(&self, volatility: f64) -> f64 {
        let variance = volatility * volatility;
        let drift = 2.0 * (self.rate - self.yields) / variance - 1.0;
        let root = (drift * drift + 8.0 * self.rate / variance).sqrt();
        // The larger root in size is free of cancellation, and their product is known.
        let power = if drift >= 0.0 { 0.5 * (drift + root) } else { 4.0 * self.rate / variance / (root - drift) };
        (power / (1.0 + power)).clamp(1e-300, self.top())
    }
}

/// The search for the boundaries of one market: what does not depend on the volatility.
pub(super) struct Search<'a> {
    market: Market,
    scheme: &'a Scheme,
    /// The logarithm of the top.
    top: f64,
    /// Of each node, and of each inner point of each node.
    nodes: Vec<Moment>,
    points: Vec<Moment>,
}

/// A time ahead.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// The square root of the years.
    root: f64,
    /// What a strike and a price of 1 are worth then; of a point: the interest and the yield on them, with its weight.
    paid: f64,
    held: f64,
}

impl Moment {
    fn new(market: &Market, root: f64) -> Self {
        let years = root * root;
        let (paid, held) = (libm::exp(-market.rate * years), libm::exp(-market.yields * years));
        Self { root, paid, held }
    }
}

impl<'a> Search<'a> {
    pub(super) fn new(market: Market, scheme: &'a Scheme) -> Self {
        let whole = market.years.sqrt();
        let nodes: Vec<Moment> = scheme.nodes.iter().map(|node| Moment::new(&market, whole * node)).collect();
        let mut points = Vec::with_capacity(nodes.len() * scheme.inner.len());
        for node in &nodes {
            for point in &scheme.inner {
                let moment = Moment::new(&market, node.root * point.sine);
                let weight = node.root * node.root * point.weight;
                let (paid, held) = (weight * market.rate * moment.paid, weight * market.yields * moment.held);
                points.push(Moment { paid, held, ..moment });
            }
        }
        Self { top: libm::log(market.top()), market, scheme, nodes, points }
    }

    /// How far the boundary lies below its top at each node of the scheme: the negative logarithms, at least 0.
    pub(super) fn boundary(&self, volatility: f64) -> Vec<f64> {
        let most = self.most(volatility);
        let mut depth: Vec<f64> = Vec::with_capacity(self.nodes.len());
        let mut before = 0.0;
        for node in &self.nodes {
            before = self.market.start(volatility, node, self.top, before, most);
            depth.push(before);
        }
        self.improve(volatility, &mut depth, self.scheme.rounds);
        depth
    }

    /// The depth of the boundary of a put without end.
    fn most(&self, volatility: f64) -> f64 {
        self.top - libm::log(self.market.bottom(volatility))
    }

    /// Improves a boundary by so many rounds at most, or until it no longer changes.
    pub(super) fn improve(&self, volatility: f64, depth: &mut [f64], rounds: usize) {
        let (most, count, inner) = (self.most(volatility), depth.len(), self.scheme.inner.len());
        let mut squares: Vec<f64> = depth.iter().map(|depth| depth * depth).collect();
        let steep = (self.market.rate - self.market.yields).abs() < 1e-3;
        let drift = (self.market.rate - self.market.yields) / volatility - 0.5 * volatility;
        for _ in 0..rounds {
            let mut change = 0.0_f64;
            let mixes = self.scheme.mix.chunks_exact(inner * count);
            let moments = self.nodes.iter().zip(self.points.chunks_exact(inner)).zip(mixes);
            for (((node, points), mixes), depth) in moments.zip(depth.iter_mut()) {
                let mut sum = Sum::new(node, volatility, drift, steep, self.top - *depth);
                for (point, mix) in points.iter().zip(mixes.chunks_exact(count)) {
                    let square: f64 = squares.iter().zip(mix).map(|(square, mix)| square * mix).sum();
                    sum.add(point, square.max(0.0).sqrt() - *depth);
                }
                let next = sum.newton(self.top - *depth).map_or(*depth, |log| (self.top - log).clamp(0.0, most));
                change = change.max((next - *depth).abs());
                *depth = next;
            }
            squares.iter_mut().zip(depth.iter()).for_each(|(square, depth)| *square = depth * depth);
            if change <= self.scheme.enough {
                break;
            }
        }
    }
}

impl Market {
    /// Li's approximation of the boundary, as its depth below the top, between `least` and `most`.
    fn start(&self, volatility: f64, end: &Moment, top: f64, least: f64, most: f64) -> f64 {
        let Self { rate, yields, .. } = *self;
        let variance = volatility * volatility;
        let Moment { root: time, paid, held, .. } = *end;
        let years = time * time;
        let swing = volatility * time;
        // What a year's interest of 1 adds up to.
        let annuity = if rate == 0.0 { years } else { -libm::expm1(-rate * years) / rate };
        let drift = 2.0 * (rate - yields) / variance - 1.0;
        let root = (drift * drift + 8.0 / (variance * annuity)).sqrt();
        let power = -0.5 * (drift + root);
        let factor = 2.0 * paid / (variance * root);
        let slope = power + factor * (1.0 / annuity - 2.0 / (variance * annuity * annuity * root * root));
        let off = |depth: f64| {
            let log = top - depth;
            let price = libm::exp(log);
            let up = (log + (rate - yields) * years) / swing + 0.5 * swing;
            let (above, below) = (normal(-up), normal(swing - up));
            let european = paid * below - price * held * above;
            let decay = rate * paid * below
                - yields * price * held * above
                - price * held * density(up) * volatility / (2.0 * time);
            (1.0 - held * above) * price + slope * (1.0 - price - european) - factor * decay / paid
        };
        // The depth grows from 0, where the difference is positive, to the put without end.
        let (mut low, mut at_low) = (least, off(least));
        if at_low <= 0.0 || at_low.is_nan() {
            return low;
        }
        let mut step = swing.min(1.0);
        let mut high = (low + step).min(most);
        let mut at_high = off(high);
        while at_high > 0.0 && high < most {
            (low, at_low) = (high, at_high);
            step *= 2.0;
            high = (low + step).min(most);
            at_high = off(high);
        }
        if at_high >= 0.0 || at_high.is_nan() {
            return high;
        }
        for _ in 0..60 {
            // The false position, with the weight of an end that stays halved (the Illinois method).
            let next = low + (high - low) * (at_low / (at_low - at_high));
            let next = if next > low && next < high { next } else { 0.5 * (low + high) };
            let value = off(next);
            if value > 0.0 {
                low = next;
                at_low = value;
                at_high *= 0.5;
            } else {
                high = next;
                at_high = value;
                at_low *= 0.5;
            }
            if high - low <= 1e-4 * swing.min(1.0) || value == 0.0 {
                break;
            }
        }
        0.5 * (low + high)
    }
}

/// The two sides of the integral equation, at one time and boundary: `numerator = boundary * denominator`.
///
/// There are two of them. The one says that the option is worth its exercise at the boundary; the other that it also leaves
/// it with the slope of the exercise. Where rate and yield are nearly the same the first one converges slowly.
struct Sum {
    volatility: f64,
    /// What the logarithm of the price drifts, over the volatility.
    drift: f64,
    /// Whether it is the equation of the slope.
    steep: bool,
    numerator: f64,
    denominator: f64,
    /// Both derived by the logarithm of the boundary, which is moved as a whole.
    numerator_slope: f64,
    denominator_slope: f64,
}

impl Sum {
    /// What the end of the option contributes, where the strike is 1 and the boundary has this logarithm.
    fn new(end: &Moment, volatility: f64, drift: f64, steep: bool, log: f64) -> Self {
        let swing = volatility * end.root;
        let down = log / swing + drift * end.root;
        let up = down + swing;
        let (low, high) = (end.paid * density(down) / swing, end.held * density(up) / swing);
        let (numerator, denominator, numerator_slope, denominator_slope) = if steep {
            (low, high + end.held * normal(up), -low * down / swing, -high * down / swing)
        } else {
            (end.paid * normal(down), end.held * normal(up), low, high)
        };
        Self { volatility, drift, steep, numerator, denominator, numerator_slope, denominator_slope }
    }

    /// Adds what exercise at a moment contributes, where the boundary is `apart` lower in its logarithm.
    fn add(&mut self, moment: &Moment, apart: f64) {
        let swing = self.volatility * moment.root;
        let down = apart / swing + self.drift * moment.root;
        self.numerator += moment.paid * if self.steep { density(down) / swing } else { normal(down) };
        if moment.held != 0.0 {
            let up = down + swing;
            self.denominator += moment.held * (normal(up) + if self.steep { density(up) / swing } else { 0.0 });
        }
    }

    /// The logarithm of a better boundary.
    fn newton(&self, log: f64) -> Option<f64> {
        if !(self.numerator > 0.0 && self.denominator > 0.0) {
            return None;
        }
        let off = log - libm::log(self.numerator / self.denominator);
        let slope = 1.0 - self.numerator_slope / self.numerator + self.denominator_slope / self.denominator;
        let next = log - off / if slope > 0.1 { slope } else { 1.0 };
        next.is_finite().then_some(next)
    }
}
