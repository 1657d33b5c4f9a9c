//! How much two underlyings move together, by their past returns.

/// Fewer returns than this say nothing.
const LEAST: usize = 10;

/// Why there is no correlation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCorrelation {
    /// The series differ in length, so that their returns are not of the same days.
    #[error("the series are not of one length")]
    Lengths,
    /// Too few returns.
    #[error("there are fewer than 10 returns")]
    TooFew,
    /// One series does not move.
    #[error("one of the series does not move")]
    Flat,
    /// A price is not positive, or a number is none.
    #[error("a price is not a positive number")]
    Bounds,
}

/// The returns from each close to the next, as differences of logarithms.
///
/// # Errors
///
/// [`NoCorrelation::Bounds`].
pub fn log_returns(closes: &[f64]) -> Result<Vec<f64>, NoCorrelation> {
    if !closes.iter().all(|close| close.is_finite() && *close > 0.0) {
        return Err(NoCorrelation::Bounds);
    }
    let steps = closes.windows(2).filter_map(|pair| {
        let [before, after] = pair else { return None };
        Some(libm::log(after / before))
    });
    let returns: Vec<f64> = steps.collect();
    if returns.iter().all(|one| one.is_finite()) { Ok(returns) } else { Err(NoCorrelation::Bounds) }
}

/// Pearson's correlation of two series of returns of the same days, -1 to 1.
///
/// # Errors
///
/// [`NoCorrelation`].
pub fn correlation(one: &[f64], other: &[f64]) -> Result<f64, NoCorrelation> {
    if one.len() != other.len() {
        return Err(NoCorrelation::Lengths);
    }
    if one.len() < LEAST {
        return Err(NoCorrelation::TooFew);
    }
    if !one.iter().chain(other).all(|value| value.is_finite() && value.abs() <= 1e6) {
        return Err(NoCorrelation::Bounds);
    }
    #[expect(clippy::cast_precision_loss, reason = "no series has as many days as a double can count")]
    let count = one.len() as f64;
    let mean = |series: &[f64]| series.iter().sum::<f64>() / count;
    let (first, second) = (mean(one), mean(other));
    let (mut both, mut squares, mut squares_other) = (0.0, 0.0, 0.0);
    for (x, y) in one.iter().zip(other) {
        let (x, y) = (x - first, y - second);
        both += x * y;
        squares += x * x;
        squares_other += y * y;
    }
    // What rounding leaves of a series that does not move.
    let is_flat = |squares: f64, mean: f64| squares <= count * (1e-14 * mean) * (1e-14 * mean);
    if is_flat(squares, first) || is_flat(squares_other, second) {
        return Err(NoCorrelation::Flat);
    }
    let found = both / (squares.sqrt() * squares_other.sqrt());
    if found.is_finite() { Ok(found.clamp(-1.0, 1.0)) } else { Err(NoCorrelation::Flat) }
}

/// The correlation of each series with each, row by row; `None` where a pair has none.
pub fn correlations(series: &[Vec<f64>]) -> Vec<Vec<Option<f64>>> {
    let row = |one: &Vec<f64>| series.iter().map(|other| correlation(one, other).ok()).collect();
    series.iter().map(row).collect()
}
