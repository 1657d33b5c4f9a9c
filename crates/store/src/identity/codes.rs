//! Authorization codes and their exchange.

use domain::{Scopes, Timestamp, UserId};
use serde::Deserialize;

use crate::{Database, Error, sql};

/// A code as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CodeRow {
    /// The hash of the code.
    pub code_hash: String,
    /// Who logged in.
    pub user_id: UserId,
    /// The app that may exchange it.
    pub client_id: String,
    /// The address it was sent to.
    pub redirect_uri: String,
    /// The S256 challenge.
    pub code_challenge: String,
    /// What the token is for.
    pub resource: String,
    /// What the user allowed.
    pub scopes: Scopes,
    /// When it was issued.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub created_at: Timestamp,
    /// Until when it can be exchanged.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub expires_at: Timestamp,
    /// The grant that came of it, once it was exchanged.
    pub grant_id: Option<String>,
}

/// What an exchange makes.
#[derive(Debug, Clone)]
pub struct NewGrant<'a> {
    /// The grant's id.
    pub id: &'a str,
    /// The hash of its first refresh token.
    pub refresh_hash: &'a str,
    /// Until when that can be used.
    pub refresh_expires_at: Timestamp,
}

/// Keeps a new code.
pub async fn insert(db: &impl Database, code: &CodeRow) -> Result<(), Error> {
    db.run(sql!(
        "INSERT INTO oauth_codes
           (code_hash, user_id, client_id, redirect_uri, code_challenge, resource, scopes, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        code.code_hash.as_str(),
        &code.user_id,
        code.client_id.as_str(),
        code.redirect_uri.as_str(),
        code.code_challenge.as_str(),
        code.resource.as_str(),
        code.scopes.to_string(),
        code.created_at,
        code.expires_at,
    ))
    .await?;
    Ok(())
}

/// The code, used or not, expired or not.
pub async fn find(db: &impl Database, code_hash: &str) -> Result<Option<CodeRow>, Error> {
    db.run(sql!(
        "SELECT code_hash, user_id, client_id, redirect_uri, code_challenge, resource, scopes, created_at, expires_at,
           grant_id
         FROM oauth_codes WHERE code_hash = ?1",
        code_hash,
    ))
    .await?
    .first()
}

/// Uses the code up and makes the grant with its first refresh token, all in one transaction. False if the code was used or
/// has expired: then nothing was made.
pub async fn exchange(db: &impl Database, code: &CodeRow, grant: &NewGrant<'_>, now: Timestamp) -> Result<bool, Error> {
    let outcomes = db
        .batch(vec![
            sql!(
                "UPDATE oauth_codes SET used_at = ?4, grant_id = ?3
                 WHERE user_id = ?1 AND code_hash = ?2 AND used_at IS NULL AND expires_at > ?4 RETURNING code_hash",
                &code.user_id,
                code.code_hash.as_str(),
                grant.id,
                now,
            ),
            sql!(
                "INSERT INTO grants (user_id, id, client_id, scopes, resource, created_at, last_used_at)
                 SELECT user_id, grant_id, client_id, scopes, resource, ?4, ?4 FROM oauth_codes
                 WHERE user_id = ?1 AND code_hash = ?2 AND grant_id = ?3",
                &code.user_id,
                code.code_hash.as_str(),
                grant.id,
                now,
            ),
            sql!(
                "INSERT INTO refresh_tokens (token_hash, user_id, grant_id, generation, created_at, expires_at)
                 SELECT ?4, user_id, grant_id, 0, ?5, ?6 FROM oauth_codes
                 WHERE user_id = ?1 AND code_hash = ?2 AND grant_id = ?3",
                &code.user_id,
                code.code_hash.as_str(),
                grant.id,
                grant.refresh_hash,
                now,
                grant.refresh_expires_at,
            ),
        ])
        .await?;
    Ok(outcomes.first().is_some_and(|update| !update.rows.is_empty()))
}
