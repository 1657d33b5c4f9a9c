//! Indicators as they may be shown: the newest value, whether it is settled, or why there is none.
//!
//! On a price that does not move, formulas still give numbers: an RSI, a %K and a money flow index of 0 look like an extreme.
//! A reading says "no signal" there, and why.

use std::fmt;

use crate::Bars;
use crate::indicators::{InvalidParameter, Series, momentum, movement, range, volume};

/// The newest value of an indicator, or why it says nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// There is one.
    Value {
        /// It.
        value: f64,
        /// Whether there were so many bars before that it no longer depends on how the averages were started.
        warmup_ok: bool,
    },
    /// There is none.
    NoSignal(NoSignal),
}

/// Why an indicator says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSignal {
    /// There are too few bars.
    TooShort {
        /// How many there are.
        bars: usize,
        /// How many it takes.
        needs: usize,
    },
    /// The price did not move over the bars that the indicator looks at.
    Flat {
        /// How many bars.
        bars: usize,
    },
    /// Nothing was traded over the bars that the indicator looks at.
    NoVolume {
        /// How many bars.
        bars: usize,
    },
    /// The numbers are too large to compute with.
    Overflow,
}

impl fmt::Display for NoSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { bars, needs } => write!(f, "{bars} bars, it takes {needs}"),
            Self::Flat { bars } => write!(f, "the price did not move over {bars} bars"),
            Self::NoVolume { bars } => write!(f, "no volume over {bars} bars"),
            Self::Overflow => write!(f, "the numbers are too large"),
        }
    }
}

impl Reading {
    /// The value, where there is one.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Value { value, .. } => Some(*value),
            Self::NoSignal(_) => None,
        }
    }

    /// Why there is none.
    pub fn no_signal(&self) -> Option<NoSignal> {
        match self {
            Self::Value { .. } => None,
            Self::NoSignal(reason) => Some(*reason),
        }
    }
}

/// What an indicator needs to say something.
#[derive(Debug, Clone, Copy)]
struct Needs {
    /// Bars up to its first value.
    first: usize,
    /// Bars until its start no longer shows.
    settled: usize,
    /// The newest bars that decide.
    window: usize,
    /// Whether they have to have moved.
    movement: bool,
    /// Whether they have to have been traded.
    volume: bool,
}

impl Needs {
    /// A window of `bars` after which nothing of the past is left.
    fn window(bars: usize) -> Self {
        Self { first: bars, settled: bars, window: bars, movement: true, volume: false }
    }

    /// One of Wilder's averages, which never forget: after ten periods and ten bars a start that was off by a hundredth shows
    /// in less than a millionth.
    fn wilder(first: usize, period: usize) -> Self {
        Self { first, settled: (10 * period + 10).max(first), window: period + 1, movement: true, volume: false }
    }

    /// An exponential average, which forgets as much in six periods.
    fn exponential(first: usize, period: usize) -> Self {
        Self { settled: (6 * period).max(first), ..Self::wilder(first, period) }
    }
}

fn newest(bars: &Bars, series: &Series, needs: Needs) -> Reading {
    if bars.len() < needs.first {
        return Reading::NoSignal(NoSignal::TooShort { bars: bars.len(), needs: needs.first });
    }
    let start = bars.len().saturating_sub(needs.window);
    let looked_at = bars.len() - start;
    if needs.movement && flat(bars, start) {
        return Reading::NoSignal(NoSignal::Flat { bars: looked_at });
    }
    if needs.volume && bars.volume().iter().skip(start).all(|volume| *volume == 0.0) {
        return Reading::NoSignal(NoSignal::NoVolume { bars: looked_at });
    }
    match series.last().copied().flatten() {
        Some(value) => Reading::Value { value, warmup_ok: bars.len() >= needs.settled },
        None => Reading::NoSignal(NoSignal::Overflow),
    }
}

/// Whether all bars from `start` on stood at one price.
pub(crate) fn flat(bars: &Bars, start: usize) -> bool {
    let prices = || bars.high().iter().zip(bars.low()).skip(start);
    let first = prices().next();
    prices().all(|(high, low)| high == low && Some((high, low)) == first)
}

/// RSI over `n` bars.
///
/// # Errors
///
/// As [`momentum::rsi`].
pub fn rsi(bars: &Bars, n: usize) -> Result<Reading, InvalidParameter> {
    let series = momentum::rsi(bars.close(), n)?;
    let reading = newest(bars, &series, Needs::wilder(n + 1, n));
    // Closes alone count here: they can stand still within ranges that do not.
    let start = bars.len().saturating_sub(n + 1);
    let closes = bars.close().get(start..).unwrap_or_default();
    let stood = closes.windows(2).all(|pair| pair.first() == pair.last());
    Ok(match reading {
        Reading::Value { .. } if stood => Reading::NoSignal(NoSignal::Flat { bars: closes.len() }),
        reading => reading,
    })
}

/// MACD's line, signal and histogram.
///
/// # Errors
///
/// As [`momentum::macd`].
pub fn macd(bars: &Bars, fast: usize, slow: usize, signal: usize) -> Result<[Reading; 3], InvalidParameter> {
    let found = momentum::macd(bars.close(), fast, slow, signal)?;
    let longest = fast.max(slow);
    let needs = Needs::exponential(longest + signal - 1, longest);
    Ok([found.line, found.signal, found.histogram].map(|series| newest(bars, &series, needs)))
}

