//! How likely prices are: of an underlying that moves as the model of Black, Scholes and Merton says, with the rate less the
//! yield as its drift. These are probabilities in that model, not forecasts.

use domain::occ::Side;

use crate::black_scholes::{Contract, Invalid, normal};

/// An underlying and how it moves until a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Walk {
    /// Its price now.
    pub spot: f64,
    /// The time, in years of 365 days.
    pub years: f64,
    /// The risk-free rate, or the growth that is expected instead.
    pub rate: f64,
    /// What holding it pays.
    pub yields: f64,
    /// Per year.
    pub volatility: f64,
}

impl Walk {
    /// The probability that the price is above a level at the end.
    ///
    /// # Errors
    ///
    /// [`Invalid`], with [`Invalid::Strike`] for a level that is not a positive number.
    pub fn above(&self, level: f64) -> Result<f64, Invalid> {
        self.beyond(level, 1.0)
    }

    /// The probability that the price is below a level at the end.
    ///
    /// # Errors
    ///
    /// As [`Walk::above`].
    pub fn below(&self, level: f64) -> Result<f64, Invalid> {
        self.beyond(level, -1.0)
    }

    /// The probability that the price reaches a level at some time until the end, watched all the time: the exact formula
    /// by reflection, and not twice the probability of the end.
    ///
    /// # Errors
    ///
    /// As [`Walk::above`].
    pub fn touch(&self, level: f64) -> Result<f64, Invalid> {
        let Step { away, drift, swing } = self.step(level)?;
        if away == 0.0 {
            return Ok(1.0);
        }
        // Upwards, or the mirror image.
        let (away, drift) = if away > 0.0 { (away, drift) } else { (-away, -drift) };
        if swing == 0.0 {
            return Ok(if drift >= away { 1.0 } else { 0.0 });
        }
        let ended = (drift - away) / swing;
        let reflected = (drift + away) / swing;
        // The likelihood of the reflected path times the normal distribution of it, whose exponents cancel mostly.
        let returned = if reflected > 0.0 {
            libm::exp(-0.5 * ended * ended) * scaled_tail(reflected)
        } else {
            libm::exp(2.0 * drift * away / (swing * swing)) * normal(-reflected)
        };
        Ok((normal(ended) + returned).clamp(0.0, 1.0))
    }

    /// `sign` is 1 for above and -1 for below.
    fn beyond(&self, level: f64, sign: f64) -> Result<f64, Invalid> {
        let Step { away, drift, swing } = self.step(level)?;
        let ahead = sign * (drift - away);
        if swing == 0.0 {
            return Ok(if ahead > 0.0 { 1.0 } else { 0.0 });
        }
        Ok(normal(ahead / swing))
    }

    fn step(&self, level: f64) -> Result<Step, Invalid> {
        let Self { spot, years, rate, yields, volatility } = *self;
        Contract { side: Side::Call, spot, strike: level, years, rate, yields }.check()?;
        if !(0.0..=100.0).contains(&volatility) {
            return Err(Invalid::Volatility);
        }
        let away = libm::log(level / spot);
        let drift = (rate - yields - 0.5 * volatility * volatility) * years;
        if away.is_finite() {
            Ok(Step { away, drift, swing: volatility * years.sqrt() })
        } else {
            Err(Invalid::Overflow)
        }
    }
}

impl Contract {
    /// The probability that the option ends in the money.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn in_the_money(&self, volatility: f64) -> Result<f64, Invalid> {
        let walk = self.walk(volatility);
        if self.side == Side::Call { walk.above(self.strike) } else { walk.below(self.strike) }
    }

    /// The probability that the option ends out of the money.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn out_of_the_money(&self, volatility: f64) -> Result<f64, Invalid> {
        let walk = self.walk(volatility);
        if self.side == Side::Call { walk.below(self.strike) } else { walk.above(self.strike) }
    }

    /// The probability that whoever sold this option at a price per share, fees taken off, has gained at the end: that the
    /// underlying ends on this side of the break-even.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn profit_of_seller(&self, price: f64, volatility: f64) -> Result<f64, Invalid> {
        let walk = self.walk(volatility);
        // Whether all of it can be computed with.
        walk.above(self.strike)?;
        if !price.is_finite() {
            return Err(Invalid::Overflow);
        }
        let even = if self.side == Side::Call { self.strike + price } else { self.strike - price };
        match self.side {
            // A put's price above its strike is kept whatever happens; a call's break-even below zero is never kept.
            Side::Put if even <= 0.0 => Ok(1.0),
            Side::Call if even <= 0.0 => Ok(0.0),
            Side::Put => walk.above(even),
            Side::Call => walk.below(even),
        }
    }

    fn walk(&self, volatility: f64) -> Walk {
        let Self { spot, years, rate, yields, .. } = *self;
        Walk { spot, years, rate, yields, volatility }
    }
}

