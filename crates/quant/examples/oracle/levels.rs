//! Pivots, profiles, densities, averages and clusters against SciPy, NumPy and MarketProfile, on the bars of
//! `ta_series.csv`; and support and resistance against series in which it was planted.

use quant::Bars;
use quant::levels::clusters::{Linkage, clusters};
use quant::levels::density::{Bandwidth, density};
use quant::levels::peaks::prominent_peaks;
use quant::levels::pivots::{Pivot, Ties, pivots};
use quant::levels::{Search, levels};
use quant::volume_profile::{MarketProfile, Spread, VolumeProfile};
use quant::{realised, vwap};
use serde_json::{Map, Value};

use crate::Compare;
use crate::check::{Bound, Check};
use crate::folder::Folder;

const INPUT: &str = "ta_series.csv";
/// Of `max(1, |expected|)`.
const CLOSE: Bound = Bound::Most(1e-9);
const EXACT: Bound = Bound::Most(0.0);
const VALUE_AREA: f64 = 0.7;
const DAYS_PER_YEAR: f64 = 252.0;
/// The order of the pivots whose density is estimated.
const DENSITY_ORDER: usize = 5;

pub(crate) fn files() -> Vec<(&'static str, Compare)> {
    vec![("ta_levels_scipy.json", scipy), ("ta_levels_reference.json", reference), ("sr_planted.json", planted)]
}

fn series(folder: &Folder) -> Result<Bars, String> {
    let table = folder.table(INPUT)?;
    let column = |name| table.numbers(name).map_err(|error| format!("{INPUT}: {error}"));
    let (open, high, low) = (column("open")?, column("high")?, column("low")?);
    Bars::new(open, high, low, column("close")?, column("volume")?).map_err(|error| format!("{INPUT}: {error}"))
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{what} is no object"))
}

/// Each key by what knows it. What a key holds and cannot be compared is a failure of that key.
fn each_key(object: &Map<String, Value>, of: impl Fn(&str, &Value) -> Result<Vec<Check>, String>) -> Vec<Check> {
    let keys = object.iter().filter(|(key, _)| !key.starts_with("_versions"));
    keys.flat_map(|(key, value)| of(key, value).unwrap_or_else(|why| vec![Check::failed(key, why)])).collect()
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("{value} is no number"))
}

fn list<T>(value: &Value, of: impl Fn(&Value) -> Result<T, String>) -> Result<Vec<T>, String> {
    value.as_array().ok_or_else(|| format!("{value} is no list"))?.iter().map(of).collect()
}

fn numbers(value: &Value) -> Result<Vec<f64>, String> {
    list(value, number)
}

fn optional(value: &Value) -> Result<Option<f64>, String> {
    if value.is_null() { Ok(None) } else { number(value).map(Some) }
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("nothing here knows the parameter \"{text}\""))
}

fn scale(expected: f64) -> f64 {
    expected.abs().max(1.0)
}

/// Two lists of numbers, one row each; another length is a row that is off by everything.
fn compared(name: &str, bound: Bound, got: &[f64], expected: &[f64]) -> Check {
    let got: Vec<Option<f64>> = got.iter().copied().map(Some).collect();
    let expected: Vec<Option<f64>> = expected.iter().copied().map(Some).collect();
    compared_optional(name, bound, &got, &expected)
}

fn compared_optional(name: &str, bound: Bound, got: &[Option<f64>], expected: &[Option<f64>]) -> Check {
    let mut check = Check::new(name, bound);
    if got.len() != expected.len() {
        check.row(format!("{} values where {} are expected", got.len(), expected.len()), f64::INFINITY);
    } else if got.is_empty() {
        check.row("empty, as expected", 0.0);
    }
    for (row, (got, expected)) in got.iter().zip(expected).enumerate() {
        check.optional(row, *got, *expected, scale);
    }
    check
}

fn places(found: &[usize]) -> Vec<f64> {
    found.iter().map(|place| *place as f64).collect()
}

