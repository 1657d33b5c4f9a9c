//! What the market tools take and answer, one file each.

pub mod chain;
pub mod history;
pub mod hours;
pub mod metrics;
pub mod search;
pub mod watchlists;

use serde::{Deserialize, Serialize};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// TastyTrade's stream of market data, in this call.
    Dxlink,
    /// TastyTrade's REST API, in this call.
    Rest,
    /// Our cache; `as_of` says how old it is.
    Cache,
    /// Our cache, older than it should be, because TastyTrade did not answer.
    StaleCache,
}

/// Where greeks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GreeksSource {
    /// TastyTrade's stream.
    Dxlink,
    /// Computed here (Black-Scholes-Merton), because the stream did not bring them.
    Computed,
}

impl From<crate::quote::Source> for Source {
    fn from(source: crate::quote::Source) -> Self {
        match source {
            crate::quote::Source::Rest => Self::Rest,
            crate::quote::Source::Cache => Self::Cache,
            crate::quote::Source::StaleCache => Self::StaleCache,
        }
    }
}

impl Source {
    /// For people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Dxlink => "TastyTrade's stream",
            Self::Rest => "TastyTrade",
            Self::Cache => "TastyTrade, cached",
            Self::StaleCache => "the cache, STALE",
        }
    }
}
