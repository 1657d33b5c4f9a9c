//! Black, Scholes and Merton: the value of a European option on something that pays a yield, and its greeks.

use domain::occ::Side;
use implied_vol::{DefaultSpecialFn, SpecialFn};

/// The longest life that is computed with, in years.
const MAX_YEARS: f64 = 200.0;
/// The largest rate, yield or volatility per year that is computed with: far beyond any market.
const MAX_PER_YEAR: f64 = 100.0;

/// One over the square root of two pi.
const ONE_OVER_ROOT_TAU: f64 = 0.398_942_280_401_432_7;

/// An option and its market, without the volatility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contract {
    /// Call or put.
    pub side: Side,
    /// The price of the underlying.
    pub spot: f64,
    /// The strike, in the same money.
    pub strike: f64,
    /// The time to the end, in years of 365 days.
    pub years: f64,
    /// The risk-free rate.
    pub rate: f64,
    /// What holding the underlying pays. With the rate itself it is Black's formula for an option on a future.
    pub yields: f64,
}

/// The first derivatives of a price and one second one, per share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Greeks {
    /// Per dollar of the underlying.
    pub delta: f64,
    /// Of delta, per dollar of the underlying.
    pub gamma: f64,
    /// Per calendar day that passes; mostly negative.
    pub theta: f64,
    /// Per point of volatility, which is 0.01.
    pub vega: f64,
    /// Per point of the risk-free rate, which is 0.01, the price of the underlying held.
    pub rho: f64,
}

/// Why there is no price and no greeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The price of the underlying is not a positive number.
    #[error("the price of the underlying is not a positive number")]
    Spot,
    /// The strike is not a positive number.
    #[error("the strike is not a positive number")]
    Strike,
    /// The time is negative, too long or no number.
    #[error("the time to expiration is out of bounds")]
    Years,
    /// The rate or the yield is out of bounds or no number.
    #[error("the rate or the yield is out of bounds")]
    Rate,
    /// The volatility is negative, out of bounds or no number.
    #[error("the volatility is out of bounds")]
    Volatility,
    /// Greeks of an option that ends now exactly at its strike: there are none.
    #[error("an option that ends at the money has no greeks")]
    AtTheStrike,
    /// An American option that is exercised between two prices: with a rate below zero and a yield below the rate (put), or
    /// the other way round (call). No market has that, and it is not computed.
    #[error("the rate is below zero and the yield further below: early exercise between two prices is not computed")]
    TwoBoundaries,
    /// A dividend is negative or no number, or they are worth as much as the underlying, or there are too many.
    #[error("the dividends are out of bounds")]
    Dividends,
    /// The result is beyond what a double holds.
    #[error("the result is out of bounds")]
    Overflow,
}

/// What does not depend on the volatility.
pub(crate) struct Fixed {
    /// 1 for a call, -1 for a put.
    sign: f64,
    /// The underlying without its yield until the end.
    held: f64,
    /// The strike as of now.
    paid: f64,
    /// What of the underlying is held without its yield, of 1.
    kept: f64,
    /// The logarithm of the forward price over the strike.
    pub(crate) ahead: f64,
    /// The square root of the years.
    pub(crate) root: f64,
    /// What money at the end is worth now.
    pub(crate) discount: f64,
    /// The price of the underlying for delivery at the end.
    pub(crate) forward: f64,
}

/// What price and greeks are both made of.
struct Parts {
    /// 1 for a call, -1 for a put.
    sign: f64,
    /// The underlying without its yield until the end.
    held: f64,
    /// The strike as of now.
    paid: f64,
    /// Volatility until the end.
    swing: f64,
    /// Infinite where there is no volatility left, and not a number exactly at the strike then.
    up: f64,
    down: f64,
}

