use proptest::prelude::*;

use super::*;

fn bars(rows: impl IntoIterator<Item = [f64; 4]>) -> Bars {
    let rows: Vec<_> = rows.into_iter().collect();
    let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
    Bars::new(column(2), column(0), column(1), column(2), column(3)).unwrap()
}

/// High, low, close and volume of bars that go to and fro.
fn wavy(count: usize) -> Bars {
    bars((0..count).map(|bar| {
        let close = 100.0 + 5.0 * libm::sin(bar as f64 / 7.0) + (bar % 3) as f64;
        [close + 1.0, close - 1.5, close, 1000.0 + (bar % 5) as f64]
    }))
}

#[test]
fn a_flat_price_is_no_signal_rather_than_oversold() {
    let still = bars((0..300).map(|_| [50.0, 50.0, 50.0, 1000.0]));
    let reasons = [
        ("rsi", rsi(&still, 14).unwrap(), 15),
        ("%K", stochastic(&still, 14, 3, 3).unwrap()[0], 14),
        ("%R", williams_r(&still, 14).unwrap(), 14),
        ("mfi", money_flow_index(&still, 14).unwrap(), 15),
        ("cci", cci(&still, 20).unwrap(), 20),
        ("adx", adx(&still, 14).unwrap()[0], 15),
        ("bollinger", bollinger_position(&still, 20, 2.0).unwrap(), 20),
    ];
    for (name, reading, bars) in reasons {
        assert_eq!(reading, Reading::NoSignal(NoSignal::Flat { bars }), "{name}");
    }
    assert_eq!(atr(&still, 14).unwrap(), Reading::Value { value: 0.0, warmup_ok: true });
    assert_eq!(NoSignal::Flat { bars: 15 }.to_string(), "the price did not move over 15 bars");
}

#[test]
fn closes_that_stand_still_within_ranges_have_no_strength_but_a_range() {
    let still = bars((0..100).map(|_| [51.0, 49.0, 50.0, 1000.0]));
    assert_eq!(rsi(&still, 14).unwrap(), Reading::NoSignal(NoSignal::Flat { bars: 15 }));
    assert_eq!(bollinger_position(&still, 20, 2.0).unwrap(), Reading::NoSignal(NoSignal::Flat { bars: 20 }));
    assert_eq!(stochastic(&still, 14, 3, 3).unwrap()[0].value(), Some(50.0));
    assert_eq!(atr(&still, 14).unwrap().value(), Some(2.0));
}

#[test]
fn without_volume_there_is_no_flow() {
    let dry = bars((0..60).map(|bar| {
        let close = 100.0 + (bar % 7) as f64;
        [close + 1.0, close - 1.0, close, 0.0]
    }));
    assert_eq!(money_flow_index(&dry, 14).unwrap(), Reading::NoSignal(NoSignal::NoVolume { bars: 15 }));
    assert_eq!(chaikin_money_flow(&dry, 20).unwrap(), Reading::NoSignal(NoSignal::NoVolume { bars: 20 }));
    assert_eq!(on_balance_change(&dry, 20).unwrap(), Reading::NoSignal(NoSignal::NoVolume { bars: 20 }));
    assert!(rsi(&dry, 14).unwrap().value().is_some());
}

