//! What tests need in place of the platform: a real SQLite with our migrations, seeded randomness, a fixed clock, and a way
//! to wait for a future. A dev-dependency of others, never part of what is deployed.

mod database;
mod entropy;

pub use database::Sqlite;
pub use entropy::Seeded;

/// Runs a future to its end on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    futures_executor::block_on(future)
}

/// 2026-11-20 15:30:00 UTC, a Friday in market hours: the moment at which tests begin.
pub fn now() -> domain::Timestamp {
    chrono::DateTime::from_timestamp(1_795_188_600, 0).unwrap_or_default()
}

/// [`now`], this many seconds later.
pub fn after(seconds: i64) -> domain::Timestamp {
    now() + chrono::TimeDelta::seconds(seconds)
}