impl Contract {
    /// Whether all of it can be computed with.
    ///
    /// # Errors
    ///
    /// [`Invalid`], with the first thing that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let rate = |value: f64| value.is_finite() && value.abs() <= MAX_PER_YEAR;
        if !positive(self.spot) {
            Err(Invalid::Spot)
        } else if !positive(self.strike) {
            Err(Invalid::Strike)
        } else if !(0.0..=MAX_YEARS).contains(&self.years) {
            Err(Invalid::Years)
        } else if !rate(self.rate) || !rate(self.yields) {
            Err(Invalid::Rate)
        } else {
            Ok(())
        }
    }

    /// The price per share. Without time or without volatility it is what exercise at the forward price is worth.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn price(&self, volatility: f64) -> Result<f64, Invalid> {
        Ok(self.fixed()?.parts(volatility)?.worth())
    }

    /// The five greeks. Without time or without volatility only delta and the cost of money are left.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn greeks(&self, volatility: f64) -> Result<Greeks, Invalid> {
        self.greeks_of(&self.fixed()?, volatility)
    }

    /// The greeks, with what does not depend on the volatility at hand.
    pub(crate) fn greeks_of(&self, fixed: &Fixed, volatility: f64) -> Result<Greeks, Invalid> {
        let Parts { sign, held, paid, swing, up, down } = fixed.parts(volatility)?;
        if up.is_nan() {
            return Err(Invalid::AtTheStrike);
        }
        // One exponential is enough: the density at `down` is the one at `up` times the ratio of the two amounts.
        let bell = libm::exp(-0.5 * up * up);
        let (beyond, exercised) = (share_below(sign * up, bell), share_below(sign * down, bell * (held / paid)));
        // Without volatility these fade: nothing is left of the density.
        let dense = if swing > 0.0 { held * ONE_OVER_ROOT_TAU * bell } else { 0.0 };
        let gamma = if swing > 0.0 { dense / (self.spot * self.spot * swing) } else { 0.0 };
        let decay = 0.5 * volatility * volatility * self.spot * self.spot * gamma;
        let carry = sign * (self.yields * held * beyond - self.rate * paid * exercised);
        let delta = sign * fixed.kept * beyond;
        let theta = (carry - decay) * (1.0 / 365.0);
        let vega = dense * fixed.root * 0.01;
        let rho = sign * paid * self.years * exercised * 0.01;
        // One that is not finite makes the sum so, and nothing in them is near to what a double holds else.
        let is_finite = (delta + gamma + theta + vega + rho).is_finite();
        if is_finite { Ok(Greeks { delta, gamma, theta, vega, rho }) } else { Err(Invalid::Overflow) }
    }

    /// The least and the most that a European option can be worth, whatever the volatility is.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn bounds(&self) -> Result<(f64, f64), Invalid> {
        Ok(self.fixed()?.bounds())
    }

    /// The price of the underlying for delivery at the end.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn forward(&self) -> Result<f64, Invalid> {
        self.check()?;
        let forward = self.spot * libm::exp((self.rate - self.yields) * self.years);
        if forward.is_finite() && forward > 0.0 { Ok(forward) } else { Err(Invalid::Overflow) }
    }

    /// What does not depend on the volatility.
    pub(crate) fn fixed(&self) -> Result<Fixed, Invalid> {
        let Self { years, rate, yields, .. } = *self;
        self.check()?;
        self.fixed_at(&Term::unchecked(years, rate, yields))
    }

    /// As `fixed`, with what does not depend on side, spot and strike at hand.
    pub(crate) fn fixed_at(&self, term: &Term) -> Result<Fixed, Invalid> {
        let Self { spot, strike, .. } = *self;
        let Term { root, discount, kept, grown, .. } = *term;
        let (held, paid, forward) = (spot * kept, strike * discount, spot * grown);
        let ahead = log_ratio(forward, strike);
        let is_good = |value: f64| value.is_finite() && value > 0.0;
        if !(is_good(held) && is_good(paid) && is_good(forward) && ahead.is_finite()) {
            return Err(self.check().err().unwrap_or(Invalid::Overflow));
        }
        let sign = if self.side == Side::Call { 1.0 } else { -1.0 };
        Ok(Fixed { sign, held, paid, kept, ahead, root, discount, forward })
    }
}

/// What the European options of one expiration share: to compute many of them it is made once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    years: f64,
    rate: f64,
    yields: f64,
    root: f64,
    discount: f64,
    kept: f64,
    /// The forward price of an underlying of 1.
    grown: f64,
}

