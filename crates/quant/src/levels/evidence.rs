//! How much the bars speak for a wall at each price: the likelihood of the bars with a wall there over that without.
//!
//! Without a wall a bar is a piece of a random walk from its open. With one, the walk is thrown back at the wall with some
//! chance and passes with the rest. Then fewer bars reach past the wall, and more end their reach just before it. For a
//! wall above the open, with `m` the reach of the bar (high less open), `c` the way to its close and `s` the standard
//! deviation of a bar, the reflection principle gives
//!
//! * a bar that reached further than the wall: `1 - chance`,
//! * a bar that stopped `gap` before it: `1 + chance * stop(gap) * s^2 / (2 m - c)`,
//!
//! with `stop` the density of the distance at which a reach ends that the wall has ended; the same holds below the open,
//! mirrored. The logarithms are summed over the bars. That counts each approach as a trial, weighs it by how unusual it
//! would be without a wall, and takes crossings off: a price that is visited often for no other reason than that the path
//! was there gains nothing, as on average a random walk loses at every price.
//!
//! Everything is in logarithms of prices, so that a series that grew tenfold is looked at with one measure.

use crate::Bars;

/// The chance that a wall throws a bar back.
const CHANCE: f64 = 0.4;
/// The part of the thrown-back bars that got a little past the wall.
const PAST: f64 = 0.15;
/// How sharply walls stop a bar: the mean distance before them, in parts of the usual range of a bar. Each is tried, as some
/// levels are prices and some are zones, and the evidence is the mean of the likelihoods.
const WIDTHS: [f64; 2] = [0.05, 0.15];
/// The prices that are tried are at most so far apart, in parts of the usual range of a bar, and at least half of it.
const STEP: f64 = 0.05;
/// How many widths beyond a bar's end the stop is followed.
const REACH: f64 = 4.0;
/// The range of a bar of a random walk over the standard deviation of its close: sqrt(8 / pi).
const RANGE_OVER_SD: f64 = 1.595_769_121_605_731;
/// So many bars up to a bar say what its usual range is; none after it does, so that a new bar leaves the old ones as they
/// are.
const BEFORE: usize = 30;
/// About so many prices are tried at most; a series that moved further has them further apart.
const MOST_PRICES: usize = 3000;
/// So many prices below the lowest and above the highest are tried too.
const MARGIN: f64 = 4.0;

/// A bar in logarithms, with the usual range around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogBar {
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
    pub(super) range: f64,
}

/// The bars in logarithms. The usual range of a bar is the mean of the true ranges up to it.
pub(super) fn log_bars(bars: &Bars) -> Vec<LogBar> {
    let logs = |column: &[f64]| column.iter().map(|price| libm::log(*price)).collect::<Vec<f64>>();
    let (open, high) = (logs(bars.open()), logs(bars.high()));
    let (low, close) = (logs(bars.low()), logs(bars.close()));
    let columns = open.into_iter().zip(high).zip(low.into_iter().zip(close));
    let mut rows: Vec<LogBar> =
        columns.map(|((open, high), (low, close))| LogBar { open, high, low, close, range: 0.0 }).collect();
    set_ranges(&mut rows);
    rows
}

/// Sets the usual range of each bar from the bars up to it, that of the first ones from the first [`BEFORE`].
pub(super) fn set_ranges(rows: &mut [LogBar]) {
    let mut sums = Vec::with_capacity(rows.len() + 1);
    sums.push(0.0);
    let (mut sum, mut before) = (0.0, rows.first().map_or(0.0, |first| first.open));
    for row in rows.iter() {
        sum += row.high.max(before) - row.low.min(before);
        sums.push(sum);
        before = row.close;
    }
    let length = rows.len();
    for (index, row) in rows.iter_mut().enumerate() {
        let to = (index + 1).max(BEFORE).min(length);
        let from = to.saturating_sub(BEFORE);
        let (Some(upper), Some(lower)) = (sums.get(to), sums.get(from)) else { continue };
        row.range = (upper - lower) / (to - from) as f64;
    }
}

/// The logarithm of the likelihood ratio at prices of one distance, in logarithms of prices.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence {
    pub(super) first: f64,
    pub(super) step: f64,
    pub(super) values: Vec<f64>,
}

impl Evidence {
    /// The logarithm of the price at a place.
    pub(super) fn at(&self, place: usize) -> f64 {
        self.first + self.step * place as f64
    }
}

/// The evidence over all prices that the bars saw. `None` for bars that never moved.
pub(super) fn evidence(rows: &[LogBar]) -> Option<Evidence> {
    let low = rows.iter().map(|row| row.low).reduce(f64::min)?;
    let high = rows.iter().map(|row| row.high).reduce(f64::max)?;
    let usual = rows.iter().map(|row| row.range).sum::<f64>() / rows.len() as f64;
    if usual <= 0.0 || !usual.is_finite() {
        return None;
    }
    // Whole multiples of a power of two: as bars are added the same prices are tried, but for a rare change of the power.
    let wanted = (usual * STEP).max((high - low) / MOST_PRICES as f64);
    let step = libm::exp2(libm::log2(wanted).floor());
    let first = step * ((low / step).floor() - MARGIN);
    let count = ((high - first) / step + MARGIN) as usize + 2;
    let mut parts = WIDTHS.iter().map(|width| {
        let mut trial = Trial { first, step, product: vec![Product::ONE; count], passed: vec![0; count + 1] };
        rows.iter().for_each(|row| trial.bar(row, *width));
        trial.logs()
    });
    let mut values = parts.next()?;
    let others: Vec<Vec<f64>> = parts.collect();
    for (place, value) in values.iter_mut().enumerate() {
        let at = |other: &Vec<f64>| other.get(place).copied().unwrap_or(f64::NEG_INFINITY);
        let most = others.iter().map(at).fold(*value, f64::max);
        let sum: f64 = libm::exp(*value - most) + others.iter().map(|other| libm::exp(at(other) - most)).sum::<f64>();
        *value = most + libm::log(sum / (others.len() + 1) as f64);
    }
    Some(Evidence { first, step, values })
}

