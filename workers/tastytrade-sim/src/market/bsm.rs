//! Black, Scholes and Merton: the value of a European option and its greeks.

use super::occ::Right;

/// What a value is computed from; fractions per year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Terms {
    pub right: Right,
    pub spot: f64,
    pub strike: f64,
    pub years: f64,
    pub volatility: f64,
    /// The risk-free rate.
    pub rate: f64,
    /// What the underlying pays; for an option on a future the rate itself.
    pub yields: f64,
}

/// The greeks of one unit of the underlying, as the streamer gives them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Greeks {
    pub price: f64,
    /// The implied volatility, a fraction per year.
    pub volatility: f64,
    pub delta: f64,
    pub gamma: f64,
    /// Per calendar day.
    pub theta: f64,
    /// Per percentage point of the rate.
    pub rho: f64,
    /// Per percentage point of volatility.
    pub vega: f64,
}

/// The value, in the money of `spot`.
pub(crate) fn value(terms: &Terms) -> f64 {
    let Terms { right, spot, strike, years, rate, yields, .. } = *terms;
    let Some((up, down)) = distances(terms) else {
        return match right {
            Right::Call => (spot - strike).max(0.0),
            Right::Put => (strike - spot).max(0.0),
        };
    };
    let (held, paid) = (spot * (-yields * years).exp(), strike * (-rate * years).exp());
    match right {
        Right::Call => held * normal(up) - paid * normal(down),
        Right::Put => paid * normal(-down) - held * normal(-up),
    }
}

/// Value and greeks. Of an expired option only the delta is left, 0 or 1.
pub(crate) fn greeks(terms: &Terms) -> Greeks {
    let Terms { right, spot, strike, years, volatility, rate, yields } = *terms;
    let price = value(terms);
    let sign = if right == Right::Call { 1.0 } else { -1.0 };
    let Some((up, down)) = distances(terms) else {
        let delta = if price > 0.0 { sign } else { 0.0 };
        return Greeks { price, volatility, delta, ..Greeks::default() };
    };
    let (grown, discount) = ((-yields * years).exp(), (-rate * years).exp());
    let density = (-up * up / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let decay = -spot * grown * density * volatility / (2.0 * years.sqrt());
    let carry = sign * (yields * spot * grown * normal(sign * up) - rate * strike * discount * normal(sign * down));
    Greeks {
        price,
        volatility,
        delta: sign * grown * normal(sign * up),
        gamma: grown * density / (spot * volatility * years.sqrt()),
        theta: (decay + carry) / 365.0,
        rho: sign * strike * years * discount * normal(sign * down) / 100.0,
        vega: spot * grown * density * years.sqrt() / 100.0,
    }
}

fn distances(terms: &Terms) -> Option<(f64, f64)> {
    let Terms { spot, strike, years, volatility, rate, yields, .. } = *terms;
    let swing = volatility * years.sqrt();
    if swing <= 0.0 || spot <= 0.0 || strike <= 0.0 {
        return None;
    }
    let up = ((spot / strike).ln() + (rate - yields + volatility * volatility / 2.0) * years) / swing;
    Some((up, up - swing))
}

/// The normal distribution function.
pub(crate) fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(right: Right) -> Terms {
        Terms { right, spot: 100.0, strike: 100.0, years: 1.0, volatility: 0.2, rate: 0.05, yields: 0.02 }
    }

    #[test]
    fn values_are_the_textbooks() {
        // d1 = 0.25, d2 = 0.05; N(d1) = 0.598706, N(d2) = 0.519939.
        let call = value(&terms(Right::Call));
        assert!((call - 9.2270).abs() < 1e-3, "{call}");
        let parity = 100.0 * (-0.02_f64).exp() - 100.0 * (-0.05_f64).exp();
        assert!((call - value(&terms(Right::Put)) - parity).abs() < 1e-9);
    }

    proptest::proptest! {
        #[test]
        fn values_stay_within_their_bounds(spot in 1.0..1000.0_f64, strike in 1.0..1000.0_f64, years in 0.0..2.0_f64) {
            for right in [Right::Call, Right::Put] {
                let value = value(&Terms { spot, strike, years, volatility: 0.4, ..terms(right) });
                let most = if right == Right::Call { spot } else { strike };
                proptest::prop_assert!((-1e-9..=most + 1e-9).contains(&value), "{value}");
            }
        }

        #[test]
        fn greeks_are_the_slopes_of_the_value(spot in 60.0..160.0_f64, years in 0.05..2.0_f64, volatility in 0.1..0.8_f64) {
            for right in [Right::Call, Right::Put] {
                let here = Terms { spot, years, volatility, ..terms(right) };
                let greeks = greeks(&here);
                let slope = |a: Terms, b: Terms, width: f64| (value(&a) - value(&b)) / width;
                let h = 1e-4;
                let delta = slope(Terms { spot: spot + h, ..here }, Terms { spot: spot - h, ..here }, 2.0 * h);
                proptest::prop_assert!((delta - greeks.delta).abs() < 1e-5);
                let vega = slope(
                    Terms { volatility: volatility + h, ..here }, Terms { volatility: volatility - h, ..here }, 2.0 * h);
                proptest::prop_assert!((vega / 100.0 - greeks.vega).abs() < 1e-5);
                let theta = slope(Terms { years: years - h, ..here }, Terms { years: years + h, ..here }, 2.0 * h);
                proptest::prop_assert!((theta / 365.0 - greeks.theta).abs() < 1e-4);
                let rho = slope(Terms { rate: 0.05 + h, ..here }, Terms { rate: 0.05 - h, ..here }, 2.0 * h);
                proptest::prop_assert!((rho / 100.0 - greeks.rho).abs() < 1e-4);
            }
        }
    }
}
