//! Browsers that are logged in to settings and dashboard.

use domain::{Timestamp, UserId};
use serde::Deserialize;

use crate::{Database, Error, sql};

/// A browser session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SessionRow {
    /// Who is logged in.
    pub user_id: UserId,
    /// Until when.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub expires_at: Timestamp,
}

/// Opens a session.
pub async fn open(
    db: &impl Database,
    token_hash: &str,
    user: &UserId,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    db.run(sql!(
        "INSERT INTO browser_sessions (token_hash, user_id, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)",
        token_hash,
        user,
        now,
        expires_at,
    ))
    .await?;
    Ok(())
}

/// The session, unless it has ended.
pub async fn find(db: &impl Database, token_hash: &str, now: Timestamp) -> Result<Option<SessionRow>, Error> {
    db.run(sql!(
        "SELECT user_id, expires_at FROM browser_sessions
         WHERE token_hash = ?1 AND expires_at > ?2 AND ended_at IS NULL",
        token_hash,
        now,
    ))
    .await?
    .first()
}

/// Ends a session.
pub async fn end(db: &impl Database, token_hash: &str, now: Timestamp) -> Result<(), Error> {
    db.run(sql!(
        "UPDATE browser_sessions SET ended_at = ?2 WHERE token_hash = ?1 AND ended_at IS NULL",
        token_hash,
        now,
    ))
    .await?;
    Ok(())
}

/// Ends every session of a user.
pub async fn end_all(db: &impl Database, user: &UserId, now: Timestamp) -> Result<(), Error> {
    db.run(sql!("UPDATE browser_sessions SET ended_at = ?2 WHERE user_id = ?1 AND ended_at IS NULL", user, now))
        .await?;
    Ok(())
}
