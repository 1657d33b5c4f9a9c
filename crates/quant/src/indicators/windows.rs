//! The extremes of a moving window.

use ta_lib::Core;

use super::{InvalidParameter, Series, finite, period, talib_one};

/// The largest of the last `n` values.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn highest(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let bars = period("the period of the highest", n, 1)?;
    if n == 1 {
        return Ok(values.iter().copied().map(finite).collect());
    }
    talib_one("the highest", values.len(), |last, out| Core::new().max(0, last, values, bars, out))
}

/// The smallest of the last `n` values.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn lowest(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let bars = period("the period of the lowest", n, 1)?;
    if n == 1 {
        return Ok(values.iter().copied().map(finite).collect());
    }
    talib_one("the lowest", values.len(), |last, out| Core::new().min(0, last, values, bars, out))
}
