use contract::market::Source;
use domain::Symbol;
use tasty::market_metrics::Earnings;

use super::{text::text, *};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Trading days up to and with the last one, oldest first.
fn days(last: &str, count: usize) -> Vec<Timestamp> {
    let mut day: NaiveDate = last.parse().unwrap();
    let mut days = Vec::new();
    while days.len() < count {
        if exchange::is_trading_day(day) {
            days.push(crate::gather::bars::midnight(day));
        }
        day -= TimeDelta::days(1);
    }
    days.reverse();
    days
}

/// Daily bars that rise in waves.
fn rising(symbol: &str, last: &str, count: usize) -> Series {
    let close: Vec<f64> =
        (0..count).map(|bar| bar as f64).map(|bar| 100.0 + 0.3 * bar + 4.0 * (bar * 0.4).sin()).collect();
    let open: Vec<f64> =
        close.iter().enumerate().map(|(bar, close)| if bar % 2 == 0 { close - 0.5 } else { close + 0.4 }).collect();
    let high = open.iter().zip(&close).map(|(open, close)| open.max(*close) + 0.6).collect();
    let low = open.iter().zip(&close).map(|(open, close)| open.min(*close) - 0.7).collect();
    let volume = (0..count).map(|bar| 1e6 + 1e5 * (bar % 7) as f64).collect();
    series(symbol, Interval::Day1, Bars::new(open, high, low, close, volume).unwrap(), days(last, count))
}

fn series(symbol: &str, interval: Interval, bars: Bars, times: Vec<Timestamp>) -> Series {
    Series {
        symbol: Symbol::parse(symbol).unwrap(),
        interval,
        has_volume: bars.volume().iter().any(|volume| *volume > 0.0),
        bars,
        times,
        source: Source::Dxlink,
        as_of: at("2026-11-20T22:00:00Z"),
        notes: Vec::new(),
    }
}

fn metrics() -> Figures {
    Figures {
        iv_index: Some(28.3),
        iv_rank: Some(41.0),
        iv_percentile: None,
        iv_30_day: Some(27.5),
        hv_30_day: None,
        iv_hv_30_day_difference: None,
        terms: Vec::new(),
        beta: None,
        sector: None,
        correlation_spy_3_month: None,
        liquidity_rating: None,
        borrow_rate: None,
        dividend_yield: None,
        events: Events {
            earnings: Some(Earnings {
                date: "2026-12-02".parse().unwrap(),
                time_of_day: Some("AMC".into()),
                is_estimated: true,
            }),
            ex_dividend: Some("2026-12-10".parse().unwrap()),
            dividend: Some(0.26),
        },
        source: Source::Rest,
        as_of: at("2026-11-20T22:00:00Z"),
    }
}

fn chart(series: Series, metrics: Option<Figures>, now: &str) -> ChartAnalysis {
    let no_metrics = metrics.is_none().then(|| "implied volatility and events: TastyTrade has none".to_owned());
    analyze(Gathered { timeframe: Timeframe::Daily, series, metrics, no_metrics, now: at(now), id: "id-1".into() })
}

