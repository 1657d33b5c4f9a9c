//! `get_balances`.

use domain::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

use super::Source;
use crate::portfolio::AccountBalance;

/// Arguments of `get_balances`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetBalancesInput {
    /// One account (its number, the masked form or its last four characters) or `all`. Without it the default account, or all
    /// where none is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What `get_balances` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BalancesOutput {
    /// One row per account.
    pub balances: Vec<AccountBalance>,
    /// The sum of the rows' net liquidating values; `null` if one is not known.
    pub total_net_liquidating_value: Option<Decimal>,
    /// The sum of the rows' cash.
    pub total_cash_balance: Option<Decimal>,
    /// Where they come from.
    pub source: Source,
    /// When they were read, ISO 8601 with offset.
    pub as_of: Option<Timestamp>,
    /// What is missing and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
