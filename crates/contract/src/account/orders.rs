//! `get_orders`.

use chrono::NaiveDate;
use domain::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

use super::Source;

/// The most that one page holds.
pub const MAX_LIMIT: u32 = 100;

/// Arguments of `get_orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetOrdersInput {
    /// One account (its number, the masked form or its last four characters) or `all`. Without it the default account, or all
    /// where none is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Orders in these stages alone: working (all that may still be filled), or TastyTrade's words, such as Live, Filled,
    /// Cancelled, Rejected, Expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Vec<String>>,
    /// The first day, YYYY-MM-DD. Without days: today's orders and older ones that still work.
    #[serde(default, alias = "startDate", skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// The last day, YYYY-MM-DD, included; today if it is left out.
    #[serde(default, alias = "endDate", skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    /// Orders on this underlying alone, for example AAPL.
    #[serde(default, alias = "underlying", skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Rows on a page.
    #[serde(default = "twenty_five")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub limit: i64,
    /// Which page, counted from 1, newest first.
    #[serde(default = "first")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub page: i64,
}

fn twenty_five() -> i64 {
    25
}

fn first() -> i64 {
    1
}

/// One leg of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderLeg {
    /// The instrument; the OCC form for options.
    pub symbol: String,
    /// As a trader says it.
    pub description: String,
    /// For example Equity Option.
    pub instrument_type: Option<String>,
    /// For example Sell to Open.
    pub action: Option<String>,
    /// Shares or contracts.
    pub quantity: Option<Decimal>,
    /// How many of them were filled.
    pub filled_quantity: Option<Decimal>,
    /// At which price per unit on average.
    pub average_fill_price: Option<Decimal>,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderRow {
    /// Its id.
    pub id: i64,
    /// The account's masked number.
    pub account: String,
    /// Its stage.
    pub status: Option<String>,
    /// Whether it may still be filled.
    pub is_working: bool,
    /// For example Limit or Market.
    pub order_type: Option<String>,
    /// For example Day or GTC.
    pub time_in_force: Option<String>,
    /// The last day of an order that is good till one.
    pub gtc_date: Option<NaiveDate>,
    /// What its instruments derive from.
    pub underlying_symbol: Option<String>,
    /// The limit per unit, never negative.
    pub price: Option<Decimal>,
    /// Credit (received) or Debit (paid).
    pub price_effect: Option<String>,
    /// The price that sets off a stop order.
    pub stop_trigger: Option<Decimal>,
    /// What it trades.
    pub legs: Vec<OrderLeg>,
    /// Why it was rejected.
    pub reject_reason: Option<String>,
    /// When TastyTrade received it, ISO 8601 with offset.
    pub received_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it ended.
    pub terminal_at: Option<Timestamp>,
}

/// What `get_orders` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrdersOutput {
    /// The orders, newest first.
    pub orders: Vec<OrderRow>,
    /// The first day that was asked for; `null` for today's orders and those that work.
    pub start_date: Option<NaiveDate>,
    /// The last one; `null` up to now.
    pub end_date: Option<NaiveDate>,
    /// Which page this is.
    pub page: u32,
    /// How many there are on all pages.
    pub total_items: Option<u64>,
    /// Whether there is a next page.
    pub has_more: bool,
    /// Where they come from.
    pub source: Source,
    /// When they were read, ISO 8601 with offset.
    pub as_of: Timestamp,
    /// What is missing and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
