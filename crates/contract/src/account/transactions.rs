//! `get_transactions`.

use chrono::NaiveDate;
use domain::{Decimal, Error, Timestamp};
use serde::{Deserialize, Serialize};

use super::Source;

/// The most that one page holds.
pub const MAX_LIMIT: u32 = 200;

/// Arguments of `get_transactions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetTransactionsInput {
    /// One account (its number, the masked form or its last four characters) or `all`. Without it the default account, or all
    /// where none is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The first day, YYYY-MM-DD; 30 days before the end if it is left out.
    #[serde(default, alias = "startDate", skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// The last day, YYYY-MM-DD, included; today if it is left out.
    #[serde(default, alias = "endDate", skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    /// An underlying, with everything on it, or one option in the OCC form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Of this type alone: trade, receive_deliver (expirations, assignments, transfers) or money_movement (dividends,
    /// interest, fees, deposits).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Rows on a page.
    #[serde(default = "fifty")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 200)))]
    pub limit: i64,
    /// Which page, counted from 1, newest first.
    #[serde(default = "first")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub page: i64,
}

fn fifty() -> i64 {
    50
}

fn first() -> i64 {
    1
}

impl GetTransactionsInput {
    /// The type as TastyTrade names it.
    ///
    /// # Errors
    ///
    /// `invalid_arguments` for any other word.
    pub fn kind(&self) -> Result<Option<&'static str>, Error> {
        let Some(text) = self.r#type.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
        let word: String = text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
        match word.as_str() {
            "trade" | "trades" => Ok(Some("Trade")),
            "receivedeliver" => Ok(Some("Receive Deliver")),
            "moneymovement" | "money" | "cash" => Ok(Some("Money Movement")),
            _ => Err(Error::invalid_argument(
                "type",
                "`type` is none of trade, receive_deliver and money_movement. Send one of them, or leave it out for all.",
            )),
        }
    }
}

/// One transaction. Amounts are in dollars; what was paid is negative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TransactionRow {
    /// Its id.
    pub id: i64,
    /// The account's masked number.
    pub account: String,
    /// Trade, Receive Deliver or Money Movement.
    pub transaction_type: Option<String>,
    /// For example Sell to Open, Expiration, Dividend.
    pub transaction_sub_type: Option<String>,
    /// In TastyTrade's words.
    pub description: Option<String>,
    /// When it was, ISO 8601 with offset.
    pub executed_at: Option<Timestamp>,
    /// The trading day, YYYY-MM-DD.
    pub transaction_date: Option<NaiveDate>,
    /// The instrument.
    pub symbol: Option<String>,
    /// What it derives from.
    pub underlying_symbol: Option<String>,
    /// For example Equity Option.
    pub instrument_type: Option<String>,
    /// For example Buy to Close.
    pub action: Option<String>,
    /// Shares or contracts.
    pub quantity: Option<Decimal>,
    /// Price per unit.
    pub price: Option<Decimal>,
    /// What it was worth, before fees.
    pub value: Option<Decimal>,
    /// Commission and fees.
    pub fees: Option<Decimal>,
    /// What it changed the cash by.
    pub net_value: Option<Decimal>,
    /// The order that it comes of.
    pub order_id: Option<i64>,
}

/// What `get_transactions` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TransactionsOutput {
    /// The transactions, newest first.
    pub transactions: Vec<TransactionRow>,
    /// The first day that was asked for.
    pub start_date: NaiveDate,
    /// The last one; `null` up to now.
    pub end_date: Option<NaiveDate>,
    /// Sum of `net_value` on this page.
    pub page_net_value: Option<Decimal>,
    /// Sum of `fees` on this page.
    pub page_fees: Option<Decimal>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_in_any_spelling() {
        let kind = |text: &str| {
            let input: GetTransactionsInput = serde_json::from_value(serde_json::json!({ "type": text })).unwrap();
            input.kind()
        };
        for (text, read) in [
            ("trade", Some("Trade")),
            ("Receive Deliver", Some("Receive Deliver")),
            ("receive-deliver", Some("Receive Deliver")),
            ("MONEY_MOVEMENT", Some("Money Movement")),
            ("", None),
        ] {
            assert_eq!(kind(text), Ok(read), "{text}");
        }
        assert_eq!(kind("gift").unwrap_err().details["argument"], "type");
    }
}
