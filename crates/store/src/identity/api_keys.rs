//! Keys for scripts. A key is found by its hash and tells whose it is; everything else is bound to a user.

use domain::{Scopes, Timestamp, UserId};
use serde::Deserialize;

use crate::{
    Database, Error, Statement,
    settings::{self, QuoteTtl},
    sql,
};

/// How many keys that work a user may have at a time.
pub const LIMIT: u32 = 20;

/// A key as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeyRow {
    /// Its id, which is no secret.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// What it permits.
    pub scopes: Scopes,
    /// When it was made.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub created_at: Timestamp,
    /// Until when it works; `None` for as long as it is not revoked.
    #[serde(with = "chrono::serde::ts_milliseconds_option")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; `None` if never.
    #[serde(with = "chrono::serde::ts_milliseconds_option")]
    pub last_used_at: Option<Timestamp>,
}

/// A new key.
#[derive(Debug, Clone)]
pub struct NewKey<'a> {
    /// The id of the row: the same id twice makes one key.
    pub id: &'a str,
    /// The hash of the key.
    pub key_hash: &'a str,
    /// What its owner calls it.
    pub name: &'a str,
    /// What it permits.
    pub scopes: &'a Scopes,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
}

/// What came of making a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It is there.
    New,
    /// There is one of that id already, and it stays as it was.
    Repeated,
    /// The user has [`LIMIT`] keys that work.
    TooMany,
}

/// The holder of a key that was presented.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Holder {
    /// Whose key it is.
    pub user_id: UserId,
    /// The key's id.
    pub id: String,
    /// What it permits.
    pub scopes: Scopes,
    /// When it was last used.
    #[serde(with = "chrono::serde::ts_milliseconds_option")]
    pub last_used_at: Option<Timestamp>,
    /// How old a cached quote may be that the user is shown.
    #[serde(rename = "quote_cache_ttl", deserialize_with = "settings::quote_ttl_of_row")]
    pub quote_ttl: QuoteTtl,
}

/// Makes a key, unless there are too many; the count and the insertion are one statement.
pub async fn insert(db: &impl Database, user: &UserId, key: &NewKey<'_>, now: Timestamp) -> Result<Inserted, Error> {
    let outcome = db
        .run(sql!(
            "INSERT INTO api_keys (user_id, id, key_hash, name, scopes, created_at, expires_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
             WHERE (SELECT count(*) FROM api_keys
                    WHERE user_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?6)) < ?8
             ON CONFLICT (user_id, id) DO NOTHING RETURNING id",
            user,
            key.id,
            key.key_hash,
            key.name,
            key.scopes.to_string(),
            now,
            key.expires_at,
            i64::from(LIMIT),
        ))
        .await?;
    if !outcome.rows.is_empty() {
        return Ok(Inserted::New);
    }
    let twin = db.run(sql!("SELECT id FROM api_keys WHERE user_id = ?1 AND id = ?2", user, key.id)).await?;
    Ok(if twin.rows.is_empty() { Inserted::TooMany } else { Inserted::Repeated })
}

/// The user's keys that were not revoked, newest first; those that have expired are among them.
pub async fn list(db: &impl Database, user: &UserId) -> Result<Vec<KeyRow>, Error> {
    db.run(sql!(
        "SELECT id, name, scopes, created_at, expires_at, last_used_at FROM api_keys
         WHERE user_id = ?1 AND revoked_at IS NULL ORDER BY created_at DESC, id",
        user,
    ))
    .await?
    .read()
}

/// Ends a key. False if the user has none of that id; ending one twice is no error.
pub async fn revoke(db: &impl Database, user: &UserId, id: &str, now: Timestamp) -> Result<bool, Error> {
    let ended = db
        .run(sql!(
            "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?3) WHERE user_id = ?1 AND id = ?2 RETURNING id",
            user,
            id,
            now,
        ))
        .await?;
    Ok(!ended.rows.is_empty())
}

/// Whose key this is, if it works now.
pub async fn holder(db: &impl Database, key_hash: &str, now: Timestamp) -> Result<Option<Holder>, Error> {
    db.run(sql!(
        "SELECT k.user_id, k.id, k.scopes, k.last_used_at, s.value AS quote_cache_ttl
         FROM api_keys k LEFT JOIN settings s ON s.user_id = k.user_id AND s.name = 'quote_cache_ttl'
         WHERE k.key_hash = ?1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?2)",
        key_hash,
        now,
    ))
    .await?
    .first()
}

/// The statement that notes a use of a key, if it is due: not every use is worth a write.
pub fn used(holder: &Holder, now: Timestamp) -> Option<Statement> {
    let is_fresh = holder.last_used_at.is_some_and(|last| now - last < chrono::TimeDelta::minutes(1));
    (!is_fresh).then(|| {
        sql!(
            "UPDATE api_keys SET last_used_at = ?3
             WHERE user_id = ?1 AND id = ?2 AND (last_used_at IS NULL OR last_used_at < ?3)",
            &holder.user_id,
            holder.id.as_str(),
            now,
        )
    })
}
