//! Volume by price: at which prices the volume of a series was traded, as far as bars tell.

use std::collections::BTreeMap;

use crate::Bars;

/// How a bar's volume is laid on prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// All of it at the typical price, (high + low + close) / 3.
    Typical,
    /// Evenly from the low to the high.
    Uniform,
}

/// Volume in bins of one width, from the lowest low to the highest high.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeProfile {
    /// The lowest low: where the first bin begins.
    pub low: f64,
    /// The highest high: where the last bin ends.
    pub high: f64,
    /// The volume of each bin, lowest prices first.
    pub volume: Vec<f64>,
}

/// No profile has more bins than this.
pub const MOST_BINS: usize = 10_000;

impl VolumeProfile {
    /// The profile of a series. `None` for no bars, for a price that never moved, and for no bins or more than [`MOST_BINS`].
    pub fn new(bars: &Bars, bins: usize, spread: Spread) -> Option<Self> {
        let low = bars.low().iter().copied().reduce(f64::min)?;
        let high = bars.high().iter().copied().reduce(f64::max)?;
        let width = (high - low) / bins as f64;
        if bins == 0 || bins > MOST_BINS || width <= 0.0 {
            return None;
        }
        let mut profile = Self { low, high, volume: vec![0.0; bins] };
        let prices = bars.high().iter().zip(bars.low()).zip(bars.close());
        for (((high, low), close), volume) in prices.zip(bars.volume()) {
            match spread {
                Spread::Typical => profile.add_at((high + low + close) / 3.0, *volume),
                Spread::Uniform => profile.add_between(*low, *high, *volume),
            }
        }
        Some(profile)
    }

    /// Where a bin begins; the bin after the last begins where the last ends.
    pub fn edge(&self, bin: usize) -> f64 {
        let bins = self.volume.len();
        if bin >= bins { self.high } else { self.low + (self.high - self.low) / bins as f64 * bin as f64 }
    }

    /// The middle of a bin.
    pub fn price(&self, bin: usize) -> f64 {
        f64::midpoint(self.edge(bin), self.edge(bin + 1))
    }

    /// The bin of a price. The highest price is in the last one.
    fn bin(&self, price: f64) -> usize {
        let last = self.volume.len().saturating_sub(1);
        let place = ((price - self.low) / (self.high - self.low) * self.volume.len() as f64) as usize;
        let place = place.min(last);
        // The division may end up on the wrong side of an edge.
        if price < self.edge(place) {
            place.saturating_sub(1)
        } else if place < last && price >= self.edge(place + 1) {
            place + 1
        } else {
            place
        }
    }

    fn add_at(&mut self, price: f64, volume: f64) {
        let bin = self.bin(price);
        if let Some(there) = self.volume.get_mut(bin) {
            *there += volume;
        }
    }

    fn add_between(&mut self, low: f64, high: f64, volume: f64) {
        let range = high - low;
        if range <= 0.0 {
            return self.add_at(low, volume);
        }
        for bin in self.bin(low)..=self.bin(high) {
            let inside = high.min(self.edge(bin + 1)) - low.max(self.edge(bin));
            if let Some(there) = self.volume.get_mut(bin) {
                *there += volume * inside.max(0.0) / range;
            }
        }
    }

    /// The volume of all bins.
    pub fn total(&self) -> f64 {
        self.volume.iter().sum()
    }

    /// The bin with the most volume (point of control), the lowest of equal ones. `None` if no volume was traded.
    pub fn point_of_control(&self) -> Option<usize> {
        most(&self.volume).filter(|bin| self.volume.get(*bin).is_some_and(|volume| *volume > 0.0))
    }

    /// The first and the last bin of the value area: grown from the point of control by the neighbouring bin with more volume,
    /// the upper of equal ones, until it holds this `share` (0.7 is usual) of all volume. `None` if no volume was traded.
    pub fn value_area(&self, share: f64) -> Option<(usize, usize)> {
        let start = self.point_of_control()?;
        Some(grow(&self.volume, start, |held, total| held < share * total))
    }

    /// The bins with more volume than both neighbours: prices that were traded at for long.
    pub fn high_volume_nodes(&self) -> Vec<usize> {
        nodes(&self.volume, |middle, side| middle > side)
    }

