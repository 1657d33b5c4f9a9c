//! American options: price, greeks and implied volatility of an option that may be exercised before its end.
//!
//! The price is that of the European option and the premium of early exercise, an integral along the boundary below which a
//! put is exercised (Kim, Jacka, and Carr, Jarrow and Myneni, 1990 to 1992); `boundary` says how that is found. A call is a
//! put on the strike with the price of the underlying as its strike, rate and yield exchanged (McDonald and Schroder, 1998).
//!
//! For a single option there are the methods of [`Contract`] here. For many of one expiration there is [`Expiration`],
//! which finds the boundaries once.

mod boundary;
mod expiration;
mod implied;
mod premium;
mod scheme;

pub use expiration::Expiration;

use boundary::{Exercise, Market};
use domain::occ::Side;
use premium::{Integral, Premium};

use crate::black_scholes::{Contract, Greeks, Invalid};

/// What an American option is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct American {
    /// Per share.
    pub price: f64,
    /// Where the option is exercised now, delta is that of the underlying and the others are 0.
    pub greeks: Greeks,
    /// Whether exercise now is worth at least as much as waiting.
    pub exercised: bool,
}

/// Below this volatility until the end the price moves by less than its rounding from what certainty makes of it.
const NO_SWING: f64 = 1e-7;

/// An option as a put with a strike of 1.
#[derive(Debug, Clone, Copy)]
struct Frame {
    market: Market,
    /// The logarithm of that put's price of the underlying.
    log: f64,
    /// What that put's price is multiplied with.
    scale: f64,
}

impl Contract {
    /// The price per share of the option that may be exercised at any time until its end.
    ///
    /// # Errors
    ///
    /// [`Invalid`]; [`Invalid::TwoBoundaries`] among them.
    pub fn american_price(&self, volatility: f64) -> Result<f64, Invalid> {
        let european = self.price(volatility)?;
        let frame = self.frame();
        match frame.kind(self, volatility)? {
            Kind::Certain => Ok(self.certain(volatility).price.max(european)),
            Kind::European => Ok(european),
            Kind::Early => {
                let Solved { integral, depth, depths } = Solved::new(&frame.market, volatility);
                self.early_price(&frame, volatility, &integral, depth, &depths)
            }
        }
    }

