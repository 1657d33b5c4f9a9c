//! Grants and their refresh tokens.

use domain::{Scopes, Timestamp, UserId};
use serde::Deserialize;

use crate::{
    Database, Error, Outcome, Statement,
    settings::{QUOTE_CACHE_TTL, QuoteTtl},
    sql,
};

/// A refresh token with its grant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RefreshRow {
    /// The hash of the token.
    pub token_hash: String,
    /// Whose grant it is.
    pub user_id: UserId,
    /// The grant.
    pub grant_id: String,
    /// 0 for the token that came with the code, then one more at each rotation.
    pub generation: u32,
    /// Until when it can be used.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub expires_at: Timestamp,
    /// When it was first used.
    #[serde(with = "chrono::serde::ts_milliseconds_option")]
    pub used_at: Option<Timestamp>,
    /// The app.
    pub client_id: String,
    /// What the user allowed.
    pub scopes: Scopes,
    /// 1 once the grant has ended.
    pub is_revoked: u8,
    /// 1 once TastyTrade has refused the user's credential.
    pub is_disconnected: u8,
}

/// A grant that is live, with what each call in its name needs to know of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// How old a cached quote may be that the user is shown.
    pub quote_ttl: QuoteTtl,
}

/// The statement that tells whether a grant is live, to be read together with others; see [`live`].
pub fn liveness(user: &UserId, grant_id: &str) -> Statement {
    sql!(
        "SELECT s.value AS quote_cache_ttl
         FROM grants g LEFT JOIN settings s ON s.user_id = g.user_id AND s.name = 'quote_cache_ttl'
         WHERE g.user_id = ?1 AND g.id = ?2 AND g.revoked_at IS NULL",
        user,
        grant_id,
    )
}

/// What [`liveness`] found; `None` for a grant that has ended or never was.
pub fn live(outcome: &Outcome) -> Option<Live> {
    let row = outcome.rows.first()?;
    let chosen = row.get(QUOTE_CACHE_TTL).and_then(serde_json::Value::as_str);
    Some(Live { quote_ttl: QuoteTtl::of_row(chosen) })
}

/// The refresh token, used or not, expired or not, with what its grant says now.
pub async fn find_refresh(db: &impl Database, token_hash: &str) -> Result<Option<RefreshRow>, Error> {
    db.run(sql!(
        "SELECT r.token_hash, r.user_id, r.grant_id, r.generation, r.expires_at, r.used_at, g.client_id, g.scopes,
           g.revoked_at IS NOT NULL AS is_revoked, coalesce(c.status = 'revoked', 0) AS is_disconnected
         FROM refresh_tokens r
           JOIN grants g ON g.user_id = r.user_id AND g.id = r.grant_id
           LEFT JOIN credentials c ON c.user_id = r.user_id
         WHERE r.token_hash = ?1",
        token_hash,
    ))
    .await?
    .first()
}

/// A rotation: what is presented, and what comes of it.
#[derive(Debug, Clone)]
pub struct Rotation<'a> {
    /// The token that was presented.
    pub old: &'a RefreshRow,
    /// The hash of its successor.
    pub new_hash: &'a str,
    /// Until when the successor can be used.
    pub new_expires_at: Timestamp,
    /// A token first used at or before this moment is no longer rotated.
    pub grace_from: Timestamp,
}

/// Marks the token as used (the first use counts) and makes a successor, in one transaction. False if the token has expired,
/// was first used too long ago, or its grant has ended: then nothing was made.
pub async fn rotate(db: &impl Database, rotation: &Rotation<'_>, now: Timestamp) -> Result<bool, Error> {
    let old = rotation.old;
    let outcomes = db
        .batch(vec![
            sql!(
                "INSERT INTO refresh_tokens (token_hash, user_id, grant_id, generation, created_at, expires_at)
                 SELECT ?4, r.user_id, r.grant_id, r.generation + 1, ?5, ?6
                 FROM refresh_tokens r JOIN grants g ON g.user_id = r.user_id AND g.id = r.grant_id
                 WHERE r.user_id = ?1 AND r.grant_id = ?2 AND r.token_hash = ?3 AND g.revoked_at IS NULL
                   AND r.expires_at > ?5 AND (r.used_at IS NULL OR r.used_at > ?7)
                 RETURNING token_hash",
                &old.user_id,
                old.grant_id.as_str(),
                old.token_hash.as_str(),
                rotation.new_hash,
                now,
                rotation.new_expires_at,
                rotation.grace_from,
            ),
            sql!(
                "UPDATE refresh_tokens SET used_at = ?4
                 WHERE user_id = ?1 AND grant_id = ?2 AND token_hash = ?3 AND used_at IS NULL",
                &old.user_id,
                old.grant_id.as_str(),
                old.token_hash.as_str(),
                now,
            ),
            sql!(
                "UPDATE grants SET last_used_at = ?3 WHERE user_id = ?1 AND id = ?2 AND last_used_at < ?3",
                &old.user_id,
                old.grant_id.as_str(),
                now,
            ),
        ])
        .await?;
    Ok(outcomes.first().is_some_and(|insert| !insert.rows.is_empty()))
}

/// Ends a grant, with everything that came of it. The first reason stays.
pub async fn revoke(
    db: &impl Database,
    user: &UserId,
    grant_id: &str,
    reason: &'static str,
    now: Timestamp,
) -> Result<(), Error> {
    db.run(sql!(
        "UPDATE grants SET revoked_at = ?3, revoke_reason = ?4 WHERE user_id = ?1 AND id = ?2 AND revoked_at IS NULL",
        user,
        grant_id,
        now,
        reason,
    ))
    .await?;
    Ok(())
}
