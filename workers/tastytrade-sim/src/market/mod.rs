//! The simulated market: every figure is a pure function of the seed, the symbol and the time.
//!
//! In scope: prices, quotes, candles, option chains with values and greeks, implied and historical volatility, dates of
//! earnings and dividends. Out of scope: who may see what.

pub(crate) mod activity;
pub(crate) mod bsm;
pub(crate) mod candles;
pub(crate) mod chain;
pub(crate) mod events;
pub(crate) mod expirations;
pub(crate) mod futures;
pub(crate) mod hours;
pub(crate) mod instrument;
pub(crate) mod listing;
mod listings;
pub(crate) mod metrics;
mod noise;
pub(crate) mod occ;
pub(crate) mod options;
pub(crate) mod price;
pub(crate) mod quote;

pub(crate) use instrument::Instrument;
pub(crate) use listing::{Kind, Listing};
pub(crate) use price::{Market, Override};
