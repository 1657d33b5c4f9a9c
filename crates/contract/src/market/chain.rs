//! `get_option_chain`.

use chrono::NaiveDate;
use domain::{Decimal, Error, Symbol, Timestamp};
use serde::{Deserialize, Serialize};

use super::{GreeksSource, Source};

/// Strikes on each side of the underlying's price where nothing else narrows an answer.
pub const STRIKES: usize = 10;
/// The most strikes on each side that can be asked for; 0 asks for all.
pub const MAX_STRIKES: i64 = 1000;
/// The most days that can be asked for.
const MAX_DTE: i64 = 4000;

/// Calls, puts, or both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// Both.
    #[default]
    #[serde(alias = "all", alias = "BOTH")]
    Both,
    /// Calls.
    #[serde(alias = "calls", alias = "C", alias = "c", alias = "CALL")]
    Call,
    /// Puts.
    #[serde(alias = "puts", alias = "P", alias = "p", alias = "PUT")]
    Put,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One object per option.
    #[default]
    Rows,
    /// One list per field, which is a third of the size.
    #[serde(alias = "columnar")]
    Columns,
}

/// Arguments of `get_option_chain`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetOptionChainInput {
    /// The underlying: a share, fund or index such as AAPL, BRK/B or SPX, or a future such as /ES or /ESZ6.
    pub symbol: String,
    /// One expiration, YYYY-MM-DD. Left out without `min_dte` and `max_dte`: a list of all expirations, and the
    /// monthly one nearest to 45 days.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "expirationDate", alias = "expiration_date")]
    pub expiration: Option<String>,
    /// All expirations from so many days on; 0 is today.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minDte")]
    pub min_dte: Option<i64>,
    /// All expirations up to so many days.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "maxDte")]
    pub max_dte: Option<i64>,
    /// Only options whose delta is at least so much, without its sign: 0.16 (or 16).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minDelta")]
    pub min_delta: Option<f64>,
    /// Only options whose delta is at most so much, without its sign: 0.30 (or 30).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "maxDelta")]
    pub max_delta: Option<f64>,
    /// So many strikes on each side of the underlying's price, 0 for all. Left out: 10, or all where a delta is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1000)))]
    pub strikes: Option<i64>,
    /// Which options.
    #[serde(default)]
    pub side: Sides,
    /// `rows` unless chosen; large answers are `columns` in any case.
    #[serde(default)]
    pub format: Form,
}

/// What is wanted, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The underlying.
    pub symbol: Symbol,
    /// Which expirations.
    pub expirations: Expirations,
    /// Bounds of the delta without its sign, fractions.
    pub delta: Option<(f64, f64)>,
    /// Strikes on each side of the price; all where absent.
    pub strikes: Option<usize>,
    /// Only strikes between these parts of the underlying's price; all where absent. No argument of the tool.
    pub near: Option<(f64, f64)>,
    /// Which options.
    pub side: Sides,
    /// In which form.
    pub form: Form,
}

/// Which expirations are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expirations {
    /// Nothing was said.
    Any,
    /// Those of one day.
    On(NaiveDate),
    /// Those within so many days, both ends among them.
    Within(i64, i64),
}

impl GetOptionChainInput {
    /// The arguments, checked against each other. Nothing is called for an input that has an error.
    ///
    /// # Errors
    ///
    /// `invalid_arguments`, with the name of the argument.
    pub fn check(&self) -> Result<Wanted, Error> {
        Ok(Wanted {
            symbol: self.underlying()?,
            expirations: self.expirations()?,
            delta: self.delta()?,
            strikes: self.strikes()?,
            near: None,
            side: self.side,
            form: self.format,
        })
    }

    fn underlying(&self) -> Result<Symbol, Error> {
        let wrong = |message: String| Error::invalid_argument("symbol", message);
        let symbol = Symbol::parse(&self.symbol).map_err(|error| {
            let shown: String = self.symbol.chars().filter(|letter| !letter.is_control()).take(40).collect();
            wrong(format!("`symbol` {error}: \"{shown}\". Send an underlying such as AAPL, SPX or /ES."))
        })?;
        let text = symbol.as_str();
        if domain::OccSymbol::parse(text).is_some() || text.starts_with("./") || text.starts_with('.') {
            return Err(wrong(format!("`symbol` is an option itself: {text}. Send its underlying, or use get_quote.")));
        }
        if text.ends_with("/USD") {
            return Err(wrong(format!("There are no options on {text}. Send a share, fund, index or future.")));
        }
        Ok(symbol)
    }

