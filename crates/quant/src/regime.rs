//! Trend and regime by stated rules, each with what it saw.
//!
//! Four rules vote on the direction, and two more votes than against make one: the order of the moving averages, the slope of
//! the 50-bar one, Wilder's directional system, and whether the swings get higher or lower. The regime adds how much prices
//! move compared with their own past. None of it is a forecast.

use std::fmt;

use crate::Bars;
use crate::indicators::averages::sma;
use crate::indicators::movement::{adx, directional_index};
use crate::indicators::range::{self, Squeeze};
use crate::indicators::{InvalidParameter, Series};
use crate::reading::{NoSignal, flat};

/// The fewest bars of which a trend is told: the 50-bar average has to be there for ten bars.
pub const TREND_NEEDS: usize = 60;

/// The fewest bars of which a regime is told: 60 values of ATR to compare the newest one with.
pub const REGIME_NEEDS: usize = 75;

/// Over how many bars the slope of the 50-bar average is measured.
const SLOPE_BARS: usize = 10;
/// From how many ATRs in these bars on the average counts as rising or falling.
const SLOPE_LEAST: f64 = 0.5;
/// ADX below which there is no trend, and from which on there is one.
const ADX_NONE: f64 = 20.0;
const ADX_TREND: f64 = 25.0;
/// How many bars to both sides a swing's high has to exceed.
const SWING_BARS: usize = 5;
/// The newest bars with which today's ATR is compared: a year of days.
const YEAR: usize = 252;
/// Choppiness from which on prices go to and fro: 61.8, by the golden ratio, as its author proposed.
const CHOPPY: f64 = 61.8;

/// Where prices go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Up.
    Up,
    /// Down.
    Down,
    /// Neither: the rules contradict each other, or see nothing.
    Sideways,
}

/// How much of a trend there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// There is none.
    Absent,
    /// ADX is below 20.
    Weak,
    /// ADX is 20 or more, and what else a strong one takes is missing.
    Moderate,
    /// ADX is 25 or more and three of the four rules agree, with none against.
    Strong,
}

/// What one rule saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evidence {
    /// The close, and the simple averages over 20, 50 and, where there are so many bars, 200.
    Averages {
        /// The last close.
        close: f64,
        /// Over 20 bars.
        short: f64,
        /// Over 50 bars.
        middle: f64,
        /// Over 200 bars.
        long: Option<f64>,
    },
    /// How far the 50-bar average went in ten bars, in ATRs.
    Slope {
        /// Positive when it rose.
        atrs: f64,
    },
    /// Wilder's directional system over 14 bars.
    Directional {
        /// ADX.
        adx: f64,
        /// +DI.
        plus: f64,
        /// -DI.
        minus: f64,
    },
    /// The last two swing highs and swing lows, the newer one last.
    Swings {
        /// Highs.
        highs: [f64; 2],
        /// Lows.
        lows: [f64; 2],
    },
    /// There are no two swing highs and two swing lows.
    NoSwings,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Averages { close, short, middle, long } => {
                write!(f, "close {close:.2}, SMA20 {short:.2}, SMA50 {middle:.2}")?;
                long.map_or(Ok(()), |long| write!(f, ", SMA200 {long:.2}"))
            }
            Self::Slope { atrs } if atrs.abs() < 0.05 => write!(f, "SMA50 did not move in {SLOPE_BARS} bars"),
            Self::Slope { atrs } => write!(f, "SMA50 moved {atrs:+.1} ATR in {SLOPE_BARS} bars"),
            Self::Directional { adx, plus, minus } => write!(f, "ADX {adx:.0}, +DI {plus:.0}, -DI {minus:.0}"),
            Self::Swings { highs: [h, high], lows: [l, low] } => {
                write!(f, "swing highs {h:.2} then {high:.2}, lows {l:.2} then {low:.2}")
            }
            Self::NoSwings => write!(f, "fewer than two swings"),
        }
    }
}

/// A rule's vote: 1 for up, -1 for down, 0 for neither, and what it saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vote {
    /// 1, 0 or -1.
    pub vote: i8,
    /// What it saw.
    pub evidence: Evidence,
}