/// ADX, +DI and -DI over `n` bars.
///
/// # Errors
///
/// As [`movement::adx`].
pub fn adx(bars: &Bars, n: usize) -> Result<[Reading; 3], InvalidParameter> {
    let adx = movement::adx(bars, n)?;
    let sides = movement::directional_index(bars, n)?;
    Ok([
        newest(bars, &adx, Needs::wilder(2 * n, n)),
        newest(bars, &sides.plus, Needs::wilder(n + 1, n)),
        newest(bars, &sides.minus, Needs::wilder(n + 1, n)),
    ])
}

/// ATR over `n` bars, in the price's unit. A price that does not move has one of 0, which is what it says.
///
/// # Errors
///
/// As [`range::atr`].
pub fn atr(bars: &Bars, n: usize) -> Result<Reading, InvalidParameter> {
    let needs = Needs { movement: false, ..Needs::wilder(n + 1, n) };
    Ok(newest(bars, &range::atr(bars, n)?, needs))
}

/// The exponential average of the close over `n` bars.
///
/// # Errors
///
/// As [`crate::indicators::averages::ema`].
pub fn ema(bars: &Bars, n: usize) -> Result<Reading, InvalidParameter> {
    let needs = Needs { movement: false, ..Needs::exponential(n, n) };
    Ok(newest(bars, &crate::indicators::averages::ema(bars.close(), n)?, needs))
}

/// The simple average of the close over `n` bars.
///
/// # Errors
///
/// As [`crate::indicators::averages::sma`].
pub fn sma(bars: &Bars, n: usize) -> Result<Reading, InvalidParameter> {
    let needs = Needs { movement: false, ..Needs::window(n) };
    Ok(newest(bars, &crate::indicators::averages::sma(bars.close(), n)?, needs))
}

/// %K and %D of the slow stochastic.
///
/// # Errors
///
/// As [`momentum::stochastic`].
pub fn stochastic(bars: &Bars, n: usize, smooth: usize, d: usize) -> Result<[Reading; 2], InvalidParameter> {
    let found = momentum::stochastic(bars, n, smooth, d)?;
    let whole = n + smooth + d - 2;
    let needs = Needs { window: n, ..Needs::window(whole) };
    Ok([found.k, found.d].map(|series| newest(bars, &series, needs)))
}

/// Williams' %R over `n` bars.
///
/// # Errors
///
/// As [`momentum::williams_r`].
pub fn williams_r(bars: &Bars, n: usize) -> Result<Reading, InvalidParameter> {
    Ok(newest(bars, &momentum::williams_r(bars, n)?, Needs::window(n)))
}

/// CCI over `n` bars.
///
/// # Errors
///
/// As [`momentum::cci`].
pub fn cci(bars: &Bars, n: usize) -> Result<Reading, InvalidParameter> {
    Ok(newest(bars, &momentum::cci(bars, n)?, Needs::window(n)))
}

/// The money flow index over `n` bars.
///
/// # Errors
///
/// As [`volume::money_flow_index`].
pub fn money_flow_index(bars: &Bars, n: usize) -> Result<Reading, InvalidParameter> {
    let needs = Needs { volume: true, ..Needs::window(n + 1) };
    Ok(newest(bars, &volume::money_flow_index(bars, n)?, needs))
}

/// Chaikin's money flow over `n` bars.
///
/// # Errors
///
/// As [`volume::chaikin_money_flow`].
pub fn chaikin_money_flow(bars: &Bars, n: usize) -> Result<Reading, InvalidParameter> {
    let needs = Needs { volume: true, ..Needs::window(n) };
    Ok(newest(bars, &volume::chaikin_money_flow(bars, n)?, needs))
}

/// Where the close lies between the Bollinger bands: 0 at the lower one, 1 at the upper one, beyond them outside.
///
/// # Errors
///
/// As [`range::bollinger`].
pub fn bollinger_position(bars: &Bars, n: usize, width: f64) -> Result<Reading, InvalidParameter> {
    let bands = range::bollinger(bars.close(), n, width)?;
    let place = bands.lower.iter().zip(&bands.upper).zip(bars.close());
    let series: Series = place
        .map(|((lower, upper), close)| {
            let (lower, upper) = ((*lower)?, (*upper)?);
            (upper > lower).then(|| (close - lower) / (upper - lower)).filter(|place| place.is_finite())
        })
        .collect();
    Ok(match newest(bars, &series, Needs::window(n)) {
        // The bands coincide where the closes stood still within ranges that did not.
        Reading::NoSignal(NoSignal::Overflow) => Reading::NoSignal(NoSignal::Flat { bars: n }),
        reading => reading,
    })
}

/// The direction of on-balance volume over `n` bars: its change in parts of all that was traded in them, -1 to 1.
///
/// # Errors
///
/// [`InvalidParameter`] for a period of 0 or above 100,000.
pub fn on_balance_change(bars: &Bars, n: usize) -> Result<Reading, InvalidParameter> {
    crate::indicators::period("the period of OBV's change", n, 1)?;
    let series = volume::on_balance(bars);
    let start = bars.len().saturating_sub(n);
    let traded: f64 = bars.volume().iter().skip(start).sum();
    let before = start.checked_sub(1).and_then(|bar| series.get(bar).copied().flatten());
    let change = match (before, series.last().copied().flatten()) {
        (Some(before), Some(now)) if traded > 0.0 => Some((now - before) / traded).filter(|change| change.is_finite()),
        _ => None,
    };
    let needs = Needs { first: n + 1, settled: n + 1, window: n, movement: true, volume: true };
    Ok(newest(bars, &vec![change], needs))
}

#[cfg(test)]
mod tests;
