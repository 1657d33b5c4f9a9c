//! `find_opportunities`.

use chrono::NaiveDate;
use domain::{Error, Symbol, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Summary,
    options::{OptionCandidate, ScanFilters, StrategyName, limit},
};
use crate::{market::Source, tool::symbol_argument};

/// The most symbols of one call.
pub const MAX_SYMBOLS: usize = 50;
/// So many of them are scanned: those with the highest IV rank.
pub const MAX_SCANNED: usize = 10;
/// The most characters of a watchlist's name.
const MAX_NAME: usize = 100;

/// Arguments of `find_opportunities`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindOpportunitiesInput {
    /// Stocks, ETFs and indexes, at most 50. Left out with `watchlist`: ten that trade many options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbols: Option<Vec<String>>,
    /// The name of a watchlist, the user's own or a public one, instead of `symbols`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watchlist: Option<String>,
    /// What is sold.
    #[serde(default)]
    pub strategy: StrategyName,
    /// What is left out; `earnings` is exclude here unless it is sent.
    #[serde(flatten)]
    pub filters: ScanFilters,
    /// How many candidates (5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10)))]
    pub limit: Option<i64>,
}

/// Which symbols are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Universe {
    /// These.
    Symbols(Vec<Symbol>),
    /// Those of the list of this name.
    Watchlist(String),
    /// Nothing was said.
    Usual,
}

/// What is wanted, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedOpportunities {
    /// Which symbols.
    pub universe: Universe,
    /// What is sold.
    pub strategy: StrategyName,
    /// What is left out.
    pub filters: ScanFilters,
    /// How many candidates.
    pub limit: usize,
}

impl FindOpportunitiesInput {
    /// The arguments, checked against each other.
    ///
    /// # Errors
    ///
    /// `invalid_arguments`, with the name of the argument.
    pub fn check(&self) -> Result<WantedOpportunities, Error> {
        let name = self.watchlist.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let texts = self.symbols.as_deref().filter(|texts| !texts.is_empty());
        let universe = match (texts, name) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid_argument("symbols", "Send `symbols` or `watchlist`, not both."));
            }
            (Some(texts), None) => Universe::Symbols(symbols(texts)?),
            (None, Some(name)) if name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control) => {
                Universe::Watchlist(name.to_owned())
            }
            (None, Some(_)) => {
                let message = "`watchlist` is no name of a list. get_watchlists says which there are.";
                return Err(Error::invalid_argument("watchlist", message));
            }
            (None, None) => Universe::Usual,
        };
        Ok(WantedOpportunities {
            universe,
            strategy: self.strategy,
            filters: self.filters.check()?,
            limit: limit(self.limit)?,
        })
    }
}

fn symbols(texts: &[String]) -> Result<Vec<Symbol>, Error> {
    let mut symbols = Vec::new();
    for text in texts.iter().take(2 * MAX_SYMBOLS) {
        let symbol = symbol_argument("symbols", text)?;
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    within_bound("symbols", symbols)
}

/// The symbols, unless they are too many.
///
/// # Errors
///
/// `invalid_arguments` that says how to narrow it.
pub fn within_bound(argument: &str, symbols: Vec<Symbol>) -> Result<Vec<Symbol>, Error> {
    if symbols.len() <= MAX_SYMBOLS {
        return Ok(symbols);
    }
    let message = format!(
        "`{argument}` means {} symbols; a scan takes {MAX_SYMBOLS} at most. Send those that matter as `symbols`.",
        symbols.len()
    );
    Err(Error::invalid_argument(argument, message))
}

/// How it went with a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ScanState {
    /// It has candidates.
    Found,
    /// It was scanned, and nothing passed the filters.
    NothingPassed,
    /// It was not scanned: others have a higher IV rank.
    NotScanned,
    /// It could not be scanned.
    Failed,
    /// Its answer did not come in time.
    Late,
}

/// One symbol of a scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScannedSymbol {
    /// The symbol.
    pub symbol: String,
    /// How it went.
    pub status: ScanState,
    /// Percent.
    pub iv_rank: Option<f64>,
    /// How many candidates passed the filters.
    pub passed: usize,
    /// Why there are none.
    pub reason: Option<String>,
}

/// A candidate with its symbol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Opportunity {
    /// The underlying.
    pub symbol: String,
    /// Its price.
    pub underlying_price: Option<f64>,
    /// Percent.
    pub iv_rank: Option<f64>,
    /// The next report, YYYY-MM-DD.
    pub earnings_date: Option<NaiveDate>,
    /// In a few words.
    pub name: String,
    /// With the fields of a candidate of analyze_options: expiration, legs, credit, pop, annualised_return, collateral, score,
    /// parts and the others.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub candidate: OptionCandidate,
    /// When its quotes were read.
    pub as_of: Timestamp,
}

/// What `find_opportunities` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Opportunities {
    /// Under which it is kept.
    pub analysis_id: String,
    /// What was asked for.
    pub strategy: StrategyName,
    /// Which symbols were meant.
    pub universe: String,
    /// The best over all symbols, at most two of each.
    pub opportunities: Vec<Opportunity>,
    /// How it went with each symbol.
    pub symbols: Vec<ScannedSymbol>,
    /// The filters as they were sent; others are those of analyze_options.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub filters: ScanFilters,
    /// In plain words, by rules.
    pub summary: Summary,
    /// What could not be had.
    pub missing: Vec<String>,
    /// What else to know.
    pub notes: Vec<String>,
    /// Where quotes and greeks come from.
    pub source: Source,
    /// When the oldest of them was read.
    pub as_of: Timestamp,
    /// What this is not.
    pub disclaimer: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<WantedOpportunities, String> {
        let input: FindOpportunitiesInput = serde_json::from_str(json).unwrap();
        input.check().map_err(|error| format!("{}: {error}", error.details["argument"].as_str().unwrap()))
    }

    #[test]
    fn the_symbols_are_those_that_are_named() {
        let symbols =
            |texts: &[&str]| Universe::Symbols(texts.iter().map(|text| Symbol::parse(text).unwrap()).collect());
        assert_eq!(check("{}").unwrap().universe, Universe::Usual);
        assert_eq!(check(r#"{"symbols":[]}"#).unwrap().universe, Universe::Usual);
        assert_eq!(check(r#"{"symbols":["spy","SPY","qqq"]}"#).unwrap().universe, symbols(&["SPY", "QQQ"]));
        let list = Universe::Watchlist("tasty IVR".to_owned());
        assert_eq!(check(r#"{"watchlist":" tasty IVR "}"#).unwrap().universe, list);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let many: Vec<String> = (0..51).map(|at| format!("A{at}")).collect();
        let many = serde_json::json!({ "symbols": many }).to_string();
        for (json, error) in [
            (r#"{"symbols":["SPY"],"watchlist":"a"}"#, "symbols: Send `symbols` or `watchlist`, not both."),
            (r#"{"limit":0}"#, "limit: `limit` is 0; send 1 to 10."),
            (
                many.as_str(),
                "symbols: `symbols` means 51 symbols; a scan takes 50 at most. Send those that matter as `symbols`.",
            ),
        ] {
            assert_eq!(check(json).unwrap_err(), error);
        }
        assert!(check(r#"{"symbols":["?"]}"#).unwrap_err().starts_with("symbols:"));
    }
}
