//! `get_quote`: fresh quotes from KV, the others from the analysis worker.

use std::fmt::Write;

use contract::{
    Call,
    quote::{self, Quote, QuoteOutput, Source},
    tool::GetQuoteInput,
};
use domain::{Decimal, Error, Reason, Symbol};
use futures_util::future::join_all;
use mcp::{ToolCall, ToolOutput};
use store::settings;

use super::report::Report;
use crate::{app::App, auth::Caller};

/// What the cache has that may be fresh enough; nothing if the arguments have an error, which [`call`] reports.
pub(crate) async fn prefetch(app: &App<'_>, call: &ToolCall) -> Option<Vec<Option<Quote>>> {
    let symbols = call.read::<GetQuoteInput>().ok()?.symbols().ok()?;
    Some(cached(app, &symbols).await)
}

async fn cached(app: &App<'_>, symbols: &[Symbol]) -> Vec<Option<Quote>> {
    join_all(symbols.iter().map(async |symbol| {
        let quote: Quote = serde_json::from_str(&app.kv.get(&quote::cache_key(symbol)).await?).ok()?;
        let is_fresh = quote::is_fresh(quote.as_of, app.now, quote::FRESH_SECONDS);
        is_fresh.then_some(Quote { source: Source::Cache, ..quote })
    }))
    .await
}

/// The steps of a call: the cache, TastyTrade, the answer.
const STEPS: Option<f64> = Some(3.0);

/// Quotes in the order asked for.
pub(crate) async fn call(
    app: &App<'_>,
    caller: &Caller,
    call: &ToolCall,
    mut report: Report<'_>,
    prefetched: Option<Vec<Option<Quote>>>,
) -> Result<ToolOutput, Error> {
    let symbols = call.read::<GetQuoteInput>()?.symbols()?;
    let cached = match prefetched {
        Some(cached) => cached,
        None => cached(app, &symbols).await,
    };
    let ttl = match caller.quote_ttl {
        Some(ttl) => ttl,
        None => settings::quote_ttl(&app.db, &caller.principal.user_id).await?,
    };
    let is_wanted = |quote: &Quote| quote::is_fresh(quote.as_of, app.now, ttl.get());
    let cached: Vec<_> = cached.into_iter().map(|quote| quote.filter(is_wanted)).collect();
    let missing: Vec<String> = (symbols.iter().zip(&cached))
        .filter(|(_, quote)| quote.is_none())
        .map(|(symbol, _)| symbol.to_string())
        .collect();
    let (all, missed) = (symbols.len(), missing.len());
    report.step(1.0, STEPS, || format!("{} of {all} quotes were in the cache", all.saturating_sub(missed)));
    let fetched = if missing.is_empty() {
        None
    } else {
        report.step(2.0, STEPS, || format!("Asking TastyTrade for {missed} of {all}"));
        fetch(app, caller, missing, all).await?
    };
    let output = merge(&symbols, cached, fetched);
    report.step(3.0, STEPS, || "Done".to_owned());
    let raw = serde_json::value::to_raw_value(&output)
        .map_err(|_| Error::new(Reason::Internal, "The quotes could not be written. This is ours to mend."))?;
    Ok(ToolOutput::new(raw, text(&output)))
}

/// Asks for what the cache did not have. Symbols that nobody knows are an error only when nothing else was asked for.
async fn fetch(
    app: &App<'_>,
    caller: &Caller,
    missing: Vec<String>,
    asked_for: usize,
) -> Result<Option<QuoteOutput>, Error> {
    let are_all = missing.len() == asked_for;
    let input = GetQuoteInput { symbol: None, symbols: Some(missing.clone()) };
    match app.ask(Some(caller.principal.clone()), Call::GetQuote(input)).await {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.reason == Reason::NotFound && !are_all => {
            Ok(Some(QuoteOutput { quotes: Vec::new(), missing, notes: Vec::new() }))
        }
        Err(error) => Err(error),
    }
}

fn merge(symbols: &[Symbol], cached: Vec<Option<Quote>>, fetched: Option<QuoteOutput>) -> QuoteOutput {
    let fetched = fetched.unwrap_or_else(|| QuoteOutput { quotes: Vec::new(), missing: Vec::new(), notes: Vec::new() });
    let quotes = symbols.iter().zip(cached).filter_map(|(symbol, cached)| {
        cached.or_else(|| fetched.quotes.iter().find(|quote| quote.symbol == symbol.as_str()).cloned())
    });
    // A product of futures comes back as its active month, which nobody asked for by name.
    let is_new = |quote: &&Quote| symbols.iter().all(|symbol| symbol.as_str() != quote.symbol);
    let quotes = quotes.chain(fetched.quotes.iter().filter(is_new).cloned()).collect();
    QuoteOutput { quotes, ..fetched }
}

