//! Volatility by strike and by expiration: skew, term structure, and what an event adds.

/// An expiration counts as higher or lower than another one when their volatilities differ by more than this share.
const FLAT: f64 = 0.02;

/// The implied volatility of one strike: that of the option out of the money there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The strike.
    pub strike: f64,
    /// The call's delta there, 0 to 1; a put's is this less one, without a yield.
    pub call_delta: f64,
    /// Per year.
    pub volatility: f64,
}

/// The shape of volatility over the strikes of one expiration, all of it in volatility per year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skew {
    /// At the forward price.
    pub at_the_money: f64,
    /// At the put with a delta of -0.25; `None` where the strikes do not reach that far.
    pub put_25: Option<f64>,
    /// At the call with a delta of 0.25; `None` where the strikes do not reach that far.
    pub call_25: Option<f64>,
    /// The call's less the put's volatility at a delta of 25 %: negative where puts are dearer, as on stocks.
    pub risk_reversal: Option<f64>,
    /// Their mean less that at the money: how much the wings are dearer.
    pub butterfly: Option<f64>,
    /// By how much the volatility rises with each 10 % that the strike is higher, a line through the strikes within 10 % of
    /// the forward price; `None` with fewer than three of them.
    pub slope: Option<f64>,
}

/// The volatility at the money of one expiration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// The time to it, in years.
    pub years: f64,
    /// Per year.
    pub volatility: f64,
}

/// What the term structure looks like from the first to the last expiration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Later expirations have more volatility, the usual case.
    Contango,
    /// Earlier ones have more: the market is worried about the near future.
    Backwardation,
    /// Neither by more than a fiftieth.
    Flat,
}

/// Between one expiration and the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// From, in years.
    pub from: f64,
    /// To, in years.
    pub to: f64,
    /// The volatility between them that both expirations imply; `None` where the later one has less variance in total, which
    /// is a contradiction in the quotes.
    pub forward_volatility: Option<f64>,
}

/// The term structure of one underlying.
#[derive(Debug, Clone, PartialEq)]
pub struct TermStructure {
    /// The expirations by time.
    pub terms: Vec<Term>,
    /// First against last.
    pub shape: Shape,
    /// The last expiration's volatility less the first one's.
    pub rise: f64,
    /// Between each expiration and the next.
    pub steps: Vec<Step>,
}

/// What is wrong with volatilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoShape {
    /// A forward price, strike, delta, time or volatility is out of bounds or no number.
    #[error("a number is out of bounds")]
    Bounds,
    /// No strike on one of the two sides of the forward price.
    #[error("the strikes do not lie on both sides of the forward price")]
    OneSided,
    /// Fewer than two expirations.
    #[error("fewer than two expirations have a volatility")]
    TooFew,
    /// The volatility does not rise over the event.
    #[error("the expiration after the event holds no more variance than the days without it would bring")]
    NoEvent,
}

fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0 && value <= 1e12
}

/// The skew of one expiration. Between strikes, volatility is taken as straight in the logarithm of the strike, and in delta.
///
/// # Errors
///
/// [`NoShape`].
pub fn skew(points: &[Point], forward: f64) -> Result<Skew, NoShape> {
    let is_point = |point: &Point| {
        is_positive(point.strike) && (0.0..=1.0).contains(&point.call_delta) && is_positive(point.volatility)
    };
    if !is_positive(forward) || !points.iter().all(is_point) {
        return Err(NoShape::Bounds);
    }
    let mut points = points.to_vec();
    points.sort_by(|one, other| one.strike.total_cmp(&other.strike));
    let away = |point: &Point| libm::log(point.strike / forward);
    let by_strike: Vec<(f64, f64)> = points.iter().map(|point| (away(point), point.volatility)).collect();
    let mut by_delta: Vec<(f64, f64)> = points.iter().map(|point| (point.call_delta, point.volatility)).collect();
    by_delta.sort_by(|one, other| one.0.total_cmp(&other.0));
    let at_the_money = between(&by_strike, 0.0).ok_or(NoShape::OneSided)?;
    let (put_25, call_25) = (between(&by_delta, 0.75), between(&by_delta, 0.25));
    let both = put_25.zip(call_25);
    let near: Vec<(f64, f64)> = points
        .iter()
        .map(|point| (point.strike / forward - 1.0, point.volatility))
        .filter(|(away, _)| away.abs() <= 0.1 + 1e-12)
        .collect();
    Ok(Skew {
        at_the_money,
        put_25,
        call_25,
        risk_reversal: both.map(|(put, call)| call - put),
        butterfly: both.map(|(put, call)| (put + call) / 2.0 - at_the_money),
        slope: slope(&near).map(|slope| slope / 10.0),
    })
}

