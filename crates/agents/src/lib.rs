//! Words for what was computed: rules that turn facts into a summary which states both sides.
//!
//! Every rule is a pure function of a plain struct of facts. No rule computes a figure of the market: it is handed
//! what `quant` computed, and words it. A fact that is not known is `None` and is not spoken of. Out of scope: where the facts
//! come from, and which tool asks.
//!
//! A summary states what is so, what speaks for and against, and what would change that. It never tells the reader what to
//! do: [`is_advice`] knows the words that would, and the tests of every module of rules ask it.

pub mod rules;
pub mod summary;
pub mod words;

pub use summary::{Summary, is_advice};
