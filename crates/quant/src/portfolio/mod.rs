//! Many positions as one: exposure, concentration, correlation, stress.
//!
//! All amounts are dollars of the whole; shares of something are fractions.

mod correlation;
mod exposure;
mod grouping;
mod stress;

pub use correlation::{NoCorrelation, correlation, correlations, log_returns};
pub use exposure::{Exposure, Portion, concentration, exposure, herfindahl, portion};
pub use grouping::{Group, Holding, Listed, Part, Shape, groups};
pub use stress::{Move, Stressed, stress};

use crate::Invalid;
use crate::strategy::{InvalidStrategy, Market, Model, Strategy};

/// All that is held in one underlying.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name, for example the symbol.
    pub name: String,
    /// Its price, rate and yield.
    pub market: Market,
    /// How many percent it moves when the index moves by one; `None` where it is not known.
    pub beta: Option<f64>,
    /// The options and shares.
    pub strategy: Strategy,
    /// How its options are priced.
    pub model: Model,
}

/// Why a portfolio cannot be computed with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidPortfolio {
    /// One underlying cannot be computed with.
    #[error("{name}: {why}")]
    Entry {
        /// Which.
        name: String,
        /// What is wrong.
        why: InvalidStrategy,
    },
    /// The index' price is not a positive number.
    #[error("the price of the index is not a positive number")]
    Index,
    /// An amount, a shift or a beta is out of bounds or no number.
    #[error("a number is out of bounds")]
    Bounds,
    /// There is no amount that a share would be a share of.
    #[error("there is no amount that it would be a share of")]
    Base,
}

impl Entry {
    fn wrong(&self) -> impl Fn(InvalidStrategy) -> InvalidPortfolio {
        |why| InvalidPortfolio::Entry { name: self.name.clone(), why }
    }

    fn check_beta(&self) -> Result<(), InvalidPortfolio> {
        let is_sound = self.beta.is_none_or(|beta| (-1e3..=1e3).contains(&beta));
        if is_sound { Ok(()) } else { Err(InvalidPortfolio::Bounds) }
    }
}

impl From<Invalid> for InvalidPortfolio {
    fn from(_: Invalid) -> Self {
        Self::Bounds
    }
}

#[cfg(test)]
mod tests;
