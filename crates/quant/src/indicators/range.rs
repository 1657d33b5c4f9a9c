//! How far prices move: true range, deviations, bands, channels, the squeeze, choppiness.

use ta_lib::{Core, MAType};

use super::averages::{ema, sma};
use super::windows::{highest, lowest};
use super::{InvalidParameter, Series, both, chained, factor, finite, period, talib, talib_one};
use crate::Bars;

/// Wilder's true range: the largest of high less low and the distances of both from the last close. The first bar has none.
pub fn true_range(bars: &Bars) -> Series {
    let (high, low, close) = (bars.high(), bars.low(), bars.close());
    // There is no parameter that could be refused; were it, no bar would have a value.
    talib_one("the true range", bars.len(), |last, out| Core::new().trange(0, last, high, low, close, out))
        .unwrap_or_else(|_| vec![None; bars.len()])
}

/// Wilder's average true range over `n` bars, in the price's unit.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn atr(bars: &Bars, n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of ATR", n, 1)?;
    talib_one("ATR", bars.len(), |last, out| Core::new().atr(0, last, bars.high(), bars.low(), bars.close(), n, out))
}

/// ATR in percent of the close.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn normalized_atr(bars: &Bars, n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of ATR", n, 1)?;
    talib_one("ATR", bars.len(), |last, out| Core::new().natr(0, last, bars.high(), bars.low(), bars.close(), n, out))
}

/// The standard deviation of the last `n` values, as of a whole population.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000.
pub fn deviation(values: &[f64], n: usize) -> Result<Series, InvalidParameter> {
    let n = period("the period of the deviation", n, 2)?;
    talib_one("the deviation", values.len(), |last, out| Core::new().stddev(0, last, values, n, 1.0, out))
}

/// A middle line with one below and one above.
#[derive(Debug, Clone, PartialEq)]
pub struct Bands {
    /// Below.
    pub lower: Series,
    /// Between.
    pub middle: Series,
    /// Above.
    pub upper: Series,
}

/// Bollinger's bands: the simple average over `n` bars and `width` standard deviations to both sides, usually 20 and 2.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000, or a width that is not positive.
pub fn bollinger(values: &[f64], n: usize, width: f64) -> Result<Bands, InvalidParameter> {
    let n = period("the period of the Bollinger bands", n, 2)?;
    let width = factor("the width of the Bollinger bands", width)?;
    let [upper, middle, lower] = talib::<3>("the Bollinger bands", values.len(), |last, [upper, middle, lower]| {
        Core::new().bbands(0, last, values, n, width, width, MAType::SMA, upper, middle, lower)
    })?;
    Ok(Bands { lower, middle, upper })
}

/// Keltner's channel: the exponential average of the close over `n` bars, and that of the true range `width` times to both
/// sides, usually 20 and 2.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000, or a width that is not positive.
pub fn keltner(bars: &Bars, n: usize, width: f64) -> Result<Bands, InvalidParameter> {
    channel(bars, n, width, ema)
}

/// Keltner's channel with simple averages, as the squeeze takes it.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000, or a width that is not positive.
pub fn simple_keltner(bars: &Bars, n: usize, width: f64) -> Result<Bands, InvalidParameter> {
    channel(bars, n, width, sma)
}

fn channel(
    bars: &Bars,
    n: usize,
    width: f64,
    average: fn(&[f64], usize) -> Result<Series, InvalidParameter>,
) -> Result<Bands, InvalidParameter> {
    let width = factor("the width of the Keltner channel", width)?;
    let middle = average(bars.close(), n)?;
    let [band] = chained(&true_range(bars), |ranges| Ok([average(ranges, n)?]))?;
    Ok(Bands {
        lower: both(&middle, &band, |middle, band| middle - width * band),
        upper: both(&middle, &band, |middle, band| middle + width * band),
        middle,
    })
}

/// Donchian's channel: the lowest low of `lower` bars, the highest high of `upper`, and the middle of the two.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn donchian(bars: &Bars, lower: usize, upper: usize) -> Result<Bands, InvalidParameter> {
    let lower = lowest(bars.low(), lower)?;
    let upper = highest(bars.high(), upper)?;
    Ok(Bands { middle: both(&lower, &upper, |lower, upper| 0.5 * (lower + upper)), lower, upper })
}

/// How the Bollinger bands lie in Keltner's channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Squeeze {
    /// Both bands within it: prices move less than their ranges would let expect.
    On,
    /// Both bands outside of it.
    Off,
    /// One within and one outside.
    Neither,
}

/// Carter's squeeze: Bollinger bands over `n` bars of `width` deviations against the channel of simple averages over
/// `channel` bars of `channel_width` true ranges, usually 20, 2, 20 and 1.5.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000, or a width that is not positive.
pub fn squeeze(
    bars: &Bars,
    n: usize,
    width: f64,
    channel: usize,
    channel_width: f64,
) -> Result<Vec<Option<Squeeze>>, InvalidParameter> {
    let bands = bollinger(bars.close(), n, width)?;
    let channel = simple_keltner(bars, channel, channel_width)?;
    let lower = bands.lower.iter().zip(&channel.lower);
    let upper = bands.upper.iter().zip(&channel.upper);
    let judged = lower.zip(upper).map(|((band_low, low), (band_high, high))| {
        let (band_low, low, band_high, high) = ((*band_low)?, (*low)?, (*band_high)?, (*high)?);
        Some(match (band_low > low && band_high < high, band_low < low && band_high > high) {
            (true, _) => Squeeze::On,
            (_, true) => Squeeze::Off,
            _ => Squeeze::Neither,
        })
    });
    Ok(judged.collect())
}

/// Dreiss' choppiness index: `100 log(sum of ATR / range) / log(n)`, where the ATRs over `atr_bars` (usually 1) of `n` bars are
/// added and the range is that of the same `n` bars. High where prices go to and fro. Without a range there is none.
///
/// # Errors
///
/// [`InvalidParameter`] for a period below 2 or above 100,000, or for ATRs over 0 bars.
pub fn choppiness(bars: &Bars, n: usize, atr_bars: usize) -> Result<Series, InvalidParameter> {
    let length = period("the period of the choppiness", n, 2)?;
    let ranges = atr(bars, atr_bars)?;
    let extent = both(&highest(bars.high(), n)?, &lowest(bars.low(), n)?, |high, low| high - low);
    let mut series = vec![None; bars.len()];
    let rows = series.iter_mut().zip(&extent).skip(n - 1).zip(ranges.windows(n));
    for ((entry, extent), window) in rows {
        let sum: Option<f64> = window.iter().copied().sum();
        *entry = match (sum, extent) {
            (Some(sum), Some(extent)) if sum > 0.0 && *extent > 0.0 => {
                finite(100.0 * libm::log10(sum / extent) / libm::log10(f64::from(length)))
            }
            _ => None,
        };
    }
    Ok(series)
}