/// The trend by the four rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// Where.
    pub direction: Direction,
    /// How much.
    pub strength: Strength,
    /// ADX over 14 bars.
    pub adx: f64,
    /// The votes: averages, slope, directional system, swings.
    pub votes: [Vote; 4],
}

/// Tells the trend.
///
/// # Errors
///
/// [`NoSignal`] for fewer than [`TREND_NEEDS`] bars, and for a price that did not move over the last 50 of them.
pub fn trend(bars: &Bars) -> Result<Trend, NoSignal> {
    enough(bars, TREND_NEEDS)?;
    let (averages, slope) = averages(bars)?;
    let directional = directional(bars)?;
    let Evidence::Directional { adx, .. } = directional.evidence else {
        return Err(NoSignal::Overflow);
    };
    let votes = [averages, slope, directional, swings(bars)];
    let sum: i8 = votes.iter().map(|vote| vote.vote).sum();
    let direction = match sum {
        2.. => Direction::Up,
        ..=-2 => Direction::Down,
        _ => Direction::Sideways,
    };
    let strength = match direction {
        Direction::Sideways => Strength::Absent,
        _ if adx < ADX_NONE => Strength::Weak,
        _ if adx >= ADX_TREND && sum.abs() >= 3 => Strength::Strong,
        _ => Strength::Moderate,
    };
    Ok(Trend { direction, strength, adx, votes })
}

fn enough(bars: &Bars, needs: usize) -> Result<(), NoSignal> {
    if bars.len() < needs {
        return Err(NoSignal::TooShort { bars: bars.len(), needs });
    }
    if flat(bars, bars.len() - 50) {
        return Err(NoSignal::Flat { bars: 50 });
    }
    Ok(())
}

/// The newest value, and the one `ago` bars before it. The parameters here are constants that are valid.
fn newest(series: Result<Series, InvalidParameter>, ago: usize) -> Result<f64, NoSignal> {
    let series = series.map_err(|_| NoSignal::Overflow)?;
    let at = series.len().checked_sub(ago + 1);
    at.and_then(|at| series.get(at).copied().flatten()).ok_or(NoSignal::Overflow)
}

fn averages(bars: &Bars) -> Result<(Vote, Vote), NoSignal> {
    let close = bars.close().last().copied().ok_or(NoSignal::Overflow)?;
    let short = newest(sma(bars.close(), 20), 0)?;
    let middle = newest(sma(bars.close(), 50), 0)?;
    let before = newest(sma(bars.close(), 50), SLOPE_BARS)?;
    let long = newest(sma(bars.close(), 200), 0).ok();
    let vote = if close > short && short > middle && long.is_none_or(|long| middle > long) {
        1
    } else if close < short && short < middle && long.is_none_or(|long| middle < long) {
        -1
    } else {
        0
    };
    let order = Vote { vote, evidence: Evidence::Averages { close, short, middle, long } };
    let atr = newest(range::atr(bars, 14), 0)?;
    // Without any range in fourteen bars there is no unit to measure a slope in.
    let atrs = if atr > 0.0 { (middle - before) / atr } else { 0.0 };
    let vote = if atrs >= SLOPE_LEAST { 1 } else { -i8::from(atrs <= -SLOPE_LEAST) };
    Ok((order, Vote { vote, evidence: Evidence::Slope { atrs } }))
}

fn directional(bars: &Bars) -> Result<Vote, NoSignal> {
    let sides = directional_index(bars, 14).map_err(|_| NoSignal::Overflow)?;
    let (plus, minus) = (newest(Ok(sides.plus), 0)?, newest(Ok(sides.minus), 0)?);
    let adx = newest(adx(bars, 14), 0)?;
    let vote = match adx >= ADX_NONE {
        true if plus > minus => 1,
        true if minus > plus => -1,
        _ => 0,
    };
    Ok(Vote { vote, evidence: Evidence::Directional { adx, plus, minus } })
}