    fn expirations(&self) -> Result<Expirations, Error> {
        let given = self.expiration.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let given = given.filter(|text| !["null", "all"].contains(&text.to_ascii_lowercase().as_str()));
        let Some(text) = given else { return self.window() };
        if self.min_dte.is_some() || self.max_dte.is_some() {
            let message = "Send `expiration` or `min_dte` and `max_dte`, not both.";
            return Err(Error::invalid_argument("expiration", message));
        }
        let is_day = text.len() == 10 && text.is_ascii();
        text.parse().ok().filter(|_| is_day).map(Expirations::On).ok_or_else(|| {
            let shown: String = text.chars().filter(|letter| !letter.is_control()).take(40).collect();
            let message = format!("`expiration` is not a day: \"{shown}\". Send YYYY-MM-DD, for example 2026-12-18.");
            Error::invalid_argument("expiration", message)
        })
    }

    fn window(&self) -> Result<Expirations, Error> {
        for (name, days) in [("min_dte", self.min_dte), ("max_dte", self.max_dte)] {
            if let Some(days) = days.filter(|days| !(0..=MAX_DTE).contains(days)) {
                return Err(Error::invalid_argument(name, format!("`{name}` is {days}; send 0 to {MAX_DTE} days.")));
            }
        }
        match (self.min_dte, self.max_dte) {
            (None, None) => Ok(Expirations::Any),
            (min, max) => {
                let (min, max) = (min.unwrap_or(0), max.unwrap_or(MAX_DTE));
                if min > max {
                    let message = format!("`min_dte` {min} is more than `max_dte` {max}.");
                    return Err(Error::invalid_argument("min_dte", message));
                }
                Ok(Expirations::Within(min, max))
            }
        }
    }

    fn delta(&self) -> Result<Option<(f64, f64)>, Error> {
        let read = |name: &str, delta: Option<f64>| {
            let Some(delta) = delta else { return Ok(None) };
            let size = delta.abs();
            if !(0.0..=100.0).contains(&size) {
                let message =
                    format!("`{name}` is {delta}; send 0 to 1, for example 0.3, or 0 to 100, for example 30.");
                return Err(Error::invalid_argument(name, message));
            }
            Ok(Some(if size > 1.0 { size / 100.0 } else { size }))
        };
        let (min, max) = (read("min_delta", self.min_delta)?, read("max_delta", self.max_delta)?);
        if min.is_none() && max.is_none() {
            return Ok(None);
        }
        let (min, max) = (min.unwrap_or(0.0), max.unwrap_or(1.0));
        if min > max {
            let message = format!("`min_delta` {min} is more than `max_delta` {max}. Send them without sign.");
            return Err(Error::invalid_argument("min_delta", message));
        }
        Ok(Some((min, max)))
    }

    fn strikes(&self) -> Result<Option<usize>, Error> {
        let has_delta = self.min_delta.is_some() || self.max_delta.is_some();
        match self.strikes {
            None => Ok((!has_delta).then_some(STRIKES)),
            Some(0) => Ok(None),
            Some(count) => usize::try_from(count).ok().filter(|_| count <= MAX_STRIKES).map(Some).ok_or_else(|| {
                let message = format!("`strikes` is {count}; send 1 to {MAX_STRIKES} on each side, or 0 for all.");
                Error::invalid_argument("strikes", message)
            }),
        }
    }
}

/// What `get_option_chain` answers. Prices are US dollars per share (points of the future for options on futures); greeks
/// are per share; `iv` is in percent (42.7 means 42.7 %). What is not known is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OptionChain {
    /// The underlying as TastyTrade spells it.
    pub symbol: String,
    /// Its price: mark, else the middle of bid and ask, else the last trade.
    pub underlying_price: Option<Decimal>,
    /// The expirations that were asked for, the nearest first.
    pub expirations: Vec<ChainExpiration>,
    /// Where no expiration was asked for: all that are listed, without their strikes.
    pub available_expirations: Vec<ListedExpiration>,
    /// Whether `expirations` hold `strikes` or `columns`.
    pub format: Form,
    /// How many options the answer holds.
    pub contracts: usize,
    /// Where bids, asks and greeks come from; `cache` if all were there already.
    pub source: Source,
    /// When the oldest of them was read, ISO 8601 with offset.
    pub as_of: Timestamp,
    /// What could not be had, in plain words.
    pub missing: Vec<String>,
    /// What else to know, in plain words.
    pub notes: Vec<String>,
}