/// A product of many factors, kept from running out of the range of a number.
#[derive(Debug, Clone, Copy)]
struct Product {
    factor: f64,
    /// How often it was divided by 2^64.
    shifts: i32,
}

impl Product {
    const ONE: Self = Self { factor: 1.0, shifts: 0 };
    const SHIFT: f64 = 18_446_744_073_709_551_616.0;

    fn times(&mut self, ratio: f64) {
        self.factor *= ratio;
        if self.factor > Self::SHIFT {
            self.factor /= Self::SHIFT;
            self.shifts += 1;
        } else if self.factor < 1.0 / Self::SHIFT {
            self.factor *= Self::SHIFT;
            self.shifts -= 1;
        }
    }

    fn log(self) -> f64 {
        libm::log(self.factor) + f64::from(self.shifts) * libm::log(Self::SHIFT)
    }
}

/// The evidence for walls of one sharpness.
struct Trial {
    first: f64,
    step: f64,
    product: Vec<Product>,
    /// Differences of how many bars reached well past a price.
    passed: Vec<i32>,
}

impl Trial {
    fn place(&self, log_price: f64) -> f64 {
        ((log_price - self.first) / self.step).clamp(0.0, self.product.len() as f64)
    }

    fn bar(&mut self, row: &LogBar, width: f64) {
        if row.range <= 0.0 {
            return;
        }
        let deviation = row.range / RANGE_OVER_SD;
        let width = (width * row.range).max(1.5 * self.step);
        let up = (row.high - row.open, row.close - row.open);
        let down = (row.open - row.low, row.open - row.close);
        for ((reach, close), side) in [(up, 1.0), (down, -1.0)] {
            let weight = CHANCE * deviation * deviation / (2.0 * reach - close).max(0.15 * deviation) / width;
            self.side(row.open, row.open + side * reach, weight, width);
        }
    }

    /// One side of a bar, from its open to its end there and a little beyond.
    fn side(&mut self, open: f64, end: f64, weight: f64, width: f64) {
        let upwards = end >= open;
        let sign = if upwards { 1.0 } else { -1.0 };
        // Prices that were passed by so much that the bar says nothing about a stop.
        let clear = end - sign * REACH * width;
        if (clear - open) * sign > 0.0 {
            let (from, to) = if upwards { (open, clear) } else { (clear, open) };
            let (from, to) = (self.place(from).ceil() as usize, self.place(to).ceil() as usize);
            if let Some(count) = self.passed.get_mut(from) {
                *count += 1;
            }
            if let Some(count) = self.passed.get_mut(to) {
                *count -= 1;
            }
        }
        // Prices from there to the end were passed too, but the bar may have been stopped with a little of it beyond.
        let near = if (clear - open) * sign > 0.0 { clear } else { open };
        let decay = libm::exp(-self.step / width);
        let (from, to) = if upwards { (near, end) } else { (end, near) };
        let (start, stop) = (self.place(from).ceil() as usize, self.place(to).ceil() as usize);
        let first =
            libm::exp(-(if upwards { end - self.log_at(start) } else { self.log_at(start) - end }).abs() / width);
        let (mut stopped, ratio) = (PAST * weight * first, if upwards { 1.0 / decay } else { decay });
        for product in self.product.iter_mut().take(stop).skip(start) {
            product.times(1.0 - CHANCE + stopped);
            stopped *= ratio;
        }
        // Prices beyond the end: the nearer, the more likely that they were what stopped the bar.
        let far = end + sign * REACH * width;
        let (from, to) = if upwards { (end, far) } else { (far, end) };
        let (start, stop) = (self.place(from).ceil() as usize, self.place(to).ceil() as usize);
        let first = libm::exp(-(self.log_at(start) - end).abs() / width);
        let (mut stopped, ratio) = ((1.0 - PAST) * weight * first, if upwards { decay } else { 1.0 / decay });
        for product in self.product.iter_mut().take(stop).skip(start) {
            product.times(1.0 + stopped);
            stopped *= ratio;
        }
    }

    fn log_at(&self, place: usize) -> f64 {
        self.first + self.step * place as f64
    }

    fn logs(&self) -> Vec<f64> {
        let passing = libm::log(1.0 - CHANCE);
        let mut count = 0;
        let passed = self.passed.iter().map(|change| {
            count += change;
            count
        });
        self.product.iter().zip(passed).map(|(product, passed)| product.log() + passing * f64::from(passed)).collect()
    }
}
