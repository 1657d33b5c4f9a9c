//! The simulated market: every figure is a pure function of the seed, the symbol and the time.
//!
//! In scope: prices, quotes, option values, implied and historical volatility of the ten listed symbols. Out of scope:
//! order matching, and who may see what.

pub(crate) mod listing;
pub(crate) mod metrics;
mod noise;
pub(crate) mod occ;
pub(crate) mod options;
pub(crate) mod price;
pub(crate) mod quote;

pub(crate) use listing::{Kind, Listing};
pub(crate) use price::{Market, Override};
