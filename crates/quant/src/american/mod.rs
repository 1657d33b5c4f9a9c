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

use boundary::{Exercise, Market, Search};
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

/// What the rate is moved by for rho.
const RATE_STEP: f64 = 5e-4;

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
            Kind::European => {
                let mut greeks = self.greeks(volatility)?;
                let becomes_early = self.side == Side::Put && (0.0..2.0 * RATE_STEP).contains(&self.rate);
                if let Some(rho) = becomes_early.then(|| self.american_rho(volatility)).flatten() {
                    greeks.rho = rho / 100.0;
                }
                Ok(American { price, greeks, exercised: false })
            }
            Kind::Early => {
                let Solved { integral, depth, depths } = Solved::new(&frame.market, volatility);
                if integral.is_exercised(&frame, depth) {
                    return Ok(self.exercise());
                }
                let premium = integral.whole(frame.log, volatility, &depths);
                let vega = around(1e-3 * volatility, |by| self.american_price(volatility + by).ok());
                self.assemble(&frame, volatility, premium, vega, self.american_rho(volatility))
            }
        }
    }

    /// The slope of the price by the rate. At a rate of 0 the price of a put has a corner in its slope, or nearly: below, it
    /// is never exercised early. There it is the slope towards higher rates.
    fn american_rho(&self, volatility: f64) -> Option<f64> {
        let at = |by: f64| Contract { rate: self.rate + by, ..*self }.american_price(volatility).ok();
        let over_the_corner = self.side == Side::Put && (0.0..2.0 * RATE_STEP).contains(&self.rate);
        if over_the_corner { ahead(RATE_STEP, at) } else { around(RATE_STEP, at) }
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
        let nodes = Search::new(*market, scheme).boundary(volatility);
        Self {
            integral: Integral::new(*market, scheme),
            depth: nodes.last().copied().unwrap_or(0.0),
            depths: scheme.outer_depths(&nodes).map(|depth| depth / volatility).collect(),
        }
    }
}

/// The slope of a function at 0, from four values around it; from those above where there are none below.
fn around(step: f64, of: impl Fn(f64) -> Option<f64>) -> Option<f64> {
    let values = (of(-2.0 * step), of(-step), of(step), of(2.0 * step));
    let (Some(a), Some(b), Some(c), Some(d)) = values else { return ahead(step, &of).or_else(|| ahead(-step, &of)) };
    Some((8.0 * (c - b) - (d - a)) / (12.0 * step))
}

