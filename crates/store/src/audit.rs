//! What was done in whose name: one row per tool call and per change of identity, written once and never changed.
//!
//! A row says who, through which app, what, and how it went. It never holds a token, a code, an account number or an
//! argument; whoever adds details names them one by one.

use domain::{Timestamp, UserId};
use serde::Deserialize;
use serde_json::Value;

use crate::{Database, Error, Statement, sql};

/// For how long a row is kept, in days: a trader may ask about the whole of last year.
pub const KEPT_DAYS: i64 = 400;

/// What was done.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// In whose name; `None` where nobody is known, as when a consent page is answered with no.
    pub user: Option<&'a UserId>,
    /// What: `tool:get_quote`, `login`, `grant_revoked`.
    pub action: &'a str,
    /// Through which app, or `api_key:` and the id of the key; `None` for the browser.
    pub client_id: Option<&'a str>,
    /// `ok`, or the word of the error.
    pub outcome: &'a str,
    /// The id of the request, which is in the logs as well.
    pub request_id: &'a str,
    /// Small facts, as a JSON object.
    pub details: Value,
}

/// A row, with the name that its app or key gives itself today.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// When.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub at: Timestamp,
    /// The id of the row.
    pub id: String,
    /// What.
    pub action: String,
    /// Through which app or key.
    pub client_id: Option<String>,
    /// The name of that app or key; `None` if it is gone or has none. Text from outside.
    pub client_name: Option<String>,
    /// How it went.
    pub outcome: String,
    /// The id of the request.
    pub request_id: Option<String>,
    /// Small facts, as JSON text.
    pub details: String,
}

/// The place after a row, where the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor<'a> {
    /// The row's time.
    pub at: Timestamp,
    /// The row's id.
    pub id: &'a str,
}

/// The statement that writes a row, to be run by itself or together with others. `id` is random. Nothing
/// is written of a user who no longer exists, since rows are written after the answer and a deletion may have come first.
pub fn insertion(id: &str, entry: &Entry<'_>, now: Timestamp) -> Statement {
    sql!(
        "INSERT INTO audit (user_id, at, id, action, client_id, outcome, request_id, details)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE ?1 IS NULL OR EXISTS (SELECT 1 FROM users WHERE id = ?1)",
        entry.user,
        now,
        id,
        entry.action,
        entry.client_id,
        entry.outcome,
        entry.request_id,
        entry.details.to_string(),
    )
}

/// Writes a row. `id` is random.
pub async fn insert(db: &impl Database, id: &str, entry: &Entry<'_>, now: Timestamp) -> Result<(), Error> {
    db.run(insertion(id, entry, now)).await?;
    Ok(())
}

/// The user's newest rows, at most `limit`; those before the cursor if there is one.
pub async fn newest(
    db: &impl Database,
    user: &UserId,
    before: Option<Cursor<'_>>,
    limit: u32,
) -> Result<Vec<Row>, Error> {
    let (at, id) =
        before.map_or((Timestamp::MAX_UTC.timestamp_millis(), ""), |cursor| (cursor.at.timestamp_millis(), cursor.id));
    db.run(sql!(
        "SELECT a.at, a.id, a.action, a.client_id, coalesce(c.name, k.name) AS client_name, a.outcome, a.request_id,
           a.details
         FROM audit a
           LEFT JOIN oauth_clients c ON c.id = a.client_id
           LEFT JOIN api_keys k ON k.user_id = a.user_id AND 'api_key:' || k.id = a.client_id
         WHERE a.user_id = ?1 AND (a.at < ?2 OR (a.at = ?2 AND a.id < ?3))
         ORDER BY a.at DESC, a.id DESC LIMIT ?4",
        user,
        at,
        id,
        i64::from(limit),
    ))
    .await?
    .read()
}

/// What removes rows that are older than [`KEPT_DAYS`]: to be run now and then, by the cron.
pub fn sweep(now: Timestamp) -> Statement {
    let before = now.checked_sub_signed(chrono::TimeDelta::days(KEPT_DAYS)).unwrap_or(Timestamp::MIN_UTC);
    sql!("DELETE FROM audit WHERE at < ?1", before)
}