#[test]
fn each_says_how_many_bars_it_takes() {
    type One = fn(&Bars) -> Reading;
    let all: [(&str, usize, One); 11] = [
        ("rsi", 15, |bars| rsi(bars, 14).unwrap()),
        ("macd", 34, |bars| macd(bars, 12, 26, 9).unwrap()[1]),
        ("adx", 28, |bars| adx(bars, 14).unwrap()[0]),
        ("atr", 15, |bars| atr(bars, 14).unwrap()),
        ("ema", 20, |bars| ema(bars, 20).unwrap()),
        ("sma", 50, |bars| sma(bars, 50).unwrap()),
        ("%D", 18, |bars| stochastic(bars, 14, 3, 3).unwrap()[1]),
        ("%R", 14, |bars| williams_r(bars, 14).unwrap()),
        ("mfi", 15, |bars| money_flow_index(bars, 14).unwrap()),
        ("bollinger", 20, |bars| bollinger_position(bars, 20, 2.0).unwrap()),
        ("obv", 21, |bars| on_balance_change(bars, 20).unwrap()),
    ];
    for (name, needs, read) in all {
        let few = read(&wavy(needs - 1));
        assert_eq!(few, Reading::NoSignal(NoSignal::TooShort { bars: needs - 1, needs }), "{name}");
        assert!(read(&wavy(needs)).value().is_some(), "{name}");
        assert!(read(&wavy(0)).no_signal().is_some(), "{name}");
    }
    assert_eq!(NoSignal::TooShort { bars: 3, needs: 15 }.to_string(), "3 bars, it takes 15");
}

#[test]
fn a_settled_average_no_longer_knows_how_it_began() {
    let settled = |reading: Reading| matches!(reading, Reading::Value { warmup_ok: true, .. });
    assert!(!settled(rsi(&wavy(149), 14).unwrap()) && settled(rsi(&wavy(150), 14).unwrap()));
    assert!(!settled(atr(&wavy(149), 14).unwrap()) && settled(atr(&wavy(150), 14).unwrap()));
    assert!(!settled(ema(&wavy(119), 20).unwrap()) && settled(ema(&wavy(120), 20).unwrap()));
    assert!(settled(sma(&wavy(20), 20).unwrap()));
    // The same last 150 bars after another past: the ATR differs by less than a millionth of what the past differs by.
    let tail = wavy(150);
    let with_past = |reach: f64| {
        let past = (0..30).map(|_| [100.0 + reach, 100.0 - reach, 100.0, 1.0]);
        let rest = (0..150).map(|bar| [tail.high()[bar], tail.low()[bar], tail.close()[bar], 1.0]);
        atr(&bars(past.chain(rest)), 14).unwrap().value().unwrap()
    };
    assert!((with_past(1.0) - with_past(1.01)).abs() < 1e-6);
}

#[test]
fn on_balance_volume_goes_with_the_closes() {
    let up = bars((0..40).map(|bar| [101.0 + f64::from(bar), 99.0 + f64::from(bar), 100.0 + f64::from(bar), 10.0]));
    assert_eq!(on_balance_change(&up, 20).unwrap(), Reading::Value { value: 1.0, warmup_ok: true });
    let down = bars((0..40).map(|bar| [201.0 - f64::from(bar), 199.0 - f64::from(bar), 200.0 - f64::from(bar), 10.0]));
    assert_eq!(on_balance_change(&down, 20).unwrap().value(), Some(-1.0));
    assert!(on_balance_change(&down, 0).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_reading_is_finite_or_says_why(closes in prop::collection::vec(1e-3..1e6_f64, 0..80), n in 2_usize..30) {
        let bars = bars(closes.iter().map(|close| [close * 1.01, close * 0.99, *close, 5.0]));
        let mut readings = vec![
            rsi(&bars, n).unwrap(), atr(&bars, n).unwrap(), ema(&bars, n).unwrap(), sma(&bars, n).unwrap(),
            williams_r(&bars, n).unwrap(), cci(&bars, n).unwrap(), money_flow_index(&bars, n).unwrap(),
            chaikin_money_flow(&bars, n).unwrap(), bollinger_position(&bars, n, 2.0).unwrap(),
            on_balance_change(&bars, n).unwrap(),
        ];
        readings.extend(macd(&bars, n, n + 5, 4).unwrap());
        readings.extend(adx(&bars, n).unwrap());
        readings.extend(stochastic(&bars, n, 3, 3).unwrap());
        for reading in readings {
            match reading {
                Reading::Value { value, .. } => prop_assert!(value.is_finite()),
                Reading::NoSignal(reason) => prop_assert!(!reason.to_string().is_empty()),
            }
        }
    }
}
