//! `get_market_metrics`.

use chrono::NaiveDate;
use domain::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

use super::Source;

/// Arguments of `get_market_metrics`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetMarketMetricsInput {
    /// The underlyings, at most 50: stocks, ETFs and indexes.
    pub symbols: Vec<String>,
    /// Whether the volatility of each expiration is listed; if left out, for up to five symbols.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_structure: Option<bool>,
}

/// The implied volatility of one expiration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TermVolatility {
    /// YYYY-MM-DD.
    pub expiration: NaiveDate,
    /// Calendar days until then.
    pub dte: i64,
    /// `AM` or `PM`.
    pub settlement: Option<String>,
    /// Percent per year.
    pub iv: Decimal,
}

/// The metrics of one underlying. What TastyTrade does not have is `null`; volatilities, ranks and percentiles are in percent
/// (42.7 means 42.7 %).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SymbolMetrics {
    /// As TastyTrade spells it.
    pub symbol: String,
    /// Implied volatility over all expirations, percent.
    pub iv_index: Option<Decimal>,
    /// Its change within five days, percentage points.
    pub iv_index_5_day_change: Option<Decimal>,
    /// IV rank over a year by the source that TastyTrade prefers, percent; the same as in `get_quote`.
    pub iv_rank: Option<Decimal>,
    /// IV rank as TastyTrade's own platform shows it, percent.
    pub iv_rank_tw: Option<Decimal>,
    /// Share of the year's days with a lower IV, percent.
    pub iv_percentile: Option<Decimal>,
    /// 30-day implied volatility, percent.
    pub iv_30_day: Option<Decimal>,
    /// 30-day historical volatility, percent.
    pub hv_30_day: Option<Decimal>,
    /// 60-day historical volatility, percent.
    pub hv_60_day: Option<Decimal>,
    /// 90-day historical volatility, percent.
    pub hv_90_day: Option<Decimal>,
    /// 30-day implied less 30-day historical volatility, percentage points.
    pub iv_hv_30_day_difference: Option<Decimal>,
    /// The volatility of each expiration, nearest first; empty where it was not asked for.
    pub term_structure: Vec<TermVolatility>,
    /// Beta to the S&P 500.
    pub beta: Option<Decimal>,
    /// Correlation of daily returns with SPY's over three months, -1 to 1.
    pub correlation_spy_3_month: Option<Decimal>,
    /// How liquid the options are, 1 to 4 stars; more is better.
    pub liquidity_rating: Option<Decimal>,
    /// How easily shares are lent, in TastyTrade's words.
    pub lendability: Option<String>,
    /// What borrowing shares costs, as TastyTrade has it.
    pub borrow_rate: Option<Decimal>,
    /// Market capitalisation, US dollars.
    pub market_cap: Option<Decimal>,
    /// Price by earnings.
    pub price_earnings_ratio: Option<Decimal>,
    /// Next expected earnings report, YYYY-MM-DD; `null` where none is known or the last one is over.
    pub earnings_date: Option<NaiveDate>,
    /// `BTO` before the open, `AMC` after the close.
    pub earnings_time: Option<String>,
    /// Whether that day is an estimate.
    pub earnings_estimated: Option<bool>,
    /// The ex-dividend date that TastyTrade has, past or next, YYYY-MM-DD.
    pub dividend_ex_date: Option<NaiveDate>,
    /// When that dividend is paid, YYYY-MM-DD.
    pub dividend_pay_date: Option<NaiveDate>,
    /// US dollars per share and payment.
    pub dividend_per_share: Option<Decimal>,
    /// The year's dividends in percent of the price.
    pub dividend_yield: Option<Decimal>,
    /// Where it comes from.
    pub source: Source,
    /// When TastyTrade last changed it.
    pub updated_at: Option<Timestamp>,
    /// When it was asked for, ISO 8601 with offset.
    pub as_of: Timestamp,
}

/// What `get_market_metrics` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MarketMetrics {
    /// In the order asked for.
    pub metrics: Vec<SymbolMetrics>,
    /// Symbols that TastyTrade has no metrics for.
    pub missing: Vec<String>,
    /// In plain words: what is from before or missing, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
