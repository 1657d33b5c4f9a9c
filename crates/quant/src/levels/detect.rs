//! Support and resistance: the prices at which the bars turned back more often than chance lets them.

use super::chance::strongest;
use super::evidence::{Evidence, evidence, log_bars};
use super::pivots::{Pivot, Ties, confirmed_by, pivots};
use crate::Bars;
use crate::volume_profile::{MOST_BINS, Spread, VolumeProfile};

/// How levels are looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// At most so many levels, the strongest first. Prices that were met once only are none.
    pub count: usize,
    /// Levels are at least so many average true ranges apart.
    pub apart: f64,
    /// The series is shuffled so often to see what chance shows. 0 leaves [`Level::strength`] out.
    pub shuffles: usize,
    /// Where the shuffles begin: the same seed gives the same strengths.
    pub seed: u64,
}

impl Default for Search {
    /// Six levels, 0.8 average true ranges apart, against 50 shuffles.
    fn default() -> Self {
        Self { count: 6, apart: 0.8, shuffles: 50, seed: 0 }
    }
}

/// On which side of the last close a level lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// At or below the last close.
    Support,
    /// Above the last close.
    Resistance,
}

/// What else marks a level's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Bars were turned back there: what the level was found by.
    Reflections,
    /// At least two confirmed pivots lie in the zone.
    Pivots,
    /// A peak of the volume profile lies in the zone.
    VolumeNode,
    /// The highest or the lowest price of the series lies in the zone.
    Extreme,
}

/// A price at which the bars turned back.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// The price.
    pub price: f64,
    /// A quarter of an average true range below and above it.
    pub zone: (f64, f64),
    /// Where it lies from the last close.
    pub kind: Kind,
    /// Visits: runs of bars that came within a tenth of an average true range, each run counted once.
    pub touches: usize,
    /// How often the close went from one side to the other, by more than a tenth of an average true range on each.
    pub crossings: usize,
    /// The last bar that touched it.
    pub last_touch: usize,
    /// What marks it.
    pub sources: Vec<Source>,
    /// The logarithm of the likelihood of the bars with a wall at this price over that without one.
    pub evidence: f64,
    /// In percent: how many of the series that the same bars make in other orders have no level as strong as this one.
    /// 95 and more is a level that chance alone shows in at most one of 20 series; the strongest level of a random walk
    /// has 50 on average, weaker ones less. `None` if nothing was shuffled.
    pub strength: Option<f64>,
}

/// The levels of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// Strongest first.
    pub levels: Vec<Level>,
    /// The mean true range of the last 100 bars, or of all there are: what zones and distances were measured with.
    pub atr: f64,
}

/// Why there are no levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoLevels {
    /// Too few bars.
    #[error("{have} bars are too few to see levels in: {NEED} are needed")]
    Short {
        /// How many there are.
        have: usize,
    },
    /// The price hardly moved.
    #[error("the price did not move, so that it turned nowhere")]
    Flat,
    /// No price turned the bars back more than it let them pass.
    #[error("no price turned the bars back more often than it let them pass")]
    None,
}

/// The fewest bars that levels are looked for in.
pub const NEED: usize = 60;

/// Bars whose true range is averaged.
const ATR_BARS: usize = 100;
/// Half of a zone, in average true ranges.
const ZONE: f64 = 0.25;
/// A price that was met once only is none that anything came back to.
const FEWEST_TOUCHES: usize = 2;
/// How near a bar comes to touch a level, in average true ranges.
const TOUCH: f64 = 0.1;
/// A pivot stands out among so many bars on either side.
const ORDER: usize = 5;
/// How wide the bins of the volume profile are, in average true ranges.
const NODE: f64 = 0.5;
/// A mean range below this part of the price is none: the series is flat but for rounding.
const FLAT: f64 = 1e-6;

/// The support and resistance levels of a series, by the evidence of its bars alone.
///
/// Every price of the range is given the likelihood of the bars with a wall there over that without (`evidence.rs` has
/// the model); the levels are its strongest peaks. Nothing but the bars given is looked at: for the levels that were known
/// at bar `i`, give the bars up to `i`. A bar counts when it is complete; one that is still forming can move a level.
///
/// # Errors
///
/// [`NoLevels`], with the reason.
pub fn levels(bars: &Bars, search: &Search) -> Result<Levels, NoLevels> {
    let have = bars.len();
    let (Some(last), true) = (bars.close().last().copied(), have >= NEED) else {
        return Err(NoLevels::Short { have });
    };
    let atr = mean_true_range(bars, ATR_BARS);
    if atr <= last * FLAT {
        return Err(NoLevels::Flat);
    }
    let rows = log_bars(bars);
    let found = evidence(&rows).ok_or(NoLevels::Flat)?;
    let visits = |log_price| {
        let visits = Visits::of(bars, libm::exp(log_price), TOUCH * atr);
        (visits.touches >= FEWEST_TOUCHES).then_some(visits)
    };
    let peaks = peaks(&found, search.count, search.apart * atr / last, visits);
    if peaks.is_empty() {
        return Err(NoLevels::None);
    }
    let chance = strongest(&rows, search.shuffles, search.seed);
    let marks = Marks::of(bars, atr);
    let levels = peaks.into_iter().map(|Top { log_price, evidence, about }| {
        let price = libm::exp(log_price);
        let zone = (price - ZONE * atr, price + ZONE * atr);
        let kind = if price <= last { Kind::Support } else { Kind::Resistance };
        let weaker = chance.partition_point(|strongest| *strongest < evidence);
        // The series itself is one of those that its bars can make.
        let strength = (!chance.is_empty()).then(|| 100.0 * weaker as f64 / (chance.len() + 1) as f64);
        let Visits { touches, crossings, last_touch } = about;
        Level { price, zone, kind, touches, crossings, last_touch, sources: marks.in_zone(zone), evidence, strength }
    });
    Ok(Levels { levels: levels.collect(), atr })
}

