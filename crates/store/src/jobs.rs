//! Jobs: work that was accepted and outlives the request that asked for it.
//!
//! The row is the promise. It is written before anything starts, and it says how the job ended, whatever happens to the
//! workflow that works on it. At most one unfinished job of a kind exists per user. The first end of a job counts; what
//! comes later changes nothing, so that steps may run twice.

use chrono::serde::{ts_milliseconds, ts_milliseconds_option};
use domain::{Timestamp, UserId};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value as Json;

use crate::{Database, Error, sql};

/// One job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Job {
    /// Its id: what the user is given.
    pub id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// What it does, for example `sync_account`.
    pub kind: String,
    /// How far it is.
    pub status: Status,
    /// What it was asked to do.
    #[serde(deserialize_with = "document")]
    pub params: Json,
    /// In plain words: the step that runs now or ran last.
    pub progress: Option<String>,
    /// What came out of it, once complete.
    #[serde(deserialize_with = "optional_document")]
    pub output: Option<Json>,
    /// Why it ended without, once errored.
    pub error: Option<String>,
    /// How often it was woken or restarted.
    pub attempts: i64,
    /// When it was accepted.
    #[serde(with = "ts_milliseconds")]
    pub created_at: Timestamp,
    /// When it last moved.
    #[serde(with = "ts_milliseconds")]
    pub updated_at: Timestamp,
    /// When its first step began.
    #[serde(with = "ts_milliseconds_option")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(with = "ts_milliseconds_option")]
    pub finished_at: Option<Timestamp>,
}

/// The stages of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted, not started.
    Queued,
    /// Under way.
    Running,
    /// Done; there is an output.
    Complete,
    /// Given up; there is an error.
    Errored,
}

/// Accepts a job under `id`, or answers with the unfinished one that the user has of that kind. One transaction decides,
/// so that two requests at once end up with the same job. The second value says whether the job is new and has to be
/// started. Nothing is accepted for a user who no longer exists: that is an error, as is an id that is taken.
pub async fn create(
    db: &impl Database,
    user: &UserId,
    kind: &str,
    params: &Json,
    id: &str,
    now: Timestamp,
) -> Result<(Job, bool), Error> {
    let insert = "
        INSERT INTO jobs (id, user_id, kind, status, params, created_at, updated_at)
        SELECT ?1, ?2, ?3, 'queued', ?4, ?5, ?5 WHERE EXISTS (SELECT 1 FROM users WHERE id = ?2)
        ON CONFLICT DO NOTHING";
    let select = "SELECT * FROM jobs WHERE user_id = ?1 AND kind = ?2 AND status IN ('queued', 'running')";
    let outcomes =
        db.batch(vec![sql!(insert, id, user, kind, params.to_string(), now), sql!(select, user, kind)]).await?;
    let is_new = outcomes.first().is_some_and(|outcome| outcome.changes > 0);
    let job = outcomes.into_iter().nth(1).unwrap_or_default().first()?;
    let job = job.ok_or_else(|| Error("jobs: the id is taken, or the user is gone".to_owned()))?;
    Ok((job, is_new))
}

/// The job, if it is this user's.
pub async fn get(db: &impl Database, user: &UserId, id: &str) -> Result<Option<Job>, Error> {
    db.run(sql!("SELECT * FROM jobs WHERE user_id = ?1 AND id = ?2", user, id)).await?.first()
}

/// The user's newest job of that kind.
pub async fn newest(db: &impl Database, user: &UserId, kind: &str) -> Result<Option<Job>, Error> {
    let query = "SELECT * FROM jobs WHERE user_id = ?1 AND kind = ?2 ORDER BY created_at DESC, id DESC LIMIT 1";
    db.run(sql!(query, user, kind)).await?.first()
}

/// The user's unfinished jobs, oldest first.
pub async fn unfinished_of(db: &impl Database, user: &UserId) -> Result<Vec<Job>, Error> {
    let query = "
        SELECT * FROM jobs WHERE user_id = ?1 AND status IN ('queued', 'running') ORDER BY created_at, id";
    db.run(sql!(query, user)).await?.read()
}

/// The unfinished jobs that have not moved since `stale_before`, oldest first. This is the cron's question: it goes over
/// all users.
pub async fn unfinished(db: &impl Database, stale_before: Timestamp, limit: u32) -> Result<Vec<Job>, Error> {
    let query = "
        SELECT * FROM jobs WHERE status IN ('queued', 'running') AND updated_at < ?1 ORDER BY updated_at, id LIMIT ?2";
    db.run(sql!(query, stale_before, i64::from(limit))).await?.read()
}

/// It runs; `text` says in plain words what it does now. Says whether the job is unfinished; if not, there is nothing left
/// to do.
pub async fn progress(db: &impl Database, user: &UserId, id: &str, text: &str, now: Timestamp) -> Result<bool, Error> {
    let update = "
        UPDATE jobs SET status = 'running', progress = ?3, started_at = coalesce(started_at, ?4), updated_at = ?4
        WHERE user_id = ?1 AND id = ?2 AND status IN ('queued', 'running')";
    Ok(db.run(sql!(update, user, id, text, now)).await?.changes > 0)
}

/// It is done. Says whether this ended it; if not, it had ended before and keeps that end.
pub async fn complete(
    db: &impl Database,
    user: &UserId,
    id: &str,
    output: &Json,
    now: Timestamp,
) -> Result<bool, Error> {
    let update = "
        UPDATE jobs SET status = 'complete', output = ?3, finished_at = ?4, updated_at = ?4
        WHERE user_id = ?1 AND id = ?2 AND status IN ('queued', 'running')";
    Ok(db.run(sql!(update, user, id, output.to_string(), now)).await?.changes > 0)
}

/// It is given up; `error` is for the user. Says whether this ended it; if not, it had ended before and keeps that end.
pub async fn fail(db: &impl Database, user: &UserId, id: &str, error: &str, now: Timestamp) -> Result<bool, Error> {
    let update = "
        UPDATE jobs SET status = 'errored', error = ?3, finished_at = ?4, updated_at = ?4
        WHERE user_id = ?1 AND id = ?2 AND status IN ('queued', 'running')";
    Ok(db.run(sql!(update, user, id, error, now)).await?.changes > 0)
}

/// Counts one more waking or restart, and answers with the number so far. `None`: the job is not unfinished. This is no
/// progress, so `updated_at` stays.
pub async fn bump_attempts(db: &impl Database, user: &UserId, id: &str) -> Result<Option<i64>, Error> {
    #[derive(Deserialize)]
    struct Row {
        attempts: i64,
    }
    let update = "
        UPDATE jobs SET attempts = attempts + 1
        WHERE user_id = ?1 AND id = ?2 AND status IN ('queued', 'running') RETURNING attempts";
    Ok(db.run(sql!(update, user, id)).await?.first::<Row>()?.map(|row| row.attempts))
}

fn document<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
    serde_json::from_str(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

fn optional_document<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(de::Error::custom)
}
