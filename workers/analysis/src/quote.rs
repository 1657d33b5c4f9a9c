//! Quotes made of market data and metrics: pure, so that it is tested without a platform.

use std::collections::BTreeMap;

use contract::quote::{Quote, QuoteOutput, Source};
use domain::{Symbol, Timestamp};
use tasty::{market_data::MarketData, market_metrics::Metrics};

use crate::{metrics::Known, tools::new_york};

/// One quote per symbol in the order asked for. A symbol without market data is missing; one without metrics has `null` in
/// their place.
pub(crate) fn assemble(symbols: &[Symbol], data: Vec<MarketData>, metrics: Vec<Known>, now: Timestamp) -> QuoteOutput {
    let data: BTreeMap<_, _> = data.into_iter().map(|data| (data.symbol.clone(), data)).collect();
    let metrics: BTreeMap<_, _> = metrics.into_iter().map(|known| (known.metrics.symbol.clone(), known)).collect();
    let mut output = QuoteOutput { quotes: Vec::new(), missing: Vec::new(), notes: Vec::new() };
    for symbol in symbols {
        match data.get(symbol.as_str()) {
            Some(data) => output.quotes.push(one(data, metrics.get(symbol.as_str()), now)),
            None => output.missing.push(symbol.to_string()),
        }
    }
    output
}

fn one(data: &MarketData, known: Option<&Known>, now: Timestamp) -> Quote {
    let metrics = known.map(|known| &known.metrics);
    let change = data.last.zip(data.prev_close).and_then(|(last, before)| last.checked_sub(before));
    let change_percent = change.zip(data.prev_close).and_then(|(change, before)| change.percent_of(before));
    Quote {
        symbol: data.symbol.clone(),
        bid: data.bid,
        ask: data.ask,
        last: data.last,
        mid: data.mid,
        mark: data.mark,
        change,
        change_percent,
        volume: data.volume,
        open: data.open,
        high: data.high,
        low: data.low,
        close: data.close,
        prev_close: data.prev_close,
        iv_rank: metrics.and_then(|metrics| metrics.iv_rank),
        iv_percentile: metrics.and_then(|metrics| metrics.iv_percentile),
        iv_30_day: metrics.and_then(|metrics| metrics.iv_30_day),
        hv_30_day: metrics.and_then(|metrics| metrics.hv_30_day),
        beta: metrics.and_then(|metrics| metrics.beta).or(data.beta),
        market_cap: metrics.and_then(|metrics| metrics.market_cap),
        earnings_date: metrics.and_then(|metrics| next_earnings(metrics, now)),
        metrics_as_of: known.map(|known| known.as_of),
        source: Source::Rest,
        // An answer without a time of its own is as old as this call.
        updated_at: data.updated_at,
        as_of: now,
    }
}

/// The expected report of earnings, unless its day is over in New York: TastyTrade keeps the last one until it knows the
/// next.
fn next_earnings(metrics: &Metrics, now: Timestamp) -> Option<String> {
    let date = metrics.earnings.as_ref()?.date;
    (date >= new_york::day(now)).then(|| date.to_string())
}

#[cfg(test)]
mod tests {
    use tasty::{Answer, market_data, market_metrics};

    use super::*;

