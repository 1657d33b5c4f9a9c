//! What the right to exercise early adds to a European put with a strike of 1.

use super::Frame;
use super::boundary::Market;
use super::scheme::Scheme;
use crate::black_scholes::{density, normal};

/// The premium and its derivatives by the price of the underlying.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Premium {
    pub(super) worth: f64,
    pub(super) slope: f64,
    pub(super) bend: f64,
}

/// The integral of the premium, ready for one market: what does not depend on volatility and price.
#[derive(Debug, Clone)]
pub(super) struct Integral {
    market: Market,
    top: f64,
    points: Vec<Term>,
}

/// A point of the integral.
#[derive(Debug, Clone, Copy)]
struct Term {
    /// The square root of the years until then, and one over it.
    root: f64,
    inverse: f64,
    /// The interest on the strike, and the yield of a price of 1, as of now and with the weight of the point.
    paid: f64,
    held: f64,
}

impl Integral {
    pub(super) fn new(market: Market, scheme: &Scheme) -> Self {
        let term = |point: &super::scheme::Point| {
            let root = market.years.sqrt() * point.sine;
            let (years, weight) = (root * root, market.years * point.weight);
            Term {
                root,
                inverse: 1.0 / root,
                paid: weight * market.rate * libm::exp(-market.rate * years),
                held: weight * market.yields * libm::exp(-market.yields * years),
            }
        };
        Self { market, top: libm::log(market.top()), points: scheme.outer.iter().map(term).collect() }
    }

    /// Whether the option is exercised now, the boundary `depth` below its top.
    pub(super) fn is_exercised(&self, frame: &Frame, depth: f64) -> bool {
        frame.log <= self.top - depth
    }

    /// The premium alone, at the logarithm of the price. `depths` are those of the boundary at the outer points, divided by
    /// the volatility.
    pub(super) fn worth(&self, log: f64, volatility: f64, depths: &[f64]) -> f64 {
        let Scale { ahead, drift } = self.scale(log, volatility);
        let price = libm::exp(log);
        let mut worth = 0.0;
        for (term, depth) in self.points.iter().zip(depths) {
            let down = (ahead + depth) * term.inverse + drift * term.root;
            worth += term.paid * normal(-down);
            if term.held != 0.0 {
                worth -= term.held * price * normal(-down - volatility * term.root);
            }
        }
        worth.max(0.0)
    }

    /// The premium with its derivatives.
    pub(super) fn whole(&self, log: f64, volatility: f64, depths: &[f64]) -> Premium {
        let Scale { ahead, drift } = self.scale(log, volatility);
        let price = libm::exp(log);
        let per = 1.0 / (price * volatility);
        let mut sum = Premium::default();
        for (term, depth) in self.points.iter().zip(depths) {
            let down = (ahead + depth) * term.inverse + drift * term.root;
            let up = down + volatility * term.root;
            let near = per * term.inverse;
            let paid = term.paid * density(down) * near;
            sum.worth += term.paid * normal(-down);
            sum.slope -= paid;
            sum.bend += paid * (down * near + 1.0 / price);
            if term.held != 0.0 {
                let beyond = term.held * normal(-up);
                let held = term.held * density(up) * near;
                sum.worth -= price * beyond;
                sum.slope += price * held - beyond;
                sum.bend += held * (1.0 - price * up * near);
            }
        }
        sum.worth = sum.worth.max(0.0);
        sum
    }

    fn scale(&self, log: f64, volatility: f64) -> Scale {
        let Market { rate, yields, .. } = self.market;
        Scale { ahead: (log - self.top) / volatility, drift: (rate - yields) / volatility - 0.5 * volatility }
    }
}

struct Scale {
    ahead: f64,
    drift: f64,
}
