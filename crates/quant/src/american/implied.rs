//! Implied volatility of American options.

use domain::occ::Side;

use super::Expiration;
use crate::black_scholes::Contract;
use crate::implied::NoVolatility;

/// The least volatility that is looked for.
const LEAST: f64 = 1e-4;
/// The most.
const MOST: f64 = 100.0;
/// How often a price is asked for at most.
const ROUNDS: usize = 60;

impl Contract {
    /// The volatility per year at which [`Contract::american_price`] is this price per share.
    ///
    /// # Errors
    ///
    /// [`NoVolatility`]; [`NoVolatility::Exercised`] where the price is what exercise now is worth, which any low volatility
    /// gives.
    pub fn american_implied_volatility(&self, price: f64) -> Result<f64, NoVolatility> {
        self.invert(price, 1e-12, |volatility| self.american_price(volatility))
    }

    /// `of` is the American price of a volatility; the volatility is found to `exact` of itself.
    fn invert(
        &self,
        price: f64,
        exact: f64,
        of: impl Fn(f64) -> Result<f64, crate::Invalid>,
    ) -> Result<f64, NoVolatility> {
        self.check()?;
        if !price.is_finite() || price <= 0.0 {
            return Err(NoVolatility::Price);
        }
        if self.years <= 0.0 {
            return Err(NoVolatility::NoTime);
        }
        // However uncertain: exercise at the best moment gives no more than this.
        let most = match self.side {
            Side::Call => self.spot * libm::exp(-self.yields.min(0.0) * self.years),
            Side::Put => self.strike * libm::exp(-self.rate.min(0.0) * self.years),
        };
        if price >= most {
            return Err(NoVolatility::TooDear);
        }
        let intrinsic = self.intrinsic();
        if price < intrinsic {
            return Err(NoVolatility::NoTimeValue);
        }
        if price <= intrinsic * (1.0 + 1e-13) {
            return Err(NoVolatility::Exercised);
        }
        // The American option is worth more, so that less volatility is enough for it.
        let most = match self.implied_volatility(price) {
            Ok(volatility) => volatility,
            Err(NoVolatility::TooDear) => MOST,
            Err(error) => return Err(error),
        };
        let start = most.min(3.0);
        let (mut low, mut high) = (LEAST.min(most * 0.5), most * (1.0 + 1e-9));
        let slope = self.greeks(start).map_or(0.0, |greeks| greeks.vega * 100.0);
        let mut last = (start, of(start)? - price);
        // The European option has this price: where the right to exercise adds nothing it is the answer.
        let tiny = 4.0 * f64::EPSILON * price.max(self.spot);
        let mut next = last.0 - last.1 / slope;
        for _ in 0..ROUNDS {
            let (volatility, off) = last;
            if off.abs() <= tiny {
                return Ok(volatility);
            }
            if off > 0.0 {
                high = volatility;
            } else {
                low = volatility;
            }
            if !(next > low && next < high) {
                next = (low * high).sqrt();
            }
            if (next - volatility).abs() <= exact * volatility || high - low <= exact * low {
                return self.found(next, &of);
            }
            let value = of(next)? - price;
            let slope = (value - off) / (next - volatility);
            last = (next, value);
            next -= value / slope;
        }
        self.found(last.0, &of)
    }

    /// A volatility at the end of the search, unless exercise now is all that its price is.
    fn found(&self, volatility: f64, of: &impl Fn(f64) -> Result<f64, crate::Invalid>) -> Result<f64, NoVolatility> {
        if volatility >= MOST * 0.99 {
            return Err(NoVolatility::TooDear);
        }
        if self.intrinsic() > 0.0 && of(volatility)? <= self.intrinsic() {
            return Err(NoVolatility::Exercised);
        }
        Ok(volatility)
    }
}

impl Expiration {
    /// As [`Contract::american_implied_volatility`], by the boundaries of this expiration: to some millionths of the price
    /// of the underlying over the vega.
    ///
    /// # Errors
    ///
    /// [`NoVolatility`].
    pub fn implied_volatility(&self, contract: &Contract, price: f64) -> Result<f64, NoVolatility> {
        contract.invert(price, 1e-8, |volatility| self.price(contract, volatility))
    }
}
