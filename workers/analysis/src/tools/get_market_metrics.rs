//! `get_market_metrics`: volatility, liquidity and events of underlyings.

use std::{collections::BTreeMap, fmt::Write};

use contract::{
    Rendered,
    market::metrics::{GetMarketMetricsInput, MarketMetrics, SymbolMetrics, TermVolatility},
    tool::{MAX_SYMBOLS, symbol_argument},
};
use domain::{Decimal, Error, Reason, Symbol, Timestamp};

use super::{Asked, new_york};
use crate::{
    gather,
    metrics::{self, Found, Known},
    zone::Zone,
};

/// For so many symbols the expirations are listed unless the caller says otherwise.
const TERMS_UNASKED: usize = 5;
/// The text has the expirations that lie next to so many days from now.
const TERMS_SHOWN: [i64; 8] = [7, 14, 30, 45, 60, 90, 180, 365];

/// The metrics of up to 50 underlyings.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, input) = asked.read::<GetMarketMetricsInput>()?;
    let symbols = symbols(&input.symbols)?;
    let Found { known, failure } = metrics::find(app, user, &symbols, metrics::is_delayed(app, user)).await?;
    if known.is_empty() {
        return Err(failure.unwrap_or_else(|| none(&symbols)));
    }
    let terms = input.term_structure.unwrap_or(symbols.len() <= TERMS_UNASKED);
    let metrics = assemble(&symbols, known, failure.as_ref(), terms, app.now);
    Rendered::new(&metrics, text(&metrics, &Zone::of(app, user).await))
}

fn none(symbols: &[Symbol]) -> Error {
    let names: Vec<_> = symbols.iter().map(Symbol::as_str).collect();
    let message = format!(
        "TastyTrade has no metrics for {}. Stocks, ETFs and indexes have them: send the underlying, for example AAPL or SPX.",
        names.join(", ")
    );
    Error::new(Reason::NotFound, message).with("symbols", names)
}