/// The slope of a function at 0, from values there and on one side, to the same order.
fn ahead(step: f64, of: impl Fn(f64) -> Option<f64>) -> Option<f64> {
    let (a, b, c) = (of(0.0)?, of(step)?, of(2.0 * step)?);
    let (d, e) = (of(3.0 * step)?, of(4.0 * step)?);
    Some((48.0 * b - 25.0 * a - 36.0 * c + 16.0 * d - 3.0 * e) / (12.0 * step))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::NoVolatility;

    const PUT: Contract =
        Contract { side: Side::Put, spot: 100.0, strike: 100.0, years: 0.5, rate: 0.05, yields: 0.01 };

    #[track_caller]
    fn near(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
    }

    /// By a binomial tree of Leisen and Reimer, and by this method of another program: they agree on these digits.
    #[test]
    fn a_put_and_a_call() {
        let put = Contract { yields: 0.0, years: 1.0, ..PUT };
        near(put.american_price(0.2).unwrap(), 6.090_370_6, 2e-6);
        let call = Contract { side: Side::Call, yields: 0.0, ..PUT };
        assert_eq!(call.american_price(0.2), call.price(0.2));
        assert_eq!(call.american(0.2).unwrap().greeks, call.greeks(0.2).unwrap());
    }

    #[test]
    fn what_is_deep_in_the_money_is_exercised() {
        let put = Contract { spot: 50.0, ..PUT };
        let found = put.american(0.2).unwrap();
        assert_eq!((found.price, found.exercised), (50.0, true));
        assert_eq!(found.greeks, Greeks { delta: -1.0, gamma: 0.0, theta: 0.0, vega: 0.0, rho: 0.0 });
        assert_eq!(put.american_implied_volatility(50.0), Err(NoVolatility::Exercised));
        assert_eq!(put.american_implied_volatility(49.9), Err(NoVolatility::NoTimeValue));
        let call = Contract { side: Side::Call, spot: 300.0, yields: 0.1, ..PUT };
        assert!(call.american(0.2).unwrap().exercised);
    }

    #[test]
    fn prices_that_imply_nothing() {
        for (price, why) in [
            (100.0, NoVolatility::TooDear),
            (0.0, NoVolatility::Price),
            (f64::NAN, NoVolatility::Price),
            (f64::INFINITY, NoVolatility::Price),
        ] {
            assert_eq!(PUT.american_implied_volatility(price), Err(why), "{price}");
        }
        let over = Contract { years: 0.0, ..PUT };
        assert_eq!(over.american_implied_volatility(3.0), Err(NoVolatility::NoTime));
        let call = Contract { side: Side::Call, ..PUT };
        assert_eq!(call.american_implied_volatility(100.0), Err(NoVolatility::TooDear));
    }

    #[test]
    fn rates_at_which_waiting_costs_nothing() {
        for (rate, yields) in [(0.0, 0.0), (0.0, 0.03), (-0.01, 0.0), (-0.01, -0.01)] {
            let put = Contract { rate, yields, ..PUT };
            assert_eq!(put.american_price(0.3), put.price(0.3), "{rate} {yields}");
        }
        let put = Contract { rate: 0.0, yields: -0.02, ..PUT };
        assert!(put.american_price(0.3).unwrap() > put.price(0.3).unwrap() + 0.01);
        let two = Contract { rate: -0.01, yields: -0.03, ..PUT };
        assert_eq!(two.american_price(0.3), Err(Invalid::TwoBoundaries));
        let call = Contract { side: Side::Call, rate: -0.03, yields: -0.01, ..PUT };
        assert_eq!(call.american(0.3), Err(Invalid::TwoBoundaries));
    }

    #[test]
    fn without_swing_it_is_exercised_when_that_is_worth_most() {
        let now = Contract { spot: 90.0, ..PUT };
        assert_eq!(now.american(0.0).unwrap(), now.exercise());
        // The yield takes more from the underlying than the interest from the strike, for half of the time.
        let later = Contract { spot: 100.0, strike: 120.0, rate: 0.06, yields: 0.08, years: 2.0, ..PUT };
        let found = later.american(0.0).unwrap();
        let by_hand = (0..=20_000)
            .map(|i| 2.0 * f64::from(i) / 20_000.0)
            .map(|at| 120.0 * (-0.06 * at).exp() - 100.0 * (-0.08 * at).exp())
            .fold(0.0, f64::max);
        near(found.price, by_hand, 1e-6);
        near(later.american(1e-3).unwrap().price, by_hand, 1e-3);
        let moved = Contract { spot: 100.001, ..later }.american(0.0).unwrap();
        near((moved.price - found.price) / 0.001, found.greeks.delta, 1e-5);
        near((moved.greeks.delta - found.greeks.delta) / 0.001, found.greeks.gamma, 1e-6);
        let over = Contract { years: 0.0, spot: 90.0, ..PUT };
        assert_eq!(over.american_price(0.3), Ok(10.0));
    }

    #[test]
    fn the_boundary_falls_with_the_time_left() {
        for (rate, yields) in [(0.05, 0.0), (0.05, 0.05), (0.02, 0.08), (0.1, 0.02), (0.0, -0.02)] {
            for volatility in [0.05, 0.25, 1.0, 2.5] {
                let market = Market { rate, yields, years: 2.0 };
                let depths = Search::new(market, &scheme::DIRECT).boundary(volatility);
                let rising = depths.windows(2).all(|pair| pair[0] < pair[1] + 1e-9);
                assert!(rising && depths[0] > 0.0, "{rate} {yields} {volatility}: {depths:?}");
            }
        }
    }

    prop_compose! {
        fn market()(
            is_put: bool, spot in 0.5..2000.0_f64, away in -2.5..2.5_f64, days in 1.0..1000.0_f64,
            rate in 0.001..0.12_f64, yields in 0.0..0.1_f64, volatility in 0.05..2.5_f64,
        ) -> (Contract, f64) {
            let side = if is_put { Side::Put } else { Side::Call };
            let years = days / 365.0;
            let strike = spot * (away * (volatility * years.sqrt()).min(1.0)).exp();
            (Contract { side, spot, strike, years, rate, yields }, volatility)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn worth_more_than_waiting_and_than_exercise((option, volatility) in market(), more in 1.01..1.5_f64) {
            let slack = 1e-7 * option.spot;
            let price = option.american_price(volatility).unwrap();
            prop_assert!(price >= option.price(volatility).unwrap() && price >= option.intrinsic());
            prop_assert!(option.american_price(volatility * more).unwrap() >= price - slack);
            let higher = Contract { strike: option.strike * more, ..option }.american_price(volatility).unwrap();
            let dearer = if option.side == Side::Put { higher - price } else { price - higher };
            prop_assert!(dearer >= -slack, "{price} {higher}");
            let longer = Contract { years: option.years * more, ..option }.american_price(volatility).unwrap();
            prop_assert!(longer >= price - slack);
        }

        #[test]
        fn a_call_is_a_put_on_the_strike((option, volatility) in market()) {
            let Contract { side, spot, strike, years, rate, yields } = option;
            let side = if side == Side::Call { Side::Put } else { Side::Call };
            let other = Contract { side, spot: strike, strike: spot, years, rate: yields, yields: rate };
            let (price, mirrored) = (option.american_price(volatility).unwrap(), other.american_price(volatility).unwrap());
            prop_assert!((price - mirrored).abs() <= 1e-12 * (spot + strike), "{price} {mirrored}");
        }

        #[test]
        fn greeks_are_slopes((option, volatility) in market()) {
            let found = option.american(volatility).unwrap();
            let at = |by: f64| Contract { spot: option.spot + by, ..option }.american(volatility).unwrap();
            let step = 1e-4 * option.spot * (volatility * option.years.sqrt()).min(1.0);
            let (below, above) = (at(-step), at(step));
            // Across the boundary gamma jumps, and delta has a corner.
            if below.exercised == above.exercised {
                let delta = (above.price - below.price) / (2.0 * step);
                prop_assert!((found.greeks.delta - delta).abs() < 1e-5, "{} {delta}", found.greeks.delta);
                let gamma = (above.greeks.delta - below.greeks.delta) / (2.0 * step);
                let scale = 1.0 / (option.spot * (volatility * option.years.sqrt()).min(1.0));
                prop_assert!((found.greeks.gamma - gamma).abs() < 2e-3 * scale, "{} {gamma}", found.greeks.gamma);
            }
            let longer = |by: f64| Contract { years: option.years + by, ..option }.american_price(volatility).unwrap();
            let step = 1e-3 * option.years;
            let theta = (longer(-step) - longer(step)) / (2.0 * step) / 365.0;
            let scale = option.spot.max(option.strike) * (1.0 + volatility / option.years.sqrt()) / 365.0;
            prop_assert!((found.greeks.theta - theta).abs() < 1e-3 * scale, "{} {theta}", found.greeks.theta);
            prop_assert!(found.greeks.vega >= -1e-9 * option.spot);
        }

        #[test]
        fn a_price_gives_its_volatility_back((option, volatility) in market()) {
            let price = option.american_price(volatility).unwrap();
            let slope = option.american(volatility).unwrap().greeks.vega * 100.0;
            match option.american_implied_volatility(price) {
                Ok(found) => {
                    let tolerance = 1e-8 * volatility + 1e-12 * (option.spot + option.strike) / slope.max(1e-300);
                    prop_assert!((found - volatility).abs() <= tolerance, "{found} {volatility} {slope}");
                }
                // What is left above exercise, or of the price, is below rounding.
                Err(error) => prop_assert!(slope < 1e-6 * option.spot, "{error} {slope}"),
            }
        }

        #[test]
        fn the_tables_agree((option, volatility) in market(), low in 0.4..0.9_f64, high in 1.1..3.0_f64) {
            let Contract { years, rate, yields, spot, .. } = option;
            let tables = Expiration::new(years, rate, yields, low * volatility..=high * volatility).unwrap();
            let (alone, found) = (option.american(volatility).unwrap(), tables.american(&option, volatility).unwrap());
            // A put far in the money has a price of many spots.
            let scale = spot.max(0.1 * option.strike);
            prop_assert!((alone.price - found.price).abs() <= 2e-5 * scale, "{alone:?} {found:?}");
            prop_assert!((alone.greeks.delta - found.greeks.delta).abs() <= 2e-3);
            prop_assert!((alone.greeks.vega - found.greeks.vega).abs() <= 5e-4 * scale, "{alone:?} {found:?}");
            prop_assert!((alone.greeks.rho - found.greeks.rho).abs() <= 5e-4 * scale, "{alone:?} {found:?}");
            prop_assert_eq!(tables.price(&option, volatility).unwrap(), found.price);
            if let Ok(implied) = tables.implied_volatility(&option, found.price) {
                let again = tables.price(&option, implied).unwrap();
                prop_assert!((again - found.price).abs() <= 1e-7 * scale, "{implied} {volatility}");
            }
        }

        #[test]
        fn no_input_gives_what_is_no_number(
            is_put: bool, spot: f64, strike: f64, years in -1.0..210.0_f64, rate in -1.1..1.1_f64,
            yields in -1.1..1.1_f64, volatility in -0.1..20.0_f64, price: f64, near in 0.1..10.0_f64,
        ) {
            let side = if is_put { Side::Put } else { Side::Call };
            for strike in [strike, spot * near] {
                let option = Contract { side, spot, strike, years, rate, yields };
                if let Ok(American { price, greeks, .. }) = option.american(volatility) {
                    let Greeks { delta, gamma, theta, vega, rho } = greeks;
                    prop_assert!(price >= option.intrinsic());
                    prop_assert!([price, delta, gamma, theta, vega, rho].into_iter().all(f64::is_finite));
                }
                if let Ok(found) = option.american_implied_volatility(price) {
                    prop_assert!(found.is_finite() && found > 0.0);
                }
            }
        }
    }
}
