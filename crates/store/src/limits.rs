//! How often something was done within a window of a minute. Keys are opaque here; they hold no id and no address in clear.

use domain::Timestamp;
use serde::Deserialize;

use crate::{Database, Error, Outcome, Statement, Value, sql};

/// How long a window is.
pub const WINDOW_SECONDS: i64 = 60;

/// How many windows a count outlives its own.
const KEPT_WINDOWS: i64 = 3;

/// A window of time; all of them begin with a full minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window(i64);

impl Window {
    /// The window that a moment lies in.
    pub const fn of(now: Timestamp) -> Self {
        Self(now.timestamp().div_euclid(WINDOW_SECONDS))
    }

    /// The seconds from a moment in it to its end, 1 at least.
    pub const fn seconds_left(now: Timestamp) -> i64 {
        WINDOW_SECONDS - now.timestamp().rem_euclid(WINDOW_SECONDS)
    }
}

impl From<Window> for Value {
    fn from(window: Window) -> Self {
        Self::Int(window.0)
    }
}

/// What is counted where and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting<'a> {
    /// The key.
    pub key: &'a str,
    /// The window.
    pub window: Window,
}

/// The statement that counts one more; [`count`] reads what it answers.
pub fn bump(key: &str, window: Window) -> Statement {
    sql!(
        "INSERT INTO rate_windows (window, key, count) VALUES (?1, ?2, 1)
         ON CONFLICT (window, key) DO UPDATE SET count = count + 1 RETURNING count",
        window,
        key,
    )
}

/// The statement that reads a count; [`count`] reads what it answers.
pub fn reading(key: &str, window: Window) -> Statement {
    sql!("SELECT count FROM rate_windows WHERE window = ?1 AND key = ?2", window, key)
}

/// The count that [`bump`] or [`reading`] answered; 0 where nothing was counted.
pub fn count(outcome: Outcome) -> Result<u32, Error> {
    #[derive(Deserialize)]
    struct Row {
        count: u32,
    }
    Ok(outcome.first::<Row>()?.map_or(0, |row| row.count))
}

/// Counts one more and answers how many there are now, in one step: of callers at the same time each gets another answer.
pub async fn hit(db: &impl Database, key: &str, window: Window) -> Result<u32, Error> {
    count(db.run(bump(key, window)).await?)
}

/// How many there are.
pub async fn read(db: &impl Database, key: &str, window: Window) -> Result<u32, Error> {
    count(db.run(reading(key, window)).await?)
}

/// What removes windows that are over: to be run now and then, by the cron.
pub fn sweep(now: Timestamp) -> Statement {
    let Window(current) = Window::of(now);
    sql!("DELETE FROM rate_windows WHERE window < ?1", current.saturating_sub(KEPT_WINDOWS))
}
