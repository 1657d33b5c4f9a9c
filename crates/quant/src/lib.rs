//! What is computed about options: pure functions of numbers, without a clock, a market or a place.
//!
//! Out of scope: where the numbers come from (`tasty`).
//!
//! Conventions. Rates and yields are continuously compounded, per year. Volatilities are per year. All of these are
//! fractions here, 0.25 for 25 %. A year has 365 days. Prices and greeks are per share. What cannot be computed is an
//! error that says why; no function gives a value that is not a number.

pub mod american;
pub mod bars;
pub mod black_scholes;
pub mod candles;
pub mod dividends;
pub mod expected_move;
pub mod forward;
pub mod implied;
pub mod indicators;
pub mod levels;
pub mod portfolio;
pub mod probability;
pub mod reading;
pub mod realised;
pub mod regime;
pub mod rules;
pub mod scan;
pub mod smile;
pub mod strategy;
pub mod volume_profile;
pub mod vwap;

pub use american::{American, Expiration};
pub use bars::{Bars, InvalidBars};
pub use black_scholes::{Contract, Greeks, Invalid, Term};
pub use dividends::{Dividend, Escrowed};
pub use implied::NoVolatility;
pub use probability::Walk;