impl Term {
    /// Options that end in so many years of 365 days, at this rate and this yield.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn new(years: f64, rate: f64, yields: f64) -> Result<Self, Invalid> {
        Contract { side: Side::Call, spot: 1.0, strike: 1.0, years, rate, yields }.check()?;
        Ok(Self::unchecked(years, rate, yields))
    }

    fn unchecked(years: f64, rate: f64, yields: f64) -> Self {
        let (discount, kept) = (libm::exp(-rate * years), libm::exp(-yields * years));
        Self { years, rate, yields, root: years.sqrt(), discount, kept, grown: kept / discount }
    }

    /// Whether an option is one of these.
    pub(crate) fn is_of(&self, contract: &Contract) -> bool {
        (self.years, self.rate, self.yields) == (contract.years, contract.rate, contract.yields)
    }
}

impl Fixed {
    /// The least and the most that the European option can be worth.
    pub(crate) fn bounds(&self) -> (f64, f64) {
        let Self { sign, held, paid, .. } = *self;
        ((sign * (held - paid)).max(0.0), if sign > 0.0 { held } else { paid })
    }

    fn parts(&self, volatility: f64) -> Result<Parts, Invalid> {
        if !(0.0..=MAX_PER_YEAR).contains(&volatility) {
            return Err(Invalid::Volatility);
        }
        let Self { sign, held, paid, ahead, root, .. } = *self;
        let swing = volatility * root;
        let up = ahead / swing + swing / 2.0;
        Ok(Parts { sign, held, paid, swing, up, down: up - swing })
    }
}

impl Parts {
    fn worth(&self) -> f64 {
        let Self { sign, held, paid, swing, up, down } = *self;
        let exercise = (sign * (held - paid)).max(0.0);
        if swing <= 0.0 {
            return exercise;
        }
        // The side out of the money is a difference of small numbers; parity gives the other one.
        let other = if exercise > 0.0 { -sign } else { sign };
        let outside = other * (held * normal(other * up) - paid * normal(other * down));
        exercise + outside.max(0.0).min(if other > 0.0 { held } else { paid })
    }
}

/// The logarithm of a ratio, exact also where it is close to 1.
fn log_ratio(above: f64, below: f64) -> f64 {
    let apart = (above - below) / below;
    if apart.abs() < 0.25 { libm::log1p(apart) } else { libm::log(above / below) }
}

/// The share of the standard normal distribution below `x`.
pub(crate) fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
}