    /// The bins with less volume than both neighbours: prices that were passed through.
    pub fn low_volume_nodes(&self) -> Vec<usize> {
        nodes(&self.volume, |middle, side| middle < side)
    }
}

/// Volume by rows of the closing price, as a market profile counts it: each bar's volume stands in the row that its close
/// is rounded up to, and rows without any are not there.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketProfile {
    /// The rows' prices, lowest first.
    pub prices: Vec<f64>,
    /// The volume of each row.
    pub volume: Vec<f64>,
}

impl MarketProfile {
    /// The profile with rows of `tick`. `None` for no bars and for a tick that is no positive number.
    pub fn new(bars: &Bars, tick: f64) -> Option<Self> {
        if !(tick.is_finite() && tick > 0.0) {
            return None;
        }
        // Whole multiples of the tick, as floating-point numbers have no order for a map: positive ones are ordered by their bits.
        let mut rows: BTreeMap<u64, f64> = BTreeMap::new();
        for (close, volume) in bars.close().iter().zip(bars.volume()) {
            let row = (close / tick).ceil() * tick;
            *rows.entry(row.to_bits()).or_default() += volume;
        }
        let (prices, volume) = rows.into_iter().map(|(row, volume)| (f64::from_bits(row), volume)).unzip();
        let profile = Self { prices, volume };
        profile.prices.iter().all(|price| price.is_finite()).then_some(profile).filter(|found| !found.prices.is_empty())
    }

    /// The volume of all rows.
    pub fn total(&self) -> f64 {
        self.volume.iter().sum()
    }

    /// The row with the most volume, of equal ones the nearest to the middle row. `None` if no volume was traded.
    pub fn point_of_control(&self) -> Option<f64> {
        self.prices.get(self.control()?).copied()
    }

    fn control(&self) -> Option<usize> {
        let most = self.volume.iter().copied().reduce(f64::max).filter(|most| *most > 0.0)?;
        let equal = self.volume.iter().enumerate().filter(|(_, volume)| **volume == most).map(|(row, _)| row);
        equal.min_by_key(|row| (2 * row).abs_diff(self.volume.len()))
    }

    /// The lowest and the highest price of the value area: grown from the point of control by the neighbouring row with more
    /// volume, the upper of equal ones, until it holds more than this `share` of all volume.
    pub fn value_area(&self, share: f64) -> Option<(f64, f64)> {
        let (first, last) = grow(&self.volume, self.control()?, |held, total| held <= share * total);
        Some((*self.prices.get(first)?, *self.prices.get(last)?))
    }

    /// The rows with more volume than both neighbouring rows.
    pub fn high_volume_nodes(&self) -> Vec<f64> {
        let rows = nodes(&self.volume, |middle, side| middle > side);
        rows.into_iter().filter_map(|row| self.prices.get(row).copied()).collect()
    }

    /// The rows with less volume than both neighbouring rows.
    pub fn low_volume_nodes(&self) -> Vec<f64> {
        let rows = nodes(&self.volume, |middle, side| middle < side);
        rows.into_iter().filter_map(|row| self.prices.get(row).copied()).collect()
    }
}

fn most(volume: &[f64]) -> Option<usize> {
    let better = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
    volume.iter().copied().enumerate().reduce(better).map(|(place, _)| place)
}

/// The places from `start` outwards, always to the fuller side, while `more` says so of the volume held and all volume.
fn grow(volume: &[f64], start: usize, more: impl Fn(f64, f64) -> bool) -> (usize, usize) {
    let total: f64 = volume.iter().sum();
    let (mut first, mut last) = (start, start);
    let mut held = volume.get(start).copied().unwrap_or(0.0);
    while more(held, total) {
        let below = first.checked_sub(1).and_then(|place| volume.get(place));
        let above = volume.get(last + 1);
        match (below, above) {
            (None, None) => break,
            (Some(below), above) if above.is_none_or(|above| below > above) => {
                held += below;
                first -= 1;
            }
            (_, Some(above)) => {
                held += above;
                last += 1;
            }
            (Some(_), None) => break,
        }
    }
    (first, last)
}

