//! What an account may do, `GET /accounts/{number}/trading-status`.

use domain::AccountNumber;

use crate::{Answer, Error, Noted, Request};

/// What an account may do. What TastyTrade does not say is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TradingStatus {
    /// How far options may be traded, for example `No Restrictions` or `Covered And Cash Secured`.
    pub options_level: Option<String>,
    /// How requirements are computed, for example `Reg T`, `IRA Margin`, `Cash` or `Portfolio Margin`.
    pub margin_calculation: Option<String>,
    /// Day trades within the last five sessions.
    pub day_trade_count: Option<i64>,
    /// Whether the account is marked as a pattern day trader's.
    pub is_pattern_day_trader: Option<bool>,
    /// Whether positions may only be closed.
    pub is_closing_only: Option<bool>,
    /// Whether there is a margin call.
    pub is_in_margin_call: Option<bool>,
    /// Whether calls may be sold short.
    pub short_calls_enabled: Option<bool>,
    /// Whether futures may be traded.
    pub futures_enabled: Option<bool>,
    /// Whether cryptocurrencies may be traded.
    pub cryptocurrency_enabled: Option<bool>,
}

/// Asks for the status of an account.
pub fn request(account: &AccountNumber) -> Request {
    Request::get(format!("/accounts/{}/trading-status", account.as_str()))
}

/// Reads it.
pub fn read(answer: &Answer) -> Result<Noted<TradingStatus>, Error> {
    let mut fields = answer.object()?;
    let status = TradingStatus {
        options_level: fields.text("options-level"),
        margin_calculation: fields.text("equities-margin-calculation-type"),
        day_trade_count: fields.whole("day-trade-count"),
        is_pattern_day_trader: fields.truth("is-pattern-day-trader"),
        is_closing_only: fields.truth("is-closing-only"),
        is_in_margin_call: fields.truth("is-in-margin-call"),
        short_calls_enabled: fields.truth("short-calls-enabled"),
        futures_enabled: fields.truth("is-futures-enabled"),
        cryptocurrency_enabled: fields.truth("is-cryptocurrency-enabled"),
    };
    Ok(Noted { value: status, notes: fields.notes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn a_status_is_read() {
        let account = AccountNumber::new("5WT00001").unwrap();
        assert_eq!(request(&account).path_and_query, "/accounts/5WT00001/trading-status");
        let body = r#"{"data":{"options-level":"Defined Risk","day-trade-count":"2","is-pattern-day-trader":false,
            "is-closing-only":"true","short-calls-enabled":null,"equities-margin-calculation-type":"IRA Margin",
            "is-futures-enabled":7}}"#;
        let status = read(&answer(200, body)).unwrap();
        assert_eq!(status.notes, ["data.is-futures-enabled: neither true nor false"]);
        let status = status.value;
        assert_eq!((status.options_level.as_deref(), status.day_trade_count), (Some("Defined Risk"), Some(2)));
        assert_eq!((status.is_closing_only, status.short_calls_enabled), (Some(true), None));
    }
}
