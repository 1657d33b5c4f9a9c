//! Metrics of underlyings, which move slowly: asked for at most once a minute, and kept for a while for the case that
//! TastyTrade does not answer.

use contract::quote::Source;
use domain::{Error, Symbol, Timestamp, UserId};
use edge::kv::Ttl;
use futures_util::future::{join, join_all};
use serde::{Deserialize, Serialize};
use store::identity::users;
use tasty::{market_metrics::Metrics, symbol::Kind};

use crate::{app::App, upstream};

/// How long metrics count as fresh, by when TastyTrade was asked; a user's `quote_cache_ttl` can make it less.
const FRESH_SECONDS: i64 = 60;
/// How long they stay in KV: past their freshness they serve only when TastyTrade does not answer.
const KEPT: Ttl = Ttl::seconds(300);

/// The metrics of one underlying.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// The metrics.
    pub(crate) metrics: Metrics,
    /// Where they come from.
    pub(crate) source: Source,
    /// When TastyTrade was asked.
    pub(crate) as_of: Timestamp,
}

/// What is known of some symbols.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// One each, for those that have any, in no order.
    pub(crate) known: Vec<Known>,
    /// Why those that are missing are missing, and why those of [`Source::StaleCache`] are from before.
    pub(crate) failure: Option<Error>,
}

/// As it lies in KV.
#[derive(Serialize, Deserialize)]
struct Kept {
    as_of: Timestamp,
    metrics: Metrics,
}

fn metrics_key(symbol: &Symbol) -> String {
    format!("metrics:{symbol}")
}

/// Whether this user's market data come late. What comes late goes into no cache that all share.
pub(crate) async fn is_delayed(app: &App, user: &UserId) -> Result<bool, Error> {
    Ok(users::user(&app.db, user).await?.is_none_or(|user| user.delayed_quotes == 1))
}

/// The metrics of those symbols that have any: from KV where they are fresh, from TastyTrade, or from KV marked stale where it
/// does not answer. `is_delayed` is waited for only where TastyTrade is asked.
pub(crate) async fn find(
    app: &App,
    user: &UserId,
    symbols: &[Symbol],
    is_delayed: impl Future<Output = Result<bool, Error>>,
) -> Result<Found, Error> {
    let symbols: Vec<_> = symbols.iter().filter(|symbol| Kind::of(symbol).has_metrics()).cloned().collect();
    if symbols.is_empty() {
        return Ok(Found::default());
    }
    let ttl = store::settings::quote_ttl(&app.db, user).await?.get();
    let kept = if ttl == 0 { symbols.iter().map(|_| None).collect() } else { kept(app, &symbols).await };
    let fresh = chrono::TimeDelta::seconds(ttl.min(FRESH_SECONDS));
    let mut found = Found::default();
    let (mut missing, mut before) = (Vec::new(), Vec::new());
    for (symbol, kept) in symbols.into_iter().zip(kept) {
        match kept {
            Some(kept) if app.now - kept.as_of <= fresh => found.known.push(kept.known(Source::Cache)),
            Some(kept) => {
                before.push(kept.known(Source::StaleCache));
                missing.push(symbol);
            }
            None => missing.push(symbol),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    match fetch(app, user, &missing, is_delayed).await {
        Ok(fetched) => found.known.extend(fetched),
        Err(error) if error.reason.retryable() => {
            found.known.extend(before);
            found.failure = Some(error);
        }
        Err(error) => return Err(error),
    }
    Ok(found)
}

impl Kept {
    fn known(self, source: Source) -> Known {
        Known { metrics: self.metrics, source, as_of: self.as_of }
    }
}

async fn kept(app: &App, symbols: &[Symbol]) -> Vec<Option<Kept>> {
    join_all(symbols.iter().map(async |symbol| serde_json::from_str(&app.kv.get(&metrics_key(symbol)).await?).ok()))
        .await
}

/// Asks TastyTrade, and keeps what is the same for all.
async fn fetch(
    app: &App,
    user: &UserId,
    symbols: &[Symbol],
    is_delayed: impl Future<Output = Result<bool, Error>>,
) -> Result<Vec<Known>, Error> {
    let Some(request) = tasty::market_metrics::request(symbols) else { return Ok(Vec::new()) };
    let asked = upstream::ask(app, user, "market metrics", request, tasty::market_metrics::read);
    let (metrics, is_delayed) = join(asked, is_delayed).await;
    let known = |metrics| Known { metrics, source: Source::Rest, as_of: app.now };
    let known: Vec<_> = metrics?.into_iter().map(known).collect();
    if !is_delayed? {
        join_all(known.iter().map(|known| keep(app, known))).await;
    }
    Ok(known)
}

async fn keep(app: &App, known: &Known) {
    let Ok(symbol) = Symbol::parse(&known.metrics.symbol) else { return };
    let kept = Kept { as_of: known.as_of, metrics: known.metrics.clone() };
    if let Ok(text) = serde_json::to_string(&kept) {
        app.kv.put(&metrics_key(&symbol), &text, KEPT).await;
    }
}

#[cfg(test)]
mod tests {
    use tasty::{Answer, market_metrics};

    use super::*;

    #[test]
    fn what_is_kept_is_read_back() {
        let body = r#"{"data":{"items":[{"symbol":"BRK/B","implied-volatility-index-rank":"0.4273","market-cap":440,
            "earnings":{"visible":true,"expected-report-date":"2026-11-20","time-of-day":"AMC"}},{"symbol":"SPX"}]}}"#;
        let as_of = Timestamp::UNIX_EPOCH;
        for metrics in market_metrics::read(&Answer::new(200, None, body, as_of)).unwrap().value {
            let text = serde_json::to_string(&Kept { as_of, metrics: metrics.clone() }).unwrap();
            let kept: Kept = serde_json::from_str(&text).unwrap();
            assert_eq!(kept.known(Source::Cache), Known { metrics, source: Source::Cache, as_of });
        }
        assert_eq!(metrics_key(&Symbol::parse("BRK/B").unwrap()), "metrics:BRK/B");
    }
}
