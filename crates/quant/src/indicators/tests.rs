use chrono::{Days, NaiveDate};
use proptest::prelude::*;

use super::averages::{dema, ema, hma, kama, sma, tema, vwma, wma};
use super::momentum::{
    cci, fast_stochastic, macd, momentum, rate_of_change, rsi, stochastic, stochastic_rsi, williams_r,
};
use super::movement::{
    adx, adxr, aroon, directional_index, directional_movement, dx, ichimoku, parabolic_sar, regression,
    regression_slope, supertrend,
};
use super::range::{
    Squeeze, atr, bollinger, choppiness, deviation, donchian, keltner, normalized_atr, simple_keltner, squeeze,
    true_range,
};
use super::volume::{accumulation, chaikin_money_flow, chaikin_oscillator, money_flow_index, on_balance};
use super::vwap::{Anchor, anchored};
use super::windows::{highest, lowest};
use super::*;
use crate::Bars;

fn bars(rows: &[[f64; 5]]) -> Bars {
    let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
    Bars::new(column(0), column(1), column(2), column(3), column(4)).unwrap()
}

fn flat(count: usize, price: f64) -> Bars {
    bars(&vec![[price, price, price, price, 100.0]; count])
}

/// Closes that rise by 1, with ranges of 2 around them.
fn rising(count: usize) -> Bars {
    let rows: Vec<_> = (0..count).map(|bar| 100.0 + bar as f64).map(|c| [c, c + 1.0, c - 1.0, c, 10.0]).collect();
    bars(&rows)
}

/// Every series of every indicator with `n` as its main period, by name.
fn everything(bars: &Bars, n: usize) -> Result<Vec<(&'static str, Series)>, InvalidParameter> {
    let close = bars.close();
    let macd = macd(close, n, n + 7, 5)?;
    let slow = stochastic(bars, n, 3, 2)?;
    let fast = fast_stochastic(bars, n, 3)?;
    let of_rsi = stochastic_rsi(close, n, n, 3)?;
    let moved = directional_movement(bars, n)?;
    let sides = directional_index(bars, n)?;
    let extremes = aroon(bars, n)?;
    let stop = supertrend(bars, n, 2.0)?;
    let bands = bollinger(close, n, 2.0)?;
    let channel = keltner(bars, n, 1.5)?;
    let simple = simple_keltner(bars, n, 1.5)?;
    let reach = donchian(bars, n, n + 1)?;
    let cloud = ichimoku(bars, n, n + 3, n + 9)?;
    let start: NaiveDate = "2024-02-26".parse().unwrap();
    let dates: Vec<_> = (0..bars.len() as u64).map(|bar| start + Days::new(bar)).collect();
    let quiet = squeeze(bars, n, 2.0, n, 1.5)?;
    Ok(vec![
        ("sma", sma(close, n)?),
        ("ema", ema(close, n)?),
        ("wma", wma(close, n)?),
        ("dema", dema(close, n)?),
        ("tema", tema(close, n)?),
        ("kama", kama(close, n)?),
        ("hma", hma(close, n)?),
        ("vwma", vwma(bars, n)?),
        ("rsi", rsi(close, n)?),
        ("macd", macd.line),
        ("macd signal", macd.signal),
        ("macd histogram", macd.histogram),
        ("%K", slow.k),
        ("%D", slow.d),
        ("fast %K", fast.k),
        ("fast %D", fast.d),
        ("rsi %K", of_rsi.k),
        ("rsi %D", of_rsi.d),
        ("%R", williams_r(bars, n)?),
        ("cci", cci(bars, n)?),
        ("roc", rate_of_change(close, n)?),
        ("momentum", momentum(close, n)?),
        ("+dm", moved.plus),
        ("-dm", moved.minus),
        ("+di", sides.plus),
        ("-di", sides.minus),
        ("dx", dx(bars, n)?),
        ("adx", adx(bars, n)?),
        ("adxr", adxr(bars, n)?),
        ("aroon up", extremes.up),
        ("aroon down", extremes.down),
        ("sar", parabolic_sar(bars, 0.02, 0.2)?),
        ("regression", regression(close, n)?),
        ("slope", regression_slope(close, n)?),
        ("supertrend", stop.line),
        ("supertrend direction", stop.direction),
        ("true range", true_range(bars)),
        ("atr", atr(bars, n)?),
        ("natr", normalized_atr(bars, n)?),
        ("deviation", deviation(close, n)?),
        ("bollinger lower", bands.lower),
        ("bollinger middle", bands.middle),
        ("bollinger upper", bands.upper),
        ("keltner lower", channel.lower),
        ("keltner upper", channel.upper),
        ("simple keltner lower", simple.lower),
        ("donchian lower", reach.lower),
        ("donchian middle", reach.middle),
        ("donchian upper", reach.upper),
        ("choppiness", choppiness(bars, n, 1)?),
        ("conversion", cloud.conversion),
        ("base", cloud.base),
        ("span a", cloud.span_a),
        ("span b", cloud.span_b),
        ("obv", on_balance(bars)),
        ("accumulation", accumulation(bars)),
        ("chaikin", chaikin_oscillator(bars, n, n + 4)?),
        ("mfi", money_flow_index(bars, n)?),
        ("cmf", chaikin_money_flow(bars, n)?),
        ("vwap month", anchored(bars, &dates, Anchor::Month)?),
        ("vwap week", anchored(bars, &dates, Anchor::Week)?),
        ("highest", highest(bars.high(), n)?),
        ("lowest", lowest(bars.low(), n)?),
        (
            "squeeze",
            quiet.into_iter().map(|state| state.map(|state| f64::from(u8::from(state == Squeeze::On)))).collect(),
        ),
    ])
}

