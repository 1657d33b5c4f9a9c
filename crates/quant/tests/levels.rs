//! Support and resistance on series in which it was planted, on random walks, and on whatever else bars can be; and what
//! holds for any pivots, profiles and clusters. Every series is made here from a seed, so that each run sees the same
//! ones; none of them was used to choose a constant.

use proptest::prelude::*;
use quant::Bars;
use quant::levels::clusters::{Linkage, clusters};
use quant::levels::pivots::{Pivot, Ties, confirmed_by, pivots};
use quant::levels::{Kind, NEED, NoLevels, Search, Source, levels};
use quant::volume_profile::{Spread, VolumeProfile};

/// Bars that are known to be some.
#[expect(clippy::unwrap_used, reason = "a test that makes no bars has to fail")]
fn bars(open: Vec<f64>, high: Vec<f64>, low: Vec<f64>, close: Vec<f64>, volume: Vec<f64>) -> Bars {
    Bars::new(open, high, low, close, volume).unwrap()
}

/// Numbers that look random (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// How the walls of a world are.
#[derive(Clone, Copy)]
struct Walls {
    /// The chance that one throws the price back.
    chance: f64,
    /// How far a wall moves from bar to bar, as a standard deviation in parts of a bar's usual range.
    blur: f64,
}

const SHARP: Walls = Walls { chance: 0.75, blur: 0.0 };

struct World {
    bars: Bars,
    atr: f64,
    /// The walls that at least four bars touched.
    tested: Vec<f64>,
}

const BARS: usize = 500;
const TICKS: usize = 48;
/// The standard deviation of a bar's move.
const MOVE: f64 = 0.011;
/// About the range of such a bar, as a part of the price.
const RANGE: f64 = 0.016;

/// A random walk of ticks in the logarithm of the price, which walls throw back.
fn world(seed: u64, walls: Option<Walls>) -> World {
    let mut random = Random(seed);
    let mut prices: Vec<f64> = Vec::new();
    let mut next = 75_f64.ln() + 0.05 * random.uniform();
    while walls.is_some() && next < 135_f64.ln() {
        prices.push(next);
        next += 0.03 + 0.03 * random.uniform();
    }
    let (chance, blur) = walls.map_or((0.0, 0.0), |walls| (walls.chance, walls.blur));
    let mut columns: [Vec<f64>; 4] = Default::default();
    let mut price = 100_f64.ln();
    for _ in 0..BARS {
        let today: Vec<f64> = prices.iter().map(|wall| wall + blur * RANGE * random.normal()).collect();
        let [open, mut high, mut low] = [price; 3];
        for _ in 0..TICKS {
            let mut moved = price + MOVE / (TICKS as f64).sqrt() * random.normal();
            for wall in &today {
                if (price - wall) * (moved - wall) < 0.0 && random.uniform() < chance {
                    moved = 2.0 * wall - moved;
                }
            }
            price = moved;
            (high, low) = (high.max(price), low.min(price));
        }
        for (column, log) in columns.iter_mut().zip([open, high, low, price]) {
            column.push(log.exp());
        }
    }
    let [open, high, low, close] = columns;
    let recent: f64 = high.iter().zip(&low).skip(BARS - 100).map(|(high, low)| high - low).sum();
    let atr = recent / 100.0;
    let touched = |wall: &f64| {
        let touches =
            high.iter().zip(&low).filter(|(high, low)| **low - 0.1 * atr <= *wall && *wall <= **high + 0.1 * atr);
        touches.count() >= 4
    };
    let tested = prices.iter().map(|wall| wall.exp()).filter(touched).collect();
    World { bars: bars(open, high, low, close, vec![1000.0; BARS]), atr, tested }
}

fn head(whole: &Bars, count: usize) -> Bars {
    let part = |column: &[f64]| column[..count].to_vec();
    bars(part(whole.open()), part(whole.high()), part(whole.low()), part(whole.close()), part(whole.volume()))
}

const QUICK: Search = Search { count: 6, apart: 0.8, shuffles: 0, seed: 1 };

fn found(bars: &Bars, count: usize) -> Vec<f64> {
    let found = levels(bars, &Search { count, ..QUICK });
    found.map_or_else(|_| vec![], |found| found.levels.into_iter().map(|level| level.price).collect())
}

