//! A quote, as `get_quote` answers it and as KV holds it under `quote:{symbol}`.

use domain::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a quote in KV counts as fresh, by its `as_of`.
pub const FRESH_SECONDS: i64 = 30;

/// Whether a cached quote is fresh for a user who takes none that is older than `ttl` seconds. With 0 none is.
pub fn is_fresh(as_of: Timestamp, now: Timestamp, ttl: i64) -> bool {
    let most = ttl.min(FRESH_SECONDS);
    most > 0 && now - as_of <= chrono::TimeDelta::seconds(most)
}

/// The KV key of a quote.
pub fn cache_key(symbol: &domain::Symbol) -> String {
    format!("quote:{symbol}")
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// TastyTrade's REST API, in this call.
    Rest,
    /// Our cache, not older than 30 seconds.
    Cache,
    /// Our cache, older, because TastyTrade did not answer.
    StaleCache,
}

/// One quote. A field that upstream does not have is `null`. Prices are in US dollars; volatilities, ranks, percentiles
/// and `change_percent` are in percent (42.7 means 42.7 %).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quote {
    /// The symbol as TastyTrade spells it.
    pub symbol: String,
    /// Best bid, US dollars; `null` for an index.
    pub bid: Option<Decimal>,
    /// Best ask, US dollars; `null` for an index.
    pub ask: Option<Decimal>,
    /// Last trade, US dollars.
    pub last: Option<Decimal>,
    /// Middle of bid and ask, US dollars.
    pub mid: Option<Decimal>,
    /// TastyTrade's mark, US dollars.
    pub mark: Option<Decimal>,
    /// Last less the previous close, US dollars.
    pub change: Option<Decimal>,
    /// Change in percent of the previous close, two decimals (1.30 means 1.30 %).
    pub change_percent: Option<Decimal>,
    /// Shares or contracts today.
    pub volume: Option<Decimal>,
    /// First price of the day, US dollars.
    pub open: Option<Decimal>,
    /// Highest price of the day, US dollars.
    pub high: Option<Decimal>,
    /// Lowest price of the day, US dollars.
    pub low: Option<Decimal>,
    /// Today's closing price, US dollars; `null` before the close.
    pub close: Option<Decimal>,
    /// The previous session's closing price, US dollars.
    pub prev_close: Option<Decimal>,
    /// Implied volatility rank over a year, percent (42.7 means 42.7 %).
    pub iv_rank: Option<Decimal>,
    /// Implied volatility percentile over a year, percent.
    pub iv_percentile: Option<Decimal>,
    /// 30-day implied volatility, percent.
    pub iv_30_day: Option<Decimal>,
    /// 30-day historical volatility, percent.
    pub hv_30_day: Option<Decimal>,
    /// Beta to the S&P 500.
    pub beta: Option<Decimal>,
    /// Market capitalisation, US dollars.
    pub market_cap: Option<Decimal>,
    /// Next expected earnings report, YYYY-MM-DD.
    pub earnings_date: Option<String>,
    /// When TastyTrade was asked for `iv_rank`, `iv_percentile`, `iv_30_day`, `hv_30_day`, `beta`, `market_cap` and
    /// `earnings_date`, at most a minute before `as_of` unless a note says why; `null` where it has none.
    #[serde(default)]
    pub metrics_as_of: Option<Timestamp>,
    /// Where it comes from.
    pub source: Source,
    /// When the market last moved a price of this quote, by TastyTrade's clock; before `as_of` when the market is closed.
    pub updated_at: Option<Timestamp>,
    /// When TastyTrade was asked: the figures are what it said at that moment, ISO 8601 with offset.
    pub as_of: Timestamp,
}

/// What `get_quote` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QuoteOutput {
    /// In the order asked for.
    pub quotes: Vec<Quote>,
    /// Symbols that TastyTrade does not know.
    pub missing: Vec<String>,
    /// In plain words: which fields are `null` and why, and whether quotes are from before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_may_want_fresher_quotes_and_never_gets_older_ones() {
        let as_of = chrono::DateTime::from_timestamp(1_795_188_600, 0).unwrap();
        for (age, ttl, fresh) in [
            (0, 0, false),
            (0, 1, true),
            (5, 5, true),
            (6, 5, false),
            (30, 60, true),
            (31, 60, false),
            (31, 300, false),
        ] {
            let now = as_of + chrono::TimeDelta::seconds(age);
            assert_eq!(is_fresh(as_of, now, ttl), fresh, "{age} s old, {ttl} s wanted");
        }
    }
}
