//! Analyses: what the tools that analyse have answered, kept so that a user can come back to it.
//!
//! A row is written after its answer and never changed. Each user has the newest [`KEPT`]; an older one goes when a newer
//! one comes.

use domain::{Symbol, Timestamp, UserId};
use serde::{Deserialize, Deserializer};

use crate::{Database, Error, sql};

/// How many rows a user has at most.
pub const KEPT: u32 = 200;

/// The longest body, in bytes: nearly as long as the longest answer, so that it can be shown again as a whole.
pub const MAX_BODY: usize = 120_000;

/// An analysis to be kept.
#[derive(Debug, Clone)]
pub struct NewAnalysis<'a> {
    /// Random; the answer carries it as well.
    pub id: &'a str,
    /// Whose it is.
    pub user: &'a UserId,
    /// What it is about; `None` where that is no single symbol.
    pub symbol: Option<&'a Symbol>,
    /// The tool that answered.
    pub kind: &'a str,
    /// The strategy that was asked about, in the tool's word.
    pub strategy: Option<&'a str>,
    /// The job that it came from, where it did.
    pub job_id: Option<&'a str>,
    /// The structured content of the answer: a JSON object.
    pub result: &'a str,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An analysis that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Analysis {
    /// Its id.
    pub id: String,
    /// What it is about; `None` where that is no single symbol.
    #[serde(deserialize_with = "symbol")]
    pub symbol: Option<String>,
    /// The tool that answered.
    pub kind: String,
    /// The strategy that was asked about.
    pub strategy: Option<String>,
    /// When it was made.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub created_at: Timestamp,
    /// The first sentence of its summary; `None` where it has none.
    pub headline: Option<String>,
    /// The structured content of the answer, a JSON object; `None` where it was not asked for.
    pub body: Option<String>,
}

/// Keeps an analysis, and lets go of the user's oldest beyond [`KEPT`], in one transaction. Nothing is kept for a user who no
/// longer exists. Says whether it was kept.
///
/// # Errors
///
/// A body that is longer than [`MAX_BODY`]; an id that is taken; a database that does not answer.
pub async fn insert(db: &impl Database, new: &NewAnalysis<'_>) -> Result<bool, Error> {
    if new.result.len() > MAX_BODY {
        return Err(Error(format!("analyses: a body of {} bytes, {MAX_BODY} at most", new.result.len())));
    }
    let insert = "
        INSERT INTO analyses (user_id, id, symbol, kind, strategy, job_id, body, created_at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1)";
    let trim = "
        DELETE FROM analyses WHERE user_id = ?1 AND id IN
          (SELECT id FROM analyses WHERE user_id = ?1 ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?2)";
    let outcomes = db
        .batch(vec![
            sql!(
                insert,
                new.user,
                new.id,
                new.symbol.map_or("", Symbol::as_str),
                new.kind,
                new.strategy,
                new.job_id,
                new.result,
                new.created_at,
            ),
            sql!(trim, new.user, i64::from(KEPT)),
        ])
        .await?;
    Ok(outcomes.first().is_some_and(|outcome| outcome.changes > 0))
}

/// The user's newest analyses, at most `limit`, without their bodies.
pub async fn newest(db: &impl Database, user: &UserId, limit: u32) -> Result<Vec<Analysis>, Error> {
    let query = "
        SELECT id, symbol, kind, strategy, created_at, NULL AS body,
          CASE WHEN json_valid(body) THEN json_extract(body, '$.summary.headline') END AS headline
        FROM analyses WHERE user_id = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2";
    db.run(sql!(query, user, i64::from(limit))).await?.read()
}

/// The user's newest analyses of a symbol, at most `limit`; for `None` those that are about no single symbol.
pub async fn of_symbol(
    db: &impl Database,
    user: &UserId,
    symbol: Option<&Symbol>,
    limit: u32,
) -> Result<Vec<Analysis>, Error> {
    let query = "
        SELECT id, symbol, kind, strategy, created_at, body,
          CASE WHEN json_valid(body) THEN json_extract(body, '$.summary.headline') END AS headline
        FROM analyses WHERE user_id = ?1 AND symbol = ?2 ORDER BY created_at DESC, id DESC LIMIT ?3";
    db.run(sql!(query, user, symbol.map_or("", Symbol::as_str), i64::from(limit))).await?.read()
}

/// The symbols that the user has analyses of, the one with the newest first, at most `limit`.
pub async fn symbols(db: &impl Database, user: &UserId, limit: u32) -> Result<Vec<String>, Error> {
    #[derive(Deserialize)]
    struct Row {
        symbol: String,
    }
    let query = "
        SELECT symbol FROM analyses WHERE user_id = ?1 AND symbol <> ''
        GROUP BY symbol ORDER BY max(created_at) DESC, symbol LIMIT ?2";
    let rows: Vec<Row> = db.run(sql!(query, user, i64::from(limit))).await?.read()?;
    Ok(rows.into_iter().map(|row| row.symbol).collect())
}

/// The column is never `NULL`: what is about no single symbol has an empty one.
fn symbol<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}
