//! How far the market expects the underlying to move until an expiration, in dollars: ways that are in use, each under its
//! own name, because they differ.

/// The share of the straddle's price in [`scaled_straddle`].
const STRADDLE_SHARE: f64 = 0.85;
/// TastyTrade's shares of straddle, first and second strangle.
const WEIGHTS: [f64; 3] = [0.60, 0.30, 0.10];

/// Why there is no expected move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoMove {
    /// The underlying's price is not a positive number.
    #[error("the price of the underlying is not a positive number")]
    Spot,
    /// The volatility is negative, out of bounds or no number.
    #[error("the volatility is out of bounds")]
    Volatility,
    /// The time is negative, out of bounds or no number.
    #[error("the time to expiration is out of bounds")]
    Years,
    /// An option's price is negative, out of bounds or no number.
    #[error("the price of an option is negative or out of bounds")]
    Price,
}

/// One standard deviation by the volatility at the money: `spot * volatility * sqrt(years)`.
///
/// # Errors
///
/// [`NoMove`].
pub fn by_volatility(spot: f64, volatility: f64, years: f64) -> Result<f64, NoMove> {
    if !(spot.is_finite() && spot > 0.0) {
        return Err(NoMove::Spot);
    }
    if !(0.0..=100.0).contains(&volatility) {
        return Err(NoMove::Volatility);
    }
    if !(0.0..=200.0).contains(&years) {
        return Err(NoMove::Years);
    }
    let expected = spot * volatility * years.sqrt();
    if expected.is_finite() { Ok(expected) } else { Err(NoMove::Spot) }
}

/// The price of the straddle at the money, which for a normal distribution is the mean absolute move: about 0.8 of
/// [`by_volatility`].
///
/// # Errors
///
/// [`NoMove::Price`].
pub fn straddle(call: f64, put: f64) -> Result<f64, NoMove> {
    pair((call, put))
}

/// 85 % of the straddle at the money, a common rule of traders.
///
/// # Errors
///
/// [`NoMove::Price`].
pub fn scaled_straddle(call: f64, put: f64) -> Result<f64, NoMove> {
    pair((call, put)).map(|straddle| STRADDLE_SHARE * straddle)
}

/// TastyTrade's platform: 60 % of the straddle at the money, 30 % of the strangle one strike out, 10 % of the one two strikes
/// out. Each pair is call and put.
///
/// # Errors
///
/// [`NoMove::Price`].
pub fn weighted(straddle: (f64, f64), first: (f64, f64), second: (f64, f64)) -> Result<f64, NoMove> {
    let [at, near, far] = WEIGHTS;
    Ok(at * pair(straddle)? + near * pair(first)? + far * pair(second)?)
}

fn pair((call, put): (f64, f64)) -> Result<f64, NoMove> {
    let is_price = |price: f64| (0.0..=1e12).contains(&price);
    if is_price(call) && is_price(put) { Ok(call + put) } else { Err(NoMove::Price) }
}

#[cfg(test)]
mod tests {
    use domain::occ::Side;
    use proptest::prelude::*;

    use super::*;
    use crate::Contract;

    #[test]
    fn each_way_by_hand() {
        // 100 * 0.3 * sqrt(36.5 / 365) = 9.4868...
        assert!((by_volatility(100.0, 0.3, 0.1).unwrap() - 9.486_832_980_505_138).abs() < 1e-12);
        assert!((straddle(4.05, 3.60).unwrap() - 7.65).abs() < 1e-12);
        assert!((scaled_straddle(4.05, 3.60).unwrap() - 6.5025).abs() < 1e-12);
        // 0.6 * 7.65 + 0.3 * 5.20 + 0.1 * 3.40 = 6.49
        assert!((weighted((4.05, 3.60), (2.8, 2.4), (1.9, 1.5)).unwrap() - 6.49).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_computed_with_is_named() {
        assert_eq!(by_volatility(0.0, 0.3, 0.1), Err(NoMove::Spot));
        assert_eq!(by_volatility(f64::NAN, 0.3, 0.1), Err(NoMove::Spot));
        assert_eq!(by_volatility(100.0, -0.3, 0.1), Err(NoMove::Volatility));
        assert_eq!(by_volatility(100.0, 0.3, f64::INFINITY), Err(NoMove::Years));
        assert_eq!(straddle(-1.0, 1.0), Err(NoMove::Price));
        assert_eq!(scaled_straddle(1.0, f64::NAN), Err(NoMove::Price));
        assert_eq!(weighted((1.0, 1.0), (1.0, 1.0), (1.0, f64::INFINITY)), Err(NoMove::Price));
    }

    proptest! {
        /// Without drift, and as long as the move is small, the straddle is the mean of the absolute move.
        #[test]
        fn the_straddle_is_four_fifths(spot in 1.0..5000.0_f64, volatility in 0.05..0.5_f64, days in 1.0..60.0_f64) {
            let years = days / 365.0;
            let price = |side| {
                let option = Contract { side, spot, strike: spot, years, rate: 0.0, yields: 0.0 };
                option.price(volatility).unwrap()
            };
            let sum = straddle(price(Side::Call), price(Side::Put)).unwrap();
            let share = sum / by_volatility(spot, volatility, years).unwrap();
            prop_assert!((share - 0.797_884_560_8).abs() < 0.002, "{share}");
        }
    }
}
