//! Grants and their refresh tokens.

use domain::{Scopes, Timestamp, UserId};
use serde::Deserialize;

use crate::{
    Database, Error, Statement,
    limits::Counting,
    settings::{self, QuoteTtl},
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

/// A grant that has not ended, with what calls in its name need to know of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Live {
    /// When it was last used, to about ten minutes.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub last_used_at: Timestamp,
    /// How old a cached quote may be that the user is shown.
    #[serde(rename = "quote_cache_ttl", deserialize_with = "settings::quote_ttl_of_row")]
    pub quote_ttl: QuoteTtl,
    /// What was counted; 0 where nothing was asked for.
    pub count: u32,
}

/// The grant; `None` if it has ended or never was. One statement reads it together with the setting and with what is counted
/// elsewhere, since it stands in the way of every call.
pub async fn live(
    db: &impl Database,
    user: &UserId,
    grant_id: &str,
    counting: Option<Counting<'_>>,
) -> Result<Option<Live>, Error> {
    db.run(sql!(
        "SELECT g.last_used_at, s.value AS quote_cache_ttl,
           coalesce((SELECT count FROM rate_windows WHERE window = ?3 AND key = ?4), 0) AS count
         FROM grants g LEFT JOIN settings s ON s.user_id = g.user_id AND s.name = 'quote_cache_ttl'
         WHERE g.user_id = ?1 AND g.id = ?2 AND g.revoked_at IS NULL",
        user,
        grant_id,
        counting.map(|counting| counting.window),
        counting.map(|counting| counting.key),
    ))
    .await?
    .first()
}

/// The statement that notes a use of a grant, if it is due: not every use is worth a write.
pub fn used(user: &UserId, grant_id: &str, last_used_at: Timestamp, now: Timestamp) -> Option<Statement> {
    (now - last_used_at >= chrono::TimeDelta::minutes(10)).then(|| {
        sql!(
            "UPDATE grants SET last_used_at = ?3 WHERE user_id = ?1 AND id = ?2 AND last_used_at < ?3",
            user,
            grant_id,
            now,
        )
    })
}

/// A connected app, as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Connected {
    /// The grant.
    pub id: String,
    /// The app's id.
    pub client_id: String,
    /// What the app calls itself; `None` if it did not say or is forgotten.
    pub name: Option<String>,
    /// JSON array of the addresses that it may be answered at; `None` if it is forgotten.
    pub redirect_uris: Option<String>,
    /// What the user allowed.
    pub scopes: Scopes,
    /// Since when.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub created_at: Timestamp,
    /// When it was last used, to about ten minutes.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub last_used_at: Timestamp,
}

/// The user's grants that have not ended, the last used first.
pub async fn connected(db: &impl Database, user: &UserId) -> Result<Vec<Connected>, Error> {
    db.run(sql!(
        "SELECT g.id, g.client_id, c.name, c.redirect_uris, g.scopes, g.created_at, g.last_used_at
         FROM grants g LEFT JOIN oauth_clients c ON c.id = g.client_id
         WHERE g.user_id = ?1 AND g.revoked_at IS NULL ORDER BY g.last_used_at DESC, g.id",
        user,
    ))
    .await?
    .read()
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

/// Ends a grant in the user's name. Its app if there is one of that id; ending it twice is no error.
pub async fn revoke_by_user(
    db: &impl Database,
    user: &UserId,
    grant_id: &str,
    now: Timestamp,
) -> Result<Option<String>, Error> {
    #[derive(Deserialize)]
    struct Row {
        client_id: String,
    }
    let ended: Option<Row> = db
        .run(sql!(
            "UPDATE grants SET revoked_at = coalesce(revoked_at, ?3), revoke_reason = coalesce(revoke_reason, 'revoked_by_user')
             WHERE user_id = ?1 AND id = ?2 RETURNING client_id",
            user,
            grant_id,
            now,
        ))
        .await?
        .first()?;
    Ok(ended.map(|row| row.client_id))
}

/// Ends a grant, with everything that came of it. The first reason stays. False if it had ended before, or there is none.
pub async fn revoke(
    db: &impl Database,
    user: &UserId,
    grant_id: &str,
    reason: &'static str,
    now: Timestamp,
) -> Result<bool, Error> {
    let outcome = db
        .run(sql!(
            "UPDATE grants SET revoked_at = ?3, revoke_reason = ?4
 WHERE user_id = ?1 AND id = ?2 AND revoked_at IS NULL RETURNING id",
            user,
            grant_id,
            now,
            reason,
        ))
        .await?;
    Ok(!outcome.rows.is_empty())
}