/// What a level is away, what is drifted until the end, and how far the logarithm of the price swings.
struct Step {
    away: f64,
    drift: f64,
    swing: f64,
}

/// The share of the normal distribution above `x`, over its density at `x` and over the square root of two pi; `x > 0`.
fn scaled_tail(x: f64) -> f64 {
    if x < 20.0 {
        return libm::exp(0.5 * x * x) * normal(-x);
    }
    // The asymptotic series (Abramowitz and Stegun 26.2.12): its fifth term is below rounding here.
    let square = 1.0 / (x * x);
    let series =
        1.0 - square * (1.0 - 3.0 * square * (1.0 - 5.0 * square * (1.0 - 7.0 * square * (1.0 - 9.0 * square))));
    // One over the square root of two pi.
    0.398_942_280_401_432_7 / x * series
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WALK: Walk = Walk { spot: 100.0, years: 30.0 / 365.0, rate: 0.045, yields: 0.0, volatility: 0.25 };

    #[test]
    fn without_swing_the_drift_decides() {
        let certain = Walk { volatility: 0.0, years: 1.0, ..WALK };
        assert_eq!((certain.above(104.0), certain.above(105.0)), (Ok(1.0), Ok(0.0)));
        assert_eq!((certain.touch(104.0), certain.touch(105.0), certain.touch(99.0)), (Ok(1.0), Ok(0.0), Ok(0.0)));
        assert_eq!(WALK.touch(100.0), Ok(1.0));
    }

    #[test]
    fn what_cannot_be_computed_with_is_named() {
        assert_eq!(WALK.above(0.0), Err(Invalid::Strike));
        assert_eq!(WALK.touch(f64::NAN), Err(Invalid::Strike));
        assert_eq!(Walk { volatility: f64::NAN, ..WALK }.below(90.0), Err(Invalid::Volatility));
        assert_eq!(Walk { years: -1.0, ..WALK }.below(90.0), Err(Invalid::Years));
    }

    #[test]
    fn the_tail_is_smooth_where_its_formulas_meet() {
        let (below, above) = (scaled_tail(20.0 - 1e-9), scaled_tail(20.0));
        assert!((below / above - 1.0).abs() < 1e-10, "{below} {above}");
    }

    #[test]
    fn a_seller_keeps_what_is_on_his_side_of_the_break_even() {
        let put = Contract { side: Side::Put, spot: 100.0, strike: 95.0, years: 0.1, rate: 0.04, yields: 0.0 };
        let call = Contract { side: Side::Call, ..put };
        assert_eq!(put.profit_of_seller(1.5, 0.3), put.walk(0.3).above(93.5));
        assert_eq!(call.profit_of_seller(6.0, 0.3), call.walk(0.3).below(101.0));
        assert_eq!(put.profit_of_seller(96.0, 0.3), Ok(1.0));
        assert_eq!(call.profit_of_seller(-96.0, 0.3), Ok(0.0));
        assert_eq!(put.profit_of_seller(f64::NAN, 0.3), Err(Invalid::Overflow));
    }

    proptest! {
        #[test]
        fn touching_is_likelier_than_ending_there(
            spot in 1.0..1000.0_f64, away in -2.0..2.0_f64, days in 0.5..1000.0_f64,
            rate in -0.02..0.12_f64, yields in 0.0..0.1_f64, volatility in 0.01..3.0_f64,
        ) {
            let walk = Walk { spot, years: days / 365.0, rate, yields, volatility };
            let level = spot * away.exp();
            let (above, below) = (walk.above(level).unwrap(), walk.below(level).unwrap());
            prop_assert!((above + below - 1.0).abs() < 1e-14);
            let touch = walk.touch(level).unwrap();
            let beyond = if away > 0.0 { above } else { below };
            prop_assert!((beyond..=1.0).contains(&touch), "{beyond} {touch}");
            // A level further away is reached later.
            prop_assert!(walk.touch(spot * (away * 1.1).exp()).unwrap() <= touch + 1e-14);
        }

        #[test]
        fn no_input_gives_what_is_no_probability(spot: f64, years: f64, rate: f64, yields: f64, volatility: f64, level: f64) {
            let walk = Walk { spot, years, rate, yields, volatility };
            for found in [walk.above(level), walk.below(level), walk.touch(level)].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&found), "{found}");
            }
        }
    }
}
