//! `search_symbols`.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::Source;

/// The most results of one search.
pub const MAX_RESULTS: i64 = 50;

const fn usual_limit() -> i64 {
    10
}

/// Arguments of `search_symbols`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SearchSymbolsInput {
    /// The beginning of a symbol or of a word of the company's name, for example APP or micro.
    pub query: String,
    /// How many results at most, 1 to 50.
    #[serde(default = "usual_limit")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 50)))]
    pub limit: i64,
}

/// A symbol that was found. What TastyTrade does not say is `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FoundSymbol {
    /// As the other tools take it.
    pub symbol: String,
    /// What it is.
    pub description: Option<String>,
    /// Its kind in TastyTrade's words, for example Equity or Future.
    pub instrument_type: Option<String>,
    /// The exchange.
    pub listed_market: Option<String>,
    /// Whether it has options.
    pub has_options: Option<bool>,
}

/// What `search_symbols` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SymbolSearch {
    /// The best fits first; empty when nothing fits.
    pub results: Vec<FoundSymbol>,
    /// How many more there are than `limit` lets through.
    pub omitted: usize,
    /// Where it comes from.
    pub source: Source,
    /// When it was asked for, ISO 8601 with offset.
    pub as_of: Timestamp,
}
