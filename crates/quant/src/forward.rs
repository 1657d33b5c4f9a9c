//! The forward price that options imply: put-call parity needs neither dividends nor the cost of borrowing to be guessed.

/// How many strikes next to the money are used.
const STRIKES: usize = 5;

/// The prices of call and put at one strike, per share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The strike.
    pub strike: f64,
    /// The middle of the call's market.
    pub call: f64,
    /// The middle of the put's market.
    pub put: f64,
}

/// What an expiration's options imply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forward {
    /// The price for delivery at the expiration: the median over the strikes that were used.
    pub price: f64,
    /// The yield, dividends and cost of borrowing together, that makes `spot` grow to it at the rate given; `None` where the
    /// expiration is now.
    pub yields: Option<f64>,
    /// How far the strikes that were used are apart in it, from the lowest to the highest.
    pub spread: f64,
    /// How many strikes were used.
    pub strikes: usize,
}

/// Why no forward price is implied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoForward {
    /// No strike has prices of both sides.
    #[error("no strike has prices of both call and put")]
    NoPair,
    /// The underlying's price is not a positive number.
    #[error("the price of the underlying is not a positive number")]
    Spot,
    /// The time or the rate is out of bounds or no number.
    #[error("the time or the rate is out of bounds")]
    Rate,
    /// The prices contradict each other: the forward price would not be positive, or is beyond what a double holds.
    #[error("the prices of calls and puts imply no positive forward price")]
    Inconsistent,
}

/// The forward price that put-call parity gives: `strike + (call - put) * exp(rate * years)`, the median over the five
/// strikes at which call and put are nearest to each other, since their markets are the narrowest. It is exact for European
/// options; for American ones it is off by the difference of the two rights to exercise early, which is least at the money.
///
/// # Errors
///
/// [`NoForward`]. Pairs with a price that is not a positive number are left out.
pub fn implied(pairs: &[Pair], spot: f64, rate: f64, years: f64) -> Result<Forward, NoForward> {
    if !(spot.is_finite() && spot > 0.0) {
        return Err(NoForward::Spot);
    }
    if !(0.0..=200.0).contains(&years) || !(-100.0..=100.0).contains(&rate) {
        return Err(NoForward::Rate);
    }
    let is_price = |price: f64| price.is_finite() && price > 0.0;
    let usable = pairs.iter().filter(|pair| [pair.strike, pair.call, pair.put].into_iter().all(is_price));
    let mut usable: Vec<Pair> = usable.copied().collect();
    usable.sort_by(|one, other| {
        let apart = |pair: &Pair| (pair.call - pair.put).abs();
        apart(one).total_cmp(&apart(other)).then(one.strike.total_cmp(&other.strike))
    });
    usable.truncate(STRIKES);
    let growth = libm::exp(rate * years);
    let mut prices: Vec<f64> = usable.iter().map(|pair| pair.strike + (pair.call - pair.put) * growth).collect();
    prices.sort_by(f64::total_cmp);
    let (Some(lowest), Some(highest)) = (prices.first(), prices.last()) else { return Err(NoForward::NoPair) };
    let middle = |index: usize| prices.get(index).copied().unwrap_or(f64::NAN);
    let price = (middle((prices.len() - 1) / 2) + middle(prices.len() / 2)) / 2.0;
    if !is_price(price) {
        return Err(NoForward::Inconsistent);
    }
    let yields = (years > 0.0).then(|| rate - libm::log(price / spot) / years).filter(|yields| yields.is_finite());
    Ok(Forward { price, yields, spread: highest - lowest, strikes: prices.len() })
}

#[cfg(test)]
mod tests {
    use domain::occ::Side;
    use proptest::prelude::*;

    use super::*;
    use crate::Contract;

    #[test]
    fn what_implies_nothing_is_named() {
        let pair = Pair { strike: 100.0, call: 5.0, put: 4.0 };
        assert_eq!(implied(&[], 100.0, 0.05, 0.1), Err(NoForward::NoPair));
        assert_eq!(implied(&[Pair { put: 0.0, ..pair }], 100.0, 0.05, 0.1), Err(NoForward::NoPair));
        assert_eq!(implied(&[pair], f64::NAN, 0.05, 0.1), Err(NoForward::Spot));
        assert_eq!(implied(&[pair], 100.0, 0.05, -0.1), Err(NoForward::Rate));
        assert_eq!(implied(&[pair], 100.0, f64::NAN, 0.1), Err(NoForward::Rate));
        assert_eq!(implied(&[Pair { put: 500.0, ..pair }], 100.0, 0.05, 0.1), Err(NoForward::Inconsistent));
        let now = implied(&[pair], 100.0, 0.05, 0.0).unwrap();
        assert_eq!((now.price, now.yields, now.strikes), (101.0, None, 1));
    }

    #[test]
    fn one_wrong_quote_does_not_move_it() {
        let pairs = [(95.0, 6.5, 1.5), (100.0, 3.5, 3.5), (105.0, 1.5, 6.5), (110.0, 9.0, 11.0), (90.0, 10.8, 0.8)];
        let pairs = pairs.map(|(strike, call, put)| Pair { strike, call, put });
        let forward = implied(&pairs, 100.0, 0.0, 0.1).unwrap();
        assert_eq!((forward.price, forward.spread, forward.strikes), (100.0, 8.0, 5));
    }

    proptest! {
        /// Parity holds in the model, so that its own prices give its forward price back.
        #[test]
        fn prices_of_the_model_give_its_forward(
            spot in 1.0..5000.0_f64, rate in -0.02..0.1_f64, yields in 0.0..0.08_f64, days in 0.5..900.0_f64,
            volatility in 0.1..1.0_f64,
        ) {
            let years = days / 365.0;
            let pairs: Vec<Pair> = (0..9).map(|step| {
                let strike = spot * (0.9 + 0.025 * f64::from(step));
                let price = |side| Contract { side, spot, strike, years, rate, yields }.price(volatility).unwrap();
                Pair { strike, call: price(Side::Call), put: price(Side::Put) }
            }).collect();
            let forward = implied(&pairs, spot, rate, years).unwrap();
            let expected = spot * ((rate - yields) * years).exp();
            prop_assert!((forward.price - expected).abs() <= 1e-11 * spot);
            prop_assert!((forward.yields.unwrap() - yields).abs() <= 1e-10 / years);
        }

        #[test]
        fn any_numbers_give_a_forward_or_a_reason(
            pairs in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>()), 0..8),
            spot: f64, rate: f64, years: f64,
        ) {
            let pairs: Vec<Pair> =
                pairs.into_iter().map(|(strike, call, put)| Pair { strike, call, put }).collect();
            if let Ok(forward) = implied(&pairs, spot, rate, years) {
                prop_assert!(forward.price.is_finite() && forward.price > 0.0);
                prop_assert!(forward.yields.is_none_or(f64::is_finite));
            }
        }
    }
}