#[test]
fn a_whole_chart() {
    let found = chart(rising("AAPL", "2026-11-20", 300), Some(metrics()), "2026-11-20T22:00:00Z");
    assert_eq!((found.bars, found.is_forming), (300, false));
    assert_eq!((found.from.as_str(), found.to.as_str()), ("2025-09-15", "2026-11-20"));
    assert_eq!(found.trend.direction.as_deref(), Some("up"));
    assert_eq!(found.trend.evidence.len(), 4);
    assert!(found.readings.iter().all(|reading| reading.value.is_some()), "{:?}", found.readings);
    assert!(found.readings.iter().all(|reading| reading.warmup_ok), "{:?}", found.readings);
    assert!(found.supports.iter().all(|level| level.price <= found.price && level.distance_percent <= 0.0));
    assert!(found.resistances.iter().all(|level| level.price > found.price && level.distance_atr > 0.0));
    assert!(found.volume_profile.value_area_low < found.volume_profile.point_of_control);
    assert!(found.volatility.yang_zhang_20.is_some() && found.volatility.iv_rank == Some(41.0));
    assert_eq!((found.events.days_to_earnings, found.events.earnings_estimated), (Some(12), Some(true)));
    assert!(found.missing.is_empty());
    let context = &found.chart_context;
    assert_eq!((context.trend.as_deref(), context.atr.is_some(), context.rsi.is_some()), (Some("up"), true, true));
    assert_eq!(context.supports, found.supports.iter().map(|level| level.price).collect::<Vec<_>>());

    let text = text(&found, &crate::zone::Zone::Exchange);
    assert!(text.len() < 3000, "{}", text.len());
    for part in [
        "AAPL daily chart: 300 bars of 1d, 2025-09-15 to 2026-11-20.",
        "trend up",
        "Trend by rules: +1 close",
        "Readings: RSI ",
        "IV30 27.5",
        "Ahead: earnings 2026-12-02 (12 days, estimated), ex-dividend 2026-12-10 ($0.26).",
        "Analysis id-1.",
        DISCLAIMER,
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn few_bars_give_reasons_instead_of_signals() {
    let found = chart(rising("AAPL", "2026-11-20", 12), None, "2026-11-20T22:00:00Z");
    assert_eq!(found.trend.reason.as_deref(), Some("12 bars, it takes 60"));
    assert_eq!((found.trend.direction.as_deref(), found.regime.kind.as_deref()), (None, None));
    let rsi = found.readings.iter().find(|reading| reading.name == "rsi_14").unwrap();
    assert_eq!((rsi.value, rsi.says.as_deref()), (None, Some("no signal: 12 bars, it takes 15")));
    assert!(found.supports.is_empty() && found.resistances.is_empty());
    assert_eq!(found.missing.len(), 2, "{:?}", found.missing);
    assert!(text(&found, &crate::zone::Zone::Exchange).contains("no trend can be told (12 bars, it takes 60)"));
    let one = chart(rising("AAPL", "2026-11-20", 1), None, "2026-11-20T22:00:00Z");
    assert_eq!((one.change, one.change_percent), (None, None));
}

#[test]
fn a_price_that_stands_still_is_not_oversold() {
    let bars = Bars::new(vec![50.0; 200], vec![50.0; 200], vec![50.0; 200], vec![50.0; 200], vec![0.0; 200]).unwrap();
    let found = chart(series("FLAT", Interval::Day1, bars, days("2026-11-20", 200)), None, "2026-11-20T22:00:00Z");
    assert_eq!(found.trend.reason.as_deref(), Some("the price did not move over 50 bars"));
    for name in ["rsi_14", "stochastic_k_14_3_3", "mfi_14", "adx_14"] {
        let reading = found.readings.iter().find(|reading| reading.name == name).unwrap();
        assert_eq!(reading.value, None, "{name}");
        assert!(reading.says.as_ref().unwrap().starts_with("no signal"), "{name}");
    }
    assert_eq!(found.volume_profile.reason.as_deref(), Some("no volume was reported"));
    assert!(!text(&found, &crate::zone::Zone::Exchange).contains("oversold"));
}

#[test]
fn a_bar_forms_until_its_last_session_ends() {
    let daily = |now: &str| is_forming(&rising("AAPL", "2026-11-20", 5), at(now));
    assert!(daily("2026-11-20T15:00:00Z") && daily("2026-11-20T20:59:00Z") && !daily("2026-11-20T21:00:00Z"));
    // The day after Thanksgiving ends at 13:00.
    let half = |now: &str| is_forming(&rising("AAPL", "2026-11-27", 5), at(now));
    assert!(half("2026-11-27T17:59:00Z") && !half("2026-11-27T18:00:00Z"));
    let of = |symbol: &str, interval, start: &str, now: &str| {
        let bars = Bars::new(vec![1.0], vec![1.0], vec![1.0], vec![1.0], vec![1.0]).unwrap();
        is_forming(&series(symbol, interval, bars, vec![at(start)]), at(now))
    };
    for start in ["2026-11-16T00:00:00Z", "2026-11-15T00:00:00Z"] {
        assert!(of("AAPL", Interval::Week1, start, "2026-11-20T20:00:00Z"), "{start}");
        assert!(!of("AAPL", Interval::Week1, start, "2026-11-20T21:00:00Z"), "{start}");
    }
    assert!(of("AAPL", Interval::Minute15, "2026-11-20T20:45:00Z", "2026-11-20T20:59:00Z"));
    assert!(!of("AAPL", Interval::Minute15, "2026-11-20T20:45:00Z", "2026-11-20T21:00:00Z"));
    assert!(of("BTC/USD", Interval::Day1, "2026-11-21T00:00:00Z", "2026-11-21T23:00:00Z"));
}

#[test]
fn what_forms_counts_for_readings_and_not_for_patterns() {
    let open = chart(rising("AAPL", "2026-11-20", 300), None, "2026-11-20T15:00:00Z");
    let closed = chart(rising("AAPL", "2026-11-20", 300), None, "2026-11-20T22:00:00Z");
    let rsi = |chart: &ChartAnalysis| chart.readings.iter().find(|reading| reading.name == "rsi_14").unwrap().value;
    assert!(open.is_forming && rsi(&open) == rsi(&closed));
    assert!(open.candle_patterns.iter().all(|pattern| pattern.time.as_str() < "2026-11-20"));
    assert!(text(&open, &crate::zone::Zone::Exchange).contains("the newest still forms"));
}

#[test]
fn gaps_that_were_not_closed() {
    let close = [100.0, 101.0, 106.0, 106.5, 104.5, 98.0, 97.0];
    let column = |add: f64| close.iter().map(|close| close + add).collect::<Vec<_>>();
    let bars = Bars::new(column(0.0), column(1.0), column(-1.0), column(0.0), vec![1.0; 7]).unwrap();
    let when = |bar: usize| bar.to_string();
    // Up from 102 at bar 2, of which bar 5 leaves nothing; down from 103.5 to 99 at bar 5, still open.
    let found = gaps(&bars, Some(2.0), &when);
    let told: Vec<_> = found.iter().map(|gap| (gap.time.as_str(), gap.low, gap.high, gap.direction.as_str())).collect();
    assert_eq!(told, [("5", 99.0, 103.5, "down")]);
    // Before the fall the first gap was open, but for what bar 4 took of it.
    let cut = |column: &[f64]| column[..5].to_vec();
    let early =
        Bars::new(cut(bars.open()), cut(bars.high()), cut(bars.low()), cut(bars.close()), vec![1.0; 5]).unwrap();
    let told: Vec<_> = gaps(&early, Some(2.0), &when).iter().map(|gap| (gap.low, gap.high)).collect();
    assert_eq!(told, [(102.0, 103.5)]);
    assert!(gaps(&bars, None, &when).is_empty());
}