/// An expiration without its strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListedExpiration {
    /// The last day, YYYY-MM-DD.
    pub expiration: NaiveDate,
    /// Calendar days to it.
    pub dte: i64,
    /// Root of the symbols, for example SPXW.
    pub root: String,
    /// What they are written on, where it is not the symbol that was asked for.
    pub underlying: String,
    /// Regular (the monthly ones), Weekly, End-Of-Month or Quarterly.
    pub kind: String,
    /// AM where it settles to opening prices, PM otherwise.
    pub settlement: String,
    /// Whether a contract delivers the usual; an adjusted one does not.
    pub standard: bool,
    /// How many strikes there are.
    pub strike_count: usize,
}

/// An expiration with its options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChainExpiration {
    /// The last day, YYYY-MM-DD.
    pub expiration: NaiveDate,
    /// Calendar days to it.
    pub dte: i64,
    /// Root of the symbols, for example SPXW.
    pub root: String,
    /// What they are written on: the symbol that was asked for, or a future such as /ESZ6.
    pub underlying: String,
    /// The price of that.
    pub underlying_price: Option<Decimal>,
    /// Regular (the monthly ones), Weekly, End-Of-Month or Quarterly.
    pub kind: String,
    /// AM where it settles to opening prices, PM otherwise.
    pub settlement: String,
    /// Whether a contract delivers the usual; an adjusted one does not.
    pub standard: bool,
    /// Shares per contract, or dollars per point of a future.
    pub multiplier: Option<Decimal>,
    /// What an adjusted contract delivers.
    pub deliverable: Option<String>,
    /// Where bids, asks and greeks come from.
    pub source: Source,
    /// When they were read, ISO 8601 with offset.
    pub as_of: Timestamp,
    /// In the form `rows`: the strikes, ascending.
    pub strikes: Vec<StrikeRow>,
    /// In the form `columns`: the same, one list per field.
    pub columns: Option<Columns>,
}

/// One strike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StrikeRow {
    /// The strike.
    pub strike: Decimal,
    /// The call; `null` where it was not asked for, does not fit, or does not exist.
    pub call: Option<OptionRow>,
    /// The put, with the fields of the call; `null` likewise.
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub put: Option<OptionRow>,
}

/// One option.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OptionRow {
    /// TastyTrade's symbol.
    pub symbol: String,
    /// Best bid.
    pub bid: Option<Decimal>,
    /// Best ask.
    pub ask: Option<Decimal>,
    /// Last trade.
    pub last: Option<Decimal>,
    /// Contracts traded today.
    pub volume: Option<Decimal>,
    /// Open contracts.
    pub open_interest: Option<i64>,
    /// Per dollar of the underlying.
    pub delta: Option<f64>,
    /// Of delta, per dollar of the underlying.
    pub gamma: Option<f64>,
    /// Per calendar day.
    pub theta: Option<f64>,
    /// Per point of volatility.
    pub vega: Option<f64>,
    /// Implied volatility, percent.
    pub iv: Option<f64>,
    /// Where bid and ask come from; `null` where there are none.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub source: Option<Source>,
    /// Where the greeks come from: `dxlink` or `computed`; `null` where there are none.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub greeks_source: Option<GreeksSource>,
    /// Why there are no greeks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_greeks: Option<String>,
}

/// The strikes of an expiration, one list per field; the same place in each list is the same strike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Columns {
    /// Strikes, ascending.
    pub strike: Vec<Decimal>,
    /// The calls; `null` where none were asked for.
    pub call: Option<SideColumns>,
    /// The puts, with the lists of the calls; `null` likewise.
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub put: Option<SideColumns>,
}