fn nodes(volume: &[f64], stands_out: impl Fn(f64, f64) -> bool) -> Vec<usize> {
    let middle = |(before, window): (usize, &[f64])| match window {
        [left, middle, right] if stands_out(*middle, *left) && stands_out(*middle, *right) => Some(before + 1),
        _ => None,
    };
    volume.windows(3).enumerate().filter_map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bars of (low, high, close, volume).
    fn bars(rows: &[(f64, f64, f64, f64)]) -> Bars {
        let column = |of: fn(&(f64, f64, f64, f64)) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
        let close = column(|row| row.2);
        Bars::new(close.clone(), column(|row| row.1), column(|row| row.0), close, column(|row| row.3)).unwrap()
    }

    #[test]
    fn volume_is_laid_on_the_prices_of_its_bar() {
        let series = bars(&[(10.0, 20.0, 15.0, 100.0), (12.0, 14.0, 13.0, 40.0), (18.0, 18.0, 18.0, 5.0)]);
        let spread = VolumeProfile::new(&series, 5, Spread::Uniform).unwrap();
        assert_eq!(spread.volume, [20.0, 60.0, 20.0, 20.0, 25.0]);
        assert_eq!((spread.total(), spread.point_of_control()), (145.0, Some(1)));
        assert_eq!((spread.edge(0), spread.price(1), spread.edge(5)), (10.0, 13.0, 20.0));
        let typical = VolumeProfile::new(&series, 5, Spread::Typical).unwrap();
        assert_eq!(typical.volume, [0.0, 40.0, 100.0, 0.0, 5.0]);
        assert_eq!((typical.high_volume_nodes(), typical.low_volume_nodes()), (vec![2], vec![3]));
    }

    #[test]
    fn the_value_area_grows_to_the_fuller_side() {
        let profile = |volume: &[f64]| VolumeProfile { low: 0.0, high: 1.0, volume: volume.to_vec() };
        assert_eq!(profile(&[1.0, 2.0, 10.0, 4.0, 3.0]).value_area(0.7), Some((2, 3)));
        assert_eq!(profile(&[1.0, 4.0, 10.0, 4.0, 1.0]).value_area(0.7), Some((2, 3)));
        assert_eq!(profile(&[9.0, 4.0, 1.0]).value_area(1.0), Some((0, 2)));
        assert_eq!(profile(&[9.0, 4.0, 1.0]).value_area(7.0), Some((0, 2)));
        assert_eq!(profile(&[0.0, 0.0]).value_area(0.7), None);
    }

    #[test]
    fn a_market_profile_has_the_rows_that_closes_are_rounded_up_to() {
        let series = bars(&[(9.0, 9.0, 9.0, 5.0), (9.1, 9.1, 9.1, 6.0), (9.4, 9.4, 9.4, 1.0), (12.0, 12.0, 12.0, 7.0)]);
        let profile = MarketProfile::new(&series, 0.5).unwrap();
        assert_eq!(profile.prices, [9.0, 9.5, 12.0]);
        assert_eq!(profile.volume, [5.0, 7.0, 7.0]);
        // Of two equal rows the one nearer the middle.
        assert_eq!(profile.point_of_control(), Some(9.5));
        assert_eq!(profile.value_area(0.7), Some((9.5, 12.0)));
        assert_eq!(profile.total(), 19.0);
    }

    #[test]
    fn what_has_no_profile_has_none() {
        let flat = bars(&[(5.0, 5.0, 5.0, 1.0)]);
        assert_eq!(VolumeProfile::new(&flat, 10, Spread::Uniform), None);
        let empty = bars(&[]);
        assert_eq!(VolumeProfile::new(&empty, 10, Spread::Typical), None);
        assert_eq!(MarketProfile::new(&empty, 1.0), None);
        let moving = bars(&[(5.0, 6.0, 5.5, 0.0)]);
        for bins in [0, MOST_BINS + 1] {
            assert_eq!(VolumeProfile::new(&moving, bins, Spread::Typical), None);
        }
        let silent = VolumeProfile::new(&moving, 3, Spread::Uniform).unwrap();
        assert_eq!((silent.point_of_control(), silent.value_area(0.7)), (None, None));
        for tick in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-320] {
            assert_eq!(
                MarketProfile::new(&moving, tick).and_then(|profile| profile.point_of_control()),
                None,
                "{tick}"
            );
        }
        assert_eq!(MarketProfile::new(&moving, 0.5).and_then(|profile| profile.value_area(0.7)), None);
    }
}
