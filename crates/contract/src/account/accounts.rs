//! `get_accounts`.

use chrono::NaiveDate;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::Source;

/// Arguments of `get_accounts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetAccountsInput {
    /// Whether closed accounts are listed too.
    #[serde(default)]
    pub include_closed: bool,
}

/// One account. What TastyTrade does not say is `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountRow {
    /// The masked number, which other tools take as `account`.
    pub account: String,
    /// The user's name for it.
    pub nickname: Option<String>,
    /// For example Individual or Roth IRA.
    pub account_type: Option<String>,
    /// Margin or Cash.
    pub margin_or_cash: Option<String>,
    /// Whether calls that name no account mean this one.
    pub is_default: bool,
    /// Whether it was closed.
    pub is_closed: bool,
    /// What the user may do with it, for example owner.
    pub authority: Option<String>,
    /// The day on which it was opened, YYYY-MM-DD.
    pub opened_on: Option<NaiveDate>,
    /// How far options may be traded, for example No Restrictions.
    pub options_level: Option<String>,
    /// How margin is computed, for example Reg T or Portfolio Margin.
    pub margin_calculation: Option<String>,
    /// Day trades within five sessions.
    pub day_trade_count: Option<i64>,
    /// Whether it is marked as a pattern day trader's.
    pub is_pattern_day_trader: Option<bool>,
    /// Whether positions may only be closed.
    pub is_closing_only: Option<bool>,
    /// Whether there is a margin call.
    pub is_in_margin_call: Option<bool>,
    /// Whether calls may be sold naked.
    pub short_calls_enabled: Option<bool>,
    /// Whether futures may be traded.
    pub futures_enabled: Option<bool>,
}

/// What `get_accounts` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountsOutput {
    /// The accounts, the default one first.
    pub accounts: Vec<AccountRow>,
    /// Where they come from.
    pub source: Source,
    /// When they were read, ISO 8601 with offset.
    pub as_of: Option<Timestamp>,
    /// What is missing and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