/// Prices anywhere in the range of the series.
fn anywhere(bars: &Bars, count: usize, random: &mut Random) -> Vec<f64> {
    let low = bars.low().iter().copied().fold(f64::INFINITY, f64::min);
    let high = bars.high().iter().copied().fold(0.0, f64::max);
    (0..count).map(|_| low + (high - low) * random.uniform()).collect()
}

/// The usual way: bars that end within a tenth of a range at a price without closing beyond it, over the root of the crossings.
fn by_touches(world: &World, count: usize) -> Vec<f64> {
    let (bars, near) = (&world.bars, 0.1 * world.atr);
    let low = bars.low().iter().copied().fold(f64::INFINITY, f64::min);
    let high = bars.high().iter().copied().fold(0.0, f64::max);
    let mut scored: Vec<(f64, f64)> = Vec::new();
    let mut price = low;
    while price < high {
        let touch = |bar: usize| {
            let above = (bars.low()[bar] - price).abs() <= near && bars.close()[bar] > price;
            let below = (bars.high()[bar] - price).abs() <= near && bars.close()[bar] < price;
            above || below
        };
        let touches = (0..bars.len()).filter(|bar| touch(*bar)).count() as f64;
        let crossed = bars.close().windows(2).filter(|pair| (pair[0] > price) != (pair[1] > price)).count() as f64;
        scored.push((touches / (1.0 + crossed).sqrt(), price));
        price += 0.05 * world.atr;
    }
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut kept: Vec<f64> = Vec::new();
    for (_, price) in scored {
        if kept.len() < count && kept.iter().all(|other| (other - price).abs() >= 0.8 * world.atr) {
            kept.push(price);
        }
    }
    kept
}

/// The share of the tested walls near one of as many found prices.
fn recall(world: &World, found: &[f64]) -> f64 {
    let hit = |wall: &&f64| found.iter().any(|price| (price - **wall).abs() <= 0.35 * world.atr);
    world.tested.iter().filter(hit).count() as f64 / world.tested.len() as f64
}

/// The mean and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let number = values.len() as f64;
    let mean = values.iter().sum::<f64>() / number;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (number - 1.0);
    (mean, (variance / number).sqrt())
}

fn worlds(count: u64, seed: u64, walls: Option<Walls>) -> Vec<World> {
    let worlds = (0..count).map(|number| world(seed.wrapping_mul(1_000_003) + number, walls));
    worlds.filter(|world| walls.is_none() || !world.tested.is_empty()).collect()
}

#[test]
fn planted_levels_are_found_far_better_than_by_chance_or_by_counting_touches() {
    let worlds = worlds(200, 20, Some(SHARP));
    let mut random = Random(3);
    let all: Vec<[f64; 3]> = worlds
        .iter()
        .map(|world| {
            let count = world.tested.len();
            [found(&world.bars, count), by_touches(world, count), anywhere(&world.bars, count, &mut random)]
                .map(|prices| recall(world, &prices))
        })
        .collect();
    let [(ours, error), (touches, _), (chance, _)] =
        [0, 1, 2].map(|method| mean(&all.iter().map(|recalls| recalls[method]).collect::<Vec<f64>>()));
    println!("recall {ours:.3} +- {error:.3}, by touches {touches:.3}, by chance {chance:.3}, {} series", all.len());
    assert!(ours - 3.0 * error > 0.7, "{ours} +- {error}");
    assert!(ours > touches + 0.2 && ours > 2.5 * chance, "{ours}, by touches {touches}, by chance {chance}");
}

#[test]
fn levels_that_are_zones_rather_than_prices_are_found_too() {
    for (walls, least) in [(Walls { chance: 0.75, blur: 0.06 }, 0.55), (Walls { chance: 0.9, blur: 0.12 }, 0.6)] {
        let recalls: Vec<f64> = worlds(60, 21, Some(walls))
            .iter()
            .map(|world| recall(world, &found(&world.bars, world.tested.len())))
            .collect();
        let (ours, error) = mean(&recalls);
        println!("blur {}: recall {ours:.3} +- {error:.3}", walls.blur);
        assert!(ours > least, "{ours} +- {error} with a blur of {}", walls.blur);
    }
}