fn swings(bars: &Bars) -> Vote {
    let highs = last_two(bars.high(), |a, b| a > b);
    let lows = last_two(bars.low(), |a, b| a < b);
    let (Some(highs), Some(lows)) = (highs, lows) else {
        return Vote { vote: 0, evidence: Evidence::NoSwings };
    };
    let rises = |pair: [f64; 2]| pair.first() < pair.last();
    let falls = |pair: [f64; 2]| pair.first() > pair.last();
    let vote = if rises(highs) && rises(lows) { 1 } else { -i8::from(falls(highs) && falls(lows)) };
    Vote { vote, evidence: Evidence::Swings { highs, lows } }
}

/// The last two values that are beyond all within [`SWING_BARS`] to both sides; of equal ones the first counts.
fn last_two(values: &[f64], beyond: impl Fn(f64, f64) -> bool) -> Option<[f64; 2]> {
    let width = 2 * SWING_BARS + 1;
    let mut found = values.windows(width).rev().filter_map(|window| {
        let (before, rest) = window.split_at_checked(SWING_BARS)?;
        let (centre, after) = rest.split_first()?;
        let stands = before.iter().all(|value| beyond(*centre, *value));
        (stands && after.iter().all(|value| !beyond(*value, *centre))).then_some(*centre)
    });
    let newer = found.next()?;
    Some([found.next()?, newer])
}

/// How much prices move compared with their own past year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volatility {
    /// Today's ATR is among the lowest fifth.
    Low,
    /// Between.
    Normal,
    /// Today's ATR is among the highest fifth.
    High,
}

/// What kind of market it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The Bollinger bands are within Keltner's channel: a quiet spell, which has no direction.
    Squeeze,
    /// A trend of moderate or more strength.
    Trending,
    /// No trend, with ADX below 20 or prices that go to and fro.
    Ranging,
    /// None of these.
    Mixed,
}

/// The regime, with what it was judged by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regime {
    /// What kind.
    pub kind: Kind,
    /// How much prices move.
    pub volatility: Volatility,
    /// ATR over 14 bars in percent of the close.
    pub atr_percent: f64,
    /// The share of the bars before, up to a year of them, whose ATR in percent was lower, 0 to 100.
    pub atr_percentile: f64,
    /// How many values that share is of.
    pub compared_with: usize,
    /// For how many bars, up to the newest, the squeeze has been on.
    pub squeeze_bars: usize,
    /// The choppiness index over 14 bars, where these have a range.
    pub choppiness: Option<f64>,
}

/// Tells the regime.
///
/// # Errors
///
/// [`NoSignal`] for fewer than [`REGIME_NEEDS`] bars, and for a price that did not move over the last 50 of them.
pub fn regime(bars: &Bars, trend: &Trend) -> Result<Regime, NoSignal> {
    enough(bars, REGIME_NEEDS)?;
    let invalid = |_| NoSignal::Overflow;
    let ranges: Vec<f64> = range::normalized_atr(bars, 14).map_err(invalid)?.into_iter().flatten().collect();
    let (atr_percent, before) = ranges.split_last().ok_or(NoSignal::Overflow)?;
    let year = before.get(before.len().saturating_sub(YEAR)..).unwrap_or_default();
    let lower = year.iter().filter(|range| *range < atr_percent).count();
    let atr_percentile = 100.0 * lower as f64 / year.len().max(1) as f64;
    let volatility = match atr_percentile {
        ..=20.0 => Volatility::Low,
        80.0.. => Volatility::High,
        _ => Volatility::Normal,
    };
    let squeeze = range::squeeze(bars, 20, 2.0, 20, 1.5).map_err(invalid)?;
    let squeeze_bars = squeeze.iter().rev().take_while(|state| **state == Some(Squeeze::On)).count();
    let choppiness = newest(range::choppiness(bars, 14, 1), 0).ok();
    let kind = if squeeze_bars > 0 {
        Kind::Squeeze
    } else if trend.strength >= Strength::Moderate {
        Kind::Trending
    } else if trend.direction == Direction::Sideways
        && (trend.adx < ADX_NONE || choppiness.is_some_and(|choppiness| choppiness >= CHOPPY))
    {
        Kind::Ranging
    } else {
        Kind::Mixed
    };
    Ok(Regime {
        kind,
        volatility,
        atr_percent: *atr_percent,
        atr_percentile,
        compared_with: year.len(),
        squeeze_bars,
        choppiness,
    })
}

#[cfg(test)]
mod tests;