/// A column of prices, and whether its pivots are highs or lows.
fn prices<'a>(bars: &'a Bars, name: &str) -> Result<&'a [f64], String> {
    match name {
        "open" => Ok(bars.open()),
        "high" => Ok(bars.high()),
        "low" => Ok(bars.low()),
        "close" => Ok(bars.close()),
        _ => Err(format!("nothing here knows the prices \"{name}\"")),
    }
}

fn scipy(folder: &Folder) -> Result<Vec<Check>, String> {
    let (bars, file) = (series(folder)?, folder.json("ta_levels_scipy.json")?);
    Ok(each_key(object(&file, "the file")?, |key, expected| {
        let parts: Vec<&str> = key.split('_').collect();
        match parts.as_slice() {
            [word @ ("argrelmax" | "argrelmin"), rest @ ..] => {
                let pivot = if *word == "argrelmax" { Pivot::High } else { Pivot::Low };
                let (ties, rest) = match rest {
                    ["strict", rest @ ..] => (Ties::Dropped, rest),
                    rest => (Ties::Kept, rest),
                };
                let [name, order] = rest else { return Err("nothing here knows this key".to_owned()) };
                let found = pivots(prices(&bars, name)?, parse(order)?, pivot, ties);
                Ok(vec![compared(key, EXACT, &places(&found), &numbers(expected)?)])
            }
            ["find", "peaks", name, "prom", least] => {
                found_peaks(key, prices(&bars, name)?, name, parse(least)?, expected)
            }
            ["volprofile", how, bins] => volume_profile(key, &bars, how, parse(bins)?, expected),
            ["kde", "pivots", width] => kernel_density(key, &bars, width, expected),
            ["anchored", "vwap", bar] => whole_series(key, &vwap::anchored(&bars, parse(bar)?), expected),
            ["rolling", "vwap", length] => whole_series(key, &vwap::rolling(&bars, parse(length)?), expected),
            [length, how] if length.starts_with("hv") => {
                let length = parse(length.trim_start_matches("hv"))?;
                let found = match *how {
                    "cc" => realised::close_to_close(&bars, length, DAYS_PER_YEAR),
                    "parkinson" => realised::parkinson(&bars, length, DAYS_PER_YEAR),
                    "yangzhang" => realised::yang_zhang(&bars, length, DAYS_PER_YEAR),
                    _ => return Err(format!("nothing here knows the estimate \"{how}\"")),
                };
                whole_series(key, &found, expected)
            }
            _ => Err("nothing here knows this key".to_owned()),
        }
    }))
}

fn whole_series(key: &str, got: &[Option<f64>], expected: &Value) -> Result<Vec<Check>, String> {
    Ok(vec![compared_optional(key, CLOSE, got, &list(expected, optional)?)])
}

/// Peaks of highs, valleys of lows.
fn found_peaks(key: &str, prices: &[f64], name: &str, least: f64, expected: &Value) -> Result<Vec<Check>, String> {
    let sign = if name == "low" { -1.0 } else { 1.0 };
    let signed: Vec<f64> = prices.iter().map(|price| sign * price).collect();
    let found = prominent_peaks(&signed, least);
    let expected = list(expected, numbers)?;
    let column = |of: usize| -> Result<Vec<f64>, String> {
        expected.iter().map(|row| row.get(of).copied().ok_or_else(|| format!("{row:?} is no peak"))).collect()
    };
    let at = places(&found.iter().map(|peak| peak.place).collect::<Vec<_>>());
    let prominences: Vec<f64> = found.iter().map(|peak| peak.prominence).collect();
    Ok(vec![
        compared(key, EXACT, &at, &column(0)?),
        compared(&format!("{key} prominence"), CLOSE, &prominences, &column(1)?),
    ])
}