/// The term structure, by the volatility at the money of each expiration. Expirations without time left are left out.
///
/// # Errors
///
/// [`NoShape`].
pub fn term_structure(terms: &[Term]) -> Result<TermStructure, NoShape> {
    let is_term = |term: &Term| (0.0..=200.0).contains(&term.years) && is_positive(term.volatility);
    if !terms.iter().all(is_term) {
        return Err(NoShape::Bounds);
    }
    let mut terms: Vec<Term> = terms.iter().filter(|term| term.years > 0.0).copied().collect();
    terms.sort_by(|one, other| one.years.total_cmp(&other.years));
    let (Some(first), Some(last)) = (terms.first(), terms.last()) else { return Err(NoShape::TooFew) };
    if terms.len() < 2 {
        return Err(NoShape::TooFew);
    }
    let rise = last.volatility - first.volatility;
    let shape = match rise {
        rise if rise > FLAT * first.volatility => Shape::Contango,
        rise if rise < -FLAT * first.volatility => Shape::Backwardation,
        _ => Shape::Flat,
    };
    let steps = terms.windows(2).filter_map(|pair| {
        let [from, to] = pair else { return None };
        let variance = total(to) - total(from);
        let years = to.years - from.years;
        let forward_volatility = (years > 0.0 && variance >= 0.0).then(|| (variance / years).sqrt());
        Some(Step { from: from.years, to: to.years, forward_volatility: forward_volatility.filter(|v| v.is_finite()) })
    });
    let steps = steps.collect();
    Ok(TermStructure { shape, rise, steps, terms })
}

/// The move that the market expects of an event such as earnings, as one standard deviation in fractions of the price: what
/// the first expiration after it holds in variance beyond the volatility of ordinary days. Ordinary is the expiration before
/// the event, or where there is none a volatility that the caller knows.
///
/// # Errors
///
/// [`NoShape`].
pub fn event_move(ordinary: f64, after: Term) -> Result<f64, NoShape> {
    if !is_positive(ordinary) || !is_positive(after.volatility) || !is_positive(after.years) || after.years > 200.0 {
        return Err(NoShape::Bounds);
    }
    let days = (after.years * 365.0 - 1.0).max(0.0);
    let extra = total(&after) - ordinary * ordinary * days / 365.0;
    if extra > 0.0 && extra.is_finite() { Ok(extra.sqrt()) } else { Err(NoShape::NoEvent) }
}

fn total(term: &Term) -> f64 {
    term.volatility * term.volatility * term.years
}

/// A straight line between the two neighbours in an ascending list; `None` outside of it.
fn between(points: &[(f64, f64)], at: f64) -> Option<f64> {
    let after = points.partition_point(|(x, _)| *x < at);
    let &(right, above) = points.get(after)?;
    if right == at {
        return Some(above);
    }
    let &(left, below) = points.get(after.checked_sub(1)?)?;
    Some(below + (above - below) * (at - left) / (right - left))
}

/// The slope of the line of least squares.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < 3 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer strikes than a double can count")]
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let products = points.iter().map(|point| ((point.0 - x) * (point.1 - y), (point.0 - x) * (point.0 - x)));
    let (both, squares) = products.fold((0.0, 0.0), |sum, product| (sum.0 + product.0, sum.1 + product.1));
    (squares > 0.0).then(|| both / squares).filter(|slope| slope.is_finite())
}

#[cfg(test)]
mod tests {
    use domain::occ::Side;
    use proptest::prelude::*;

    use super::*;
    use crate::Contract;

    /// A smile that is straight in the logarithm of the strike.
    fn points(spot: f64, years: f64, at: f64, tilt: f64) -> Vec<Point> {
        let strikes = (0..41).map(|step| spot * (0.6 + 0.02 * f64::from(step)));
        let point = |strike: f64| {
            let volatility = at + tilt * (strike / spot).ln();
            let call = Contract { side: Side::Call, spot, strike, years, rate: 0.0, yields: 0.0 };
            Point { strike, call_delta: call.greeks(volatility).unwrap().delta, volatility }
        };
        strikes.map(point).collect()
    }

