//! Direction and its strength: Wilder's directional system, Aroon, the parabolic stop, Supertrend, Ichimoku, regression.

use ta_lib::Core;

use super::range::atr;
use super::windows::{highest, lowest};
use super::{InvalidParameter, Series, both, factor, finite, period, talib, talib_one};
use crate::Bars;

/// Wilder's directional movement over `n` bars. Sums, not averages: each bar takes off the `n`-th part and adds its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Directional {
    /// Upwards.
    pub plus: Series,
    /// Downwards.
    pub minus: Series,
}

/// +DM and -DM, in the price's unit.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn directional_movement(bars: &Bars, n: usize) -> Result<Directional, InvalidParameter> {
    let n = period("the period of DM", n, 1)?;
    let (high, low) = (bars.high(), bars.low());
    Ok(Directional {
        plus: talib_one("+DM", bars.len(), |last, out| Core::new().plus_dm(0, last, high, low, n, out))?,
        minus: talib_one("-DM", bars.len(), |last, out| Core::new().minus_dm(0, last, high, low, n, out))?,
    })
}

/// +DI and -DI: the directional movement in percent of the true range.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn directional_index(bars: &Bars, n: usize) -> Result<Directional, InvalidParameter> {
    let n = period("the period of DI", n, 1)?;
    let (high, low, close) = (bars.high(), bars.low(), bars.close());
    Ok(Directional {
        plus: talib_one("+DI", bars.len(), |last, out| Core::new().plus_di(0, last, high, low, close, n, out))?,
        minus: talib_one("-DI", bars.len(), |last, out| Core::new().minus_di(0, last, high, low, close, n, out))?,
    })
}

/// DX: how far +DI and -DI are apart, in percent of their sum.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn dx(bars: &Bars, n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of DX", n, 2)?;
    talib_one("DX", bars.len(), |last, out| Core::new().dx(0, last, bars.high(), bars.low(), bars.close(), n, out))
}

/// ADX: Wilder's average of DX, the strength of a trend whatever its direction.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn adx(bars: &Bars, n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of ADX", n, 2)?;
    talib_one("ADX", bars.len(), |last, out| Core::new().adx(0, last, bars.high(), bars.low(), bars.close(), n, out))
}

/// ADXR: the mean of ADX now and `n - 1` bars ago.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn adxr(bars: &Bars, n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of ADXR", n, 2)?;
    talib_one("ADXR", bars.len(), |last, out| Core::new().adxr(0, last, bars.high(), bars.low(), bars.close(), n, out))
}

/// Chande's Aroon: how recent the highest high (`up`) and the lowest low (`down`) of the last `n` bars are, 100 for now.
#[derive(Debug, Clone, PartialEq)]
pub struct Aroon {
    /// Of the highest high.
    pub up: Series,
    /// Of the lowest low.
    pub down: Series,
}

/// Aroon over `n` bars and the present one.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn aroon(bars: &Bars, n: usize) -> Result<Aroon, InvalidParameter> {
    let n = period("the period of Aroon", n, 2)?;
    let [down, up] = talib::<2>("Aroon", bars.len(), |last, [down, up]| {
        Core::new().aroon(0, last, bars.high(), bars.low(), n, down, up)
    })?;
    Ok(Aroon { up, down })
}

/// Wilder's parabolic stop and reverse, with the acceleration's step and its largest value, usually 0.02 and 0.2.
///
/// # Errors
///
/// [`InvalidParameter`] for a step or limit that is not positive.
pub fn parabolic_sar(bars: &Bars, step: f64, limit: f64) -> Result<Series, InvalidParameter> {
    let step = factor("the step of SAR", step)?;
    let limit = factor("the limit of SAR", limit)?;
    talib_one("SAR", bars.len(), |last, out| Core::new().sar(0, last, bars.high(), bars.low(), step, limit, out))
}

/// The value at the newest bar of the straight line through the last `n` values by least squares.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn regression(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of the regression", n, 2)?;
    talib_one("the regression", values.len(), |last, out| Core::new().linearreg(0, last, values, n, out))
}