fn last(series: &Series) -> Option<f64> {
    series.last().copied().flatten()
}

fn near(got: Option<f64>, expected: f64) {
    let got = got.expect("a value");
    assert!((got - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{got} is not {expected}");
}

#[test]
fn averages_of_a_few_numbers() {
    let values = [1.0, 2.0, 3.0, 4.0, 10.0];
    assert_eq!(sma(&values, 3).unwrap(), vec![None, None, Some(2.0), Some(3.0), Some(17.0 / 3.0)]);
    // Starts at 2, then half of the way to each value.
    assert_eq!(ema(&values, 3).unwrap(), vec![None, None, Some(2.0), Some(3.0), Some(6.5)]);
    near(last(&wma(&values, 3).unwrap()), (3.0 + 2.0 * 4.0 + 3.0 * 10.0) / 6.0);
    // A straight line is where all of these without lag are: the newest value.
    let line: Vec<f64> = (0..60).map(f64::from).collect();
    near(last(&dema(&line, 5).unwrap()), 59.0);
    near(last(&tema(&line, 5).unwrap()), 59.0);
    near(last(&regression(&line, 7).unwrap()), 59.0);
    near(last(&regression_slope(&line, 7).unwrap()), 1.0);
    // Hull's with 9: WMA(4) lags by 1, WMA(9) by 8/3, their combination leads by 2/3, and WMA(3) of it lags by 2/3.
    near(last(&hma(&line, 9).unwrap()), 59.0);
}

#[test]
fn volume_decides_the_weighted_average() {
    let series = bars(&[[10.0, 10.0, 10.0, 10.0, 1.0], [20.0, 20.0, 20.0, 20.0, 3.0], [30.0, 30.0, 30.0, 30.0, 0.0]]);
    assert_eq!(vwma(&series, 2).unwrap(), vec![None, Some(17.5), Some(20.0)]);
    assert_eq!(vwma(&series, 1).unwrap(), vec![Some(10.0), Some(20.0), None]);
}

#[test]
fn anchors_begin_anew() {
    let row = |price: f64| [price, price, price, price, 1.0];
    // A Friday, the Monday after, and the first of the next month, which is a Friday of the same week.
    let series = bars(&[row(10.0), row(20.0), row(40.0)]);
    let dates: Vec<NaiveDate> =
        ["2024-02-23", "2024-02-26", "2024-03-01"].iter().map(|date| date.parse().unwrap()).collect();
    assert_eq!(anchored(&series, &dates, Anchor::Week).unwrap(), vec![Some(10.0), Some(20.0), Some(30.0)]);
    assert_eq!(anchored(&series, &dates, Anchor::Month).unwrap(), vec![Some(10.0), Some(15.0), Some(40.0)]);
    assert_eq!(anchored(&series, &dates, Anchor::Day).unwrap(), vec![Some(10.0), Some(20.0), Some(40.0)]);
    // The last days of December may belong to the first week of the next year.
    let dates: Vec<NaiveDate> =
        ["2024-12-30", "2024-12-31", "2025-01-02"].iter().map(|date| date.parse().unwrap()).collect();
    assert_eq!(last(&anchored(&series, &dates, Anchor::Week).unwrap()), Some(70.0 / 3.0));
    let short = anchored(&series, &dates[..2], Anchor::Week);
    assert_eq!(short, Err(InvalidParameter::Length { name: "the column of dates", given: 2, bars: 3 }));
}

#[test]
fn a_rising_line() {
    let up = rising(120);
    near(last(&rsi(up.close(), 14).unwrap()), 100.0);
    near(last(&adx(&up, 14).unwrap()), 100.0);
    near(last(&atr(&up, 14).unwrap()), 2.0);
    near(last(&aroon(&up, 25).unwrap().up), 100.0);
    near(last(&aroon(&up, 25).unwrap().down), 0.0);
    near(last(&momentum(up.close(), 10).unwrap()), 10.0);
    // The close lies 14 above the lowest of 14 lows, which are 15 below the highest high.
    near(last(&fast_stochastic(&up, 14, 3).unwrap().k), 100.0 * 14.0 / 15.0);
    near(last(&williams_r(&up, 14).unwrap()), -100.0 / 15.0);
    // 14 true ranges of 2 over a range of 15.
    near(last(&choppiness(&up, 14, 1).unwrap()), 100.0 * libm::log10(28.0 / 15.0) / libm::log10(14.0));
    let stop = supertrend(&up, 10, 3.0).unwrap();
    assert_eq!(last(&stop.direction), Some(1.0));
    near(last(&stop.line), 219.0 - 3.0 * 2.0);
    assert_eq!(last(&on_balance(&up)), Some(1200.0));
    let reach = donchian(&up, 20, 20).unwrap();
    assert_eq!((last(&reach.lower), last(&reach.upper)), (Some(199.0), Some(220.0)));
    let bands = bollinger(up.close(), 20, 2.0).unwrap();
    // The population's deviation of 20 consecutive numbers is the root of (400 - 1) / 12.
    near(last(&bands.upper), 209.5 + 2.0 * (399.0_f64 / 12.0).sqrt());
    near(last(&bands.lower), 209.5 - 2.0 * (399.0_f64 / 12.0).sqrt());
}

#[test]
fn supertrend_turns_and_turns_back() {
    let mut rows: Vec<_> = (0..30).map(|bar| 100.0 + f64::from(bar)).map(|c| [c, c + 1.0, c - 1.0, c, 1.0]).collect();
    rows.extend((0..30).map(|bar| 115.0 - f64::from(bar)).map(|c| [c, c + 1.0, c - 1.0, c, 1.0]));
    rows.extend((0..30).map(|bar| 120.0 + f64::from(bar)).map(|c| [c, c + 1.0, c - 1.0, c, 1.0]));
    let found = supertrend(&bars(&rows), 10, 2.0).unwrap();
    let at = |bar: usize| found.direction[bar];
    assert_eq!(
        (at(9), at(10), at(29), at(30), at(59), at(60)),
        (None, Some(1.0), Some(1.0), Some(-1.0), Some(-1.0), Some(1.0))
    );
    let falls: Vec<f64> = found.line[30..60].iter().map(|line| line.unwrap()).collect();
    assert!(falls.windows(2).all(|pair| pair[1] <= pair[0]), "a stop above the price only falls: {falls:?}");
}

#[test]
fn ichimoku_is_drawn_where_it_belongs() {
    let up = rising(100);
    let cloud = ichimoku(&up, 9, 26, 52).unwrap();
    // The middle of the range of n bars that rise by 1 is (n - 1) / 2 below the newest close.
    near(last(&cloud.conversion), 199.0 - 4.0);
    near(last(&cloud.base), 199.0 - 12.5);
    near(last(&cloud.span_a), 199.0 - 26.0 - 8.25);
    near(last(&cloud.span_b), 199.0 - 26.0 - 25.5);
    assert_eq!(cloud.span_b.iter().position(Option::is_some), Some(51 + 26));
    assert_eq!(cloud.lagging[73], Some(199.0));
    assert_eq!(cloud.lagging[74], None);
    assert_eq!(cloud.ahead.len(), 26);
    near(cloud.ahead.last().unwrap().1, 199.0 - 25.5);
    let short = ichimoku(&rising(3), 9, 26, 52).unwrap();
    assert_eq!((short.span_a.len(), short.ahead.len(), short.lagging.len()), (3, 26, 3));
}

#[test]
fn what_a_flat_price_gives() {
    let still = flat(80, 50.0);
    let zero = |series: &Series| assert_eq!(last(series), Some(0.0));
    zero(&rsi(still.close(), 14).unwrap());
    zero(&stochastic(&still, 14, 3, 3).unwrap().k);
    zero(&money_flow_index(&still, 14).unwrap());
    zero(&williams_r(&still, 14).unwrap());
    zero(&adx(&still, 14).unwrap());
    zero(&chaikin_money_flow(&still, 20).unwrap());
    assert_eq!(last(&choppiness(&still, 14, 1).unwrap()), None);
    assert_eq!(squeeze(&still, 20, 2.0, 20, 1.5).unwrap().last(), Some(&Some(Squeeze::Neither)));
    // A price that moved once is no longer without gains.
    let moved: Vec<f64> = (0..40).map(|bar| if bar < 20 { 50.0 } else { 51.0 }).collect();
    let strength = rsi(&moved, 14).unwrap();
    assert_eq!((strength[19], strength[20], last(&strength)), (Some(0.0), Some(100.0), Some(100.0)));
}

#[test]
fn a_squeeze_is_on_when_closes_stand_still_within_their_ranges() {
    let row = |close: f64, reach: f64| [close, close + reach, close - reach, close, 1.0];
    let quiet: Vec<_> = (0..60).map(|bar| row(100.0 + 0.1 * f64::from(bar % 2), 2.0)).collect();
    assert_eq!(squeeze(&bars(&quiet), 20, 2.0, 20, 1.5).unwrap().last(), Some(&Some(Squeeze::On)));
    let wild: Vec<_> = (0..60).map(|bar| row(100.0 + 10.0 * f64::from((bar / 10) % 2), 0.1)).collect();
    assert_eq!(squeeze(&bars(&wild), 20, 2.0, 20, 1.5).unwrap().last(), Some(&Some(Squeeze::Off)));
}

#[test]
fn parameters_that_make_no_sense_are_named() {
    let up = rising(30);
    let close = up.close();
    let period = |name, given, least| Some(InvalidParameter::Period { name, given, least });
    assert_eq!(sma(close, 0).err(), period("the period of SMA", 0, 1));
    assert_eq!(ema(close, LONGEST + 1).err(), period("the period of EMA", LONGEST + 1, 1));
    assert_eq!(rsi(close, 1).err(), period("the period of RSI", 1, 2));
    assert_eq!(macd(close, 1, 26, 9).err(), period("the fast period of MACD", 1, 2));
    assert_eq!(vwma(&up, usize::MAX).err(), period("the period of VWMA", usize::MAX, 1));
    assert_eq!(hma(close, 1).err(), period("the period of HMA", 1, 2));
    assert_eq!(donchian(&up, 0, 5).err(), period("the period of the lowest", 0, 1));
    assert_eq!(choppiness(&up, 14, 0).err(), period("the period of ATR", 0, 1));
    for width in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e6] {
        assert!(matches!(bollinger(close, 20, width), Err(InvalidParameter::Factor { .. })));
        assert!(matches!(keltner(&up, 20, width), Err(InvalidParameter::Factor { .. })));
        assert!(matches!(supertrend(&up, 10, width), Err(InvalidParameter::Factor { .. })));
        assert!(matches!(parabolic_sar(&up, width, 0.2), Err(InvalidParameter::Factor { .. })));
    }
    assert_eq!(
        InvalidParameter::Period { name: "the period of RSI", given: 1, least: 2 }.to_string(),
        "the period of RSI is 1 bars; it has to be from 2 to 100000"
    );
}

#[test]
fn the_longest_periods_are_nothing_but_long() {
    for count in [0, 1, 2, 40] {
        for (name, series) in everything(&rising(count), 50_000).unwrap() {
            assert_eq!(series.len(), count, "{name}");
        }
    }
}

/// Bars of any sense: prices over many magnitudes, ranges and volumes of zero.
fn any_bars(most: usize) -> impl Strategy<Value = Bars> {
    let row = (-3_i32..4, 1.0..10.0_f64, 0.0..0.3_f64, 0.0..0.3_f64, 0.0..1.0_f64, 0.0..1.0_f64, 0..4_u8);
    prop::collection::vec(row, 0..most).prop_map(|rows| {
        let scale = 10.0_f64.powi(rows.first().map_or(0, |row| row.0) * 3);
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(_, middle, above, below, open, close, kind)| {
                let (high, low) =
                    if kind == 0 { (middle, middle) } else { (middle * (1.0 + above), middle * (1.0 - below)) };
                let within = |share: f64| (low + share * (high - low)).clamp(low, high);
                let volume = if kind == 1 { 0.0 } else { (1e6 * above).floor() };
                [within(open) * scale, high * scale, low * scale, within(close) * scale, volume]
            })
            .map(|[open, high, low, close, volume]| [open.clamp(low, high), high, low, close.clamp(low, high), volume])
            .collect();
        bars(&rows)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn one_finite_entry_for_each_bar(bars in any_bars(150), n in 2_usize..40) {
        for (name, series) in everything(&bars, n).unwrap() {
            prop_assert_eq!(series.len(), bars.len(), "{}", name);
            prop_assert!(series.iter().flatten().all(|value| value.is_finite()), "{}", name);
        }
    }

    #[test]
    fn bars_to_come_change_nothing(bars in any_bars(120), n in 2_usize..30, keep in 0.0..1.0_f64) {
        let keep = (keep * bars.len() as f64) as usize;
        let cut = |column: &[f64]| column[..keep].to_vec();
        let fewer = Bars::new(
            cut(bars.open()), cut(bars.high()), cut(bars.low()), cut(bars.close()), cut(bars.volume()),
        ).unwrap();
        let (all, early) = (everything(&bars, n).unwrap(), everything(&fewer, n).unwrap());
        for ((name, all), (_, early)) in all.into_iter().zip(early) {
            prop_assert_eq!(&all[..keep], &early[..], "{}", name);
        }
    }

    #[test]
    fn values_keep_their_bounds(bars in any_bars(150), n in 2_usize..30) {
        let found = everything(&bars, n).unwrap();
        let within = |name: &str, low: f64, high: f64| {
            let series = &found.iter().find(|(found, _)| *found == name).unwrap().1;
            let slack = 1e-7;
            series.iter().flatten().all(|value| (low - slack..=high + slack).contains(value))
        };
        for name in ["rsi", "%K", "%D", "fast %K", "rsi %K", "dx", "adx", "mfi", "aroon up", "aroon down"] {
            prop_assert!(within(name, 0.0, 100.0), "{}", name);
        }
        prop_assert!(within("%R", -100.0, 0.0));
        prop_assert!(within("cmf", -1.0, 1.0));
        let column = |name: &str| &found.iter().find(|(found, _)| *found == name).unwrap().1;
        for (low, high) in [("bollinger lower", "bollinger upper"), ("donchian lower", "donchian upper"), ("lowest", "highest")] {
            let ordered = column(low).iter().zip(column(high)).all(|(low, high)| low.zip(*high).is_none_or(|(low, high)| low <= high));
            prop_assert!(ordered, "{} and {}", low, high);
        }
    }

    #[test]
    fn the_unit_of_the_price_does_not_matter(bars in any_bars(100), n in 2_usize..20) {
        // Doubling is exact, so that what has no unit stays the same to the last bit.
        let double = |column: &[f64]| column.iter().map(|price| 2.0 * price).collect::<Vec<_>>();
        let doubled = Bars::new(
            double(bars.open()), double(bars.high()), double(bars.low()), double(bars.close()), bars.volume().to_vec(),
        ).unwrap();
        let close = (bars.close(), doubled.close());
        prop_assert_eq!(rsi(close.0, n).unwrap(), rsi(close.1, n).unwrap());
        prop_assert_eq!(adx(&bars, n).unwrap(), adx(&doubled, n).unwrap());
        prop_assert_eq!(chaikin_money_flow(&bars, n).unwrap(), chaikin_money_flow(&doubled, n).unwrap());
        prop_assert_eq!(aroon(&bars, n).unwrap(), aroon(&doubled, n).unwrap());
        let twice = |series: Series| series.into_iter().map(|value| value.map(|value| 2.0 * value)).collect::<Series>();
        prop_assert_eq!(twice(ema(close.0, n).unwrap()), ema(close.1, n).unwrap());
        prop_assert_eq!(twice(supertrend(&bars, n, 3.0).unwrap().line), supertrend(&doubled, n, 3.0).unwrap().line);
    }
}

#[test]
fn prices_too_large_to_add_give_no_value() {
    let huge = bars(&vec![[1e308, 1.7e308, 1e308, 1.7e308, 1e308]; 60]);
    for (name, series) in everything(&huge, 14).unwrap() {
        assert!(series.iter().flatten().all(|value| value.is_finite()), "{name}");
    }
    assert_eq!(last(&sma(huge.close(), 20).unwrap()), None);
}
