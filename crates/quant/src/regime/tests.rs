use proptest::prelude::*;

use super::*;

fn bars(rows: impl IntoIterator<Item = [f64; 3]>) -> Bars {
    let rows: Vec<_> = rows.into_iter().collect();
    let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
    Bars::new(column(2), column(0), column(1), column(2), vec![1000.0; rows.len()]).unwrap()
}

/// Waves of 20 bars around a line with the given slope per bar.
fn waves(count: usize, slope: f64, height: f64) -> Bars {
    bars((0..count).map(|bar| {
        let close = 300.0 + slope * bar as f64 + height * libm::sin(std::f64::consts::PI * bar as f64 / 10.0);
        [close + 1.0, close - 1.0, close]
    }))
}

#[test]
fn a_rise_a_fall_and_neither() {
    // Ends while a wave rises: at a crest or in a trough the averages say less.
    let up = trend(&waves(264, 0.8, 3.0)).unwrap();
    assert_eq!((up.direction, up.strength), (Direction::Up, Strength::Strong), "{up:?}");
    assert_eq!(up.votes.map(|vote| vote.vote), [1, 1, 1, 1]);
    let down = trend(&waves(275, -0.8, 3.0)).unwrap();
    assert_eq!((down.direction, down.strength), (Direction::Down, Strength::Strong), "{down:?}");
    let sideways = trend(&waves(264, 0.0, 3.0)).unwrap();
    assert_eq!((sideways.direction, sideways.strength), (Direction::Sideways, Strength::Absent), "{sideways:?}");
}

#[test]
fn evidence_in_words() {
    let up = trend(&waves(264, 0.8, 3.0)).unwrap();
    let words = up.votes.map(|vote| vote.evidence.to_string());
    assert!(words[0].starts_with("close 5") && words[0].contains("SMA200"), "{words:?}");
    assert!(words[1].starts_with("SMA50 moved +"), "{words:?}");
    assert!(words[2].starts_with("ADX "), "{words:?}");
    assert!(words[3].starts_with("swing highs "), "{words:?}");
    let short = trend(&waves(60, 0.8, 0.0)).unwrap();
    assert_eq!(short.votes[3], Vote { vote: 0, evidence: Evidence::NoSwings });
    assert!(!short.votes[0].evidence.to_string().contains("SMA200"));
}

#[test]
fn too_few_bars_and_bars_that_stand_still() {
    assert_eq!(trend(&waves(59, 1.0, 1.0)), Err(NoSignal::TooShort { bars: 59, needs: 60 }));
    assert_eq!(trend(&Bars::default()), Err(NoSignal::TooShort { bars: 0, needs: 60 }));
    let still = bars((0..100).map(|_| [50.0, 50.0, 50.0]));
    assert_eq!(trend(&still), Err(NoSignal::Flat { bars: 50 }));
    let told = trend(&waves(70, 1.0, 1.0)).unwrap();
    assert_eq!(regime(&waves(70, 1.0, 1.0), &told), Err(NoSignal::TooShort { bars: 70, needs: 75 }));
}

#[test]
fn regimes() {
    let told = |bars: &Bars| regime(bars, &trend(bars).unwrap()).unwrap();
    let rising = told(&waves(264, 0.8, 3.0));
    assert_eq!(rising.kind, Kind::Trending, "{rising:?}");
    // Closes that hardly move within wide ranges, after a year that did.
    let calm = bars((0..300).map(|bar| {
        let wave = if bar < 250 { 12.0 * libm::sin(bar as f64 / 3.0) } else { 0.05 * (bar % 2) as f64 };
        let reach = if bar < 250 { 3.0 } else { 1.0 };
        [200.0 + wave + reach, 200.0 + wave - reach, 200.0 + wave]
    }));
    let calm = told(&calm);
    assert_eq!((calm.kind, calm.volatility), (Kind::Squeeze, Volatility::Low), "{calm:?}");
    assert!(calm.squeeze_bars > 10 && calm.compared_with == 252);
    // The same with the year turned around.
    let storm = bars((0..300).map(|bar| {
        let wave = if bar >= 250 { 12.0 * libm::sin(bar as f64 / 3.0) } else { 0.05 * (bar % 2) as f64 };
        [200.0 + wave + 3.0, 200.0 + wave - 3.0, 200.0 + wave]
    }));
    assert_eq!(told(&storm).volatility, Volatility::High);
}

#[test]
fn swings_are_known_only_afterwards() {
    let peak_at = |at: usize, count: usize| -> Vec<f64> {
        (0..count).map(|bar| if bar == at || bar == 10 { 2.0 } else { 1.0 }).collect()
    };
    let above = |a: f64, b: f64| a > b;
    assert_eq!(last_two(&peak_at(30, 36), above), Some([2.0, 2.0]));
    assert_eq!(last_two(&peak_at(31, 36), above), None, "five bars have to follow");
    assert_eq!(last_two(&[1.0; 40], above), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_mirrored_price_trends_the_other_way(steps in prop::collection::vec(-1.0..1.0_f64, 60..260)) {
        let path = |sign: f64| {
            let mut price = 1000.0;
            bars(steps.iter().map(move |step| {
                price += sign * step;
                [price + 1.0, price - 1.0, price]
            }))
        };
        let (one, other) = (trend(&path(1.0)).unwrap(), trend(&path(-1.0)).unwrap());
        let turned = match one.direction {
            Direction::Up => Direction::Down,
            Direction::Down => Direction::Up,
            Direction::Sideways => Direction::Sideways,
        };
        // Ties between sums that are rounded may fall either way; votes that are 0 in one and not in the other are rare.
        if one.votes.map(|vote| vote.vote) == other.votes.map(|vote| -vote.vote) {
            prop_assert_eq!(other.direction, turned);
        } else {
            let differ = one.votes.iter().zip(&other.votes).filter(|(one, other)| one.vote != -other.vote).count();
            prop_assert!(differ <= 1, "{:?} {:?}", one, other);
        }
    }

    #[test]
    fn whatever_the_bars_there_is_a_regime_or_a_reason(closes in prop::collection::vec(1e-3..1e5_f64, 0..300)) {
        let bars = bars(closes.iter().map(|close| [close * 1.001, close * 0.999, *close]));
        if let Ok(told) = trend(&bars) {
            prop_assert!((0.0..=100.0001).contains(&told.adx));
            if let Ok(regime) = regime(&bars, &told) {
                prop_assert!((0.0..=100.0).contains(&regime.atr_percentile));
                prop_assert!(regime.atr_percent.is_finite());
            }
        } else {
            prop_assert!(bars.len() < TREND_NEEDS);
        }
    }
}
