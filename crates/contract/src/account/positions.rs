//! `get_positions`.

use chrono::NaiveDate;
use domain::{Decimal, Timestamp, portfolio::Direction};
use serde::{Deserialize, Serialize};

use super::Source;
use crate::market::GreeksSource;

/// Arguments of `get_positions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetPositionsInput {
    /// One account (its number, the masked form or its last four characters) or `all`. Without it the default account, or all
    /// where none is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Positions in this underlying alone, for example AAPL.
    #[serde(default, alias = "symbol", skip_serializing_if = "Option::is_none")]
    pub underlying: Option<String>,
    /// Whether greeks are asked for, which takes some seconds longer.
    #[serde(default = "yes", alias = "includeGreeks")]
    pub include_greeks: bool,
}

impl Default for GetPositionsInput {
    fn default() -> Self {
        Self { account: None, underlying: None, include_greeks: true }
    }
}

fn yes() -> bool {
    true
}

/// One open position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PositionRow {
    /// The account's masked number.
    pub account: String,
    /// As TastyTrade spells it; the OCC form for options.
    pub symbol: String,
    /// As a trader says it, for example AAPL 18 Dec 26 255 C.
    pub description: String,
    /// What it derives from; the symbol itself for shares.
    pub underlying_symbol: String,
    /// For example Equity, Equity Option, Future.
    pub instrument_type: String,
    /// C or P for options.
    pub option_type: Option<String>,
    /// The option's strike.
    pub strike: Option<Decimal>,
    /// The day on which it expires, YYYY-MM-DD.
    pub expiration: Option<NaiveDate>,
    /// Calendar days until then, in New York.
    pub dte: Option<i64>,
    /// Shares or contracts, never negative.
    pub quantity: Decimal,
    /// Long or Short.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub quantity_direction: Direction,
    /// Units of the underlying per contract.
    pub multiplier: Option<Decimal>,
    /// Average price per unit when opened.
    pub average_open_price: Option<Decimal>,
    /// Price per unit at the previous close.
    pub close_price: Option<Decimal>,
    /// Price per unit now.
    pub mark_price: Option<Decimal>,
    /// Value of the position now; negative for what is owed.
    pub mark: Option<Decimal>,
    /// Profit or loss since it was opened.
    pub unrealized_pnl: Option<Decimal>,
    /// The same in percent of what was paid or received.
    pub unrealized_pnl_percent: Option<Decimal>,
    /// Profit or loss of today, what was realised included.
    pub day_pnl: Option<Decimal>,
    /// The part of it that was realised.
    pub realized_day_gain: Option<Decimal>,
    /// Of a short option: the part of the credit that would be kept if it were closed at the mark, in percent.
    pub percent_of_max_profit: Option<Decimal>,
    /// The underlying's price.
    pub underlying_price: Option<Decimal>,
    /// Whether the option is in the money.
    pub is_itm: Option<bool>,
    /// Whether it is a short option in the money.
    pub is_tested: Option<bool>,
    /// Implied volatility per year in percent.
    pub iv: Option<f64>,
    /// Per unit, per dollar of the underlying.
    pub delta: Option<f64>,
    /// Per unit, of delta per dollar.
    pub gamma: Option<f64>,
    /// Per unit, dollars per day.
    pub theta: Option<f64>,
    /// Per unit, dollars per point of volatility.
    pub vega: Option<f64>,
    /// Of the position: times quantity, multiplier and direction.
    pub position_delta: Option<f64>,
    /// Of the position.
    pub position_gamma: Option<f64>,
    /// Of the position, dollars per day.
    pub position_theta: Option<f64>,
    /// Of the position, dollars per point of volatility.
    pub position_vega: Option<f64>,
    /// dxlink (live) or computed (from the mark, by Black, Scholes and Merton); `null` where there are none.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub greeks_source: Option<GreeksSource>,
    /// When the greeks were computed.
    pub greeks_as_of: Option<Timestamp>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When it was read.
    pub as_of: Timestamp,
}

/// Positions of one account in one underlying that expire together; shares stand by themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PositionGroup {
    /// The account's masked number.
    pub account: String,
    /// The underlying.
    pub underlying_symbol: String,
    /// The day on which all of it expires; `null` for what does not.
    pub expiration: Option<NaiveDate>,
    /// How many positions.
    pub legs: u32,
    /// Value now.
    pub mark: Option<Decimal>,
    /// Profit or loss since opened.
    pub unrealized_pnl: Option<Decimal>,
    /// Profit or loss of today.
    pub day_pnl: Option<Decimal>,
    /// Dollars received for all legs together, or paid (negative).
    pub credit: Option<Decimal>,
    /// Of options that were opened for a credit: the part of it that would be kept if all were closed at the mark, in
    /// percent.
    pub percent_of_max_profit: Option<Decimal>,
    /// Sum of the legs.
    pub delta: Option<f64>,
    /// Dollars per day.
    pub theta: Option<f64>,
    /// Dollars per point of volatility.
    pub vega: Option<f64>,
    /// Sum of the legs.
    pub gamma: Option<f64>,
}

/// All positions of the answer together. A sum is `null` if one of its parts is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PositionTotals {
    /// How many positions.
    pub positions: u32,
    /// Value now.
    pub mark: Option<Decimal>,
    /// Profit or loss since opened.
    pub unrealized_pnl: Option<Decimal>,
    /// Profit or loss of today.
    pub day_pnl: Option<Decimal>,
    /// Dollars per day.
    pub theta: Option<f64>,
    /// Dollars per point of volatility.
    pub vega: Option<f64>,
}

/// Something that is not known of a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MissingOfPosition {
    /// Of which one.
    pub symbol: String,
    /// What.
    pub what: String,
    /// Why.
    pub reason: String,
}

/// What `get_positions` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PositionsOutput {
    /// The open positions, by account, underlying and expiration.
    pub positions: Vec<PositionRow>,
    /// The same together, by account, underlying and expiration.
    pub groups: Vec<PositionGroup>,
    /// All together.
    pub totals: PositionTotals,
    /// What is not known.
    pub missing: Vec<MissingOfPosition>,
    /// Where positions and marks come from.
    pub source: Source,
    /// When they were read, ISO 8601 with offset.
    pub as_of: Option<Timestamp>,
    /// What else is to be known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greeks_are_included_unless_said_otherwise() {
        let read = |text| serde_json::from_str::<GetPositionsInput>(text).unwrap();
        assert_eq!(read("{}"), GetPositionsInput::default());
        let narrow = read(r#"{"symbol":"AAPL","include_greeks":false}"#);
        assert_eq!((narrow.underlying.as_deref(), narrow.include_greeks), (Some("AAPL"), false));
    }
}