/// The slope of that line per bar.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn regression_slope(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of the regression", n, 2)?;
    talib_one("the regression", values.len(), |last, out| Core::new().linearreg_slope(0, last, values, n, out))
}

/// Seban's Supertrend: a stop that trails the price at a multiple of ATR and changes sides when it is crossed.
#[derive(Debug, Clone, PartialEq)]
pub struct Supertrend {
    /// The stop.
    pub line: Series,
    /// 1 while the stop is below the price, -1 while it is above.
    pub direction: Series,
}

/// Supertrend with an ATR over `n` bars and its multiple, usually 10 and 3.
///
/// It starts upwards at the first bar that has an ATR. A close beyond the other side's band of the bar before turns it; as
/// long as it does not turn its band only tightens.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000, or a multiple that is not positive.
pub fn supertrend(bars: &Bars, n: usize, multiple: f64) -> Result<Supertrend, InvalidParameter> {
    let multiple = factor("the multiple of Supertrend", multiple)?;
    let ranges = atr(bars, n)?;
    let mut found = Supertrend { line: Vec::with_capacity(bars.len()), direction: Vec::with_capacity(bars.len()) };
    let rows = bars.high().iter().zip(bars.low()).zip(bars.close()).zip(ranges);
    let mut before: Option<(f64, f64, f64)> = None;
    for (((high, low), close), range) in rows {
        let Some(range) = range else {
            found.line.push(None);
            found.direction.push(None);
            continue;
        };
        let middle = 0.5 * (high + low);
        let (mut lower, mut upper) = (middle - multiple * range, middle + multiple * range);
        let direction = match before {
            Some((_, above, _)) if *close > above => 1.0,
            Some((below, _, _)) if *close < below => -1.0,
            Some((below, above, direction)) => {
                if direction > 0.0 {
                    lower = lower.max(below);
                } else {
                    upper = upper.min(above);
                }
                direction
            }
            None => 1.0,
        };
        before = Some((lower, upper, direction));
        found.line.push(finite(if direction > 0.0 { lower } else { upper }));
        found.direction.push(Some(direction));
    }
    Ok(found)
}

/// Hosoda's Ichimoku, each line at the bar over which it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Ichimoku {
    /// The conversion line (tenkan-sen): the middle of the range of the shortest period.
    pub conversion: Series,
    /// The base line (kijun-sen): the same of the middle period.
    pub base: Series,
    /// The leading span A: the mean of the two lines, drawn ahead by the middle period.
    pub span_a: Series,
    /// The leading span B: the middle of the range of the longest period, drawn ahead likewise.
    pub span_b: Series,
    /// The lagging span (chikou): the close, drawn back by the middle period. It looks into the future: of a bar it is known only
    /// that many bars later.
    pub lagging: Series,
    /// The spans of the bars to come, the next one first: as many as the middle period has.
    pub ahead: Vec<(Option<f64>, Option<f64>)>,
}

/// Ichimoku with its three periods, usually 9, 26 and 52.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn ichimoku(bars: &Bars, short: usize, middle: usize, long: usize) -> Result<Ichimoku, InvalidParameter> {
    let centre = |n| Ok(both(&highest(bars.high(), n)?, &lowest(bars.low(), n)?, |high, low| 0.5 * (low + high)));
    let conversion = centre(short)?;
    let base = centre(middle)?;
    let a = both(&conversion, &base, |conversion, base| 0.5 * (conversion + base));
    let b = centre(long)?;
    let length = bars.len();
    let ahead_by = |span: &Series| -> Series { vec![None; middle].into_iter().chain(span.iter().copied()).collect() };
    let (mut span_a, mut span_b) = (ahead_by(&a), ahead_by(&b));
    let ahead = span_a.split_off(length).into_iter().zip(span_b.split_off(length)).collect();
    let mut lagging: Series = bars.close().iter().skip(middle).copied().map(Some).collect();
    lagging.resize(length, None);
    Ok(Ichimoku { conversion, base, span_a, span_b, lagging, ahead })
}