fn volume_profile(key: &str, bars: &Bars, how: &str, bins: usize, expected: &Value) -> Result<Vec<Check>, String> {
    let spread = match how {
        "typical" => Spread::Typical,
        "spread" => Spread::Uniform,
        _ => return Err(format!("nothing here knows the profile \"{how}\"")),
    };
    let profile = VolumeProfile::new(bars, bins, spread).ok_or("the series has no profile")?;
    let area = profile.value_area(VALUE_AREA).ok_or("no volume was traded")?;
    Ok(each_key(object(expected, key)?, |part, expected| {
        let name = format!("{key} {part}");
        let exact = |got: usize| Ok(vec![compared(&name, EXACT, &[got as f64], &[number(expected)?])]);
        let close = |got: &[f64], expected: &[f64]| Ok(vec![compared(&name, CLOSE, got, expected)]);
        match part {
            "lo" => close(&[profile.low], &[number(expected)?]),
            "hi" => close(&[profile.high], &[number(expected)?]),
            "volume" => close(&profile.volume, &numbers(expected)?),
            "total" => close(&[profile.total()], &[number(expected)?]),
            "poc_bin" => exact(profile.point_of_control().ok_or("no volume was traded")?),
            "va_low_bin" => exact(area.0),
            "va_high_bin" => exact(area.1),
            _ => Err("nothing here knows this key".to_owned()),
        }
    }))
}

/// The prices of the pivots, the highs first.
fn pivot_prices(bars: &Bars, order: usize) -> Vec<f64> {
    let of = |prices: &[f64], pivot| -> Vec<f64> {
        pivots(prices, order, pivot, Ties::Kept).into_iter().map(|place| prices[place]).collect()
    };
    [of(bars.high(), Pivot::High), of(bars.low(), Pivot::Low)].concat()
}

fn kernel_density(key: &str, bars: &Bars, width: &str, expected: &Value) -> Result<Vec<Check>, String> {
    let width = if width == "scott" { Bandwidth::Scott } else { Bandwidth::Deviations(parse(width)?) };
    let expected = object(expected, key)?;
    let grid = numbers(expected.get("grid").ok_or("the grid is missing")?)?;
    let [low, high, count] = grid.as_slice() else { return Err(format!("{grid:?} is no grid")) };
    let found = density(&pivot_prices(bars, DENSITY_ORDER), width, *low, *high, *count as usize)
        .ok_or("the pivots have no density")?;
    let peaks: Vec<f64> = found.peaks().into_iter().flat_map(|(price, density)| [price, density]).collect();
    Ok(each_key(expected, |part, expected| {
        let name = format!("{key} {part}");
        match part {
            "grid" => Ok(vec![]),
            "bandwidth_abs" => Ok(vec![compared(&name, CLOSE, &[found.bandwidth], &[number(expected)?])]),
            "density" => Ok(vec![compared(&name, CLOSE, &found.density, &numbers(expected)?)]),
            "peaks" => Ok(vec![compared(&name, CLOSE, &peaks, &list(expected, numbers)?.concat())]),
            _ => Err("nothing here knows this key".to_owned()),
        }
    }))
}