/// Whether a level held at its first touch from bar `from` on: the price goes an average range back before it goes beyond.
fn held(world: &World, from: usize, level: f64) -> Option<bool> {
    let (high, low, close) = (world.bars.high(), world.bars.low(), world.bars.close());
    let near = 0.1 * world.atr;
    let touch = (from..BARS).find(|bar| low[*bar] - near <= level && level <= high[*bar] + near)?;
    let from_above = close[touch - 1] >= level;
    let (up, down) = (level + world.atr, level - world.atr);
    let ends =
        |bar: usize| if from_above { (high[bar] >= up, low[bar] <= down) } else { (low[bar] <= down, high[bar] >= up) };
    if ends(touch).1 {
        return Some(false);
    }
    let (back, beyond) = ends((touch + 1..BARS).find(|bar| ends(*bar).0 || ends(*bar).1)?);
    (back != beyond).then_some(back)
}

#[test]
fn on_a_random_walk_nothing_is_claimed() {
    let worlds = worlds(150, 22, None);
    let known = BARS - 120;
    let mut random = Random(4);
    let (mut strong, mut strengths) = (0, Vec::new());
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for (seed, world) in worlds.iter().enumerate() {
        let before = head(&world.bars, known);
        let Ok(found) = levels(&before, &Search { shuffles: 20, seed: seed as u64, ..QUICK }) else { continue };
        let strength = found.levels[0].strength.unwrap();
        strengths.push(strength);
        strong += usize::from(strength >= 95.0);
        let share = |held: Option<bool>| held.map(|held| f64::from(u8::from(held)));
        ours.extend(found.levels.iter().filter_map(|level| share(held(world, known, level.price))));
        others.extend(
            anywhere(&before, 24, &mut random).into_iter().filter_map(|price| share(held(world, known, price))),
        );
    }
    let (strength, error) = mean(&strengths);
    println!(
        "strongest levels of random walks: strength {strength:.1} +- {error:.1}, {strong} of {} at 95",
        strengths.len()
    );
    // With 20 shuffles that is the first place of 21.
    let expected = strengths.len() as f64 / 21.0;
    assert!(strong as f64 <= expected + 3.0 * expected.sqrt(), "{strong} of {}", strengths.len());
    assert!(strength <= 50.0 + 3.0 * error, "{strength} +- {error}");
    let ((ours, error), (others, _)) = (mean(&ours), mean(&others));
    println!("held: {ours:.3} +- {error:.3}, prices anywhere {others:.3}");
    assert!((ours - others).abs() <= 3.0 * error, "{ours} +- {error}, prices anywhere {others}");
}

#[test]
fn planted_levels_are_stronger_than_chance() {
    let worlds = worlds(30, 23, Some(SHARP));
    let strongest =
        |world: &World| levels(&world.bars, &Search { shuffles: 20, ..QUICK }).unwrap().levels[0].strength.unwrap();
    let strong = worlds.iter().filter(|world| strongest(world) >= 95.0).count();
    println!("strongest planted levels at 95 %: {strong} of {}", worlds.len());
    assert!(strong * 10 >= worlds.len() * 9, "{strong} of {}", worlds.len());
}

#[test]
fn a_new_bar_leaves_the_levels_where_they_are() {
    let (mut steady, mut steps) = (0, 0);
    for walls in [Some(SHARP), None] {
        for world in worlds(4, 24, walls) {
            let mut last: Option<(Vec<f64>, f64)> = None;
            for known in 380..BARS {
                let now = found(&head(&world.bars, known), 6);
                if let Some((before, near)) = &last {
                    let moved =
                        now.iter().filter(|price| before.iter().all(|old| (*price - old).abs() > *near)).count();
                    steady += usize::from(moved <= 1);
                    steps += 1;
                }
                last = Some((now, 0.25 * world.atr));
            }
        }
    }
    println!("at most one of six levels moved in {steady} of {steps} steps");
    assert!(steady * 100 >= steps * 95, "{steady} of {steps}");
}