    const DATA: &str = r#"{"data":{"items":[
        {"symbol":"SPX","last":"6000.10","prev-close":"0.0","updated-at":"2026-11-20T15:29:00Z"},
        {"symbol":"NVDA","bid":"181.20","ask":"181.25","mid":"181.225","mark":"181.225","last":"181.22",
         "open":"179.0","day-high-price":"182.4","day-low-price":"178.35","prev-close":"178.90","beta":"1.1",
         "volume":"98765432.0","updated-at":"2026-11-20T15:29:58.250Z"},
        {"symbol":"ODD","bid":"1.0"}]}}"#;

    const METRICS: &str = r#"{"data":{"items":[
        {"symbol":"NVDA","implied-volatility-index-rank":"0.4273","implied-volatility-percentile":"0.3307",
         "implied-volatility-30-day":"26.53","historical-volatility-30-day":"22.1","beta":"1.73",
         "market-cap":4400000000000,"earnings":{"visible":true,"expected-report-date":"2026-11-20"}}]}}"#;

    fn at(moment: &str) -> Timestamp {
        moment.parse().unwrap()
    }

    fn quotes(symbols: &[&str], now: Timestamp) -> QuoteOutput {
        let answer = |body: &str| Answer::new(200, None, body, now);
        let symbols: Vec<_> = symbols.iter().map(|symbol| Symbol::parse(symbol).unwrap()).collect();
        let data = market_data::read(&answer(DATA)).unwrap().value;
        let known = |metrics| Known { metrics, source: Source::Cache, as_of: at("2026-11-20T15:29:30Z") };
        let metrics = market_metrics::read(&answer(METRICS)).unwrap().value.into_iter().map(known).collect();
        assemble(&symbols, data, metrics, now)
    }

    #[test]
    fn every_field_of_a_quote() {
        let output = quotes(&["NVDA"], at("2026-11-20T15:30:00Z"));
        assert_eq!(
            serde_json::to_string(&output).unwrap(),
            concat!(
                r#"{"quotes":[{"symbol":"NVDA","bid":181.20,"ask":181.25,"last":181.22,"mid":181.225,"mark":181.225,"#,
                r#""change":2.32,"change_percent":1.30,"volume":98765432.0,"open":179.0,"high":182.4,"low":178.35,"#,
                r#""close":null,"prev_close":178.90,"iv_rank":42.73,"iv_percentile":33.07,"iv_30_day":26.53,"#,
                r#""hv_30_day":22.1,"beta":1.73,"market_cap":4400000000000,"earnings_date":"2026-11-20","#,
                r#""metrics_as_of":"2026-11-20T15:29:30Z","#,
                r#""source":"rest","updated_at":"2026-11-20T15:29:58.250Z","as_of":"2026-11-20T15:30:00Z"}],"missing":[]}"#
            )
        );
    }

    #[test]
    fn the_order_is_the_askers_and_the_unknown_are_named() {
        let now = at("2026-11-20T15:30:00Z");
        let output = quotes(&["ODD", "ZZZZ", "NVDA", "SPX"], now);
        let symbols: Vec<_> = output.quotes.iter().map(|quote| quote.symbol.as_str()).collect();
        assert_eq!((symbols, output.missing), (vec!["ODD", "NVDA", "SPX"], vec!["ZZZZ".to_owned()]));
        let [odd, _, spx] = output.quotes.try_into().unwrap();
        assert_eq!((odd.change, odd.iv_rank, odd.as_of), (None, None, now));
        assert_eq!((spx.change.unwrap().to_string().as_str(), spx.change_percent), ("6000.10", None));
    }

    #[test]
    fn a_report_is_over_with_its_day_in_new_york() {
        let metrics = METRICS.replace("2026-11-20", "2026-07-02");
        let metrics = market_metrics::read(&Answer::new(200, None, metrics, at("2026-07-01T00:00:00Z"))).unwrap().value;
        for (now, shown) in [("2026-07-03T03:59:59Z", true), ("2026-07-03T04:00:00Z", false)] {
            assert_eq!(next_earnings(&metrics[0], at(now)).is_some(), shown, "{now}");
        }
    }

    #[test]
    fn earnings_that_are_over_are_not_shown() {
        for (now, shown) in [
            ("2026-11-20T15:30:00Z", true),
            ("2026-11-21T04:59:59Z", true),
            ("2026-11-21T05:00:00Z", false),
            ("2027-01-01T00:00:00Z", false),
        ] {
            let output = quotes(&["NVDA"], at(now));
            assert_eq!(output.quotes[0].earnings_date.is_some(), shown, "{now}");
        }
    }
}
