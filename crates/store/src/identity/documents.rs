//! How often the documents of apps were asked for lately, so that nobody makes this server fetch without end.
//!
//! Each count runs over a window of its own. A failure is remembered for as long, and answered without another fetch.

use chrono::TimeDelta;
use domain::Timestamp;
use serde::Deserialize;

use crate::{Database, Error, Statement, sql};

/// How long attempts are counted together, and how long a failure is remembered.
pub const WINDOW: TimeDelta = TimeDelta::minutes(1);
/// The most attempts at one document within [`WINDOW`].
pub const PER_DOCUMENT: i64 = 3;

/// What is known of a document's fetches in the current window, this attempt included.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Attempt {
    /// How often it was asked for; one more than [`PER_DOCUMENT`] stands for any more.
    pub attempts: i64,
    /// Why the last attempt failed, if it did.
    pub failure: Option<String>,
    /// 1 if that was an outage, after which the document may be all right.
    pub is_outage: u8,
    /// How often other documents of its host were asked for.
    #[serde(default)]
    pub others_of_host: i64,
}

/// Counts an attempt and answers how many there were.
pub async fn begin(db: &impl Database, url: &str, host: &str, now: Timestamp) -> Result<Attempt, Error> {
    #[derive(Deserialize)]
    struct Others {
        attempts: i64,
    }
    let since = now - WINDOW;
    let mut outcomes = db
        .batch(vec![
            sql!(
                "INSERT INTO client_document_fetches (url, host, began_at, attempts) VALUES (?1, ?2, ?3, 1)
                 ON CONFLICT (url) DO UPDATE SET
                   attempts = CASE WHEN began_at <= ?4 THEN 1 ELSE min(attempts + 1, ?5) END,
                   failure = CASE WHEN began_at <= ?4 THEN NULL ELSE failure END,
                   is_outage = CASE WHEN began_at <= ?4 THEN 0 ELSE is_outage END,
                   began_at = CASE WHEN began_at <= ?4 THEN excluded.began_at ELSE began_at END
                 RETURNING attempts, failure, is_outage",
                url,
                host,
                now,
                since,
                PER_DOCUMENT + 1,
            ),
            sql!(
                "SELECT coalesce(sum(attempts), 0) AS attempts FROM client_document_fetches
                 WHERE host = ?1 AND began_at > ?2 AND url <> ?3",
                host,
                since,
                url,
            ),
        ])
        .await?
        .into_iter();
    let missing = || Error("the attempt was not counted".to_owned());
    let attempt: Attempt = outcomes.next().ok_or_else(missing)?.first()?.ok_or_else(missing)?;
    let others: Option<Others> = outcomes.next().ok_or_else(missing)?.first()?;
    Ok(Attempt { others_of_host: others.map_or(0, |others| others.attempts), ..attempt })
}

/// Remembers for the rest of the window why an attempt failed.
pub async fn failed(db: &impl Database, url: &str, failure: &str, is_outage: bool) -> Result<(), Error> {
    db.run(sql!(
        "UPDATE client_document_fetches SET failure = ?2, is_outage = ?3 WHERE url = ?1",
        url,
        failure,
        is_outage,
    ))
    .await?;
    Ok(())
}

/// Removes the counts of windows that are over.
pub(super) fn sweep(now: Timestamp) -> Statement {
    sql!("DELETE FROM client_document_fetches WHERE began_at <= ?1", now - WINDOW)
}