/// One side of the strikes of an expiration. Fields and units are those of the rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SideColumns {
    /// How the symbols are put together, or `null` where they follow no pattern.
    pub symbol_pattern: Option<String>,
    /// Best bids.
    pub bid: Vec<Option<Decimal>>,
    /// Best asks.
    pub ask: Vec<Option<Decimal>>,
    /// Last trades.
    pub last: Vec<Option<Decimal>>,
    /// Contracts traded today.
    pub volume: Vec<Option<Decimal>>,
    /// Open contracts.
    pub open_interest: Vec<Option<i64>>,
    /// Deltas.
    pub delta: Vec<Option<f64>>,
    /// Gammas.
    pub gamma: Vec<Option<f64>>,
    /// Thetas.
    pub theta: Vec<Option<f64>>,
    /// Vegas.
    pub vega: Vec<Option<f64>>,
    /// Implied volatilities, percent.
    pub iv: Vec<Option<f64>>,
    /// The places whose greeks were computed here; all others are from TastyTrade's stream.
    pub computed: Vec<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Wanted, String> {
        let input: GetOptionChainInput = serde_json::from_str(json).unwrap();
        input.check().map_err(|error| format!("{}: {error}", error.details["argument"]))
    }

    #[test]
    fn arguments_are_read() {
        let day = "2026-12-18".parse().unwrap();
        for (json, expirations, delta, strikes, side) in [
            (r#"{"symbol":"aapl"}"#, Expirations::Any, None, Some(10), Sides::Both),
            (r#"{"symbol":"SPX","expiration":"2026-12-18"}"#, Expirations::On(day), None, Some(10), Sides::Both),
            (r#"{"symbol":"SPX","expiration":"all","strikes":0}"#, Expirations::Any, None, None, Sides::Both),
            (r#"{"symbol":"/ES","minDte":7,"side":"puts"}"#, Expirations::Within(7, 4000), None, Some(10), Sides::Put),
            (
                r#"{"symbol":"A","max_dte":0,"min_delta":-16,"max_delta":0.3}"#,
                Expirations::Within(0, 0),
                Some((0.16, 0.3)),
                None,
                Sides::Both,
            ),
            (r#"{"symbol":"A","max_delta":30,"strikes":5}"#, Expirations::Any, Some((0.0, 0.3)), Some(5), Sides::Both),
        ] {
            let wanted = read(json).unwrap();
            assert_eq!((wanted.expirations, wanted.delta), (expirations, delta), "{json}");
            assert_eq!((wanted.strikes, wanted.side), (strikes, side), "{json}");
        }
    }

    #[test]
    fn what_cannot_be_served_is_named() {
        for (json, error) in [
            (r#"{"symbol":" "}"#, "\"symbol\": `symbol` is empty"),
            (r#"{"symbol":"AAPL  261218C00255000"}"#, "is an option itself"),
            (r#"{"symbol":"./ESZ6 EW4U6 260925P5800"}"#, "is an option itself"),
            (r#"{"symbol":"BTC/USD"}"#, "There are no options on BTC/USD"),
            (r#"{"symbol":"A","expiration":"18 Dec"}"#, "\"expiration\": `expiration` is not a day: \"18 Dec\""),
            (r#"{"symbol":"A","expiration":"2026-02-30"}"#, "is not a day"),
            (r#"{"symbol":"A","expiration":"2026-12-18","max_dte":3}"#, "not both"),
            (r#"{"symbol":"A","min_dte":-1}"#, "\"min_dte\": `min_dte` is -1; send 0 to 4000 days."),
            (r#"{"symbol":"A","min_dte":60,"max_dte":30}"#, "`min_dte` 60 is more than `max_dte` 30"),
            (r#"{"symbol":"A","min_delta":0.5,"max_delta":0.2}"#, "\"min_delta\": `min_delta` 0.5 is more"),
            (r#"{"symbol":"A","max_delta":101}"#, "\"max_delta\": `max_delta` is 101"),
            (r#"{"symbol":"A","strikes":-3}"#, "\"strikes\": `strikes` is -3"),
            (r#"{"symbol":"A","strikes":1001}"#, "or 0 for all"),
        ] {
            let got = read(json).unwrap_err();
            assert!(got.contains(error), "{json}: {got}");
        }
    }
}