fn reference(folder: &Folder) -> Result<Vec<Check>, String> {
    let (bars, file) = (series(folder)?, folder.json("ta_levels_reference.json")?);
    let file = object(&file, "the file")?;
    // The clusters are of the pivots that the file gives, in whatever order they were found.
    let given = file.iter().find(|(key, _)| key.starts_with("pivot_prices_order"));
    let clustered = given.map_or_else(|| Ok(pivot_prices(&bars, DENSITY_ORDER)), |(_, prices)| numbers(prices))?;
    Ok(each_key(file, |key, expected| {
        let parts: Vec<&str> = key.split('_').collect();
        match parts.as_slice() {
            ["pivot", "prices", order] => {
                let order = parse(order.trim_start_matches("order"))?;
                Ok(vec![compared(key, CLOSE, &pivot_prices(&bars, order), &numbers(expected)?)])
            }
            ["scipy", "fcluster", linkage, distance] => {
                let linkage = match *linkage {
                    "single" => Linkage::Single,
                    "complete" => Linkage::Complete,
                    "average" => Linkage::Average,
                    _ => return Err(format!("nothing here knows the linkage \"{linkage}\"")),
                };
                let found = clusters(&clustered, linkage, parse(distance)?).ok_or("the prices cannot be clustered")?;
                let rows = found.iter().flat_map(|cluster| {
                    let (first, last) = (cluster.prices.first(), cluster.prices.last());
                    let ends = [first, last].map(|end| end.copied().unwrap_or(f64::NAN));
                    [cluster.median, cluster.mean, cluster.prices.len() as f64, ends[0], ends[1]]
                });
                let expected = list(expected, numbers)?.concat();
                Ok(vec![compared(key, CLOSE, &rows.collect::<Vec<f64>>(), &expected)])
            }
            ["sklearn", "ward", distance] => ward(key, &clustered, parse(distance)?, expected),
            ["trendln"] => trend_lines(&bars, expected),
            ["market", "profile"] => market_profiles(&bars, expected),
            _ => Err("nothing here knows this key".to_owned()),
        }
    }))
}

/// For information: how far the middle of each of Ward's clusters is from a cluster of average linkage.
fn ward(key: &str, prices: &[f64], distance: f64, expected: &Value) -> Result<Vec<Check>, String> {
    let found = clusters(prices, Linkage::Average, distance).ok_or("the prices cannot be clustered")?;
    let mut check = Check::new(&format!("{key} (to average linkage)"), Bound::Reported);
    for row in list(expected, numbers)? {
        let middle = row.first().copied().ok_or("a cluster without a middle")?;
        let nearest = found.iter().map(|cluster| (cluster.median - middle).abs()).reduce(f64::min);
        check.row(middle, nearest.unwrap_or(f64::INFINITY));
    }
    Ok(vec![check])
}

/// For information: how many of its turning points are pivots of the closes among their neighbours.
fn trend_lines(bars: &Bars, expected: &Value) -> Result<Vec<Check>, String> {
    let expected = object(expected, "trendln")?;
    let mut checks = Vec::new();
    for (name, pivot) in [("minima_idx", Pivot::Low), ("maxima_idx", Pivot::High)] {
        let prices = if pivot == Pivot::Low { bars.low() } else { bars.high() };
        let found = places(&pivots(prices, 1, pivot, Ties::Kept));
        let mut check = Check::new(&format!("trendln {name} (as pivots)"), Bound::Reported);
        for place in numbers(expected.get(name).ok_or_else(|| format!("{name} is missing"))?)? {
            check.row(place, if found.contains(&place) { 0.0 } else { 1.0 });
        }
        checks.push(check);
    }
    Ok(checks)
}

fn market_profiles(bars: &Bars, expected: &Value) -> Result<Vec<Check>, String> {
    Ok(each_key(object(expected, "market_profile")?, |tick, expected| {
        let profile = MarketProfile::new(bars, parse(tick)?).ok_or("the series has no profile")?;
        let area = profile.value_area(VALUE_AREA).ok_or("no volume was traded")?;
        Ok(each_key(object(expected, tick)?, |part, expected| {
            let name = format!("market_profile {tick} {part}");
            let close = |got: &[f64], expected: &[f64]| Ok(vec![compared(&name, CLOSE, got, expected)]);
            match part {
                "poc" => close(&[profile.point_of_control().ok_or("no volume was traded")?], &[number(expected)?]),
                "va" => close(&[area.0, area.1], &numbers(expected)?),
                "total_volume" => close(&[profile.total()], &[number(expected)?]),
                "hvn" => close(&profile.high_volume_nodes(), &numbers(expected)?),
                "lvn" => close(&profile.low_volume_nodes(), &numbers(expected)?),
                // How the rows were made, in words.
                "binning" => Ok(vec![]),
                _ => Err("nothing here knows this key".to_owned()),
            }
        }))
    }))
}

