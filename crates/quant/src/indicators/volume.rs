//! Indicators that weigh a move with its volume.

use ta_lib::Core;

use super::{InvalidParameter, Series, both, finite, period, talib_one};
use crate::Bars;

/// Granville's on-balance volume: the volume of bars that closed higher less that of bars that closed lower, from the first
/// bar's volume on.
pub fn on_balance(bars: &Bars) -> Series {
    // There is no parameter that could be refused; were it, no bar would have a value.
    talib_one("OBV", bars.len(), |last, out| Core::new().obv(0, last, bars.close(), bars.volume(), out))
        .unwrap_or_else(|_| vec![None; bars.len()])
}

/// Chaikin's accumulation and distribution: volume times the close's place in its bar's range, -1 at the low to 1 at the high,
/// added up.
pub fn accumulation(bars: &Bars) -> Series {
    let (high, low, close, volume) = (bars.high(), bars.low(), bars.close(), bars.volume());
    // As above: nothing can be refused.
    talib_one("A/D", bars.len(), |last, out| Core::new().ad(0, last, high, low, close, volume, out))
        .unwrap_or_else(|_| vec![None; bars.len()])
}

/// Chaikin's oscillator: the difference of two exponential averages of accumulation, usually over 3 and 10 bars.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn chaikin_oscillator(bars: &Bars, fast: usize, slow: usize) -> Result<Series, InvalidParameter> {
    period("the fast period of the Chaikin oscillator", fast, 2)?;
    period("the slow period of the Chaikin oscillator", slow, 2)?;
    let accumulated = accumulation(bars);
    let series = both(&decayed(&accumulated, fast), &decayed(&accumulated, slow), |fast, slow| fast - slow);
    let first = fast.max(slow) - 1;
    Ok(series.into_iter().enumerate().map(|(bar, value)| value.filter(|_| bar >= first)).collect())
}

/// The exponential average that starts at the first value itself. Accumulation is large against what it changes by: the sum
/// is rounded in the order of TA-Lib in C, since the difference of two such averages shows it.
fn decayed(series: &[Option<f64>], n: usize) -> Series {
    let factor = 2.0 / (n as f64 + 1.0);
    let mut average: Option<f64> = None;
    let step = |value: &Option<f64>| {
        let value = (*value)?;
        average = Some(average.map_or(value, |average| (1.0 - factor).mul_add(average, factor * value)));
        average.and_then(finite)
    };
    series.iter().map(step).collect()
}

/// The money flow index over `n` bars: like RSI, of the typical price times the volume, 0 to 100.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn money_flow_index(bars: &Bars, n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of MFI", n, 2)?;
    let (high, low, close, volume) = (bars.high(), bars.low(), bars.close(), bars.volume());
    talib_one("MFI", bars.len(), |last, out| Core::new().mfi(0, last, high, low, close, volume, n, out))
}

/// Chaikin's money flow: of the last `n` bars, volume times the close's place in its bar's range over volume, -1 to 1. A bar
/// without range counts as 0; without volume in all of them there is none.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn chaikin_money_flow(bars: &Bars, n: usize) -> Result<Series, InvalidParameter> {
    period("the period of CMF", n, 1)?;
    let rows = bars.high().iter().zip(bars.low()).zip(bars.close()).zip(bars.volume());
    let flows: Vec<f64> = rows
        .map(|(((high, low), close), volume)| {
            let range = high - low;
            if range > 0.0 { (2.0 * close - (high + low)) / range * volume } else { 0.0 }
        })
        .collect();
    let mut series = vec![None; bars.len()];
    let windows = flows.windows(n).zip(bars.volume().windows(n));
    for (entry, (flows, volumes)) in series.iter_mut().skip(n - 1).zip(windows) {
        let volume: f64 = volumes.iter().sum();
        *entry = if volume > 0.0 { finite(flows.iter().sum::<f64>() / volume) } else { None };
    }
    Ok(series)
}
