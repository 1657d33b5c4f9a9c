//! Candidates for selling options: what a chain offers for a strategy, with every figure of each.

mod chain;

pub use chain::{Chain, Expiration, Quotes};
