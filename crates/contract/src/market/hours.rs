//! `get_market_hours`.

use chrono::NaiveDate;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::Source;

/// A market whose hours can be asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Market {
    /// US shares, funds and their options.
    #[default]
    #[serde(alias = "equity", alias = "stocks")]
    Equities,
    /// Futures of CME Group.
    #[serde(alias = "futures", alias = "CME")]
    Cme,
    /// Volatility futures of Cboe.
    #[serde(alias = "CFE")]
    Cfe,
}

/// Arguments of `get_market_hours`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetMarketHoursInput {
    /// Which market.
    #[serde(default)]
    pub market: Market,
}

/// What a market does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MarketState {
    /// The regular session.
    Open,
    /// Nothing trades.
    Closed,
    /// Extended hours before the session.
    PreMarket,
    /// Extended hours after the session.
    AfterHours,
    /// TastyTrade did not say.
    Unknown,
}

/// One trading day. Times are UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MarketSession {
    /// The day, YYYY-MM-DD, by the calendar of New York.
    pub date: Option<NaiveDate>,
    /// When extended hours begin, ISO 8601.
    pub extended_open_at: Option<Timestamp>,
    /// When the session opens.
    pub open_at: Option<Timestamp>,
    /// When the session closes.
    pub close_at: Option<Timestamp>,
    /// When extended hours end.
    pub extended_close_at: Option<Timestamp>,
    /// Whether it closes early; `null` where the half days are not known.
    pub is_half_day: Option<bool>,
}

/// What `get_market_hours` answers. What is not known is `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MarketHours {
    /// Which market.
    pub market: Market,
    /// What it does now.
    pub state: MarketState,
    /// When the regular session opens next, ISO 8601 UTC.
    pub next_open_at: Option<Timestamp>,
    /// When the session that is open, or else the next one, closes.
    pub next_close_at: Option<Timestamp>,
    /// Today's session, or the last one before today, then the next one.
    pub sessions: Vec<MarketSession>,
    /// Coming days on which the market stays closed beside weekends, at most ten, YYYY-MM-DD.
    pub holidays: Vec<NaiveDate>,
    /// Coming days on which it closes early, at most ten.
    pub half_days: Vec<NaiveDate>,
    /// Where it comes from.
    pub source: Source,
    /// When it was asked for, ISO 8601 with offset.
    pub as_of: Timestamp,
    /// In plain words: what is missing and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
