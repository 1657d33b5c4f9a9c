//! Moving averages.

use ta_lib::Core;

use super::{InvalidParameter, Series, both, chained, finite, period, talib_one};
use crate::Bars;

/// The simple moving average: the mean of the last `n` values.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn sma(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of SMA", n, 1)?;
    talib_one("SMA", values.len(), |last, out| Core::new().sma(0, last, values, n, out))
}

/// The exponential moving average with factor `2 / (n + 1)`, started from the mean of the first `n` values.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn ema(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    period("the period of EMA", n, 1)?;
    Ok(exponential(values, n, 0))
}

/// The exponential average that starts from the mean of the `n` values after the first `skip`.
///
/// Rounded as TA-Lib in C rounds it. Its port to Rust takes the same sum apart differently, which costs digits where prices
/// are large against their moves: a difference of two averages shows it.
pub(super) fn exponential(values: &[f64], n: usize, skip: usize) -> Series {
    let mut series = vec![None; values.len()];
    let Some(seed) = values.get(skip..skip + n).map(|first| first.iter().sum::<f64>() / n as f64) else {
        return series;
    };
    let factor = 2.0 / (n as f64 + 1.0);
    let mut average = seed;
    let first = skip + n - 1;
    for (bar, (entry, value)) in series.iter_mut().zip(values).enumerate().skip(first) {
        if bar > first {
            average = (value - average).mul_add(factor, average);
        }
        *entry = finite(average);
    }
    series
}

/// The moving average with weights that fall linearly from `n` for the newest value to 1.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn wma(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of WMA", n, 1)?;
    talib_one("WMA", values.len(), |last, out| Core::new().wma(0, last, values, n, out))
}

/// Mulloy's double exponential average: `2 EMA - EMA(EMA)`.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn dema(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of DEMA", n, 1)?;
    talib_one("DEMA", values.len(), |last, out| Core::new().dema(0, last, values, n, out))
}

/// Mulloy's triple exponential average: `3 EMA - 3 EMA(EMA) + EMA(EMA(EMA))`.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn tema(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of TEMA", n, 1)?;
    talib_one("TEMA", values.len(), |last, out| Core::new().tema(0, last, values, n, out))
}

/// Kaufman's adaptive average: quick where the values run straight, slow where they go to and fro, with the constants 2
/// and 30.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn kama(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of KAMA", n, 1)?;
    talib_one("KAMA", values.len(), |last, out| Core::new().kama(0, last, values, n, out))
}

/// Hull's average: the weighted average over `sqrt(n)` bars of `2 WMA(n / 2) - WMA(n)`, both roundings down.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn hma(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    period("the period of HMA", n, 2)?;
    let quick = wma(values, n / 2)?;
    let slow = wma(values, n)?;
    let [series] =
        chained(&both(&quick, &slow, |quick, slow| 2.0 * quick - slow), |values| Ok([wma(values, n.isqrt())?]))?;
    Ok(series)
}

/// The average close of the last `n` bars, weighted with their volumes. Without volume in all of them there is none.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn vwma(bars: &Bars, n: usize) -> Result<Series, InvalidParameter> {
    period("the period of VWMA", n, 1)?;
    let mut series = vec![None; bars.len()];
    let windows = bars.close().windows(n).zip(bars.volume().windows(n));
    for (entry, (closes, volumes)) in series.iter_mut().skip(n - 1).zip(windows) {
        let volume: f64 = volumes.iter().sum();
        let traded: f64 = closes.iter().zip(volumes).map(|(close, volume)| close * volume).sum();
        *entry = if volume > 0.0 { finite(traded / volume) } else { None };
    }
    Ok(series)
}