/// The mean of the last `count` true ranges, or of all there are.
fn mean_true_range(bars: &Bars, count: usize) -> f64 {
    let before = bars.open().first().into_iter().chain(bars.close());
    let ranges = bars.high().iter().zip(bars.low()).zip(before);
    let ranges = ranges.map(|((high, low), before)| high.max(*before) - low.min(*before));
    let skip = bars.len().saturating_sub(count);
    ranges.skip(skip).sum::<f64>() / bars.len().min(count).max(1) as f64
}

/// A peak of the evidence.
struct Top<T> {
    log_price: f64,
    evidence: f64,
    about: T,
}

/// The highest peaks that speak for a wall and of which there is something to say, at least `apart` from each other.
fn peaks<T>(found: &Evidence, count: usize, apart: f64, about: impl Fn(f64) -> Option<T>) -> Vec<Top<T>> {
    let mut tops: Vec<(f64, f64)> = found
        .values
        .windows(3)
        .enumerate()
        .filter_map(|(before, window)| match window {
            [left, top, right] if left <= top && top > right && *top > 0.0 => Some((found.at(before + 1), *top)),
            _ => None,
        })
        .collect();
    tops.sort_by(|one, other| other.1.total_cmp(&one.1));
    let mut kept: Vec<Top<T>> = Vec::new();
    for (log_price, evidence) in tops {
        if kept.len() >= count {
            break;
        }
        if kept.iter().all(|other| (other.log_price - log_price).abs() >= apart)
            && let Some(about) = about(log_price)
        {
            kept.push(Top { log_price, evidence, about });
        }
    }
    kept
}

/// How the bars met a price.
struct Visits {
    touches: usize,
    crossings: usize,
    last_touch: usize,
}

impl Visits {
    fn of(bars: &Bars, price: f64, near: f64) -> Self {
        let mut visits = Self { touches: 0, crossings: 0, last_touch: 0 };
        let mut was_touching = false;
        for (index, (high, low)) in bars.high().iter().zip(bars.low()).enumerate() {
            let touching = low - near <= price && price <= high + near;
            if touching {
                visits.last_touch = index;
                visits.touches += usize::from(!was_touching);
            }
            was_touching = touching;
        }
        let beyond = bars.close().iter().filter(|close| (**close - price).abs() > near);
        let mut sides = beyond.map(|close| *close > price);
        let mut side = sides.next();
        for next in sides {
            visits.crossings += usize::from(side != Some(next));
            side = Some(next);
        }
        visits
    }
}

/// Prices that other ways of looking would mark.
struct Marks {
    pivots: Vec<f64>,
    nodes: Vec<f64>,
    extremes: Vec<f64>,
}

impl Marks {
    fn of(bars: &Bars, atr: f64) -> Self {
        let (high, low) = (bars.high(), bars.low());
        // The bars of the last `ORDER` places are left out: what stands out there is not certain yet.
        let confirmed = |values: &[f64], pivot| -> Vec<f64> {
            let places = pivots(values, ORDER, pivot, Ties::Kept).into_iter();
            let places = places.filter(|place| confirmed_by(*place, ORDER, values.len()).is_some());
            places.filter_map(|place| values.get(place).copied()).collect()
        };
        let mut turns = confirmed(high, Pivot::High);
        turns.extend(confirmed(low, Pivot::Low));
        let highest = high.iter().copied().reduce(f64::max);
        let lowest = low.iter().copied().reduce(f64::min);
        let bins = highest.zip(lowest).map_or(0.0, |(highest, lowest)| (highest - lowest) / (NODE * atr));
        let profile = VolumeProfile::new(bars, (bins as usize).clamp(3, MOST_BINS), Spread::Uniform);
        let nodes = profile.map_or_else(Vec::new, |profile| {
            profile.high_volume_nodes().into_iter().map(|bin| profile.price(bin)).collect()
        });
        Self { pivots: turns, nodes, extremes: highest.into_iter().chain(lowest).collect() }
    }

    fn in_zone(&self, zone: (f64, f64)) -> Vec<Source> {
        let within = |prices: &[f64]| prices.iter().filter(|price| zone.0 <= **price && **price <= zone.1).count();
        let other = [
            (Source::Pivots, within(&self.pivots) >= 2),
            (Source::VolumeNode, within(&self.nodes) > 0),
            (Source::Extreme, within(&self.extremes) > 0),
        ];
        let other = other.into_iter().filter_map(|(source, there)| there.then_some(source));
        std::iter::once(Source::Reflections).chain(other).collect()
    }
}
