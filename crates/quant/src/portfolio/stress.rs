//! What becomes of everything if the market moves at once: each option priced anew, no sum of greeks.

use super::{Entry, InvalidPortfolio};

/// How one underlying follows the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// All underlyings move by the same share of their prices.
    Alike,
    /// Each by its beta times that; where that is not known, by a beta of one.
    ByBeta,
}

/// One cell: the market moved, and volatility with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stressed {
    /// The move of the market as a fraction: -0.1 is down 10 %.
    pub spot_shift: f64,
    /// What is added to each volatility, per year.
    pub volatility_shift: f64,
    /// The change of value of everything.
    pub change: f64,
    /// The same for each underlying, in the order given.
    pub by_underlying: Vec<f64>,
}

/// The change of value of everything at once: for each shift of volatility, for each move of the market, in this order. A price
/// that would fall below nothing is nothing.
///
/// # Errors
///
/// [`InvalidPortfolio`].
pub fn stress(
    entries: &[Entry],
    spot_shifts: &[f64],
    volatility_shifts: &[f64],
    how: Move,
) -> Result<Vec<Stressed>, InvalidPortfolio> {
    if !spot_shifts.iter().all(|shift| (-1.0..=100.0).contains(shift)) {
        return Err(InvalidPortfolio::Bounds);
    }
    let profit = |entry: &Entry, price: f64, shift: f64| {
        entry.strategy.profit_after(&entry.market, price, 0.0, shift, entry.model).map_err(entry.wrong())
    };
    let now = entries.iter().map(|entry| {
        entry.check_beta()?;
        entry.market.check()?;
        profit(entry, entry.market.spot, 0.0)
    });
    let now = now.collect::<Result<Vec<f64>, InvalidPortfolio>>()?;
    let mut cells = Vec::with_capacity(spot_shifts.len() * volatility_shifts.len());
    for &volatility_shift in volatility_shifts {
        for &spot_shift in spot_shifts {
            let changes = entries.iter().zip(&now).map(|(entry, now)| {
                let beta = match how {
                    Move::Alike => 1.0,
                    Move::ByBeta => entry.beta.unwrap_or(1.0),
                };
                let price = (entry.market.spot * (1.0 + beta * spot_shift)).max(0.0);
                Ok(profit(entry, price, volatility_shift)? - now)
            });
            let by_underlying = changes.collect::<Result<Vec<f64>, InvalidPortfolio>>()?;
            let change = by_underlying.iter().sum::<f64>();
            if !change.is_finite() {
                return Err(InvalidPortfolio::Bounds);
            }
            cells.push(Stressed { spot_shift, volatility_shift, change, by_underlying });
        }
    }
    Ok(cells)
}
