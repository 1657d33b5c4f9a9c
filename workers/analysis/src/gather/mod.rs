//! What is known of the market around a symbol, for whatever needs it: tools and analyses.

pub(crate) mod bars;
pub(crate) mod chain;
pub(crate) mod events;
pub(crate) mod metrics;
pub(crate) mod rate;
