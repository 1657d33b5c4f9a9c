//! Implied volatility: which volatility makes the model give a price.

use implied_vol::{DefaultSpecialFn, ImpliedBlackVolatilityNormalised};

use crate::black_scholes::{Contract, Fixed, Greeks, Invalid, Term};

/// Volatilities above this are no answer: the price is at its upper bound, where volatility means nothing any more.
const MOST: f64 = 100.0;

/// Why a price implies no volatility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoVolatility {
    /// The option or its market cannot be computed with.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The price is not a positive number.
    #[error("the price is not a positive number")]
    Price,
    /// The option ends now.
    #[error("there is no time left")]
    NoTime,
    /// The price is not above what exercise is worth.
    #[error("the price holds no time value")]
    NoTimeValue,
    /// The price of an American option is what exercise now is worth: any volatility that is low enough gives it.
    #[error("the price is what exercise now is worth, so that it holds no volatility")]
    Exercised,
    /// The price is not below the most that the option can be worth.
    #[error("the price is more than the option can be worth")]
    TooDear,
}

impl Contract {
    /// The volatility per year at which [`Contract::price`] is this price per share, a positive fraction.
    ///
    /// # Errors
    ///
    /// [`NoVolatility`].
    pub fn implied_volatility(&self, price: f64) -> Result<f64, NoVolatility> {
        self.implied_of(&self.fixed()?, price)
    }

    /// The volatility that a price implies, and the greeks at it: what both need is computed once.
    ///
    /// # Errors
    ///
    /// [`NoVolatility`].
    pub fn implied(&self, price: f64) -> Result<(f64, Greeks), NoVolatility> {
        let fixed = self.fixed()?;
        let volatility = self.implied_of(&fixed, price)?;
        Ok((volatility, self.greeks_of(&fixed, volatility)?))
    }

    /// As [`Contract::implied`], for one of many options of an expiration. An option of another one is computed alone.
    ///
    /// # Errors
    ///
    /// [`NoVolatility`].
    pub fn implied_in(&self, term: &Term, price: f64) -> Result<(f64, Greeks), NoVolatility> {
        if !term.is_of(self) {
            return self.implied(price);
        }
        let fixed = self.fixed_at(term)?;
        let volatility = self.implied_of(&fixed, price)?;
        Ok((volatility, self.greeks_of(&fixed, volatility)?))
    }

    fn implied_of(&self, fixed: &Fixed, price: f64) -> Result<f64, NoVolatility> {
        let (least, most) = fixed.bounds();
        if !price.is_finite() || price <= 0.0 {
            return Err(NoVolatility::Price);
        }
        if self.years <= 0.0 {
            return Err(NoVolatility::NoTime);
        }
        if price <= least {
            return Err(NoVolatility::NoTimeValue);
        }
        if price >= most {
            return Err(NoVolatility::TooDear);
        }
        // The time value over the geometric mean of forward and strike is what the solver inverts; the logarithm of their
        // ratio is at hand.
        let Fixed { forward, ahead, root, discount, .. } = *fixed;
        let sign = if self.side == domain::occ::Side::Call { 1.0 } else { -1.0 };
        let time_value = price / discount - (sign * (forward - self.strike)).max(0.0);
        let product = forward * self.strike;
        // Of prices so large or small that their product is none.
        let mean = if product.is_normal() { product.sqrt() } else { forward.sqrt() * self.strike.sqrt() };
        let found = ImpliedBlackVolatilityNormalised::builder()
            .log_moneyness(ahead)
            .normalised_price(time_value / mean)
            .build()
            .and_then(|asked| asked.calculate::<DefaultSpecialFn>())
            .map(|swing| swing / root);
        match found {
            // Rounding of the discount can take what little time value there was.
            None => Err(NoVolatility::NoTimeValue),
            Some(volatility) if volatility > 0.0 && volatility <= MOST => Ok(volatility),
            Some(volatility) if volatility > MOST => Err(NoVolatility::TooDear),
            Some(_) => Err(NoVolatility::NoTimeValue),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::occ::Side;
    use proptest::prelude::*;

    use super::*;

    const CALL: Contract = Contract { side: Side::Call, spot: 100.0, strike: 80.0, years: 0.5, rate: 0.0, yields: 0.0 };

    #[test]
    fn prices_that_imply_nothing() {
        let put = Contract { side: Side::Put, ..CALL };
        for (option, price, why) in [
            (CALL, 19.99, NoVolatility::NoTimeValue),
            (CALL, 20.0, NoVolatility::NoTimeValue),
            (CALL, 100.0, NoVolatility::TooDear),
            (put, 80.5, NoVolatility::TooDear),
            (put, 0.0, NoVolatility::Price),
            (put, -0.01, NoVolatility::Price),
            (put, f64::NAN, NoVolatility::Price),
            (put, f64::INFINITY, NoVolatility::Price),
            (Contract { years: 0.0, ..CALL }, 21.0, NoVolatility::NoTime),
            (Contract { spot: f64::NAN, ..CALL }, 21.0, NoVolatility::Invalid(Invalid::Spot)),
        ] {
            assert_eq!(option.implied_volatility(price), Err(why), "{option:?} {price}");
        }
    }

    proptest! {
        #[test]
        fn a_price_gives_its_volatility_back(
            is_put: bool, spot in 1.0..5000.0_f64, away in -2.5..2.5_f64, days in 0.5..900.0_f64,
            rate in 0.0..0.1_f64, yields in 0.0..0.06_f64, volatility in 0.05..2.0_f64,
        ) {
            let years = days / 365.0;
            let strike = spot * (away * volatility * years.sqrt()).exp();
            let side = if is_put { Side::Put } else { Side::Call };
            let option = Contract { side, spot, strike, years, rate, yields };
            let price = option.price(volatility).unwrap();
            let found = option.implied_volatility(price).unwrap();
            // What one rounding of the price is worth in volatility.
            let slope = option.greeks(volatility).unwrap().vega * 100.0;
            let tolerance = 1e-12 + 64.0 * f64::EPSILON * (spot + strike) / slope;
            prop_assert!((found - volatility).abs() <= tolerance, "{found} {volatility} {tolerance}");
        }

        #[test]
        fn any_price_has_a_volatility_or_a_reason(
            is_put: bool, spot: f64, strike: f64, years: f64, rate: f64, yields: f64, price: f64,
        ) {
            let side = if is_put { Side::Put } else { Side::Call };
            let option = Contract { side, spot, strike, years, rate, yields };
            if let Ok(volatility) = option.implied_volatility(price) {
                prop_assert!(volatility.is_finite() && volatility > 0.0);
            }
        }
    }
}
