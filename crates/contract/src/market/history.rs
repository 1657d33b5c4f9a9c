//! `get_price_history`.

use chrono::NaiveDate;
use domain::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

use super::Source;

/// The most bars of one answer; of more the newest are given.
pub const MAX_BARS: usize = 500;

/// The KV key of the bars of a series: its name at DXLink with the first moment.
pub fn cache_key(series: &str) -> String {
    format!("candles:{series}")
}

/// What one bar spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Interval {
    /// A minute.
    #[serde(rename = "1m")]
    Minute1,
    /// Five minutes.
    #[serde(rename = "5m")]
    Minute5,
    /// A quarter of an hour.
    #[serde(rename = "15m")]
    Minute15,
    /// Half an hour.
    #[serde(rename = "30m")]
    Minute30,
    /// An hour.
    #[serde(rename = "1h", alias = "60m")]
    Hour1,
    /// Four hours.
    #[serde(rename = "4h")]
    Hour4,
    /// A day.
    #[default]
    #[serde(rename = "1d", alias = "daily")]
    Day1,
    /// A week.
    #[serde(rename = "1wk", alias = "1w", alias = "weekly")]
    Week1,
    /// A month.
    #[serde(rename = "1mo", alias = "monthly")]
    Month1,
}

impl Interval {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minute1 => "1m",
            Self::Minute5 => "5m",
            Self::Minute15 => "15m",
            Self::Minute30 => "30m",
            Self::Hour1 => "1h",
            Self::Hour4 => "4h",
            Self::Day1 => "1d",
            Self::Week1 => "1wk",
            Self::Month1 => "1mo",
        }
    }

    /// About how long a bar is, in minutes.
    pub const fn minutes(self) -> i64 {
        match self {
            Self::Minute1 => 1,
            Self::Minute5 => 5,
            Self::Minute15 => 15,
            Self::Minute30 => 30,
            Self::Hour1 => 60,
            Self::Hour4 => 240,
            Self::Day1 => 1440,
            Self::Week1 => 7 * 1440,
            Self::Month1 => 30 * 1440,
        }
    }

    /// Whether bars are shorter than a day.
    pub const fn is_intraday(self) -> bool {
        self.minutes() < 1440
    }
}

/// A range by name, back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Range {
    /// The last trading day.
    #[serde(rename = "1d")]
    Day1,
    /// A week.
    #[serde(rename = "5d", alias = "1w", alias = "1wk")]
    Day5,
    /// A month.
    #[serde(rename = "1mo")]
    Month1,
    /// Three months.
    #[serde(rename = "3mo")]
    Month3,
    /// Six months.
    #[serde(rename = "6mo")]
    Month6,
    /// Since the first of January.
    #[serde(rename = "ytd")]
    YearToDate,
    /// A year.
    #[serde(rename = "1y")]
    Year1,
    /// Two years.
    #[serde(rename = "2y")]
    Year2,
    /// Five years.
    #[serde(rename = "5y")]
    Year5,
    /// Ten years.
    #[serde(rename = "10y")]
    Year10,
}

/// Arguments of `get_price_history`. The range is one of `range`, `days`, and `start` with or without `end`; without any it
/// suits the interval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetPriceHistoryInput {
    /// A stock or ETF (AAPL), an index (SPX), an option (AAPL 261218C255), a future (/ESZ6, or /ES for the active month) or a
    /// coin (BTC/USD).
    pub symbol: String,
    /// What one bar spans.
    #[serde(default)]
    pub interval: Interval,
    /// A range by name, back from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Range"))]
    pub range: Option<Range>,
    /// So many calendar days back from now, 1 to 5000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    /// The first day, YYYY-MM-DD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<NaiveDate>,
    /// The last day, YYYY-MM-DD; today if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<NaiveDate>,
    /// Whether trades outside of the regular session count. Futures and coins always have all their hours.
    #[serde(default)]
    pub extended_hours: bool,
}

/// What `get_price_history` answers: columns of equal length, oldest bar first. Prices are in US dollars per unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PriceHistory {
    /// As TastyTrade spells it.
    pub symbol: String,
    /// What one bar spans.
    pub interval: Interval,
    /// Whether trades outside of the regular session count.
    pub extended_hours: bool,
    /// How many bars there are.
    pub bars: usize,
    /// When each begins: YYYY-MM-DD for a day and more, else ISO 8601 UTC.
    pub time: Vec<String>,
    /// First price of each.
    pub open: Vec<Decimal>,
    /// Highest price of each.
    pub high: Vec<Decimal>,
    /// Lowest price of each.
    pub low: Vec<Decimal>,
    /// Last price of each; of the newest one the price so far.
    pub close: Vec<Decimal>,
    /// Shares or contracts of each; `null` where there is none, as for an index.
    pub volume: Vec<Option<Decimal>>,
    /// Last close less first open.
    pub change: Option<Decimal>,
    /// That in percent of the first open.
    pub change_percent: Option<Decimal>,
    /// The highest price.
    pub highest: Option<Decimal>,
    /// The lowest price.
    pub lowest: Option<Decimal>,
    /// The mean volume of the bars that have one.
    pub average_volume: Option<Decimal>,
    /// Older bars of the range that were left out because there are more than 500.
    pub omitted: usize,
    /// Where it comes from.
    pub source: Source,
    /// When it was asked for, ISO 8601 with offset.
    pub as_of: Timestamp,
    /// In plain words: what is missing and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
