//! `get_watchlists`.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::Source;

/// Whose lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WatchlistKind {
    /// The user's own.
    #[default]
    #[serde(alias = "user", alias = "private")]
    Own,
    /// Those that TastyTrade publishes, for example High Options Volume.
    Public,
}

/// Arguments of `get_watchlists`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetWatchlistsInput {
    /// Whose lists.
    #[serde(default)]
    pub kind: WatchlistKind,
    /// The one list of this name, with all its entries, for example tasty IVR; without it all lists, the public ones by name
    /// and size alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WatchlistEntry {
    /// As the other tools take it.
    pub symbol: String,
    /// Its kind in TastyTrade's words, for example Equity; `null` where TastyTrade does not say it.
    pub instrument_type: Option<String>,
}

/// One list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Watchlist {
    /// Its name, by which it is asked for.
    pub name: String,
    /// The group that it is shown under.
    pub group: Option<String>,
    /// How many entries it has.
    pub size: usize,
    /// Its entries; empty where only names and sizes are listed, and at most 500.
    pub entries: Vec<WatchlistEntry>,
}

/// What `get_watchlists` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Watchlists {
    /// Whose lists.
    pub kind: WatchlistKind,
    /// The lists.
    pub watchlists: Vec<Watchlist>,
    /// Where they come from.
    pub source: Source,
    /// When they were asked for, ISO 8601 with offset.
    pub as_of: Timestamp,
    /// In plain words: what was left out and how to get it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