/// As `normal`, where `bell` is the exponential of `-x² / 2`, for the greeks: far out it has fewer exact digits.
fn share_below(x: f64, bell: f64) -> f64 {
    let scaled = x.abs() * core::f64::consts::FRAC_1_SQRT_2;
    // Nearer, the function itself takes no exponential; further out nothing that counts is left.
    if !(0.84..20.0).contains(&scaled) {
        return normal(x);
    }
    let tail = 0.5 * bell * DefaultSpecialFn::erfcx(scaled);
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// The density of the standard normal distribution at `x`.
pub(crate) fn density(x: f64) -> f64 {
    ONE_OVER_ROOT_TAU * libm::exp(-0.5 * x * x)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contract(side: Side, spot: f64, strike: f64, years: f64, rate: f64, yields: f64) -> Contract {
        Contract { side, spot, strike, years, rate, yields }
    }

    #[track_caller]
    fn near(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
    }

    /// Worked out with 50 digits by another program.
    #[test]
    fn prices_and_greeks_of_a_call_and_a_put() {
        let call = contract(Side::Call, 100.0, 100.0, 1.0, 0.05, 0.0);
        near(call.price(0.2).unwrap(), 10.450_583_572_185_565, 1e-12);
        let greeks = call.greeks(0.2).unwrap();
        near(greeks.delta, 0.636_830_651_175_619_1, 1e-14);
        near(greeks.gamma, 0.018_762_017_345_846_895, 1e-15);
        near(greeks.theta, -6.414_027_546_438_197 / 365.0, 1e-14);
        near(greeks.vega, 0.375_240_346_916_937_9, 1e-14);
        near(greeks.rho, 0.532_324_815_453_763_4, 1e-14);
        let put = Contract { side: Side::Put, ..call };
        near(put.price(0.2).unwrap(), 5.573_526_022_256_971, 1e-12);
        let greeks = put.greeks(0.2).unwrap();
        near(greeks.delta, 0.636_830_651_175_619_1 - 1.0, 1e-14);
        near(greeks.theta, -1.657_880_423_934_626 / 365.0, 1e-14);
        near(greeks.rho, -0.418_904_609_046_950_7, 1e-14);
    }

    #[test]
    fn without_time_or_volatility_it_is_exercise() {
        for (side, spot, strike, worth, delta) in [
            (Side::Call, 110.0, 100.0, 10.0, 1.0),
            (Side::Call, 90.0, 100.0, 0.0, 0.0),
            (Side::Put, 90.0, 100.0, 10.0, -1.0),
            (Side::Put, 110.0, 100.0, 0.0, 0.0),
        ] {
            for (years, volatility) in [(0.0, 0.3), (0.5, 0.0), (0.0, 0.0)] {
                let option = contract(side, spot, strike, years, 0.0, 0.0);
                near(option.price(volatility).unwrap(), worth, 1e-12);
                let greeks = option.greeks(volatility).unwrap();
                near(greeks.delta, delta, 0.0);
                assert_eq!((greeks.gamma, greeks.vega, greeks.theta.abs()), (0.0, 0.0, 0.0));
            }
        }
        let at_the_strike = contract(Side::Call, 100.0, 100.0, 0.0, 0.05, 0.0);
        assert_eq!(at_the_strike.price(0.2), Ok(0.0));
        assert_eq!(at_the_strike.greeks(0.2), Err(Invalid::AtTheStrike));
    }

    #[test]
    fn what_cannot_be_computed_with_is_named() {
        let good = contract(Side::Call, 100.0, 100.0, 1.0, 0.05, 0.0);
        for (option, volatility, why) in [
            (Contract { spot: 0.0, ..good }, 0.2, Invalid::Spot),
            (Contract { spot: f64::NAN, ..good }, 0.2, Invalid::Spot),
            (Contract { spot: f64::INFINITY, ..good }, 0.2, Invalid::Spot),
            (Contract { strike: -5.0, ..good }, 0.2, Invalid::Strike),
            (Contract { years: -0.1, ..good }, 0.2, Invalid::Years),
            (Contract { years: f64::NAN, ..good }, 0.2, Invalid::Years),
            (Contract { years: 1e9, ..good }, 0.2, Invalid::Years),
            (Contract { rate: f64::NAN, ..good }, 0.2, Invalid::Rate),
            (Contract { yields: f64::INFINITY, ..good }, 0.2, Invalid::Rate),
            (good, -0.1, Invalid::Volatility),
            (good, f64::NAN, Invalid::Volatility),
            (Contract { years: 200.0, rate: -100.0, ..good }, 0.2, Invalid::Overflow),
            (Contract { spot: f64::MAX, strike: f64::MIN_POSITIVE, ..good }, 0.2, Invalid::Overflow),
        ] {
            assert_eq!(option.price(volatility), Err(why), "{option:?}");
            assert_eq!(option.greeks(volatility), Err(why), "{option:?}");
        }
    }

    prop_compose! {
        fn market()(
            spot in 0.5..5000.0_f64, moneyness in 0.3..3.0_f64, days in 0.05..1500.0_f64,
            rate in -0.02..0.12_f64, yields in 0.0..0.1_f64, volatility in 0.03..3.0_f64,
        ) -> (Contract, f64) {
            (contract(Side::Call, spot, spot * moneyness, days / 365.0, rate, yields), volatility)
        }
    }

    proptest! {
        #[test]
        fn parity_and_bounds((call, volatility) in market()) {
            let put = Contract { side: Side::Put, ..call };
            let (c, p) = (call.price(volatility).unwrap(), put.price(volatility).unwrap());
            let apart = call.spot * (-call.yields * call.years).exp() - call.strike * (-call.rate * call.years).exp();
            let scale = call.spot + call.strike;
            prop_assert!((c - p - apart).abs() <= 1e-13 * scale);
            for (option, price) in [(call, c), (put, p)] {
                let (least, most) = option.bounds().unwrap();
                prop_assert!(least <= price && price <= most + 1e-13 * scale, "{least} {price} {most}");
            }
            let (greeks, others) = (call.greeks(volatility).unwrap(), put.greeks(volatility).unwrap());
            prop_assert!(greeks.gamma >= 0.0 && greeks.vega >= 0.0);
            prop_assert!((0.0..=1.0).contains(&greeks.delta) && (-1.0..=0.0).contains(&others.delta));
            prop_assert!((greeks.gamma - others.gamma).abs() <= 1e-12 && (greeks.vega - others.vega).abs() <= 1e-12);
        }

        #[test]
        fn dearer_with_volatility_and_steeper_in_order((call, volatility) in market(), more in 1.01..1.5_f64) {
            let put = Contract { side: Side::Put, ..call };
            for option in [call, put] {
                let slack = 1e-13 * (option.spot + option.strike);
                prop_assert!(option.price(volatility * more).unwrap() >= option.price(volatility).unwrap() - slack);
            }
            let higher = Contract { strike: call.strike * more, ..call };
            let slack = 1e-13 * (call.spot + higher.strike);
            prop_assert!(higher.price(volatility).unwrap() <= call.price(volatility).unwrap() + slack);
            prop_assert!(higher.greeks(volatility).unwrap().delta <= call.greeks(volatility).unwrap().delta + 1e-12);
        }

        #[test]
        fn greeks_are_slopes((call, volatility) in market(), is_put: bool) {
            let option = if is_put { Contract { side: Side::Put, ..call } } else { call };
            let greeks = option.greeks(volatility).unwrap();
            let slope = |step: f64, at: &dyn Fn(f64) -> f64| {
                (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step)
            };
            let near = |got: f64, slope: f64, scale: f64| (got - slope).abs() <= 1e-5 * scale;
            let (step, of) = (1e-3 * option.spot * (volatility * option.years.sqrt()).min(1.0), option);
            let delta = slope(step, &|by| Contract { spot: of.spot + by, ..of }.price(volatility).unwrap());
            prop_assert!(near(greeks.delta, delta, 1.0), "{} {delta}", greeks.delta);
            let gamma = slope(step, &|by| Contract { spot: of.spot + by, ..of }.greeks(volatility).unwrap().delta);
            prop_assert!(near(greeks.gamma, gamma, greeks.gamma.max(1.0 / of.spot)), "{} {gamma}", greeks.gamma);
            let vega = slope(1e-3 * volatility, &|by| of.price(volatility + by).unwrap()) / 100.0;
            prop_assert!(near(greeks.vega, vega, of.spot / 100.0), "{} {vega}", greeks.vega);
            let step = 1e-3 * of.years;
            let theta = -slope(step, &|by| Contract { years: of.years + by, ..of }.price(volatility).unwrap()) / 365.0;
            let scale = of.spot * (1.0 + volatility / of.years.sqrt()) / 365.0;
            prop_assert!(near(greeks.theta, theta, scale), "{} {theta}", greeks.theta);
            let rho = slope(1e-4, &|by| Contract { rate: of.rate + by, ..of }.price(volatility).unwrap()) / 100.0;
            let scale = (of.spot + of.strike) * of.years.max(0.01) / 100.0 / (volatility * of.years.sqrt()).min(1.0);
            prop_assert!(near(greeks.rho, rho, scale), "{} {rho}", greeks.rho);
        }

        #[test]
        fn no_input_gives_what_is_no_number(
            spot: f64, strike: f64, years: f64, rate: f64, yields: f64, volatility: f64, is_put: bool,
        ) {
            let side = if is_put { Side::Put } else { Side::Call };
            let option = contract(side, spot, strike, years, rate, yields);
            if let Ok(price) = option.price(volatility) {
                prop_assert!(price.is_finite() && price >= 0.0);
            }
            if let Ok(Greeks { delta, gamma, theta, vega, rho }) = option.greeks(volatility) {
                prop_assert!([delta, gamma, theta, vega, rho].into_iter().all(f64::is_finite));
            }
        }
    }
}