    #[test]
    fn puts_that_are_dearer_show_as_a_negative_risk_reversal() {
        let skew = skew(&points(100.0, 0.25, 0.25, -0.2), 100.0).unwrap();
        assert!((skew.at_the_money - 0.25).abs() < 1e-12);
        let (put, call) = (skew.put_25.unwrap(), skew.call_25.unwrap());
        assert!(put > 0.26 && call < 0.24, "{put} {call}");
        assert!((skew.risk_reversal.unwrap() - (call - put)).abs() < 1e-15);
        // d ln K at the money is dK over K: ten percent of strike are about -0.02.
        assert!((skew.slope.unwrap() + 0.02).abs() < 2e-4, "{:?}", skew.slope);
        assert!(skew.butterfly.unwrap().abs() < 0.01);
    }

    #[test]
    fn what_has_no_shape_is_named() {
        let good = points(100.0, 0.25, 0.25, 0.0);
        assert_eq!(skew(&good, f64::NAN), Err(NoShape::Bounds));
        assert_eq!(skew(&good, 1000.0), Err(NoShape::OneSided));
        assert_eq!(skew(&[], 100.0), Err(NoShape::OneSided));
        let bad = Point { volatility: f64::NAN, ..good[0] };
        assert_eq!(skew(&[bad], 100.0), Err(NoShape::Bounds));
        let near = &good[19..22];
        let narrow = skew(near, 100.0).unwrap();
        assert_eq!((narrow.put_25, narrow.call_25, narrow.risk_reversal), (None, None, None));
        let term = |years, volatility| Term { years, volatility };
        assert_eq!(term_structure(&[term(0.1, 0.2)]), Err(NoShape::TooFew));
        assert_eq!(term_structure(&[term(0.1, 0.2), term(0.0, 0.3)]), Err(NoShape::TooFew));
        assert_eq!(term_structure(&[term(0.1, 0.2), term(f64::NAN, 0.3)]), Err(NoShape::Bounds));
        assert_eq!(event_move(0.2, term(0.1, 0.19)), Err(NoShape::NoEvent));
        assert_eq!(event_move(f64::NAN, term(0.1, 0.19)), Err(NoShape::Bounds));
    }

    #[test]
    fn term_structures() {
        let term = |days: f64, volatility| Term { years: days / 365.0, volatility };
        let rising = term_structure(&[term(60.0, 0.25), term(30.0, 0.20)]).unwrap();
        assert_eq!(rising.shape, Shape::Contango);
        assert!((rising.rise - 0.05).abs() < 1e-15);
        // (0.0625 * 60 - 0.04 * 30) / 30 = 0.085
        assert!((rising.steps[0].forward_volatility.unwrap() - 0.085_f64.sqrt()).abs() < 1e-12);
        assert_eq!(term_structure(&[term(30.0, 0.30), term(60.0, 0.25)]).unwrap().shape, Shape::Backwardation);
        assert_eq!(term_structure(&[term(30.0, 0.25), term(60.0, 0.2501)]).unwrap().shape, Shape::Flat);
        let contradiction = term_structure(&[term(30.0, 0.30), term(60.0, 0.15)]).unwrap();
        assert_eq!(contradiction.steps[0].forward_volatility, None);
    }

    proptest! {
        /// Ordinary days and one with a move of its own give that move back.
        #[test]
        fn an_event_is_found_again(ordinary in 0.1..0.8_f64, days in 1.0..90.0_f64, event in 0.005..0.3_f64) {
            let years = days / 365.0;
            let variance = ordinary * ordinary * (days - 1.0) / 365.0 + event * event;
            let found = event_move(ordinary, Term { years, volatility: (variance / years).sqrt() }).unwrap();
            prop_assert!((found - event).abs() < 1e-9);
        }

        #[test]
        fn any_numbers_give_a_shape_or_a_reason(
            points in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>()), 0..8), forward: f64,
        ) {
            let terms: Vec<Term> =
                points.iter().map(|(years, volatility, _)| Term { years: *years, volatility: *volatility }).collect();
            if let Ok(found) = term_structure(&terms) {
                prop_assert!(found.rise.is_finite());
            }
            let points = points.into_iter();
            let points: Vec<Point> = points
                .map(|(strike, call_delta, volatility)| Point { strike, call_delta: call_delta % 1.0, volatility })
                .collect();
            if let Ok(skew) = skew(&points, forward) {
                let numbers = [skew.put_25, skew.call_25, skew.risk_reversal, skew.butterfly, skew.slope];
                prop_assert!(numbers.into_iter().flatten().all(f64::is_finite) && skew.at_the_money.is_finite());
            }
        }
    }
}
