//! Storage: the SQL of TTAI and the port through which it runs.
//!
//! Every statement stands here as text, beside the function that means something by it. The same text runs on D1 (through
//! `edge`) and on a real SQLite in tests (through `testkit`). Functions on user rows take the [`domain::UserId`] of the
//! verified token and bind it.

pub mod analyses;
pub mod audit;
pub mod db;
pub mod erase;
pub mod export;
pub mod identity;
pub mod jobs;
pub mod limits;
pub mod portfolio;
pub mod settings;

pub use db::{Database, Error, Outcome, Statement, Value};
