//! `get_quote`: market data and metrics of up to 50 symbols, put into KV for the next one who asks.

use contract::{
    quote::{self, Quote, QuoteOutput, Source},
    tool::GetQuoteInput,
};
use domain::{Error, Reason, Symbol, UserId};
use edge::kv::Ttl;
use futures_util::{
    FutureExt,
    future::{join_all, join3},
};

use crate::{
    app::App,
    instruments,
    metrics::{self, Found},
    upstream,
};

/// How long a quote stays in KV: past its freshness it serves only when TastyTrade does not answer.
const KEPT: Ttl = Ttl::seconds(300);

/// Quotes in the order asked for, from TastyTrade; from the cache, marked stale, when TastyTrade does not answer.
pub(crate) async fn answer(app: &App, user: &UserId, input: &GetQuoteInput) -> Result<QuoteOutput, Error> {
    let (symbols, resolved) = resolve(app, user, input.symbols()?).await?;
    let output = quotes(app, user, symbols).await?;
    Ok(QuoteOutput { notes: resolved.into_iter().chain(output.notes).collect(), ..output })
}

/// The symbols with the active month in place of each product of futures, and notes that say so.
async fn resolve(app: &App, user: &UserId, symbols: Vec<Symbol>) -> Result<(Vec<Symbol>, Vec<String>), Error> {
    let mut resolved = Vec::with_capacity(symbols.len());
    let mut notes = Vec::new();
    let found = join_all(symbols.iter().map(|symbol| instruments::resolve(app, user, symbol))).await;
    for (symbol, found) in symbols.into_iter().zip(found) {
        // What is not known stays as it is, and is missing like any other symbol.
        let (symbol, note) = match found {
            Ok(found) => found,
            Err(error) if error.reason == Reason::NotFound => (symbol, None),
            Err(error) => return Err(error),
        };
        notes.extend(note);
        if !resolved.contains(&symbol) {
            resolved.push(symbol);
        }
    }
    Ok((resolved, notes))
}

async fn quotes(app: &App, user: &UserId, symbols: Vec<Symbol>) -> Result<QuoteOutput, Error> {
    match fetched(app, user, &symbols).await {
        Ok(output) => known(&symbols, output),
        Err(error) if error.reason.retryable() => stale(app, user, &symbols).await.ok_or(error),
        Err(error) => Err(error),
    }
}

async fn fetched(app: &App, user: &UserId, symbols: &[Symbol]) -> Result<QuoteOutput, Error> {
    let is_delayed = metrics::is_delayed(app, user).boxed_local().shared();
    let metrics = metrics::find(app, user, symbols, is_delayed.clone());
    let (data, metrics, is_delayed) = join3(upstream::market_data(app, user, symbols), metrics, is_delayed).await;
    let metrics = match metrics {
        Ok(found) => found,
        Err(error) if error.reason == Reason::ReconnectRequired => return Err(error),
        Err(error) => Found { failure: Some(error), ..Found::default() },
    };
    let notes: Vec<_> = metrics.failure.iter().map(|error| why(&metrics, error)).collect();
    let is_whole = notes.is_empty();
    let output = QuoteOutput { notes, ..crate::quote::assemble(symbols, data?, metrics.known, app.now) };
    if is_whole && !is_delayed? {
        join_all(output.quotes.iter().map(|quote| keep(app, quote))).await;
    }
    Ok(output)
}

/// What the trader has to know about metrics that TastyTrade did not give.
fn why(found: &Found, error: &Error) -> String {
    let before: Vec<_> = (found.known.iter())
        .filter(|known| known.source == Source::StaleCache)
        .map(|known| known.metrics.symbol.as_str())
        .collect();
    if before.is_empty() {
        return format!("No volatility metrics, beta, market cap or earnings: {error}");
    }
    let before = before.join(", ");
    format!("Volatility metrics, beta, market cap and earnings of {before} are from before; see metrics_as_of. {error}")
}

async fn keep(app: &App, quote: &Quote) {
    let Ok(symbol) = Symbol::parse(&quote.symbol) else { return };
    if let Ok(text) = serde_json::to_string(quote) {
        app.kv.put(&quote::cache_key(&symbol), &text, KEPT).await;
    }
}

/// What the cache still has, if it has all of it and the user has not ruled the cache out.
async fn stale(app: &App, user: &UserId, symbols: &[Symbol]) -> Option<QuoteOutput> {
    if store::settings::quote_ttl(&app.db, user).await.ok()?.get() == 0 {
        return None;
    }
    let cached = join_all(symbols.iter().map(async |symbol| {
        let quote: Quote = serde_json::from_str(&app.kv.get(&quote::cache_key(symbol)).await?).ok()?;
        Some(Quote { source: Source::StaleCache, ..quote })
    }));
    let quotes = cached.await.into_iter().collect::<Option<Vec<_>>>()?;
    let notes = vec!["TastyTrade did not answer. These quotes are from before; see as_of.".to_owned()];
    Some(QuoteOutput { quotes, missing: Vec::new(), notes })
}

/// An answer with no quote at all is an error that names the symbols.
fn known(symbols: &[Symbol], output: QuoteOutput) -> Result<QuoteOutput, Error> {
    if output.quotes.is_empty() {
        let names: Vec<_> = symbols.iter().map(Symbol::as_str).collect();
        return Err(Error::new(
            Reason::NotFound,
            format!("TastyTrade has no quote for {}. Check the spelling, for example BRK/B or SPX.", names.join(", ")),
        )
        .with("symbols", names));
    }
    Ok(output)
}