/// One line per quote, the figures that a trader reads first.
fn text(output: &QuoteOutput) -> String {
    let mut text = String::new();
    for quote in &output.quotes {
        line(&mut text, quote);
    }
    for symbol in &output.missing {
        let _ = writeln!(text, "{symbol}: TastyTrade does not know this symbol.");
    }
    for note in &output.notes {
        let _ = writeln!(text, "Note: {note}");
    }
    text.truncate(text.trim_end().len());
    text
}

fn line(text: &mut String, quote: &Quote) {
    let _ = write!(text, "{}", quote.symbol);
    let mut put = |name: &str, value: Option<Decimal>, unit: &str| {
        if let Some(value) = value {
            let _ = write!(text, " {name} {value}{unit}");
        }
    };
    // The text is for reading; `structuredContent` has every digit.
    let percent = |value: Option<Decimal>| value.map(|value| value.rounded(1));
    put("last", quote.last, "");
    put("change", quote.change, "");
    put("=", quote.change_percent, "%");
    put("| bid", quote.bid, "");
    put("ask", quote.ask, "");
    put("mark", quote.mark, "");
    put("| day", quote.low, "");
    put("to", quote.high, "");
    put("prev close", quote.prev_close, "");
    put("volume", quote.volume.map(|volume| volume.rounded(0)), "");
    put("| IV rank", percent(quote.iv_rank), "%");
    put("IV pct", percent(quote.iv_percentile), "%");
    put("IV30", percent(quote.iv_30_day), "%");
    put("HV30", percent(quote.hv_30_day), "%");
    put("beta", quote.beta, "");
    if let Some(date) = &quote.earnings_date {
        let _ = write!(text, " | earnings {date}");
    }
    let source = match quote.source {
        Source::Rest => "TastyTrade",
        Source::Cache => "TastyTrade, cached",
        Source::StaleCache => "cached, STALE",
    };
    let _ = writeln!(text, " | {source}, as of {}", quote.as_of.format("%Y-%m-%dT%H:%M:%SZ"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(symbol: &str, source: Source) -> Quote {
        serde_json::from_value(serde_json::json!({
            "symbol": symbol, "bid": "210.55", "ask": "210.60", "last": "210.58", "mid": null, "mark": "210.57",
            "change": "0.44", "change_percent": "0.21", "volume": "1200", "open": null, "high": "212.24",
            "low": "208.37", "close": null, "prev_close": "210.14", "iv_rank": "42.7", "iv_percentile": null,
            "iv_30_day": "26.5", "hv_30_day": "22.1", "beta": "1.10", "market_cap": null,
            "earnings_date": "2027-01-28", "source": source, "updated_at": null, "as_of": "2026-11-20T15:30:05Z",
        }))
        .unwrap()
    }

    #[test]
    fn quotes_keep_the_order_asked_for_whatever_their_source() {
        let symbols = ["SPY", "AAPL", "NOPE"].map(|text| Symbol::parse(text).unwrap());
        let fetched = QuoteOutput {
            quotes: vec![quote("SPY", Source::Rest)],
            missing: vec!["NOPE".to_owned()],
            notes: Vec::new(),
        };
        let output = merge(&symbols, vec![None, Some(quote("AAPL", Source::Cache)), None], Some(fetched));
        let order: Vec<_> = output.quotes.iter().map(|quote| (quote.symbol.as_str(), quote.source)).collect();
        assert_eq!(order, [("SPY", Source::Rest), ("AAPL", Source::Cache)]);
        assert_eq!(output.missing, ["NOPE"]);
    }

    #[test]
    fn the_text_says_what_a_trader_reads_first_and_where_it_is_from() {
        let output = QuoteOutput {
            quotes: vec![quote("AAPL", Source::Cache)],
            missing: vec!["NOPE".to_owned()],
            notes: Vec::new(),
        };
        assert_eq!(
            text(&output),
            "AAPL last 210.58 change 0.44 = 0.21% | bid 210.55 ask 210.60 mark 210.57 | day 208.37 to 212.24 prev close \
             210.14 volume 1200 | IV rank 42.7% IV30 26.5% HV30 22.1% beta 1.10 | earnings 2027-01-28 | TastyTrade, \
             cached, as of 2026-11-20T15:30:05Z\nNOPE: TastyTrade does not know this symbol."
        );
    }
}