/// A series with what was planted in it.
struct Planted {
    id: String,
    bars: Bars,
    atr: f64,
    /// Levels that the bars touched often enough to be found; none in a series without levels.
    tested: Vec<f64>,
    null: bool,
}

impl Planted {
    fn parse(value: &Value) -> Result<Self, String> {
        let series = object(value, "a series")?;
        let known = ["id", "kind", "atr", "tested", "open", "high", "low", "close", "volume"];
        if let Some(unknown) = series.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("nothing here knows the key {unknown}"));
        }
        let part = |name: &str| series.get(name).ok_or_else(|| format!("{name} is missing"));
        let id = part("id")?.to_string();
        let column = |name| numbers(part(name)?).map_err(|error| format!("series {id}, {name}: {error}"));
        let (open, high, low, close) = (column("open")?, column("high")?, column("low")?, column("close")?);
        let bars =
            Bars::new(open, high, low, close, column("volume")?).map_err(|error| format!("series {id}: {error}"))?;
        let null = match part("kind")?.as_str() {
            Some("planted") => false,
            Some("null") => true,
            _ => return Err(format!("series {id}: nothing here knows this kind")),
        };
        Ok(Self { bars, atr: number(part("atr")?)?, tested: column("tested")?, null, id })
    }

    /// The share of the planted levels that are among as many found ones, within 0.35 average true ranges.
    fn recall(&self) -> Option<f64> {
        if self.null || self.tested.is_empty() {
            return None;
        }
        let search = Search { count: self.tested.len(), shuffles: 0, ..Search::default() };
        let found = levels(&self.bars, &search).map_or_else(|_| vec![], |found| found.levels);
        let hit = |planted: &&f64| found.iter().any(|level| (level.price - **planted).abs() <= 0.35 * self.atr);
        Some(self.tested.iter().filter(hit).count() as f64 / self.tested.len() as f64)
    }
}

/// How many bars after the levels were found they are watched.
const WATCHED: usize = 120;
/// Random levels for each that was found.
const RANDOM: usize = 40;

fn planted(folder: &Folder) -> Result<Vec<Check>, String> {
    let all = list(&folder.json("sr_planted.json")?, Planted::parse)?;
    let recalls: Vec<f64> = all.iter().filter_map(Planted::recall).collect();
    let mut checks = Vec::new();
    if !recalls.is_empty() {
        let (mean, error) = mean_and_error(&recalls);
        let name = format!("recall@K {mean:.3} +- {error:.3}, at least 0.45");
        let mut check = Check::new(&name, EXACT);
        check.row(format!("mean of {} series", recalls.len()), (0.45 - mean).max(0.0));
        checks.push(check);
    }
    let (null, levels): (Vec<&Planted>, Vec<&Planted>) = all.iter().partition(|series| series.null);
    if !null.is_empty() {
        checks.push(Holds::of(&null).check("without levels", Bound::Most(2.0)));
        let mut check = Check::new("strongest without levels, chance", Bound::Reported);
        for series in &null {
            check.row(&series.id, strongest(&series.bars) / 100.0);
        }
        checks.push(check);
    }
    if !levels.is_empty() {
        checks.push(Holds::of(&levels).check("planted", Bound::Reported));
    }
    Ok(checks)
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let number = values.len() as f64;
    let mean = values.iter().sum::<f64>() / number;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (number - 1.0).max(1.0);
    (mean, (variance / number).sqrt())
}

/// The strength of the strongest level, in percent.
fn strongest(bars: &Bars) -> f64 {
    let found = levels(bars, &Search { count: 1, ..Search::default() });
    found.ok().and_then(|found| found.levels.first()?.strength).unwrap_or(0.0)
}