#[test]
fn levels_do_not_depend_on_the_unit_of_the_price() {
    let world = world(25, Some(SHARP));
    for unit in [0.01, 7.0, 1e6] {
        let scaled = |column: &[f64]| column.iter().map(|price| price * unit).collect::<Vec<f64>>();
        let bars = &world.bars;
        let volume = bars.volume().to_vec();
        let (open, high) = (scaled(bars.open()), scaled(bars.high()));
        let other = Bars::new(open, high, scaled(bars.low()), scaled(bars.close()), volume).unwrap();
        let (one, other) = (found(bars, 3), found(&other, 3));
        assert_eq!(one.len(), 3);
        let same = one.iter().zip(&other).all(|(one, other)| (one - other / unit).abs() < 0.15 * world.atr);
        assert!(same, "{one:?} and {other:?} at {unit}");
    }
}

#[test]
fn a_level_says_how_it_was_met() {
    // A price that swings between about 90 and 100, never quite the same way, and stands in the middle at the end.
    let swing = |bar: u32| 5.0 * (std::f64::consts::TAU * f64::from(bar) / 20.3).cos();
    let path: Vec<f64> = (0..127).map(|bar| 95.0 - swing(bar)).collect();
    let open: Vec<f64> = path.iter().take(1).chain(&path).copied().take(path.len()).collect();
    let high = open.iter().zip(&path).map(|(open, close)| open.max(*close)).collect();
    let low = open.iter().zip(&path).map(|(open, close)| open.min(*close)).collect();
    let bars = Bars::new(open, high, low, path.clone(), vec![5.0; path.len()]).unwrap();
    let search = Search { count: 2, ..Search::default() };
    let found = levels(&bars, &search).unwrap();
    assert_eq!(found, levels(&bars, &search).unwrap());
    let mut by_price = found.levels.clone();
    by_price.sort_by(|one, other| one.price.total_cmp(&other.price));
    let [support, resistance] = by_price.as_slice() else { panic!("{found:?}") };
    assert!((support.price - 90.0).abs() < 0.2 && (resistance.price - 100.0).abs() < 0.2, "{found:?}");
    assert_eq!((support.kind, resistance.kind), (Kind::Support, Kind::Resistance));
    assert_eq!((resistance.touches, resistance.crossings, resistance.last_touch), (6, 0, 113));
    assert_eq!((support.touches, support.crossings, support.last_touch), (7, 0, 123));
    assert!(resistance.sources.contains(&Source::Pivots) && resistance.sources.contains(&Source::Extreme));
    assert!(resistance.zone.0 < resistance.price && resistance.price < resistance.zone.1);
    assert!(resistance.evidence > 0.0 && resistance.strength.is_some());
    assert_eq!(levels(&bars, &Search { count: 2, ..QUICK }).unwrap().levels[0].strength, None);
}

#[test]
fn a_series_without_levels_says_why() {
    let same = |price: f64, count: usize| {
        let column = vec![price; count];
        Bars::new(column.clone(), column.clone(), column.clone(), column, vec![0.0; count]).unwrap()
    };
    assert_eq!(levels(&same(10.0, 0), &QUICK), Err(NoLevels::Short { have: 0 }));
    assert_eq!(levels(&same(10.0, NEED - 1), &QUICK), Err(NoLevels::Short { have: NEED - 1 }));
    assert_eq!(levels(&same(10.0, NEED), &QUICK), Err(NoLevels::Flat));
    let rising: Vec<f64> = (0..200).map(|bar| 100.0 * 1.01_f64.powi(bar)).collect();
    let open: Vec<f64> = rising.iter().map(|close| close / 1.01).collect();
    let bars = Bars::new(open.clone(), rising.clone(), open, rising, vec![1.0; 200]).unwrap();
    let found = levels(&bars, &QUICK);
    // Such a path meets each price once.
    assert_eq!(found, Err(NoLevels::None));
    assert_eq!(levels(&world(26, None).bars, &Search { count: 0, ..QUICK }), Err(NoLevels::None));
}

