//! Greeks of everything, and what is tied up where.

use std::collections::BTreeMap;

use super::{Entry, InvalidPortfolio};

/// The greeks of a portfolio, in dollars.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposure {
    /// Shares of the index that it moves like: the sum of `delta * beta * price / index price`.
    pub beta_weighted_delta: f64,
    /// Underlyings that are not in it, because their beta is not known.
    pub without_beta: Vec<String>,
    /// The same for each underlying with a beta, in the order given.
    pub by_underlying: Vec<(String, f64)>,
    /// Dollars per 1 % that every underlying moves, without beta.
    pub delta_percent: f64,
    /// Dollars per calendar day.
    pub theta: f64,
    /// Dollars per point of volatility of everything.
    pub vega: f64,
}

/// A part of a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Portion {
    /// Of what.
    pub name: String,
    /// In dollars.
    pub amount: f64,
    /// Of the whole that was named, as a fraction.
    pub share: f64,
}

/// The greeks of everything, deltas weighted by beta against an index at a price.
///
/// # Errors
///
/// [`InvalidPortfolio`].
pub fn exposure(entries: &[Entry], index: f64) -> Result<Exposure, InvalidPortfolio> {
    if !(index.is_finite() && index > 0.0) {
        return Err(InvalidPortfolio::Index);
    }
    let mut whole = Exposure {
        beta_weighted_delta: 0.0,
        without_beta: Vec::new(),
        by_underlying: Vec::new(),
        delta_percent: 0.0,
        theta: 0.0,
        vega: 0.0,
    };
    for entry in entries {
        entry.check_beta()?;
        let position = entry.strategy.position(&entry.market, entry.model).map_err(entry.wrong())?;
        whole.delta_percent += position.delta * entry.market.spot / 100.0;
        whole.theta += position.theta;
        whole.vega += position.vega;
        match entry.beta {
            Some(beta) => {
                let weighted = position.delta * beta * entry.market.spot / index;
                whole.beta_weighted_delta += weighted;
                whole.by_underlying.push((entry.name.clone(), weighted));
            }
            None => whole.without_beta.push(entry.name.clone()),
        }
    }
    let sums = [whole.beta_weighted_delta, whole.delta_percent, whole.theta, whole.vega];
    if sums.into_iter().all(f64::is_finite) { Ok(whole) } else { Err(InvalidPortfolio::Bounds) }
}

/// A share: of buying power that is used, of net liquidating value that one name ties up.
///
/// # Errors
///
/// [`InvalidPortfolio::Base`]: the whole is not positive. [`InvalidPortfolio::Bounds`].
pub fn portion(amount: f64, whole: f64) -> Result<f64, InvalidPortfolio> {
    if whole.is_nan() || whole <= 0.0 {
        return Err(InvalidPortfolio::Base);
    }
    let share = amount / whole;
    if share.is_finite() && whole.is_finite() { Ok(share) } else { Err(InvalidPortfolio::Bounds) }
}

/// Amounts added up by name, an underlying or a sector, each as a share of a whole; the largest first.
///
/// # Errors
///
/// As [`portion`].
pub fn concentration(amounts: &[(&str, f64)], whole: f64) -> Result<Vec<Portion>, InvalidPortfolio> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, amount) in amounts {
        *sums.entry(name).or_default() += amount;
    }
    let portions = sums
        .into_iter()
        .map(|(name, amount)| Ok(Portion { name: name.to_owned(), amount, share: portion(amount, whole)? }));
    let mut portions = portions.collect::<Result<Vec<Portion>, InvalidPortfolio>>()?;
    portions.sort_by(|one, other| other.amount.abs().total_cmp(&one.amount.abs()).then(one.name.cmp(&other.name)));
    Ok(portions)
}

/// Herfindahl's index of concentration: the sum of the squares of each part's share of all parts' sizes. 1 is a single name, and one over
/// the number of names is an even spread. `None` where there is nothing.
pub fn herfindahl(portions: &[Portion]) -> Option<f64> {
    let sum: f64 = portions.iter().map(|portion| portion.amount.abs()).sum();
    let squares: f64 = portions.iter().map(|portion| (portion.amount / sum) * (portion.amount / sum)).sum();
    (sum > 0.0 && squares.is_finite()).then_some(squares)
}