/// How often levels hold when they are first touched later on, within a tenth of an average true range: the price goes an average true range back before it goes as
/// far beyond. Of each series: found levels that held and all that were tried, and the same of random levels.
struct Holds(Vec<[f64; 4]>);

impl Holds {
    fn of(all: &[&Planted]) -> Self {
        Self(all.iter().enumerate().map(|(seed, series)| Self::of_series(series, seed as u64)).collect())
    }

    fn of_series(series: &Planted, seed: u64) -> [f64; 4] {
        let bars = &series.bars;
        let known = bars.len().saturating_sub(WATCHED);
        let part = |column: &[f64]| column[..known].to_vec();
        let (open, high, low) = (part(bars.open()), part(bars.high()), part(bars.low()));
        let Ok(before) = Bars::new(open, high, low, part(bars.close()), part(bars.volume())) else { return [0.0; 4] };
        let found = levels(&before, &Search { shuffles: 0, ..Search::default() });
        let found = found.map_or_else(|_| vec![], |found| found.levels);
        let (bottom, top) = (before.low().iter(), before.high().iter());
        let (bottom, top) = (bottom.copied().fold(f64::INFINITY, f64::min), top.copied().fold(0.0, f64::max));
        let mut random = seed;
        let mut counts = [0.0; 4];
        for level in &found {
            count(&mut counts[..2], held(bars, known, level.price, series.atr));
            for _ in 0..RANDOM {
                let price = bottom + (top - bottom) * uniform(&mut random);
                count(&mut counts[2..], held(bars, known, price, series.atr));
            }
        }
        counts
    }

    /// How much more often found levels hold than random ones, in standard errors: that of a share of so many levels, or
    /// that with whole series as what was drawn where it is larger, as the levels of one series share its path.
    fn check(&self, which: &str, bound: Bound) -> Check {
        let sum = |column: usize| self.0.iter().map(|counts| counts[column]).sum::<f64>();
        let (found, random) = (sum(0) / sum(1).max(1.0), sum(2) / sum(3).max(1.0));
        let influence = |counts: &[f64; 4]| {
            (counts[0] - found * counts[1]) / sum(1).max(1.0) - (counts[2] - random * counts[3]) / sum(3).max(1.0)
        };
        let by_series = self.0.iter().map(|counts| influence(counts).powi(2)).sum::<f64>().sqrt();
        let by_levels = (random * (1.0 - random) / sum(1).max(1.0)).sqrt();
        let error = by_series.max(by_levels);
        let mut check = Check::new(&format!("held, {which}: {found:.3} of {}, random {random:.3}", sum(1)), bound);
        check.row("difference in standard errors", (found - random).max(0.0) / error.max(1e-9));
        check
    }
}

fn count(counts: &mut [f64], held: Option<bool>) {
    if let (Some(held), [holds, tries]) = (held, counts) {
        *holds += f64::from(u8::from(held));
        *tries += 1.0;
    }
}

/// Whether a level held at its first touch from bar `from` on. `None` if it was not touched or if nothing came of it.
fn held(bars: &Bars, from: usize, level: f64, atr: f64) -> Option<bool> {
    let (high, low, close) = (bars.high(), bars.low(), bars.close());
    let near = 0.1 * atr;
    let touch = (from..bars.len()).find(|bar| low[*bar] - near <= level && level <= high[*bar] + near)?;
    let side = if close[touch.checked_sub(1)?] >= level { 1.0 } else { -1.0 };
    let back = |bar: usize| if side > 0.0 { high[bar] >= level + atr } else { low[bar] <= level - atr };
    let beyond = |bar: usize| if side > 0.0 { low[bar] <= level - atr } else { high[bar] >= level + atr };
    if beyond(touch) {
        return Some(false);
    }
    let decided = (touch + 1..bars.len()).find(|bar| back(*bar) || beyond(*bar))?;
    (back(decided) != beyond(decided)).then(|| back(decided))
}

/// A number from 0 to 1 that looks random (SplitMix64).
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