/// The symbols, each once; of an option its underlying is not guessed.
fn symbols(texts: &[String]) -> Result<Vec<Symbol>, Error> {
    if texts.is_empty() || texts.len() > MAX_SYMBOLS {
        let message = format!("`symbols` holds {} symbols; send 1 to {MAX_SYMBOLS}.", texts.len());
        return Err(Error::invalid_argument("symbols", message));
    }
    let mut symbols = Vec::new();
    for text in texts {
        let symbol = symbol_argument("symbols", text)?;
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    Ok(symbols)
}

fn assemble(
    symbols: &[Symbol],
    known: Vec<Known>,
    failure: Option<&Error>,
    terms: bool,
    now: Timestamp,
) -> MarketMetrics {
    let mut by_symbol: BTreeMap<_, _> = known.into_iter().map(|known| (known.metrics.symbol.clone(), known)).collect();
    let mut output = MarketMetrics { metrics: Vec::new(), missing: Vec::new(), notes: Vec::new() };
    for symbol in symbols {
        match by_symbol.remove(symbol.as_str()) {
            Some(known) => output.metrics.push(one(known, terms, now)),
            None => output.missing.push(symbol.to_string()),
        }
    }
    if let Some(failure) = failure {
        output.notes.push(format!("Some metrics are from before or missing: {failure}"));
    }
    output
}

fn one(known: Known, terms: bool, now: Timestamp) -> SymbolMetrics {
    let Known { metrics, source, as_of } = known;
    let today = new_york::day(now);
    let earnings = gather::events::events(&metrics, today).earnings;
    let terms = metrics.term_structure.into_iter().filter(|each| terms && each.expiration >= today);
    SymbolMetrics {
        symbol: metrics.symbol,
        iv_index: metrics.iv_index,
        iv_index_5_day_change: metrics.iv_index_5_day_change,
        iv_rank: metrics.iv_rank,
        iv_rank_tw: metrics.tw_iv_rank,
        iv_percentile: metrics.iv_percentile,
        iv_30_day: metrics.iv_30_day,
        hv_30_day: metrics.hv_30_day,
        hv_60_day: metrics.hv_60_day,
        hv_90_day: metrics.hv_90_day,
        iv_hv_30_day_difference: metrics.iv_hv_30_day_difference,
        term_structure: terms
            .map(|each| TermVolatility {
                expiration: each.expiration,
                dte: (each.expiration - today).num_days(),
                settlement: each.settlement,
                iv: each.iv,
            })
            .collect(),
        beta: metrics.beta,
        correlation_spy_3_month: metrics.correlation_spy_3_month,
        liquidity_rating: metrics.liquidity_rating,
        lendability: metrics.lendability,
        borrow_rate: metrics.borrow_rate,
        market_cap: metrics.market_cap,
        price_earnings_ratio: metrics.price_earnings_ratio,
        earnings_date: earnings.as_ref().map(|earnings| earnings.date),
        earnings_estimated: earnings.as_ref().map(|earnings| earnings.is_estimated),
        earnings_time: earnings.and_then(|earnings| earnings.time_of_day),
        dividend_ex_date: metrics.dividend_ex_date,
        dividend_pay_date: metrics.dividend_pay_date,
        dividend_per_share: metrics.dividend_per_share,
        dividend_yield: metrics.dividend_yield,
        source: source.into(),
        updated_at: metrics.updated_at,
        as_of,
    }
}

fn text(output: &MarketMetrics, zone: &Zone) -> String {
    let mut text = String::new();
    for metrics in &output.metrics {
        line(&mut text, metrics);
    }
    for symbol in &output.missing {
        let _ = writeln!(text, "{symbol}: TastyTrade has no metrics for it.");
    }
    for note in &output.notes {
        let _ = writeln!(text, "Note: {note}");
    }
    if let Some(oldest) = output.metrics.iter().min_by_key(|metrics| metrics.as_of) {
        let at = zone.shown(oldest.as_of);
        let _ = write!(text, "From {}, as of {at}. IV, HV, rank and percentile in percent.", oldest.source.in_words());
    }
    text
}

/// The figures that an options seller reads first; `structuredContent` has every digit.
fn line(text: &mut String, metrics: &SymbolMetrics) {
    let _ = write!(text, "{}", metrics.symbol);
    let put = |text: &mut String, name: &str, value: Option<Decimal>, digits: u32| {
        if let Some(value) = value {
            let _ = write!(text, " {name} {}", value.rounded(digits));
        }
    };
    put(text, "IV", metrics.iv_index, 1);
    put(text, "5-day change", metrics.iv_index_5_day_change, 1);
    put(text, "| IV rank", metrics.iv_rank, 1);
    if let Some(own) = metrics.iv_rank_tw {
        let _ = write!(text, " (tastytrade's own {})", own.rounded(1));
    }
    put(text, "IV percentile", metrics.iv_percentile, 1);
    put(text, "| IV30", metrics.iv_30_day, 1);
    put(text, "HV30", metrics.hv_30_day, 1);
    put(text, "HV60", metrics.hv_60_day, 1);
    put(text, "HV90", metrics.hv_90_day, 1);
    put(text, "IV-HV", metrics.iv_hv_30_day_difference, 1);
    put(text, "| beta", metrics.beta, 2);
    put(text, "corr SPY", metrics.correlation_spy_3_month, 2);
    put(text, "| liquidity", metrics.liquidity_rating, 0);
    put(text, "borrow rate", metrics.borrow_rate, 2);
    put(text, "P/E", metrics.price_earnings_ratio, 1);
    match (metrics.earnings_date, metrics.earnings_time.as_deref()) {
        (Some(date), time) => {
            let estimated = if metrics.earnings_estimated == Some(true) { " (estimated)" } else { "" };
            let _ = write!(text, " | earnings {date} {}{estimated}", time.unwrap_or_default());
        }
        (None, _) => text.push_str(" | no earnings date"),
    }
    if let Some(date) = metrics.dividend_ex_date {
        let _ = write!(text, " | ex-dividend {date}");
        if let Some(amount) = metrics.dividend_per_share {
            let _ = write!(text, " {amount}");
        }
        if let Some(dividend_yield) = metrics.dividend_yield {
            let _ = write!(text, " (yield {} %)", dividend_yield.rounded(2));
        }
    }
    text.push('\n');
    let terms = shown(&metrics.term_structure);
    if !terms.is_empty() {
        let more = metrics.term_structure.len().saturating_sub(terms.len());
        let terms: Vec<_> =
            terms.iter().map(|each| format!("{} ({}d) {}", each.expiration, each.dte, each.iv.rounded(1))).collect();
        let _ = write!(text, "  IV by expiration: {}", terms.join(", "));
        let _ = if more > 0 { writeln!(text, ", and {more} more in structuredContent") } else { writeln!(text) };
    }
}

/// Some expirations that stand for the whole curve, each once.
fn shown(terms: &[TermVolatility]) -> Vec<&TermVolatility> {
    let nearest = |days: i64| terms.iter().min_by_key(|each| (each.dte - days).abs());
    let mut shown: Vec<_> = TERMS_SHOWN.into_iter().filter_map(nearest).collect();
    shown.dedup();
    shown
}

#[cfg(test)]
mod tests {
    use contract::quote::Source;
    use domain::Reason;
    use tasty::Answer;

    use super::*;

    const BODY: &str = r#"{"data":{"items":[
        {"symbol":"NVDA","implied-volatility-index":"0.391","implied-volatility-index-5-day-change":"-0.0123",
         "implied-volatility-index-rank":"0.4273","tw-implied-volatility-index-rank":"0.3713",
         "implied-volatility-percentile":"0.3307","implied-volatility-30-day":"26.53","historical-volatility-30-day":"22.1",
         "iv-hv-30-day-difference":"4.43","beta":"1.7012","liquidity-rating":4,"borrow-rate":"0.0",
         "earnings":{"expected-report-date":"2026-11-24","estimated":true,"time-of-day":"AMC"},
         "dividend-ex-date":"2026-12-04","dividend-rate-per-share":"0.26","dividend-yield":"0.004",
         "option-expiration-implied-volatilities":[
          {"expiration-date":"2026-11-13","implied-volatility":"0.5"},
          {"expiration-date":"2026-11-27","settlement-type":"PM","implied-volatility":"0.3105"}]},
        {"symbol":"SPX","earnings":{"expected-report-date":"2026-11-19"}}]}}"#;

    fn metrics(symbols: &[&str], terms: bool) -> MarketMetrics {
        let now = "2026-11-20T15:30:05Z".parse().unwrap();
        let symbols: Vec<_> = symbols.iter().map(|symbol| Symbol::parse(symbol).unwrap()).collect();
        let read = tasty::market_metrics::read(&Answer::new(200, None, BODY, now)).unwrap().value;
        let known = |metrics| Known { metrics, source: Source::Rest, as_of: now };
        assemble(&symbols, read.into_iter().map(known).collect(), None, terms, now)
    }

    #[test]
    fn the_text_has_what_a_seller_of_options_reads_first() {
        assert_eq!(
            text(&metrics(&["SPX", "NVDA", "ZZZZ"], true), &Zone::Exchange),
            "SPX | no earnings date\n\
             NVDA IV 39.1 5-day change -1.2 | IV rank 42.7 (tastytrade's own 37.1) IV percentile 33.1 | IV30 26.5 HV30 22.1 \
             IV-HV 4.4 | beta 1.7 | liquidity 4 borrow rate 0 | earnings 2026-11-24 AMC (estimated) | ex-dividend \
             2026-12-04 0.26 (yield 0.4 %)\n  IV by expiration: 2026-11-27 (7d) 31\n\
             ZZZZ: TastyTrade has no metrics for it.\n\
             From TastyTrade, as of Fri 20 Nov 10:30 ET. IV, HV, rank and percentile in percent."
        );
    }

    #[test]
    fn what_is_over_is_left_out_and_terms_only_where_asked_for() {
        let output = metrics(&["NVDA", "SPX"], true);
        assert_eq!(output.metrics[0].term_structure.len(), 1);
        assert_eq!((output.metrics[1].earnings_date, output.metrics[1].iv_rank), (None, None));
        assert!(metrics(&["NVDA"], false).metrics[0].term_structure.is_empty());
    }

    #[test]
    fn some_expirations_stand_for_the_curve() {
        let term = |dte| TermVolatility {
            expiration: chrono::NaiveDate::default(),
            dte,
            settlement: None,
            iv: Decimal(30.into()),
        };
        let days = |terms: &[i64]| -> Vec<i64> {
            let terms: Vec<_> = terms.iter().copied().map(term).collect();
            shown(&terms).iter().map(|each| each.dte).collect()
        };
        assert_eq!(days(&[0, 1, 2, 3, 7, 8, 14, 28, 49, 63, 91, 182, 400, 700]), [7, 14, 28, 49, 63, 91, 182, 400]);
        assert_eq!(days(&[5, 40]), [5, 40]);
        assert_eq!(days(&[]), Vec::<i64>::new());
    }

    #[test]
    fn what_is_from_before_says_so() {
        let now: Timestamp = "2026-11-20T15:30:05Z".parse().unwrap();
        let read = tasty::market_metrics::read(&Answer::new(200, None, BODY, now)).unwrap().value;
        let before = now - chrono::TimeDelta::seconds(100);
        let known = |metrics| Known { metrics, source: Source::StaleCache, as_of: before };
        let error = Error::new(Reason::UpstreamUnavailable, "TastyTrade does not answer.");
        let spx = [Symbol::parse("SPX").unwrap()];
        let output = assemble(&spx, read.into_iter().map(known).collect(), Some(&error), true, now);
        assert!(text(&output, &Zone::Exchange).ends_with(
            "Note: Some metrics are from before or missing: TastyTrade does not answer.\n\
             From the cache, STALE, as of Fri 20 Nov 10:28 ET. IV, HV, rank and percentile in percent."
        ));
    }

    #[test]
    fn symbols_are_bounded_and_read_once() {
        let read = |texts: &[&str]| symbols(&texts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(read(&["aapl", "AAPL", "spx"]).unwrap().len(), 2);
        assert_eq!(read(&[]).unwrap_err().details["argument"], "symbols");
        assert!(read(&["?"]).is_err() && read(&["A"; 51]).is_err());
    }
}
