//! Oscillators and rates of change.

use ta_lib::{Core, MAType};

use super::averages::{exponential, sma};
use super::{InvalidParameter, Series, both, chained, period, talib, talib_one};
use crate::Bars;

/// Wilder's relative strength index over `n` bars, 0 to 100. 0 as long as the value never moved.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn rsi(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of RSI", n, 2)?;
    let mut series = talib_one("RSI", values.len(), |last, out| Core::new().rsi(0, last, values, n, out))?;
    // Neither gains nor losses is 0 divided by 0. TA-Lib in C says 0 there; its port has come to say 50.
    let unmoved =
        values.windows(2).position(|pair| pair.first() != pair.last()).map_or(values.len(), |moved| moved + 1);
    series.iter_mut().take(unmoved).flatten().for_each(|value| *value = 0.0);
    Ok(series)
}

/// Appel's MACD: the difference of two exponential averages, its own average, and what is between the two.
#[derive(Debug, Clone, PartialEq)]
pub struct Macd {
    /// The quick average less the slow one.
    pub line: Series,
    /// The exponential average of the line.
    pub signal: Series,
    /// The line less the signal.
    pub histogram: Series,
}

/// MACD with periods `fast`, `slow` and `signal`, usually 12, 26 and 9; the shorter of the first two is the quick one. Both
/// averages start at the same bar, the quick one from the mean of the last `fast` values up to there.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of the averages below 2, of the signal below 1, or any above 100,000.
pub fn macd(values: &[f64], fast: usize, slow: usize, signal: usize) -> Result<Macd, InvalidParameter> {
    period("the fast period of MACD", fast, 2)?;
    period("the slow period of MACD", slow, 2)?;
    period("the signal period of MACD", signal, 1)?;
    let (fast, slow) = (fast.min(slow), fast.max(slow));
    let quick = exponential(values, fast, slow - fast);
    let mut line = both(&quick, &exponential(values, slow, 0), |quick, slow| quick - slow);
    let [smooth] = chained(&line, |line| Ok([exponential(line, signal, 0)]))?;
    // The three columns start together, at the first bar that has a signal.
    line.iter_mut().zip(&smooth).for_each(|(line, signal)| *line = line.filter(|_| signal.is_some()));
    let histogram = both(&line, &smooth, |line, signal| line - signal);
    Ok(Macd { line, signal: smooth, histogram })
}

/// Lane's stochastic: where the close lies between the lowest low (0) and the highest high (100).
#[derive(Debug, Clone, PartialEq)]
pub struct Stochastic {
    /// %K.
    pub k: Series,
    /// %D, the simple average of %K.
    pub d: Series,
}

/// The slow stochastic: %K over `n` bars, smoothed over `smooth`, and %D over `d`.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn stochastic(bars: &Bars, n: usize, smooth: usize, d: usize) -> Result<Stochastic, InvalidParameter> {
    let n = period("the period of the stochastic", n, 1)?;
    let smooth = period("the smoothing of the stochastic", smooth, 1)?;
    let d = period("the period of %D", d, 1)?;
    let [k, d] = talib::<2>("the stochastic", bars.len(), |last, [k, out]| {
        let (high, low, close) = (bars.high(), bars.low(), bars.close());
        Core::new().stoch(0, last, high, low, close, n, smooth, MAType::SMA, d, MAType::SMA, k, out)
    })?;
    Ok(Stochastic { k, d })
}

/// The fast stochastic: %K over `n` bars as it is, and %D over `d`.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn fast_stochastic(bars: &Bars, n: usize, d: usize) -> Result<Stochastic, InvalidParameter> {
    fast(bars.high(), bars.low(), bars.close(), n, d)
}

fn fast(high: &[f64], low: &[f64], close: &[f64], n: usize, d: usize) -> Result<Stochastic, InvalidParameter> {
    let n = period("the period of the stochastic", n, 1)?;
    let d = period("the period of %D", d, 1)?;
    let [k, d] = talib::<2>("the stochastic", close.len(), |last, [k, out]| {
        Core::new().stochf(0, last, high, low, close, n, d, MAType::SMA, k, out)
    })?;
    Ok(Stochastic { k, d })
}

/// The fast stochastic of an RSI over `n` bars: %K over `k` of its values, %D over `d`.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of the RSI below 2, of the others below 1, or any above 100,000.
pub fn stochastic_rsi(values: &[f64], n: usize, k: usize, d: usize) -> Result<Stochastic, InvalidParameter> {
    let [k, d] = chained(&rsi(values, n)?, |strength| {
        let Stochastic { k, d } = fast(strength, strength, strength, k, d)?;
        Ok([k, d])
    })?;
    Ok(Stochastic { k, d })
}

/// Williams' %R: where the close lies between the highest high (0) and the lowest low (-100) of `n` bars.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn williams_r(bars: &Bars, n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of %R", n, 2)?;
    talib_one("%R", bars.len(), |last, out| Core::new().willr(0, last, bars.high(), bars.low(), bars.close(), n, out))
}

/// Lambert's commodity channel index over `n` bars: the typical price's distance from its average in units of 0.015 mean
/// deviations.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn cci(bars: &Bars, n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of CCI", n, 2)?;
    talib_one("CCI", bars.len(), |last, out| Core::new().cci(0, last, bars.high(), bars.low(), bars.close(), n, out))
}

/// The change over `n` bars in percent.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn rate_of_change(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of ROC", n, 1)?;
    talib_one("ROC", values.len(), |last, out| Core::new().roc(0, last, values, n, out))
}

/// The change over `n` bars.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn momentum(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of momentum", n, 1)?;
    talib_one("momentum", values.len(), |last, out| Core::new().mom(0, last, values, n, out))
}

/// The momentum that Carter's squeeze shows: the change over `n` bars, averaged over `smooth`.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn smoothed_momentum(values: &[f64], n: usize, smooth: usize) -> Result<Series, InvalidParameter> {
    let [series] = chained(&momentum(values, n)?, |values| Ok([sma(values, smooth)?]))?;
    Ok(series)
}
