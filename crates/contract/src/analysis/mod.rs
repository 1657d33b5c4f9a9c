//! What the analyses take and answer, one file for each tool, and what all of their answers share.
//!
//! Units are the same everywhere: prices and money in US dollars as JSON numbers; volatilities, ranks, probabilities and
//! returns in percent (42.7 means 42.7 %); greeks per share unless a field says per contract. A figure that cannot be
//! computed is `null`, and `missing` says why.

pub mod chart;
pub mod opportunities;
pub mod options;
pub mod portfolio;
pub mod strategy;

use serde::{Deserialize, Serialize};

/// The one sentence that every analysis carries in its field `disclaimer`.
pub const DISCLAIMER: &str = "Computed from market data and models for information; it is not investment advice, and options \
                              can lose more than they bring in.";

/// What an analysis comes to in plain words, written by rules from its figures: both sides, and never an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// The main fact in one sentence.
    pub headline: String,
    /// What speaks for it.
    pub case_for: Vec<String>,
    /// What speaks against it.
    pub case_against: Vec<String>,
    /// What would change this.
    pub would_change: Vec<String>,
}

impl Summary {
    /// The summary as lines of a compact text.
    pub fn lines(&self) -> String {
        let mut text = self.headline.clone();
        for (name, lines) in
            [("For", &self.case_for), ("Against", &self.case_against), ("Would change it", &self.would_change)]
        {
            if !lines.is_empty() {
                text.push('\n');
                text.push_str(name);
                text.push_str(": ");
                text.push_str(&lines.join(" "));
            }
        }
        text
    }
}