    /// The price with the five greeks. Delta and gamma are derivatives of the premium's integral, theta follows from the
    /// equation of Black, Scholes and Merton, and vega and rho are differences of prices.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn american(&self, volatility: f64) -> Result<American, Invalid> {
        let price = self.price(volatility)?;
        let frame = self.frame();
        match frame.kind(self, volatility)? {
            Kind::Certain => Ok(self.certain(volatility)),
            Kind::European => Ok(American { price, greeks: self.greeks(volatility)?, exercised: false }),
            Kind::Early => {
                let Solved { integral, depth, depths } = Solved::new(&frame.market, volatility);
                if integral.is_exercised(&frame, depth) {
                    return Ok(self.exercise());
                }
                let premium = integral.whole(frame.log, volatility, &depths);
                let at = |volatility: f64, rate: f64| Contract { rate, ..*self }.american_price(volatility).ok();
                let vega = difference(1e-3 * volatility, |by| at(volatility + by, self.rate));
                let rho = difference(2e-4, |by| at(volatility, self.rate + by));
                self.assemble(&frame, volatility, premium, vega, rho)
            }
        }
    }

    /// The price by a boundary: its depth now, and at the points of the premium over the volatility.
    fn early_price(
        &self,
        frame: &Frame,
        volatility: f64,
        integral: &Integral,
        depth: f64,
        depths: &[f64],
    ) -> Result<f64, Invalid> {
        if integral.is_exercised(frame, depth) {
            return Ok(self.intrinsic());
        }
        let premium = integral.worth(frame.log, volatility, depths);
        Ok((self.price(volatility)? + frame.scale * premium).max(self.intrinsic()))
    }

    /// The put that this option is the same as.
    fn frame(&self) -> Frame {
        let Self { side, spot, strike, years, rate, yields } = *self;
        match side {
            Side::Put => Frame { market: Market { rate, yields, years }, log: libm::log(spot / strike), scale: strike },
            Side::Call => {
                let market = Market { rate: yields, yields: rate, years };
                Frame { market, log: libm::log(strike / spot), scale: spot }
            }
        }
    }

    /// What exercise now is worth.
    pub(crate) fn intrinsic(&self) -> f64 {
        let sign = if self.side == Side::Call { 1.0 } else { -1.0 };
        (sign * (self.spot - self.strike)).max(0.0)
    }

    /// What exercise now leaves.
    pub(crate) fn exercise(&self) -> American {
        let delta = if self.side == Side::Call { 1.0 } else { -1.0 };
        let greeks = Greeks { delta, gamma: 0.0, theta: 0.0, vega: 0.0, rho: 0.0 };
        American { price: self.intrinsic(), greeks, exercised: true }
    }

    /// Puts the European option and the premium together.
    fn assemble(
        &self,
        frame: &Frame,
        volatility: f64,
        premium: Premium,
        vega: Option<f64>,
        rho: Option<f64>,
    ) -> Result<American, Invalid> {
        let Self { spot, rate, yields, .. } = *self;
        let european = self.greeks(volatility)?;
        let price = (self.price(volatility)? + frame.scale * premium.worth).max(self.intrinsic());
        let (delta, gamma) = match self.side {
            Side::Put => (premium.slope, premium.bend / self.strike),
            Side::Call => {
                let other = self.strike / spot;
                (premium.worth - other * premium.slope, other * other / spot * premium.bend)
            }
        };
        let bound = if self.side == Side::Call { (0.0, f64::INFINITY) } else { (f64::NEG_INFINITY, 0.0) };
        let delta = (european.delta + delta).clamp(bound.0, bound.1);
        let gamma = (european.gamma + gamma).max(0.0);
        let theta = rate * price - (rate - yields) * spot * delta - 0.5 * volatility * volatility * spot * spot * gamma;
        let greeks = Greeks {
            delta,
            gamma,
            theta: theta / 365.0,
            vega: vega.map_or(european.vega, |slope| slope / 100.0),
            rho: rho.map_or(european.rho, |slope| slope / 100.0),
        };
        let Greeks { delta, gamma, theta, vega, rho } = greeks;
        let is_finite = [price, delta, gamma, theta, vega, rho].into_iter().all(f64::is_finite);
        if is_finite { Ok(American { price, greeks, exercised: false }) } else { Err(Invalid::Overflow) }
    }

    /// The option where nothing is uncertain: it is exercised when that is worth most.
    fn certain(&self, volatility: f64) -> American {
        let Self { side, spot, strike, years, rate, yields } = *self;
        let sign = if side == Side::Call { 1.0 } else { -1.0 };
        let worth = |at: f64| sign * (spot * libm::exp(-yields * at) - strike * libm::exp(-rate * at));
        // Interest and yield are equal then; it is a most and not a least, or else an end is worth more.
        let between = libm::log(yields * spot / (rate * strike)) / (yields - rate);
        let mut best = (0.0, worth(0.0));
        for at in [years, between] {
            if at > 0.0 && at <= years && worth(at) > best.1 {
                best = (at, worth(at));
            }
        }
        let (at, price) = best;
        if price <= 0.0 || (at >= years && at > 0.0) {
            let greeks =
                self.greeks(volatility).unwrap_or(Greeks { delta: 0.0, gamma: 0.0, theta: 0.0, vega: 0.0, rho: 0.0 });
            return American { price: price.max(0.0), greeks, exercised: false };
        }
        if at == 0.0 {
            return self.exercise();
        }
        let held = libm::exp(-yields * at);
        let greeks = Greeks {
            delta: sign * held,
            gamma: -sign * yields * held / ((yields - rate) * spot),
            theta: 0.0,
            vega: 0.0,
            rho: sign * at * strike * libm::exp(-rate * at) / 100.0,
        };
        American { price, greeks, exercised: false }
    }
}

/// How a price is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing is uncertain.
    Certain,
    /// Early exercise is worth nothing.
    European,
    /// By the boundary of exercise.
    Early,
}

impl Frame {
    fn kind(&self, contract: &Contract, volatility: f64) -> Result<Kind, Invalid> {
        if !self.log.is_finite() {
            return Err(Invalid::Overflow);
        }
        let exercise = self.market.exercise();
        if exercise == Exercise::Never {
            Ok(Kind::European)
        } else if volatility * contract.years.sqrt() < NO_SWING {
            Ok(Kind::Certain)
        } else if exercise == Exercise::Between {
            Err(Invalid::TwoBoundaries)
        } else {
            Ok(Kind::Early)
        }
    }
}

/// The boundary for one volatility.
struct Solved {
    integral: Integral,
    /// Below its top now.
    depth: f64,
    /// At the points of the premium, divided by the volatility.
    depths: Vec<f64>,
}

impl Solved {
    fn new(market: &Market, volatility: f64) -> Self {
        let scheme = &scheme::DIRECT;
        let nodes = market.boundary(volatility, scheme);
        Self {
            integral: Integral::new(*market, scheme),
            depth: nodes.last().copied().unwrap_or(0.0),
            depths: scheme.outer_depths(&nodes).map(|depth| depth / volatility).collect(),
        }
    }
}

/// The slope of a function at 0, from four values around it, or from fewer where it has none on one side.
fn difference(step: f64, of: impl Fn(f64) -> Option<f64>) -> Option<f64> {
    let around = (of(-2.0 * step), of(-step), of(step), of(2.0 * step));
    if let (Some(a), Some(b), Some(c), Some(d)) = around {
        return Some((8.0 * (c - b) - (d - a)) / (12.0 * step));
    }
    let here = of(0.0)?;
    match around {
        (_, _, Some(c), Some(d)) => Some((4.0 * c - 3.0 * here - d) / (2.0 * step)),
        (Some(a), Some(b), _, _) => Some((3.0 * here - 4.0 * b + a) / (2.0 * step)),
        _ => None,
    }
}