/// Bars of any shape: long flat stretches, jumps, prices from far below a cent to far above a million.
fn any_bars() -> impl Strategy<Value = Bars> {
    let bar = (prop_oneof![3 => -0.05..0.05, 1 => Just(0.0), 1 => -3.0..3.0], 0.0..0.1, 0.0..0.1, 0.0..1e9);
    (prop::collection::vec(bar, 0..160), -20.0..20.0).prop_map(|(rows, start): (Vec<(f64, f64, f64, f64)>, f64)| {
        let mut price: f64 = start;
        let mut columns: [Vec<f64>; 5] = Default::default();
        for (moved, above, below, volume) in rows {
            let open = price;
            price = (price + moved).clamp(-40.0, 40.0);
            let row =
                [open.exp(), (open.max(price) + above).exp(), (open.min(price) - below).exp(), price.exp(), volume];
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        let [open, high, low, close, volume] = columns;
        bars(open, high, low, close, volume)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_confirmed_pivot_stays_one(bars in any_bars(), order in 1_usize..6, known in 0_usize..160) {
        let known = known.min(bars.len());
        let confirmed = |prices: &[f64], pivot| -> Vec<usize> {
            let all = pivots(prices, order, pivot, Ties::Kept);
            all.into_iter().filter(|bar| confirmed_by(*bar, order, known).is_some()).collect()
        };
        for (prices, pivot) in [(bars.high(), Pivot::High), (bars.low(), Pivot::Low)] {
            prop_assert_eq!(confirmed(&prices[..known], pivot), confirmed(prices, pivot));
        }
    }

    #[test]
    fn a_profile_has_all_volume_and_its_area_the_share(bars in any_bars(), bins in 1_usize..60, share in 0.0..1.0) {
        let traded: f64 = bars.volume().iter().sum();
        for spread in [Spread::Typical, Spread::Uniform] {
            let Some(profile) = VolumeProfile::new(&bars, bins, spread) else { continue };
            prop_assert!((profile.total() - traded).abs() <= 1e-9 * traded.max(1.0), "{} {}", profile.total(), traded);
            if let Some((first, last)) = profile.value_area(share) {
                let control = profile.point_of_control();
                prop_assert!(control.is_some_and(|control| first <= control && control <= last));
                let held: f64 = profile.volume[first..=last].iter().sum();
                prop_assert!(held >= (share - 1e-9) * traded);
            }
        }
    }

    #[test]
    fn clusters_hold_each_price_once(prices in prop::collection::vec(1.0_f64..100.0, 0..60), distance in 0.0..20.0) {
        for linkage in [Linkage::Single, Linkage::Complete, Linkage::Average] {
            let found = clusters(&prices, linkage, distance).unwrap();
            let mut held: Vec<f64> = found.iter().flat_map(|cluster| cluster.prices.clone()).collect();
            prop_assert!(held.is_sorted());
            let mut sorted = prices.clone();
            sorted.sort_by(f64::total_cmp);
            held.sort_by(f64::total_cmp);
            prop_assert_eq!(held, sorted);
            for cluster in &found {
                let width = cluster.prices.last().unwrap() - cluster.prices.first().unwrap();
                prop_assert!(linkage != Linkage::Complete || width <= distance);
            }
        }
    }

    #[test]
    fn every_level_is_a_price_apart_from_the_others(bars in any_bars(), count in 0_usize..12, apart in 0.0..3.0) {
        let search = Search { count, apart, shuffles: 2, seed: 9 };
        if let Ok(found) = levels(&bars, &search) {
            prop_assert!(!found.levels.is_empty() && found.levels.len() <= count);
            prop_assert!(found.atr.is_finite() && found.atr > 0.0);
            let last = bars.close().last().unwrap();
            for (place, level) in found.levels.iter().enumerate() {
                prop_assert!(level.price.is_finite() && level.price > 0.0 && level.evidence.is_finite() && level.evidence > 0.0);
                prop_assert!((level.kind == Kind::Support) == (level.price <= *last));
                prop_assert!(level.last_touch < bars.len() && level.zone.0 < level.zone.1);
                prop_assert!(level.strength.is_some_and(|strength| (0.0..=100.0).contains(&strength)));
                for other in &found.levels[..place] {
                    prop_assert!(other.evidence >= level.evidence);
                    let distance = (other.price / level.price).ln().abs();
                    prop_assert!(distance >= apart * found.atr / last - 1e-9);
                }
            }
        }
    }
}
