//! `get_net_liq_history`.

use domain::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

use super::Source;

/// How far back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Range {
    /// The current or last session.
    #[serde(rename = "1d", alias = "1D")]
    Day,
    /// A week.
    #[serde(rename = "1w", alias = "1W")]
    Week,
    /// A month.
    #[default]
    #[serde(rename = "1m", alias = "1M", alias = "1mo")]
    Month,
    /// Three months.
    #[serde(rename = "3m", alias = "3M", alias = "3mo")]
    Quarter,
    /// Six months.
    #[serde(rename = "6m", alias = "6M", alias = "6mo")]
    HalfYear,
    /// A year.
    #[serde(rename = "1y", alias = "1Y")]
    Year,
    /// Everything.
    #[serde(rename = "all", alias = "ALL", alias = "max")]
    All,
}

impl Range {
    /// As TastyTrade writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "1d",
            Self::Week => "1w",
            Self::Month => "1m",
            Self::Quarter => "3m",
            Self::HalfYear => "6m",
            Self::Year => "1y",
            Self::All => "all",
        }
    }
}

/// Arguments of `get_net_liq_history`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetNetLiqHistoryInput {
    /// One account (its number, the masked form or its last four characters) or `all`. Without it the default account, or all
    /// where none is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// How far back.
    #[serde(default)]
    pub range: Range,
}

/// What one account was worth. The lists have one entry per point, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NetLiqSeries {
    /// The account's masked number.
    pub account: String,
    /// What it was worth at the beginning.
    pub first: Option<Decimal>,
    /// What it was worth at the end.
    pub last: Option<Decimal>,
    /// The difference, deposits and withdrawals included.
    pub change: Option<Decimal>,
    /// In percent of the beginning.
    pub change_percent: Option<Decimal>,
    /// The most.
    pub highest: Option<Decimal>,
    /// The least.
    pub lowest: Option<Decimal>,
    /// The largest fall of `close` from a point that was the highest until then, in dollars, never negative.
    pub max_drawdown: Option<Decimal>,
    /// In percent of that point.
    pub max_drawdown_percent: Option<Decimal>,
    /// The points' moments, ISO 8601 with offset.
    pub time: Vec<Timestamp>,
    /// Worth at their beginnings.
    pub open: Vec<Decimal>,
    /// The most.
    pub high: Vec<Decimal>,
    /// The least.
    pub low: Vec<Decimal>,
    /// Worth at their ends.
    pub close: Vec<Decimal>,
}

/// What `get_net_liq_history` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NetLiqOutput {
    /// How far back.
    pub range: Range,
    /// One per account.
    pub series: Vec<NetLiqSeries>,
    /// Where it comes from.
    pub source: Source,
    /// When it was read, ISO 8601 with offset.
    pub as_of: Timestamp,
    /// What is missing and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
